"""What a map shows where: the main body, and far parts each in a frame of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial import cKDTree

from planner.geo.crs import local_crs, longitude_span
from planner.geo.shapes import unit_sphere

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]
Mask = NDArray[np.bool_]

_MOST_SPOTS = 1_500
"""Accounts are gathered on a grid with at most about this many points."""

_GAP = 0.07
"""A gap of this share of the whole extent may separate a far part."""

_SHRINK = 0.85
"""A part that would shrink the main body below this scale gets its own frame."""

_SMALL = 0.25
"""A part with more than this share of the accounts stays in the main frame."""

_ROOM = 0.6
"""Land is shown up to this share of the accounts' extent beyond them."""

_LAND = 0.985
"""A window holds the largest parts up to this share of the land; islets beyond fall
outside it."""

_MOST_PARTS = 5
"""With more far parts than this, one frame shows everything."""


@dataclass(frozen=True)
class Frame:
    """
    One window on the Earth.

    Attributes
    ----------
    crs
        Its own projection, in metres.
    west, south, width, north
        Window in degrees; it reaches east from `west` (-180 to 180) by `width`.
    spots
        Accounts in it on the unit sphere, shape (k, 3); a shape is drawn in the
        frame that holds the account nearest to it.
    """

    crs: pyproj.CRS
    west: float
    south: float
    width: float
    north: float
    spots: Floats

    def points(self, longitude: Floats, latitude: Floats) -> Floats:
        """Project places, shape (n, 2); those outside the window become NaN."""
        inside = (longitude - self.west) % 360 <= self.width
        inside &= (latitude >= self.south) & (latitude <= self.north)
        forward = pyproj.Transformer.from_crs("EPSG:4326", self.crs, always_xy=True)
        x, y = forward.transform(longitude, latitude)
        return np.where(inside[:, None], np.column_stack([x, y]), np.nan)

    def shapes(self, shapes: Shapes, others: Sequence[Frame] = ()) -> Shapes:
        """
        Clip to the window and project; what lies elsewhere becomes empty.

        Parameters
        ----------
        shapes
            Geometries in degrees, shape (n,).
        others
            The other frames of the map: they keep the parts nearest to them.
        """
        parts, source = self.parts(shapes, others)
        forward = pyproj.Transformer.from_crs("EPSG:4326", self.crs, always_xy=True)
        flat = shapely.transform(parts, forward.transform, interleaved=False)
        gathered = pd.Series(flat).groupby(source).agg(list)
        result = np.full(len(shapes), shapely.Polygon(), dtype=object)
        # Parts cut at the antimeridian meet again here; rounding to metres lets
        # the two sides of the cut coincide.
        heal = self.west + self.width > 180
        for at, pieces in gathered.items():
            rounded = shapely.set_precision(pieces, 1.0) if heal else pieces
            whole = len(pieces) == 1 and not heal
            result[at] = pieces[0] if whole else shapely.union_all(rounded)
        return result

    def parts(
        self, shapes: Shapes, others: Sequence[Frame] = ()
    ) -> tuple[Shapes, NDArray[np.int_]]:
        """Return single parts within the window, in degrees, and whose they are."""
        parts, source = shapely.get_parts(shapes, return_index=True)
        parts, source = self._unrolled(parts, source)
        mine = self._nearest_here(parts, others)
        window = (self.west, self.south, self.west + self.width, self.north)
        clipped = shapely.clip_by_rect(parts[mine], *window)
        single, origin = shapely.get_parts(clipped, return_index=True)
        return single, source[mine][origin]

    def _unrolled(
        self, parts: Shapes, source: NDArray[np.int_]
    ) -> tuple[Shapes, NDArray[np.int_]]:
        """Move parts by a turn where the window lies across the antimeridian."""
        window = shapely.box(
            self.west, self.south, self.west + self.width, self.north
        )
        shifted = [
            shapely.transform(parts, lambda lonlat, turn=turn: lonlat + [turn, 0])
            for turn in ((0, 360) if self.west + self.width > 180 else (0,))
        ]
        every, index = np.concatenate(shifted), np.tile(source, len(shifted))
        seen = shapely.intersects(every, window)
        return every[seen], index[seen]

    def _nearest_here(self, parts: Shapes, others: Sequence[Frame]) -> Mask:
        if not others or not len(parts):
            return np.ones(len(parts), bool)
        middle = shapely.point_on_surface(parts)
        ball = unit_sphere(shapely.get_x(middle), shapely.get_y(middle))
        own = cKDTree(self.spots).query(ball)[0]
        away = np.min([cKDTree(other.spots).query(ball)[0] for other in others], axis=0)
        return np.asarray(own <= away)


def frames(longitude: Floats, latitude: Floats, shapes: Shapes) -> list[Frame]:
    """
    Divide places into the main body (first) and far parts worth a frame.

    A cluster of places across a wide gap, with few of the places, gets its own
    frame when showing it in place would shrink the main body clearly.

    Parameters
    ----------
    longitude, latitude
        Degrees, no NaN, shape (n,), n >= 1.
    shapes
        What will be filled, in degrees: each window is fitted to it.
    """
    spots, weight = _gathered(longitude, latitude)
    label = _clusters(spots)
    sums = np.bincount(label, weight)
    main = label == int(np.argmax(sums))
    far: list[Mask] = []
    away = [_distance(spots, main, label == k) for k in range(len(sums))]
    for cluster in np.argsort(away)[1:]:
        member = label == cluster
        if sums[cluster] > _SMALL * sums.sum() or _scale(spots, main, member) > _SHRINK:
            main = main | member
        else:
            far.append(member)
    far = _merged(spots, main, far)
    if len(far) > _MOST_PARTS:
        main, far = np.ones(len(spots), bool), []
    rough = [_frame(spots[member]) for member in (main, *far)]
    return [
        _fitted(frame, shapes, [other for other in rough if other is not frame])
        for frame in rough
    ]


def _merged(spots: Floats, main: Mask, far: list[Mask]) -> list[Mask]:
    """Join far parts that are nearer to each other than to the main body."""
    merged: list[Mask] = []
    for member in far:
        own = _distance(spots, main, member)
        for at, other in enumerate(merged):
            reach = min(own, _distance(spots, main, other))
            if _distance(spots, other, member) < reach:
                merged[at] = other | member
                break
        else:
            merged.append(member)
    return merged


def _gathered(longitude: Floats, latitude: Floats) -> tuple[Floats, Floats]:
    """Return points of a grid (lon, lat) that hold places, and how many each."""
    step, places = 0.05, np.column_stack([longitude, latitude])
    while True:
        keys, first, count = np.unique(
            np.floor(places / step), axis=0, return_index=True, return_counts=True
        )
        if len(keys) <= _MOST_SPOTS:
            return _with_extremes(places, places[first], count.astype(float))
        step *= 1.5


def _with_extremes(places: Floats, spots: Floats, count: Floats) -> tuple[Floats, Floats]:
    """Keep the outermost places, so that no frame cuts one off."""
    ends = np.concatenate([places.argmin(axis=0), places.argmax(axis=0)])
    return np.vstack([spots, places[ends]]), np.append(count, np.zeros(len(ends)))


def _clusters(spots: Floats) -> NDArray[np.int_]:
    """Label the groups of spots that wide gaps separate, from 0."""
    ball = unit_sphere(spots[:, 0], spots[:, 1])
    extent = float(np.linalg.norm(np.ptp(ball, axis=0)))
    if len(spots) < 3 or extent == 0:
        return np.zeros(len(spots), int)
    label = fcluster(linkage(ball, "single"), _GAP * extent, "distance")
    return np.asarray(label) - 1


def _distance(spots: Floats, one: Mask, other: Mask) -> float:
    """Shortest distance between two sets of spots, in Earth radii."""
    ball = unit_sphere(spots[:, 0], spots[:, 1])
    return float(cKDTree(ball[one]).query(ball[other])[0].min())


def _scale(spots: Floats, main: Mask, member: Mask) -> float:
    """Scale of the main body after adding the cluster, relative to before."""
    crs = local_crs(*spots[main].T)
    forward = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    flat = np.column_stack(forward.transform(*spots.T))
    sizes = []
    for chosen in (main, main | member):
        width, height = np.ptp(flat[chosen], axis=0)
        sizes.append(max(width / 1.6, height, 1.0))
    return sizes[0] / sizes[1]


def _frame(spots: Floats) -> Frame:
    """Generous window around spots; `_fitted` trims it."""
    west, width = longitude_span(spots[:, 0])
    south, north = float(spots[:, 1].min()), float(spots[:, 1].max())
    stretch = 1 / max(np.cos(np.radians((south + north) / 2)), 0.15)
    rise = max(_ROOM * max(north - south, 0.4 * width / stretch), 0.3)
    side = max(_ROOM * max(width, 0.4 * (north - south) * stretch), 0.3 * stretch)
    wide = min(width + 2 * side, 360.0)
    return Frame(
        crs=local_crs(spots[:, 0], spots[:, 1]),
        west=(west + width / 2 - wide / 2 + 180) % 360 - 180,
        south=max(south - rise, -90.0),
        width=wide,
        north=min(north + rise, 90.0),
        spots=unit_sphere(spots[:, 0], spots[:, 1]),
    )


def _fitted(frame: Frame, shapes: Shapes, others: Sequence[Frame]) -> Frame:
    """Trim the window to the large parts of the shapes and to all spots."""
    parts, _source = frame.parts(shapes, others)
    area = shapely.area(parts)
    order = np.argsort(-area)
    enough = np.cumsum(area[order]) <= _LAND * area.sum()
    large = parts[order[np.append(True, enough[:-1])[: len(order)]]]
    lon = np.degrees(np.arctan2(frame.spots[:, 1], frame.spots[:, 0]))
    lat = np.degrees(np.arcsin(np.clip(frame.spots[:, 2], -1, 1)))
    lon = frame.west + (lon - frame.west) % 360
    ends = [[lon.min(), lat.min(), lon.max(), lat.max()]]
    bounds = np.vstack([shapely.bounds(large), ends])
    (west, south), (east, north) = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
    edge = 0.01 * max(east - west, north - south) + 0.02
    west, width = west - edge, min(east - west + 2 * edge, 360.0)
    return replace(
        frame,
        west=(west + 180) % 360 - 180,
        width=width,
        south=max(south - edge, -90.0),
        north=min(north + edge, 90.0),
    )
