"""Small charts of the report, as numbers for a template."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WIDTH = 360.0
"""Of a strip, in units of its own."""

_SIDE = 14.0
_LEAST_MIDDLE, _MOST_MIDDLE = 34.0, 46.0
_RADII = (3.4, 2.6, 1.9)
"""Of the dots: the largest that needs no taller strip, else the smallest."""


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
    middle, radius
        Height of the dots' centre line, and their radius. The strip is twice
        `middle` tall.
    piles
        x, y and count of dots that are pressed together, for a label left of them.
    """

    dots: list[Dot]
    band: tuple[float, float] | None
    ticks: list[tuple[float, float]]
    middle: float
    radius: float
    piles: list[tuple[float, float, int]] = field(default_factory=list)


def strip(shares: pd.Series, low: float | None, high: float | None) -> Strip:
    """
    Spread reps along an axis so that no dot hides another.

    Only a pile taller than the strip may be is pressed together.

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

    x = np.array([place(share) for share in known])
    for radius in _RADII:
        offsets = _swarm(x, radius)
        reach = float(np.abs(offsets).max(initial=0)) + radius + 4
        if reach <= _LEAST_MIDDLE:
            break
    piles = []
    if reach > _MOST_MIDDLE:  # many at one share, such as 100 % of capacity
        piles = _piles(x, offsets, _MOST_MIDDLE - radius - 4)
        offsets *= (_MOST_MIDDLE - radius - 4) / (reach - radius - 4)
        reach = _MOST_MIDDLE
    middle = max(_LEAST_MIDDLE, reach)
    outside = (known < (low or -np.inf) - 5e-4) | (known > (high or np.inf) + 5e-4)
    dots = [
        Dot(round(x[at], 1), round(middle + offsets[at], 1), str(rep), share, out)
        for at, (rep, share, out) in enumerate(
            zip(known.index, known.tolist(), outside.tolist(), strict=True)
        )
    ]
    band = None
    if low is not None or high is not None:
        band = (
            _SIDE / 2 if low is None else place(low),
            WIDTH - _SIDE / 2 if high is None else place(high),
        )
    ticks = np.arange(first, last + step / 2, step)
    axis = [(place(tick), float(tick)) for tick in ticks]
    return Strip(dots, band, axis, middle, radius, piles)


def _piles(x: Floats, offsets: Floats, room: float) -> list[tuple[float, float, int]]:
    """Return x, y and count of what stands higher than there is room for."""
    found: list[tuple[float, float, int]] = []
    for high in np.unique(x[np.abs(offsets) > room]):
        count = int((np.abs(x - high) < 0.3).sum())
        if not found or high - found[-1][0] > 12:
            found.append((round(float(high) - 6, 1), 13.0, count))
    return found


def _swarm(x: Floats, radius: float) -> Floats:
    """Offset each dot as little as lets it touch no earlier one; x is sorted."""
    offsets = np.zeros(len(x))
    step, apart = radius / 2, 2 * radius - 0.2
    for at in range(len(x)):
        near = np.arange(np.searchsorted(x[:at], x[at] - apart, side="right"), at)
        most = 4 * len(near) + 4  # each dot bars fewer than eight levels
        blocked = np.zeros(2 * most + 2, dtype=np.int64)
        reach = np.sqrt(np.maximum(apart**2 - (x[at] - x[near]) ** 2, 0))
        begin = np.floor((offsets[near] - reach) / step + 1e-9).astype(int) + 1
        end = np.ceil((offsets[near] + reach) / step - 1e-9).astype(int)
        some = begin < end
        np.add.at(blocked, np.clip(begin[some] + most, 0, 2 * most + 1), 1)
        np.add.at(blocked, np.clip(end[some] + most, 0, 2 * most + 1), -1)
        free = np.cumsum(blocked)[: 2 * most + 1] == 0
        up, down = np.argmax(free[most:]), np.argmax(free[most::-1])
        offsets[at] = step * (up if free[most + up] and up <= down else -down)
    return offsets


def _round_step(extent: float) -> float:
    """Distance between ticks: three to six of them."""
    for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0):
        if extent <= 4.5 * step:
            return step
    return float(np.ceil(extent / 4))
