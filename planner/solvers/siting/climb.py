"""The ascent of the prices by which `bound` rises."""

from __future__ import annotations

import numpy as np

from planner.solvers.siting.question import Floats, Question


class Climb:
    """
    Deflected subgradients with Polyak steps, back to the best prices when stuck.

    Attributes
    ----------
    best, best_prices
        The best bound so far and where it was.
    """

    def __init__(
        self, question: Question, prices: Floats, target: float, theta: float
    ) -> None:
        self.question, self.target = question, target
        self.whole = False
        self.prices = self.best_prices = prices
        self.steps = 0
        self._begin(theta)

    def _begin(self, theta: float) -> None:
        self.value = self.best = self.question.ask(self.best_prices, self.whole)
        self.prices = self.best_prices
        self.slope = self.best_slope = 1.0 - self.question.covered
        self.direction = np.zeros_like(self.slope)
        self.theta, self.failures = theta, 0

    def fill_whole(self) -> None:
        """Go on with sites that take whole units."""
        self.whole = True
        self._begin(WHOLE_THETA)

    @property
    def goes_on(self) -> bool:
        """Whether a further step may help."""
        if self.best >= min(self.target, self.question.dearest):
            return False
        least = LAST_THETA if self.whole else LAST_LINEAR_THETA
        return self.theta > least and bool(np.abs(self.slope).max() > 1e-9)

    def step(self) -> None:
        """Move along the slope, towards the target."""
        self.direction = (1 - KEPT) * self.slope + KEPT * self.direction
        scale = max(abs(self.best), float(np.abs(self.best_prices).sum()), 1e-3)
        ahead = self.best + AHEAD * scale
        length = self.theta * (min(self.target, ahead) - self.value)
        length /= max(float(self.direction @ self.direction), 1e-12)
        self.prices = self.prices + length * self.direction
        self.value = self.question.ask(self.prices, self.whole)
        self.slope = 1.0 - self.question.covered
        self.steps += 1
        if self.value > self.best:
            enough = self.value > self.best + 1e-6 * abs(self.best)
            self.best, self.best_prices = self.value, self.prices
            self.best_slope = self.slope
            self.theta *= 1.05 if enough else 1.0
            self.failures = 0 if enough else self.failures + 1
            return
        self.failures += 1
        if self.failures >= PATIENCE:
            self.theta *= 0.6
            self.failures = 0
            self.prices, self.value = self.best_prices, self.best
            self.slope = self.best_slope
            self.direction = np.zeros_like(self.slope)


FIRST_THETA, WHOLE_THETA = 1.0, 0.3
"""Step length over the way to the target: at first, and when units become whole."""
LAST_THETA, LAST_LINEAR_THETA = 1e-4, 1e-3
"""Where to end; sites filled with fractions only prepare those with whole units."""
AHEAD = 0.05
"""Target above the best bound, where the best plan is no nearer, as a share of it."""
KEPT = 0.75
"""Share of the last direction in the next."""
PATIENCE = 30
"""
Steps without a better bound before going back with shorter ones.

Gap of the bound to the best plan known, and seconds on two threads, with 15 and 30:
SJC2 0.152 (0.3), 0.126 % (0.5); lin318_100 3.99 (0.3), 3.84 % (0.6); u724_200 1.234
(0.6), 1.231 % (1.1); spain737_74_1 0.65 (1.1), 0.61 % (2.1).
"""
