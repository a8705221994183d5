"""From a scenario to a solution in one call: the road that CLI and notebooks share."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from planner.compile import Compiled, compile_problem
from planner.earlier import read_start
from planner.errors import PlannerError
from planner.finishing import (
    at_least_as_good,
    in_currency,
    names_stay,
    todays_map,
    todays_ways,
)
from planner.greenfield import (
    find_bases,
    opening_cost,
    start_of,
    with_bases,
    with_opening,
    without_plan,
)
from planner.oversize import set_apart
from planner.pairs import Pairs
from planner.plan import Plan
from planner.priorities import solve_in_order
from planner.scenario import Scenario, read_scenario, with_solve
from planner.scenario.model import OPENING
from planner.solution import Solution
from planner.solvers.areas.warm import warm_up_areas
from planner.solvers.baselines import Baseline
from planner.solvers.presolve import reasons_why_not
from planner.solvers.result import Progress, Result, Status, Watch
from planner.solvers.siting.warm import warm_up_siting
from planner.solvers.solve import is_compiled_for, solve_problem
from planner.solvers.start import WarmStart
from planner.solvers.warm import warm_up
from planner.tables import Tables, load_tables
from planner.words import _

if TYPE_CHECKING:
    pass


GOOD_START = 0.01
"""Gap of the plan from which the first of several priorities begins."""

LEAST_SECONDS = 0.5
"""For the last solve, where choosing bases took all the time."""


def solve(
    scenario: Scenario | str | Path,
    *,
    accounts: pd.DataFrame | None = None,
    reps: pd.DataFrame | None = None,
    regions: pd.DataFrame | None = None,
    distances: pd.DataFrame | None = None,
    bases: pd.DataFrame | None = None,
    time_limit_s: float | None = None,
    seed: int | None = None,
    warm_start: Solution | str | Path | pd.Series | None = None,
    near_bases: Collection[str] = (),
    interrupted: Callable[[], bool] = lambda: False,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Solution:
    """
    Solve a scenario.

    Parameters
    ----------
    scenario
        A scenario, or the path of a scenario file.
    accounts, reps, regions, distances, bases
        Frames that stand in for the scenario's files; the same contract holds.
    time_limit_s, seed
        Instead of those in the scenario.
    warm_start
        A plan to start from: an earlier solution, a plan folder, a CSV file with
        ``account_id,rep_id``, or a series of rep ids by account id. It need not be
        complete, nor keep the rules.
    near_bases
        With ``[bases]``: ids of bases to try, such as those of a plan with fewer reps.
    interrupted
        Asked several times a second; True ends the solve with the best plan so far.
    tell
        Receives progress, in currency: seconds, incumbent, bound, phase.

    Raises
    ------
    ScenarioError, TableError
        Naming every fault.

    Notes
    -----
    "No plan exists" is a status of the solution, not an error.
    """
    if not isinstance(scenario, Scenario):
        scenario = read_scenario(scenario)
    scenario = with_solve(scenario, time_limit=time_limit_s, seed=seed)
    tables = load_tables(
        scenario,
        scenario.base,
        accounts=accounts,
        reps=reps,
        regions=regions,
        distances=distances,
        bases=bases,
    )
    if len(scenario.counts) > 1:
        raise PlannerError(
            _(
                "{key} asks for one solve each: planner solve SCENARIO -o DIR, or "
                "planner.solve_each."
            ).format(key="bases.open" if scenario.bases else "reps.count")
        )
    if scenario.bases is not None:
        if warm_start is not None:
            raise PlannerError(
                _(
                    "A plan to start from says where reps are, [bases] asks where to "
                    "put them. Leave out one of the two."
                )
            )
        return _solve_bases(scenario, tables, near_bases, interrupted, tell)
    return solve_tables(
        scenario, tables, warm_start=warm_start, interrupted=interrupted, tell=tell
    )


def solve_tables(
    scenario: Scenario,
    tables: Tables,
    *,
    warm_start: Solution | str | Path | pd.Series | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Solution:
    """Solve with clean tables in hand, without `[bases]`; arguments as for `solve`."""
    tables, scenario = set_apart(tables, scenario)
    compiled = compile_problem(tables, scenario)
    start = None if warm_start is None else read_start(warm_start, compiled)
    if scenario.priorities:
        return _solve_in_order(scenario, tables, compiled, start, interrupted, tell)
    return solve_compiled(
        scenario, tables, compiled, start=start, interrupted=interrupted, tell=tell
    )


def _solve_in_order(
    scenario: Scenario,
    tables: Tables,
    compiled: Compiled,
    start: WarmStart | None,
    interrupted: Callable[[], bool],
    tell: Callable[[Progress], None],
) -> Solution:
    """Find a plan without the priorities, then go through them from there."""
    warm_up()
    watch, settings = Watch(scenario.solve.time_limit), scenario.solve
    plain = scenario.with_parts(priorities=[]).with_solve(
        time_limit=settings.time_limit / (len(scenario.priorities) + 2),
        gap=max(settings.gap, GOOD_START),
    )
    first = solve_compiled(
        plain, tables, compiled, start=start, interrupted=interrupted, tell=tell
    )
    if first.plan is None:
        return replace(first, scenario=scenario)
    found = solve_in_order(
        scenario,
        tables,
        start=read_start(first, compiled),
        seconds=max(watch.left, LEAST_SECONDS),
        interrupted=interrupted,
        tell=in_currency(tell, compiled.problem.cost_scale),
    )
    answer = (found.scenario, tables, found.compiled, found.result)
    if found.result.arcs is None:  # maybe of a stage: nothing to compare it with
        return Solution(*answer, None, (), reasons_why_not(compiled, scenario))
    return replace(_solution(*answer), stages=found.stages)


def _solve_bases(
    scenario: Scenario,
    tables: Tables,
    near: Collection[str],
    interrupted: Callable[[], bool],
    tell: Callable[[Progress], None],
) -> Solution:
    """Choose bases, then solve with these in the time that is left."""
    warm_up()
    warm_up_siting()
    in_money = in_currency(tell, Pairs(tables, scenario).cost_scale)
    watch = Watch(scenario.solve.time_limit, interrupted, in_money)
    found = find_bases(scenario, tables, near, watch)
    if found.bases is None:
        result = without_plan(found, scenario, watch.seconds)
        return Solution(
            scenario, tables, found.compiled, result, None, (), found.reasons
        )
    tables, scenario_apart = set_apart(found.tables, scenario)
    compiled = found.compiled
    if scenario_apart is not scenario:
        compiled = compile_problem(tables, scenario_apart)
    known = found.result if scenario_apart is scenario else None
    spent, bound = watch.seconds, found.bases.bound
    scale = compiled.problem.cost_scale
    opening = opening_cost(tables, scale) / scale

    def tell_all(moment: Progress) -> None:
        """Pass on what the last solve tells, as part of the whole."""
        cost, seconds = moment.cost + opening, moment.seconds + spent
        tell(moment._replace(seconds=seconds, cost=cost, bound=bound / scale))

    solution = solve_compiled(
        scenario_apart.with_solve(time_limit=max(watch.left, LEAST_SECONDS)),
        tables,
        compiled,
        start=start_of(found),
        known=known,
        interrupted=interrupted,
        tell=tell_all,
    )
    result = replace(with_bases(solution.result, found.bases), seconds=watch.seconds)
    return replace(solution, scenario=scenario_apart, result=result, bases=found.bases)


def solve_compiled(
    scenario: Scenario,
    tables: Tables,
    compiled: Compiled,
    *,
    start: WarmStart | None = None,
    known: Result | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Solution:
    """
    Solve what is compiled already; arguments as for `solve`.

    Parameters
    ----------
    scenario, tables, compiled
        As they belong together.
    start
        A plan of this very question to start from.
    known
        A result of this very question, handed over where no better one is found.
    """
    if compiled.problem.areas is not None:
        warm_up_areas()
    if is_compiled_for(compiled.problem, scenario.solve):
        warm_up()
    if start is None and compiled.problem.areas is not None:
        start = todays_map(compiled)
    result = known
    if known is None or scenario.solve.time_limit > LEAST_SECONDS:
        result = solve_problem(
            compiled.problem,
            scenario.solve,
            impossible=compiled.impossible,
            warm_start=start,
            interrupted=interrupted,
            tell=in_currency(tell, compiled.problem.cost_scale),
        )
    if known is not None and (result is None or known.cost < result.cost):
        result = known
    assert result is not None
    return _solution(scenario, tables, compiled, result)


def _solution(
    scenario: Scenario, tables: Tables, compiled: Compiled, result: Result
) -> Solution:
    """Unfold a result, beside today's ways."""
    compiled = replace(compiled, problem=result.problem)
    ways: tuple[Baseline, ...] = ()
    if result.status is not Status.INFEASIBLE:
        ways = todays_ways(scenario, tables, compiled)
        result = at_least_as_good(result, compiled, ways)
        compiled = replace(compiled, problem=result.problem)
    if result.arcs is None:
        why = reasons_why_not(compiled, scenario)
        return Solution(scenario, tables, compiled, result, None, (), why)
    if compiled.problem.areas is not None:
        result = names_stay(result, compiled)
    if tables.bases is not None:
        opening = opening_cost(tables, compiled.problem.cost_scale)
        result = with_opening(result, opening)
        ways = tuple(
            replace(way, terms={**way.terms, OPENING: opening}) for way in ways
        )
    assert result.arcs is not None
    plan = Plan.of_arcs(compiled, result.arcs)
    return Solution(scenario, tables, compiled, result, plan, ways)
