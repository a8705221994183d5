"""
Branch and bound on the bound of `bound`: exact for a few hundred units at most.

Depth first. A node raises its bound from its parent's prices, leaves out the sites and
arcs that no better plan can use, tries a plan, and splits: on a site that is chosen
about half the time, else on a unit and the site that takes it most often.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from planner.compiled import compiled
from planner.solvers.siting.model import SitingModel, recount
from planner.solvers.siting.node import (
    CLOSED,
    FREE,
    OPEN,
    Floats,
    Ints,
    Task,
    ask,
    climb,
    leave_out,
    look_closer,
    work_for,
)
from planner.solvers.siting.question import Bools, usable
from planner.solvers.siting.rounded import only_plan, try_plan

DEPTH = 60
"""Splits above a node at most; a deeper one is given up, and nothing is proven."""
STEPS = 80
"""Steps of the ascent in a node."""


class Branched(NamedTuple):
    """
    What the branching found.

    Attributes
    ----------
    site, cost
        A plan below the limit, shape (n,), or None, and what it costs, or inf.
    complete
        Proven: no plan is better than this one; without one, than the limit.
    nodes
        Number of nodes.
    """

    site: Ints | None
    cost: float
    complete: bool
    nodes: int


def solve_by_branching(
    model: SitingModel,
    prices: Floats,
    limit: float,
    stop: Bools,
    *,
    gain: float,
    nodes: int = 10**12,
    first_steps: int = STEPS,
    arcs: Bools | None = None,
    decided: Ints | None = None,
) -> Branched:
    """
    Look for the best plan that costs less than `limit`, by `gain` at least.

    Parameters
    ----------
    prices
        Of the units, to begin with, shape (n,).
    stop
        Ends the search when set from outside, shape (1,).
    nodes, first_steps
        Nodes at most, and steps of the ascent at the root.
    arcs, decided
        Arcs that a plan below the limit may use (n, m), and what is decided about
        sites (m,); all, and nothing.
    """
    n, m = model.cost.shape
    allowed = usable(model) if arcs is None else arcs & usable(model)
    costs = np.ascontiguousarray(np.where(allowed, model.cost, np.inf).T)
    status = np.full(m, FREE) if decided is None else decided.copy()
    status[model.kept] = OPEN
    task = task_of(model, gain)
    work = work_for(m, n, len(model.demand), model.p)
    best = np.full(n, -1)
    _, complete, count = _search(
        task,
        work,
        costs,
        status,
        prices.astype(float),
        float(limit),
        stop,
        nodes,
        first_steps,
        best,
    )
    if best[0] < 0:
        return Branched(None, np.inf, bool(complete), int(count))
    cost, faults = recount(model, best)
    if faults or cost >= limit:
        return Branched(None, np.inf, False, int(count))
    return Branched(best, cost, bool(complete), int(count))


def task_of(model: SitingModel, gain: float) -> Task:
    """Return the model as the nodes read it."""
    return Task(
        demand=model.demand,
        low=model.low,
        high=model.high,
        own=model.own,
        open_cost=model.open_cost,
        p=model.p,
        least=model.p if model.exact else 0,
        gain=gain,
    )


def plan_at(model: SitingModel, prices: Floats) -> Ints | None:
    """Return a plan made from the bound at these prices, shape (n,), or None."""
    n, m = model.cost.shape
    cost = np.ascontiguousarray(np.where(usable(model), model.cost, np.inf).T)
    work = work_for(m, n, len(model.demand), model.p)
    status = np.where(model.kept, OPEN, FREE)
    task = task_of(model, 0.0)
    if np.isinf(ask(task, work, cost, status, prices.astype(float))):
        return None
    if np.isinf(try_plan(task, work, cost)):
        return None
    site = work.site.copy()
    return None if recount(model, site)[1] else site


@compiled
def _search(task, work, cost, status, price, limit, stop, nodes, first_steps, best):  # type: ignore[no-untyped-def]
    """See `solve_by_branching`; the cost of the best plan, completeness, nodes."""
    m, n = cost.shape
    costs = np.empty((DEPTH, m, n))
    statuses = np.empty((DEPTH, m), dtype=np.int64)
    prices = np.empty((DEPTH, n))
    split = np.full((DEPTH, 3), -1)  # site, unit or -1, whether to take it first
    costs[0], statuses[0], prices[0] = cost, status, price
    depth, count, complete = 0, 0, True
    while depth >= 0:
        if stop[0] or count == nodes:
            return limit, False, count
        steps = first_steps if count == 0 else STEPS
        count += 1
        here, state, at = costs[depth], statuses[depth], prices[depth]
        target = limit - task.gain
        bound = climb(task, work, here, state, at, target, steps, 0.3)
        alive = bound < target
        if alive:
            total = try_plan(task, work, here)
            if total <= target:
                limit = total
                target = limit - task.gain
                best[:] = work.site
                alive = bound < target
        if alive and leave_out(task, work, here, state, at, bound, target):
            if count == 1:
                look_closer(work, here)
            site, unit, take = _split(task, work, here, state)
            if site >= 0 and depth + 1 < DEPTH:
                split[depth, 0], split[depth, 1], split[depth, 2] = site, unit, take
                costs[depth + 1], statuses[depth + 1] = here, state
                prices[depth + 1] = at
                depth += 1
                _apply(task, costs[depth], statuses[depth], site, unit, take == 1)
                continue
            if site >= 0:
                complete = False  # too deep
            else:
                total = only_plan(task, work, here, state)
                if total <= limit - task.gain:
                    limit = total
                    best[:] = work.site
        depth -= 1
        while depth >= 0 and split[depth, 0] < 0:
            depth -= 1
        if depth >= 0:
            site, unit, take = split[depth]
            split[depth, 0] = -1
            _apply(task, costs[depth], statuses[depth], site, unit, take != 1)
    return limit, complete, count


@compiled
def _split(task, work, cost, status):  # type: ignore[no-untyped-def]
    """Site, unit or -1, and whether to open or assign first; -1: nothing to split."""
    m, n = cost.shape
    steps = max(1.0, work.often.max())
    best, site = 0.05, -1
    for j in range(m):
        share = work.often[j] / steps
        if status[j] == FREE and min(share, 1 - share) > best:
            best, site = min(share, 1 - share), j
    if site >= 0:
        return site, -1, int(work.often[site] > 0.5 * steps)
    best, unit = -1.0, -1
    for u in range(n):
        choices, top, total = 0, 0.0, 0.0
        for j in range(m):
            if cost[j, u] < np.inf:
                choices += 1
                top = max(top, work.taken_often[j, u])
                total += work.taken_often[j, u]
        if choices < 2:
            continue
        doubt = 1.0 - top / max(total, 1.0) + 1e-3 + abs(total / steps - 1.0)
        if doubt > best:
            best, unit = doubt, u
    if unit >= 0:
        top, site = -1.0, -1
        for j in range(m):
            if cost[j, unit] < np.inf and work.taken_often[j, unit] > top:
                top, site = work.taken_often[j, unit], j
        return site, unit, 1
    for j in range(m):
        if status[j] == FREE:
            return j, -1, 1
    return -1, -1, 0


@compiled
def _apply(task, cost, status, site, unit, take):  # type: ignore[no-untyped-def]
    """Open or close the site; or give the unit to it or to another."""
    if unit < 0:
        status[site] = OPEN if take else CLOSED
        if not take:
            cost[site] = np.inf
        return
    if take:
        status[site] = OPEN
        for j in range(len(status)):
            if j != site:
                cost[j, unit] = np.inf
                if task.own[j] == unit:
                    status[j] = CLOSED
                    cost[j] = np.inf
        return
    cost[site, unit] = np.inf
    if task.own[site] == unit:
        status[site] = CLOSED
        cost[site] = np.inf
