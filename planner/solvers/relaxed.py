"""The question of `knapsack` at given prices: every rep chooses for itself."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from planner.problem import Problem
from planner.solvers.dual import Dual
from planner.solvers.filling import NO_CAP, fill_reps, forced
from planner.solvers.restrict import rank
from planner.solvers.result import Prices
from planner.solvers.rows import LinearRows, dropped_terms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LARGEST_SCALE = 2**20
"""Largest common denominator of the prices, a power of two."""
STEP_EFFORT, LAST_EFFORT = (1_000, 30), (4_000, 2_000)
"""Sets and halves for a rep with a band: in a step, and for the bound that is told."""
NEAR, NEAREST = 8, 2
"""
Arcs per unit that a step looks at, on average and at least: those of least reduced
cost. The bound that is told looks at all.
"""


@dataclass(eq=False)
class Items:
    """
    Arcs by rep.

    Attributes
    ----------
    begin, arc, unit
        Arcs of rep r are ``begin[r]:begin[r + 1]``: index in the problem, unit.
    base, weight, amount
        Of these arcs: cost and row prices, and demand in the two rows kept whole.
    taken
        Whether the rep took the arc in the last question.
    """

    begin: Ints
    arc: Ints
    unit: Ints
    base: Ints
    weight: Ints
    amount: Ints
    taken: NDArray[np.bool_]

    def only(self, kept: NDArray[np.bool_]) -> Items:
        """Return some of the arcs; `kept` by index in the problem."""
        at = kept[self.arc]
        return Items(
            begin=np.concatenate([[0], np.cumsum(at)])[self.begin],
            arc=self.arc[at],
            unit=self.unit[at],
            base=self.base[at],
            weight=self.weight[at],
            amount=self.amount[at],
            taken=self.taken[at],
        )


class Relaxed:
    """
    The problem without "each unit exactly once", in integers over a scale.

    Attributes
    ----------
    scale
        Common denominator of all prices.
    y
        Price of each row, shape (K,); on a knapsack's row only its low end is priced.
    knapsack, banded
        Row that caps each rep, and its priced row that is kept whole; -1 without one,
        shape (m + 1,).
    all, near
        All arcs, and those that a step looks at.
    start_of_rep, effort, exact
        See `fill_reps`.
    most
        Largest price of a unit whose sums fit 64 bits.
    """

    def __init__(self, problem: Problem, rows: LinearRows, dual: Dual) -> None:
        self.problem, self.rows = problem, rows
        self.knapsack = caps_of(problem, rows, dual.prices)
        self.banded = _bands(problem, rows)
        y = dual.prices.copy()
        own = self.knapsack[self.knapsack >= 0]
        y[own] = np.minimum(y[own], 0.0)
        y, self.scale = _scaled(problem, rows, y)
        most = np.where(np.isfinite(rows.price), rows.price * self.scale, 2.0**60)
        self.all_y = np.clip(np.rint(y), -most, most).astype(np.int64)
        self.matrix = rows.matrix.astype(np.int64)
        arc = np.argsort(problem.rep, kind="stable")
        rep = problem.rep[arc]
        self.all = Items(
            begin=np.searchsorted(rep, np.arange(problem.m + 2)).astype(np.int64),
            arc=arc,
            unit=problem.unit[arc].astype(np.int64),
            base=np.zeros(len(arc), dtype=np.int64),
            weight=_amounts(self.matrix, problem.rep, self.knapsack)[arc],
            amount=_amounts(self.matrix, problem.rep, self.banded)[arc],
            taken=np.zeros(len(arc), dtype=bool),
        )
        high = np.append(rows.high, NO_CAP)  # -1, nobody's row, is the last
        self.cap = high[self.knapsack].astype(np.int64)
        self.start_of_rep = np.ones((problem.m + 1, 2))
        held = self.banded >= 0
        self.start_of_rep[held, 0] = self.all_y[self.banded[held]]
        self.exact = np.ones(problem.m + 1, dtype=bool)
        self.effort = STEP_EFFORT
        self._price()
        self.near = self.all.only(_near(problem, dual.reduced))
        self.most = 2.0**59 / problem.n
        self.start = self.whole(self._first_prices(dual) * self.scale)

    def _price(self) -> None:
        """Price the rows that no rep keeps whole."""
        rows, bands = self.rows, np.zeros((self.problem.m + 1, 3), dtype=np.int64)
        held = self.banded >= 0
        index = self.banded[held]
        bands[held, 0] = rows.low[index]
        bands[held, 1] = np.minimum(rows.high[index], 2.0**53)
        bands[held, 2] = rows.price[index] * self.scale
        self.band = bands
        self.y = self.all_y.copy()
        self.y[index] = 0
        ends = np.where(self.y > 0, rows.high, rows.low)
        used = np.flatnonzero(self.y)
        self.constant = sum(int(self.y[k]) * int(ends[k]) for k in used)
        priced = self.scale * rows.cost + self.matrix @ self.y
        self.all.base = priced[self.all.arc]

    def _first_prices(self, dual: Dual) -> Floats:
        """
        Prices of units between their best and their second arc at the row prices.

        All of these give the bound of the row prices where fractions are allowed.
        With bands the middle is best; without, the best arc's cost.
        """
        start = self.problem.start[:-1]
        priced = self.rows.cost + self.rows.matrix @ dual.prices
        best = np.minimum.reduceat(priced, start)
        if not (self.banded >= 0).any():
            return np.asarray(best)
        unit = self.problem.unit
        first = np.flatnonzero(priced == best[unit])
        first = first[np.unique(unit[first], return_index=True)[1]]
        priced[first] = np.inf
        ahead = np.minimum.reduceat(priced, start) - best
        alone = ~np.isfinite(ahead)
        ahead[alone] = ahead[~alone].max(initial=0.0)
        return np.asarray(best + ahead / 2)

    def settle(self, prices: Ints, pool: ThreadPoolExecutor, threads: int) -> int:
        """Bound at some prices in the end; a band too hard to keep whole is priced."""
        self.effort, self.near = LAST_EFFORT, self.all
        value, _wanted = self.evaluate(prices, pool, threads)
        if self.exact.all():
            return value
        self.banded[~self.exact] = -1
        self._price()
        return self.evaluate(prices, pool, threads)[0]

    def whole(self, prices: Floats) -> Ints:
        """Round prices of units, within what 64 bits can add."""
        return np.rint(prices.clip(-self.most, self.most)).astype(np.int64)

    def evaluate(
        self, prices: Ints, pool: ThreadPoolExecutor, threads: int
    ) -> tuple[int, Ints]:
        """
        Bound times scale at some unit prices, and how many reps want each unit.

        Over the near arcs; once settled, over all.
        """
        m, items = self.problem.m + 1, self.near
        value = np.zeros(m, dtype=np.int64)
        share = np.linspace(0, len(items.arc), threads + 1)
        cuts = np.searchsorted(items.begin, share).clip(0, m)
        asked = self._asked(items, prices)
        parts = [
            pool.submit(
                fill_reps, *(first, last, *asked, items.taken, value, self.exact)
            )
            for first, last in itertools.pairwise(cuts)
        ]
        for part in parts:
            part.result()
        wanted = np.bincount(items.unit[items.taken], minlength=self.problem.n)
        return int(prices.sum()) + int(value.sum()) - self.constant, wanted

    def _asked(self, items: Items, prices: Ints) -> tuple[Any, ...]:
        """Arguments that say what the reps are asked."""
        return (
            items.begin,
            items.unit,
            items.base,
            items.weight,
            self.cap,
            items.amount,
            self.band,
            self.start_of_rep,
            *self.effort,
            prices,
        )

    def rounded_up(self, value: int) -> int:
        """Bound in steps of cost."""
        return -(-value // self.scale)

    def certificate(self, prices: Ints, value: int) -> Prices:
        """Everything that a judge needs to find the same bound."""
        ids = self.rows.ids
        return Prices(
            {ids[k]: int(self.y[k]) for k in np.flatnonzero(self.y)},
            self.scale,
            self.rounded_up(value),
            dropped_terms(self.problem),
            knapsacks=tuple(ids[k] for k in (*self.knapsack, *self.banded) if k >= 0),
            units=tuple(prices.tolist()),
        )

    def reduced(self, prices: Ints) -> Floats:
        """See `KnapsackDual.reduced`."""
        items = self.all
        put_in = np.empty(len(items.arc), dtype=np.int64)
        left_out = np.empty(len(items.arc), dtype=np.int64)
        forced(*(*self._asked(items, prices), put_in, left_out))
        others = np.zeros(self.problem.n, dtype=np.int64)
        np.add.at(others, items.unit, left_out)
        found = np.empty(len(items.arc))
        found[items.arc] = (put_in + others[items.unit] - left_out) / self.scale
        return found


def _near(problem: Problem, reduced: Floats) -> NDArray[np.bool_]:
    """Whether a step looks at each arc."""
    most = NEAR * problem.n
    if len(reduced) <= most:
        return np.ones(len(reduced), dtype=bool)
    return np.asarray(
        (reduced <= np.partition(reduced, most)[most])
        | (rank(problem, reduced) < NEAREST)
    )


def _bands(problem: Problem, rows: LinearRows) -> Ints:
    """
    Priced row of each rep that is kept whole, -1 without one, shape (m + 1,).

    Of several the one that costs most when nothing is served.
    """
    chosen = np.full(problem.m + 1, -1, dtype=np.int64)
    worth = np.zeros(problem.m + 1)
    named = {row.id: row for row in problem.rows}
    for index, name in enumerate(rows.ids):
        row = named[name]
        if row.price is None or len(row.reps) != 1 or row.reps[0] == problem.nobody:
            continue
        rep, ends = row.reps[0], row.low + (row.high or 0)
        if row.price * ends > worth[rep]:
            chosen[rep], worth[rep] = index, row.price * ends
    return chosen


def caps_of(problem: Problem, rows: LinearRows, y: Floats) -> Ints:
    """
    Row that caps each rep, -1 without one, shape (m + 1,).

    Of several hard caps of a rep the one whose whole room is dearest.
    """
    chosen = np.full(problem.m + 1, -1, dtype=np.int64)
    named = {row.id: row for row in problem.rows}
    worth = np.maximum(y, 0) * np.where(np.isfinite(rows.high), rows.high, 0.0)
    for index, name in enumerate(rows.ids):
        row = named[name]
        if row.price is not None or row.high is None or len(row.reps) != 1:
            continue
        rep = row.reps[0]
        if rep == problem.nobody:
            continue
        if chosen[rep] < 0 or worth[index] > worth[chosen[rep]]:
            chosen[rep] = index
    return chosen


def _scaled(problem: Problem, rows: LinearRows, y: Floats) -> tuple[Floats, int]:
    """
    Row prices times the largest scale at which all sums fit 64 bits, and the scale.

    A power of two up to `LARGEST_SCALE`. Prices too large even for 1, where no
    plan exists, shrink: smaller ones prove as much.
    """
    room = 2.0**58 / problem.n
    priced = float((rows.matrix @ np.abs(y)).max(initial=0.0))
    if priced > room / 2:
        y, priced = y * (room / 2 / priced), room / 2
    largest = priced + float(rows.cost.max(initial=1))
    scale = LARGEST_SCALE
    of_bands = sum(
        float(row.price) * (problem.total_demand[row.measure] + row.low)
        for row in problem.rows
        if row.price is not None
    )
    while scale > 1 and (scale * largest > room or scale * of_bands > 2.0**59):
        scale //= 2
    return y * scale, scale


def _amounts(matrix: csr_array, rep: NDArray[np.int32], row: Ints) -> Ints:
    """Demand of each arc in a row of its rep, shape (arcs,)."""
    arc = np.repeat(np.arange(len(rep)), np.diff(matrix.indptr))
    own = matrix.indices == row[rep[arc]]
    found = np.zeros(len(rep), dtype=np.int64)
    found[arc[own]] = matrix.data[own]
    return found
