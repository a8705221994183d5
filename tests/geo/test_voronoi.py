"""Cells of points: every id has one, and together they are the outline."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, box

from planner.errors import PlannerError
from planner.geo.adjacency import neighbours
from planner.geo.voronoi import cells_of_points


def sum_and_union(shapes: gpd.GeoSeries) -> tuple[float, float]:
    areas = np.asarray(shapes.array, dtype=object)
    return float(shapely.area(areas).sum()), float(shapely.union_all(areas).area)


def test_four_quarters() -> None:
    """A square divided between its quarters' middles."""
    found = cells_of_points(
        [0.5, 1.5, 0.5, 1.5], [-0.5, -0.5, 0.5, 0.5], list("abcd"),
        outline=box(0, -1, 2, 1),
    )  # fmt: skip
    assert found.notes == []
    assert found.shapes.index.tolist() == list("abcd")
    assert found.shapes.index.name == "region_id"
    assert shapely.area(found.shapes.array) == pytest.approx([1] * 4, rel=1e-3)
    edges = neighbours(found.shapes).edges
    assert sorted(zip(edges["region_id"], edges["neighbour_id"], strict=True)) == [
        ("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"),
    ]  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 30), st.booleans())
def test_cells_divide_the_outline(seed: int, count: int, clipped: bool) -> None:
    """No land twice, none left, no cell empty, neighbours exact."""
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform([100, 25], [110, 35], (count, 2)).T
    outline = box(101, 26, 109, 34) if clipped else None
    found = cells_of_points(lon, lat, [f"c{n}" for n in range(count)], outline=outline)
    assert not found.shapes.is_empty.any()
    assert found.shapes.is_valid.all()
    total, whole = sum_and_union(found.shapes)
    assert total == pytest.approx(whole, rel=1e-6)
    if clipped and not found.notes:
        assert whole == pytest.approx(64, rel=1e-3)
    edges = neighbours(found.shapes).edges
    assert (edges["kind"] != "gap").all()
    # Connected: the outline is one.
    assert (edges["kind"] == "border").all() or found.notes or not clipped


def test_coinciding_places_share_their_cell() -> None:
    """Two districts at the seat of one office: both stay regions, with half each."""
    found = cells_of_points(
        [10, 10, 11], [50, 50, 50], ["b", "a", "c"], outline=box(9, 49, 12, 51)
    )
    assert found.notes == [
        "2 places coincide with others; their cell is divided: a = b"
    ]
    areas = dict(zip("bac", shapely.area(found.shapes.array), strict=True))
    assert areas["a"] + areas["b"] == pytest.approx(3, rel=0.01)
    assert min(areas.values()) > 1
    again = cells_of_points(
        [10, 10, 11], [50, 50, 50], ["a", "b", "c"], outline=box(9, 49, 12, 51)
    )
    assert shapely.area(again.shapes["a"]) == pytest.approx(areas["a"], rel=1e-6)
    everyone = cells_of_points([10] * 3, [50] * 3, list("abc"))
    assert not everyone.shapes.is_empty.any()


def test_cell_in_pieces_is_one_region() -> None:
    """A cell that a bay divides."""
    outline = shapely.difference(box(0, 0, 2, 1), box(0.4, 0.2, 0.5, 1))
    outline = shapely.difference(outline, box(0.4, 0, 0.5, 0.3))
    found = cells_of_points([0.7, 1.9], [0.5, 0.5], ["a", "b"], outline=outline)
    assert found.shapes["a"].geom_type == "MultiPolygon"
    assert len(found.shapes["a"].geoms) == 2


def test_place_beyond_the_outline() -> None:
    """An island off a coarse coast keeps a cell of its own."""
    found = cells_of_points(
        [0.9, 3.0, 6.0], [0.5, 0.5, 0.5], ["a", "b", "c"], outline=box(0, 0, 1, 1)
    )
    assert found.notes == [
        "2 places outside the outline get up to 5 km around them: b, c"
    ]
    assert shapely.contains_xy(found.shapes["c"], 6.0, 0.5)
    assert shapely.area(found.shapes["c"]) < 0.01


@pytest.mark.parametrize("outline", [None, "around"])
def test_on_both_sides_of_the_antimeridian(outline: str | None) -> None:
    """Fiji: cells are cut at 180 and meet there."""
    area = MultiPolygon([box(176, -20, 180, -15), box(-180, -20, -177, -15)])
    found = cells_of_points(
        [178.4, -179.9, -178.8], [-18.1, -16.8, -18.2], list("abc"),
        outline=area if outline else None,
    )  # fmt: skip
    west, _south, east, _north = found.shapes.total_bounds
    assert west >= -180
    assert east <= 180
    assert (
        np.ptp(
            shapely.bounds(shapely.get_parts(found.shapes.array))[:, [0, 2]], axis=1
        ).max()
        < 10
    )
    edges = neighbours(found.shapes).edges
    assert len(edges) == 3
    assert set(edges["kind"]) == {"border"}
    if outline:
        assert sum_and_union(found.shapes)[0] == pytest.approx(35, rel=1e-3)


def test_near_the_pole() -> None:
    """Stations around the South Pole: sectors that meet."""
    lon = [0.0, 90.0, 180.0, -90.0]
    found = cells_of_points(lon, [-85.0] * 4, list("abcd"))
    assert found.shapes.is_valid.all()
    edges = neighbours(found.shapes).edges
    ring = {("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")}
    borders = edges[edges["kind"] == "border"]
    assert ring <= set(zip(borders["region_id"], borders["neighbour_id"], strict=True))


def test_what_gives_no_cells() -> None:
    """The message names the regions."""
    with pytest.raises(PlannerError, match="no place, so no cell: b"):
        cells_of_points([1, np.nan], [1, 1], ["a", "b"])
    with pytest.raises(PlannerError, match="occur twice: a"):
        cells_of_points([1, 2], [1, 1], ["a", "a"])
    with pytest.raises(PlannerError, match="no point"):
        cells_of_points([], [], [])
    with pytest.raises(PlannerError, match="outline has no area"):
        cells_of_points([1], [1], ["a"], outline=shapely.LineString([(0, 0), (1, 1)]))
