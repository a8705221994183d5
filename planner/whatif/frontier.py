"""Plans of which none is better than another in everything, and what trading costs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from planner.errors import PlannerError
from planner.evaluate.metrics import metrics
from planner.scenario import Scenario
from planner.solution import solve_tables
from planner.solvers.price import price
from planner.tables import Tables, load_tables
from planner.whatif.axes import Axis, Trade, between, trade_of
from planner.whatif.points import (
    Point,
    best_bound,
    gap_at,
    knee_of,
    not_dominated,
    point_of,
)
from planner.whatif.run import Run, answer_line, scenario_for_many
from planner.whatif.shelf import Shelf, fingerprint, write_table
from planner.words import _

GAP = 0.002
"""Each plan is solved until it is proven to this, where nothing else is said."""
PROVEN = 0.01
"""Points are not looked for where no plan is proven to this any more."""
SECONDS = 25.0
"""Of each solve at most, where the user names no time."""
FILES = ("frontier.csv", "frontier.png", "frontier.svg")
STEPS_OF_PRICE = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Prices on the way to the tight end, over the rule's own."""
STEPS_OF_LEVEL = (0.75, 0.5, 0.25, 0.1, 0.0)
"""Levels on the way to the tight end, over the value that is free."""
LEAST = 1e-4
"""Two points closer than this share of the whole range are not parted any more."""


@dataclass(frozen=True, eq=False)
class Frontier:
    """
    What a trade came to.

    Attributes
    ----------
    trade, points
        The question, and the plans that are not dominated, the cheapest first.
    table
        As in ``frontier.csv``.
    today
        Today's plan by today's owners: its cost and values; None where some account
        has no owner. It may break rules.
    currency, minimised, labels
        What was minimised, and the names of the axes that are held, in words.
    """

    trade: Trade
    points: tuple[Point, ...]
    table: pd.DataFrame
    today: Point | None
    currency: str
    minimised: str
    labels: tuple[str, ...]

    @property
    def knee(self) -> Point | None:
        """See `planner.whatif.points.knee_of`."""
        return knee_of(self.points)


def frontier(
    scenario: Scenario | str | Path,
    axes: Sequence[str],
    output: str | Path,
    *,
    points: int = 12,
    time_limit_s: float | None = None,
    gap: float | None = None,
    seed: int | None = None,
    run: Run | None = None,
) -> Frontier:
    """
    Find plans that trade one axis for another, none of them dominated.

    The cost of the scenario is minimised while the other axes are held at one level
    after the other, each plan from that of its neighbour. The price that the scenario
    has for a held axis is taken out of the cost. ``balance``, the share of a measure
    that lies outside the bands of its rule, is held by a price on it, which proves the
    least cost for the share that the plan then has; ``deviation`` by hard bands,
    ``disruption`` by a budget on the value that changes hands.

    Parameters
    ----------
    axes
        ``travel`` (shown in km a year) or ``cost``, and one or two of ``balance``,
        ``deviation`` and ``disruption``.
    output
        Folder for the plan folders p01, p02, ..., ``frontier.csv`` and its chart. What
        it holds for the same inputs is not solved again.
    points
        How many plans to look for; with three axes a grid of about so many.
    time_limit_s, gap, seed
        Of each solve.

    Raises
    ------
    ScenarioError, TableError, PlannerError
        Naming every fault; also where there is no plan at all.
    """
    run, output = run or Run(), Path(output)
    asked = scenario_for_many(
        scenario, time_limit_s=time_limit_s, gap=gap, usual_gap=GAP, seed=seed
    )
    if time_limit_s is None:
        asked = asked.with_solve(time_limit=min(SECONDS, asked.solve.time_limit))
    trade = trade_of(asked, axes)
    for note in trade.notes:
        run.told(note)
    search = _Search(asked, trade, Shelf(output, FILES), run)
    if len(trade.held) == 1:
        search.along(0, points)
    else:
        search.grid(points)
    found = search.frontier()
    write_table(output / "frontier.csv", found.table)
    for message in _draw(output, found, asked.name):
        run.told(message)
    return found


class _Search:
    """Looks for points, along one axis or over a grid of two."""

    def __init__(
        self, scenario: Scenario, trade: Trade, shelf: Shelf, run: Run
    ) -> None:
        self.scenario, self.trade, self.shelf, self.run = scenario, trade, shelf, run
        self.tables: Tables = load_tables(scenario, scenario.base)
        self.free = [axis.free(scenario) for axis in trade.held]
        self.points: dict[tuple[float, ...], Point | None] = {}
        self.has_proof = True

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
            solution = solve_tables(
                asked,
                self.tables,
                warm_start=None if near is None else self.shelf.output / near.name,
                interrupted=self.run.interrupted,
                tell=self.run.tell,
            )
            row: dict[str, object] = {}
            if solution.plan is not None:
                row = point_of(self.trade, levels, solution).to_row()
                row["terms"] = list(solution.terms)
            kept = self.run.keep(
                self.shelf, f"x{question[:12]}", question, solution, row
            )
        point = None
        if kept.row.get("cost") is not None:
            point = Point.of_row(kept.row, kept.name)
        held = ", ".join(
            f"{axis.name} {level:.4g}"
            for axis, level in zip(self.trade.held, levels, strict=True)
            if level != axis.free(self.scenario)
        )
        self.run.told(answer_line(held or _("nothing held"), kept))
        return self._proven(point)

    def _nearest(self, levels: tuple[float, ...]) -> Point | None:
        """The point, with a plan folder, whose levels are nearest to these."""
        known = [
            point
            for point in self.points.values()
            if point is not None and (self.shelf.output / point.name).is_dir()
        ]

        def far(point: Point) -> float:
            pairs = zip(point.levels, levels, strict=True)
            return sum(abs(math.log((a + 1e-9) / (b + 1e-9))) for a, b in pairs)

        return min(known, key=far, default=None)

    def _proven(self, point: Point | None) -> Point | None:
        if point is None:
            return None
        known = [one for one in self.points.values() if one is not None]
        if gap_at(point, known, self.trade) <= PROVEN or not self.has_proof:
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
        axis, levels = self.trade.held[at], list(self.free)

        def look(level: float) -> Point | None:
            levels[at] = level
            return self.point(levels)

        loosest = look(self.free[at])
        if loosest is None:
            raise PlannerError(
                _(
                    "No plan was found even where nothing is held; planner solve says "
                    "what stands in the way."
                )
            )
        good, failed = [self.free[at]], None
        for level in self._steps(axis, loosest.values[at]):
            before = self._at(at, good[-1])
            point = look(level)
            if point is None:
                failed = level
                break
            good.append(level)
            assert before is not None
            if point.values[at] <= 0 or len(good) > wanted:
                break
        for _again in range(2):
            if failed is None or self.run.interrupted():
                break
            level = between(axis, good[-1] if len(good) > 1 else failed, failed)
            level = level if len(good) > 1 else self._steps(axis, loosest.values[at])[0]
            if level in good or level == failed:
                break
            if look(level) is None:
                failed = level
            else:
                good.append(level)
        self._fill(at, good, wanted)
        return good

    def _at(self, at: int, level: float) -> Point | None:
        levels = list(self.free)
        levels[at] = level
        return self.points.get(tuple(levels))

    def _steps(self, axis: Axis, loosest: float) -> list[float]:
        if axis.by_price:
            own = self.scenario.balance[axis.rule].price
            return [float(f"{own * step:.1e}") for step in STEPS_OF_PRICE]
        return [float(f"{loosest / 100 * step:.4g}") for step in STEPS_OF_LEVEL]

    def _fill(self, at: int, good: list[float], wanted: int) -> None:
        """Look between the neighbours farthest apart until there are enough points."""
        axis, tried = self.trade.held[at], 0
        closed: set[tuple[float, float]] = set()
        while tried < 2 * wanted and not self.run.interrupted():
            there = [self._at(at, level) for level in good]
            known = [point for point in there if point is not None]
            if len(not_dominated(known)) >= wanted:
                return
            pair = self._widest(at, good, closed)
            if pair is None:
                return
            level = between(axis, *pair)
            tried += 1
            if level in good or level in pair:
                closed.add(pair)
                continue
            levels = list(self.free)
            levels[at] = level
            if self.point(levels) is None:
                closed.add(pair)
                continue
            good.insert(good.index(pair[1]), level)

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
        one, other = self.along(0, side), self.along(1, side)
        for at, first in enumerate(one):
            for second in reversed(other) if at % 2 else other:
                if self.run.interrupted():
                    return
                self.point((first, second))

    # ---- the answer ------------------------------------------------------------------

    def frontier(self) -> Frontier:
        """Name what is not dominated p01, p02, ..., and throw the rest away."""
        known = [point for point in self.points.values() if point is not None]
        best = not_dominated(known)
        if not best:
            raise PlannerError(_("Interrupted before there was any point."))
        names = {
            point.name: f"p{number:02d}" for number, point in enumerate(best, start=1)
        }
        self.shelf.keep_only(names)
        for point in best:
            point.name = names[point.name]
        return Frontier(
            self.trade,
            tuple(best),
            _table(best, known, self.trade),
            self._today(),
            self.scenario.currency,
            self.trade.minimised(best[0].row["terms"]),
            tuple(axis.label(self.scenario) for axis in self.trade.held),
        )

    def _today(self) -> Point | None:
        """Where today's owners stand, priced like the points."""
        from planner.compile import compile_problem

        compiled = compile_problem(self.tables, self.trade.at(self.scenario, self.free))
        pairs = compiled.pairs
        if (pairs.owner < 0).any():
            return None
        terms, _breaches = price(compiled, pairs.owner.astype(np.intp))
        owner = pd.Series(pairs.reps.index[pairs.owner], index=pairs.accounts.index)
        figures = metrics(self.tables, pairs.scenario, owner)
        own = {name for axis in self.trade.held for name in axis.own_terms}
        cost = sum(x for name, x in terms.items() if name not in own) / pairs.cost_scale
        first = cost
        if self.trade.first == "travel":
            first = float(figures.totals["travel_km"] or 0.0)
        values = tuple(
            axis.value(pairs.scenario, compiled, figures) for axis in self.trade.held
        )
        return Point(tuple(self.free), first, values, cost, (), -math.inf, "today")


def _table(best: list[Point], known: list[Point], trade: Trade) -> pd.DataFrame:
    """Return the table of a frontier, the cheapest point first."""
    knee, rows = knee_of(best), []
    for at, point in enumerate(best):
        bound = min(best_bound(point, known, trade), point.cost)
        row: dict[str, object] = {"plan": point.name}
        for name in trade.names:
            if name == trade.first:
                row[name] = round(point.first, 2)
            else:
                held = [axis.name for axis in trade.held].index(name)
                row[name] = round(point.values[held], 6)
        row |= {
            "cost": round(point.cost, 2),
            "bound": round(bound, 2),
            "gap": round(gap_at(point, known, trade), 6),
            "knee": "yes" if point is knee else "no",
            "price": None if at == 0 else _price(best[at - 1], point),
        }
        for axis, level in zip(trade.held, point.levels, strict=True):
            row[f"held_{axis.name}"] = level
        rows.append(row)
    return pd.DataFrame(rows)


def _price(looser: Point, tighter: Point) -> float | None:
    """Currency a year for each percentage point won against the point before."""
    if len(looser.values) > 1:
        return None
    won = looser.values[0] - tighter.values[0]
    return round((tighter.cost - looser.cost) / won, 2) if won > 0 else None


def _draw(output: Path, found: Frontier, title: str) -> list[str]:
    from planner.maps.tradeoff import write_tradeoff_chart

    today = found.today
    return write_tradeoff_chart(
        output,
        cost=[point.cost for point in found.points],
        bound=found.table["bound"].tolist(),
        values=[point.values for point in found.points],
        names=[point.name for point in found.points],
        knee=None if found.knee is None else found.points.index(found.knee),
        today=None if today is None else (today.cost, today.values),
        labels=found.labels,
        minimised=found.minimised,
        currency=found.currency,
        title=title,
    )


def in_words(found: Frontier) -> list[str]:
    """Say what was minimised, where the knee is, and what the trade costs."""
    lines = [
        _(
            "{n} plans, none dominated. Minimised at each: {terms}, {currency} a year, "
            "without the price of what is held."
        ).format(n=len(found.points), terms=found.minimised, currency=found.currency)
    ]
    if found.knee is not None:
        lines.append(
            _("The knee is {name}: beyond it less is won for more.").format(
                name=found.knee.name
            )
        )
    if len(found.trade.held) == 1:
        lines += _prices(found)
    return lines


def _prices(found: Frontier) -> Iterator[str]:
    """Say what the last points cost, and the step on each side of the knee."""
    points, axis = found.points, found.trade.held[0]
    if len(points) < 2 or points[0].values[0] <= points[-1].values[0]:
        return
    ends = [points[0], *([found.knee] if found.knee else []), points[-1]]
    for one, other in pairwise(dict.fromkeys(point.name for point in ends)):
        looser = next(p for p in points if p.name == one)
        tighter = next(p for p in points if p.name == other)
        yield _(
            "From {looser} to {tighter}, {axis} from {before:.1f} to {after:.1f} %: "
            "{price}."
        ).format(
            looser=one,
            tighter=other,
            axis=axis.short(),
            before=looser.values[0],
            after=tighter.values[0],
            price=_paid(found, looser.first, tighter.first, looser.cost, tighter.cost),
        )
    span = points[0].values[0] - points[-1].values[0]
    sizes = [5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01]
    size = next((x for x in sizes if x <= span / 2), None)
    if size is None:
        return
    end = points[-1]
    value = [p.values[0] for p in reversed(points)]
    there = end.values[0] + size
    first = float(np.interp(there, value, [p.first for p in reversed(points)]))
    cost = float(np.interp(there, value, [p.cost for p in reversed(points)]))
    yield _("The last {size:g} points of {axis} cost {price}.").format(
        size=size,
        axis=axis.short(),
        price=_paid(found, first, end.first, cost, end.cost),
    )


def _paid(found: Frontier, first: float, then: float, cost: float, after: float) -> str:
    """Word a price: km a year and currency a year, or currency alone."""
    money = _("{cost:,.0f} {currency} a year").format(
        cost=after - cost, currency=found.currency
    )
    if found.trade.first == "travel" and then > first:
        return _("{km:,.0f} km a year ({money})").format(km=then - first, money=money)
    return money
