"""
Prices on the rows: a proven bound, and what each row is worth.

With a price y on every row, each unit simply takes its cheapest arc, so

    D(y) = sum_u min_a (c_a + sum_k y_k d_ka) - sum_k (high_k y_k^+ - low_k y_k^-)

is a lower limit on the cost of every plan for any y with |y_k| <= price_k
(Lagrangian duality; Geoffrion 1974, doi:10.1007/BFb0120690). It equals the bound of
the linear relaxation at the best y.

The minimum is smoothed by a softmin of temperature eps and maximised by projected
Newton with Levenberg damping while eps falls. What is reported is the exact minimum
over all arcs, in integers, valid whatever Newton did.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from planner.problem import Problem
from planner.solvers.result import Prices, Watch
from planner.solvers.rows import LinearRows
from planner.solvers.softmin import softmin

Floats = NDArray[np.float64]

STAGES = 12
"""Temperatures from coarse to fine."""
DEAREST = 1e13
"""Largest price of a typical demand; only problems without a plan come near it."""
NEWTON_STEPS = 25
"""Newton steps at each temperature at most."""


@dataclass(frozen=True, eq=False)
class Dual:
    """Prices (K,), and the reduced cost of every arc above its unit's best."""

    prices: Floats
    reduced: Floats
    certificate: Prices


def solve_dual(
    problem: Problem,
    rows: LinearRows,
    watch: Watch,
    *,
    start: Floats | None = None,
    time_share: float = 1.0,
    worst: float = np.inf,
) -> Dual:
    """
    Find prices whose bound is within a hair of the best one.

    Parameters
    ----------
    problem, rows
        Every unit must have at least one arc.
    start
        Prices to start from, shape (K,).
    time_share
        Share of the time left that may be used.
    worst
        No plan costs more: a bound above it proves that there is no plan.

    Returns
    -------
    The prices with the best exact bound met on the way.
    """
    ends = watch.seconds + watch.left * time_share
    unit = _typical_demand(rows)
    scaled = _in_units(rows, unit)
    bounds = _price_range(scaled)
    y = np.zeros(len(unit)) if start is None else np.clip(start * unit, *bounds)
    smoothed = _Smoothed(problem, scaled)
    best, best_value = y, -np.inf
    for eps in _temperatures(problem, rows):
        if watch.seconds > ends or not len(y) or best_value > worst:
            break
        y, value = _newton(smoothed, y, eps, bounds, lambda: watch.seconds > ends)
        if value > best_value:
            best, best_value = y, value
            watch.report("bound", bound=value)
    certificate = integer_prices(problem, rows, best / unit)
    watch.report("bound", bound=certificate.bound)
    y = best / unit
    return Dual(y, reduced_costs(problem, rows, y), certificate)


def _typical_demand(rows: LinearRows) -> Floats:
    """Mean demand of the arcs in each row: hours and head counts become alike."""
    count = np.maximum(np.diff(rows.matrix.tocsc().indptr), 1)
    mean = np.asarray(rows.matrix.sum(axis=0)) / count
    return np.where(mean > 0, mean, 1.0)


def _in_units(rows: LinearRows, unit: Floats) -> LinearRows:
    """Measure every row in its typical demand."""
    return replace(
        rows,
        matrix=csr_array(rows.matrix @ diags_array(1 / unit)),
        low=rows.low / unit,
        high=rows.high / unit,
        price=rows.price * unit,
    )


def _price_range(rows: LinearRows) -> tuple[Floats, Floats]:
    """Prices outside this range give no bound, or can never help."""
    cap = np.minimum(rows.price, DEAREST)
    lowest = np.where(rows.low > 0, -cap, 0.0)
    highest = np.where(np.isfinite(rows.high), cap, 0.0)
    return lowest, highest


def _temperatures(problem: Problem, rows: LinearRows) -> Floats:
    """Falling temperatures, from the spread of the arcs' costs to a fraction of it."""
    first = problem.start[:-1]
    best = np.minimum.reduceat(rows.cost, first)
    above = (rows.cost - best[problem.unit]).astype(float)
    if not (above > 0).any():
        return np.array([1.0])
    typical = np.median(above[above > 0]) / 20
    return np.asarray(np.geomspace(typical + 1e-3, typical * 2e-4 + 1e-3, STAGES))


def reduced_costs(problem: Problem, rows: LinearRows, y: Floats) -> Floats:
    """How far each arc lies above its unit's cheapest at these prices, >= 0."""
    priced = rows.cost + rows.matrix @ y
    best = np.minimum.reduceat(priced, problem.start[:-1])
    return np.asarray(priced - best[problem.unit])


@dataclass(frozen=True, eq=False)
class _Point:
    """The smoothed dual at some prices."""

    value: float
    hard: float
    gradient: Floats
    weight: Floats


class _Smoothed:
    """The smoothed dual of a problem, over all of its arcs."""

    def __init__(self, problem: Problem, rows: LinearRows) -> None:
        self.problem, self.rows = problem, rows
        self.cost = rows.cost.astype(float)
        two = np.isfinite(rows.high) & (rows.low > 0)
        high = np.where(np.isfinite(rows.high), rows.high, rows.low)
        self.middle = np.where(two, (high + rows.low) / 2, high)
        self.half = np.where(two, (high - rows.low) / 2, 0.0)

    def at(self, y: Floats, eps: float) -> _Point:
        """Value, exact value, gradient and arc weights at prices y."""
        matrix = self.rows.matrix
        weight, load = np.empty(len(self.cost)), np.empty(len(y))
        soft, hard = softmin(
            self.problem.start,
            self.cost,
            matrix.indptr,
            matrix.indices,
            matrix.data,
            y,
            eps,
            weight,
            load,
        )
        # |y| is rounded off by about as much as the softmin rounds the minimum.
        root = np.sqrt(y * y + (eps / 2) ** 2)
        linear = float(self.middle @ y)
        return _Point(
            value=soft - linear - float(self.half @ root),
            hard=hard - linear - float(self.half @ np.abs(y)),
            gradient=load - self.middle - self.half * y / root,
            weight=weight,
        )

    def negative_hessian(self, y: Floats, eps: float, weight: Floats) -> Floats:
        """Curvature of the smoothed dual, dense, shape (K, K)."""
        carrying = np.flatnonzero(weight > 3e-3)
        matrix = self.rows.matrix[carrying]
        spread = diags_array(weight[carrying]) @ matrix
        unit = self.problem.unit[carrying]
        shape = (self.problem.n, len(unit))
        pick = csr_array((np.ones(len(unit)), (unit, np.arange(len(unit)))), shape)
        mean = pick @ spread
        dense = (matrix.T @ spread - mean.T @ mean).toarray() / eps
        root = np.sqrt(y * y + (eps / 2) ** 2)
        return np.asarray(dense + np.diag(self.half * (eps / 2) ** 2 / root**3))


def _newton(
    smoothed: _Smoothed,
    y: Floats,
    eps: float,
    bounds: tuple[Floats, Floats],
    late: Callable[[], bool],
) -> tuple[Floats, float]:
    """Maximise the smoothed dual by projected, damped Newton; also the hard value."""
    damping = 1e-3
    point = smoothed.at(y, eps)
    for _ in range(NEWTON_STEPS):
        gradient = point.gradient
        free = ~(
            ((y <= bounds[0]) & (gradient < 0)) | ((y >= bounds[1]) & (gradient > 0))
        )
        if late() or not free.any():
            break
        curvature = smoothed.negative_hessian(y, eps, point.weight)[np.ix_(free, free)]
        diagonal = np.diag(curvature)
        floor = 0.3 * np.median(diagonal) + 0.05 / eps  # else flat where all is decided
        gained = 0.0
        for _ in range(8):
            damped = curvature + np.diag(damping * (diagonal + floor))
            step = np.zeros_like(y)
            step[free] = np.linalg.solve(damped, gradient[free])
            trial = np.clip(y + step, *bounds)
            there = smoothed.at(trial, eps)
            gained = there.value - point.value
            if gained > 1e-4 * float(gradient @ (trial - y)):
                damping = max(damping / 6, 1e-9)
                y, point = trial, there
                break
            damping *= 8
        if gained <= max(1e-9 * abs(point.value), 1e-5 * smoothed.problem.n * eps):
            break
    return y, point.hard


def integer_prices(problem: Problem, rows: LinearRows, y: Floats) -> Prices:
    """
    Round prices to a common denominator and evaluate the bound exactly.

    The denominator is the largest power of two, at most 2^20, for which every
    intermediate number stays below 2^61.
    """
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
    matrix = csr_array(
        (rows.matrix.data.astype(np.int64), rows.matrix.indices, rows.matrix.indptr),
        shape=rows.matrix.shape,
    )
    priced = scale * rows.cost + matrix @ numerators
    best = np.minimum.reduceat(priced, problem.start[:-1])
    total = int(best.astype(object).sum())
    for price, low, high in zip(numerators, rows.low, rows.high, strict=True):
        total -= int(price) * int(high) if price > 0 else int(price) * int(low)
    bound = -((-total) // scale)
    named = {
        row: int(price)
        for row, price in zip(rows.ids, numerators, strict=True)
        if price
    }
    dropped = sorted({split.term for split in problem.splits})
    if problem.apart:
        dropped.append("apart")
    return Prices(named, scale, bound, tuple(dropped))
