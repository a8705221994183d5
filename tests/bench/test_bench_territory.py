"""`planner bench territory`: from tables to a verified plan; and the README's table."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from running import run, table

from planner.bench import territory
from planner.bench.results import COLUMNS
from planner.bench.summary import write_summary
from planner.cli import main
from planner.evaluate.verify import verify

STAGES = ("generate_s", "read_s", "compile_s", "solve_s", "write_s", "verify_s")


def test_command_goes_from_tables_to_a_verified_plan(tmp_path: Path) -> None:
    """One real run: plan judged, tables kept, nothing else left."""
    out, kept = tmp_path / "out", tmp_path / "kept"
    size = ("--units", 60, "--reps", 4, "--time-limit", 3)
    result = run("territory", *size, "-o", out, "--write", kept, "--keep-plan")
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    (row,) = table(out)
    name = "territory-60-4-0.9-1"
    assert tuple(row) == (*COLUMNS, *territory.STAGES)
    assert (row["instance"], row["units"], row["reps"]) == (name, "60", "4")
    assert (row["verified"], row["best_known"], row["fill"]) == ("yes", "", "0.9")
    cost, bound = float(row["cost"]), float(row["bound"])
    assert float(row["gap"]) == pytest.approx((cost - bound) / cost, abs=1e-7)
    assert all(float(row[stage]) >= 0 for stage in STAGES)
    assert int(row["arcs"]) > 60
    assert verify(out / name).ok
    assert not (out / name / "map.png").exists()
    assert sorted(os.listdir(kept)) == ["accounts.csv", "reps.csv", "scenario.toml"]
    checked = CliRunner().invoke(main, ["check", str(kept / "scenario.toml")])
    assert checked.exit_code == 0
    assert "60 accounts, 4 reps: fit to solve." in checked.stdout
    assert sorted(os.listdir(out)) == ["results.csv", "results.md", name]


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Jobs that would be run."""
    asked: list[dict[str, Any]] = []

    def answer(job: dict[str, Any], tell: object, *, patience_s: float) -> dict:
        asked.append(job)
        if job["kind"] == "generate":
            return {"status": "written", "generate_s": 0.5}
        if job["solver"] == "highs":
            return {"status": "too large", "arcs": 9}
        seconds = {100: 2.0, 1000: 40.0}[job["units"]]
        figures = {"cost": 100.25, "bound": 100.0, "seconds_to_1pct": seconds}
        return {"status": "feasible", "method": "search", "seconds": 3.0} | figures

    monkeypatch.setattr(territory, "run_job", answer)
    return asked


def test_several_cases_and_peers(tmp_path: Path, jobs: list[dict[str, Any]]) -> None:
    """Tables are made once for a case; growth is stated from the smallest on."""
    sizes = ("--units", 100, "--reps", 2, "--units", 1000, "--reps", 20)
    result = run("territory", *sizes, "-o", tmp_path, "--peers", "--fill", 0.95)
    assert result.exit_code == 0, result.output
    kinds = [(job["kind"], job.get("solver")) for job in jobs]
    one = [("generate", None), *(("territory", x) for x in SOLVERS)]
    assert kinds == one * 2
    rows = table(tmp_path)
    assert [row["solver"] for row in rows] == SOLVERS * 2
    assert rows[0]["instance"] == "territory-100-2-0.95-1"
    assert (rows[0]["cost"], rows[0]["bound"]) == ("100.25", "100")
    assert (rows[1]["status"], rows[1]["cost"], rows[1]["arcs"]) == (
        "too large",
        "",
        "9",
    )
    text = (tmp_path / "results.md").read_text("utf-8")
    growth = "Time to a proven 1 % from 100 to 1,000 accounts: exponent 1.30."
    assert growth in text


SOLVERS = ["planner", "highs", "cp-sat"]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--units", 100, "--units", 50, "--reps", 2), "as many --reps as --units"),
        (("--units", 9, "--reps", 5), "9 accounts are too few for 5 reps"),
        (
            ("--units", 9, "--reps", 2, "--seed", 1, "--seed", 2, "--write", "new"),
            "Only one case can be written",
        ),
        (("--units", 9, "--reps", 2, "--write", "."), "is not an empty folder"),
    ],
)
def test_impossible_wishes_are_refused(
    args: tuple, said: str, tmp_path: Path, jobs: list
) -> None:
    """Before anything is made."""
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "file").write_text("", "utf-8")
    args = tuple(tmp_path / "here" if arg == "." else arg for arg in args)
    result = run("territory", *args, "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert said in result.stderr
    assert jobs == []


def test_failed_generation_is_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No tables, no solve, but a row that says why."""
    failed = {"status": "failed: MemoryError"}
    monkeypatch.setattr(territory, "run_job", lambda *job, **patience: failed)
    result = run("territory", "--units", 9, "--reps", 2, "-o", tmp_path)
    assert result.exit_code == 1
    assert [row["status"] for row in table(tmp_path)] == ["failed: MemoryError"]


# ---- the README's table --------------------------------------------------------------


def write_runs(folder: Path) -> None:
    """Write a summary of one run."""
    folder.mkdir()
    run = {"instance": "c1", "solver": "planner", "seed": 1, "status": "optimal"}
    run |= {"threads": 2, "time_limit": 60.0, "cost": 7, "gap_to_best": 0.00125}
    run |= {"kind": "c", "best_known": 7.0, "slack": 0.0}
    write_summary(folder, "gap", [run])


def test_readme_takes_the_summaries_between_its_marks(tmp_path: Path) -> None:
    """What stands around them stays; a second time changes nothing."""
    write_runs(tmp_path / "one")
    file = tmp_path / "README.md"
    begin, end = "<!-- benchmarks -->", "<!-- end of benchmarks -->"
    file.write_text(f"before\n{begin}\nold\n{end}\nafter\n", "utf-8")
    assert run("readme", tmp_path / "one", "--file", file).exit_code == 0
    text = file.read_text("utf-8")
    assert text.startswith(f"before\n{begin}\n\n| type |")
    assert text.endswith(f" UTC.\n\n{end}\nafter\n")
    assert "| c | planner | 1 | 1 | 1 | 0.125 % |" in text
    assert "old" not in text
    run("readme", tmp_path / "one", "--file", file)
    assert file.read_text("utf-8") == text


def test_readme_says_what_is_missing(tmp_path: Path) -> None:
    """No marks, no results: one sentence each, and nothing is changed."""
    file = tmp_path / "README.md"
    file.write_text("text\n", "utf-8")
    result = run("readme", tmp_path, "--file", file)
    assert result.exit_code == 2
    assert "has no <!-- benchmarks --> and <!-- end of benchmarks -->" in result.stderr
    file.write_text("<!-- benchmarks -->\n<!-- end of benchmarks -->\n", "utf-8")
    result = run("readme", tmp_path / "none", "--file", file)
    assert result.exit_code == 2
    assert "cannot be read" in result.stderr
