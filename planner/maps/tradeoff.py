"""The chart of a frontier: what is held along x, what it costs along y, the bounds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from planner.maps.fonts import families_for, quiet_fonts
from planner.maps.page import STYLE
from planner.maps.paint import INK
from planner.words import _

_SIZE = (9.6, 6.0)
_DPI = 200
_SOFT, _RULE = "#5f646a", "#e6e8ea"
_POINT, _KNEE, _TODAY, _PROVEN = "#0072b2", "#d55e00", "#000000", "#dfe3e8"
_SERIES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#666666")
"""Colours that also colour-blind people tell apart (Okabe and Ito 2008)."""
_SIGNS = "os^Dv<>"
FAR = 0.6
"""Today's plan is drawn where it is no farther off than this share of the range."""

Floats = Sequence[float]


def write_tradeoff_chart(
    folder: Path,
    *,
    cost: Floats,
    bound: Floats,
    values: Sequence[Floats],
    names: Sequence[str],
    knee: int | None,
    today: tuple[float, Floats] | None,
    labels: Sequence[str],
    minimised: str,
    currency: str,
    title: str,
) -> list[str]:
    """
    Write ``frontier.png`` and ``frontier.svg``.

    Parameters
    ----------
    folder
        An existing folder.
    cost, bound
        Of each point, in currency a year.
    values
        Percent of each point on the axes that are held, one or two.
    knee
        Number of the point where the trade turns.
    today
        Cost and values of today's plan.
    labels, minimised
        What is held, and what is minimised, in words.

    Returns
    -------
    Messages for the user, such as a font to install; usually none.
    """
    families, message = families_for([title, currency, minimised, *labels])
    with mpl.rc_context({**STYLE, "font.family": families}), quiet_fonts():
        figure = Figure(figsize=_SIZE)
        FigureCanvasAgg(figure)
        ax = figure.subplots()
        table = np.array(values, dtype=float)
        if len(labels) == 1:
            _draw_line(ax, table[:, 0], np.array(cost), np.array(bound), names, knee)
        else:
            _draw_family(ax, table, np.array(cost), names, knee, labels[1])
        _draw_today(ax, today)
        ax.set_xlabel(labels[0], color=_SOFT, fontsize=9.5)
        ax.set_ylabel(
            _("{terms}, {currency} a year").format(terms=minimised, currency=currency),
            color=_SOFT,
            fontsize=9.5,
        )
        ax.set_title(title, loc="left", fontweight="bold", color=INK, pad=30)
        _legend(ax)
        _quiet(ax)
        figure.savefig(folder / "frontier.png", dpi=_DPI, bbox_inches="tight")
        figure.savefig(
            folder / "frontier.svg", bbox_inches="tight", metadata={"Date": None}
        )
    return [message] if message else []


def _draw_line(
    ax: Axes,
    x: np.ndarray,
    cost: np.ndarray,
    bound: np.ndarray,
    names: Sequence[str],
    knee: int | None,
) -> None:
    """One curve, and below it what is proven: no plan lies in the grey."""
    order = np.argsort(x, kind="stable")
    ax.plot(x[order], cost[order], color=_POINT, lw=1.6, zorder=3)
    ax.plot(x, cost, "o", color=_POINT, ms=6, zorder=4, label=_("Plan"))
    low = min(bound.min(), cost.min())
    span = max(cost.max() - low, 1e-9)
    floor = low - 0.18 * span
    ax.fill_between(
        x[order],
        bound[order],
        floor,
        color=_PROVEN,
        lw=0,
        zorder=1,
        label=_("Proven: no plan lies here"),
    )
    ax.plot(x[order], bound[order], color=_SOFT, lw=1.0, ls=(0, (4, 2)), zorder=2)
    ax.set_ylim(floor, cost.max() + 0.16 * span)
    _mark_knee(ax, x, cost, knee)
    ends = {int(order[0]), int(order[-1]), *([] if knee is None else [knee])}
    for at in sorted(ends):
        _name(ax, x[at], cost[at], names[at], bold=at == knee)


def _draw_family(
    ax: Axes,
    table: np.ndarray,
    cost: np.ndarray,
    names: Sequence[str],
    knee: int | None,
    label: str,
) -> None:
    """A curve for each group of plans with about the same value on the second axis."""
    groups = _groups(table[:, 1])
    for number, members in enumerate(groups):
        colour = _SERIES[number % len(_SERIES)]
        order = members[np.argsort(table[members, 0], kind="stable")]
        low, high = table[members, 1].min(), table[members, 1].max()
        span = f"{low:.1f}" if high - low < 0.05 else f"{low:.1f}-{high:.1f}"
        ax.plot(
            table[order, 0],
            cost[order],
            color=colour,
            lw=1.4,
            marker=_SIGNS[number % len(_SIGNS)],
            ms=6,
            zorder=3,
            label=f"{span} %",
        )
        last = int(order[0])
        _name(ax, table[last, 0], cost[last], names[last])
    ax.plot([], [], " ", label=label)
    _mark_knee(ax, table[:, 0], cost, knee)
    ax.margins(0.08)


def _groups(values: np.ndarray) -> list[np.ndarray]:
    """Cut values where they are farthest apart; no more groups than colours."""
    order = np.argsort(values, kind="stable")
    gaps = np.diff(values[order])
    wide = gaps > 0.25 * max(float(np.ptp(values)), 1e-9) / np.sqrt(len(values))
    cuts = np.flatnonzero(wide)
    most = len(_SERIES) - 1
    if len(cuts) > most:
        cuts = np.sort(cuts[np.argsort(-gaps[cuts], kind="stable")[:most]])
    return np.split(order, cuts + 1)


def _mark_knee(ax: Axes, x: np.ndarray, cost: np.ndarray, knee: int | None) -> None:
    if knee is not None:
        ax.plot(
            [x[knee]],
            [cost[knee]],
            "o",
            ms=15,
            mfc="none",
            mec=_KNEE,
            mew=2.2,
            zorder=5,
            label=_("Knee"),
        )


def _name(ax: Axes, x: float, y: float, name: str, *, bold: bool = False) -> None:
    ax.annotate(
        name,
        (x, y),
        (0, 13 if bold else 9),
        textcoords="offset points",
        ha="center",
        fontsize=9,
        fontweight="bold" if bold else "normal",
        color=INK,
        zorder=6,
    )


def _draw_today(ax: Axes, today: tuple[float, Floats] | None) -> None:
    """Mark today's plan; where it is far off, say at the edge where it lies."""
    if today is None:
        return
    cost, values = today
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    x, y = float(values[0]), cost
    wide, tall = right - left, high - low
    near = (
        left - FAR * wide <= x <= right + FAR * wide
        and low - FAR * tall <= y <= high + FAR * tall
    )
    if near:
        ax.plot([x], [y], "X", color=_TODAY, ms=9, zorder=5, label=_("Today's owners"))
        return
    text = _("Today's owners, off this chart: {x:.1f} %, {y:,.0f}").format(x=x, y=y)
    ax.annotate(
        text,
        (0.995, 0.985),
        xycoords="axes fraction",
        ha="right",
        va="top",
        fontsize=8.5,
        color=_SOFT,
        bbox={"fc": "white", "ec": "none", "pad": 2},
    )
    ax.set_xlim(left, right)
    ax.set_ylim(low, high)


def _legend(ax: Axes) -> None:
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(
        handles,
        labels,
        ncols=min(len(labels), 6),
        frameon=False,
        fontsize=8.5,
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        borderaxespad=0.2,
        handlelength=1.4,
        columnspacing=1.4,
    )


def _quiet(ax: Axes) -> None:
    """Leave lines only where they help to read a value."""
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set_color("#c8ccd0")
    ax.tick_params(length=0, labelsize=8.5, colors=_SOFT)
    ax.grid(axis="y", color=_RULE, lw=0.8, zorder=0)
    ax.yaxis.set_major_locator(MaxNLocator(6))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _at: f"{value:,.0f}"))
    ax.set_axisbelow(True)
