"""
The hot loop of the search: shifts, swaps and chains under annealing, compiled.

A move is a sequence of shifts that are really made and taken back when the whole is
refused, so rows, budgets, split prices and apart sets need no formula of their own
for swaps and chains.

The compiled functions take plain arrays: handing them a tuple of arrays costs five
times the move itself (1.7 against 0.33 microseconds a shift; each array's reference
is counted at each call).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.solvers.compiled import compiled

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

COST, BROKEN, MEETINGS = 0, 1, 2
"""Slots of `State.tally`: true cost, broken hard rules, meetings of apart sets."""
RISE, SINK = 1.2, 0.995
"""
Factors on the penalty of a rule at each pause, while broken and while kept.

A rule settles where it is broken for one part in 37 of the time (1.2 x 0.995^36 = 1);
with a faster sinking, many rules would hardly ever be kept all at once.
"""
DEAREST = 1e4
"""Over its floor: a penalty that grew so large in vain begins anew."""


class Model(NamedTuple):
    """
    The candidate arcs of a Problem; arcs of unit u are ``start[u]:start[u + 1]``.

    Rows of arc a are ``row_start[a]:row_start[a + 1]`` of `row` and `amount`. Sets
    (splits and apart) of unit u likewise; `set_label` gives a rep's label in a set
    (-1: nobody), `set_base` the begin of the set's counts. `slot` is where the members
    of a rep begin: a rep has room for every unit with an arc to it.
    """

    start: Indices
    rep: Indices
    cost: Floats
    row_start: Indices
    row: Indices
    amount: Floats
    low: Floats
    high: Floats
    hard: NDArray[np.bool_]
    set_start: Indices
    set_of: Indices
    set_price: Floats
    set_apart: NDArray[np.bool_]
    set_label: Indices
    set_base: Indices
    slot: Indices


class State(NamedTuple):
    """The plan in hand and everything derived from it, updated shift by shift."""

    arc_of: Indices
    load: Floats
    penalty: Floats
    floor: Floats
    counted: Indices
    labels: Indices
    members: Indices
    size: Indices
    place: Indices
    tally: Floats
    apart_penalty: Floats


@compiled
def _take(  # type: ignore[no-untyped-def]
    arc, sign, row_start, row, amount, low, high, hard, load, penalty, tally
) -> float:
    """Add or remove an arc's amounts; return the change of priced excess."""
    change = 0.0
    for i in range(row_start[arc], row_start[arc + 1]):
        k = row[i]
        before = max(load[k] - high[k], low[k] - load[k], 0.0)
        load[k] += sign * amount[i]
        after = max(load[k] - high[k], low[k] - load[k], 0.0)
        if before != after:
            step = penalty[k] * (after - before)
            change += step
            if hard[k]:
                tally[BROKEN] += (after > 0) - (before > 0)
            else:
                tally[COST] += step
    return change


@compiled
def _join(  # type: ignore[no-untyped-def]
    unit,
    rep,
    sign,
    set_start,
    set_of,
    set_price,
    set_apart,
    set_label,
    set_base,
    count,
    labels,
    apart_penalty,
    tally,
) -> float:
    """Count a unit in or out of its sets at a rep; return the change of price."""
    change = 0.0
    for i in range(set_start[unit], set_start[unit + 1]):
        s = set_of[i]
        label = set_label[s, rep]
        if label < 0:
            continue
        at = set_base[s] + label
        before = count[at]
        count[at] = before + sign
        high = max(before, before + sign)
        if set_apart[s]:
            if high > 1:
                change += sign * apart_penalty[0]
                tally[BROKEN] += sign
                tally[MEETINGS] += sign
        elif high == 1:
            old = labels[s]
            labels[s] = old + sign
            extra = max(0, old + sign - 1) - max(0, old - 1)
            change += set_price[s] * extra
            tally[COST] += set_price[s] * extra
    return change


@compiled
def _shift(  # type: ignore[no-untyped-def]
    unit,
    arc,
    rep,
    cost,
    row_start,
    row,
    amount,
    low,
    high,
    hard,
    set_start,
    set_of,
    set_price,
    set_apart,
    set_label,
    set_base,
    slot,
    arc_of,
    load,
    penalty,
    count,
    labels,
    members,
    size,
    place,
    tally,
    apart_penalty,
) -> float:
    """Give a unit another arc; return the change of cost plus penalties."""
    old = arc_of[unit]
    source, target = rep[old], rep[arc]
    change = cost[arc] - cost[old]
    tally[COST] += change
    change += _take(
        old, -1.0, row_start, row, amount, low, high, hard, load, penalty, tally
    )
    change += _take(
        arc, 1.0, row_start, row, amount, low, high, hard, load, penalty, tally
    )
    if set_start[unit] != set_start[unit + 1]:
        for place_rep, sign in ((source, -1), (target, 1)):
            change += _join(
                unit,
                place_rep,
                sign,
                set_start,
                set_of,
                set_price,
                set_apart,
                set_label,
                set_base,
                count,
                labels,
                apart_penalty,
                tally,
            )
    arc_of[unit] = arc
    moved = members[slot[source] + size[source] - 1]
    members[place[unit]] = moved
    place[moved] = place[unit]
    size[source] -= 1
    end = slot[target] + size[target]
    members[end] = unit
    place[unit] = end
    size[target] += 1
    return change


@compiled
def enter(model: Model, state: State) -> None:
    """Derive loads, counts, members and tally from ``state.arc_of``."""
    state.load[:] = 0
    state.counted[:] = 0
    state.labels[:] = 0
    state.size[:] = 0
    state.tally[:] = 0
    for k in range(len(model.low)):
        outside = max(-model.high[k], model.low[k], 0.0)
        if model.hard[k]:
            state.tally[BROKEN] += outside > 0
        else:
            state.tally[COST] += state.penalty[k] * outside
    for unit in range(len(state.arc_of)):
        arc = state.arc_of[unit]
        rep = model.rep[arc]
        state.tally[COST] += model.cost[arc]
        _take(
            arc,
            1.0,
            model.row_start,
            model.row,
            model.amount,
            model.low,
            model.high,
            model.hard,
            state.load,
            state.penalty,
            state.tally,
        )
        _join(
            unit,
            rep,
            1,
            model.set_start,
            model.set_of,
            model.set_price,
            model.set_apart,
            model.set_label,
            model.set_base,
            state.counted,
            state.labels,
            state.apart_penalty,
            state.tally,
        )
        end = model.slot[rep] + state.size[rep]
        state.members[end] = unit
        state.place[unit] = end
        state.size[rep] += 1


@compiled
def seed_moves(seed: int) -> None:
    """Seed the generator of the compiled code."""
    np.random.seed(seed)


@compiled
def _other_arc(begin: int, width: int, present: int) -> int:
    """Random candidate besides the present arc, near ones preferred."""
    pick = begin + int(width * np.random.random() * np.random.random())
    if pick == present:
        pick = begin + np.random.randint(width)
    return pick


@compiled
def _adapted(penalty: float, floor: float, broken: bool) -> float:
    """Raise the penalty of a broken rule, let that of a kept one sink to its floor."""
    if not broken:
        return max(floor, penalty * SINK)
    return penalty * RISE if penalty < DEAREST * floor else floor


@compiled
def _adapt(  # type: ignore[no-untyped-def]
    low, high, hard, load, penalty, floor, tally, apart_penalty
) -> None:
    """Adapt the penalties of all hard rules; `apart_penalty` ends with its floor."""
    for k in range(len(low)):
        if hard[k]:
            broken = load[k] > high[k] or load[k] < low[k]
            penalty[k] = _adapted(penalty[k], floor[k], broken)
    apart_penalty[0] = _adapted(apart_penalty[0], apart_penalty[1], tally[MEETINGS] > 0)


@compiled
def anneal(
    model: Model,
    state: State,
    best: Indices,
    best_cost: float,
    steps: int,
    temperature: float,
    depth: int,
    tries: int,
) -> float:
    """
    Make `steps` moves at a temperature.

    A move begins with a shift. If that alone is refused, a random unit of the rep that
    received is shifted on (back to the giver half of the time), up to `depth` shifts,
    with `tries` refusals at most. The best plan that keeps every hard rule is left in
    `best`; its cost is returned. Penalties of hard rules rise while broken and sink
    slowly while kept.
    """
    start, rep, cost, slot = model.start, model.rep, model.cost, model.slot
    row_start, row, amount = model.row_start, model.row, model.amount
    low, high, hard = model.low, model.high, model.hard
    set_start, set_of, set_price = model.set_start, model.set_of, model.set_price
    set_apart, set_label, set_base = model.set_apart, model.set_label, model.set_base
    arc_of, load, count = state.arc_of, state.load, state.counted
    penalty, floor = state.penalty, state.floor
    labels, members, size = state.labels, state.members, state.size
    place, tally, apart_penalty = state.place, state.tally, state.apart_penalty
    n = len(arc_of)
    nobody = len(slot) - 2
    chain_unit = np.zeros(depth, dtype=np.int64)
    chain_arc = np.zeros(depth, dtype=np.int64)
    pause = max(200, n)
    for step in range(steps):
        unit = np.random.randint(n)
        width = start[unit + 1] - start[unit]
        level = -temperature * np.log(1.0 - np.random.random())
        giver = rep[arc_of[unit]]
        follower, arc = unit, -1
        if width > 1:
            arc = _other_arc(start[unit], width, arc_of[unit])
        total, length, failed = 0.0, 0, 0
        while failed <= tries:
            if arc < 0 or arc == arc_of[follower]:
                failed += 1
                if length == 0:
                    break
            else:
                before = arc_of[follower]
                total += _shift(
                    follower,
                    arc,
                    rep,
                    cost,
                    row_start,
                    row,
                    amount,
                    low,
                    high,
                    hard,
                    set_start,
                    set_of,
                    set_price,
                    set_apart,
                    set_label,
                    set_base,
                    slot,
                    arc_of,
                    load,
                    penalty,
                    count,
                    labels,
                    members,
                    size,
                    place,
                    tally,
                    apart_penalty,
                )
                chain_unit[length], chain_arc[length] = follower, before
                length += 1
                if total <= level:
                    break
                if length == depth:
                    length -= 1
                    total += _shift(
                        follower,
                        before,
                        rep,
                        cost,
                        row_start,
                        row,
                        amount,
                        low,
                        high,
                        hard,
                        set_start,
                        set_of,
                        set_price,
                        set_apart,
                        set_label,
                        set_base,
                        slot,
                        arc_of,
                        load,
                        penalty,
                        count,
                        labels,
                        members,
                        size,
                        place,
                        tally,
                        apart_penalty,
                    )
                    failed += 1
            last = rep[arc_of[chain_unit[length - 1]]]
            if size[last] < 2 or last == nobody:
                break
            follower = members[slot[last] + np.random.randint(size[last])]
            arc = -1
            width = start[follower + 1] - start[follower]
            if follower != chain_unit[length - 1] and width > 1:
                if np.random.random() < 0.5:
                    for candidate in range(start[follower], start[follower + 1]):
                        if rep[candidate] == giver:
                            arc = candidate
                            break
                else:
                    arc = _other_arc(start[follower], width, arc_of[follower])
        if total > level:
            for i in range(length - 1, -1, -1):
                _shift(
                    chain_unit[i],
                    chain_arc[i],
                    rep,
                    cost,
                    row_start,
                    row,
                    amount,
                    low,
                    high,
                    hard,
                    set_start,
                    set_of,
                    set_price,
                    set_apart,
                    set_label,
                    set_base,
                    slot,
                    arc_of,
                    load,
                    penalty,
                    count,
                    labels,
                    members,
                    size,
                    place,
                    tally,
                    apart_penalty,
                )
        pausing = step % pause == 0 or step == steps - 1
        look = pausing or best_cost == np.inf  # a first plan is taken at once
        if look and tally[BROKEN] == 0 and tally[COST] < best_cost - 0.5:
            best_cost = tally[COST]
            best[:] = arc_of
        if pausing:
            _adapt(low, high, hard, load, penalty, floor, tally, apart_penalty)
    return best_cost
