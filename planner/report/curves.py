"""Two curves as numbers for a template: trade-offs, and cost by number of reps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from planner.report.numbers import Numbers

WIDTH, HEIGHT, LOWER = 720.0, 330.0, 120.0
"""Of a chart, and of the panel under it, in units of their own."""

_LEFT, _RIGHT, _TOP, _BOTTOM = 76.0, 26.0, 34.0, 46.0
_LETTER, _LINE = 7.4, 13.0
"""Guessed size of a letter of a label: the reader's font is not known."""


@dataclass(frozen=True)
class Axis:
    """An axis: where each tick is, and what it says."""

    title: str
    ticks: list[tuple[float, str]]


@dataclass(frozen=True)
class Spot:
    """One plan on a chart; `label` is where there is room for one."""

    x: float
    y: float
    title: str
    label: str = ""
    label_x: float = 0.0
    label_y: float = 0.0
    anchor: str = "start"
    strong: bool = False


@dataclass(frozen=True)
class Bar:
    """One bar of the lower panel, from the line of zero."""

    x: float
    y: float
    width: float
    height: float
    title: str
    good: bool


@dataclass(frozen=True)
class Chart:
    """
    A chart of `WIDTH` x `height` units, y downwards.

    Attributes
    ----------
    spots, line
        Plans, and path data of the line through them.
    band, lower
        Path data of what is not proven between cost and bound, and of the bound; ""
        without.
    left, right, top, base
        Ends of the axes.
    bars, bar_axis, zero
        Of the lower panel, if there is one: bars, its axis, and its line of zero.
    """

    height: float
    x: Axis
    y: Axis
    spots: list[Spot]
    line: str
    band: str = ""
    lower: str = ""
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    top: float = _TOP
    base: float = HEIGHT - _BOTTOM
    bars: list[Bar] = field(default_factory=list)
    bar_axis: Axis | None = None
    zero: float = 0.0


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """
    Round numbers that cover a range, at most `most` of them.

    Examples
    --------
    >>> ticks(0.0, 4.2)
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    """
    extent = max(high - low, abs(high) * 1e-6, 1e-9)
    power = 10.0 ** np.floor(np.log10(extent / most))
    for factor in (1, 2, 5, 10, 20, 50):
        step = factor * power
        first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
        if last - first < most:
            break
    return [float(step * at) for at in np.arange(first, max(last, first + 1) + 1)]


def trade_chart(points: pd.DataFrame, titles: Sequence[str], numbers: Numbers) -> Chart:
    """
    Plans by two figures, both better the lower they are.

    Parameters
    ----------
    points
        Columns ``x``, ``y`` (figures), ``title`` (of the tooltip), ``label`` (short),
        ``strong`` (bool: these are labelled first).
    titles
        Of the axes.
    """
    x_ticks = ticks(points["x"].min(), points["x"].max())
    y_ticks = ticks(points["y"].min(), points["y"].max())
    x = _scale(x_ticks, _LEFT, WIDTH - _RIGHT, points["x"])
    y = _scale(y_ticks, HEIGHT - _BOTTOM, _TOP, points["y"])
    order = np.argsort(x, kind="stable")
    return Chart(
        height=HEIGHT,
        x=_axis(titles[0], x_ticks, _LEFT, WIDTH - _RIGHT, numbers),
        y=_axis(titles[1], y_ticks, HEIGHT - _BOTTOM, _TOP, numbers),
        spots=_labelled(points, x, y, titles[1]),
        line=_through(x[order], y[order]),
    )


def headcount_chart(
    curve: pd.DataFrame,
    titles: Sequence[str],
    numbers: Numbers,
    strong: Sequence[int] = (),
) -> Chart:
    """
    Cost and proven bound by number of reps, and under it what one more saves.

    Parameters
    ----------
    curve
        Columns ``k``, ``cost``, ``bound`` and ``marginal_value``; every row has a plan.
    titles
        Of the axes: number of reps, cost, what one more saves.
    strong
        Numbers of reps that stand out; their costs are labelled, and the ends'.
    """
    cost, bound = curve["cost"].to_numpy(float), curve["bound"].to_numpy(float)
    k = curve["k"].to_numpy(float)
    y_ticks = ticks(min(bound.min(), cost.min()), cost.max())
    x = _LEFT + 30 + (k - k.min()) / max(np.ptp(k), 1) * (WIDTH - _LEFT - _RIGHT - 60)
    base = HEIGHT - _BOTTOM
    y, low = (_scale(y_ticks, base, _TOP, one) for one in (cost, bound))
    told = {int(k.min()), int(k.max()), *strong}
    points = pd.DataFrame(
        {
            "title": [
                f"{int(n)}: {numbers.money(one)}"
                for n, one in zip(k, cost, strict=True)
            ],
            "label": [
                numbers.short(one) if int(n) in told else ""
                for n, one in zip(k, cost, strict=True)
            ],
            "strong": [int(n) in strong for n in k],
        }
    )
    bars, bar_axis, zero = _bars(curve, x, titles[2], numbers)
    return Chart(
        height=HEIGHT + LOWER,
        x=Axis(titles[0], _whole_ticks(k, x, numbers)),
        y=_axis(titles[1], y_ticks, base, _TOP, numbers),
        spots=_labelled(points, x, y, titles[1]),
        line=_through(x, y),
        band=_through(np.append(x, x[::-1]), np.append(y, low[::-1])) + "Z",
        lower=_through(x, low),
        bars=bars,
        bar_axis=bar_axis,
        zero=zero,
    )


def _bars(
    curve: pd.DataFrame, x: np.ndarray, title: str, numbers: Numbers
) -> tuple[list[Bar], Axis, float]:
    """Return the bars under a curve, their axis, and the height of zero."""
    saved = curve["marginal_value"].to_numpy(float)
    known = np.isfinite(saved)
    ends = [*saved[known], 0.0]
    marks = ticks(min(ends), max(ends), 4)
    top, base = HEIGHT + 14, HEIGHT + LOWER - 14
    y = _scale(marks, base, top, saved)
    zero = float(_scale(marks, base, top, np.zeros(1))[0])
    width = 0.5 * min(float(np.diff(x).min()), 60.0) if len(x) > 1 else 30.0
    bars = [
        Bar(
            x=round(float(x[at] - width / 2), 1),
            y=round(min(float(y[at]), zero), 1),
            width=round(width, 1),
            height=round(abs(float(y[at]) - zero), 1),
            title=f"{int(curve['k'].iloc[at])}: {numbers.money(saved[at])}",
            good=bool(saved[at] >= 0),
        )
        for at in np.flatnonzero(known)
    ]
    return bars, _axis(title, marks, base, top, numbers), round(zero, 1)


def _scale(marks: Sequence[float], begin: float, end: float, values) -> np.ndarray:  # type: ignore[no-untyped-def]
    """Place values on an axis whose ticks reach from `begin` to `end`."""
    share = (np.asarray(values, float) - marks[0]) / (marks[-1] - marks[0])
    return np.asarray(begin + share * (end - begin))


def _axis(
    title: str, marks: Sequence[float], begin: float, end: float, numbers: Numbers
) -> Axis:
    places = np.round(_scale(marks, begin, end, marks), 1)
    return Axis(title, list(zip(places.tolist(), numbers.axis(marks), strict=True)))


def _whole_ticks(
    k: np.ndarray, x: np.ndarray, numbers: Numbers
) -> list[tuple[float, str]]:
    """Return a tick for each number of reps, or for each few of them."""
    every = max(1, int(np.ceil(len(k) / 14)))
    return [
        (round(float(at), 1), numbers.count(n))
        for n, at in list(zip(k, x, strict=True))[::every]
    ]


def _through(x: np.ndarray, y: np.ndarray) -> str:
    pairs = zip(x.tolist(), y.tolist(), strict=True)
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in pairs)


def _labelled(
    points: pd.DataFrame, x: np.ndarray, y: np.ndarray, title: str
) -> list[Spot]:
    """Label as many points as there is room for, the strong ones first."""
    taken = [(a - 5, b - 5, a + 5, b + 5) for a, b in zip(x, y, strict=True)]
    taken += [(_LEFT, 0.0, _LEFT + _LETTER * len(title), 13.0), *_along(x, y)]
    strong = points["strong"].to_numpy(bool)
    spots: dict[int, Spot] = {}
    for at in np.argsort(~strong, kind="stable"):
        row = points.iloc[at]
        wide = _LETTER * len(str(row["label"])) * (1.1 if strong[at] else 1.0)
        place = None
        if row["label"]:
            place = _free_place(float(x[at]), float(y[at]), wide, taken)
        label: dict[str, object] = {}
        if place is not None:
            box, anchor = place
            taken.append(box)
            edge = {"start": box[0], "middle": (box[0] + box[2]) / 2, "end": box[2]}
            label = {
                "label": str(row["label"]),
                "label_x": round(edge[anchor], 1),
                "label_y": round(box[3] - 3, 1),
                "anchor": anchor,
            }
        spots[int(at)] = Spot(
            x=round(float(x[at]), 1),
            y=round(float(y[at]), 1),
            title=str(row["title"]),
            strong=bool(strong[at]),
            **label,  # type: ignore[arg-type]
        )
    return [spots[at] for at in sorted(spots)]


def _along(x: np.ndarray, y: np.ndarray) -> list[Box]:
    """Return small boxes along the line through the points: no label crosses it."""
    order = np.argsort(x, kind="stable")
    way = np.append(0, np.cumsum(np.hypot(np.diff(x[order]), np.diff(y[order]))))
    steps = np.arange(0, way[-1], 4.0)
    places = zip(
        np.interp(steps, way, x[order]), np.interp(steps, way, y[order]), strict=True
    )
    return [(float(a) - 1, float(b) - 1, float(a) + 1, float(b) + 1) for a, b in places]


Box = tuple[float, float, float, float]


def _free_place(
    x: float, y: float, wide: float, taken: Sequence[Box]
) -> tuple[Box, str] | None:
    """Return a box beside a point that touches nothing, and its anchor."""
    for left, top, anchor in (
        (x - wide / 2, y - 8 - _LINE, "middle"),
        (x + 7, y - 4 - _LINE, "start"),
        (x - wide / 2, y + 8, "middle"),
        (x - 8 - wide, y - 6 - _LINE / 2, "end"),
    ):
        box = (left, top, left + wide, top + _LINE)
        inside = box[0] >= _LEFT and box[2] <= WIDTH and box[1] >= 0
        if inside and box[3] <= HEIGHT - _BOTTOM and not _meets(box, taken):
            return box, anchor
    return None


def _meets(box: Box, taken: Sequence[Box]) -> bool:
    mine = [
        one
        for one in taken
        if box[0] < one[2] and box[2] > one[0] and box[1] < one[3] and box[3] > one[1]
    ]
    return bool(mine)
