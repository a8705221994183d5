"""Small maps of several plans, in one frame and on one scale, for a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.geo.colours import colours
from planner.geo.shapes import neighbours
from planner.maps.draw import map_frames
from planner.maps.layout import Box, Layout, lay_out
from planner.maps.svg import WIDTH

Shapes = NDArray[np.object_]

_DETAIL = 1.2
"""Shapes are simplified to this many units: a map is some 350 pixels wide."""

_SLIVER = 3.0
"""Changed parts thinner than this many units are errors of simplification."""


@dataclass(frozen=True)
class SmallMap:
    """
    One plan of `WIDTH` x `height` units, y downwards.

    Attributes
    ----------
    areas
        (path data, fill, rep id), in drawing order; a rep may have several.
    changed
        Path data of what the first plan gives to other reps.
    insets
        Boxes of the far parts: west, south, east, north.
    """

    height: float
    areas: list[tuple[str, str, str]]
    changed: str
    insets: list[Box]


def draw_small(
    plans: Sequence[gpd.GeoDataFrame], accounts: pd.DataFrame | None = None
) -> list[SmallMap]:
    """
    Lay out the territories of several plans.

    A rep has one colour in all of them.

    Parameters
    ----------
    plans
        Territories by rep id, as `planner.geo.shapes.territories` returns them; the
        others are compared with the first.
    accounts
        Whose places say which parts lie far off; None: the shapes.
    """
    land = gpd.GeoDataFrame(
        geometry=np.concatenate([plan.geometry.to_numpy() for plan in plans]),
        crs="EPSG:4326",
    )
    windows = map_frames(land, accounts)
    others = [[w for w in windows if w is not one] for one in windows]
    fills = [
        window.shapes(land.geometry.to_numpy(), rest)
        for window, rest in zip(windows, others, strict=True)
    ]
    west, south, east, north = shapely.total_bounds(fills[0])
    aspect = float(np.clip((east - west) / max(north - south, 1.0) * 1.12, 1.0, 2.2))
    first = len(plans[0])
    layout = lay_out(
        windows,
        [fill[:first] for fill in fills],
        [np.empty((0, 2))] * len(windows),
        aspect,
    )
    fill_of = _fills(plans)
    begin, flats = 0, []
    for plan in plans:
        part = slice(begin, begin + len(plan))
        flats.append([_placed(layout, fill[part], at) for at, fill in enumerate(fills)])
        begin += len(plan)
    insets = [_on_page(layout, box) for box in layout.boxes]
    return [
        SmallMap(
            height=WIDTH / aspect,
            areas=[
                (_path(shape), fill_of[str(rep)], str(rep))
                for flat in parts
                for shape, rep in zip(flat, plan.index, strict=True)
                if not shape.is_empty
            ],
            changed=""
            if plan is plans[0]
            else _changed(plans[0], flats[0], plan, parts),
            insets=insets,
        )
        for plan, parts in zip(plans, flats, strict=True)
    ]


def _fills(plans: Sequence[gpd.GeoDataFrame]) -> dict[str, str]:
    """Return a colour for each rep; neighbours in any of the plans differ."""
    reps = list(dict.fromkeys(str(rep) for plan in plans for rep in plan.index))
    at = {rep: position for position, rep in enumerate(reps)}
    pairs = [np.empty((0, 2), int)]
    for plan in plans:
        own = np.array([at[str(rep)] for rep in plan.index])
        pairs.append(own[neighbours(plan)].reshape(-1, 2))
    return dict(zip(reps, colours(np.vstack(pairs), len(reps)), strict=True))


def _changed(
    before: gpd.GeoDataFrame,
    old: Sequence[Shapes],
    now: gpd.GeoDataFrame,
    new: Sequence[Shapes],
) -> str:
    """Return where a plan has other reps than the one before it."""
    known = {str(rep): position for position, rep in enumerate(before.index)}
    paths = []
    for was, flat in zip(old, new, strict=True):
        for rep, shape in zip(now.index, flat, strict=True):
            own = known.get(str(rep))
            rest = shape if own is None else shapely.difference(shape, was[own])
            rest = shapely.buffer(shapely.buffer(rest, -_SLIVER / 2), _SLIVER / 2)
            paths.append(_path(shapely.simplify(rest, _DETAIL)))
    return "".join(paths)


def _placed(layout: Layout, shapes: Shapes, at: int) -> Shapes:
    """Bring one frame's shapes from metres to units, y downwards, simplified."""
    target = _on_page(layout, layout.boxes[at - 1] if at else layout.view)
    view = layout.inset_views[at - 1] if at else layout.view
    scale = (target[2] - target[0]) / (view[2] - view[0])
    corner = np.array([target[0], target[1]])
    origin, turn = np.array([view[0], view[3]]), np.array([scale, -scale])
    flat = shapely.transform(shapes, lambda xy: corner + (xy - origin) * turn)
    shown = ~shapely.is_empty(flat)
    flat[shown] = shapely.make_valid(
        shapely.coverage_simplify(flat[shown], _DETAIL), method="structure"
    )
    return np.asarray(flat)


def _on_page(layout: Layout, box: Box) -> Box:
    west, _south, east, north = layout.view
    scale = WIDTH / (east - west)
    return (
        (box[0] - west) * scale,
        (north - box[3]) * scale,
        (box[2] - west) * scale,
        (north - box[1]) * scale,
    )


def _path(shape: shapely.Geometry) -> str:
    """Return SVG path data in whole units."""
    parts = shapely.get_parts(shape)
    polygons = parts[shapely.get_dimensions(parts) == 2]
    pieces = []
    for ring in shapely.get_rings(polygons):
        points = np.rint(shapely.get_coordinates(ring)).astype(int)
        kept = np.append(True, (np.diff(points, axis=0) != 0).any(axis=1))
        if kept.sum() > 3:
            text = "L".join(f"{x} {y}" for x, y in points[kept][:-1])
            pieces.append(f"M{text}Z")
    return "".join(pieces)
