"""
A bound on the cost of opening and serving, by prices that anyone can check again.

With a price on each unit and a price s on a step of each row of a candidate, an open
candidate earns the prices of what it takes and costs at least

    v_j = open_j + sum_u min(0, c_uj - price_u + sum_r s_r d_uj)
                 - sum_r max(s_r, 0) high_r + sum_r max(-s_r, 0) low_r,

where |s_r| may not exceed the price of a priced row. So

    sum_u price_u + sum of the kept v_j + the least sum of v_j of the others

is a lower limit on the cost of every plan. All prices are integers over one scale.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.problem import Problem, Row
from planner.solvers.siting.adapter import Site, rows_of_sites

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ROOM = 2**60
"""Sums of priced amounts stay below it."""
PASSES = 2
"""Over the rows of a candidate, when their prices are sought."""


@dataclass(frozen=True, eq=False)
class SitePrices:
    """
    Prices behind a bound on what opening and serving cost together.

    Attributes
    ----------
    units
        Price of each unit, times `scale`, length n.
    rows
        Row id -> price of a step of load, times `scale`; rows at 0 are left out.
    scale
        Common denominator.
    bound
        Lower limit on the cost of every plan, in steps of cost.
    dropped
        Rules and terms that the bound does not use (it is valid without them).
    """

    units: tuple[int, ...]
    rows: dict[str, int]
    scale: int
    bound: int
    dropped: tuple[str, ...]


class Pricing:
    """
    A problem's arcs by candidate, to be priced again and again.

    Attributes
    ----------
    scale
        Of the integer prices.
    value
        Of each candidate at the last prices, times `scale`, shape (m,).
    taken
        How often the chosen candidates take each unit at the last prices, (n,).
    """

    def __init__(self, problem: Problem) -> None:
        assert problem.opening is not None
        self.problem, self.opening = problem, problem.opening
        order = np.argsort(problem.rep, kind="stable")
        self.begin = np.searchsorted(problem.rep[order], np.arange(problem.m + 2))
        self.unit = problem.unit[order]
        self.cost = problem.total_cost[order]
        self.demand = problem.demand[:, order]
        self.sites = rows_of_sites(problem)
        self.scale = _scale(problem)
        self.value = np.zeros(problem.m, dtype=np.int64)
        self.taken: Floats = np.zeros(problem.n)

    def ask(self, prices: Ints) -> SitePrices:
        """Return the bound at integer prices of the units, with good ones of rows."""
        problem, found = self.problem, dict[str, int]()
        takes: list[NDArray[np.int32]] = []
        for site in range(problem.m):
            mine = slice(self.begin[site], self.begin[site + 1])
            unit = self.unit[mine]
            reduced = self.cost[mine] * self.scale - prices[unit]
            taken, back = self._site(self.sites[site], reduced, mine, found)
            self.value[site] = (
                int(self.opening.cost[site]) * self.scale + int(taken.sum()) - back
            )
            takes.append(unit[taken < 0])
        out = slice(self.begin[problem.m], self.begin[problem.m + 1])
        left = np.minimum(0, self.cost[out] * self.scale - prices[self.unit[out]])
        chosen = self._chosen()
        free = np.bincount(self.unit[out][left < 0], minlength=problem.n)
        self.taken = free.astype(float)
        for site in chosen:
            self.taken[takes[site]] += 1
        total = (
            sum(prices.tolist()) + int(left.sum()) + sum(self.value[chosen].tolist())
        )
        return SitePrices(
            tuple(prices.tolist()), found, self.scale, -(-total // self.scale), ()
        )

    def bound_at(self, prices: Floats) -> int:
        """Return the bound at prices of the units in steps of cost, shape (n,)."""
        return self.ask(np.floor(prices * self.scale).astype(np.int64)).bound

    def _chosen(self) -> Ints:
        kept = np.flatnonzero(self.opening.kept)
        others = np.flatnonzero(~self.opening.kept)
        order = others[np.argsort(self.value[others], kind="stable")]
        best = order[: self.opening.count - len(kept)]
        if not self.opening.exactly:
            best = best[self.value[best] < 0]
        return np.concatenate([kept, best])

    def _site(
        self, site: Site, reduced: Ints, mine: slice, found: dict[str, int]
    ) -> tuple[Ints, int]:
        """Least sums of the arcs of a candidate, and what its rows give back."""
        rows = [self.problem.rows[at] for at in (*site.hard, *site.priced)]
        chosen = [0] * len(rows)
        for _ in range(PASSES if len(rows) > 1 else 1):
            for at, row in enumerate(rows):
                demand = self.demand[row.measure, mine]
                others = reduced
                for other, price in enumerate(chosen):
                    if other != at and price:
                        takes = self.demand[rows[other].measure, mine]
                        others = others + price * takes
                chosen[at] = _price_of_load(others, demand, row, self.scale)
        back = 0
        for row, price in zip(rows, chosen, strict=True):
            if price:
                found[row.id] = price
                reduced = reduced + price * self.demand[row.measure, mine]
                back += price * row.high if price > 0 else price * row.low  # type: ignore[operator]
        return np.minimum(0, reduced), back


def _price_of_load(reduced: Ints, demand: Ints, row: Row, scale: int) -> int:
    """Price of a step of load at which a candidate just keeps a row."""
    most = ROOM // max(1, len(demand) * int(demand.max(initial=1)))
    if row.price is not None:
        most = min(most, row.price * scale)
    wanted = (reduced < 0) & (demand > 0)
    load = int(demand[wanted].sum())
    if row.high is not None and load > row.high:
        gain, takes = -reduced[wanted], demand[wanted]
        order = np.argsort(gain / takes)[::-1]
        at = int(np.searchsorted(np.cumsum(takes[order]), row.high, side="right"))
        return min(most, int(gain[order[at]] // takes[order[at]]))
    if load < row.low:
        others = (reduced >= 0) & (demand > 0)
        loss, takes = reduced[others], demand[others]
        order = np.argsort(loss / takes)
        filled = load + np.cumsum(takes[order])
        at = int(np.searchsorted(filled, row.low))
        if at == len(order):  # never full: as dear as may be
            return -min(most, _dearest(reduced, demand))
        return -min(most, int(loss[order[at]] // takes[order[at]]) + 1)
    return 0


def _dearest(reduced: Ints, demand: Ints) -> int:
    """Return a high price of load that cannot overflow."""
    return int(2 * np.abs(reduced).max(initial=0) // max(1, demand.max(initial=1)))


def _scale(problem: Problem) -> int:
    """Largest power of ten up to 1,000 at which no sum overflows."""
    worst = float(problem.total_cost.max(initial=1)) * max(1, problem.n) * 4
    scale = 1000
    while scale > 1 and worst * scale > ROOM:
        scale //= 10
    return scale


def raise_bound(
    pricing: Pricing,
    start: Floats,
    upper: float,
    goes_on: Callable[[], bool],
    steps: int,
) -> SitePrices:
    """
    Raise the bound by subgradient steps from some prices of the units.

    Parameters
    ----------
    start
        In steps of cost, shape (n,).
    upper
        Cost that the bound may come near to: only the steps depend on it.
    goes_on
        Asked before each step.
    steps
        At most.
    """
    prices = start * pricing.scale
    best = pricing.ask(np.floor(prices).astype(np.int64))
    best_prices, theta, idle = prices.copy(), 0.5, 0
    direction = np.zeros(len(prices))
    for _ in range(steps):
        if not goes_on():
            break
        gradient = 1.0 - pricing.taken
        if not gradient.any():
            break
        direction = 0.7 * direction + gradient
        target = max(upper, best.bound + 0.02 * abs(best.bound) + 1)
        distance = (target - best.bound) * pricing.scale
        length = theta * distance / max(1.0, float(direction @ direction))
        prices = prices + length * direction
        found = pricing.ask(np.floor(prices).astype(np.int64))
        if found.bound > best.bound:
            best, best_prices, idle = found, prices.copy(), 0
        else:
            idle += 1
            if idle >= 5:
                theta, idle = theta / 2, 0
                prices, direction = best_prices.copy(), np.zeros(len(prices))
                pricing.ask(np.floor(prices).astype(np.int64))
            if theta < 1e-3:
                break
    return best
