"""The judge catches every way in which a plan by regions can be false."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from test_corruption import edit_certificate, edit_table, forge
from tiles import asked, one_each, tiles

import planner
from planner.evaluate.verify import verify

RULES = """
[areas]
locked_reps = ["T03"]
compactness = {price = 1.0}
cut_edges = {price = 2.0, by = "km"}
[[balance]]
measure = "accounts"
hard = true
tolerance = 0.5
[handover]
value_share = 0.1
[[budgets]]
of = "moved_regions"
share = 0.9
"""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a plan folder of 3 x 3 regions; nobody changes it."""
    regions = tiles(3, 3)
    owner = ["T01", "T01", "T02", "T01", "T02", "T02", "T03", "T03", "T03"]
    accounts = one_each(regions, owner=owner, value=[3, 1, 1, 1, 1, 1, 2, 2, 1])
    solution = planner.solve(asked(RULES), accounts=accounts, regions=regions)
    folder = tmp_path_factory.mktemp("sound") / "plan"
    solution.save(folder, drawings=False)
    return folder


def test_a_sound_folder_passes(sound: Path) -> None:
    verdict = verify(sound)
    assert verdict.ok, str(verdict)


def _regions(change: Callable[[list[dict[str, str]]], None]) -> Callable[[Path], None]:
    return lambda folder: edit_table(folder / "regions.csv", change)


def _swap(rows: list[dict[str, str]]) -> None:
    other = next(row for row in rows if row["rep_id"] != rows[0]["rep_id"])
    rows[0]["rep_id"], other["rep_id"] = other["rep_id"], rows[0]["rep_id"]


def _no_rep(rows: list[dict[str, str]]) -> None:
    rows[0]["rep_id"] = ""


def _unlocked(rows: list[dict[str, str]]) -> None:
    rows[-1]["rep_id"] = "T02"


def _neighbours(folder: Path) -> None:
    """Call two regions neighbours that are none."""

    def change(rows: list[dict[str, str]]) -> None:
        rows[0].update(region_id="r00", neighbour_id="r22")

    edit_table(folder / "inputs" / "adjacency.csv", change)


def _longer_border(folder: Path) -> None:
    edit_table(
        folder / "inputs" / "adjacency.csv", lambda rows: rows[0].update(border_km="1")
    )


def _term(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        edit_certificate(
            folder,
            lambda told: told.update(
                cost=told["cost"] - 1, terms={**told["terms"], name: 0}
            ),
        )

    return change


def _shape(folder: Path) -> None:
    """Draw a region elsewhere."""
    path = folder / "inputs" / "regions.geojson"
    drawn = json.loads(path.read_text("utf-8"))
    drawn["features"][0]["geometry"] = drawn["features"][8]["geometry"]
    path.write_text(json.dumps(drawn), "utf-8")


CASES: dict[str, tuple[Callable[[Path], None], str]] = {
    "swap": (_regions(_swap), "accounts in regions"),
    "drop": (_regions(lambda rows: rows.pop()), "regions"),
    "twice": (_regions(lambda rows: rows.append(dict(rows[-1]))), "regions"),
    "unknown": (_regions(lambda rows: rows[0].update(region_id="x")), "regions"),
    "unsorted": (_regions(lambda rows: rows.reverse()), "regions"),
    "no rep": (_regions(_no_rep), "regions"),
    "unlocked": (_regions(_unlocked), "eligibility"),
    "neighbours": (_neighbours, "adjacency"),
    "border": (_longer_border, "adjacency"),
    "compactness": (_term("compactness"), "terms"),
    "cut edges": (_term("cut_edges"), "terms"),
    "shape": (_shape, "adjacency"),
    "moved": (
        lambda folder: edit_certificate(
            folder, lambda told: told["moved"].update(regions=7)
        ),
        "moved",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_corruption_is_caught_by_count(sound: Path, tmp_path: Path, case: str) -> None:
    """Even where the forger hashed and sealed everything again."""
    damage, check = CASES[case]
    folder = tmp_path / "forged"
    shutil.copytree(sound, folder)
    damage(folder)
    assert not verify(folder).ok
    forge(folder)
    verdict = verify(folder)
    failed = {one.name for one in verdict.checks if not one.ok}
    assert check in failed, str(verdict)


def test_a_torn_territory_is_caught(sound: Path, tmp_path: Path) -> None:
    """The accounts go along, so that only the map gives it away."""
    folder = tmp_path / "torn"
    shutil.copytree(sound, folder)
    _regions(_swap)(folder)
    changed: dict[str, str] = {}

    def read(rows: list[dict[str, str]]) -> None:
        changed.update({row["region_id"]: row["rep_id"] for row in rows})

    _regions(read)(folder)
    order = sorted(changed)

    def follow(rows: list[dict[str, str]]) -> None:
        for row in rows:
            row["rep_id"] = changed[order[int(row["account_id"][1:])]]

    edit_table(folder / "plan.csv", follow)
    forge(folder)
    verdict = verify(folder)
    failed = {one.name: one.detail for one in verdict.checks if not one.ok}
    assert "contiguity" in failed, str(verdict)
    assert "cut off" in failed["contiguity"]


@pytest.fixture(scope="module")
def parted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a plan folder of 2 x 3 regions with a river between two columns."""
    base = tmp_path_factory.mktemp("parted")
    river = shapely.LineString([(10.1, 50.5), (10.1, 50.0)])
    gpd.GeoDataFrame(geometry=[river], crs="EPSG:4326").to_file(base / "rivers.gpkg")
    scenario = asked('areas = {barriers = "rivers.gpkg"}', reps=2)
    scenario._base = base
    regions = tiles(2, 3)
    solution = planner.solve(scenario, accounts=one_each(regions), regions=regions)
    solution.save(base / "plan", drawings=False)
    return base / "plan"


def test_what_barriers_part_is_derived_again(parted: Path) -> None:
    """The river closes the border of r00 and r01, and of no other pair."""
    verdict = verify(parted)
    assert verdict.ok, str(verdict)
    pairs = (parted / "inputs" / "adjacency.csv").read_text("utf-8")
    assert '"r00","r01"' not in pairs
    assert '"r10","r11"' in pairs
    assert planner.open_plan(parted).tables.barriers is not None


def _no_barriers(folder: Path) -> None:
    path = folder / "inputs" / "columns.json"
    path.write_text(
        path.read_text("utf-8").replace('"barriers": true', '"barriers": 0')
    )


def _moved_barriers(folder: Path) -> None:
    path = folder / "inputs" / "barriers.geojson"
    path.write_text(path.read_text("utf-8").replace("10.1", "10.2"))


def _damaged_barriers(folder: Path) -> None:
    (folder / "inputs" / "barriers.geojson").write_text('{"type": "Line"}')


def _fewer_neighbours(folder: Path) -> None:
    edit_table(folder / "inputs" / "adjacency.csv", lambda rows: rows.pop())


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        (_no_barriers, "adjacency"),
        (_moved_barriers, "adjacency"),
        (_fewer_neighbours, "adjacency"),
        (_damaged_barriers, "inputs"),
    ],
)
def test_false_barriers_are_caught(
    damage: Callable[[Path], None], check: str, parted: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "forged"
    shutil.copytree(parted, folder)
    damage(folder)
    forge(folder)
    verdict = verify(folder)
    assert check in {one.name for one in verdict.checks if not one.ok}, str(verdict)
