"""
What priced groups and rivals add to the bound of the row prices.

At given row prices every unit takes its cheapest arc. Units of one set are asked
together instead: a split set takes the cheapest choice of labels with their price, an
apart set the cheapest choice of different reps (an assignment). Both are at least what
the units cost one by one, so the bound rises and stays one (Lagrangian relaxation;
Geoffrion 1974, doi:10.1007/BFb0120690). A unit counts in one set only. Deflected
subgradients then move the row prices to where the sets are heeded.

300, 500, 1,000 and 2,000 accounts with 10, 28, 38 and 83 priced groups, in millions:
bound of the row prices 11.720, 19.643, 26.461, 42.326; with the groups at these prices
11.950, 20.722, 27.927, 45.720; at the end (0.2, 0.4, 0.6, 1.4 s) 11.952, 20.727,
27.936, 45.763, the bound of the linear relaxation of the whole model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from planner.compiled import compiled
from planner.problem import Problem
from planner.solvers.dual import Dual, reduced_costs, typical_demand
from planner.solvers.result import Watch
from planner.solvers.rows import LinearRows

Arcs = NDArray[np.int64]
Floats = NDArray[np.float64]
Positions = NDArray[np.intp]

MOST_UNITS = 10
"""Of a larger split set so many units are asked together, which is a bound as well."""
MOST_WORK = 1e7
"""Parts times labels over all split sets, at most; beyond it, nothing is added."""
STEPS, PATIENCE = 300, 12
"""Steps at most; so many without success halve what the next ones aim at."""
AIM, LEAST_AIM = 0.1, 1e-3
"""First and last aim of a step, as a share of what the sets add."""
DEFLECTION = 0.7
"""Share of the last direction in the next one."""


@dataclass(frozen=True, eq=False)
class Joint:
    """
    Row prices with a bound that heeds the sets.

    Attributes
    ----------
    dual
        With these prices; its certificate is of other prices, without the sets.
    value
        The bound, before it is rounded up.
    rise
        How much of it the sets add.
    reduced
        A plan with arc a costs at least ``value + reduced[a]``, shape (arcs,).
    arcs
        What the units choose at these prices, the sets heeded, shape (n,).
    """

    dual: Dual
    value: float
    rise: float
    reduced: Floats
    arcs: Arcs


def solve_sets(
    problem: Problem, dual: Dual, watch: Watch, *, time_share: float = 1.0
) -> Joint | None:
    """
    Find row prices whose bound, with each set asked as a whole, is high.

    Parameters
    ----------
    dual
        Its prices are the start.
    time_share
        Share of the time left that may be used.

    Returns
    -------
    None where there are no sets, or too much work in them, or not all arcs are held.
    """
    if problem.source is not None or _work(problem) > MOST_WORK:
        return None
    sets = _sets_of(problem)
    if not sets:
        return None
    relaxed = _Relaxed(problem, dual.rows, sets)
    inner = watch.part(time_share)
    point = _ascended(relaxed, relaxed.at(dual.prices), inner)
    reduced = reduced_costs(problem, dual.rows, point.prices)
    lifted = reduced.copy()
    for one in sets:
        lifted[one.arcs] = one.forced(reduced)
    dual = replace(dual, prices=point.prices, reduced=reduced)
    return Joint(dual, point.value, point.rise, lifted, point.arcs)


@dataclass(frozen=True, eq=False)
class _Point:
    """Row prices (K,), their bound, what sets add to it, its slope, arcs chosen."""

    prices: Floats
    value: float
    rise: float
    slope: Floats
    arcs: Arcs


def _ascended(relaxed: _Relaxed, point: _Point, watch: Watch) -> _Point:
    """Raise the bound by steps that aim a little above the best one met."""
    best, aim, failures = point, AIM * point.rise, 0
    least, direction = LEAST_AIM * aim, np.zeros_like(point.slope)
    for _step in range(STEPS):
        if watch.left <= 0 or aim <= least or not point.slope.any():
            break
        direction = (1 - DEFLECTION) * point.slope + DEFLECTION * direction
        length = (best.value + aim - point.value) / (direction @ direction)
        point = relaxed.at(point.prices + length * direction * relaxed.step**2)
        if point.value > best.value:
            best, failures = point, 0
            continue
        failures += 1
        if failures == PATIENCE:
            point, aim, failures = best, aim / 2, 0
            direction = np.zeros_like(direction)
    return best


class _Relaxed:
    """The bound as a function of the row prices."""

    def __init__(self, problem: Problem, rows: LinearRows, sets: list[_Set]) -> None:
        self.problem, self.rows, self.sets = problem, rows, sets
        self.least = np.where(rows.low > 0, -rows.price, 0.0)
        self.most = np.where(np.isfinite(rows.high), rows.price, 0.0)
        self.step = 1 / typical_demand(rows)

    def at(self, prices: Floats) -> _Point:
        """Evaluate the bound; prices beyond what they may be are cut."""
        rows, start = self.rows, self.problem.start[:-1]
        y = np.clip(prices, self.least, self.most)
        priced = rows.cost + rows.matrix @ y
        best = np.minimum.reduceat(priced, start)
        reduced = priced - best[self.problem.unit]
        first = np.flatnonzero(reduced == 0)
        chosen = first[np.searchsorted(first, start)]
        rise = 0.0
        for one in self.sets:
            value, arcs = one.least(reduced)
            rise += value
            chosen[one.units] = arcs
        load = np.asarray(rows.matrix[chosen].sum(axis=0)).ravel()
        ends = np.where(y > 0, rows.high, rows.low)
        nearest = np.clip(load, rows.low, rows.high)
        slope = load - np.where(y == 0, nearest, ends)
        used = y != 0
        value = best.sum() + rise - y[used] @ ends[used]
        return _Point(y, float(value), rise, slope * self.step, chosen)


class _Set:
    """
    Units that are asked together, and the arcs that each of them has.

    Attributes
    ----------
    units, arcs
        Units of the set, shape (k,), and all their arcs.
    row, column
        Of each arc: place of its unit, and of its label; the last label is nobody.
    """

    def __init__(self, problem: Problem, units: Positions, labels: Positions) -> None:
        start = problem.start
        each = [np.arange(start[u], start[u + 1]) for u in units.tolist()]
        self.units, self.arcs = units, np.concatenate(each)
        self.row = np.repeat(np.arange(len(units)), [len(arcs) for arcs in each])
        of = np.append(labels, np.iinfo(labels.dtype).max)[problem.rep[self.arcs]]
        used, self.column = np.unique(of, return_inverse=True)
        if used[-1] < np.iinfo(labels.dtype).max:
            used = np.append(used, 0)
        self.shape = (len(units), len(used))
        self.at = np.arange(len(units))

    def table(self, reduced: Floats) -> tuple[Floats, Arcs]:
        """
        Least value of each unit with each label, and its arc; inf where it has none.

        Shapes (k, labels + 1), nobody last.
        """
        values = reduced[self.arcs]
        order = np.argsort(-values, kind="stable")  # the least comes last and stays
        table, arc = np.full(self.shape, np.inf), np.zeros(self.shape, dtype=np.int64)
        where = (self.row[order], self.column[order])
        table[where], arc[where] = values[order], self.arcs[order]
        return table, arc

    def least(self, reduced: Floats) -> tuple[float, Arcs]:
        """Least value of all units together, and the arcs; one by one if none is."""
        raise NotImplementedError

    def forced(self, reduced: Floats) -> Floats:
        """How far the least value rises at least when an arc is forced, (arcs,)."""
        return np.maximum(0.0, reduced[self.arcs] - self.least(reduced)[0])


class _Apart(_Set):
    """Units that go to different reps."""

    def least(self, reduced: Floats) -> tuple[float, Arcs]:
        """See `_Set.least`; an assignment of reps to units, or to nobody."""
        table, arc = self.table(reduced)
        nobody = np.full((len(table), len(table)), np.inf)
        np.fill_diagonal(nobody, table[:, -1])
        whole = np.hstack([table[:, :-1], nobody])
        try:
            _row, column = linear_sum_assignment(whole)
        except ValueError:  # no plan exists; that is for others to prove
            return 0.0, arc[self.at, table.argmin(axis=1)]
        column = np.minimum(column, table.shape[1] - 1)
        return float(table[self.at, column].sum()), arc[self.at, column]


class _Split(_Set):
    """Units that pay for each label beyond the first; every partition counts."""

    def __init__(
        self, problem: Problem, units: Positions, labels: Positions, price: int
    ) -> None:
        super().__init__(problem, units, labels)
        self.price = float(price)

    def least(self, reduced: Floats) -> tuple[float, Arcs]:
        """See `_Set.least`."""
        table, arc = self.table(reduced)
        whole, company = self._partitions(table)
        column = np.full(len(table), table.shape[1] - 1)
        best = float(table[:, -1].sum())
        part, label = np.unravel_index(whole.argmin(), whole.shape)
        if whole[part, label] < best:
            best, left = float(whole[part, label]), len(company) - 1 - int(part)
            column[_members(int(part))] = label
            while left:
                together = int(company[left])
                if not together:  # nobody serves the first of them
                    left &= left - 1
                    continue
                units = _members(together)
                column[units] = table[units, :-1].sum(axis=0).argmin()
                left ^= together
        elif not np.isfinite(best):  # no plan exists; that is for others to prove
            return 0.0, arc[self.at, table.argmin(axis=1)]
        return best, arc[self.at, column]

    def forced(self, reduced: Floats) -> Floats:
        """See `_Set.forced`."""
        table, _arc = self.table(reduced)
        whole, _company = self._partitions(table)
        least = table.copy()  # of the set, when a unit has a label
        parts = np.arange(len(whole))
        for unit in self.at.tolist():
            least[unit, :-1] = whole[parts >> unit & 1 > 0].min(axis=0)
        own = np.where(np.isfinite(table), table, 0.0)
        found = reduced[self.arcs] + (least - own)[self.row, self.column]
        return np.maximum(0.0, found - self.least(reduced)[0])

    def _partitions(self, table: Floats) -> tuple[Floats, Arcs]:
        """
        Least value of the set by a part, as bits, and the label that this part has.

        Returns
        -------
        That, shape (2^k, labels), inf for no part; and who goes with the first unit of
        each part at best, as bits, 0 for nobody serves it, (2^k,).
        """
        k = len(table)
        sums = np.zeros((1 << k, table.shape[1] - 1))
        for unit in range(k):
            sums[1 << unit : 2 << unit] = sums[: 1 << unit] + table[unit, :-1]
        rest, company = cheapest_parts(sums.min(axis=1) + self.price, table[:, -1])
        sums[0] = np.inf
        return sums + rest[::-1, None], company


def _members(part: int) -> list[int]:
    """Places of the bits that are set."""
    return [place for place in range(part.bit_length()) if part >> place & 1]


@compiled
def cheapest_parts(cost: Floats, nobody: Floats) -> tuple[Floats, Arcs]:
    """
    Cut every part of a set into companies at least cost.

    Parameters
    ----------
    cost
        Of a company, by its units as bits, shape (2^k,).
    nobody
        Of leaving out a unit, shape (k,).

    Returns
    -------
    Least cost of each part, and the company of its first unit; 0: it is left out.
    """
    least, company = np.zeros(len(cost)), np.zeros(len(cost), dtype=np.int64)
    for part in range(1, len(cost)):
        first = 0
        while not part >> first & 1:
            first += 1
        others = part & (part - 1)
        least[part] = least[others] + nobody[first]
        inside = others
        while True:
            together = inside | (1 << first)
            value = cost[together] + least[part ^ together]
            if value < least[part]:
                least[part], company[part] = value, together
            if inside == 0:
                break
            inside = (inside - 1) & others
    return least, company


def _work(problem: Problem) -> float:
    """Return how much there is to do at each step for all split sets."""
    return float(
        sum(
            2 ** min(len(split.units), MOST_UNITS) * len(np.unique(split.label_of_rep))
            for split in problem.splits
        )
    )


def _sets_of(problem: Problem) -> list[_Set]:
    """Sets of two units and more; a unit is in the dearest of its sets only."""
    free = np.ones(problem.n, dtype=bool)
    found: list[_Set] = []

    def taken(units: Positions, most: int) -> Positions:
        own = np.sort(units[free[units]])[:most]
        if len(own) > 1:
            free[own] = False
        return own

    for split in sorted(problem.splits, key=lambda one: -one.price):
        if len(units := taken(split.units, MOST_UNITS)) > 1:
            labels = split.label_of_rep
            found.append(_Split(problem, units, labels, split.price))
    for members in problem.apart:
        if len(units := taken(members, problem.n)) > 1:
            found.append(_Apart(problem, units, np.arange(problem.m)))
    return found
