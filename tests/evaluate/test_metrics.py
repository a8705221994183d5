"""Figures of a plan of 3 accounts and 2 reps, counted by hand (see small.py)."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from small import ACCOUNTS, DISTANCES, REPS, question

from planner.errors import PlannerError
from planner.evaluate.metrics import Metrics, label_of, metrics

RULES = """\
limits = [{measure = "hours", high = "capacity"}]
balance = [{measure = "value", target = "capacity", price = 1}]
handover = {fixed = 1, value_share = 0.1}
"""


def owner(*reps: str) -> pd.Series:
    """Give a1, a2, a3 to these reps."""
    return pd.Series(reps, index=["a1", "a2", "a3"], dtype="str")


def measure(*reps: str, rules: str = RULES, **tables: str | None) -> Metrics:
    """Measure a plan of the small question."""
    scenario, clean = question(rules, **tables)  # type: ignore[arg-type]
    return metrics(clean, scenario, owner(*reps))


def test_totals_by_hand() -> None:
    """a2 moves from r1 to r2: km 1, 3, 1; hours 10 and 20 of 40; value 100 and 500."""
    totals = measure("r1", "r2", "r2").totals
    expected = {
        "accounts": 3,
        "accounts_left_out": 0,
        "value_left_out": 0,
        "reps": 2,
        "reps_without_accounts": 0,
        "travel_km": 2 * (1 + 3 + 1),
        "travel_hours": 2 * 5 / 40,  # all within the first 30 km, at 40 km/h
        "mean_km": 5 / 3,
        "p95_km": 2.8,  # between 1 and 3, at 0.95 x 2 = 1.9 of the ranks 0, 1, 2
        "mean_squared_km2": 11 / 3,
        "capacity_use": 30 / 40,
        "skill_match": 1,
        "accounts_vacant": 0,
        "accounts_moved": 1,
        "value_moved": 200,
        "value_moved_share": 200 / 600,
        "handover_value_at_risk": 1 + 20,
        "max_relative_imbalance_accounts": 0.5 / 1.5,
        "cv_accounts": 0.5 / 1.5,
        "gini_accounts": 2 / (2 * 4 * 1.5),
        "max_relative_imbalance_hours": 5 / 15,
        "cv_hours": 5 / 15,
        "gini_hours": 20 / (2 * 4 * 15),
        "max_relative_imbalance_value": 200 / 300,
        "cv_value": 200 / 300,
        "gini_value": 800 / (2 * 4 * 300),
    }
    assert totals == pytest.approx(expected)


def test_reps_by_hand() -> None:
    """Every column of r2, who gains a2; targets of 600 by capacity are 150 and 450."""
    reps = measure("r1", "r2", "r2").reps
    assert reps.index.tolist() == ["r1", "r2"]
    expected = {
        "accounts": 2,
        "load_accounts": 2,
        "pct_of_average_accounts": 100 * 2 / 1.5,
        "load_hours": 20,
        "pct_of_average_hours": 100 * 20 / 15,
        "load_value": 500,
        "pct_of_average_value": 100 * 500 / 300,
        "target_value": 450,
        "pct_of_target_value": 100 * 500 / 450,
        "capacity_use": 20 / 30,
        "travel_km": 8,
        "travel_hours": 0.2,
        "mean_km": 2,
        "p95_km": 2.9,
        "radius_km": 3,
        "mean_squared_km2": 5,
        "accounts_gained": 1,
        "accounts_lost": 0,
        "value_gained": 200,
        "value_lost": 0,
        "skill_match": np.nan,  # its accounts ask for none
    }
    assert reps.loc["r2"].to_dict() == pytest.approx(expected, nan_ok=True)
    assert reps.loc["r1", ["accounts_lost", "value_lost"]].tolist() == [1, 200]


def test_left_out_and_vacant() -> None:
    """Who was vacant is gained but not moved; who is left out is lost and moved."""
    accounts = ACCOUNTS.replace("Gamma,r2", "Gamma,gone")
    counted = measure("", "r1", "r2", accounts=accounts)
    totals, reps = counted.totals, counted.reps
    assert totals["accounts_left_out"] == totals["accounts_moved"] == 1
    assert totals["value_left_out"] == totals["value_moved"] == 100
    assert totals["accounts_vacant"] == 1
    assert totals["travel_km"] == 6
    assert reps["accounts_gained"].tolist() == [0, 1]
    assert reps["accounts_lost"].tolist() == [1, 0]


def test_an_idle_rep_counts_in_the_balance() -> None:
    """A rep without accounts is the largest imbalance of all, not no imbalance."""
    totals = measure("r1", "r1", "r1").totals
    assert totals["reps_without_accounts"] == 1
    assert totals["max_relative_imbalance_hours"] == 1
    assert totals["gini_hours"] == 0.5


def test_skill_match_counts_required_and_preferred() -> None:
    """a1 asks for imaging, a2 would like robotics: r1 has the first only."""
    accounts = ACCOUNTS.replace("skills,site", "skills,prefers,site")
    accounts = accounts.replace("imaging,,x", "imaging,,,x")
    accounts = accounts.replace("B,,g", "B,,robotics,g", 1).replace("B,,g", "B,,,g")
    counted = measure("r1", "r1", "r2", accounts=accounts)
    assert counted.totals["skill_match"] == 0.5
    assert measure("r2", "r1", "r2", accounts=accounts).totals["skill_match"] == 0
    assert counted.reps["skill_match"].iloc[0] == 0.5


def test_the_level_of_a_skill_counts() -> None:
    """imaging at level 1 does not serve who asks for level 2."""
    accounts = ACCOUNTS.replace("imaging", "imaging:2")
    assert measure("r1", "r1", "r2", accounts=accounts).totals["skill_match"] == 0


def test_loads_are_those_of_the_rows() -> None:
    """A measure with travel and factors: 10 x 1.5 + 2 x 0.1 h for the novice r2."""
    rules = """\
limits = [{measure = "work", high = "capacity"}]
measures.work = {of = "hours", travel = true, factor_by_grade = {novice = 1.5}}
"""
    distances = DISTANCES.replace("a3,r2,1", "a3,r2,4")
    counted = measure("r1", "r1", "r2", rules=rules, distances=distances)
    assert counted.reps.loc["r2", "load_work"] == 15.2
    assert counted.reps.loc["r2", "capacity_use"] == pytest.approx(15.2 / 30)
    assert counted.reps.loc["r2", "load_hours"] == 10


def test_a_target_per_team_is_no_target_of_a_rep() -> None:
    """A rep's share of a team's target is nowhere laid down."""
    rules = 'balance = [{measure = "value", per = "team", price = 1}]'
    assert "target_value" not in measure("r1", "r1", "r2", rules=rules).reps
    rules = 'balance = [{measure = "value", price = 1}]'
    reps = measure("r1", "r1", "r2", rules=rules).reps
    assert reps["target_value"].tolist() == [300, 300]


def test_without_places_there_is_no_distance() -> None:
    """Not known is None, not 0 km; and JSON gets no NaN."""
    accounts = ACCOUNTS.replace("imaging", "")
    reps = REPS.replace(",10\n", ",\n").replace(",30\n", ",\n")
    counted = measure(
        "r1", "r1", "r2", rules="", accounts=accounts, reps=reps, distances=None
    )
    for key in ("travel_km", "travel_hours", "mean_km", "p95_km", "mean_squared_km2"):
        assert counted.totals[key] is None
    assert counted.totals["skill_match"] is None
    assert counted.totals["capacity_use"] is None
    plain = json.loads(json.dumps(counted.to_dict(), allow_nan=False))
    assert plain["reps"]["r1"]["radius_km"] is None
    assert plain["reps"]["r1"]["accounts"] == 2
    assert plain["totals"] == counted.totals


def test_every_figure_has_a_label() -> None:
    """A key without words would show up raw in a report."""
    for key in measure("r1", "r2", "r2").totals:
        label = label_of(key)
        assert label.label
        assert label.label != key
        assert label.better in ("lower", "higher", None)
    assert label_of("cv_my measure").label == "Variation of my measure (CV)"
    with pytest.raises(KeyError, match="nothing"):
        label_of("nothing")


def test_the_order_of_the_assignment_does_not_matter() -> None:
    """Figures go by id, not by position."""
    scenario, tables = question(RULES)
    plan = owner("r1", "r2", "r2")
    assert metrics(tables, scenario, plan[::-1]).totals == (
        metrics(tables, scenario, plan).totals
    )


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (owner("r1", "r2", "r2")[:2], 'lacks a3; add them, with "" where left out'),
        (
            pd.Series(["r1"] * 4, index=["a1", "a2", "a3", "b"]),
            "names b, which the accounts lack; remove",
        ),
        (
            pd.Series(["r1"] * 4, index=["a1", "a2", "a3", "a3"]),
            "has a3 more than once; keep one row each",
        ),
        (owner("r9", "r9", "r2"), "gives a1, a2 to reps that do not exist (r9); corr"),
        (owner("r1", None, "r2"), "gives a2 to reps that do not exist"),
        (
            pd.Series("r1", index=["a1", "a2", "a3", *"bcdef"]),
            "names b, c, d and 2 more",
        ),
    ],
)
def test_an_assignment_that_does_not_fit(plan: pd.Series, words: str) -> None:
    """A silent reindex would measure another plan."""
    scenario, tables = question(RULES)
    with pytest.raises(PlannerError, match=re.escape(words)):
        metrics(tables, scenario, plan)
