"""Thousands of tiny problems of the whole algebra: no bound above any feasible cost."""

from __future__ import annotations

import pytest
from random_problems import best_cost, random_problem

from planner.problem import evaluate
from planner.scenario.model import Solve
from planner.solvers.result import Status
from planner.solvers.solve import solve_problem


@pytest.mark.parametrize("block", range(20))
def test_bounds_and_plans_against_every_plan(block: int) -> None:
    """A search finds a plan wherever there is one; its bound is never too high."""
    for seed in range(block * 100, block * 100 + 100):
        problem = random_problem(seed)
        truth = best_cost(problem)
        settings = Solve(method="search", iterations=500, threads=1, time_limit=30)
        result = solve_problem(problem, settings)
        assert result.prices.bound <= result.bound, seed
        if truth is None:
            assert result.status is Status.INFEASIBLE, seed
            continue
        assert result.arcs is not None, seed
        assert result.bound <= truth <= result.cost, seed
        outcome = evaluate(problem, result.arcs)
        assert outcome.feasible, seed
        assert outcome.cost == result.cost, seed
