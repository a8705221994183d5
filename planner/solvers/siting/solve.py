"""Siting from start to proof: a plan, a bound, better parts, and branching."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from planner.solvers.result import Watch, gap_of
from planner.solvers.siting.bound import SiteBound, site_bound
from planner.solvers.siting.branch import (
    DEPTH,
    Branched,
    plan_at,
    solve_by_branching,
)
from planner.solvers.siting.model import SitingModel, SitingOutcome, recount
from planner.solvers.siting.node import CLOSED, FREE, OPEN
from planner.solvers.siting.question import Bools, Ints, dearest
from planner.solvers.siting.recut import Recut
from planner.solvers.siting.small_books import has_small_books
from planner.solvers.siting.start import Annealer

START_SHARE, BOUND_SHARE, AGAIN_SHARE = 0.03, 0.14, 0.1
"""Of the time left, for the first plan, the bound, and a plan from its sites."""
QUICK_SHARE, QUICK_NODES = 0.08, 1000
"""Time and nodes of a first try to branch: small models end here."""
HOT, COLD = 1.0, 0.05
"""
Temperatures of the annealing in mean costs of a unit.

Gap to the best known after 5 million moves, from the bound's sites: u724_200 2.2 %,
p3038_600 2.2 %; to 0.01: 3.4, 2.6 %; to 0.2: 4.0, 4.8 %; from 0.3 to 0.02: 4.4, 5.9 %.
"""
MORE_STARTS = 3
"""Further tries where annealing finds no plan."""
PLAN_ALONE = 0.3
"""Share of the time for better parts before one thread turns to the proof."""
ANNEAL_SHARE, ANNEAL_ALL = 0.7, 0.85
"""
Of the time for better parts, until when small books are annealed before they are
solved to the end: beside a proof, and without one.
"""
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
        self._round(bound)
        if not self._done and self._fits:
            self._settle(
                self._branch(bound, self.watch.left * QUICK_SHARE, QUICK_NODES)
            )
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

    def _round(self, bound: SiteBound) -> None:
        """Make a plan from the bound's own answer."""
        site = plan_at(self.model, bound.prices)
        if site is not None:
            cost, _ = recount(self.model, site)
            if cost < self.cost:
                self.cost, self.site = cost, site
                self.watch.report("rounding", cost)

    def _raise_bound(self, bound: float) -> None:
        if self.whole and math.isfinite(bound):
            bound = math.ceil(bound - 1e-6)
        self.bound = max(self.bound, min(bound, self.cost))
        self.watch.report("bound", bound=self.bound)

    @property
    def _fits(self) -> bool:
        """Whether branching on the whole model fits into memory."""
        return self.model.n * self.model.m * DEPTH <= MOST_OPEN

    def _improve(self, bound: SiteBound) -> None:
        """Solve parts anew, and on one of the threads what the bound leaves open."""
        if self.site is None:
            if self._fits:
                self._settle(self._branch(bound, self.watch.left))
            return
        recut = Recut(
            self.model,
            self.site,
            self.cost,
            bound.prices,
            self._gain,
            np.random.default_rng(self.seed),
        )
        stop, left = np.zeros(1, dtype=bool), self.watch.left
        small = has_small_books(self.model)
        exact_from = self.watch.seconds + left * (
            ANNEAL_SHARE if self._fits else ANNEAL_ALL
        )

        def search(share: float, threads: int) -> None:
            ends = self.watch.seconds + self.watch.left * share
            if small and self.watch.seconds < exact_from:
                recut.anneal()
                recut.run(
                    self.watch,
                    stop,
                    min(ends, exact_from) - self.watch.seconds,
                    threads,
                )
                recut.solve_exactly()
            recut.run(self.watch, stop, ends - self.watch.seconds, threads)
            self._take(recut)

        with _timer(left, stop):
            search(PLAN_ALONE if self._fits else 1.0, self.threads)
            if self._fits and not self._done:
                with ThreadPoolExecutor(1) as pool:
                    job = pool.submit(self._branch, bound, self.watch.left)
                    job.add_done_callback(
                        lambda job: stop.__setitem__(0, job.result().complete)
                    )
                    if self.threads > 1:
                        search(1.0, self.threads - 1)
                    self._settle(job.result())

    def _take(self, recut: Recut) -> None:
        self.moves += recut.solves
        recut.solves = 0
        if recut.cost < self.cost:
            self.cost, self.site = recut.cost, recut.site

    def _branch(
        self, bound: SiteBound, seconds: float, nodes: int = 10**12
    ) -> Branched:
        """Search what the bound leaves open."""
        model, limit = self.model, self.cost
        if math.isinf(limit):
            limit = dearest(model)
        excluded = limit - self._gain
        decided = np.full(model.m, FREE)
        decided[bound.if_closed(model.kept) > excluded] = OPEN
        decided[bound.if_open(model.kept) > excluded] = CLOSED
        stop = np.zeros(1, dtype=bool)
        with _timer(seconds, stop):
            return solve_by_branching(
                model,
                bound.prices,
                limit,
                stop,
                gain=self._gain,
                nodes=nodes,
                arcs=bound.arcs_up_to(model, excluded),
                decided=decided,
            )

    def _settle(self, branched: Branched) -> None:
        """Take in what branching found and proved."""
        self.moves += branched.nodes
        if branched.site is not None and branched.cost < self.cost:
            self.site, self.cost = branched.site, branched.cost
        self.watch.report("branching", self.cost)
        if branched.complete:
            self._raise_bound(math.inf)

    def _outcome(self, infeasible: bool = False) -> SitingOutcome:
        infeasible = infeasible or (self.site is None and self.bound == math.inf)
        bound = math.inf if infeasible else self.bound
        return SitingOutcome(self.site, self.cost, bound, infeasible, self.moves)


@contextmanager
def _timer(seconds: float, stop: Bools) -> Iterator[None]:
    """Set `stop`, shape (1,), when the time is over, unless the block has ended."""
    timer = threading.Timer(seconds, lambda: stop.__setitem__(0, True))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
