"""`planner changes`, `resolve` and `export`: exit codes, streams, messages."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from eight import frames, scenario

import planner
from planner.cli import main


def run(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plan folder of eight accounts and three reps."""
    folder = tmp_path_factory.mktemp("plans") / "plan"
    tables = frames()
    tables["reps"]["email"] = ["ann@x.com", "bob@x.com", "cem@x.com"]
    tables["accounts"]["account_id"] = [str(1000 + i) for i in range(8)]
    solution = planner.solve(scenario(solve={"time_limit": 5}), **tables)
    solution.save(folder, drawings=False)
    return folder


def decide(path: Path, **words: str) -> None:
    """Fill in the column decision, as people do."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table["decision"] = table["account_id"].map(
        {key.removeprefix("a"): word for key, word in words.items()}
    )
    table.fillna("").to_csv(path, index=False)


def test_from_plan_to_crm(plan: Path, tmp_path: Path) -> None:
    """The whole way: list, decide, solve again, judge, export."""
    path = tmp_path / "changes.csv"
    listed = run("changes", plan, "-o", path, "--json")
    assert listed.exit_code == 0, listed.output
    body = json.loads(listed.stdout)
    assert body["file"] == str(path)
    assert sum(wave["accounts"] for wave in body["waves"]) == body["changes"] > 1
    assert listed.stderr.splitlines()[0].startswith("Wave 1: ")
    assert listed.stderr.splitlines()[-1] == f"wrote {path}"

    with path.open(encoding="utf-8") as file:
        ids = [row["account_id"] for row in csv.DictReader(file)]
    decide(path, **{f"a{ids[0]}": "reject", f"a{ids[1]}": "accept"})
    new = tmp_path / "new"
    again = run("resolve", plan, "--decisions", path, "-o", new, "--json")
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["folder"] == str(new)
    assert "Decisions: 1 accepted, 1 rejected." in again.stderr
    assert "have another rep than in the plan before" in again.stderr
    assert "Verified: the folder is what its certificate says." in again.stderr
    assert run("verify", new).exit_code == 0

    refused = run("changes", plan, "-o", path)
    assert refused.exit_code == 2
    assert "holds decisions or comments" in refused.stderr

    out = tmp_path / "owners.csv"
    done = run("export", new, "--crm", "hubspot", "-o", out, "--json")
    assert done.exit_code == 0, done.output
    rows = out.read_text("ascii").splitlines()
    assert rows[0] == "Record ID,Company owner"
    assert json.loads(done.stdout)["accounts"] == len(rows) - 1
    assert ids[0] not in {row.split(",")[0] for row in rows}
    assert "accounts change hands in HubSpot (Record ID, Company owner)." in done.stderr


def test_faults_of_decisions(plan: Path, tmp_path: Path) -> None:
    """All of them, on stderr and as a file; nothing is written."""
    path, faults = tmp_path / "d.csv", tmp_path / "faults.csv"
    lines = ["account_id,decision", *(f"x{i},accept" for i in range(25))]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    new = tmp_path / "new"
    done = run("resolve", plan, "--decisions", path, "-o", new, "--faults", faults)
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: 25 fault(s) in the tables:")
    assert "... and 5 more (--faults FILE lists all)" in done.stderr
    assert len(pd.read_csv(faults)) == 25
    assert not new.exists()


def test_decisions_without_a_plan(plan: Path, tmp_path: Path) -> None:
    """Exit code 1, and the accounts that are too many."""
    path = tmp_path / "d.csv"
    rows = [f"{1000 + i},R0,accept" for i in (0, 1, 6)]
    path.write_text("\n".join(["account_id,to_rep,decision", *rows]), "utf-8")
    new = tmp_path / "new"
    done = run("resolve", plan, "--decisions", path, "-o", new)
    assert done.exit_code == 1
    assert "limits[0]/R0: with these decisions at least 16 hours" in done.stderr
    assert not new.exists()


def test_faults_of_an_export(plan: Path, tmp_path: Path) -> None:
    out, faults = tmp_path / "o.csv", tmp_path / "faults.csv"
    done = run("export", plan, "--crm", "zoho", "-o", out, "--faults", faults)
    assert done.exit_code == 2
    assert "this is no id of an account in Zoho CRM" in done.stderr
    assert not out.exists()
    assert set(pd.read_csv(faults)["column"]) == {"account_id"}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("changes", "-o", "{plan}/c.csv"), "is sealed by its certificate"),
        (
            ("export", "--crm", "hubspot", "-o", "{plan}/c.csv"),
            "is sealed by its certificate",
        ),
        (
            ("export", "--crm", "hubspot", "-o", "x", "--owner", "a", "--owners", "b"),
            "Give either --owner or --owners",
        ),
        (
            ("export", "--crm", "hubspot", "-o", "x", "--wave", "7"),
            "There is no wave 7",
        ),
        (("export", "--crm", "sap", "-o", "x"), "'sap' is not one of"),
        (("changes",), "Missing option '-o'"),
        (("resolve", "-o", "x"), "Missing option '--decisions'"),
    ],
)
def test_usage(plan: Path, args: tuple[str, ...], said: str, tmp_path: Path) -> None:
    command, *rest = args
    done = run(command, plan, *(part.format(plan=plan) for part in rest))
    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.output
