"""Changes of rules that are enough: found, written as scenarios, verified."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from planner.compile import Compiled, compile_problem
from planner.diagnosis.change import SAME, Question, least_change
from planner.diagnosis.prices import cost_of
from planner.diagnosis.result import Option
from planner.diagnosis.rewrite import bent_scenario, bent_tables
from planner.diagnosis.wording import says, says_all
from planner.errors import PlannerError
from planner.problem import evaluate
from planner.ruled import BandRule, Positions, Rule, parted
from planner.solvers.result import Watch
from planner.solvers.ruled.bends import Bend, bends_of
from planner.solvers.solve import solve_problem
from planner.solvers.start import WarmStart

MOST = 5
"""Options that are handed out."""
OTHER_SECONDS = 5.0
"""For each option after the first, at most."""
ENOUGH_SECONDS = 15.0
"""When so much time has gone, no further options are sought."""
BEARABLE, ROOM = 0.1, (1.1, 2.0)
"""
Where the first option raises an end by more than this share, others share the load: no
end is raised by more than so many times what they need on the average.
"""
SOLVE_SECONDS, MOST_ARCS = 1.0, 100_000
"""For the best plan under an option, at most; and pairs up to which it is sought."""


def options_of(question: Question, watch: Watch) -> list[Option]:
    """
    Return options, the cheapest first.

    The first is the least change over all kinds of rules that have a price. The others
    are the least that raise no limit by much more than all need together, that change
    rules of one kind, or none of a kind that the first one changes, or not one of its
    very changes. Each is verified: its scenario is compiled, and a plan keeps all of
    its rules.
    """
    found: list[Option] = []
    plans, began = question.plans, watch.seconds
    for trial in _trials(question, found):
        known = (*plans, *(o.rep_of for o in found if o.rep_of is not None))
        question = replace(question, plans=known)
        late = bool(found) and watch.seconds - began > ENOUGH_SECONDS
        if watch.left <= 0 or late or len(found) > MOST:
            break
        part = watch.part(0.25 if found else 0.5)
        if found:
            part = part.at_most(OTHER_SECONDS)
        option = _option(question, trial, part)
        if option is not None and not any(_same(option, one) for one in found):
            found.append(option)
    found.sort(key=lambda option: option.price)  # at one price in the order found
    return found[:MOST]


@dataclass(frozen=True, eq=False)
class _Trial:
    """
    What else is asked of an option.

    Attributes
    ----------
    kinds
        Kinds of rules that may change; empty: all.
    but
        A change that is ruled out.
    ceilings
        Rules besides that no change may bend.
    """

    kinds: tuple[str, ...] = ()
    but: Bend | None = None
    ceilings: tuple[Rule, ...] = ()


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
    for room in ROOM:
        ceilings = _ceilings(question, best, room)
        if ceilings and len(found) == 1:
            yield _Trial(ceilings=ceilings)
    used = list(dict.fromkeys(rules[bend.rule].kind for bend in best.bends))
    others = [kind for kind in kinds if kind not in used]
    alone = used if len(used) > 1 else []  # else the first option is of one kind
    yield from (_Trial((kind,)) for kind in [*alone, *others])
    for kind in used:
        rest = tuple(other for other in kinds if other != kind)
        if len(rest) > 1:
            yield _Trial(rest)
    yield from (_Trial(but=bend) for bend in best.bends[:MOST])


def _ceilings(question: Question, option: Option, room: float) -> tuple[Rule, ...]:
    """Ends up to which limits may be raised, where an option raises some by far."""
    found = []
    for number in dict.fromkeys(bend.rule for bend in option.bends):
        rule = question.ruled.rules[number]
        if not isinstance(rule, BandRule) or rule.kind != "limits":
            continue
        scale = question.ruled.pairs.scales[rule.bands[0].measure]
        over = {
            bend.instance: bend.amount * scale
            for bend in option.bends
            if bend.rule == number and bend.side == "high"
        }
        highs = [band.high or 0 for band in rule.bands]
        far = max((steps / max(1, highs[i]) for i, steps in over.items()), default=0.0)
        share = room * sum(over.values()) / max(1, sum(highs))
        if far > BEARABLE and share < far:
            bands = tuple(
                band
                if band.high is None
                else replace(band, low=0, high=math.ceil(band.high * (1 + share)))
                for band in rule.bands
            )
            found.append(replace(rule, bands=bands))
    return tuple(found)


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
    if trial.ceilings:
        ruled = replace(ruled, rules=(*ruled.rules, *trial.ceilings))
        price += [None] * len(trial.ceilings)
    bent = least_change(replace(question, ruled=ruled), price, watch)
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
        bound=total if bent.optimal else min(bent.bound, total),
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
    assert option.rep_of is not None
    units = np.empty(compiled.problem.n, dtype=np.intp)
    units[compiled.unit_of] = option.rep_of
    arcs = compiled.problem.arcs_of_or_none(units)
    assert arcs is not None
    cost, scale = evaluate(compiled.problem, arcs).cost, compiled.problem.cost_scale
    option = replace(option, cost=cost / scale)
    seconds = min(SOLVE_SECONDS, watch.left)
    if seconds <= 0 or len(compiled.problem.rep) > MOST_ARCS:
        return option
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
        cost=result.cost / scale,
        gap=result.gap,
        owner=_owner(compiled, served),
    )


def _same(one: Option, other: Option) -> bool:
    def key(option: Option) -> set[tuple]:
        return {
            (b.rule, b.instance, b.amount, b.side, b.rows, b.rep) for b in option.bends
        }

    return key(one) == key(other)
