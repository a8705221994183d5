"""A real, honestly dirty table: every dirty row is accounted for."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.scenario import parse_scenario
from planner.tables import check_tables

CALLS = {
    "GENERAL ACUTE CARE": (12, 3, "acute"),
    "CRITICAL ACCESS": (6, 2, "critical_access"),
    "PSYCHIATRIC": (6, 2, "psychiatric"),
    "LONG TERM CARE": (4, 2, "long_term"),
    "REHABILITATION": (6, 2, "rehabilitation"),
    "MILITARY": (4, 2, "government"),
    "SPECIAL": (6, 2, "acute"),
    "CHILDREN": (18, 4, "paediatric"),
    "WOMEN": (12, 3, "acute"),
    "CHRONIC DISEASE": (4, 2, "long_term"),
}


def lookup(at: int) -> str:
    entries = (f'"{kind}" = {call[at]!r}' for kind, call in CALLS.items())
    return f'{{ lookup = "TYPE", table = {{ {", ".join(entries)} }} }}'


CLEANING = ', missing = ["-999"], fill = { with = "median", by = "TYPE" }'
SCENARIO = f"""
[accounts]
file = "hifld_hospitals_2020.csv"
keep = [
  {{ column = "STATUS", in = ["OPEN"] }},
  {{ column = "STATE", not_in = ["AK", "HI", "PR", "GU", "VI", "MP", "PW", "AS"] }},
]
[accounts.fields]
account_id = "ID"
owner = {{ constant = "" }}
value = {{ column = "BEDS"{CLEANING} }}
visits = {lookup(0)}
hours_per_visit = {lookup(1)}
skills = {lookup(2)}
[reps]
file = "hospital_reps.csv"
[reps.fields]
capacity = "capacity_h"
[[limits]]
measure = "hours"
high = "capacity"
"""


def test_hospitals(reference: Path) -> None:
    """The figures are those of the table's own description."""
    tables, faults, *_rest = check_tables(parse_scenario(SCENARIO), reference / "data")
    assert faults == []
    accounts = tables.accounts
    assert len(accounts) == 7_134
    assert "0053391362" in accounts.index
    assert accounts["hours"].sum() / tables.reps["capacity"].sum() == pytest.approx(
        0.9, abs=1e-3
    )
    assert any("7,134 of 7,596 rows kept" in note for note in tables.notes)
    filled = [warning for warning in tables.warnings if warning.column == "BEDS"]
    assert len(filled) == len(tables.warnings) == 224
    assert {warning.value for warning in filled} == {"-999"}
    acute = accounts["skills"] == "acute:1"
    present = accounts.loc[acute & (accounts["visits"] == 12), "value"]
    assert (present == 136).sum() >= 1
    assert any("median 136 of TYPE=GENERAL ACUTE CARE" in w.rule for w in filled)


def test_hospitals_without_the_cleaning(reference: Path) -> None:
    """Left out of the scenario, each dirty cell is named: nothing is guessed."""
    text = SCENARIO.replace(CLEANING, "")
    _tables, faults, *_rest = check_tables(parse_scenario(text), reference / "data")
    assert len(faults) == 224
    assert {(fault.column, fault.value) for fault in faults} == {("BEDS", "-999")}
