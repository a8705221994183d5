"""Changes of rules that are enough: found, written as scenarios, verified."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from planner.compile import Compiled, compile_problem
from planner.diagnosis.prices import BendPrice, cost_of
from planner.diagnosis.result import Option
from planner.diagnosis.rewrite import bent_scenario, bent_tables
from planner.diagnosis.wording import says, says_all
from planner.errors import PlannerError
from planner.problem import evaluate
from planner.ruled import Positions, Ruled, parted
from planner.scenario import Scenario
from planner.solvers.result import Watch
from planner.solvers.ruled.bend_search import bend_by_search
from planner.solvers.ruled.bends import Bend, bends_of
from planner.solvers.ruled.elastic import TOO_LARGE, Bent, bend_least
from planner.solvers.solve import solve_problem
from planner.solvers.start import WarmStart
from planner.tables import Tables

MOST = 5
"""Options that are handed out."""
SAME = 1e-6
"""Prices closer than this, as a share, are the same."""
OTHER_SECONDS = 10.0
"""For each option after the first, at most."""
SOLVE_SECONDS = 2.0
"""For the best plan under an option, at most."""


@dataclass(frozen=True, eq=False)
class Question:
    """
    What options are sought for.

    Attributes
    ----------
    plans
        Plans to begin with, whatever rules they break: rep of each row.
    """

    ruled: Ruled
    tables: Tables
    prices: tuple[BendPrice, ...]
    seed: int
    threads: int
    plans: tuple[Positions, ...] = ()

    @property
    def scenario(self) -> Scenario:
        """The scenario whose rules are changed."""
        return self.ruled.pairs.scenario


def options_of(question: Question, watch: Watch) -> list[Option]:
    """
    Return options, the cheapest first.

    The first is the least change over all kinds of rules that have a price. The others
    are the least that change rules of one kind, or none of a kind that the first one
    changes, or not one of its very changes. Each is verified: its scenario is compiled,
    and a plan keeps all of its rules.
    """
    found: list[Option] = []
    plans = question.plans
    for trial in _trials(question, found):
        known = (*plans, *(o.rep_of for o in found if o.rep_of is not None))
        question = replace(question, plans=known)
        if watch.left <= 0 or len(found) > MOST:
            break
        part = watch.part(0.25 if found else 0.5)
        if found:
            part.time_limit = min(part.time_limit, part.seconds + OTHER_SECONDS)
        option = _option(question, trial, part)
        if option is not None and not any(_same(option, one) for one in found):
            found.append(option)
    found.sort(key=lambda option: (option.price, len(option.changes)))
    return found[:MOST]


@dataclass(frozen=True, eq=False)
class _Trial:
    """Kinds of rules that may change (empty: all), and a change that is ruled out."""

    kinds: tuple[str, ...] = ()
    but: Bend | None = None


def _trials(question: Question, found: list[Option]) -> Iterator[_Trial]:
    rules = question.ruled.rules
    both = zip(rules, question.prices, strict=True)
    kinds = list(dict.fromkeys(r.kind for r, p in both if p.price is not None))
    if not kinds:
        return
    yield _Trial()
    if not found:
        return
    best = found[0]
    used = list(dict.fromkeys(rules[bend.rule].kind for bend in best.bends))
    others = [kind for kind in kinds if kind not in used]
    alone = used if len(used) > 1 else []  # else the first option is of one kind
    yield from (_Trial((kind,)) for kind in [*alone, *others])
    for kind in used:
        rest = tuple(other for other in kinds if other != kind)
        if len(rest) > 1:
            yield _Trial(rest)
    yield from (_Trial(but=bend) for bend in best.bends[:MOST])


def _option(question: Question, trial: _Trial, watch: Watch) -> Option | None:
    ruled, kinds, but = question.ruled, trial.kinds, trial.but
    price = [
        one.price if not kinds or rule.kind in kinds else None
        for rule, one in zip(ruled.rules, question.prices, strict=True)
    ]
    if but is not None and but.instance < 0:
        price[but.rule] = None
    elif but is not None:
        rules = list(ruled.rules)
        rules[but.rule], alone = parted(rules[but.rule], but.instance, but.rep)
        ruled = replace(ruled, rules=(*rules, alone))
        price.append(None)
    bent = _bent(replace(question, ruled=ruled), price, watch)
    if bent.rep_of is None:
        return None
    bends = bends_of(question.ruled, bent.rep_of)
    total = cost_of(bends, question.prices)
    if not bends or not math.isfinite(total):
        return None
    try:
        scenario = bent_scenario(
            question.ruled,
            bends,
            question.prices,
            [says(question.ruled, bend) for bend in bends],
        )
    except ValueError:
        return None
    compiled = compile_problem(bent_tables(question.tables, scenario), scenario)
    if not keeps_all(compiled, bent.rep_of):
        return None
    option = Option(
        changes=tuple(says_all(question.ruled, bends)),
        price=total,
        least=bent.optimal or total <= bent.bound * (1 + SAME) + SAME,
        kinds=kinds,
        scenario=scenario,
        owner=_owner(compiled, bent.rep_of),
        bends=tuple(bends),
        rep_of=bent.rep_of,
    )
    return _with_cost(question, option, compiled, watch)


def _owner(compiled: Compiled, rep_of: Positions) -> pd.Series:
    """``rep_id`` by ``account_id``."""
    ids = np.append(compiled.pairs.reps.index.to_numpy(object), "")
    return pd.Series(ids[rep_of], index=compiled.pairs.accounts.index, dtype=str)


def _bent(question: Question, price: list[float | None], watch: Watch) -> Bent:
    """Change as little as possible: exactly, else by the engine."""
    ruled, seed, threads = question.ruled, question.seed, question.threads
    pricing = _pricing(question, price)
    costs = [cost_of(bends_of(ruled, plan), pricing) for plan in question.plans]
    hint = question.plans[int(np.argmin(costs))] if costs else None
    exact = bend_least(
        ruled, price, watch.part(0.7), hint=hint, seed=seed, threads=threads
    )
    if exact.optimal or exact.infeasible or watch.left <= 0:
        return exact
    if exact is not TOO_LARGE and ruled.areas is None and exact.rep_of is not None:
        return exact
    found = bend_by_search(ruled, price, watch, seed=seed, threads=threads)
    bound = max(exact.bound, found.bound)
    known = [one for one in (exact.rep_of, found.rep_of) if one is not None]
    if not known:
        return found._replace(bound=bound)
    best = min(known, key=lambda plan: cost_of(bends_of(ruled, plan), pricing))
    return Bent(best, bound, False, False)


def _pricing(question: Question, price: Sequence[float | None]) -> list[BendPrice]:
    """Prices as they are, but for what must not be bent now."""
    some = [*question.prices, *question.prices[:1]][: len(price)]
    return [replace(one, price=now) for one, now in zip(some, price, strict=True)]


def keeps_all(compiled: Compiled, rep_of: Positions) -> bool:
    """Whether a plan (rep of each row, m: nobody) keeps every rule of a question."""
    units = np.full(compiled.problem.n, -1, dtype=np.intp)
    units[compiled.unit_of] = rep_of
    if (units[compiled.unit_of] != rep_of).any():
        return False
    arcs = compiled.problem.arcs_of_or_none(units)
    return arcs is not None and evaluate(compiled.problem, arcs).feasible


def _with_cost(
    question: Question, option: Option, compiled: Compiled, watch: Watch
) -> Option:
    """Solve under an option for a while, from the plan that proves it."""
    seconds = min(SOLVE_SECONDS, watch.left)
    if seconds <= 0:
        return option
    assert option.rep_of is not None
    units = np.empty(compiled.problem.n, dtype=np.intp)
    units[compiled.unit_of] = option.rep_of
    settings = option.scenario.with_solve(time_limit=seconds).solve
    try:
        result = solve_problem(
            compiled.problem,
            settings,
            warm_start=WarmStart(units),
            interrupted=watch.interrupted,
        )
    except PlannerError:
        return option
    if result.arcs is None:
        return option
    served = result.problem.rep[result.arcs].astype(np.intp)[compiled.unit_of]
    return replace(
        option,
        cost=result.cost / compiled.problem.cost_scale,
        gap=result.gap,
        owner=_owner(compiled, served),
    )


def _same(one: Option, other: Option) -> bool:
    def key(option: Option) -> set[tuple]:
        return {
            (b.rule, b.instance, b.amount, b.side, b.rows, b.rep) for b in option.bends
        }

    return key(one) == key(other)
