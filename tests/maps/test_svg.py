"""The report's own map: shapes, stripes and borders as path data."""

from __future__ import annotations

import re

import numpy as np
import pytest
import shapely
from area_grids import striped_plan

from planner.geo.colours import deep
from planner.maps import area_territories, territory_colours
from planner.maps.svg import WIDTH, draw_svg
from planner.maps.svg_paths import area_path, line_path


def places(path: str) -> list[list[tuple[float, float]]]:
    """Read path data of relative lines back: points of each piece."""
    pieces = []
    for piece in re.findall(r"M[^M]*", path):
        numbers = [float(x) for x in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", piece)]
        steps = np.array(numbers).reshape(-1, 2)
        pieces.append([tuple(point) for point in np.cumsum(steps, axis=0).round(1)])
    return pieces


def test_paths_are_exact_to_a_tenth() -> None:
    """Steps are differences of rounded places, so that nothing drifts."""
    rng = np.random.default_rng(1)
    points = np.cumsum(rng.normal(size=(500, 2)), axis=0)
    (read,) = places(line_path(shapely.linestrings(points)))
    assert np.abs(np.array(read[-1]) - points[-1]).max() <= 0.0501
    square = area_path(shapely.box(0.04, -1.25, 10.5, 3))
    assert square.startswith("M")
    assert square.endswith("Z")
    assert {(10.5, 3.0), (0.0, 3.0)} <= set(places(square)[0])


def test_what_is_too_small_leaves_no_path() -> None:
    """An islet of a hundredth of a unit is no shape any more."""
    assert area_path(shapely.box(0, 0, 0.01, 0.01)) == ""
    assert line_path(shapely.MultiLineString()) == ""


def test_changed_regions_are_striped_and_former_borders_dashed() -> None:
    """Column 2 went from B to A: striped in B's colour, its old border is shown."""
    layer = striped_plan()
    drawn = area_territories(layer)
    drawing = draw_svg(drawn, areas=layer)
    (signs,) = drawing.signs
    colour = territory_colours(drawn)
    assert [tone for tone, _path in signs.stripes] == [deep(colour["B"])]
    column = drawing.areas[0]
    assert column.rep == "A"
    x = np.array([p for piece in places(signs.stripes[0][1]) for p in piece])[:, 0]
    whole = np.array([p for piece in places(column.path) for p in piece])[:, 0]
    third = (whole.max() - whole.min()) / 3
    assert x.min() > whole.max() - 1.1 * third  # only the last of A's three columns
    assert signs.former != ""
    assert signs.blank == ""
    assert signs.regions != ""


def test_stripes_rise_to_the_right_on_the_page() -> None:
    """As on the other maps, though y grows downwards here."""
    layer = striped_plan()
    (signs,) = draw_svg(area_territories(layer), areas=layer).signs
    for piece in places(signs.stripes[0][1]):
        (x0, y0), (x1, y1) = piece[0], piece[-1]
        if abs(x1 - x0) > 1:
            assert (y1 - y0) / (x1 - x0) == pytest.approx(-1, abs=0.2)


def test_less_detail_weighs_less() -> None:
    """A notebook takes a coarser map than a report."""
    layer = striped_plan()
    drawn = area_territories(layer)
    fine, coarse = (draw_svg(drawn, areas=layer, detail=d) for d in (0.1, 30.0))
    assert coarse.size <= fine.size
    assert 0 < fine.height <= WIDTH
