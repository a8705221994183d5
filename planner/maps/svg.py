"""The map as a small inline SVG: shapes and texts as numbers for a template."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.maps.areas import AreaLayer
from planner.maps.draw import map_frames, territory_colours
from planner.maps.frames import Frame
from planner.maps.labels import Label, Page, Wording, place
from planner.maps.layout import Box, Layout, lay_out
from planner.maps.lettering import by_name
from planner.maps.svg_areas import AreaSigns, area_signs
from planner.maps.svg_paths import area_path

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]

WIDTH = 1000.0
"""Of the drawing, in its own units; the page scales it."""

DETAIL = 0.6
"""Detail finer than this, in units of the drawing, is left out."""

_TEXT, _SMALL_SCREEN_TEXT = 12.0, 27.0


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
    signs
        Of a plan by regions: stripes, former borders and the like, for each frame.
    text, small_text
        Font sizes of the labels.
    """

    height: float
    areas: list[Area]
    lines: list[str]
    insets: list[Box]
    labels: list[Label]
    small_labels: list[Label]
    signs: list[AreaSigns] = field(default_factory=list)
    text: float = _TEXT
    small_text: float = _SMALL_SCREEN_TEXT

    @property
    def size(self) -> int:
        """Letters of path data: what the drawing weighs in a page."""
        paths = [area.path for area in self.areas] + self.lines
        for signs in self.signs:
            paths += [signs.blank, signs.regions, signs.parents, signs.former]
            paths += [path for _tone, path in signs.stripes]
        return sum(map(len, paths))


def draw_svg(
    territories: gpd.GeoDataFrame,
    accounts: pd.DataFrame | None = None,
    outline: gpd.GeoDataFrame | None = None,
    areas: AreaLayer | None = None,
    *,
    detail: float = DETAIL,
    labelled: bool = True,
) -> Drawing:
    """
    Lay out territories for an SVG.

    Parameters
    ----------
    territories, accounts, outline, areas
        As in `plot_territories`.
    detail
        Detail finer than this is left out, in units of a map that is `WIDTH` wide.
    labelled
        False leaves out the labels: to place many takes most of the time.
    """
    windows = map_frames(territories, accounts, areas)
    fills = _seen(windows, territories.geometry.to_numpy())
    west, south, east, north = shapely.total_bounds(fills[0])
    aspect = float(np.clip((east - west) / max(north - south, 1.0) * 1.12, 1.0, 2.2))
    plan = lay_out(windows, fills, [np.empty((0, 2))] * len(windows), aspect)
    colour = territory_colours(territories)
    signs: list[AreaSigns] = []
    if areas is None:
        flats = [
            _simple(_on_page(plan, seen, at), detail) for at, seen in enumerate(fills)
        ]
    else:
        for at, seen in enumerate(_seen(windows, areas.net.shapes)):
            signs.append(area_signs(_on_page(plan, seen, at), areas, colour, detail))
        flats = [one.fills for one in signs]
    lines: list[str] = []
    if outline is not None and (areas is None or "parent" not in areas.regions):
        for at, seen in enumerate(_seen(windows, outline.geometry.to_numpy())):
            lines += map(area_path, _simple(_on_page(plan, seen, at), detail))
    insets = [_box_on_page(plan, box) for box in plan.boxes]
    words, height = _words(territories) if labelled else [], WIDTH / aspect
    return Drawing(
        height=height,
        areas=[
            Area(area_path(shape), colour[rep], rep)
            for flat in flats
            for shape, rep in zip(flat, colour, strict=True)
            if not shape.is_empty
        ],
        lines=[line for line in lines if line],
        insets=insets,
        labels=_labels(flats, words, insets, height, _TEXT, leaders=True),
        small_labels=_labels(
            flats, words, insets, height, _SMALL_SCREEN_TEXT, leaders=False
        ),
        signs=signs,
    )


def _seen(windows: Sequence[Frame], shapes: Shapes) -> list[Shapes]:
    """Return what each frame shows of shapes in degrees, in its projection."""
    return [
        window.shapes(shapes, [other for other in windows if other is not window])
        for window in windows
    ]


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
    """Bring one frame's shapes from metres to units, y downwards."""
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

    return np.asarray(shapely.transform(shapes, moved))


def _simple(shapes: Shapes, detail: float) -> Shapes:
    """Leave out what nobody sees; neighbours stay without gaps."""
    flat, shown = shapes.copy(), ~shapely.is_empty(shapes)
    flat[shown] = shapely.coverage_simplify(flat[shown], detail)
    return np.asarray(flat)


def _box_on_page(plan: Layout, box: Box) -> Box:
    scale = WIDTH / (plan.view[2] - plan.view[0])
    return (
        (box[0] - plan.view[0]) * scale,
        (plan.view[3] - box[3]) * scale,
        (box[2] - plan.view[0]) * scale,
        (plan.view[3] - box[1]) * scale,
    )


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
    if not words:
        return []
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
