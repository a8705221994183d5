"""The solvers that are compared: the planner, and two peers on the whole model."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.problem import Problem, evaluate
from planner.scenario.model import Solve
from planner.solvers.result import Progress, Status, Watch

PLANNER, PEERS = "planner", ("highs", "cp-sat")


@dataclass(frozen=True, eq=False)
class Answer:
    """
    What a solver says of a problem.

    Attributes
    ----------
    status, method
        How it ended, and how it went about it.
    rep_of
        Rep of each unit, shape (n,); None without a plan.
    cost, bound
        In steps; inf and 0 where there is none.
    """

    status: str
    method: str
    rep_of: NDArray[np.int32] | None
    cost: float
    bound: float


def prepare(solver: str) -> None:
    """Import and compile what a solver needs, before the clock starts."""
    if solver == PLANNER:
        from planner.solvers.warm import warm_up

        warm_up()
    elif solver == "highs":
        import planner.solvers.highs
    else:
        import planner.solvers.exact  # noqa: F401


def solve_with(
    solver: str,
    problem: Problem,
    *,
    began: float,
    time_limit: float,
    seed: int,
    threads: int,
    tell: Callable[[Progress], None],
) -> Answer:
    """
    Solve a problem by the planner, or by a peer without hint and bound.

    Parameters
    ----------
    solver
        "planner", "highs" or "cp-sat".
    began
        Moment on `time.perf_counter` that the time limit, in seconds, counts from.
    """
    if solver != PLANNER:
        watch = Watch(time_limit, tell=tell, began=began)
        return _ask_peer(solver, problem, watch, seed, threads)
    from planner.solvers.solve import solve_problem

    left = max(0.01, time_limit - (time.perf_counter() - began))
    settings = Solve(time_limit=left, seed=seed, threads=threads)
    result = solve_problem(problem, settings, tell=tell)
    rep_of = None if result.arcs is None else result.problem.rep[result.arcs]
    return Answer(str(result.status), result.method, rep_of, result.cost, result.bound)


def _ask_peer(
    solver: str, problem: Problem, watch: Watch, seed: int, threads: int
) -> Answer:
    if (np.diff(problem.start) == 0).any():
        return Answer(str(Status.INFEASIBLE), solver, None, math.inf, 0)
    if solver == "highs":
        from planner.solvers.highs import solve_highs as solve
    else:
        from planner.solvers.exact import solve_exact as solve
    outcome = solve(problem, watch, seed=seed, threads=threads)
    if outcome.infeasible:
        return Answer(str(Status.INFEASIBLE), solver, None, math.inf, 0)
    if outcome.arcs is None:
        status = str(Status.NO_PLAN_FOUND)
        return Answer(status, solver, None, math.inf, outcome.bound)
    found = evaluate(problem, outcome.arcs)
    if not found.feasible:
        status = f"wrong: breaks {len(found.breaches)} rules"
        return Answer(status, solver, None, math.inf, outcome.bound)
    proven = found.cost == outcome.bound
    status = str(Status.OPTIMAL if proven else Status.FEASIBLE)
    rep_of = problem.rep[outcome.arcs]
    return Answer(status, solver, rep_of, found.cost, outcome.bound)
