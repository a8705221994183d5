"""Questions too large for one model: conflicts are mended first, then the engine."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from small import question
from small_bases import LINE, accounts_at, asked, sites_at

import planner
from planner.compile import compile_problem
from planner.diagnosis import Diagnosis
from planner.ruled import view
from planner.ruling import ruled_of
from planner.scenario import Scenario
from planner.solvers.result import Watch
from planner.solvers.ruled import elastic, engine

N, M = 60, 6
BETWEEN = 200
"""Variables that the conflict by itself needs fewer of than all rules together."""


def few_hearts(rules: dict) -> Diagnosis:
    """30 of 60 accounts of 10 h need cardiology; only R0 has it, and 100 h."""
    accounts = pd.DataFrame(
        {
            "account_id": [f"A{i:02}" for i in range(N)],
            "latitude": np.linspace(46, 47, N).round(3),
            "longitude": 7.0,
            "hours": 10,
            "value": np.arange(N) + 100,
            "skills": ["cardiology", ""] * (N // 2),
            "owner": [f"R{i % M}" for i in range(N)],
        }
    )
    reps = pd.DataFrame(
        {
            "rep_id": [f"R{r}" for r in range(M)],
            "latitude": np.linspace(46, 47, M).round(3),
            "longitude": 7.0,
            "skills": ["cardiology"] + [""] * (M - 1),
            "capacity": [100] + [220] * (M - 1),
        }
    )
    tables = {"accounts": {"file": "accounts"}, "reps": {"file": "reps"}}
    limits = {"limits": [{"measure": "hours", "high": "capacity"}]}
    budget = {"budgets": [{"of": "moved_value", "share": 0.9}]}
    scenario = Scenario.model_validate(tables | limits | budget | rules)
    return planner.diagnose(scenario, accounts=accounts, reps=reps, time_limit_s=20)


def test_a_skill_is_granted_where_the_whole_is_too_large_for_one_model(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """200 h short: 10,000 for hours, or 2,000 for one rep who learns it."""
    monkeypatch.setattr(elastic, "MOST_VARIABLES", BETWEEN)
    found = few_hearts({})
    assert found.conflict is not None
    assert {member.rule for member in found.conflict.members} == {"limits[0]", "skills"}
    first = found.options[0]
    assert first.price == 2000
    assert "cover 'cardiology'" in first.changes[0]
    assert first.least, "what mends the conflict alone proves it"


def test_what_is_not_proven_to_be_the_least_says_what_the_least_costs_or_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No model at all: the floor is the smallest step of the cheaper rule."""
    monkeypatch.setattr(elastic, "MOST_VARIABLES", 0)
    found = few_hearts({"relax": {"skills": "never"}})
    first = found.options[0]
    assert not first.least
    assert 0 < first.bound < first.price == 10_000
    assert f"[the least costs {first.bound:,.2f} or more]" in str(found)
    assert found.to_dict()["options"][0]["bound"] == first.bound


def test_the_engine_looks_for_a_plan_where_plans_are_cheap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Among pairs that all cost nothing it does not find one under a tight budget."""
    scenario, tables = question()
    ruled = ruled_of(compile_problem(tables, scenario).pairs)
    asked_for: list[np.ndarray] = []
    solve = engine.solve_problem

    def solve_problem(problem, settings, **rest):
        asked_for.append(problem.cost)
        return solve(problem, settings, **rest)

    monkeypatch.setattr(engine, "solve_problem", solve_problem)
    units, infeasible = engine.ask_engine(
        ruled, view(ruled, ruled.all()), Watch(5), 1, 1
    )
    assert units is not None
    assert not infeasible
    assert asked_for[0].tolist() == [[200, 400, 600, 1000, 200]]


def test_where_bases_are_chosen_too_sums_are_said() -> None:
    tables = {"accounts": accounts_at(LINE), "bases": sites_at([0.1, 5.1, 10.1])}
    few = asked("open = 1", "[[limits]]\nmeasure = 'value'\nhigh = 5")
    found = planner.diagnose(few, **tables)
    assert (found.status, found.conflicts, found.options) == ("infeasible", (), ())
    assert "1 open bases can take 5 value at most, and 9 are needed" in str(found)
    assert "With [bases] only sums are looked at." in str(found)
    enough = asked("open = 2", "[[limits]]\nmeasure = 'value'\nhigh = 5")
    assert planner.diagnose(enough, **tables).status == "feasible"
