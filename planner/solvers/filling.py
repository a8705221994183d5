"""The best set of units for a rep: the compiled part of `knapsack`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.compiled import compiled
from planner.solvers.banding import NOTHING, fill_band

Ints = NDArray[np.int64]
NO_CAP = -1
"""Stands in `cap` for a rep that takes whatever pays."""
NEVER = 2**60
"""Rise of an arc that no plan can use."""


@compiled
def fill_reps(  # type: ignore[no-untyped-def]
    first_rep,
    last_rep,
    begin,
    unit,
    base,
    weight,
    cap,
    amount,
    band,
    start,
    sets,
    halves,
    unit_price,
    taken,
    value,
    exact,
):
    """
    Let some reps choose the units that pay, each within its cap and band.

    Parameters
    ----------
    first_rep, last_rep
        Reps ``first_rep <= r < last_rep``; two threads may share the arrays.
    begin, unit, base, weight, amount
        Arcs of rep r are ``begin[r]:begin[r + 1]``: unit, priced cost, demand in the
        row that caps and in the one that prices.
    cap
        Weight that each rep can carry, `NO_CAP`: any.
    band
        Low, high and price of a step outside, 0: no band; shape (m + 1, 3).
    start, sets, halves
        Price and reach to begin with, shape (m + 1, 2), overwritten by those to go on
        with; effort for reps with a band, see `banding.fill_band`.
    unit_price
        What a rep earns with a unit, shape (n,).
    taken, value, exact
        Overwritten: whether the rep takes the arc (arcs,); a lower limit of the sum of
        ``base - unit_price`` over what it may take, with the price of the band; and
        whether what it takes comes to this limit (m + 1,).
    """
    none = np.empty(0)
    for rep in range(first_rep, last_rep):
        at, end = begin[rep], begin[rep + 1]
        profit = unit_price[unit[at:end]] - base[at:end]
        low, high, price = band[rep]
        if price == 0:
            value[rep] = -fill(profit, weight[at:end], cap[rep], taken[at:end])
            exact[rep] = True
            continue
        best, most, start[rep, 0], start[rep, 1] = fill_band(
            profit,
            weight[at:end],
            amount[at:end],
            cap[rep],
            low,
            high,
            price,
            start[rep, 0],
            start[rep, 1],
            sets,
            halves,
            taken[at:end],
            none,
            none,
        )
        value[rep], exact[rep] = -most, most == best


@compiled
def fill(profit, weight, cap, taken):  # type: ignore[no-untyped-def]
    """
    Solve a knapsack exactly: the largest profit of items that fit together.

    Core first (Pisinger 1997, doi:10.1287/opre.45.5.758): from the items of best
    ratio that fit, items next to the break are put in or taken out in turn. A state
    is a weight and a profit; it is dropped when another weighs no more and earns no
    less, or when no remaining item can lift it above the best plan known.

    Parameters
    ----------
    profit, weight
        int64, shape (items,); items without profit are never taken.
    cap
        Largest total weight, or `NO_CAP`.
    taken
        Overwritten: which items are taken (items,).

    Returns
    -------
    The total profit, int64.
    """
    total, items = _worth_a_thought(profit, weight, cap, taken)
    if len(items) == 0:
        return total
    ratio = profit[items] / weight[items]
    items = items[np.argsort(-ratio)]
    p, w = profit[items], weight[items]
    split, prefix_weight, prefix = 0, np.int64(0), np.int64(0)
    while prefix_weight + w[split] <= cap:  # not all fit, so this ends
        prefix_weight += w[split]
        prefix += p[split]
        split += 1
    best, flips, flip_count = _core(p, w, cap, split, prefix_weight, prefix)
    taken[items[:split]] = True
    for index in range(flip_count):
        item = items[flips[index]]
        taken[item] = not taken[item]
    return total + best


@compiled
def _worth_a_thought(profit, weight, cap, taken):  # type: ignore[no-untyped-def]
    """Take what costs no room, or all if all fits; return the items left open."""
    items = np.empty(len(profit), dtype=np.int64)
    count, total, heavy = 0, np.int64(0), np.int64(0)
    for item in range(len(profit)):
        fits = cap == NO_CAP or weight[item] <= cap
        taken[item] = fits and profit[item] > 0
        if taken[item]:
            total += profit[item]
            if weight[item] > 0:
                heavy += weight[item]
                items[count] = item
                count += 1
    if cap == NO_CAP or heavy <= cap:
        return total, items[:0]
    for item in items[:count]:
        taken[item] = False
        total -= profit[item]
    return total, items[:count]


@compiled
def _core(p, w, cap, split, prefix_weight, prefix):  # type: ignore[no-untyped-def]
    """
    Improve on the prefix by flipping items around the break.

    Returns the best profit and the flipped items (positions in ratio order).
    """
    count = len(p)
    best, flips = prefix, np.empty(count, dtype=np.int64)
    flip_count = 0
    for i in range(split, count):  # one more item
        if prefix_weight + w[i] <= cap and prefix + p[i] > best:
            best, flips[0], flip_count = prefix + p[i], i, 1
    for i in range(split):  # the break item for another
        fits = prefix_weight - w[i] + w[split] <= cap
        if fits and prefix - p[i] + p[split] > best:
            best = prefix - p[i] + p[split]
            flips[0], flips[1], flip_count = i, split, 2
    rate = p[split] / w[split]
    top = prefix + (cap - prefix_weight) * rate
    margin = 1.0 + 1e-12 * abs(top)  # what floats may be wrong by
    parent = np.empty(1024, dtype=np.int64)
    flipped = np.empty(1024, dtype=np.int64)
    nodes = 0
    weights, profits = np.array([prefix_weight]), np.array([prefix])
    trail = np.array([-1])
    low, high, best_node = split - 1, split, np.int64(-2)
    while len(weights) > 0 and (low >= 0 or high < count):
        putting_in = low < 0 or (high < count and (high - split) <= (split - 1 - low))
        item = high if putting_in else low
        if putting_in:
            high += 1
        else:
            low -= 1
        if top - abs(p[item] - rate * w[item]) < best - margin:
            continue  # no better plan has this item flipped
        sign = 1 if putting_in else -1
        weights, profits, trail, parent, flipped, nodes = _flip(
            weights,
            profits,
            trail,
            parent,
            flipped,
            nodes,
            item,
            sign * w[item],
            sign * p[item],
        )
        for i in range(len(weights)):
            if weights[i] <= cap and profits[i] > best:
                best, best_node = profits[i], trail[i]
        add_rate = p[high] / w[high] if high < count else 0.0
        drop_rate = p[low] / w[low] if low >= 0 else np.inf
        kept = 0
        for i in range(len(weights)):
            room = cap - weights[i]
            reach = profits[i] + room * (add_rate if room >= 0 else drop_rate)
            if reach > best - margin:
                weights[kept], profits[kept] = weights[i], profits[i]
                trail[kept] = trail[i]
                kept += 1
        weights, profits, trail = weights[:kept], profits[:kept], trail[:kept]
    if best_node >= -1:
        flip_count = 0
        while best_node >= 0:
            flips[flip_count] = flipped[best_node]
            flip_count += 1
            best_node = parent[best_node]
    return best, flips, flip_count


@compiled
def _flip(  # type: ignore[no-untyped-def]
    weights, profits, trail, parent, flipped, nodes, item, extra_weight, extra
):
    """Merge the states with their copies in which an item is flipped, by weight."""
    old = len(weights)
    while nodes + old > len(parent):
        parent = np.append(parent, np.empty_like(parent))
        flipped = np.append(flipped, np.empty_like(flipped))
    new_weights = np.empty(2 * old, dtype=np.int64)
    new_profits = np.empty(2 * old, dtype=np.int64)
    new_trail = np.empty(2 * old, dtype=np.int64)
    i, j, kept = 0, 0, 0
    while i < old or j < old:
        stay = j == old or (i < old and weights[i] <= weights[j] + extra_weight)
        weight = weights[i] if stay else weights[j] + extra_weight
        profit = profits[i] if stay else profits[j] + extra
        if (
            kept > 0
            and new_weights[kept - 1] == weight
            and (new_profits[kept - 1] < profit)
        ):
            kept -= 1  # as heavy, and better
        if kept == 0 or profit > new_profits[kept - 1]:
            new_weights[kept], new_profits[kept] = weight, profit
            if stay:
                new_trail[kept] = trail[i]
            else:
                parent[nodes], flipped[nodes] = trail[j], item
                new_trail[kept] = nodes
                nodes += 1
            kept += 1
        if stay:
            i += 1
        else:
            j += 1
    return (
        new_weights[:kept],
        new_profits[:kept],
        new_trail[:kept],
        parent,
        flipped,
        nodes,
    )


@compiled
def forced(  # type: ignore[no-untyped-def]
    begin,
    unit,
    base,
    weight,
    cap,
    amount,
    band,
    start,
    sets,
    halves,
    unit_price,
    put_in,
    left_out,
):
    """
    How much the reps' sums rise at least when an arc is put in, or left out.

    Parameters
    ----------
    begin, unit, base, weight, cap, amount, band, start, sets, halves, unit_price
        As in `fill_reps`.
    put_in, left_out
        Overwritten, int64, >= 0, shape (arcs,); `NEVER` where the arc does not fit.
    """
    for rep in range(len(begin) - 1):
        at, end = begin[rep], begin[rep + 1]
        profit = unit_price[unit[at:end]] - base[at:end]
        low, high, price = band[rep]
        if price == 0:
            _forced_by_cap(
                profit, weight[at:end], cap[rep], put_in[at:end], left_out[at:end]
            )
            continue
        taken = np.zeros(end - at, dtype=np.bool_)
        inside, outside = np.empty(end - at), np.empty(end - at)
        most = fill_band(
            profit,
            weight[at:end],
            amount[at:end],
            cap[rep],
            low,
            high,
            price,
            start[rep, 0],
            start[rep, 1],
            sets,
            halves,
            taken,
            inside,
            outside,
        )[1]
        for item in range(end - at):
            put_in[at + item] = _rise(most, inside[item])
            left_out[at + item] = _rise(most, outside[item])


@compiled
def _rise(most, limit):  # type: ignore[no-untyped-def]
    """By how much a sum with a lower limit falls short."""
    if limit == NOTHING:
        return NEVER
    return max(0, most - np.int64(np.ceil(limit)))


@compiled
def _forced_by_cap(profit, w, cap, put_in, left_out):  # type: ignore[no-untyped-def]
    """See `forced`: the knapsack without the arc is filled with fractions."""
    taken = np.zeros(len(profit), dtype=np.bool_)
    most = fill(profit, w, cap, taken)
    free = profit[(w == 0) & (profit > 0)].sum()
    paying = np.flatnonzero((profit > 0) & (w > 0))
    paying = paying[np.argsort(-(profit[paying] / w[paying]))]
    for item in range(len(profit)):
        own, room = profit[item], cap - w[item]
        put_in[item], left_out[item] = 0, 0
        if cap == NO_CAP or w[item] == 0:
            put_in[item] = max(0, -own)
            left_out[item] = max(0, own)
        elif room < 0:
            put_in[item] = NEVER
        elif taken[item]:
            rest = free + _with_fractions(profit, w, paying, cap, item)
            left_out[item] = max(0, most - rest)
        else:
            rest = free + _with_fractions(profit, w, paying, room, item)
            put_in[item] = max(0, most - own - rest)


@compiled
def _with_fractions(profit, weight, order, room, left_out):  # type: ignore[no-untyped-def]
    """Most profit of all items but one, rounded up; `order` by falling ratio."""
    total = np.int64(0)
    for item in order:
        if item == left_out:
            continue
        if weight[item] > room:
            return total + np.int64(profit[item] * (room / weight[item])) + 2
        total += profit[item]
        room -= weight[item]
    return total
