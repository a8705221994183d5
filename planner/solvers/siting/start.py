"""First plans: annealing, from sites at random or from those of the bound."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from planner.solvers.siting.anneal import anneal
from planner.solvers.siting.model import NO_LIMIT, SitingModel, recount
from planner.solvers.siting.question import Floats, Ints, usable
from planner.solvers.siting.small_books import (
    anneal_small_books,
    has_small_books,
    members_of,
)
from planner.solvers.siting.state import Ground, empty_plan, enter

FIRST_STEP = 0.3
"""What the first step of load outside a band counts more, in mean units."""
SMALL_HOT = 0.6
"""
First temperature where books are small, in mean costs of a unit.

Gap to the best known after 50 million moves, from 0.5 and 1.0 down to 0.05, means of
three seeds: lin318_100 0.12, 0.91 %; lin318_070 0.13, 0.68 %; u724_200 0.48, 0.36 %.
"""


def ground_of(model: SitingModel) -> Ground:
    """Return what the moves read."""
    n, m = model.n, model.m
    cost = np.where(usable(model), model.cost, np.inf)
    sites = min(m, max(8, round(m / model.p)))
    units = min(n, max(12, round(2 * n / model.p)))
    near_site = _nearest(cost, sites)
    near_unit = _nearest(np.ascontiguousarray(cost.T), units)
    return Ground(
        cost=cost,
        demand=model.demand,
        low=model.low,
        high=np.where(model.high == NO_LIMIT, 2**60, model.high),
        open_cost=model.open_cost,
        kept=model.kept,
        own=model.own,
        first_step=np.ceil(model.demand.mean(axis=1) * FIRST_STEP).astype(np.int64),
        near_site=near_site,
        near_unit=near_unit,
    )


def _nearest(cost: Floats, count: int) -> np.ndarray:
    at = np.argpartition(cost, min(count, cost.shape[1] - 1), axis=1)[:, :count]
    order = np.argsort(np.take_along_axis(cost, at, axis=1), axis=1)
    return np.take_along_axis(at, order, axis=1).astype(np.int32)


MOST_MOVES = 20_000
"""Moves per unit at most."""


class Annealer:
    """Anneals plans on some threads, each from its own seed."""

    def __init__(self, model: SitingModel, seed: int) -> None:
        self.model, self.ground, self.seed = model, ground_of(model), seed
        self.members = members_of(model) if has_small_books(model) else None
        self.rate = 0.0
        self.moves = 0

    def random_sites(self, seed: int) -> Ints:
        """Return kept sites and others at random, p in all."""
        random = np.random.default_rng(seed)
        kept = np.flatnonzero(self.model.kept)
        others = random.permutation(np.flatnonzero(~self.model.kept))
        return np.concatenate([kept, others])[: self.model.p]

    def run(
        self, sites: list[Ints], hot: float, cold: float, seconds: float
    ) -> list[tuple[float, Ints]]:
        """
        Anneal from the nearest of some sites, each list on a thread.

        Parameters
        ----------
        hot, cold
            First and last temperature in mean costs of a unit; small books begin at
            their own.
        """
        if self.rate == 0.0:
            self._one(sites[0], hot, cold, 1, 1000)
            began = time.perf_counter()
            self._one(sites[0], hot, cold, 1, 100_000)
            self.rate = 100_000 / (time.perf_counter() - began)
        most = MOST_MOVES * self.model.n
        steps = min(most, max(10_000, int(self.rate * seconds)))
        self.seed += len(sites)
        with ThreadPoolExecutor(len(sites)) as pool:
            jobs = [
                pool.submit(self._one, each, hot, cold, self.seed + at, steps)
                for at, each in enumerate(sites)
            ]
            return [job.result() for job in jobs]

    def _one(
        self, sites: Ints, hot: float, cold: float, seed: int, steps: int
    ) -> tuple[float, Ints]:
        ground, n = self.ground, self.model.n
        book = np.argmin(ground.cost[:, sites], axis=1)
        book[self.model.own[sites][self.model.own[sites] >= 0]] = np.flatnonzero(
            self.model.own[sites] >= 0
        )
        if self.members is not None:
            self.moves += steps
            return anneal_small_books(
                self.model, self.members, sites[book], SMALL_HOT, cold, steps, seed
            )
        paid = ground.cost[np.arange(n), sites[book]]
        mean = max(float(paid[np.isfinite(paid)].mean()), 1e-9)
        weight = 2 * mean / np.maximum(1.0, ground.demand.mean(axis=1))
        plan = empty_plan(ground, len(sites), weight, seed)
        enter(ground, plan, book, sites)
        best_book, best_site = np.empty(n, np.int64), np.empty(len(sites), np.int64)
        cost = anneal(
            ground, plan, hot * mean, cold * mean, steps, best_book, best_site, np.inf
        )
        self.moves += steps
        if not np.isfinite(cost):
            return np.inf, np.empty(0, np.int64)
        site = best_site[best_book]
        cost, faults = recount(self.model, site)
        return (np.inf, site) if faults else (cost, site)
