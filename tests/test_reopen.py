"""A plan folder becomes the solution again that it was written from."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import planner
from planner.certificate import seal
from planner.compile import compile_plan
from planner.draft import Draft
from planner.errors import PlannerError
from planner.reopen import view_plan
from tests.test_edits import _solved, another_rep
from tests.tiles import asked, one_each, tiles


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


def test_a_view_counts_the_same_with_the_plans_own_pairs(
    saved: tuple[planner.Solution, Path],
) -> None:
    """Edits of it cost the same; what needs other pairs comes from the whole plan."""
    _, folder = saved
    whole, view = planner.open_plan(folder), view_plan(folder)
    assert len(view.compiled.problem.rep) == view.compiled.problem.n
    assert len(whole.compiled.problem.rep) > whole.compiled.problem.n
    assert view.plan is not None
    assert (view.cost, view.bound) == (whole.cost, whole.bound)
    pd.testing.assert_series_equal(view.plan.owner, whole.plan.owner)
    drafts = Draft(whole), Draft(view, whole=lambda: whole)
    rep = another_rep(whole, "a20")
    for draft in drafts:
        draft.move(["a20"], rep)
    one, other = (draft.figures() for draft in drafts)
    assert (one.cost, one.terms, one.breaches) == (
        other.cost,
        other.terms,
        other.breaches,
    )
    pd.testing.assert_frame_equal(one.loads, other.loads)
    hands = [draft.in_hand() for draft in drafts]
    assert hands[0].cost == hands[1].cost == pytest.approx(one.cost)


def test_a_view_by_regions_knows_who_may_have_one(tmp_path: Path) -> None:
    """A rep who may not be without a region is missed, though none of its pairs is."""
    regions = tiles(2, 3)
    scenario = asked(
        "forbid = [{regions = ['r00', 'r01', 'r02', 'r10', 'r11', 'r12'],"
        " reps = ['T03']}]"
    )
    solution = planner.solve(scenario, accounts=one_each(regions), regions=regions)
    solution.save(tmp_path / "plan", drawings=False)
    whole, view = planner.open_plan(tmp_path / "plan"), view_plan(tmp_path / "plan")
    for one in (whole, view):
        assert one.compiled.problem.areas.needed.tolist() == [True, True, False]
    free = Draft(view)
    assert free.figures().breaches == ()
    taken = free.owner[free.owner == "T02"].index
    free.move(list(taken), "T01")
    assert [one.rule for one in free.figures().breaches] == ["Reps without a territory"]


def test_a_view_prices_those_who_have_no_region(tmp_path: Path) -> None:
    """A plan may leave a rep out who may have one: that is a broken rule, seen."""
    regions = tiles(2, 3)
    solution = planner.solve(asked(), accounts=one_each(regions), regions=regions)
    owner = solution.plan.owner.replace("T03", "T02")
    compiled = compile_plan(solution.tables, solution.scenario, owner)
    assert compiled.problem.areas.needed.all()


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
    for reading in (planner.open_plan, view_plan):
        with pytest.raises(PlannerError, match="not the one of its certificate"):
            reading(copy)


def test_a_folder_without_certificate_is_refused(tmp_path: Path) -> None:
    """The way out is named."""
    with pytest.raises(PlannerError, match="Solve again"):
        planner.open_plan(tmp_path)
