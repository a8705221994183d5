"""The rows of a Problem as one sparse matrix, the form that dual and search use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from planner.compiled import compiled
from planner.problem import Problem, Row

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LinearRows:
    """
    Loads as ``matrix.T @ chosen``, with a band and a price per row.

    A unit whose demand alone exceeds the high end of a priced row pays for the excess
    whoever serves it. That part moves from the row into the arc's cost (`unavoidable`)
    and the demand is cut at the high end: the same cost for every plan, and a much
    better bound, because no fraction of the unit can hide from it.

    Attributes
    ----------
    ids
        Row ids, length K.
    matrix
        Demand of each arc in each row, shape (arcs, K), CSR.
    cost
        Pair-wise cost of each arc with the unavoidable part, shape (arcs,).
    low, high, price
        Shape (K,); high and price are inf where there is none.
    """

    ids: tuple[str, ...]
    matrix: csr_array
    cost: NDArray[np.int64]
    low: Floats
    high: Floats
    price: Floats


def dropped_terms(problem: Problem) -> tuple[str, ...]:
    """Terms and rules that no row expresses, so that no price knows of them."""
    dropped = sorted({split.term for split in problem.splits})
    if problem.apart:
        dropped.append("apart")
    if problem.areas is not None:
        asked = {
            "contiguity": problem.areas.contiguous,
            "compactness": problem.areas.inertia is not None,
            "cut_edges": problem.areas.cut is not None,
        }
        dropped += [name for name, used in asked.items() if used]
    return tuple(dropped)


def linear_rows(problem: Problem) -> LinearRows:
    """Collect all rows that can ever matter."""
    rows = [r for r in problem.rows if r.low > 0 or r.high is not None]
    cost = problem.total_cost.copy()
    high = np.array([np.inf if r.high is None else r.high for r in rows], float)
    price = np.array([np.inf if r.price is None else r.price for r in rows], float)
    measure, row_of = layers(rows, problem.m)
    arcs = len(problem.rep)
    begin = np.zeros(arcs + 1, dtype=np.int64)
    _count(problem.rep, problem.demand, measure, row_of, begin)
    total = int(begin[-1])
    index = np.int32 if max(total, len(rows)) < 2**31 else np.int64
    row, amount = np.empty(total, dtype=index), np.empty(total)
    cut = np.array([_cut(r) for r in rows], dtype=np.int64)
    each = np.array([r.price or 0 for r in rows], dtype=np.int64)
    _fill(
        problem.rep,
        problem.demand,
        measure,
        row_of,
        begin,
        row,
        amount,
        cut,
        each,
        cost,
    )
    return LinearRows(
        ids=tuple(r.id for r in rows),
        matrix=csr_array(
            (amount, row, begin.astype(index)), shape=(arcs, len(rows)), copy=False
        ),
        cost=cost,
        low=np.array([r.low for r in rows], dtype=float),
        high=high,
        price=price,
    )


def _cut(row: Row) -> int:
    """Demand above this is unavoidably outside the band; -1: never."""
    return -1 if row.price is None or row.high is None else row.high


def layers(rows: list[Row], m: int) -> tuple[NDArray, NDArray]:
    """
    Stack rows of one measure that share no rep, so that an arc meets one per layer.

    Returns
    -------
    Measure of each layer (L,), and row of each rep and nobody in it, -1 where there
    is none, (L, m + 1).
    """
    layers: list[tuple[int, NDArray]] = []
    for index, row in enumerate(rows):
        for measure, row_of in reversed(layers):
            if measure == row.measure and (row_of[row.reps] < 0).all():
                row_of[row.reps] = index
                break
        else:
            layers.append((row.measure, np.full(m + 1, -1, dtype=np.int64)))
            layers[-1][1][row.reps] = index
    measures = np.array([measure for measure, _ in layers], dtype=np.int64)
    stacked = [row_of for _, row_of in layers]
    return measures, np.array(stacked, dtype=np.int64).reshape(len(layers), m + 1)


@compiled
def _count(rep, demand, measure, row_of, begin):  # type: ignore[no-untyped-def]
    """Where the entries of each arc begin."""
    for arc in range(len(rep)):
        n = 0
        for layer in range(len(measure)):
            if row_of[layer, rep[arc]] >= 0 and demand[measure[layer], arc] > 0:
                n += 1
        begin[arc + 1] = begin[arc] + n


@compiled
def _fill(  # type: ignore[no-untyped-def]
    rep, demand, measure, row_of, begin, row, amount, cut, price, cost
):
    """Entries of each arc, rising by row; what no plan avoids goes into its cost."""
    for arc in range(len(rep)):
        at = begin[arc]
        for layer in range(len(measure)):
            k = row_of[layer, rep[arc]]
            taken = np.int64(demand[measure[layer], arc])
            if k < 0 or taken == 0:
                continue
            if cut[k] >= 0 and taken > cut[k]:
                cost[arc] += price[k] * (taken - cut[k])
                taken = cut[k]
            to = at
            while to > begin[arc] and row[to - 1] > k:
                row[to], amount[to] = row[to - 1], amount[to - 1]
                to -= 1
            row[to], amount[to] = k, taken
            at += 1
