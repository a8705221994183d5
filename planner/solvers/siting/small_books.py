"""
Simulated annealing of small books, whose site is always the best of its members'.

Where few units share a site, moving one changes which site suits its book. So a move
is judged with the best site before and after it: for every member of a book the cost
of serving all from its site is kept, and a move changes these sums by one term each.

Gap to the best known after 10 and 50 million moves (2 and 10 s on one thread), three
seeds: lin318_100 0.5 to 1.0 and 0.1 to 0.2 %, u724_200 0.7 to 0.8 and 0.4 to 0.5 %;
with sites that only moves of their own change, lin318_100 2 to 5 % after 8 million.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.compiled import compiled_plain, compiled_within
from planner.solvers.chain_state import uniform
from planner.solvers.siting.model import NO_LIMIT, SitingModel, recount
from planner.solvers.siting.question import usable

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Near = NDArray[np.int32]

MOST_UNITS = 15
"""Units for each open site up to which books count as small: moves read all members."""
NEAR_UNITS = 12
"""Near units among which partners of a move are drawn, at least."""
FAR_TIMES = 100.0
"""Arcs that are not allowed cost so many times the dearest that is."""
FIRST_STEP, FIRST_WEIGHT = 0.3, 2.0
"""First step above a high end in mean units; its price in mean costs of a unit."""
ROUND = 10
"""Moves per unit at one temperature."""
STIFFER, SOFTER = 1.1, 0.98
"""Change of the price of loads above their ends after a round with some, or none."""
TO_EMPTY = 0.05
"""Share of the moves that give a unit an empty book, while there are any."""


class Members(NamedTuple):
    """
    A siting in which every unit has a site of its own, sites numbered as their units.

    Attributes
    ----------
    cost
        ``cost[site, unit]``, shape (n, n), all finite.
    demand, high, open_cost
        As in `SitingModel`; `high` without limit is a large number, `open_cost` 0
        where exactly p sites are open: it is the same for all.
    near
        Other units near each unit, in any order, shape (n, some).
    first
        What the first step above a high end counts more, in steps, shape (q,).
    forbidden
        A book that costs so much has a site that must not serve a member.
    exact
        Whether no book may be empty.
    """

    cost: Floats
    demand: Ints
    high: Ints
    open_cost: Floats
    near: Near
    first: Ints
    forbidden: float
    exact: bool


class Books(NamedTuple):
    """
    Books of units that the search changes move by move.

    Attributes
    ----------
    book, at
        Of each unit: its book, and its place in it, shapes (n,).
    member, served
        Members of each book, and what serving all from their site costs, (p, width).
    size, load
        Number of members (p,), and what they take of each measure, (q, p).
    value
        Cost of each book with the best site, load above its end priced, (p,).
    weight
        Price of a step above the high end, by measure, (q,).
    random
        State of the random numbers, (1,).
    """

    book: Ints
    at: Ints
    member: Near
    served: Floats
    size: Ints
    load: Ints
    value: Floats
    weight: Floats
    random: NDArray[np.uint64]


def has_small_books(model: SitingModel) -> bool:
    """Whether a model is of the kind that is annealed here."""
    own_site = model.n == model.m and len(np.unique(model.own)) == model.n
    own_site = own_site and int(model.own.min(initial=0)) >= 0
    free = not model.kept.any() and not (model.low > 0).any()
    # Where exactly p are open, empty books must not be worth having.
    free = free and not (model.exact and np.ptp(model.open_cost) > 0)
    return own_site and free and model.n <= MOST_UNITS * model.p


def members_of(model: SitingModel) -> Members:
    """Return a model with small books as the moves read it."""
    n = model.n
    site = np.argsort(model.own)
    arcs = usable(model)[:, site].T
    cost = np.ascontiguousarray(model.cost[:, site].T)
    dearest = float(np.abs(cost[arcs]).max(initial=0.0))
    forbidden = FAR_TIMES * (dearest + 1.0)
    cost[~arcs] = forbidden
    others = cost.copy()
    np.fill_diagonal(others, np.inf)
    count = min(n - 1, max(NEAR_UNITS, round(2 * n / model.p)))
    near = np.argpartition(others, max(0, count - 1), axis=0)[:count].T
    return Members(
        cost=cost,
        demand=model.demand,
        high=np.where(model.high == NO_LIMIT, 2**60, model.high)[:, site],
        open_cost=np.zeros(n) if model.exact else model.open_cost[site],
        near=np.ascontiguousarray(near, dtype=np.int32),
        first=np.ceil(model.demand.mean(axis=1) * FIRST_STEP).astype(np.int64),
        forbidden=forbidden,
        exact=model.exact,
    )


def anneal_small_books(
    model: SitingModel,
    members: Members,
    site: Ints,
    hot: float,
    cold: float,
    steps: int,
    seed: int,
    stop: Bools | None = None,
) -> tuple[float, Ints]:
    """
    Anneal from the books of a plan, which may break high ends.

    Parameters
    ----------
    members
        The model as `members_of` gives it.
    site
        Site of each unit, shape (n,).
    hot, cold
        First and last temperature in mean costs of a unit of that plan.
    steps
        Moves tried, about.
    stop
        Ends the search when set from outside, shape (1,).

    Returns
    -------
    The best plan's cost and site of each unit; inf where none kept all rules.
    """
    n, q = model.n, len(model.demand)
    opened, book = np.unique(site, return_inverse=True)
    if n < 2 or len(opened) > model.p:
        return np.inf, site
    paid = model.cost[np.arange(n), site]
    paid = paid[np.isfinite(paid)]
    mean = max(float(paid.mean()) if len(paid) else 0.0, 1e-9)
    width = max(64, 6 * n // model.p, 2 * int(np.bincount(book).max()))
    room = (model.p, min(n, width))
    books = Books(
        book=np.full(n, -1),
        at=np.zeros(n, dtype=np.int64),
        member=np.zeros(room, dtype=np.int32),
        served=np.zeros(room),
        size=np.zeros(model.p, dtype=np.int64),
        load=np.zeros((q, model.p), dtype=np.int64),
        value=np.zeros(model.p),
        weight=FIRST_WEIGHT * mean / np.maximum(1.0, model.demand.mean(axis=1)),
        random=np.array([seed], dtype=np.uint64),
    )
    rounds = max(2, steps // (ROUND * n))
    best = np.full(n, -1)
    stop = np.zeros(1, dtype=bool) if stop is None else stop
    excess = np.zeros(q, dtype=np.int64)
    _anneal(members, books, book, hot * mean, cold * mean, rounds, best, excess, stop)
    if best[0] < 0:
        return np.inf, site
    found = np.argsort(model.own)[best]
    cost, faults = recount(model, found)
    return (np.inf, site) if faults else (cost, found)


@compiled_plain
def _anneal(members, books, book, hot, cold, rounds, best, excess, stop):  # type: ignore[no-untyped-def]
    """Move units between the books given while the temperature falls; `best`: sites."""
    n = len(book)
    for u in range(n):
        _join(members, books, u, book[u])
    factor = (cold / hot) ** (1.0 / max(1, rounds - 1))
    temperature, best_cost = hot, np.inf
    for _ in range(rounds):
        if stop[0]:
            break
        empty = _sum_up(members, books)
        for _ in range(ROUND * n):
            if empty > 0 and uniform(books.random) < TO_EMPTY:
                empty -= _fill_empty(members, books, temperature)
            else:
                empty += _shift_or_swap(members, books, temperature)
        cost = _judge(members, books, excess)
        for k in range(len(excess)):
            books.weight[k] *= STIFFER if excess[k] > 0 else SOFTER
        if cost < best_cost and not (members.exact and empty > 0):
            best_cost = cost
            _write_sites(members, books, best)
        temperature *= factor


@compiled_within
def _draw(random, size):  # type: ignore[no-untyped-def]
    return int(size * uniform(random))


@compiled_within
def _strain(members, books, book, site, enters, leaves):  # type: ignore[no-untyped-def]
    """Price of a book's load above the high ends of a site, after a change."""
    total = 0.0
    for k in range(len(members.demand)):
        load = books.load[k, book]
        if enters >= 0:
            load += members.demand[k, enters]
        if leaves >= 0:
            load -= members.demand[k, leaves]
        over = load - members.high[k, site]
        if over > 0:
            total += (over + members.first[k]) * books.weight[k]
    return total


@compiled_within
def _value(members, books, book, enters, leaves):  # type: ignore[no-untyped-def]
    """Cost of a book at its best site after a unit enters and one leaves (or -1)."""
    cost, best, own = members.cost, np.inf, 0.0
    for t in range(books.size[book]):
        j = books.member[book, t]
        if j == leaves:
            continue
        total = books.served[book, t] + members.open_cost[j]
        if leaves >= 0:
            total -= cost[j, leaves]
        if enters >= 0:
            total += cost[j, enters]
            own += cost[enters, j]
        if total < best:
            total += _strain(members, books, book, j, enters, leaves)
            best = min(best, total)
    if enters >= 0:
        own += cost[enters, enters] + members.open_cost[enters]
        own += _strain(members, books, book, enters, enters, leaves)
        return min(best, own)
    return best if best < np.inf else 0.0


@compiled_within
def _join(members, books, u, book):  # type: ignore[no-untyped-def]
    """Put a unit that is in no book into one."""
    size, own = books.size[book], members.cost[u, u]
    for t in range(size):
        j = books.member[book, t]
        books.served[book, t] += members.cost[j, u]
        own += members.cost[u, j]
    books.member[book, size], books.served[book, size] = u, own
    books.book[u], books.at[u] = book, size
    books.size[book] += 1
    for k in range(len(members.demand)):
        books.load[k, book] += members.demand[k, u]


@compiled_within
def _leave(members, books, u):  # type: ignore[no-untyped-def]
    """Take a unit out of its book; the last member takes its place."""
    book, at = books.book[u], books.at[u]
    last = books.size[book] - 1
    for t in range(last + 1):
        books.served[book, t] -= members.cost[books.member[book, t], u]
    other = books.member[book, last]
    books.member[book, at], books.served[book, at] = other, books.served[book, last]
    books.at[other] = at
    books.size[book] = last
    for k in range(len(members.demand)):
        books.load[k, book] -= members.demand[k, u]


@compiled_within
def _shift_or_swap(members, books, temperature):  # type: ignore[no-untyped-def]
    """Try to move a unit into a near one's book, or to swap them; 1: a book empties."""
    u = _draw(books.random, len(books.book))
    v = members.near[u, _draw(books.random, members.near.shape[1])]
    a, b = books.book[u], books.book[v]
    if a == b:
        return 0
    before = books.value[a] + books.value[b]
    level = before - temperature * np.log(1.0 - uniform(books.random))
    if books.size[b] < books.member.shape[1]:
        one, other = _value(members, books, a, -1, u), _value(members, books, b, u, -1)
        if one + other <= level:
            _leave(members, books, u)
            _join(members, books, u, b)
            books.value[a], books.value[b] = one, other
            return int(books.size[a] == 0)
    one, other = _value(members, books, a, v, u), _value(members, books, b, u, v)
    if one + other <= level:
        _leave(members, books, u)
        _leave(members, books, v)
        _join(members, books, u, b)
        _join(members, books, v, a)
        books.value[a], books.value[b] = one, other
    return 0


@compiled_plain
def _fill_empty(members, books, temperature):  # type: ignore[no-untyped-def]
    """Try to give a unit an empty book; 1: done."""
    u, p = _draw(books.random, len(books.book)), len(books.size)
    a, b = books.book[u], _draw(books.random, p)
    if books.size[a] == 1:
        return 0
    while books.size[b] > 0:
        b = (b + 1) % p
    one, other = _value(members, books, a, -1, u), _value(members, books, b, u, -1)
    level = books.value[a] - temperature * np.log(1.0 - uniform(books.random))
    if one + other > level:
        return 0
    _leave(members, books, u)
    _join(members, books, u, b)
    books.value[a], books.value[b] = one, other
    return 1


@compiled_plain
def _sum_up(members, books):  # type: ignore[no-untyped-def]
    """Sum the costs of all books anew, free of rounding; the number of empty ones."""
    empty = 0
    for book in range(len(books.size)):
        size = books.size[book]
        empty += size == 0
        for t in range(size):
            total = 0.0
            for s in range(size):
                total += members.cost[books.member[book, t], books.member[book, s]]
            books.served[book, t] = total
        books.value[book] = _value(members, books, book, -1, -1)
    return empty


@compiled_plain
def _site_of(members, books, book):  # type: ignore[no-untyped-def]
    """Return the cheapest site that can carry a book, or -1, and the cost with it."""
    best, site = members.forbidden, -1
    for t in range(books.size[book]):
        j = books.member[book, t]
        total = books.served[book, t] + members.open_cost[j]
        if total < best and _strain(members, books, book, j, -1, -1) == 0.0:
            best, site = total, j
    return site, best


@compiled_plain
def _judge(members, books, excess):  # type: ignore[no-untyped-def]
    """Cost of the plan, inf where it breaks a rule; `excess`: books over."""
    total = 0.0
    excess[:] = 0
    for book in range(len(books.size)):
        if books.size[book] == 0:
            continue
        site, cost = _site_of(members, books, book)
        if site >= 0:
            total += cost
            continue
        total = np.inf
        for k in range(len(excess)):
            least = np.int64(2**62)
            for t in range(books.size[book]):
                over = books.load[k, book] - members.high[k, books.member[book, t]]
                least = min(least, over)
            excess[k] += least > 0
    return total


@compiled_plain
def _write_sites(members, books, best):  # type: ignore[no-untyped-def]
    """Write the site of each unit, told by that site's unit."""
    for u in range(len(best)):
        best[u] = -1
    for book in range(len(books.size)):
        if books.size[book] == 0:
            continue
        site, _ = _site_of(members, books, book)
        for t in range(books.size[book]):
            best[books.member[book, t]] = site
