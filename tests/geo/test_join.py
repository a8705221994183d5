"""Places in regions, and regions in regions."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, box

from planner.embedded import data_folder
from planner.errors import PlannerError
from planner.geo.hierarchy import ancestors
from planner.geo.join import regions_of

SQUARES = gpd.GeoSeries({"b": box(0, 0, 1, 1), "a": box(1, 0, 2, 1)}, crs=4326)


def test_inside_border_near_and_far() -> None:
    """On the border the lowest id; off the coast the nearest; NaN and far: none."""
    found = regions_of(
        [0.5, 1.5, 1.0, 2.01, 1.0, 9.0, np.nan],
        [0.5, 0.5, 0.5, 0.5, 1.02, 0.5, 0.5],
        SQUARES,
    )
    assert found.region_id.tolist() == ["b", "a", "a", "a", "a", "", ""]
    assert found.away_km[:3].tolist() == [0, 0, 0]
    assert found.away_km[3] == pytest.approx(1.112, abs=0.01)
    assert found.away_km[4] == pytest.approx(2.224, abs=0.01)
    assert np.isnan(found.away_km[5:]).all()
    assert found.notes == [
        "2 of 7 places lie in no region and go to the nearest, up to 2.2 km away",
        "1 of 7 places lie farther than 5 km from every region and have none",
    ]


def test_distance_counts_as_on_the_ground() -> None:
    """At 80 degrees north a degree of longitude is 19 km, so east is nearer."""
    shapes = gpd.GeoSeries({"n": box(0, 80.1, 1, 81), "e": box(1.2, 79, 2, 80.05)},
                           crs=4326)  # fmt: skip
    found = regions_of([0.9], [80.0], shapes, within_km=20)
    assert found.region_id.tolist() == ["e"]
    assert found.away_km[0] == pytest.approx(5.79, abs=0.05)
    assert regions_of([0.9], [80.0], shapes).region_id.tolist() == [""]


def test_across_the_antimeridian() -> None:
    """A harbour at 179.99 of an island at -180."""
    shapes = gpd.GeoSeries({"isle": box(-180, -17, -179, -16)}, crs=4326)
    found = regions_of([179.99, 180.0], [-16.5, -16.5], shapes)
    assert found.region_id.tolist() == ["isle", "isle"]
    assert found.away_km[0] == pytest.approx(1.066, abs=0.01)
    assert found.away_km[1] == pytest.approx(0, abs=1e-6)


@given(st.floats(-0.03, 2.03), st.floats(-0.03, 1.03), st.booleans())
def test_order_of_the_regions_does_not_matter(x: float, y: float, turn: bool) -> None:
    """The same place has the same region in every file."""
    shapes = SQUARES.iloc[::-1] if turn else SQUARES
    found = regions_of([x], [y], shapes).region_id[0]
    usual = regions_of([x], [y], SQUARES.to_crs(4326)).region_id[0]
    assert found == usual != ""
    if 0 <= y <= 1 and 0 <= x < 1 - 1e-9:
        assert found == "b"


def test_no_regions_and_no_places() -> None:
    """Empty in, empty out."""
    assert regions_of([], [], SQUARES).region_id.tolist() == []
    assert regions_of([1.0], [1.0], SQUARES.iloc[:0]).region_id.tolist() == [""]


def test_accounts_of_the_demo_lie_in_their_county() -> None:
    """All but those near a simplified border are in their `county_fips`."""
    folder = data_folder() / "us"
    regions = gpd.read_parquet(folder / "regions.parquet").set_index("region_id")
    counties = regions.query("level == 'county'").geometry
    accounts = pd.read_csv(folder / "accounts.csv", dtype=str).iloc[::5]
    lon, lat = accounts["longitude"].astype(float), accounts["latitude"].astype(float)
    found = regions_of(lon, lat, counties)
    assert (found.region_id != "").all()
    assert (found.region_id == accounts["county_fips"]).mean() > 0.99


def hierarchy(*rows: tuple[str, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["region_id", "level", "parent"], dtype="str")
    return frame.set_index("region_id")


def test_ancestors() -> None:
    """Over missing levels too; itself at its own level; none above."""
    regions = hierarchy(
        ("CN", "country", ""),
        ("GD", "province", "CN"),
        ("SZ", "city", "GD"),
        ("NS", "district", "SZ"),
        ("HK", "district", "CN"),
        ("X", "district", ""),
    )
    assert ancestors(regions, "province").to_dict() == {
        "CN": "", "GD": "GD", "SZ": "GD", "NS": "GD", "HK": "", "X": "",
    }  # fmt: skip
    assert ancestors(regions, "country").tolist() == ["CN"] * 5 + [""]
    with pytest.raises(PlannerError, match="levels: country, province, city, district"):
        ancestors(regions, "state")


def test_circles_have_no_ancestors() -> None:
    """Parents that lead back are a fault, not an endless loop."""
    with pytest.raises(PlannerError, match="lie within themselves: b, c, d"):
        ancestors(hierarchy(("a", "x", ""), ("b", "y", "c"), ("c", "y", "b"),
                            ("d", "y", "c")), "x")  # fmt: skip


def test_overlaps_and_pieces() -> None:
    """A region in pieces is one; where two overlap, the lowest id."""
    shapes = gpd.GeoSeries(
        {"z": MultiPolygon([box(0, 0, 1, 1), box(3, 0, 4, 1)]), "y": box(3.5, 0, 5, 1)},
        crs=4326,
    )
    found = regions_of([0.5, 3.2, 3.7], [0.5, 0.5, 0.5], shapes)
    assert found.region_id.tolist() == ["z", "z", "y"]
    assert shapely.get_num_geometries(shapes["z"]) == 2
