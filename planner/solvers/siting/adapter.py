"""Problem with an opening -> SitingModel: candidate bases are the sites."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.problem import Problem, Row
from planner.solvers.siting.model import NO_LIMIT, SitingModel

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

ROOM_ABOVE, ROOM_BELOW = 1.2, 0.5
"""
What the search for sites makes of a priced band: its high end times the one (and room
for any single unit), its low end times the other, both hard.
"""
USUAL_RANK = 2
"""What a unit takes, where it depends on the rep: that of its site of this rank."""


@dataclass(frozen=True, eq=False)
class Site:
    """The rows that speak of one candidate alone, by index in `Problem.rows`."""

    hard: tuple[int, ...]
    priced: tuple[int, ...]


def rows_of_sites(problem: Problem) -> list[Site]:
    """Return the rows of each rep of a problem, length m; others are left aside."""
    hard: list[list[int]] = [[] for _ in range(problem.m)]
    priced: list[list[int]] = [[] for _ in range(problem.m)]
    for index, row in enumerate(problem.rows):
        if len(row.reps) == 1 and row.reps[0] < problem.m:
            own = hard if row.price is None else priced
            own[int(row.reps[0])].append(index)
    return [Site(tuple(h), tuple(p)) for h, p in zip(hard, priced, strict=True)]


def siting_model(problem: Problem, *, bands: bool, proof: bool) -> SitingModel:
    """
    Return what of a problem depends on its sites: arcs, rows of single reps, opening.

    A site more, open in any case, takes the units that may be left out, if any may.

    Parameters
    ----------
    bands
        Whether priced bands count: as hard ones, wider. For a search.
    proof
        Whether every plan of the problem is to be one of the model, at no more than
        its cost; else units take what is usual instead of the least.

    Raises
    ------
    ValueError
        If the problem has no opening.
    """
    if problem.opening is None:
        raise ValueError("a problem without an opening has no sites to choose")
    opening, n, m = problem.opening, problem.n, problem.m
    cost = np.full((n, m + 1), np.inf)
    cost[problem.unit, problem.rep] = problem.total_cost
    extra = int(np.isfinite(cost[:, m]).any())
    demand, fixed = [], []
    for measure in range(len(problem.measures)):
        takes, same = _taken(problem, measure, proof)
        demand.append(takes)
        fixed.append(same)
    q = max(1, len(demand))
    low, high = np.zeros((q, m + extra), np.int64), np.full((q, m + extra), NO_LIMIT)
    takes = np.array(demand, dtype=np.int64).reshape(-1, n)
    if not demand:
        takes = np.zeros((1, n), dtype=np.int64)
    for site, rows in enumerate(rows_of_sites(problem)):
        for index in rows.hard + (rows.priced if bands else ()):
            row = problem.rows[index]
            ends = _ends(row, int(takes[row.measure].max(initial=0)))
            keeps_low = fixed[row.measure] or not proof
            low[row.measure, site] = max(
                low[row.measure, site], ends[0] if keeps_low else 0
            )
            high[row.measure, site] = _lower(high[row.measure, site], ends[1])
    used = (high != NO_LIMIT).any(axis=1) | (low > 0).any(axis=1)
    if not used.any():
        used[0] = True
    return SitingModel(
        cost=np.ascontiguousarray(cost[:, : m + extra]),
        demand=np.ascontiguousarray(takes[used]),
        low=np.ascontiguousarray(low[used]),
        high=np.ascontiguousarray(high[used]),
        p=opening.count + extra,
        exact=opening.exactly,
        open_cost=np.append(opening.cost.astype(float), np.zeros(extra)),
        kept=np.append(opening.kept, np.ones(extra, dtype=bool)),
        own=np.full(m + extra, -1),
    )


def _ends(row: Row, largest: int) -> tuple[int, int]:
    high = NO_LIMIT if row.high is None else row.high
    if row.price is None:
        return row.low, high
    wider = NO_LIMIT if high < 0 else int(high * ROOM_ABOVE) + largest
    return int(row.low * ROOM_BELOW), wider


def _lower(one: int, other: int) -> int:
    if NO_LIMIT in (one, other):
        return max(one, other)
    return min(one, other)


def _taken(problem: Problem, measure: int, proof: bool) -> tuple[Ints, bool]:
    """What each unit takes of a measure at any site, and whether that is exact."""
    served = problem.rep < problem.m
    unit, amount = problem.unit[served], problem.demand[measure][served]
    least = np.full(problem.n, np.iinfo(np.int64).max)
    np.minimum.at(least, unit, amount)
    least[least == np.iinfo(np.int64).max] = 0  # may only be left out
    if (amount == least[unit]).all():
        return least, True
    if proof:
        return least, False
    order = np.lexsort((problem.total_cost[served], unit))
    first = np.searchsorted(unit[order], np.arange(problem.n + 1))
    some = np.flatnonzero(np.diff(first) > 0)
    at = np.minimum(first[some] + USUAL_RANK, first[some + 1] - 1)
    usual = least.copy()
    usual[some] = amount[order][at]
    return usual, False
