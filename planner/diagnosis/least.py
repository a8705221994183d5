"""From a solve without a plan to its diagnosis, and to the plan that bends least."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from planner.compile import compile_problem
from planner.diagnosis.result import Diagnosis
from planner.diagnosis.rewrite import bent_tables
from planner.diagnosis.run import diagnose_tables
from planner.earlier import read_start
from planner.errors import PlannerError
from planner.scenario import Scenario
from planner.solution import Solution
from planner.solvers.result import Progress
from planner.solving import solve_compiled
from planner.words import _


def diagnose_solution(
    solution: Solution,
    *,
    time_limit_s: float | None = None,
    least_violating: bool = False,
    interrupted: Callable[[], bool] = lambda: False,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> tuple[Diagnosis, Solution]:
    """
    Diagnose a solution without a plan.

    Parameters
    ----------
    solution
        Without a plan, of a scenario without ``[bases]``.
    time_limit_s
        For the diagnosis, and again for a solve after it.
    least_violating
        Also solve the cheapest option.

    Returns
    -------
    The diagnosis, and a solution: with a plan if the diagnosis found one that keeps
    every rule, or if the cheapest option was asked for; else the one given. Where a
    plan rests on changed rules, its `Scenario.relaxed` names them.
    """
    told = diagnose_tables(
        solution.scenario,
        solution.tables,
        time_limit_s=time_limit_s,
        interrupted=interrupted,
        tell=tell,
    )
    scenario, owner = solution.scenario, told.owner
    if owner is None and least_violating and told.options:
        scenario, owner = told.options[0].scenario, told.options[0].owner
    if owner is None:
        return told, solution
    return told, _solved(solution, scenario, owner, time_limit_s, interrupted, tell)


def solve_least_violating(
    solution: Solution, *, time_limit_s: float | None = None
) -> Solution:
    """
    Solve the scenario with the least change of its rules that gives it a plan.

    Parameters
    ----------
    solution
        Without a plan.

    Raises
    ------
    PlannerError
        If no change was found that is enough.
    """
    found = diagnose_solution(
        solution, time_limit_s=time_limit_s, least_violating=True
    )[1]
    if found.plan is None:
        raise PlannerError(
            _(
                "No change of the rules that have a price was found to be enough. "
                "Give more rules a price in [relax], or more time."
            )
        )
    return found


def _solved(
    solution: Solution,
    scenario: Scenario,
    owner: pd.Series,
    time_limit_s: float | None,
    interrupted: Callable[[], bool],
    tell: Callable[[Progress], None],
) -> Solution:
    """Solve from a plan at hand."""
    scenario = scenario.with_solve(time_limit=time_limit_s)
    tables = bent_tables(solution.tables, scenario)
    compiled = compile_problem(tables, scenario)
    return solve_compiled(
        scenario,
        tables,
        compiled,
        start=read_start(owner, compiled),
        interrupted=interrupted,
        tell=tell,
    )
