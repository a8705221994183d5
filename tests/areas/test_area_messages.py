"""What a user reads when a plan by regions cannot be made."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from tiles import asked, one_each, tiles

import planner
from planner.errors import PlannerError
from planner.evaluate.verify import verify
from planner.scenario import parse_scenario
from planner.solvers.result import Status

HEAVY = [9.0, 1.0, 1.0, 1.0, 1.0, 1.0]
BAND = '[[balance]]\nmeasure = "value"\nhard = true\ntolerance = 0.2\n'


def test_an_oversize_region_is_named_with_the_keys_that_help() -> None:
    regions = tiles(2, 3, value=HEAVY, name=["Big", *"bcdef"])
    solution = planner.solve(
        asked(BAND, seconds=0.5), accounts=one_each(regions), regions=regions
    )
    assert solution.status is Status.INFEASIBLE
    text = " ".join(solution.reasons)
    assert "Big (r00) is 1.9 times the mean target of value" in text
    assert 'set_apart = {"r00" = "T01"}' in text
    assert "set_apart = true" in text


def test_set_apart_gives_it_a_rep_and_the_rest_a_new_target(tmp_path: Path) -> None:
    regions = tiles(2, 3, value=HEAVY)
    rules = "areas = {set_apart = true}\n" + BAND
    solution = planner.solve(asked(rules), accounts=one_each(regions), regions=regions)
    assert solution.plan is not None
    assert any("set apart for T01" in note for note in solution.tables.notes)
    assert (solution.plan.regions == "T01").sum() == 1
    assert sorted(solution.metrics.reps["load_value"]) == [2.0, 3.0, 9.0]
    bands = {row.id: (row.low, row.high) for row in solution.compiled.problem.rows}
    assert bands == {"balance[0]/T02": (2, 3), "balance[0]/T03": (2, 3)}
    solution.save(tmp_path / "plan", drawings=False)
    verdict = verify(tmp_path / "plan")
    assert verdict.ok, str(verdict)
    told = json.loads((tmp_path / "plan" / "certificate.json").read_text("utf-8"))
    assert {row["row"] for row in told["limits"]} == set(bands)


def test_more_reps_than_regions() -> None:
    regions = tiles(1, 2)
    solution = planner.solve(asked(reps=3), accounts=one_each(regions), regions=regions)
    assert solution.status is Status.INFEASIBLE
    assert "2 regions" in solution.reasons[0]
    assert "3 reps" in solution.reasons[0]


def test_more_parts_of_the_map_than_reps() -> None:
    regions = tiles(1, 5).iloc[[0, 2, 4]].reset_index(drop=True)
    rules = 'areas = {islands = "none"}\n'
    solution = planner.solve(
        asked(rules, reps=2), accounts=one_each(regions), regions=regions
    )
    assert solution.status is Status.INFEASIBLE
    assert "3 separate parts for 2 reps" in solution.reasons[0]
    assert "links" in solution.reasons[0]


def test_a_part_that_fits_no_whole_number_of_bands() -> None:
    """Two parts of 3 and 5, bands of 3.6 to 4.4: the part of 3 is too small."""
    regions = tiles(1, 9).drop(index=3).reset_index(drop=True)
    rules = (
        'areas = {islands = "none"}\n[[balance]]\nmeasure = "accounts"\n'
        "hard = true\ntolerance = 0.1\n"
    )
    solution = planner.solve(
        asked(rules, reps=2), accounts=one_each(regions), regions=regions
    )
    assert solution.status is Status.INFEASIBLE
    assert "too little for a territory of its own" in " ".join(solution.reasons)


def test_a_locked_map_in_pieces() -> None:
    regions = tiles(1, 4, owner=["T01", "T02", "T02", "T01"])
    rules = 'areas = {locked_reps = ["T01"]}\n'
    solution = planner.solve(
        asked(rules, reps=2), accounts=one_each(regions), regions=regions
    )
    assert solution.status is Status.INFEASIBLE
    assert (
        "T01 must keep 2 regions that lie in 2 separate pieces" in (solution.reasons[0])
    )


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ('areas = {level = "countie"}', "no region has this level"),
        ('areas = {locked_reps = ["T9"]}', "no rep has this id"),
        ('areas = {set_apart = {r99 = "T01"}}', "no region has this id"),
        ('areas = {set_apart = {r00 = "T01", r01 = "T01"}}', "the same rep"),
        ('areas = {links = [["r00", "r99"]]}', "r99"),
        ('areas = {barriers = "nowhere.gpkg"}', "nowhere.gpkg"),
        ('pins = [{regions = ["r99"], reps = ["T01"]}]', "no region has this id"),
        ('together = [{column = "level:stat"}]', "no region has this level"),
        (
            'limits = [{measure = "beds", high = 1}]\n[measures.beds]\nof = "beds"',
            "no such field or column",
        ),
    ],
)
def test_names_that_nothing_has_are_faults(rules: str, message: str) -> None:
    regions = tiles(2, 2, level="county")
    with pytest.raises(PlannerError, match=message):
        planner.solve(asked(rules), accounts=one_each(regions), regions=regions)


def test_regions_are_needed() -> None:
    with pytest.raises(PlannerError, match="needs a table of regions"):
        planner.solve(asked(), accounts=one_each(tiles(1, 2)))


def test_points_need_cells(tmp_path: Path) -> None:
    """Points have no borders; their cells have."""
    points = gpd.GeoDataFrame(
        {"region_id": ["p", "q", "r"]},
        geometry=shapely.points([[10, 50], [10.2, 50], [10.4, 50]]),
        crs="EPSG:4326",
    )
    accounts = pd.DataFrame({"account_id": ["a"], "region_id": ["p"]})
    with pytest.raises(PlannerError, match=r"3 regions are points.*cells = true"):
        planner.solve(asked(reps=2), accounts=accounts, regions=points)
    outline = tmp_path / "outline.geojson"
    box = gpd.GeoDataFrame(geometry=[shapely.box(9.9, 49.9, 10.5, 50.1)], crs=4326)
    box.to_file(outline)
    rules = f'areas = {{cells = true, outline = "{outline}"}}\n'
    solution = planner.solve(asked(rules, reps=2), accounts=accounts, regions=points)
    assert solution.plan is not None
    assert solution.tables.adjacency is not None
    assert len(solution.tables.adjacency) == 2
    assert any("cells of their points" in note for note in solution.tables.notes)
    solution.save(tmp_path / "plan", drawings=False)
    verdict = verify(tmp_path / "plan")
    assert verdict.ok, str(verdict)


def test_no_accounts_are_needed(tmp_path: Path) -> None:
    """Demand of the regions alone; plan.csv has no row, regions.csv all."""
    scenario = parse_scenario(
        'unit = "region"\nreps = {count = 2}\nsolve = {time_limit = 0.5}\n'
        '[measures.people]\nof = "people"\n'
        '[[balance]]\nmeasure = "people"\ntolerance = 0.0\nhard = true\n'
    )
    regions = tiles(2, 2, people=[1, 2, 1, 2])
    solution = planner.solve(scenario, regions=regions)
    assert solution.plan is not None
    assert (solution.metrics.reps["load_people"] == 3).all()
    assert solution.metrics.totals["reps_without_accounts"] is None  # there are none
    solution.save(tmp_path / "plan")
    assert (tmp_path / "plan" / "plan.csv").read_text("utf-8").count("\n") == 1
    assert (tmp_path / "plan" / "regions.csv").read_text("utf-8").count("\n") == 5
    verdict = verify(tmp_path / "plan")
    assert verdict.ok, str(verdict)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("[areas]\ncontiguous = true", "only for unit = 'region'"),
        ('pins = [{regions = ["x"], reps = ["y"]}]', "only for unit = 'region'"),
    ],
)
def test_keys_of_regions_need_the_unit(rules: str, message: str) -> None:
    with pytest.raises(PlannerError, match=message):
        parse_scenario(f'accounts = {{file = "a"}}\nreps = {{file = "r"}}\n{rules}')


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("leave_out = {price = 1}", "leave_out is only for unit = 'account'"),
        ('apart = [{column = "rival"}]', "apart is only for unit = 'account'"),
        (
            "[areas.compactness]\nprice = 1\npower = 1",
            "power = 1 is only for to = 'region' or 'base'",
        ),
        ('areas = {outline = "x"}', "outline is only for cells = true"),
        ('[areas.compactness]\nprice = 1\nmeasure = "x"', "no measure 'x'"),
        (
            'budgets = [{of = "compactness", amount = 1}]',
            "needs areas.compactness with to = 'base'",
        ),
    ],
)
def test_rules_that_do_not_go_with_regions(rules: str, message: str) -> None:
    with pytest.raises(PlannerError, match=message):
        asked(rules)


def test_columns_of_both_tables_that_add_up_are_noted() -> None:
    """Value of accounts and of regions: a territory has the sum, and a note says so."""
    regions = tiles(1, 2).assign(value=[3.0, 4.0], hours=0.0)
    accounts = one_each(regions, value=1, hours=2)
    solution = planner.solve(
        asked(reps=1, seconds=0.5), accounts=accounts, regions=regions
    )
    notes = [note for note in solution.tables.notes if "add up" in note]
    assert notes == ["value: both accounts and regions have it; the two add up"]
