"""Questions of where to put reps that can be enumerated, or solved with a pencil."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd

import planner
from planner.compile import compile_opening
from planner.problem import Problem
from planner.scenario import Scenario, parse_scenario
from planner.solution import Solution
from planner.tables import load_tables

LINE = [0.0, 0.1, 0.2, 5.0, 5.1, 5.2, 10.0, 10.1, 10.2]
"""Three towns of three accounts each, in degrees along a parallel."""


def accounts_at(longitudes: list[float], **columns: object) -> pd.DataFrame:
    """Return accounts A0, A1, ... near the equator, worth 1 each."""
    return pd.DataFrame(
        {
            "account_id": [f"A{i}" for i in range(len(longitudes))],
            "latitude": 1.0,
            "longitude": longitudes,
            "value": 1,
            **columns,
        }
    )


def sites_at(longitudes: list[float], **columns: object) -> pd.DataFrame:
    """Return candidates S0, S1, ... likewise."""
    return pd.DataFrame(
        {
            "id": [f"S{i}" for i in range(len(longitudes))],
            "latitude": 1.0,
            "longitude": longitudes,
            **columns,
        }
    )


def asked(bases: str, rules: str = "", *, reps: bool = False) -> Scenario:
    """Return a scenario; both arguments are TOML, `bases` of an inline table."""
    table = 'reps = {file = "reps"}\n' if reps else ""
    return parse_scenario(
        'accounts = {file = "accounts"}\n'
        f'{table}bases = {{candidates = "sites", {bases}}}\n{rules}\n'
        "[travel]\ncost_per_km = 1\ncost_per_hour = 0\n"
        "[solve]\ntime_limit = 1.5\n"
    )


def opened(solution: Solution) -> list[str]:
    """Ids of the open bases, sorted."""
    return sorted(solution.tables.reps.index)


def least_cost(scenario: Scenario, **frames: pd.DataFrame) -> float:
    """
    Cost of the best plan in steps, over all sets of bases and all assignments.

    Counted from the problem of opening: travel, hard rows and priced bands of single
    reps; inf without a plan.
    """
    tables = load_tables(scenario, scenario.base, **frames)
    problem = compile_opening(tables, scenario).problem
    opening = problem.opening
    assert opening is not None
    sizes = [opening.count] if opening.exactly else range(1, opening.count + 1)
    best = np.inf
    for size in sizes:
        for chosen in itertools.combinations(range(problem.m), size):
            if opening.kept[~np.isin(np.arange(problem.m), chosen)].any():
                continue
            cost = int(opening.cost[list(chosen)].sum())
            best = min(best, cost + _least_with(problem, chosen))
    return float(best)


def _least_with(problem: Problem, chosen: tuple[int, ...]) -> float:
    """Least cost with some bases, by all of their assignments at once."""
    n, k = problem.n, len(chosen)
    cost = np.full((n, problem.m), np.inf)
    cost[problem.unit, problem.rep] = problem.total_cost
    takes = np.zeros((len(problem.measures), n, problem.m))
    takes[:, problem.unit, problem.rep] = problem.demand
    plans = np.indices((k,) * n).reshape(n, -1)
    units = np.arange(n)[:, None]
    reps = np.array(chosen)[plans]
    total = cost[units, reps].sum(axis=0)
    for row in problem.rows:
        if len(row.reps) == 1 and row.reps[0] not in chosen:
            continue
        load = (takes[row.measure][units, reps] * np.isin(reps, row.reps)).sum(axis=0)
        high = np.inf if row.high is None else row.high
        outside = np.maximum(0, np.maximum(load - high, row.low - load))
        if row.price is None:
            total = np.where(outside > 0, np.inf, total)
        else:
            total = total + row.price * outside
    return float(total.min())


def solved(scenario: Scenario, **frames: pd.DataFrame) -> Solution:
    """Solve with frames for the tables."""
    return planner.solve(scenario, **frames)
