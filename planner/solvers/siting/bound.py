"""
A bound on the cost of a siting by prices on the units.

Each site may earn price_u with unit u and chooses freely within its band; the p sites
that cost least are opened:

    L = sum_u price_u + min over p sites of sum_j (open_j + K_j),
    K_j = min sum_u (c_uj - price_u) x_u   with   low_j <= sum_u d_u x_u <= high_j

is a lower limit on the cost of every plan, whatever the prices. Filled with fractions,
the best L is the optimum of the linear relaxation with x <= open; with whole units it
may be above it (Lorena and Senne 2004, doi:10.1016/S0305-0548(03)00039-X).

L is computed in doubles and lowered by `ROUNDING` of what was added up.

Gap of the bound to the best plan known, fractions only and whole units, two threads:

=============  ======  ======  =======
instance       linear  whole   seconds
=============  ======  ======  =======
SJC2           0.55 %  0.13 %  0.5
SJC4a          0.57 %  0.13 %  1.4
lin318_100     10.8 %  3.85 %  1
u724_200       4.8 %   1.23 %  2
spain737_74_1  2.2 %   0.62 %  5
p3038_600      1.6 %   0.43 %  10
county-MS      --      0.00 %  2
tract-NM       --      0.23 %  8
=============  ======  ======  =======
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from planner.solvers.result import Watch
from planner.solvers.siting.climb import FIRST_THETA, WHOLE_THETA, Climb
from planner.solvers.siting.model import SitingModel
from planner.solvers.siting.question import Bools, Floats, Ints, Question, usable


@dataclass(frozen=True, eq=False)
class SiteBound:
    """
    A proven lower limit, the prices behind it, and what it says of sites and arcs.

    Attributes
    ----------
    bound
        Lower limit on the cost of every plan; inf: proven that there is none.
    prices
        Of the units, shape (n,).
    value
        Least cost of opening the site at these prices, shape (m,); inf: never.
    linear
        The same with fractions of units, shape (m,).
    slope, measure
        Price of a step of the site's load in that measure, shape (m,).
    last
        Largest value among the sites chosen for the bound, kept sites left aside;
        where fewer may be chosen, at most 0.
    next
        Least value among the sites not chosen; where none need be, at most 0.
    steps
        Of the ascent.
    """

    bound: float
    prices: Floats
    value: Floats
    linear: Floats
    slope: Floats
    measure: Ints
    last: float
    next: float
    steps: int

    def if_open(self, kept: Bools) -> Floats:
        """Lower limit on the cost of every plan in which the site is open (m,)."""
        rise = np.maximum(0.0, self.value - self.last)
        return np.asarray(self.bound + np.where(kept, 0.0, rise))

    def if_closed(self, kept: Bools) -> Floats:
        """Lower limit on the cost of every plan in which the site is closed (m,)."""
        rise = np.maximum(0.0, self.next - self.value)
        return np.asarray(self.bound + np.where(kept, np.inf, rise))

    def arcs_up_to(self, model: SitingModel, limit: float) -> Bools:
        """
        Arcs that a plan of cost up to `limit` may use, shape (n, m).

        A site that must serve a unit that it does not take costs at least its linear
        value and the unit's reduced cost.
        """
        arcs = np.zeros((model.n, model.m), dtype=bool)
        opened = self.if_open(model.kept)
        without = np.where(model.kept, self.value, np.minimum(self.value, self.last))
        for j in np.flatnonzero(opened <= limit):
            demand = model.demand[self.measure[j]]
            reduced = model.cost[:, j] - self.prices + self.slope[j] * demand
            least = self.bound + self.linear[j] + reduced - without[j]
            arcs[:, j] = least <= limit
            if model.own[j] >= 0:
                arcs[model.own[j], j] = True
        return arcs & usable(model)


def site_bound(
    model: SitingModel,
    watch: Watch,
    *,
    upper: float = math.inf,
    start_prices: Floats | None = None,
    time_share: float = 1.0,
    threads: int = 2,
) -> SiteBound:
    """
    Raise the bound as far as it goes in the time.

    Parameters
    ----------
    upper
        Cost of a plan in hand, the target of the steps; inf: none.
    start_prices
        Of the units, shape (n,), such as those of an earlier bound.
    time_share
        Share of the time left that may be used.
    """
    ends = watch.seconds + watch.left * time_share
    fresh = start_prices is None
    prices = first_prices(model) if start_prices is None else start_prices
    with ThreadPoolExecutor(threads) as pool:
        question = Question(model, pool, threads)
        climb = Climb(question, prices, upper, FIRST_THETA if fresh else WHOLE_THETA)
        _climb(climb, watch, ends)
        if question.can_be_whole:
            climb.fill_whole()
            _climb(climb, watch, ends)
        value = question.ask(climb.best_prices, climb.whole)
    chosen = question.chosen[~model.kept[question.chosen]]
    full = model.exact or len(question.chosen) == model.p
    closed = ~model.kept
    closed[chosen] = False
    free = math.inf if model.exact else 0.0
    return SiteBound(
        bound=value if value <= question.dearest else math.inf,
        prices=climb.best_prices,
        value=question.value,
        linear=question.linear,
        slope=question.slope,
        measure=question.measure,
        last=float(question.value[chosen].max(initial=-math.inf)) if full else 0.0,
        next=float(question.value[closed].min(initial=free)),
        steps=climb.steps,
    )


def _climb(climb: Climb, watch: Watch, ends: float) -> None:
    while climb.goes_on and watch.seconds < ends and watch.left > 0:
        climb.step()
        if climb.steps % 50 == 0:
            watch.report("bound", bound=climb.best)


def first_prices(model: SitingModel) -> Floats:
    """Cost of each unit's nearest site, were every (m / p)th one open, shape (n,)."""
    rank = min(model.m - 1, model.m // max(1, model.p))
    near = np.partition(model.cost, rank, axis=1)[:, : rank + 1]
    return np.asarray(np.where(np.isfinite(near), near, 0.0).max(axis=1))
