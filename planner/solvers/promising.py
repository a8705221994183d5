"""Which arcs the search looks at: those of least reduced cost, and what rules need."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from planner.compiled import compiled
from planner.problem import Problem
from planner.solvers.dual import Dual

Arcs = NDArray[np.int64]
Bools = NDArray[np.bool_]
Indices = NDArray[np.integer]

FAVOURITES = 3
"""Arcs per unit that its company in a split set looks at, too."""


def candidates(
    problem: Problem, dual: Dual, start: Arcs | None, width: int
) -> tuple[Arcs, Arcs]:
    """
    Arcs of least reduced cost per unit, cheapest first, and those of `start`.

    Leaving out is always a candidate. Units of an apart set look as many reps further
    as the set is large, and units of a split set also at what its other units like
    best: there the prices know nothing of the rule.

    Parameters
    ----------
    start
        Arc of each unit, shape (n,); None: no plan is given.
    width
        Arcs per unit.

    Returns
    -------
    Where the candidates of each unit begin, shape (n + 1,), and their arcs.
    """
    widths = np.full(problem.n, width)
    for units in problem.apart:
        widths[units] = np.maximum(widths[units], width + len(units))
    forced = problem.rep == problem.nobody
    if problem.splits:
        forced |= _liked_by_company(problem, dual)
    if start is not None:
        forced[start] = True
    kept = np.empty(_count(problem.start, widths, forced), dtype=np.int64)
    first = np.empty(problem.n + 1, dtype=np.int64)
    filled = _least(problem.start, dual.reduced, widths, forced, first, kept)
    return first, kept[:filled]


@compiled
def _count(start: Arcs, width: Indices, forced: Bools) -> int:
    """Room that suffices for the candidates of all units."""
    room = 0
    for unit in range(len(width)):
        asked = 0
        for arc in range(start[unit], start[unit + 1]):
            asked += forced[arc]
        room += min(start[unit + 1] - start[unit], width[unit] + asked)
    return room


@compiled
def _least(  # type: ignore[no-untyped-def]
    start, value, width, forced, first, kept
) -> int:
    """Choose and sort the candidates of each unit; return how many there are."""
    filled = 0
    for unit in range(len(width)):
        first[unit] = filled
        least = 0  # of the arcs chosen for their value, which come first
        for arc in range(start[unit], start[unit + 1]):
            if least == width[unit]:
                if value[arc] >= value[kept[filled + least - 1]]:
                    continue
                least -= 1
            at = filled + least
            while at > filled and value[kept[at - 1]] > value[arc]:
                kept[at] = kept[at - 1]
                at -= 1
            kept[at] = arc
            least += 1
        size = least
        for arc in range(start[unit], start[unit + 1]):
            if not forced[arc]:
                continue
            known = False
            for at in range(filled, filled + least):
                known |= kept[at] == arc
            if not known:
                at = filled + size
                while at > filled and value[kept[at - 1]] > value[arc]:
                    kept[at] = kept[at - 1]
                    at -= 1
                kept[at] = arc
                size += 1
                least = size
        filled += size
    first[len(width)] = filled
    return filled


def _liked_by_company(problem: Problem, dual: Dual) -> Bools:
    """Whether each arc leads to a favourite of any unit in a split set with its own."""
    n, m = problem.n, problem.m
    none = np.zeros(len(problem.rep), dtype=bool)
    liked = np.empty(n * FAVOURITES, dtype=np.int64)
    first = np.empty(n + 1, dtype=np.int64)
    few = np.full(n, FAVOURITES)
    liked = liked[: _least(problem.start, dual.reduced, few, none, first, liked)]
    sizes = [len(split.units) for split in problem.splits]
    row = np.repeat(np.arange(len(sizes)), sizes)
    column = np.concatenate([split.units for split in problem.splits])
    member = csr_array((np.ones(len(row)), (row, column)), (len(sizes), n))
    pairs = (problem.unit[liked], problem.rep[liked])
    likes = csr_array((np.ones(len(liked)), pairs), (n, m + 1))
    shared = (member.T @ (member @ likes)).tocoo()
    wanted = shared.row.astype(np.int64) * (m + 1) + shared.col
    return np.isin(problem.unit.astype(np.int64) * (m + 1) + problem.rep, wanted)
