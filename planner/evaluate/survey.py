"""One assignment, account by account: what its figures are made of."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import PlannerError
from planner.pairs import Pairs
from planner.scenario import Scenario
from planner.tables import Tables, parse_skills
from planner.words import _

PAIRS_AT_ONCE = 2_000_000
ALWAYS = ("accounts", "hours", "value")
"""Measures that are counted whether or not the scenario uses them."""

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Positions = NDArray[np.intp]


class Survey:
    """
    Distance, load and handover of every account with its own rep.

    Attributes
    ----------
    chosen, before
        Rep index of each account in table order, now and today; m = nobody.
    visits, trips, value
        Of each account, per year.
    km, hours
        One-way distance and driving time to the account's rep, NaN where left out or
        where one of them has no place.
    loads
        Measure -> load of each rep in the measure's unit, shape (m,).
    at_risk
        The handover term, in currency.
    """

    def __init__(self, tables: Tables, scenario: Scenario, owner: pd.Series) -> None:
        always = {name: scenario.measure(name) for name in ALWAYS}
        self.scenario = scenario.model_copy(
            update={"measures": {**always, **scenario.measures}}
        )
        self.tables = tables
        self.pairs = Pairs(tables, self.scenario)
        self.rows = self.pairs.accounts
        self.is_account = ~self.pairs.is_region
        self.chosen = _chosen(self.rows.index, tables.reps.index, owner)
        self.m = self.pairs.m
        self.before = np.where(self.pairs.owner < 0, self.m, self.pairs.owner)
        self.served = self.chosen < self.m
        self.visits = self.rows["visits"].to_numpy(float)
        self.trips = self.visits / scenario.travel.visits_per_trip
        self.value = self.rows["value"].to_numpy(float)
        self._count()

    @property
    def moved(self) -> Bools:
        """Whether each account leaves a known owner."""
        return (self.before < self.m) & (self.chosen != self.before)

    def _count(self) -> None:
        n, pairs = len(self.chosen), self.pairs
        self.km, self.hours = np.full(n, np.nan), np.full(n, np.nan)
        loads = np.zeros((len(pairs.measures), self.m + 1), dtype=np.int64)
        at_risk = 0
        for first in range(0, n, PAIRS_AT_ONCE):
            at = np.arange(first, min(n, first + PAIRS_AT_ONCE))
            block = pairs.price(at, self.chosen[at])
            for load, demand in zip(loads, block.demand, strict=True):
                np.add.at(load, self.chosen[at], demand)
            if "handover" in pairs.terms:
                at_risk += int(block.cost[pairs.terms.index("handover")].sum())
            self.km[at], self.hours[at], _usable = pairs.distances(at, self._rep(at))
        unknown = ~(self.served & self._has_distance())
        unknown |= self.pairs.is_region & (self.trips == 0)  # nobody goes there
        self.km[unknown] = self.hours[unknown] = np.nan
        self.at_risk = at_risk / pairs.cost_scale
        self.loads = {
            name: loads[at, :-1] / pairs.scales[at]
            for at, name in enumerate(pairs.measures)
            if name in self.scenario.measures_used()
        }

    def _rep(self, at: Positions | slice = slice(None)) -> Positions:
        """Rep index that is valid also where nobody serves (then without meaning)."""
        return np.minimum(self.chosen[at], self.m - 1)

    def _has_distance(self) -> Bools:
        """Whether both have a place, or the table has the pair; shape (accounts,)."""
        accounts, reps, rep = self.rows, self.tables.reps, self._rep()
        placed = [
            frame[["latitude", "longitude"]].notna().all(axis=1).to_numpy(bool)
            for frame in (accounts, reps)
        ]
        known = placed[0] & placed[1][rep]
        if self.tables.distances is not None:
            table = self.tables.distances
            listed = pd.MultiIndex.from_frame(table[["account_id", "rep_id"]])
            own = pd.MultiIndex.from_arrays([accounts.index, reps.index[rep]])
            known = known | own.isin(listed)
        return np.asarray(known)

    @cached_property
    def skills(self) -> tuple[Bools, Bools]:
        """Whether each served account asks for skills, and its rep has all of them."""
        accounts, rep = self.rows, self._rep()
        texts = list(zip(accounts["skills"], accounts["prefers"], strict=True))
        number = {pair: at for at, pair in enumerate(dict.fromkeys(texts))}
        wanted = [
            [*parse_skills(required).items(), *parse_skills(preferred).items()]
            for required, preferred in number
        ]
        held = [parse_skills(text) for text in self.tables.reps["skills"]]
        text = np.array([number[pair] for pair in texts], dtype=np.intp)
        asked = self.served & np.array([bool(one) for one in wanted], dtype=bool)[text]
        pairs, which = np.unique(text * len(held) + rep, return_inverse=True)
        matched = [
            all(held[one].get(skill, 0) >= level for skill, level in wanted[at])
            for at, one in zip(*np.divmod(pairs, len(held)), strict=True)
        ]
        return asked, asked & np.array(matched, dtype=bool)[which]


def _chosen(accounts: pd.Index, reps: pd.Index, owner: pd.Series) -> Positions:
    """Rep index of each account (or region) in table order, m for nobody."""
    ids = pd.Index(owner.index)
    twice = ids[ids.duplicated()]
    extra, lacking = ids.difference(accounts), accounts.difference(ids)
    for wrong, words in (
        (twice, _("the assignment has {ids} more than once; keep one row each")),
        (extra, _("the assignment names {ids}, which the accounts lack; remove them")),
        (lacking, _('the assignment lacks {ids}; add them, with "" where left out')),
    ):
        if len(wrong):
            raise PlannerError(words.format(ids=_some(wrong)))
    names = owner.reindex(accounts)
    chosen = reps.get_indexer(pd.Index(names))
    unknown = names[(chosen < 0) & (names != "")]
    if len(unknown):
        raise PlannerError(
            _(
                "the assignment gives {ids} to reps that do not exist ({reps}); "
                'correct them, or write "" to leave an account out'
            ).format(ids=_some(unknown.index), reps=_some(pd.Index(unknown.unique())))
        )
    return np.where(chosen < 0, len(reps), chosen).astype(np.intp)


def _some(ids: pd.Index) -> str:
    shown = ", ".join(str(one) for one in ids[:3])
    more = len(ids) - 3
    return shown + (_(" and {n:,} more").format(n=more) if more > 0 else "")
