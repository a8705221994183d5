"""How far, and how long on the road."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth (IUGG), in kilometres."""

Floats = NDArray[np.float64]


def haversine_km(
    latitude: ArrayLike,
    longitude: ArrayLike,
    other_latitude: ArrayLike,
    other_longitude: ArrayLike,
) -> Floats:
    """
    Great-circle distance in kilometres; arguments in degrees, broadcast together.

    Examples
    --------
    >>> float(haversine_km(0, 0, 0, 180).round(1))
    20015.1
    """
    phi, lam = np.radians(latitude), np.radians(longitude)
    other_phi, other_lam = np.radians(other_latitude), np.radians(other_longitude)
    half = (
        np.sin((other_phi - phi) / 2) ** 2
        + np.cos(phi) * np.cos(other_phi) * np.sin((other_lam - lam) / 2) ** 2
    )
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1))))


def unit_sphere(longitude: Floats, latitude: Floats) -> Floats:
    """Return places as points on the unit sphere, shape (n, 3)."""
    lon, lat = np.radians(longitude), np.radians(latitude)
    return np.column_stack(
        [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]
    )


def road_km(account_places: Floats, rep_places: Floats, circuity: ArrayLike) -> Floats:
    """
    One-way road distance by great circle and circuity, rounded to whole metres.

    Parameters
    ----------
    account_places, rep_places
        Latitude and longitude in degrees, shapes (n, 2) and (m, 2).
    circuity
        Road distance over straight distance: a number, or one per account (n,).

    Returns
    -------
    Kilometres, shape (n, m). Call it in blocks of accounts: n x m doubles are held.
    """
    return road_km_between(
        account_places[:, 0, None],
        account_places[:, 1, None],
        rep_places[None, :, 0],
        rep_places[None, :, 1],
        np.broadcast_to(np.asarray(circuity, float), len(account_places))[:, None],
    )


def road_km_between(
    latitude: ArrayLike,
    longitude: ArrayLike,
    other_latitude: ArrayLike,
    other_longitude: ArrayLike,
    circuity: ArrayLike,
) -> Floats:
    """Do as `road_km` for single pairs: five arguments, broadcast together."""
    straight = haversine_km(latitude, longitude, other_latitude, other_longitude)
    return np.asarray(np.rint(straight * np.asarray(circuity) * 1000) / 1000)


def road_hours(km: ArrayLike, speeds: Sequence[tuple[float, float]]) -> Floats:
    """
    Driving time of a one-way distance.

    Parameters
    ----------
    km
        One-way road distance in kilometres, any shape.
    speeds
        ``(up_to_km, km_per_hour)`` bands in rising order: the first stretch of a
        trip is driven at the first speed, and so on; the last band has no end.

    Examples
    --------
    >>> float(road_hours(100, [(30, 40), (float("inf"), 70)]))
    1.75
    """
    distance = np.asarray(km, dtype=float)
    hours, begin = np.zeros_like(distance), 0.0
    for index, (end, speed) in enumerate(speeds):
        last = index == len(speeds) - 1
        stretch = distance - begin if last else np.minimum(distance, end) - begin
        hours += np.maximum(stretch, 0) / speed
        begin = end
    return hours
