"""Compiled passes over all arcs: the smoothed dual, its curvature, its exact value."""

from __future__ import annotations

import numpy as np

from planner.compiled import compiled

NEGLIGIBLE = 25.0
"""Arcs farther than this many eps above the best carry no weight (e^-25)."""
LIGHT = 3e-3
"""Arcs with less of their unit than this are left out of the curvature."""


@compiled
def softmin(  # type: ignore[no-untyped-def]
    start, cost, row_start, row, amount, prices, eps, first, last, load
):
    """
    Sum over some units of the softmin and of the minimum of their priced arcs.

    Parameters
    ----------
    start, cost
        Arcs of unit u are ``start[u]:start[u + 1]``.
    row_start, row, amount
        Demand of each arc in each row, CSR, shape (arcs, K).
    prices
        Shape (K,).
    eps
        Temperature, in cost.
    first, last
        Units to look at.
    load
        Overwritten: the load of each row by the shares of the arcs, shape (K,).

    Returns
    -------
    Both sums, and how many arcs and entries of them the curvature will need.
    """
    load[:] = 0
    soft, hard = 0.0, 0.0
    arcs, entries = 0, 0
    width = 0
    for unit in range(first, last):
        width = max(width, start[unit + 1] - start[unit])
    weight = np.empty(width)
    for unit in range(first, last):
        begin, end = start[unit], start[unit + 1]
        least = np.inf
        for arc in range(begin, end):
            priced = float(cost[arc])
            for i in range(row_start[arc], row_start[arc + 1]):
                priced += prices[row[i]] * amount[i]
            weight[arc - begin] = priced
            least = min(least, priced)
        total = 0.0
        for a in range(end - begin):
            above = (weight[a] - least) / eps
            weight[a] = 0.0 if above > NEGLIGIBLE else np.exp(-above)
            total += weight[a]
        hard += least
        soft += least - eps * np.log(total)
        heavy, needed = 0, 0
        for a in range(end - begin):
            if weight[a] > 0:
                share = weight[a] / total
                arc = begin + a
                for i in range(row_start[arc], row_start[arc + 1]):
                    load[row[i]] += share * amount[i]
                if share > LIGHT:
                    heavy += 1
                    needed += row_start[arc + 1] - row_start[arc]
        if heavy > 1:
            arcs += heavy
            entries += needed
    return soft, hard, arcs, entries


@compiled
def undecided(  # type: ignore[no-untyped-def]
    start,
    cost,
    row_start,
    row,
    amount,
    prices,
    eps,
    first,
    last,
    unit_begin,
    share,
    entry_begin,
    entry_row,
    entry,
    unit_size,
):
    """
    Copy the arcs that share a unit, for the curvature; arguments as in `softmin`.

    `entry` is the amount times `unit_size` of its row. Returns the number of units.
    """
    width = 0
    for unit in range(first, last):
        width = max(width, start[unit + 1] - start[unit])
    weight = np.empty(width)
    units, arcs, entries = 0, 0, 0
    unit_begin[0], entry_begin[0] = 0, 0
    for unit in range(first, last):
        begin, end = start[unit], start[unit + 1]
        least = np.inf
        for arc in range(begin, end):
            priced = float(cost[arc])
            for i in range(row_start[arc], row_start[arc + 1]):
                priced += prices[row[i]] * amount[i]
            weight[arc - begin] = priced
            least = min(least, priced)
        total = 0.0
        for a in range(end - begin):
            above = (weight[a] - least) / eps
            weight[a] = 0.0 if above > NEGLIGIBLE else np.exp(-above)
            total += weight[a]
        heavy = 0
        for a in range(end - begin):
            heavy += weight[a] / total > LIGHT
        if heavy < 2:
            continue
        for a in range(end - begin):
            if not weight[a] / total > LIGHT:
                continue
            share[arcs] = weight[a] / total
            for i in range(row_start[begin + a], row_start[begin + a + 1]):
                entry_row[entries] = row[i]
                entry[entries] = amount[i] * unit_size[row[i]]
                entries += 1
            arcs += 1
            entry_begin[arcs] = entries
        units += 1
        unit_begin[units] = arcs
    return units


@compiled
def curvature_times(  # type: ignore[no-untyped-def]
    units, unit_begin, share, entry_begin, entry_row, entry, vector, out
):
    """Add (times eps) the curvature of the smoothed dual times a vector to `out`."""
    for unit in range(units):
        begin, end = unit_begin[unit], unit_begin[unit + 1]
        mean = 0.0
        for arc in range(begin, end):
            along = 0.0
            for i in range(entry_begin[arc], entry_begin[arc + 1]):
                along += entry[i] * vector[entry_row[i]]
            mean += share[arc] * along
        for arc in range(begin, end):
            along = 0.0
            for i in range(entry_begin[arc], entry_begin[arc + 1]):
                along += entry[i] * vector[entry_row[i]]
            weight = share[arc] * (along - mean)
            for i in range(entry_begin[arc], entry_begin[arc + 1]):
                out[entry_row[i]] += weight * entry[i]


@compiled
def curvature_dense(  # type: ignore[no-untyped-def]
    units, unit_begin, share, entry_begin, entry_row, entry, out
):
    """Add (times eps) the curvature to `out`, shape (K, K)."""
    mean = np.zeros(len(out))
    touched = np.empty(len(out), dtype=np.int64)
    for unit in range(units):
        n = 0
        for arc in range(unit_begin[unit], unit_begin[unit + 1]):
            for i in range(entry_begin[arc], entry_begin[arc + 1]):
                k = entry_row[i]
                if mean[k] == 0:
                    touched[n] = k
                    n += 1
                mean[k] += share[arc] * entry[i]
                for j in range(entry_begin[arc], entry_begin[arc + 1]):
                    out[k, entry_row[j]] += share[arc] * entry[i] * entry[j]
        for a in range(n):
            k = touched[a]
            for b in range(n):
                out[k, touched[b]] -= mean[k] * mean[touched[b]]
        for a in range(n):
            mean[touched[a]] = 0.0


@compiled
def curvature_blocks(  # type: ignore[no-untyped-def]
    units, unit_begin, share, entry_begin, entry_row, entry, block, place, out
):
    """Add (times eps) the curvature among the rows of one block, (blocks, s, s)."""
    for unit in range(units):
        for arc in range(unit_begin[unit], unit_begin[unit + 1]):
            weight = share[arc] * (1 - share[arc])
            for i in range(entry_begin[arc], entry_begin[arc + 1]):
                k = entry_row[i]
                for j in range(entry_begin[arc], entry_begin[arc + 1]):
                    other = entry_row[j]
                    if block[other] == block[k]:
                        value = weight * entry[i] * entry[j]
                        out[block[k], place[k], place[other]] += value


@compiled
def exact_minimum(  # type: ignore[no-untyped-def]
    start, cost, row_start, row, amount, numerators, scale, first, last, best
):
    """Least of ``scale * cost + sum of numerators * amounts`` of each unit."""
    for unit in range(first, last):
        least = np.int64(2**62)
        for arc in range(start[unit], start[unit + 1]):
            priced = scale * np.int64(cost[arc])
            for i in range(row_start[arc], row_start[arc + 1]):
                priced += numerators[row[i]] * np.int64(amount[i])
            least = min(least, priced)
        best[unit] = least
