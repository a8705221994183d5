"""The solvers that are compared: the planner, and peers on the whole model."""

from __future__ import annotations

import math

import numpy as np

from planner.bench.question import Answer
from planner.problem import Problem, evaluate
from planner.scenario.model import Solve
from planner.solvers.result import Status, Watch

PLANNER, PEERS = "planner", ("highs", "cp-sat")


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
    solver: str, problem: Problem, watch: Watch, *, seed: int, threads: int
) -> Answer:
    """
    Solve a problem by the planner, or by a peer without hint and bound.

    Parameters
    ----------
    solver
        "planner", "highs" or "cp-sat".
    watch
        Its time limit counts from its beginning, not from this call.
    """
    if solver != PLANNER:
        return _ask_peer(solver, problem, watch, seed, threads)
    from planner.solvers.solve import solve_problem

    settings = Solve(time_limit=max(0.01, watch.left), seed=seed, threads=threads)
    result = solve_problem(problem, settings, tell=watch.tell)
    label = None if result.arcs is None else result.problem.rep[result.arcs]
    return Answer(str(result.status), result.method, label, result.cost, result.bound)


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
    label = problem.rep[outcome.arcs]
    return Answer(status, solver, label, found.cost, outcome.bound)
