"""Plans made from the answer to the relaxed question of `node`."""

from __future__ import annotations

import numpy as np

from planner.compiled import compiled
from planner.solvers.siting.node import OPEN


@compiled
def try_plan(task, work, cost):  # type: ignore[no-untyped-def]
    """
    Make a plan from what the chosen sites take; its cost, inf where it breaks rules.

    Units taken twice stay with the nearer site; those left out go, largest first, to
    the nearest site with room; then single units and pairs change sites while it pays.
    """
    n = len(work.site)
    site, load = work.site, work.load
    site[:] = -1
    load[:] = 0
    sites = work.chosen[work.chosen >= 0]
    for j in sites:
        if not work.done[j]:
            continue
        for u in work.held[j]:
            if u < 0:
                break
            if site[u] < 0 or cost[j, u] < cost[site[u], u]:
                site[u] = j
    for j in sites:
        if task.own[j] >= 0:
            site[task.own[j]] = j
    for u in range(n):
        if site[u] >= 0:
            load[:, site[u]] += task.demand[:, u]
    for u in np.argsort(-task.demand[0]):
        if site[u] >= 0:
            continue
        best, at = np.inf, -1
        for j in sites:
            if cost[j, u] < best and _fits(task, load, j, u, -1):
                best, at = cost[j, u], j
        if at < 0:
            return np.inf
        site[u] = at
        load[:, at] += task.demand[:, u]
    _improve(task, work, cost, sites)
    return _judge(task, work, cost, sites)


@compiled
def only_plan(task, work, cost, status):  # type: ignore[no-untyped-def]
    """Cost of the one plan left where all is decided; inf where it breaks rules."""
    work.load[:] = 0
    for u in range(len(work.site)):
        work.site[u] = np.argmin(cost[:, u])
        work.load[:, work.site[u]] += task.demand[:, u]
    for j in range(len(status)):
        if status[j] == OPEN and task.own[j] >= 0 and work.site[task.own[j]] != j:
            return np.inf
    return _judge(task, work, cost, np.flatnonzero(status == OPEN))


@compiled
def _judge(task, work, cost, sites):  # type: ignore[no-untyped-def]
    """Cost of the plan in `work`; inf where it breaks a band."""
    total, load = 0.0, work.load
    for u in range(len(work.site)):
        total += cost[work.site[u], u]
    for j in sites:
        total += task.open_cost[j]
        for k in range(len(load)):
            if load[k, j] < task.low[k, j] or load[k, j] > task.high[k, j] >= 0:
                return np.inf
    return total


@compiled
def _fits(task, load, j, enters, leaves):  # type: ignore[no-untyped-def]
    """Whether a unit can enter a site's load, another leave it (or -1)."""
    for k in range(len(load)):
        after = load[k, j]
        if enters >= 0:
            after += task.demand[k, enters]
        if leaves >= 0:
            after -= task.demand[k, leaves]
        if after > task.high[k, j] >= 0 or (leaves >= 0 and after < task.low[k, j]):
            return False
    return True


@compiled
def _improve(task, work, cost, sites):  # type: ignore[no-untyped-def]
    """Shift single units and swap pairs while it pays."""
    site, load = work.site, work.load
    n = len(site)
    better, passes = True, 0
    while better and passes < 20:
        better, passes = False, passes + 1
        for u in range(n):
            i = site[u]
            if task.own[i] == u:
                continue
            for j in sites:
                gain = cost[i, u] - cost[j, u]
                pays = j != i and gain > 1e-9
                pays = pays and _fits(task, load, j, u, -1)
                if pays and _fits(task, load, i, -1, u):
                    site[u] = j
                    load[:, i] -= task.demand[:, u]
                    load[:, j] += task.demand[:, u]
                    better, i = True, j
            for v in range(u):
                j, i = site[v], site[u]
                if i == j or task.own[j] == v or task.own[i] == u:
                    continue
                gain = cost[i, u] + cost[j, v] - cost[j, u] - cost[i, v]
                pays = gain > 1e-9 and _fits(task, load, j, u, v)
                if pays and _fits(task, load, i, v, u):
                    change = task.demand[:, u] - task.demand[:, v]
                    site[u], site[v] = j, i
                    load[:, i] -= change
                    load[:, j] += change
                    better = True
