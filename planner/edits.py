"""Small edits of a solved question, solved again from the plan in hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.compile import Compiled, compile_problem
from planner.errors import PlannerError
from planner.greenfield import opening_cost, with_opening
from planner.pairs import Pairs
from planner.plan import Plan
from planner.scenario import Scenario, with_solve
from planner.solution import Solution, in_currency
from planner.solvers.presolve import reasons_why_not
from planner.solvers.result import Progress
from planner.solvers.solve import solve_problem
from planner.solvers.start import WarmStart
from planner.source import ArcSource
from planner.words import _

Positions = NDArray[np.intp]


def resolve(
    solution: Solution,
    *,
    pins: Mapping[str, str],
    time_limit_s: float = 1.7,
    seed: int | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Solution:
    """
    Solve again with some accounts given to named reps, from the plan in hand.

    Accounts that stay together with a pinned one go along. No single other account
    changes hands unless giving it back would cost more or break a rule.

    Parameters
    ----------
    solution
        A solution with a plan.
    pins
        ``account_id`` -> ``rep_id``; by regions, whose accounts go along, also
        ``region:<id>`` -> ``rep_id``.
    time_limit_s
        Seconds for the solve.

    Returns
    -------
    A solution of the scenario with these pins added; without baselines.

    Raises
    ------
    PlannerError
        If there is no plan to start from, or an account or rep is not in the tables.
    """
    if solution.plan is None:
        raise PlannerError(_("There is no plan to start from; solve first."))
    scenario = with_solve(
        solution.scenario.with_pins(pins), time_limit=time_limit_s, seed=seed
    )
    compiled = _pinned(solution, scenario, pins)
    rep_of_unit = _rep_of_unit(solution)
    result = solve_problem(
        compiled.problem,
        scenario.solve,
        impossible=compiled.impossible,
        warm_start=WarmStart(rep_of_unit, solution.result.row_prices),
        interrupted=interrupted,
        tell=in_currency(tell, compiled.problem.cost_scale),
    )
    compiled = replace(compiled, problem=result.problem)
    if result.arcs is None:
        why = reasons_why_not(compiled, scenario)
        return Solution(scenario, solution.tables, compiled, result, None, (), why)
    opening = opening_cost(solution.tables, compiled.problem.cost_scale)
    plan, result = Plan.of_arcs(compiled, result.arcs), with_opening(result, opening)
    return Solution(scenario, solution.tables, compiled, result, plan)


def _rep_of_unit(solution: Solution) -> Positions:
    problem, arcs = solution.compiled.problem, solution.result.arcs
    assert arcs is not None
    return problem.rep[arcs].astype(np.intp)


def _pinned(
    solution: Solution, scenario: Scenario, pins: Mapping[str, str]
) -> Compiled:
    """Keep only the pinned reps' arcs of the pinned units; the rest is as it was."""
    before, tables = solution.compiled, solution.tables
    units = before.unit_of[_found(before.pairs.accounts.index, pins, _("account"))]
    reps = _found(tables.reps.index, pins.values(), _("rep"))
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
