"""From a problem with a map to an answer of its solvers, in whole cost steps."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from planner.problem import Problem, evaluate
from planner.scenario.model import Solve
from planner.solvers.areas.adapter import OnMap, on_map
from planner.solvers.areas.diagnose import reasons_on_the_map
from planner.solvers.areas.model import AreaModel, AreaOutcome
from planner.solvers.result import Watch, gap_of

ROUNDS = (0.25, 0.25, 0.33, 0.5, 1.0)
"""Shares of the time left, where pairs have prices."""
SHAPE_SHARE = 0.3
"""Share of the time left for a start by shape alone."""
TOO_DEAR = 1e15
"""In place of the cost of a pair that is not allowed."""


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
    best, cost, proven, moves = None, math.inf, bound, 0
    label = None if start is None else question.label_of(start)
    for share in _rounds(question.model, settings):
        outcome = _solved(question, settings, watch, label, proven, share)
        moves += outcome.moves
        proven = max(proven, question.bound(outcome.bound))
        if outcome.infeasible and question.whole and best is None:
            return Answer(None, proven, infeasible=True, moves=moves)
        if outcome.label is None:
            label = _by_shape(question.model, settings, watch, label)
            continue
        for label in (outcome.label, _exchanged(question.model, outcome.label)):
            arcs = problem.arcs_of_or_none(question.rep_of(label))
            found = None if arcs is None else evaluate(problem, arcs)
            if found is not None and found.feasible and found.cost < cost:
                best, cost = label, found.cost
        label = best
        if gap_of(cost, proven) <= settings.gap:
            break
    if best is None:
        return Answer(None, proven, moves=moves)
    return Answer(problem.arcs_of(question.rep_of(best)), proven, moves=moves)


def _rounds(model: AreaModel, settings: Solve) -> tuple[float, ...]:
    """Shares of the time left; between two of them, territories may change reps."""
    return (1.0,) if model.pair is None or settings.iterations else ROUNDS


def _solved(
    question: OnMap,
    settings: Solve,
    watch: Watch,
    start: NDArray[np.int64] | None,
    bound: float,
    share: float,
) -> AreaOutcome:
    from planner.solvers.areas.solve import solve_areas  # numba is slow to import

    assert question.model is not None
    return solve_areas(
        question.model,
        _in_the_model(watch, question, share),
        start=start,
        gap=settings.gap,
        bound=question.in_the_model(bound),
        seed=settings.seed,
        threads=settings.threads,
        iterations=settings.iterations,
    )


def _by_shape(
    model: AreaModel,
    settings: Solve,
    watch: Watch,
    otherwise: NDArray[np.int64] | None,
) -> NDArray[np.int64] | None:
    """
    Return balanced, compact territories, each for the rep for whom it costs least.

    Where prices of pairs lead the search astray, this is a start that keeps the bands.
    """
    from planner.solvers.areas.search import search_areas  # numba is slow to import

    if model.pair is None or model.place is None or model.fixed is not None:
        return otherwise
    load = model.load[:, :, 0].astype(float)
    weight = (load / np.maximum(load.sum(axis=1, keepdims=True), 1e-9)).sum(axis=0)
    shape = replace(
        model,
        pair=None,
        centre=None,
        weight=weight,
        x=model.place[:, 0] / 1e3,
        y=model.place[:, 1] / 1e3,
        edge_price=None,
        splits=(),
    )
    found = search_areas(
        shape,
        Watch(watch.left * SHAPE_SHARE, watch.interrupted),
        seed=settings.seed,
        threads=settings.threads,
    )
    return otherwise if found.label is None else _exchanged(model, found.label)


def _exchanged(model: AreaModel, label: NDArray[np.int64]) -> NDArray[np.int64]:
    """
    Give whole territories to the reps for whom they cost least together.

    The territories stay as they are: an assignment problem. Bands may differ between
    reps, so the caller looks whether they still hold.
    """
    if model.pair is None:
        return label
    each = np.zeros((model.k, model.k))
    np.add.at(each, label, np.minimum(model.pair, TOO_DEAR))
    rows, columns = linear_sum_assignment(each)
    renamed = np.empty(model.k, dtype=np.int64)
    renamed[rows] = columns
    return renamed[label]


def _only_plan(problem: Problem, question: OnMap) -> Answer:
    """Take the one plan that the rules leave, if it keeps the rest."""
    arcs = problem.arcs_of(question.only_plan())
    outcome = evaluate(problem, arcs)
    if not outcome.feasible:
        return Answer(None, 0, infeasible=True)
    return Answer(arcs, outcome.cost)


def _in_the_model(watch: Watch, question: OnMap, share: float) -> Watch:
    """
    Return a watch that counts as the model does, and tells what the plan costs.

    It ends after a share of the time left.
    """
    more = question.constant
    return Watch(
        watch.seconds + share * watch.left,
        watch.interrupted,
        lambda p: watch.report(p.phase, p.cost + more, watch.bound),
        began=watch.began,
    )
