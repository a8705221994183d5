"""Tables of a scenario: mapping, filters, fills, and every fault at once."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planner.errors import Fault, TableError
from planner.scenario import parse_scenario
from planner.tables import load_tables

Judge = Callable[..., tuple]
HEAD = "account_id,latitude,longitude,visits\n"


def cells(faults: list[Fault]) -> list[tuple[int, str, str]]:
    return [(fault.row, fault.column, fault.value) for fault in faults]


def test_clean_frames(judge: Judge) -> None:
    """The frames have all columns of the contract; what had no source is stated."""
    tables, faults = judge(HEAD + "A1,50,10,12\nA2,50.5,10.5,6\n")
    assert faults == []
    accounts = tables.accounts
    assert accounts.index.tolist() == ["A1", "A2"]
    assert accounts["name"].tolist() == ["A1", "A2"]
    assert accounts["hours"].tolist() == [12, 6]
    assert accounts["protected"].dtype == bool
    assert ",".join(accounts.columns) == (
        "name,latitude,longitude,region_id,country,owner,grade,skills,prefers,priority,"
        "visits,hours,value,tenure_years,pipeline,protected"
    )
    assert ",".join(tables.reps.columns) == (
        "name,latitude,longitude,region_id,skills,grade,team,capacity,quota,ramp"
    )
    assert tables.reps["quota"].isna().all()
    assert tables.defaults["accounts.hours_per_visit"] == 1
    assert "accounts.visits" not in tables.defaults
    assert any("hours_per_visit: 1 for every row" in note for note in tables.notes)
    assert set(tables.sources) == {"accounts.csv", "reps.csv"}


def test_every_fault_of_both_tables(judge: Judge) -> None:
    """One run names all that is wrong, each once, in the order of file and row."""
    accounts = (
        "account_id,latitude,longitude,visits,value,skills,protected\n"
        "A1,50,10,abc,-5,x:high,maybe\n"  # four faults in one row
        "A1,50,10,1,1,,\n"  # duplicate
        ",50,10,1,1,,\n"
        "=A4,50,10,1,1,,\n"
        "A5,91,10,1,1,,\n"
        "A6,50,10,,1,,\n"
        "A7,,,1,1,,\n"
        "A8,0,0,1,1,,\n"
        "A9,50,,1,1,,\n"
        "B1,116.4,39.9,1,1,,\n"
    )
    reps = "rep_id,latitude,longitude,capacity\nR1,50,10,x\nR1,50,10,1\n"
    tables, faults = judge(accounts, reps)
    assert tables is None
    assert sorted(cells(faults[:4])) == [
        (2, "protected", "maybe"),
        (2, "skills", "x:high"),
        (2, "value", "-5"),
        (2, "visits", "abc"),
    ]
    assert cells(faults[4:]) == [
        (3, "account_id", "A1"),
        (4, "account_id", ""),
        (5, "account_id", "=A4"),
        (6, "latitude", "91"),
        (7, "visits", ""),
        (8, "latitude", ""),
        (9, "latitude", "0, 0"),
        (10, "longitude", ""),
        (11, "latitude", "116.4"),
        (2, "capacity", "x"),
        (3, "rep_id", "R1"),
    ]
    assert "swapped" in faults[-3].remedy
    assert "fill" in faults[8].remedy
    assert {fault.file for fault in faults[-2:]} == {"reps.csv"}


def test_load_raises_with_all_faults(judge: Judge, tmp_path: Path) -> None:
    """The exception carries every fault; its message says how many."""
    judge(HEAD + "A1,50,10,x\nA2,50,10,y\n")
    scenario = parse_scenario(
        '[accounts]\nfile = "accounts.csv"\n[reps]\nfile = "gone.csv"\n'
    )
    with pytest.raises(TableError, match=r"3 fault\(s\).*(.|\n)*gone.csv") as caught:
        load_tables(scenario, tmp_path)
    assert len(caught.value.faults) == 3


def test_mapping_of_foreign_headers(judge: Judge) -> None:
    """Columns may have any names in any script; ids keep zeros and long digits."""
    data = (
        "客户编号;名称;纬度;经度;状态;金额\n"
        "007;NA;39,9042;116,4074;在营;12 000,5\n"
        "1234567890123456789;协和;31,2304;121,4737;在营;7\n"
        "9;x;oops;;停业;oops\n"
    ).encode("gb18030")
    keys = (
        'keep = [{ column = "状态", in = ["在营"] }]\n[accounts.fields]\n'
        'account_id = "客户编号"\nname = "名称"\nlatitude = "纬度"\n'
        'longitude = "经度"\nvalue = "金额"\n'
    )
    tables, faults = judge(data, accounts_keys=keys)
    assert faults == []  # the closed one is left out before anything is judged
    assert tables.accounts.index.tolist() == ["007", "1234567890123456789"]
    assert tables.accounts["name"].tolist() == ["NA", "协和"]
    assert tables.accounts["value"].tolist() == [12000.5, 7]
    assert tables.accounts["latitude"].tolist() == [39.9042, 31.2304]
    assert any("GB18030, separator ';'" in note for note in tables.notes)
    assert any("2 of 3 rows kept" in note for note in tables.notes)


def test_missing_columns_name_the_nearest(judge: Judge) -> None:
    """A misspelt column, and a table without any id."""
    keys = '[accounts.fields]\nvalue = "REVENU"\n'
    tables, faults = judge("id,Revenue\nA1,5\n", accounts_keys=keys)
    assert tables is None
    by_column = {fault.column: fault for fault in faults}
    assert "'Revenue'" in by_column["REVENU"].remedy
    assert "needs a column" in by_column["account_id"].rule


def test_lookup_constant_and_fill(judge: Judge) -> None:
    """A field may come from a table in the scenario; a fill is told row by row."""
    data = "account_id,latitude,longitude,type,beds\n" + "".join(
        f"A{at},50,10,{kind},{beds}\n"
        for at, (kind, beds) in enumerate(
            [("x", "10"), ("x", "30"), ("x", "-999"), ("y", " -999 "), ("y", "")]
        )
    )
    keys = (
        "[accounts.fields]\n"
        'value = { column = "beds", missing = ["-999"], '
        'fill = { with = "median", by = "type" } }\n'
        'visits = { lookup = "type", table = { x = 4 }, otherwise = 2.5 }\n'
        "hours_per_visit = { constant = 2 }\n"
    )
    tables, faults = judge(data, accounts_keys=keys)
    assert faults == []
    assert tables.accounts["value"].tolist() == [10, 30, 20, 20, 20]
    assert tables.accounts["hours"].tolist() == [8, 8, 8, 5, 5]
    filled = [w for w in tables.warnings if w.column == "beds"]
    assert [w.row for w in filled] == [4, 5, 6]
    assert filled[0].rule == "missing, filled with median 20 of type=x"
    assert filled[1].rule == "missing, filled with median 20 of all"


def test_lookup_without_entry(judge: Judge) -> None:
    """A text that the lookup table lacks is one fault per row."""
    keys = '[accounts.fields]\nvisits = { lookup = "type", table = { acute = 4 } }\n'
    head = "account_id,latitude,longitude,type\n"
    _tables, faults = judge(
        head + "A1,50,10,acut\nA2,50,10,acute\n", accounts_keys=keys
    )
    assert cells(faults) == [(2, "type", "acut")]
    assert "'acute'" in faults[0].remedy


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('{ constant = "many" }', "a number is expected"),
        ("{ constant = -1 }", "0 or more"),
        (
            '{ column = "visits", fill = { with = "constant", value = "x" } }',
            "no number",
        ),
        ('{ column = "visits", fill = { with = "median", by = "no" } }', "no column"),
        ('{ column = "visits", fill = { with = "median" } }', "take the median of"),
    ],
)
def test_faults_of_a_whole_column(judge: Judge, source: str, said: str) -> None:
    """What is wrong with the scenario is said once, not once per row."""
    data = HEAD + "A1,50,10,\nA2,50,10,\n"
    keys = f"[accounts.fields]\nvisits = {source}\n"
    _tables, faults = judge(data, accounts_keys=keys)
    assert [fault.row for fault in faults] == [0]
    assert said in faults[0].rule


def test_columns_taken_by_name(judge: Judge) -> None:
    """A column of the same name but for case is taken, and that is stated."""
    data = "ACCOUNT_ID,Name,latitude,longitude\nA1,,50,10\nA2,Bo,50,10\n"
    tables, faults = judge(data)
    assert faults == []
    assert tables.accounts["name"].tolist() == ["A1", "Bo"]
    assert any("column ACCOUNT_ID taken for account_id" in x for x in tables.notes)


def test_misspelt_field(judge: Judge) -> None:
    """A mapped name that nothing uses and that is nearly a field is a slip."""
    keys = '[accounts.fields]\nvalu = "worth"\n'
    head = "account_id,latitude,longitude,worth\n"
    _tables, faults = judge(head + "A1,50,10,5\n", accounts_keys=keys)
    assert [(f.column, f.value) for f in faults] == [("accounts.fields.valu", "valu")]
    assert "'value'" in faults[0].remedy


def test_ids_of_rows_left_out_are_not_unknown(judge: Judge) -> None:
    """A ragged row is one fault, also where the scenario and distances name its id."""
    toml = '[distances]\nfile = "d.csv"\n[[pins]]\naccounts = ["A1"]\nreps = ["R1"]\n'
    others = {"d.csv": "account_id,rep_id,km\nA1,R1,5\n"}
    _tables, faults = judge(HEAD + "A1,50,10\nA2,50,10,1\n", toml=toml, others=others)
    assert [(f.file, f.row) for f in faults] == [("accounts.csv", 2)]


def test_blank_optional_cells(judge: Judge) -> None:
    """An unknown tenure is 0 and an unknown quota none, but unknown visits a fault."""
    data = "account_id,latitude,longitude,tenure_years,pipeline\nA1,50,10,,\n"
    reps = "rep_id,latitude,longitude,quota\nR1,50,10,\n"
    tables, faults = judge(data, reps)
    assert faults == []
    assert tables.accounts.loc["A1", ["tenure_years", "pipeline"]].tolist() == [0, 0]
    assert np.isnan(tables.reps.loc["R1", "quota"])


def test_columns_that_only_the_scenario_names(judge: Judge) -> None:
    """They come under the scenario's name: numbers for measures, else exact text."""
    data = 'account_id,latitude,longitude,Beds,Group,CHAIN\nA1,50,10,"1,200", g ,X\n'
    toml = (
        '[measures.beds]\nof = "beds"\nwhere = [{ column = "Beds", at_least = 5 }]\n'
        '[[together]]\ncolumn = "Group"\n[[apart]]\ncolumn = "Chain"\n'
        '[[limits]]\nmeasure = "beds"\nhigh = 5000\n'
    )
    tables, faults = judge(data, toml=toml)
    assert faults == []
    assert tables.accounts.loc["A1", ["beds", "Beds"]].tolist() == [1200, 1200]
    assert tables.accounts.loc["A1", ["Group", "Chain"]].tolist() == [" g ", "X"]


def test_frames_stand_in_for_files(judge: Judge) -> None:
    """Data frames obey the same contract; faults name the table and position + 2."""
    frame = pd.DataFrame({"latitude": [50.0, 95.0], "longitude": [10, 10]})
    frame.index = pd.Index(["A1", "A2"], name="account_id")
    _tables, faults = judge("unused", accounts=frame)
    assert [(f.file, f.row, f.column, f.value) for f in faults] == [
        ("accounts", 3, "latitude", "95")
    ]
    tables, faults = judge("unused", accounts=frame.head(1))
    assert faults == []
    assert list(tables.sources) == ["reps.csv"]


def test_ragged_rows_and_faults_beside_them(judge: Judge) -> None:
    """A row with too many cells is one fault, and the others are still judged."""
    _tables, faults = judge(
        HEAD + "A1,50,10,1,9\nA2,50,10,x\n\nA3,50,10\nA4,50,10,-1\n"
    )
    assert [(fault.row, fault.column) for fault in faults] == [
        (2, ""), (3, "visits"), (5, ""), (6, "visits")
    ]  # fmt: skip


def test_keep_needs_readable_numbers(judge: Judge) -> None:
    """A row cannot be left out by a number that cannot be read."""
    keys = 'keep = [{ column = "visits", at_least = 2 }]\n'
    data = HEAD + "A1,50,10,1\nA2,50,10,x\nA3,50,10,\nA4,50,10,3\n"
    _tables, faults = judge(data, accounts_keys=keys)
    assert cells(faults) == [(3, "visits", "x")]
    tables, faults = judge(data.replace("x", "2"), accounts_keys=keys)
    assert tables.accounts.index.tolist() == ["A2", "A4"]


def test_nothing_left(judge: Judge) -> None:
    """A filter that leaves nothing is a fault, not an empty plan."""
    keys = 'keep = [{ column = "visits", in = ["9"] }]\n'
    _tables, faults = judge(HEAD + "A1,50,10,1\n", accounts_keys=keys)
    assert [fault.rule for fault in faults] == ["no row is left"]


def test_small_scale(judge: Judge, tmp_path: Path) -> None:
    """20,000 rows with 200 planted faults of ten kinds: exactly these are found."""
    rng = np.random.default_rng(3)
    names = [
        "account_id",
        "latitude",
        "longitude",
        "visits",
        "value",
        "skills",
        "protected",
    ]
    rows = [
        [f"A{at:05d}", "50.5", "10.25", "12", "1.5", "imaging:2", "yes"]
        for at in range(20_000)
    ]
    plants = [
        (0, ""), (0, "=1"), (0, "A00000"), (1, "91"), (2, "-181"),
        (3, "n/a"), (3, ""), (4, "1e999"), (5, "imaging:x"), (6, "perhaps"),
    ]  # fmt: skip
    planted = rng.choice(np.arange(1, len(rows)), 200, replace=False).tolist()
    expected = []
    for at, row in enumerate(planted):
        column, text = plants[at % len(plants)]
        rows[row][column] = text + (str(row) if text == "=1" else "")
        expected.append((row + 2, names[column]))
    with (tmp_path / "big.csv").open("w", newline="") as file:
        csv.writer(file).writerows([names, *rows])
    _tables, faults = judge((tmp_path / "big.csv").read_bytes())
    assert [(fault.row, fault.column) for fault in faults] == sorted(expected)
