"""Plans of which none is better than another in everything, and what trading costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from planner.compile import compile_problem
from planner.errors import PlannerError
from planner.evaluate.metrics import metrics
from planner.report.card import card_of_trade
from planner.report.trade import as_frontier
from planner.scenario import Scenario
from planner.solvers.price import price
from planner.whatif.axes import Trade, trade_of
from planner.whatif.points import (
    Point,
    best_bound,
    gap_at,
    knee_of,
    not_dominated,
)
from planner.whatif.run import Run, scenario_for_many
from planner.whatif.search import Search
from planner.whatif.shelf import Shelf, write_table
from planner.words import _, language

GAP = 0.0005
"""Each plan is solved until it is proven to this, where nothing else is said."""
SHARE = 1 / 3
"""Of the scenario's time limit, for each solve, where nothing else is said."""
FILES = ("frontier.csv", "frontier.png", "frontier.svg")


@dataclass(frozen=True, eq=False, repr=False)
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
        Today's owners: their cost and values; None where no account has one. Vacant
        accounts cost nothing, and it may break rules.
    name, currency, minimised, labels
        Of the scenario; what was minimised, and the axes that are held, in words.
    """

    trade: Trade
    points: tuple[Point, ...]
    table: pd.DataFrame
    today: Point | None
    name: str
    currency: str
    minimised: str
    labels: tuple[str, ...]

    @property
    def knee(self) -> Point | None:
        """See `planner.whatif.points.knee_of`."""
        return knee_of(self.points)

    def __repr__(self) -> str:
        """Say in one line how many plans there are, and between which axes."""
        return f"Frontier({len(self.points)} plans: {', '.join(self.trade.names)})"

    def _repr_html_(self) -> str:
        table = as_frontier(self.table, self.trade.names)
        return card_of_trade(self.name, table, self.currency, language())


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
        asked = asked.with_solve(time_limit=SHARE * asked.solve.time_limit)
    trade = trade_of(asked, axes)
    for note in trade.notes:
        run.told(note)
    search = Search(asked, trade, Shelf(output, FILES), run)
    if len(trade.held) == 1:
        search.along(0, points)
    else:
        search.grid(points)
    search.again(points)
    found = _answer(search)
    write_table(output / "frontier.csv", found.table)
    for message in _draw(output, found, asked.name):
        run.told(message)
    return found


def _answer(search: Search) -> Frontier:
    """Name what is not dominated p01, p02, ..., and throw the rest away."""
    known = search.found
    best = not_dominated(known)
    if not best:
        raise PlannerError(_("Interrupted before there was any point."))
    names = {point.name: f"p{number:02d}" for number, point in enumerate(best, start=1)}
    search.shelf.keep_only(names)
    for point in best:
        point.name = names[point.name]
    scenario, trade = search.scenario, search.trade
    return Frontier(
        trade,
        tuple(best),
        _table(best, known, trade),
        _today(search),
        scenario.name,
        scenario.currency,
        trade.minimised(best[0].row["terms"], scenario),
        tuple(axis.label(scenario) for axis in trade.held),
    )


def _today(search: Search) -> Point | None:
    """Where today's owners stand, priced like the points."""
    compiled = compile_problem(
        search.tables, search.trade.at(search.scenario, search.free)
    )
    pairs = compiled.pairs
    if (pairs.owner < 0).all():
        return None
    terms, _breaches = price(compiled, pairs.owner.astype(np.intp))
    names = np.append(pairs.reps.index.to_numpy(object), "")
    owner = pd.Series(names[pairs.owner], index=pairs.accounts.index)
    figures = metrics(search.tables, pairs.scenario, owner)
    own = {name for axis in search.trade.held for name in axis.own_terms}
    cost = sum(x for name, x in terms.items() if name not in own) / pairs.cost_scale
    first = cost
    if search.trade.first == "travel":
        first = float(figures.totals["travel_km"] or 0.0)
    values = tuple(
        axis.value(pairs.scenario, compiled, figures) for axis in search.trade.held
    )
    return Point(tuple(search.free), first, values, cost, (), -math.inf, "today")


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
