"""Simulated annealing of a siting: shifts, swaps and other sites."""

from __future__ import annotations

import numpy as np

from planner.compiled import compiled
from planner.solvers.chain_state import uniform
from planner.solvers.siting.state import count, move, settle, strain


@compiled
def anneal(ground, plan, hot, cold, steps, best_book, best_site, best_cost):  # type: ignore[no-untyped-def]
    """
    Change a plan by random moves while the temperature falls.

    Parameters
    ----------
    hot, cold
        Temperature at first and last, in cost.
    steps
        Moves tried.
    best_book, best_site
        Overwritten by the best plan within its bands, if better than `best_cost`.

    Returns
    -------
    Cost of the best plan, `best_cost` where none is better.
    """
    n = len(plan.book)
    rounds = max(1, steps // (ROUND * n))
    factor = (cold / hot) ** (1.0 / max(1, rounds - 1))
    temperature = hot
    for _ in range(rounds):
        for _ in range(ROUND * n):
            if uniform(plan.random) < SHIFTS:
                _shift_or_swap(ground, plan, temperature)
            else:
                _resite(ground, plan, temperature)
        cost, excess = count(ground, plan)
        for q in range(len(excess)):
            plan.weight[q] *= STIFFER if excess[q] > 0 else SOFTER
        if excess.sum() == 0 and cost < best_cost:
            best_cost = cost
            best_book[:] = plan.book
            best_site[:] = plan.site
        temperature *= factor
    return best_cost


@compiled
def _draw(random, size):  # type: ignore[no-untyped-def]
    return int(size * uniform(random))


@compiled
def _near_unit(ground, plan, u):  # type: ignore[no-untyped-def]
    """Draw a unit near to a unit: it is near to a site that is near."""
    j = ground.near_site[u, _draw(plan.random, ground.near_site.shape[1])]
    return ground.near_unit[j, _draw(plan.random, ground.near_unit.shape[1])]


@compiled
def _overfull(ground, plan, k):  # type: ignore[no-untyped-def]
    """Whether the load of a book is above any of its high ends."""
    for q in range(len(ground.demand)):
        if plan.load[q, k] > ground.high[q, plan.site[k]]:
            return True
    return False


@compiled
def _shift_or_swap(ground, plan, temperature):  # type: ignore[no-untyped-def]
    """Try to move a unit into the book of a near one; or else to swap the two."""
    u = _draw(plan.random, len(plan.book))
    a = plan.book[u]
    v = _near_unit(ground, plan, u)
    if uniform(plan.random) < FAR and _overfull(ground, plan, a):
        # All that is near may be in the same book: sites crowd in a metropolis.
        v = plan.first[_draw(plan.random, len(plan.site))]
        if v < 0:
            return
    b = plan.book[v]
    i, j = plan.site[a], plan.site[b]
    if a == b or ground.own[i] == u:
        return
    level = -temperature * np.log(1.0 - uniform(plan.random))
    rise = ground.cost[u, j] - ground.cost[u, i]
    shift = rise + strain(ground, plan, b, j, u, -1) + strain(ground, plan, a, i, -1, u)
    if shift <= level:
        move(ground, plan, u, b)
        return
    if ground.own[j] == v:
        return
    rise += ground.cost[v, i] - ground.cost[v, j]
    if not rise < np.inf:
        return
    swap = rise + strain(ground, plan, b, j, u, v) + strain(ground, plan, a, i, v, u)
    if swap <= level:
        move(ground, plan, u, b)
        move(ground, plan, v, a)


@compiled
def _resite(ground, plan, temperature):  # type: ignore[no-untyped-def]
    """Try another site for a book, near to one of its members; its unit comes along."""
    u = _draw(plan.random, len(plan.book))
    k = plan.book[u]
    j = ground.near_site[u, _draw(plan.random, ground.near_site.shape[1])]
    i = plan.site[k]
    if plan.book_of_site[j] >= 0 or ground.kept[i]:
        return
    own, other = ground.own[j], -1
    if own >= 0 and plan.book[own] != k:
        other = plan.book[own]
        if ground.own[plan.site[other]] == own:
            return
    level = -temperature * np.log(1.0 - uniform(plan.random))
    rise = ground.open_cost[j] - ground.open_cost[i]
    if other >= 0:
        rise += ground.cost[own, j] - ground.cost[own, plan.site[other]]
        rise += strain(ground, plan, other, plan.site[other], -1, own)
        rise += strain(ground, plan, k, j, own, -1)
    else:
        rise += strain(ground, plan, k, j, -1, -1)
    w = plan.first[k]
    while w >= 0 and rise < np.inf:
        rise += ground.cost[w, j] - ground.cost[w, i]
        w = plan.after[w]
    if rise <= level:
        if other >= 0:
            move(ground, plan, own, k)
        settle(plan, k, j)


ROUND = 10
"""Moves per unit at one temperature."""
SHIFTS = 0.88
"""Share of moves that shift a unit or swap two; the others give a book a new site."""
FAR = 0.2
"""Share of the moves out of a book above its high end that go to any other book."""
STIFFER, SOFTER = 1.1, 0.98
"""Change of the price of broken bands after a round that breaks some, or none."""
