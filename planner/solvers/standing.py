"""How the rows stand in a plan, and what single moves do to them, for many at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.problem import Problem
from planner.solvers.result import Prices
from planner.solvers.rows import layers

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Positions = NDArray[np.intp]


class Shift(NamedTuple):
    """
    What moves do to one row each; arrays of shape (moves,).

    Attributes
    ----------
    row
        Index into `Standing.rows`, -1: the move does not touch a row here.
    change
        Steps of load that the row gains.
    before, after
        Steps by which its load leaves the band, before and after the move.
    """

    row: Ints
    change: Ints
    before: Ints
    after: Ints


class Moves(NamedTuple):
    """
    What moves do to all rows together; arrays of shape (moves,).

    Attributes
    ----------
    cost
        Change of what priced bands cost, in steps of cost.
    broken
        Hard row that is broken worst, by share of its end; -1: none.
    over
        Steps by which it is broken more than before.
    dearest, paid
        Priced row whose cost rises most, -1: none, and by how much.
    """

    cost: Ints
    broken: Ints
    over: Ints
    dearest: Ints
    paid: Ints


class Standing:
    """
    Loads and prices of the rows in a plan.

    Attributes
    ----------
    rows
        The rows that can ever matter.
    load
        Of each, in steps, shape (K,).
    low, high, price
        Its band and the price of a step outside; inf where there is none, (K,).
    worth
        Dual price of a step of load, in steps of cost, shape (K,).
    """

    def __init__(self, problem: Problem, arcs: Ints, prices: Prices) -> None:
        self.rows = [r for r in problem.rows if r.low > 0 or r.high is not None]
        self.m = problem.m
        self._measure, self._row_of = layers(self.rows, problem.m)
        loads = np.zeros((len(problem.measures), problem.m + 1), dtype=np.int64)
        for measure, demand in enumerate(problem.demand):
            np.add.at(loads[measure], problem.rep[arcs], demand[arcs])
        self.load = np.array(
            [int(loads[row.measure, row.reps].sum()) for row in self.rows], np.int64
        )
        self.low = np.array([row.low for row in self.rows], float)
        self.high = np.array(
            [np.inf if row.high is None else row.high for row in self.rows], float
        )
        self.price = np.array(
            [np.inf if row.price is None else row.price for row in self.rows], float
        )
        known = prices.numerators
        self.worth = (
            np.array([known.get(row.id, 0) for row in self.rows], float) / prices.scale
        )

    def priced(self, cost: Ints, demand: Ints, rep: Positions) -> Floats:
        """
        Cost of pairs with the prices of the rows, as `planner.solvers.dual` sees it.

        Parameters
        ----------
        cost, demand, rep
            Of each pair: (pairs,), (measures, pairs), (pairs,).
        """
        total = cost.astype(float)
        for measure, row_of in zip(self._measure, self._row_of, strict=True):
            row = row_of[rep]
            met, taken = row >= 0, demand[measure].astype(float)
            high, price = self.high[row], self.price[row]
            beyond = met & np.isfinite(price) & (taken > high)
            excess = np.where(beyond, taken - np.where(beyond, high, 0), 0.0)
            total += np.where(beyond, excess * np.where(beyond, price, 0), 0.0)
            total += np.where(met, self.worth[row] * (taken - excess), 0.0)
        return total

    def worth_of(self, measure: int, rep: int) -> float:
        """Dual price of a step of a measure at a rep, over all rows."""
        return float(
            sum(
                self.worth[row_of[rep]]
                for of, row_of in zip(self._measure, self._row_of, strict=True)
                if of == measure and row_of[rep] >= 0
            )
        )

    def shifts(
        self, rep: Positions, demand: Ints, to: Positions, new: Ints
    ) -> Iterator[Shift]:
        """
        Yield what moves do, each by itself, to the rows that they touch.

        Parameters
        ----------
        rep, demand
            Where units are and what they take there, (moves,), (measures, moves).
        to, new
            Where they go and what they take there.
        """
        for measure, row_of in zip(self._measure, self._row_of, strict=True):
            old, then = row_of[rep], row_of[to]
            taken, asked = demand[measure].astype(np.int64), new[measure]
            same = old == then
            yield self._shift(np.where(same, -1, old), -taken)
            yield self._shift(then, np.where(same, asked - taken, asked))

    def _shift(self, row: Ints, change: Ints) -> Shift:
        """Return how far rows leave their bands; row -1 stands for none."""
        before = self._outside(row, self.load[row] if len(self.rows) else change)
        after = before
        if len(self.rows):
            after = self._outside(row, self.load[row] + change)
        return Shift(row, change, before, after)

    def _outside(self, row: Ints, load: Ints) -> Ints:
        if not len(self.rows):
            return np.zeros(len(row), dtype=np.int64)
        over = np.maximum(0.0, load - self.high[row])
        under = np.maximum(0.0, self.low[row] - load)
        return np.where(row < 0, 0.0, over + under).astype(np.int64)

    def moves(self, rep: Positions, demand: Ints, to: Positions, new: Ints) -> Moves:
        """Sum up `shifts` over all rows; parameters as there."""
        count = len(rep)
        cost, paid = np.zeros(count), np.zeros(count)
        broken, dearest = np.full(count, -1), np.full(count, -1)
        over, worst = np.zeros(count, dtype=np.int64), np.zeros(count)
        if not len(self.rows):
            nothing = np.zeros(count, dtype=np.int64)
            return Moves(nothing, broken, over, dearest, nothing)
        for shift in self.shifts(rep, demand, to, new):
            price, more = self.price[shift.row], shift.after - shift.before
            soft = (shift.row >= 0) & np.isfinite(price)
            extra = np.where(soft, more * np.where(soft, price, 0.0), 0.0)
            cost += extra
            dearest = np.where(extra > paid, shift.row, dearest)
            paid = np.maximum(paid, extra)
            hard = (shift.row >= 0) & ~soft
            share = np.where(hard, more / self._end(shift.row), 0.0)
            hit = share > worst
            broken = np.where(hit, shift.row, broken)
            over = np.where(hit, more, over)
            worst = np.maximum(worst, share)
        return Moves(
            cost.astype(np.int64), broken, over, dearest, paid.astype(np.int64)
        )

    def relief(self, rep: Positions, demand: Ints, to: Positions, new: Ints) -> Floats:
        """
        Sum up by how much moves bring loads back within hard rows; see `shifts`.

        Returns
        -------
        Shares of the ends of these rows, shape (moves,); below 0: further out.
        """
        total = np.zeros(len(rep))
        if not len(self.rows):
            return total
        for shift in self.shifts(rep, demand, to, new):
            hard = (shift.row >= 0) & np.isinf(self.price[shift.row])
            back = (shift.before - shift.after) / self._end(shift.row)
            total += np.where(hard, back, 0.0)
        return total

    def _end(self, row: Ints) -> Floats:
        """Return what shares of a load refer to: the larger end, at least 1."""
        high = np.where(np.isfinite(self.high[row]), self.high[row], 0.0)
        return np.maximum(np.maximum(high, self.low[row]), 1.0)
