"""Solutions in Python: what can be asked of them, and what cannot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import planner
from planner.errors import PlannerError
from planner.telling import outcome_lines

ACCOUNTS = pd.DataFrame({"account_id": ["a", "b"], "value": [10, 30], "hours": [5, 7]})
REPS = pd.DataFrame({"rep_id": ["r"], "capacity": [11]})


def solved(capacity: int) -> planner.Solution:
    """Two accounts of 12 hours in all, one rep."""
    scenario = planner.Scenario.model_validate(
        {
            "accounts": {"file": "accounts"},
            "reps": {"file": "reps"},
            "limits": [{"measure": "hours", "high": "capacity"}],
        }
    )
    reps = REPS.assign(capacity=capacity)
    return planner.solve(scenario, accounts=ACCOUNTS, reps=reps)


def test_no_plan_has_reasons_and_no_figures():
    """12 hours into 11: a status and a sentence, not an exception."""
    solution = solved(11)
    assert solution.status is planner.Status.INFEASIBLE
    assert solution.plan is None
    assert "need at least 12 hours, the limits allow 11: 1 short" in solution.reasons[0]
    with pytest.raises(PlannerError, match="no plan, so nothing to measure: infeas"):
        _ = solution.metrics
    with pytest.raises(PlannerError, match="no plan to draw"):
        solution.plot()


def test_figures_of_a_plan():
    """Both accounts go to the only rep: 12 of 12 hours."""
    solution = solved(12)
    assert solution.status is planner.Status.OPTIMAL
    assert solution.kpis().loc["capacity_use", "value"] == 1
    assert solution.kpis().loc["accounts", "figure"] == "Accounts"
    with pytest.raises(PlannerError, match="there is no map"):
        solution.plot()


def test_what_the_bound_does_not_see_is_said(monkeypatch):
    """Rivals at different reps: where only prices bound the cost, that is told."""
    monkeypatch.setattr("planner.solvers.sets.MOST_WORK", -1)  # as if they were many
    rng = np.random.default_rng(1)
    accounts = pd.DataFrame(
        {
            "account_id": [f"a{i}" for i in range(300)],
            "latitude": rng.uniform(45, 48, 300),
            "longitude": rng.uniform(5, 12, 300),
            "visits": 4,
            "rival": [f"g{i % 40}" for i in range(300)],
        }
    )
    reps = pd.DataFrame(
        {
            "rep_id": [f"r{j}" for j in range(12)],
            "latitude": rng.uniform(45, 48, 12),
            "longitude": rng.uniform(5, 12, 12),
        }
    )
    scenario = planner.Scenario.model_validate(
        {
            "accounts": {"file": "accounts"},
            "reps": {"file": "reps"},
            "apart": [{"column": "rival"}],
            "solve": {"method": "search", "time_limit": 1},
        }
    )
    solution = planner.solve(scenario, accounts=accounts, reps=reps)
    assert solution.gap > 0
    assert any("does not see: apart." in line for line in outcome_lines(solution))
