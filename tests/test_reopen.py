"""A plan folder becomes the solution again that it was written from."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import planner
from planner.certificate import seal
from planner.errors import PlannerError
from tests.test_edits import _solved, another_rep


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[planner.Solution, Path]:
    """Return a plan of 200 accounts, solved by search, and its folder."""
    solution = _solved()
    folder = tmp_path_factory.mktemp("plans") / "plan"
    solution.save(folder, drawings=False)
    return solution, folder


def test_reopened_solution_is_the_same(saved: tuple[planner.Solution, Path]) -> None:
    """Plan, cost, bound, prices: all as they were."""
    solution, folder = saved
    again = planner.open_plan(folder)
    assert again.plan is not None
    assert solution.plan is not None
    pd.testing.assert_series_equal(again.plan.owner, solution.plan.owner)
    assert (again.cost, again.bound, again.status) == (
        solution.cost,
        solution.bound,
        solution.status,
    )
    assert again.costs_by_term() == solution.costs_by_term()
    for name in ("prices", "row_prices"):
        one, other = getattr(again.result, name), getattr(solution.result, name)
        nonzero = {row: price for row, price in other.numerators.items() if price}
        assert {row: p for row, p in one.numerators.items() if p} == nonzero
        assert (one.knapsacks, one.units) == (other.knapsacks, other.units)


def test_reopened_solution_can_be_solved_on(
    saved: tuple[planner.Solution, Path],
) -> None:
    """Edits start from the folder as they do from the solution."""
    _, folder = saved
    again = planner.open_plan(folder)
    pins = {"a20": another_rep(again, "a20")}
    changed = planner.resolve(again, pins=pins, time_limit_s=1)
    assert changed.plan is not None
    assert changed.plan.owner["a20"] == pins["a20"]


def test_a_plan_that_is_not_the_certificates_is_refused(
    saved: tuple[planner.Solution, Path], tmp_path: Path
) -> None:
    """A certificate of another cost, though sealed, does not pass."""
    _, folder = saved
    raw = json.loads((folder / "certificate.json").read_text("utf-8"))
    raw["cost"] += 1
    raw["seal"] = seal(raw)
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "inputs").symlink_to(folder / "inputs")
    (copy / "plan.csv").symlink_to(folder / "plan.csv")
    (copy / "certificate.json").write_text(json.dumps(raw), "utf-8")
    with pytest.raises(PlannerError, match="not the one of its certificate"):
        planner.open_plan(copy)


def test_a_folder_without_certificate_is_refused(tmp_path: Path) -> None:
    """The way out is named."""
    with pytest.raises(PlannerError, match="Solve again"):
        planner.open_plan(tmp_path)
