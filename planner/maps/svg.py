"""The map as a small inline SVG: shapes and texts as numbers for a template."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.maps.draw import map_frames, territory_colours
from planner.maps.labels import Label, Page, Wording, place
from planner.maps.layout import Box, Layout, lay_out
from planner.maps.lettering import by_name

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]

WIDTH = 1000.0
"""Of the drawing, in its own units; the page scales it."""

_TEXT, _SMALL_SCREEN_TEXT = 12.0, 27.0
_DETAIL = 0.6


@dataclass(frozen=True)
class Area:
    """One territory: path data, fill, and the rep that it belongs to."""

    path: str
    fill: str
    rep: str


@dataclass(frozen=True)
class Drawing:
    """
    A map of `WIDTH` x `height` units.

    Attributes
    ----------
    areas
        In drawing order; a rep may have several (main body, insets).
    lines
        Path data of coarser borders.
    insets
        Boxes of the far parts: west, south, east, north in units, y downwards.
    labels, small_labels
        For wide pages, and fewer and larger ones for small screens. y downwards.
    text, small_text
        Their font sizes.
    """

    height: float
    areas: list[Area]
    lines: list[str]
    insets: list[Box]
    labels: list[Label]
    small_labels: list[Label]
    text: float = _TEXT
    small_text: float = _SMALL_SCREEN_TEXT


def draw_svg(
    territories: gpd.GeoDataFrame,
    accounts: pd.DataFrame | None = None,
    outline: gpd.GeoDataFrame | None = None,
) -> Drawing:
    """
    Lay out territories for an SVG.

    Parameters
    ----------
    territories, accounts, outline
        As in `plot_territories`.
    """
    windows = map_frames(territories, accounts)
    shapes = territories.geometry.to_numpy()
    fills, coarse = [], []
    for window in windows:
        others = [other for other in windows if other is not window]
        fills.append(window.shapes(shapes, others))
        lines = np.empty(0, object) if outline is None else outline.geometry.to_numpy()
        coarse.append(window.shapes(lines, others))
    west, south, east, north = shapely.total_bounds(fills[0])
    aspect = float(np.clip((east - west) / max(north - south, 1.0) * 1.12, 1.0, 2.2))
    plan = lay_out(windows, fills, [np.empty((0, 2))] * len(windows), aspect)
    colour = territory_colours(territories)
    reps = [str(rep) for rep in territories.index]
    areas, lines_, flats = [], [], []
    for at in range(len(windows)):
        flat = _on_page(plan, fills[at], at)
        flats.append(flat)
        areas += [
            Area(_path(shape), colour[rep], rep)
            for shape, rep in zip(flat, reps, strict=True)
            if not shape.is_empty
        ]
        lines_ += [_path(shape) for shape in _on_page(plan, coarse[at], at)]
    insets = [_box_on_page(plan, box) for box in plan.boxes]
    words = _words(territories)
    height = WIDTH / aspect
    return Drawing(
        height=height,
        areas=areas,
        lines=[line for line in lines_ if line],
        insets=insets,
        labels=_labels(flats, words, insets, height, _TEXT, leaders=True),
        small_labels=_labels(
            flats, words, insets, height, _SMALL_SCREEN_TEXT, leaders=False
        ),
    )


def _words(territories: gpd.GeoDataFrame) -> list[list[str]]:
    """Return the texts for each territory, to be tried in order."""
    ids = [str(rep) for rep in territories.index]
    if not by_name(territories):
        return [[rep] for rep in ids]
    names = [
        str(name) or rep for name, rep in zip(territories["name"], ids, strict=True)
    ]
    return [list(dict.fromkeys(pair)) for pair in zip(names, ids, strict=True)]


def _on_page(plan: Layout, shapes: Shapes, at: int) -> Shapes:
    """Bring one frame's shapes from metres to units, y downwards, simplified."""
    target = _box_on_page(plan, plan.boxes[at - 1] if at else plan.view)
    view = plan.inset_views[at - 1] if at else plan.view
    scale = (target[2] - target[0]) / (view[2] - view[0])

    def moved(xy: Floats) -> Floats:
        return np.column_stack(
            [
                target[0] + (xy[:, 0] - view[0]) * scale,
                target[1] + (view[3] - xy[:, 1]) * scale,
            ]
        )

    flat = shapely.transform(shapes, moved)
    shown = ~shapely.is_empty(flat)
    flat[shown] = shapely.coverage_simplify(flat[shown], _DETAIL)
    return np.asarray(flat)


def _box_on_page(plan: Layout, box: Box) -> Box:
    scale = WIDTH / (plan.view[2] - plan.view[0])
    return (
        (box[0] - plan.view[0]) * scale,
        (plan.view[3] - box[3]) * scale,
        (box[2] - plan.view[0]) * scale,
        (plan.view[3] - box[1]) * scale,
    )


def _path(shape: shapely.Geometry) -> str:
    """Return SVG path data, to a tenth of a unit."""
    rings = shapely.get_rings(shapely.get_parts(shape))
    pieces = []
    for ring in rings:
        points = np.round(shapely.get_coordinates(ring), 1)
        kept = np.append(True, (np.diff(points, axis=0) != 0).any(axis=1))
        if kept.sum() > 3:
            text = "L".join(f"{x:g} {y:g}" for x, y in points[kept][:-1])
            pieces.append(f"M{text}Z")
    return "".join(pieces)


def _labels(
    flats: Sequence[Shapes],
    words: Sequence[Sequence[str]],
    insets: Sequence[Box],
    height: float,
    size: float,
    *,
    leaders: bool,
) -> list[Label]:
    """Place names or ids; without leader lines only those that fit inside."""
    wordings = [
        [Wording((text,), _wide(text) * size, 1.15 * size) for text in texts]
        for texts in words
    ]
    labels: list[Label] = []
    for at, flat in enumerate(flats):
        page = Page(
            bounds=insets[at - 1] if at else (2.0, 2.0, WIDTH - 2, height - 2),
            taken=[] if at else list(insets),
            land=shapely.union_all(shapely.make_valid(flat)),
        )
        placed = place(list(shapely.make_valid(flat)), wordings, page)
        labels += [label for label in placed if leaders or label.anchor is None]
    return labels


def _wide(text: str) -> float:
    """Estimate the width of a bold text in ems: the reader's font is not known."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return 0.66 * (len(text) - wide) + 1.02 * wide + 0.2
