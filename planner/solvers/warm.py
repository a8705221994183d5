"""Compile the search before the clock starts: some ten seconds, once per machine."""

from __future__ import annotations

from functools import cache

import numpy as np

from planner.problem import Problem, Row, Split
from planner.solvers.dual import solve_dual
from planner.solvers.knapsack import solve_knapsack_dual
from planner.solvers.result import Watch
from planner.solvers.rows import linear_rows
from planner.solvers.sets import solve_sets


@cache
def warm_up() -> None:
    """
    Run duals and search on two units and two reps, so that all are compiled.

    The machine code is kept beside the package (or in the user's cache folder), so
    later runs only load it, in less than a second.
    """
    from planner.solvers.search import search

    pairs = np.array([0, 1, 0, 1], dtype=np.int32)
    ones = np.ones((1, 4), dtype=np.int64)
    problem = Problem(
        unit_ids=("a", "b"),
        rep_ids=("x", "y"),
        start=np.array([0, 2, 4]),
        rep=pairs,
        terms=("travel",),
        cost=np.array([[1, 2, 2, 1]], dtype=np.int64),
        measures=("accounts",),
        scales=(1,),
        demand=ones,
        rows=(Row("limits[0]/x", 0, np.array([0]), 0, 1, None),),
        splits=(Split("together[0]", np.array([0, 1]), np.array([0, 1]), 1),),
    )
    rows, watch = linear_rows(problem), Watch(60.0)
    dual = solve_dual(problem, rows, watch)
    solve_knapsack_dual(problem, rows, dual, watch, iterations=2)
    solve_sets(problem, dual, watch)
    search(problem, rows, dual, watch, iterations=10)
