"""Every plan of tiny questions is tried: optimum, status and verdict must agree."""

from __future__ import annotations

import pytest
from instances import brute_force, random_question

import planner
from planner.problem import evaluate
from planner.solvers.result import Status


@pytest.mark.parametrize("block", range(20))
def test_exact_agrees_with_enumeration(block):
    """Two roads: compile + CP-SAT here, the judge's recount + enumeration there."""
    for seed in range(block * 25, block * 25 + 25):
        scenario, frames = random_question(seed)
        solution = planner.solve(scenario, **frames, time_limit_s=20)
        truth = brute_force(scenario, solution.tables)
        result = solution.result
        if truth is None:
            assert result.status is Status.INFEASIBLE, seed
            continue
        assert result.status is Status.OPTIMAL, seed
        assert result.cost == result.bound == truth, seed
        assert result.prices.bound <= truth, seed
        outcome = evaluate(solution.compiled.problem, result.arcs)
        assert outcome.cost == truth, seed
