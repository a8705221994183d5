"""
One call for connected territories: search, bound, proof, side by side.

A search finds a plan. Prices on the units bound the cost and leave few pairs of unit
and centre; where these are few enough, an exact model proves the plan, or finds a
better one, while the search goes on.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from planner.solvers.areas.exact import (
    CLOSER,
    as_siting,
    relaxed_siting,
    solve_hess,
)
from planner.solvers.areas.labels import few_labels, solve_labels
from planner.solvers.areas.mean import mean_bound
from planner.solvers.areas.model import AreaModel, AreaOutcome, Ints
from planner.solvers.areas.search import Found, full_cycle, search_areas
from planner.solvers.result import Watch, gap_of
from planner.solvers.siting.bound import SiteBound, site_bound
from planner.solvers.siting.model import SitingModel

SEARCH_FIRST, SEARCH_MOST = 0.15, 15.0
"""Share of the time, and seconds at most, for the search alone."""
BOUND_SHARE = 0.3
"""Share of the time left for the prices on the units."""
SLOW = 5.0
"""Seconds of a search's first cycle beyond which nothing comes before its end."""
MEAN_SHARE = 0.15
"""Share of the time left for the bound on spreads around means."""
LABELS_SHARE = 0.3
"""Share of the time left for a proof by labels: it comes soon or not at all."""
EXACT_ARCS = 12_000
"""Pairs of unit and centre up to which the exact model is asked."""
BOUND_PAIRS = 12_000_000
"""Pairs of unit and centre beyond which no prices on the units are sought."""


def solve_areas(
    model: AreaModel,
    watch: Watch,
    *,
    start: Ints | None = None,
    gap: float = 0.0,
    bound: float = -math.inf,
    seed: int = 1,
    threads: int = 2,
    iterations: int | None = None,
) -> AreaOutcome:
    """
    Divide a map into connected territories within the time left.

    Parameters
    ----------
    start
        Labels to begin with, shape (n,); they need not be connected nor keep the bands.
    gap
        Stop at this proven gap, (cost - bound) / |cost|.
    bound
        A proven lower limit on the cost from elsewhere.
    iterations
        Look at so many moves, with one thread, and prove nothing: a run that can be
        repeated exactly.

    Returns
    -------
    The cheapest plan found, and what was proven.
    """
    bound = max(bound, least_cost(model))
    if iterations is not None:
        found = search_areas(
            model, watch, start=start, seed=seed, iterations=iterations
        )
        return AreaOutcome(found.label, found.cost, bound, moves=found.moves)
    return _Solve(model, watch, start, gap, bound, seed, threads).run()


def least_cost(model: AreaModel) -> float:
    """Return what every plan costs at least: each unit at its cheapest territory."""
    return 0.0 if model.pair is None else float(model.pair.min(axis=1).sum())


@dataclass
class _Solve:
    """One solve: what is known so far."""

    model: AreaModel
    watch: Watch
    start: Ints | None
    gap: float
    bound: float
    seed: int
    threads: int
    found: Found = field(default_factory=Found)
    infeasible: bool = False

    def run(self) -> AreaOutcome:
        """Search alone, bound, then prove and search at once."""
        site, left = as_siting(self.model), self.watch.left
        relaxed = None
        if site is None and self.model.centre is not None:
            relaxed = relaxed_siting(self.model)
        alone = min(SEARCH_MOST, SEARCH_FIRST * left)
        if site is None and full_cycle(self.model) > SLOW:
            alone = (1.0 - MEAN_SHARE) * left  # a search in parts would be a worse one
        self._search(alone, self.threads)
        if self.model.weight is not None and self.found.label is not None:
            self._prove_by_means(self.found.label)
        if relaxed is not None and relaxed.n * relaxed.m <= BOUND_PAIRS:
            self._bound_by_centres(relaxed, least_cost(self.model))
        if site is not None and self.model.n**2 <= BOUND_PAIRS and not self.is_done():
            self._prove_by_centres(site)
        elif few_labels(self.model) and not self.is_done():
            self._beside(
                lambda inner: solve_labels(
                    self.model, inner, start=self.found, seed=self.seed
                ),
                LABELS_SHARE,
            )
        self._search(self.watch.left, self.threads)
        return AreaOutcome(
            self.found.label,
            self.found.cost,
            min(self.bound, self.found.cost),
            self.infeasible,
            self.found.moves,
        )

    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        closed = self.infeasible or self.watch.left <= 0
        return closed or gap_of(self.found.cost, self.bound) <= max(self.gap, CLOSER)

    def _search(
        self, seconds: float, threads: int, stop: threading.Event | None = None
    ) -> None:
        if seconds <= 0 or self.is_done():
            return
        watch = self.watch
        inner = Watch(
            watch.seconds + seconds,
            lambda: watch.interrupted() or (stop is not None and stop.is_set()),
            watch.tell,
            began=watch.began,
            trace=watch.trace,
            cost=watch.cost,
            bound=watch.bound,
        )
        enough = self.bound / (1.0 - max(self.gap, CLOSER)) if self.bound > 0 else -1.0
        begin = self.start if self.found.label is None else self.found.label
        self.seed += 1
        search_areas(
            self.model,
            inner,
            start=begin,
            seed=self.seed,
            threads=threads,
            enough=enough,
            found=self.found,
        )
        watch.report("search", self.found.cost)

    def _prove_by_means(self, label: Ints) -> None:
        spread = mean_bound(
            self.model,
            label,
            self.watch,
            time_share=MEAN_SHARE,
            threads=self.threads,
        )
        self._raise(least_cost(self.model) + spread)

    def _bound_by_centres(self, site: SitingModel, besides: float) -> SiteBound:
        """Raise the bound by prices on the units; `besides` is paid in any case."""
        priced = site_bound(
            site,
            self.watch,
            upper=self.found.cost - besides,
            time_share=BOUND_SHARE,
            threads=self.threads,
        )
        if math.isinf(priced.bound) and self.found.label is None:
            self.infeasible = True
        else:
            self._raise(priced.bound + besides)
        return priced

    def _prove_by_centres(self, site: SitingModel) -> None:
        limit = self.found.cost
        priced = self._bound_by_centres(site, 0.0)
        if self.infeasible:
            return
        arcs = self._arcs(priced, site)
        if arcs.sum() > EXACT_ARCS or self.is_done():
            return
        self._beside(
            lambda inner: solve_hess(
                self.model,
                site,
                arcs,
                inner,
                upper=limit,
                bound=self.bound,
                seed=self.seed,
                threads=max(1, self.threads - 1),
            )
        )

    def _arcs(self, priced: SiteBound, site: SitingModel) -> NDArray[np.bool_]:
        if math.isfinite(self.found.cost):
            return priced.arcs_up_to(site, self.found.cost)
        return np.isfinite(site.cost)

    def _raise(self, bound: float) -> None:
        self.bound = max(self.bound, bound)
        self.watch.report("bound", bound=min(self.bound, self.found.cost))

    def _beside(
        self, prove: Callable[[Watch], AreaOutcome], share: float = 1.0
    ) -> None:
        """
        Let an exact model run while the search goes on; take in what it proves.

        It has a share of the time left.
        """
        stop, done, watch = threading.Event(), threading.Event(), self.watch
        ends = watch.seconds + share * watch.left
        inner = Watch(
            ends,
            lambda: watch.interrupted() or done.is_set(),
            watch.tell,
            began=watch.began,
        )
        inner.cost, inner.bound = watch.cost, watch.bound
        said: list[AreaOutcome] = []

        def ask() -> None:
            try:
                said.append(prove(inner))
            finally:
                stop.set()

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        while thread.is_alive() and watch.left > 0:
            self._search(watch.left, max(1, self.threads - 1), stop)
            if self.is_done():
                break
        done.set()
        thread.join(timeout=2.0)
        if not said:
            return
        outcome = said[0]
        if outcome.label is not None and outcome.cost < self.found.cost:
            self.found.label, self.found.cost = outcome.label, outcome.cost
        if outcome.infeasible and self.found.label is None:
            self.infeasible = True
        self._raise(min(outcome.bound, self.found.cost))
