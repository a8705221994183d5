"""Points of a frontier: which are not dominated, what is proven, where the knee is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from planner.solution import Solution
from planner.solvers.result import gap_of
from planner.whatif.axes import Trade

SAME = 1e-9
"""Relative difference up to which two figures are the same."""


@dataclass
class Point:
    """
    One plan of a frontier.

    Attributes
    ----------
    levels
        Where each axis was held: a price, a tolerance, or a share.
    first
        Value on the axis that is minimised: km a year, or currency a year.
    values
        Percent on each axis that is held.
    cost
        What was minimised: the cost without the prices that only hold an axis.
    own
        Those prices x what they are for, in currency.
    total_bound
        Proven for cost + own at these levels.
    name
        Of the plan folder.
    """

    levels: tuple[float, ...]
    first: float
    values: tuple[float, ...]
    cost: float
    own: tuple[float, ...]
    total_bound: float
    name: str = ""
    row: dict[str, Any] = field(default_factory=dict)

    @property
    def bound(self) -> float:
        """No plan with values up to these costs less, by this solve alone."""
        return self.total_bound - sum(self.own)

    def bound_at(self, other: Point, trade: Trade) -> float:
        """
        What this solve proves of another point: no plan up to its values costs less.

        Where an axis is held by a price, cost >= total_bound - price x what lies
        outside (Lagrangian duality; Geoffrion 1974, doi:10.1007/BFb0120690); where it
        is held by a level, the bound counts for levels as tight or tighter.
        """
        bound = self.total_bound
        for at, axis in enumerate(trade.held):
            if axis.by_price:
                units = other.own[at] / other.levels[at]
                bound -= self.levels[at] * units
            elif other.levels[at] > self.levels[at] * (1 + SAME):
                return 0.0
        return bound

    def to_row(self) -> dict[str, Any]:
        """Return plain data, to be kept."""
        return {
            "levels": list(self.levels),
            "first": self.first,
            "values": list(self.values),
            "minimised": self.cost,
            "own": list(self.own),
            "total_bound": self.total_bound,
        }

    @classmethod
    def of_row(cls, row: dict[str, Any], name: str) -> Point:
        """Return what `to_row` gave away."""
        return cls(
            tuple(row["levels"]),
            row["first"],
            tuple(row["values"]),
            row["minimised"],
            tuple(row["own"]),
            row["total_bound"],
            name,
            row,
        )


def point_of(trade: Trade, levels: Sequence[float], solution: Solution) -> Point:
    """Return where a solution with a plan stands."""
    terms, scenario = solution.costs_by_term(), solution.scenario
    own = tuple(
        sum(terms.get(name, 0.0) for name in axis.own_terms) for axis in trade.held
    )
    figures, cost = solution.metrics, solution.cost - sum(own)
    first = cost
    if trade.first == "travel":
        first = float(figures.totals["travel_km"] or 0.0)
    values = tuple(
        axis.value(scenario, solution.compiled, figures) for axis in trade.held
    )
    return Point(tuple(levels), first, values, cost, own, solution.bound)


def best_bound(point: Point, points: Sequence[Point], trade: Trade) -> float:
    """Return the best bound that any of the solves proves of a point."""
    return max([point.bound, *(other.bound_at(point, trade) for other in points)])


def gap_at(point: Point, points: Sequence[Point], trade: Trade) -> float:
    """Proven gap of a point: (cost - bound) / max(|cost|, 1), a fraction."""
    bound = min(best_bound(point, points, trade), point.cost)
    return gap_of(point.cost, bound)


def not_dominated(points: Sequence[Point]) -> list[Point]:
    """
    Return the points that no other beats, the cheapest first.

    One beats another where it is at least as good everywhere and better somewhere:
    first by cost and the axes that are held, then by the axes alone. Of equal ones the
    first stays.
    """
    by_cost = _best(list(points), lambda p: (p.cost, *p.values))
    by_axes = _best(by_cost, lambda p: (p.first, *p.values))
    return sorted(by_axes, key=lambda p: (p.cost, *p.values))


def _best(points: list[Point], figures: Any) -> list[Point]:
    kept: list[Point] = []
    for point in points:
        mine = figures(point)
        others = [figures(other) for other in points if other is not point]
        if any(_beats(other, mine) for other in others):
            continue
        if any(_beats_or_equals(figures(other), mine) for other in kept):
            continue
        kept.append(point)
    return kept


def _beats_or_equals(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(
        a <= b + SAME * max(1.0, abs(b)) for a, b in zip(one, other, strict=True)
    )


def _beats(one: Sequence[float], other: Sequence[float]) -> bool:
    better = any(
        a < b - SAME * max(1.0, abs(b)) for a, b in zip(one, other, strict=True)
    )
    return better and _beats_or_equals(one, other)


def knee_of(points: Sequence[Point]) -> Point | None:
    """
    Return the point where the trade turns: beyond it less is won for more.

    With every figure scaled to 0 .. 1 between the ends: of two axes the point farthest
    below the line between the ends; of three the one nearest to the best of all
    figures. None with fewer than three points.
    """
    if len(points) < 3:
        return None
    table = np.array([(p.cost, *p.values) for p in points])
    span = np.ptp(table, axis=0)
    scaled = (table - table.min(axis=0)) / np.where(span > 0, span, 1.0)
    distance = (scaled**2).sum(axis=1) ** 0.5
    if table.shape[1] == 2:
        distance = scaled.sum(axis=1)  # the line between the ends is where it is 1
    return points[int(distance.argmin())]
