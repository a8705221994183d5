"""A workspace on disk: what is in it, what still holds, what is never lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import planner
from planner.draft import Draft
from planner.embedded import write_example
from planner.errors import PlannerError
from planner.intake import TAKEN, check_head, file_name
from planner.library import OWN, Library
from planner.toml_text import with_value


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace of the example and its plan, which nobody changes."""
    folder = tmp_path_factory.mktemp("made")
    write_example(folder)
    planner.solve(folder / "plan.toml").save(folder / "plans" / "plan", drawings=False)
    return folder


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Path:
    """Return a copy of the workspace."""
    return shutil.copytree(made, tmp_path / "workspace")


def _stale(workspace: Path, plan: str = "plans/plan") -> str:
    (found,) = [one for one in Library(workspace).plans() if one.id == plan]
    assert found.fault == ""
    return found.stale


def test_what_is_there(workspace: Path) -> None:
    """One scenario, its plan with figures, and nothing of the plan's own inputs."""
    library = Library(workspace)
    (scenario,), (plan,) = library.scenarios(), library.plans()
    assert (scenario.id, scenario.name, scenario.fault) == ("plan.toml", "Example", "")
    assert (plan.id, plan.scenario, plan.stale) == ("plans/plan", "plan.toml", "")
    assert plan.status == "optimal"
    assert plan.cost is not None
    assert (plan.accounts, plan.reps, plan.currency) == (10, 3, "EUR")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda w: _replace(w / "plan.toml", "0.15", "0.25"), "the scenario has ch"),
        (lambda w: _append(w / "accounts.csv"), "accounts.csv has changed"),
        (lambda w: (w / "reps.csv").unlink(), "reps.csv is gone"),
        (lambda w: _replace(w / "plan.toml", "time_limit = 20", "time_limit = 9"), ""),
        (lambda w: _replace(w / "plan.toml", "# A scenario", "# Ours"), ""),
        (lambda w: (w / "plan.toml").touch(), ""),
    ],
)
def test_stale_names_what_changed(workspace: Path, change: object, says: str) -> None:
    """Rules and tables count; seconds of the solve, comments and times do not."""
    change(workspace)  # type: ignore[operator]
    assert _stale(workspace).startswith(says)
    assert bool(_stale(workspace)) == bool(says)


def test_a_change_shows_without_a_restart(workspace: Path) -> None:
    """The same library sees what the shell does, and what it takes back."""
    library = Library(workspace)
    text = (workspace / "plan.toml").read_text("utf-8")
    assert library.plans()[0].stale == ""
    _replace(workspace / "plan.toml", "0.15", "0.25")
    assert library.plans()[0].stale
    (workspace / "plan.toml").write_text(text, "utf-8")
    assert library.plans()[0].stale == ""


def test_edits_do_not_make_a_plan_stale(workspace: Path) -> None:
    """A plan solved around pins, or saved from edits, answers the same scenario."""
    library = Library(workspace)
    solution = library.solution("plans/plan")
    account, rep = next(iter(solution.plan.owner.items()))  # type: ignore[union-attr]
    pinned = planner.resolve(solution, pins={str(account): str(rep)})
    pinned.save(workspace / "plans" / "pinned", drawings=False)
    draft = Draft(solution)
    draft.mark([str(account)], "lock")
    draft.to_solution().save(workspace / "plans" / "by-hand", drawings=False)
    assert _stale(workspace, "plans/pinned") == ""
    assert _stale(workspace, "plans/by-hand") == ""


def test_a_plan_of_a_curve_is_no_answer_to_the_scenario(workspace: Path) -> None:
    """It answers a changed one: neither stale, nor what the scenario waits for."""
    shutil.copytree(workspace / "plans" / "plan", workspace / "sizes" / "k9")
    scenario = workspace / "sizes" / "k9" / "inputs" / "scenario.toml"
    _replace(scenario, "0.15", "0.3")
    (workspace / "sizes" / "curve.csv").write_text("k,cost\n9,1\n")
    plans = {one.id: one for one in Library(workspace).plans()}
    assert (plans["sizes/k9"].stale, plans["sizes/k9"].scenario) == ("", "")
    assert plans["plans/plan"].scenario == "plan.toml"


def test_a_new_pin_of_the_file_makes_a_plan_stale(workspace: Path) -> None:
    """The plan was not asked to keep it; one saved by hand may have lifted it."""
    path = workspace / "plan.toml"
    pin = '\n[[pins]]\naccounts = ["a1"]\nreps = ["r1"]\n'
    path.write_text(path.read_text("utf-8") + pin, "utf-8")
    assert _stale(workspace) == "the scenario has changed"
    Library(workspace).record_saved("plans/other", "plans/plan", "Ann")
    assert _stale(workspace) == ""


def test_faulty_files_are_listed_with_their_fault(workspace: Path) -> None:
    """Neither a broken scenario nor a broken plan hides the others."""
    (workspace / "bad.toml").write_text("accounts = [", "utf-8")
    (workspace / "other.toml").write_text('[tool]\nname = "x"\n', "utf-8")
    broken = workspace / "plans" / "broken"
    broken.mkdir()
    (broken / "certificate.json").write_text('{"name": 1}', "utf-8")
    library = Library(workspace)
    faults = {one.id: bool(one.fault) for one in library.scenarios()}
    assert faults == {"bad.toml": True, "plan.toml": False}
    assert {one.id: one.fault for one in library.plans()} == {
        "plans/plan": "",
        "plans/broken": "its certificate or inputs are damaged. Solve again, or move "
        "the folder away.",
    }


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_out_of_the_workspace_are_not_followed(
    workspace: Path, tmp_path: Path
) -> None:
    """Neither listed nor opened."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "x.toml").write_text("name = 'x'\n", "utf-8")
    (workspace / "link").symlink_to(elsewhere)
    library = Library(workspace)
    assert [one.id for one in library.scenarios()] == ["plan.toml"]
    with pytest.raises(PlannerError, match="not in this workspace"):
        library.inside("link/x.toml")


OUTSIDE = (
    *("..", "../x", "a/../../x", "/etc/passwd", "plans/../../x", ".planner/lock"),
    *("a\0b", "~/x/../../../../x", "x/.hidden", "a" * 5000, "\ud800"),
)


@pytest.mark.parametrize("name", OUTSIDE)
def test_paths_stay_inside(workspace: Path, name: str) -> None:
    """What leads out, is hidden, or is no name at all is refused in a sentence."""
    with pytest.raises(PlannerError, match="not in this workspace"):
        Library(workspace).inside(name)


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("../../x.csv", "x.csv"),
        ("..\\..\\x.csv", "x.csv"),
        ("C:\\x\\y.csv", "y.csv"),
        ("\\\\host\\share\\y.csv", "y.csv"),
        ("a\0b.csv", "ab.csv"),
        ("CON.csv", "_CON.csv"),
        ("com¹.csv", "_com¹.csv"),
        ("", "file"),
        ("...", "file"),
        (".csv", "csv"),
        ("x" * 300 + ".csv", "x" * 76 + ".csv"),
        ("<img src=x>.csv", "img srcx.csv"),
        ("\u202egpj.csv", "gpj.csv"),
        ("华东 2027.xlsx", "华东 2027.xlsx"),
        ("राज्य.csv", "राज्य.csv"),
    ],
)
def test_names_of_files_are_harmless(wanted: str, name: str) -> None:
    """No path, no device, no control character; letters of all scripts stay."""
    assert file_name(wanted) == name


@pytest.mark.parametrize(
    "named",
    [
        "/etc/passwd",
        "../secret.csv",
        "http://example.com/a.csv",
        "/vsicurl/http://example.com/a.geojson",
        "/vsizip/a.zip/b.csv",
        "s3://bucket/a.parquet",
        "a.vrt",
        "a.zip",
        ".planner/sessions.json",
        "accounts.csv.gz",
    ],
)
def test_a_scenario_reads_no_other_files(workspace: Path, named: str) -> None:
    """The page refuses tables elsewhere, remote ones, and kinds that lead elsewhere."""
    library = Library(workspace)
    text = with_value(library.text("plan.toml"), "accounts.file", named)
    with pytest.raises(PlannerError, match=r"accounts\.file = "):
        library.scenario("plan.toml", text)
    with pytest.raises(PlannerError, match="extends = "):
        library.scenario("plan.toml", 'extends = "../../other.toml"\n')


def test_a_virtual_table_in_disguise_is_refused(workspace: Path) -> None:
    """GDAL goes by contents: it would open a VRT, and the file that this names."""
    (workspace / "r.geojson").write_text(
        "<OGRVRTDataSource><OGRVRTLayer name='p'><SrcDataSource>/etc/passwd"
        "</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>",
        "utf-8",
    )
    library = Library(workspace)
    text = library.text("plan.toml") + '\n[regions]\nfile = "r.geojson"\n'
    with pytest.raises(PlannerError, match=r"r\.geojson is no \.geojson file"):
        library.scenario("plan.toml", text)


def test_kinds_are_checked_by_content() -> None:
    """A file is what it begins with; plain text may begin with anything."""
    for name, head in (
        ("a.csv", b"PK\x03\x04"),
        ("a.csv", b"\x1f\x8b\x08"),
        ("a.xlsx", b"account_id,value\n"),
        ("a.parquet", b"PK\x03\x04"),
        ("a.gpkg", b"<OGRVRTDataSource>"),
        ("a.geojson", b""),
    ):
        with pytest.raises(PlannerError, match="by its content"):
            check_head(name, head)
    for name, head in (
        ("a.csv", b"[id],MZ\n"),
        ("a.csv", b"\xff\xfea\0"),
        ("a.geojson", b'\xef\xbb\xbf\n {"type": 1}'),
    ):
        check_head(name, head)


def test_tables_that_are_sent_never_replace_others(workspace: Path) -> None:
    """Each gets a name of its own below tables/."""
    library = Library(workspace)
    assert library.receive("a.csv", b"id\n") == "tables/a.csv"
    assert library.receive("../a.csv", b"no\n") == "tables/a-2.csv"
    assert (workspace / "tables" / "a.csv").read_bytes() == b"id\n"
    assert ".toml" not in TAKEN


def test_a_new_scenario_is_a_copy_with_its_comments(workspace: Path) -> None:
    """Named anew at the top, wherever else a key is called name."""
    library = Library(workspace)
    assert library.new_scenario("plan.toml", 'North "1"/\n2') == "2.toml"
    text = library.text("2.toml")
    assert library.scenario("2.toml").name == 'North "1"/\n2'
    assert "# A scenario" in text
    with pytest.raises(PlannerError, match="there already"):
        library.new_scenario("plan.toml", "2")


def test_plan_ids_are_promised_once(workspace: Path) -> None:
    """Two solves that begin together do not write into one folder."""
    library = Library(workspace)
    assert library.new_plan_id("plan") == "plans/plan-2"
    assert library.new_plan_id("plan") == "plans/plan-3"


def test_a_text_that_changed_meanwhile_is_not_overwritten(workspace: Path) -> None:
    """The second to save is told."""
    library = Library(workspace)
    before = library.text("plan.toml")
    library.write_text("plan.toml", before + "# a\n", before=before)
    with pytest.raises(PlannerError, match="has changed meanwhile"):
        library.write_text("plan.toml", before + "# b\n", before=before)
    assert library.text("plan.toml").endswith("# a\n")


def test_unsaved_texts_are_kept_by_person(workspace: Path) -> None:
    """What one types, another does not see, and the file stays as it is."""
    library = Library(workspace)
    library.keep_unsaved("plan.toml", "Ann", "a = ")
    library.keep_unsaved("plan.toml", "Ann!", "b = ")
    again = Library(workspace)
    assert again.unsaved("plan.toml", "Ann") == "a = "
    assert again.unsaved("plan.toml", "Ann!") == "b = "
    assert again.unsaved("plan.toml", "Bob") is None
    again.keep_unsaved("plan.toml", "Ann", None)
    assert library.unsaved("plan.toml", "Ann") is None


def test_drafts_of_people_with_like_names_are_apart(workspace: Path) -> None:
    """Ann, Ann! and ../Ann edit for themselves, and nobody writes elsewhere."""
    library = Library(workspace)
    people = ("Ann", "Ann!", "../Ann", "", "..", "a" * 60, "CON", "\u202eAnn")
    logs = set()
    for person in people:
        draft = library.draft("plans/plan", person)
        draft.mark([str(draft.owner.index[0])], "lock")
        logs.add(draft.log)
    assert len(logs) == len(people)
    assert all(log and log.parent == workspace / OWN / "drafts" for log in logs)


def test_a_save_cut_off_costs_only_itself(workspace: Path) -> None:
    """The next line stands alone, and is read."""
    library = Library(workspace)
    library.record_saved("a", "b", "Ann")
    log = workspace / OWN / "saved.jsonl"
    log.write_bytes(log.read_bytes() + b'{"base": "c", "pl')
    library.record_saved("d", "e", "Bob")
    assert [one.plan for one in library.saved()] == ["b", "e"]


def test_solves_that_a_stop_has_ended_are_told_once(workspace: Path) -> None:
    """What was under way when the server died is named at the next start."""
    Library(workspace).begin_solve("plan.toml")
    done = Library(workspace)
    assert done.interrupted() == ["plan.toml"]
    assert done.interrupted() == []
    done.begin_solve("plan.toml")
    done.end_solve("plan.toml")
    assert Library(workspace).interrupted() == []


EDITOR = """
import itertools, sys
from pathlib import Path
from planner.library import Library
draft = Library(Path(sys.argv[1])).draft("plans/plan", "Ann")
ids, reps = list(draft.owner.index), list(draft.pairs.reps.index)
print("ready", flush=True)
for turn in itertools.count(len(draft.actions)):
    draft.move([str(ids[turn % len(ids)])], str(reps[turn // 7 % len(reps)]), by="Ann")
    print(turn + 1, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL there")
def test_kill_loses_no_confirmed_edit(workspace: Path) -> None:
    """Killed in mid-edit again and again: all that was confirmed is there."""
    for attempt in range(2):
        child = subprocess.Popen(
            [sys.executable, "-c", EDITOR, str(workspace)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(Path(planner.__file__).parents[1])},
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.05 + 0.1 * attempt)
        child.send_signal(signal.SIGKILL)
        said = child.stdout.read().splitlines()
        child.wait()
        confirmed = int(said[-1]) if said else 0
        draft = Library(workspace).draft("plans/plan", "Ann")
        assert confirmed <= len(draft.actions) <= confirmed + 1
        assert draft.log is not None
        lines = [json.loads(one) for one in draft.log.read_text("utf-8").splitlines()]
        assert [one["ids"] for one in lines] == [list(a.ids) for a in draft.actions]


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def _append(path: Path) -> None:
    path.write_text(path.read_text("utf-8") + "\n", "utf-8")
