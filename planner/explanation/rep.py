"""One rep: why this portfolio; and which accounts it could give away or take in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.explanation.effects import Standing, standings
from planner.explanation.known import Known, Pairings
from planner.solution import Solution
from planner.solvers.standing import Moves

Ints = NDArray[np.int64]

LISTED = 5
"""Accounts and reps listed in each direction."""
RECEIVERS = 3
"""Receivers of an account, unless set."""


@dataclass(frozen=True)
class Change:
    """What today's owners and the plan make of each other; "" = nobody."""

    rep: str
    accounts: int
    value: float


@dataclass(frozen=True)
class Transfer:
    """
    An account that might change hands; amounts in currency a year.

    Attributes
    ----------
    account, name, from_rep, to_rep
        What would go where.
    estimate
        Change of the plan's cost by the prices of the limits, knock-on moves included.
    alone
        Change of the plan's cost when nobody else moves; bands counted, priced groups
        and the map not.
    breaks
        The hard row that this breaks worst; "" where it breaks none.
    by
        By how much, in the row's measure.
    """

    account: str
    name: str
    from_rep: str
    to_rep: str
    estimate: float
    alone: float
    breaks: str
    by: float


@dataclass(frozen=True, eq=False)
class RepExplanation:
    """
    Why a rep has this portfolio; amounts in currency a year.

    Attributes
    ----------
    rep, name, accounts, value
        The rep, and what it serves.
    limits
        How its limits and bands stand.
    loads
        Load of each measure, in its unit.
    terms, travel_share, usual_travel_share
        Own cost of its accounts by term; share of travel in it; the same share over
        all reps. None where there is no cost.
    kept
        Accounts that it has today and keeps.
    gained, lost
        Who has today what it gets, and who gets what it loses.
    neighbours
        Next best rep, by the prices, of how many of its accounts; most first.
    give, take
        Accounts that would be cheapest to give away, and to take in.
    """

    rep: str
    name: str
    accounts: int
    value: float
    limits: tuple[Standing, ...]
    loads: dict[str, float]
    terms: dict[str, float]
    travel_share: float | None
    usual_travel_share: float | None
    kept: Change
    gained: tuple[Change, ...]
    lost: tuple[Change, ...]
    neighbours: tuple[Change, ...]
    give: tuple[Transfer, ...]
    take: tuple[Transfer, ...]


def explain_rep(known: Known, rep_id: str, *, listed: int = LISTED) -> RepExplanation:
    """Explain the portfolio of one rep; every number from costs, loads and prices."""
    rep, pairs = known.rep(rep_id), known.pairs
    rows = np.flatnonzero((known.plan.rep_of == rep) & ~pairs.is_region)
    units = np.flatnonzero(known.rep_of == rep)
    away = _transfers(known, units.tolist(), 1)
    nearest = pd.Series([one.to_rep for one in away], dtype=object)
    terms, share = _travel(known, rep)
    return RepExplanation(
        rep=rep_id,
        name=str(pairs.reps["name"].iat[rep]),
        accounts=len(rows),
        value=float(pairs.accounts["value"].to_numpy(float)[rows].sum()),
        limits=tuple(standings(known, rep)),
        loads=_loads(known, rep),
        terms=terms,
        travel_share=share,
        usual_travel_share=_travel(known, None)[1],
        kept=_kept(known, rep),
        gained=_changes(known, rep, gained=True),
        lost=_changes(known, rep, gained=False),
        neighbours=_counted(nearest)[:listed],
        give=tuple(sorted(away, key=_cheapness)[:listed]),
        take=tuple(_takers(known, rep)[:listed]),
    )


def best_receivers(
    solution: Solution, accounts: Collection[str], *, each: int = RECEIVERS
) -> pd.DataFrame:
    """
    Say who could take each account best, at the prices of the limits: no solving.

    Parameters
    ----------
    accounts
        ``account_id``; by regions also ``region:<id>``.
    each
        Receivers of each account, the best first.

    Returns
    -------
    Columns ``account, name, from_rep, to_rep, estimate, alone, breaks, by``, see
    `Transfer`. An account that no other rep may serve has no row.
    """
    known = Known(solution)
    units = dict.fromkeys(known.unit(name) for name in accounts)
    return _frame(_transfers(known, list(units), each))


def best_accounts_for(solution: Solution, rep: str, *, most: int = 10) -> pd.DataFrame:
    """
    Say which accounts a rep could take in most cheaply, as `best_receivers` does.

    Returns
    -------
    The same columns, the best first; at most `most` rows.
    """
    known = Known(solution)
    return _frame(_takers(known, known.rep(rep))[:most])


def _frame(found: Sequence[Transfer]) -> pd.DataFrame:
    columns = list(Transfer.__dataclass_fields__)
    return pd.DataFrame([vars(one) for one in found], columns=columns)


def _cheapness(one: Transfer) -> tuple[bool, float, float]:
    """What can be done as it is comes first."""
    return bool(one.breaks), one.estimate, one.alone


def _transfers(known: Known, units: Sequence[int], each: int) -> list[Transfer]:
    """Best receivers of some units, each unit's best first."""
    found = []
    for unit in units:
        line, own = known.line(unit), int(known.rep_of[unit])
        reps = np.flatnonzero(line.eligible[: known.m])
        reps = reps[reps != own]
        if not len(reps):
            continue
        estimate = known.priced(line)[reps] - known.own[unit]
        chosen = np.argsort(estimate, kind="stable")[:each]
        found += _told(known, np.full(len(chosen), unit), line, reps[chosen])
    return found


def _takers(known: Known, rep: int) -> list[Transfer]:
    """Units that a rep may take in, the cheapest first."""
    column = known.column(rep)
    units = np.flatnonzero(column.eligible & (known.rep_of != rep))
    estimate = (known.priced(column) - known.own)[units]
    best = units[np.argsort(estimate, kind="stable")[: 20 * LISTED]]
    found = _told(known, best, column, best)
    return sorted(found, key=_cheapness)


def _told(known: Known, units: Ints, pairings: Pairings, at: Ints) -> list[Transfer]:
    """Lay out moves of units to the reps of some pairs."""
    to, problem = pairings.rep[at], known.problem
    arcs = known.arcs[units]
    effect: Moves = known.standing.moves(
        known.rep_of[units], problem.demand[:, arcs], to, pairings.demand[:, at]
    )
    own_change = pairings.cost[:, at].sum(axis=0) - problem.total_cost[arcs]
    estimate = known.priced(pairings)[at] - known.own[units]
    found = []
    for i, unit in enumerate(units.tolist()):
        broken = int(effect.broken[i])
        row = known.standing.rows[broken] if broken >= 0 else None
        scale = 1 if row is None else problem.scales[row.measure]
        first = int(known.members(unit)[0])
        found.append(
            Transfer(
                account=str(known.pairs.accounts.index[first]),
                name=str(known.pairs.accounts["name"].iat[first]),
                from_rep=known.rep_id(int(known.rep_of[unit])),
                to_rep=known.rep_id(int(to[i])),
                estimate=known.money(float(estimate[i])),
                alone=known.money(int(own_change[i] + effect.cost[i])),
                breaks="" if row is None else row.id,
                by=float(effect.over[i]) / scale,
            )
        )
    return found


def _loads(known: Known, rep: int) -> dict[str, float]:
    problem, found = known.problem, {}
    mine = known.arcs[known.rep_of == rep]
    for index, name in enumerate(problem.measures):
        if name in known.pairs.own:
            found[name] = int(problem.demand[index][mine].sum()) / problem.scales[index]
    return found


def _travel(known: Known, rep: int | None) -> tuple[dict[str, float], float | None]:
    """Own costs by term of a rep, or of all (None), and the share of travel."""
    mine = known.arcs if rep is None else known.arcs[known.rep_of == rep]
    terms = {
        name: known.money(int(cost[mine].sum()))
        for name, cost in zip(known.problem.terms, known.problem.cost, strict=True)
    }
    total = sum(terms.values())
    if "travel" not in terms or not total:
        return terms, None
    return terms, terms["travel"] / total


def _kept(known: Known, rep: int) -> Change:
    kept = (known.pairs.owner == rep) & (known.plan.rep_of == rep)
    kept &= ~known.pairs.is_region
    value = known.pairs.accounts["value"].to_numpy(float)[kept].sum()
    return Change(known.rep_id(rep), int(kept.sum()), float(value))


def _changes(known: Known, rep: int, *, gained: bool) -> tuple[Change, ...]:
    """Whose accounts a rep gets, or who gets its accounts, most value first."""
    pairs, after = known.pairs, known.plan.rep_of
    today = pairs.owner
    if gained:
        hit, other = (after == rep) & (today != rep), today
    else:
        hit, other = (today == rep) & (after != rep), after
    hit = hit & ~pairs.is_region
    names = [known.rep_id(int(r)) if r >= 0 else "" for r in other[hit]]
    value = pairs.accounts["value"].to_numpy(float)[hit]
    frame = pd.DataFrame({"rep": names, "value": value})
    sums = frame.groupby("rep")["value"].agg(["size", "sum"])
    found = [Change(str(r), int(n), float(v)) for r, n, v in sums.itertuples()]
    return tuple(sorted(found, key=lambda one: (-one.value, -one.accounts, one.rep)))


def _counted(names: pd.Series) -> tuple[Change, ...]:
    counts = names.value_counts()
    found = [Change(str(rep), int(n), 0.0) for rep, n in counts.items()]
    return tuple(sorted(found, key=lambda one: (-one.accounts, one.rep)))
