"""What a site would take at given prices of the units: the compiled part of `bound`."""

from __future__ import annotations

import numpy as np

from planner.compiled import compiled
from planner.solvers.filling import fill

TIE = 1e-12
"""Reduced costs that differ by less, as a share of what they are made of, are equal."""


@compiled
def price_sites(  # type: ignore[no-untyped-def]
    first,
    last,
    cost,
    begin,
    near,
    price,
    demand,
    low,
    high,
    own,
    value,
    slope,
    edge,
    part,
    measure,
):
    """
    Price the best fractional load of some sites.

    A site takes units, in fractions, at their cost less their price, within its band
    of one measure. With a price s on a step of that load its least sum is

        max over s of  sum_u min(0, c_u - price_u + s d_u) - max(s, 0) high
                       + max(-s, 0) low,

    so every s gives a lower limit; of several measures the best limit counts.

    Parameters
    ----------
    first, last
        Sites ``first <= j < last``; two threads may share the arrays.
    cost
        Shape (m, n), inf where not allowed.
    begin, near
        Units ``near[begin[j]:begin[j + 1]]`` may pay for site j; no others do.
    price
        Of the units, shape (n,).
    demand, low, high, own
        As in `SitingModel`.
    value, slope, edge, part, measure
        Overwritten, shape (m,): the limit (inf: the site cannot be open), its s, the
        unit taken in part or -1, that part, and the measure that gave the limit.
    """
    q, n = demand.shape
    ratio, weight, item = np.empty(n), np.empty(n), np.empty(n, dtype=np.int64)
    everyone = np.arange(n).astype(near.dtype)
    for j in range(first, last):
        row, fixed = cost[j], own[j]
        units = near[begin[j] : begin[j + 1]]
        base = row[fixed] - price[fixed] if fixed >= 0 else 0.0
        value[j] = -np.inf
        for k in range(q):
            taken = demand[k, fixed] if fixed >= 0 else 0
            room = high[k, j] - taken if high[k, j] >= 0 else 2**62
            need = low[k, j] - taken
            total, load, count = _paying(
                row, units, price, demand[k], fixed, ratio, weight, item
            )
            s, at, share = 0.0, -1, 0.0
            if room < 0:
                total = np.inf
            elif load > room:
                at, share = _reach(ratio, weight, item, count, float(room))
                s = -ratio[at]
                total = _sum_at(row, units, price, demand[k], fixed, s) - s * room
            elif load < need:
                count = _dear(row, price, demand[k], fixed, ratio, weight, item)
                at, share = _reach(ratio, weight, item, count, float(need - load))
                if at < 0:
                    total = np.inf
                else:
                    s = -ratio[at]
                    total = _sum_at(row, everyone, price, demand[k], fixed, s)
                    total -= s * need
            if base + total > value[j]:
                value[j], slope[j], measure[j] = base + total, s, k
                edge[j], part[j] = item[at] if at >= 0 else -1, share


@compiled
def list_near(first, last, cost, reach, begin, near):  # type: ignore[no-untyped-def]
    """
    List the units of each site within their reach, or count them if `near` is empty.

    Parameters
    ----------
    reach
        Largest cost of each unit to be listed, shape (n,).
    begin
        Where the units of each site begin in `near`; when counting, overwritten by
        their number.
    """
    counting = len(near) == 0
    for j in range(first, last):
        count = 0
        for u in range(len(reach)):
            if cost[j, u] <= reach[u]:
                if not counting:
                    near[begin[j] + count] = u
                count += 1
        if counting:
            begin[j] = count


@compiled
def _paying(row, units, price, demand, fixed, ratio, weight, item):  # type: ignore[no-untyped-def]
    """List the units that pay; return their sum and load, and how many have load."""
    total, load, count = 0.0, 0, 0
    for u in units:
        reduced = row[u] - price[u]
        if reduced < 0 and u != fixed:
            total += reduced
            if demand[u] > 0:
                load += demand[u]
                ratio[count], weight[count] = reduced / demand[u], demand[u]
                item[count] = u
                count += 1
    return total, load, count


@compiled
def _dear(row, price, demand, fixed, ratio, weight, item):  # type: ignore[no-untyped-def]
    """List the units with load that do not pay."""
    count = 0
    for u in range(len(row)):
        reduced = row[u] - price[u]
        if reduced >= 0 and u != fixed and demand[u] > 0 and reduced < np.inf:
            ratio[count], weight[count] = reduced / demand[u], demand[u]
            item[count] = u
            count += 1
    return count


@compiled
def _sum_at(row, units, price, demand, fixed, s):  # type: ignore[no-untyped-def]
    """Sum of what pays when a step of load costs s."""
    total = 0.0
    for u in units:
        reduced = row[u] - price[u] + s * demand[u]
        if reduced < 0 and u != fixed:
            total += reduced
    return total


@compiled
def _reach(ratio, weight, item, count, amount):  # type: ignore[no-untyped-def]
    """
    Position of the item at which the lightest ratios reach an amount, and its part.

    Quickselect on weights, in place; -1 where all together do not reach it.
    """
    first, last, before = 0, count - 1, 0.0
    while first < last:
        pivot = ratio[(first + last) // 2]
        i, j, below = first, last, 0.0
        while i <= j:
            while ratio[i] < pivot:
                below += weight[i]
                i += 1
            while ratio[j] > pivot:
                j -= 1
            if i <= j:
                ratio[i], ratio[j] = ratio[j], ratio[i]
                weight[i], weight[j] = weight[j], weight[i]
                item[i], item[j] = item[j], item[i]
                below += weight[i]
                i += 1
                j -= 1
        inner = below - weight[i - 1] if i - 1 > j else below
        if j >= first and before + inner >= amount:
            last = j
        elif i - 1 > j and before + below >= amount:
            return i - 1, (amount - before - inner) / weight[i - 1]
        else:
            before += below
            first = i
    if first == last and before + weight[first] >= amount:
        return first, (amount - before) / weight[first]
    return -1, 0.0


@compiled
def cover(  # type: ignore[no-untyped-def]
    sites,
    cost,
    begin,
    near,
    price,
    demand,
    low,
    high,
    own,
    slope,
    edge,
    part,
    measure,
    covered,
):
    """Add what the sites take of each unit, by `price_sites`, to `covered` (n,)."""
    n = len(price)
    everyone, tied = np.arange(n).astype(near.dtype), np.empty(n, dtype=np.int64)
    for j in sites:
        k, s, count = measure[j], slope[j], 0
        left = float(high[k, j] if s > 0 else low[k, j])
        if own[j] >= 0:
            covered[own[j]] += 1.0
            left -= demand[k, own[j]]
        if edge[j] >= 0:
            covered[edge[j]] += part[j]
            left -= part[j] * demand[k, edge[j]]
        for u in near[begin[j] : begin[j + 1]] if s > 0 else everyone:
            reduced = cost[j, u] - price[u] + s * demand[k, u]
            tie = TIE * (abs(price[u]) + s * demand[k, u])
            if u == own[j] or u == edge[j] or reduced > tie:
                continue
            if reduced < -tie or edge[j] < 0:
                if reduced < 0:
                    covered[u] += 1.0
                    left -= demand[k, u]
            elif demand[k, u] > 0:
                tied[count] = u
                count += 1
        for u in tied[:count]:  # as good as the unit taken in part: as many as fit
            if left > TIE * high[k, j]:
                share = min(1.0, left / demand[k, u])
                covered[u] += share
                left -= share * demand[k, u]


@compiled
def fill_whole(  # type: ignore[no-untyped-def]
    sites, cost, begin, near, price, demand, high, own, scale, measure, value, held
):
    """
    Raise the limits of some sites to those of whole units below the high end.

    Parameters
    ----------
    scale
        Reduced costs are counted in steps of 1 / scale, rounded down.
    value
        Raised, shape (m,).
    held
        Overwritten: units that the site takes, then -1, shape (m, width).
    """
    n = len(price)
    unit, profit = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    weight, taken = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.bool_)
    trial = np.empty(n, dtype=np.bool_)
    for j in sites:
        k, fixed, count, load = measure[j], own[j], 0, 0
        room = 2**62 if high[k, j] < 0 else high[k, j]
        if fixed >= 0:
            room -= demand[k, fixed]
        for u in near[begin[j] : begin[j + 1]]:
            reduced = cost[j, u] - price[u]
            if reduced < 0 and u != fixed and demand[k, u] <= room:
                unit[count], weight[count] = u, demand[k, u]
                profit[count] = np.int64(np.ceil(-reduced * scale))
                load += demand[k, u]
                count += 1
        most = -1
        if load <= room:
            taken[:count] = True
            most = profit[:count].sum()
        elif count <= FEW:
            most = _fill_few(unit, profit, weight, count, room, taken, trial)
        if most < 0:
            most = fill(profit[:count], weight[:count], room, taken[:count])
        base = cost[j, fixed] - price[fixed] if fixed >= 0 else 0.0
        value[j] = max(value[j], base - most / scale)
        at = 0
        if fixed >= 0:
            held[j, at] = fixed
            at += 1
        for i in range(count):
            if taken[i] and at < held.shape[1]:
                held[j, at] = unit[i]
                at += 1
        held[j, at:] = -1


FEW, TRIES = 40, 2000
"""Items, and steps at most, for which plain branching beats a search of the core."""


@compiled
def _fill_few(unit, profit, weight, count, room, taken, trial):  # type: ignore[no-untyped-def]
    """
    Most profit that fits, by branching on items of falling ratio; -1: given up.

    Horowitz and Sahni (1974, doi:10.1145/321812.321823). Sorts the items in place.
    """
    for i in range(1, count):
        u, p, w = unit[i], profit[i], weight[i]
        at = i
        while at > 0 and p * float(weight[at - 1]) > profit[at - 1] * float(w):
            unit[at], profit[at] = unit[at - 1], profit[at - 1]
            weight[at] = weight[at - 1]
            at -= 1
        unit[at], profit[at], weight[at] = u, p, w
    best, total, at = -1, 0, 0
    for _ in range(TRIES):
        limit, left, k = total, room, at
        while k < count and weight[k] <= left:
            limit += profit[k]
            left -= weight[k]
            k += 1
        if k < count:
            limit += int(profit[k] * (left / weight[k])) + 1
        if limit > best:
            while at < k:
                trial[at] = True
                total += profit[at]
                room -= weight[at]
                at += 1
            if at < count:
                trial[at] = False
                at += 1
                if at < count:
                    continue
            if total > best:
                best = total
                taken[:count] = trial[:count]
        at -= 1
        while at >= 0 and not trial[at]:
            at -= 1
        if at < 0:
            return best
        trial[at] = False
        total -= profit[at]
        room += weight[at]
        at += 1
    return -1


@compiled
def cover_whole(sites, held, covered):  # type: ignore[no-untyped-def]
    """Add the units that the sites hold, by `fill_whole`, to `covered` (n,)."""
    for j in sites:
        for u in held[j]:
            if u < 0:
                break
            covered[u] += 1.0
