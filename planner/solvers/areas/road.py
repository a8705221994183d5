"""From a problem with a map to an answer of its solvers, in whole cost steps."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.problem import Problem, evaluate
from planner.scenario.model import Solve
from planner.solvers.areas.adapter import OnMap, on_map
from planner.solvers.areas.diagnose import reasons_on_the_map
from planner.solvers.result import Watch


class Answer(NamedTuple):
    """
    What is known of plans by areas.

    Attributes
    ----------
    arcs
        Of a plan that keeps every rule, shape (n,); None: none found.
    bound
        In cost steps, by the solver's search.
    infeasible
        Proven: there is no plan.
    moves
        Moves looked at.
    """

    arcs: NDArray[np.int64] | None
    bound: float
    infeasible: bool = False
    moves: int = 0


def solve_on_map(
    problem: Problem,
    settings: Solve,
    watch: Watch,
    *,
    start: NDArray[np.intp] | None = None,
    bound: float = 0,
) -> Answer:
    """
    Solve a problem that has areas, within the time left.

    Parameters
    ----------
    start
        Rep of each unit in an earlier plan (-1: unknown), shape (n,).
    bound
        A proven lower limit on the cost, in steps.
    """
    if reasons_on_the_map(problem):
        return Answer(None, bound, infeasible=True)
    question = on_map(problem)
    if question.model is None:
        return _only_plan(problem, question)
    from planner.solvers.areas.solve import solve_areas  # numba is slow to import

    outcome = solve_areas(
        question.model,
        _in_the_model(watch, question),
        start=None if start is None else question.label_of(start),
        gap=settings.gap,
        bound=question.in_the_model(bound),
        seed=settings.seed,
        threads=settings.threads,
        iterations=settings.iterations,
    )
    if outcome.infeasible and question.whole:
        return Answer(None, bound, infeasible=True)
    proven = question.bound(outcome.bound)
    if outcome.label is None:
        return Answer(None, proven, moves=outcome.moves)
    arcs = problem.arcs_of(question.rep_of(outcome.label))
    kept = evaluate(problem, arcs).feasible
    return Answer(arcs if kept else None, proven, moves=outcome.moves)


def _only_plan(problem: Problem, question: OnMap) -> Answer:
    """Take the one plan that the rules leave, if it keeps the rest."""
    arcs = problem.arcs_of(question.only_plan())
    outcome = evaluate(problem, arcs)
    if not outcome.feasible:
        return Answer(None, 0, infeasible=True)
    return Answer(arcs, outcome.cost)


def _in_the_model(watch: Watch, question: OnMap) -> Watch:
    """Return a watch that counts as the model does, and tells what the plan costs."""
    more = question.constant
    return Watch(
        watch.time_limit,
        watch.interrupted,
        lambda p: watch.report(p.phase, p.cost + more, watch.bound),
        began=watch.began,
    )
