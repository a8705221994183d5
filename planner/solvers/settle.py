"""Take back what a re-solve changed without any gain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.problem import Problem, evaluate
from planner.solvers.rows import LinearRows

Arcs = NDArray[np.int64]


def settle(problem: Problem, rows: LinearRows, arcs: Arcs, home: Arcs) -> Arcs:
    """
    Give units back to where they were, one by one, as long as that costs nothing.

    Parameters
    ----------
    arcs
        A feasible plan: arc of each unit, shape (n,).
    home
        Arc of each unit before; -1 where that arc is gone. Shape (n,).

    Returns
    -------
    A feasible plan of at most the same cost, in which no single unit can go home
    without higher cost or a broken rule.
    """
    arcs = arcs.copy()
    matrix = rows.matrix
    load = np.asarray(matrix[arcs].sum(axis=0)).ravel()
    in_sets = np.zeros(problem.n, dtype=bool)
    for units in (*(split.units for split in problem.splits), *problem.apart):
        in_sets[units] = True

    def outside(rows_hit: NDArray, at: NDArray) -> NDArray:
        return np.maximum(
            np.maximum(at - rows.high[rows_hit], rows.low[rows_hit] - at), 0
        )

    def goes_home(unit: int) -> bool:
        old, new = arcs[unit], home[unit]
        change = np.zeros(0)
        begin, end = matrix.indptr[[old, old + 1]]
        first, last = matrix.indptr[[new, new + 1]]
        columns = np.r_[matrix.indices[begin:end], matrix.indices[first:last]]
        steps = np.r_[-matrix.data[begin:end], matrix.data[first:last]]
        hit, where = np.unique(columns, return_inverse=True)
        change = np.bincount(where, steps, minlength=len(hit))
        before, after = outside(hit, load[hit]), outside(hit, load[hit] + change)
        hard = np.isinf(rows.price[hit])
        if (after[hard] > 0).any():
            return False
        priced = rows.price[hit][~hard] @ (after - before)[~hard]
        if rows.cost[new] - rows.cost[old] + priced > 0 and not in_sets[unit]:
            return False
        if in_sets[unit]:
            trial = arcs.copy()
            trial[unit] = new
            there, here = evaluate(problem, trial), evaluate(problem, arcs)
            if not there.feasible or there.cost > here.cost:
                return False
        load[hit] += change
        arcs[unit] = new
        return True

    away = [int(u) for u in np.flatnonzero((arcs != home) & (home >= 0))]
    while True:
        still = [unit for unit in away if not goes_home(unit)]
        if len(still) == len(away):
            return arcs
        away = still
