"""
The whole model in HiGHS, through OR-Tools' MathOpt: a second road to the optimum.

HiGHS works with floats within tolerances, CP-SAT with integers. So its plan is
rounded and counted again, and its bound is lowered by more than its tolerances.

In OR-Tools 9.15 this HiGHS takes a hint and a time limit, but heeds no interruption,
calls nobody back, and fixes its number of threads for the life of the process. So a
long solve runs in a child process, which can be ended; ended early, it leaves no plan.
"""

from __future__ import annotations

import datetime
import math
import pickle
import subprocess
import sys
import threading
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt
from ortools.math_opt.solvers import highs_pb2

from planner.problem import Problem, evaluate
from planner.solvers.exact import ExactOutcome
from planner.solvers.milp import linear_model
from planner.solvers.result import Watch

CHILD_SECONDS = 5.0
"""A solve that may take longer than this runs in a child process."""
BIRTH_SECONDS = 1.0
"""Of its time a child needs so much to begin and to hand over."""


def solve_highs(
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
    Solve the whole problem with HiGHS within the time left.

    Parameters
    ----------
    hint
        Arc of each unit to start from, shape (n,).
    bound
        A proven lower limit on the cost, from elsewhere.
    gap
        Stop at this proven gap.
    threads
        Of a solve that may take longer than `CHILD_SECONDS`; a shorter one takes one.
    """
    if (problem.start[:-1] == problem.start[1:]).any():
        return ExactOutcome(None, math.inf, True)
    model = linear_model(problem)
    if watch.left <= 0:
        return ExactOutcome(None, bound, False)
    taken = None
    if hint is not None:
        taken = np.zeros(len(problem.rep))
        taken[hint] = 1.0
    task = Task(
        model=model.SerializeToString(),
        seconds=watch.left,
        gap=gap,
        seed=seed,
        threads=threads,
        columns=len(problem.rep),
        hint=taken,
    )
    answer = solve_task(task, watch)
    if answer.infeasible:
        return ExactOutcome(None, math.inf, True)
    arcs = _rounded(problem, answer.values)
    proven = bound
    if math.isfinite(answer.bound):
        proven = max(bound, math.ceil(answer.bound - _tolerance(answer.bound)))
    if arcs is not None:
        cost = evaluate(problem, arcs).cost
        watch.report("HiGHS", cost, min(proven, cost))
        proven = min(proven, cost)
    return ExactOutcome(arcs, proven, False)


def _tolerance(bound: float) -> float:
    """By how much a bound of HiGHS may be too high (feasibility tolerance 1e-6)."""
    return 1e-6 * max(1.0, 1e-3 * abs(bound))


def _rounded(
    problem: Problem, values: NDArray[np.float64] | None
) -> NDArray[np.int64] | None:
    """Arc of the largest value of each unit, if these arcs keep the hard rules."""
    if values is None:
        return None
    order = np.lexsort((-values, problem.unit))
    arcs = order[problem.start[:-1]]
    return arcs if evaluate(problem, arcs).feasible else None


@dataclass(frozen=True, eq=False)
class Task:
    """
    A model and how to solve it; what goes to the child process.

    Attributes
    ----------
    model
        MathOpt's message, serialized.
    gap, least_gap
        Stop at this gap, relative and absolute.
    threads
        Of a solve that may take longer than `CHILD_SECONDS`; a shorter one takes one.
    columns
        So many leading columns are told of a solution, and hinted at.
    """

    model: bytes
    seconds: float
    gap: float
    seed: int
    threads: int
    columns: int
    hint: NDArray[np.float64] | None = None
    least_gap: float = 0.9  # costs are whole


@dataclass(frozen=True, eq=False)
class Answer:
    """What HiGHS says: proof of emptiness, bound (-inf: none), leading columns."""

    infeasible: bool
    bound: float
    values: NDArray[np.float64] | None


NOTHING = Answer(False, -math.inf, None)


def solve_task(task: Task, watch: Watch) -> Answer:
    """Solve a model, in a process of its own where that may take long."""
    if task.seconds <= CHILD_SECONDS:
        return _run(replace(task, threads=1))
    return _in_child(replace(task, seconds=task.seconds - BIRTH_SECONDS), watch)


def _run(task: Task) -> Answer:
    """Solve in this process."""
    model = mathopt.Model.from_model_proto(model_pb2.ModelProto.FromString(task.model))
    options = highs_pb2.HighsOptionsProto()
    options.int_options["threads"] = task.threads
    columns = list(model.variables())[: task.columns]
    hints = []
    if task.hint is not None:
        start = dict(zip(columns, task.hint.tolist(), strict=True))
        hints.append(mathopt.SolutionHint(variable_values=start))
    outcome = mathopt.solve(
        model,
        mathopt.SolverType.HIGHS,
        params=mathopt.SolveParameters(
            time_limit=datetime.timedelta(seconds=max(task.seconds, 0.01)),
            random_seed=task.seed,
            relative_gap_tolerance=task.gap,
            absolute_gap_tolerance=task.least_gap,
            highs=options,
        ),
        model_params=mathopt.ModelSolveParameters(solution_hints=hints),
    )
    reason = outcome.termination.reason
    if reason in (
        mathopt.TerminationReason.INFEASIBLE,
        mathopt.TerminationReason.INFEASIBLE_OR_UNBOUNDED,  # nothing is unbounded
    ):
        return Answer(True, math.inf, None)
    values = None
    if outcome.has_primal_feasible_solution():
        values = np.array(outcome.variable_values(columns))
    return Answer(False, outcome.termination.objective_bounds.dual_bound, values)


def _in_child(task: Task, watch: Watch) -> Answer:
    """Solve in a process of its own, and end it when the user wants an end."""
    child = subprocess.Popen(
        [sys.executable, "-c", "from planner.solvers.highs import child; child()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    said: list[bytes] = []
    talk = threading.Thread(
        target=lambda: said.append(child.communicate(pickle.dumps(task))[0]),
        daemon=True,
    )
    talk.start()
    grace = max(2.0, 0.1 * task.seconds)
    while talk.is_alive():
        talk.join(0.1)
        late = watch.seconds > watch.time_limit + grace
        if (watch.interrupted() or late) and talk.is_alive():
            child.kill()
            talk.join()
            return NOTHING
    if child.returncode != 0 or not said:
        return NOTHING
    answer = pickle.loads(said[0])
    return answer if isinstance(answer, Answer) else NOTHING


def child() -> None:
    """Answer one task from stdin on stdout; the other end of a long solve."""
    task = pickle.load(sys.stdin.buffer)
    sys.stdout.buffer.write(pickle.dumps(_run(task)))
