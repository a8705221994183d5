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

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from planner.problem import Problem
from planner.solvers.result import Prices, Watch
from planner.solvers.rows import LinearRows

Floats = NDArray[np.float64]

STAGES = 14
"""Temperatures from coarse to fine."""
NEWTON_STEPS = 8
"""Newton steps at each temperature at most."""
KEEP = 30.0
"""Arcs farther than this many eps above their unit's best carry no weight."""


@dataclass(frozen=True, eq=False)
class Dual:
    """Prices in floats (K,), and the reduced cost of every arc above its unit's best."""

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

    Returns
    -------
    The prices with the best exact bound met on the way.
    """
    ends = watch.seconds + watch.left * time_share
    lowest, highest = _price_range(rows)
    y = np.zeros(len(rows.ids)) if start is None else np.clip(start, lowest, highest)
    best, best_value = y, hard_value(problem, rows, y)
    for eps in _temperatures(problem, rows):
        if watch.seconds > ends or not len(y):
            break
        near = _near_arcs(problem, rows, y, eps)
        y = _newton(near, rows, y, eps, (lowest, highest))
        value = hard_value(problem, rows, y)
        if value > best_value:
            best, best_value = y, value
            watch.report("bound", bound=value / 1.0)
    certificate = integer_prices(problem, rows, best)
    watch.report("bound", bound=certificate.bound)
    return Dual(best, reduced_costs(problem, rows, best), certificate)


def _price_range(rows: LinearRows) -> tuple[Floats, Floats]:
    """Prices outside this range give no bound, or can never help."""
    lowest = np.where(rows.low > 0, -rows.price, 0.0)
    highest = np.where(np.isfinite(rows.high), rows.price, 0.0)
    return lowest, highest


def _temperatures(problem: Problem, rows: LinearRows) -> Floats:
    """Falling temperatures, from the spread of the arcs' costs to a fraction of it."""
    first = problem.start[:-1]
    best = np.minimum.reduceat(rows.cost, first)
    above = (rows.cost - best[problem.unit]).astype(float)
    width = np.diff(problem.start)
    count = np.minimum(width, 5)
    if not (above > 0).any():
        return np.array([1.0])
    typical = np.median(above[above > 0]) / 20 + count.mean()
    return np.asarray(np.geomspace(typical, typical * 2e-4 + 1e-3, STAGES))


def hard_value(problem: Problem, rows: LinearRows, y: Floats) -> float:
    """Value of D(y), in floats."""
    priced = rows.cost + rows.matrix @ y
    return float(
        np.minimum.reduceat(priced, problem.start[:-1]).sum() - _constant(rows, y)
    )


def _constant(rows: LinearRows, y: Floats) -> float:
    """Sum of high y+ - low y- over the rows."""
    up, down = np.maximum(y, 0), np.maximum(-y, 0)
    high = np.where(up > 0, rows.high, 0.0)
    return float(high @ up - rows.low @ down)


def reduced_costs(problem: Problem, rows: LinearRows, y: Floats) -> Floats:
    """How far each arc lies above its unit's cheapest at these prices, >= 0."""
    priced = rows.cost + rows.matrix @ y
    best = np.minimum.reduceat(priced, problem.start[:-1])
    return np.asarray(priced - best[problem.unit])


@dataclass(frozen=True, eq=False)
class _Near:
    """Arcs that can matter at a temperature: cost, rows, unit, first arc of each."""

    cost: Floats
    matrix: csr_array
    unit: NDArray[np.int32]
    first: NDArray[np.int64]


def _near_arcs(problem: Problem, rows: LinearRows, y: Floats, eps: float) -> _Near:
    reduced = reduced_costs(problem, rows, y)
    keep = np.flatnonzero(reduced <= 2 * KEEP * eps)
    unit = problem.unit[keep]
    first = np.flatnonzero(np.diff(unit, prepend=-1))
    return _Near(rows.cost[keep].astype(float), rows.matrix[keep], unit, first)


def _smooth(
    near: _Near, rows: LinearRows, y: Floats, eps: float
) -> tuple[float, Floats, Floats]:
    """Smoothed value, weight of each near arc, and gradient."""
    priced = near.cost + near.matrix @ y
    best = np.minimum.reduceat(priced, near.first)
    weight = np.exp(-(priced - best[near.unit]) / eps)
    total = np.add.reduceat(weight, near.first)
    weight /= total[near.unit]
    kink = _kink(rows, eps)
    middle, half = _band(rows)
    root = np.sqrt(y * y + kink * kink)
    value = best.sum() - eps * np.log(total).sum() - middle @ y - half @ root
    gradient = near.matrix.T @ weight - middle - half * y / root
    return float(value), weight, np.asarray(gradient)


def _band(rows: LinearRows) -> tuple[Floats, Floats]:
    """Middle and half width of each band; a one-sided row has no width."""
    two = np.isfinite(rows.high) & (rows.low > 0)
    high = np.where(np.isfinite(rows.high), rows.high, rows.low)
    middle = np.where(two, (high + rows.low) / 2, high)
    return middle, np.where(two, (high - rows.low) / 2, 0.0)


def _kink(rows: LinearRows, eps: float) -> Floats:
    """Width over which |y| is rounded off: worth about eps of an average demand."""
    count = np.maximum(np.diff(rows.matrix.tocsc().indptr), 1)
    mean = np.maximum(np.asarray(rows.matrix.sum(axis=0)) / count, 1e-12)
    return np.asarray(0.5 * eps / mean)


def _newton(
    near: _Near,
    rows: LinearRows,
    y: Floats,
    eps: float,
    bounds: tuple[Floats, Floats],
) -> Floats:
    """Maximise the smoothed dual over the near arcs by projected, damped Newton."""
    damping = 1e-3
    value, weight, gradient = _smooth(near, rows, y, eps)
    for _ in range(NEWTON_STEPS):
        free = ~(
            ((y <= bounds[0]) & (gradient < 0)) | ((y >= bounds[1]) & (gradient > 0))
        )
        if not free.any():
            break
        hessian = _negative_hessian(near, rows, y, eps, weight)[np.ix_(free, free)]
        diagonal = np.diag(hessian)
        floor = 0.3 * np.median(diagonal) + 1e-12
        gained = 0.0
        for _ in range(6):
            damped = hessian + np.diag(damping * (diagonal + floor))
            step = np.zeros_like(y)
            step[free] = np.linalg.solve(damped, gradient[free])
            trial = np.clip(y + step, *bounds)
            new_value, new_weight, new_gradient = _smooth(near, rows, trial, eps)
            gained = new_value - value
            if gained >= 1e-4 * float(gradient @ (trial - y)) and gained > 0:
                damping = max(damping / 6, 1e-9)
                y, value, weight, gradient = trial, new_value, new_weight, new_gradient
                break
            damping *= 8
        if gained <= max(1e-9 * abs(value), 1e-3 * eps):
            break
    return y


def _negative_hessian(
    near: _Near, rows: LinearRows, y: Floats, eps: float, weight: Floats
) -> Floats:
    carrying = np.flatnonzero(weight > 1e-9)
    matrix = near.matrix[carrying]
    spread = diags_array(weight[carrying]) @ matrix
    unit = near.unit[carrying]
    ones = np.ones(len(unit))
    shape = (int(near.unit[-1]) + 1, len(unit))
    mean = csr_array((ones, (unit, np.arange(len(unit)))), shape=shape) @ spread
    dense = (matrix.T @ spread - mean.T @ mean).toarray() / eps
    kink = _kink(rows, eps)
    half = _band(rows)[1]
    root = np.sqrt(y * y + kink * kink)
    return np.asarray(dense + np.diag(half * kink * kink / root**3))


def integer_prices(problem: Problem, rows: LinearRows, y: Floats) -> Prices:
    """
    Round prices to a common denominator and evaluate the bound exactly.

    The denominator is the largest power of two, at most 2^20, for which every
    intermediate number stays below 2^62.
    """
    biggest = float(rows.cost.max(initial=1)) + float(
        (rows.matrix @ np.abs(y)).max(initial=0.0)
    )
    scale = 2**20
    while scale > 1 and scale * biggest * 4 > 2**62:
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
    total = sum(int(part.sum()) for part in np.array_split(best.astype(object), 1))
    for price, low, high in zip(numerators, rows.low, rows.high, strict=True):
        total -= int(price) * int(high) if price > 0 else int(price) * int(low)
    bound = -((-total) // scale)
    named = {
        row: int(price) for row, price in zip(rows.ids, numerators, strict=True) if price
    }
    dropped = sorted({split.term for split in problem.splits})
    if problem.apart:
        dropped.append("apart")
    return Prices(named, scale, bound, tuple(dropped))
