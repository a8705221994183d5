"""Projections must suit any place on Earth and never tear the data apart."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest

from planner.errors import PlannerError
from planner.geo.crs import local_crs, longitude_span


def projected(lon: list[float], lat: list[float]) -> np.ndarray:
    forward = pyproj.Transformer.from_crs(
        "EPSG:4326", local_crs(lon, lat), always_xy=True
    )
    return np.column_stack(forward.transform(lon, lat))


@pytest.mark.parametrize(
    ("lon", "lat", "method"),
    [
        ([-124, -67], [25, 49], "Albers"),
        ([6, 15], [47, 55], "Lambert Azimuthal"),
        ([100, 140], [-10, 8], "Lambert Azimuthal"),
        ([-150, 10, 100], [80, 82, 85], "Lambert Azimuthal"),
        ([-120, 10, 150], [40, 50, -30], "Equal Earth"),
        ([2.35], [48.86], "Lambert Azimuthal"),
    ],
)
def test_projection_suits_the_extent(lon: list, lat: list, method: str) -> None:
    """One default projection for all would distort or cut most of the world."""
    operation = local_crs(lon, lat).coordinate_operation
    assert operation is not None
    assert method in operation.method_name


def test_places_across_the_antimeridian_stay_together() -> None:
    """Suva and Lakeba are 290 km apart, though 357 degrees by naive subtraction."""
    suva, lakeba = projected([178.44, -178.8], [-18.14, -18.2])
    assert np.hypot(*(suva - lakeba)) == pytest.approx(292e3, rel=0.02)


def test_areas_keep_their_size() -> None:
    """Maps compare territories, so a square degree must keep its area."""
    crs = local_crs([-124, -67], [25, 49])
    geod = pyproj.Geod(ellps="WGS84")
    forward = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    lon = np.r_[np.linspace(-100, -99, 50), np.linspace(-99, -100, 50)]
    lat = np.r_[np.full(50, 40.0), np.full(50, 41.0)]
    x, y = forward.transform(lon, lat)
    flat = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    assert flat == pytest.approx(
        abs(geod.polygon_area_perimeter(lon, lat)[0]), rel=1e-3
    )


def test_span_takes_the_short_way_round() -> None:
    """min and max of longitudes would give 356 degrees."""
    assert longitude_span([178.0, -178.0]) == (178.0, 4.0)
    assert longitude_span([5.0]) == (5.0, 0.0)


def test_no_place_says_what_to_fill() -> None:
    """A table without coordinates must not end in a projection error."""
    with pytest.raises(PlannerError, match="Fill latitude and longitude"):
        local_crs([np.nan], [50.0])
