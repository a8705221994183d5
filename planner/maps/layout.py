"""Where the main body, the insets and the scale bar of a map go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.maps.frames import Frame

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]
Box = tuple[float, float, float, float]
"""West, south, east, north."""

_CELLS = 120
"""Positions tried along each side of the view."""

_INSET_AREA = 0.034
"""Share of the view that an inset may take."""


@dataclass(frozen=True)
class Zoom:
    """
    A crowded place shown again in a larger scale, in the main body's projection.

    Attributes
    ----------
    box
        Where in the view it is drawn.
    view
        What it shows.
    members
        Positions of the territories that are labelled there, not on the main body.
    """

    box: Box
    view: Box
    members: list[int]


@dataclass(frozen=True)
class Layout:
    """
    A map laid out, in metres of the main body's projection.

    Attributes
    ----------
    view
        What the whole map shows.
    boxes
        Where in the view each inset lies.
    inset_views
        What each inset shows, in its own projection.
    land
        Filled area with some room around it; insets do not touch it.
    zooms
        Crowded places, enlarged.
    """

    view: Box
    boxes: list[Box]
    inset_views: list[Box]
    land: shapely.Geometry
    zooms: list[Zoom] = field(default_factory=list)

    def scale_bar(self) -> tuple[float, float, float, float, str] | None:
        """Return x, y, length, height of the ticks and label; None without room."""
        wide, tall = self.view[2] - self.view[0], self.view[3] - self.view[1]
        length, text = round_length(0.14 * wide)
        size = (1.1 * length, 0.045 * tall)
        taken = [*self.boxes, *(zoom.box for zoom in self.zooms)]
        box = free_slot(self.land, self.view, taken, size, (0.97, 0.02))
        if box is None:
            return None
        return box[0] + 0.05 * length, box[1] + 0.01 * tall, length, 0.008 * tall, text


def lay_out(
    windows: Sequence[Frame],
    fills: Sequence[Shapes],
    marks: Sequence[Floats],
    aspect: float,
    ground: Sequence[Shapes] = (),
) -> Layout:
    """
    Fit the main body into a view and find free places for the far parts.

    Parameters
    ----------
    windows
        Frames, the main body first.
    fills, marks
        What each frame must show besides its accounts, in its projection.
    aspect
        Width over height of the map.
    ground
        Other shapes of the main body that insets should not cover.
    """
    shown = [
        bounds_of(fill, np.vstack([window.account_points(), points]))
        for window, fill, points in zip(windows, fills, marks, strict=True)
    ]
    view = widened(shown[0], aspect)
    wide = view[2] - view[0]
    solid = shapely.get_parts(np.concatenate([fills[0], *ground]))
    solid = solid[shapely.area(solid) > (wide / 300) ** 2]
    solid = shapely.simplify(solid, wide / 400)
    land = shapely.union_all(shapely.buffer(solid, wide / 130, quad_segs=2))
    boxes: list[Box] = []
    for window, bounds in zip(windows[1:], shown[1:], strict=True):
        box, view = _inset_box(land, view, boxes, windows[0].bearing(window), bounds)
        boxes.append(box)
    views = [
        widened(bounds, (box[2] - box[0]) / (box[3] - box[1]), 0.06)
        for box, bounds in zip(boxes, shown[1:], strict=True)
    ]
    return Layout(view, boxes, views, land)


def bounds_of(fills: Shapes, points: Floats) -> Box:
    """Bounds of shapes and of points; NaN and empty are left out."""
    every = shapely.bounds(fills)
    known = points[np.isfinite(points).all(axis=1)]
    every = np.vstack([every, np.hstack([known, known])])
    west, south = np.nanmin(every[:, :2], axis=0)
    east, north = np.nanmax(every[:, 2:], axis=0)
    return float(west), float(south), float(east), float(north)


def widened(bounds: Box, aspect: float, margin: float = 0.02) -> Box:
    """Grow bounds around their centre to width / height = aspect, plus a margin."""
    west, south, east, north = bounds
    wide, tall = max(east - west, 1.0), max(north - south, 1.0)
    wide, tall = max(wide, tall * aspect), max(tall, wide / aspect)
    wide, tall = wide * (1 + 2 * margin), tall * (1 + 2 * margin)
    x, y = (west + east) / 2, (south + north) / 2
    return x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2


def free_slot(
    land: shapely.Geometry,
    view: Box,
    taken: Sequence[Box],
    size: tuple[float, float],
    wanted: tuple[float, float],
) -> Box | None:
    """
    Find the free box of a size nearest to a wanted centre.

    Parameters
    ----------
    land
        What the box must not touch, in the units of the view.
    view
        The box must lie within it.
    taken
        Boxes that it must not touch either.
    size
        Width and height.
    wanted
        Where its centre should be, as shares of the view's width and height.
    """
    west, south, east, north = view
    wide, tall = size
    if wide >= east - west or tall >= north - south:
        return None
    x = np.tile(np.linspace(west, east - wide, _CELLS), _CELLS)
    y = np.repeat(np.linspace(south, north - tall, _CELLS), _CELLS)
    aim_x, aim_y = west + wanted[0] * (east - west), south + wanted[1] * (north - south)
    away = np.hypot(x + wide / 2 - aim_x, y + tall / 2 - aim_y)
    used = shapely.union_all([land, *(shapely.box(*box) for box in taken)])
    shapely.prepare(used)
    boxes = shapely.box(x, y, x + wide, y + tall)
    free = np.flatnonzero(~shapely.intersects(used, boxes))
    if not len(free):
        return None
    at = free[np.argmin(away[free])]
    return float(x[at]), float(y[at]), float(x[at] + wide), float(y[at] + tall)


def round_length(metres: float) -> tuple[float, str]:
    """
    Largest round length not above the given one, in metres, and its label.

    Examples
    --------
    >>> round_length(730_000)
    (500000.0, '500 km')
    """
    power = 10.0 ** np.floor(np.log10(metres))
    length = float(max(step * power for step in (1, 2, 5) if step * power <= metres))
    if length >= 1000:
        return length, f"{length / 1000:,.0f} km"
    return length, f"{length:,.0f} m"


def _inset_box(
    land: shapely.Geometry,
    view: Box,
    taken: Sequence[Box],
    toward: tuple[float, float],
    bounds: Box,
) -> tuple[Box, Box]:
    """Place a far part on its own side of the map; widen the view where it is full."""
    west, south, east, north = bounds
    ratio = (east - west) / max(north - south, 1.0)
    aspect = float(np.clip(ratio, 0.6, 1.9))
    wanted = (0.5 + 0.5 * toward[0], 0.5 + 0.5 * toward[1])
    for _try in range(4):
        wide, tall = view[2] - view[0], view[3] - view[1]
        for shrink in (1.0, 0.85, 0.7):
            height = shrink * float(np.sqrt(_INSET_AREA * wide * tall / aspect))
            size = (height * aspect, height)
            box = free_slot(land, view, taken, size, wanted)
            if box is not None and _on_side(box, view, toward):
                return box, view
        view = widened(view, wide / tall, 0.03)
    return box or (view[0], view[1], view[0] + size[0], view[1] + size[1]), view


def _on_side(box: Box, view: Box, toward: tuple[float, float]) -> bool:
    """Whether a box lies on the side of the view that its part really lies on."""
    across = (box[0] + box[2] - view[0] - view[2]) / (view[2] - view[0])
    rise = (box[1] + box[3] - view[1] - view[3]) / (view[3] - view[1])
    return across * toward[0] + rise * toward[1] > 0
