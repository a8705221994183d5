"""The change list: what changes hands, why, and in which wave."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small import ACCOUNTS, DISTANCES, REPS, ROOMY, question
from tiles import asked, one_each, tiles

import planner
from planner.changes import COLUMNS, change_list, write_changes
from planner.errors import PlannerError, ScenarioError
from planner.evaluate.folder import read_csv
from planner.owners import changes_of
from planner.scenario import Scenario, parse_scenario
from planner.tables import Tables, safe_text, unguarded
from planner.waves import lay_into_waves, sum_up_waves

MOVED = pd.Series({"a1": "r2", "a2": "r2", "a3": "r2"})
"""r1 has a1 and a2 today, r2 has a3."""


def moved(
    rules: str = "", owner: pd.Series = MOVED, **tables: str
) -> tuple[pd.DataFrame, Scenario, Tables]:
    scenario, clean = question(rules, reps=tables.pop("reps", ROOMY), **tables)
    return change_list(scenario, clean, owner), scenario, clean


def test_the_list_holds_what_changes_hands() -> None:
    """Largest value first; a3 stays and is not in it."""
    found, _scenario, _tables = moved()
    assert list(found.index) == ["a2", "a1"]
    assert list(found.columns) == list(COLUMNS)
    a2 = found.loc["a2"]
    assert (a2["from_rep"], a2["from_name"]) == ("r1", "Ann")
    assert (a2["to_rep"], a2["to_name"]) == ("r2", "Bob")
    assert (a2["value"], a2["tenure_years"], a2["pipeline"]) == (200, 0, 0)
    assert (a2["decision"], a2["comment"], a2["wave"], a2["wave_date"]) == (
        "",
        "",
        1,
        "",
    )


def test_costs_speak_where_there_is_no_reason() -> None:
    """a2 costs 6.00 with r2 and 4.00 with r1; a1 needs r2 to know imaging."""
    found, *_rest = moved()
    assert found.loc["a2", "reason"] == (
        "With r2 6.00 USD a year, 2.00 more than with r1: limits, balance and other "
        "accounts decide."
    )
    back = pd.Series({"a1": "r1", "a2": "r1", "a3": "r1"})
    dear = moved(owner=back)[0].loc["a3", "reason"]
    assert dear.startswith("With r1 10.00 USD a year, 8.00 more than with r2")


@pytest.mark.parametrize(
    ("accounts", "owner", "said"),
    [
        (ACCOUNTS.replace("Beta,r1", "Beta,"), "r2", "No rep before; with r2 6.00 USD"),
        (
            ACCOUNTS.replace("Beta,r1", "Beta,gone"),
            "r2",
            "gone is not among the reps; with r2 6.00 USD a year.",
        ),
        (
            ACCOUNTS.replace("Beta,r1,1,10,200,B,", "Beta,r2,1,10,200,B,imaging"),
            "r1",
            "r2 may not serve it: lacks the skill imaging.",
        ),
        (
            ACCOUNTS.replace("Beta,r1", "Beta,r2"),
            "r1",
            "With r1 4.00 USD a year, with r2 6.00: saves 2.00.",
        ),
        (
            ACCOUNTS.replace("Beta,r1", "Beta,r2"),
            "",
            "With nobody 0.00 USD a year, with r2 6.00: saves 6.00.",
        ),
    ],
)
def test_reasons_in_words(accounts: str, owner: str, said: str) -> None:
    plan = pd.Series({"a1": "r1", "a2": owner, "a3": "r2"})
    found, *_rest = moved(owner=plan, accounts=accounts)
    assert list(found.index) == ["a2"]
    assert found.loc["a2", "reason"].startswith(said)


def test_a_given_reason_wins() -> None:
    scenario, tables = question(reps=ROOMY)
    reasons = pd.Series({"a1": "Because.", "a2": ""})
    found = change_list(scenario, tables, MOVED, reasons=reasons)
    assert found.loc["a1", "reason"] == "Because."
    assert found.loc["a2", "reason"].startswith("With r2")


def test_against_another_plan() -> None:
    """What the other plan lacks is counted, and not listed."""
    scenario, tables = question(reps=ROOMY)
    before = pd.Series({"a1": "r2", "a3": "r1"})
    found = change_list(scenario, tables, MOVED, before=before)
    assert list(found.index) == ["a3"]
    assert found.loc["a3", "from_rep"] == "r1"
    assert found.attrs["notes"] == [
        "1 accounts are not in the other plan, and not listed."
    ]


# ---- waves ---------------------------------------------------------------------------

PIPELINE = "\n".join(
    line + tail
    for line, tail in zip(
        ACCOUNTS.splitlines(),
        (",pipeline,protected", ",0,no", ",500,no", ",0,yes"),
        strict=True,
    )
)
ALL = pd.Series({"a1": "r2", "a2": "r2", "a3": "r1"})


def waves(rules: str) -> dict[str, int]:
    found, *_rest = moved(rules, owner=ALL, accounts=PIPELINE)
    return found["wave"].to_dict()


def test_without_waves_the_ready_go_first() -> None:
    """a2 has open pipeline, a3 is protected."""
    assert waves("") == {"a1": 1, "a2": 2, "a3": 2}


def test_two_dated_waves_without_conditions_do_the_same() -> None:
    """The order is that of the dates, not of the file."""
    later = (
        "[[waves]]\ndate = 2027-04-01\n[[waves]]\ndate = 2027-01-01\nname = 'Start'\n"
    )
    found, scenario, _tables = moved(later, owner=ALL, accounts=PIPELINE)
    assert found["wave"].to_dict() == {"a1": 1, "a2": 2, "a3": 2}
    assert found.loc["a1", "wave_date"] == "2027-01-01"
    assert found.loc["a3", "wave_date"] == "2027-04-01"
    table = sum_up_waves(found, scenario)
    assert table.loc[1].to_dict() == {
        "name": "Start",
        "date": "2027-01-01",
        "accounts": 1,
        "regions": 0,
        "value": 100.0,
        "reps": 2,
    }
    assert table.loc[2, "accounts"] == 2
    assert table.loc[2, "value"] == 500


def test_conditions_come_before_the_rest() -> None:
    """A wave without where takes what the others leave, wherever it stands."""
    rules = (
        "[[waves]]\ndate = 2027-01-01\n"
        "[[waves]]\ndate = 2027-02-01\nwhere = [{column = 'grade', in = ['B']}]\n"
    )
    assert waves(rules) == {"a1": 1, "a2": 2, "a3": 2}


def test_what_no_wave_takes_goes_last() -> None:
    rules = (
        "[[waves]]\ndate = 2027-01-01\nwhere = [{column = 'grade', in = ['A']}]\n"
        "[[waves]]\ndate = 2027-02-01\nwhere = [{column = 'value', at_least = 300}]\n"
    )
    found, *_rest = moved(rules, owner=ALL, accounts=PIPELINE)
    assert found["wave"].to_dict() == {"a1": 1, "a2": 2, "a3": 2}
    assert found.attrs["notes"] == [
        "1 accounts meet no wave's where, and go with the last wave."
    ]


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_every_account_has_one_wave(data: st.DataObject) -> None:
    """Whatever the waves: a number from 1 up to their count, for each row."""
    days = data.draw(st.lists(st.integers(1, 28), min_size=1, max_size=4))
    general = data.draw(st.sets(st.integers(0, len(days) - 1), max_size=2))
    text = "accounts = {file = 'a'}\nreps = {file = 'r'}\n"
    for at, day in enumerate(days):
        text += f"[[waves]]\ndate = 2027-01-{day:02d}\n"
        if at not in general:
            low = data.draw(st.integers(0, 5))
            text += f"where = [{{column = 'value', at_least = {low}}}]\n"
    n = data.draw(st.integers(0, 6))
    numbers = st.lists(st.integers(0, 5), min_size=n, max_size=n)
    rows = pd.DataFrame(
        {
            "value": np.array(data.draw(numbers), dtype=float),
            "pipeline": np.array(data.draw(numbers), dtype=float),
            "protected": np.array(data.draw(numbers)) > 3,
        }
    )
    found = lay_into_waves(parse_scenario(text), rows)
    assert ((found.number >= 1) & (found.number <= len(days))).all()
    assert found.dates == sorted(found.dates)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (
            "[[waves]]\ndate = 2027-01-01\n[[waves]]\n",
            "give each of them a date, or none",
        ),
        ("[[waves]]\n[[waves]]\n[[waves]]\n", "at most two may be without where"),
        ("[[waves]]\ndate = 20270131\n", "expects a date such as 2027-01-31"),
        ("[[waves]]\ndate = '31.1.2027'\n", "expects a date such as 2027-01-31"),
        (
            "[[waves]]\ndate = 2027-01-31T08:00:00\n",
            "expects a date such as 2027-01-31",
        ),
        (
            "[[waves]]\nday = 2027-01-31\n",
            r"unknown key 'waves\[0\]\.day'; known keys: name, date",
        ),
    ],
)
def test_waves_that_are_none(rules: str, said: str) -> None:
    with pytest.raises(ScenarioError, match=said):
        parse_scenario(f"accounts = {{file = 'a'}}\nreps = {{file = 'r'}}\n{rules}")


def test_waves_survive_their_own_file() -> None:
    text = (
        "accounts = {file = 'a'}\nreps = {file = 'r'}\n[[waves]]\ndate = '2027-01-31'\n"
    )
    scenario = parse_scenario(text).with_solve(seed=7)
    again = parse_scenario(scenario.to_toml())
    assert again.waves == scenario.waves
    assert again.waves[0].date is not None
    assert again.waves[0].date.isoformat() == "2027-01-31"


def test_a_column_that_only_waves_name_is_read() -> None:
    rules = "[[waves]]\nwhere = [{column = 'rival', in = ['x']}]\n[[waves]]\n"
    found, *_rest = moved(rules)
    assert found["wave"].tolist() == [1, 1]


# ---- files ---------------------------------------------------------------------------


def test_no_cell_of_the_file_is_a_formula(tmp_path: Path) -> None:
    """Names and departed owners are guarded, ids stay byte for byte."""
    accounts = ACCOUNTS.replace("Alpha,r1", '"=HYPERLINK(""x"")",@gone').replace(
        "a2,", "'a2,"
    )
    distances = DISTANCES.replace("a2,", "'a2,")
    scenario, tables = question(reps=ROOMY, accounts=accounts, distances=distances)
    owner = pd.Series({"a1": "r2", "'a2": "r2", "a3": "r2"})
    write_changes(tmp_path / "c.csv", change_list(scenario, tables, owner))
    cells = read_csv(tmp_path / "c.csv", ())
    assert cells["account_id"] == ["'a2", "a1"]
    assert cells["name"] == ["Beta", '\'=HYPERLINK("x")']
    assert cells["from_rep"] == ["r1", "'@gone"]
    starts = {text[:1] for column in cells.values() for text in column}
    assert not starts & set("=+-@\t\r\n")


@given(st.text())
def test_a_guarded_text_comes_back(text: str) -> None:
    assert unguarded(safe_text(text)) == text


def test_typed_decisions_are_not_overwritten(tmp_path: Path) -> None:
    found, *_rest = moved()
    path = tmp_path / "c.csv"
    write_changes(path, found)
    write_changes(path, found)  # nothing typed yet
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([*lines[:-1], lines[-1][:-2] + '"hm"']), "utf-8")
    with pytest.raises(PlannerError, match="holds decisions or comments"):
        write_changes(path, found)
    other = tmp_path / "accounts.csv"
    other.write_text(ACCOUNTS, "utf-8")
    with pytest.raises(
        PlannerError, match=r"is no change list; it is left alone\. Name"
    ):
        write_changes(other, found)
    with pytest.raises(PlannerError, match=r"change lists are \.csv or \.xlsx"):
        write_changes(tmp_path / "c.pdf", found)


def test_the_same_list_in_excel(tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    found, *_rest = moved(accounts=ACCOUNTS.replace("Alpha", "=1+1"))
    path = tmp_path / "c.xlsx"
    write_changes(path, found)
    write_changes(path, found)
    read = pd.read_excel(path, dtype=str, keep_default_na=False, engine="calamine")
    assert read["account_id"].tolist() == ["a2", "a1"]
    assert read["name"].tolist() == ["Beta", "'=1+1"]


def test_excel_without_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    found, *_rest = moved()
    with pytest.raises(PlannerError, match="need the package openpyxl"):
        write_changes(tmp_path / "c.xlsx", found)


# ---- of solutions and folders --------------------------------------------------------


def test_a_solution_and_its_folder_say_the_same(tmp_path: Path) -> None:
    """The reasons of the folder's plan.csv count, where it has some."""
    accounts = ACCOUNTS.replace("Gamma,r2", "Gamma,r1")
    scenario, tables = question(reps=REPS, accounts=accounts)
    frames = {
        "accounts": tables.accounts.reset_index(),
        "reps": tables.reps.reset_index(),
    }
    solution = planner.solve(scenario, **frames, distances=tables.distances)
    found = solution.changes()
    solution.save(tmp_path / "plan", drawings=False)
    again, view = changes_of(tmp_path / "plan")
    pd.testing.assert_frame_equal(found, again)
    assert view.scenario.currency == "USD"
    assert len(solution.changes(against=solution)) == 0
    other, _view = changes_of(tmp_path / "plan", against=tmp_path / "plan")
    assert len(other) == 0
    lines = (tmp_path / "plan" / "plan.csv").read_text("utf-8").splitlines()
    told = [lines[0] + ",reason", *(line + ",'=so" for line in lines[1:])]
    (tmp_path / "plan" / "plan.csv").write_text("\n".join(told) + "\n", "utf-8")
    assert set(changes_of(tmp_path / "plan")[0]["reason"]) == {"=so"}


def test_no_plan_no_changes() -> None:
    scenario, tables = question(
        "[[limits]]\nmeasure = 'accounts'\nhigh = 1\n", reps=ROOMY
    )
    frames = {
        "accounts": tables.accounts.reset_index(),
        "reps": tables.reps.reset_index(),
    }
    solution = planner.solve(scenario, **frames, distances=tables.distances)
    with pytest.raises(PlannerError, match="There is no plan, so there are no changes"):
        solution.changes()


def test_by_regions_regions_are_listed_too() -> None:
    """Two squares change hands, with the accounts in them."""
    regions = tiles(1, 2, owner=["T02", "T01"])
    rules = '[[pins]]\nregions = ["r00"]\nreps = ["T01"]\n'
    accounts = one_each(regions, owner=["T02", "T01"], value=[5, 7])
    solution = planner.solve(
        asked(rules, reps=2, seconds=0.5), accounts=accounts, regions=regions
    )
    found = solution.changes()
    assert set(found.index) == {"region:r00", "region:r01", "a0", "a1"}
    table = sum_up_waves(found, solution.scenario)
    assert (table.loc[1, "accounts"], table.loc[1, "regions"]) == (2, 2)
    assert table.loc[1, "value"] == 12


def test_csv_has_no_mark_and_plain_numbers(tmp_path: Path) -> None:
    found, *_rest = moved()
    write_changes(tmp_path / "c.csv", found)
    data = (tmp_path / "c.csv").read_bytes()
    assert data.startswith(b'"account_id"')
    assert list(csv.reader(data.decode().splitlines()))[1][6] == "200"
