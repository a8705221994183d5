"""What is done around a solve, before and after: starts, names, today's ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from planner.compile import Compiled
from planner.problem import evaluate
from planner.scenario import Scenario
from planner.scenario.model import MOVED
from planner.solvers.areas.names import named_by_today
from planner.solvers.baselines import Baseline, baselines
from planner.solvers.result import Progress, Result, Status
from planner.solvers.rulebook import read_rules
from planner.solvers.start import WarmStart
from planner.tables import Tables


def todays_map(compiled: Compiled) -> WarmStart | None:
    """Start from today's map where leaving it is capped, and no pair has a price."""
    pairs, problem = compiled.pairs, compiled.problem
    capped = {problem.measures[row.measure] for row in problem.rows} & {*MOVED}
    if problem.total_cost.any() or not capped:
        return None
    first = np.unique(compiled.unit_of, return_index=True)[1]
    return WarmStart(pairs.owner[first].astype(np.intp))


def names_stay(result: Result, compiled: Compiled) -> Result:
    """Let territories keep the reps with whom they share most of today's map."""
    assert result.arcs is not None
    arcs = named_by_today(compiled, result.arcs)
    cost = evaluate(compiled.problem, arcs).cost
    status = Status.OPTIMAL if cost == result.bound else Status.FEASIBLE
    return replace(result, arcs=arcs, cost=cost, status=status)


def in_currency(
    tell: Callable[[Progress], None], scale: int
) -> Callable[[Progress], None]:
    """Return a listener to progress in cost steps that passes it on in currency."""
    return lambda moment: tell(
        moment._replace(cost=moment.cost / scale, bound=moment.bound / scale)
    )


def todays_ways(
    scenario: Scenario, tables: Tables, compiled: Compiled
) -> tuple[Baseline, ...]:
    """Price today's ways of assigning, those with rules where there are any."""
    rules, chosen = None, scenario.baselines
    if chosen.rules is not None:
        rules = read_rules(scenario.base / chosen.rules, tables)
    return tuple(
        baselines(
            compiled,
            rules=rules,
            performance=chosen.performance,
            seed=scenario.solve.seed,
        )
    )


def at_least_as_good(
    result: Result, compiled: Compiled, ways: tuple[Baseline, ...]
) -> Result:
    """Take a simple way that keeps every rule where the search had less."""
    kept = [way for way in ways if way.feasible and way.cost < result.cost]
    if not kept:
        return result
    best = min(kept, key=lambda way: way.cost)
    problem = compiled.problem
    rep_of_unit = np.empty(problem.n, dtype=np.intp)
    rep_of_unit[compiled.unit_of] = np.where(
        best.rep_of < 0, problem.nobody, best.rep_of
    )
    if problem.source is not None:
        problem = problem.source.with_plan(problem, rep_of_unit)
    return replace(
        result,
        problem=problem,
        status=Status.OPTIMAL if best.cost == result.bound else Status.FEASIBLE,
        arcs=problem.arcs_of(rep_of_unit),
        cost=best.cost,
        method=f"{result.method}, {best.name}",
    )
