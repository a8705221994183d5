"""Why each account is where it is: one sentence each, from costs and prices alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.arcs import arcs_of, holding
from planner.compile import Compiled
from planner.problem import Problem
from planner.solvers.result import Prices
from planner.solvers.standing import Moves, Standing
from planner.tables import parse_skills
from planner.words import _

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

CHEAPEST = 4
"""Reps of least own cost looked up for an account where not all pairs are held."""
SMALL = 100
"""Amounts of money below this are told with cents."""


def reasons_by_account(compiled: Compiled, arcs: Ints, prices: Prices) -> pd.Series:
    """
    Say why each account has its rep, in the language chosen at that moment.

    The account's own cost at its rep stands against that at every other rep that may
    serve it. Where another would be cheaper, the sentence says what that move, by
    itself, would do to limits and bands; so each number can be counted again.

    Parameters
    ----------
    compiled, arcs
        The question and the arc chosen for each unit, shape (n,).
    prices
        Prices of the rows.

    Returns
    -------
    A sentence by ``account_id``, in table order; by regions, without these.
    """
    return _reasons(compiled, arcs, prices, ~compiled.pairs.is_region)


def reasons_by_region(compiled: Compiled, arcs: Ints, prices: Prices) -> pd.Series:
    """Do as `reasons_by_account` for the regions, by ``region:<id>``."""
    return _reasons(compiled, arcs, prices, compiled.pairs.is_region)


def _reasons(compiled: Compiled, arcs: Ints, prices: Prices, asked: Bools) -> pd.Series:
    """Return the sentences of some rows of the table of what is planned."""
    found = _Reasons(_of_least_cost(compiled, arcs), prices)
    rows = np.flatnonzero(asked)
    text = [found.row(at) for at in rows.tolist()]
    index = compiled.pairs.accounts.index[rows]
    return pd.Series(text, index=index, dtype="str", name="reason")


@dataclass(frozen=True, eq=False)
class _Least:
    """A question that holds each unit's cheapest arcs and those of the plan."""

    compiled: Compiled
    problem: Problem
    arcs: Ints
    all_terms: bool
    """Whether each unit's nearest rep is among its arcs."""


def _of_least_cost(compiled: Compiled, arcs: Ints) -> _Least:
    """Hold the arcs of least own cost; all, where all are held."""
    problem, source = compiled.problem, compiled.problem.source
    if source is None:
        return _Least(compiled, problem, arcs, True)
    rep_of = problem.rep[arcs].astype(np.intp)
    no_price = np.zeros((len(problem.measures), problem.m + 1))
    whole = arcs_of(problem, np.flatnonzero(source.complete))
    parts = [whole, *source.cheapest(no_price, CHEAPEST)]
    small = holding(problem, parts, np.arange(problem.n))
    small = source.with_plan(small, rep_of)
    alike = {"travel", "handover", "leave_out"}.issuperset(problem.terms)
    return _Least(compiled, small, small.arcs_of(rep_of), alike)


class _Reasons:
    """What every sentence needs, looked up for all units at once."""

    def __init__(self, least: _Least, prices: Prices) -> None:
        self.compiled, self.problem, self.arcs = (
            least.compiled,
            least.problem,
            least.arcs,
        )
        self.pairs, self.all_terms = least.compiled.pairs, least.all_terms
        self.currency = self.pairs.scenario.currency
        self.ids = self.problem.rep_ids
        self.standing = Standing(self.problem, self.arcs, prices)
        self._compare()
        self._what_ifs()
        self._groups()
        self.said: dict[int, str] = {}

    # ---- for all units -----------------------------------------------------------

    def _compare(self) -> None:
        """Set each unit's rep against that of least own cost, and the nearest."""
        problem = self.problem
        self.rep = problem.rep[self.arcs].astype(np.intp)
        served = problem.rep < problem.m
        cost = np.where(served, problem.total_cost, np.iinfo(np.int64).max)
        self.best = self._least_arc(cost)
        self.none_may = cost[self.best] == np.iinfo(np.int64).max
        self.cost = problem.total_cost[self.arcs]
        self.less = np.where(self.none_may, 0, self.cost - cost[self.best])
        self.choices = np.add.reduceat(served.astype(np.int64), problem.start[:-1])
        if problem.source is not None:  # more may exist than are held
            self.choices[~problem.source.complete] = problem.m
        self.nearest = np.zeros(problem.n, dtype=bool)
        if "travel" in problem.terms and self.all_terms:
            travel = problem.cost[problem.terms.index("travel")].astype(np.int64)
            far = np.where(served, travel, np.iinfo(np.int64).max)
            own, some = (
                travel[self.arcs],
                np.maximum.reduceat(np.where(served, travel, 0), problem.start[:-1]),
            )
            least = np.minimum.reduceat(far, problem.start[:-1])
            self.nearest = (own == least) & (some > 0)
        self._owners(cost)

    def _least_arc(self, cost: Ints) -> Ints:
        """First arc of least cost of each unit, shape (n,)."""
        least = np.minimum.reduceat(cost, self.problem.start[:-1])
        hit = np.flatnonzero(cost == least[self.problem.unit])
        first = np.searchsorted(hit, self.problem.start[:-1])
        return np.asarray(hit[first])

    def _owners(self, cost: Ints) -> None:
        """Who stays although another rep would be cheaper but for the handover."""
        problem, pairs = self.problem, self.pairs
        n = problem.n
        at = np.unique(self.compiled.unit_of, return_index=True)[1]
        self.first = at
        size = np.bincount(self.compiled.unit_of, minlength=n)
        self.owner = np.where(size == 1, pairs.owner[at], -1)
        self.handover = np.where(self.owner >= 0, pairs.handover[at], 0)
        if "handover" not in pairs.terms:
            self.handover[:] = 0
        other = np.where(
            problem.rep == self.owner[problem.unit], np.iinfo(np.int64).max, cost
        )
        self.rival = self._least_arc(other)
        there = other[self.rival] < np.iinfo(np.int64).max
        ahead = self.cost - (np.where(there, other[self.rival], 0) - self.handover)
        stays = there & (self.owner == self.rep) & (self.less <= 0)
        self.saved = np.where(stays & (self.handover > 0), ahead, 0)

    def _what_ifs(self) -> None:
        """What giving each unit to its cheapest rep, alone, would do to the rows."""
        problem, best = self.problem, self.best
        demand = problem.demand
        self.effect: Moves = self.standing.moves(
            self.rep,
            demand[:, self.arcs],
            problem.rep[best].astype(np.intp),
            demand[:, best].astype(np.int64),
        )
        total = problem.total_cost
        self.dearer = self.standing.priced(
            total[best], demand[:, best], problem.rep[best].astype(np.intp)
        ) >= self.standing.priced(total[self.arcs], demand[:, self.arcs], self.rep)
        self.in_set = np.zeros(problem.n, dtype=bool)
        for units in (*(split.units for split in problem.splits), *problem.apart):
            self.in_set[units] = True

    def _groups(self) -> None:
        """Text of each hard group by the row of its members."""
        pairs, unit_of = self.pairs, self.compiled.unit_of
        self.grouped = np.bincount(unit_of, minlength=self.problem.n)[unit_of] > 1
        self.columns = [t.column for t in pairs.scenario.together if t.price is None]
        self.pinned_to = np.full(len(unit_of), -1)
        for index, (covered, reps) in enumerate(pairs.pins):
            if reps[:-1].sum() == 1:
                self.pinned_to[covered] = index

    @cached_property
    def _skilled(self) -> NDArray[np.int64]:
        """How many reps have the skills that each account asks for."""
        table = self.pairs.lacks_required.table[:, :-1]
        return np.asarray((table == 0).sum(axis=1)[self.pairs.lacks_required.codes])

    # ---- sentences ---------------------------------------------------------------

    def row(self, at: int) -> str:
        """Return the sentence of an account or region, by its row."""
        pairs, unit = self.pairs, int(self.compiled.unit_of[at])
        rep = int(self.rep[unit])
        if pairs.is_region[at]:
            return self._of_region(at, unit)
        if pairs.scenario.unit == "region" and self._region(at):
            return _("With its region {region}.").format(region=self._region(at))
        if rep == self.problem.m:
            return self._left_out(unit)
        if self.pinned_to[at] >= 0:
            return _("Pinned to {rep} by {rule}.").format(
                rep=self.ids[rep], rule=f"pins[{self.pinned_to[at]}]"
            )
        if pairs.protected[at]:
            return _("Protected: stays with today's owner.")
        if self.grouped[at] and (group := self._group(at)):
            return group
        return self._of_unit(unit)

    def _of_region(self, at: int, unit: int) -> str:
        """Say why a region has its rep: by rules, own cost, neighbours."""
        areas, pairs, rep = self.problem.areas, self.pairs, int(self.rep[unit])
        if pairs.kept[at]:
            return _("Locked: stays with today's rep.")
        if self.choices[unit] == 1 or self.less[unit] > 0 or areas is None:
            return self._of_unit(unit)
        first, end = self.problem.start[unit : unit + 2]
        costs = self.problem.total_cost[first:end]
        words = [self._of_unit(unit)] if costs.min() < costs.max() else []
        around = areas.edges[(areas.edges == unit).any(axis=1)]
        around = around[around != unit]
        if len(around):
            words.append(
                _("{rep} also has {n:,} of its {all:,} neighbours.").format(
                    rep=self.ids[rep],
                    n=int((self.rep[around] == rep).sum()),
                    all=len(around),
                )
            )
        return " ".join(words or [_("All reps that may serve it would cost the same.")])

    def _region(self, at: int) -> str:
        return str(self.pairs.accounts["area"].iat[at])

    def _group(self, at: int) -> str:
        for column in self.columns:
            if label := str(self.pairs.accounts[column].iat[at]).strip():
                unit = int(self.compiled.unit_of[at])
                return _("With its group {label} ({column}): {reason}").format(
                    label=label, column=column, reason=self._of_unit(unit)
                )
        return ""

    def _of_unit(self, unit: int) -> str:
        if unit not in self.said:
            self.said[unit] = self._reason(unit)
        return self.said[unit]

    def _reason(self, unit: int) -> str:
        """Say why a unit that has a rep has this one."""
        at = int(self.first[unit])
        skills = self._skills(at)
        if self.choices[unit] == 1:
            if skills and self._skilled[at] == 1:
                return _("Only rep with {skills}.").format(skills=skills)
            return _("Only rep that may serve it.")
        if self.less[unit] > 0:
            return _("{rep} would be {less} cheaper, but {why}.").format(
                rep=self.ids[self.problem.rep[self.best[unit]]],
                less=self._money(self.less[unit]),
                why=self._why(unit),
            )
        if self.saved[unit] > 0:
            return _(
                "Stays with today's owner: a handover would cost {handover}, {rep} "
                "would save {saved}."
            ).format(
                handover=self._money(self.handover[unit]),
                rep=self.ids[self.problem.rep[self.rival[unit]]],
                saved=self._money(self.saved[unit]),
            )
        return self._cheapest(unit, skills)

    def _cheapest(self, unit: int, skills: str) -> str:
        if not self.nearest[unit]:
            return _("Lowest cost of all reps that may serve it.")
        if skills:
            return _("Nearest rep with {skills}.").format(skills=skills)
        if self.owner[unit] == self.rep[unit]:
            return _("Today's owner, and the nearest rep.")
        return _("Nearest rep that may serve it.")

    def _left_out(self, unit: int) -> str:
        if self.none_may[unit]:
            return _("Left out: no rep may serve it.")
        rep = self.ids[self.problem.rep[self.best[unit]]]
        if self.less[unit] > 0:
            return _("Left out: {rep} would cost {less} less, but {why}.").format(
                rep=rep, less=self._money(self.less[unit]), why=self._why(unit)
            )
        return _(
            "Left out: this costs {price}; the cheapest rep, {rep}, would cost {cost}."
        ).format(
            price=self._money(self.cost[unit]),
            rep=rep,
            cost=self._money(self.problem.total_cost[self.best[unit]]),
        )

    def _why(self, unit: int) -> str:
        """Say what stands against a unit's cheapest rep."""
        effect, index = self.effect, int(self.effect.broken[unit])
        if index >= 0:
            return self._breaks(index, int(effect.over[unit]), unit)
        paid = int(effect.cost[unit])
        if effect.paid[unit] > 0 and paid >= self.less[unit]:
            row = self.standing.rows[int(effect.dearest[unit])]
            return _("{measure} would be less balanced, at {cost} more").format(
                measure=_(self.problem.measures[row.measure]), cost=self._money(paid)
            )
        if self.in_set[unit]:
            return _("rules on groups or rivals speak against it")
        if self.problem.areas is not None:
            return _("the map as a whole is better this way")
        if self.dearer[unit]:
            return _("what that takes of limits and bands is worth more elsewhere")
        return _("the plan is not proven to be the best")

    def _breaks(self, index: int, over: int, unit: int) -> str:
        """Say which hard row a unit breaks at its cheapest rep."""
        row, problem, best = self.standing.rows[index], self.problem, self.best[unit]
        own, other = int(self.rep[unit]), int(problem.rep[best])
        demand = problem.demand[row.measure]
        load = int(self.standing.load[index])
        load += int(demand[best]) if other in row.reps else 0
        load -= int(demand[self.arcs[unit]]) if own in row.reps else 0
        if row.id.startswith("budgets"):
            words = _("the budget on {measure} would be exceeded by {amount}")
        elif row.high is None or load <= row.high:
            words = _("{own} would have {amount} too little {measure}")
        elif len(row.reps) == 1:
            words = _("is full ({measure}: {amount} too much)")
        else:
            words = _("{row} leaves no room ({measure}: {amount} too much)")
        return words.format(
            measure=_(problem.measures[row.measure]),
            amount=f"{over / problem.scales[row.measure]:,.10g}",
            own=self.ids[own] if own < problem.m else row.id,
            row=row.id,
        )

    def _skills(self, at: int) -> str:
        return skills_in_words(str(self.pairs.accounts["skills"].iat[at]))

    def _money(self, steps: int) -> str:
        return money(steps / self.problem.cost_scale, self.currency)


def skills_in_words(text: str) -> str:
    """
    Lay out normalised skills; level 1 goes without saying.

    >>> skills_in_words("imaging:1;robotics:2")
    'imaging, robotics:2'
    """
    levels = parse_skills(text).items()
    return ", ".join(name if lv == 1 else f"{name}:{lv}" for name, lv in levels)


def money(amount: float, currency: str) -> str:
    """
    Lay out an amount of money, with cents where it is small.

    >>> money(1234.5, "EUR"), money(12, "EUR")
    ('1,234 EUR', '12.00 EUR')
    """
    digits = 2 if 0 < abs(amount) < SMALL else 0
    return f"{amount:,.{digits}f} {currency}".rstrip()
