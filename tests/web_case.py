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


def write_curves(folder: Path) -> None:
    """Write a frontier and a curve of headcounts, as commands write them."""
    (folder / "frontier.csv").write_text(
        "plan,travel,balance,cost,bound,gap,knee,price\n"
        "first,2000,1.5,1000,990,0.01,no,\n"
        "second,2200,0.5,1100,1090,0.009,yes,100\n",
        "utf-8",
    )
    (folder / "curve.csv").write_text(
        "k,status,cost,bound,gap,travel,skill,plan,marginal_value\n"
        "7,infeasible,,10,,,,,\n"
        "8,feasible,1200,1150,0.041667,1200,0,first,\n"
        "9,feasible,1050,960,0.085714,1050,0,second,150\n",
        "utf-8",
    )


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
