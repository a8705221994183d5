"""
Large-neighbourhood search: adjacent books are sited anew, each time to optimality.

In the manner of Stefanello, de Araujo and Mueller (2015, doi:10.1111/itor.12103), but
with the branch and bound of `branch` in place of a general solver: the prices of the
whole are nearly right for a part, so most parts are proven at the root.
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
from planner.solvers.siting.region import cut_out

NODES, ROOT_STEPS = 40, 60
FEW_UNITS, LEAST_UNITS, MOST_UNITS = 30.0, 10.0, 400.0
"""Units of a region at first, at least and at most."""
GROWS, SHRINKS = 1.4, 0.85
"""Change of its units when it was solved to the end, or not."""


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

    def __post_init__(self) -> None:
        m = self.model.m
        per_book = self.model.n / max(1, self.model.p)
        few = min(self.model.n, max(FEW_UNITS, 2.2 * per_book))
        self.units = np.full(m, float(few))
        self.proven = np.full(m, -1)
        self.busy = np.zeros(m, dtype=bool)
        self.lock = threading.Lock()

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
            found = solve_by_branching(
                region.model,
                self.prices[region.units],
                region.cost,
                stop,
                gain=self.gain,
                nodes=NODES,
                first_steps=ROOT_STEPS,
            )
            with self.lock:
                self.busy[opened] = False
                if found.site is not None:
                    self._put_back(
                        region.units, region.sites[found.site], opened, watch
                    )
                    continue
                seed = int(opened[0])
                self.proven[seed] = started
                wanted = self.units[seed] * (GROWS if found.complete else SHRINKS)
                self.units[seed] = min(max(wanted, LEAST_UNITS), MOST_UNITS)

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
