"""Small maps of several plans: one frame, a colour a rep, stripes where they differ."""

from __future__ import annotations

import geopandas as gpd
import pytest
from shapely import box

from planner.maps.small import draw_small
from planner.maps.svg import WIDTH


def plan(**squares: list[int]) -> gpd.GeoDataFrame:
    """Return territories of squares in a row of four."""
    shapes = [box(min(at), 0, max(at) + 1, 1) for at in squares.values()]
    return gpd.GeoDataFrame(geometry=shapes, index=list(squares), crs="EPSG:4326")


def numbers(path: str) -> list[float]:
    """Return the x of every point of a path."""
    points = path.replace("M", "L").replace("Z", "").split("L")
    return [float(point.split()[0]) for point in points if point]


def test_one_frame_and_one_colour_for_a_rep() -> None:
    """r1 gives the third square to r2; both maps are as wide and as high."""
    first, second = draw_small([plan(r1=[0, 1, 2], r2=[3]), plan(r1=[0, 1], r2=[2, 3])])
    assert first.height == second.height
    fills = [{rep: fill for _path, fill, rep in one.areas} for one in (first, second)]
    assert fills[0] == fills[1]
    assert fills[0]["r1"] != fills[0]["r2"]
    ends = [
        (min(numbers(path)), max(numbers(path)))
        for one in (first, second)
        for path, _fill, _rep in one.areas
    ]
    assert ends[0][0] == ends[2][0]
    assert ends[1][1] == ends[3][1]
    assert 0 <= ends[0][0] < ends[1][1] <= WIDTH


def test_what_differs_from_the_first_is_striped() -> None:
    """A quarter of the land; nothing on the first map, nor where a plan is the same."""
    base = plan(r1=[0, 1, 2], r2=[3])
    maps = draw_small([base, plan(r1=[0, 1], r2=[2, 3]), base])
    assert [bool(one.changed) for one in maps] == [False, True, False]
    changed = numbers(maps[1].changed)
    land = numbers("".join(path for path, _fill, _rep in maps[0].areas))
    wide = max(land) - min(land)
    assert max(changed) - min(changed) == pytest.approx(wide / 4, rel=0.05)


def test_a_rep_whom_the_first_plan_lacks_is_striped_whole() -> None:
    """And has a colour of its own."""
    first, second = draw_small([plan(r1=[0, 1, 2, 3]), plan(r1=[0, 1], r9=[2, 3])])
    fills = {rep: fill for _path, fill, rep in second.areas}
    assert len(set(fills.values())) == 2
    assert fills["r1"] == first.areas[0][1]
    assert second.changed
