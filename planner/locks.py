"""Accounts and regions that people keep with one rep: pins that come and go."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from planner.compile import compile_problem
from planner.greenfield import opening_cost, with_opening
from planner.pairs import Pairs
from planner.plan import Plan
from planner.problem import Problem, evaluate
from planner.scenario import Scenario
from planner.scenario.rules import Pin
from planner.solution import Solution
from planner.solvers.result import Result, Status
from planner.solvers.solve import solve_problem
from planner.solvers.start import WarmStart
from planner.tables import PREFIX

Positions = NDArray[np.intp]


def locks_of(scenario: Scenario) -> dict[str, str]:
    """
    Return what a scenario keeps with one rep.

    Returns
    -------
    ``account_id`` or ``region:<id>`` -> ``rep_id``. Pins of decisions, of conditions,
    and of several reps are rules of another kind.
    """
    found: dict[str, str] = {}
    for pin in scenario.pins:
        if _is_lock(pin):
            ids = [PREFIX + one for one in pin.regions or ()]
            assert pin.reps is not None
            found |= dict.fromkeys([*(pin.accounts or ()), *ids], pin.reps[0])
    return found


def _is_lock(pin: Pin) -> bool:
    one_rep = pin.reps is not None and len(pin.reps) == 1
    return one_rep and pin.where is None and pin.decision is None


def without_locks(scenario: Scenario) -> Scenario:
    """Return a copy with no locks; all other rules hold on."""
    kept = [pin for pin in scenario.pins if not _is_lock(pin)]
    return scenario.with_parts(pins=kept)


def freely(pairs: Pairs) -> Pairs:
    """
    Return pairs as they are priced for people: as if a pin named the rep they choose.

    Locks bar nobody then, nor does distance, which gives way to a pin.
    """
    free, pins = copy(pairs), zip(pairs.pins, pairs.scenario.pins, strict=True)
    free.pins = [rule for rule, pin in pins if not _is_lock(pin)]
    free.pinned = np.ones_like(pairs.pinned)
    return free


def unlocked(solution: Solution) -> Solution:
    """
    Return the same plan of the question without its locks, to be solved again from.

    Its bound is that of the question with locks, and proves nothing of this one.
    """
    if not locks_of(solution.scenario):
        return solution
    assert solution.result.arcs is not None
    rep_of = solution.compiled.problem.rep[solution.result.arcs].astype(np.intp)
    scenario = without_locks(solution.scenario)
    return with_owners(solution, scenario, rep_of)


def with_locks(
    solution: Solution, rep_of: Positions, locks: Mapping[str, str]
) -> Solution:
    """
    Return a plan of the question with these locks in place of earlier ones.

    Its bound is proven anew: without some earlier lock the old one may be too high, and
    with other pairs the same prices prove another one.

    Parameters
    ----------
    rep_of
        Rep of each unit (m: left out), as the locks say, shape (n,).
    locks
        ``account_id`` or ``region:<id>`` -> ``rep_id``.
    """
    scenario = without_locks(solution.scenario)
    if locks:
        scenario = scenario.with_pins(locks)
    found = with_owners(solution, scenario, rep_of)
    # What is proven here is proven for the bases that are open, not over all.
    return replace(found, result=_proven(found), bases=None)


def with_owners(solution: Solution, scenario: Scenario, rep_of: Positions) -> Solution:
    """
    Return another plan of a question, or of one with other pins; the bound is kept.

    Parameters
    ----------
    rep_of
        Rep of each unit (m: left out), shape (n,).

    Raises
    ------
    PlannerError
        If a unit's rep is not eligible for it.
    """
    compiled = solution.compiled
    if scenario is not solution.scenario:
        compiled = compile_problem(solution.tables, scenario)
    problem, arcs = _arcs(compiled.problem, rep_of)
    compiled = replace(compiled, problem=problem)
    cost = evaluate(problem, arcs).cost
    cost += opening_cost(solution.tables, problem.cost_scale)
    is_best = cost == solution.result.bound
    result = replace(
        solution.result,
        problem=problem,
        arcs=arcs,
        cost=cost,
        status=Status.OPTIMAL if is_best else Status.FEASIBLE,
    )
    plan = Plan.of_arcs(compiled, arcs)
    return replace(
        solution, scenario=scenario, compiled=compiled, result=result, plan=plan
    )


def _arcs(problem: Problem, rep_of: Positions) -> tuple[Problem, NDArray[np.int64]]:
    """Return the arcs of a plan, in a problem that holds them."""
    if problem.source is not None:
        problem = problem.source.with_plan(problem, rep_of)
    return problem, problem.arcs_of(rep_of)


def _proven(solution: Solution) -> Result:
    """Return the result with a bound of its own question."""
    before, compiled = solution.result, solution.compiled
    assert before.arcs is not None
    rep_of = compiled.problem.rep[before.arcs].astype(np.intp)
    found = solve_problem(
        compiled.problem,
        solution.scenario.with_solve(iterations=1).solve,
        impossible=compiled.impossible,
        warm_start=WarmStart(rep_of, before.row_prices),
    )
    problem, arcs = _arcs(found.problem, rep_of)
    cost = evaluate(problem, arcs).cost
    status = Status.OPTIMAL if cost == found.bound else Status.FEASIBLE
    found = replace(found, problem=problem, arcs=arcs, cost=cost, status=status)
    return with_opening(found, opening_cost(solution.tables, problem.cost_scale))
