"""Assignment rules are data: what they mean, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small import question

from planner.errors import TableError
from planner.solvers.rulebook import Rule, read_rules
from planner.tables import Tables, matches

ACCOUNTS = """\
account_id,owner,grade,value,protected,state,segment
a1,,A,100,yes,CA,"Food, retail"
a2,,B,1000,no,NV,R&D
a3,,C,2500,no,CA,
"""
REPS = """\
rep_id,team
r1,north
r2,south
r3,south
"""


@pytest.fixture(scope="module")
def tables() -> Tables:
    """Three accounts, three reps, two teams."""
    named = 'together = [{column = "state"}, {column = "segment", price = 1}]'
    return question(named, accounts=ACCOUNTS, reps=REPS, distances=None)[1]


def read(tmp_path: Path, text: str | bytes, tables: Tables) -> list[Rule]:
    """Write a rulebook and read it."""
    path = tmp_path / "rules.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_rules(path, tables)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("", "a1 a2 a3"),
        ("state = CA", "a1 a3"),
        ("state != CA", "a2"),
        ("state=CA & value>=1000", "a3"),
        ("value > 1000", "a3"),
        ("value >= 1000", "a2 a3"),
        ("value < 1000", "a1"),
        ("value <= 1000", "a1 a2"),
        ("value = 1000", "a2"),
        ("value in 100,2500", "a1 a3"),
        ("grade in A, B", "a1 a2"),
        ("grade IN A", "a1"),
        ("GRADE = A", "a1"),
        ("protected = yes", "a1"),
        ("protected != yes", "a2 a3"),
        ("account_id = a2", "a2"),
        ('segment = "R&D"', "a2"),
        ('segment in "Food, retail", "R&D"', "a1 a2"),
        ('"segment" = "R&D" & value > 1', "a2"),
    ],
)
def test_meaning_of_conditions(
    tmp_path: Path, tables: Tables, condition: str, expected: str
) -> None:
    """Strict and loose ends, text, numbers, yes/no, and signs inside of quotes."""
    cell = condition.replace('"', '""')
    rules = read(tmp_path, f'priority,condition,rep\n1,"{cell}",r1\n', tables)
    hit = matches(tables.accounts, list(rules[0].conditions))
    assert " ".join(tables.accounts.index[hit]) == expected


def test_order_reps_and_teams(tmp_path: Path, tables: Tables) -> None:
    """Smallest priority first, ties as in the file; a team names all of its reps."""
    text = "Priority;Condition;Rep;Team\n2;;r1;\n1;grade = A;;south\n2;;r2;\n"
    rules = read(tmp_path, text, tables)
    assert [rule.row for rule in rules] == [3, 2, 4]
    assert rules[0].reps.tolist() == [1, 2]
    assert rules[1].reps.tolist() == [0]


def test_chinese_rules_in_a_chinese_encoding(tmp_path: Path) -> None:
    """Nothing assumes English: columns, values and the file's bytes may be Chinese."""
    accounts = "account_id,owner,省份\na1,,四川\na2,,江苏\n"
    named = 'together = [{column = "省份"}]'
    tables = question(named, accounts=accounts, reps=REPS, distances=None)[1]
    text = "priority,condition,rep\n1,省份 = 江苏,r2\n2,省份 in 四川,r1\n"
    rules = read(tmp_path, text.encode("gb18030"), tables)
    hits = [matches(tables.accounts, list(r.conditions)).tolist() for r in rules]
    assert hits == [[False, True], [True, False]]
    assert np.concatenate([rule.reps for rule in rules]).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("x,,r1,", r"row 2, column priority = 'x': a number is expected. Number the"),
        (",,r1,", r"column priority = '': a number is expected"),
        (
            "1,,r9,",
            r"column rep = 'r9': no rep has this id. There are these reps: 'r1'",
        ),
        ("1,,,nort", r"column team = 'nort': no rep is in it. Did you mean 'north'"),
        ("1,,r1,north", r"names both a rep and a team. Fill in exactly one"),
        ("1,,,", r"names neither a rep nor a team. Fill in exactly one"),
        ("1,stat = CA,r1,", r"no column 'stat'. Did you mean 'state'"),
        ("1,state,r1,", r"= 'state': a test is a column, one of .* Write for example"),
        ("1,state = CA &,r1,", r"a test is a column, one of"),
        ("1,state = CA && grade = A,r1,", r"a test is a column, one of"),
        ("1,state == CA,r1,", r"'state == CA': a test is a column, one of"),
        ("1,state =,r1,", r"a test is a column, one of"),
        ("1,value > many,r1,", r"> compares numbers, and 'many' is none. Write a num"),
        ("1,value = many,r1,", r"value holds numbers, and 'many' is none. Write a"),
        ("1,protected = maybe,r1,", r"protected holds yes and no, and 'maybe' is none"),
        ('1,"state = ""CA",r1,', r"quotation mark is opened and never closed. Close"),
        ("1,__import__('os').system('x'),r1,", r"a test is a column, one of"),
    ],
)
def test_faults_name_row_value_and_remedy(
    tmp_path: Path, tables: Tables, line: str, words: str
) -> None:
    """Each fault tells where it is, what is wrong with the value, and the remedy."""
    text = f"priority,condition,rep,team\n{line}\n"
    with pytest.raises(TableError, match=words) as caught:
        read(tmp_path, text, tables)
    assert caught.value.faults[0].file == "rules.csv"
    assert caught.value.faults[0].row == 2


def test_all_faults_at_once_in_file_order(tmp_path: Path, tables: Tables) -> None:
    """Nobody wants to mend one fault per run."""
    text = "priority,condition,rep\n1,stat = CA & value > x,r1\n2,,r9\nlow,,r1\n"
    with pytest.raises(TableError, match="4 fault") as caught:
        read(tmp_path, text, tables)
    assert [fault.row for fault in caught.value.faults] == [2, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "condition,rep\n,r1\n",
            "column priority: the column is missing; .*'condition'",
        ),
        ("priority,condition\n1,\n", "column rep: the column is missing"),
        ("priority,condition,rep\n", "there is no rule. Add a row for each rule"),
        ("", "it is empty"),
    ],
)
def test_a_file_that_is_no_rulebook(
    tmp_path: Path, tables: Tables, text: str, words: str
) -> None:
    """The header is checked before the rows."""
    with pytest.raises(TableError, match=words):
        read(tmp_path, text, tables)


def test_a_file_that_is_not_there(tmp_path: Path, tables: Tables) -> None:
    """A wrong path is a fault of the table like any other."""
    with pytest.raises(TableError, match="cannot be opened"):
        read_rules(tmp_path / "none.csv", tables)
