"""A view of a question as a `Problem` for the engine: large inputs, and maps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from planner.errors import PlannerError
from planner.problem import Problem, Row
from planner.ruled import Positions, Ruled, View
from planner.scenario.model import Solve
from planner.solvers.result import Progress, Status, Watch
from planner.solvers.ruled.connected import units_map
from planner.solvers.solve import solve_problem

ANY_PLAN = 1.0
"""Gap at which any plan will do."""


def problem_of(
    ruled: Ruled,
    seen: View,
    cost: NDArray[np.int64],
    rows: tuple[Row, ...] | None = None,
) -> Problem:
    """
    Return the question as a problem.

    Parameters
    ----------
    cost
        Price of each pair, shape (units, m + 1).
    rows
        In place of those of the view.
    """
    unit, rep = np.nonzero(seen.allowed)
    ids = ruled.pairs.accounts.index[seen.first]
    return Problem(
        unit_ids=tuple(map(str, ids)),
        rep_ids=tuple(map(str, ruled.pairs.reps.index)),
        start=np.searchsorted(unit, np.arange(seen.n + 1)).astype(np.int64),
        rep=rep.astype(np.int32),
        terms=("relaxed",),
        cost=cost[unit, rep][None],
        measures=ruled.pairs.measures,
        scales=ruled.pairs.scales,
        demand=seen.demand[:, unit, rep],
        rows=seen.bands if rows is None else rows,
        apart=seen.apart,
        areas=units_map(ruled, seen) if ruled.areas is not None else None,
    )


def ask_engine(
    ruled: Ruled, seen: View, watch: Watch, seed: int, threads: int
) -> tuple[Positions | None, bool]:
    """
    Look for a plan with the engine.

    Returns
    -------
    Rep of each unit (None: no plan found), and whether it is proven that there is none.
    """
    problem = problem_of(ruled, seen, plan_cost(ruled, seen))
    units, _bound, infeasible = solved(problem, watch, seed, threads, gap=ANY_PLAN)
    return units, infeasible


def plan_cost(ruled: Ruled, seen: View) -> NDArray[np.int64]:
    """Yearly cost of each pair of a view, in steps of the scenario: (units, m + 1)."""
    cost = np.zeros((seen.n, ruled.m + 1), dtype=np.int64)
    np.add.at(cost, seen.unit_of, ruled.cost)
    return cost


def solved(
    problem: Problem,
    watch: Watch,
    seed: int,
    threads: int,
    gap: float = 0.0,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> tuple[Positions | None, int, bool]:
    """Rep of each unit, lower bound on the cost, and whether no plan is proven."""
    from planner.solvers.areas.warm import warm_up_areas
    from planner.solvers.warm import warm_up

    if problem.areas is not None:
        warm_up_areas()
    warm_up()
    left = watch.left
    if left <= 0:
        return None, 0, False
    settings = Solve(time_limit=max(left, 0.05), gap=gap, seed=seed, threads=threads)
    try:
        result = solve_problem(
            problem, settings, interrupted=watch.interrupted, tell=tell
        )
    except PlannerError:
        return None, 0, False
    if result.arcs is None:
        return None, int(result.bound), result.status is Status.INFEASIBLE
    return result.problem.rep[result.arcs].astype(np.intp), int(result.bound), False
