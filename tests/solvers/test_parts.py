"""A few reps at a time: never worse, always allowed, the best of a small problem."""

from __future__ import annotations

import pytest
from problems import planted
from random_problems import best_cost, random_problem

from planner.problem import evaluate
from planner.solvers.dual import solve_dual
from planner.solvers.exact import solve_exact
from planner.solvers.parts import solve_parts
from planner.solvers.result import Watch
from planner.solvers.rows import linear_rows


@pytest.mark.parametrize("solver", ["highs", "cp-sat"])
def test_parts_keep_every_rule_and_never_lose(solver: str) -> None:
    """Rows over sets, nobody, splits, apart: a part counts what is decided outside."""
    best = tried = 0
    for seed in range(700, 760):
        problem = random_problem(seed)
        truth = best_cost(problem)
        start = solve_exact(problem, Watch(20), gap=0.9, threads=1).arcs
        if truth is None or start is None:
            continue
        dual = solve_dual(problem, linear_rows(problem), Watch(20))
        outcome = solve_parts(
            problem,
            dual.reduced,
            dual.certificate.bound - 2.0,
            start,
            Watch(4),
            solver=solver,
            parts=2,
            threads=1,
        )
        found = evaluate(problem, outcome.arcs)
        assert found.feasible, seed
        assert truth <= found.cost <= evaluate(problem, start).cost, seed
        tried += 1
        best += found.cost == truth
    assert best > 0.9 * tried > 10  # with all reps in a part nothing is left to gain


def test_two_parts_at_a_time_share_no_rep() -> None:
    """Both threads' changes hold together, and pay."""
    problem = planted(8, 120, 14, fill=0.95)
    dual = solve_dual(problem, linear_rows(problem), Watch(30))
    start = solve_exact(problem, Watch(10), gap=0.3, threads=1).arcs
    assert start is not None
    value = dual.certificate.bound - 2.0
    outcome = solve_parts(
        problem, dual.reduced, value, start, Watch(20), parts=8, threads=2
    )
    found = evaluate(problem, outcome.arcs)
    assert found.feasible
    assert found.cost < evaluate(problem, start).cost
    assert outcome.parts >= 8
