"""Connected moves: what a flip or a swap costs, and whether both sides hold."""

from __future__ import annotations

import numpy as np

from planner.compiled import compiled, compiled_plain
from planner.solvers.areas.state import (
    BEST,
    BY_CENTRE,
    BY_MEAN,
    COST,
    EXCESS,
    HARD,
    HIGH,
    LOW,
    NONE,
    PRICE,
    STAMP,
    STEPS,
    WEIGHT,
    Map,
    State,
)


@compiled
def load_plan(m: Map, s: State, label: np.ndarray) -> None:
    """Take over labels and count everything anew."""
    n, k = len(label), len(s.size)
    s.size[:] = 0
    s.load[:] = 0.0
    s.moment[:] = 0.0
    s.counted[:] = 0
    s.sums[:] = 0.0
    for u in range(n):
        t = label[u]
        s.label[u] = t
        s.member[t, s.size[t]] = u
        s.place[u] = s.size[t]
        s.size[t] += 1
        _add_to_moment(m, s, u, t, 1.0)
        column = t if m.load.shape[1] > 1 else 0
        for at in range(m.bands_start[t], m.bands_start[t + 1]):
            band = m.bands_of[at]
            s.load[band] += m.load[u, column, m.band_measure[band]]
        if m.shape == BY_CENTRE:
            for c in range(n):
                s.sums[t, c] += m.centre[u, c]
        for at in range(m.sets_start[u], m.sets_start[u + 1]):
            one = m.sets_of[at]
            s.counted[one, m.set_label[one, t]] += 1
    cost = 0.0
    for u in range(n):
        cost += m.pair[u, label[u] if m.pair.shape[1] > 1 else 0]
    for t in range(k):
        s.shape_cost[t] = shape_of(m, s, t, -1, -1)
        cost += s.shape_cost[t]
    if len(m.edge_price):
        for e in range(len(m.ends)):
            if label[m.ends[e, 0]] != label[m.ends[e, 1]]:
                cost += m.edge_price[e]
    excess, steps = 0.0, 0.0
    for band in range(len(m.band)):
        price, over = outside(m, band, s.load[band])
        cost += price
        excess += over * m.band[band, WEIGHT]
        steps += over
    for one in range(len(m.set_price)):
        used = 0
        for t in range(k):
            used += s.counted[one, t] > 0
        cost += m.set_price[one] * max(0, used - 1)
    s.tally[COST], s.tally[EXCESS], s.tally[STEPS] = cost, excess, steps


@compiled_plain
def _add_to_moment(m: Map, s: State, u: int, t: int, sign: float) -> None:
    weight = m.point[u, 0] * sign
    s.moment[t, 0] += weight
    s.moment[t, 1] += weight * m.point[u, 1]
    s.moment[t, 2] += weight * m.point[u, 2]
    s.moment[t, 3] += sign * m.point[u, 3]


@compiled_plain
def inertia(weight: float, x: float, y: float, square: float) -> float:
    """Weighted sum of squared distances to the mean, from the sums."""
    if weight <= 0.0:
        return 0.0
    return max(0.0, square - (x * x + y * y) / weight)


@compiled_plain
def outside(m: Map, band: int, load: float) -> tuple[float, float]:
    """Price of a load outside its band; where the band is hard, steps outside."""
    steps = max(load - m.band[band, HIGH], m.band[band, LOW] - load, 0.0)
    if m.band[band, HARD] > 0:
        return 0.0, steps
    return steps * m.band[band, PRICE], 0.0


@compiled_plain
def shape_of(m: Map, s: State, t: int, out: int, new: int) -> float:
    """Shape cost of a territory after one unit left and one came (-1: none)."""
    if m.shape == BY_MEAN:
        w, x, y, q = s.moment[t, 0], s.moment[t, 1], s.moment[t, 2], s.moment[t, 3]
        if out >= 0:
            one = m.point[out]
            w, x, y = w - one[0], x - one[0] * one[1], y - one[0] * one[2]
            q -= one[3]
        if new >= 0:
            one = m.point[new]
            w, x, y = w + one[0], x + one[0] * one[1], y + one[0] * one[2]
            q += one[3]
        return inertia(w, x, y, q)
    if m.shape != BY_CENTRE:
        return 0.0
    best, sums = NONE, s.sums[t]
    if out >= 0 and new >= 0:
        gone, come = m.centre[out], m.centre[new]
        for at in range(s.size[t]):
            c = s.member[t, at]
            value = sums[c] - gone[c] + come[c]
            if value < best and c != out:
                best = value
        best = min(best, sums[new] - gone[new] + come[new])
    elif out >= 0:
        gone = m.centre[out]
        for at in range(s.size[t]):
            c = s.member[t, at]
            value = sums[c] - gone[c]
            if value < best and c != out:
                best = value
    elif new >= 0:
        come = m.centre[new]
        for at in range(s.size[t]):
            c = s.member[t, at]
            value = sums[c] + come[c]
            if value < best:
                best = value
        best = min(best, sums[new] + come[new])
    else:
        for at in range(s.size[t]):
            value = sums[s.member[t, at]]
            if value < best:
                best = value
    return 0.0 if best >= NONE else best


@compiled_plain
def load_change(m: Map, s: State, u: int, w: int, a: int, b: int, band: int) -> float:
    """By how much the load of a band changes when u goes a -> b and w goes b -> a."""
    measure, many = m.band_measure[band], m.load.shape[1] > 1
    at_a, at_b = (a, b) if many else (0, 0)
    change = 0.0
    if m.member[band, a]:
        change -= m.load[u, at_a, measure]
        if w >= 0:
            change += m.load[w, at_a, measure]
    if m.member[band, b]:
        change += m.load[u, at_b, measure]
        if w >= 0:
            change -= m.load[w, at_b, measure]
    return change


@compiled_plain
def bands_change(m: Map, s: State, u: int, w: int, a: int, b: int) -> tuple:
    """Change of priced bands; of the excess over hard ones, in shares and in steps."""
    cost, excess, steps = 0.0, 0.0, 0.0
    for side in range(2):
        t = a if side == 0 else b
        for at in range(m.bands_start[t], m.bands_start[t + 1]):
            band = m.bands_of[at]
            if side == 1 and m.member[band, a]:
                continue
            load = s.load[band]
            new = load + load_change(m, s, u, w, a, b, band)
            price, over = outside(m, band, load)
            new_price, new_over = outside(m, band, new)
            cost += new_price - price
            excess += (new_over - over) * m.band[band, WEIGHT]
            steps += new_over - over
    return cost, excess, steps


@compiled_plain
def pairs_change(m: Map, u: int, w: int, a: int, b: int) -> float:
    """Change of the pair costs."""
    if m.pair.shape[1] == 1:
        return 0.0
    change = m.pair[u, b] - m.pair[u, a]
    if w >= 0:
        change += m.pair[w, a] - m.pair[w, b]
    return change


@compiled_plain
def edges_change(m: Map, s: State, u: int, w: int, a: int, b: int) -> float:
    """Change of the price of cut edges; an edge between u and w stays cut."""
    if not len(m.edge_price):
        return 0.0
    change = _edges_of(m, s, u, w, a, b)
    if w >= 0:
        change += _edges_of(m, s, w, u, b, a)
    return change


@compiled_plain
def _edges_of(m: Map, s: State, u: int, but: int, old: int, new: int) -> float:
    """Change by the edges of one unit, but the one to its partner."""
    change = 0.0
    for at in range(m.start[u], m.start[u + 1]):
        v = m.near[at]
        if v == but:
            continue
        t = s.label[v]
        if t == old:
            change += m.edge_price[m.edge[at]]
        elif t == new:
            change -= m.edge_price[m.edge[at]]
    return change


@compiled_plain
def _in_set(m: Map, w: int, one: int) -> bool:
    if w < 0:
        return False
    for at in range(m.sets_start[w], m.sets_start[w + 1]):
        if m.sets_of[at] == one:
            return True
    return False


@compiled_plain
def sets_change(m: Map, s: State, u: int, w: int, a: int, b: int) -> float:
    """Change of the price of splits; a set that has both units sees no change."""
    change = 0.0
    for turn in range(2):
        unit, other = (u, w) if turn == 0 else (w, u)
        old, new = (a, b) if turn == 0 else (b, a)
        if unit < 0:
            continue
        for at in range(m.sets_start[unit], m.sets_start[unit + 1]):
            one = m.sets_of[at]
            left, right = m.set_label[one, old], m.set_label[one, new]
            if left == right or _in_set(m, other, one):
                continue
            if s.counted[one, left] == 1:
                change -= m.set_price[one]
            if s.counted[one, right] == 0:
                change += m.set_price[one]
    return change


@compiled_plain
def shapes_change(m: Map, s: State, u: int, w: int, a: int, b: int) -> float:
    """Change of the shape cost."""
    if m.shape != BY_CENTRE and m.shape != BY_MEAN:
        return 0.0
    new = shape_of(m, s, a, u, w) + shape_of(m, s, b, w, u)
    return new - s.shape_cost[a] - s.shape_cost[b]


@compiled_plain
def touches(m: Map, s: State, u: int, t: int, but: int) -> bool:
    """Whether a unit has a neighbour in a territory, one unit left aside."""
    for at in range(m.start[u], m.start[u + 1]):
        v = m.near[at]
        if v != but and s.label[v] == t:
            return True
    return False


@compiled_plain
def holds(m: Map, s: State, t: int, out: int, new: int) -> bool:
    """
    Whether a connected territory stays so when `out` leaves and `new` (-1: none) comes.

    A flood from one neighbour of the leaver must reach all its others.
    """
    if new >= 0 and m.on_map[new] and not touches(m, s, new, t, out):
        return bool(s.size[t] == 1 and s.label[out] == t)
    if out < 0 or not m.on_map[out]:
        return True
    if s.size[t] == 1 and new < 0:
        return False
    s.tally[STAMP] += 2
    wanted = int(s.tally[STAMP])
    missing, first = 0, -1
    for at in range(m.start[out], m.start[out + 1]):
        v = m.near[at]
        if (s.label[v] == t or v == new) and v != out and s.mark[v] != wanted:
            s.mark[v] = wanted
            first = v
            missing += 1
    if missing == 0:  # the last one on the map; a newcomer may take its place
        return bool(new >= 0 and m.on_map[new])
    if missing == 1:
        return True
    seen, depth = wanted + 1, 0
    s.mark[first] = seen
    s.stack[0], depth, missing = first, 1, missing - 1
    begin = 0
    while begin < depth:
        u = s.stack[begin]
        begin += 1
        for at in range(m.start[u], m.start[u + 1]):
            v = m.near[at]
            if (s.label[v] != t and v != new) or v == out or s.mark[v] == seen:
                continue
            if s.mark[v] == wanted:
                missing -= 1
                if missing == 0:
                    return True
            s.mark[v] = seen
            s.stack[depth] = v
            depth += 1
    return False


@compiled_plain
def relabel(m: Map, s: State, u: int, b: int) -> None:
    """Move a unit in lists, loads, moments, sums and sets; costs are the caller's."""
    a = s.label[u]
    last = s.member[a, s.size[a] - 1]
    s.member[a, s.place[u]] = last
    s.place[last] = s.place[u]
    s.size[a] -= 1
    s.member[b, s.size[b]] = u
    s.place[u] = s.size[b]
    s.size[b] += 1
    for side in range(2):
        t = a if side == 0 else b
        column = t if m.load.shape[1] > 1 else 0
        sign = -1.0 if side == 0 else 1.0
        for at in range(m.bands_start[t], m.bands_start[t + 1]):
            band = m.bands_of[at]
            s.load[band] += sign * m.load[u, column, m.band_measure[band]]
        _add_to_moment(m, s, u, t, sign)
        if m.shape == BY_CENTRE:
            sums, add = s.sums[t], m.centre[u]
            for c in range(len(sums)):
                sums[c] += sign * add[c]
    for at in range(m.sets_start[u], m.sets_start[u + 1]):
        one = m.sets_of[at]
        s.counted[one, m.set_label[one, a]] -= 1
        s.counted[one, m.set_label[one, b]] += 1
    s.label[u] = b


@compiled_plain
def settle(m: Map, s: State, a: int, b: int, change: tuple) -> None:
    """Take in what a move changed, and keep the plan if it is the best."""
    s.shape_cost[a] = shape_of(m, s, a, -1, -1)
    s.shape_cost[b] = shape_of(m, s, b, -1, -1)
    s.tally[COST] += change[0]
    s.tally[EXCESS] += change[1]
    s.tally[STEPS] += change[2]
    if s.tally[STEPS] == 0.0:
        s.tally[EXCESS] = 0.0
        if s.tally[COST] < s.tally[BEST] - 1e-9 * abs(s.tally[COST]):
            s.tally[BEST] = s.tally[COST]
            for u in range(len(s.label)):
                s.best[u] = s.label[u]
