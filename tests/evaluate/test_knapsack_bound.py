"""The judge's knapsacks: the same bound as the solver's, and no forged one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from instances import brute_force
from problems import compiled_question

from planner.compile import Compiled
from planner.evaluate.folder import DualClaim
from planner.evaluate.knapsack import KnapsackBound, bound_of, most_profit
from planner.evaluate.recount import Recount
from planner.scenario import Scenario
from planner.solvers.dual import solve_dual
from planner.solvers.knapsack import solve_knapsack_dual
from planner.solvers.result import Prices, Watch
from planner.solvers.rows import linear_rows
from planner.tables import Tables


def prices_of(compiled: Compiled) -> Prices:
    """Prices on units after a few steps."""
    problem, watch = compiled.problem, Watch(30)
    rows = linear_rows(problem)
    dual = solve_dual(problem, rows, watch)
    return solve_knapsack_dual(
        problem, rows, dual, watch, iterations=25, threads=1
    ).certificate


def claim_of(tables: Tables, compiled: Compiled, prices: Prices) -> dict[str, Any]:
    """Return the claim as it stands in a certificate."""
    first = np.unique(compiled.unit_of, return_index=True)[1]
    return {
        "kind": "knapsacks",
        "bound": prices.bound,
        "price_scale": prices.scale,
        "prices": dict(prices.numerators),
        "knapsacks": list(prices.knapsacks),
        "units": dict(zip(tables.accounts.index[first], prices.units, strict=True)),
    }


def judged(scenario: Scenario, tables: Tables, claim: dict[str, Any]) -> KnapsackBound:
    """Show the judge all pairs, as `survey` does."""
    recount = Recount(scenario, tables)
    dual = bound_of(recount, DualClaim.model_validate(claim))
    assert isinstance(dual, KnapsackBound)
    for parts, starts in recount.blocks(np.arange(len(recount.accounts))):
        rows = parts[0]
        assert len(parts) == 1
        dual.add(recount.pairs(rows).summed(starts), rows[starts])
    return dual


def with_knapsacks(count: int) -> list[tuple[Scenario, Tables, Compiled, Prices]]:
    """Random questions in which some rep has a hard cap."""
    found, seed = [], 0
    while len(found) < count:
        seed += 1
        scenario, tables, compiled = compiled_question(seed)
        problem = compiled.problem
        if compiled.impossible or (problem.start[:-1] == problem.start[1:]).any():
            continue
        prices = prices_of(compiled)
        most = max(map(abs, prices.numerators.values()), default=0)
        if prices.knapsacks and most < 2**60:  # without a plan they rise without end
            found.append((scenario, tables, compiled, prices))
    return found


QUESTIONS = with_knapsacks(40)


def test_judge_and_solver_agree_and_no_plan_is_cheaper() -> None:
    """Two codes, one number, on tables with every kind of rule."""
    for scenario, tables, compiled, prices in QUESTIONS:
        dual = judged(scenario, tables, claim_of(tables, compiled, prices))
        assert not dual.faults
        assert not dual.stuck
        assert dual.value() == prices.bound
        truth = brute_force(scenario, tables)
        assert truth is None or prices.bound <= truth


def test_other_prices_prove_less_than_any_plan() -> None:
    """Whatever the prices of units, no plan is below the bound that they give."""
    rng, changed = np.random.default_rng(1), 0
    for scenario, tables, compiled, prices in QUESTIONS:
        truth = brute_force(scenario, tables)
        claim = claim_of(tables, compiled, prices)
        for account in claim["units"]:
            claim["units"][account] += int(rng.integers(-900, 900)) * prices.scale
        dual = judged(scenario, tables, claim)
        assert truth is None or dual.value() <= truth
        changed += dual.value() != prices.bound
    assert changed > len(QUESTIONS) / 3


@pytest.mark.parametrize(
    ("key", "change", "words"),
    [
        ("knapsacks", lambda old: [*old, "limits[9]/R0"], "no hard cap and no band"),
        ("knapsacks", lambda old: [*old, old[0]], "second knapsack"),
        ("units", lambda old: {**old, "A99": 5}, "no account 'A99'"),
        ("units", lambda old: dict.fromkeys(old, 2**62), "too large"),
        ("price_scale", lambda old: 0, "not 1 or more"),
        ("price_scale", lambda old: 2**61, "too large"),
        ("prices", lambda old: {"limits[9]/R0": 1}, "no row"),
    ],
)
def test_prices_that_prove_nothing_are_faults(
    key: str, change: Any, words: str
) -> None:
    """A claim about rows, reps or accounts that the folder does not have."""
    scenario, tables, compiled, prices = QUESTIONS[0]
    claim = claim_of(tables, compiled, prices)
    claim[key] = change(claim[key])
    dual = judged(scenario, tables, claim)
    assert any(words in fault for fault in dual.faults), dual.faults


def test_most_profit_against_a_table() -> None:
    """The judge's own knapsack, on profits that follow weights and on free ones."""
    rng = np.random.default_rng(2)
    for trial in range(300):
        count, cap = int(rng.integers(0, 30)), int(rng.integers(0, 150))
        weight = rng.integers(0, 25, count)
        weight = np.minimum(weight, cap)
        profit = 1 + 4 * weight * (trial % 2) + rng.integers(0, 9, count)
        table = np.zeros(cap + 1, dtype=np.int64)
        for gain, load in zip(profit, weight, strict=True):
            table[load:] = np.maximum(table[load:], table[: cap + 1 - load] + gain)
        assert most_profit(profit, weight, cap) == table[cap], trial
