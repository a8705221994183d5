"""One compiled pass over all arcs: the smoothed dual and the load it implies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.solvers.compiled import compiled

NEGLIGIBLE = 25.0
"""Arcs farther than this many eps above the best carry no weight (e^-25)."""


@compiled
def softmin(
    start: NDArray[np.int64],
    cost: NDArray[np.float64],
    row_start: NDArray[np.int32],
    row: NDArray[np.int32],
    amount: NDArray[np.float64],
    prices: NDArray[np.float64],
    eps: float,
    weight: NDArray[np.float64],
    load: NDArray[np.float64],
) -> tuple[float, float]:
    """
    Sum over units of the softmin and of the minimum of their priced arcs.

    Parameters
    ----------
    start, cost
        Arcs of unit u are ``start[u]:start[u + 1]``.
    row_start, row, amount
        Demand of each arc in each row, CSR, shape (arcs, K).
    prices
        Shape (K,).
    eps
        Temperature, in cost.
    weight, load
        Overwritten: share of its unit that each arc gets (arcs,), and the load of
        each row by these shares (K,).
    """
    load[:] = 0
    soft = 0.0
    hard = 0.0
    for unit in range(len(start) - 1):
        begin, end = start[unit], start[unit + 1]
        least = np.inf
        for arc in range(begin, end):
            priced = cost[arc]
            for i in range(row_start[arc], row_start[arc + 1]):
                priced += prices[row[i]] * amount[i]
            weight[arc] = priced
            least = min(least, priced)
        total = 0.0
        for arc in range(begin, end):
            above = (weight[arc] - least) / eps
            if above > NEGLIGIBLE:
                weight[arc] = 0.0
            else:
                weight[arc] = np.exp(-above)
                total += weight[arc]
        hard += least
        soft += least - eps * np.log(total)
        for arc in range(begin, end):
            if weight[arc] > 0:
                weight[arc] /= total
                for i in range(row_start[arc], row_start[arc + 1]):
                    load[row[i]] += weight[arc] * amount[i]
    return soft, hard
