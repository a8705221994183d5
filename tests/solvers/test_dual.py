"""The bound: never above the optimum, as good as the relaxation, re-checkable."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from instances import brute_force
from problems import compiled_question, each_rep, planted, problem_of

from planner.problem import Problem, Row
from planner.solvers.dual import Dual, integer_prices, solve_dual
from planner.solvers.exact import solve_exact
from planner.solvers.result import Prices, Watch
from planner.solvers.rows import linear_rows
from planner.solvers.solve import _worst_cost

pytestmark = pytest.mark.filterwarnings("error")


def dual_of(problem: Problem) -> Dual:
    """Solve the dual within five seconds, giving up beyond the worst cost."""
    worst = _worst_cost(problem)
    return solve_dual(problem, linear_rows(problem), Watch(5), worst=worst)


def naive_bound(problem: Problem, prices: Prices) -> int:
    """Evaluate the prices with Python's integers, arc by arc and row by row."""
    arcs = range(len(problem.rep))
    cost = [prices.scale * int(c) for c in problem.total_cost]
    constant = 0
    for row in problem.rows:
        y = prices.numerators.get(row.id, 0)
        for arc in arcs:
            if int(problem.rep[arc]) in row.reps:
                demand = int(problem.demand[row.measure, arc])
                if row.price is not None and row.high is not None:
                    excess = max(0, demand - row.high)
                    cost[arc] += prices.scale * row.price * excess
                    demand -= excess
                cost[arc] += y * demand
        constant += y * (row.high or 0) if y > 0 else y * row.low
    ends = zip(problem.start[:-1], problem.start[1:], strict=True)
    return -((constant - sum(min(cost[a:b]) for a, b in ends)) // prices.scale)


def test_equals_the_linear_relaxation() -> None:
    """
    Two units of 2 hours, free with R0 (3 hours), 10 with R1.

    Half a unit must go to R1: 5. Whole units cost 10; the bound may not claim that.
    """
    rows = each_rep(2, high=[3, 99])
    problem = problem_of([[0, 10], [0, 10]], 2, demand={"hours": [2, 2]}, rows=rows)
    assert dual_of(problem).certificate.bound == 5


def test_rows_that_never_bind_get_no_price() -> None:
    """Each at the cheapest rep: 1 + 2."""
    rows = each_rep(2, high=50)
    problem = problem_of([[1, 4], [7, 2]], 2, demand={"hours": [5, 5]}, rows=rows)
    certificate = dual_of(problem).certificate
    assert certificate.bound == 3
    assert certificate.numerators == {}


def test_no_rows_at_all() -> None:
    """The bound is then the optimum."""
    assert dual_of(problem_of([[3, 1], [2, 9]], 2)).certificate.bound == 3


def test_lower_limits_have_negative_prices() -> None:
    """R1 needs one account, the cheaper detour is u1 with 4 - 1 = 3."""
    rows = each_rep(2, low=[0, 1])
    problem = problem_of([[0, 9], [1, 4]], 2, demand={"accounts": [1, 1]}, rows=rows)
    certificate = dual_of(problem).certificate
    assert certificate.bound == 4
    assert certificate.numerators["limits[0]/R1"] < 0


def test_unit_larger_than_its_band_is_cut() -> None:
    """
    One unit of 100 over a band of at most 60 pays for 40 wherever it goes.

    Uncut, half of it would fit each of the two bands and the bound would be 0.
    """
    rows = each_rep(2, high=60, price=1, name="balance[0]")
    problem = problem_of([[0, 0]], 2, demand={"value": [100]}, rows=rows)
    assert dual_of(problem).certificate.bound == 40


def test_cut_stays_valid_with_a_low_end() -> None:
    """
    Band 40..60 for two reps, one unit of 100: the busy one is 40 over, the idle one
    40 under, 80 in all. The relaxation still halves what is left: 40 + 20.
    """
    rows = each_rep(2, low=40, high=60, price=1, name="balance[0]")
    problem = problem_of([[0, 0]], 2, demand={"value": [100]}, rows=rows)
    assert dual_of(problem).certificate.bound == 60


def test_two_large_units_at_one_rep() -> None:
    """R0 alone may serve two units of 100 over a band of 60: 140 over, exactly."""
    rows = each_rep(1, high=60, price=3, name="balance[0]")
    problem = problem_of([[0], [0]], 1, demand={"value": [100, 100]}, rows=rows)
    assert dual_of(problem).certificate.bound == 3 * 140


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 10**9))
def test_never_above_the_optimum(seed: int) -> None:
    """The one property that everything else stands on."""
    scenario, tables, compiled = compiled_question(seed)
    problem = compiled.problem
    if compiled.impossible:
        return
    truth = brute_force(scenario, tables)
    certificate = dual_of(problem).certificate
    assert certificate.bound == naive_bound(problem, certificate)
    if truth is not None:
        assert certificate.bound <= truth


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(0, 10**9), st.floats(0, 1e6))
def test_any_prices_give_a_valid_bound(seed: int, size: float) -> None:
    """Newton may fail; what is claimed must hold for whatever it leaves behind."""
    scenario, tables, compiled = compiled_question(seed)
    problem = compiled.problem
    if compiled.impossible:
        return
    rows = linear_rows(problem)
    guess = np.random.default_rng(seed).normal(0, size, len(rows.ids))
    guess = np.where(np.isfinite(rows.high), guess, np.minimum(guess, 0))
    prices = integer_prices(problem, rows, guess)
    assert prices.bound == naive_bound(problem, prices)
    truth = brute_force(scenario, tables)
    if truth is not None:
        assert prices.bound <= truth


@pytest.mark.parametrize("seed", range(4))
def test_close_to_the_optimum_of_larger_problems(seed: int) -> None:
    """40 accounts, 5 reps with caps filled to 90 %: below the optimum, by < 5 %."""
    problem = planted(seed, 40, 5, fill=0.9)
    exact = solve_exact(problem, Watch(20))
    assert exact.arcs is not None
    optimum = int(problem.total_cost[exact.arcs].sum())
    assert exact.bound == optimum
    bound = dual_of(problem).certificate.bound
    assert 0.95 * optimum <= bound <= optimum


def test_proves_that_there_is_no_plan() -> None:
    """Three units of 2 hours do not fit two caps of 2: prices rise without end."""
    rows = each_rep(2, high=2)
    problem = problem_of([[1, 2]] * 3, 2, demand={"hours": [2] * 3}, rows=rows)
    certificate = dual_of(problem).certificate
    assert certificate.bound > _worst_cost(problem)
    assert certificate.bound == naive_bound(problem, certificate)


def test_large_numbers_stay_exact() -> None:
    """Costs and demands near 2^42 must not wrap around in 64 bits."""
    big = 2**42
    rows = each_rep(2, high=[big, 2 * big])
    problem = problem_of(
        [[0, big], [0, big]], 2, demand={"value": [big, big]}, rows=rows
    )
    certificate = dual_of(problem).certificate
    assert certificate.bound == naive_bound(problem, certificate)
    assert 0.999 * big <= certificate.bound <= big


def test_reduced_costs_are_zero_at_the_cheapest() -> None:
    """They rank the arcs that the search looks at."""
    problem = planted(0, 30, 4, fill=0.9)
    reduced = dual_of(problem).reduced
    assert reduced.min() >= 0
    assert (np.minimum.reduceat(reduced, problem.start[:-1]) == 0).all()


def test_says_what_the_bound_leaves_aside() -> None:
    """Apart sets do not enter; the certificate must not hide it."""
    problem = problem_of([[1, 2], [1, 2]], 2, apart=(np.array([0, 1]),))
    assert dual_of(problem).certificate.dropped == ("apart",)


def test_team_rows_and_nobody() -> None:
    """
    Both reps may take one account together; leaving one out costs 50.

    Two accounts of 1: one is served at 1, the other left out.
    """
    rows = (Row("limits[0]/all", 0, np.array([0, 1]), 0, 1, None),)
    problem = problem_of(
        [[1, 2, 50], [2, 1, 50]], 2, demand={"accounts": [1, 1]}, rows=rows
    )
    assert dual_of(problem).certificate.bound == 51
