"""
Maximise the smoothed dual by damped Newton steps that stop at every kink.

The softmin is smooth; what a row pays back is linear in its price with kinks at 0 and
at the ends of its range. A step therefore solves the quadratic model of the softmin
together with these kinks: a price that would pass one stops there, and the others are
solved for again. Clipping a plain Newton step instead, with the kinks rounded off, got
stuck once hundreds of prices come and go.

With up to `DENSE` rows the step comes from a dense Cholesky factor; with more, from
conjugate gradients on the curvature itself, never formed, with the block of each rep's
own rows as preconditioner. Only units that several arcs share carry curvature: at low
temperatures few of all.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from planner.problem import Problem
from planner.solvers.rows import LinearRows
from planner.solvers.softmin import (
    curvature_blocks,
    curvature_dense,
    curvature_times,
    softmin,
    undecided,
)

Floats = NDArray[np.float64]

DENSE = 400
"""Rows up to which the curvature is formed and factored."""
NEWTON_STEPS = 60
"""Newton steps at each temperature at most."""
INNER_STEPS = 60
"""Conjugate gradient steps in each of them at most."""
ENOUGH, PATIENCE = 1e-4, 2
"""After so many steps in a row that gain less than this many eps per unit it ends."""
TRIALS = 8
"""How often a step that gains nothing is shortened."""
DAMPING = 0.1
"""Added to the curvature at first, as a share of its diagonal."""
LEAST, POOR, GOOD = 1e-3, 0.4, 0.75
"""
Gain over what the model promised: below, damping rises; above, it falls.

When it fell after every gain, steps went too far and back: at 1,000,000 x 5,000 the
bound ended at 38.71 M, with reps filled some ten times over.
"""
OWN = 1e3
"""
Largest damping of a price over that of all, and of all over its own.

It rises where a step turned the gradient, and falls where most of the gradient is left:
else the few reps whose price is far off set the pace of everybody. 100,000 x 1,000
after 9 to 11 s: one damping for all 14.331 M; a largest step for each price, which
bends the direction of all others, 14.363 M; as set 14.366 M (14.366 M at best).
"""
ROUNDS = 6
"""How often a step is solved for again because prices met their kinks."""
ACCURATE = 0.1
"""Residual of the inner steps over the gradient."""
UNITS_PER_THREAD = 2_000
"""Fewer units are not worth a thread."""


@dataclass(frozen=True, eq=False)
class Point:
    """Dual (smoothed, exact) and loads at some prices; sizes of its curvature."""

    value: float
    hard: float
    load: Floats
    sizes: list[tuple[int, int]]


class Smoothed:
    """
    The smoothed dual over the arcs that a problem holds.

    Prices are per typical demand of their row (`unit`), so that hours and head counts
    become alike.

    Parameters
    ----------
    problem, rows
        Every unit must have at least one arc.
    unit
        Typical demand of each row, shape (K,).
    share
        Part of each row's band that these units stand for, shape (K,).
    threads
        Threads of a pass over the arcs.
    """

    def __init__(
        self,
        problem: Problem,
        rows: LinearRows,
        unit: Floats,
        *,
        share: Floats | float = 1.0,
        threads: int = 1,
    ) -> None:
        self.n, self.unit = problem.n, unit
        matrix = rows.matrix
        self.arrays = (
            problem.start,
            rows.cost,
            matrix.indptr,
            matrix.indices,
            matrix.data,
        )
        low, high = rows.low * share / unit, rows.high * share / unit
        two = np.isfinite(high) & (low > 0)
        top = np.where(np.isfinite(high), high, low)
        self.middle = np.where(two, (top + low) / 2, top)
        self.half = np.where(two, (top - low) / 2, 0.0)
        threads = max(1, min(threads, self.n // UNITS_PER_THREAD))
        edges = np.linspace(0, self.n, threads + 1).astype(int).tolist()
        self.parts = list(pairwise(edges))
        self.pool = ThreadPoolExecutor(threads) if threads > 1 else None
        self.block, self.place = _blocks(problem, rows)

    def each(self, work: Callable[[int], Any]) -> list[Any]:
        """Do some work on every part, in threads where there are several."""
        numbers = range(len(self.parts))
        return list(self.pool.map(work, numbers) if self.pool else map(work, numbers))

    def at(self, y: Floats, eps: float) -> Point:
        """Value, exact value and gradient at prices y."""
        prices = y / self.unit

        def work(number: int) -> tuple[Floats, tuple[float, float, int, int]]:
            load = np.empty(len(y))
            part = self.parts[number]
            return load, softmin(*self.arrays, prices, eps, *part, load)

        done = self.each(work)
        soft, hard = (sum(sums[i] for _load, sums in done) for i in (0, 1))
        load = sum((load for load, _sums in done), np.zeros(len(y))) / self.unit
        paid = float(self.middle @ y + self.half @ np.abs(y))
        return Point(
            value=soft - paid,
            hard=hard - paid,
            load=load,
            sizes=[sums[2:] for _load, sums in done],
        )

    def curvature(self, y: Floats, eps: float, point: Point) -> Curvature:
        """Copy what the curvature at prices y needs."""
        prices, scale = y / self.unit, 1 / self.unit

        def work(number: int) -> tuple[Any, ...]:
            arcs, entries = point.sizes[number]
            arrays = (
                np.empty(arcs // 2 + 1, dtype=np.int64),
                np.empty(arcs),
                np.empty(arcs + 1, dtype=np.int64),
                np.empty(entries, dtype=np.int32),
                np.empty(entries),
            )
            units = undecided(
                *self.arrays, prices, eps, *self.parts[number], *arrays, scale
            )
            return units, *arrays

        return Curvature(self, self.each(work), eps, len(y))

    def segment(
        self, y: Floats, load: Floats, bounds: tuple[Floats, Floats]
    ) -> tuple[Floats, Floats, Floats]:
        """
        Between which kinks each price may move at first, and what moving gains.

        Returns
        -------
        Lower and upper end (equal where the price should stay), and the gradient
        on that side, shape (K,).
        """
        low, high = bounds
        rise, fall = load - self.middle - self.half, load - self.middle + self.half
        bent = self.half > 0
        up = (y > 0) | (~bent) | ((y == 0) & (rise > 0))
        gradient = np.where(up, rise, fall)
        begin = np.where(up & bent, np.maximum(low, 0.0), low)
        end = np.where(up, high, np.minimum(high, 0.0))
        stays = bent & (y == 0) & (rise <= 0) & (fall >= 0)
        stays |= ((y <= begin) & (gradient <= 0)) | ((y >= end) & (gradient >= 0))
        return np.where(stays, y, begin), np.where(stays, y, end), gradient


def _blocks(problem: Problem, rows: LinearRows) -> tuple[NDArray, NDArray]:
    """Block of each row (its rep, or itself alone) and its place there, (K,)."""
    named = {row.id: row for row in problem.rows}
    keys = [
        int(reps[0]) if len(reps := named[row].reps) == 1 else -1 - index
        for index, row in enumerate(rows.ids)
    ]
    block = np.unique(np.array(keys, dtype=np.int64), return_inverse=True)[1]
    order = np.argsort(block, kind="stable")
    first = np.searchsorted(block[order], block[order])
    place = np.empty(len(block), dtype=np.int64)
    place[order] = np.arange(len(block)) - first
    return block.astype(np.int64), place


class Curvature:
    """Minus the Hessian of the softmin at a point."""

    def __init__(
        self, smoothed: Smoothed, parts: list[Any], eps: float, k: int
    ) -> None:
        self.smoothed, self.parts, self.eps = smoothed, parts, eps
        self.dense: Floats | None = None
        if k <= DENSE:
            self.dense = self._sum(curvature_dense, (), (k, k))
            self.diagonal = np.diag(self.dense).copy()
            return
        block, place = smoothed.block, smoothed.place
        shape = (int(block.max()) + 1, int(place.max()) + 1, int(place.max()) + 1)
        self.blocks = self._sum(curvature_blocks, (block, place), shape)
        self.diagonal = self.blocks[block, place, place].copy()

    def _sum(
        self, kernel: Callable[..., None], more: tuple[Any, ...], shape: tuple[int, ...]
    ) -> Floats:
        def work(number: int) -> Floats:
            out = np.zeros(shape)
            kernel(*self.parts[number], *more, out)
            return out

        return np.asarray(sum(self.smoothed.each(work))) / self.eps

    def times(self, vector: Floats) -> Floats:
        """Multiply with a vector (K,)."""
        if self.dense is not None:
            return np.asarray(self.dense @ vector)
        return self._sum(curvature_times, (vector,), vector.shape)

    def solve(self, right: Floats, free: NDArray, damping: Floats) -> Floats:
        """Solve for the free prices, damped on the diagonal; 0 for the others."""
        if self.dense is None:
            return self._conjugate_gradients(right, free, damping)
        step = np.zeros_like(right)
        inner = self.dense[np.ix_(free, free)]
        inner[np.diag_indices_from(inner)] += damping[free]
        try:
            factor = cho_factor(inner, overwrite_a=True, check_finite=False)
            step[free] = cho_solve(factor, right[free], check_finite=False)
        except LinAlgError:  # rounding at huge prices: be more careful instead
            step[free] = right[free] / (self.diagonal + damping)[free]
        return step

    def _conjugate_gradients(
        self, right: Floats, free: NDArray, damping: Floats
    ) -> Floats:
        precondition = self._preconditioner(free, damping)
        step, rest = np.zeros_like(right), np.where(free, right, 0.0)
        enough = ACCURATE * float(np.linalg.norm(rest))
        ahead = precondition(rest)
        way, power = ahead, float(rest @ ahead)
        for _ in range(INNER_STEPS):
            product = np.where(free, self.times(way) + damping * way, 0.0)
            length = power / max(float(way @ product), 1e-300)
            step += length * way
            rest = rest - length * product
            if float(np.linalg.norm(rest)) <= enough:
                break
            ahead = precondition(rest)
            power, before = float(rest @ ahead), power
            way = ahead + power / before * way
        return step

    def _preconditioner(
        self, free: NDArray, damping: Floats
    ) -> Callable[[Floats], Floats]:
        """Return the inverse of each rep's own block of the free prices."""
        block, place = self.smoothed.block, self.smoothed.place
        local = self.blocks.copy()
        local[block, place, place] += damping
        absent = np.ones(local.shape[:2], dtype=bool)
        absent[block[free], place[free]] = False
        local[absent[:, :, None] | absent[:, None, :]] = 0
        whole = np.arange(local.shape[1])
        local[:, whole, whole] += absent
        inverse = np.linalg.inv(local)
        packed = np.zeros(local.shape[:2])

        def apply(vector: Floats) -> Floats:
            packed[block, place] = vector
            out = (inverse @ packed[:, :, None])[block, place, 0]
            return np.where(free, out, 0.0)

        return apply


def newton(
    smoothed: Smoothed,
    y: Floats,
    eps: float,
    bounds: tuple[Floats, Floats],
    late: Callable[[], bool],
) -> tuple[Floats, float]:
    """Maximise the smoothed dual at one temperature; return prices and hard value."""
    damping, point, small = DAMPING, smoothed.at(y, eps), 0
    own = np.ones(len(y))
    for _ in range(NEWTON_STEPS):
        begin, end, gradient = smoothed.segment(y, point.load, bounds)
        if late() or small == PATIENCE or not (begin < end).any():
            break
        curvature = smoothed.curvature(y, eps, point)
        diagonal = curvature.diagonal
        # else flat where all is decided
        floor = 0.3 * np.median(diagonal[begin < end]) + 0.05 / eps
        gained = 0.0
        for _trial in range(TRIALS):
            more = damping * own * (diagonal + floor)
            step = _step(curvature, gradient, begin - y, end - y, more)
            there = smoothed.at(y + step, eps)
            gained = there.value - point.value
            hoped = float(gradient @ step - 0.5 * step @ curvature.times(step))
            hoped = max(hoped, 0.0)  # inner steps are inexact; never go down
            ahead = smoothed.segment(y + step, there.load, bounds)[2]
            kept = ahead * np.sign(step) / np.maximum(np.abs(gradient), 1e-9)
            own = np.where(kept < 0, 4 * own, np.where(kept > 0.5, own / 3, own))
            own = own.clip(1 / OWN, OWN)
            if gained < POOR * hoped:
                damping *= 4
            elif gained > GOOD * hoped:
                damping = max(damping / 4, 1e-6)
            if gained > LEAST * hoped:
                y, point = y + step, there
                break
        else:
            break
        small = small + 1 if gained <= ENOUGH * smoothed.n * eps else 0
    return y, point.hard


def _step(
    curvature: Curvature,
    gradient: Floats,
    least: Floats,
    most: Floats,
    damping: Floats,
) -> Floats:
    """Maximise the damped quadratic model; a price that meets its kink stops there."""
    free = least < most
    step = np.zeros_like(gradient)
    right = gradient
    for _ in range(ROUNDS):
        solved = curvature.solve(right, free, damping)
        passes = free & ((solved < least) | (solved > most))
        step[free] = np.clip(solved[free], least[free], most[free])
        if not passes.any():
            break
        free = free & ~passes
        if not free.any():
            break
        stopped = np.where(free, 0.0, step)
        right = gradient - curvature.times(stopped)
    return step
