"""Sweeps: a plan for each value or headcount, against solving each by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from tiny_files import write_question

import planner
from planner.cli import main
from planner.errors import PlannerError
from planner.evaluate.verify import verify
from planner.whatif.run import Run

CAPPED = """\
[[limits]]
measure = "hours"
high = "capacity"
[handover]
fixed = 5
"""


def cli(*args: object) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture
def question(tmp_path: Path) -> Path:
    """Return 12 accounts and 4 reps of 60 hours, with a price on balance."""
    rules = CAPPED + '[[balance]]\nmeasure = "value"\nprice = 0.5\n'
    return write_question(
        tmp_path / "in", 3, accounts=12, reps=4, rules=rules, capacity=60
    )


def test_values_of_a_key(question: Path, tmp_path: Path) -> None:
    """Each plan is the optimum of its scenario; a grid has all combinations."""
    out = tmp_path / "out"
    settings = ["balance.value.tolerance=0.05,0.3", "handover.fixed=0,50"]
    curve = planner.sweep(question, out, settings=settings, gap=0.0)
    assert curve.columns[:3].tolist() == [
        "plan",
        "balance[0].tolerance",
        "handover.fixed",
    ]
    assert len(curve) == 4
    assert (out / "curve.png").is_file()
    scenario = planner.read_scenario(question)
    for row in curve.to_dict("records"):
        keys = {key: row[key] for key in curve.columns[1:3]}
        alone = planner.solve(planner.scenario.with_settings(scenario, keys))
        assert row["cost"] == pytest.approx(alone.cost)
        assert row["gap"] == 0
        assert verify(out / row["plan"]).ok


def test_a_second_run_solves_only_what_is_new(question: Path, tmp_path: Path) -> None:
    """What is in the folder for the same inputs stays; other inputs are solved."""
    out = tmp_path / "out"
    key = "balance.value.tolerance="
    planner.sweep(question, out, settings=[key + "0.1,0.2"])
    seals = {
        name: json.loads((out / name / "certificate.json").read_text())["seal"]
        for name in ("tolerance=0.1", "tolerance=0.2")
    }
    told: list[str] = []
    run = Run(told=told.append)
    curve = planner.sweep(question, out, settings=[key + "0.1,0.15,0.2"], run=run)
    assert sum("solved before" in line for line in told) == 2
    assert curve["plan"].tolist()[1] == "tolerance=0.15"
    for name, seal in seals.items():
        assert json.loads((out / name / "certificate.json").read_text())["seal"] == seal
    table = pd.read_csv(question.parent / "accounts.csv")
    table.assign(value=table["value"] * 2).to_csv(
        question.parent / "accounts.csv", index=False
    )
    told.clear()
    planner.sweep(question, out, settings=[key + "0.1,0.2"], run=run)
    assert not any("solved before" in line for line in told)


def test_fewer_reps(question: Path, tmp_path: Path) -> None:
    """The least useful go, one by one; too few is a row that says so, not an error."""
    told: list[str] = []
    out = tmp_path / "out"
    curve = planner.sweep(question, out, reps="1:4", run=Run(told=told.append))
    assert curve["k"].tolist() == [1, 2, 3, 4]
    status = dict(zip(curve["k"], curve["status"], strict=True))
    assert status[1] == "infeasible"
    assert status[4] == "optimal"
    assert any("short" in line for line in told)
    whole = planner.solve(question)
    assert curve["cost"].iloc[3] == pytest.approx(whole.cost)
    reps = pd.read_csv(out / "k3" / "inputs" / "reps.csv")["rep_id"]
    gone = {"R0", "R1", "R2", "R3"} - set(reps)
    assert curve["changed"].iloc[2] == f"-{gone.pop()}"
    found = curve[curve["cost"].notna()]
    expected = found["cost"] + found["handover_at_risk"]
    assert found["total"].tolist() == pytest.approx(expected.tolist())
    assert found["bound_by_prices"].le(found["total"] + 0.01).all()


def test_the_rep_taken_away_is_the_best_one(tmp_path: Path) -> None:
    """Two reps at one place: one of them goes, at no loss of travel."""
    path = write_question(tmp_path / "in", 1, accounts=8, reps=3, rules="")
    reps = pd.read_csv(path.parent / "reps.csv")
    for name in ("latitude", "longitude"):
        reps.loc[2, name] = reps.loc[0, name]
    reps.to_csv(path.parent / "reps.csv", index=False)
    curve = planner.sweep(path, tmp_path / "out", reps="2:3")
    assert curve["changed"].iloc[0] in ("-R0", "-R2")
    assert curve["cost"].iloc[0] == pytest.approx(curve["cost"].iloc[1])
    assert curve["marginal_value"].iloc[1] == pytest.approx(0)


def test_a_new_rep_goes_where_it_saves_most(tmp_path: Path) -> None:
    """Against every account's place tried by hand; the id is new and told."""
    path = write_question(tmp_path / "in", 5, accounts=9, reps=2, rules="")
    told: list[str] = []
    curve = planner.sweep(
        path, tmp_path / "out", reps="2:3", rep_cost=7, run=Run(told=told.append)
    )
    accounts = pd.read_csv(path.parent / "accounts.csv")
    reps = pd.read_csv(path.parent / "reps.csv")
    costs = []
    for place in accounts.itertuples():
        new = {"rep_id": "X", "latitude": place.latitude, "longitude": place.longitude}
        frame = pd.concat([reps, pd.DataFrame([new])], ignore_index=True)
        frame = frame.assign(capacity=1e6, name="")
        costs.append(planner.solve(path, reps=frame).cost)
    assert curve["cost"].iloc[1] == pytest.approx(min(costs))
    assert curve["changed"].iloc[1] == "+N01"
    assert any("N01" in line for line in told)
    assert any("commonest" in line or "median" in line for line in told)
    assert curve["total"].iloc[1] == pytest.approx(min(costs) + 21)
    saved = curve["cost"].iloc[0] - min(costs) - 7
    assert curve["marginal_value"].iloc[1] == pytest.approx(saved)
    assert curve["marginal_by_prices"].iloc[1] == pytest.approx(saved, abs=0.1)


def test_numbers_of_territories_without_a_table(tmp_path: Path) -> None:
    """With reps.count each number is asked for as it is."""
    path = write_question(tmp_path / "in", 2, accounts=6, rules="")
    text = path.read_text().replace(
        'reps = { file = "reps.csv" }', "reps = {count = 2}"
    )
    text += '[[balance]]\nmeasure = "value"\n'
    path.write_text(text)
    curve = planner.sweep(path, tmp_path / "out", reps="2:3")
    assert curve["k"].tolist() == [2, 3]
    assert "changed" not in curve
    with pytest.raises(PlannerError, match="leave out --new-rep"):
        planner.sweep(path, tmp_path / "x", reps="2:3", new_rep={"capacity": "1"})


def test_reps_whom_a_pin_names_stay(tmp_path: Path) -> None:
    """Taking them away would leave their accounts to nobody."""
    pins = "".join(
        f'[[pins]]\naccounts = ["a{i}"]\nreps = ["R{i}"]\n' for i in range(2)
    )
    path = write_question(tmp_path / "in", 2, reps=3, rules=pins)
    curve = planner.sweep(path, tmp_path / "out", reps="2:3")
    assert curve["changed"].iloc[0] == "-R2"
    with pytest.raises(PlannerError, match="No rep can be taken away"):
        planner.sweep(path, tmp_path / "again", reps="1:3")


def test_command(question: Path, tmp_path: Path) -> None:
    """Data on stdout, words on stderr, exit codes."""
    out = tmp_path / "out"
    done = cli("sweep", question, "--reps", "3:4", "-o", out, "--json")
    assert done.exit_code == 0, done.output
    assert [row["k"] for row in json.loads(done.stdout)] == [3, 4]
    assert "by the prices" in done.stderr
    assert "Traceback" not in done.output
    none = cli("sweep", question, "--reps", "1", "-o", tmp_path / "none")
    assert none.exit_code == 1
    assert "infeasible" in none.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--reps", "5:3"], "expects a number, or low:high"),
        (["--reps", "many"], "expects a number, or low:high"),
        ([], "one of the two"),
        (["--set", "balance.value.tol=1,2"], "tolerance"),
        (["--reps", "2:5", "--new-rep", "capacity"], "write field=value"),
        (["--reps", "2:5", "--new-rep", "colour=red"], "no field 'colour'"),
        (["--reps", "2:5", "--new-rep", "capacity=big"], "must be a number"),
        (["--reps", "2:3", "--set", "travel.circuity=1,2"], "one of the two"),
    ],
)
def test_what_is_wrong_is_said(
    question: Path, tmp_path: Path, args: list[str], said: str
) -> None:
    """One sentence and exit code 2."""
    done = cli("sweep", question, "-o", tmp_path / "out", *args)
    assert done.exit_code == 2, done.output
    assert said in done.stderr
    assert "Traceback" not in done.output


def test_a_folder_of_other_files_is_left_alone(question: Path, tmp_path: Path) -> None:
    """Nothing of the user's is replaced."""
    (tmp_path / "mine.txt").write_text("mine")
    done = cli("sweep", question, "--reps", "3:4", "-o", tmp_path)
    assert done.exit_code == 2
    assert "holds other files" in done.stderr
