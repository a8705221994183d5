"""The least change of rules at given prices: exactly, else by the engine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from planner.compile import compile_problem
from planner.diagnosis.prices import BendPrice, cost_of
from planner.diagnosis.rewrite import bent_scenario, bent_tables
from planner.diagnosis.wording import says
from planner.ruled import BandRule, MapRule, Positions, Ruled
from planner.ruling import ruled_of
from planner.scenario import Scenario
from planner.solvers.result import Watch
from planner.solvers.ruled.bend_search import bend_by_search, can_bend
from planner.solvers.ruled.bends import TOLERANCE_STEP, bends_of
from planner.solvers.ruled.elastic import TOO_LARGE, Bent, bend_least
from planner.tables import Tables

SAME = 1e-6
"""Prices closer than this, as a share, are the same."""
MENDING_SHARE, MENDING_SECONDS = 0.3, 5.0
"""For the least change that mends the conflicts alone, at most."""


@dataclass(frozen=True, eq=False)
class Question:
    """
    What options are sought for.

    Attributes
    ----------
    plans
        Plans to begin with, whatever rules they break: rep of each row.
    conflicts
        Rules that cannot all be kept, by their numbers; no rule is in two of them.
    """

    ruled: Ruled
    tables: Tables
    prices: tuple[BendPrice, ...]
    seed: int
    threads: int
    plans: tuple[Positions, ...] = ()
    conflicts: tuple[tuple[int, ...], ...] = ()

    @property
    def scenario(self) -> Scenario:
        """The scenario whose rules are changed."""
        return self.ruled.pairs.scenario


NO_CHANGE = Bent(None, math.inf, False, True)
"""Even changing every rule that has a price does not help."""


def least_change(
    question: Question, price: Sequence[float | None], watch: Watch
) -> Bent:
    """
    Find the plan whose changes of the rules cost least.

    Parameters
    ----------
    price
        Of one unit of change of each rule, in currency; None: the rule is hard.
    """
    ruled, seed, threads = question.ruled, question.seed, question.threads
    floor = _floor(question, price)
    if math.isinf(floor):
        return NO_CHANGE
    pricing = _pricing(question, price)
    mended = _mended(
        question, price, watch.part(MENDING_SHARE).at_most(MENDING_SECONDS)
    )
    if mended.infeasible:
        return mended
    floor = max(floor, mended.bound)
    exact = bend_least(
        ruled,
        price,
        watch.part(0.7),
        hint=_cheapest(ruled, question.plans, pricing),
        floor=floor,
        seed=seed,
        threads=threads,
    )
    exact = exact._replace(bound=max(exact.bound, floor))
    if exact.optimal or exact.infeasible or watch.left <= 0:
        return exact
    if ruled.areas is None and exact.rep_of is not None:
        return exact
    return _searched(question, price, mended, exact, watch)


def _searched(
    question: Question,
    price: Sequence[float | None],
    mended: Bent,
    exact: Bent,
    watch: Watch,
) -> Bent:
    """Ask the engine, with the changes made that it has no price for."""
    ruled, pricing = question.ruled, _pricing(question, price)
    eased, prices = _eased(question, price, mended)
    found = bend_by_search(
        eased, prices, watch, seed=question.seed, threads=question.threads
    )
    best = exact
    if eased is ruled:  # else other changes are made already
        best = best._replace(
            bound=max(best.bound, found.bound), infeasible=found.infeasible
        )
    plans = [plan for plan in (best.rep_of, found.rep_of) if plan is not None]
    return best._replace(rep_of=_cheapest(ruled, plans, pricing))


def _mended(question: Question, price: Sequence[float | None], watch: Watch) -> Bent:
    """
    Find the least change that mends the conflicts, whatever the other rules say.

    The whole costs at least as much; and where it is too large for one model, this says
    who had best cover which skill.
    """
    ruled = question.ruled
    chosen = _of_conflicts(question)
    if not chosen:
        return TOO_LARGE
    only = replace(ruled, rules=tuple(ruled.rules[i] for i in chosen), areas=None)
    pricing = _pricing(question, price)
    return bend_least(
        only,
        [price[number] for number in chosen],
        watch,
        hint=_cheapest(only, question.plans, [pricing[number] for number in chosen]),
        seed=question.seed,
        threads=question.threads,
    )


def _cheapest(
    ruled: Ruled, plans: Sequence[Positions], prices: Sequence[BendPrice]
) -> Positions | None:
    """Return the plan whose changes cost least, if there is any plan."""
    costs = [cost_of(bends_of(ruled, plan), prices) for plan in plans]
    return plans[int(np.argmin(costs))] if costs else None


def _of_conflicts(question: Question) -> list[int]:
    """Rules of the conflicts by their numbers, and what is ruled out besides."""
    rules = question.ruled.rules
    named = {number for conflict in question.conflicts for number in conflict}
    named |= set(range(len(question.prices), len(rules))) if named else set()
    return [i for i in sorted(named) if not isinstance(rules[i], MapRule)]


def _eased(
    question: Question, price: Sequence[float | None], mended: Bent
) -> tuple[Ruled, Sequence[float | None]]:
    """Return the question with the changes made that the engine has no price for."""
    ruled = question.ruled
    if mended.rep_of is None:
        return ruled, price
    chosen = _of_conflicts(question)
    only = replace(ruled, rules=tuple(ruled.rules[i] for i in chosen), areas=None)
    bends = [
        replace(bend, rule=chosen[bend.rule]) for bend in bends_of(only, mended.rep_of)
    ]
    bends = [bend for bend in bends if not can_bend(ruled, bend.rule)]
    if not bends:
        return ruled, price
    texts = [says(ruled, bend) for bend in bends]
    scenario = bent_scenario(ruled, bends, _pricing(question, price), texts)
    compiled = compile_problem(bent_tables(question.tables, scenario), scenario)
    areas = ruled.areas
    eased = ruled_of(compiled.pairs, None if areas is None else areas.needed)
    by_path = dict(
        zip([r.path for r in reversed(ruled.rules)], reversed(price), strict=True)
    )
    return eased, [by_path[rule.path] for rule in eased.rules]


def _floor(question: Question, price: Sequence[float | None]) -> float:
    """No change costs less: of each conflict, one rule is bent by a step at least."""
    total = 0.0
    for conflict in question.conflicts:
        steps = [
            _step(question.ruled, number, one)
            for number in conflict
            if (one := price[number]) is not None
        ]
        total += min(steps, default=math.inf)
    return total


def _step(ruled: Ruled, number: int, price: float) -> float:
    """Price of the smallest change of a rule."""
    rule = ruled.rules[number]
    if isinstance(rule, BandRule) and rule.kind == "balance":
        return price * 100 * TOLERANCE_STEP
    if isinstance(rule, BandRule):
        return price / ruled.pairs.scales[rule.bands[0].measure]
    return price / 1000 if rule.kind == "max_km" else price


def _pricing(question: Question, price: Sequence[float | None]) -> list[BendPrice]:
    """Prices as they are, but for what must not be bent now."""
    more = len(price) - len(question.prices)  # what is ruled out besides
    some = [*question.prices, *question.prices[:1] * more]
    return [replace(one, price=now) for one, now in zip(some, price, strict=True)]
