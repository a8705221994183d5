"""Siting from start to proof: a plan, a bound, better parts, and the rest by branching."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from planner.solvers.result import Watch, gap_of
from planner.solvers.siting.bound import SiteBound, site_bound
from planner.solvers.siting.branch import Branched, solve_by_branching
from planner.solvers.siting.model import SitingModel, SitingOutcome
from planner.solvers.siting.node import CLOSED, FREE, OPEN
from planner.solvers.siting.question import Bools, Ints, dearest
from planner.solvers.siting.recut import Recut
from planner.solvers.siting.start import Annealer

START_SHARE, BOUND_SHARE, AGAIN_SHARE = 0.08, 0.14, 0.08
"""Of the time left, for the first plan, the bound, and a plan from its sites."""
HOT, COLD = 1.0, 0.05
"""
Temperatures of the annealing in mean costs of a unit.

Gap to the best known after 5 million moves, from the sites of the bound: u724_200 2.2 %,
p3038_600 2.2 %; to 0.01: 3.4, 2.6 %; to 0.2: 4.0, 4.8 %; from 0.3 to 0.02: 4.4, 5.9 %.
"""
MORE_STARTS = 3
"""Further tries where annealing finds no plan."""
PLAN_ALONE = 0.3
"""Share of the time for better parts before one thread turns to the proof."""
MOST_OPEN = 60_000_000
"""Arcs times depth of the branching at most: what a proof may take in memory."""


def solve_siting(
    model: SitingModel,
    watch: Watch,
    *,
    gap: float = 0.0,
    seed: int = 1,
    threads: int = 2,
) -> SitingOutcome:
    """
    Look for the best siting within the time left, and prove how good it is.

    Parameters
    ----------
    gap
        Stop at this proven gap.
    """
    return _Solve(model, watch, gap, seed, threads).run()


@dataclass
class _Solve:
    """One solve: the best plan so far and the bound."""

    model: SitingModel
    watch: Watch
    gap: float
    seed: int
    threads: int

    def __post_init__(self) -> None:
        costs = self.model.cost[np.isfinite(self.model.cost)]
        costs = np.concatenate([costs, self.model.open_cost])
        self.whole = bool((np.floor(costs) == costs).all())
        self.site: Ints | None = None
        self.cost, self.bound = math.inf, -math.inf
        self.stop: Bools = np.zeros(1, dtype=bool)
        self.moves = 0

    def run(self) -> SitingOutcome:
        """Go through the phases."""
        annealer = Annealer(self.model, self.seed)
        random = [annealer.random_sites(self.seed + t) for t in range(self.threads)]
        self._anneal(annealer, random, START_SHARE)
        bound = site_bound(
            self.model,
            self.watch,
            upper=self.cost,
            time_share=BOUND_SHARE,
            threads=self.threads,
        )
        if math.isinf(bound.bound):
            return self._outcome(infeasible=True)
        self._raise_bound(bound.bound)
        order = np.where(self.model.kept, -np.inf, bound.value)
        sites = np.argsort(order, kind="stable")[: self.model.p]
        for _ in range(MORE_STARTS):
            if not self._done:
                self._anneal(annealer, [sites, *random[1:]], AGAIN_SHARE)
            if self.site is not None:
                break
        if not self._done:
            self._improve(bound)
        return self._outcome()

    @property
    def _gain(self) -> float:
        """By how much a better plan is better at least."""
        if self.whole:
            return 1 - 1e-6
        return 1e-9 * max(1.0, abs(self.cost)) if math.isfinite(self.cost) else 0.0

    @property
    def _done(self) -> bool:
        """Whether the plan is good enough, or time is up."""
        close = self.site is not None and self.bound >= self.cost - self._gain
        return (
            close or gap_of(self.cost, self.bound) <= self.gap or self.watch.left <= 0
        )

    def _anneal(self, annealer: Annealer, sites: list[Ints], share: float) -> None:
        runs = annealer.run(sites, HOT, COLD, self.watch.left * share)
        self.moves = annealer.moves
        for cost, site in runs:
            if cost < self.cost:
                self.cost, self.site = cost, site
        self.watch.report("annealing", self.cost)

    def _raise_bound(self, bound: float) -> None:
        if self.whole and math.isfinite(bound):
            bound = math.ceil(bound - 1e-6)
        self.bound = max(self.bound, min(bound, self.cost))
        self.watch.report("bound", bound=self.bound)

    def _improve(self, bound: SiteBound) -> None:
        """Solve parts anew, and on one of the threads what the bound leaves open."""
        ends = threading.Timer(self.watch.left, self._end)
        ends.daemon = True
        ends.start()
        recut = None
        if self.site is not None:
            recut = Recut(
                self.model,
                self.site,
                self.cost,
                bound.prices,
                self._gain,
                np.random.default_rng(self.seed),
            )
            fits = self.model.n * self.model.m * 60 <= MOST_OPEN
            share = PLAN_ALONE if fits else 1.0
            recut.run(self.watch, self.stop, self.watch.left * share, self.threads)
            self._take(recut)
            if fits and not self._done:
                self._prove(bound, recut)
        elif self.model.n * self.model.m * 60 <= MOST_OPEN:
            self._prove(bound, None)
        ends.cancel()

    def _end(self) -> None:
        self.stop[0] = True

    def _take(self, recut: Recut) -> None:
        self.moves += recut.solves
        recut.solves = 0
        if recut.cost < self.cost:
            self.cost, self.site = recut.cost, recut.site

    def _prove(self, bound: SiteBound, recut: Recut | None) -> None:
        """Search what the bound leaves open, while the parts go on."""
        with ThreadPoolExecutor(2) as pool:
            job = pool.submit(self._branch, bound)
            if recut is not None and self.threads > 1:
                recut.run(self.watch, self.stop, self.watch.left, self.threads - 1)
            branched = job.result()
        self.moves += branched.nodes
        if recut is not None:
            self._take(recut)
        if branched.site is not None and branched.cost < self.cost:
            self.site, self.cost = branched.site, branched.cost
        self.watch.report("branching", self.cost)
        if branched.complete:
            self._raise_bound(math.inf)

    def _branch(self, bound: SiteBound) -> Branched:
        model, limit = self.model, self.cost
        if math.isinf(limit):
            limit = dearest(model)
        excluded = limit - self._gain
        decided = np.full(model.m, FREE)
        decided[bound.if_closed(model.kept) > excluded] = OPEN
        decided[bound.if_open(model.kept) > excluded] = CLOSED
        branched = solve_by_branching(
            model,
            bound.prices,
            limit,
            self.stop,
            gain=self._gain,
            arcs=bound.arcs_up_to(model, excluded),
            decided=decided,
        )
        if branched.complete:
            self._end()
        return branched

    def _outcome(self, infeasible: bool = False) -> SitingOutcome:
        infeasible = infeasible or (self.site is None and self.bound == math.inf)
        bound = math.inf if infeasible else self.bound
        return SitingOutcome(self.site, self.cost, bound, infeasible, self.moves)
