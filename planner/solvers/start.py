"""What a solve may start from: an earlier plan and its prices."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from planner.problem import Problem
from planner.solvers.result import Prices
from planner.solvers.rows import LinearRows

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WarmStart:
    """
    An earlier answer to the same question, or to one much like it.

    Attributes
    ----------
    rep_of
        Rep of each unit (m: nobody, -1: unknown), shape (n,). Need not be feasible.
    prices
        Dual prices of that answer; rows that it does not know start at 0.
    """

    rep_of: NDArray[np.intp]
    prices: Prices = field(default_factory=lambda: Prices({}, 1, 0))

    def arcs(self, problem: Problem) -> NDArray[np.int64]:
        """Arc of each unit, -1 where its rep is unknown or not eligible, shape (n,)."""
        hit = np.flatnonzero(problem.rep == self.rep_of[problem.unit])
        arcs = np.full(problem.n, -1, dtype=np.int64)
        arcs[problem.unit[hit]] = hit
        return arcs

    def row_prices(self, rows: LinearRows) -> Floats | None:
        """Price of one step of each row, shape (K,); None where nothing is known."""
        known = self.prices.numerators
        if not known:
            return None
        scale = self.prices.scale
        return np.array([known.get(row, 0) / scale for row in rows.ids])


def completed(
    problem: Problem, arcs: NDArray[np.int64], reduced: Floats
) -> NDArray[np.int64]:
    """Fill the gaps (-1) of a plan with each unit's arc of least reduced cost."""
    best = np.minimum.reduceat(reduced, problem.start[:-1])
    cheapest = np.flatnonzero(reduced == best[problem.unit])
    first = np.searchsorted(cheapest, problem.start[:-1])
    return np.where(arcs >= 0, arcs, cheapest[first])
