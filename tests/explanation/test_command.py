"""`planner explain`: streams, exit codes, data, and a folder written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from small import REPS

import planner
from planner.cli import main
from tests.explanation.test_account import ACCOUNTS, CAP, solved


def run(*args: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(main, ["explain", *map(str, args)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plan folder of three accounts; r1 has room for one."""
    path = tmp_path_factory.mktemp("plans") / "out"
    solved(CAP, reps=REPS).save(path, drawings=False)
    return path


def test_account_in_sentences(folder: Path) -> None:
    """Sentences to stdout; the owner first, the next best last but one."""
    result = run(folder, "a2", "--time-limit", 5)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "a2 (Beta) goes from r1 to r2."
    assert lines[1].startswith("r1 would be 2.00 USD cheaper, but is full (hours: 10")
    assert lines[-2] == "Next best: r1, proven."
    assert "no plan can cost less than 10.00 USD" in lines[-1]


def test_prices_alone_solve_nothing(folder: Path) -> None:
    """With --ask 0 nobody is asked, and nothing is said of the next best."""
    result = run(folder, "a2", "--ask", 0)
    assert result.exit_code == 0
    assert "Next best" not in result.stdout
    assert "best plan" not in result.stdout


def test_account_as_data(folder: Path) -> None:
    """One JSON object with numbers and sentences."""
    result = run(folder, "a2", "--to", "r1", "--json", "--time-limit", 5)
    assert result.exit_code == 0
    body = json.loads(result.stdout)
    assert (body["kind"], body["currency"]) == ("account", "USD")
    answer = body["overrides"][0]
    assert (answer["lower"], answer["upper"]) == (14.0, 14.0)
    assert body["sentences"][0] == "a2 (Beta) goes from r1 to r2."


def test_rep_as_sentences_and_data(folder: Path) -> None:
    """A portfolio needs no solve."""
    assert "r2 (Bob) serves 2 accounts" in run(folder, "--rep", "r2").stdout
    body = json.loads(run(folder, "--rep", "r2", "--json").stdout)
    assert (body["kind"], body["accounts"]) == ("rep", 2)
    assert body["limits"][0]["row"] == "limits[0]/r2"


def test_chinese(folder: Path) -> None:
    """The same in Chinese; ids and codes stay."""
    args = ["--lang", "zh", "explain", str(folder), "a2", "--to", "r1"]
    result = CliRunner().invoke(main, args)
    assert "a2 (Beta) 由 r1 转给 r2。" in result.stdout
    assert "与本方案相比 +4.00 USD" in result.stdout


def test_override_is_written_and_holds(folder: Path, tmp_path: Path) -> None:
    """The upper end is a plan folder that the judge confirms."""
    target = tmp_path / "new"
    result = run(folder, "a2", "--to", "r1", "--write", target, "--time-limit", 5)
    assert result.exit_code == 0, result.output
    verdict = planner.verify(target)
    assert verdict.ok, str(verdict)
    again = planner.open_plan(target)
    assert again.cost == 14.0
    assert again.plan is not None
    assert again.plan.owner["a2"] == "r1"
    assert again.scenario.pins[-1].reps == ["r1"]


def test_no_such_plan_is_exit_code_one(tmp_path: Path) -> None:
    """The answer is no: a1 needs r1, which has room for one."""
    path = tmp_path / "out"
    solved(CAP, reps=REPS, accounts=ACCOUNTS).save(path, drawings=False)
    target = tmp_path / "new"
    result = run(path, "a2", "--to", "r1", "--write", target)
    assert result.exit_code == 1
    assert "no plan keeps every rule with it" in result.stdout
    assert not target.exists()


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("a9",), "The plan has no account 'a9'."),
        (("a1", "--to", "r9"), "The plan has no rep 'r9'."),
        ((), "Name either an account or a rep"),
        (("a1", "--rep", "r1"), "Name either an account or a rep"),
        (("a1", "--write", "x"), "--write needs exactly one --to."),
    ],
)
def test_wrong_questions(folder: Path, args: tuple[str, ...], sentence: str) -> None:
    """One sentence, exit code 2, nothing on stdout."""
    result = run(folder, *args)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert sentence in result.stderr


def test_sealed_or_foreign_targets_are_left_alone(folder: Path, tmp_path: Path) -> None:
    """Refused before the work."""
    (tmp_path / "mine.txt").write_text("mine")
    result = run(folder, "a2", "--to", "r1", "--write", tmp_path)
    assert result.exit_code == 2
    assert "is not empty and not a plan folder" in result.stderr
