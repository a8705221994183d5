"""Left-out arcs: the rest is solved as the whole would be, and proofs stay proofs."""

from __future__ import annotations

import numpy as np
import pytest
from problems import planted
from random_problems import best_cost, random_problem

from planner.problem import evaluate
from planner.solvers.core import better_arcs, solve_core
from planner.solvers.dual import solve_dual
from planner.solvers.exact import solve_exact
from planner.solvers.knapsack import solve_knapsack_dual
from planner.solvers.restrict import restrict
from planner.solvers.result import Watch
from planner.solvers.rows import linear_rows


@pytest.mark.parametrize("block", range(3))
def test_restricted_problem_costs_and_allows_the_same(block: int) -> None:
    """On random arcs left, each plan differs by the same constant from the whole."""
    for seed in range(100 * block, 100 * block + 100):
        problem = random_problem(seed)
        rng = np.random.default_rng(seed)
        kept = rng.random(len(problem.rep)) < 0.5
        kept[problem.start[:-1]] = True
        less = restrict(problem, kept)
        constants = set()
        for _ in range(20):
            choice = [
                rng.choice(np.flatnonzero(kept[a:b])) + a
                for a, b in zip(problem.start[:-1], problem.start[1:], strict=True)
            ]
            plan = np.array(choice, dtype=np.int64)
            assert (less.whole(less.part(plan)) == plan).all(), seed
            whole = evaluate(problem, plan)
            part = evaluate(less.problem, less.part(plan))
            constants.add(whole.cost - part.cost)
            if whole.feasible:
                assert part.feasible, seed
        assert len(constants) == 1, seed


@pytest.mark.parametrize("solver", ["highs", "cp-sat"])
def test_proven_optimal_as_by_trying_every_plan(solver: str) -> None:
    """From any feasible plan, with either dual, the core's optimum is the whole's."""
    count = 0
    for seed in range(400, 520):
        problem = random_problem(seed)
        truth = best_cost(problem)
        start = solve_exact(problem, Watch(20), gap=0.9, threads=1).arcs
        if truth is None or start is None:
            continue
        count += 1
        rows, watch = linear_rows(problem), Watch(4)
        dual = solve_dual(problem, rows, watch)
        units = solve_knapsack_dual(problem, rows, dual, watch, iterations=20)
        for reduced, value in (
            (dual.reduced, dual.certificate.bound - 2.0),
            (units.reduced, units.value),
        ):
            outcome = solve_core(
                problem, reduced, value, start, Watch(4), solver=solver, threads=1
            )
            assert outcome.arcs is not None
            assert evaluate(problem, outcome.arcs).cost == truth, seed
            assert outcome.bound == truth, seed
    assert count > 40


def test_few_arcs_prove_nothing_more() -> None:
    """A heuristic core may find a better plan; its bound is the one it was given."""
    problem = planted(3, 60, 4, fill=0.95)
    rows = linear_rows(problem)
    dual = solve_dual(problem, rows, Watch(30))
    start = solve_exact(problem, Watch(10), gap=0.5, threads=1).arcs
    assert start is not None
    value = dual.certificate.bound - 2.0
    outcome = solve_core(
        problem, dual.reduced, value, start, Watch(3), arcs_at_most=80, threads=1
    )
    assert outcome.arcs is not None
    found = evaluate(problem, outcome.arcs)
    assert found.feasible
    assert found.cost <= evaluate(problem, start).cost
    assert outcome.bound == value


def test_nothing_is_left_when_the_bound_meets_the_cost() -> None:
    """Then the plan in hand is optimal, and no solver is asked."""
    problem = planted(4, 30, 3, fill=0.9)
    best = solve_exact(problem, Watch(20), threads=1)
    assert best.arcs is not None
    reduced = np.zeros(len(problem.rep))
    assert not better_arcs(problem, reduced, best.bound, best.bound).any()
    outcome = solve_core(problem, reduced, best.bound, best.arcs, Watch(0.0))
    assert outcome.bound == best.bound
