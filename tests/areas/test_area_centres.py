"""Compactness to the best region: counted by hand, proven, judged, drawn."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_corruption import edit_certificate, edit_table, forge
from tiles import asked, one_each, tiles

import planner
from planner.errors import PlannerError
from planner.evaluate.verify import verify
from planner.geo.distance import haversine_km
from planner.problem import evaluate
from planner.solution import Solution
from planner.solvers.result import Status
from planner.workspace import read_plan_folder

STEP = float(haversine_km(49.95 + 0.1, 10.05, 49.95 + 0.1, 10.15))
"""Kilometres between the middles of two squares of a row."""


def region_rules(power: int = 2, more: str = "", *, cut: str = "") -> str:
    """Compactness to the best region, at 1 a unit of value and km^power."""
    shape = f'{{to = "region", price = 1.0, power = {power}}}'
    return f"{more}\nareas = {{compactness = {shape}{cut}}}\n"


def strip(value: list[float]) -> dict[str, object]:
    """Squares in a row, an account in the middle of each."""
    regions = tiles(1, len(value))
    return {"regions": regions, "accounts": one_each(regions, value=value)}


@pytest.mark.parametrize(
    ("power", "value", "centre", "ways"),
    [
        (1, [1, 1, 5], "r02", 1 * 2 + 1 * 1),
        (2, [1, 1, 5], "r02", 1 * 4 + 1 * 1),
        (2, [3, 1, 2], "r01", 3 * 1 + 2 * 1),
        (1, [3, 1, 1], "r00", 1 * 1 + 1 * 2),
    ],
)
def test_the_best_region_is_the_centre(
    power: int, value: list[float], centre: str, ways: float, tmp_path: Path
) -> None:
    """The one to which the sum of value x distance^power is least."""
    solution = planner.solve(
        asked(region_rules(power), reps=1, seconds=10), **strip(value)
    )
    assert solution.plan is not None
    assert solution.plan.centres.to_dict() == {"T01": centre}
    assert solution.cost == pytest.approx(ways * STEP**power, abs=0.02)
    assert solution.status is Status.OPTIMAL
    solution.save(tmp_path / "plan")
    assert verify(tmp_path / "plan").ok
    view = read_plan_folder(tmp_path / "plan")
    layers = view.area_layers()
    assert layers["areas"].centred
    place = layers["reps"].loc["T01", "longitude"]
    assert place == pytest.approx(10.05 + 0.1 * int(centre[2]))


def test_cut_where_it_is_cheapest() -> None:
    """Four squares, two territories: two and two, each with the heavier as centre."""
    solution = planner.solve(
        asked(region_rules(), reps=2, seconds=20), **strip([5, 1, 1, 7])
    )
    assert solution.plan is not None
    assert sorted(solution.plan.centres) == ["r00", "r03"]
    assert solution.cost == pytest.approx(2 * STEP**2, abs=0.02)
    assert solution.status is Status.OPTIMAL


def test_regions_that_stay_together_have_one_hub(tmp_path: Path) -> None:
    """r00 and r01 go as one place, at r01; r03, alone, is nobody's neighbour then."""
    data = strip([1, 4, 1, 1])
    data["accounts"] = data["accounts"].assign(site=["x", "x", "", ""])
    rules = region_rules(1, 'together = [{column = "site"}]')
    solution = planner.solve(asked(rules, reps=2, seconds=1.0), **data)
    assert solution.plan is not None
    owner = solution.plan.regions
    assert owner["r00"] == owner["r01"]
    assert solution.plan.centres[owner["r00"]] == "r01"
    solution.save(tmp_path / "plan", drawings=False)
    assert verify(tmp_path / "plan").ok


def test_carved_accounts_do_not_count(tmp_path: Path) -> None:
    """The heavy account leaves its region, so it pulls no centre."""
    rules = (
        'areas = {carve = [{accounts = ["a2"]}], '
        'compactness = {to = "region", price = 1.0}}\n'
    )
    solution = planner.solve(asked(rules, reps=1, seconds=0.5), **strip([3, 1, 90]))
    assert solution.plan is not None
    assert solution.plan.centres["T01"] == "r00"
    assert solution.cost == pytest.approx(STEP**2, abs=0.02)
    solution.save(tmp_path / "plan", drawings=False)
    assert verify(tmp_path / "plan").ok


def by_hand(solution: Solution) -> int:
    """Least cost of all plans of a small map, by the problem's own count."""
    problem = solution.compiled.problem
    arcs = [range(*ends) for ends in itertools.pairwise(problem.start.tolist())]
    outcomes = (
        evaluate(problem, np.array(chosen)) for chosen in itertools.product(*arcs)
    )
    return min(one.cost for one in outcomes if one.feasible)


@pytest.mark.parametrize("seed", range(8))
def test_bound_holds_beside_other_terms(seed: int) -> None:
    """Handover, cut edges and priced bands: no pure question of centres any more."""
    rng = np.random.default_rng(seed)
    regions = tiles(2, 3)
    accounts = one_each(
        regions,
        value=rng.integers(1, 9, 6),
        owner=rng.choice(["T01", "T02"], 6),
    )
    more = ["handover = {fixed = 300}", "", ""][seed % 3]
    more += '\nbalance = [{measure = "value", tolerance = 0.1, price = 40}]'
    cut = ", cut_edges = {price = 9.0}" if seed % 2 else ""
    rules = region_rules(1 + seed % 2, more, cut=cut)
    scenario = asked(rules, reps=2, seconds=1.0)
    solution = planner.solve(scenario, accounts=accounts, regions=regions)
    least = by_hand(solution)
    assert 0 < solution.result.bound <= least <= solution.result.cost


def test_grids_are_proven(tmp_path: Path) -> None:
    """Sixteen squares in three territories within 20 %, proven by the solver."""
    regions = tiles(4, 4)
    rng = np.random.default_rng(3)
    accounts = one_each(regions, value=rng.integers(1, 9, 16))
    more = 'balance = [{measure = "value", tolerance = 0.2, hard = true}]'
    solution = planner.solve(
        asked(region_rules(2, more), reps=3, seconds=10.0),
        accounts=accounts,
        regions=regions,
    )
    assert solution.status is Status.OPTIMAL
    solution.save(tmp_path / "plan", drawings=False)
    verdict = verify(tmp_path / "plan")
    assert verdict.ok, str(verdict)


def test_too_many_regions_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.compile_areas.MOST_CENTRES", 2)
    with pytest.raises(PlannerError, match=r"each of 3 regions.*to = 'centre'"):
        planner.solve(asked(region_rules(), reps=1), **strip([1, 1, 1]))


def _other_centre(folder: Path) -> None:
    def change(rows: list[dict[str, str]]) -> None:
        rows[0]["centre"] = "r00" if rows[0]["centre"] != "r00" else "r01"

    edit_table(folder / "reps.csv", change)


def _lower(folder: Path) -> None:
    def change(told: dict) -> None:
        told["terms"]["compactness"] -= 1
        told["cost"] -= 1

    edit_certificate(folder, change)


def _cubed(folder: Path) -> None:
    path = folder / "inputs" / "scenario.toml"
    text = path.read_text("utf-8")
    assert "power = 2" in text
    path.write_text(text.replace("power = 2", "power = 1"), "utf-8")


@pytest.mark.parametrize(
    ("damage", "check"),
    [(_other_centre, "centres"), (_lower, "terms"), (_cubed, "terms")],
)
def test_forged_centres_are_caught(
    damage: Callable[[Path], None], check: str, tmp_path: Path
) -> None:
    solution = planner.solve(
        asked(region_rules(), reps=2, seconds=0.5), **strip([5, 1, 2, 7])
    )
    solution.save(tmp_path / "plan", drawings=False)
    damage(tmp_path / "plan")
    forge(tmp_path / "plan")
    verdict = verify(tmp_path / "plan")
    assert check in {one.name for one in verdict.checks if not one.ok}, str(verdict)


def test_reps_csv_names_the_centre(tmp_path: Path) -> None:
    solution = planner.solve(
        asked(region_rules(), reps=2, seconds=0.5), **strip([5, 1, 2, 7])
    )
    solution.save(tmp_path / "plan", drawings=False)
    reps = pd.read_csv(tmp_path / "plan" / "reps.csv")
    assert sorted(reps["centre"]) == ["r00", "r03"]
