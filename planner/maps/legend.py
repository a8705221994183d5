"""What the signs of a map of regions mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from planner.geo.colours import PALETTE, deep
from planner.maps.area_paint import BORDER, DASHES, FORMER_BORDER, STRIPE
from planner.maps.areas import NOBODY, AreaLayer
from planner.maps.paint import BLANK, INK
from planner.words import _

FONT = 7.2
"""Size of the text, in points."""

_SOFT = "#5f646a"
_NOW, _BEFORE = PALETTE[1], PALETTE[6]


Sign = tuple[Artist | tuple[Artist, ...], str]
"""A sample and what it means; samples of a tuple lie on top of each other."""


@dataclass(frozen=True)
class Shown:
    """Which signs a map uses: bases, accounts, enlarged places, shared regions."""

    bases: bool
    dots: bool
    zooms: bool
    shared: bool


def account_signs(shown: Shown) -> list[str]:
    """Explain the signs of a map of accounts, in words."""
    signs = ["○ " + _("base of a rep")] if shown.bases else []
    if shown.dots:
        signs.append("• " + _("account that needs a specialist"))
    if shown.zooms:
        signs.append("■ " + _("A, B ...: shown again, enlarged"))
    if shown.shared:
        signs.append(
            _("a shared region has the colour of the rep with most value in it")
        )
    return signs


def area_signs(layer: AreaLayer, shown: Shown) -> list[Sign]:
    """
    Return a sample and an explanation for each sign that a map of regions uses.

    Parameters
    ----------
    layer
        The plan: signs that it does not need are left out.
    shown
        Other signs.
    """
    signs: list[Sign] = [
        (Patch(fc=_NOW, ec=INK, lw=BORDER), _("fill: owner in this plan"))
    ]
    ground = Patch(fc=_NOW, ec=_NOW, lw=0)
    white = Line2D([], [], color="#ffffff", lw=0.7)
    signs.append(((ground, white), _("white lines: regions, where there is room")))
    if layer.changed().any():
        stripe = deep(_BEFORE)
        with mpl.rc_context({"hatch.linewidth": STRIPE}):
            sample = Patch(fc=_NOW, ec=stripe, lw=0, hatch="//////")
        text = _("stripes: changes hands; they have the colour of the owner before")
        signs.append((sample, text))
        dashed = Line2D([], [], color=INK, lw=FORMER_BORDER, ls=DASHES)
        signs.append((dashed, _("former border")))
    if (layer.owner() == NOBODY).any():
        signs.append((Patch(fc=BLANK, ec=_SOFT, lw=0.4), _("nobody's")))
    if shown.bases:
        ring = Line2D([], [], ls="", marker="o", mfc="#ffffff", mec=INK, ms=3, mew=0.7)
        place = _("best region of a territory") if layer.centred else _("base of a rep")
        signs.append((ring, place))
    if shown.dots:
        dot = Line2D([], [], ls="", marker="o", mfc=_SOFT, mew=0, ms=1.8)
        signs.append((dot, _("account that needs a specialist")))
    if shown.zooms:
        square = Line2D([], [], ls="", marker="s", mfc=INK, mec=INK, ms=5)
        signs.append((square, _("A, B ...: shown again, enlarged")))
    return signs


def draw_legend(
    figure: Figure, signs: Sequence[Sign], left: float, base: float, width: float
) -> Legend:
    """
    Draw a legend in one row, or in as many rows as it takes.

    Parameters
    ----------
    left, base
        Its lower left corner, in points from that of the figure.
    width
        Within so many points, if it can be.
    """
    wide, tall = 72 * figure.get_figwidth(), 72 * figure.get_figheight()
    handles, texts = zip(*signs, strict=True)
    for columns in range(len(signs), 0, -1):
        legend = figure.legend(
            handles,
            texts,
            ncols=columns,
            loc="lower left",
            bbox_to_anchor=(left / wide, base / tall),
            borderaxespad=0,
            borderpad=0,
            frameon=False,
            fontsize=FONT,
            labelcolor=_SOFT,
            handlelength=2.4,
            handleheight=1.0,
            handletextpad=0.6,
            columnspacing=1.9,
        )
        used = legend.get_window_extent().width * 72 / figure.dpi
        if used <= width or columns == 1:
            break
        legend.remove()
    return legend
