"""
Large-neighbourhood search: adjacent books are sited anew, again and again.

In the manner of Stefanello, de Araujo and Mueller (2015, doi:10.1111/itor.12103), but
with the branch and bound of `branch` in place of a general solver: the prices of the
whole are nearly right for a part, so most parts are proven at the root. Small books
are annealed anew first: twenty or thirty of them at once, which no proof reaches.

Gap to the best known, annealing some 100 units 320 times (18 s on one thread), from
one annealing of the whole: lin318_100 0.17 to 0.00, 0.46 to 0.03 %; lin318_070 1.40 to
0.03 %.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from planner.solvers.result import Watch
from planner.solvers.siting.branch import solve_by_branching
from planner.solvers.siting.model import SitingModel, open_of, recount
from planner.solvers.siting.question import Bools, Floats, Ints
from planner.solvers.siting.region import Region, cut_out
from planner.solvers.siting.small_books import anneal_small_books, members_of

NODES, ROOT_STEPS = 40, 60
FEW_UNITS, LEAST_UNITS, MOST_UNITS = 30.0, 10.0, 400.0
"""Units of a region at first, at least and at most."""
GROWS, SHRINKS = 1.4, 0.85
"""Change of its units when it was solved to the end, or not."""
ANNEALED_UNITS, MOVES_A_UNIT = 100.0, 3000
"""Of a region that is annealed: units wanted, and moves for each."""
HOT, COLD = 0.6, 0.05
"""First and last temperature in a region, in mean costs of a unit."""


@dataclass
class Recut:
    """
    A plan and which of its parts are known to be the best.

    Attributes
    ----------
    site, cost
        The plan, shape (n,), and what it costs.
    prices
        Of the units, from the bound, shape (n,).
    units
        Wanted number of units of a region, by open site around which it is cut.
    proven
        When the region around a site was last solved, by counts of solves, shape (m,).
    anneals
        Whether regions are annealed (see `has_small_books`) or solved to the end.
    """

    model: SitingModel
    site: Ints
    cost: float
    prices: Floats
    gain: float
    random: np.random.Generator
    units: Floats = field(init=False)
    proven: Ints = field(init=False)
    solves: int = 0
    anneals: bool = False

    def __post_init__(self) -> None:
        m = self.model.m
        self._begin(FEW_UNITS)
        self.busy = np.zeros(m, dtype=bool)
        self.lock = threading.Lock()

    def solve_exactly(self) -> None:
        """Solve regions to the end from now on, small ones first."""
        self.anneals = False
        self._begin(FEW_UNITS)

    def anneal(self) -> None:
        """Anneal regions from now on; for small books."""
        self.anneals = True
        self._begin(ANNEALED_UNITS)

    def _begin(self, units: float) -> None:
        per_book = self.model.n / max(1, self.model.p)
        few = float(min(self.model.n, max(units, 2.2 * per_book)))
        self.units = np.full(self.model.m, few)
        self.proven = np.full(self.model.m, -1)

    def run(self, watch: Watch, stop: Bools, seconds: float, threads: int) -> None:
        """Solve regions for some time, or until `stop` is set from outside, (1,)."""
        ends = watch.seconds + seconds
        with ThreadPoolExecutor(threads) as pool:
            jobs = [pool.submit(self._work, watch, stop, ends) for _ in range(threads)]
            for job in jobs:
                job.result()

    def _work(self, watch: Watch, stop: Bools, ends: float) -> None:
        while not stop[0] and watch.seconds < ends and watch.left > 0:
            with self.lock:
                opened = self._next()
                if opened is None:
                    return
                self.busy[opened] = True
                started = self.solves
                region = cut_out(self.model, self.site, opened, 2 * len(opened) + 30)
                self.solves += 1
            site, complete = self._solve(region, started, stop)
            with self.lock:
                self.busy[opened] = False
                if site is not None:
                    self._put_back(region.units, region.sites[site], opened, watch)
                if self.anneals:
                    # All books near the middle have had their turn.
                    self.proven[opened[: 1 + len(opened) // 2]] = started
                elif site is None:
                    seed = int(opened[0])
                    self.proven[seed] = started
                    wanted = self.units[seed] * (GROWS if complete else SHRINKS)
                    self.units[seed] = min(max(wanted, LEAST_UNITS), MOST_UNITS)

    def _solve(
        self, region: Region, number: int, stop: Bools
    ) -> tuple[Ints | None, bool]:
        """Return a better plan of a region, or None, and whether none is better."""
        if self.anneals:
            cost, site = anneal_small_books(
                region.model,
                members_of(region.model),
                region.site,
                HOT,
                COLD,
                MOVES_A_UNIT * len(region.units),
                number,
                stop,
            )
            return (site if cost <= region.cost - self.gain else None), False
        found = solve_by_branching(
            region.model,
            self.prices[region.units],
            region.cost,
            stop,
            gain=self.gain,
            nodes=NODES,
            first_steps=ROOT_STEPS,
        )
        return found.site, found.complete

    def _put_back(self, units: Ints, site: Ints, opened: Ints, watch: Watch) -> None:
        plan = self.site.copy()
        plan[units] = site
        cost, faults = recount(self.model, plan)
        if faults or cost >= self.cost:
            return
        self.site, self.cost = plan, cost
        watch.report("recut", cost)

    def _next(self) -> Ints | None:
        """Open sites of the next region, the one in its middle first."""
        opened = np.flatnonzero(open_of(self.model, self.site) & ~self.busy)
        if len(opened) == 0:
            return None
        size = np.bincount(self.site, minlength=self.model.m)
        order = self.random.permutation(opened[size[opened] > 0])
        order = order[np.argsort(self.proven[order], kind="stable")]
        for seed in order:
            near = self._around(int(seed), opened, size)
            if len(near) > 1 or len(opened) == 1:
                return near
        return None

    def _around(self, seed: int, opened: Ints, size: Ints) -> Ints:
        members = np.flatnonzero(self.site == seed)
        cost = self.model.cost[np.ix_(members, opened)].mean(axis=0)
        cost[opened == seed] = -1.0
        near = opened[np.argsort(cost)]
        near = near[np.isfinite(np.sort(cost))]
        count = int(np.searchsorted(np.cumsum(size[near]), self.units[seed])) + 1
        return near[: max(2, count)]
