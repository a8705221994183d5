"""First sites: the map cut in halves until each part is a fair share of the load."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from planner.problem import Problem

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def fair_parts(place: Floats, load: Floats, k: int) -> Ints:
    """
    Cut points into k parts of about the same load, each time across the longer side.

    Parameters
    ----------
    place
        On a plane, shape (n, 2); NaN: nowhere, and so in part 0.
    load
        Of each point, shape (n,).

    Returns
    -------
    Part of each point, shape (n,).
    """
    part = np.zeros(len(place), dtype=np.int64)
    known = np.flatnonzero(np.isfinite(place).all(axis=1))
    waiting = [(known, 0, k)]
    while waiting:
        points, first, count = waiting.pop()
        part[points] = first
        if count == 1 or len(points) < 2:
            continue
        side = int(np.ptp(place[points], axis=0).argmax())
        order = points[np.argsort(place[points, side], kind="stable")]
        share = np.cumsum(load[order])
        few = count // 2
        cut = int(np.searchsorted(share, share[-1] * few / count))
        cut = min(max(cut, 1), len(order) - 1)
        waiting += [(order[:cut], first, few), (order[cut:], first + few, count - few)]
    return part


def grown(problem: Problem, opened: Bools) -> Bools:
    """
    Open more sites, each the one that saves most, until there are as many as asked.

    Parameters
    ----------
    opened
        No more than are to be open; shape (m,).
    """
    opening = problem.opening
    assert opening is not None
    opened = opened | opening.kept
    served = problem.rep < problem.m
    rep, unit = problem.rep[served], problem.unit[served]
    cost = problem.total_cost[served].astype(float)
    best = np.full(problem.n, 2.0 * float(cost.max(initial=0.0)))
    np.minimum.at(best, unit[opened[rep]], cost[opened[rep]])
    while opened.sum() < opening.count:
        gain = np.bincount(rep, np.maximum(0.0, best[unit] - cost), problem.m)
        gain = np.where(opened, -np.inf, gain - opening.cost)
        site = int(gain.argmax())
        opened[site] = True
        np.minimum.at(best, unit[rep == site], cost[rep == site])
    return opened


def sites_of_parts(problem: Problem, part: Ints) -> Bools:
    """
    Open a site for each part: kept ones and those that serve their parts at least cost.

    Parameters
    ----------
    part
        Of each unit, below the number of sites to be open, shape (n,).
    """
    opening, m = problem.opening, problem.m
    assert opening is not None
    k = opening.count
    arcs = np.flatnonzero(problem.rep < m)
    spot = part[problem.unit[arcs]] * m + problem.rep[arcs]
    cost = np.bincount(spot, problem.total_cost[arcs], k * m).reshape(k, m)
    missing = np.bincount(part, minlength=k)[:, None]
    missing = missing - np.bincount(spot, minlength=k * m).reshape(k, m)
    dear = 1.0 + 4.0 * float(problem.total_cost.max(initial=0))
    cost = cost + missing * dear + opening.cost
    # Whatever it costs, all that are kept must be open.
    cost = cost - opening.kept * (1.0 + 2.0 * float(cost.max(initial=0.0)))
    opened = np.zeros(m, dtype=bool)
    opened[linear_sum_assignment(cost)[1]] = True
    return opened
