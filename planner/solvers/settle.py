"""Take back what a re-solve changed without any gain."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from planner.problem import Problem, evaluate
from planner.solvers.rows import LinearRows

Arcs = NDArray[np.int64]
Floats = NDArray[np.float64]


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
    plan = _Plan(problem, rows, arcs)
    away = [int(u) for u in np.flatnonzero((arcs != home) & (home >= 0))]
    while True:
        still = [unit for unit in away if not plan.moves(unit, int(home[unit]))]
        if len(still) == len(away):
            return plan.arcs
        away = still


def settle_on_map(
    problem: Problem, arcs: Arcs, home: Arcs, late: Callable[[], bool]
) -> Arcs:
    """
    Do as `settle` where territories must hang together: every trial is counted whole.

    Parameters
    ----------
    late
        True ends it with what is taken back so far.
    """
    arcs, cost = arcs.copy(), evaluate(problem, arcs).cost
    away = np.flatnonzero((arcs != home) & (home >= 0)).tolist()
    while True:
        still = []
        for unit in away:
            if late():
                return arcs
            trial = arcs.copy()
            trial[unit] = home[unit]
            there = evaluate(problem, trial)
            if there.feasible and there.cost <= cost:
                arcs, cost = trial, there.cost
            else:
                still.append(unit)
        if len(still) == len(away):
            return arcs
        away = still


class _Plan:
    """A feasible plan and the load of its rows."""

    def __init__(self, problem: Problem, rows: LinearRows, arcs: Arcs) -> None:
        self.problem, self.rows, self.arcs = problem, rows, arcs.copy()
        self.load = np.asarray(rows.matrix[arcs].sum(axis=0)).ravel()
        self.in_sets = np.zeros(problem.n, dtype=bool)
        for units in (*(split.units for split in problem.splits), *problem.apart):
            self.in_sets[units] = True

    def moves(self, unit: int, arc: int) -> bool:
        """Give a unit another arc, unless that costs or breaks a rule."""
        rows, old = self.rows, self.arcs[unit]
        hit, change = self._change(int(old), arc)
        before, after = self._outside(hit, 0.0), self._outside(hit, change)
        hard = np.isinf(rows.price[hit])
        if (after[hard] > 0).any():
            return False
        if self.in_sets[unit]:
            costs = self._counts_as_whole(unit, arc) > 0
        else:
            priced = rows.price[hit][~hard] @ (after - before)[~hard]
            costs = rows.cost[arc] - rows.cost[old] + priced > 0
        if costs:
            return False
        self.load[hit] += change
        self.arcs[unit] = arc
        return True

    def _change(self, old: int, new: int) -> tuple[NDArray[np.integer], Floats]:
        """Rows that a change of arc touches, and by how much their loads change."""
        matrix = self.rows.matrix
        leaves = slice(matrix.indptr[old], matrix.indptr[old + 1])
        comes = slice(matrix.indptr[new], matrix.indptr[new + 1])
        touched = np.r_[matrix.indices[leaves], matrix.indices[comes]]
        steps = np.r_[-matrix.data[leaves], matrix.data[comes]]
        hit, where = np.unique(touched, return_inverse=True)
        return hit, np.bincount(where, steps, minlength=len(hit)).astype(float)

    def _outside(self, hit: NDArray[np.integer], change: Floats | float) -> Floats:
        load = self.load[hit] + change
        over, under = load - self.rows.high[hit], self.rows.low[hit] - load
        return np.asarray(np.maximum(np.maximum(over, under), 0.0))

    def _counts_as_whole(self, unit: int, arc: int) -> float:
        """Rise of cost when sets are counted too; inf where a rule is broken."""
        trial = self.arcs.copy()
        trial[unit] = arc
        there = evaluate(self.problem, trial)
        if not there.feasible:
            return np.inf
        return there.cost - evaluate(self.problem, self.arcs).cost
