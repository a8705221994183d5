"""The declared contracts, skills, and conditions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from planner.errors import PlannerError
from planner.scenario import Condition
from planner.tables import contracts, matches, parse_skills
from planner.tables.skills import normalise_skills


def test_every_field_is_documented() -> None:
    """`planner columns` prints the contract that is checked: no second list."""
    found = contracts()
    assert list(found) == ["accounts", "reps", "bases", "regions", "distances"]
    for table, fields in found.items():
        assert all(one.meaning and one.table == table for one in fields)
        assert [one.field for one in fields if one.required]
    regions = {one.field: one for one in found["regions"]}
    assert regions["locked"].type == "yes/no"
    assert (regions["value"].default, regions["value"].blank) == ("0", "0")
    visits = next(one for one in found["accounts"] if one.field == "visits")
    assert (visits.type, visits.unit, visits.default, visits.blank) == (
        "number", "visits per year", "1", "fault"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("imaging", "imaging:1"),
        (" robotics : 2 ; imaging:1 ", "imaging:1;robotics:2"),
        ("imaging:Expert, imaging:1", "imaging:3"),
        ("影像\uff1a2、机器人", "影像:2;机器人:1"),
        ("imaging:2.0|", "imaging:2"),
        ("", ""),
    ],
)
def test_skills(text: str, normal: str) -> None:
    """People separate skills in many ways; the clean frame has one."""
    found, wrong = normalise_skills(text, ["basic", "good", "expert"])
    assert (found, wrong) == (normal, None)
    again = ";".join(f"{name}:{level}" for name, level in parse_skills(found).items())
    assert again == normal


@pytest.mark.parametrize("text", ["a:0", "a:x", "a:-1", "a:1.5", ":2", "a:", "b;a:²"])
def test_unknown_levels(text: str) -> None:
    """A level is a whole number from 1 up, or a name that the scenario lists."""
    assert normalise_skills(text, [])[1] is not None


FRAME = pd.DataFrame(
    {
        "grade": pd.array(["A", " B", "01"], dtype="str"),
        "beds": [1.0, np.nan, 3.0],
        "protected": [True, False, True],
        "size": pd.array(["5", "n/a", "12"], dtype="str"),
    },
    index=pd.Index(["x", "y", "z"], name="account_id"),
)


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ({"column": "grade", "in": ["B"]}, "y"),
        ({"column": "Grade ", "in": ["A", 1]}, "x"),
        ({"column": "grade", "not_in": ["A"]}, "yz"),
        ({"column": "beds", "in": [3, "1"]}, "xz"),
        ({"column": "beds", "not_in": [3]}, "xy"),
        ({"column": "beds", "at_most": 2}, "x"),
        ({"column": "beds", "at_least": 1, "at_most": 2.5}, "x"),
        ({"column": "size", "at_least": 6}, "z"),
        ({"column": "protected", "in": [True]}, "xz"),
        ({"column": "protected", "in": ["no"]}, "y"),
        ({"column": "account_id", "in": ["z"]}, "z"),
    ],
)
def test_conditions(test: dict[str, object], expected: str) -> None:
    """Text compares as text, numbers as numbers, and unknown is never enough."""
    found = matches(FRAME, [Condition.model_validate(test)])
    assert "".join(FRAME.index[found]) == expected


def test_condition_on_no_column() -> None:
    """The message names the nearest column."""
    with pytest.raises(PlannerError, match="'grade'"):
        matches(FRAME, [Condition.model_validate({"column": "grad", "in": [1]})])
