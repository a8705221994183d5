"""A solved question laid out for explanations: names, loads, prices, all pairs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.compile import PAIRS_PER_BLOCK, largest_demands
from planner.errors import PlannerError
from planner.greenfield import opening_cost
from planner.solution import Solution
from planner.solvers.dual import integer_prices
from planner.solvers.rows import linear_rows
from planner.solvers.standing import Standing
from planner.tables import PREFIX
from planner.words import _

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Positions = NDArray[np.intp]

ROUNDED_UP = 2
"""Steps of cost by which rounding may have lifted a bound over its prices' value."""
SAFETY = 1e-9
"""Share of a cost by which floats may be off."""


@dataclass(frozen=True, eq=False)
class Pairings:
    """
    Units and reps priced together, whether or not the rules allow them.

    Attributes
    ----------
    rep
        Rep of each pair (m: nobody), shape (pairs,).
    eligible
        Whether the rules, and every cap by itself, allow it, shape (pairs,).
    cost, demand
        Shapes (terms, pairs) and (measures, pairs), in steps.
    """

    rep: Positions
    eligible: Bools
    cost: Ints
    demand: Ints


class Known:
    """
    A solution with a plan, and what every explanation asks of it.

    Attributes
    ----------
    rep_of
        Rep of each unit (m: left out), shape (n,).
    standing
        Loads and prices of its rows.
    caps
        Largest demand of a unit per measure and rep, shape (measures, m + 1).

    Raises
    ------
    PlannerError
        If the solution has no plan.
    """

    def __init__(self, solution: Solution) -> None:
        if solution.plan is None or solution.result.arcs is None:
            raise PlannerError(
                _("There is no plan, so nothing to explain: {status}.").format(
                    status=solution.status
                )
            )
        self.solution, self.plan = solution, solution.plan
        self.compiled, self.problem = solution.compiled, solution.compiled.problem
        self.pairs = self.compiled.pairs
        self.arcs = solution.result.arcs
        self.rep_of = self.problem.rep[self.arcs].astype(np.intp)
        self.standing = Standing(self.problem, self.arcs, solution.result.row_prices)
        self.caps = largest_demands(self.pairs, self.problem.rows)
        self.scale = self.problem.cost_scale
        self.m = self.problem.m

    # ---- names -------------------------------------------------------------------

    def unit(self, name: str) -> int:
        """
        Unit of an account, or of ``region:<id>``.

        Raises
        ------
        PlannerError
            If there is no such account or region.
        """
        return int(self.compiled.unit_of[self.row(name)])

    def row(self, name: str) -> int:
        """Row of an account or region in the table of what is planned."""
        index = self.pairs.accounts.index
        at = int(index.get_indexer(pd.Index([name]))[0])
        if at < 0:
            known = [n.removeprefix(PREFIX) for n in index[:3]]
            raise PlannerError(
                _(
                    "The plan has no account {name!r}. Ids are such as {known}; by "
                    "regions also region:<id>."
                ).format(name=name, known=", ".join(known))
            )
        return at

    def rep(self, rep_id: str) -> int:
        """
        Index of a rep.

        Raises
        ------
        PlannerError
            If there is no such rep.
        """
        at = int(self.pairs.reps.index.get_indexer(pd.Index([rep_id]))[0])
        if at < 0:
            raise PlannerError(
                _("The plan has no rep {name!r}. Reps are such as {known}.").format(
                    name=rep_id, known=", ".join(self.pairs.reps.index[:3])
                )
            )
        return at

    def rep_id(self, rep: int) -> str:
        """Id of a rep, "" for nobody."""
        return self.problem.rep_ids[rep] if rep < self.m else ""

    def members(self, unit: int) -> Positions:
        """Rows of the accounts (and regions) of a unit."""
        begin = self._begin
        return np.asarray(self._order[begin[unit] : begin[unit + 1]], dtype=np.intp)

    @cached_property
    def _order(self) -> Positions:
        return np.argsort(self.compiled.unit_of, kind="stable")

    @cached_property
    def _begin(self) -> Positions:
        ordered = self.compiled.unit_of[self._order]
        return np.searchsorted(ordered, np.arange(self.problem.n + 1))

    # ---- pairs -------------------------------------------------------------------

    def line(self, unit: int) -> Pairings:
        """Price a unit with every rep, and with nobody last: (m + 1,) pairs."""
        block = self.pairs.block(self.members(unit))
        demand = block.demand.sum(axis=1)
        fits = (demand <= self.caps).all(axis=0)
        return Pairings(
            np.arange(self.m + 1),
            block.eligible.all(axis=0) & fits,
            block.cost.sum(axis=1),
            demand,
        )

    def column(self, rep: int) -> Pairings:
        """Price every unit with a rep: (n,) pairs."""
        problem, n = self.problem, self.problem.n
        rows = np.arange(len(self.pairs.accounts))
        cost = np.zeros((len(problem.terms), n), dtype=np.int64)
        demand = np.zeros((len(problem.measures), n), dtype=np.int64)
        eligible = np.ones(n, dtype=bool)
        for first in range(0, len(rows), PAIRS_PER_BLOCK):
            at = rows[first : first + PAIRS_PER_BLOCK]
            block = self.pairs.price(at, np.full(len(at), rep))
            unit = self.compiled.unit_of[at]
            for values, total in ((block.cost, cost), (block.demand, demand)):
                for one, sums in zip(values, total, strict=True):
                    np.add.at(sums, unit, one)
            eligible[unit[~block.eligible]] = False
        eligible &= (demand <= self.caps[:, rep][:, None]).all(axis=0)
        return Pairings(np.full(n, rep), eligible, cost, demand)

    # ---- prices ------------------------------------------------------------------

    def priced(self, pairings: Pairings) -> Floats:
        """Cost of pairs with the prices of the rows, in steps."""
        total = pairings.cost.sum(axis=0)
        return self.standing.priced(total, pairings.demand, pairings.rep)

    @cached_property
    def own(self) -> Floats:
        """Cost of each unit at its rep with the prices of the rows, (n,), in steps."""
        demand = self.problem.demand[:, self.arcs]
        total = self.problem.total_cost[self.arcs]
        return self.standing.priced(total, demand, self.rep_of)

    @cached_property
    def value(self) -> float:
        """What the row prices prove of every plan, in steps, before rounding up."""
        result = self.solution.result
        opening = opening_cost(self.solution.tables, self.scale)
        prices = result.row_prices
        if self.problem.source is not None:  # proven over all pairs when solved
            return prices.bound + opening - ROUNDED_UP
        rows = linear_rows(self.problem)
        worth = np.array([prices.numerators.get(row, 0) for row in rows.ids], float)
        bound = integer_prices(self.problem, rows, worth / prices.scale).bound
        return bound + opening - ROUNDED_UP

    def at_least(self, line: Pairings) -> Floats:
        """
        Lower limits on the cost of every plan in which a unit goes to each rep.

        Parameters
        ----------
        line
            All pairs of the unit, see `Known.line`.

        Returns
        -------
        In steps, shape (m + 1,); inf where the rules do not allow the pair.
        """
        priced = self.priced(line)
        best = priced[line.eligible].min()
        limit = self.value + priced - best
        limit = np.ceil(limit - SAFETY * np.maximum(1.0, np.abs(limit)))
        limit = np.maximum(limit, self.solution.result.bound)
        return np.where(line.eligible, limit, math.inf)

    def money(self, steps: float) -> float:
        """Steps of cost in currency."""
        return float(steps / self.scale)
