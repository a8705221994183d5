"""Small edits of a solved question, solved again from the plan in hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.compile import Compiled, compile_problem
from planner.decisions import contradictions, fixed, no_decisions, read_decisions
from planner.errors import PlannerError
from planner.finishing import in_currency
from planner.greenfield import opening_cost, with_opening
from planner.pairs import Pairs
from planner.plan import Plan
from planner.problem import evaluate
from planner.scenario import Scenario, with_solve
from planner.solution import Solution
from planner.solvers.presolve import reasons_why_not
from planner.solvers.result import Progress, Result, Status
from planner.solvers.solve import is_compiled_for, solve_problem
from planner.solvers.start import WarmStart
from planner.solvers.warm import warm_up
from planner.source import ArcSource
from planner.words import _

Positions = NDArray[np.intp]


def resolve(
    solution: Solution,
    *,
    pins: Mapping[str, str] | None = None,
    decisions: str | Path | pd.DataFrame | None = None,
    time_limit_s: float = 1.7,
    seed: int | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Solution:
    """
    Solve again around edits by hand, from the plan in hand.

    Accounts that stay together with a fixed one go along. No single other account
    changes hands unless giving it back would cost more or break a rule; where the plan
    keeps all decisions as it is, nothing changes at all.

    Parameters
    ----------
    solution
        A solution with a plan.
    pins
        ``account_id`` -> ``rep_id``; by regions, whose accounts go along, also
        ``region:<id>`` -> ``rep_id``.
    decisions
        A change list with decisions, see `planner.decisions.read_decisions`: accepted
        changes are fixed to the new rep, rejected ones to the old. Those of earlier
        runs hold on unless the list has another decision for the account.
    time_limit_s
        Seconds for the solve.

    Returns
    -------
    A solution of the scenario with these pins added; without baselines.

    Raises
    ------
    PlannerError
        If there is no plan to start from, or an account or rep is not in the tables.
    TableError
        Naming every fault of the decisions.
    """
    if solution.plan is None:
        raise PlannerError(_("There is no plan to start from; solve first."))
    if pins is None and decisions is None:
        raise PlannerError(_("Nothing to edit: give pins or decisions."))
    kept = no_decisions() if solution.decisions is None else solution.decisions
    decided = kept
    if decisions is not None:
        decided = read_decisions(decisions, solution.plan, kept)
    scenario = solution.scenario.with_decisions(fixed(decided))
    if pins is not None:
        scenario = scenario.with_pins(pins)
    if scenario is solution.scenario:
        return replace(solution, decisions=decided)
    scenario = with_solve(scenario, time_limit=time_limit_s, seed=seed)
    added, only_added = _added(kept, decided)
    stays = pins is None and only_added and _holds(solution.plan.owner, added)
    compiled = (
        pinned(solution, scenario, {**added, **(pins or {})})
        if only_added
        else compile_problem(solution.tables, scenario)
    )
    start = WarmStart(_rep_of_unit(solution), solution.result.row_prices)
    return solved_again(
        solution, scenario, compiled, start, decided, stays, interrupted, tell
    )


def _added(before: pd.DataFrame, after: pd.DataFrame) -> tuple[dict[str, str], bool]:
    """Return what is fixed newly, and whether nothing else has become free."""
    old, new = fixed(before), fixed(after)
    added = {one: rep for one, (_word, rep) in new.items() if one not in old}
    same = all(one in new and new[one][1] == rep for one, (_word, rep) in old.items())
    return added, same


def _holds(owner: pd.Series, wanted: Mapping[str, str]) -> bool:
    """Whether a plan gives all these accounts to these reps already."""
    return bool((owner.reindex(list(wanted)) == list(wanted.values())).all())


def _as_it_was(
    result: Result, start: WarmStart, before: Result, opening: int
) -> Result:
    """
    Keep the plan that was there, with the better of both bounds.

    With more decisions there are fewer plans, so that the earlier bound holds, too.
    """
    problem = result.problem
    arcs = problem.arcs_of(start.rep_of)
    cost, bound, by = evaluate(problem, arcs).cost, result.bound, result.bound_by
    if before.bound - opening > bound:
        bound, by = before.bound - opening, "solver"
    status = Status.OPTIMAL if cost == bound else Status.FEASIBLE
    return replace(
        result, status=status, arcs=arcs, cost=cost, bound=bound, bound_by=by
    )


def _rep_of_unit(solution: Solution) -> Positions:
    problem, arcs = solution.compiled.problem, solution.result.arcs
    assert arcs is not None
    return problem.rep[arcs].astype(np.intp)


def solved_again(
    solution: Solution,
    scenario: Scenario,
    compiled: Compiled,
    start: WarmStart,
    decided: pd.DataFrame | None = None,
    stays: bool = False,
    interrupted: Callable[[], bool] = lambda: False,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Solution:
    """
    Solve an edited question from an earlier plan; machine code is made before.

    Parameters
    ----------
    solution
        The earlier solution, whose tables the question has.
    scenario, compiled
        The edited question.
    decided
        Decisions that it keeps.
    stays
        Whether the earlier plan keeps all edits and is to stay.
    """
    problem, tables = compiled.problem, solution.tables
    if is_compiled_for(problem, scenario.solve):
        warm_up()
    result = solve_problem(
        problem,
        scenario.with_solve(iterations=1).solve if stays else scenario.solve,
        impossible=compiled.impossible,
        warm_start=start,
        interrupted=interrupted,
        tell=in_currency(tell, problem.cost_scale),
    )
    opening = opening_cost(tables, problem.cost_scale)
    if stays:
        result = _as_it_was(result, start, solution.result, opening)
    compiled = replace(compiled, problem=result.problem)
    if result.arcs is None:
        why = tuple(reasons_why_not(compiled, scenario))
        if decided is not None:
            why = (*contradictions(compiled, decided), *why)
        return Solution(
            scenario, tables, compiled, result, None, reasons=why, decisions=decided
        )
    plan, result = Plan.of_arcs(compiled, result.arcs), with_opening(result, opening)
    return Solution(scenario, tables, compiled, result, plan, decisions=decided)


def pinned(solution: Solution, scenario: Scenario, pins: Mapping[str, str]) -> Compiled:
    """
    Keep only the pinned reps' arcs of the pinned units; the rest is as it was.

    Parameters
    ----------
    scenario
        With these pins.
    pins
        As `resolve` has them, all of them new.
    """
    before, tables = solution.compiled, solution.tables
    units = before.unit_of[_found(before.pairs.accounts.index, pins, _("account"))]
    everyone = tables.reps.index.append(pd.Index([""]))  # "": left out
    reps = _found(everyone, pins.values(), _("rep"))
    problem = before.problem
    keep = np.ones(len(problem.rep), dtype=bool)
    for unit, rep in zip(units, reps, strict=True):
        arcs = slice(problem.start[unit], problem.start[unit + 1])
        keep[arcs] &= problem.rep[arcs] == rep
    count = np.add.reduceat(keep, problem.start[:-1], dtype=np.int64)
    if (count == 0).any():  # a pin may allow what distance did not, or is impossible
        return compile_problem(tables, scenario)
    pairs, source = Pairs(tables, scenario), problem.source
    if source is not None:
        complete = source.complete.copy()
        complete[units] = True
        source = ArcSource(pairs, before.unit_of, source.caps, complete)
    areas = problem.areas
    if areas is not None:
        needed = np.zeros(problem.m + 1, dtype=bool)
        needed[problem.rep[keep & areas.on_map[problem.unit]]] = True
        areas = replace(areas, needed=needed[:-1])
    kept = replace(
        problem,
        areas=areas,
        start=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        rep=problem.rep[keep],
        cost=problem.cost[:, keep],
        demand=problem.demand[:, keep],
        source=source,
    )
    return Compiled(kept, pairs, before.unit_of, {})


def _found(index: pd.Index, names: Iterable[str], kind: str) -> Positions:
    wanted = list(names)
    at = index.get_indexer(pd.Index(wanted))
    missing = [str(name) for name, i in zip(wanted, at, strict=True) if i < 0]
    if missing:
        raise PlannerError(
            _("No {kind} {names} in the tables; see planner check.").format(
                kind=kind, names=", ".join(missing[:5])
            )
        )
    return at
