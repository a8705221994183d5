"""A plan that the search changes move by move, and what a move would cost."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.compiled import compiled

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Near = NDArray[np.int32]

NOWHERE = -1
"""Site of a book that is closed; end of a list of members."""


class Ground(NamedTuple):
    """
    What the moves read: the model, and what lies near what.

    Attributes
    ----------
    cost, demand, low, high, open_cost, kept, own
        As in `SitingModel`; `high` without limit is a large number.
    first_step
        What the first step of load outside a band counts more, in steps, shape (q,).
    near_site
        Sites near each unit, nearest first, shape (n, some).
    near_unit
        Units near each site, nearest first, shape (m, some).
    """

    cost: Floats
    demand: Ints
    low: Ints
    high: Ints
    open_cost: Floats
    kept: Bools
    own: Ints
    first_step: Ints
    near_site: Near
    near_unit: Near


class Plan(NamedTuple):
    """
    Books of units, one for each site that may be open.

    Attributes
    ----------
    book
        Book of each unit, shape (n,).
    site
        Site of each book, or `NOWHERE`, shape (p,).
    book_of_site
        Book of each site, or -1, shape (m,).
    load
        Of each book in each measure, shape (q, p).
    first, after, before
        Members of a book as a linked list: its first, and each unit's neighbours.
    size
        Number of members, shape (p,).
    weight
        Price of a step of load outside its band, by measure, shape (q,).
    random
        State of the random numbers, shape (1,).
    """

    book: Ints
    site: Ints
    book_of_site: Ints
    load: Ints
    first: Ints
    after: Ints
    before: Ints
    size: Ints
    weight: Floats
    random: NDArray[np.uint64]


def empty_plan(ground: Ground, books: int, weight: Floats, seed: int) -> Plan:
    """Return a plan without any member, to be entered by `enter`."""
    n, m = ground.cost.shape
    return Plan(
        book=np.full(n, -1),
        site=np.full(books, NOWHERE),
        book_of_site=np.full(m, -1),
        load=np.zeros((len(ground.demand), books), dtype=np.int64),
        first=np.full(books, -1),
        after=np.full(n, -1),
        before=np.full(n, -1),
        size=np.zeros(books, dtype=np.int64),
        weight=weight.copy(),
        random=np.array([seed], dtype=np.uint64),
    )


@compiled
def enter(ground, plan, book, site):  # type: ignore[no-untyped-def]
    """Overwrite the plan by the book of each unit and the site of each book."""
    plan.site[:] = site
    plan.book_of_site[:] = -1
    for k in range(len(site)):
        if site[k] >= 0:
            plan.book_of_site[site[k]] = k
    plan.first[:] = -1
    plan.size[:] = 0
    plan.load[:] = 0
    for u in range(len(book)):
        _join(ground, plan, u, book[u])


@compiled
def _join(ground, plan, u, k):  # type: ignore[no-untyped-def]
    head = plan.first[k]
    plan.after[u], plan.before[u] = head, -1
    if head >= 0:
        plan.before[head] = u
    plan.first[k] = u
    plan.book[u] = k
    plan.size[k] += 1
    for q in range(len(ground.demand)):
        plan.load[q, k] += ground.demand[q, u]


@compiled
def move(ground, plan, u, k):  # type: ignore[no-untyped-def]
    """Move a unit into another book."""
    a = plan.book[u]
    before, after = plan.before[u], plan.after[u]
    if before >= 0:
        plan.after[before] = after
    else:
        plan.first[a] = after
    if after >= 0:
        plan.before[after] = before
    plan.size[a] -= 1
    for q in range(len(ground.demand)):
        plan.load[q, a] -= ground.demand[q, u]
    _join(ground, plan, u, k)


@compiled
def settle(plan, k, site):  # type: ignore[no-untyped-def]
    """Give a book another site, or `NOWHERE`."""
    if plan.site[k] >= 0:
        plan.book_of_site[plan.site[k]] = -1
    plan.site[k] = site
    if site >= 0:
        plan.book_of_site[site] = k


@compiled
def outside(load, low, high, first):  # type: ignore[no-untyped-def]
    """Steps of load outside a band, and `first` for the first of them."""
    if load > high:
        return load - high + first
    if load < low:
        return low - load + first
    return 0


@compiled
def strain(ground, plan, k, site, enters, leaves):  # type: ignore[no-untyped-def]
    """
    Rise of the price of load outside the bands of a book.

    Parameters
    ----------
    site
        That the book will have.
    enters, leaves
        Units, or -1.
    """
    total, old = 0.0, plan.site[k]
    for q in range(len(ground.demand)):
        load, first = plan.load[q, k], ground.first_step[q]
        rise = -outside(load, ground.low[q, old], ground.high[q, old], first)
        if enters >= 0:
            load += ground.demand[q, enters]
        if leaves >= 0:
            load -= ground.demand[q, leaves]
        rise += outside(load, ground.low[q, site], ground.high[q, site], first)
        total += rise * plan.weight[q]
    return total


@compiled
def count(ground, plan):  # type: ignore[no-untyped-def]
    """Cost of the plan, and its load outside the bands by measure in steps."""
    excess = np.zeros(len(ground.demand), dtype=np.int64)
    cost = 0.0
    for k in range(len(plan.site)):
        j = plan.site[k]
        if j < 0:
            continue
        cost += ground.open_cost[j]
        for q in range(len(ground.demand)):
            load = plan.load[q, k]
            excess[q] += outside(load, ground.low[q, j], ground.high[q, j], 0)
    for u in range(len(plan.book)):
        cost += ground.cost[u, plan.site[plan.book[u]]]
    return cost, excess
