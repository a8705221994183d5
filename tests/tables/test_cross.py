"""What spans tables: places, owners, skills, distances, the scenario's references."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Judge = Callable[..., tuple]
HEAD = "account_id,latitude,longitude"
LIMIT = '[[limits]]\nmeasure = "hours"\n'
BALANCE = '[[balance]]\nmeasure = "value"\n'
ONE = HEAD + "\nA1,50,10\n"


@pytest.mark.parametrize(
    ("toml", "key", "near"),
    [
        ('[[pins]]\naccounts = ["a1"]\nreps = ["R1"]', "pins[0].accounts", "'A1'"),
        ('[[forbid]]\naccounts = ["A1"]\nreps = ["R11"]', "forbid[0].reps", "'R1'"),
        ('[[pins]]\naccounts = ["A1"]\nteams = ["n"]', "pins[0].teams", "no teams"),
        (LIMIT + 'high = "capasity"', "limits[0].high", "'capacity'"),
        (LIMIT + 'high = "ramp"', "limits[0].high", "reps.fields"),
        (LIMIT + 'high = "team"', "limits[0].high", "of numbers"),
        (BALANCE + 'target = "kwota"', "balance[0].target", "'quota'"),
        ('[[together]]\ncolumn = "chian"', "together[0].column", "fields and columns"),
        ('[measures.beds]\nof = "bets"\n', "measures.beds.of", "fields and columns"),
        ('[baselines]\nrules = "gone.csv"', "baselines.rules", "opened"),
    ],
)  # fmt: skip
def test_references_of_the_scenario(
    judge: Judge, toml: str, key: str, near: str
) -> None:
    """A name that the tables lack is a fault of the scenario, with the nearest."""
    _tables, faults = judge(ONE, toml=toml)
    fault = next(fault for fault in faults if fault.column == key)
    assert fault.file == "case"
    assert near in fault.remedy


def test_rep_without_the_number_that_a_limit_needs(judge: Judge) -> None:
    """Only reps that the limit counts need it."""
    reps = "rep_id,latitude,longitude,capacity,team\nR1,50,10,,a\nR2,50,10,,b\n"
    toml = '[[limits]]\nmeasure = "hours"\nhigh = "capacity"\nteams = ["b"]\n'
    _tables, faults = judge(ONE, reps, toml=toml)
    assert [(f.file, f.row, f.column) for f in faults] == [("reps.csv", 3, "capacity")]


def test_unknown_owners_are_vacant(judge: Judge) -> None:
    """Reps leave: one warning per owner, with the count, at the first row."""
    data = (
        HEAD
        + ",owner\n"
        + "".join(
            f"A{at},50,10,{owner}\n"
            for at, owner in enumerate(["R1", "Bo", "", "Bo", "Al"])
        )
    )
    tables, faults = judge(data)
    assert faults == []
    found = [(w.row, w.value) for w in tables.warnings]
    assert found == [(3, "Bo"), (6, "Al")]
    assert "2 account(s)" in tables.warnings[0].rule


def test_skill_that_no_rep_has(judge: Judge) -> None:
    """Not a fault of the tables, but no plan can serve the account."""
    reps = "rep_id,latitude,longitude,skills\nR1,50,10,imaging:1\n"
    data = HEAD + ",skills\nA1,50,10,imaging:1\nA2,50,10,imaging:2\nA3,50,10,imagin\n"
    tables, _faults = judge(data, reps)
    assert [(w.row, w.value) for w in tables.warnings] == [
        (3, "imaging:2"),
        (4, "imagin:1"),
    ]


def test_more_demand_than_capacity(judge: Judge) -> None:
    """Said before any solve."""
    toml = '[[limits]]\nmeasure = "hours"\nhigh = "capacity"\n'
    tables, _faults = judge(HEAD + ",visits\nA1,50,10,201\n", toml=toml)
    assert "need 201 hours, the reps can take 200" in tables.warnings[0].rule
    tables, _faults = judge(HEAD + ",visits\nA1,50,10,200\n", toml=toml)
    assert tables.warnings == []


def test_swapped_coordinates(judge: Judge) -> None:
    """Germans in Somalia: warned of; a true outlier is left in peace."""
    rows = [f"A{at},{48 + at % 5},{8 + at % 4}" for at in range(30)]
    data = "\n".join([HEAD, *rows, "S,9,50", "Tokyo,35.7,139.7", "Lima,-12,-77"])
    tables, faults = judge(data + "\n")
    assert faults == []
    assert [(w.row, w.value) for w in tables.warnings] == [(32, "9, 50")]


def test_swapped_across_the_date_line(judge: Judge) -> None:
    """Places on both sides of the date line are near each other."""
    rows = [f"A{at},-17,{sign}179.{at}" for at in range(9) for sign in ("", "-")]
    rows = [row.replace("A", f"A{at}-", 1) for at, row in enumerate(rows)]
    reps = "rep_id,latitude,longitude\nR1,-17,178\n"
    tables, faults = judge("\n".join([HEAD, *rows]) + "\n", reps)
    assert faults == []
    assert tables.warnings == []


def test_places_are_not_needed_without_reps_that_have_them(judge: Judge) -> None:
    """A plan without travel needs no coordinates."""
    tables, faults = judge("account_id\nA1\n", "rep_id\nR1\n")
    assert faults == []
    assert tables.accounts["latitude"].isna().all()


def test_a_table_without_any_place_is_one_fault(judge: Judge) -> None:
    """Not one fault for each of a million rows."""
    _tables, faults = judge("account_id\nA1\nA2\n")
    assert [fault.row for fault in faults] == [0]
    assert "no place for any row" in faults[0].rule


DISTANCES = '[distances]\nfile = "d.csv"\n'


def test_distances(judge: Judge) -> None:
    """Accounts in the table of distances need no place; hours may be blank."""
    others = {"d.csv": "account_id,rep_id,km,hours\nA1,R1,12.5,\nA1,R2,0,1\n"}
    tables, faults = judge("account_id\nA1\n", toml=DISTANCES, others=others)
    assert faults == []
    assert tables.distances["km"].tolist() == [12.5, 0]
    assert tables.distances["hours"].isna().tolist() == [True, False]


def test_faults_in_distances(judge: Judge) -> None:
    """Unknown ids, pairs twice, absurd lengths; but not rows that `keep` left out."""
    others = {
        "d.csv": "account_id,rep_id,km\nA1,R1,5\nA1,R1,6\nA9,R1,5\nA1,R9,5\n"
        "A1,R2,-1\nA2,R2,40001\nA3,R2,5\nA2,R1,\n"
    }
    data = "account_id,latitude,longitude,state\nA1,50,10,on\nA2,50,10,on\nA3,0,0,off\n"
    keys = 'keep = [{ column = "state", in = ["on"] }]\n'
    _tables, faults = judge(data, toml=DISTANCES, others=others, accounts_keys=keys)
    assert [(f.row, f.column, f.value) for f in faults] == [
        (3, "rep_id", "A1 / R1"),
        (4, "account_id", "A9"),
        (5, "rep_id", "R9"),
        (6, "km", "-1"),
        (7, "km", "40001"),
        (9, "km", ""),
    ]


def test_rules_file_names_columns(judge: Judge) -> None:
    """Columns in the conditions of today's rules come along."""
    others = {"rules.csv": "priority,condition,rep\n1,State=CA & grade = A,R1\n"}
    toml = '[baselines]\nrules = "rules.csv"\n'
    tables, faults = judge(HEAD + ",State\nA1,50,10,CA\n", toml=toml, others=others)
    assert faults == []
    assert tables.accounts.loc["A1", "State"] == "CA"


def test_a_grade_that_no_row_has_is_a_warning(judge):
    """A fit table is a standing rule: not every scenario has all of its grades."""
    tables, faults = judge(ONE, toml="[fit.Q]\nsenior = 5.0\n")
    assert not faults
    texts = [str(warning) for warning in tables.warnings]
    assert any("no row has this grade" in text for text in texts)
