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
from planner.rounding import to_integers
from planner.solvers.breaches import not_allowed, note, row_in_words
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
    """Do as `price` for several plans."""
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
    for columns, total in zip(chosen, sums, strict=True):
        for first in range(0, len(columns), PAIRS_PER_BLOCK):
            at = np.arange(first, min(len(columns), first + PAIRS_PER_BLOCK))
            to = columns[at]
            block = pairs.price(at, to)
            total.cost += block.cost.sum(axis=1)
            total.allowed[at] = block.eligible
            for load, demand in zip(total.load, block.demand, strict=True):
                np.add.at(load, to, demand)
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
    breaches = not_allowed(pairs, chosen, sums.allowed)
    for row in problem.rows:
        load = int(sums.load[row.measure, row.reps].sum())
        outside = row.outside(load)
        if row.price is not None:
            term = row.id.split("/")[0]
            terms[term] = terms.get(term, 0) + row.price * outside
        elif outside:
            breaches[row_in_words(problem, row, load)] = outside
    _groups(compiled, chosen, terms, breaches)
    if problem.areas is not None:
        _on_the_map(compiled, chosen, terms, breaches)
    return terms, breaches


def _on_the_map(
    compiled: Compiled,
    chosen: Positions,
    terms: dict[str, int],
    breaches: dict[str, int],
) -> None:
    """Price shapes and borders; report what does not hang together."""
    problem, areas = compiled.problem, compiled.problem.areas
    assert areas is not None
    rep_of = np.empty(problem.n, dtype=np.intp)
    rep_of[compiled.unit_of[::-1]] = chosen[::-1]  # the first row of a unit counts
    torn = int((chosen != rep_of[compiled.unit_of]).sum())
    note(breaches, _("not with the rep of their region: {n:,} accounts"), torn)
    terms |= areas.terms(rep_of, problem.m)
    found = areas.breaches(rep_of, problem.m)
    words = {
        "contiguity": _("not connected: {n:,} pieces too many"),
        "empty territories": _("reps without a region: {n:,}"),
    }
    for name, count in found.items():
        note(breaches, words[name], count)


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
            note(breaches, words, count, index=index, column=together.column)
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
        note(breaches, words, count, index=index, column=apart.column)


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
