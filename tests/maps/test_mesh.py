"""A mesh knows each border once, and which regions it separates."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from area_grids import squares
from hypothesis import given, settings
from hypothesis import strategies as st

from planner.maps.mesh import OUTSIDE, mesh, unions
from planner.maps.stripes import stripes


def test_every_border_is_known_once() -> None:
    """Two by two squares: 8 pieces of coast, 4 inland."""
    net = mesh(squares(2, 2), 0.0)
    assert len(net.ends) == 12
    assert net.inland.sum() == 4
    assert net.pairs(np.arange(4)).tolist() == [[0, 1], [0, 2], [1, 3], [2, 3]]
    assert net.coast(np.ones(4, bool)).length == 8


def test_borders_of_labels() -> None:
    """One border between the left and the right half, as one line."""
    net = mesh(squares(2, 2), 0.0)
    lines = net.lines(net.differ(np.array([0, 1, 0, 1])))
    assert shapely.get_num_geometries(lines) == 1
    assert lines.equals(shapely.LineString([(1, 0), (1, 2)]))
    assert net.lines(net.differ(np.zeros(4, int))).is_empty


def test_coast_of_some_regions_runs_along_the_others() -> None:
    """What is not shown counts as sea."""
    net = mesh(squares(2, 1), 0.0)
    assert net.coast(np.array([True, False])).length == 4


def test_islands_and_enclaves() -> None:
    """A region in two parts, and one within another."""
    hole = shapely.box(1, 1, 2, 2)
    ring = shapely.difference(shapely.box(0, 0, 3, 3), hole)
    both = shapely.union_all([ring, shapely.box(5, 0, 6, 1)])
    net = mesh(np.array([both, hole]), 0.0)
    assert net.inland.sum() == 4
    assert net.coast(np.ones(2, bool)).length == 12 + 4


def test_nothing_to_draw_is_no_fault() -> None:
    """Frames without regions are common: an inset of an empty plan."""
    net = mesh(np.array([shapely.Polygon()]), 1.0)
    assert len(net.ends) == 0
    assert net.coast(np.ones(1, bool)).is_empty
    assert len(mesh(np.empty(0, object), 1.0).shapes) == 0


@pytest.mark.parametrize("moved", [-0.002, 0.002], ids=["gaps", "overlaps"])
def test_regions_drawn_apart_or_over_each_other_meet(moved: float) -> None:
    """Boundaries from two sources never agree to the metre."""
    shapes = shapely.buffer(squares(3, 3), moved, join_style="mitre")
    net = mesh(shapes, 0.0, gap=0.01)
    inland = net.lines(net.inland)
    assert inland.length == pytest.approx(12, abs=0.2)
    assert shapely.coverage_is_valid(net.shapes)
    assert shapely.area(net.shapes) == pytest.approx(np.ones(9), abs=0.03)
    assert shapely.get_num_interior_rings(net.union(np.zeros(9, int), 1)[0]) == 0


def test_clean_regions_keep_every_vertex() -> None:
    """Repair must not touch what needs none, nor join what only meets in a corner."""
    shapes = squares(3, 3)
    shapes[4] = shapely.Polygon()
    net = mesh(shapes, 0.0, gap=0.01)
    assert shapely.equals_exact(net.shapes, shapes).all()


def test_unions_leave_out_other_labels() -> None:
    """Nobody's regions belong to no territory."""
    united = unions(squares(2, 2), np.array([0, 0, -1, 2]), 3)
    assert [shape.area for shape in united] == [2, 0, 1]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(2, 5))
def test_mesh_of_crooked_grids(seed: int, wide: int, tall: int) -> None:
    """Whatever the shapes: pairs of the grid, lengths of the labels' borders."""
    rng = np.random.default_rng(seed)
    shift = rng.uniform(-0.3, 0.3, (tall + 1, wide + 1, 2))

    def crooked(xy: np.ndarray) -> np.ndarray:
        at = xy.astype(int)
        return xy + shift[at[:, 1], at[:, 0]]

    shapes = shapely.transform(squares(wide, tall), crooked)
    net = mesh(shapes, 0.0)
    assert len(net.pairs(np.arange(len(shapes)))) == (
        tall * (wide - 1) + wide * (tall - 1)
    )
    label = rng.integers(0, 3, len(shapes))
    united = net.union(label, 3)
    around = shapely.length(united).sum()
    coast = net.coast(np.ones(len(shapes), bool)).length
    between = net.lines(net.differ(label)).length
    assert around == pytest.approx(coast + 2 * between)
    assert (net.right[~net.inland] == OUTSIDE).all()


@settings(max_examples=30, deadline=None)
@given(st.floats(0.5, 40), st.floats(0.5, 40), st.floats(0, 50))
def test_stripes_cover_evenly(wide: float, tall: float, shift: float) -> None:
    """Length times distance is the area; no stripe leaves its shape."""
    shape = shapely.box(shift, 0, shift + wide, tall)
    lines = stripes(shape, 0.25)
    assert lines.length * 0.25 == pytest.approx(shape.area, rel=0.2, abs=0.35)
    assert shapely.covers(shapely.buffer(shape, 1e-9), lines)


def test_stripes_run_on_into_the_next_area() -> None:
    """Two halves have the stripes of the whole."""
    left, right = shapely.box(0, 0, 5, 7), shapely.box(5, 0, 9, 7)
    whole = stripes(shapely.box(0, 0, 9, 7), 1.0)
    halves = shapely.union_all([stripes(left, 1.0), stripes(right, 1.0)])
    assert shapely.hausdorff_distance(whole, halves) < 1e-9
    assert halves.length == pytest.approx(whole.length)


def test_areas_between_two_stripes_get_one() -> None:
    """A small region that changes hands must not look unchanged."""
    assert stripes(shapely.box(0.1, 0, 0.2, 0.1), 10.0).length > 0
    assert stripes(shapely.Polygon(), 1.0).is_empty
