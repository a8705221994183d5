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
    "handover": ("#76b7b2", lambda: _("Handover")),
    "skill": ("#9c755f", lambda: _("Skill")),
    "fit": ("#d4a6c8", lambda: _("Fit")),
    "leave_out": ("#79706e", lambda: _("Left out")),
    "compactness": ("#a0cbe8", lambda: _("Compactness")),
    "cut_edges": ("#8cd17d", lambda: _("Cut edges")),
    "opening": ("#b07aa1", lambda: _("Opening bases")),
    "imbalance": ("#f28e2b", lambda: _("Imbalance")),
    "splits": ("#ff9da7", lambda: _("Splits")),
    "other": ("#bab0ac", lambda: _("Other")),
}
_FIGURES = {
    "travel_km": (lambda: _("Travel, km a year"), 1.0),
    "largest_deviation": (lambda: _("Largest deviation from target, %"), 1.0),
    "capacity_use": (lambda: _("Capacity use, %"), 100.0),
}
_GOOD, _BAD, _SOFT, _LINE = "#0072b2", "#d55e00", "#5f646a", "#4e79a7"
_DWARF = 4.0
"""A bar this many times higher than the next one is cut."""
_PER_LINE = 6
"""Entries of the legend in a line."""


def write_curve_chart(
    folder: Path,
    curve: pd.DataFrame,
    *,
    title: str,
    currency: str,
    labels: list[str] | None = None,
    what: str | None = None,
) -> list[str]:
    """
    Write ``curve.png`` and ``curve.svg``.

    Parameters
    ----------
    folder
        An existing folder.
    curve
        See `planner.sizing.curve_of`.
    labels, what
        Where the curve is not over numbers of reps: words for each row, whose ``k``
        says where it stands, and what they are values of.

    Returns
    -------
    Messages for the user, such as a font to install; usually none.
    """
    families, message = families_for([title, currency, what or "", *(labels or ())])
    figures = [name for name in _FIGURES if _has(curve, name)]
    by_count = labels is None and _has(curve, "marginal_value")
    heights = [3.0] + [1.2] * by_count + [1.0] * bool(figures)
    with mpl.rc_context({**STYLE, "font.family": families}), quiet_fonts():
        figure = Figure(figsize=(_SIZE[0], 1.7 * sum(heights)))
        FigureCanvasAgg(figure)
        above, below = sum(heights[: 1 + by_count]), sum(heights[1 + by_count :])
        rows = figure.add_gridspec(
            2 if below else 1,
            1,
            height_ratios=[above] + [below] * bool(below),
            hspace=0.28,
        )
        grid = rows[0].subgridspec(
            1 + by_count, 1, height_ratios=heights[: 1 + by_count], hspace=0.1
        )
        upper = figure.add_subplot(grid[0])
        plot_curve(curve, upper, currency=currency)
        upper.set_title(
            title, loc="left", fontweight="bold", color=INK, pad=_pad(upper)
        )
        wide = [upper]
        if by_count:
            wide.append(figure.add_subplot(grid[1], sharex=upper))
            _plot_marginal(curve, wide[-1], currency)
            upper.tick_params(labelbottom=False)
        small = []
        if figures:
            cells = rows[1].subgridspec(1, len(figures))
            small = [figure.add_subplot(cells[at]) for at in range(len(figures))]
        for ax, name in zip(small, figures, strict=True):
            _plot_figure(curve, ax, name)
        for ax in (*wide, *small):
            _count_along(ax, curve, labels)
        wide[-1].set_xlabel(what or _("Number of reps"), color=_SOFT, fontsize=9)
        figure.savefig(folder / "curve.png", dpi=_DPI, bbox_inches="tight")
        figure.savefig(
            folder / "curve.svg", bbox_inches="tight", metadata={"Date": None}
        )
    return [message] if message else []


def _has(curve: pd.DataFrame, name: str) -> bool:
    return name in curve and bool(curve[name].notna().any())


def _pad(ax: Axes) -> float:
    """Room for the lines of the legend between chart and title."""
    legend = ax.get_legend()
    lines = -(-len(legend.get_texts()) // _PER_LINE) if legend else 0
    return 10.0 + 15.0 * lines


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
            fontsize=8 if len(k) <= 16 else 6,
            fontweight="bold" if at == best else "normal",
            color=INK if at == best else _SOFT,
        )
    for x in curve.loc[curve["cost"].isna(), "k"].to_numpy(float):
        ax.annotate(
            _("no plan"),
            (x, 0),
            (0, 4),
            textcoords="offset points",
            ha="center",
            va="bottom",
            rotation=90,
            fontsize=8,
            color=_BAD,
        )
    ax.set_ylabel(
        _("{currency} a year").format(currency=currency), color=_SOFT, fontsize=9
    )
    ax.margins(y=0.12)
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(
        handles,
        labels,
        ncols=min(len(labels), _PER_LINE),
        frameon=False,
        fontsize=8,
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        borderaxespad=0.2,
        handlelength=1.2,
    )
    _quiet(ax)
    return ax


def _plot_figure(curve: pd.DataFrame, ax: Axes, name: str) -> None:
    """Draw one key figure small: its course counts, and its ends."""
    words, factor = _FIGURES[name]
    found = curve[curve[name].notna()]
    x, y = found["k"].to_numpy(float), factor * found[name].to_numpy(float)
    ax.plot(x, y, color=_LINE, lw=1.4, marker="o", ms=3, zorder=3)
    for at in {0, len(x) - 1}:
        ax.annotate(
            _short(y[at]) if factor == 1 and abs(y[at]) > 999 else f"{y[at]:,.1f}",
            (x[at], y[at]),
            (0, 5),
            textcoords="offset points",
            ha="center",
            fontsize=7,
            color=INK,
        )
    ax.set_title(words(), loc="left", fontsize=8, color=_SOFT)
    ax.margins(x=0.1, y=0.35)
    _quiet(ax)
    ax.yaxis.set_major_locator(MaxNLocator(3))
    ax.tick_params(labelsize=7)


def _count_along(ax: Axes, curve: pd.DataFrame, labels: list[str] | None) -> None:
    """Name the rows along the x axis: all where there is room, else some."""
    if labels is None:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        return
    step = -(-len(labels) // 12)
    ax.set_xticks(curve["k"].to_numpy(float)[::step], labels[::step])


def _plot_marginal(curve: pd.DataFrame, ax: Axes, currency: str) -> None:
    saved = pd.to_numeric(curve["marginal_value"])
    found = saved.notna()
    values = saved[found].to_numpy(float)
    colours = [_GOOD if value >= 0 else _BAD for value in values]
    ax.bar(curve.loc[found, "k"].to_numpy(float), values, 0.5, color=colours, zorder=2)
    if _has(curve, "marginal_by_prices"):
        by_prices = pd.to_numeric(curve["marginal_by_prices"]).to_numpy(float)
        (dots,) = ax.plot(
            curve["k"].to_numpy(float), by_prices, "D", color=INK, ms=4, zorder=4
        )
        ax.legend(
            [dots],
            [_("by the dual prices")],
            frameon=False,
            fontsize=8,
            loc="upper right",
        )
    _clip(ax, curve.loc[found, "k"].to_numpy(float), values)
    ax.axhline(0, color=_SOFT, lw=0.8, zorder=3)
    ax.set_ylabel(
        _("One more saves\n{currency} a year").format(currency=currency),
        color=_SOFT,
        fontsize=9,
    )
    _quiet(ax)


def _clip(ax: Axes, k: np.ndarray, values: np.ndarray) -> None:
    """Cut bars that dwarf all others, and write their height at the edge."""
    ranked = np.sort(np.abs(values))
    if len(ranked) < 3 or ranked[-1] <= _DWARF * ranked[-2]:
        ax.margins(y=0.2)
        return
    edge = 1.4 * ranked[-2]
    ax.set_ylim(-edge if (values < 0).any() else 0.0, edge)
    for x, value in zip(k, values, strict=True):
        if abs(value) > edge:
            ax.annotate(
                _short(value),
                (x, edge if value > 0 else -edge),
                (0, 2 if value > 0 else -2),
                textcoords="offset points",
                ha="center",
                va="bottom" if value > 0 else "top",
                fontsize=8,
                color=_SOFT,
            )


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
