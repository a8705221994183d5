"""What a re-solve changed for nothing goes home; what pays or is needed stays."""

from __future__ import annotations

import numpy as np
from problems import each_rep, problem_of
from random_problems import best_cost, random_problem

from planner.problem import evaluate
from planner.solvers.rows import linear_rows
from planner.solvers.settle import settle


def test_a_swap_for_nothing_is_undone() -> None:
    """Two units of equal cost were swapped: room for one at a time is needed."""
    problem = problem_of(
        [[5, 5], [5, 5], [1, 9]],
        2,
        demand={"hours": [3, 3, 1]},
        rows=each_rep(2, high=7),
    )
    home = np.array([0, 3, 4])
    away = np.array([1, 2, 4])
    assert settle(problem, linear_rows(problem), away, home).tolist() == [0, 3, 4]


def test_on_random_problems_nothing_more_can_go_home() -> None:
    """Checked by evaluating every single return; the cost never rises."""
    settled = 0
    for seed in range(400):
        problem = random_problem(seed)
        if best_cost(problem) is None:
            continue
        rng = np.random.default_rng(seed)
        home = rng.integers(problem.start[:-1], problem.start[1:])
        plans = (rng.integers(problem.start[:-1], problem.start[1:]) for _ in range(50))
        plan = next((p for p in plans if evaluate(problem, p).feasible), None)
        if plan is None:
            continue
        settled += 1
        there = settle(problem, linear_rows(problem), plan, home)
        cost = evaluate(problem, there).cost
        assert evaluate(problem, there).feasible
        assert cost <= evaluate(problem, plan).cost
        for unit in np.flatnonzero(there != home):
            trial = there.copy()
            trial[unit] = home[unit]
            outcome = evaluate(problem, trial)
            assert not outcome.feasible or outcome.cost > cost, seed
    assert settled > 50
