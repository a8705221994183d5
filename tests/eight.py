"""A question of eight accounts and three reps on a line, with tight hours."""

from __future__ import annotations

from typing import Any

import pandas as pd

from planner.scenario import Scenario

RULES: dict[str, Any] = {
    "currency": "EUR",
    "travel": {"cost_per_km": 1, "cost_per_hour": 0, "circuity": 1},
    "limits": [{"measure": "hours", "high": "capacity"}],
    "balance": [{"measure": "value", "tolerance": 0.1, "price": 0.5}],
    "handover": {"fixed": 3, "value_share": 0.01},
    "budgets": [{"of": "moved_value", "share": 0.6}],
    "together": [{"column": "site", "price": 7}],
}


def frames() -> dict[str, pd.DataFrame]:
    """Eight accounts, three reps, on a line; tight hours."""
    accounts = pd.DataFrame(
        {
            "account_id": [f"A{i}" for i in range(8)],
            "name": [f"Customer {i}" for i in range(8)],
            "latitude": [50.0] * 8,
            "longitude": [8 + 0.1 * i for i in range(8)],
            "owner": ["R0", "R1", "R1", "R0", "R2", "", "R2", "R0"],
            "visits": [1, 2, 1, 3, 1, 2, 1, 1],
            "hours": [4, 6, 2, 5, 3, 4, 6, 2],
            "value": [10, 40, 25, 30, 15, 20, 35, 5],
            "site": ["x", "", "", "x", "", "", "y", "y"],
        }
    )
    reps = pd.DataFrame(
        {
            "rep_id": ["R0", "R1", "R2"],
            "name": ["Ann", "Bob", "Cem"],
            "latitude": [50.0] * 3,
            "longitude": [8.0, 8.35, 8.7],
            "capacity": [12, 12, 11],
        }
    )
    return {"accounts": accounts, "reps": reps}


def scenario(**rules: Any) -> Scenario:
    """Return the scenario of this file with other rules."""
    tables = {"accounts": {"file": "accounts.csv"}, "reps": {"file": "reps.csv"}}
    return Scenario.model_validate(tables | RULES | rules)
