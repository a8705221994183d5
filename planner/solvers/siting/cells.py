"""
Sites for many units each: cells of units, in fractions, in one mixed-integer model.

Where a site serves a hundred units, no single one decides which sites to open. So
units are put together in cells, by their cheapest site; a cell may be shared among
sites. What is left is small enough for HiGHS, and all rows of single sites hold in it,
priced bands at their prices.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from planner.problem import Problem, Row
from planner.solvers.highs import Task, solve_task
from planner.solvers.milp import proto_of
from planner.solvers.result import Watch
from planner.solvers.siting.adapter import rows_of_sites

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_SITES, NEAR = 300, 20
"""Sites of the model, at most; sites that may serve a cell."""
CLOSE = 2e-3
"""Gap at which the model is solved well enough."""


def sites_by_cells(
    problem: Problem,
    value: Ints,
    first: Bools,
    watch: Watch,
    *,
    seed: int,
    threads: int,
) -> Bools | None:
    """
    Choose sites by a model of cells within the time left.

    Parameters
    ----------
    value
        Of each site at good prices, shape (m,): the least are considered.
    first
        Sites to start from, shape (m,).

    Returns
    -------
    Which sites are open, shape (m,); None if none were found in time.
    """
    assert problem.opening is not None
    sites = _considered(problem, value, first)
    cells = _cells(problem, sites)
    model = _Model(problem, sites, cells)
    task = Task(
        model=model.message(),
        seconds=watch.left,
        gap=CLOSE,
        seed=seed,
        threads=threads,
        columns=len(sites),
        hint=first[sites].astype(float),
        least_gap=0.0,
    )
    answer = solve_task(task, watch)
    if answer.values is None:
        return None
    opened = np.zeros(problem.m, dtype=bool)
    opened[sites] = answer.values > 0.5
    return opened


def _considered(problem: Problem, value: Ints, first: Bools) -> Ints:
    opening = problem.opening
    assert opening is not None
    order = np.argsort(np.where(opening.kept | first, np.iinfo(np.int64).min, value))
    return np.sort(order[: max(MOST_SITES, 2 * opening.count)]).astype(np.int64)


@dataclass(frozen=True, eq=False)
class _Cells:
    """
    Units put together.

    Attributes
    ----------
    cost
        Of serving all of a cell from a site, shape (cells, sites); inf: may not.
    demand
        What a cell takes, by measure, shape (measures, cells, sites).
    free
        Cost of leaving all of a cell out, shape (cells,); inf: may not.
    """

    cost: Floats
    demand: Floats
    free: Floats


def _cells(problem: Problem, sites: Ints) -> _Cells:
    number = np.full(problem.m + 1, -1)
    number[sites] = np.arange(len(sites))
    at = number[problem.rep]
    arcs = np.flatnonzero(at >= 0)
    order = arcs[np.lexsort((problem.total_cost[arcs], problem.unit[arcs]))]
    units, first = np.unique(problem.unit[order], return_index=True)
    home = np.full(problem.n, len(sites))  # the last cell: units without such a site
    home[units] = at[order[first]]
    used, cell = np.unique(home, return_inverse=True)
    shape = (len(used), len(sites))
    spot = cell[problem.unit[arcs]] * len(sites) + at[arcs]
    size = shape[0] * shape[1]
    count = np.bincount(spot, minlength=size).reshape(shape)
    members = np.bincount(cell, minlength=len(used))[:, None]
    # Where not all may be served, the others are taken to cost what these do.
    whole = np.where(count * 2 > members, members / np.maximum(count, 1), np.inf)

    def total(values: Ints) -> Floats:
        sums = np.bincount(spot, values.astype(float), size)
        return sums.astype(float).reshape(shape)

    with np.errstate(invalid="ignore"):
        cost = np.where(
            np.isfinite(whole), total(problem.total_cost[arcs]) * whole, np.inf
        )
    share = np.where(np.isfinite(whole), whole, 0.0)
    demand = [total(values[arcs]) * share for values in problem.demand]
    out = np.flatnonzero(problem.rep == problem.m)
    may = np.bincount(cell[problem.unit[out]], minlength=len(used)) == members[:, 0]
    price = np.bincount(cell[problem.unit[out]], problem.total_cost[out], len(used))
    return _Cells(
        cost,
        np.array(demand).reshape(-1, *shape),
        np.where(may, price, np.inf),
    )


@dataclass
class _Model:
    """Columns (sites, then shares, then what leaves bands) and rows as they grow."""

    problem: Problem
    sites: Ints
    cells: _Cells
    cost: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    rows: list[tuple[list[int], list[float], float, float]] = field(
        default_factory=list
    )

    def message(self) -> bytes:
        """Return the model as MathOpt's message."""
        opening, money = self.problem.opening, 1.0 / self.problem.cost_scale
        assert opening is not None
        for site in self.sites:
            self._column(float(opening.cost[site]) * money, 1.0)
            if opening.kept[site]:
                self._row([len(self.cost) - 1], [1.0], 1.0, np.inf)
        everyone = list(range(len(self.sites)))
        least = float(opening.count) if opening.exactly else -np.inf
        self._row(everyone, [1.0] * len(everyone), least, float(opening.count))
        shares = self._serve(money)
        own = rows_of_sites(self.problem)
        for at, site in enumerate(self.sites):
            for index in (*own[site].hard, *own[site].priced):
                self._band(self.problem.rows[index], at, shares[at], money)
        lengths = [len(columns) for columns, *_rest in self.rows]
        return proto_of(
            cost=np.array(self.cost),
            upper=np.array(self.upper),
            integer=np.arange(len(self.cost)) < len(self.sites),
            low=np.array([low for _c, _v, low, _h in self.rows]),
            high=np.array([high for _c, _v, _l, high in self.rows]),
            row=np.repeat(np.arange(len(self.rows)), lengths),
            column=np.array([c for columns, *_rest in self.rows for c in columns]),
            value=np.array([v for _c, values, *_rest in self.rows for v in values]),
        ).SerializeToString()

    def _column(self, cost: float, upper: float) -> int:
        self.cost.append(cost)
        self.upper.append(upper)
        return len(self.cost) - 1

    def _row(
        self, columns: list[int], values: list[float], low: float, high: float
    ) -> None:
        order = np.argsort(columns).tolist()
        self.rows.append(
            ([columns[i] for i in order], [values[i] for i in order], low, high)
        )

    def _serve(self, money: float) -> list[list[tuple[int, int]]]:
        """Add a share of each cell for each near site; return (cell, column)."""
        found: list[list[tuple[int, int]]] = [[] for _ in self.sites]
        for cell, costs in enumerate(self.cells.cost):
            near = np.argsort(costs, kind="stable")[:NEAR]
            near = near[np.isfinite(costs[near])]
            shares = []
            for at in near.tolist():
                share = self._column(float(costs[at]) * money, 1.0)
                self._row([at, share], [-1.0, 1.0], -np.inf, 0.0)
                found[at].append((cell, share))
                shares.append(share)
            if np.isfinite(self.cells.free[cell]):
                shares.append(self._column(float(self.cells.free[cell]) * money, 1.0))
            if shares:
                self._row(shares, [1.0] * len(shares), 1.0, 1.0)
        return found

    def _band(
        self, row: Row, site: int, shares: list[tuple[int, int]], money: float
    ) -> None:
        """Keep the load of a site within a row, or pay for leaving it, if open."""
        demand = self.cells.demand[row.measure]
        whole = max(1.0, float(demand.mean(axis=1).sum()) / len(self.sites))
        columns = [share for _cell, share in shares]
        values = [float(demand[cell, site]) / whole for cell, _share in shares]
        for sign, end in ((1.0, row.high), (-1.0, row.low)):
            if end is None or (sign < 0 and end <= 0):
                continue
            columns_now, values_now = [site, *columns], [-end / whole, *values]
            if row.price is not None:
                out = self._column(row.price * whole * money, np.inf)
                columns_now, values_now = [*columns_now, out], [*values_now, -sign]
            low, high = (-np.inf, 0.0) if sign > 0 else (0.0, np.inf)
            self._row(columns_now, values_now, low, high)
