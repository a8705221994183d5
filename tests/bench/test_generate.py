"""Generated cases: feasible as planted, exact in their fill, the same for a seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planner.bench.generate import SKILLS, Territory, generate, write_territory
from planner.errors import PlannerError
from planner.scenario import read_scenario
from planner.tables import check_tables


def hours(case: Territory) -> np.ndarray:
    """Hours of each account in steps of 0.1 h."""
    one = case.accounts["visits"] * case.accounts["hours_per_visit"]
    return np.rint(one.to_numpy() * 10).astype(int)


def skills(column: pd.Series) -> np.ndarray:
    """Mask of skills by row."""
    return np.array([[s in text.split(";") for s in SKILLS] for text in column])


@pytest.mark.parametrize(
    ("units", "reps", "fill"),
    [(2, 1, 0.9), (6, 3, 0.99), (900, 20, 0.9), (3000, 30, 0.99), (500, 250, 1.0)],
)
def test_planted_plan_keeps_every_rule(units: int, reps: int, fill: float) -> None:
    """Caps and skills hold, everyone has something to do, the fill is exact."""
    case = generate(units, reps, fill=fill, seed=3)
    load = np.bincount(case.planted, hours(case), minlength=reps)
    capacity = np.rint(case.reps["capacity"].to_numpy() * 10)
    assert len(case.accounts) == units
    assert len(case.reps) == reps
    assert (load <= capacity).all()
    assert load.min() > 0
    assert 0 <= load.sum() / fill - capacity.sum() < 1 + 1e-6
    held = skills(case.reps["skills"])
    asked = skills(case.accounts["skills"])
    assert (held[case.planted] | ~asked).all()
    assert set(held.sum(axis=1)) <= {2, 3, 4}
    assert set(asked.sum(axis=1)) <= {0, 1, 2}


def test_capacities_are_alike() -> None:
    """A team as it is hired, not one cut to the plan."""
    case = generate(3000, 30, seed=1)
    capacity = case.reps["capacity"]
    assert capacity.std() / capacity.mean() < 0.03
    assert 1000 < capacity.mean() < 2000


def test_case_is_realistic() -> None:
    """Where people live, worth what it takes, mostly owned by someone near."""
    case = generate(5000, 40, seed=1)
    accounts = case.accounts
    assert accounts["latitude"].between(24, 50).all()
    assert accounts["longitude"].between(-126, -66).all()
    logs = np.log(hours(case)), np.log(accounts["value"])
    assert 0.7 < np.corrcoef(*logs)[0, 1] < 0.98
    assert 0.87 < (accounts["owner"] != "").mean() < 0.93
    assert set(accounts["owner"]) - {""} <= set(case.reps["rep_id"])
    assert accounts["grade"].value_counts().idxmax() == "D"


def test_seed_repeats_and_differs() -> None:
    """The same seed is the same case, bit by bit; another is another."""
    one, again, other = (generate(300, 6, seed=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one.accounts, again.accounts)
    pd.testing.assert_frame_equal(one.reps, again.reps)
    assert not one.accounts.equals(other.accounts)


def test_tables_pass_check_without_a_warning(tmp_path: Path) -> None:
    """`planner check` has nothing to say."""
    case = generate(400, 8, seed=2)
    path = write_territory(
        tmp_path / "case", case, name="case", time_limit=20, seed=2, threads=1
    )
    scenario = read_scenario(path)
    assert (scenario.solve.time_limit, scenario.solve.threads) == (20, 1)
    found = check_tables(scenario, scenario.base)
    assert found.faults == []
    assert found.warnings == []
    assert found.tables is not None
    capacity = found.tables.reps["capacity"].sum()
    assert found.tables.accounts["hours"].sum() / capacity == pytest.approx(0.9, 1e-4)


def test_too_few_accounts_are_refused() -> None:
    """Each rep needs something to do."""
    with pytest.raises(PlannerError, match="9 accounts are too few for 5 reps"):
        generate(9, 5)
