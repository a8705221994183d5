"""One call of CP-SAT that heeds the clock and an interruption."""

from __future__ import annotations

import math
import threading
from typing import NamedTuple

from ortools.sat.python import cp_model

from planner.solvers.result import Watch


class Asked(NamedTuple):
    """
    What CP-SAT said.

    Attributes
    ----------
    solver
        Holds the values, where `found`.
    found, infeasible, optimal
        A solution; proven: there is none; proven: none is better.
    bound
        Proven lower limit on the objective.
    """

    solver: cp_model.CpSolver
    found: bool
    infeasible: bool
    optimal: bool
    bound: float


def ask(
    model: cp_model.CpModel, watch: Watch, *, seed: int = 1, threads: int = 2
) -> Asked:
    """Solve within the time left, in a thread, so that an interruption is heeded."""
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(watch.left, 0.01)
    solver.parameters.num_workers = threads
    solver.parameters.random_seed = seed
    solver.parameters.catch_sigint_signal = False
    said: list[cp_model.CpSolverStatus] = []
    worker = threading.Thread(
        target=lambda: said.append(solver.solve(model)), daemon=True
    )
    worker.start()
    while worker.is_alive():
        worker.join(0.1)
        if watch.interrupted():
            solver.stop_search()
    status = said[0]
    optimal = status == cp_model.OPTIMAL
    found = optimal or status == cp_model.FEASIBLE
    infeasible = status == cp_model.INFEASIBLE
    bound = math.inf if infeasible else -math.inf
    if model.has_objective() and (found or status == cp_model.UNKNOWN):
        bound = solver.best_objective_bound
    return Asked(solver, found, infeasible, optimal, bound)
