"""The command line as a process of its own: start, pipes, Ctrl-C."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import planner
from planner.embedded import data_folder

ROOT = Path(planner.__file__).parent.parent


def run_outside(*args: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run Python with arguments in a process of its own."""
    return subprocess.run(
        [sys.executable, *map(str, args)],
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


def test_what_a_solver_prints_is_no_data() -> None:
    """C++ code that writes to stdout would break --json for whoever reads it."""
    code = (
        "import os\nimport planner.cli as cli\n"
        "cli.main = lambda: (os.write(1, b'noise'), print('{}'))\n"
        "cli.run()"
    )
    done = run_outside("-c", code)
    assert (done.stdout, done.stderr) == ("{}\n", "noise")


def test_help_loads_nothing_heavy() -> None:
    """Help comes at once: a clock would be flaky, the list of modules is not."""
    code = (
        "import sys\nfrom planner.cli import main\n"
        "try:\n    main(['solve', '--help'])\n"
        "except SystemExit as end:\n    assert end.code == 0\n"
        "heavy = {'numpy', 'pandas', 'scipy', 'ortools', 'numba', 'geopandas',\n"
        "         'shapely', 'matplotlib', 'pydantic', 'pyarrow', 'rich'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = run_outside("-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Usage: ")
    assert done.stderr.strip() == "[]"


def test_reader_that_stops_reading_is_no_error() -> None:
    """`planner columns | head -1` ends in silence."""
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m planner.cli schema | head -c 1"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("{", "")


def test_bad_input_of_a_process(tmp_path: Path) -> None:
    """The same as in this process: code 2, one line, nothing on stdout."""
    done = run_outside("-m", "planner.cli", "solve", "no.toml", "-o", tmp_path / "o")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("Error: no.toml: cannot be read")


@pytest.fixture(scope="module")
def long_question(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Part of the demo, searched for as long as one lets it."""
    folder, demo = tmp_path_factory.mktemp("long"), data_folder() / "us"
    accounts = pd.read_csv(demo / "accounts.csv", dtype=str, keep_default_na=False)
    reps = pd.read_csv(demo / "reps.csv", dtype=str, keep_default_na=False)
    rng = np.random.default_rng(1)
    some = np.sort(rng.choice(len(accounts), 700, replace=False))
    accounts.iloc[some].to_csv(folder / "accounts.csv", index=False)
    reps.iloc[::5].to_csv(folder / "reps.csv", index=False)
    text = (demo / "demo.toml").read_text("utf-8")
    text = re.sub(r"\[regions\]\nfile.*\n", "", text)
    text = re.sub(r"\[\[budgets\]\][^\[]*", "", text)
    text = text.replace("time_limit = 45", 'time_limit = 60\nmethod = "search"')
    # The bound does not see priced groups, so the search never ends by a proof.
    text += '\n[[together]]\ncolumn = "state"\nprice = 900\n'
    (folder / "plan.toml").write_text(text, "utf-8")
    return folder / "plan.toml"


@pytest.fixture
def running(long_question: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A solve that has found a plan and goes on looking."""
    command = [sys.executable, "-m", "planner.cli", "solve", str(long_question)]
    process = subprocess.Popen(
        [*command, "-o", str(tmp_path / "out"), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if re.search(r"incumbent \d", line):
            break
    else:
        pytest.fail(f"ended before it was interrupted: {said}")
    yield process
    process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupt_writes_the_best_plan_so_far(
    number: signal.Signals, running: subprocess.Popen[str], tmp_path: Path
) -> None:
    """Ctrl-C is an order to finish, not to throw the work away."""
    running.send_signal(number)
    out, said = running.communicate(timeout=30)
    assert running.returncode == 130, said
    assert "Stopping; the best plan so far will be written." in said
    assert "Verified" in said
    assert "Traceback" not in said
    found = json.loads(out)
    assert found["stopped_by"] == "interruption"
    assert found["status"] == "feasible"
    assert planner.verify(tmp_path / "out").ok
    assert os.listdir(tmp_path) == ["out"]


def test_second_interrupt_gives_up(
    running: subprocess.Popen[str], tmp_path: Path
) -> None:
    """Whoever insists gets the prompt back, and nothing half-written."""
    running.send_signal(signal.SIGINT)
    assert running.stderr is not None
    for line in running.stderr:
        if line.startswith("Stopping"):
            break
    running.send_signal(signal.SIGINT)
    out, said = running.communicate(timeout=30)
    assert running.returncode == 130, said
    assert "Traceback" not in said
    assert "Interrupted; nothing was written." in said
    assert out == ""
    assert os.listdir(tmp_path) == []
