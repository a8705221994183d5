"""The way along a frontier: which levels are solved, in which order, from where."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from planner.errors import PlannerError
from planner.scenario import Scenario
from planner.solution import Solution
from planner.solving import solve_tables
from planner.tables import load_tables
from planner.whatif.axes import Axis, Trade, between
from planner.whatif.points import Point, gap_at, not_dominated, point_of
from planner.whatif.run import Run, answer_line
from planner.whatif.shelf import Kept, Shelf, fingerprint
from planner.whatif.turns import PROVEN, Question, Turns
from planner.words import _

STEPS_OF_PRICE = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Prices on the way to the tight end, over the rule's own."""
STEPS_OF_LEVEL = (0.75, 0.5, 0.25, 0.1, 0.0)
"""Levels on the way to the tight end, over the value that is free."""
IN_VAIN = 1
"""Solves beyond the tight end that may yield nothing, where nothing is proven."""
LEAST = 1e-4
"""Two points closer than this share of the whole range are not parted any more."""


class Search:
    """Looks for points, along one axis or over a grid of two."""

    def __init__(
        self, scenario: Scenario, trade: Trade, shelf: Shelf, run: Run
    ) -> None:
        self.scenario, self.trade, self.shelf, self.run = scenario, trade, shelf, run
        self.turns = Turns(shelf, run)
        self.tables = load_tables(scenario, scenario.base)
        self.free = [axis.free(scenario) for axis in trade.held]
        self.points: dict[tuple[float, ...], Point | None] = {}
        self.has_proof = True
        self.status = ""

    @property
    def found(self) -> list[Point]:
        """All points so far, dominated ones among them."""
        return [point for point in self.points.values() if point is not None]

    # ---- one solve -------------------------------------------------------------------

    def point(self, levels: Sequence[float]) -> Point | None:
        """Return the point at these levels; None where no plan is found or proven."""
        key = tuple(levels)
        if key not in self.points and not self.run.interrupted():
            self.points[key] = self._solved(key)
        return self.points.get(key)

    def _solved(self, levels: tuple[float, ...]) -> Point | None:
        asked = self.trade.at(self.scenario, levels)
        question = fingerprint(asked, self.tables)
        kept = self.shelf.answer_to(question)
        if kept is None:
            near = self._nearest(levels)

            def solved(seconds: float, start: Path | None) -> Solution:
                return solve_tables(
                    asked.with_solve(time_limit=seconds),
                    self.tables,
                    warm_start=start,
                    interrupted=self.run.interrupted,
                    tell=self.run.tell,
                )

            def row(solution: Solution) -> dict[str, Any]:
                if solution.plan is None:
                    return {"levels": list(levels)}
                row = point_of(self.trade, levels, solution).to_row()
                return {**row, "terms": list(solution.terms)}

            name, limit = f"x{question[:12]}", asked.solve.time_limit
            kept = self.turns.ask(
                Question(name, question, limit, solved, row),
                None if near is None else self.shelf.output / near.name,
            )
        return self._taken(levels, kept)

    def _taken(self, levels: tuple[float, ...], kept: Kept) -> Point | None:
        """Tell of an answer; the point where it is proven."""
        point = None
        if kept.row.get("cost") is not None:
            point = Point.of_row(kept.row, kept.name)
        self.run.told(answer_line(self._held(levels), kept))
        self.status = str(kept.row["status"])
        return self._proven(point)

    def _held(self, levels: tuple[float, ...]) -> str:
        held = ", ".join(
            f"{axis.name} {level:.4g}"
            for axis, level in zip(self.trade.held, levels, strict=True)
            if level != axis.free(self.scenario)
        )
        return held or _("nothing held")

    def again(self, wanted: int) -> None:
        """Where there are too few points, ask again what was not proven."""
        if len(not_dominated(self.found)) >= wanted:
            return
        for kept in self.turns.again():
            levels = tuple(kept.row["levels"])
            self.points[levels] = self._taken(levels, kept)

    def _nearest(self, levels: tuple[float, ...]) -> Point | None:
        """The point, with a plan folder, whose levels are nearest to these."""
        known = [
            point for point in self.found if (self.shelf.output / point.name).is_dir()
        ]

        def far(point: Point) -> float:
            pairs = zip(point.levels, levels, strict=True)
            return sum(abs(math.log((a + 1e-9) / (b + 1e-9))) for a, b in pairs)

        return min(known, key=far, default=None)

    def _proven(self, point: Point | None) -> Point | None:
        if point is None:
            return None
        known = self.found
        gap = max(gap_at(point, known, self.trade), float(point.row["gap"]))
        if gap <= PROVEN or not self.has_proof:
            return point
        if not known:  # the loose end is the easiest: there will be no better proof
            self.has_proof = False
            self.run.told(
                _(
                    "No plan here is proven to {gap:.0%}; points are listed all the "
                    "same, each with its gap."
                ).format(gap=PROVEN)
            )
            return point
        self.run.told(
            _("  not proven to {gap:.0%} in this time: left out").format(gap=PROVEN)
        )
        return None

    # ---- along one axis --------------------------------------------------------------

    def along(self, at: int, wanted: int) -> list[float]:
        """
        Find points along one axis, with nothing held on the other.

        From the loose end to the tight one, then wherever neighbours are farthest
        apart.

        Returns
        -------
        Levels that have a point, the loosest first.
        """
        axis = self.trade.held[at]
        loosest = self.point(self.free)
        if loosest is None:
            raise PlannerError(
                _(
                    "No plan was found even where nothing is held; planner solve says "
                    "what stands in the way."
                )
            )
        good, failed = [self.free[at]], None
        for level in self._steps(axis, loosest.values[at]):
            point = self.point(self._levels(at, level))
            if point is None:
                failed = level
                break
            good.append(level)
            if point.values[at] <= 0 or len(good) > wanted:
                break
        if failed is not None:
            self._to_the_end(at, good, failed, wanted)
        self._fill(at, good, wanted)
        return good

    def _to_the_end(
        self, at: int, good: list[float], failed: float, wanted: int
    ) -> None:
        """Go on from the tightest point towards a level that has none."""
        axis, in_vain = self.trade.held[at], 0
        for _attempt in range(wanted):
            tightest = self._at(at, good[-1])
            assert tightest is not None
            if axis.by_price:
                levels = [between(axis, good[-1], failed)]
            else:
                here = tightest.values[at] / 100
                levels = [(here + failed) / 2, here - (here - failed) * 1e-3]
            for level in (float(f"{level:.8g}") for level in levels):
                if self.run.interrupted() or level in good or level == failed:
                    return
                if self.point(self._levels(at, level)) is not None:
                    good.append(level)
                    break
                failed = level
                in_vain += self.status != "infeasible"
                if in_vain > IN_VAIN:
                    return
            else:
                return

    def _levels(self, at: int, level: float) -> tuple[float, ...]:
        """Return levels that hold one axis only."""
        levels = list(self.free)
        levels[at] = level
        return tuple(levels)

    def _at(self, at: int, level: float) -> Point | None:
        return self.points.get(self._levels(at, level))

    def _steps(self, axis: Axis, loosest: float) -> list[float]:
        if axis.by_price:
            own = self.scenario.balance[axis.rule].price
            return [float(f"{own * step:.1e}") for step in STEPS_OF_PRICE]
        return [float(f"{loosest / 100 * step:.4g}") for step in STEPS_OF_LEVEL]

    def _fill(self, at: int, good: list[float], wanted: int) -> None:
        """
        Look between the neighbours farthest apart until there are enough points.

        A price between two plans is the one at which both cost the same: if neither of
        them is beaten there, no price has another plan between them. A level is
        half-way, and if that only finds the tighter plan again, just below the looser.
        """
        axis, closed = self.trade.held[at], set[tuple[float, float]]()
        for _attempt in range(2 * wanted):
            known = [p for level in good if (p := self._at(at, level)) is not None]
            pair = self._widest(at, good, closed)
            if len(not_dominated(known)) >= wanted or pair is None:
                return
            looser, tighter = (self._at(at, level) for level in pair)
            assert looser is not None
            assert tighter is not None
            for level in _levels_between(axis, at, looser, tighter):
                if self.run.interrupted():
                    return
                if level in good:
                    continue
                point = self.point(self._levels(at, level))
                if point is not None and not _same(point, looser, tighter):
                    good.insert(good.index(pair[1]), level)
                    break
            else:
                closed.add(pair)

    def _widest(
        self, at: int, good: list[float], closed: set[tuple[float, float]]
    ) -> tuple[float, float] | None:
        """Neighbours farthest apart in cost and value, each over its whole range."""
        points = {level: self._at(at, level) for level in good}
        table = np.array([(p.cost, p.values[at]) for p in points.values() if p])
        span = np.maximum(np.ptp(table, axis=0), 1e-9)
        widths: dict[tuple[float, float], float] = {}
        for pair in pairwise(good):
            one, other = points[pair[0]], points[pair[1]]
            if pair in closed or one is None or other is None:
                continue
            apart = np.array([one.cost - other.cost, one.values[at] - other.values[at]])
            width = float(np.hypot(*(apart / span)))
            if width > LEAST:
                widths[pair] = width
        return max(widths, key=lambda pair: widths[pair], default=None)

    # ---- over two axes ---------------------------------------------------------------

    def grid(self, wanted: int) -> None:
        """Find levels along each of two axes, then a point for each pair of them."""
        side = max(2, math.ceil(math.sqrt(wanted)))
        one, other = (self._spread(at, self.along(at, side), side) for at in range(2))
        for at, first in enumerate(one):
            for second in reversed(other) if at % 2 else other:
                if self.run.interrupted():
                    return
                self.point((first, second))

    def _spread(self, at: int, good: list[float], count: int) -> list[float]:
        """Return so many levels along one axis, each with another point, spread out."""
        distinct: list[float] = []
        for level in good:
            point = self._at(at, level)
            before = [self._at(at, other) for other in distinct]
            if point is not None and not _same(point, *filter(None, before)):
                distinct.append(level)
        at_most = np.linspace(0, len(distinct) - 1, min(count, len(distinct)))
        return [distinct[round(i)] for i in at_most.tolist()]


def _levels_between(
    axis: Axis, at: int, looser: Point, tighter: Point
) -> Iterator[float]:
    """Yield the levels to try between two points, see `Search._fill`."""
    if not axis.by_price:
        above, below = looser.values[at] / 100, tighter.values[at] / 100
        yield float(f"{(above + below) / 2:.6g}")
        yield float(f"{above - (above - below) * 1e-3:.8g}")
        return
    low, high = looser.levels[at], tighter.levels[at]
    saved = looser.own[at] / low - tighter.own[at] / high
    even = (tighter.cost - looser.cost) / saved if saved > 0 else 0.0
    even = float(f"{even:.2e}")
    yield even if low < even < high else between(axis, low, high)


def _same(point: Point, *others: Point) -> bool:
    """Whether a point is one of others, by its figures."""
    mine = (point.cost, *point.values)
    return any(np.allclose(mine, (o.cost, *o.values), rtol=1e-9) for o in others)
