"""Unit prices: never above any plan, never below the row prices, exact knapsacks."""

from __future__ import annotations

import numpy as np
import pytest
from problems import each_rep, planted, problem_of
from random_problems import best_cost, random_problem

from planner.problem import Problem
from planner.solvers.dual import Dual, solve_dual
from planner.solvers.filling import NO_CAP, fill
from planner.solvers.knapsack import (
    KnapsackDual,
    knapsack_pays,
    solve_knapsack_dual,
)
from planner.solvers.result import Watch
from planner.solvers.rows import linear_rows


def solved(problem: Problem, iterations: int = 60) -> tuple[Dual, KnapsackDual]:
    """Both duals of a problem."""
    rows, watch = linear_rows(problem), Watch(30)
    dual = solve_dual(problem, rows, watch)
    return dual, solve_knapsack_dual(
        problem, rows, dual, watch, iterations=iterations, threads=1
    )


def best_by_table(profit: np.ndarray, weight: np.ndarray, cap: int) -> int:
    """Most profit by the textbook table over all loads."""
    best = np.zeros(cap + 1, dtype=np.int64)
    for gain, load in zip(profit, weight, strict=True):
        if gain > 0 and load <= cap:
            best[load:] = np.maximum(best[load:], best[: cap + 1 - load] + gain)
    return int(best[cap])


@pytest.mark.parametrize("like", ["free", "alike", "large"])
def test_knapsacks_against_a_table(like: str) -> None:
    """Free profits; profits that follow weights, the hard case; and huge ones."""
    rng = np.random.default_rng(len(like))
    for trial in range(400):
        count = int(rng.integers(0, 40))
        weight = rng.integers(0, 30, count)
        profit = rng.integers(-20, 60, count)
        if like == "alike":
            profit = 5 * weight + rng.integers(-3, 4, count)
        if like == "large":
            profit = profit * 10**12 + rng.integers(0, 10**6, count)
        cap = int(rng.integers(0, 200))
        taken = np.ones(count, dtype=bool)
        found = fill(profit, weight, cap, taken)
        assert found == best_by_table(profit, weight, cap), trial
        assert found == profit[taken].sum()
        assert weight[taken].sum() <= cap
        assert fill(profit, weight, NO_CAP, taken) == profit.clip(0).sum()


@pytest.mark.parametrize("block", range(4))
def test_no_bound_above_any_plan(block: int) -> None:
    """All kinds of rows and sets: also the plans that must use an arc cost as much."""
    for seed in range(100 * block, 100 * block + 100):
        problem = random_problem(seed)
        truth = best_cost(problem)
        dual, found = solved(problem, 30)
        if truth is None:  # prices without end, here held within what 64 bits add
            continue
        assert found.certificate.bound >= dual.certificate.bound, seed
        assert found.certificate.bound <= truth, seed
        for arc in range(len(problem.rep)):
            forced = best_cost(_only(problem, arc))
            if forced is not None:
                assert found.value + found.reduced[arc] <= forced + 1e-6, (seed, arc)


def _only(problem: Problem, arc: int) -> Problem:
    """Return the problem in which the arc's unit has no other arc."""
    kept = (problem.unit != problem.unit[arc]) | (np.arange(len(problem.rep)) == arc)
    return Problem(
        problem.unit_ids,
        problem.rep_ids,
        np.searchsorted(problem.unit[kept], np.arange(problem.n + 1)),
        problem.rep[kept],
        problem.terms,
        problem.cost[:, kept],
        problem.measures,
        problem.scales,
        problem.demand[:, kept],
        problem.rows,
        problem.splits,
        problem.apart,
    )


def test_caps_that_no_fraction_can_fill() -> None:
    """
    By hand: three units of 2 hours, two reps of 3 hours, nobody for 10.

    Each rep can take one unit; the linear relaxation lets them share the third.
    """
    problem = problem_of(
        [[1, 1, 10]] * 3, 2, demand={"hours": [2] * 3}, rows=each_rep(2, high=3)
    )
    dual, found = solved(problem, 300)
    assert dual.certificate.bound == 3
    assert found.certificate.bound == 12
    assert set(found.certificate.knapsacks) == {"limits[0]/R0", "limits[0]/R1"}
    assert len(found.certificate.units) == 3


def test_known_cost_ends_the_steps() -> None:
    """A bound that meets the cost of a plan is as good as it gets."""
    problem = planted(5, 30, 3, fill=0.9)
    rows, watch = linear_rows(problem), Watch(30)
    dual = solve_dual(problem, rows, watch)
    cost = dual.certificate.bound
    found = solve_knapsack_dual(problem, rows, dual, watch, cost=cost, threads=1)
    assert found.iterations == 0


def test_two_threads_find_the_same() -> None:
    """Which thread fills which rep changes nothing."""
    problem = planted(6, 80, 5, fill=0.97)
    rows = linear_rows(problem)
    dual = solve_dual(problem, rows, Watch(30))
    one, two = (
        solve_knapsack_dual(
            problem, rows, dual, Watch(30), iterations=40, threads=threads
        )
        for threads in (1, 2)
    )
    assert one.certificate.bound == two.certificate.bound
    assert one.certificate.units == two.certificate.units
    assert (one.reduced == two.reduced).all()


def test_when_it_pays() -> None:
    """With few units per rep and caps; not with many units, nor without caps."""
    few, many = planted(1, 40, 4, fill=0.9), planted(1, 400, 2, fill=0.9)
    free = problem_of([[1, 2]] * 4, 2, demand={"hours": [1] * 4})
    assert knapsack_pays(few, linear_rows(few))
    assert not knapsack_pays(many, linear_rows(many))
    assert not knapsack_pays(free, linear_rows(free))
