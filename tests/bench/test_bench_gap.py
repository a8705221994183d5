"""`planner bench gap`: what is written, whatever becomes of the runs."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from running import run, table
from tiny import BEST, TINY, write_tiny

from planner.bench import published
from planner.bench.published import bench_published

ASKED = [
    "instance",
    "units",
    "reps",
    "cost",
    "bound",
    "gap",
    "best_known",
    "gap_to_best",
    "seconds",
    "peak_mb",
    "seed",
]
Answer = dict[str, Any]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Answer | BaseException]:
    """Answers of the runs to come, instead of running them."""
    waiting: list[Answer | BaseException] = []

    def answer(job: Answer, tell: object, *, patience_s: float) -> Answer:
        one = waiting.pop(0)
        if isinstance(one, BaseException):
            raise one
        if one.get("cost") is not None:
            Path(job["solution"]).write_text(f"of seed {job['seed']}\n", "utf-8")
        return one

    monkeypatch.setattr(published, "run_job", answer)
    return waiting


def found(cost: int, bound: int | None = 6) -> Answer:
    """Return the answer of a run."""
    return {
        "status": "feasible",
        "method": "search",
        "cost": cost,
        "bound": bound,
        "seconds": 1.25,
        "peak_mb": 123.4,
    }


def test_command_solves_and_writes(tmp_path: Path) -> None:
    """One real run: table, solution and summary; data on no stream."""
    out = tmp_path / "out"
    result = run("gap", write_tiny(tmp_path), "--time-limit", 2, "-o", out)
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert (
        "tiny  planner  seed 1  optimal  cost 7  bound 7  gap 0.000%" in result.stderr
    )
    assert sorted(os.listdir(out)) == ["results.csv", "results.md", "tiny.sol"]
    assert (out / "tiny.sol").read_text("utf-8") == BEST
    (row,) = table(out)
    assert list(row)[: len(ASKED)] == ASKED
    assert {key: row[key] for key in ASKED[:8]} == {
        "instance": "tiny",
        "units": "3",
        "reps": "2",
        "cost": "7",
        "bound": "7",
        "gap": "0.00000000",
        "best_known": "7",
        "gap_to_best": "0.00000000",
    }
    assert float(row["seconds"]) < 60
    assert float(row["peak_mb"]) > 10
    assert (row["seed"], row["solver"], row["status"]) == ("1", "planner", "optimal")
    text = (out / "results.md").read_text("utf-8")
    assert "| tiny | planner | 1 | 1 | 1 | 0.000 % |" in text
    assert "Protocol: 2 s of wall clock and 2 thread(s) per run" in text
    assert "No bound lies above any cost" in text


def test_peer_gets_its_own_solution_file(tmp_path: Path) -> None:
    """CP-SAT on the whole model, in a process as well."""
    path, out = write_tiny(tmp_path), tmp_path / "out"
    job = {
        "kind": "gap",
        "file": str(path),
        "solver": "cp-sat",
        "seed": 1,
        "threads": 1,
        "time_limit": 2.0,
        "solution": str(out / "tiny.cp-sat.sol"),
    }
    out.mkdir()
    answer = published.run_job(job, lambda moment: None, patience_s=60)
    assert (answer["status"], answer["cost"], answer["bound"]) == ("optimal", 7, 7)
    assert (out / "tiny.cp-sat.sol").read_text("utf-8") == BEST


def test_bad_files_stop_before_the_first_run(tmp_path: Path) -> None:
    """All faults at once, exit code 2, no results."""
    (tmp_path / "bad").write_text(TINY.replace("5", "five"), "utf-8")
    result = run("gap", tmp_path / "bad", tmp_path / "absent", "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert "Error: 2 fault(s) in the instances:" in result.stderr
    assert "row 2 = 'five'" in result.stderr
    assert "Traceback" not in result.output
    assert not (tmp_path / "out" / "results.csv").exists()


def test_solution_of_the_best_seed_is_kept(
    tmp_path: Path, answers: list[Answer]
) -> None:
    """A row for each seed, one solution file."""
    answers += [found(9), found(7), found(8)]
    out = tmp_path / "out"
    runs = bench_published("gap", [write_tiny(tmp_path)], out, seeds=(4, 5, 6))
    assert [row["seed"] for row in table(out)] == ["4", "5", "6"]
    assert (out / "tiny.sol").read_text("utf-8") == "of seed 5\n"
    assert runs[0]["gap"] == pytest.approx(3 / 9)
    assert runs[0]["gap_to_best"] == pytest.approx(2 / 7)
    assert runs[0]["bound_short"] == pytest.approx(1 / 7)


def test_failures_are_rows_with_blanks(tmp_path: Path, answers: list[Answer]) -> None:
    """The other runs go on, and the exit code says that one has no solution."""
    answers += [{"status": "failed: MemoryError"}, found(7)]
    out = tmp_path / "out"
    path = write_tiny(tmp_path)
    result = run("gap", path, "-o", out, "--seed", 1, "--seed", 2)
    assert result.exit_code == 1
    lost, good = table(out)
    assert lost["status"] == "failed: MemoryError"
    assert [lost[key] for key in ASKED[3:6]] == ["", "", ""]
    assert (lost["seconds"], lost["best_known"], lost["seed"]) == ("", "7", "1")
    assert (good["cost"], good["seconds"]) == ("7", "1.25")
    assert "| tiny | planner | 1 | 2 | 1 |" in (out / "results.md").read_text("utf-8")


def test_peers_are_rows_of_their_own(tmp_path: Path, answers: list[Answer]) -> None:
    """Only the planner's runs decide on the exit code."""
    answers += [found(7), {"status": "no plan found"}, found(8)]
    out = tmp_path / "out"
    assert run("gap", write_tiny(tmp_path), "-o", out, "--peers").exit_code == 0
    assert [row["solver"] for row in table(out)] == ["planner", "highs", "cp-sat"]
    solutions = sorted(path.name for path in out.glob("*.sol"))
    assert solutions == ["tiny.cp-sat.sol", "tiny.sol"]


def test_bound_above_a_known_cost_is_called_wrong(
    tmp_path: Path, answers: list[Answer]
) -> None:
    """A bound that a published value refutes must not look like a proof."""
    answers += [found(9, bound=8)]
    (row,) = bench_published("gap", [write_tiny(tmp_path)], tmp_path / "out")
    assert row["status"] == "wrong: a bound of 8 above a cost of 7"


def test_bounds_are_held_against_all_costs(
    tmp_path: Path, answers: list[Answer]
) -> None:
    """Also where nothing is published: against what the other runs have found."""
    answers += [found(9, bound=8), found(7, bound=5)]
    out, path = tmp_path / "out", write_tiny(tmp_path)
    (tmp_path / "best_known.csv").unlink()
    run("gap", path, "-o", out, "--seed", 1, "--seed", 2)
    assert "REFUTED bounds: tiny." in (out / "results.md").read_text("utf-8")


def test_interrupt_keeps_what_is_done(
    tmp_path: Path, answers: list[Answer | BaseException]
) -> None:
    """Ctrl-C ends the run in hand, not the table."""
    answers += [found(7), KeyboardInterrupt()]
    out, before = tmp_path / "out", signal.getsignal(signal.SIGTERM)
    result = run("gap", write_tiny(tmp_path), "-o", out, "--seed", 1, "--seed", 2)
    assert result.exit_code == 130
    assert "Interrupted; 1 finished run(s) are in" in result.stderr
    assert len(table(out)) == 1
    assert sorted(os.listdir(out)) == ["results.csv", "results.md", "tiny.sol"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_old_solutions_do_not_mislead(tmp_path: Path, answers: list[Answer]) -> None:
    """A run without a solution leaves none of an earlier run behind."""
    answers += [found(7), {"status": "failed: x"}]
    out, path = tmp_path / "out", write_tiny(tmp_path)
    bench_published("gap", [path], out)
    assert (out / "tiny.sol").exists()
    bench_published("gap", [path], out)
    assert not (out / "tiny.sol").exists()


def test_results_of_others_are_left_alone(tmp_path: Path) -> None:
    """A results.csv with other columns is not ours to replace."""
    (tmp_path / "results.csv").write_text("mine\n1\n", "utf-8")
    result = run("gap", write_tiny(tmp_path), "-o", tmp_path)
    assert result.exit_code == 2
    assert "is not of a benchmark, so it is left alone" in result.stderr
    assert (tmp_path / "results.csv").read_text("utf-8") == "mine\n1\n"


@pytest.mark.parametrize(
    ("job", "said"),
    [
        ({"kind": "gap", "solver": "cp-sat"}, "failed: KeyError: 'file'"),
        ({"kind": "gap"}, "failed: KeyError: 'solver'"),
    ],
)
def test_crash_of_a_run_is_a_status(job: Answer, said: str) -> None:
    """The last line of the traceback is the reason."""
    assert published.run_job(job, lambda moment: None, patience_s=60) == {
        "status": said
    }


def test_run_that_never_ends_is_ended(tmp_path: Path) -> None:
    """Patience has an end; a run in an endless loop would block the rest."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    job = {"kind": "gap", "solver": "cp-sat", "file": str(fifo)}
    answer = published.run_job(job, lambda moment: None, patience_s=0.5)
    assert answer == {"status": "failed: no answer after 0 s"}
