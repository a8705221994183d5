"""One solve from end to end: methods, statuses, what is proven, what stopped it."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from instances import brute_force
from problems import NO, compiled_question, correlated, each_rep, planted, problem_of

from planner.problem import evaluate
from planner.scenario.model import Solve
from planner.solvers.result import Progress, Status
from planner.solvers.solve import solve_problem
from planner.solvers.start import WarmStart


def test_search_is_honest_on_random_questions() -> None:
    """INFEASIBLE only where enumeration agrees; otherwise a plan above the bound."""
    for seed in range(300, 330):
        scenario, tables, compiled = compiled_question(seed)
        truth = brute_force(scenario, tables)
        settings = Solve(method="search", iterations=3_000, time_limit=20, threads=1)
        result = solve_problem(
            compiled.problem, settings, impossible=compiled.impossible
        )
        if result.status is Status.INFEASIBLE:
            assert truth is None, seed
        elif result.status is Status.NO_PLAN_FOUND:
            assert result.arcs is None, seed
        else:
            assert truth is not None, seed
            assert result.bound <= truth <= result.cost, seed
            assert evaluate(compiled.problem, result.arcs).feasible, seed


def test_feasible_by_fractions_only_is_told_as_infeasible() -> None:
    """3 x 3 hours in 2 x 5: no price proves it, so the search asks CP-SAT."""
    problem = problem_of(
        [[1, 2]] * 3, 2, demand={"hours": [3] * 3}, rows=each_rep(2, high=5)
    )
    settings = Solve(method="search", iterations=2_000, time_limit=20)
    assert solve_problem(problem, settings).status is Status.INFEASIBLE


def test_infeasible_by_prices() -> None:
    """12 hours in 10: a bound above the cost of every plan is a proof."""
    problem = problem_of(
        [[1, 2]] * 4, 2, demand={"hours": [3] * 4}, rows=each_rep(2, high=5)
    )
    result = solve_problem(problem, Solve(method="search", time_limit=20))
    assert result.status is Status.INFEASIBLE
    assert (result.arcs, result.cost, result.stopped_by) == (None, math.inf, "proof")


def test_unit_without_a_rep_is_infeasible() -> None:
    """Nothing to solve, and no crash over an empty row of arcs."""
    problem = problem_of([[1, 2], [NO, NO]], 2)
    assert solve_problem(problem, Solve()).status is Status.INFEASIBLE
    full = problem_of([[1, 2]], 2)
    result = solve_problem(full, Solve(), impossible={"u9": "rules"})
    assert result.status is Status.INFEASIBLE


def test_optimal_by_the_dual_alone() -> None:
    """Without rows each unit's cheapest rep is the optimum, and proven."""
    problem = problem_of([[3, 1], [2, 9]], 2)
    for method in ("exact", "search"):
        result = solve_problem(problem, Solve(method=method, time_limit=5))
        assert (result.status, result.cost, result.bound) == (Status.OPTIMAL, 3, 3)
        assert result.gap == 0


def test_a_free_plan_is_optimal() -> None:
    """Cost 0 and bound 0: the gap is 0, not 0 / 0."""
    result = solve_problem(problem_of([[0, 0]], 2), Solve(time_limit=5))
    assert (result.status, result.gap) == (Status.OPTIMAL, 0)


def test_time_limit_is_kept_and_reported() -> None:
    """Two seconds are two seconds, and what is left open is not called proven."""
    began = time.perf_counter()
    problem = correlated(8, 400, 20)
    result = solve_problem(problem, Solve(method="search", time_limit=2, seed=4))
    assert time.perf_counter() - began < 3.5
    assert result.status is Status.FEASIBLE
    assert result.stopped_by == "time limit"
    assert (result.bound_by, result.seed) == ("dual", 4)
    assert 0 < result.bound < result.cost


def test_out_of_time_without_a_plan() -> None:
    """No plan found is not "no plan exists"."""
    problem = planted(9, 3000, 10, fill=0.9999)
    result = solve_problem(problem, Solve(method="exact", time_limit=0.02))
    assert result.status is Status.NO_PLAN_FOUND
    assert result.arcs is None
    assert result.gap == math.inf


def test_gap_ends_the_solve() -> None:
    """A tenth is good enough here."""
    problem = correlated(10, 300, 10)
    result = solve_problem(problem, Solve(method="search", time_limit=30, gap=0.1))
    assert result.stopped_by == "gap"
    assert result.gap <= 0.1
    assert result.seconds < 20


def test_moves_end_the_solve_and_are_repeatable() -> None:
    """The same seed and number of moves give the same plan, to the arc."""
    problem = correlated(11, 300, 10)
    settings = Solve(method="search", iterations=40_000, threads=1, time_limit=60)
    one, other = (solve_problem(problem, settings) for _ in range(2))
    assert (one.arcs == other.arcs).all()
    assert (one.stopped_by, one.iterations) == ("iterations", 40_000)


@pytest.mark.parametrize("method", ["exact", "search"])
def test_interruption_hands_over_the_plan_so_far(method: str) -> None:
    """Within a second, with a plan and its honest gap."""
    problem = correlated(12, 400, 20)
    stopped: list[float] = []

    def tell(moment: Progress) -> None:
        if not stopped and moment.cost < math.inf:
            stopped.append(time.perf_counter())

    settings = Solve(method=method, time_limit=60)
    result = solve_problem(
        problem, settings, interrupted=lambda: bool(stopped), tell=tell
    )
    assert time.perf_counter() - stopped[0] < 1.5
    assert result.status is Status.FEASIBLE
    assert result.stopped_by == "interruption"


def test_warm_start_is_never_made_worse() -> None:
    """A planner who hands in last month's plan gets that or a better one."""
    problem = planted(13, 300, 8, fill=0.99)
    first = solve_problem(problem, Solve(method="search", time_limit=2))
    again = solve_problem(
        problem,
        Solve(method="search", iterations=1, time_limit=10),
        warm_start=WarmStart(problem.rep[first.arcs].astype(np.intp)),
    )
    assert again.cost <= first.cost


def test_warm_start_that_breaks_rules_is_repaired() -> None:
    """Everybody at the nearest rep breaks the caps; it is only a start."""
    problem = planted(14, 300, 8, fill=0.95)
    nearest = problem.start[:-1] + np.array(
        [
            int(problem.total_cost[a:b].argmin())
            for a, b in zip(problem.start[:-1], problem.start[1:], strict=True)
        ]
    )
    assert not evaluate(problem, nearest).feasible
    for method in ("search", "exact"):
        result = solve_problem(
            problem,
            Solve(method=method, time_limit=5, gap=0.05),
            warm_start=WarmStart(problem.rep[nearest].astype(np.intp)),
        )
        assert result.status is Status.FEASIBLE, method


def test_method_is_chosen_by_size() -> None:
    """2,000 pairs are the border, 500 with sets, and the result says why."""
    small = solve_problem(problem_of([[1, 2]], 2), Solve())
    assert (small.method, small.why) == (
        "cp-sat",
        "2 eligible pairs; the whole model in one solver up to 2,000",
    )
    cost = np.tile(np.arange(5), (401, 1))
    assert solve_problem(problem_of(cost, 5), Solve(time_limit=5)).method == "search"
    less, apart = cost[:121], (np.arange(5),)
    assert solve_problem(problem_of(less, 5), Solve(time_limit=5)).method == "cp-sat"
    with_sets = solve_problem(problem_of(less, 5, apart=apart), Solve(time_limit=5))
    assert with_sets.method == "search"
    assert with_sets.why.endswith("up to 500")


@pytest.mark.parametrize("method", ["exact", "cp-sat", "highs", "search"])
def test_every_road_leads_to_the_optimum(method: str) -> None:
    """Two solvers on the whole model, and the search with its proofs."""
    problem = planted(16, 40, 4, fill=0.95)
    result = solve_problem(problem, Solve(method=method, time_limit=20))
    other = solve_problem(problem, Solve(method="cp-sat", time_limit=20))
    assert result.cost == other.cost == other.bound
    assert result.bound <= other.bound


def test_trace_never_loses_ground() -> None:
    """Cost falls, bound rises, and the last moment is the result."""
    problem = planted(15, 300, 6, fill=0.95)
    result = solve_problem(problem, Solve(method="search", time_limit=2))
    costs = [moment.cost for moment in result.trace]
    bounds = [moment.bound for moment in result.trace]
    assert costs == sorted(costs, reverse=True)
    assert bounds == sorted(bounds)
    assert result.trace[-1].cost == result.cost
    assert result.trace[-1].bound == result.bound
