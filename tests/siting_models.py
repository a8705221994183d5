"""Small siting models at random, and the best plan among all that there are."""

from __future__ import annotations

import itertools
import math

import numpy as np

from planner.solvers.siting.model import NO_LIMIT, NO_UNIT, SitingModel, recount


def random_model(seed: int, n: int = 6, m: int = 4) -> SitingModel:
    """Return a model with every feature, each by chance; it may have no plan."""
    rng = np.random.default_rng(seed)
    q = int(rng.integers(1, 3))
    cost = rng.integers(0, 50, (n, m)).astype(float)
    if rng.random() < 0.5:
        cost[rng.random((n, m)) < 0.15] = np.inf
    demand = rng.integers(0, 8, (q, n))
    p = int(rng.integers(1, m + 1))
    mean = demand.sum(axis=1, keepdims=True) / p
    high = np.ceil(mean * rng.uniform(1.0, 2.5, (q, m))).astype(np.int64)
    high[rng.random((q, m)) < 0.2] = NO_LIMIT
    low = np.floor(mean * rng.uniform(0, 0.9, (q, m))).astype(np.int64)
    if rng.random() < 0.5:
        low[:] = 0
    own = np.full(m, NO_UNIT)
    if rng.random() < 0.5:
        own = rng.permutation(n)[:m]
        cost[own, np.arange(m)] = 0.0
    return SitingModel.of(
        cost,
        demand,
        high,
        p,
        low=low,
        exact=bool(rng.random() < 0.6),
        open_cost=rng.integers(0, 30, m) * float(rng.random() < 0.5),
        kept=(np.arange(m) == 0) & (rng.random() < 0.4),
        own=own,
    )


def best_plan(model: SitingModel) -> tuple[float, np.ndarray | None]:
    """Cost and sites of the best of all m**n plans; inf and None without one."""
    best, plan = math.inf, None
    for sites in itertools.product(range(model.m), repeat=model.n):
        site = np.array(sites)
        cost, faults = recount(model, site)
        if not faults and cost < best:
            best, plan = cost, site
    return best, plan
