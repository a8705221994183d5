"""The moves of `small_books`: shifts and swaps, judged with the best sites."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.compiled import compiled_plain, compiled_within
from planner.solvers.chain_state import uniform

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Near = NDArray[np.int32]

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


@compiled_plain
def anneal_books(members, books, book, hot, cold, rounds, best, excess, stop):  # type: ignore[no-untyped-def]
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
