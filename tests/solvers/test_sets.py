"""Priced groups and rivals in the bound: never above the truth, and all of it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from problems import each_rep, problem_of
from random_problems import random_problem

from planner.problem import Problem, Split, evaluate
from planner.solvers.dual import solve_dual
from planner.solvers.result import Watch
from planner.solvers.rows import linear_rows
from planner.solvers.search import search
from planner.solvers.sets import Joint, cheapest_parts, solve_sets


def joint_of(problem: Problem) -> Joint | None:
    """Prices of the rows, and with the sets."""
    dual = solve_dual(problem, linear_rows(problem), Watch(4))
    return solve_sets(problem, dual, Watch(4))


@pytest.mark.parametrize("block", range(3))
def test_no_plan_costs_less(block: int) -> None:
    """Value, and value with what each arc adds, stand below the cost of every plan."""
    count = 0
    for seed in range(100 * block, 100 * block + 25):
        problem = random_problem(seed)
        truth, joint = _least_by_arc(problem), joint_of(problem)
        if not np.isfinite(truth).any() or joint is None:
            continue
        count += 1
        assert joint.value <= truth.min() + 1e-6, seed
        assert (joint.value + joint.reduced <= truth + 1e-6).all(), seed
    assert count > 2


def _least_by_arc(problem: Problem) -> np.ndarray:
    """Cost of the best plan with each arc, inf where there is none."""
    least = np.full(len(problem.rep), np.inf)
    ends = zip(problem.start[:-1], problem.start[1:], strict=True)
    for plan in itertools.product(*(range(a, b) for a, b in ends)):
        arcs = np.array(plan)
        found = evaluate(problem, arcs)
        if found.feasible:
            least[arcs] = np.minimum(least[arcs], found.cost)
    return least


def test_two_who_want_different_reps() -> None:
    """They part where that is cheaper than the price, else one gives way."""
    cost = np.array([[0.0, 7.0], [5.0, 0.0]])
    for price, rise in ((3, 3), (20, 5)):
        splits = (Split("together[0]", np.array([0, 1]), np.array([0, 1]), price),)
        joint = joint_of(problem_of(cost, 2, splits=splits))
        assert joint is not None
        assert joint.value == pytest.approx(rise, abs=2.1)  # 2: what rounding may add
        assert joint.rise == pytest.approx(rise)


def test_two_rivals_who_want_the_same_rep() -> None:
    """The one for whom it costs less gives way."""
    cost = np.array([[0.0, 7.0], [0.0, 4.0]])
    joint = joint_of(problem_of(cost, 2, apart=(np.array([0, 1]),)))
    assert joint is not None
    assert joint.rise == pytest.approx(4)
    assert joint.arcs.tolist() == [0, 3]


@pytest.mark.parametrize("seed", range(20))
def test_companies_as_by_trying_all(seed: int) -> None:
    """Every way to give four units labels, or nobody."""
    rng = np.random.default_rng(seed)
    cost = rng.integers(1, 30, 16).astype(float)
    nobody = rng.integers(1, 30, 4).astype(float)
    least, company = cheapest_parts(cost, nobody)
    assert least[0] == 0
    for part in range(1, 16):
        units = [u for u in range(4) if part >> u & 1]
        truth = min(
            sum(cost[sum(1 << u for u in g)] for g in groups)
            + sum(nobody[u] for u in units if not any(u in g for g in groups))
            for groups in _groupings(units)
        )
        assert least[part] == truth
        assert company[part] == 0 or company[part] & part & -part


def _groupings(units: list[int]) -> list[list[tuple[int, ...]]]:
    """Ways to put some of the units into groups."""
    found = []
    for labels in itertools.product(range(len(units) + 1), repeat=len(units)):
        groups: dict[int, tuple[int, ...]] = {}
        for unit, label in zip(units, labels, strict=True):
            if label:
                groups[label] = (*groups.get(label, ()), unit)
        found.append(list(groups.values()))
    return found


def test_the_search_finds_plans_with_dear_groups() -> None:
    """
    Full caps and groups who live far apart: close to the bound in a short search.

    From prices that know nothing of the groups the same search ends 20 % above.
    """
    rng = np.random.default_rng(4)
    n, m = 120, 6
    places, bases = rng.random((n, 2)), rng.random((m, 2))
    cost = 1000 * np.hypot(*(places[:, None] - bases[None]).transpose(2, 0, 1))
    hours = rng.integers(2, 40, n)
    high = int(hours.sum() / m / 0.98)
    groups = rng.permutation(n)[:60].reshape(20, 3)
    splits = tuple(Split("together[0]", np.sort(g), np.arange(m), 1000) for g in groups)
    problem = problem_of(
        cost.round(),
        m,
        demand={"hours": hours},
        rows=each_rep(m, high=high),
        splits=splits,
    )
    rows = linear_rows(problem)
    dual = solve_dual(problem, rows, Watch(9))
    joint = solve_sets(problem, dual, Watch(9))
    assert joint is not None
    found = search(problem, rows, joint.dual, Watch(60), iterations=3_000, joint=joint)
    assert found.arcs is not None
    assert evaluate(problem, found.arcs).cost <= 1.03 * joint.value
