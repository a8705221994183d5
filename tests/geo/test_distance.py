"""Distances that a map, a calculator, or a symmetry can confirm."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.geo.distance import EARTH_RADIUS_KM, haversine_km, road_hours, road_km

latitudes = st.floats(-90, 90)
longitudes = st.floats(-180, 180)
HALF_WAY_ROUND = math.pi * EARTH_RADIUS_KM


@pytest.mark.parametrize(
    ("here", "there", "km"),
    [
        ((0, 0, 0, 90), None, HALF_WAY_ROUND / 2),
        ((90, 17, -90, 99), None, HALF_WAY_ROUND),
        ((0, 179.5, 0, -179.5), None, HALF_WAY_ROUND / 180),  # over the date line
        ((89, 0, 89, 180), None, HALF_WAY_ROUND / 90),  # over the pole
        ((39.9042, 116.4074), (31.2304, 121.4737), 1067),  # Beijing - Shanghai
        ((52.52, 13.405), (48.1374, 11.5755), 504),  # Berlin - Munich
    ],
)
def test_known_distances(here: tuple, there: tuple | None, km: float) -> None:
    """Great circles by geometry (exact), cities by atlas (within 1 km)."""
    found = float(haversine_km(*here, *(there or ())))
    assert found == pytest.approx(km, abs=1e-6 if there is None else 1)


@given(latitudes, longitudes, latitudes, longitudes)
def test_distance_is_symmetric_finite_and_bounded(
    a: float, b: float, c: float, d: float
) -> None:
    """Rounding near antipodes must not take the root of a negative number."""
    there, back = float(haversine_km(a, b, c, d)), float(haversine_km(c, d, a, b))
    assert there == pytest.approx(back, abs=1e-6)
    assert 0 <= there <= HALF_WAY_ROUND * (1 + 1e-12)


@given(latitudes, longitudes)
def test_full_turn_is_the_same_place(latitude: float, longitude: float) -> None:
    """-180 and 180 are one meridian."""
    turned = float(haversine_km(latitude, longitude, latitude, longitude + 360))
    assert turned == pytest.approx(0, abs=1e-3)


def test_road_is_in_whole_metres_with_circuity_per_account() -> None:
    """Judge and solver must see the same number, so it is rounded once."""
    accounts = np.array([[50.0, 8.0], [51.0, 8.0]])
    reps = np.array([[50.0, 8.0], [50.0, 9.0], [52.0, 8.0]])
    km = road_km(accounts, reps, np.array([1.3, 2.0]))
    assert km.shape == (2, 3)
    assert np.array_equal(km, np.round(km, 3))
    straight = haversine_km(51, 8, 50, 8)
    assert km[1, 0] == pytest.approx(2 * float(straight), abs=0.0005)
    assert km[0, 0] == 0


def test_road_of_blocks_is_the_road_of_the_whole() -> None:
    """Compile works in blocks; the metres must not depend on their size."""
    rng = np.random.default_rng(1)
    accounts, reps = rng.uniform(-60, 60, (7, 2)), rng.uniform(-60, 60, (3, 2))
    whole = road_km(accounts, reps, 1.3)
    parts = [road_km(accounts[i : i + 1], reps, 1.3) for i in range(7)]
    assert np.array_equal(whole, np.concatenate(parts))


def test_place_that_is_not_known_stays_unknown() -> None:
    """NaN must not turn into a distance of 0."""
    assert np.isnan(road_km(np.array([[np.nan, 8.0]]), np.array([[50.0, 8.0]]), 1.3))


SPEEDS = [(30.0, 40.0), (150.0, 75.0), (math.inf, 95.0)]


@pytest.mark.parametrize(
    ("km", "hours"),
    [
        (0, 0),
        (20, 0.5),
        (30, 0.75),
        (105, 0.75 + 1),
        (150, 0.75 + 1.6),
        (245, 0.75 + 1.6 + 1),
    ],
)
def test_each_stretch_has_its_speed(km: float, hours: float) -> None:
    """The first 30 km at 40, on to 150 km at 75, the rest at 95 km/h."""
    assert float(road_hours(km, SPEEDS)) == pytest.approx(hours)


@pytest.mark.parametrize("end", [50.0, math.inf])
def test_last_band_has_no_end(end: float) -> None:
    """Whatever end is written for it, the last speed goes on."""
    assert float(road_hours(100, [(end, 50.0)])) == 2


@given(st.floats(0, 1e4), st.floats(0, 1e4))
def test_farther_takes_longer(a: float, b: float) -> None:
    """Hours rise with distance, and a detour is never faster."""
    near, far = sorted((a, b))
    assert road_hours(near, SPEEDS) <= road_hours(far, SPEEDS) + 1e-9
    both = road_hours(a, SPEEDS) + road_hours(b, SPEEDS)
    assert road_hours(a + b, SPEEDS) <= both + 1e-9
