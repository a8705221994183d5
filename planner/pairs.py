"""What each account-rep pair costs and takes, and whether it is allowed, in blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.by_text import ByText
from planner.geo.distance import haversine_km, road_hours, road_km_between
from planner.pool_prices import PoolPrices
from planner.rounding import cost_scale, decimals_scale, to_integers
from planner.scenario import Scenario
from planner.scenario.areas import Compactness
from planner.scenario.model import MOVED, TERMS
from planner.scenario.rules import Pin
from planner.tables import Tables, is_pool, matches, parse_skills, planning_rows

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Positions = NDArray[np.intp]


@dataclass(frozen=True)
class Block:
    """
    Priced pairs, in the shape in which they were asked for.

    Attributes
    ----------
    eligible
        Whether the rules allow the pair; shape (*pairs).
    cost, demand
        Integers, shapes (terms, *pairs) and (measures, *pairs).
    km
        One-way road distance, 0 for nobody; shape (*pairs).
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
    accounts
        The rows that a plan decides, indexed by account_id; with unit = "region" the
        regions stand first, see `planner.tables.areas.planning_rows`.
    is_region
        Whether each row is a region, shape (n,).
    is_pool
        Whether each rep (nobody last) is a pool, shape (m + 1,).
    pools
        What pools may take, and at what cost.
    """

    def __init__(self, tables: Tables, scenario: Scenario) -> None:
        self.tables, self.scenario = tables, scenario
        self.accounts, self.reps = planning_rows(tables, scenario), tables.reps
        self.m = len(self.reps)
        self.is_pool = np.append(is_pool(self.reps, scenario), False)
        self.is_region = np.zeros(len(self.accounts), dtype=bool)
        if scenario.unit == "region":
            self.is_region = self.accounts["is_region"].to_numpy(bool)
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
        self.measures = (*self.own, *self._budget_measures())
        self.scales = tuple(self.scale_of(name) for name in self.measures)
        self._rules()
        self.pools = PoolPrices(self.accounts, self.reps, scenario, self.is_region)
        self._places()
        self._accounts_alone()

    def scale_of(self, measure: str) -> int:
        """Steps per unit of a measure, of a moved amount, or of a term."""
        if measure in ("moved_accounts", "moved_regions"):
            return 1
        if measure == "moved_value":
            return decimals_scale(self.accounts["value"])
        if measure in TERMS:
            return self.cost_scale
        return self._scale[measure]

    # ---- prepared once -----------------------------------------------------------

    def _measures(self) -> None:
        """Own demand, scale and factors of every measure that the scenario uses."""
        self.own: dict[str, Floats] = {}
        self.counts: dict[str, Bools] = {}
        self.factor: dict[str, Floats] = {}
        self._scale: dict[str, int] = {}
        for name in self.scenario.measures_used():
            measure = self.scenario.measure(name)
            counts = matches(self.accounts, measure.where)
            own: Floats = (~self.is_region).astype(float)
            if measure.of != "accounts":
                own = self.accounts[measure.of].to_numpy(dtype=np.float64)
            self.own[name] = np.asarray(np.where(counts, own, 0.0), dtype=float)
            self.counts[name] = counts
            factors = self.reps["grade"].map(measure.factor_by_grade).astype(float)
            self.factor[name] = np.append(factors.fillna(1.0).to_numpy(float), 0.0)
            scale = decimals_scale(self.own[name])
            by_rep = measure.travel or bool(measure.factor_by_grade)
            self._scale[name] = max(scale, 100) if by_rep else scale
        self.own_total = {name: float(own.sum()) for name, own in self.own.items()}

    def _is_used(self, term: str) -> bool:
        scenario, handover = self.scenario, self.scenario.handover
        return {
            "travel": self._has_places() or self.tables.distances is not None,
            "pool": bool(scenario.pools),
            "skill": scenario.skills.missing_preferred > 0,
            "fit": bool(scenario.fit),
            "handover": handover.fixed > 0
            or handover.value_share > 0
            or handover.tenure_share > 0
            or handover.pipeline_share > 0,
            "leave_out": scenario.leave_out is not None,
            "compactness": self._by_base() is not None,
        }[term]

    def _by_base(self) -> Compactness | None:
        compact = self.scenario.areas.compactness
        return compact if compact is not None and compact.to == "base" else None

    def _has_places(self) -> bool:
        return all(
            frame[["latitude", "longitude"]].notna().all(axis=1).any()
            for frame in (self.accounts, self.reps)
        )

    def _budget_measures(self) -> list[str]:
        wanted = {b.of for b in self.scenario.budgets}
        return [n for n in (*MOVED, *TERMS) if n in wanted and n not in self.own]

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

        self.lacks_required = ByText(accounts["skills"], lacking)
        self.lacks_preferred = ByText(accounts["prefers"], lacking)
        self.never = ByText(accounts["grade"], never)
        self.fit_cost = ByText(
            accounts["grade"],
            lambda grade: [self._fit(grade, other) or 0.0 for other in reps["grade"]],
        )
        self.pins = [(self._covers(p), self._chosen(p)) for p in scenario.pins]
        self.forbids = [(self._covers(f), self._chosen(f)) for f in scenario.forbid]
        self.pinned = np.zeros(len(accounts), dtype=bool)
        kept_in = self.pinned.copy()
        for pin, (covered, _) in zip(scenario.pins, self.pins, strict=True):
            self.pinned |= covered
            kept_in |= covered & (pin.reps != [])
        self.protected = np.zeros(len(accounts), dtype=bool)
        if scenario.protect.field:
            self.protected |= accounts["protected"].to_numpy(bool)
        for conditions in scenario.protect.where:
            self.protected |= matches(accounts, conditions)
        self.protected &= self.owner >= 0
        self._whose_alone()
        self.may_stay_out = np.zeros(len(accounts), dtype=bool)
        if scenario.leave_out is not None:
            allowed = matches(accounts, scenario.leave_out.where)
            self.may_stay_out = allowed & ~kept_in & ~self.protected

    def _whose_alone(self) -> None:
        """Regions set apart, and reps who keep exactly today's regions."""
        areas = self.scenario.areas
        kept = self.reps.index.isin(areas.locked_reps)
        self.keeps_map = np.append(kept, False)
        self.kept = self.is_region & (self.owner >= 0) & self.keeps_map[self.owner]
        apart = pd.Series(areas.apart, dtype=object)
        self.apart_rep = np.full(len(self.accounts), -1, dtype=np.intp)
        if len(apart):
            rep = self.accounts["area"].map(apart).fillna("")
            self.apart_rep = self.reps.index.get_indexer(pd.Index(rep))
        self.is_apart = np.append(
            self.reps.index.isin(list(areas.apart.values())), False
        )

    def _accounts_alone(self) -> None:
        """Costs and amounts that depend on the account alone, in steps, (n,)."""
        prices, accounts, out = (
            self.scenario.handover,
            self.accounts,
            self.scenario.leave_out,
        )
        value = accounts["value"].to_numpy(float)
        years = accounts["tenure_years"].to_numpy(float)
        tenure = np.minimum(years, prices.tenure_full_years) / prices.tenure_full_years
        share = prices.value_share + prices.tenure_share * tenure
        pipeline = accounts["pipeline"].to_numpy(float) * prices.pipeline_share
        fixed = np.where(self.is_region, 0.0, prices.fixed)
        handover = fixed + value * share + pipeline
        self.handover = to_integers(handover, self.cost_scale)
        self.leave_out = np.zeros(len(value), dtype=np.int64)
        if out is not None:
            by_priority = accounts["priority"].map(out.by_priority).astype(float)
            base = by_priority.fillna(out.price).to_numpy(float)
            price = base + value * out.value_share
            self.leave_out = to_integers(price, self.cost_scale)
        self.value = to_integers(value, self.scale_of("moved_value"))

    def _fit(self, grade: str, rep_grade: str) -> float | None:
        cost = self.scenario.fit.get(grade, {}).get(rep_grade, 0.0)
        return None if cost == "never" else float(cost)

    def _covers(self, rule: Pin) -> Bools:
        if rule.accounts is not None:
            return np.asarray(self.accounts.index.isin(rule.accounts))
        if rule.regions is not None:
            listed = self.accounts["region_id"].isin(rule.regions).to_numpy(bool)
            return np.asarray(listed & self.is_region)
        return matches(self.accounts, rule.where or [])

    def _chosen(self, rule: Pin) -> Bools:
        if rule.reps is not None:
            chosen = np.asarray(self.reps.index.isin(rule.reps))
        else:
            chosen = self.reps["team"].isin(rule.teams or []).to_numpy(dtype=bool)
        return np.append(chosen, False)

    def _places(self) -> None:
        travel, accounts = self.scenario.travel, self.accounts
        place = ["latitude", "longitude"]
        self.account_places = accounts[place].to_numpy(float)
        nowhere = np.full((1, 2), np.nan)
        self.rep_places = np.vstack([self.reps[place].to_numpy(float), nowhere])
        by_country = accounts["country"].map(travel.circuity_by).astype(float)
        self.circuity = by_country.fillna(travel.circuity).to_numpy(float)
        self.listed = np.empty(0, dtype=np.int64)
        if self.tables.distances is not None:
            table = self.tables.distances
            account = accounts.index.get_indexer(pd.Index(table["account_id"]))
            rep = self.reps.index.get_indexer(pd.Index(table["rep_id"]))
            pair = account.astype(np.int64) * (self.m + 1) + rep
            order = np.flatnonzero((account >= 0) & (rep >= 0))
            order = order[np.argsort(pair[order], kind="stable")]
            self.listed = pair[order]
            self._listed_km = table["km"].to_numpy(float)[order]
            given = table["hours"].to_numpy(float)[order]
            driven = road_hours(self._listed_km, travel.speeds)
            self._listed_hours = np.where(np.isnan(given), driven, given)

    # ---- pair by pair ------------------------------------------------------------

    def block(self, at: Positions) -> Block:
        """Price some accounts (b,) with every rep and nobody (last): (b, m + 1)."""
        return self.price(at[:, None], np.arange(self.m + 1)[None])

    def price(self, at: Positions, rep: Positions) -> Block:
        """
        Price pairs of accounts and reps, the same integers whatever their company.

        Parameters
        ----------
        at, rep
            Positions of accounts and of reps (m: nobody), broadcast together: two
            lists of the same length, or a column and a row for all of their pairs.
        """
        km, hours, usable = self.distances(at, rep)
        moved = self._moved(at, rep)
        cost = np.zeros((len(self.terms), *km.shape), dtype=np.int64)
        for index, term in enumerate(self.terms):
            cost[index] = self._term(term, at, rep, km, hours, moved)
        demand = np.zeros((len(self.measures), *km.shape), dtype=np.int64)
        for index, name in enumerate(self.measures):
            if name in self.own:
                demand[index] = self._demand(name, at, rep, hours)
            elif name == "moved_accounts":
                demand[index] = moved & ~self.is_region[at]
            elif name == "moved_regions":
                demand[index] = moved & self.is_region[at]
            elif name == "moved_value":
                demand[index] = moved * self.value[at]
            elif name in self.terms:
                demand[index] = cost[self.terms.index(name)]
        return Block(self._eligible(at, rep, km, usable), cost, demand, km)

    def distances(self, at: Positions, rep: Positions) -> tuple[Floats, Floats, Bools]:
        """One-way km and hours, and whether the pair may be used; broadcast."""
        travel = self.scenario.travel
        start, end = self.account_places[at], self.rep_places[rep]
        km = road_km_between(
            start[..., 0], start[..., 1], end[..., 0], end[..., 1], self.circuity[at]
        )
        km = np.nan_to_num(km)
        hours = road_hours(km, travel.speeds)
        estimated = travel.missing_pairs == "estimate" or self.tables.distances is None
        usable = np.broadcast_to(estimated | self.is_pool[rep], km.shape).copy()
        if len(self.listed):
            pair = np.asarray(at, dtype=np.int64) * (self.m + 1) + rep
            place = np.searchsorted(self.listed, pair)
            place = np.minimum(place, len(self.listed) - 1)
            hit = self.listed[place] == pair
            km[hit] = self._listed_km[place[hit]]
            hours[hit] = self._listed_hours[place[hit]]
            usable |= hit
        return km, hours, usable

    def _term(
        self,
        term: str,
        at: Positions,
        rep: Positions,
        km: Floats,
        hours: Floats,
        moved: Bools,
    ) -> Ints:
        """Steps of one term, in a shape that goes with the pairs."""
        travel, scenario = self.scenario.travel, self.scenario
        if term == "travel":
            one_way = km * travel.cost_per_km + hours * travel.cost_per_hour
            return to_integers(self.trips[at] * 2 * one_way, self.cost_scale)
        if term == "pool":
            return to_integers(self.pools.cost(at, rep), self.cost_scale)
        if term == "skill":
            lacking = self.lacks_preferred(at, rep)
            price = scenario.skills.missing_preferred
            return to_integers(price * lacking, self.cost_scale)
        if term == "fit":
            return to_integers(self.fit_cost(at, rep), self.cost_scale)
        if term == "handover":
            return np.asarray(moved * self.handover[at])
        if term == "compactness":
            return self._to_base(at, rep)
        return np.asarray((rep == self.m) * self.leave_out[at])

    def _to_base(self, at: Positions, rep: Positions) -> Ints:
        """Steps of compactness by the straight distance to the rep's base."""
        compact = self._by_base()
        assert compact is not None
        start, end = self.account_places[at], self.rep_places[rep]
        km = haversine_km(start[..., 0], start[..., 1], end[..., 0], end[..., 1])
        amount = self.own[compact.measure][at] * np.nan_to_num(km) ** compact.power
        return to_integers(amount * compact.price, self.cost_scale)

    def _moved(self, at: Positions, rep: Positions) -> Bools:
        """Whether the account would leave a known owner."""
        owner = self.owner[at]
        return np.asarray((owner >= 0) & (rep != owner))

    def _demand(self, name: str, at: Positions, rep: Positions, hours: Floats) -> Ints:
        own, scale = self.own[name], self._scale[name]
        if not self.depends_on_rep(name):
            return np.asarray(to_integers(own[at], scale) * (rep < self.m))
        amount = own[at] * self.factor[name][rep]
        if self.scenario.measure(name).travel:
            road = self.trips[at] * 2 * hours
            amount = amount + road * self.counts[name][at]
        return to_integers(amount, scale)

    def depends_on_rep(self, name: str) -> bool:
        """Whether a measure takes more of one rep than of another."""
        measure = self.scenario.measure(name)
        return measure.travel or bool(measure.factor_by_grade)

    def _eligible(
        self, at: Positions, rep: Positions, km: Floats, usable: Bools
    ) -> Bools:
        allowed = usable & (self.lacks_required(at, rep) == 0) & ~self.never(at, rep)
        for covered, reps in self.pins:
            allowed &= ~covered[at] | reps[rep]
        for covered, reps in self.forbids:
            allowed &= ~(covered[at] & reps[rep])
        if self.protected.any():
            allowed &= ~self.protected[at] | (rep == self.owner[at])
        if self.is_pool.any():
            allowed &= self.pools.may_take(at, rep)
        if self.is_region.any():
            allowed &= self.keeps_to_map(at, rep)
        if self.scenario.travel.max_km is not None:
            near = km <= self.scenario.travel.max_km
            allowed &= near | self.pinned[at]
        return np.where(rep == self.m, self.may_stay_out[at], allowed)

    def keeps_to_map(self, at: Positions, rep: Positions) -> Bools:
        """Whether locked reps keep today's regions, and those apart have their own."""
        region, owner, own = self.is_region[at], self.owner[at], self.apart_rep[at]
        locked = self.kept[at] | (region & self.keeps_map[rep])
        apart = region & ((own >= 0) | self.is_apart[rep])
        return (~locked | (owner == rep)) & (~apart | (own == rep))
