"""
The second road to every number: pairs and rows straight from the clean tables.

Written from the definition of the scenario alone. It shares the rounding and the
distance formula with the solvers' road, and nothing else, so that an error in one of
the two shows as a difference. Arrays over pairs have one column per rep and a last
column for "nobody"; they exist for a block of accounts at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planner.errors import PlannerError
from planner.evaluate.ground import Ground, judged_rows
from planner.evaluate.pairs import Bools, Floats, Ints, Pairs, Roads, column_of, where
from planner.evaluate.pools import Pools
from planner.evaluate.rows import rows_of
from planner.rounding import (
    LARGEST_TOTAL,
    cost_scale,
    decimals_scale,
    to_integers,
)
from planner.scenario import Condition, Scenario
from planner.scenario.model import TERMS
from planner.scenario.rules import Pin
from planner.tables import Tables, area_regions, parse_skills
from planner.words import _

PAIRS_AT_ONCE = 400_000
"""Pairs of one block: few enough to stay near the processor."""


class Recount:
    """
    Every number that the scenario and the clean tables define.

    Attributes
    ----------
    owner
        Column of today's owner per account, -1 where unknown, shape (n,).
    scales
        Steps per unit of each measure used.
    cost_scale
        Steps per unit of currency.
    terms
        Names of the pair terms that exist, in the order of the objective.
    unit
        Number of the unit of each account, shape (n,).
    rows
        All limits, balance bands and budgets.
    accounts
        What a plan decides: the accounts; by regions, these first.
    ground
        The rules of a plan by regions.
    pools
        Which reps are pools, and their own rules and costs.
    tables
        The clean tables.
    units, adjacency
        By regions: their shapes, and which of them are neighbours.
    """

    def __init__(self, scenario: Scenario, tables: Tables) -> None:
        if not (tables.accounts.index.is_unique and tables.reps.index.is_unique):
            raise PlannerError(
                _(
                    "An account or rep occurs twice in the clean tables. Write the "
                    "plan folder again."
                )
            )
        for name in ("owner", "skills", "prefers", "grade", "priority", "protected"):
            column_of(tables.accounts, name)
        for name in ("value", "tenure_years", "pipeline", "visits", "country", "name"):
            column_of(tables.accounts, name)
        for name in ("skills", "grade", "team"):
            column_of(tables.reps, name)
        self.scenario, self.reps, self.tables = scenario, tables.reps, tables
        if tables.bases is not None and tables.distances is not None:
            # The table also has the bases that might have been open.
            here = tables.distances["rep_id"].isin(tables.reps.index)
            tables = replace(tables, distances=tables.distances[here])
        rows = judged_rows(scenario, tables)
        tables = replace(tables, accounts=rows)
        self.accounts = rows.assign(account_id=rows.index)
        if scenario.unit == "region":
            assert tables.regions is not None
            assert tables.adjacency is not None
            self.units = area_regions(tables.regions, scenario.areas.level)
            self.adjacency = tables.adjacency
        self.nobody = len(self.reps)
        # Sums over all accounts must fit 64 bits, with room to double.
        self._most = min(LARGEST_TOTAL, 2**61 // max(1, len(self.accounts)))
        self.owner = self.reps.index.get_indexer(pd.Index(self.accounts["owner"]))
        self.ground = Ground(scenario, rows, self.reps, self.owner)
        self.pools = Pools(scenario, self.accounts, self.reps, self.ground.is_region)
        self.roads = Roads(scenario.travel, tables)
        self._levels = [parse_skills(text) for text in self.reps["skills"]]
        self._set_rules()
        self._set_measures()
        self._set_prices()
        self.unit = self._units()
        self.rows = rows_of(self)
        self.quantities = {row.quantity for row in self.rows}

    def labels(self, column: str, only: Sequence[Condition] = ()) -> Ints:
        """
        Code of each account's label in a column, shape (n,).

        -1 where it is blank, or where one of the conditions `only` does not hold.
        """
        values = column_of(self.accounts, column).astype(object)
        blank = values.isna() | (values.astype(str).str.strip() == "")
        blank |= ~where(self.accounts, only)
        return np.asarray(pd.factorize(values.mask(blank))[0], dtype=np.int64)

    def steps(self, values: ArrayLike, scale: int, what: str) -> Ints:
        """
        Round amounts to integers, exactly as the certificate counts them.

        Raises
        ------
        PlannerError
            If an amount is missing, negative, or so large that a sum may not fit.
        """
        array = np.asarray(values, dtype=float)
        if array.size and not (array.min() >= 0 and array.max() * scale < self._most):
            raise PlannerError(
                _(
                    "{what}: an amount is missing, negative, or too large to count "
                    "exactly. Correct the tables or the prices."
                ).format(what=what)
            )
        return to_integers(array, scale)

    # Who may serve whom

    def _set_rules(self) -> None:
        protect, out = self.scenario.protect, self.scenario.leave_out
        locked = np.zeros(len(self.accounts), dtype=bool)
        if protect.field:
            locked |= self.accounts["protected"].to_numpy(dtype=bool)
        for conditions in protect.where:
            locked |= where(self.accounts, conditions)
        self.locked = locked & (self.owner >= 0)
        self._pins = self._covered(self.scenario.pins)
        self._forbids = self._covered(self.scenario.forbid)
        self.pinned = np.zeros(len(self.accounts), dtype=bool)
        self.pinned[list(self._pins)] = True
        served = [pin for pin in self.scenario.pins if pin.reps != []]
        self.may_leave = ~self.locked
        self.may_leave[list(self._covered(served))] = False
        self.may_leave &= out is not None and where(self.accounts, out.where)
        grades, self.grade = pd.factorize(self.accounts["grade"])[::-1]
        self.required, self.preferred = self.lacking("skills"), self.lacking("prefers")
        fit = [
            [self.scenario.fit.get(g, {}).get(r, 0.0) for r in self.reps["grade"]]
            for g in grades
        ]
        self.never = np.array([[c == "never" for c in (*row, 0.0)] for row in fit])
        self._fit = [[0.0 if c == "never" else c for c in (*row, 0.0)] for row in fit]

    def _covered(self, pins: Sequence[Pin]) -> dict[int, list[Bools]]:
        """Account -> the reps that each of its pins (or forbid entries) names."""
        covered: dict[int, list[Bools]] = {}
        for pin in pins:
            if pin.regions is not None:
                named = self.accounts["region_id"].isin(pin.regions).to_numpy(bool)
                found = np.flatnonzero(named & self.ground.is_region)
            elif pin.accounts is not None:
                found = self.accounts.index.get_indexer(pd.Index(pin.accounts))
                found = np.unique(found[found >= 0])
            else:
                found = np.flatnonzero(where(self.accounts, pin.where or []))
            reps = (
                self.reps.index.isin(pin.reps)
                if pin.reps is not None
                else self.reps["team"].isin(pin.teams or []).to_numpy(dtype=bool)
            )
            for account in found.tolist():
                covered.setdefault(account, []).append(np.append(reps, False))
        return covered

    def lacking(self, column: str) -> tuple[Ints, Ints]:
        """Code of each account's named skills; how many of them each column lacks."""
        code, texts = pd.factorize(self.accounts[column].to_numpy(object))
        counts = np.zeros((len(texts), self.nobody + 1), dtype=np.int64)
        for index, text in enumerate(texts):
            for skill, level in parse_skills(text).items():
                has = [levels.get(skill, 0) >= level for levels in self._levels]
                counts[index, :-1] += ~np.array(has, dtype=bool)
        return code, counts

    def _rules(
        self, rows: Ints, to: Ints, km: Floats, listed: Bools
    ) -> Iterator[tuple[str, Bools]]:
        """Rule by rule: what is wrong where it does not hold, and where it holds."""
        travel = self.scenario.travel
        code, lacks = self.required
        yield _("lacks a required skill"), lacks[code[rows], to] == 0
        if self.scenario.fit:
            fits = ~self.never[self.grade[rows], to]
            yield _("fit says never for these grades"), fits
        if self._pins:
            named = self._named(self._pins, rows, to, all_of=True)
            yield _("a pin of the account does not name the rep"), named
        if self._forbids:
            named = self._named(self._forbids, rows, to, all_of=False)
            yield _("a forbid entry names the pair"), ~named
        if self.locked.any():
            free = (self.owner[rows] == to) | ~self.locked[rows]
            yield _("the account is protected and stays with its owner"), free
        yield from self.ground.rules(rows, to)
        if self.scenario.pools:
            yield _("it is not for this pool"), self.pools.may_take(rows, to)
        if self.roads.has_table and travel.missing_pairs == "forbid":
            known = listed | self.pools.is_pool[to]
            yield _("the distance table lacks the pair"), known
        if travel.max_km is not None:
            near = (km <= travel.max_km) | self.pinned[rows]
            yield _("farther than travel.max_km"), near

    @staticmethod
    def _named(
        covered: dict[int, list[Bools]], rows: Ints, to: Ints, all_of: bool
    ) -> Bools:
        """Whether all (or any) of the entries that cover an account name the rep."""
        columns = np.broadcast_to(to, np.broadcast_shapes(rows.shape, to.shape))
        named = np.full(columns.shape, all_of)
        for local, account in enumerate(rows.ravel().tolist()):
            for reps in covered.get(account, ()):
                found = reps[columns[local]]
                named[local] = named[local] & found if all_of else named[local] | found
        return named

    def reasons(self, account: int, rep: int) -> list[str]:
        """Name the rules that a pair breaks; empty if it is eligible."""
        rows, to = np.array([account]), np.array([rep])
        km, _hours, listed = self.roads.between(rows, to)
        return [why for why, mask in self._rules(rows, to, km, listed) if not mask[0]]

    # What a pair costs and takes

    def _set_measures(self) -> None:
        self.scales: dict[str, int] = {}
        self.own: dict[str, Floats] = {}
        self.counted: dict[str, Bools] = {}
        for name in self.scenario.measures_used():
            measure = self.scenario.measure(name)
            counts = np.where(self.ground.is_region, 0.0, 1.0)
            if measure.of != "accounts":
                counts = column_of(self.accounts, measure.of).to_numpy(dtype=float)
            self.counted[name] = where(self.accounts, measure.where)
            self.own[name] = np.where(self.counted[name], counts, 0.0)
            least = 100 if measure.travel or measure.factor_by_grade else 1
            self.scales[name] = max(decimals_scale(self.own[name]), least)

    def _set_prices(self) -> None:
        plan, prices = self.scenario, self.scenario.handover
        names = ("value", "tenure_years", "pipeline", "visits")
        value, years, pipeline, visits = (
            self.accounts[name].to_numpy(dtype=float) for name in names
        )
        self.cost_scale = cost_scale(
            b.price / self.scales[b.measure] for b in plan.balance if not b.hard
        )
        full = prices.tenure_full_years
        share = (
            prices.value_share + prices.tenure_share * np.minimum(years, full) / full
        )
        fixed = np.where(self.ground.is_region, 0.0, prices.fixed)
        handover = fixed + value * share + pipeline * prices.pipeline_share
        self.handover = self.steps(handover, self.cost_scale, "handover")
        self._leave = np.zeros(len(value), dtype=np.int64)
        if plan.leave_out is not None:
            by = plan.leave_out.by_priority
            each = [by.get(p, plan.leave_out.price) for p in self.accounts["priority"]]
            leave = np.array(each, dtype=float) + value * plan.leave_out.value_share
            self._leave = self.steps(leave, self.cost_scale, "leave_out")
        self.trips = visits * 2 / plan.travel.visits_per_trip
        self.value, self.value_scale = value, decimals_scale(value)
        self.value_steps = self.steps(value, self.value_scale, "value")
        shares = (prices.fixed, prices.value_share, prices.tenure_share)
        exists = {
            "travel": self.roads.exist,
            "pool": bool(plan.pools),
            "skill": plan.skills.missing_preferred > 0,
            "fit": bool(plan.fit),
            "handover": any(x > 0 for x in (*shares, prices.pipeline_share)),
            "leave_out": plan.leave_out is not None,
            "compactness": self.ground.by_base(),
        }
        self.terms = [name for name in TERMS if exists[name]]
        self.fit_steps = self.steps(self._fit, self.cost_scale, "fit")

    def pairs(self, rows: Ints, to: Ints | None = None) -> Pairs:
        """
        Judge and price some accounts with every rep and with nobody.

        Parameters
        ----------
        rows
            Accounts, shape (b,).
        to
            One column for each of the accounts instead of all, shape (b,).
        """
        if to is None:
            rows, to = rows[:, None], np.arange(self.nobody + 1)[None]
        km, hours, listed = self.roads.between(rows, to)
        eligible = np.ones_like(listed)
        for _why, mask in self._rules(rows, to, km, listed):
            eligible &= mask
        eligible = np.where(to == self.nobody, self.may_leave[rows], eligible)
        moved = (self.owner[rows] >= 0) & (self.owner[rows] != to)
        costs = {
            name: np.broadcast_to(
                self._cost(name, rows, to, km, hours, moved), km.shape
            )
            for name in self.terms
        }
        amounts = {
            ("measure", name): self._demand(name, rows, to, hours)
            for name in self.scales
        }
        for quantity in self.quantities:
            kind, name = quantity
            if kind == "term":
                amounts[quantity] = costs.get(name, np.zeros_like(km, dtype=int))
            elif kind == "moved":
                weight = {
                    "moved_value": self.value_steps,
                    "moved_accounts": ~self.ground.is_region,
                    "moved_regions": self.ground.is_region,
                }[name][rows]
                amounts[quantity] = moved * np.asarray(weight, dtype=np.int64)
        return Pairs(km, eligible, costs, amounts)

    def _cost(
        self,
        term: str,
        rows: Ints,
        to: Ints,
        km: Floats,
        hours: Floats,
        moved: Bools,
    ) -> Ints:
        travel = self.scenario.travel
        if term == "travel":
            trip = km * travel.cost_per_km + hours * travel.cost_per_hour
            return self.steps(self.trips[rows] * trip, self.cost_scale, term)
        if term == "pool":
            cost = self.pools.cost(rows, to)
            return self.steps(cost, self.cost_scale, term)
        if term == "skill":
            code, lacks = self.preferred
            price = self.scenario.skills.missing_preferred
            return self.steps(price * lacks[code[rows], to], self.cost_scale, term)
        if term == "fit":
            return self.fit_steps[self.grade[rows], to]
        if term == "compactness":
            starts, ends = self.roads.account_places[rows], self.roads.rep_places[to]
            cost = self.ground.to_base(self.own, rows, starts, ends)
            return self.steps(cost, self.cost_scale, term)
        if term == "handover":
            return np.where(moved, self.handover[rows], 0)
        return np.where(to == self.nobody, self._leave[rows], 0)

    def _demand(self, name: str, rows: Ints, to: Ints, hours: Floats) -> Ints:
        measure, own = self.scenario.measure(name), self.own[name][rows]
        if measure.factor_by_grade:
            own = own * self.factors(name)[to]
        if measure.travel:
            trips = np.where(self.counted[name], self.trips, 0.0)[rows]
            own = own + trips * hours
        return self.steps(own, self.scales[name], name)

    def factors(self, name: str) -> Floats:
        """Factor of a measure by column, (m + 1,); nobody takes nothing of it."""
        by_grade = self.scenario.measure(name).factor_by_grade
        return np.array([*(by_grade.get(g, 1.0) for g in self.reps["grade"]), 0.0])

    # Which accounts go together, and what is capped

    def _units(self) -> Ints:
        count = len(self.accounts)
        ends: list[Ints] = []
        offset = count
        coded = [
            self.labels(one.column, one.where)
            for one in self.scenario.together
            if one.price is None
        ]
        if self.scenario.unit == "region":
            coded.append(self.labels("area"))
        for labels in coded:
            member = np.flatnonzero(labels >= 0)
            ends.append(np.stack([member, labels[member] + offset]))
            offset += int(labels.max(initial=-1)) + 1
        if not ends:
            return np.arange(count)
        one, other = np.concatenate(ends, axis=1)
        graph = coo_array((np.ones(len(one)), (one, other)), shape=(offset, offset))
        return np.asarray(connected_components(graph, False)[1][:count], np.int64)

    def blocks(self, accounts: Ints) -> Iterator[tuple[list[Ints], Ints]]:
        """
        Yield accounts by whole units: parts of a block, and where its units begin.

        A unit larger than a block comes in several parts, alone.
        """
        order = accounts[np.argsort(self.unit[accounts], kind="stable")]
        new = np.append(True, np.diff(self.unit[order]) != 0)[: len(order)]
        begin = np.append(np.flatnonzero(new), len(order))
        most, start = max(1, PAIRS_AT_ONCE // (self.nobody + 1)), 0
        while start < len(begin) - 1:
            stop = np.searchsorted(begin, begin[start] + most, side="right") - 1
            stop = max(int(stop), start + 1)
            rows = order[begin[start] : begin[stop]]
            parts = [rows[i : i + most] for i in range(0, len(rows), most)]
            yield parts, begin[start:stop] - begin[start]
            start = stop
