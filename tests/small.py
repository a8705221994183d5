"""
A question of 3 accounts and 2 reps that can be counted with a pencil.

Travel costs 1.00 a km and nothing by the hour; one visit a year is one round trip:

    km one way      r1  r2     cost in cents   r1   r2
    a1               1   4                    200  800
    a2               2   3                    400  600
    a3               5   1                   1000  200
"""

from __future__ import annotations

import io

import pandas as pd

from planner.compile import Compiled, compile_problem
from planner.scenario import Scenario, parse_scenario
from planner.tables import Tables, load_tables

ACCOUNTS = """\
account_id,name,owner,visits,hours,value,grade,skills,site,rival
a1,Alpha,r1,1,10,100,A,imaging,,x
a2,Beta,r1,1,10,200,B,,g,x
a3,Gamma,r2,1,10,300,B,,g,
"""
REPS = """\
rep_id,name,team,grade,skills,capacity
r1,Ann,north,senior,imaging,10
r2,Bob,south,novice,,30
"""
DISTANCES = """\
account_id,rep_id,km
a1,r1,1
a1,r2,4
a2,r1,2
a2,r2,3
a3,r1,5
a3,r2,1
"""
ROOMY = REPS.replace(",10\n", ",99\n").replace(",30\n", ",99\n")


def question(
    rules: str = "",
    *,
    travel: str = "",
    accounts: str = ACCOUNTS,
    reps: str = REPS,
    distances: str | None = DISTANCES,
) -> tuple[Scenario, Tables]:
    """Return scenario and clean tables; `rules` and `travel` are TOML."""
    frames = {"accounts": _frame(accounts), "reps": _frame(reps)}
    if distances is not None:
        frames["distances"] = _frame(distances)
    scenario = parse_scenario(
        f'accounts = {{file = "accounts"}}\nreps = {{file = "reps"}}\n{rules}\n'
        f"[travel]\ncost_per_km = 1\ncost_per_hour = 0\n{travel}\n"
    )
    return scenario, load_tables(scenario, scenario.base, **frames)


def compiled(rules: str = "", **tables: str | None) -> Compiled:
    """Return the compiled question; arguments as for `question`."""
    scenario, clean = question(rules, **tables)  # type: ignore[arg-type]
    return compile_problem(clean, scenario)


def _frame(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
