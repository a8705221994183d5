"""Deflected subgradients: the steps by which `knapsack` raises prices of units."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from planner.solvers.relaxed import Relaxed


class Ascent:
    """Deflected subgradients from the start prices, back to the best when stuck."""

    def __init__(
        self, relaxed: Relaxed, cost: float, pool: ThreadPoolExecutor, threads: int
    ) -> None:
        self.relaxed, self.pool, self.threads = relaxed, pool, threads
        self.target = cost * relaxed.scale
        self.prices = relaxed.start.astype(float)
        self.best_prices = relaxed.start
        self.best, wanted = relaxed.evaluate(relaxed.start, pool, threads)
        self.best_slope = self.slope = 1.0 - wanted
        self.value = self.best
        self.direction = np.zeros_like(self.slope)
        self.steps, self.failures, self.theta = 0, 0, FIRST_THETA
        banded = bool((relaxed.banded >= 0).any())
        self.ahead = AHEAD_WITH_BANDS if banded else AHEAD
        self.kept = KEPT_WITH_BANDS if banded else KEPT

    @property
    def goes_on(self) -> bool:
        """Whether a further step may help."""
        done = self.relaxed.rounded_up(self.best) * self.relaxed.scale >= self.target
        return not done and self.theta > LAST_THETA and bool(self.slope.any())

    def step(self) -> None:
        """Move along the slope, towards the target."""
        self.direction = (1 - self.kept) * self.slope + self.kept * self.direction
        target = min(self.target, self.best + self.ahead * abs(self.best))
        length = self.theta * (target - self.value)
        length /= max(float(self.direction @ self.direction), 1e-9)
        self.prices = self.prices + length * self.direction
        whole = self.relaxed.whole(self.prices)
        self.value, wanted = self.relaxed.evaluate(whole, self.pool, self.threads)
        self.slope = 1.0 - wanted
        self.steps += 1
        if self.value > self.best:
            self.best, self.best_prices = self.value, whole
            self.best_slope = self.slope
            self.theta *= 1.05
            self.failures = 0
            return
        self.failures += 1
        if self.failures >= PATIENCE:
            self.theta *= 0.6
            self.failures = 0
            self.prices = self.best_prices.astype(float)
            self.value, self.slope = self.best, self.best_slope
            self.direction = np.zeros_like(self.slope)


FIRST_THETA, LAST_THETA = 0.3, 1e-4
"""Step length over the way to the target: at first, and when to end."""
AHEAD, AHEAD_WITH_BANDS = 2e-3, 5e-4
"""Target above the best bound, where the best plan is no nearer, as a share of it."""
KEPT, KEPT_WITH_BANDS = 0.75, 0.9
"""
Share of the last direction in the next.

1,000 x 20, three cases, lift over the row prices: 0.129, 0.131, 0.119 % with 0.75;
0.135, 0.139, 0.118 % with 0.9, in 2 s.
"""
PATIENCE = 15
"""Steps without a better bound before going back with shorter ones."""
