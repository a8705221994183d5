"""The shortest bridges between parts of a map that have no common border."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import pyproj
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from planner.geo.borders import GEOD, Floats, Ints, Shapes
from planner.geo.distance import unit_sphere

_FINEST_DEG = 0.01
_MOST_POINTS = 100_000
"""Coasts are first compared by points along them: so far apart, so many at most."""

_FEW = 100
"""A part of up to so many points looks among the nearest of all points; a larger one
has the rest sorted anew."""

_CLOSEST = 8
"""For so many nearly nearest pairs of regions at most the distance is measured."""


class Bridge(NamedTuple):
    """Two regions to be joined (positions), and the way between them."""

    first: int
    second: int
    km: float


def parts_of(pairs: Ints, count: int) -> Ints:
    """
    Number the connected parts of a graph.

    Parameters
    ----------
    pairs
        Edges between positions, shape (e, 2).
    count
        Number of regions.

    Returns
    -------
    Part of each region, numbered in order of the parts' first regions, shape (count,).
    """
    graph = coo_array((np.ones(len(pairs)), pairs.T.astype(int)), shape=(count, count))
    labels = connected_components(graph, directed=False)[1]
    _names, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[inverse])


def bridge_parts(
    shapes: Shapes, coasts: Shapes, pairs: Ints, banned: set[tuple[int, int]]
) -> list[Bridge]:
    """
    Join every part of the map to the nearest region of the rest, until it is one.

    Parameters
    ----------
    shapes
        Polygons in degrees, shape (n,).
    coasts
        Lines of each region that no other region shares, shape (n,).
    pairs
        Edges there are, positions, shape (e, 2).
    banned
        Pairs (first < second) that must not be joined.

    Returns
    -------
    Bridges in the order found. Parts that bans keep apart remain apart.
    """
    bridges: list[Bridge] = []
    part = parts_of(pairs, len(shapes))
    if part.max(initial=0) == 0:
        return bridges
    shore = _Shore(shapes, coasts)
    while True:
        ways = [shore.shortest(part, name, banned) for name in _but_largest(part)]
        found = sorted((way for way in ways if way), key=lambda way: way.km)
        before = part
        for one in found:
            if part[one.first] != part[one.second]:
                bridges.append(one)
                part = np.where(part == part[one.second], part[one.first], part)
        if (part == before).all():
            return bridges


def separation_km(shape: shapely.Geometry, other: shapely.Geometry) -> float:
    """Geodesic length of the shortest way between two shapes in degrees."""
    ways = [
        shapely.shortest_line(
            shape, shapely.transform(other, lambda at, by=turn: at + np.array([by, 0]))
        )
        for turn in (0.0, -360.0, 360.0)
    ]
    way = min(ways, key=shapely.length)
    return _measured(shape, other, *way.coords[0]) if way.length else 0.0


def _but_largest(part: Ints) -> Ints:
    names, sizes = np.unique(part, return_counts=True)
    return np.asarray(names[np.argsort(sizes, kind="stable")[:-1]])


class _Shore:
    """Points along the coasts, and the regions that they belong to."""

    def __init__(self, shapes: Shapes, coasts: Shapes) -> None:
        self.shapes = shapes
        total = float(shapely.length(coasts).sum())
        step = max(_FINEST_DEG, total / _MOST_POINTS)
        dense = shapely.segmentize(coasts, step)
        places, region = shapely.get_coordinates(dense, return_index=True)
        self.places, self.region = _thinned(places, region, step)
        self.points = unit_sphere(*self.places.T)
        self.tree = cKDTree(self.points)
        self.slack = float(np.radians(4 * step))

    def shortest(
        self, part: Ints, name: int, banned: set[tuple[int, int]]
    ) -> Bridge | None:
        """Return the shortest bridge from one part to the rest, if any is allowed."""
        here = part[self.region] == name
        own = np.flatnonzero(here)
        never = {pair for pair in banned if (part[list(pair)] == name).any()}
        if never:
            return self._best(*self._allowed(own, np.flatnonzero(~here), never))
        if len(own) > _FEW:
            rest = np.flatnonzero(~here)
            away, at = cKDTree(self.points[rest]).query(self.points[own])
            return self._best(own, rest[at], np.asarray(away))
        near = self.tree.query(self.points[own], k=len(own) + 1)
        away, at = np.asarray(near[0]), np.asarray(near[1])
        first = np.argmin(here[at], axis=1)  # the nearest that is not its own
        rows = np.arange(len(own))
        return self._best(own, at[rows, first], away[rows, first])

    def _allowed(
        self, own: Ints, rest: Ints, never: set[tuple[int, int]]
    ) -> tuple[Ints, Ints, Floats]:
        """Nearest points of the rest, region by region, without banned pairs."""
        found: list[tuple[Ints, Ints, Floats]] = []
        for region in np.unique(self.region[own]):
            mine = own[self.region[own] == region]
            out = [b if a == region else a for a, b in never if region in (a, b)]
            open_ = rest[~np.isin(self.region[rest], out)]
            if len(open_):
                away, at = cKDTree(self.points[open_]).query(self.points[mine])
                found.append((mine, open_[at], np.asarray(away)))
        if not found:
            return np.empty(0, int), np.empty(0, int), np.empty(0)
        own, at, away = (np.concatenate(one) for one in zip(*found, strict=True))
        return own, at, away

    def _best(self, own: Ints, other: Ints, away: Floats) -> Bridge | None:
        """Measure the few pairs of regions that may be the nearest."""
        close = np.flatnonzero(away <= away.min(initial=np.inf) + self.slack)
        nearest: dict[tuple[int, int], int] = {}
        for row in close[np.argsort(away[close], kind="stable")]:
            pair = int(self.region[own[row]]), int(self.region[other[row]])
            nearest.setdefault((min(pair), max(pair)), int(own[row]))
        ways = [
            Bridge(a, b, _measured(self.shapes[a], self.shapes[b], *self.places[at]))
            for (a, b), at in list(nearest.items())[:_CLOSEST]
        ]
        return min(ways, key=lambda way: (way.km, way.first, way.second), default=None)


def _thinned(places: Floats, region: Ints, step: float) -> tuple[Floats, Ints]:
    """Keep one point of each region in each square of a grid."""
    squares = np.floor(places / step).astype(np.int64)
    table = pd.DataFrame({"x": squares[:, 0], "y": squares[:, 1], "region": region})
    kept = ~table.duplicated().to_numpy()
    return places[kept], region[kept]


def _measured(
    shape: shapely.Geometry, other: shapely.Geometry, x: float, y: float
) -> float:
    """Shortest way in a plane that keeps distances from (x, y), on its geodesic."""
    plane = pyproj.Proj(f"+proj=aeqd +lat_0={y} +lon_0={x} +datum=WGS84")
    # Edges that are straight in degrees are bent anywhere else.
    first, second = (
        shapely.transform(
            shapely.boundary(shapely.segmentize(one, 0.1)), plane, interleaved=False
        )
        for one in (shape, other)
    )
    way = shapely.get_coordinates(shapely.shortest_line(first, second))
    lon, lat = plane(way[:, 0], way[:, 1], inverse=True)
    return float(GEOD.inv(lon[0], lat[0], lon[1], lat[1])[2]) / 1000
