"""What a map shows where: the main body, and far parts each in a frame of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from planner.geo.crs import local_crs, longitude_span
from planner.geo.shapes import nearest, unit_sphere
from planner.maps.bodies import divide

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]
Mask = NDArray[np.bool_]

_ROOM = 0.6
"""Land is shown up to this share of the accounts' extent beyond them."""

_LAND = 0.985
"""A window holds the largest parts up to this share of the land; islets beyond fall
outside it."""


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

    def account_points(self) -> Floats:
        """Project the accounts that the frame was made for, shape (k, 2)."""
        lon = np.degrees(np.arctan2(self.spots[:, 1], self.spots[:, 0]))
        lat = np.degrees(np.arcsin(np.clip(self.spots[:, 2], -1, 1)))
        return self.points(lon, lat)

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
        broken = ~shapely.is_valid(flat)
        flat[broken] = shapely.make_valid(
            flat[broken], method="structure", keep_collapsed=False
        )
        gathered = pd.Series(flat).groupby(source).agg(list)
        result = np.full(len(shapes), shapely.Polygon(), dtype=object)
        # Parts cut at the antimeridian meet again here; rounding to metres lets
        # the two sides of the cut coincide.
        heal = self.west + self.width > 180
        for at, pieces in zip(gathered.index.to_numpy(), gathered, strict=True):
            rounded = shapely.set_precision(pieces, 1.0) if heal else pieces
            whole = len(pieces) == 1 and not heal
            result[at] = pieces[0] if whole else shapely.union_all(rounded)
        return result

    def bearing(self, other: Frame) -> tuple[float, float]:
        """Return the direction (east, north) of another frame, longer side 1."""
        east = (other.west + other.width / 2) - (self.west + self.width / 2)
        east = (east + 180) % 360 - 180
        middle = [np.degrees(np.arcsin(f.spots.mean(axis=0)[2])) for f in (self, other)]
        across = east * np.cos(np.radians(sum(middle) / 2))
        rise = middle[1] - middle[0]
        longer = max(abs(across), abs(rise), 1e-9)
        return float(across / longer), float(rise / longer)

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
        window = shapely.box(self.west, self.south, self.west + self.width, self.north)
        turns = (0, 360) if self.west + self.width > 180 else (0,)
        shifted = [
            shapely.transform(parts, lambda xy, turn=turn: xy + np.array([turn, 0]))
            for turn in turns
        ]
        every, index = np.concatenate(shifted), np.tile(source, len(shifted))
        seen = shapely.intersects(every, window)
        return every[seen], index[seen]

    def _nearest_here(self, parts: Shapes, others: Sequence[Frame]) -> Mask:
        if not others or not len(parts):
            return np.ones(len(parts), bool)
        middle = shapely.point_on_surface(parts)
        ball = unit_sphere(shapely.get_x(middle), shapely.get_y(middle))
        own = nearest(self.spots, ball)[0]
        away = np.min([nearest(other.spots, ball)[0] for other in others], axis=0)
        return np.asarray(own <= away)


def frames(longitude: Floats, latitude: Floats, shapes: Shapes) -> list[Frame]:
    """
    Make the frame of the main body (first), and those of far parts (see `divide`).

    Parameters
    ----------
    longitude, latitude
        Degrees, no NaN, shape (n,), n >= 1.
    shapes
        What will be filled, in degrees: each window is fitted to it.
    """
    rough = [_frame(spots) for spots in divide(longitude, latitude, shapes)]
    return [
        _fitted(frame, shapes, [other for other in rough if other is not frame])
        for frame in rough
    ]


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
