"""
The least change of the rules under which there is a plan, in one model of CP-SAT.

Each rule with a price has slack: units beyond a limit, accounts that are freed of it, a
wider tolerance. Rules without a price stay hard. The model's optimum is the plan whose
changes cost least; what these are is then read off the plan (`bends_of`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from ortools.sat.python import cp_model

from planner.problem import Row
from planner.rounding import LARGEST_TOTAL, cost_scale, to_integers
from planner.ruled import (
    BandRule,
    Bools,
    Ints,
    PairRule,
    Positions,
    Ruled,
    SetRule,
    View,
    view,
)
from planner.solvers.result import Watch
from planner.solvers.ruled.asking import ask
from planner.solvers.ruled.bends import BY_SWITCH, TOLERANCE_STEP, skill_and_level
from planner.solvers.ruled.choice import Choice, Kinds, kinds_of
from planner.solvers.ruled.connected import hang_together, units_map
from planner.solvers.ruled.feasible import MOST_TREES, MOST_VARIABLES, within_caps

STATIC = ("pins", "forbid", "protect", "fit")
"""Kinds whose price is that of a pair alone."""
FEWER_SHARE = 0.3
"""Share of the time left for the same price with fewer limits touched."""
NEARLY = 1e-6
"""Share by which a floor is lowered, since prices are rounded to steps."""
FINE = 2**20
"""Steps into which a tenth of a percentage point of a target is divided."""


class Bent(NamedTuple):
    """
    What is known of the least change.

    Attributes
    ----------
    rep_of
        A plan: rep of each row, shape (rows,); None: none found.
    bound
        No change costs less, in currency.
    optimal, infeasible
        Proven: none costs less than that plan's; even this does not help.
    """

    rep_of: Positions | None
    bound: float
    optimal: bool
    infeasible: bool


TOO_LARGE = Bent(None, 0.0, False, False)


def bend_least(
    ruled: Ruled,
    price: Sequence[float | None],
    watch: Watch,
    *,
    hint: Positions | None = None,
    floor: float = 0.0,
    seed: int = 1,
    threads: int = 2,
) -> Bent:
    """
    Find the plan whose changes of the rules cost least.

    Parameters
    ----------
    price
        Of one unit of change of each rule, in currency; None: the rule is hard.
    hint
        A plan to begin with: rep of each row, shape (rows,).
    floor
        No change costs less, in currency: a plan at this price ends the search.

    Returns
    -------
    `TOO_LARGE` where the model would be too large.
    """
    elastic = Elastic(ruled, price)
    if not elastic.allowed.any(axis=1).all():
        return Bent(None, math.inf, False, True)
    if elastic.size > MOST_VARIABLES or (elastic.on_map and elastic.size > MOST_TREES):
        return TOO_LARGE
    elastic.build()
    if elastic.terms and math.isfinite(floor):
        least = math.floor(floor * elastic.scale * (1 - NEARLY))
        elastic.choice.model.add(sum(elastic.terms) >= least)
    if hint is not None:
        elastic.choice.hint(hint[elastic.seen.first])
    first = ask(elastic.choice.model, watch, seed=seed, threads=threads)
    bound = first.bound / elastic.scale if math.isfinite(first.bound) else 0.0
    if not first.found:
        return Bent(None, max(bound, 0.0), False, first.infeasible)
    units = elastic.choice.rep_of(first.solver)
    if elastic.fewer(first.solver) and watch.left > 0:
        part = watch.part(FEWER_SHARE)
        again = ask(elastic.choice.model, part, seed=seed, threads=threads)
        if again.found:
            units = elastic.choice.rep_of(again.solver)
    plan = units[elastic.seen.unit_of]
    return Bent(plan, max(bound, 0.0), first.optimal, False)


@dataclass(eq=False)
class Elastic:
    """The model: hard rules as they are, the others with slack at a price."""

    ruled: Ruled
    price: Sequence[float | None]
    terms: list[cp_model.LinearExprT] = field(default_factory=list)
    over: list[tuple[cp_model.IntVar, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        ruled = self.ruled
        hard = [i for i, price in enumerate(self.price) if price is None]
        self.soft = [i for i, price in enumerate(self.price) if price is not None]
        self.seen: View = view(ruled, ruled.only(hard))
        self.allowed = within_caps(self.seen)
        self.on_map = ruled.areas is not None
        self.scale = self._cost_scale()
        self.static = self._static()
        self.kinds = self._kinds()
        self.size = int(self.allowed[self.kinds.first].sum())

    def build(self) -> None:
        """Write the model down."""
        self.choice = choice = Choice(self.allowed, self.kinds)
        for band in self.seen.bands:
            choice.keep(self.seen, band)
        for units in self.seen.apart:
            choice.keep_apart(units, self.ruled.m)
        if self.ruled.areas is not None:
            areas = units_map(self.ruled, self.seen)
            choice.fill(areas)
            if self.seen.contiguous:
                hang_together(choice, areas)
        cost = self.static[self.kinds.first]
        self.terms += [
            int(cost[key]) * variable
            for key, variable in choice.count.items()
            if cost[key]
        ]
        for number in self.soft:
            self._add(number)
        choice.model.minimize(sum(self.terms))

    def fewer(self, solver: cp_model.CpSolver) -> bool:
        """Turn to the same price with fewer limits touched, if more than one is."""
        touched = [bool(solver.value(over)) for over, _most in self.over]
        if sum(touched) < 2:
            return False
        model = self.choice.model
        value = round(solver.objective_value)
        model.clear_objective()
        model.add(sum(self.terms) <= value)
        used = []
        for over, most in self.over:
            is_used = model.new_bool_var("")
            model.add(over <= most * is_used)
            used.append(is_used)
        model.minimize(sum(used))
        model.clear_hints()
        for variable in self.choice.count.values():
            model.add_hint(variable, solver.value(variable))
        return True

    # ---- prices in whole steps -------------------------------------------------------

    def _per_step(self, number: int) -> float:
        """Price of the smallest step of a rule's change, in currency."""
        rule, price = self.ruled.rules[number], self.price[number]
        assert price is not None
        if isinstance(rule, BandRule):
            if rule.kind == "balance":
                return price * 100 * TOLERANCE_STEP
            return price / self.ruled.pairs.scales[rule.bands[0].measure]
        return price / 1000 if rule.kind == "max_km" else price

    def _cost_scale(self) -> int:
        steps = [self._per_step(number) for number in self.soft]
        scale, worst = cost_scale(steps), 1.0
        for number, step in zip(self.soft, steps, strict=True):
            rule = self.ruled.rules[number]
            if isinstance(rule, BandRule):
                demand = self.ruled.demand[rule.bands[0].measure].max(axis=1)
                worst += step * float(demand.sum())
            elif rule.kind == "max_km":
                worst += step * float(self.ruled.km.max(initial=0.0)) * 1000
            else:
                worst += step * len(self.ruled.unit_of)
        while scale > 1 and worst * scale > LARGEST_TOTAL:
            scale //= 10
        return scale

    def _steps(self, number: int) -> int:
        return int(to_integers(self._per_step(number), self.scale))

    def _static(self) -> Ints:
        """Price of each pair by the rules that free single accounts: (units, m + 1)."""
        cost = np.zeros(self.allowed.shape, dtype=np.int64)
        for number in self.soft:
            rule = self.ruled.rules[number]
            if isinstance(rule, PairRule) and rule.kind in STATIC:
                unit = self.seen.unit_of[rule.row]
                np.add.at(cost, unit, self._steps(number) * rule.barred)
        return cost

    def _kinds(self) -> Kinds:
        """Units in sets, or with roads of their own, are alike no other."""
        alone = np.full(self.seen.n, self.on_map)
        more = [self.static]
        bands: list[Row] = list(self.seen.bands)
        for units in self.seen.apart:
            alone[units] = True
        for number in self.soft:
            rule = self.ruled.rules[number]
            if isinstance(rule, SetRule):
                for rows in rule.sets:
                    alone[self.seen.unit_of[rows]] = True
            elif isinstance(rule, BandRule):
                bands += rule.bands
            elif isinstance(rule, PairRule) and rule.kind not in STATIC:
                more.append(self._mark(rule))
        if self.on_map:
            each = np.arange(self.seen.n, dtype=np.intp)
            return Kinds(each, each)
        return kinds_of(self.seen, self.allowed, bands, alone, more)

    def _mark(self, rule: PairRule) -> Ints:
        """Table that tells apart units with other skills, roads, or listed pairs."""
        unit = self.seen.unit_of[rule.row]
        if rule.kind == "skills":  # who lacks a skill is the same for all who need it
            mark = np.zeros((self.seen.n, len(rule.labels)), dtype=np.int64)
            mark[unit, rule.member] = 1
            return mark
        mark = np.zeros(self.allowed.shape, dtype=np.int64)
        amount = np.ones(rule.barred.shape, dtype=np.int64)
        if rule.kind == "max_km":
            amount = to_integers(self.ruled.km[rule.row], 1000)
        np.maximum.at(mark, unit, rule.barred * amount)
        return mark

    # ---- slack ----------------------------------------------------------------------

    def _add(self, number: int) -> None:
        rule = self.ruled.rules[number]
        if isinstance(rule, BandRule):
            add = self._add_tolerance if rule.kind == "balance" else self._add_limits
            add(number, rule)
        elif isinstance(rule, SetRule):
            for rows in rule.sets:
                add_set = (
                    self._add_group if rule.kind == "together" else self._add_rivals
                )
                add_set(number, self.seen.unit_of[rows])
        elif isinstance(rule, PairRule) and rule.kind == "max_km":
            self._add_distance(number, rule)
        elif isinstance(rule, PairRule) and rule.kind not in STATIC:
            self._add_switches(number, rule)

    def _most(self, band: Row) -> int:
        inside = np.zeros(self.allowed.shape[1], dtype=bool)
        inside[band.reps] = True
        load = np.where(self.allowed & inside, self.seen.demand[band.measure], 0)
        return int(load.max(axis=1).sum())

    def _add_limits(self, number: int, rule: BandRule) -> None:
        model, step = self.choice.model, self._steps(number)
        for band in rule.bands:
            load, most = self.choice.load(self.seen, band), self._most(band)
            if band.high is not None and most > band.high:
                over = model.new_int_var(0, most - band.high, "")
                model.add(load - over <= band.high)
                self.terms.append(step * over)
                self.over.append((over, most - band.high))
            if band.low > 0:
                under = model.new_int_var(0, band.low, "")
                model.add(load + under >= band.low)
                self.terms.append(step * under)
                self.over.append((under, band.low))

    def _add_tolerance(self, number: int, rule: BandRule) -> None:
        """One width for all bands of a balance."""
        model, most_steps = self.choice.model, 0
        steps_of = []
        for band, target in zip(rule.bands, rule.targets, strict=True):
            load, most = self.choice.load(self.seen, band), self._most(band)
            whole = target * self.ruled.pairs.scales[band.measure]
            if whole <= 0:
                model.add(load <= 0)
                continue
            most_steps = max(most_steps, math.ceil((most / whole + 1) / TOLERANCE_STEP))
            steps_of.append((load, whole, most))
        width = model.new_int_var(0, max(most_steps, 1), "")
        for load, whole, most in steps_of:
            fine = FINE
            while fine > 1 and fine * max(most, whole * (1 + rule.tolerance)) > 2**50:
                fine //= 2
            step = math.ceil(fine * whole * TOLERANCE_STEP)
            high = math.ceil(fine * whole * (1 + rule.tolerance)) + 1
            low = math.floor(fine * whole * (1 - rule.tolerance)) - 1
            model.add(fine * load <= high + step * width)
            model.add(fine * load >= low - step * width)
        self.terms.append(self._steps(number) * width)

    def _add_group(self, number: int, units: Positions) -> None:
        """A price on each member that is not where the group is."""
        model, kinds = self.choice.model, self.kinds.of_unit[units]
        reps = sorted({rep for kind in kinds for rep, _v in self.choice.of_kind[kind]})
        home = {rep: model.new_bool_var("") for rep in reps}
        model.add_exactly_one(home.values())
        for kind, rows in zip(*np.unique(kinds, return_counts=True), strict=True):
            away = model.new_bool_var("")
            for rep, variable in self.choice.of_kind[int(kind)]:
                model.add_bool_or(variable.negated(), home[rep], away)
            self.terms.append(self._steps(number) * int(rows) * away)

    def _add_rivals(self, number: int, units: Positions) -> None:
        """A price on each member beyond the first of a rep."""
        model, kinds = self.choice.model, self.kinds.of_unit[units].tolist()
        for rep in range(self.ruled.m):
            some = [
                self.choice.count[k, rep]
                for k in kinds
                if (k, rep) in self.choice.count
            ]
            if len(some) > 1:
                beyond = model.new_int_var(0, len(some) - 1, "")
                model.add(sum(some) - beyond <= 1)
                self.terms.append(self._steps(number) * beyond)

    def _barred(self, rule: PairRule) -> tuple[Positions, Positions, Positions]:
        """Entry, kind and rep of each pair that a rule bars and others allow."""
        entry, rep = np.nonzero(rule.barred)
        unit = self.seen.unit_of[rule.row[entry]]
        kind = self.kinds.of_unit[unit]
        keep = (self.kinds.first[kind] == unit) & self.allowed[unit, rep]
        return entry[keep], kind[keep], rep[keep]

    def _used(self, kind: int, rep: int) -> cp_model.IntVar:
        """Whether any unit of a kind goes to a rep."""
        variable, size = self.choice.count[kind, rep], int(self.choice.size[kind])
        if size == 1:
            return variable
        used = self.choice.model.new_bool_var("")
        self.choice.model.add(variable <= size * used)
        return used

    def _add_distance(self, number: int, rule: PairRule) -> None:
        limit = self.ruled.pairs.scenario.travel.max_km
        assert limit is not None
        model = self.choice.model
        entry, kind, rep = self._barred(rule)
        over = self.ruled.km[rule.row[entry], rep] - limit
        metres = np.ceil(np.round(over * 1000, 6)).astype(np.int64)
        farther = model.new_int_var(0, int(metres.max(initial=0)), "")
        for k, r, more in zip(
            kind.tolist(), rep.tolist(), metres.tolist(), strict=True
        ):
            model.add(farther >= more).only_enforce_if(self._used(k, r))
        self.terms.append(self._steps(number) * farther)

    def _add_switches(self, number: int, rule: PairRule) -> None:
        """Skills that a rep covers besides, locks that are lifted, pairs estimated."""
        model, step = self.choice.model, self._steps(number)
        switch: dict[tuple[int, str, int], cp_model.IntVar] = {}
        wanted: list[tuple[int, int, int, str, int]] = []
        for e, k, r in zip(*(x.tolist() for x in self._barred(rule)), strict=True):
            label = rule.labels[int(rule.member[e])]
            name, level = (label, 1)
            who = -1
            if rule.kind == "skills":
                (name, level), who = skill_and_level(label), r
            elif rule.kind in BY_SWITCH:
                name = ""
            key = who, name, level
            if key not in switch:
                switch[key] = model.new_bool_var("")
                self.terms.append(step * switch[key])
            wanted.append((k, r, *key))
        for k, r, who, name, level in wanted:
            enough = [
                variable
                for (other, skill, height), variable in switch.items()
                if other == who and skill == name and height >= level
            ]
            model.add_bool_or(self._used(k, r).negated(), *enough)


def priced(price: Sequence[float | None], only: Bools) -> tuple[float | None, ...]:
    """Return the prices of some rules; the others are hard."""
    return tuple(p if keep else None for p, keep in zip(price, only, strict=True))
