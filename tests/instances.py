"""Tiny random planning questions that use the whole scenario file, and their truth."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd

from planner.evaluate.recount import Recount
from planner.scenario import Scenario
from planner.scenario.rules import Apart, Together
from planner.tables import Tables


def random_question(seed: int) -> tuple[Scenario, dict[str, pd.DataFrame]]:
    """
    Return a scenario and its frames: 2 to 6 accounts, 2 to 3 reps, pools, mixed rules.

    Limits are drawn from the loads of a random plan, exactly or one step off, since
    that is where solvers and checkers go wrong.
    """
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(2, 7)), int(rng.integers(2, 4))
    accounts = _accounts(rng, n, m)
    reps = _reps(rng, m)
    rules = _rules(rng, accounts, reps)
    tables = {"accounts": {"file": "accounts"}, "reps": {"file": "reps"}}
    scenario = Scenario.model_validate(tables | rules)
    return scenario, {"accounts": accounts, "reps": reps}


def _accounts(rng: np.random.Generator, n: int, m: int) -> pd.DataFrame:
    owners = [f"R{r}" for r in range(m)] + ["", "gone"]
    return pd.DataFrame(
        {
            "account_id": [f"A{i}" for i in range(n)],
            "latitude": rng.uniform(40, 45, n).round(3),
            "longitude": rng.uniform(5, 12, n).round(3),
            "grade": rng.choice(["A", "B"], n),
            "skills": rng.choice(["", "", "", "", "x", "y:2"], n),
            "prefers": rng.choice(["", "x"], n),
            "owner": rng.choice(owners, n),
            "visits": rng.integers(1, 5, n),
            "hours": rng.choice([0.0, 1.0, 2.5, 4.25], n),
            "value": rng.choice([0.0, 10.0, 25.0, 60.5], n),
            "tenure_years": rng.choice([0.0, 2.0, 9.0], n),
            "pipeline": rng.choice([0.0, 30.0], n),
            "priority": rng.choice(["", "high"], n),
            "protected": rng.choice(["no"] * 7 + ["yes"], n),
            "parent": rng.choice(["", "", "P", "Q"], n),
            "rival": rng.choice(["", "", "", "V"], n),
        }
    )


def _reps(rng: np.random.Generator, m: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rep_id": [f"R{r}" for r in range(m)],
            "latitude": rng.uniform(40, 45, m).round(3),
            "longitude": rng.uniform(5, 12, m).round(3),
            "skills": rng.choice(["x", "x;y:2", "x:3;y:3"], m),
            "grade": rng.choice(["junior", "senior"], m),
            "team": rng.choice(["T1", "T2", ""], m),
            "capacity": rng.choice([3.0, 8.0, 20.0], m),
            "quota": rng.choice([1.0, 2.0, 3.5], m),
        }
    )


def _rules(
    rng: np.random.Generator, accounts: pd.DataFrame, reps: pd.DataFrame
) -> dict[str, Any]:
    def maybe(chance: float) -> bool:
        return bool(rng.random() < chance)

    guess = rng.integers(0, len(reps), len(accounts))  # a plan to draw limits from

    def load(column: str) -> float:
        amounts = np.ones(len(accounts)) if column == "accounts" else accounts[column]
        some = np.bincount(guess, amounts, minlength=len(reps))
        return float(some[rng.integers(len(reps))])

    rules: dict[str, Any] = {"limits": [], "balance": [], "budgets": []}
    rules["travel"] = {
        "cost_per_km": 0.3,
        "cost_per_hour": 7.5,
        "visits_per_trip": float(rng.choice([1, 3])),
    }
    if maybe(0.5):
        high: Any = load("hours") + float(rng.choice([0, 0.25, 6, 12]))
        if maybe(0.3):
            high = "capacity"
        rules["limits"].append({"measure": "hours", "high": high})
    if maybe(0.3):
        per = str(rng.choice(["rep", "team", "all"]))
        low = load("accounts") - float(rng.choice([0, 1]))
        rules["limits"].append({"measure": "accounts", "per": per, "low": max(0, low)})
    if maybe(0.3):
        rules["measures"] = {
            "work": {
                "of": "hours",
                "travel": True,
                "factor_by_grade": {"junior": 1.25},
                "where": [{"column": "grade", "in": ["A"]}] if maybe(0.5) else [],
            }
        }
        rules["limits"].append({"measure": "work", "high": load("hours") * 4 + 30})
    if maybe(0.5):
        rules["balance"].append(
            {
                "measure": "value",
                "target": str(rng.choice(["equal", "quota", "capacity"])),
                "tolerance": float(rng.choice([0, 0.1, 0.4])),
                "price": float(rng.choice([0.5, 3, 12.345])),
                "per": str(rng.choice(["rep", "rep", "team"])),
            }
        )
    if maybe(0.15):
        rules["balance"].append(
            {
                "measure": "accounts",
                "tolerance": float(rng.choice([0.3, 0.6, 1])),
                "hard": True,
            }
        )
    if maybe(0.4):
        rules["skills"] = {"missing_preferred": 12.5}
    if maybe(0.3):
        never: Any = "never" if maybe(0.4) else 9
        rules["fit"] = {"A": {"junior": never}, "B": {"senior": 4.5}}
    if maybe(0.2):
        rules["pins"] = [{"accounts": ["A0"], "reps": ["R0", "R1"]}]
    if maybe(0.2):
        where = [{"column": "value", "at_least": 25}]
        rules["forbid"] = [{"where": where, "reps": ["R1"]}]
    if maybe(0.3):
        price: Any = {"price": 20.0, "label": str(rng.choice(["rep", "team"]))}
        hard = {} if maybe(0.5) else price
        rules["together"] = [{"column": "parent", **hard}]
    if maybe(0.3):
        rules["apart"] = [{"column": "rival"}]
    if maybe(0.5):
        rules["handover"] = {
            "fixed": 3,
            "value_share": 0.1,
            "tenure_share": 0.2,
            "pipeline_share": 0.5,
        }
    if maybe(0.3):
        of = str(rng.choice(["moved_accounts", "moved_value", "travel", "hours"]))
        cap = {"share": float(rng.choice([0.2, 0.5, 0.8]))}
        if not of.startswith("moved"):
            cap = {"amount": float(rng.choice([10, 400, 3000]))}
        rules["budgets"].append({"of": of, **cap})
    if maybe(0.3):
        rules["leave_out"] = {
            "price": 60.0,
            "value_share": 1.0,
            "by_priority": {"high": 400.0},
        }
    if maybe(0.2):
        rules["travel"]["max_km"] = 400
    if maybe(0.4):
        _add_pools(rng, rules)
    return rules


def _add_pools(rng: np.random.Generator, rules: dict[str, Any]) -> None:
    """Add one or two pools, one of whom may own accounts today, and rules on them."""
    pools: list[dict[str, Any]] = []
    for name in ["gone", "desk"][: int(rng.integers(1, 3))]:
        pool: dict[str, Any] = {
            "id": name,
            "cost_per_account": float(rng.choice([0, 35.5])),
            "cost_per_visit": float(rng.choice([0, 12.345])),
            "cost_per_hour": float(rng.choice([0, 21])),
            "value_share": float(rng.choice([0, 0.125])),
            "skills": str(rng.choice(["", "x", "x;y:2"])),
            "grade": str(rng.choice(["", "junior"])),
            "team": str(rng.choice(["", "T1", "T3"])),
        }
        if rng.random() < 0.4:
            pool["where"] = [{"column": "value", "at_most": 25}]
        if rng.random() < 0.4:
            pool["capacity"] = float(rng.choice([1, 3.5, 6.75]))
        if rng.random() < 0.4:
            pool["max_accounts"] = int(rng.integers(0, 4))
        pools.append(pool)
    rules["pools"] = pools
    if rng.random() < 0.3:
        low = {"measure": "accounts", "reps": [pools[0]["id"]], "low": 1}
        rules["limits"].append(low)
    if pools[0]["team"] and rng.random() < 0.5:
        teams = [pools[0]["team"]]
        high = {"measure": "hours", "teams": teams, "per": "team", "high": 7.5}
        rules["limits"].append(high)
    if rng.random() < 0.2:
        rules["pins"] = [{"accounts": ["A1"], "reps": [pools[-1]["id"], "R0"]}]
    if rng.random() < 0.2:
        rules["budgets"].append({"of": "pool", "amount": 50})
    for entry in rules["balance"]:
        if rng.random() < 0.5:
            entry["of_total"] = 0.8


def brute_force(
    scenario: Scenario, tables: Tables, plans: np.ndarray | None = None
) -> int | None:
    """
    Cost of the best plan, or None if there is none, by trying every plan.

    It stands on the judge's numbers (`Recount`), not on the solvers'.

    Parameters
    ----------
    plans
        Only these: rep of each account (the number of reps: nobody), shape (any, n).
    """
    count = Recount(scenario, tables)
    pairs = count.pairs(np.arange(len(tables.accounts)))
    if plans is None:
        columns = [np.flatnonzero(allowed) for allowed in pairs.eligible]
        plans = np.array(list(itertools.product(*columns)), dtype=np.int64)
    if not plans.size:
        return None
    each = np.arange(len(pairs.eligible))
    nobody = count.nobody
    good = pairs.eligible[each, plans].all(axis=1)
    cost = sum(
        np.broadcast_to(c, pairs.eligible.shape)[each, plans].sum(axis=1)
        for c in pairs.costs.values()
    ) + np.zeros(len(plans), dtype=np.int64)
    for row in count.rows:
        amount = np.broadcast_to(pairs.amounts[row.quantity], pairs.eligible.shape)
        counted = np.isin(plans, row.reps)
        if row.quantity[0] == "measure":
            counted &= plans != nobody
        load = (amount[each, plans] * counted).sum(axis=1)
        over = np.zeros_like(load) if row.high is None else load - row.high
        outside = np.maximum(over, 0) + np.maximum(row.low - load, 0)
        if row.price is None:
            good &= outside == 0
        else:
            cost = cost + row.price * outside
    for entry in scenario.together:
        team = tables.reps["team"].to_numpy(object)
        label = np.arange(nobody + 1)
        if entry.label == "team":
            label[:-1] = [list(team).index(t) if t else r for r, t in enumerate(team)]
        for members in _sets(count, entry):
            if entry.price is None:
                good &= (plans[:, members] == plans[:, members[:1]]).all(axis=1)
                continue
            for p, plan in enumerate(plans):
                used = {int(label[r]) for r in plan[members] if r != nobody}
                cost[p] += round(entry.price * count.cost_scale) * max(0, len(used) - 1)
    for entry in scenario.apart:
        for members in _sets(count, entry):
            for r in range(nobody):
                good &= (plans[:, members] == r).sum(axis=1) <= 1
    return int(cost[good].min()) if good.any() else None


def _sets(count: Recount, entry: Together | Apart) -> list[np.ndarray]:
    labels = count.labels(entry.column, entry.where)
    return [np.flatnonzero(labels == code) for code in range(labels.max() + 1)]
