"""The command line: exit codes, streams, messages."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import click
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import planner
from planner.cli import main
from planner.embedded import demo_scenario, write_example

COMMANDS = sorted(main.commands)
Solving = tuple[Path, Result]


def run(*args: object) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(main, [str(arg) for arg in args])


def refused(*args: object) -> str:
    """Run a command that must fail by exit code 2; return its one sentence."""
    result = run(*args)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.output
    said = result.stderr.strip().splitlines()
    if said[0].startswith("Usage:"):
        return said[-1]
    assert len(said) == 1, said
    assert said[0].startswith("Error: ")
    return said[0]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scenario file of the example that `planner init` writes."""
    return write_example(tmp_path_factory.mktemp("example"))[0]


@pytest.fixture(scope="module")
def solving(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Solving:
    """Return the plan folder of the example and what the command said."""
    folder = tmp_path_factory.mktemp("solved") / "out"
    result = run("solve", example, "-o", folder, "--json", "--seed", 5)
    assert result.exit_code == 0, result.output
    return folder, result


@pytest.fixture
def solved(solving: Solving) -> Path:
    """Plan folder of the example; nobody changes it."""
    return solving[0]


@pytest.fixture
def no_map(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the drawing: it takes most of the time."""
    monkeypatch.setattr("planner.reporting.PlanView.layers", lambda view: None)


@pytest.fixture
def infeasible(example: Path, tmp_path: Path) -> Path:
    """Scenario file that asks for the impossible."""
    shutil.copytree(example.parent, tmp_path / "infeasible")
    path = tmp_path / "infeasible" / "plan.toml"
    rule = 'measure = "workload"\nhigh = "capacity"'
    text = path.read_text("utf-8")
    assert rule in text
    path.write_text(text.replace(rule, 'measure = "accounts"\nhigh = 3'), "utf-8")
    return path


# ---- help and speed ------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    """Each option and each command says what it is for."""
    result = run(command, "-h")
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: ")
    one = main.commands[command]
    assert one.help
    for option in one.params:
        if isinstance(option, click.Option):
            assert option.help or option.metavar, (command, option.name)


def test_help_lists_every_command() -> None:
    """The first page leads to all the others."""
    text = run("--help").stdout
    assert all(re.search(rf"^  {name} ", text, re.M) for name in COMMANDS)


def test_unknown_command_and_option_name_the_way_out() -> None:
    """Typing errors are of the user, so exit code 2 and a hint."""
    assert "No such command 'slove'" in refused("slove")
    assert "--tim" in refused("solve", "x", "-o", "y", "--tim", "3")
    assert "Missing option '-o' / '--output'" in refused("solve", "x")


# ---- solve ---------------------------------------------------------------------------


def test_solve_talks_on_stderr_and_writes_a_sound_folder(
    example: Path, tmp_path: Path, no_map: None
) -> None:
    """Stdout stays free for data; the talk ends with the next step."""
    result = run("solve", example, "-o", tmp_path / "out")
    assert result.exit_code == 0
    assert result.stdout == ""
    for part in ("Cost ", "proven gap 0.000% (optimal)", "Defaults used: travel."):
        assert part in result.stderr
    assert f"planner verify {tmp_path / 'out'}" in result.stderr
    assert "Verified: the folder is what its certificate says." in result.stderr
    assert planner.verify(tmp_path / "out").ok


def test_solve_json_is_one_line_of_data(solving: Solving) -> None:
    """A script reads stdout and nothing else."""
    folder, result = solving
    found = json.loads(result.stdout)
    assert result.stdout.count("\n") == 1
    told = json.loads((folder / "certificate.json").read_text("utf-8"))
    assert found["status"] == "optimal"
    assert found["cost"] == found["bound"] == told["cost"]
    assert found["folder"] == str(folder)
    assert told["seed"] == 5
    assert found["reasons"] == []


def test_no_plan_is_exit_code_1_with_reasons(infeasible: Path, tmp_path: Path) -> None:
    """A proven no is an answer, not a fault of the input; no folder is written."""
    result = run("solve", infeasible, "-o", tmp_path / "out", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found["status"] == "infeasible"
    assert found["cost"] is None
    assert found["gap"] is None
    assert found["folder"] is None
    assert "need at least 10 accounts, the limits allow 9: 1 short" in result.stdout
    assert "No plan: infeasible." in result.stderr
    assert all(reason in result.stderr for reason in found["reasons"])
    assert not (tmp_path / "out").exists()


def test_no_plan_keeps_the_old_folder(
    infeasible: Path, solved: Path, tmp_path: Path
) -> None:
    """An older plan is not removed for one that does not exist."""
    folder = shutil.copytree(solved, tmp_path / "out")
    assert run("solve", infeasible, "-o", folder).exit_code == 1
    assert planner.verify(folder).ok


def test_demo_is_a_solve_of_the_embedded_scenario(
    example: Path, tmp_path: Path, no_map: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo's own data is solved elsewhere; here a small one stands in."""
    assert demo_scenario().is_file()
    monkeypatch.setattr("planner.embedded.demo_scenario", lambda country: example)
    result = run("demo", "-o", tmp_path / "demo", "--time-limit", 20)
    assert result.exit_code == 0, result.output
    assert planner.verify(tmp_path / "demo").ok


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("0", "0.0 is not in the range x>0"),
        ("-1", "-1.0 is not in the range x>0"),
        ("nan", "time_limit = nan: Input should be a finite number"),
        ("inf", "time_limit = inf: Input should be a finite number"),
        ("soon", "'soon' is not a valid float"),
    ],
)
def test_time_limit_must_be_a_time(
    limit: str, message: str, example: Path, tmp_path: Path
) -> None:
    """Whatever is no number of seconds is refused in a sentence."""
    said = refused("solve", example, "-o", tmp_path / "out", "--time-limit", limit)
    assert message in said


def test_targets_are_refused_before_the_work(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour of search must not end at a folder that cannot be written."""
    monkeypatch.setattr("planner.solving.solve", None)
    (tmp_path / "file").write_text("x", "utf-8")
    file = tmp_path / "file"
    assert "is a file" in refused("solve", example, "-o", file)
    assert "is not a folder" in refused("solve", example, "-o", file / "out")
    assert "left alone" in refused("solve", example, "-o", example.parent)
    monkeypatch.setattr(os, "access", lambda path, mode: mode == os.R_OK)
    assert "not yours to write" in refused("solve", example, "-o", tmp_path / "new")


def test_disk_that_fills_up_is_a_sentence(
    example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors of the system are told without a traceback, and leave nothing behind."""

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("planner.workspace.write_clean", full)
    result = run("solve", example, "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert "Error: [Errno 28] No space left on device. Check path" in result.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("command", ["solve", "check"])
def test_scenario_that_cannot_be_read(command: str, tmp_path: Path) -> None:
    """A missing file, a folder, and other faults of the input."""
    output = ["-o", tmp_path / "out"] if command == "solve" else []
    said = refused(command, tmp_path / "no.toml", *output)
    assert "no.toml: cannot be read (No such file or directory). Check" in said
    assert "is a directory" in refused(command, tmp_path, *output)
    bad = tmp_path / "bad.toml"
    bad.write_text('accounts = {file = "no.csv"}\nreps = {file = "no.csv"}\n', "utf-8")
    result = run(command, bad, *output)
    assert result.exit_code == 2
    assert "no.csv" in result.output
    assert "Traceback" not in result.output
    bad.write_text("[travl]\n", "utf-8")
    result = run(command, bad, *output)
    assert result.exit_code == 2
    assert "unknown key 'travl'; did you mean 'travel'?" in result.stderr
    assert not (tmp_path / "out").exists()


# ---- check, columns, schema, init ----------------------------------------------------


def test_check_of_sound_tables(example: Path) -> None:
    """What was read and assumed is said, and that it will do."""
    result = run("check", example)
    assert result.exit_code == 0
    assert "10 accounts, 3 reps: fit to solve." in result.stdout
    found = json.loads(run("check", example, "--json").stdout)
    assert found["ok"] is True
    assert found["faults"] == []
    assert found["notes"]


def test_check_lists_every_fault_and_writes_them_all(tmp_path: Path) -> None:
    """Twenty on the screen, all in the file; exit code 2."""
    scenario = write_example(tmp_path)[0]
    table = tmp_path / "accounts.csv"
    lines = [f"B{i:02},=x{i},52,13,A,minus,,R1" for i in range(30)]
    table.write_text(table.read_text("utf-8") + "\n".join(lines) + "\n", "utf-8")
    result = run("check", scenario, "--faults", tmp_path / "faults.csv")
    assert result.exit_code == 2
    assert "30 fault(s):" in result.stdout
    assert "accounts.csv, row 12, column value = 'minus': " in result.stdout
    assert "... and 10 more; --faults FILE writes all" in result.stdout
    assert "fit to solve" not in result.stdout
    faults = pd.read_csv(tmp_path / "faults.csv")
    assert faults["row"].tolist() == list(range(12, 42))
    found = json.loads(run("check", scenario, "--json").stdout)
    assert found["ok"] is False
    assert found["faults"][0]["row"] == 12
    assert set(found["faults"][0]) == set(faults.columns)


def test_columns_are_printed_for_people_and_machines() -> None:
    """The contract of every table; NaN is no JSON."""
    text = run("columns").stdout
    assert "[accounts]" in text
    assert re.search(r"^  account_id .*required", text, re.M)
    found = json.loads(run("columns", "--json").stdout, parse_constant=pytest.fail)
    assert {"accounts", "reps"} <= set(found)
    assert all(f"[{table}]" in text for table in found)


def test_schema_is_strict_json() -> None:
    """Editors refuse Infinity."""
    found = json.loads(run("schema").stdout, parse_constant=pytest.fail)
    assert {"accounts", "reps", "travel", "budgets"} <= set(found["properties"])


def test_init_writes_what_solve_reads(tmp_path: Path) -> None:
    """The next step it names works as it is; nothing is overwritten."""
    result = run("init", tmp_path / "new")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert f"Next: planner solve {tmp_path / 'new' / 'plan.toml'}" in result.stderr
    assert run("check", tmp_path / "new" / "plan.toml").exit_code == 0
    (tmp_path / "new" / "plan.toml").write_text("mine", "utf-8")
    assert "left alone. Name another folder" in refused("init", tmp_path / "new")
    assert (tmp_path / "new" / "plan.toml").read_text("utf-8") == "mine"
    (tmp_path / "file").write_text("", "utf-8")
    assert "is a file" in refused("init", tmp_path / "file")
    assert "Check path" in refused("init", tmp_path / "file" / "sub")


# ---- verify, compare, map, report ----------------------------------------------------


def test_verify_answers_by_exit_code(solved: Path, tmp_path: Path) -> None:
    """0: sound. 1: something is wrong, and what."""
    assert run("verify", solved).exit_code == 0
    found = json.loads(run("verify", solved, "--json").stdout)
    assert found["ok"] is True
    folder = shutil.copytree(solved, tmp_path / "out")
    with (folder / "plan.csv").open("a", encoding="utf-8") as file:
        file.write("\n")
    result = run("verify", folder)
    assert result.exit_code == 1
    assert "FAIL  complete: 1 wrong: plan.csv was changed" in result.stdout
    assert json.loads(run("verify", folder, "--json").stdout)["ok"] is False


@pytest.mark.parametrize("folder", ["empty", "no"])
def test_verify_of_no_plan_folder(folder: str, tmp_path: Path) -> None:
    """What is no plan is not sound."""
    (tmp_path / "empty").mkdir()
    result = run("verify", tmp_path / folder)
    assert result.exit_code == 1
    assert "holds no certificate.json" in result.stdout
    assert "Solve again" in result.stdout


def test_compare_names_figures_in_words(solved: Path, tmp_path: Path) -> None:
    """A column per plan, then a table of their differences."""
    other = shutil.copytree(solved, tmp_path / "other")
    result = run("compare", solved, other)
    assert result.exit_code == 0
    head, *lines = result.stdout.splitlines()
    assert head.split() == ["out", "other"]
    assert any(line.startswith("Cost a year [EUR]") for line in lines)
    assert any(line.split() == ["Against", "out", "other"] for line in lines)
    assert not any("lambda" in line for line in lines)
    found = json.loads(run("compare", solved, other, "--json").stdout)
    assert found["figures"]["cost"]["out"] == found["figures"]["cost"]["other"]
    assert found["figures"]["cost"]["delta other"] == 0


def test_compare_says_when_the_questions_differ(solved: Path, tmp_path: Path) -> None:
    """Costs under other prices are not comparable without a word."""
    dear = shutil.copytree(solved, tmp_path / "dear")
    path = dear / "inputs" / "scenario.toml"
    text = path.read_text("utf-8")
    assert "price = 0.05" in text
    path.write_text(text.replace("price = 0.05", "price = 0.07"), "utf-8")
    result = run("compare", solved, dear)
    assert result.exit_code == 0
    assert "The scenarios differ in rules or prices" in result.stderr


def test_compare_needs_two_whole_folders(solved: Path, tmp_path: Path) -> None:
    """Each refusal names the folder."""
    assert "Name two or more: plan folders" in refused("compare", solved)
    said = refused("compare", solved, tmp_path)
    assert str(tmp_path) in said
    assert "holds no certificate.json" in said


def test_map_and_report_are_drawn_elsewhere(solved: Path, tmp_path: Path) -> None:
    """New files beside the sealed folder, which stays sound."""
    result = run("map", solved, "-o", tmp_path / "maps")
    assert result.exit_code == 0
    assert sorted(os.listdir(tmp_path / "maps")) == ["map.png", "map.svg"]
    result = run("--lang", "en", "report", solved, "-o", tmp_path / "r" / "r.html")
    assert result.exit_code == 0
    assert "<html" in (tmp_path / "r" / "r.html").read_text("utf-8")
    assert "is sealed" in refused("map", solved, "-o", solved / "inputs")
    assert "is sealed" in refused("report", solved, "-o", solved / "r.html")
    assert planner.verify(solved).ok


@pytest.mark.parametrize("command", ["map", "report"])
def test_drawing_needs_a_plan_folder(command: str, tmp_path: Path) -> None:
    """A folder without a plan is named, with the way out."""
    (tmp_path / "no plan").mkdir()
    said = refused(command, tmp_path / "no plan", "-o", tmp_path / "new" / "x")
    assert "no plan is not a complete plan folder" in said
    assert "Solve again" in said
    assert os.listdir(tmp_path) == ["no plan"]


def test_an_unknown_language_is_told_before_any_work(tmp_path):
    """It would else be found by the report, after the solve."""
    for code in ("xx-yy", "../..", "qq"):
        result = CliRunner().invoke(
            main, ["--lang", code, "demo", "-o", str(tmp_path / "out")]
        )
        assert result.exit_code == 2
        assert "is no known language. Use a code such as en or zh." in result.stderr
    assert not (tmp_path / "out").exists()


def test_help_and_complaints_of_the_command_line_are_chinese(monkeypatch):
    """Also those that click words itself."""
    monkeypatch.setenv("LANGUAGE", "en")
    try:
        shown = CliRunner().invoke(main, ["--lang", "zh", "--help"]).stdout
        assert "规划销售辖区" in shown
        assert "求解内置示例" in shown
        assert "显示此帮助并退出" in shown
        shown = CliRunner().invoke(main, ["--lang", "zh", "solve", "--help"]).stdout
        assert "Ctrl-C 停止求解并写出目前最好的方案" in shown
        assert "planner solve plan.toml --time-limit 60 -o out/" in shown
        told = CliRunner().invoke(main, ["--lang", "zh", "verify"])
        assert (told.exit_code, "错误：缺少参数" in told.stderr) == (2, True)
        told = CliRunner().invoke(main, ["--lang", "zh", "check", "no.toml"])
        assert (told.exit_code, "错误：no.toml：无法读取" in told.stderr) == (2, True)
    finally:
        assert "Usage:" in CliRunner().invoke(main, ["--lang", "en", "--help"]).stdout


def test_example_is_in_the_chosen_language(tmp_path):
    """With Chinese file names and headers; it can be solved."""
    try:
        result = CliRunner().invoke(main, ["--lang", "zh-CN", "init", str(tmp_path)])
    finally:
        CliRunner().invoke(main, ["--lang", "en", "--help"])
    assert result.exit_code == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"plan.toml", "客户.csv", "销售代表.csv"}
    checked = run("check", tmp_path / "plan.toml")
    assert checked.exit_code == 0, checked.stderr
    assert "10 accounts, 3 reps: fit to solve." in checked.stdout


def test_diagnose_writes_options_that_its_commands_solve(
    infeasible: Path, tmp_path: Path
) -> None:
    options = tmp_path / "options"
    result = run("diagnose", infeasible, "--write", options, "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["status"] == "infeasible"
    assert told["conflicts"][0]["minimal"]
    first = told["options"][0]
    assert first["command"].startswith(f"planner solve {options}/option-1.toml --start")
    words = first["command"].split()[1:]
    assert run(*words).exit_code == 0


def test_solve_diagnoses_by_itself_and_bends_when_asked(
    infeasible: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    result = run("solve", infeasible, "-o", out, "--time-limit", "10", "--json")
    assert result.exit_code == 1
    assert not out.exists()
    assert json.loads(result.stdout)["diagnosis"]["options"]
    assert "Each of these is enough by itself" in result.stderr
    bent = run("solve", infeasible, "-o", out, "--least-violating", "--json")
    assert bent.exit_code == 0
    assert "This plan rests on" in bent.stderr
    certificate = json.loads((out / "certificate.json").read_text("utf-8"))
    assert certificate["relaxed"]
