"""The curve of sizing: what a plan costs by number of reps, and what one more saves."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from planner.maps.fonts import families_for, quiet_fonts
from planner.maps.page import STYLE
from planner.maps.paint import INK
from planner.words import _

_SIZE = (9.6, 6.4)
_DPI = 200
_PARTS = {
    "travel": ("#4e79a7", lambda: _("Travel")),
    "opening": ("#b07aa1", lambda: _("Opening bases")),
    "imbalance": ("#f28e2b", lambda: _("Imbalance")),
    "other": ("#bab0ac", lambda: _("Other")),
}
_GOOD, _BAD, _SOFT = "#59a14f", "#e15759", "#5f646a"


def write_curve_chart(
    folder: Path, curve: pd.DataFrame, *, title: str, currency: str
) -> list[str]:
    """
    Write ``curve.png`` and ``curve.svg``.

    Parameters
    ----------
    folder
        An existing folder.
    curve
        See `planner.sizing.curve_of`.

    Returns
    -------
    Messages for the user, such as a font to install; usually none.
    """
    families, message = families_for([title, currency])
    with mpl.rc_context({**STYLE, "font.family": families}), quiet_fonts():
        figure = Figure(figsize=_SIZE)
        FigureCanvasAgg(figure)
        upper, lower = figure.subplots(
            2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1.2], "hspace": 0.12}
        )
        plot_curve(curve, upper, currency=currency)
        _plot_marginal(curve, lower, currency)
        upper.set_title(title, loc="left", fontweight="bold", color=INK, pad=26)
        figure.savefig(folder / "curve.png", dpi=_DPI, bbox_inches="tight")
        figure.savefig(
            folder / "curve.svg", bbox_inches="tight", metadata={"Date": None}
        )
    return [message] if message else []


def plot_curve(
    curve: pd.DataFrame, ax: Axes | None = None, *, currency: str = ""
) -> Axes:
    """Draw cost by its parts, and the proven bound, over the number of reps."""
    if ax is None:
        ax = Figure(figsize=_SIZE).subplots()
    found = curve[curve["cost"].notna()]
    k = found["k"].to_numpy(float)
    base = np.zeros(len(k))
    for name, (colour, words) in _PARTS.items():
        part = pd.to_numeric(found[name]).to_numpy(float)
        if part.any():
            ax.bar(k, part, 0.72, base, color=colour, label=words(), zorder=2)
            base = base + part
    bound = pd.to_numeric(found["bound"]).to_numpy(float)
    ax.hlines(
        bound, k - 0.42, k + 0.42, color=INK, lw=1.4, zorder=4, label=_("Proven bound")
    )
    best = int(np.argmin(base)) if len(base) else 0
    for at, (x, y) in enumerate(zip(k, base, strict=True)):
        ax.annotate(
            _short(y),
            (x, y),
            (0, 4),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            fontweight="bold" if at == best else "normal",
            color=INK if at == best else _SOFT,
        )
    ax.set_ylabel(_("{currency} a year").format(currency=currency), color=_SOFT)
    ax.margins(y=0.12)
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(
        handles,
        labels,
        ncols=len(labels),
        frameon=False,
        fontsize=8,
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        borderaxespad=0.2,
        handlelength=1.2,
    )
    _quiet(ax)
    return ax


def _plot_marginal(curve: pd.DataFrame, ax: Axes, currency: str) -> None:
    saved = pd.to_numeric(curve["marginal_value"])
    found = saved.notna()
    values = saved[found].to_numpy(float)
    colours = [_GOOD if value >= 0 else _BAD for value in values]
    ax.bar(curve.loc[found, "k"].to_numpy(float), values, 0.5, color=colours, zorder=2)
    ax.axhline(0, color=_SOFT, lw=0.8, zorder=3)
    ax.set_ylabel(
        _("One more saves\n{currency} a year").format(currency=currency), color=_SOFT
    )
    ax.set_xlabel(_("Number of reps"), color=_SOFT)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.margins(y=0.2)
    _quiet(ax)


def _quiet(ax: Axes) -> None:
    """Leave lines only where they help to read a value."""
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set_color("#c8ccd0")
    ax.tick_params(length=0, labelsize=8, colors=_SOFT)
    ax.grid(axis="y", color="#e6e8ea", lw=0.8, zorder=0)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _at: _short(value)))
    ax.set_axisbelow(True)


def _short(value: float) -> str:
    """A figure in as few characters as tell it from its neighbours."""
    for size, sign in ((1e9, "bn"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            digits = 2 if abs(value) < 10 * size else 1
            return f"{value / size:,.{digits}f} {sign}"
    return f"{value:,.0f}"
