"""
Prices on the rows: a proven bound, and what each row is worth.

With a price y on every row, each unit simply takes its cheapest arc, so

    D(y) = sum_u min_a (c_a + sum_k y_k d_ka) - sum_k (high_k y_k^+ - low_k y_k^-)

is a lower limit on the cost of every plan for any y with |y_k| <= price_k
(Lagrangian duality; Geoffrion 1974, doi:10.1007/BFb0120690). It equals the bound of
the linear relaxation at the best y.

The minimum is smoothed by a softmin of temperature eps and maximised by projected
Newton with Levenberg damping while eps falls: hot stages on a sample of the units,
the cold ones on all. What is reported is the exact minimum over all eligible arcs, in
integers, valid whatever Newton did. A large problem holds few arcs only; its source is
asked before and after each stage for arcs that the prices have made attractive, and
the last time for a proof that there are none. On two threads 100,000 accounts x 1,000
reps take 23 s, 1,000,000 x 5,000 take 356 s and 9.7 GB. Without the stage at 3e-4 of
the spread the bound of the former is 0.001 % lower, 1.5 s earlier.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planner.arcs import arcs_of, holding, part_of, with_arcs
from planner.problem import Problem
from planner.solvers.newton import Smoothed, newton
from planner.solvers.result import Prices, Watch
from planner.solvers.rows import LinearRows, dropped_terms, linear_rows
from planner.solvers.softmin import exact_minimum

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]

HOT, COLD = 0.3, 3e-4
"""First and last temperature over the spread of a unit's costs."""
STAGES = 8
"""Temperatures from hot to cold; large problems leave out the coldest."""
SAMPLED = 0.02
"""Temperatures down to this are met on a sample only."""
WARM = 0.004
"""First temperature when good prices are at hand."""
SAMPLE_PER_ROW = 10
"""
Units of the sample for each row; twice as many at the last temperature of a sample.

Bound after all stages over the same arcs, before prices had dampings of their own.
100,000 x 1,000: 14.3624 M as large throughout (8.5 s), 14.3634 M as set (9 s).
1,000,000 x 5,000: 39.2547 M (88 s); with thrice as many 39.2603 M (106 s).
"""
SAMPLED_ARCS = 64
"""
Arcs of a unit of the sample, chosen anew at each temperature; with those cheapest
without prices instead, the bound at 1,000,000 x 5,000 ended 0.12 % lower, 19 s earlier
(at 100,000 x 1,000 0.01 % higher, 5 s earlier).
"""
ROUNDS, FEW = 4, 0.1
"""
How often a temperature is met, as long as more than `FEW` arcs per unit were found.

At 1,000,000 x 5,000 prices that settle on all units make 6 and then 0.9 more arcs per
unit attractive: met once each, the bound ended 0.2 % lower, 65 s earlier.
"""
RANK = 12
"""The spread of a unit's costs is what its arc of this rank costs above its best."""
HELD_ARCS = 32
"""Arcs of a unit in the problem that is handed on."""
DEAREST = 1e13
"""Largest price of a typical demand; only problems without a plan come near it."""


@dataclass(frozen=True, eq=False)
class Dual:
    """
    Prices with a proven bound.

    Attributes
    ----------
    prices
        Of one step of each row, shape (K,).
    reduced
        Reduced cost of every held arc above its unit's best, shape (arcs,).
    certificate
        The same prices in integers, and their bound over all eligible arcs.
    problem, rows
        The problem with the arcs that matter at these prices; the given one where it
        holds all.
    """

    prices: Floats
    reduced: Floats
    certificate: Prices
    problem: Problem
    rows: LinearRows


def solve_dual(
    problem: Problem,
    rows: LinearRows,
    watch: Watch,
    *,
    start: Floats | None = None,
    time_share: float = 1.0,
    worst: float = np.inf,
    threads: int = 1,
) -> Dual:
    """
    Find prices whose bound is within a hair of the best one.

    Parameters
    ----------
    problem, rows
        Every unit must have at least one arc.
    start
        Prices to start from, shape (K,); the hot stages are then left out.
    time_share
        Share of the time left that may be used.
    worst
        No plan costs more: a bound above it proves that there is no plan. Only looked
        at where all arcs are held.
    threads
        Threads of the passes over arcs and pairs.

    Returns
    -------
    The prices with the best exact bound met on the way.
    """
    run = _Run(problem, rows, watch, watch.seconds + watch.left * time_share, threads)
    return run.solve(start, worst if problem.source is None else np.inf)


class _Run:
    """One dual: the problem as it grows, and the best prices so far."""

    def __init__(
        self,
        problem: Problem,
        rows: LinearRows,
        watch: Watch,
        ends: float,
        threads: int,
    ) -> None:
        self.problem, self.rows, self.watch, self.ends = problem, rows, watch, ends
        self.threads = threads
        if problem.source is not None:
            problem.source.threads = threads
        self.unit = _typical_demand(rows)
        cap = np.minimum(rows.price * self.unit, DEAREST)
        self.bounds = (
            np.where(rows.low > 0, -cap, 0.0),
            np.where(np.isfinite(rows.high), cap, 0.0),
        )
        self.named = {row.id: row for row in problem.rows}

    def late(self) -> bool:
        """Whether the share of the time is used up."""
        return self.watch.seconds > self.ends

    def solve(self, start: Floats | None, worst: float) -> Dual:
        y, best_value = np.zeros(len(self.unit)), -np.inf
        temperatures = self._temperatures()
        if start is not None:
            y = np.clip(start * self.unit, *self.bounds)
            cold = temperatures <= WARM * self.spread
            cold[-1:] = True  # also where no unit's costs differ
            temperatures = temperatures[cold]
        elif len(y):
            y, temperatures = self._sampled(y, temperatures)
        best = y
        if self.problem.source is not None:
            self._choose(y)
        smoothed = None
        for eps in temperatures:
            for _again in range(ROUNDS):
                if self.late() or not len(y) or best_value > worst:
                    break
                found = 0 if smoothed is None else self._widened(y, eps)
                if found or smoothed is None:
                    smoothed = self._smoothed(self.problem, self.rows)
                y, value = newton(smoothed, y, eps, self.bounds, self.late)
                if self.problem.source is not None:
                    best = y  # values over held arcs only do not compare
                elif value > best_value:
                    best, best_value = y, value
                    self.watch.report("bound", bound=value)
                if found <= FEW * self.problem.n:
                    break
        certificate = self._proven(best / self.unit)
        self.watch.report("bound", bound=certificate.bound)
        prices = best / self.unit
        reduced = reduced_costs(self.problem, self.rows, prices)
        return Dual(prices, reduced, certificate, self.problem, self.rows)

    def _smoothed(
        self, problem: Problem, rows: LinearRows, share: Floats | float = 1.0
    ) -> Smoothed:
        return Smoothed(problem, rows, self.unit, share=share, threads=self.threads)

    def _temperatures(self) -> Floats:
        """Falling temperatures, from the spread of costs to a fraction of it."""
        step = max(1, self.problem.n // 5_000)
        units = np.arange(0, self.problem.n, step)
        above = []
        for unit in units.tolist():
            begin, end = self.problem.start[unit], self.problem.start[unit + 1]
            cost = np.sort(self.rows.cost[begin:end])
            above.append(float(cost[min(RANK, len(cost)) - 1] - cost[0]))
        rising = [value for value in above if value > 0]
        self.spread = float(np.median(rising)) + 1e-3 if rising else 1.0
        stages = np.geomspace(HOT * self.spread, COLD * self.spread, STAGES)
        if self.problem.source is not None:
            stages = stages[:-1]
        return np.asarray(stages if rising else stages[-1:] + 1.0)

    def _sampled(self, y: Floats, temperatures: Floats) -> tuple[Floats, Floats]:
        """Meet the hot temperatures on samples; return those that are left."""
        hot = temperatures[temperatures > SAMPLED * self.spread]
        sizes = np.full(len(hot), SAMPLE_PER_ROW * len(y))
        sizes[-1:] *= 2
        if 2 * sizes.max(initial=0) > self.problem.n:
            return y, temperatures
        for size, eps in zip(sizes.tolist(), hot, strict=True):
            if self.late():
                break
            smoothed = self._of_sample(size, y)
            y, _value = newton(smoothed, y, eps, self.bounds, self.late)
        return y, temperatures[len(hot) :]

    def _of_sample(self, size: int, y: Floats) -> Smoothed:
        """Return the smoothed dual of some random units, with bands scaled to them."""
        rng = np.random.default_rng(0)
        units = np.sort(rng.choice(self.problem.n, size, replace=False))
        problem, source = part_of(self.problem, units), self.problem.source
        if source is not None and y.any():
            parts = source.cheapest(self._each(y), SAMPLED_ARCS, units)
            whole = units[source.complete[units]]
            problem = holding(problem, [arcs_of(self.problem, whole), *parts], units)
        return self._smoothed(problem, linear_rows(problem), self._share(units))

    def _share(self, units: Positions) -> Floats:
        """Share of all demand for each row that a sample of the units has, (K,)."""
        problem = self.problem
        size = np.maximum(np.diff(problem.start), 1)
        share = []
        for values in problem.demand:
            mean = np.add.reduceat(values, problem.start[:-1], dtype=float) / size
            share.append(mean[units].sum() / max(mean.sum(), 1e-9))
        return np.array([share[self.named[row].measure] for row in self.rows.ids])

    # ---- arcs that are not held --------------------------------------------------

    def _each(self, y: Floats) -> Floats:
        """Prices by measure and rep, as the source wants them."""
        source = self.problem.source
        assert source is not None
        rows = tuple(self.named[row] for row in self.rows.ids)
        return source.by_rep(rows, y / self.unit)

    def _take(self, problem: Problem) -> None:
        self.problem, self.rows = problem, linear_rows(problem)

    def _choose(self, y: Floats) -> None:
        """Hold the arcs of least reduced cost of each unit instead of the present."""
        source = self.problem.source
        assert source is not None
        units = np.arange(self.problem.n)
        whole = arcs_of(self.problem, np.flatnonzero(source.complete))
        parts = [whole, *source.cheapest(self._each(y), HELD_ARCS)]
        self._take(holding(self.problem, parts, units))

    def _widened(self, y: Floats, eps: float) -> int:
        """Hold also what is cheaper than the best held arc, or nearly; how many."""
        source = self.problem.source
        if source is None:
            return 0
        priced = self.rows.cost + self.rows.matrix @ (y / self.unit)
        least = np.minimum.reduceat(priced, self.problem.start[:-1])
        found = source.below(self.problem, least + eps, self._each(y), every=False)
        self._take(with_arcs(self.problem, found))
        return len(found.rep)

    def _proven(self, prices: Floats) -> Prices:
        """Price in integers; hold whatever is below the least of the held arcs."""
        source = self.problem.source
        while True:
            certificate, best, numerators = _in_integers(
                self.problem, self.rows, prices, self.threads
            )
            if source is None:
                return certificate
            scale = certificate.scale
            each = self._each(numerators / scale * self.unit)
            found = source.below(self.problem, best / scale, each)
            self._take(with_arcs(self.problem, found))
            again = _in_integers(self.problem, self.rows, prices, self.threads)
            if again[0].scale == scale:  # so these are the prices that were asked for
                return again[0]


def with_plan(dual: Dual, rep_of: Positions) -> Dual:
    """Hold also the arcs of a plan: rep of each unit (-1: unknown), shape (n,)."""
    source = dual.problem.source
    if source is None:
        return dual
    problem = source.with_plan(dual.problem, rep_of)
    rows = linear_rows(problem)
    reduced = reduced_costs(problem, rows, dual.prices)
    return replace(dual, problem=problem, rows=rows, reduced=reduced)


def _typical_demand(rows: LinearRows) -> Floats:
    """Mean demand of the arcs in each row: hours and head counts become alike."""
    k = len(rows.ids)
    count = np.maximum(np.bincount(rows.matrix.indices, minlength=k), 1)
    mean = np.bincount(rows.matrix.indices, rows.matrix.data, minlength=k) / count
    return np.where(mean > 0, mean, 1.0)


def reduced_costs(problem: Problem, rows: LinearRows, y: Floats) -> Floats:
    """How far each held arc lies above its unit's cheapest at these prices, >= 0."""
    priced = rows.cost + rows.matrix @ y
    best = np.minimum.reduceat(priced, problem.start[:-1])
    return np.asarray(priced - best[problem.unit])


def integer_prices(problem: Problem, rows: LinearRows, y: Floats) -> Prices:
    """
    Round prices to a common denominator and evaluate the bound exactly.

    The denominator is the largest power of two, at most 2^20, for which every
    intermediate number stays below 2^61. Over the held arcs only.
    """
    return _in_integers(problem, rows, y, 1)[0]


def _in_integers(
    problem: Problem, rows: LinearRows, y: Floats, threads: int
) -> tuple[Prices, NDArray[np.int64], NDArray[np.int64]]:
    """Prices with their bound, the least of each unit (n,), and numerators (K,)."""
    largest = float((rows.matrix @ np.abs(y)).max(initial=0.0))
    if largest > 2**58:  # only where no plan exists; smaller prices prove as much
        y, largest = y * (2**58 / largest), 2.0**58
    biggest = float(rows.cost.max(initial=1)) + largest
    scale = 2**20
    while scale > 1 and (
        scale * biggest > 2**61 or scale * np.abs(y).max(initial=0) > 2**61
    ):
        scale //= 2
    numerators = np.rint(y * scale).astype(np.int64)
    cap = np.where(np.isfinite(rows.price), rows.price * scale, 2**62)
    numerators = np.clip(numerators, -cap.astype(np.int64), cap.astype(np.int64))
    best = np.empty(problem.n, dtype=np.int64)
    matrix = rows.matrix
    edges = np.linspace(0, problem.n, threads + 1).astype(int)

    def work(part: int) -> None:
        exact_minimum(
            problem.start,
            rows.cost,
            matrix.indptr,
            matrix.indices,
            matrix.data,
            numerators,
            scale,
            edges[part],
            edges[part + 1],
            best,
        )

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    total = (int((best >> 32).sum()) << 32) + int((best & 0xFFFFFFFF).sum())
    for price, low, high in zip(numerators, rows.low, rows.high, strict=True):
        total -= int(price) * int(high) if price > 0 else int(price) * int(low)
    bound = -((-total) // scale)
    named = {
        row: int(price)
        for row, price in zip(rows.ids, numerators, strict=True)
        if price
    }
    return Prices(named, scale, bound, dropped_terms(problem)), best, numerators
