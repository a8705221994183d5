"""Plans by regions, small enough to be solved with a pencil."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiles import asked, one_each, tiles

import planner
from planner.comparison import compare
from planner.errors import PlannerError
from planner.evaluate.verify import verify
from planner.solution import Solution
from planner.solvers.result import Status
from planner.workspace import read_plan_folder

COMPACT = '[areas.compactness]\nmeasure = "accounts"\nprice = 1.0\n'
EVEN = '[[balance]]\nmeasure = "accounts"\nhard = true\ntolerance = 0.0\n'


def passes(solution: Solution, folder: Path) -> bool:
    """Whether the judge finds the written folder as it claims to be."""
    solution.save(folder / "plan", drawings=False)
    verdict = verify(folder / "plan")
    assert verdict.ok, str(verdict)
    return verdict.ok


def test_a_grid_is_cut_along_its_short_sides(tmp_path: Path) -> None:
    """Squares are 7.2 km wide and 11.1 km high: three in a row lie closest."""
    regions = tiles(3, 3)
    solution = planner.solve(
        asked(EVEN + COMPACT), accounts=one_each(regions), regions=regions
    )
    assert solution.plan is not None
    rows = solution.plan.regions.groupby(solution.plan.regions.index.str[:2])
    assert (rows.nunique() == 1).all()
    assert passes(solution, tmp_path)


def test_a_new_account_has_the_owner_of_its_region() -> None:
    regions = tiles(2, 2)
    solution = planner.solve(
        asked(reps=2, seconds=0.5), accounts=one_each(regions), regions=regions
    )
    assert solution.plan is not None
    for region, rep in solution.plan.regions.items():
        assert solution.plan.owner_of_region(str(region)) == rep
    with pytest.raises(PlannerError, match=r"no region 'x'.*r00"):
        solution.plan.owner_of_region("x")


def test_an_account_goes_with_its_region_by_place(tmp_path: Path) -> None:
    """Accounts without region_id belong to the square that they lie in."""
    regions = tiles(1, 2)
    accounts = one_each(regions).drop(columns="region_id")
    accounts["longitude"], accounts["latitude"] = [10.05, 10.15], 50.05
    solution = planner.solve(
        asked(reps=2, seconds=0.5), accounts=accounts, regions=regions
    )
    assert solution.plan is not None
    frame = solution.plan.to_frame().set_index("account_id")["rep_id"]
    assert frame["a0"] == solution.plan.regions["r00"]
    assert frame["a1"] == solution.plan.regions["r01"]
    assert passes(solution, tmp_path)


def test_an_account_in_no_region_is_a_fault() -> None:
    regions = tiles(1, 2)
    accounts = one_each(regions).drop(columns="region_id")
    accounts["longitude"], accounts["latitude"] = [10.05, 99.0], 50.05
    with pytest.raises(PlannerError, match=r"lies in no region.*areas\.carve"):
        planner.solve(asked(reps=2), accounts=accounts, regions=regions)


def test_carved_accounts_go_elsewhere(tmp_path: Path) -> None:
    """A key account is pinned to a rep who is not that of its region."""
    regions = tiles(1, 4)
    accounts = one_each(regions, owner=["T01", "T01", "T02", "T02"])
    rules = (
        'pins = [{accounts = ["a0"], reps = ["T02"]},'
        ' {regions = ["r00"], reps = ["T01"]}]\n'
        'areas = {carve = [{accounts = ["a0"]}]}\n'
    )
    solution = planner.solve(asked(rules, reps=2), accounts=accounts, regions=regions)
    assert solution.plan is not None
    assert solution.plan.owner["a0"] == "T02"
    assert solution.plan.regions["r00"] == "T01"
    assert passes(solution, tmp_path)


def test_names_stay_with_whom_they_share_most() -> None:
    """The same three rows, whoever had them: each keeps the larger share of value."""
    regions = tiles(3, 3)
    owner = ["T03", "T03", "T01", "T01", "T01", "T02", "T02", "T02", "T03"]
    accounts = one_each(regions, owner=owner, value=1)
    solution = planner.solve(asked(EVEN + COMPACT), accounts=accounts, regions=regions)
    assert solution.plan is not None
    of_row = solution.plan.regions[["r00", "r10", "r20"]].tolist()
    assert of_row == ["T03", "T01", "T02"]


def test_budget_of_moved_value_keeps_todays_map(tmp_path: Path) -> None:
    """Nothing may change hands, so the plan is today's, though another is cheaper."""
    regions = tiles(3, 3)
    owner = ["T01", "T02", "T03"] * 3  # columns, not rows
    accounts = one_each(regions, owner=owner, value=1)
    rules = EVEN + COMPACT + '[[budgets]]\nof = "moved_value"\nshare = 0.0\n'
    solution = planner.solve(asked(rules), accounts=accounts, regions=regions)
    assert solution.plan is not None
    assert solution.plan.regions.tolist() == owner
    assert passes(solution, tmp_path)


def test_locked_rep_keeps_exactly_todays_regions(tmp_path: Path) -> None:
    regions = tiles(3, 3)
    owner = ["T01", "T01", "T02", "T01", "T02", "T02", "T03", "T03", "T03"]
    accounts = one_each(regions, owner=owner, value=1)
    rules = 'areas = {locked_reps = ["T01"], compactness = {price = 1.0}}\n'
    solution = planner.solve(asked(rules), accounts=accounts, regions=regions)
    assert solution.plan is not None
    kept = solution.plan.regions[solution.plan.regions == "T01"].index
    assert list(kept) == ["r00", "r01", "r10"]
    assert passes(solution, tmp_path)


def test_a_level_stays_together(tmp_path: Path) -> None:
    """Counties of one state have one rep; states themselves are no units."""
    counties = tiles(2, 4, level="county")
    counties["parent"] = np.where(counties["region_id"].str[2] < "2", "W", "E")
    states = tiles(1, 2, level="state", parent="")
    states["region_id"] = ["W", "E"]
    regions = pd.concat([counties, states], ignore_index=True)
    rules = '[areas]\nlevel = "county"\n[[together]]\ncolumn = "level:state"\n'
    solution = planner.solve(
        asked(rules, reps=2, seconds=0.5),
        accounts=one_each(counties),
        regions=regions,
    )
    assert solution.plan is not None
    assert len(solution.plan.regions) == 8
    west = solution.plan.regions[counties.set_index("region_id")["parent"] == "W"]
    assert west.nunique() == 1
    assert passes(solution, tmp_path)


def test_split_level_is_priced(tmp_path: Path) -> None:
    """Two states of two counties for three reps: one split, once the price."""
    counties = tiles(1, 4, level="county", parent=["W", "W", "E", "E"])
    states = tiles(1, 2, level="state", parent="")
    states["region_id"] = ["W", "E"]
    regions = pd.concat([counties, states], ignore_index=True)
    rules = (
        '[areas]\nlevel = "county"\n[[together]]\ncolumn = "level:state"\nprice = 7.0\n'
    )
    solution = planner.solve(
        asked(rules, reps=3), accounts=one_each(counties), regions=regions
    )
    assert solution.cost == 7.0
    assert passes(solution, tmp_path)


def test_compactness_is_the_spread_around_the_mean() -> None:
    """Two units in one territory: half the squared distance, one cent rounding."""
    regions = tiles(1, 2)
    accounts = one_each(regions)
    rules = COMPACT
    solution = planner.solve(
        asked(rules, reps=1, seconds=0.3), accounts=accounts, regions=regions
    )
    inertia = solution.compiled.problem.areas.inertia  # type: ignore[union-attr]
    assert inertia is not None
    (x0, x1), (y0, y1) = inertia.x.tolist(), inertia.y.tolist()
    squared = Fraction((x1 - x0) ** 2 + (y1 - y0) ** 2, 10**6)
    assert solution.cost == round(squared / 2 * 100) / 100
    assert 20 < solution.cost < 30  # 7.2 km apart: 7.2^2 / 2


def test_cut_edges_are_counted_by_edge_and_by_km(tmp_path: Path) -> None:
    """A strip of four for two reps is cut once, across 11.1 km."""
    regions = tiles(1, 4)
    accounts = one_each(regions)
    for by, least, most in (("edge", 3.0, 3.0), ("km", 33.3, 33.5)):
        rules = f'areas = {{cut_edges = {{price = 3.0, by = "{by}"}}}}\n'
        solution = planner.solve(
            asked(rules, reps=2, seconds=0.5), accounts=accounts, regions=regions
        )
        assert least <= solution.cost <= most
        assert passes(solution, tmp_path / by)


def test_distance_to_base_is_a_cost_of_pairs(tmp_path: Path) -> None:
    """Each region with its nearer base: proven, for the bound sees all of it."""
    regions = tiles(1, 4)
    reps = one_each(tiles(1, 2)).rename(columns={"account_id": "rep_id"})
    reps = reps.drop(columns="region_id")
    reps["latitude"], reps["longitude"] = 50.05, [10.05, 10.35]
    scenario = asked(
        'areas = {compactness = {to = "base", price = 1.0, measure = "accounts"}}\n'
        "travel = {cost_per_km = 0, cost_per_hour = 0}\n"
    )
    scenario = scenario.model_copy(
        update={
            "reps": planner.Scenario.model_validate(
                {"accounts": {"file": "a"}, "reps": {"file": "reps"}}
            ).reps
        }
    )
    solution = planner.solve(
        scenario, accounts=one_each(regions), reps=reps, regions=regions
    )
    assert solution.plan is not None
    assert solution.status is Status.OPTIMAL
    assert solution.plan.regions.tolist() == ["a0", "a0", "a1", "a1"]
    assert passes(solution, tmp_path)


def test_scattered_territories_where_they_may_be(tmp_path: Path) -> None:
    """Two heavy ends and two light middles: balanced only by leaps."""
    regions = tiles(1, 4, value=[3, 1, 1, 3])
    rules = (
        "areas = {contiguous = false}\n"
        '[[limits]]\nmeasure = "value"\nlow = 2\nhigh = 6\n'
        '[[pins]]\nregions = ["r00", "r03"]\nreps = ["T01"]\n'
    )
    solution = planner.solve(
        asked(rules, reps=2), accounts=one_each(regions), regions=regions
    )
    assert solution.plan is not None
    assert solution.plan.regions.tolist() == ["T01", "T02", "T02", "T01"]
    assert passes(solution, tmp_path)


def test_an_earlier_plan_is_a_start_and_can_be_edited(tmp_path: Path) -> None:
    """A region given to another rep takes its account along."""
    regions = tiles(3, 3)
    scenario = asked(COMPACT)
    solution = planner.solve(scenario, accounts=one_each(regions), regions=regions)
    assert solution.plan is not None
    other = next(r for r in ("T01", "T02") if r != solution.plan.regions["r00"])
    edited = planner.resolve(solution, pins={"region:r00": other}, time_limit_s=1)
    assert edited.plan is not None
    assert edited.plan.owner_of_region("r00") == edited.plan.owner["a0"] == other
    assert passes(edited, tmp_path / "edited")
    again = planner.solve(
        scenario,
        accounts=one_each(regions),
        regions=regions,
        warm_start=tmp_path / "edited" / "plan",
    )
    assert again.cost <= edited.cost
    table = compare([tmp_path / "edited" / "plan", _saved(again, tmp_path / "again")])
    assert table.loc["regions_changed"].iloc[-1] >= 0


def _saved(solution: Solution, folder: Path) -> Path:
    solution.save(folder, drawings=False)
    return folder


def test_area_plans_are_drawn_and_reported(tmp_path: Path) -> None:
    """Old and new owners on the map; the report counts regions."""
    regions = tiles(3, 3, name=[f"Tile {i}" for i in range(9)])
    owner = ["T01", "T02", "T03"] * 3
    solution = planner.solve(
        asked(EVEN + COMPACT),
        accounts=one_each(regions, owner=owner, value=1),
        regions=regions,
    )
    solution.save(tmp_path / "plan")
    assert (tmp_path / "plan" / "map.png").stat().st_size > 10_000
    report = (tmp_path / "plan" / "report.html").read_text("utf-8")
    assert "Territories / regions" in report
    view = read_plan_folder(tmp_path / "plan")
    assert "6 regions change hands" in view.subtitle()
    assert solution.metrics.totals["components"] == 3
