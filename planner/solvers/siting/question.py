"""The question of `bound` at given prices: every site chooses for itself."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from planner.solvers.siting.model import SitingModel
from planner.solvers.siting.priced import (
    cover,
    cover_whole,
    fill_whole,
    list_near,
    price_sites,
)

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROUNDING = 1e-11
"""Share of the sum of absolute prices by which a bound is lowered for rounding."""
ROOM_TO_RISE = 0.2
"""Share by which prices may rise before the units near a site are listed anew."""
MOST_HELD = 50_000_000
"""Entries of units held by sites; above it sites are filled with fractions."""


def usable(model: SitingModel) -> Bools:
    """Arcs whose unit fits the site beside the unit of its own, shape (n, m)."""
    arcs = np.isfinite(model.cost)
    has = np.flatnonzero(model.own >= 0)
    for demand, high in zip(model.demand, model.high, strict=True):
        room = np.where(high < 0, 2**60, high)
        room[has] -= demand[model.own[has]]
        fits = demand[:, None] <= room
        fits[model.own[has], has] = room[has] >= 0
        arcs &= fits
    return arcs


def dearest(model: SitingModel) -> float:
    """Return a cost above that of every plan."""
    arcs = np.where(np.isfinite(model.cost), model.cost, 0.0)
    opening = np.sort(model.open_cost)[::-1][: max(0, model.p)]
    most = float(arcs.max(axis=1).sum() + np.maximum(0.0, opening).sum())
    return most + 1e-6 * (1.0 + abs(most))


class Question:
    """
    The model with the units' constraint left out, to be asked at many prices.

    Attributes
    ----------
    dearest
        No plan costs more; a bound above it proves that there is none.
    covered
        How often the sites chosen take each unit at the last prices, shape (n,).
    """

    def __init__(self, model: SitingModel, pool: ThreadPoolExecutor, threads: int):
        self.model, self.pool, self.threads = model, pool, threads
        cost = np.where(usable(model), model.cost, np.inf)
        self.cost = np.ascontiguousarray(cost.T)
        self.dearest = dearest(model)
        self.reach = np.full(model.n, -math.inf)
        self.begin = np.zeros(model.m + 1, dtype=np.int64)
        self.near = np.zeros(0, dtype=np.int32)
        self.value, self.linear = np.zeros(model.m), np.zeros(model.m)
        self.slope, self.part = np.zeros(model.m), np.zeros(model.m)
        self.edge = np.zeros(model.m, dtype=np.int64)
        self.measure = np.zeros(model.m, dtype=np.int64)
        width = self._most_units()
        self.can_be_whole = width * model.m <= MOST_HELD
        self.held = np.zeros((model.m, width if self.can_be_whole else 0), np.int32)
        self.covered = np.zeros(model.n)
        self.chosen = np.zeros(0, dtype=np.int64)

    def _most_units(self) -> int:
        """Number of units, at most, below the high end of any site."""
        most = self.model.n
        for demand, high in zip(self.model.demand, self.model.high, strict=True):
            if (high >= 0).all():
                sums = np.cumsum(np.sort(demand))
                fit = int(np.searchsorted(sums, high.max(initial=0), side="right"))
                most = min(most, fit + 1)
        return most

    def ask(self, price: Floats, whole: bool) -> float:
        """Return the bound at these prices; `covered` is what the sites take."""
        model = self.model
        if (price > self.reach).any():
            self._look_around(price)
        arcs = (self.cost, self.begin, self.near, price)
        filled = (self.value, self.slope, self.edge, self.part, self.measure)
        asked = (model.demand, model.low, model.high, model.own)
        self._on_threads(
            lambda first, last: price_sites(first, last, *arcs, *asked, *filled),
            model.m,
        )
        self.value += model.open_cost
        self.linear = self.value.copy()
        whole_sites = np.zeros(model.m, dtype=bool)
        if whole and self.can_be_whole:
            whole_sites = self._raise_values(price)
        if not self._enough():
            return math.inf
        self.chosen = self._choose()
        value = price.sum() + self.value[self.chosen].sum()
        value -= ROUNDING * np.abs(price).sum()
        self.covered = np.zeros(model.n)
        cover_whole(self.chosen[whole_sites[self.chosen]], self.held, self.covered)
        rest = self.chosen[~whole_sites[self.chosen]]
        cover(rest, *arcs, *asked, *filled[1:], self.covered)
        return float(value)

    def _look_around(self, price: Floats) -> None:
        """List the units that may pay for each site, until prices rise further."""
        self.reach = price + ROOM_TO_RISE * (np.abs(price) + np.abs(price).mean())
        count = np.zeros(self.model.m, dtype=np.int64)
        nothing = np.zeros(0, dtype=np.int32)
        self._list_near(count, nothing)
        self.begin = np.concatenate([[0], np.cumsum(count)])
        self.near = np.zeros(int(self.begin[-1]), dtype=np.int32)
        self._list_near(self.begin, self.near)

    def _list_near(self, begin: Ints, near: NDArray[np.int32]) -> None:
        self._on_threads(
            lambda first, last: list_near(
                first, last, self.cost, self.reach, begin, near
            ),
            self.model.m,
        )

    def _on_threads(self, work, count: int) -> None:  # type: ignore[no-untyped-def]
        cuts = np.linspace(0, count, self.threads + 1).astype(int)
        list(self.pool.map(work, cuts[:-1], cuts[1:]))

    def _enough(self) -> bool:
        """Whether kept sites can be open, and as many as must be."""
        can = np.isfinite(self.value)
        kept = self.model.kept
        if not can[kept].all() or kept.sum() > self.model.p:
            return False
        return not self.model.exact or int(can.sum()) >= self.model.p

    def _choose(self) -> Ints:
        """Kept sites and the cheapest others, p in all or fewer where allowed."""
        kept = np.flatnonzero(self.model.kept)
        others = np.flatnonzero(~self.model.kept & np.isfinite(self.value))
        order = others[np.argsort(self.value[others], kind="stable")]
        best = order[: max(0, self.model.p - len(kept))]
        if not self.model.exact:
            best = best[self.value[best] < 0]
        return np.concatenate([kept, best])

    def _raise_values(self, price: Floats) -> Bools:
        """Fill with whole units, until the sites chosen are filled so."""
        model, done = self.model, np.zeros(self.model.m, dtype=bool)
        scale = 2.0**50 / (1.0 + np.abs(price).sum())
        while True:
            chosen = self._choose()
            todo = chosen[~done[chosen] & (self.slope[chosen] > 0)]
            if len(todo) == 0:
                return done
            self.value[todo] -= model.open_cost[todo]
            self._on_threads(
                lambda first, last, todo=todo: fill_whole(
                    todo[first:last],
                    self.cost,
                    self.begin,
                    self.near,
                    price,
                    model.demand,
                    model.high,
                    model.own,
                    scale,
                    self.measure,
                    self.value,
                    self.held,
                ),
                len(todo),
            )
            self.value[todo] += model.open_cost[todo]
            done[todo] = True
