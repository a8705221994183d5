"""Borders that nobody crosses: rivers without bridges, ridges, motorways."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.geo.borders import METRES_PER_DEGREE, Borders, Ints, Shapes, flattened

_COVERED = 0.9
"""Share of a border along a barrier from which on it is closed: both are drawn by
hand, and part at the ends."""


def barred(
    shapes: Shapes,
    pairs: Ints,
    borders: Borders,
    barriers: shapely.Geometry,
    tolerance_m: float,
) -> Ints:
    """
    Find the pairs whose common border a barrier closes.

    Parameters
    ----------
    shapes
        Polygons in degrees, shape (n,).
    pairs
        Neighbours to be judged, positions, shape (k, 2).
    borders
        Their common borders.
    barriers
        In degrees.
    tolerance_m
        How near a border lies to a barrier that it runs along.

    Returns
    -------
    Pairs with nine tenths of the border along a barrier, or a barrier on the straight
    line in degrees between representative points; shape (c, 2), in the order of pairs.
    """
    tree = shapely.STRtree(_turned(barriers))
    across = np.zeros(len(pairs), dtype=bool)
    across[
        np.unique(tree.query(_between(shapes, pairs), predicate="intersects")[0])
    ] = True
    rest = np.flatnonzero(~across)
    along = _along(pairs[rest], borders, tree, tolerance_m)
    across[rest[along]] = True
    return pairs[across]


def _turned(barriers: shapely.Geometry) -> Shapes:
    """Parts of the barriers, once more on both sides of the antimeridian."""
    parts = shapely.get_parts(shapely.get_parts(barriers))
    return np.concatenate(
        [
            shapely.transform(parts, lambda at, by=turn: at + np.array([by, 0]))
            for turn in (0.0, -360.0, 360.0)
        ]
    )


def _between(shapes: Shapes, pairs: Ints) -> Shapes:
    """Lines between representative points, the short way round the Earth."""
    spots = shapely.get_coordinates(shapely.point_on_surface(shapes))
    first, second = spots[pairs[:, 0]], spots[pairs[:, 1]].copy()
    second[:, 0] = first[:, 0] + (second[:, 0] - first[:, 0] + 180) % 360 - 180
    return np.asarray(shapely.linestrings(np.stack([first, second], axis=1)))


def _along(
    pairs: Ints, borders: Borders, tree: shapely.STRtree, tolerance_m: float
) -> NDArray[np.bool_]:
    """Whether nearly all of each border lies within the tolerance of a barrier."""
    wanted = {(int(a), int(b)): row for row, (a, b) in enumerate(pairs)}
    row = np.array([wanted.get((int(a), int(b)), -1) for a, b in borders.pair], int)
    at = np.flatnonzero(row >= 0)
    ends = borders.ends[at].copy()
    scale = np.cos(np.radians(np.clip(ends[:, [1, 3]].mean(axis=1), -89.9, 89.9)))
    reach = tolerance_m / METRES_PER_DEGREE
    lines = shapely.linestrings(ends.reshape(-1, 2, 2))
    near, barrier = tree.query(lines, predicate="dwithin", distance=reach / scale)
    total = np.bincount(row[at], weights=borders.km[at], minlength=len(pairs))
    share = np.zeros(len(at))
    if len(near):
        walls = flattened(tree.geometries[barrier], scale[near])
        flat = flattened(lines[near], scale[near])
        box = shapely.bounds(flat) + np.array([-1, -1, 1, 1]) * 2 * reach
        walls = shapely.intersection(walls, shapely.box(*box.T))
        grown = shapely.buffer(walls, reach, quad_segs=4)
        segment, group = np.unique(near, return_inverse=True)
        # Parts of one river overlap where they meet: their union counts.
        together = shapely.union_all(
            shapely.geometrycollections(grown, indices=group)[:, None], axis=1
        )
        flat = flattened(lines[segment], scale[segment])
        inside = shapely.length(shapely.intersection(flat, together))
        share[segment] = inside / shapely.length(flat)
    covered = np.bincount(row[at], share * borders.km[at], minlength=len(pairs))
    return np.asarray(covered >= _COVERED * np.maximum(total, 1e-12))
