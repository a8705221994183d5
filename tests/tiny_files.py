"""Tiny questions as files, small enough that every plan can be tried."""

from __future__ import annotations

from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pandas as pd

from planner.compile import compile_problem
from planner.problem import evaluate
from planner.scenario import Scenario
from planner.tables import load_tables

RULES = """\
[[balance]]
measure = "value"
tolerance = 0.0
price = 1.0
"""


def write_question(
    folder: Path,
    seed: int = 0,
    *,
    accounts: int = 6,
    reps: int = 3,
    rules: str = RULES,
    capacity: float = 1e6,
) -> Path:
    """Write a scenario with random tables; returns its path."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    ids = [f"a{i}" for i in range(accounts)]
    pd.DataFrame(
        {
            "account_id": ids,
            "name": [f"Account {i}" for i in range(accounts)],
            "latitude": rng.uniform(0, 1, accounts).round(3),
            "longitude": rng.uniform(0, 4, accounts).round(3),
            "value": rng.integers(1, 30, accounts) * 10,
            "hours": rng.integers(5, 20, accounts),
            "visits": 1,
            "owner": [f"R{rng.integers(reps)}" for _ in ids],
        }
    ).to_csv(folder / "accounts.csv", index=False)
    pd.DataFrame(
        {
            "rep_id": [f"R{i}" for i in range(reps)],
            "name": [f"Rep {i}" for i in range(reps)],
            "latitude": rng.uniform(0, 1, reps).round(3),
            "longitude": rng.uniform(0, 4, reps).round(3),
            "capacity": capacity,
        }
    ).to_csv(folder / "reps.csv", index=False)
    text = (
        'name = "Tiny"\ncurrency = "EUR"\naccounts = { file = "accounts.csv" }\n'
        'reps = { file = "reps.csv" }\n[travel]\ncost_per_km = 1\ncost_per_hour = 0\n'
        f"[solve]\ntime_limit = 10\n{rules}"
    )
    path = folder / "plan.toml"
    path.write_text(text, "utf-8")
    return path


def all_plans(scenario: Scenario) -> list[dict[str, float]]:
    """
    Try every plan that keeps the hard rules.

    Returns
    -------
    For each its terms in currency, and besides: total, outside (share of the measure
    outside the bands of the first rule of balance), deviation (of its worst rep) and
    moved (share of value), all in percent.
    """
    tables = load_tables(scenario, scenario.base)
    compiled = compile_problem(tables, scenario)
    problem, pairs = compiled.problem, compiled.pairs
    value = tables.accounts["value"].to_numpy(float)
    found = []
    arcs_of_unit = [range(a, b) for a, b in pairwise(problem.start.tolist())]
    for choice in product(*arcs_of_unit):
        arcs = np.array(choice)
        outcome = evaluate(problem, arcs)
        if not outcome.feasible:
            continue
        plan = {k: x / problem.cost_scale for k, x in outcome.terms.items()}
        plan["total"] = outcome.cost / problem.cost_scale
        rep = problem.rep[arcs]
        load = np.bincount(rep, value, minlength=problem.m)
        target = value.sum() / problem.m
        off = np.abs(load - target)
        if scenario.balance:
            inside = scenario.balance[0].tolerance * target
            plan["outside"] = 100 * np.maximum(0, off - inside).sum() / value.sum()
        plan["deviation"] = 100 * off.max() / target
        plan["moved"] = 100 * value[rep != pairs.owner].sum() / value.sum()
        found.append(plan)
    return found


def pareto(points: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """Return the points that no other beats, each once, sorted."""
    distinct = sorted({tuple(round(float(x), 4) for x in point) for point in points})
    return [
        p
        for p in distinct
        if not any(
            q != p and all(a <= b for a, b in zip(q, p, strict=True)) for q in distinct
        )
    ]
