"""One account: what it costs where, which rules and limits count, who is next best."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from planner.explanation.effects import Alone, Standing, alone, standings, terms_of
from planner.explanation.known import Known, Pairings
from planner.explanation.override import Override, override_of
from planner.explanation.rules import Exclusion, exclusions
from planner.solvers.result import Progress

SHOWN = 5
"""Reps laid out beside the owner."""
ASKED = 2
"""Reps for which the plan is solved again to find the next best, unless set."""


@dataclass(frozen=True)
class Option:
    """
    An account at one of the reps that may serve it (rep "": left out).

    Attributes
    ----------
    rep
        The rep.
    terms, cost
        Its own cost there by term, and their sum, in currency a year.
    km
        One way, on the road; None where left out.
    alone
        What moving it there does while nobody else moves; None for its own rep.
    at_least
        Proven: no plan in which it goes there changes the plan's cost by less.
    """

    rep: str
    terms: dict[str, float]
    cost: float
    km: float | None
    alone: Alone | None
    at_least: float


@dataclass(frozen=True)
class NextBest:
    """
    Who would serve an account next best.

    Attributes
    ----------
    rep
        The rep, where no other can be better; "" where that is not proven.
    tied
        Else the reps of which each may be the best; the most likely first.
    none
        No other rep may serve it at all, or none can by the limits.
    """

    rep: str
    tied: tuple[str, ...]
    none: bool


@dataclass(frozen=True, eq=False)
class AccountExplanation:
    """
    Why an account is where it is; amounts in currency a year.

    Attributes
    ----------
    account, name, rep, today
        The account, its rep in the plan ("" = left out), and today's owner.
    along
        Accounts and regions that must go with it.
    reason
        The sentence of plan.csv, or of regions.csv.
    plan_cost, bound
        Of the whole plan.
    options
        Its rep first, then the next best by what is proven.
    eligible
        How many reps may serve it.
    excluded
        Every rule that bars a rep, by ``rep_id``.
    limits
        How limits stand, by ``rep_id``: of its rep and of the reps asked about.
    next_best
        Who is next best; None where it was not asked.
    overrides
        What it costs to give it to each rep asked about, knock-on moves included.
    """

    account: str
    name: str
    rep: str
    today: str
    along: tuple[str, ...]
    reason: str
    plan_cost: float
    bound: float
    options: tuple[Option, ...]
    eligible: int
    excluded: dict[str, tuple[Exclusion, ...]]
    limits: dict[str, tuple[Standing, ...]]
    next_best: NextBest | None
    overrides: tuple[Override, ...]


def explain_account(
    known: Known,
    account: str,
    *,
    to: Sequence[str] = (),
    ask: int | None = None,
    time_limit_s: float,
    seed: int | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> AccountExplanation:
    """
    Explain one account.

    Parameters
    ----------
    account
        ``account_id``, or by regions also ``region:<id>``.
    to
        Reps to price an override for.
    ask
        For how many of the likeliest reps the plan is solved again to find the next
        best; None: `ASKED`, or none where `to` names reps.
    time_limit_s
        Seconds for each of these.
    """
    unit, row = known.unit(account), known.row(account)
    line = known.line(unit)
    floors = known.at_least(line)
    asked = list(dict.fromkeys(to))
    for rep in asked:
        known.rep(rep)  # an unknown rep costs no solve

    def ask_for(rep: str) -> Override:
        return override_of(known, account, rep, time_limit_s, seed, interrupted, tell)

    answers = {rep: ask_for(rep) for rep in asked}
    count = ask if ask is not None else (0 if asked else ASKED)
    next_best = None
    if count:
        answers, next_best = _contest(known, unit, floors, answers, count, ask_for)
    reps = [known.rep_id(int(known.rep_of[unit])), *answers]
    accounts, barred = known.pairs.accounts, exclusions(known, unit)
    along = [str(accounts.index[at]) for at in known.members(unit)]
    return AccountExplanation(
        account=account,
        name=str(accounts["name"].iat[row]),
        rep=reps[0],
        today=str(accounts["owner"].iat[row]),
        along=tuple(name for name in along if name != account),
        reason=_reason(known, account),
        plan_cost=known.solution.cost,
        bound=known.solution.bound,
        options=_options(known, unit, row, line, floors, list(answers)),
        eligible=int(line.eligible[: known.m].sum()),
        excluded={known.rep_id(rep): tuple(why) for rep, why in barred.items()},
        limits={r: tuple(standings(known, known.rep(r))) for r in reps if r},
        next_best=next_best,
        overrides=tuple(answers.values()),
    )


def _reason(known: Known, account: str) -> str:
    """Return the sentence of plan.csv, or of regions.csv."""
    solution, row = known.solution, known.row(account)
    if known.pairs.is_region[row]:
        return str(solution.reasons_by_region()[account])
    return str(solution.reasons_by_account()[account])


def _options(
    known: Known,
    unit: int,
    row: int,
    line: Pairings,
    floors: np.ndarray,
    asked: list[str],
) -> tuple[Option, ...]:
    """Lay out its rep, the reps asked about, and the likeliest others."""
    own = int(known.rep_of[unit])
    order = _likeliest(known, line, floors, own)
    wanted = [known.rep(rep) for rep in asked]
    others = [*wanted, *(r for r in order if r not in wanted)]
    shown = [own, *others[: max(SHOWN, len(wanted))]]
    if known.m not in shown and line.eligible[known.m]:
        shown.append(known.m)
    km = known.pairs.distances(np.array([[row]]), np.arange(known.m + 1)[None])[0][0]
    has_roads = "travel" in known.problem.terms
    found = []
    for rep in shown:
        terms = terms_of(known, unit, line.cost[:, rep])
        floor = floors[rep] - known.solution.result.cost
        found.append(
            Option(
                rep=known.rep_id(rep),
                terms=terms,
                cost=known.money(int(line.cost[:, rep].sum())),
                km=float(km[rep]) if has_roads and rep < known.m else None,
                alone=None if rep == own else alone(known, unit, rep),
                at_least=known.money(floor),
            )
        )
    return tuple(found)


def _likeliest(known: Known, line: Pairings, floors: np.ndarray, own: int) -> list[int]:
    """Reps that may serve the unit, its own left aside, by bound and then estimate."""
    reps = np.flatnonzero(line.eligible[: known.m])
    reps = reps[reps != own]
    priced = known.priced(line)
    order = np.lexsort((priced[reps], floors[reps]))
    return [int(rep) for rep in reps[order]]


def _contest(
    known: Known,
    unit: int,
    floors: np.ndarray,
    answers: dict[str, Override],
    count: int,
    ask: Callable[[str], Override],
) -> tuple[dict[str, Override], NextBest]:
    """
    Find the next best rep: solve again for the likeliest until one stands out.

    A rep is named where its upper end lies below the lower ends of all others.
    """
    line = known.line(unit)
    order = _likeliest(known, line, floors, int(known.rep_of[unit]))
    brackets = {
        known.rep_id(rep): (known.money(floors[rep]), math.inf) for rep in order
    }
    found = dict(answers)
    for _turn in range(count):
        found_here = {rep: (a.lower, a.upper) for rep, a in found.items()}
        brackets |= {rep: b for rep, b in found_here.items() if rep in brackets}
        verdict = next_best(brackets)
        if verdict.rep or verdict.none:
            break
        waiting = [rep for rep in verdict.tied if rep not in found]
        if not waiting:
            break
        found[waiting[0]] = ask(waiting[0])
    found_here = {rep: (a.lower, a.upper) for rep, a in found.items()}
    brackets |= {rep: b for rep, b in found_here.items() if rep in brackets}
    return found, next_best(brackets)


def next_best(brackets: dict[str, tuple[float, float]]) -> NextBest:
    """
    Judge brackets: who is best, or who may be.

    Parameters
    ----------
    brackets
        Rep -> (lower, upper) of the cost of the plan with the account there; inf, inf
        where no such plan exists.

    Examples
    --------
    >>> next_best({"R1": (10.0, 11.0), "R2": (12.0, 15.0)}).rep
    'R1'
    >>> next_best({"R1": (10.0, 12.0), "R2": (12.0, 15.0)}).tied
    ('R1', 'R2')
    """
    possible = {rep: b for rep, b in brackets.items() if b[0] < math.inf}
    if not possible:
        return NextBest("", (), True)
    first = min(possible, key=lambda rep: (possible[rep][1], possible[rep][0]))
    least = possible[first][1]
    rest = [rep for rep in possible if rep != first and possible[rep][0] <= least]
    if not rest and least < math.inf:
        return NextBest(first, (), False)
    rest.sort(key=lambda rep: possible[rep])
    tied = (
        (first, *rest)
        if least < math.inf
        else tuple(sorted(possible, key=lambda rep: possible[rep][0]))
    )
    return NextBest("", tied, False)
