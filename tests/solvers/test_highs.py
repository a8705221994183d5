"""HiGHS on the whole model: the same optimum as CP-SAT and as trying every plan."""

from __future__ import annotations

import math
import time

import pytest
from problems import each_rep, planted, problem_of
from random_problems import best_cost, random_problem

from planner.problem import evaluate
from planner.solvers import highs
from planner.solvers.exact import solve_exact
from planner.solvers.highs import solve_highs
from planner.solvers.result import Watch


@pytest.mark.parametrize("block", range(4))
def test_three_roads_to_one_number(block: int) -> None:
    """Rows, priced rows, splits, apart sets, nobody: HiGHS, CP-SAT, every plan."""
    for seed in range(5000 + 30 * block, 5030 + 30 * block):
        problem = random_problem(seed)
        truth = best_cost(problem)
        outcome = solve_highs(problem, Watch(4))
        exact = solve_exact(problem, Watch(20), threads=1)
        assert outcome.infeasible == exact.infeasible == (truth is None), seed
        assert outcome.bound == exact.bound == (math.inf if truth is None else truth)
        if truth is not None:
            assert outcome.arcs is not None
            found = evaluate(problem, outcome.arcs)
            assert found.feasible, seed
            assert found.cost == truth, seed


def test_a_long_solve_runs_in_a_child_and_gives_the_same() -> None:
    """With more than a few seconds left the model goes to another process and back."""
    problem = planted(2, 60, 4, fill=0.9)
    outcome = solve_highs(problem, Watch(60))
    assert outcome.arcs is not None
    assert outcome.bound == evaluate(problem, outcome.arcs).cost
    assert outcome.bound == solve_highs(problem, Watch(4)).bound


def test_interruption_ends_the_child() -> None:
    """Ended early there is no plan, and the bound from elsewhere stands."""
    problem = planted(4, 1500, 10, fill=0.999)
    began = time.perf_counter()
    watch = Watch(60, lambda: time.perf_counter() - began > 1)
    outcome = solve_highs(problem, watch, bound=7)
    assert time.perf_counter() - began < 5
    assert (outcome.arcs, outcome.bound, outcome.infeasible) == (None, 7, False)


def test_no_time_is_no_proof() -> None:
    """Out of time before anything is known."""
    outcome = solve_highs(planted(1, 2000, 12, fill=0.999), Watch(0.0), bound=7)
    assert (outcome.arcs, outcome.bound, outcome.infeasible) == (None, 7, False)


def test_a_plan_beyond_the_tolerance_is_no_plan(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What breaks a hard row after rounding is not handed out; nor a bound above it."""
    problem = problem_of(
        [[1, 2], [1, 2]], 2, demand={"hours": [2, 2]}, rows=each_rep(2, high=3)
    )
    both = highs.Answer(False, 2.0000001, highs.np.array([1.0, 0.0, 0.9, 0.1]))
    monkeypatch.setattr(highs, "_run", lambda task: both)
    outcome = solve_highs(problem, Watch(4))
    assert outcome.arcs is None
    assert outcome.bound == 2
