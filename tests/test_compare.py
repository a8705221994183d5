"""Plans side by side, from folders made by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from small import ACCOUNTS, DISTANCES, question

from planner.comparison import compare, moved_between
from planner.errors import PlannerError
from planner.tables import write_clean

SCENARIO = """\
accounts = {file = "accounts.csv"}
reps = {file = "reps.csv"}
distances = {file = "distances.csv"}
limits = [{measure = "hours", high = "capacity"}]
[travel]
cost_per_km = 1
cost_per_hour = 0
"""


def folder(
    path: Path,
    plan: dict[str, str],
    *,
    cost: int = 1000,
    bound: int = 900,
    scenario: str = SCENARIO,
    accounts: str = ACCOUNTS,
    distances: str = DISTANCES,
    **claims: object,
) -> Path:
    """Write a plan folder; seals and hashes are not what `compare` is about."""
    (path / "inputs").mkdir(parents=True)
    write_clean(question(accounts=accounts, distances=distances)[1], path / "inputs")
    (path / "inputs" / "scenario.toml").write_text(scenario, "utf-8")
    lines = [f"{account},{rep}" for account, rep in sorted(plan.items())]
    text = "\n".join(["account_id,rep_id", *lines]) + "\n"
    (path / "plan.csv").write_text(text, "utf-8")
    certificate = {
        "format": "planner-certificate/1",
        "status": "feasible",
        "cost": cost,
        "bound": bound,
        "gap": (cost - bound) / cost,
        "cost_scale": 100,
        "currency": "USD",
        "bound_by": "dual",
        "terms": {"travel": cost},
        "dual": {"bound": bound, "price_scale": 1, "prices": {}},
        "measures": {"hours": 1},
        "limits": [],
        "moved": {"accounts": 0, "value": 0.0},
        "files": {},
        "seal": "",
    }
    text = json.dumps(certificate | claims)
    (path / "certificate.json").write_text(text, "utf-8")
    return path


@pytest.fixture
def first(tmp_path: Path) -> Path:
    """a2 stays with r1: 8.00 a year, above r1's capacity."""
    return folder(tmp_path / "stay", {"a1": "r1", "a2": "r1", "a3": "r2"}, cost=800)


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """a2 goes to r2: 10.00 a year."""
    return folder(tmp_path / "move", {"a1": "r1", "a2": "r2", "a3": "r2"})


def test_figures_and_differences(first: Path, second: Path) -> None:
    """The second plan less the first one, figure by figure."""
    table = compare([first, second])
    assert table.index.name == "figure"
    columns = ["label", "unit", "better", "best", "stay", "move", "delta move"]
    assert table.columns.tolist() == columns
    for key, stay, move in (
        ("cost", 8, 10),
        ("bound", 9, 9),
        ("gap", -0.125, 0.1),
        ("term_travel", 8, 10),
        ("travel_km", 8, 10),
        ("accounts_moved", 0, 1),
        ("accounts_changed", 0, 1),
        ("value_changed", 0, 200),
    ):
        expected = [stay, move, move - stay]
        assert table.loc[key, columns[4:]].tolist() == pytest.approx(expected), key
    assert table.loc["cost", "unit"] == "currency"
    assert table.loc["cost", "better"] == "lower"
    assert table.loc["reps", "better"] == ""
    assert table.attrs["notes"] == []
    assert json.loads(table.to_json(orient="index"))["cost"]["delta move"] == 2


def test_who_goes_from_whom_to_whom(first: Path, second: Path) -> None:
    """One row per account that the two plans treat differently."""
    moved = moved_between(first, second)
    assert moved.index.tolist() == ["a2"]
    assert moved.loc["a2"].tolist() == ["Beta", 200, "r1", "r2"]
    assert moved_between(first, first).empty


def test_the_largest_value_comes_first(first: Path, tmp_path: Path) -> None:
    """A manager reads the top of the list; left out is the empty rep."""
    other = folder(tmp_path / "other", {"a1": "", "a2": "r2", "a3": "r1"})
    moved = moved_between(first, other)
    assert moved.index.tolist() == ["a3", "a2", "a1"]
    assert moved["to_rep"].tolist() == ["r1", "r2", ""]


def test_other_accounts_are_compared_on_the_common_ones(
    first: Path, tmp_path: Path
) -> None:
    """Figures of two accounts each; whole costs stand, but without a difference."""
    less = folder(
        tmp_path / "less",
        {"a1": "r1", "a2": "r2"},
        accounts="".join(ACCOUNTS.splitlines(keepends=True)[:3]),
        distances="".join(DISTANCES.splitlines(keepends=True)[:5]),
    )
    table = compare([first, less])
    assert table.loc["accounts", ["stay", "less"]].tolist() == [2, 2]
    assert table.loc["travel_km", ["stay", "less", "delta less"]].tolist() == [6, 8, 2]
    assert table.loc["cost", ["stay", "less"]].tolist() == [8, 10]
    assert np.isnan(table.loc["cost", "delta less"])
    assert table.attrs["notes"] == [
        "stay has 3 accounts, 1 of them not in every plan: figures are of the 2 in "
        "common, costs of each whole plan."
    ]
    assert moved_between(first, less).attrs["notes"] == table.attrs["notes"]


def test_other_prices_and_currencies_are_told(first: Path, tmp_path: Path) -> None:
    """10 EUR less 8 USD is no number."""
    dear = SCENARIO.replace("cost_per_km = 1", "cost_per_km = 2")
    other = folder(
        tmp_path / "euro",
        {"a1": "r1", "a2": "r2", "a3": "r2"},
        scenario=dear,
        currency="EUR",
    )
    table = compare([first, other])
    assert np.isnan(table.loc["cost", "delta euro"])
    assert table.loc["travel_km", "delta euro"] == 2
    notes = " ".join(table.attrs["notes"])
    assert "different currencies (EUR, USD); none is converted" in notes
    assert "The scenarios differ in rules or prices" in notes


def test_another_seed_is_not_another_question(first: Path, tmp_path: Path) -> None:
    """How long and from which seed was searched changes no price."""
    again = folder(
        tmp_path / "again",
        {"a1": "r1", "a2": "r2", "a3": "r2"},
        scenario=f'name = "again"\n{SCENARIO}[solve]\nseed = 7\n',
    )
    assert compare([first, again]).attrs["notes"] == []


def test_folders_of_the_same_name_stay_apart(first: Path, tmp_path: Path) -> None:
    """monday/stay and tuesday/stay must not fall into one column."""
    plan = {"a1": "r1", "a2": "r2", "a3": "r2"}
    second, third = (folder(tmp_path / day / "stay", plan) for day in ("mo", "tu"))
    table = compare([first, second, third])
    assert table.columns.tolist()[4:7] == ["stay", "stay (2)", "stay (3)"]
    assert table.loc["cost", "delta stay (3)"] == 2


def test_a_folder_without_a_certificate(first: Path, tmp_path: Path) -> None:
    """The certificate is written last: without it the folder is incomplete."""
    with pytest.raises(PlannerError, match=r"holds no certificate\.json: the plan was"):
        compare([first, tmp_path])


def test_one_folder_is_no_comparison(first: Path) -> None:
    """The message says how many are needed."""
    with pytest.raises(PlannerError, match="Name two or more: plan folders, scenarios"):
        compare([first])


def test_nothing_in_common(first: Path, tmp_path: Path) -> None:
    """Two different customer lists cannot be compared at all."""
    other = folder(
        tmp_path / "other",
        {"b1": "r1", "b2": "r2", "b3": "r2"},
        accounts=ACCOUNTS.replace("\na", "\nb"),
        distances=DISTANCES.replace("\na", "\nb"),
    )
    with pytest.raises(PlannerError, match="stay, other have no account in common"):
        compare([first, other])


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("plan.csv", "account_id,rep_id\na1,r1\n", "does not hold every account of"),
        ("plan.csv", "account_id,rep_id\na1,r1\na2,r1\na3,r9\n", "lacks: r9"),
        ("plan.csv", "account_id,rep\na1,r1\n", "lacks the columns: rep_id"),
        ("inputs/scenario.toml", "name = 1", "scenario"),
        ("inputs/columns.json", "{", "missing or damaged"),
    ],
)
def test_a_damaged_folder(
    first: Path, second: Path, file: str, text: str, words: str
) -> None:
    """What is wrong is told, and what to do."""
    (second / file).write_text(text, "utf-8")
    with pytest.raises(PlannerError, match=f"move is not a whole .*{words}") as caught:
        compare([first, second])
    assert "Solve again, or run planner verify" in str(caught.value)


def test_a_missing_plan(first: Path, second: Path) -> None:
    """A file that cannot be opened is a sentence, not a traceback."""
    (second / "plan.csv").unlink()
    with pytest.raises(PlannerError, match="is not a whole plan folder"):
        compare([first, second])
