"""Fills, lines and marks of one frame of a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from numpy.typing import NDArray

from planner.maps.layout import Layout

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]

INK = "#22262b"
BLANK = "#eceae5"
PAPER = "#ffffff"
_DETAIL = 4_500
"""Shapes are simplified to this share of the view: a hair at print size."""


@dataclass(frozen=True)
class Layers:
    """What one frame shows, projected; `fills` is aligned with the territories."""

    fills: Shapes
    fine: Shapes
    coarse: Shapes
    dots: Floats
    dot_colours: Sequence[str]
    bases: Floats


def paint(ax: Axes, layer: Layers, fill: Sequence[str]) -> None:
    """Fill and line one frame, from the ground up."""
    limits = ax.get_xlim(), ax.get_ylim()
    hair = (limits[0][1] - limits[0][0]) / _DETAIL
    ground = _simple(layer.coarse if len(layer.coarse) else layer.fine, hair)
    fill_shapes(ax, ground, [BLANK] * len(ground), 1)
    shown = ~shapely.is_empty(layer.fills)
    fills = _simple(layer.fills[shown], hair)
    fill_shapes(
        ax, fills, [tone for tone, kept in zip(fill, shown, strict=True) if kept], 2
    )
    _line(ax, _simple(layer.fine, hair), "#ffffff", 0.25, zorder=3, alpha=0.7)
    _line(ax, ground if len(layer.coarse) else ground[:0], "#ffffff", 0.9, zorder=4)
    # Islets would drown in a full line: coasts are thin, borders between reps strong.
    coast = shapely.boundary(shapely.union_all(fills))
    borders = shapely.difference(_borders(fills), coast)
    add_path(ax, coast, 6, fill=False, edgecolor=INK, linewidth=0.35)
    add_path(ax, borders, 6, fill=False, edgecolor=INK, linewidth=0.95)
    ax.set(xlim=limits[0], ylim=limits[1], xlabel="", ylabel="")


def paint_marks(ax: Axes, layer: Layers) -> None:
    """Draw accounts as dots and bases as rings."""
    limits = ax.get_xlim(), ax.get_ylim()
    known = np.asarray(np.isfinite(layer.dots).all(axis=1))
    ax.scatter(
        layer.dots[known, 0],
        layer.dots[known, 1],
        s=2.2,
        c=[tone for tone, kept in zip(layer.dot_colours, known, strict=True) if kept],
        linewidths=0,
        zorder=8.5,
    )
    ax.scatter(
        layer.bases[:, 0],
        layer.bases[:, 1],
        s=9,
        c="#ffffff",
        edgecolors=INK,
        linewidths=0.7,
        zorder=8.6,
    )
    ax.set(xlim=limits[0], ylim=limits[1], xlabel="", ylabel="")


def draw_lines(ax: Axes, shapes: Shapes) -> None:
    """Draw borders of a coarser level over a map that is painted already."""
    hair = (ax.get_xlim()[1] - ax.get_xlim()[0]) / _DETAIL
    _line(ax, _simple(shapes, hair), "#ffffff", 0.9, zorder=5)


def _simple(shapes: Shapes, hair: float) -> Shapes:
    """Simplify shapes so that shared borders stay shared."""
    shapes = shapes[~shapely.is_empty(shapes)]
    return (
        np.asarray(shapely.coverage_simplify(shapes, hair)) if len(shapes) else shapes
    )


def fill_shapes(ax: Axes, shapes: Shapes, colour: Sequence[str], zorder: int) -> None:
    """Fill each shape; a hairline closes the gap that anti-aliasing leaves."""
    for shape, tone in zip(shapes, colour, strict=True):
        add_path(ax, shape, zorder, facecolor=tone, edgecolor=tone, linewidth=0.2)


def _line(
    ax: Axes, shapes: Shapes, colour: str, width: float, zorder: int, alpha: float = 1
) -> None:
    """Draw each shared border once."""
    add_path(
        ax,
        _borders(shapes),
        zorder,
        fill=False,
        edgecolor=colour,
        linewidth=width,
        alpha=alpha,
    )


def _borders(shapes: Shapes) -> shapely.Geometry:
    """Union of the borders of shapes: what two share comes once."""
    return shapely.line_merge(shapely.union_all(shapely.boundary(shapes)))


def add_path(ax: Axes, shape: shapely.Geometry, zorder: float, **style: Any) -> None:
    """Add polygons or lines as one path; in SVG each path repeats its style."""
    lines = shapely.get_parts(shape)
    if shapely.get_dimensions(shape) == 2:
        # Holes run the other way round, by which a path knows them.
        lines = shapely.get_rings(shapely.orient_polygons(lines))
    paths = [Path(shapely.get_coordinates(line)) for line in lines]
    if paths:
        # add_patch would measure every segment, only for limits that are set already.
        ax.add_artist(
            PathPatch(
                Path.make_compound_path(*paths),
                zorder=zorder,
                **{"capstyle": "round", "joinstyle": "round", **style},
            )
        )


def draw_scale_bar(ax: Axes, plan: Layout) -> None:
    """Draw a scale bar where there is room, in the lower right if possible."""
    bar = plan.scale_bar()
    if bar is None:
        return
    x, y, length, tick, text = bar
    ax.plot(
        [x, x, x + length, x + length],
        [y + tick, y, y, y + tick],
        color="#7a7f85",
        linewidth=0.8,
        solid_joinstyle="miter",
        zorder=8,
    )
    ax.text(
        x + length / 2,
        y + tick,
        text,
        ha="center",
        va="bottom",
        fontsize=6.5,
        color="#5f646a",
        zorder=8,
    )
