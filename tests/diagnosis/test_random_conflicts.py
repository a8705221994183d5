"""Random questions without a plan: conflicts and options against independent checks."""

from __future__ import annotations

import numpy as np
import pytest
from bending import cheapest_change
from conflicts import under, without_plan
from instances import brute_force

import planner
from planner.scenario import parse_scenario
from planner.tables import load_tables

SEEDS = range(30)


@pytest.mark.parametrize("seed", SEEDS)
def test_conflict_and_options(seed: int) -> None:
    """
    The named set is infeasible, every proper subset feasible; each option is enough.

    The judge's numbers and every plan say so; the cheapest option is the least change
    over all plans.
    """
    rng = np.random.default_rng(seed + 777)
    scenario, frames, _planted = without_plan(seed, int(rng.integers(4, 6)), 3)
    told = planner.diagnose(scenario, time_limit_s=30, **frames)
    if told.status == "feasible":
        assert exists(scenario, frames)
        pytest.skip("the planted rules happen to agree")
    assert told.status == "infeasible"
    assert told.conflict is not None
    for conflict in told.conflicts:
        rules = {member.rule for member in conflict.members}
        assert conflict.minimal
        assert not exists(*under(scenario, frames, rules)), rules
        for rule in rules:
            assert exists(*under(scenario, frames, rules - {rule})), (rules, rule)
    assert told.options
    for option in told.options:
        assert exists(parse_scenario(option.scenario.to_toml()), frames), option.changes
    prices = [option.price for option in told.options]
    assert prices == sorted(prices)
    assert told.options[0].least
    tables = load_tables(scenario, scenario.base, **frames)
    asked = {rule: price.price for rule, price in told.prices.items()}
    assert prices[0] == pytest.approx(cheapest_change(scenario, tables, asked))


def exists(scenario: planner.Scenario, frames: dict) -> bool:
    """Whether any plan keeps all rules, by trying every plan."""
    tables = load_tables(scenario, scenario.base, **frames)
    return brute_force(scenario, tables) is not None
