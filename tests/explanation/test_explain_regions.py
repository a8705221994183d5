"""By regions: the region goes as a whole, with all that is in it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tiles import asked, one_each, tiles

import planner
from planner.explanation import AccountExplanation
from planner.explanation.telling import account_lines

RULES = (
    '[[balance]]\nmeasure = "accounts"\nhard = true\ntolerance = 0.5\n'
    '[areas.compactness]\nmeasure = "accounts"\nprice = 1.0\n'
)


@pytest.fixture(scope="module")
def solution() -> planner.Solution:
    """Return 3 x 4 squares with an account each, two territories of 3 to 9."""
    regions = tiles(3, 4)
    found = planner.solve(
        asked(RULES, reps=2, seconds=2), accounts=one_each(regions), regions=regions
    )
    assert found.plan is not None
    return found


def corner(solution: planner.Solution) -> tuple[str, str, str]:
    """Return a region next to another territory, its account, and that rep."""
    assert solution.plan is not None
    plan = solution.plan.regions
    for region, rep in plan.items():
        row, column = int(str(region)[1]), int(str(region)[2])
        for there in (f"r{row + 1}{column}", f"r{row}{column + 1}"):
            if there in plan.index and plan[there] != rep:
                account = solution.tables.accounts
                inside = account.index[account["region_id"] == region][0]
                return str(region), str(inside), str(plan[there])
    raise AssertionError("one territory only")


def test_a_region_goes_with_its_accounts(
    solution: planner.Solution, tmp_path: Path
) -> None:
    """Asked by account or by region: the same bracket, and a plan that holds."""
    region, account, rep = corner(solution)
    by_region = planner.override(solution, f"region:{region}", rep, time_limit_s=3)
    by_account = planner.override(solution, account, rep, time_limit_s=3)
    assert by_region.along == (account,)
    assert by_account.along == (f"region:{region}",)
    for answer in (by_region, by_account):
        assert solution.bound <= answer.lower <= answer.upper
        assert answer.solution is not None
        assert answer.solution.plan is not None
        assert answer.solution.plan.regions[region] == rep
        assert answer.solution.plan.owner[account] == rep
    answer.solution.save(tmp_path / "plan", drawings=False)
    assert planner.verify(tmp_path / "plan").ok


def test_a_region_is_explained(solution: planner.Solution) -> None:
    """What moving it alone does to the map is counted, torn territories too."""
    region, account, rep = corner(solution)
    found = planner.explain(solution, f"region:{region}", ask=0)
    assert isinstance(found, AccountExplanation)
    assert found.along == (account,)
    moved = {one.rep: one.alone for one in found.options}[rep]
    assert moved is not None
    assert moved.breaks or "compactness" in moved.terms
    said = "\n".join(account_lines(found, "out", "USD"))
    assert f"region:{region}" in said


def test_accounts_have_the_reason_of_their_region(solution: planner.Solution) -> None:
    """One sentence for each account; regions have none of their own."""
    found = solution.reasons_by_account()
    assert found.index.equals(pd.Index(solution.tables.accounts.index))
    region = solution.tables.accounts["region_id"]
    expected = "With its region " + region + "."
    assert (found == expected).all()


def test_regions_have_reasons(solution: planner.Solution, tmp_path: Path) -> None:
    """By their neighbours where no rep is nearer; in regions.csv and in `explain`."""
    region, _account, _rep = corner(solution)
    assert solution.plan is not None
    plan = solution.plan.regions
    row, column = int(region[1]), int(region[2])
    around = [
        (row + 1, column),
        (row - 1, column),
        (row, column + 1),
        (row, column - 1),
    ]
    near = [f"r{i}{j}" for i, j in around if f"r{i}{j}" in plan.index]
    same = sum(plan[one] == plan[region] for one in near)
    said = f"{plan[region]} also has {same} of its {len(near)} neighbours."
    assert solution.reasons_by_region()[f"region:{region}"] == said
    assert planner.explain(solution, f"region:{region}", ask=0).reason == said
    solution.save(tmp_path / "plan", drawings=False)
    written = pd.read_csv(tmp_path / "plan" / "regions.csv").set_index("region_id")
    assert written.loc[region, "reason"] == said
    assert planner.verify(tmp_path / "plan").ok


def test_a_locked_region_says_so() -> None:
    """What today's map fixes needs no other reason."""
    regions = tiles(2, 2, owner=["R1", "R1", "R2", "R2"])
    reps = pd.DataFrame({"rep_id": ["R1", "R2"]})
    scenario = asked('[areas]\nlocked_reps = ["R1"]\n' + RULES, reps=2)
    scenario = scenario.with_solve(time_limit=2)
    found = planner.solve(
        scenario, accounts=one_each(regions), regions=regions, reps=reps
    )
    said = found.reasons_by_region()
    assert said["region:r00"] == "Locked: stays with today's rep."


def test_a_rep_of_regions_is_explained(solution: planner.Solution) -> None:
    """Loads in accounts; who could take what, without the map."""
    found = planner.explain(solution, rep="T01")
    assert found.accounts >= 3
    assert found.limits[0].measure == "accounts"
    taken = planner.best_accounts_for(solution, "T01")
    assert taken["account"].str.startswith("region:").all()
