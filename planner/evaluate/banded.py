"""The best set of units within a hard cap and a priced band, found by the judge."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.evaluate.pairs import Floats, Ints

SETS = 4_000
"""Sets compared at a time before the question is cut in two."""
HALVES = 100_000
"""After so many cuts only a limit is told."""
PRICES = 30
"""Pairs of prices of amount tried for a limit; each shrinks the interval by a third."""
NO_END = 2**53
"""Upper end of a band without one."""


class Items(NamedTuple):
    """Items to choose from: int64, shape (items,); the profits may be negative."""

    profit: Ints
    weight: Ints
    amount: Ints

    def only(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> Items:
        """Return some of the items."""
        return Items(*(values[which] for values in self))


class _Limit(NamedTuple):
    """What no set exceeds; the set that would reach it; what each change loses."""

    value: float
    own: NDArray[np.bool_]
    loss: Floats


def most_within(items: Items, cap: int, low: int, high: int, price: int) -> int:
    """
    Largest sum of profits less `price` per step of amount outside ``low .. high``.

    Only sets that weigh at most `cap` count. A price for weight and one for amount
    give a limit and, next to each set, what it stays below that limit at least: only
    few sets can be the best, unless an item is large. Then both cases are asked.
    """
    profit, weight, amount = items
    sizes = sum(abs(x) for x in profit.tolist())
    if sizes + price * (sum(amount.tolist()) + low) >= 2**62:
        return int(sum(x for x in profit.tolist() if x > 0))  # a limit, too
    best, asked = -price * low, 0
    waiting = [([0, 0, 0], items.only(weight <= cap))]
    while waiting:
        (profit0, weight0, amount0), rest = waiting.pop()
        asked += 1
        room, ends = cap - weight0, (low - amount0, high - amount0)
        if room < 0:
            continue
        limit = _limit(rest, room, ends, price)
        if profit0 + limit.value < best + 1:
            continue
        if asked > HALVES:
            best = max(best, profit0 + int(np.ceil(limit.value)))
            continue
        found, complete = _nearby(rest, limit, room, ends, price, best - profit0)
        best = max(best, profit0 + found)
        if complete:
            continue
        # What loses too much when changed stays as it is in every better set.
        close = limit.loss < limit.value - (best - profit0)
        if not close.any():
            continue
        kept = rest.only(~close & limit.own)
        stays = [
            x + int(values.sum())
            for x, values in zip((profit0, weight0, amount0), kept, strict=True)
        ]
        rest = rest.only(close)
        cut = int(_sizes(rest).argmax())
        others = rest.only(np.arange(len(rest.profit)) != cut)
        with_it = [x + int(v[cut]) for x, v in zip(stays, rest, strict=True)]
        waiting += [(stays, others), (with_it, others)]
    return best


def _sizes(items: Items) -> Floats:
    parts = (items.amount, items.weight / 4)
    return np.asarray(sum(part / max(1, part.max()) for part in parts))


def _limit(items: Items, room: int, ends: tuple[int, int], price: int) -> _Limit:
    """Limit at good prices of weight and amount; any prices give a limit."""
    best = _limit_at(items, room, ends, 0.0)
    left, right = -float(price), float(price)
    for _ in range(PRICES):  # the limit is convex in the price
        thirds = left + (right - left) / 3, right - (right - left) / 3
        found = [_limit_at(items, room, ends, each) for each in thirds]
        best = min(best, *found, key=lambda limit: limit.value)
        if found[0].value <= found[1].value:
            right = thirds[1]
        else:
            left = thirds[0]
    return best


def _limit_at(
    items: Items, room: int, ends: tuple[int, int], of_amount: float
) -> _Limit:
    """Limit at a price of amount, and the best one of weight beside it."""
    low, high = ends
    of_weight = _crossing(
        items.profit - of_amount * items.amount, items.weight, room, 0.0
    )
    costs = of_weight * items.weight, of_amount * items.amount
    worth = items.profit - costs[0] - costs[1]
    own = worth > 0
    value = of_weight * room + max(of_amount * low, of_amount * high)
    size = abs(value) + sum(np.abs(x[own]).sum() for x in (items.profit, *costs))
    return _Limit(value + worth[own].sum() + 1 + 1e-12 * size, own, np.abs(worth))


def _crossing(worth: Floats, use: Ints, room: int, least: float) -> float:
    """Price of use, at least `least`, at which the items worth it just fill a room."""
    some = use > 0
    ratio, use = worth[some] / use[some], use[some]
    order = np.argsort(-ratio, kind="stable")
    place = int(np.searchsorted(np.cumsum(use[order]), room, side="right"))
    return least if place == len(order) else max(least, float(ratio[order[place]]))


def _nearby(
    items: Items,
    limit: _Limit,
    room: int,
    ends: tuple[int, int],
    price: int,
    best: int,
) -> tuple[int, bool]:
    """Return the best sum near the limit's set, and whether none can be better."""
    profit, weight, amount = items
    low, high = ends
    own, loss, top = limit.own, limit.loss, limit.value
    order = np.argsort(loss, kind="stable")
    reach = 1.0 + float(loss[order[min(7, len(order) - 1)]]) if len(order) else 1.0
    while True:
        sums = [np.array([int(values[own].sum())]) for values in items]
        lost = np.zeros(1)
        for item in [-1, *order.tolist()]:
            if item >= 0:
                edge = min(top - best, reach)
                if loss[item] >= edge:
                    break
                kept = lost + loss[item] < edge
                sign = -1 if own[item] else 1
                more = [profit[item], weight[item], amount[item]]
                sums = [
                    np.concatenate([old[kept], old[kept] + sign * by])
                    for old, by in zip(sums, more, strict=True)
                ]
                lost = np.concatenate([lost[kept], lost[kept] + loss[item]])
            if len(lost) > SETS:
                return best, False
            gain, load, much = sums
            outside = np.maximum(0, np.maximum(much - high, low - much))
            value = (gain - price * outside)[load <= room]
            best = max(best, int(value.max(initial=best)))
        if top - best <= reach:
            return best, True
        reach *= 4
