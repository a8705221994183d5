"""
Recombination: two neighbouring territories are merged and cut anew along a tree.

A random spanning tree of the merged territory has one fewer edges than units, and each
cuts it in two connected parts. Loads, costs and cut edges of all these cuts follow from
sums over subtrees; the best of them is the proposal.

Source: DeFord, Duchin and Solomon 2021, doi:10.1162/99608f92.eb30390f (with a random
balanced cut; here the cheapest).
"""

from __future__ import annotations

import numpy as np

from planner.compiled import compiled, compiled_plain
from planner.solvers.areas.moves import inertia, outside, relabel, settle, shape_of
from planner.solvers.areas.state import (
    BY_CENTRE,
    BY_MEAN,
    LAMBDA,
    NONE,
    STAMP,
    WEIGHT,
    Map,
    State,
)
from planner.solvers.chain_state import uniform


@compiled
def recombine(m: Map, s: State, a: int, b: int, limit: float, pass_on: float) -> bool:
    """
    Merge two neighbours, cut along a random tree, keep it if it costs <= limit.

    `pass_on` is what an excess of b counts, as a share, when a cut is chosen: below 1
    it is passed on from a to b.
    """
    size = s.size[a] + s.size[b]
    order = np.empty(size, np.int64)
    parent = np.empty(size, np.int64)
    length = _random_tree(m, s, a, b, order, parent)
    if length < 2:
        return False
    order, parent = order[:length], parent[:length]
    to_b = np.zeros(length, np.bool_)
    rest = _best_cut(m, s, a, b, order, parent, to_b, pass_on)
    if rest >= NONE:
        return False
    moved, changed = np.empty(length, np.int64), 0
    for at in range(length):
        if s.label[order[at]] != (b if to_b[at] else a):
            moved[changed] = order[at]
            changed += 1
    if not changed or changed == size:
        return False
    moved = moved[:changed]
    if not len(m.set_price):
        shape = _shape_after(m, s, a, b, order, to_b, moved)
        if rest + shape - s.shape_cost[a] - s.shape_cost[b] > limit:
            return False
    return _accept(m, s, a, b, moved, limit)


@compiled
def _random_tree(
    m: Map, s: State, a: int, b: int, order: np.ndarray, parent: np.ndarray
) -> int:
    """
    Grow a tree from a random root over all units on the map; 0: they do not connect.

    `parent` holds positions in `order`. Each step takes a random edge of the frontier.
    """
    first = int(uniform(s.random) * (s.size[a] + s.size[b]))
    root = s.member[a, first] if first < s.size[a] else s.member[b, first - s.size[a]]
    if not m.on_map[root]:
        return 0
    s.tally[STAMP] += 2
    seen = int(s.tally[STAMP])
    degree, wanted = 0, 0
    for t in (a, b):
        for at in range(s.size[t]):
            u = s.member[t, at]
            degree += m.start[u + 1] - m.start[u]
            wanted += m.on_map[u]
    unit, origin = np.empty(degree + 1, np.int64), np.empty(degree + 1, np.int64)
    unit[0], origin[0] = root, -1
    waiting, length = 1, 0
    while waiting:
        pick = int(uniform(s.random) * waiting)
        u, above = unit[pick], origin[pick]
        waiting -= 1
        unit[pick], origin[pick] = unit[waiting], origin[waiting]
        if s.mark[u] == seen:
            continue
        s.mark[u] = seen
        s.stack[u] = length
        order[length], parent[length] = u, above
        for at in range(m.start[u], m.start[u + 1]):
            v = m.near[at]
            if (s.label[v] == a or s.label[v] == b) and s.mark[v] != seen:
                unit[waiting], origin[waiting] = v, length
                waiting += 1
        length += 1
    return length if length == wanted else 0


@compiled
def _best_cut(
    m: Map,
    s: State,
    a: int,
    b: int,
    order: np.ndarray,
    parent: np.ndarray,
    to_b: np.ndarray,
    pass_on: float,
) -> float:
    """
    Say which units of `order` go to b under the cheapest cut.

    Returns the exact change of all costs but shape and splits; `NONE`: no cut. The
    choice looks at the shape, too: by centre, at an inertia in its likeness.
    """
    length, q = len(order), m.load.shape[2]
    many, paired = m.load.shape[1] > 1, m.pair.shape[1] > 1
    columns = (a, b) if many else (0, 0)
    pair_columns = (a, b) if paired else (0, 0)
    # Sums over subtrees: loads at a and at b, pair costs, moments, kept units, cuts.
    load = np.zeros((length, 2, q))
    pair = np.zeros((length, 2))
    moment = np.zeros((length, 4))
    kept = np.zeros((length, 2))
    cut = np.zeros(length)
    for at in range(length):
        u = order[at]
        for side in range(2):
            for measure in range(q):
                load[at, side, measure] = m.load[u, columns[side], measure]
            if paired:
                pair[at, side] = m.pair[u, pair_columns[side]]
        one = m.point[u]
        moment[at, 0], moment[at, 3] = one[0], one[3]
        moment[at, 1], moment[at, 2] = one[0] * one[1], one[0] * one[2]
        if m.fixed[u]:
            kept[at, 0 if s.label[u] == a else 1] += 1
    if len(m.edge_price):
        _cut_sums(m, s, a, b, order, parent, cut)
    for at in range(length - 1, 0, -1):
        above = parent[at]
        load[above] += load[at]
        pair[above] += pair[at]
        moment[above] += moment[at]
        kept[above] += kept[at]
        cut[above] += cut[at]
    scale = 1.0
    if m.shape == BY_CENTRE:
        now = _inertia_of(s.moment[a]) + _inertia_of(s.moment[b])
        scale = (s.shape_cost[a] + s.shape_cost[b]) / now if now > 0 else 0.0
    elif m.shape != BY_MEAN:
        scale = 0.0
    base = _bases(m, s, a, b)
    best, best_rest, best_at, best_side = NONE, NONE, -1, 0
    price = s.tally[LAMBDA]
    for at in range(1, length):
        for side in range(2):  # which of a (0) and b (1) the subtree goes to
            other = 1 - side
            inside, left = kept[at], kept[0] - kept[at]
            if inside[other] > 0 or left[side] > 0:
                continue
            rest = pair[at, side] + pair[0, other] - pair[at, other] + cut[at]
            if rest >= NONE:
                continue
            rest += _bands_after(m, a, b, base, load, at, side, price, pass_on)
            value = rest
            if scale > 0.0:
                part, whole = moment[at], moment[0]
                value += scale * (_inertia_of(part) + _inertia_of(whole - part))
            if value < best:
                best, best_rest, best_at, best_side = value, rest, at, side
    if best_at < 0:
        return NONE
    to_b[best_at] = True
    for at in range(best_at + 1, length):
        to_b[at] = parent[at] >= best_at and to_b[parent[at]]
    if best_side == 0:
        for at in range(length):
            to_b[at] = not to_b[at]
    return best_rest - _rest_now(m, s, a, b, order)


@compiled_plain
def _rest_now(m: Map, s: State, a: int, b: int, order: np.ndarray) -> float:
    """All costs of two territories that a cut decides, but shape and splits."""
    value = 0.0
    for u in order:
        t = s.label[u]
        value += m.pair[u, t if m.pair.shape[1] > 1 else 0]
        if len(m.edge_price) and t == a:
            for one in range(m.start[u], m.start[u + 1]):
                if s.label[m.near[one]] == b:
                    value += m.edge_price[m.edge[one]]
    for turn in range(2):
        t = a if turn == 0 else b
        for one in range(m.bands_start[t], m.bands_start[t + 1]):
            band = m.bands_of[one]
            if turn == 1 and m.member[band, a]:
                continue
            cost, over = outside(m, band, s.load[band])
            value += cost + s.tally[LAMBDA] * over * m.band[band, WEIGHT]
    return value


@compiled
def _shape_after(
    m: Map,
    s: State,
    a: int,
    b: int,
    order: np.ndarray,
    to_b: np.ndarray,
    moved: np.ndarray,
) -> float:
    """Shape cost of both territories after some units changed sides."""
    if m.shape == BY_MEAN:
        left, right = s.moment[a].copy(), s.moment[b].copy()
        for u in moved:
            sign = 1.0 if s.label[u] == a else -1.0
            one = m.point[u]
            change = np.array([one[0], one[0] * one[1], one[0] * one[2], one[3]])
            left -= sign * change
            right += sign * change
        return _inertia_of(left) + _inertia_of(right)
    if m.shape != BY_CENTRE:
        return 0.0
    best_a, best_b = NONE, NONE
    for at in range(len(order)):
        c = order[at]
        value = s.sums[b if to_b[at] else a, c]
        for u in moved:
            value += (
                m.centre[u, c] if (s.label[u] == a) == to_b[at] else -m.centre[u, c]
            )
        if to_b[at]:
            best_b = min(best_b, value)
        else:
            best_a = min(best_a, value)
    return best_a + best_b


@compiled_plain
def _inertia_of(moment: np.ndarray) -> float:
    return inertia(moment[0], moment[1], moment[2], moment[3])


@compiled_plain
def _cut_sums(
    m: Map,
    s: State,
    a: int,
    b: int,
    order: np.ndarray,
    parent: np.ndarray,
    cut: np.ndarray,
) -> None:
    """
    Lay out prices so that a subtree's sum is the price of the edges it cuts.

    An edge adds its price at both ends and takes it away twice where the two meet.
    """
    for at in range(len(order)):
        u = order[at]
        for one in range(m.start[u], m.start[u + 1]):
            v = m.near[one]
            if s.label[v] != a and s.label[v] != b:
                continue
            price = m.edge_price[m.edge[one]]
            cut[at] += price
            other = s.stack[v]
            if other < at:
                x, y = at, other
                while x != y:
                    if x > y:
                        x = parent[x]
                    else:
                        y = parent[y]
                cut[x] -= 2.0 * price


@compiled
def _bases(m: Map, s: State, a: int, b: int) -> np.ndarray:
    """Load of each band without the merged units of both territories."""
    base = s.load.copy()
    for t in (a, b):
        column = t if m.load.shape[1] > 1 else 0
        for at in range(s.size[t]):
            u = s.member[t, at]
            if not m.on_map[u]:
                continue
            for one in range(m.bands_start[t], m.bands_start[t + 1]):
                band = m.bands_of[one]
                base[band] -= m.load[u, column, m.band_measure[band]]
    return base


@compiled_plain
def _bands_after(
    m: Map,
    a: int,
    b: int,
    base: np.ndarray,
    load: np.ndarray,
    at: int,
    side: int,
    price: float,
    pass_on: float,
) -> float:
    """Cost of the bands of both territories if a subtree goes to `side`."""
    value = 0.0
    for turn in range(2):
        t = a if turn == 0 else b
        for one in range(m.bands_start[t], m.bands_start[t + 1]):
            band = m.bands_of[one]
            if turn == 1 and m.member[band, a]:
                continue
            measure, total = m.band_measure[band], base[band]
            for which in range(2):
                if m.member[band, a if which == 0 else b]:
                    total += (
                        load[at, which, measure]
                        if which == side
                        else load[0, which, measure] - load[at, which, measure]
                    )
            cost, over = outside(m, band, total)
            value += cost + price * over * m.band[band, WEIGHT]
        price *= pass_on
    return value


@compiled
def _accept(m: Map, s: State, a: int, b: int, moved: np.ndarray, limit: float) -> bool:
    """Change the sides of units, count what that costs, undo it if it is too much."""
    before = _local(m, s, a, b)
    for at in range(len(moved)):
        u = moved[at]
        relabel(m, s, u, b if s.label[u] == a else a)
    cost, excess, steps = _local(m, s, a, b)
    cost, excess, steps = cost - before[0], excess - before[1], steps - before[2]
    if cost + s.tally[LAMBDA] * excess <= limit and s.size[a] and s.size[b]:
        settle(m, s, a, b, (cost, excess, steps))
        return True
    for at in range(len(moved)):
        u = moved[at]
        relabel(m, s, u, b if s.label[u] == a else a)
    return False


@compiled_plain
def _local(m: Map, s: State, a: int, b: int) -> tuple:
    """All costs that a division of two territories can change."""
    cost, excess, steps = 0.0, 0.0, 0.0
    for turn in range(2):
        t = a if turn == 0 else b
        column = t if m.pair.shape[1] > 1 else 0
        cost += shape_of(m, s, t, -1, -1)
        for at in range(s.size[t]):
            u = s.member[t, at]
            cost += m.pair[u, column]
            if len(m.edge_price):
                for one in range(m.start[u], m.start[u + 1]):
                    other = s.label[m.near[one]]
                    if other != t:
                        half = 0.5 if other in (a, b) else 1.0
                        cost += half * m.edge_price[m.edge[one]]
        for one in range(m.bands_start[t], m.bands_start[t + 1]):
            band = m.bands_of[one]
            if turn == 1 and m.member[band, a]:
                continue
            price, over = outside(m, band, s.load[band])
            cost += price
            excess += over * m.band[band, WEIGHT]
            steps += over
    for one in range(len(m.set_price)):
        used = 0
        for label in range(s.counted.shape[1]):
            used += s.counted[one, label] > 0
        cost += m.set_price[one] * max(0, used - 1)
    return cost, excess, steps
