"""Starts from earlier plans, and small edits solved again from the plan in hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import planner
from planner.earlier import read_start
from planner.errors import PlannerError
from planner.problem import Problem, evaluate


@pytest.fixture(scope="module", params=["all arcs held", "few arcs held"])
def solved(request: pytest.FixtureRequest) -> Iterator[planner.Solution]:
    """Two hundred accounts, eight reps, tight hours, priced value band, groups."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "few arcs held":
            patch.setattr("planner.compile.SPARSE_PAIRS", 100)
            patch.setattr("planner.compile.HELD", 2)
            patch.setattr("planner.solvers.dual.HELD_ARCS", 2)
        yield _solved()


def _solved() -> planner.Solution:
    rng = np.random.default_rng(5)
    n, m = 200, 8
    hours = rng.integers(2, 40, n)
    accounts = pd.DataFrame(
        {
            "account_id": [f"a{i}" for i in range(n)],
            "latitude": rng.uniform(45, 48, n),
            "longitude": rng.uniform(5, 12, n),
            "visits": 6,
            "hours": hours,
            "value": rng.integers(100, 900, n),
            "parent": np.where(np.arange(n) < 6, "P", ""),
        }
    )
    reps = pd.DataFrame(
        {
            "rep_id": [f"r{j}" for j in range(m)],
            "latitude": rng.uniform(45, 48, m),
            "longitude": rng.uniform(5, 12, m),
            "capacity": int(np.ceil(hours.sum() / m / 0.95)),
        }
    )
    scenario = planner.Scenario.model_validate(
        {
            "accounts": {"file": "accounts"},
            "reps": {"file": "reps"},
            "limits": [{"measure": "hours", "high": "capacity"}],
            "balance": [{"measure": "value", "tolerance": 0.1, "price": 3}],
            "together": [{"column": "parent"}],
            "solve": {"method": "search", "time_limit": 3},
        }
    )
    return planner.solve(scenario, accounts=accounts, reps=reps)


def _is_pinned(problem: Problem, pins: dict[str, str]) -> np.ndarray:
    return np.array([unit in pins for unit in problem.unit_ids])


def another_rep(solution: planner.Solution, account: str) -> str:
    """Return the rep after the one that serves an account."""
    assert solution.plan is not None
    ids = list(solution.tables.reps.index)
    return str(ids[(ids.index(solution.plan.owner[account]) + 1) % len(ids)])


def test_pins_hold_and_nothing_else_moves_in_vain(solved: planner.Solution) -> None:
    """No single other account can go back without higher cost or a broken rule."""
    pins = {a: another_rep(solved, a) for a in ("a20", "a55", "a90", "a140")}
    again = planner.resolve(solved, pins=pins, time_limit_s=1.5)
    assert again.plan is not None
    assert solved.plan is not None
    assert again.plan.owner[list(pins)].to_dict() == pins
    assert again.gap <= solved.gap + 0.01
    problem, arcs = again.compiled.problem, again.result.arcs
    assert arcs is not None
    before = solved.compiled.problem.rep[solved.result.arcs]
    if problem.source is not None:  # where everyone was is held, to go back to
        problem.arcs_of(np.where(_is_pinned(problem, pins), problem.rep[arcs], before))
    moved = np.flatnonzero(problem.rep[arcs] != before)
    for unit in moved:
        if problem.unit_ids[unit] in pins:
            continue
        trial = problem.rep[arcs].astype(np.intp)
        trial[unit] = before[unit]
        outcome = evaluate(problem, problem.arcs_of(trial))
        assert not outcome.feasible or outcome.cost > again.result.cost


def test_a_resolve_is_judged_like_any_plan(
    solved: planner.Solution, tmp_path: Path
) -> None:
    """The pins are rules of the scenario that is written, and the judge holds them."""
    again = planner.resolve(solved, pins={"a3": another_rep(solved, "a3")})
    again.save(tmp_path / "plan")
    verdict = planner.verify(tmp_path / "plan")
    assert verdict.ok, str(verdict)
    owner = again.plan.owner  # type: ignore[union-attr]
    assert owner[[f"a{i}" for i in range(6)]].nunique() == 1


def test_pins_that_contradict_are_no_plan(solved: planner.Solution) -> None:
    """Two of one group at two reps: a status with a reason."""
    again = planner.resolve(solved, pins={"a0": "r0", "a1": "r1"})
    assert again.status is planner.Status.INFEASIBLE
    assert "a0" in again.reasons[0]


def test_unknown_names_are_told(solved: planner.Solution) -> None:
    """A misspelt account or rep is an error with its name."""
    with pytest.raises(PlannerError, match="No account nobody in the tables"):
        planner.resolve(solved, pins={"nobody": "r0"})
    with pytest.raises(PlannerError, match="No rep r77 in the tables"):
        planner.resolve(solved, pins={"a0": "r77"})


def test_every_kind_of_start_gives_the_same_plan(
    solved: planner.Solution, tmp_path: Path
) -> None:
    """Solution, folder, file and series name the same reps; folders know prices."""
    assert solved.plan is not None
    solved.save(tmp_path / "plan")
    expected = read_start(solved, solved.compiled)
    folder = read_start(tmp_path / "plan", solved.compiled)
    file = read_start(tmp_path / "plan" / "plan.csv", solved.compiled)
    series = read_start(solved.plan.owner, solved.compiled)
    for start in (folder, file, series):
        assert (start.rep_of == expected.rep_of).all()
    assert folder.prices.numerators == expected.prices.numerators
    assert not file.prices.numerators


def test_starts_that_cannot_be_read(solved: planner.Solution, tmp_path: Path) -> None:
    """No file, and a plan of other accounts."""
    with pytest.raises(
        PlannerError, match=r"is no file\. Name a plan folder, or a CSV"
    ):
        read_start(tmp_path / "nothing.csv", solved.compiled)
    with pytest.raises(PlannerError, match="has none of the accounts"):
        read_start(pd.Series({"x": "r0"}), solved.compiled)


def test_unsolved_is_no_start(solved: planner.Solution) -> None:
    """A solution without a plan can neither be edited nor started from."""
    failed = planner.resolve(solved, pins={"a0": "r0", "a1": "r1"})
    with pytest.raises(PlannerError, match="There is no plan to start from"):
        planner.resolve(failed, pins={"a0": "r0"})
    with pytest.raises(PlannerError, match="earlier solution has no plan"):
        read_start(failed, solved.compiled)
