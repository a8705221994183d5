"""The true cost of every override lies in the stated bracket."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from instances import brute_force, random_question

import planner
from planner.explanation.account import next_best
from planner.explanation.known import Known
from planner.explanation.override import override_of


@pytest.mark.parametrize("block", range(6))
def test_brackets_hold_for_every_override(block: int) -> None:
    """All accounts to all reps, against all plans tried by the judge's numbers."""
    for seed in range(block * 5, block * 5 + 5):
        scenario, frames = random_question(seed)
        solution = planner.solve(scenario, **frames, time_limit_s=20)
        if solution.plan is None:
            continue
        known = Known(solution)
        for account in solution.tables.accounts.index:
            for rep in solution.tables.reps.index:
                _check(known, str(account), str(rep), f"seed {seed}")


def _check(known: Known, account: str, rep: str, where: str) -> None:
    solution = known.solution
    scenario = solution.scenario.with_pins({account: rep})
    truth = brute_force(scenario, solution.tables)
    answer = override_of(known, account, rep, 5.0)
    where = f"{where}: {account} to {rep}"
    if truth is None:
        assert (answer.lower, answer.upper) == (math.inf, math.inf), where
        assert answer.solution is None, where
        return
    true = truth / known.scale
    assert answer.lower <= true + 1e-9, where
    assert true <= answer.upper + 1e-9, where
    assert answer.width <= 0.01, where
    line = known.line(known.unit(account))
    floor = known.at_least(line)[known.rep(rep)]
    if math.isfinite(floor):  # by prices alone, for all reps at once
        assert floor <= truth, where
    assert answer.solution is not None
    assert answer.solution.plan is not None
    assert answer.solution.plan.owner[account] == rep, where


@pytest.mark.parametrize("seed", range(12))
def test_next_best_is_the_truth(seed: int) -> None:
    """A named rep costs least of all others; tied ones hold the best among them."""
    scenario, frames = random_question(seed)
    solution = planner.solve(scenario, **frames, time_limit_s=20)
    if solution.plan is None:
        return
    account = str(solution.tables.accounts.index[0])
    told = planner.explain(solution, account, ask=3, time_limit_s=5)
    own = told.rep
    truths = {}
    for rep in map(str, solution.tables.reps.index):
        pinned = solution.scenario.with_pins({account: rep})
        cost = brute_force(pinned, solution.tables)
        if rep != own and cost is not None and rep not in told.excluded:
            truths[rep] = cost
    verdict = told.next_best
    assert verdict.none == (not truths)
    if truths:
        best = {rep for rep, cost in truths.items() if cost == min(truths.values())}
        assert best == {verdict.rep} if verdict.rep else best <= set(verdict.tied)


@given(
    st.dictionaries(
        st.sampled_from(["A", "B", "C", "D"]),
        st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)),
    ),
)
def test_next_best_is_named_only_where_brackets_separate(
    drawn: dict[str, tuple[int, int, int]],
) -> None:
    """Whatever the true costs in the brackets are, the named rep is the best."""
    truth = {rep: sorted(three)[1] for rep, three in drawn.items()}
    brackets = {rep: (float(min(x)), float(max(x))) for rep, x in drawn.items()}
    verdict = next_best(brackets)
    if not drawn:
        assert verdict.none
    elif verdict.rep:
        others = [cost for rep, cost in truth.items() if rep != verdict.rep]
        assert all(truth[verdict.rep] < cost for cost in others)
    else:
        least = min(truth.values())
        assert {r for r, cost in truth.items() if cost == least} <= set(verdict.tied)
        assert len(verdict.tied) > 1
