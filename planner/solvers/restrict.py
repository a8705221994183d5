"""A Problem in which some arcs are left out and decided units are no longer asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.problem import Problem, Row, Split

Arcs = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Restricted:
    """
    What is left of a problem, and the way back.

    Attributes
    ----------
    problem
        The smaller problem; its cost is lower than the whole one's by a constant.
    arcs
        Arc of the whole problem behind each of its arcs.
    units
        Units of the whole problem that it still asks for.
    decided
        The only arc left of each other unit, any arc of units still asked, (n,).
    """

    problem: Problem
    arcs: Arcs
    units: NDArray[np.int64]
    decided: Arcs

    def whole(self, arcs: Arcs) -> Arcs:
        """Arcs of the whole problem for arcs of the smaller one."""
        plan = self.decided.copy()
        plan[self.units] = self.arcs[arcs]
        return plan

    def part(self, plan: Arcs) -> Arcs:
        """Arcs of the smaller problem for a plan made of kept arcs."""
        return np.searchsorted(self.arcs, plan[self.units])


def restrict(problem: Problem, kept: Bools) -> Restricted:
    """
    Leave out arcs; units with one arc left are decided and load their rows.

    Units of a split or apart set stay in question as long as any unit of it does.

    Parameters
    ----------
    kept
        Which arcs stay, shape (arcs,); at least one per unit.
    """
    count = np.add.reduceat(kept.astype(np.int64), problem.start[:-1])
    assert (count > 0).all()
    asked = count > 1
    for units in (*(split.units for split in problem.splits), *problem.apart):
        asked[units] = asked[units] | asked[units].any()
    first = np.flatnonzero(kept)
    decided = first[np.cumsum(count) - count]
    arcs = np.flatnonzero(kept & asked[problem.unit])
    units = np.flatnonzero(asked)
    place = np.cumsum(asked) - 1
    smaller = Problem(
        unit_ids=tuple(problem.unit_ids[u] for u in units.tolist()),
        rep_ids=problem.rep_ids,
        start=np.append(0, np.cumsum(count[asked])).astype(np.int64),
        rep=problem.rep[arcs],
        terms=("cost",),
        cost=problem.total_cost[arcs][None].astype(np.int64),
        measures=problem.measures,
        scales=problem.scales,
        demand=problem.demand[:, arcs].astype(np.int64),
        rows=tuple(_rows(problem, decided[~asked], arcs)),
        splits=tuple(
            Split(split.term, place[split.units], split.label_of_rep, split.price)
            for split in problem.splits
            if asked[split.units].any()
        ),
        apart=tuple(place[u] for u in problem.apart if asked[u].any()),
        cost_scale=problem.cost_scale,
    )
    return Restricted(smaller, arcs, units, decided)


def _rows(problem: Problem, decided: Arcs, arcs: Arcs) -> list[Row]:
    """Return the rows that still matter, their bands less what is decided."""
    shape = (len(problem.measures), problem.m + 1)
    load, open_ = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    for measure, demand in enumerate(problem.demand):
        np.add.at(load[measure], problem.rep[decided], demand[decided])
        np.add.at(open_[measure], problem.rep[arcs], demand[arcs])
    rows = []
    for row in problem.rows:
        if not open_[row.measure, row.reps].any():
            continue
        taken = int(load[row.measure, row.reps].sum())
        high = None if row.high is None else row.high - taken
        low = max(0, row.low - taken)
        rows.append(Row(row.id, row.measure, row.reps, low, high, row.price))
    return rows


def rank(problem: Problem, reduced: NDArray[np.float64]) -> NDArray[np.int64]:
    """Place of each arc among those of its unit by reduced cost, shape (arcs,)."""
    order = np.lexsort((reduced, problem.unit))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order)) - problem.start[problem.unit]
    return rank
