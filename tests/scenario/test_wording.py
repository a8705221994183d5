"""Faults of a scenario in the chosen language."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from planner.errors import ScenarioError
from planner.scenario import parse_scenario
from planner.words import set_language

BASE = '[accounts]\nfile = "a.csv"\n[reps]\nfile = "r.csv"\n'


@pytest.fixture(autouse=True)
def _chinese() -> Iterator[None]:
    set_language("zh")
    yield
    set_language("en")


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[solve]\ntime_limit = -3", "solve.time_limit = -3: 应大于 0"),
        (
            '[solve]\nmethod = "magic"',
            "'magic': 应为 'auto', 'search', 'exact', 'cp-sat', 'highs'",
        ),
        ("[solve]\nseed = 1.5", "solve.seed = 1.5: 应为整数，而此数带有小数"),
        ('[[limits]]\nmeasure = "hours"', "limits[0]: 需要 low、high 或两者"),
        ("[solve]\nsede = 1", "未知的键 'solve.sede'；是否想写 'seed'？"),
    ],
)
def test_faults_are_chinese(toml: str, said: str) -> None:
    """Those of pydantic, those of our own validators, and unknown keys."""
    with pytest.raises(ScenarioError, match=re.escape(said)):
        parse_scenario(BASE + toml)
