"""A small workspace for the page: its names are as hostile as names can be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

import planner

HOSTILE = '<img src=x onerror="document.title=1">'
"""A name that is markup where somebody forgets that it is text."""
SCENARIO = """\
name = "Small & <b>bold</b>"
currency = "EUR"
[accounts]
file = "accounts.csv"
[reps]
file = "reps.csv"
[[limits]]
measure = "hours"
high = "capacity"
[[balance]]
measure = "value"
tolerance = 0.1
price = 3
[[together]]
column = "parent"
[solve]
method = "search"
time_limit = 3
"""
ACCOUNTS, REPS = 200, 8


def write_workspace(folder: Path) -> None:
    """Write tables, a scenario and its plan ``plans/first``; a0 to a5 are one group."""
    rng = np.random.default_rng(5)
    hours = rng.integers(2, 40, ACCOUNTS)
    accounts = pd.DataFrame(
        {
            "account_id": [f"a{i}" for i in range(ACCOUNTS)],
            "name": [f"{HOSTILE} {i}" for i in range(ACCOUNTS)],
            "latitude": rng.uniform(45, 48, ACCOUNTS),
            "longitude": rng.uniform(5, 12, ACCOUNTS),
            "visits": 6,
            "hours": hours,
            "value": rng.integers(100, 900, ACCOUNTS),
            "parent": np.where(np.arange(ACCOUNTS) < 6, "P", ""),
        }
    )
    reps = pd.DataFrame(
        {
            "rep_id": [f"r{j}" for j in range(REPS)],
            "name": [HOSTILE if j == 0 else f"Rep {j}" for j in range(REPS)],
            "latitude": rng.uniform(45, 48, REPS),
            "longitude": rng.uniform(5, 12, REPS),
            "capacity": int(np.ceil(hours.sum() / REPS / 0.9)),
        }
    )
    accounts.to_csv(folder / "accounts.csv", index=False)
    reps.to_csv(folder / "reps.csv", index=False)
    (folder / "small.toml").write_text(SCENARIO, "utf-8")
    solution = planner.solve(folder / "small.toml", time_limit_s=2)
    solution.save(folder / "plans" / "first", drawings=False)
