"""Small books with the best site of their members, against all plans that there are."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from siting_models import best_plan

from planner.solvers.result import Watch
from planner.solvers.siting.model import NO_LIMIT, SitingModel, recount
from planner.solvers.siting.recut import Recut
from planner.solvers.siting.small_books import (
    anneal_small_books,
    has_small_books,
    members_of,
)
from planner.solvers.siting.solve import solve_siting

HOT, COLD, MOVES = 0.6, 0.05, 30_000


def own_sites(seed: int, n: int = 5) -> SitingModel:
    """Return a model in which every unit has a site of its own, features by chance."""
    rng = np.random.default_rng(seed)
    q, p, exact = int(rng.integers(1, 3)), int(rng.integers(2, 4)), rng.random() < 0.6
    place = rng.integers(0, 30, (n, 2))
    own = rng.permutation(n)
    apart = np.abs(place[:, None] - place[own]).sum(axis=2).astype(float)
    if rng.random() < 0.4:
        apart[rng.random((n, n)) < 0.1] = np.inf
        apart[own, np.arange(n)] = 0.0
    demand = rng.integers(0, 8, (q, n))
    mean = demand.sum(axis=1, keepdims=True) / p
    high = np.ceil(mean * rng.uniform(1.1, 1.9, (q, n))).astype(np.int64)
    high[rng.random((q, n)) < 0.1] = NO_LIMIT
    opening = 0.0 if exact else rng.integers(0, 30, n)
    return SitingModel.of(
        apart, demand, high, p, exact=bool(exact), open_cost=opening, own=own
    )


def far_plan(model: SitingModel, seed: int) -> np.ndarray:
    """Return p sites at random, each unit at the nearest whatever it carries."""
    sites = np.random.default_rng(seed).permutation(model.m)[: model.p]
    plan = sites[np.argmin(model.cost[:, sites], axis=1)]
    plan[model.own[sites]] = sites
    return plan


@pytest.mark.parametrize("seed", range(60))
def test_annealing_finds_the_best_of_all_plans(seed):
    model = own_sites(seed)
    assert has_small_books(model)
    best, _ = best_plan(model)
    members, plan = members_of(model), far_plan(model, seed)
    found = [
        anneal_small_books(model, members, plan, HOT, COLD, MOVES, start)
        for start in range(6)
    ]
    for cost, site in found:
        if cost < math.inf:
            assert recount(model, site) == (cost, [])
    assert min(cost for cost, _ in found) == best


@pytest.mark.parametrize("seed", range(30))
def test_small_books_are_solved_to_proof(seed):
    model = own_sites(seed)
    cost, site = best_plan(model)
    found = solve_siting(model, Watch(100))
    assert found.infeasible == (site is None)
    assert found.cost == found.bound == cost


def test_parts_annealed_anew_keep_all_rules_and_come_near_the_best_value():
    rng = np.random.default_rng(1)
    place = rng.random((60, 2))
    apart = np.hypot(*(place[:, None] - place).transpose(2, 0, 1))
    demand = rng.integers(1, 20, 60)
    model = SitingModel.of(apart, demand, 80, 12, own=np.arange(60))
    start = anneal_small_books(
        model, members_of(model), far_plan(model, 1), HOT, COLD, MOVES, 1
    )
    recut = Recut(model, start[1], start[0], np.zeros(60), 1e-9, rng)
    recut.anneal()
    recut.run(Watch(1.0), np.zeros(1, dtype=bool), 1.0, 2)
    assert recut.solves > 2
    assert recut.cost <= start[0]
    assert recount(model, recut.site) == (pytest.approx(recut.cost), [])
    exact = solve_siting(model, Watch(5.0))
    assert recut.cost <= 1.02 * exact.cost


@pytest.mark.parametrize(
    "change",
    [
        {"kept": np.arange(6) == 2},
        {"low": np.full((1, 6), 1)},
        {"own": np.array([0, 1, 2, 3, 4, -1])},
        {"own": np.array([0, 1, 2, 3, 4, 4])},
        {"open_cost": np.arange(6.0)},
    ],
)
def test_models_with_other_rules_are_left_to_the_general_annealing(change):
    model = SitingModel.of(np.ones((6, 6)), np.ones(6), 4, 2, own=np.arange(6))
    assert has_small_books(model)
    assert not has_small_books(replace(model, **change))


def test_large_books_are_left_to_the_general_annealing():
    n = 40
    model = SitingModel.of(np.ones((n, n)), np.ones(n), n, 2, own=np.arange(n))
    assert not has_small_books(model)
    assert has_small_books(replace(model, p=3))


def test_a_stop_from_outside_ends_the_annealing_without_a_plan():
    model, stop = own_sites(1), np.ones(1, dtype=bool)
    plan = far_plan(model, 1)
    found = anneal_small_books(
        model, members_of(model), plan, HOT, COLD, 10**12, 1, stop
    )
    assert found[0] == math.inf
