"""Small charts of the report, as numbers for a template."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

WIDTH, MIDDLE, RADIUS = 360.0, 34.0, 3.4
_SIDE = 14.0


@dataclass(frozen=True)
class Dot:
    """One rep on a strip."""

    x: float
    y: float
    rep: str
    share: float
    outside: bool


@dataclass(frozen=True)
class Strip:
    """
    One dot per rep along an axis of shares, `WIDTH` units wide.

    Attributes
    ----------
    band
        From x to x of what is allowed; None without a band.
    ticks
        (x, share) of the axis.
    """

    dots: list[Dot]
    band: tuple[float, float] | None
    ticks: list[tuple[float, float]]


def strip(shares: pd.Series, low: float | None, high: float | None) -> Strip:
    """
    Spread reps along an axis so that no dot hides another.

    Parameters
    ----------
    shares
        Share of the reference by rep id; NaN are left out.
    low, high
        Band of allowed shares; None = open on that side.
    """
    known = shares.dropna().sort_values()
    ends = [*known, 1.0, *(side for side in (low, high) if side is not None)]
    step = _round_step(max(ends) - min(ends))
    first = np.floor(min(ends) / step + 1e-9) * step
    last = max(np.ceil(max(ends) / step - 1e-9) * step, first + step)
    scale = (WIDTH - 2 * _SIDE) / (last - first)

    def place(share: float) -> float:
        return _SIDE + (share - first) * scale

    dots: list[Dot] = []
    for rep, share in known.items():
        x = place(share)
        outside = (low is not None and share < low - 5e-4) or (
            high is not None and share > high + 5e-4
        )
        dots.append(Dot(round(x, 1), _level(x, dots), str(rep), float(share), outside))
    band = None
    if low is not None or high is not None:
        band = (
            _SIDE / 2 if low is None else place(low),
            WIDTH - _SIDE / 2 if high is None else place(high),
        )
    ticks = np.arange(first, last + step / 2, step)
    return Strip(dots, band, [(place(tick), float(tick)) for tick in ticks])


def _level(x: float, dots: list[Dot]) -> float:
    """Height nearest to the middle at which a dot touches no earlier one."""
    near = [dot for dot in dots if abs(dot.x - x) < 2 * RADIUS]
    offsets = sorted((k * RADIUS / 2 for k in range(-14, 15)), key=abs)
    for offset in offsets:
        y = MIDDLE + offset
        if all(np.hypot(dot.x - x, dot.y - y) >= 2 * RADIUS - 0.2 for dot in near):
            return round(y, 1)
    return MIDDLE


def _round_step(extent: float) -> float:
    """Distance between ticks: three to six of them."""
    for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0):
        if extent <= 4.5 * step:
            return step
    return float(np.ceil(extent / 4))
