"""A plan laid beside its recount."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from planner.evaluate.bound import DualBound, total_of
from planner.evaluate.folder import Certificate
from planner.evaluate.knapsack import KnapsackBound, bound_of
from planner.evaluate.pairs import Bools, Ints, Pairs, Quantity
from planner.evaluate.recount import Recount
from planner.evaluate.rows import Row
from planner.evaluate.sieve import Sieve
from planner.words import _

UNREAD = -1
PAIRS_AT_ONCE = 200_000
"""Own pairs counted at once."""
SIEVED_PAIRS = 2_000_000
"""With more pairs in all, only those that may be the cheapest are counted exactly."""


@dataclass(frozen=True)
class Case:
    """
    What is judged: claims, recount, plan file, and the plan's own pairs per account.

    ``chosen`` is the column of the account's rep, `nobody`, or `UNREAD`. ``loads``
    are per quantity and column, shape (m + 1,).
    """

    claims: Certificate
    recount: Recount
    plan: dict[str, list[str]]
    line_of: Ints
    chosen: Ints
    km: np.ndarray
    eligible: np.ndarray
    costs: dict[str, Ints]
    loads: dict[Quantity, Ints]
    dual: DualBound | KnapsackBound

    @cached_property
    def may_have_regions(self) -> set[int]:
        """
        Columns of the reps who may have some region, with all that goes with it.

        By the rules of pairs, and by the hard highs that the unit alone must keep.
        """
        count, found = self.recount, np.zeros(self.recount.nobody + 1, dtype=bool)
        units = np.unique(count.unit[count.ground.is_region])
        inside = np.flatnonzero(np.isin(count.unit, units))
        for parts, starts in count.blocks(inside):
            whole = sum_of([count.pairs(rows).summed(starts) for rows in parts])
            allowed = whole.eligible.copy()
            for row in count.rows:
                if row.price is None and row.high is not None:
                    amount = np.broadcast_to(whole.amounts[row.quantity], allowed.shape)
                    allowed[:, row.reps] &= amount[:, row.reps] <= row.high
            found |= allowed.any(axis=0)
        return set(np.flatnonzero(found[:-1]).tolist())

    def account(self, at: int) -> str:
        return str(self.recount.accounts.index[at])

    def load(self, row: Row) -> int:
        """Load of a row under the plan."""
        return total_of(self.loads[row.quantity][row.reps])


def place(plan: dict[str, list[str]], recount: Recount) -> tuple[Ints, Ints, list[str]]:
    """Find line and chosen column of each account, and what is wrong with both."""
    ids, faults = plan["account_id"], []
    at = recount.accounts.index.get_indexer(pd.Index(ids, dtype=object))
    at = np.where(recount.ground.is_region[at], UNREAD, at)
    rep = recount.reps.index.get_indexer(pd.Index(plan["rep_id"], dtype=object))
    line_of = np.full(len(recount.accounts), UNREAD, dtype=np.int64)
    chosen = line_of.copy()
    for line, (account, account_id, rep_id) in enumerate(
        zip(at.tolist(), ids, plan["rep_id"], strict=True)
    ):
        if account < 0:
            faults.append(_("{id} is no account").format(id=account_id))
        elif line_of[account] >= 0:
            faults.append(_("{id} occurs more than once").format(id=account_id))
        else:
            line_of[account] = line
            chosen[account] = rep[line] if rep_id else recount.nobody
            if chosen[account] < 0:
                faults.append(
                    _("{id} goes to {rep!r}, who is no rep").format(
                        id=account_id, rep=rep_id
                    )
                )
    missing = recount.accounts.index[(line_of < 0) & ~recount.ground.is_region]
    faults += [_("{id} is missing").format(id=account) for account in missing]
    if ids != sorted(ids):
        faults.append(_("the rows are not sorted by account_id"))
    return line_of, chosen, faults


def survey(
    claims: Certificate,
    recount: Recount,
    plan: dict[str, list[str]],
    line_of: Ints,
    chosen: Ints,
) -> Case:
    """Note the plan's own pairs, then go over all of them for the bound."""
    count = len(chosen)
    km, eligible = np.zeros(count), np.zeros(count, dtype=bool)
    costs = {term: np.zeros(count, dtype=np.int64) for term in recount.terms}
    quantities = {row.quantity for row in recount.rows}
    quantities |= {("measure", name) for name in recount.scales}
    loads = {q: np.zeros(recount.nobody + 1, dtype=np.int64) for q in quantities}
    for first in range(0, count, PAIRS_AT_ONCE):
        rows = np.arange(first, min(count, first + PAIRS_AT_ONCE))
        read, at = chosen[rows] >= 0, np.maximum(chosen[rows], 0)
        pairs = recount.pairs(rows, at)
        km[rows], eligible[rows] = pairs.km, pairs.eligible
        for term, each in pairs.costs.items():
            costs[term][rows] = each * read
        for quantity, each in pairs.amounts.items():
            counts = read
            if quantity[0] == "measure":
                counts = read & (at < recount.nobody)
            np.add.at(loads[quantity], at[counts], each[counts])
    dual = bound_of(recount, claims.dual)
    if not dual.faults:
        _bound(recount, dual, chosen)
    return Case(
        claims, recount, plan, line_of, chosen, km, eligible, costs, loads, dual
    )


def _bound(recount: Recount, dual: DualBound | KnapsackBound, chosen: Ints) -> None:
    """Take all units into account; where there are many pairs, through a sieve."""
    rest = np.arange(len(chosen))
    if isinstance(dual, DualBound) and len(chosen) * recount.nobody > SIEVED_PAIRS:
        alone = np.bincount(recount.unit)[recount.unit] == 1
        Sieve(recount, dual).add_to_bound(rest[alone], chosen)
        rest = rest[~alone]
    for parts, starts in recount.blocks(rest):
        unit = sum_of([recount.pairs(rows).summed(starts) for rows in parts])
        dual.add(unit, parts[0][starts])


def sum_of(parts: list[Pairs]) -> Pairs:
    """Join the parts of one unit."""
    whole = parts[0]
    for more in parts[1:]:
        whole = whole + more
    return whole


def moves_of(case: Case) -> Bools:
    """Whether each account leaves a known owner."""
    owner = case.recount.owner
    return (owner >= 0) & (case.chosen >= 0) & (case.chosen != owner)


def amount_text(steps: int, scale: int) -> str:
    """Exact decimal text of an integer on a power-of-ten scale."""
    digits = len(str(scale)) - 1
    text = f"{abs(steps) // scale}"
    if digits:
        text += f".{abs(steps) % scale:0{digits}d}"
    return f"-{text}" if steps < 0 else text


def scale_of(case: Case, quantity: Quantity) -> int:
    """Steps per unit of what a row counts."""
    kind, name = quantity
    if kind == "measure":
        return case.recount.scales[name]
    if kind == "term":
        return case.recount.cost_scale
    return case.recount.value_scale if name == "moved_value" else 1
