"""CP-SAT on the whole model: proofs where there is time, honesty where not."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from instances import brute_force
from problems import NO, compiled_question, each_rep, planted, problem_of

from planner.problem import Row, Split, evaluate
from planner.solvers.exact import solve_exact
from planner.solvers.result import Watch


@pytest.mark.parametrize("block", range(4))
def test_optimal_against_enumeration(block: int) -> None:
    """Without the dual's bound and without a hint; see also test_brute_force."""
    for seed in range(1000 + 10 * block, 1010 + 10 * block):
        scenario, tables, compiled = compiled_question(seed)
        if compiled.impossible:
            continue
        truth = brute_force(scenario, tables)
        outcome = solve_exact(compiled.problem, Watch(20), threads=1)
        if truth is None:
            assert outcome.infeasible, seed
            assert outcome.bound == math.inf
            continue
        assert outcome.arcs is not None
        assert evaluate(compiled.problem, outcome.arcs).cost == truth, seed
        assert outcome.bound == truth, seed


def test_priced_band_split_rivals_and_nobody_in_one() -> None:
    """
    By hand: u0 and u1 are rivals; three units want one rep (5); R0 over 4 hours pays 3.

    u0-R0 (1), u1-R1 (2), u2-R0 (0) costs 3 + split 5 = 8, R0 has 4 hours. Leaving u1
    out (4) instead: 1 + 4 + 0 = 5 and no split: the best.
    """
    problem = problem_of(
        [[1, 3, NO], [1, 2, 4], [0, 9, NO]],
        2,
        demand={"hours": [2, 2, 2]},
        rows=each_rep(2, high=4, price=3, name="balance[0]"),
        splits=(Split("together[0]", np.arange(3), np.arange(2), 5),),
        apart=(np.array([0, 1]),),
    )
    outcome = solve_exact(problem, Watch(10))
    assert outcome.bound == 5
    assert problem.rep[outcome.arcs].tolist() == [0, 2, 0]


def test_all_left_out_pays_for_no_label() -> None:
    """A set that nobody serves has no label beyond the first."""
    split = Split("together[0]", np.arange(2), np.arange(2), 5)
    problem = problem_of([[9, 9, 1], [9, 9, 1]], 2, splits=(split,))
    outcome = solve_exact(problem, Watch(10))
    assert (outcome.bound, problem.rep[outcome.arcs].tolist()) == (2, [2, 2])


def test_no_time_is_no_proof() -> None:
    """Out of time before anything is known: no plan, and not "infeasible"."""
    problem = planted(1, 2000, 12, fill=0.999)
    outcome = solve_exact(problem, Watch(0.0), bound=7)
    assert outcome.arcs is None
    assert not outcome.infeasible
    assert 7 <= outcome.bound < math.inf


def test_hint_is_a_plan_to_fall_back_on() -> None:
    """With a complete feasible hint, hardly any time is enough for a plan."""
    problem = planted(2, 300, 6, fill=0.95)
    first = solve_exact(problem, Watch(20), gap=0.5)
    assert first.arcs is not None
    again = solve_exact(problem, Watch(4), hint=first.arcs, gap=0.99)
    assert again.arcs is not None
    cost = evaluate(problem, again.arcs).cost
    assert cost <= evaluate(problem, first.arcs).cost


def test_gap_limit_stops_early() -> None:
    """Half of the optimum is quickly proven; the rest is not asked for."""
    problem = planted(3, 300, 6, fill=0.97)
    outcome = solve_exact(problem, Watch(20), gap=0.5)
    assert outcome.arcs is not None
    cost = evaluate(problem, outcome.arcs).cost
    assert outcome.bound < cost
    assert (cost - outcome.bound) / cost <= 0.5


def test_interruption_stops_within_a_second_with_the_plan_so_far() -> None:
    """A user who presses Ctrl-C wants the plan, now."""
    problem = planted(4, 1500, 10, fill=0.999)
    stopped: list[float] = []

    def interrupted() -> bool:
        if not stopped and watch.cost < math.inf:
            stopped.append(time.perf_counter())
        return bool(stopped)

    watch = Watch(60, interrupted)
    outcome = solve_exact(problem, watch)
    assert stopped, "finished before it could be interrupted"
    assert time.perf_counter() - stopped[0] < 1.5
    assert outcome.arcs is not None
    assert evaluate(problem, outcome.arcs).feasible


def test_contradictory_row_is_infeasible() -> None:
    """A hard band between two whole numbers holds none."""
    rows = (Row("balance[0]/R0", 0, np.array([0]), 2, 1, None),)
    problem = problem_of([[1]], 1, demand={"accounts": [1]}, rows=rows)
    assert solve_exact(problem, Watch(10)).infeasible
