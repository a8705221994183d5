"""The axes of a map: main body, far parts and zooms, each with its final view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from planner.maps.fonts import quiet_fonts
from planner.maps.frames import Frame
from planner.maps.layout import Box, lay_out, round_length, widened
from planner.maps.paint import INK, PAPER, draw_scale_bar
from planner.maps.zoom import with_zooms

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]

ZOOM = "zoom"
"""Label of the axes of zooms, to tell them from far parts."""

_FRAME, _ZOOM_FRAME = "#b9bcc0", "#6d7278"
_SOFT = "#5f646a"


@dataclass(frozen=True, eq=False)
class Panel:
    """
    One axes of a map.

    Attributes
    ----------
    ax
        Its position and view are final.
    frame
        Position of the frame whose projection it uses.
    view
        What it shows, in that projection.
    members
        Territories that a zoom is there for; None: not a zoom.
    note
        Box of the view that its scale takes; None: there is none.
    """

    ax: Axes
    frame: int
    view: Box
    members: list[int] | None = None
    note: Box | None = None

    @property
    def scale(self) -> float:
        """Points of the page per metre."""
        figure = self.ax.get_figure()
        assert isinstance(figure, Figure)
        wide = self.ax.get_window_extent().width * 72 / figure.dpi
        return float(wide / (self.view[2] - self.view[0]))

    def cropped(self, shapes: Shapes) -> Shapes:
        """Empty the shapes that a zoom does not show; otherwise all of them."""
        if self.members is None:
            return shapes
        seen = shapely.intersects(shapes, shapely.box(*self.view))
        return np.where(seen, shapes, shapely.Polygon())

    def cut(self, shapes: Shapes) -> Shapes:
        """Cut shapes off somewhat outside the view of a zoom; otherwise all of them."""
        if self.members is None:
            return shapes
        window = widened(self.view, self.aspect, 0.1)
        return np.asarray(shapely.clip_by_rect(shapes, *window))

    @property
    def aspect(self) -> float:
        """Width over height of the view."""
        west, south, east, north = self.view
        return (east - west) / (north - south)


def arrange(
    ax: Axes,
    windows: Sequence[Frame],
    fills: Sequence[Shapes],
    marks: Sequence[Floats],
    ground: Shapes,
    *,
    zooms: bool = True,
    scales: bool = True,
) -> list[Panel]:
    """
    Set the view of the main axes, and make those of far parts and zooms in free room.

    Parameters
    ----------
    ax
        Used in full.
    windows, fills, marks
        Frames, and the territories and points that each shows.
    ground
        Other shapes of the main body, not to be covered.
    zooms
        Whether to enlarge crowded places.
    scales
        Whether to draw scale bars.
    """
    figure = settled(ax)
    corners = ax.get_window_extent()
    plan = lay_out(windows, fills, marks, corners.width / corners.height, [ground])
    if zooms:
        plan = with_zooms(plan, fills[0], corners.width * 72 / figure.dpi)
    _set_view(ax, plan.view)
    panels = [Panel(ax, 0, plan.view)]
    for at, (box, view) in enumerate(zip(plan.boxes, plan.inset_views, strict=True)):
        inset = _inset(ax, box, plan.view, view, _FRAME)
        panels.append(Panel(inset, at + 1, view))
    for at, zoom in enumerate(plan.zooms):
        inset = _inset(ax, zoom.box, plan.view, zoom.view, _ZOOM_FRAME)
        inset.set_label(ZOOM)
        panels.append(Panel(inset, 0, zoom.view, zoom.members))
        _tag(ax, inset, zoom.view, chr(ord("A") + at))
    if not scales:
        return panels
    draw_scale_bar(ax, plan)
    return [panels[0], *(_with_scale(each, fills[each.frame]) for each in panels[1:])]


def settled(ax: Axes) -> Figure:
    """Let the layout of a figure place its axes, once and for all."""
    figure = ax.get_figure()
    assert isinstance(figure, Figure)
    if figure.get_layout_engine() is not None:
        with quiet_fonts():
            figure.draw_without_rendering()
        figure.set_layout_engine("none")
    return figure


def _set_view(ax: Axes, view: Box) -> None:
    ax.set_xlim(view[0], view[2])
    ax.set_ylim(view[1], view[3])
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_axis_off()


def _inset(ax: Axes, box: Box, view: Box, shown: Box, frame: str) -> Axes:
    """Make inset axes at a box of the main view."""
    wide, tall = view[2] - view[0], view[3] - view[1]
    inset = ax.inset_axes(
        (
            (box[0] - view[0]) / wide,
            (box[1] - view[1]) / tall,
            (box[2] - box[0]) / wide,
            (box[3] - box[1]) / tall,
        )
    )
    _set_view(inset, shown)
    inset.set_axis_on()
    inset.set(xticks=[], yticks=[], xlabel="", ylabel="", facecolor=PAPER)
    for spine in inset.spines.values():
        spine.set(color=frame, linewidth=0.6, zorder=20)
    return inset


def _tag(ax: Axes, inset: Axes, view: Box, letter: str) -> None:
    """Mark a zoom and its place on the main map with the same letter."""
    west, south, east, north = view
    for colour, width in ((PAPER, 2.4), (INK, 1.0)):
        ax.plot(
            [west, east, east, west, west],
            [south, south, north, north, south],
            color=colour,
            linewidth=width,
            zorder=11,
            solid_joinstyle="miter",
        )
    badge = {"boxstyle": "square,pad=0.2", "fc": INK, "ec": INK, "lw": 0.5}
    corners = ((ax, (west, north), "data", (-1, 1)), (inset, (0, 1), None, (3.6, -3.6)))
    for axes, place, coords, shift in corners:
        axes.annotate(
            letter,
            place,
            shift,
            xycoords=coords or "axes fraction",
            textcoords="offset points",
            # On the map the letter stands beside its box, not on what it shows.
            ha="right" if axes is ax else "left",
            va="bottom" if axes is ax else "top",
            zorder=12,
            color=PAPER,
            fontsize=6.5,
            fontweight="bold",
            bbox=badge,
        )


def _with_scale(panel: Panel, fills: Shapes) -> Panel:
    """Draw a scale bar of its own in the emptiest corner of an inset."""
    west, south, east, north = panel.view
    length, text = round_length(0.28 * (east - west))
    point = 1 / panel.scale
    width, height = max(length, 22 * point) + 8 * point, 14 * point
    corners = [(east - width, south), (west, south), (east - width, north - height)]
    boxes = shapely.box(
        *np.array([(x, y, x + width, y + height) for x, y in corners]).T
    )
    seen = shapely.make_valid(panel.cropped(fills))
    covered = [shapely.area(shapely.intersection(seen, box)).sum() for box in boxes]
    x, base = corners[int(np.argmin(np.round(covered, 3)))]
    left, bar = x + (width - length) / 2, base + 3.5 * point
    panel.ax.plot(
        [left, left, left + length, left + length],
        [bar + 2 * point, bar, bar, bar + 2 * point],
        color=_SOFT,
        linewidth=0.8,
        solid_joinstyle="miter",
        zorder=12,
    )
    panel.ax.annotate(
        text,
        (x + width / 2, bar),
        (0, 2.2),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=5.8,
        color=_SOFT,
        zorder=11,
        bbox={"boxstyle": "square,pad=0.15", "fc": PAPER, "lw": 0, "alpha": 0.8},
    )
    return replace(panel, note=(x, base, x + width, base + height))
