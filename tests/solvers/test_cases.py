"""Cases of what alone exceeds every band: a bound, and never above the optimum."""

from __future__ import annotations

import pytest
from problems import each_rep, problem_of
from random_problems import best_cost, random_problem

from planner.problem import Problem
from planner.scenario.model import Solve
from planner.solvers.cases import bound_by_cases
from planner.solvers.dual import solve_dual
from planner.solvers.result import Watch
from planner.solvers.rows import linear_rows
from planner.solvers.solve import solve_problem


def bounds(problem: Problem, seconds: float = 5) -> tuple[int, int]:
    """Bound by the prices alone, and by cases."""
    dual = solve_dual(problem, linear_rows(problem), Watch(5))
    by_cases = bound_by_cases(problem, dual, Watch(seconds), 1)
    return dual.certificate.bound, by_cases


def large(*values: int) -> Problem:
    """
    Three reps who want a value of 4 or 5 each, at a price of 10 for each beyond.

    Rep k costs k for a unit of more than 5.
    """
    demand = {"value": list(values)}
    rows = each_rep(3, low=4, high=5, price=10)
    cost = [[0, 1, 2] if value > 5 else [0, 0, 0] for value in values]
    return problem_of(cost, 3, demand=demand, rows=rows)


def test_one_large_unit() -> None:
    """
    A unit of 10 and four of 1.

    Who has it is 5 above the band; the others have 4 where 8 are wanted: 90. Prices
    let two share it, so that only 3 are missing: 80.2.
    """
    problem = large(10, 1, 1, 1, 1)
    assert bounds(problem) == (81, 90)
    result = solve_problem(problem, Solve(method="search", time_limit=2))
    assert (result.cost, result.bound, result.bound_by) == (90, 90, "solver")


def test_two_large_units() -> None:
    """Of 10 and 8: 5 + 3 above the bands, 2 of the third rep's 4 missing, 1 to go."""
    assert bounds(large(10, 8, 1, 1))[1] == 101


def test_none_is_large() -> None:
    """Nothing to tell apart, so the bound is that of the prices."""
    priced, by_cases = bounds(large(5, 4, 4, 1))
    assert priced == by_cases


def test_no_time() -> None:
    """What is proven so far counts."""
    assert bounds(large(10, 1, 1, 1, 1), seconds=0)[1] == 81


@pytest.mark.parametrize("seed", range(60))
def test_never_above_the_optimum(seed: int) -> None:
    """Against every plan of random problems."""
    problem = random_problem(seed)
    best = best_cost(problem)
    if best is not None:
        priced, by_cases = bounds(problem)
        assert priced <= by_cases <= best
