"""Plan folders: all or nothing, safe to open, and the same when read back."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from harmful import EVIL, LONG_ID, SCENARIO, frames

import planner
from planner import workspace
from planner.errors import PlannerError
from planner.folders import check_target
from planner.redraw import redraw_map, redraw_report
from planner.scenario import parse_scenario
from planner.solution import Solution
from planner.workspace import read_plan_folder, write_plan_folder


@pytest.fixture(scope="module")
def solution() -> Solution:
    """Return the solved question; nobody changes it."""
    return planner.solve(parse_scenario(SCENARIO), **frames(), time_limit_s=20)


@pytest.fixture(scope="module")
def written(solution: Solution, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder written once; nobody changes it."""
    folder = tmp_path_factory.mktemp("written") / "out"
    solution.save(folder)
    return folder


@pytest.fixture
def no_map(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the drawing: it takes most of the time."""
    monkeypatch.setattr("planner.reporting.PlanView.layers", lambda view: None)


def content(folder: Path) -> dict[str, bytes]:
    """Return relative path -> bytes, of everything in a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def plan_rows(folder: Path) -> list[dict[str, str]]:
    """Return the plan as a spreadsheet's user would get it: text."""
    with (folder / "plan.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_folder_holds_what_is_promised(written: Path) -> None:
    """The files of the README, and nothing left over beside the folder."""
    assert sorted(content(written)) == [
        "certificate.json",
        "inputs/accounts.csv",
        "inputs/columns.json",
        "inputs/reps.csv",
        "inputs/scenario.toml",
        "map.png",
        "map.svg",
        "plan.csv",
        "report.html",
        "reps.csv",
        "territories.geojson",
    ]
    assert os.listdir(written.parent) == ["out"]
    assert written.stat().st_mode & 0o777 == 0o755
    assert planner.verify(written).ok


def test_plan_is_sorted_and_ids_are_unaltered(written: Path) -> None:
    """19 digits and leading zeros survive; the first two columns load into a CRM."""
    text = (written / "plan.csv").read_text("utf-8")
    assert text.startswith("account_id,rep_id,previous_rep_id,name,moved,")
    assert "\r" not in text
    ids = [row["account_id"] for row in plan_rows(written)]
    assert ids == ["00012", LONG_ID, "a", "b", "客户-3"] == sorted(ids)


def test_left_out_account_has_no_rep(written: Path) -> None:
    """It stands in the plan all the same: never silently."""
    row = next(row for row in plan_rows(written) if row["account_id"] == "a")
    assert (row["rep_id"], row["previous_rep_id"], row["moved"]) == ("", "R2", "yes")
    assert (row["distance_km"], row["cost_travel"]) == ("", "0.00")
    assert all(row["rep_id"] for row in plan_rows(written) if row["account_id"] != "a")


def test_no_text_cell_is_a_formula(written: Path) -> None:
    """A name must not run when the plan is opened in a spreadsheet."""
    for name in ("plan.csv", "reps.csv", "inputs/accounts.csv", "inputs/reps.csv"):
        with (written / name).open(encoding="utf-8", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row]
        unsafe = [cell for cell in cells if cell[:1] in set("=@+\t\r")]
        assert unsafe == [], name
    names = {row["account_id"]: row["name"] for row in plan_rows(written)}
    assert names[LONG_ID] == "'=1+1"
    assert names["b"] == "''quoted"
    assert names["00012"] == EVIL
    owners = {row["account_id"]: row["previous_rep_id"] for row in plan_rows(written)}
    assert owners["客户-3"] == "'=gone"


def test_costs_are_decimals_that_add_up(written: Path, solution: Solution) -> None:
    """Every row, and all rows with the shared terms, sum to the certificate."""
    told = json.loads((written / "certificate.json").read_text("utf-8"))
    scale, total = told["cost_scale"], 0
    for row in plan_rows(written):
        terms = [v for k, v in row.items() if re.match(r"cost_(?!total)", k)]
        steps = [round(float(cell) * scale) for cell in terms]
        assert sum(steps) == round(float(row["cost_total"]) * scale)
        total += sum(steps)
    shared = sum(v for k, v in told["terms"].items() if "[" in k)
    assert total + shared == told["cost"] == solution.result.cost


@pytest.mark.parametrize("name", ["report.html", "map.svg"])
def test_names_cannot_become_markup(written: Path, name: str) -> None:
    """Names come from other people's tables; a report is opened in a browser."""
    text = (written / name).read_text("utf-8")
    assert "<img" not in text
    assert "<s>" not in text
    assert "&lt;img" in text


def test_chinese_survives_in_every_file(written: Path) -> None:
    """Names are what people look for."""
    assert "王小明" in (written / "map.svg").read_text("utf-8")
    report = (written / "report.html").read_text("utf-8")
    assert "王小明" in report
    assert "华东" in report
    assert "王小明" in (written / "territories.geojson").read_text("utf-8")
    assert "上海客户" in (written / "plan.csv").read_text("utf-8")
    ElementTree.parse(written / "map.svg")


def test_certificate_is_strict_json_with_true_hashes(written: Path) -> None:
    """No NaN, and a hash of every other file, by other means than the writer's."""

    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    text = (written / "certificate.json").read_text("utf-8")
    told = json.loads(text, parse_constant=refuse)
    files = {k: v for k, v in content(written).items() if k != "certificate.json"}
    assert told["files"] == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items()
    }
    seal = told.pop("seal")
    body = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(body.encode()).hexdigest() == seal


def test_inputs_hold_the_scenario_as_used(written: Path) -> None:
    """Comments and all, with the time limit of the call."""
    text = (written / "inputs" / "scenario.toml").read_text("utf-8")
    scenario = parse_scenario(text)
    assert scenario.solve.time_limit == 20
    assert scenario.name == "华东 <s>plan</s>"


def test_unchanged_settings_keep_the_file_word_for_word(
    tmp_path: Path, no_map: None
) -> None:
    """What the user wrote is what the folder shows."""
    text = SCENARIO + "[solve]\ntime_limit = 20\n"
    planner.solve(parse_scenario(text), **frames()).save(tmp_path / "out")
    assert (tmp_path / "out" / "inputs" / "scenario.toml").read_text("utf-8") == text


def test_folder_reads_back_as_the_plan(written: Path, solution: Solution) -> None:
    """Map and report can be drawn again from the files alone."""
    view = read_plan_folder(written)
    assert solution.plan is not None
    assert view.owner.to_dict() == solution.plan.owner.to_dict()
    assert view.metrics.totals == pytest.approx(solution.metrics.totals, nan_ok=True)
    assert view.tables.accounts["name"].to_dict()[LONG_ID] == "=1+1"


def test_redrawn_files_are_the_same(written: Path, tmp_path: Path) -> None:
    """A folder's own files and those drawn from it later do not differ."""
    redraw_map(written, tmp_path / "new" / "maps")
    redraw_report(written, tmp_path / "other" / "report.html")
    for path in (tmp_path / "new/maps/map.svg", tmp_path / "other/report.html"):
        assert path.read_bytes() == (written / path.name).read_bytes()
    assert planner.verify(written).ok


@pytest.mark.parametrize("place", ["", "inputs", "maps"])
def test_sealed_folder_is_not_written_into(written: Path, place: str) -> None:
    """Drawing again into a plan folder would break its seal."""
    with pytest.raises(PlannerError, match=r"is sealed .* Name another place"):
        redraw_map(written, written / place)
    with pytest.raises(PlannerError, match=r"is sealed .* Name another place"):
        redraw_report(written, written / place / "report.html")
    assert not (written / "maps").exists()


FAILING: dict[str, Callable[[pytest.MonkeyPatch, BaseException], None]] = {
    "tables": lambda patch, error: patch.setattr(
        workspace, "write_clean", _raising(error)
    ),
    "certificate": lambda patch, error: patch.setattr(
        workspace, "certificate_of", _raising(error)
    ),
    "report": lambda patch, error: patch.setattr(
        "planner.report.write_report", _raising(error)
    ),
    "seal": lambda patch, error: patch.setattr(workspace, "seal", _raising(error)),
    "sync": lambda patch, error: patch.setattr(os, "fsync", _raising(error)),
    "first rename": lambda patch, error: _fail_rename(patch, error, 1),
    "second rename": lambda patch, error: _fail_rename(patch, error, 2),
}


def _raising(error: BaseException) -> Callable[..., None]:
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    return fail


def _fail_rename(patch: pytest.MonkeyPatch, error: BaseException, at: int) -> None:
    """Fail the rename of a given number, counted over folders."""
    rename, calls = os.rename, []

    def counted(old: Path, new: Path) -> None:
        calls.append(new)
        if len(calls) == at:
            raise error
        rename(old, new)

    patch.setattr(os, "rename", counted)


@pytest.mark.parametrize("step", FAILING)
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt("pressed")])
def test_failure_leaves_the_old_folder_as_it_was(
    step: str,
    error: BaseException,
    solution: Solution,
    written: Path,
    tmp_path: Path,
    no_map: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whenever writing breaks off, the old plan is there to the byte, and no rest."""
    folder = shutil.copytree(written, tmp_path / "out")
    before = content(folder)
    FAILING[step](monkeypatch, error)
    with pytest.raises(type(error), match=str(error)):
        write_plan_folder(folder, solution)
    monkeypatch.undo()
    assert content(folder) == before
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("step", ["report", "first rename"])
def test_failure_leaves_no_new_folder(
    step: str,
    solution: Solution,
    tmp_path: Path,
    no_map: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing half-written looks like a plan."""
    FAILING[step](monkeypatch, OSError("disk full"))
    with pytest.raises(OSError, match="disk full"):
        solution.save(tmp_path / "out")
    assert os.listdir(tmp_path) == []


def test_plan_folder_is_replaced_whole(
    solution: Solution, written: Path, tmp_path: Path, no_map: None
) -> None:
    """Files of the old plan, such as its map, do not outlive it."""
    folder = shutil.copytree(written, tmp_path / "deep" / "down" / "out")
    solution.save(folder)
    assert not (folder / "map.png").exists()
    assert planner.verify(folder).ok
    assert os.listdir(folder.parent) == ["out"]


def test_link_to_a_plan_folder_stays_a_link(
    solution: Solution, written: Path, tmp_path: Path, no_map: None
) -> None:
    """The folder behind it is replaced."""
    shutil.copytree(written, tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    solution.save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert planner.verify(tmp_path / "real").ok
    assert sorted(os.listdir(tmp_path)) == ["link", "real"]


@pytest.mark.parametrize("name", ["notes.txt", "certificate.json", ".hidden"])
def test_foreign_folder_is_left_alone(
    name: str, solution: Solution, tmp_path: Path
) -> None:
    """Somebody's folder is never emptied, whatever its files are called."""
    (tmp_path / name).write_text('{"format": "other"}', "utf-8")
    with pytest.raises(PlannerError, match=r"is not empty and not a plan folder.*-o"):
        solution.save(tmp_path)
    assert os.listdir(tmp_path) == [name]


def test_file_or_closed_folder_is_no_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told before the solve, not after an hour of it."""
    file = tmp_path / "file"
    file.write_text("x", "utf-8")
    with pytest.raises(PlannerError, match=r"is a file\. Name a folder with -o"):
        check_target(file)
    with pytest.raises(PlannerError, match=r"cannot be written: .*file is not a fol"):
        check_target(file / "a" / "b")
    check_target(tmp_path / "new" / "deeper")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(PlannerError, match=r"not yours to write in\. Name another"):
        check_target(tmp_path / "new" / "deeper")
    assert os.listdir(tmp_path) == ["file"]


def test_without_a_plan_nothing_is_written(tmp_path: Path) -> None:
    """An infeasible question has no folder."""
    text = SCENARIO.replace('"capacity"', "1")
    empty = planner.solve(parse_scenario(text), **frames(), time_limit_s=20)
    with pytest.raises(PlannerError, match="no plan to write: infeasible"):
        empty.save(tmp_path / "out")
    with pytest.raises(PlannerError, match="no plan to draw"):
        empty.plot()
    assert os.listdir(tmp_path) == []


def test_incomplete_folder_says_what_is_missing(written: Path, tmp_path: Path) -> None:
    """Each part of a folder is needed to draw it again."""
    folder = tmp_path / "out"
    with pytest.raises(PlannerError, match=r"is not a complete plan folder.*certifica"):
        read_plan_folder(folder)
    shutil.copytree(written, folder)
    about = folder / "inputs" / "columns.json"
    about.rename(tmp_path / "elsewhere")
    with pytest.raises(PlannerError, match=r"columns\.json is missing or damaged"):
        read_plan_folder(folder)
    (folder / "plan.csv").write_text("account_id\nx\n", "utf-8")
    with pytest.raises(PlannerError, match=r"complete plan folder \('rep_id'\)\. Sol"):
        read_plan_folder(folder)


def test_plan_without_places_has_no_map(tmp_path: Path) -> None:
    """Everything else is there; asking for the map says why it is not."""
    bare = {k: v.drop(columns=["latitude", "longitude"]) for k, v in frames().items()}
    text = SCENARIO.replace("[leave_out]", "[travel]\ncost_per_km = 0\n[leave_out]")
    found = planner.solve(parse_scenario(text), **bare, time_limit_s=20)
    found.save(tmp_path / "out")
    assert not (tmp_path / "out" / "map.png").exists()
    assert planner.verify(tmp_path / "out").ok
    with pytest.raises(PlannerError, match="Fill latitude and longitude"):
        redraw_map(tmp_path / "out", tmp_path / "maps")


def test_files_of_others_are_not_lost(solution, tmp_path):
    """Somebody keeps notes beside the plan: replacing the folder would delete them."""
    solution.save(tmp_path / "plan")
    (tmp_path / "plan" / "notes.xlsx").write_bytes(b"mine")
    with pytest.raises(PlannerError, match=r"not the planner's \(notes.xlsx\)"):
        solution.save(tmp_path / "plan")
    assert (tmp_path / "plan" / "notes.xlsx").read_bytes() == b"mine"
