"""One node of `branch`: raise its bound, and leave out what the bound excludes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.compiled import compiled
from planner.solvers.siting.priced import cover, fill_whole, price_sites

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FREE, OPEN, CLOSED = 0, 1, 2
"""What is decided about a site."""


class Task(NamedTuple):
    """
    A siting as the nodes read it; arrays as in `SitingModel`, sites first.

    Attributes
    ----------
    least
        Number of sites that must be open, p where exactly p.
    gain
        Least amount by which a better plan is better: prune below it.
    """

    demand: Ints
    low: Ints
    high: Ints
    own: Ints
    open_cost: Floats
    p: int
    least: int
    gain: float


class Work(NamedTuple):
    """
    What a node overwrites.

    Attributes
    ----------
    begin, near
        All units beside every site, as `price_sites` reads them.
    value, linear, slope, edge, part, measure
        Of each site, see `price_sites`; `value` with whole units.
    held
        Units that each chosen site takes, then -1, shape (m, n + 1).
    done
        Whether the site was filled with whole units, shape (m,).
    chosen
        Sites of the bound, then -1, shape (p,).
    covered
        How often they take each unit, shape (n,).
    often, taken_often
        How often a site was chosen and took a unit in the last ascent, (m,), (m, n).
    site, load
        A plan being tried, shapes (n,), (q, m).
    """

    begin: Ints
    near: NDArray[np.int32]
    value: Floats
    linear: Floats
    slope: Floats
    edge: Ints
    part: Floats
    measure: Ints
    held: NDArray[np.int32]
    done: Bools
    chosen: Ints
    covered: Floats
    often: Floats
    taken_often: Floats
    site: Ints
    load: Ints


def work_for(m: int, n: int, q: int, p: int) -> Work:
    """Return room for the nodes of a model."""
    return Work(
        begin=np.arange(m + 1, dtype=np.int64) * n,
        near=np.tile(np.arange(n, dtype=np.int32), m),
        value=np.zeros(m),
        linear=np.zeros(m),
        slope=np.zeros(m),
        edge=np.zeros(m, dtype=np.int64),
        part=np.zeros(m),
        measure=np.zeros(m, dtype=np.int64),
        held=np.zeros((m, n + 1), dtype=np.int32),
        done=np.zeros(m, dtype=bool),
        chosen=np.full(p, -1),
        covered=np.zeros(n),
        often=np.zeros(m),
        taken_often=np.zeros((m, n)),
        site=np.zeros(n, dtype=np.int64),
        load=np.zeros((q, m), dtype=np.int64),
    )


@compiled
def ask(task, work, cost, status, price):  # type: ignore[no-untyped-def]
    """Return the bound at these prices; inf: the node has no plan."""
    m = len(status)
    price_sites(
        0,
        m,
        cost,
        work.begin,
        work.near,
        price,
        task.demand,
        task.low,
        task.high,
        task.own,
        work.value,
        work.slope,
        work.edge,
        work.part,
        work.measure,
    )
    able = 0
    for j in range(m):
        work.value[j] += task.open_cost[j]
        if status[j] == CLOSED:
            work.value[j] = np.inf
        work.linear[j] = work.value[j]
        work.done[j] = False
        able += work.value[j] < np.inf
        if status[j] == OPEN and work.value[j] == np.inf:
            return np.inf
    if able < task.least:
        return np.inf
    scale = 2.0**50 / (1.0 + np.abs(price).sum())
    todo = np.empty(task.p, dtype=np.int64)
    while True:
        if not _choose(task, work, status):
            return np.inf
        count = 0
        for j in work.chosen:
            if j >= 0 and not work.done[j] and work.slope[j] >= 0:
                work.done[j] = True
                work.value[j] -= task.open_cost[j]
                todo[count] = j
                count += 1
        if count == 0:
            break
        fill_whole(
            todo[:count],
            cost,
            work.begin,
            work.near,
            price,
            task.demand,
            task.high,
            task.own,
            scale,
            work.measure,
            work.value,
            work.held,
        )
        for j in todo[:count]:
            work.value[j] += task.open_cost[j]
    return _sum_up(task, work, cost, price)


@compiled
def _choose(task, work, status):  # type: ignore[no-untyped-def]
    """List the open sites and the cheapest others; False where too many are open."""
    count = 0
    work.chosen[:] = -1
    for j in range(len(status)):
        if status[j] == OPEN:
            if count == task.p:
                return False
            work.chosen[count] = j
            count += 1
    for j in np.argsort(work.value):
        if count == task.p or work.value[j] == np.inf:
            break
        if work.value[j] >= 0 and count >= task.least:
            break
        if status[j] == FREE:
            work.chosen[count] = j
            count += 1
    return count >= task.least


@compiled
def _sum_up(task, work, cost, price):  # type: ignore[no-untyped-def]
    """Return the bound, and count how often the sites chosen take each unit."""
    total = price.sum() - 1e-11 * np.abs(price).sum()
    work.covered[:] = 0.0
    one = np.empty(1, dtype=np.int64)
    for j in work.chosen:
        if j < 0:
            break
        total += work.value[j]
        work.often[j] += 1
        if work.done[j]:
            for u in work.held[j]:
                if u < 0:
                    break
                work.covered[u] += 1
                work.taken_often[j, u] += 1
            continue
        one[0] = j
        before = work.covered.copy()
        cover(
            one,
            cost,
            work.begin,
            work.near,
            price,
            task.demand,
            task.low,
            task.high,
            task.own,
            work.slope,
            work.edge,
            work.part,
            work.measure,
            work.covered,
        )
        work.taken_often[j] += work.covered - before
    return total


@compiled
def climb(task, work, cost, status, price, limit, steps, theta):  # type: ignore[no-untyped-def]
    """
    Raise the bound from the prices given, which are overwritten by the best.

    Parameters
    ----------
    limit
        Stop at this bound: no better plan is left.
    steps, theta
        At most, and the length of the first.

    Returns
    -------
    The best bound.
    """
    here = price.copy()
    work.often[:] = 0
    work.taken_often[:] = 0
    best = value = ask(task, work, cost, status, here)
    slope = 1.0 - work.covered
    best_slope, direction = slope.copy(), np.zeros(len(price))
    failures = 0
    for _ in range(steps):
        if best >= limit or np.abs(slope).max() < 1e-9 or theta < 1e-3:
            break
        direction = 0.25 * slope + 0.75 * direction
        ahead = best + 0.05 * max(abs(best), np.abs(price).sum())
        length = theta * (min(limit, ahead) - value)
        here = here + length / max((direction**2).sum(), 1e-12) * direction
        value = ask(task, work, cost, status, here)
        if value == np.inf:
            return value
        slope = 1.0 - work.covered
        if value > best:
            failures = 0 if value > best + 1e-6 * abs(best) else failures + 1
            theta *= 1.05
            best, best_slope = value, slope.copy()
            price[:] = here
            continue
        failures += 1
        if failures >= 12:
            failures, theta = 0, theta * 0.6
            here, value, slope = price.copy(), best, best_slope.copy()
            direction[:] = 0.0
    return ask(task, work, cost, status, price)


@compiled
def look_closer(work, cost):  # type: ignore[no-untyped-def]
    """List the arcs that are left, so that later questions read no others."""
    m, n = cost.shape
    at = 0
    for j in range(m):
        first = at
        for u in range(n):
            if cost[j, u] < np.inf:
                work.near[at] = u
                at += 1
        work.begin[j] = first
    work.begin[m] = at


@compiled
def leave_out(task, work, cost, status, price, bound, limit):  # type: ignore[no-untyped-def]
    """
    Close sites, open sites and forbid arcs by what a plan with them costs at least.

    The last question must have been asked at `price`. Returns whether every unit can
    still be served.
    """
    m, n = cost.shape
    last, rest = -np.inf, np.inf
    if task.least < task.p:
        rest = 0.0
    count, opened = 0, 0
    for j in work.chosen:
        if j >= 0:
            count += 1
            if status[j] == FREE:
                last = max(last, work.value[j])
    if count < task.p:
        last = 0.0
    for j in range(m):
        if status[j] == FREE and not (work.chosen == j).any():
            rest = min(rest, work.value[j])
    for j in range(m):
        if status[j] == CLOSED:
            continue
        without = work.value[j] if status[j] == OPEN else min(work.value[j], last)
        if bound + work.value[j] - without >= limit:
            status[j] = CLOSED
            cost[j] = np.inf
            continue
        if status[j] == FREE and bound + max(0.0, rest - work.value[j]) >= limit:
            status[j] = OPEN
        opened += status[j] == OPEN
        k = work.measure[j]
        base = bound + work.linear[j] - without
        for u in range(n):
            reduced = cost[j, u] - price[u] + work.slope[j] * task.demand[k, u]
            if base + reduced >= limit and u != task.own[j]:
                cost[j, u] = np.inf
    if opened == task.p:
        for j in range(m):
            if status[j] == FREE:
                status[j] = CLOSED
                cost[j] = np.inf
    served = True
    for u in range(n):
        served &= (cost[:, u] < np.inf).any()
    return served
