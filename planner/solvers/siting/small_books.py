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

import numpy as np
from numpy.typing import NDArray

from planner.solvers.siting.model import NO_LIMIT, SitingModel, recount
from planner.solvers.siting.question import usable
from planner.solvers.siting.small_moves import ROUND, Books, Members, anneal_books

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

MOST_UNITS = 15
"""Units for each open site up to which books count as small: moves read all members."""
NEAR_UNITS = 12
"""Near units among which partners of a move are drawn, at least."""
FAR_TIMES = 100.0
"""Arcs that are not allowed cost so many times the dearest that is."""
FIRST_STEP, FIRST_WEIGHT = 0.3, 2.0
"""First step above a high end in mean units; its price in mean costs of a unit."""


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
    anneal_books(
        members, books, book, hot * mean, cold * mean, rounds, best, excess, stop
    )
    if best[0] < 0:
        return np.inf, site
    found = np.argsort(model.own)[best]
    cost, faults = recount(model, found)
    return (np.inf, site) if faults else (cost, found)
