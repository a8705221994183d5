"""Plain models with 0-1 columns, handed whole to HiGHS or to CP-SAT."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from ortools.math_opt.python import mathopt
from ortools.math_opt.solvers import highs_pb2
from ortools.sat.python import cp_model

from planner.rounding import to_integers
from planner.solvers.milp import proto_of
from planner.solvers.result import Watch

Floats = NDArray[np.float64]

FINEST, WIDEST = 10**8, 2.0**60
"""CP-SAT's costs are rounded to steps down to 1 / `FINEST`, all below `WIDEST`."""
TOLERANCE = 1e-6
"""Relative tolerance of HiGHS; its bounds are lowered by as much."""


@dataclass(frozen=True, eq=False)
class BinaryModel:
    """
    Least ``cost @ x`` with ``low <= matrix @ x <= high`` and x 0 or 1.

    Attributes
    ----------
    cost
        Shape (columns,); not negative.
    matrix
        Shape (rows, columns); whole numbers.
    low, high
        Shape (rows,); -inf and inf: no end.
    allowed
        Columns that may be 1, shape (columns,).
    most
        Columns with a cost that can be 1 at a time, at most.
    """

    cost: Floats
    matrix: sp.csr_array
    low: Floats
    high: Floats
    allowed: NDArray[np.bool_]
    most: int

    def with_rows(self, matrix: sp.csr_array, low: Floats, high: Floats) -> BinaryModel:
        """Return the model with further rows."""
        return replace(
            self,
            matrix=sp.vstack([self.matrix, matrix], format="csr"),
            low=np.append(self.low, low),
            high=np.append(self.high, high),
        )


class BinaryOutcome(NamedTuple):
    """
    What a solver found.

    Attributes
    ----------
    taken
        Columns that are 1, shape (columns,); None: nothing found.
    bound
        Proven lower limit on the cost; -inf: none.
    infeasible
        Proven: there is no solution.
    """

    taken: NDArray[np.bool_] | None
    bound: float
    infeasible: bool = False


NO_SOLUTION = BinaryOutcome(None, math.inf, True)


def solve_binary(
    model: BinaryModel, solver: str, watch: Watch, *, seed: int, threads: int
) -> BinaryOutcome:
    """
    Solve a model within the time left.

    Parameters
    ----------
    solver
        "highs" or "cp-sat".
    """
    solve = _solve_highs if solver == "highs" else _solve_cp_sat
    outcome = solve(model, watch, seed, threads)
    if outcome.taken is not None:
        cost = float(model.cost[outcome.taken].sum())
        bound = min(cost, outcome.bound)  # above by rounding alone
        if cost - bound <= TOLERANCE * max(1.0, cost):
            bound = cost
        return outcome._replace(bound=bound)
    return outcome


def _solve_highs(
    model: BinaryModel, watch: Watch, seed: int, threads: int
) -> BinaryOutcome:
    entries = model.matrix.sorted_indices().tocoo()
    proto = proto_of(
        cost=model.cost,
        upper=model.allowed.astype(float),
        integer=np.ones(len(model.cost), dtype=bool),
        low=model.low,
        high=model.high,
        row=entries.row,
        column=entries.col,
        value=entries.data.astype(float),
    )
    options = highs_pb2.HighsOptionsProto()
    options.int_options["threads"] = threads
    question = mathopt.Model.from_model_proto(proto)
    parameters = mathopt.SolveParameters(
        time_limit=datetime.timedelta(seconds=max(watch.left, 0.01)),
        random_seed=seed,
        relative_gap_tolerance=0.0,
        highs=options,
    )
    found = mathopt.solve(question, mathopt.SolverType.HIGHS, params=parameters)
    reason, reasons = found.termination.reason, mathopt.TerminationReason
    if reason in (reasons.INFEASIBLE, reasons.INFEASIBLE_OR_UNBOUNDED):
        return NO_SOLUTION  # nothing is unbounded
    bound = found.termination.objective_bounds.dual_bound
    if math.isfinite(bound):
        bound -= TOLERANCE * max(1.0, 1e-3 * abs(bound))
    taken = None
    if found.has_primal_feasible_solution():
        values = found.variable_values(list(question.variables()))
        taken = np.array(values) > 0.5
    return BinaryOutcome(taken, bound)


def _solve_cp_sat(
    model: BinaryModel, watch: Watch, seed: int, threads: int
) -> BinaryOutcome:
    scale = FINEST
    while scale > 1 and model.cost.sum() * scale > WIDEST:
        scale //= 10
    cost = to_integers(model.cost, scale)
    lost = float(np.abs(cost / scale - model.cost).max(initial=0.0)) * model.most
    question = cp_model.CpModel()
    columns = [question.new_int_var(0, int(may), "") for may in model.allowed]
    rows, values = model.matrix, model.matrix.data.astype(np.int64).tolist()
    at, index = rows.indptr.tolist(), rows.indices.tolist()
    lows = np.maximum(model.low, -WIDEST).astype(np.int64).tolist()
    highs = np.minimum(model.high, WIDEST).astype(np.int64).tolist()
    for i, (low, high) in enumerate(zip(lows, highs, strict=True)):
        some = slice(at[i], at[i + 1])
        load = cp_model.LinearExpr.weighted_sum(
            [columns[c] for c in index[some]], values[some]
        )
        question.add_linear_constraint(load, low, high)
    question.minimize(cp_model.LinearExpr.weighted_sum(columns, cost.tolist()))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(watch.left, 0.01)
    solver.parameters.num_workers = threads
    solver.parameters.random_seed = seed
    status = solver.solve(question)
    if status == cp_model.INFEASIBLE:
        return NO_SOLUTION
    bound = solver.best_objective_bound / scale - lost
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return BinaryOutcome(None, bound if status == cp_model.UNKNOWN else -math.inf)
    taken = np.fromiter((solver.value(column) > 0 for column in columns), dtype=bool)
    return BinaryOutcome(taken, bound)
