"""What each account-rep pair costs and takes, and whether it is allowed, in blocks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.geo.distance import road_hours, road_km
from planner.rounding import cost_scale, decimals_scale, to_integers
from planner.scenario import Scenario
from planner.scenario.model import MOVED, TERMS
from planner.scenario.rules import Pin
from planner.tables import Tables, matches, parse_skills

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Positions = NDArray[np.intp]


@dataclass(frozen=True)
class Block:
    """
    Pairs of b accounts with m reps and nobody (the last column).

    Attributes
    ----------
    eligible
        Shape (b, m + 1).
    cost, demand
        Integers, shapes (terms, b, m + 1) and (measures, b, m + 1).
    km
        One-way road distance, shape (b, m).
    """

    eligible: Bools
    cost: Ints
    demand: Ints
    km: Floats


class Pairs:
    """
    Prices pairs of a scenario; the only place where business wishes become numbers.

    Attributes
    ----------
    terms, measures, scales
        Names of the pair-wise terms and of the measures with their steps per unit.
    own_total
        Total of each measure by the accounts' own demand, in units.
    owner
        Index of today's owner among the reps, -1 where vacant or gone, shape (n,).
    trips
        Round trips to each account in a year, shape (n,).
    """

    def __init__(self, tables: Tables, scenario: Scenario) -> None:
        self.tables, self.scenario = tables, scenario
        self.accounts, self.reps = tables.accounts, tables.reps
        self.m = len(self.reps)
        self.owner = self.reps.index.get_indexer(pd.Index(self.accounts["owner"]))
        visits = self.accounts["visits"].to_numpy(float)
        self.trips = visits / scenario.travel.visits_per_trip
        self._measures()
        self.cost_scale = cost_scale(
            balance.price / self.scale_of(balance.measure)
            for balance in scenario.balance
            if not balance.hard
        )
        self.terms = tuple(term for term in TERMS if self._is_used(term))
        self.measures = (*self._own, *self._budget_measures())
        self.scales = tuple(self.scale_of(name) for name in self.measures)
        self._rules()
        self._places()

    def scale_of(self, measure: str) -> int:
        """Steps per unit of a measure, of a moved amount, or of a term."""
        if measure == "moved_accounts":
            return 1
        if measure == "moved_value":
            return decimals_scale(self.accounts["value"])
        if measure in TERMS:
            return self.cost_scale
        return self._scale[measure]

    # ---- prepared once -----------------------------------------------------------

    def _measures(self) -> None:
        """Own demand, scale and factors of every measure that the scenario uses."""
        self._own: dict[str, Floats] = {}
        self._counts: dict[str, Bools] = {}
        self._factor: dict[str, Floats] = {}
        self._scale: dict[str, int] = {}
        for name in self.scenario.measures_used():
            measure = self.scenario.measure(name)
            counts = matches(self.accounts, measure.where)
            own: Floats = np.ones(len(self.accounts))
            if measure.of != "accounts":
                own = self.accounts[measure.of].to_numpy(dtype=np.float64)
            self._own[name] = np.asarray(np.where(counts, own, 0.0), dtype=float)
            self._counts[name] = counts
            factors = self.reps["grade"].map(measure.factor_by_grade).astype(float)
            self._factor[name] = np.asarray(factors.fillna(1.0), dtype=np.float64)
            scale = decimals_scale(self._own[name])
            by_rep = measure.travel or bool(measure.factor_by_grade)
            self._scale[name] = max(scale, 100) if by_rep else scale
        self.own_total = {name: float(own.sum()) for name, own in self._own.items()}

    def _is_used(self, term: str) -> bool:
        scenario, handover = self.scenario, self.scenario.handover
        return {
            "travel": self._has_places() or self.tables.distances is not None,
            "skill": scenario.skills.missing_preferred > 0,
            "fit": bool(scenario.fit),
            "handover": handover.fixed > 0
            or handover.value_share > 0
            or handover.tenure_share > 0
            or handover.pipeline_share > 0,
            "leave_out": scenario.leave_out is not None,
        }[term]

    def _has_places(self) -> bool:
        return all(
            frame[["latitude", "longitude"]].notna().all(axis=1).any()
            for frame in (self.accounts, self.reps)
        )

    def _budget_measures(self) -> list[str]:
        wanted = {b.of for b in self.scenario.budgets}
        return [n for n in (*MOVED, *TERMS) if n in wanted and n not in self._own]

    def _rules(self) -> None:
        """Eligibility by text columns: one mask of reps per distinct text."""
        accounts, reps, scenario = self.accounts, self.reps, self.scenario
        held = [parse_skills(text) for text in reps["skills"]]

        def lacking(text: str) -> list[int]:
            wanted = parse_skills(text)
            return [
                sum(have.get(skill, 0) < level for skill, level in wanted.items())
                for have in held
            ]

        def never(grade: str) -> list[bool]:
            return [self._fit(grade, other) is None for other in reps["grade"]]

        self._lacks_required = _by_text(accounts["skills"], lacking)
        self._lacks_preferred = _by_text(accounts["prefers"], lacking)
        self._never = _by_text(accounts["grade"], never)
        self._fit_cost = _by_text(
            accounts["grade"],
            lambda grade: [self._fit(grade, other) or 0.0 for other in reps["grade"]],
        )
        self.pins = [(self._covers(p), self._chosen(p)) for p in scenario.pins]
        self.forbids = [(self._covers(f), self._chosen(f)) for f in scenario.forbid]
        self.pinned = np.zeros(len(accounts), dtype=bool)
        for covered, _ in self.pins:
            self.pinned |= covered
        self.protected = np.zeros(len(accounts), dtype=bool)
        if scenario.protect.field:
            self.protected |= accounts["protected"].to_numpy(bool)
        for conditions in scenario.protect.where:
            self.protected |= matches(accounts, conditions)
        self.protected &= self.owner >= 0
        self._may_stay_out = np.zeros(len(accounts), dtype=bool)
        if scenario.leave_out is not None:
            allowed = matches(accounts, scenario.leave_out.where)
            self._may_stay_out = allowed & ~self.pinned & ~self.protected

    def _fit(self, grade: str, rep_grade: str) -> float | None:
        cost = self.scenario.fit.get(grade, {}).get(rep_grade, 0.0)
        return None if cost == "never" else float(cost)

    def _covers(self, rule: Pin) -> Bools:
        if rule.accounts is not None:
            return np.asarray(self.accounts.index.isin(rule.accounts))
        return matches(self.accounts, rule.where or [])

    def _chosen(self, rule: Pin) -> Bools:
        if rule.reps is not None:
            return np.asarray(self.reps.index.isin(rule.reps))
        return self.reps["team"].isin(rule.teams or []).to_numpy(dtype=bool)

    def _places(self) -> None:
        travel, accounts = self.scenario.travel, self.accounts
        self._account_places = accounts[["latitude", "longitude"]].to_numpy(float)
        self._rep_places = self.reps[["latitude", "longitude"]].to_numpy(float)
        by_country = accounts["country"].map(travel.circuity_by).astype(float)
        self._circuity = by_country.fillna(travel.circuity).to_numpy(float)
        self._table: pd.DataFrame | None = None
        if self.tables.distances is not None:
            table = self.tables.distances
            rows = accounts.index.get_indexer(pd.Index(table["account_id"]))
            self._table = pd.DataFrame(
                {
                    "rep": self.reps.index.get_indexer(pd.Index(table["rep_id"])),
                    "km": table["km"].to_numpy(float),
                    "hours": table["hours"].to_numpy(float),
                },
                index=rows,
            )
            known = (self._table.index >= 0) & (self._table["rep"] >= 0)
            self._table = self._table[known].sort_index(kind="stable")

    # ---- block by block ----------------------------------------------------------

    def block(self, at: Positions) -> Block:
        """Price the pairs of some accounts (positions, shape (b,)) with every rep."""
        km, hours, listed = self.distances(at)
        trips = self.trips[at, None]
        cost = np.zeros((len(self.terms), len(at), self.m + 1), dtype=np.int64)
        for index, term in enumerate(self.terms):
            cost[index] = to_integers(
                self._term(term, at, trips, km, hours), self.cost_scale
            )
        eligible = self._eligible(at, km, listed)
        moved = self._moved(at)
        demand = np.zeros((len(self.measures), len(at), self.m + 1), dtype=np.int64)
        for index, name in enumerate(self.measures):
            if name in self._own:
                road = trips * 2 * hours
                demand[index, :, :-1] = self._demand(name, at, road)
            elif name == "moved_accounts":
                demand[index] = moved
            elif name == "moved_value":
                value = self.accounts["value"].to_numpy(float)[at]
                demand[index] = moved * to_integers(value, self.scales[index])[:, None]
            elif name in self.terms:
                demand[index] = cost[self.terms.index(name)]
        return Block(eligible, cost, demand, km)

    def distances(self, at: Positions) -> tuple[Floats, Floats, Bools]:
        """One-way km and hours, and whether the pair may be used, shapes (b, m)."""
        travel = self.scenario.travel
        km = road_km(self._account_places[at], self._rep_places, self._circuity[at])
        km = np.nan_to_num(km)
        hours = road_hours(km, travel.speeds)
        usable = np.ones(km.shape, dtype=bool)
        if self._table is not None:
            usable[:] = travel.missing_pairs == "estimate"
            begin = self._table.index.searchsorted(at, side="left")
            end = self._table.index.searchsorted(at, side="right")
            counts = end - begin
            place = np.repeat(np.arange(len(at)), counts)
            offset = np.arange(counts.sum()) - np.repeat(
                np.cumsum(counts) - counts, counts
            )
            listed = self._table.iloc[np.repeat(begin, counts) + offset]
            rep = listed["rep"].to_numpy()
            km[place, rep] = listed["km"].to_numpy()
            given = listed["hours"].to_numpy()
            driven = road_hours(listed["km"].to_numpy(), travel.speeds)
            hours[place, rep] = np.where(np.isnan(given), driven, given)
            usable[place, rep] = True
        return km, hours, usable

    def _term(
        self, term: str, at: Positions, trips: Floats, km: Floats, hours: Floats
    ) -> Floats:
        """Currency per pair of one term, shape (b, m + 1)."""
        value = np.zeros((len(at), self.m + 1))
        travel, scenario = self.scenario.travel, self.scenario
        if term == "travel":
            one_way = km * travel.cost_per_km + hours * travel.cost_per_hour
            value[:, :-1] = trips * 2 * one_way
        elif term == "skill":
            lacking = self._lacks_preferred(at)
            value[:, :-1] = scenario.skills.missing_preferred * lacking
        elif term == "fit":
            value[:, :-1] = self._fit_cost(at)
        elif term == "handover":
            value[:] = self._moved(at) * self._handover(at)[:, None]
        else:
            value[:, -1] = self._leave_out(at)
        return value

    def _handover(self, at: Positions) -> Floats:
        price, accounts = self.scenario.handover, self.accounts.iloc[at]
        years = accounts["tenure_years"].to_numpy(float)
        tenure = np.minimum(years, price.tenure_full_years) / price.tenure_full_years
        share = price.value_share + price.tenure_share * tenure
        pipeline = accounts["pipeline"].to_numpy(float) * price.pipeline_share
        return np.asarray(
            price.fixed + accounts["value"].to_numpy(float) * share + pipeline
        )

    def _leave_out(self, at: Positions) -> Floats:
        price, accounts = self.scenario.leave_out, self.accounts.iloc[at]
        assert price is not None
        by_priority = accounts["priority"].map(price.by_priority).astype(float)
        base = by_priority.fillna(price.price).to_numpy(float)
        return np.asarray(base + accounts["value"].to_numpy(float) * price.value_share)

    def _moved(self, at: Positions) -> Ints:
        """1 where the account would leave a known owner, shape (b, m + 1)."""
        owner = self.owner[at, None]
        return ((owner >= 0) & (np.arange(self.m + 1) != owner)).astype(np.int64)

    def _demand(self, name: str, at: Positions, road_hours_a_year: Floats) -> Ints:
        amount = self._own[name][at, None] * self._factor[name]
        if self.scenario.measure(name).travel:
            amount = amount + road_hours_a_year * self._counts[name][at, None]
        return to_integers(amount, self._scale[name])

    def _eligible(self, at: Positions, km: Floats, usable: Bools) -> Bools:
        allowed = usable & (self._lacks_required(at) == 0) & ~self._never(at)
        for covered, reps in self.pins:
            allowed &= ~covered[at, None] | reps
        for covered, reps in self.forbids:
            allowed &= ~(covered[at, None] & reps)
        owner = self.owner[at, None]
        allowed &= ~self.protected[at, None] | (np.arange(self.m) == owner)
        if self.scenario.travel.max_km is not None:
            near = km <= self.scenario.travel.max_km
            allowed &= near | self.pinned[at, None]
        return np.hstack([allowed, self._may_stay_out[at, None]])


def _by_text(
    column: pd.Series, row: Callable[[str], list]
) -> Callable[[Positions], NDArray]:
    """Return a function that gives ``row(text)`` for accounts by position."""
    codes, texts = pd.factorize(column)
    table = np.array([row(text) for text in texts])
    return lambda at: table[codes[at]]
