"""The rows of a Problem as one sparse matrix, the form that dual and search use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from planner.problem import Problem

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


def linear_rows(problem: Problem) -> LinearRows:
    """Collect all rows that can ever matter."""
    rows = [r for r in problem.rows if r.low > 0 or r.high is not None]
    cost = problem.total_cost.copy()
    order = np.argsort(problem.rep, kind="stable")
    begins = np.searchsorted(problem.rep[order], np.arange(problem.m + 2))
    arcs, columns, values = [], [], []
    for index, row in enumerate(rows):
        at = np.concatenate([order[begins[r] : begins[r + 1]] for r in row.reps])
        demand = problem.demand[row.measure, at]
        at, demand = at[demand > 0], demand[demand > 0]
        if row.price is not None and row.high is not None:
            cost[at] += row.price * np.maximum(0, demand - row.high)
            demand = np.minimum(demand, row.high)
        arcs.append(at)
        columns.append(np.full(len(at), index))
        values.append(demand)
    shape = (len(problem.rep), len(rows))
    matrix = csr_array(shape, dtype=float)
    if rows:
        where = (np.concatenate(arcs), np.concatenate(columns))
        matrix = csr_array((np.concatenate(values).astype(float), where), shape=shape)
    return LinearRows(
        ids=tuple(row.id for row in rows),
        matrix=matrix,
        cost=cost,
        low=np.array([row.low for row in rows], dtype=float),
        high=np.array([np.inf if r.high is None else r.high for r in rows], float),
        price=np.array([np.inf if r.price is None else r.price for r in rows], float),
    )
