"""Keys of a scenario by their dotted names."""

from __future__ import annotations

import pytest

import planner
from planner.embedded import demo_scenario
from planner.errors import ScenarioError
from planner.scenario import Scenario, read_setting, with_settings


@pytest.fixture(scope="module")
def demo() -> Scenario:
    """Scenario of the US demo."""
    return planner.read_scenario(demo_scenario())


@pytest.mark.parametrize(
    ("text", "key", "values"),
    [
        ("balance.value.tolerance=0.05,0.1", "balance[0].tolerance", (0.05, 0.1)),
        ("balance.0.price = 1", "balance[0].price", (1,)),
        ("balance[0].hard=true", "balance[0].hard", (True,)),
        ("limits.hours.high=1000,capacity", "limits[0].high", (1000, "capacity")),
        ("budgets.moved_value.share=.1", "budgets[0].share", (0.1,)),
        ("leave_out.price=500", "leave_out.price", (500,)),
        ("accounts.fields.visits.table.A=3", "accounts.fields.visits.table.A", (3,)),
        (
            "travel.speeds=[[30, 40], [inf, 90]],[[inf, 20]]",
            "travel.speeds",
            ([[30, 40], [float("inf"), 90]], [[float("inf"), 20]]),
        ),
    ],
)
def test_a_key_is_found(
    demo: Scenario, text: str, key: str, values: tuple[object, ...]
) -> None:
    """Entries of lists by measure, column, of or number; values as TOML."""
    assert read_setting(demo, text) == (key, values)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("balance.valu.tolerance=1", "did you mean 'value'"),
        ("balance.value.tolerence=1", "did you mean 'balance[0].tolerance'"),
        ("travl.circuity=1", "did you mean 'travel'"),
        ("balance.hours.tolerance=1", "there are: balance.value"),
        ("pins.0.reps=1", "pins has no entry"),
        ("travel.circuity.x=1", "is a value and has no part 'x'"),
        ("travel.circuity=0.5", "greater than or equal to 1"),
        ("travel.circuity=far", "valid number"),
        ("travel.circuity", "gives no value"),
        ("=1", "is no key"),
    ],
)
def test_what_is_wrong_is_said(demo: Scenario, text: str, said: str) -> None:
    """The nearest right key, or the rule of the value."""
    with pytest.raises(ScenarioError, match=said.replace("[", r"\[")):
        read_setting(demo, text)


def test_only_the_key_changes(demo: Scenario) -> None:
    """All else is as before, and files are where they were."""
    changed = with_settings(demo, {"balance[0].tolerance": 0.3})
    assert changed.balance[0].tolerance == 0.3
    assert changed.base == demo.base
    back = with_settings(changed, {"balance[0].tolerance": 0.1})
    assert back.model_dump() == demo.model_dump()


def test_several_entries_need_a_number() -> None:
    """Two limits on one measure are told apart by number only."""
    scenario = planner.Scenario.model_validate(
        {
            "accounts": {"file": "a.csv"},
            "reps": {"file": "r.csv"},
            "limits": [{"measure": "hours", "high": 1}, {"measure": "hours", "low": 1}],
        }
    )
    with pytest.raises(ScenarioError, match=r"limits\.0, limits\.1"):
        read_setting(scenario, "limits.hours.high=3")
    assert read_setting(scenario, "limits.1.low=3").key == "limits[1].low"
