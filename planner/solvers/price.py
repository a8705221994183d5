"""What any given assignment costs and breaks, whether or not the rules allow it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.compile import PAIRS_PER_BLOCK, Compiled
from planner.errors import PlannerError
from planner.pairs import Pairs
from planner.problem import Row
from planner.rounding import to_integers
from planner.tables import parse_skills
from planner.words import _

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Positions = NDArray[np.intp]
Priced = tuple[dict[str, int], dict[str, int]]


def price(compiled: Compiled, rep_of_account: Positions) -> Priced:
    """
    Cost by term, and what is broken, of one rep (or nobody) per account.

    Parameters
    ----------
    compiled
        The question; its terms, rows and rules are what counts.
    rep_of_account
        Rep index of each account in table order, -1 for nobody, shape (accounts,).
        Need not keep any rule.

    Returns
    -------
    terms
        Term -> cost in steps of 1 / cost_scale: the pair-wise terms, each priced
        balance, each priced together; as the plan's own cost is made up.
    breaches
        What is broken, in words -> by how much: accounts, groups, or steps of the
        row's measure. Empty: every rule is kept.

    Raises
    ------
    PlannerError
        If the array has another length, or names a rep that does not exist.
    """
    return price_all(compiled, [rep_of_account])[0]


def price_all(compiled: Compiled, plans: Sequence[Positions]) -> list[Priced]:
    """Do as `price` for several plans, pricing every pair only once."""
    pairs = compiled.pairs
    chosen = [_columns(pairs, plan) for plan in plans]
    shape = (len(pairs.measures), pairs.m + 1)
    sums = [
        _Sums(
            np.zeros(len(pairs.terms), dtype=np.int64),
            np.zeros(shape, dtype=np.int64),
            np.zeros(len(pairs.accounts), dtype=bool),
        )
        for _plan in plans
    ]
    for at in blocks(pairs):
        block = pairs.block(at)
        line = np.arange(len(at))
        for columns, total in zip(chosen, sums, strict=True):
            to = columns[at]
            total.cost += block.cost[:, line, to].sum(axis=1)
            total.allowed[at] = block.eligible[line, to]
            for load, demand in zip(total.load, block.demand, strict=True):
                np.add.at(load, to, demand[line, to])
    return [
        _judge(compiled, columns, total)
        for columns, total in zip(chosen, sums, strict=True)
    ]


def blocks(pairs: Pairs) -> Iterator[Positions]:
    """Positions of all accounts, so many at a time as can be priced at once."""
    step = max(1, PAIRS_PER_BLOCK // (pairs.m + 1))
    n = len(pairs.accounts)
    for first in range(0, n, step):
        yield np.arange(first, min(n, first + step))


@dataclass(eq=False)
class _Sums:
    """
    Totals of one plan, added up block by block.

    Cost per term; load per measure and column, shape (measures, m + 1); whether each
    account may be where it is, shape (accounts,).
    """

    cost: Ints
    load: Ints
    allowed: Bools


def _columns(pairs: Pairs, rep_of_account: Positions) -> Positions:
    """Column of each account's rep; nobody is the last one."""
    chosen = np.asarray(rep_of_account, dtype=np.intp)
    n = len(pairs.accounts)
    if chosen.shape != (n,):
        raise PlannerError(
            _(
                "a plan of {n:,} accounts needs one rep index per account, shape "
                "({n},), not {shape}; give -1 where nobody serves"
            ).format(n=n, shape=chosen.shape)
        )
    wrong = np.flatnonzero((chosen < -1) | (chosen >= pairs.m))
    if len(wrong):
        raise PlannerError(
            _(
                "account {id}: there is no rep of index {rep}; indices run from 0 to "
                "{last}, and -1 is nobody"
            ).format(
                id=pairs.accounts.index[wrong[0]],
                rep=chosen[wrong[0]],
                last=pairs.m - 1,
            )
        )
    return np.where(chosen < 0, pairs.m, chosen)


def _judge(compiled: Compiled, chosen: Positions, sums: _Sums) -> Priced:
    pairs, problem = compiled.pairs, compiled.problem
    terms = {name: int(cost) for name, cost in zip(pairs.terms, sums.cost, strict=True)}
    breaches = _not_allowed(pairs, chosen, sums.allowed)
    for row in problem.rows:
        load = int(sums.load[row.measure, row.reps].sum())
        outside = row.outside(load)
        if row.price is not None:
            term = row.id.split("/")[0]
            terms[term] = terms.get(term, 0) + row.price * outside
        elif outside:
            breaches[_row_in_words(compiled, row, load)] = outside
    _groups(compiled, chosen, terms, breaches)
    return terms, breaches


def _row_in_words(compiled: Compiled, row: Row, load: int) -> str:
    problem = compiled.problem
    family, _slash, who = row.id.partition("/")
    kind = {
        "limits": _("limit on {measure}, {who}"),
        "balance": _("band on {measure}, {who}"),
        "budgets": _("budget on {measure}"),
    }[family.split("[")[0]]
    scale = problem.scales[row.measure]
    above = row.high is not None and load > row.high
    limit = row.high if above and row.high is not None else row.low
    side = (
        _("{what}: {load} is {by} above {limit}")
        if above
        else _("{what}: {load} is {by} below {limit}")
    )
    return side.format(
        what=kind.format(measure=problem.measures[row.measure], who=who),
        load=_amount(load, scale),
        by=_amount(abs(load - limit), scale),
        limit=_amount(limit, scale),
    )


def _amount(steps: int, scale: int) -> str:
    """Exact decimal text of steps on a power-of-ten scale."""
    digits = len(str(scale)) - 1
    whole, rest = divmod(steps, scale)
    return f"{whole:,}" + (f".{rest:0{digits}d}" if digits else "")


def _groups(
    compiled: Compiled,
    chosen: Positions,
    terms: dict[str, int],
    breaches: dict[str, int],
) -> None:
    """Price or report what `together` and `apart` say, entry by entry."""
    pairs, scenario = compiled.pairs, compiled.pairs.scenario
    served = chosen < pairs.m
    team = pairs.reps["team"]
    of_team = pd.factorize(team.where(team != "", "\0" + team.index.astype(str)))[0]
    for index, together in enumerate(scenario.together):
        label = _labels(pairs, together.column)
        at = label >= 0
        if together.price is None:
            count = _split(label[at], chosen[at])
            words = _("together[{index}] ({column}): {n:,} groups have several reps")
            _note(breaches, words, count, index=index, column=together.column)
            continue
        at &= served
        one = of_team[chosen[at]] if together.label == "team" else chosen[at]
        extra = _distinct(label[at], one) - len(np.unique(label[at]))
        step = int(to_integers(together.price, pairs.cost_scale))
        terms[f"together[{index}]"] = step * extra
    for index, apart in enumerate(scenario.apart):
        label = _labels(pairs, apart.column)
        at = (label >= 0) & served
        count = int(at.sum()) - _distinct(label[at], chosen[at])
        words = _("apart[{index}] ({column}): {n:,} accounts share a rep with a rival")
        _note(breaches, words, count, index=index, column=apart.column)


def _labels(pairs: Pairs, column: str) -> Positions:
    """Number of each account's group in a column, -1 where the label is blank."""
    text = pairs.accounts[column].astype(str).str.strip()
    return np.asarray(pd.factorize(text.mask(text == ""))[0], dtype=np.intp)


def _distinct(label: Positions, to: Positions) -> int:
    """Number of different (label, rep) pairs."""
    return len(np.unique(np.stack([label, to]), axis=1).T)


def _split(label: Positions, to: Positions) -> int:
    """Number of labels whose accounts do not all go to the same place."""
    pairs = np.unique(np.stack([label, to]), axis=1)
    return int((np.bincount(pairs[0]) > 1).sum()) if pairs.size else 0


def _note(breaches: dict[str, int], words: str, count: int, **names: object) -> None:
    if count:
        breaches[words.format(n=count, **names)] = count


def _not_allowed(pairs: Pairs, chosen: Positions, allowed: Bools) -> dict[str, int]:
    """Count the accounts that may not be where they are, by the rule in the way."""
    breaches: dict[str, int] = {}
    out = ~allowed & (chosen == pairs.m)
    _note(breaches, _("unassigned: {n:,} accounts"), int(out.sum()))
    at = np.flatnonzero(~allowed & ~out)
    for words, broken in _reasons(pairs, at, chosen[at]):
        _note(breaches, words, int(broken.sum()))
    return breaches


def _reasons(
    pairs: Pairs, at: Positions, rep: Positions
) -> Iterator[tuple[str, Bools]]:
    """Rule in words, and which of the pairs (accounts `at`, their reps) break it."""
    accounts, reps = pairs.accounts.iloc[at], pairs.reps.iloc[rep]
    yield (
        _("required skill missing: {n:,} accounts"),
        np.array(
            [
                _lacks(asked, held)
                for asked, held in zip(accounts["skills"], reps["skills"], strict=True)
            ],
            dtype=bool,
        ),
    )
    fit = pairs.scenario.fit
    yield (
        _("grade of the rep does not fit: {n:,} accounts"),
        np.array(
            [
                fit.get(grade, {}).get(other) == "never"
                for grade, other in zip(accounts["grade"], reps["grade"], strict=True)
            ],
            dtype=bool,
        ),
    )
    yield (
        _("protected, but not with today's owner: {n:,} accounts"),
        pairs.protected[at] & (rep != pairs.owner[at]),
    )
    yield from _chosen_by_hand(pairs, at, rep)
    yield from _too_far(pairs, at, rep)


def _lacks(asked: str, held: str) -> bool:
    have = parse_skills(held)
    return any(have.get(x, 0) < level for x, level in parse_skills(asked).items())


def _chosen_by_hand(
    pairs: Pairs, at: Positions, rep: Positions
) -> Iterator[tuple[str, Bools]]:
    """Pins and forbids: the masks that Pairs itself prepared."""
    pinned, forbidden = np.zeros(len(at), bool), np.zeros(len(at), bool)
    for covered, reps in pairs._pins:
        pinned |= covered[at] & ~reps[rep]
    for covered, reps in pairs._forbids:
        forbidden |= covered[at] & reps[rep]
    yield _("pinned to other reps: {n:,} accounts"), pinned
    yield _("forbidden: {n:,} accounts"), forbidden


def _too_far(
    pairs: Pairs, at: Positions, rep: Positions
) -> Iterator[tuple[str, Bools]]:
    far, unlisted = np.zeros(len(at), bool), np.zeros(len(at), bool)
    most = pairs.scenario.travel.max_km
    step = max(1, PAIRS_PER_BLOCK // (pairs.m + 1))
    for first in range(0, len(at), step):
        part = slice(first, first + step)
        km, _hours, usable = pairs.distances(at[part])
        line = np.arange(len(km))
        unlisted[part] = ~usable[line, rep[part]]
        if most is not None:
            far[part] = (km[line, rep[part]] > most) & ~pairs.pinned[at[part]]
    yield _("farther than max_km: {n:,} accounts"), far
    yield _("no distance given for the pair: {n:,} accounts"), unlisted
