"""Fills, lines and marks of one frame of a map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from numpy.typing import NDArray

from planner.maps.layout import Layout
from planner.maps.mesh import Mesh, mesh

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]
Shapes = NDArray[np.object_]

INK = "#22262b"
BLANK = "#eceae5"
PAPER = "#ffffff"
_DETAIL = 4_500
"""Shapes are simplified to this share of the view: a hair at print size."""

_REGION = ((4.5, 0.16, 0.4), (6.0, 0.22, 0.55), (8.0, 0.28, 0.7), (11.0, 0.38, 0.8))
"""(side of the regions on both sides from so many points, width, opacity of their
borders): they fade in where there is room for them."""

_PARENT = ((6.0, 0.5, 0.9), (26.0, 1.0, 1.0))
"""The same for borders between parents."""


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
    regions, parents = mesh(layer.fine, hair), mesh(layer.coarse, hair)
    ground = parents.shapes if len(parents.shapes) else regions.shapes
    fill_shapes(ax, ground, [BLANK] * len(ground), 1)
    net = mesh(layer.fills, hair)
    fill_shapes(ax, net.shapes, fill, 2)
    draw_regions(ax, regions, np.zeros(len(regions.shapes), int), _scale(ax))
    draw_parents(ax, parents)
    # Islets would drown in a full line: coasts are thin, borders between reps strong.
    coast = net.coast(np.ones(len(net.shapes), bool))
    add_path(ax, coast, 6, fill=False, edgecolor=INK, linewidth=0.35)
    add_path(ax, net.lines(net.inland), 6, fill=False, edgecolor=INK, linewidth=0.95)
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


def draw_regions(
    ax: Axes, net: Mesh, parent: Ints, scale: float, pen: float = 1.0
) -> None:
    """
    Draw borders of regions and of their parents where there is room for them.

    Parameters
    ----------
    ax
        Its view is final.
    net
        Regions in the projection of the axes, some empty.
    parent
        A number for the parent of each region, shape (n,).
    scale
        Points of the page per unit of `net`.
    pen
        Factor on all widths.
    """
    left, right = net.left[net.inland], net.right[net.inland]
    area = shapely.area(net.shapes) * scale**2
    # The mean with all neighbours: one large county among small ones is no reason.
    both = np.append(left, right)
    around = np.bincount(both, area[np.append(right, left)], len(area))
    side = np.sqrt((area + around) / (1 + np.bincount(both, minlength=len(area))))
    whole = np.sqrt(np.bincount(parent, area))[parent]
    apart = net.differ(parent)
    for size, steps, kind, zorder in (
        (side, _REGION, net.inland & ~apart, 4),
        (whole, _PARENT, apart, 5),
    ):
        smaller = np.minimum(size[net.left], size[np.maximum(net.right, 0)])
        for at, (least, width, opacity) in enumerate(steps):
            most = steps[at + 1][0] if at + 1 < len(steps) else np.inf
            chosen = kind & (smaller >= least) & (smaller < most)
            add_path(
                ax,
                net.lines(chosen),
                zorder,
                fill=False,
                edgecolor="#ffffff",
                linewidth=width * pen,
                alpha=opacity,
            )


def draw_parents(ax: Axes, net: Mesh) -> None:
    """Draw all borders of a coarser level."""
    lines = net.lines(net.inland)
    add_path(ax, lines, 5, fill=False, edgecolor="#ffffff", linewidth=0.9)


def _scale(ax: Axes) -> float:
    """Points of the page per unit of the view."""
    figure = ax.get_figure()
    assert isinstance(figure, Figure)
    wide = ax.get_window_extent().width * 72 / figure.dpi
    return float(wide / (ax.get_xlim()[1] - ax.get_xlim()[0]))


def fill_shapes(ax: Axes, shapes: Shapes, colour: Sequence[str], zorder: int) -> None:
    """Fill each shape; a hairline closes the gap that anti-aliasing leaves."""
    for shape, tone in zip(shapes, colour, strict=True):
        add_path(ax, shape, zorder, facecolor=tone, edgecolor=tone, linewidth=0.2)


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
