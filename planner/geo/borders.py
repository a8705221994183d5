"""
Common borders of regions, exact and within a tolerance.

Most maps are clean: neighbours have the very same segments. These are matched by their
coordinates, without any overlay. Only what has no counterpart (coasts, and borders
that were drawn twice) is compared with the shapes nearby.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]
Shapes = NDArray[np.object_]

GEOD = pyproj.Geod(ellps="WGS84")
METRES_PER_DEGREE = 111_195.0
"""Of latitude, mean; and of longitude times the cosine of the latitude."""

HAIR_M = 0.25
"""Borders this close are the same: coordinates are often cut to six decimals."""

_STEP_DEG = 0.5

_DECIMALS = 7
"""Of degrees, about 1 cm: coordinates that agree so far are the same point."""

_LEAST_LENGTH = 4.0
"""A common border is longer than this many tolerances. Two corners that meet at a
point, each drawn half a tolerance off, lie within the tolerance for up to 3.5."""


@dataclass(frozen=True, eq=False)
class Borders:
    """
    Segments of common borders.

    Attributes
    ----------
    pair
        Positions of the two regions, first < second, shape (s, 2).
    ends
        Longitude and latitude of both ends in degrees, shape (s, 4); longitudes
        may go beyond 180 near the antimeridian.
    km
        Lengths, shape (s,).
    exact
        Whether the two regions agree on the segment, or on half the border that it
        is part of, but for a hair; shape (s,).
    gap_m
        Mean distance between two outlines taken for one border, of the border where
        it is largest; 0 if there is none.
    overlap_km2
        Largest area that two regions both claim along such a border.
    """

    pair: Ints
    ends: Floats
    km: Floats
    exact: NDArray[np.bool_]
    gap_m: float
    overlap_km2: float


def length_km(ends: Floats) -> Floats:
    """
    Lengths on the ellipsoid of segments that are straight in degrees.

    Parameters
    ----------
    ends
        Longitude and latitude of both ends, shape (s, 4).

    Returns
    -------
    Kilometres, shape (s,).
    """
    span = np.abs(ends[:, 2:] - ends[:, :2]).max(axis=1, initial=0.0)
    # A geodesic leaves a long parallel: it is measured in short steps.
    steps = np.maximum(np.ceil(span / _STEP_DEG), 1).astype(int)
    segment = np.repeat(np.arange(len(ends)), steps)
    step = np.arange(len(segment)) - np.repeat(np.cumsum(steps) - steps, steps)
    start, way = ends[segment, :2], (ends[:, 2:] - ends[:, :2])[segment]
    share = (step / steps[segment])[:, None], ((step + 1) / steps[segment])[:, None]
    lengths = GEOD.inv(*(start + share[0] * way).T, *(start + share[1] * way).T)[2]
    total = np.bincount(segment, np.asarray(lengths) / 1000, minlength=len(ends))
    return np.asarray(total, dtype=float)


def common_borders(shapes: Shapes, tolerance_m: float) -> tuple[Borders, Shapes]:
    """
    Find what each two regions have in common of their outlines.

    Parameters
    ----------
    shapes
        Polygons in degrees, shape (n,).
    tolerance_m
        Gap or overlap, in metres, up to which two outlines are the same border. An
        outline that lies inside another region is common whatever its depth.

    Returns
    -------
    The common borders; and per region the lines that it shares exactly with no other
    (empty where there are none), shape (n,).
    """
    ends, owner = _segments(shapes)
    pair, at, alone = _matched(ends, owner)
    coasts = _lines(ends[alone], owner[alone], len(shapes))
    near = _within_tolerance(shapes, coasts, tolerance_m)
    every = np.vstack([ends[at], near.ends])
    borders = Borders(
        np.vstack([pair, near.pair]),
        every,
        length_km(every),
        np.concatenate([np.ones(len(at), dtype=bool), near.exact]),
        near.gap_m,
        near.overlap_km2,
    )
    return borders, coasts


def _segments(shapes: Shapes) -> tuple[Floats, Ints]:
    """Segments of all rings and whose they are; those along a pole have no length."""
    parts, of = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    places, ring = shapely.get_coordinates(rings, return_index=True)
    inner = ring[1:] == ring[:-1]
    ends = np.hstack([places[:-1], places[1:]])[inner]
    owner = of[part][ring[:-1][inner]]
    rounded = np.round(ends, _DECIMALS)
    point = (rounded[:, :2] == rounded[:, 2:]).all(axis=1)
    pole = (np.abs(rounded[:, [1, 3]]) == 90).all(axis=1)
    kept = ~point & ~pole
    return ends[kept], owner[kept]


def _matched(ends: Floats, owner: Ints) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """
    Match equal segments of two regions.

    Returns
    -------
    Pairs of regions (k, 2), the segment of each (k,), and which segments nobody else
    has (s,). A region cut at the antimeridian has its seam twice: that is no border.
    """
    keys = np.round(ends, _DECIMALS) + 0.0
    seam = (keys[:, [0, 2]] == -180).all(axis=1)
    keys[np.ix_(seam, [0, 2])] = 180
    turned = (keys[:, 0] > keys[:, 2]) | (
        (keys[:, 0] == keys[:, 2]) & (keys[:, 1] > keys[:, 3])
    )
    keys[turned] = keys[turned][:, [2, 3, 0, 1]]
    order = np.lexsort(keys.T)
    keys, owners = keys[order], owner[order]
    alone = np.ones(len(ends), dtype=bool)
    pairs, at, shift = [np.empty((0, 2), int)], [np.empty(0, int)], 1
    while shift < len(keys):
        same = np.flatnonzero((keys[shift:] == keys[:-shift]).all(axis=1))
        if not len(same):
            break
        alone[order[same]] = alone[order[same + shift]] = False
        both = np.sort(np.column_stack([owners[same], owners[same + shift]]), axis=1)
        differ = both[:, 0] != both[:, 1]
        pairs.append(both[differ])
        at.append(order[same[differ]])
        shift += 1  # three regions that claim the same border
    return np.vstack(pairs), np.concatenate(at), alone


def _lines(ends: Floats, owner: Ints, count: int) -> Shapes:
    """One line geometry per region of its segments, empty where it has none."""
    result = np.full(count, shapely.MultiLineString(), dtype=object)
    if len(ends):
        order = np.argsort(owner, kind="stable")
        segments = shapely.linestrings(ends[order].reshape(-1, 2, 2))
        holders, where = np.unique(owner[order], return_inverse=True)
        result[holders] = shapely.multilinestrings(segments, indices=where)
    return result


def _within_tolerance(shapes: Shapes, coasts: Shapes, tolerance_m: float) -> Borders:
    """Compare lines without counterpart with the regions near them."""
    tolerance = max(tolerance_m, HAIR_M)
    line, region, lines = _near(shapes, coasts, tolerance)
    none = Borders(
        np.empty((0, 2), int), np.empty((0, 4)), np.zeros(0), np.zeros(0, bool), 0, 0
    )
    if not len(line):
        return none
    reach = 2 * tolerance / METRES_PER_DEGREE
    scale = _shrinkage(lines, shapes[region])
    lines, others = flattened(lines, scale), flattened(shapes[region], scale)
    lines = shapely.intersection(lines, _boxes(others, reach))
    others = shapely.intersection(others, _boxes(lines, reach))
    pieces = shapely.intersection(lines, _grown(others, tolerance))
    least = _LEAST_LENGTH * tolerance / METRES_PER_DEGREE
    chosen = _longer_side(line, region, shapely.length(pieces), least)
    if not len(chosen):
        return none
    pieces, others = pieces[chosen], others[chosen]
    pairs = np.sort(np.column_stack([line, region])[chosen], axis=1)
    hair = _grown(shapely.boundary(others), HAIR_M)
    agreed = shapely.length(shapely.intersection(pieces, hair))
    ends, which = _piece_ends(pieces, scale[chosen])
    gap = _widest(pieces, others) * METRES_PER_DEGREE
    return Borders(
        pairs[which],
        ends,
        np.zeros(len(ends)),
        (agreed >= shapely.length(pieces) / 2)[which],
        gap if gap > HAIR_M else 0.0,
        _overlap_km2(shapes, pairs),
    )


def _near(
    shapes: Shapes, coasts: Shapes, tolerance_m: float
) -> tuple[Ints, Ints, Shapes]:
    """Positions of lines and of other regions near them, and the lines themselves."""
    of = np.flatnonzero(~shapely.is_empty(coasts))
    lines = coasts[of]
    west, _south, east, _north = shapely.bounds(lines).T
    for beside, turn in ((west < -179, 360.0), (east > 179, -360.0)):
        # Regions on both sides of the antimeridian are neighbours.
        again = np.flatnonzero(beside[: len(west)])
        moved = shapely.transform(
            lines[again], lambda at, by=turn: at + np.array([by, 0])
        )
        lines, of = np.concatenate([lines, moved]), np.concatenate([of, of[again]])
    bounds = shapely.bounds(lines)
    poleward = np.minimum(np.abs(bounds[:, [1, 3]]).max(axis=1), 89.9)
    reach = tolerance_m / METRES_PER_DEGREE / np.cos(np.radians(poleward))
    at, region = shapely.STRtree(shapes).query(
        lines, predicate="dwithin", distance=reach
    )
    other = of[at] != region
    return of[at[other]], region[other], lines[at[other]]


def _shrinkage(shapes: Shapes, others: Shapes) -> Floats:
    """Cosine of the middle of the latitudes that each two shapes have in common."""
    bounds, other = shapely.bounds(shapes), shapely.bounds(others)
    south = np.maximum(bounds[:, 1], other[:, 1])
    north = np.minimum(bounds[:, 3], other[:, 3])
    return np.cos(np.radians(np.clip((south + north) / 2, -89.9, 89.9)))


def flattened(shapes: Shapes, scale: Floats) -> Shapes:
    """Shrink longitudes, so that a degree is as long in all directions."""
    places, which = shapely.get_coordinates(shapes, return_index=True)
    places[:, 0] *= scale[which]
    return np.asarray(shapely.set_coordinates(shapes.copy(), places))


def _boxes(shapes: Shapes, reach: float) -> Shapes:
    west, south, east, north = shapely.bounds(shapes).T
    empty = np.isnan(west)
    west, south, east, north = (
        np.where(empty, 0.0, side) for side in (west, south, east, north)
    )
    return np.asarray(
        shapely.box(west - reach, south - reach, east + reach, north + reach)
    )


def _grown(shapes: Shapes, metres: float) -> Shapes:
    return np.asarray(shapely.buffer(shapes, metres / METRES_PER_DEGREE, quad_segs=4))


def _longer_side(line: Ints, region: Ints, length: Floats, least: float) -> Ints:
    """
    Rows to keep: of each two regions the longer of the two views, if long enough.

    A view (lines of one region near the other) has several rows where the two meet
    on both sides of the antimeridian.
    """
    rows = pd.DataFrame({"line": line, "region": region, "length": length})
    views = rows.groupby(["line", "region"])["length"].sum().reset_index()
    views = views[views["length"] > least]
    ends = views[["line", "region"]]
    views = views.assign(first=ends.min(axis=1), second=ends.max(axis=1))
    views = views.sort_values("length", ascending=False, kind="stable")
    views = views.drop_duplicates(["first", "second"])
    kept = rows.reset_index().merge(views[["line", "region"]], on=["line", "region"])
    return kept.loc[kept["length"] > 0, "index"].sort_values().to_numpy(int)


def _piece_ends(pieces: Shapes, scale: Floats) -> tuple[Floats, Ints]:
    """Segments of border pieces back in degrees, and the row of each."""
    parts, row = shapely.get_parts(pieces, return_index=True)
    linear = shapely.get_dimensions(parts) == 1
    parts, row = parts[linear], row[linear]
    places, part = shapely.get_coordinates(parts, return_index=True)
    places[:, 0] /= scale[row[part]]
    inner = part[1:] == part[:-1]
    ends = np.hstack([places[:-1], places[1:]])[inner]
    return ends, row[part[:-1][inner]]


def _widest(pieces: Shapes, others: Shapes) -> float:
    """
    Mean distance between border and other region where it is largest.

    In degrees of latitude; the mean, as outlines part at the ends of every border.
    """
    ends, row = _piece_ends(pieces, np.ones(len(pieces)))
    spots = shapely.points((ends[:, :2] + ends[:, 2:]) / 2)
    long = np.hypot(*(ends[:, 2:] - ends[:, :2]).T)
    away = shapely.distance(spots, others[row])
    return float((np.bincount(row, long * away) / np.bincount(row, long)).max())


def _overlap_km2(shapes: Shapes, pairs: Ints) -> float:
    first, second = shapes[pairs[:, 0]], shapes[pairs[:, 1]]
    scale = _shrinkage(first, second)
    both = shapely.intersection(flattened(first, scale), flattened(second, scale))
    return float(shapely.area(both).max(initial=0.0)) * (METRES_PER_DEGREE / 1000) ** 2
