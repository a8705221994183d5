"""
The one place that turns real numbers into the integers that a plan is judged by.

Costs are kept in minor currency units (cents), or in a finer power of ten where a
price per unit of a measure demands it; measures on a power of ten that is exact for
the decimals of their table. `compile` and `verify` both round here and nowhere else,
once per account, rep and term.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

LARGEST_TOTAL = 2**53
"""Totals above this are refused: beyond it a double cannot hold every integer."""

MINOR_UNITS = 100
"""Minor units of one unit of currency, the coarsest cost scale."""

_MOST_DECIMALS = 6
_SNAP = 6


def to_integers(values: ArrayLike, scale: int = 1) -> NDArray[np.int64]:
    """
    Round ``values * scale`` half to even.

    Products of decimals that ought to end in exactly .5 differ in their last bits
    with the order of multiplication, so values are first snapped to six decimals.
    """
    scaled = np.array(values, dtype=float)
    scaled *= scale
    np.rint(np.round(scaled, _SNAP, out=scaled), out=scaled)  # fresh memory is slow
    return scaled.astype(np.int64)[()]


def highest(limit: float, scale: int) -> int:
    """Largest integer load that keeps a hard upper limit."""
    return int(np.floor(np.round(limit * scale, _SNAP)))


def lowest(limit: float, scale: int) -> int:
    """Smallest integer load that keeps a hard lower limit."""
    return int(np.ceil(np.round(limit * scale, _SNAP)))


def decimals_scale(values: ArrayLike, most: int = _MOST_DECIMALS) -> int:
    """
    Smallest power of ten that makes every value whole, at most ``10**most``.

    >>> decimals_scale([1.5, 2.25])
    100
    """
    array = np.asarray(values, dtype=float)
    for power in range(most):
        scaled = array * 10**power
        if np.all(np.abs(scaled - np.rint(scaled)) <= 1e-9 * np.maximum(1, scaled)):
            return 10**power
    return 10**most


def cost_scale(prices_per_step: Iterable[float]) -> int:
    """
    Smallest power of ten, at least `MINOR_UNITS`, that makes every price whole.

    Parameters
    ----------
    prices_per_step
        Currency per smallest step of a measure (price per unit / measure scale).

    Notes
    -----
    At most ``10**9``; a price finer than that is rounded half to even.
    """
    scale = MINOR_UNITS
    for price in prices_per_step:
        while scale < 10**9 and abs(price * scale - round(price * scale)) > 1e-6:
            scale *= 10
    return scale
