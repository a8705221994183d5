"""Fills, stripes and borders of one frame of a plan by regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from matplotlib.axes import Axes
from numpy.typing import NDArray

from planner.geo.colours import deep
from planner.maps.areas import NOBODY, AreaLayer
from planner.maps.frames import Frame
from planner.maps.mesh import Mesh, mesh
from planner.maps.paint import BLANK, INK, add_path, draw_regions, fill_shapes
from planner.maps.scene import Panel
from planner.maps.stripes import stripes

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]
Mask = NDArray[np.bool_]

STRIPE_STEP, STRIPE = 3.4, 0.85
"""Distance and width of stripes, in points."""

HAIR = 0.25
"""Detail finer than this, in points of the page, is left out."""

DASHES = (0, (2.4, 1.7))
BORDER, _COAST, FORMER_BORDER = 1.1, 0.4, 0.9


@dataclass(frozen=True, eq=False)
class AreaCodes:
    """
    A plan by regions in numbers, ready to paint.

    Attributes
    ----------
    now, before
        Positions in `fill` of the owners of each region, or `NOBODY`, shape (n,).
    parent
        A number for the parent of each region, shape (n,).
    fill
        Colour of each rep.
    """

    now: Ints
    before: Ints
    parent: Ints
    fill: list[str]

    @classmethod
    def of(
        cls, layer: AreaLayer, reps: Sequence[str], fill: Sequence[str]
    ) -> AreaCodes:
        """Number the owners by their position in `reps`, aligned with `fill`."""
        return cls(
            layer.owner(reps), layer.owner_before(reps), layer.parent(), list(fill)
        )

    @property
    def changed(self) -> Mask:
        """Which regions have another owner than before, shape (n,)."""
        known = (self.now != NOBODY) & (self.before != NOBODY)
        return np.asarray(known & (self.now != self.before))

    def part(self, chosen: Ints) -> AreaCodes:
        """Return the codes of some regions only."""
        return AreaCodes(
            self.now[chosen], self.before[chosen], self.parent[chosen], self.fill
        )


@dataclass(frozen=True, eq=False)
class Part:
    """What one panel shows of the regions: a mesh, and positions of its regions."""

    net: Mesh
    chosen: Ints


def region_meshes(
    windows: Sequence[Frame],
    panels: Sequence[Panel],
    layer: AreaLayer,
    pen: float = 1.0,
) -> list[Part]:
    """
    Return what each panel shows, in as much detail as can be seen on its scale.

    Parameters
    ----------
    windows, panels
        Frames, and axes that show them.
    layer
        Its regions.
    pen
        Factor on the widths of lines; thin lines are for less detail.
    """
    shapes = layer.net.shapes
    flat = [
        window.shapes(shapes, [other for other in windows if other is not window])
        for window in windows
    ]
    parts = []
    for panel in panels:
        seen = panel.cropped(flat[panel.frame])
        chosen = np.flatnonzero(~shapely.is_empty(seen))
        parts.append(Part(mesh(seen[chosen], HAIR / (pen * panel.scale)), chosen))
    return parts


def paint_areas(
    ax: Axes, net: Mesh, codes: AreaCodes, scale: float, pen: float = 1.0
) -> None:
    """
    Fill, stripe and line one frame, from the ground up.

    Parameters
    ----------
    ax
        Its view is final.
    net
        Regions in the projection of the axes, some empty.
    codes
        Aligned with the regions of `net`.
    scale
        Points of the page per unit of `net`.
    pen
        Factor on all widths, for small maps.
    """
    limits = ax.get_xlim(), ax.get_ylim()
    owned = codes.now != NOBODY
    blank = net.union(np.where(owned, NOBODY, 0), 1)
    fill_shapes(ax, blank, [BLANK], 1)
    fill_shapes(ax, net.union(codes.now, len(codes.fill)), codes.fill, 2)
    _stripes(ax, net, codes, scale, pen)
    draw_regions(ax, net, codes.parent, scale, pen)
    add_path(ax, net.coast(owned), 6, fill=False, edgecolor=INK, linewidth=_COAST * pen)
    borders = net.differ(codes.now)
    borders &= (codes.now[net.left] >= 0) & (codes.now[net.right] >= 0)
    _former(ax, net, codes, borders, pen)
    add_path(
        ax, net.lines(borders), 8, fill=False, edgecolor=INK, linewidth=BORDER * pen
    )
    ax.set(xlim=limits[0], ylim=limits[1], xlabel="", ylabel="")


def _stripes(ax: Axes, net: Mesh, codes: AreaCodes, scale: float, pen: float) -> None:
    """Stripe what changed hands in the colour of who had it."""
    changed = codes.changed
    for rep in np.unique(codes.before[changed]):
        one = net.union(np.where(changed & (codes.before == rep), 0, NOBODY), 1)[0]
        add_path(
            ax,
            stripes(one, STRIPE_STEP * pen / scale),
            3,
            fill=False,
            edgecolor=deep(codes.fill[rep]),
            linewidth=STRIPE * pen,
            capstyle="butt",
        )


def _former(ax: Axes, net: Mesh, codes: AreaCodes, borders: Mask, pen: float) -> None:
    """Draw dashed where a border was that is none any more."""
    was = net.differ(codes.before) & ~borders
    was &= (codes.before[net.left] >= 0) & (codes.before[net.right] >= 0)
    lines = net.lines(was)
    add_path(
        ax,
        lines,
        7,
        fill=False,
        edgecolor="#ffffff",
        linewidth=(FORMER_BORDER + 0.9) * pen,
        alpha=0.8,
    )
    add_path(
        ax,
        lines,
        7.1,
        fill=False,
        edgecolor=INK,
        linewidth=FORMER_BORDER * pen,
        linestyle=DASHES,
        capstyle="butt",
    )
