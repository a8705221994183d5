"""The whole model in CP-SAT: optimal where it finishes, bounded where it does not."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from planner.problem import Problem, Row
from planner.solvers.result import Watch


@dataclass(frozen=True, eq=False)
class ExactOutcome:
    """
    What CP-SAT found.

    Attributes
    ----------
    arcs
        Arc of each unit, shape (n,), or None.
    bound
        Proven lower limit on the cost; inf when no plan exists.
    infeasible
        Proven: no plan exists.
    """

    arcs: NDArray[np.int64] | None
    bound: float
    infeasible: bool


def solve_exact(
    problem: Problem,
    watch: Watch,
    *,
    hint: NDArray[np.int64] | None = None,
    bound: int = 0,
    gap: float = 0.0,
    seed: int = 1,
    threads: int = 2,
) -> ExactOutcome:
    """
    Solve the whole problem with CP-SAT within the time left.

    Parameters
    ----------
    hint
        Arc of each unit to start from, shape (n,).
    bound
        A proven lower limit on the cost, from elsewhere.
    gap
        Stop at this proven gap.
    """
    model, chosen = _model(problem, bound)
    if hint is not None:
        taken = np.zeros(len(problem.rep), dtype=bool)
        taken[hint] = True
        for variable, value in zip(chosen, taken, strict=True):
            model.add_hint(variable, bool(value))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(watch.left, 0.01)
    solver.parameters.num_workers = threads
    solver.parameters.random_seed = seed
    solver.parameters.relative_gap_limit = gap
    solver.parameters.catch_sigint_signal = False
    status = _solve_watched(solver, model, watch)
    if status == cp_model.INFEASIBLE:
        return ExactOutcome(None, math.inf, True)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        found = solver.best_objective_bound if status == cp_model.UNKNOWN else 0.0
        return ExactOutcome(None, max(bound, math.ceil(found - 1e-6)), False)
    values = np.fromiter((solver.value(v) for v in chosen), dtype=bool)
    proven = max(bound, math.ceil(solver.best_objective_bound - 1e-6))
    return ExactOutcome(np.flatnonzero(values), proven, False)


class _Report(cp_model.CpSolverSolutionCallback):
    """Passes each better plan on to the watch."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def on_solution_callback(self) -> None:
        self._watch.report(
            "CP-SAT", self.objective_value, math.ceil(self.best_objective_bound - 1e-6)
        )


def _solve_watched(
    solver: cp_model.CpSolver, model: cp_model.CpModel, watch: Watch
) -> cp_model.CpSolverStatus:
    """Solve in a thread, so that an interruption is heeded within a tenth second."""
    outcome: list[cp_model.CpSolverStatus] = []
    worker = threading.Thread(
        target=lambda: outcome.append(solver.solve(model, _Report(watch))), daemon=True
    )
    worker.start()
    while worker.is_alive():
        worker.join(0.1)
        if watch.interrupted():
            solver.stop_search()
    return outcome[0]


def _model(
    problem: Problem, bound: int
) -> tuple[cp_model.CpModel, list[cp_model.IntVar]]:
    model = cp_model.CpModel()
    chosen = [model.new_bool_var("") for _ in range(len(problem.rep))]
    for begin, end in zip(problem.start[:-1], problem.start[1:], strict=True):
        model.add_exactly_one(chosen[begin:end])
    objective = [cp_model.LinearExpr.weighted_sum(chosen, problem.total_cost.tolist())]
    for row in problem.rows:
        objective += _add_row(model, problem, chosen, row)
    arcs_of_unit = [
        range(int(a), int(b))
        for a, b in zip(problem.start[:-1], problem.start[1:], strict=True)
    ]
    for units in problem.apart:
        for _, members in _by_label(problem, units, arcs_of_unit).items():
            if len(members) > 1:
                model.add(sum(chosen[a] for a in members) <= 1)
    for split in problem.splits:
        labels = _by_label(problem, split.units, arcs_of_unit, split.label_of_rep)
        used = []
        for members in labels.values():
            label = model.new_bool_var("")
            for a in members:
                model.add_implication(chosen[a], label)
            used.append(label)
        served = model.new_bool_var("")  # one label is free as soon as one is used
        model.add(served <= sum(used))
        objective.append(split.price * (sum(used) - served))
    total = sum(objective)
    if bound > 0:
        model.add(total >= bound)
    model.minimize(total)
    return model, chosen


def _add_row(
    model: cp_model.CpModel,
    problem: Problem,
    chosen: list[cp_model.IntVar],
    row: Row,
) -> list[cp_model.LinearExpr]:
    """Add one row; return the price of its breach, if it has one."""
    demand = problem.demand[row.measure] * problem.in_set(row)[problem.rep]
    at = np.flatnonzero(demand)
    load = cp_model.LinearExpr.weighted_sum(
        [chosen[a] for a in at], demand[at].tolist()
    )
    total = int(demand.sum())
    high = total if row.high is None else row.high
    if row.price is None:
        model.add(load <= high)
        model.add(load >= row.low)
        return []
    over = model.new_int_var(0, max(0, total - high), "")
    under = model.new_int_var(0, max(0, row.low), "")
    model.add(load - over <= high)
    model.add(load + under >= row.low)
    return [row.price * over, row.price * under]


def _by_label(
    problem: Problem,
    units: NDArray[np.intp],
    arcs_of_unit: list[range],
    label_of_rep: NDArray[np.intp] | None = None,
) -> dict[int, list[int]]:
    """Arcs of some units by the rep (or its label) they lead to, nobody left aside."""
    found: dict[int, list[int]] = {}
    for u in units:
        for a in arcs_of_unit[u]:
            rep = int(problem.rep[a])
            if rep != problem.nobody:
                label = rep if label_of_rep is None else int(label_of_rep[rep])
                found.setdefault(label, []).append(a)
    return found
