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

NODES, ROOT_STEPS = 40, 150
FEW_UNITS, MOST_UNITS = 30, 400
"""Units of a region at first, and at most."""


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
    changed, proven
        When a site's part of the plan changed, and when the region around it was last
        solved; by counts of solves, shape (m,).
    """

    model: SitingModel
    site: Ints
    cost: float
    prices: Floats
    stop: Bools
    gain: float
    random: np.random.Generator
    units: Floats = field(init=False)
    changed: Ints = field(init=False)
    proven: Ints = field(init=False)
    solves: int = 0
    won: int = 0
    nodes: int = 0

    def __post_init__(self) -> None:
        m = self.model.m
        per_book = self.model.n / max(1, self.model.p)
        few = min(self.model.n, max(FEW_UNITS, 2.2 * per_book))
        self.units = np.full(m, float(few))
        self.changed = np.zeros(m, dtype=np.int64)
        self.proven = np.full(m, -1)
        self.busy = np.zeros(m, dtype=bool)
        self.lock = threading.Lock()

    def run(self, watch: Watch, ends: float, threads: int) -> None:
        """Solve regions until the time ends or none is left to be solved."""
        timer = threading.Timer(
            max(0.0, ends - watch.seconds), lambda: self.stop.__setitem__(0, True)
        )
        timer.daemon = True
        timer.start()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda _: self._work(watch), range(threads)))
        timer.cancel()

    def _work(self, watch: Watch) -> None:
        while not self.stop[0] and watch.left > 0:
            with self.lock:
                opened = self._next()
                if opened is None:
                    return
                self.busy[opened] = True
                seed, started = int(opened[0]), self.solves
                region = cut_out(self.model, self.site, opened, 2 * len(opened) + 30)
                self.solves += 1
            inner, complete, nodes = solve_by_branching(
                region.model,
                self.prices[region.units],
                None,
                region.cost,
                self.stop,
                nodes=NODES,
                gain=self.gain,
                first_steps=ROOT_STEPS,
            )
            with self.lock:
                self.busy[opened] = False
                self.nodes += nodes
                if inner is not None:
                    self._put_back(region.units, region.sites[inner], opened, watch)
                elif complete:
                    self.proven[seed] = started
                    self.units[seed] = min(self.units[seed] * 1.4, MOST_UNITS)
                else:
                    self.proven[seed] = started
                    self.units[seed] = max(self.units[seed] * 0.85, 10.0)

    def _put_back(self, units: Ints, site: Ints, opened: Ints, watch: Watch) -> None:
        plan = self.site.copy()
        plan[units] = site
        cost, faults = recount(self.model, plan)
        if faults or cost >= self.cost:
            return
        self.site, self.cost = plan, cost
        self.won += 1
        self.changed[opened] = self.solves
        self.changed[site] = self.solves
        watch.report("recut", cost)

    def _next(self) -> Ints | None:
        """Open sites of the next region, the one in its middle first."""
        opened = np.flatnonzero(open_of(self.model, self.site) & ~self.busy)
        if len(opened) == 0:
            return None
        size = np.bincount(self.site, minlength=self.model.m)
        order = self.random.permutation(opened)
        order = order[np.argsort(self.proven[order], kind="stable")]
        for seed in order:
            near = self._around(int(seed), opened, size)
            if len(near) > 1 or len(opened) == 1:
                return near
        return None

    def _around(self, seed: int, opened: Ints, size: Ints) -> Ints:
        members = np.flatnonzero(self.site == seed)
        if len(members) == 0:
            return np.array([seed])
        cost = self.model.cost[np.ix_(members, opened)].mean(axis=0)
        cost[opened == seed] = -1.0
        near = opened[np.argsort(cost)]
        near = near[np.isfinite(np.sort(cost))]
        count = int(np.searchsorted(np.cumsum(size[near]), self.units[seed])) + 1
        return near[: max(2, count)]
