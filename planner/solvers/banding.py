"""
The best set of units for a rep within a hard cap and a priced band.

Branch and bound. With a price on the weight and one on the amount, each unit is worth
taking or not by itself, and the sum is a limit that no set exceeds. A set that differs
from this one loses at least what the changes cost, so few sets remain to be looked at.
Where they are many, a large unit is put in or left out, and each half gets its own
prices: next to a unit that nearly fills the band, no common price is any good.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.compiled import compiled

Ints = NDArray[np.int64]
STACK = 256
"""Halves that wait at a time, at most."""
FREE, IN, OUT = 0, 1, -1
"""What a half says of a unit."""
NOTHING = -1e300
"""Limit where no set fits."""


@compiled
def fill_band(  # type: ignore[no-untyped-def]
    profit,
    weight,
    amount,
    cap,
    low,
    high,
    price,
    first_price,
    first_reach,
    sets,
    halves,
    taken,
    with_it,
    without,
):
    """
    Maximise profits less `price` per step of the amount outside ``low .. high``.

    Parameters
    ----------
    profit, weight, amount
        int64, shape (items,); profits may be negative, weights and amounts not.
    cap
        Largest total weight, negative: any.
    first_price, first_reach
        Price of the amount, and loss up to which sets are looked at, to begin with;
        those of a similar question save time.
    sets, halves
        How many sets may wait at a time, and how many halves are looked at. Above
        that the sum is a limit only, and the set perhaps not the best.
    taken
        Overwritten: which items are taken (items,).
    with_it, without
        Overwritten if not empty: limit of the sets with and without an item (items,).

    Returns
    -------
    The sum of the best set found, a limit of all sets (the same where complete), and
    price and reach for the next question.
    """
    n = len(profit)
    room = cap if cap >= 0 else np.int64(2**60)
    said = np.zeros((STACK, n), dtype=np.int8)
    for item in range(n):
        said[0, item] = OUT if weight[item] > room else FREE
    with_it[:], without[:] = NOTHING, NOTHING
    own = np.zeros(n, dtype=np.bool_)
    taken[:] = False
    best, most = -price * max(low, 0), NOTHING
    waiting, looked, price_now, reach = 1, 0, first_price, first_reach
    while waiting > 0:
        waiting -= 1
        half = said[waiting].copy()
        p_amount = price_now if looked == 0 else first_price
        fits, limit, margin, p_amount, loss = _priced(
            profit, weight, amount, room, low, high, price, half, p_amount, own
        )
        looked += 1
        if looked == 1:
            price_now = p_amount
        if not fits:
            continue
        done = limit + margin < best + 1
        if not done and looked <= halves:
            best, done, used = _look(
                profit,
                weight,
                amount,
                room,
                low,
                high,
                price,
                half,
                own,
                loss,
                limit + margin,
                best,
                first_reach,
                sets,
                taken,
            )
            if looked == 1:
                reach = used
        if not done and looked <= halves and waiting + 2 <= STACK:
            top = limit + margin
            _leave_out(half, own, loss, top, best, with_it, without)
            item = _largest(half, loss, top - best, weight, amount, room)
            if item >= 0:
                for turn in range(2):  # the likelier half comes next
                    said[waiting] = half
                    said[waiting, item] = IN if own[item] == (turn == 1) else OUT
                    waiting += 1
                continue
            done = True  # no change is left that could be better
        if not done:
            most = max(most, limit + margin)
        if len(with_it):
            for item in range(n):
                inside, outside = limit + margin, limit + margin
                if own[item]:
                    outside = outside - loss[item] if half[item] == FREE else NOTHING
                else:
                    inside = inside - loss[item] if half[item] == FREE else NOTHING
                with_it[item] = max(with_it[item], inside)
                without[item] = max(without[item], outside)
    limit = best
    if most > best:
        limit = np.int64(np.ceil(most))
    return best, limit, price_now, reach


@compiled
def _leave_out(half, own, loss, top, best, with_it, without):  # type: ignore[no-untyped-def]
    """Leave out changes that lose too much, for good; take down what they reach."""
    most = NOTHING
    for item in range(len(half)):
        if half[item] == FREE and loss[item] >= top - best:
            most = max(most, top - loss[item])
    for item in range(len(with_it)):
        out_now = half[item] == FREE and loss[item] >= top - best
        changed = NOTHING
        if half[item] == FREE and most > NOTHING:
            changed = (top if out_now else most) - loss[item]
        same, other = (with_it, without) if own[item] else (without, with_it)
        same[item] = max(same[item], most)
        other[item] = max(other[item], changed)
    for item in range(len(half)):
        if half[item] == FREE and loss[item] >= top - best:
            half[item] = IN if own[item] else OUT


@compiled
def _priced(  # type: ignore[no-untyped-def]
    profit, weight, amount, room, low, high, price, half, p_amount, own
):
    """
    Prices of weight and amount in turn, each the best for the other, and the limit.

    Returns
    -------
    Whether any set fits, the limit, what floats may be wrong by, the price of the
    amount, and what a change of each item loses (items,).
    """
    n = len(profit)
    fixed_weight, fixed_amount = np.int64(0), np.int64(0)
    for item in range(n):
        if half[item] == IN:
            fixed_weight += weight[item]
            fixed_amount += amount[item]
    loss = np.zeros(n)
    if fixed_weight > room:
        return False, NOTHING, 0.0, p_amount, loss
    order, key = np.empty(n, dtype=np.int64), np.empty(n)
    p_weight = _price_of_weight(
        profit, weight, amount, room - fixed_weight, half, p_amount, order, key
    )
    for _turn in range(3):
        p_amount = _price_of_amount(
            profit,
            weight,
            amount,
            low - fixed_amount,
            high - fixed_amount,
            price,
            half,
            p_weight,
            order,
            key,
        )
        before = p_weight
        p_weight = _price_of_weight(
            profit, weight, amount, room - fixed_weight, half, p_amount, order, key
        )
        if p_weight == before:
            break
    limit = p_weight * room + max(p_amount * low, p_amount * high)
    size = abs(limit)
    for item in range(n):
        worth = profit[item] - p_weight * weight[item] - p_amount * amount[item]
        own[item] = half[item] == IN or (half[item] == FREE and worth > 0)
        loss[item] = abs(worth)
        if own[item]:
            limit += worth
            size += abs(profit[item]) + p_weight * weight[item]
            size += abs(p_amount) * amount[item]
    return True, limit, 1 + 1e-12 * size, p_amount, loss


@compiled
def _price_of_weight(  # type: ignore[no-untyped-def]
    profit, weight, amount, room, half, p_amount, order, key
):
    """Ratio of the item that no longer fits, by falling ratio; 0 where all fit."""
    count, total = 0, 0.0
    for item in range(len(profit)):
        worth = profit[item] - p_amount * amount[item]
        if half[item] == FREE and worth > 0 and weight[item] > 0:
            order[count], key[count] = item, -worth / weight[item]
            count += 1
            total += weight[item]
    if total <= room:
        return 0.0
    total = 0.0
    for place in np.argsort(key[:count]):
        total += weight[order[place]]
        if total > room:
            return -key[place]
    return 0.0


@compiled
def _price_of_amount(  # type: ignore[no-untyped-def]
    profit, weight, amount, low, high, price, half, p_weight, order, key
):
    """Price at which the amount taken passes the band; within, none."""
    count = 0
    for item in range(len(profit)):
        if half[item] == FREE and amount[item] > 0:
            worth = profit[item] - p_weight * weight[item]
            order[count], key[count] = item, -worth / amount[item]
            count += 1
    total, above = 0.0, True
    for place in np.argsort(key[:count]):  # the amount grows as the price falls
        at = -key[place]
        if at < price and above:
            above = False
            if total >= high:
                return float(price)
        if at <= -price:
            break
        if at < 0 and total >= low:
            return 0.0
        total += amount[order[place]]
        if not above and ((at > 0 and total > high) or (at <= 0 and total > low)):
            return at
    if total >= high:
        return float(price)
    return 0.0 if total >= low else -float(price)


@compiled
def _look(  # type: ignore[no-untyped-def]
    profit,
    weight,
    amount,
    room,
    low,
    high,
    price,
    half,
    own,
    loss,
    limit,
    best,
    reach,
    sets,
    taken,
):
    """
    Look at the sets that lose little against `own`, by rising loss of the change.

    Returns
    -------
    The best sum, whether no better set is left, and the loss looked up to.
    """
    n = len(profit)
    free = np.flatnonzero(half == FREE)
    free = free[np.argsort(loss[free])]
    w0, a0, p0 = np.int64(0), np.int64(0), np.int64(0)
    for item in range(n):
        if own[item]:
            w0, a0, p0 = w0 + weight[item], a0 + amount[item], p0 + profit[item]
    if w0 <= room:
        value = p0 - price * max(0, a0 - high, low - a0)
        if value > best:
            best = value
            taken[:] = own
    size = 1024
    w, a = np.empty(size, np.int64), np.empty(size, np.int64)
    p = np.empty(size, np.int64)
    lost, trail = np.empty(size), np.empty(size, np.int64)
    parent, changed = np.empty(size, np.int64), np.empty(size, np.int64)
    while True:
        w[0], a[0], p[0], lost[0], trail[0] = w0, a0, p0, 0.0, -1
        count, nodes, best_node = 1, 0, -1
        for place in range(len(free)):
            item = free[place]
            edge = min(limit - best, reach)
            if loss[item] >= edge:
                break
            kept = 0
            for at in range(count):  # others lose too much with any further change
                if lost[at] + loss[item] < edge:
                    w[kept], a[kept], p[kept] = w[at], a[at], p[at]
                    lost[kept], trail[kept] = lost[at], trail[at]
                    kept += 1
            count = kept
            if count > sets:
                break
            if 2 * count > len(w):
                w, a = np.append(w, np.empty_like(w)), np.append(a, np.empty_like(a))
                p = np.append(p, np.empty_like(p))
                lost = np.append(lost, np.empty_like(lost))
                trail = np.append(trail, np.empty_like(trail))
            while nodes + count > len(parent):
                parent = np.append(parent, np.empty_like(parent))
                changed = np.append(changed, np.empty_like(changed))
            sign = -1 if own[item] else 1
            for at in range(count):
                to = count + at
                w[to] = w[at] + sign * weight[item]
                a[to] = a[at] + sign * amount[item]
                p[to] = p[at] + sign * profit[item]
                lost[to], trail[to] = lost[at] + loss[item], nodes
                parent[nodes], changed[nodes] = trail[at], item
                if w[to] <= room:
                    value = p[to] - price * max(0, a[to] - high, low - a[to])
                    if value > best:
                        best, best_node = value, nodes
                nodes += 1
            count *= 2
        if best_node >= 0:
            taken[:] = own
            while best_node >= 0:
                item = changed[best_node]
                taken[item] = not taken[item]
                best_node = parent[best_node]
        if count > sets:
            return best, False, reach
        if limit - best <= reach:
            return best, True, max(1.0, limit - best)
        reach *= 2


@compiled
def _largest(half, loss, spare, weight, amount, room):  # type: ignore[no-untyped-def]
    """Return the open item that moves the loads most."""
    chosen, most = -1, -1.0
    heaviest, largest = 1.0, 1.0
    for item in range(len(half)):
        if half[item] == FREE and loss[item] < spare:
            heaviest = max(heaviest, weight[item])
            largest = max(largest, amount[item])
    for item in range(len(half)):
        if half[item] == FREE and (loss[item] < spare or chosen < 0):
            size = amount[item] / largest + 0.25 * weight[item] / heaviest
            if size > most and loss[item] < spare:
                chosen, most = item, size
    return chosen
