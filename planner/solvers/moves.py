"""
The hot loop of the search: shifts, swaps and chains under annealing, compiled.

A move is a sequence of shifts that are really made and taken back when the whole is
refused, so rows, budgets, split prices and apart sets need no formula of their own
for swaps and chains.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

COST, BROKEN = 0, 1
"""Slots of `State.tally`: true cost, and number of broken hard rules."""


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

    arc: Indices
    load: Floats
    penalty: Floats
    count: Indices
    labels: Indices
    members: Indices
    size: Indices
    place: Indices
    tally: Floats
    apart_penalty: Floats


@numba.njit(cache=True, nogil=True)
def _outside(load: float, low: float, high: float) -> float:
    if load > high:
        return load - high
    if load < low:
        return low - load
    return 0.0


@numba.njit(cache=True, nogil=True)
def _take(model: Model, state: State, arc: int, sign: float) -> float:
    """Add or remove an arc's amounts; return the change of priced excess."""
    change = 0.0
    for i in range(model.row_start[arc], model.row_start[arc + 1]):
        k = model.row[i]
        before = _outside(state.load[k], model.low[k], model.high[k])
        state.load[k] += sign * model.amount[i]
        after = _outside(state.load[k], model.low[k], model.high[k])
        if before != after:
            step = state.penalty[k] * (after - before)
            change += step
            if model.hard[k]:
                state.tally[BROKEN] += (after > 0) - (before > 0)
            else:
                state.tally[COST] += step
    return change


@numba.njit(cache=True, nogil=True)
def _join(model: Model, state: State, unit: int, rep: int, sign: int) -> float:
    """Count a unit in or out of its sets at a rep; return the change of price."""
    change = 0.0
    for i in range(model.set_start[unit], model.set_start[unit + 1]):
        s = model.set_of[i]
        label = model.set_label[s, rep]
        if label < 0:
            continue
        at = model.set_base[s] + label
        before = state.count[at]
        state.count[at] = before + sign
        high = max(before, before + sign)
        if model.set_apart[s]:
            if high > 1:
                change += sign * state.apart_penalty[0]
                state.tally[BROKEN] += sign
        elif high == 1:
            old = state.labels[s]
            state.labels[s] = old + sign
            extra = max(0, old + sign - 1) - max(0, old - 1)
            change += model.set_price[s] * extra
            state.tally[COST] += model.set_price[s] * extra
    return change


@numba.njit(cache=True, nogil=True)
def shift(model: Model, state: State, unit: int, arc: int) -> float:
    """Give a unit another arc; return the change of cost plus penalties."""
    old = state.arc[unit]
    source, target = model.rep[old], model.rep[arc]
    change = model.cost[arc] - model.cost[old]
    state.tally[COST] += change
    change += _take(model, state, old, -1.0) + _take(model, state, arc, 1.0)
    change += _join(model, state, unit, source, -1)
    change += _join(model, state, unit, target, 1)
    state.arc[unit] = arc
    last = model.slot[source] + state.size[source] - 1
    hole = state.place[unit]
    moved = state.members[last]
    state.members[hole] = moved
    state.place[moved] = hole
    state.size[source] -= 1
    end = model.slot[target] + state.size[target]
    state.members[end] = unit
    state.place[unit] = end
    state.size[target] += 1
    return change


@numba.njit(cache=True, nogil=True)
def enter(model: Model, state: State) -> None:
    """Derive loads, counts, members and tally from ``state.arc``."""
    state.load[:] = 0
    state.count[:] = 0
    state.labels[:] = 0
    state.size[:] = 0
    state.tally[:] = 0
    for k in range(len(model.low)):
        outside = _outside(0.0, model.low[k], model.high[k])
        if model.hard[k]:
            state.tally[BROKEN] += outside > 0
        else:
            state.tally[COST] += state.penalty[k] * outside
    for unit in range(len(state.arc)):
        arc = state.arc[unit]
        rep = model.rep[arc]
        state.tally[COST] += model.cost[arc]
        _take(model, state, arc, 1.0)
        _join(model, state, unit, rep, 1)
        end = model.slot[rep] + state.size[rep]
        state.members[end] = unit
        state.place[unit] = end
        state.size[rep] += 1


@numba.njit(cache=True, nogil=True)
def seed_moves(seed: int) -> None:
    """Seed the generator of the compiled code."""
    np.random.seed(seed)


@numba.njit(cache=True, nogil=True)
def _other_arc(model: Model, state: State, unit: int) -> int:
    """Random candidate of a unit besides its present arc, near ones preferred."""
    begin, width = model.start[unit], model.start[unit + 1] - model.start[unit]
    pick = begin + int(width * np.random.random() * np.random.random())
    if pick == state.arc[unit]:
        pick = begin + np.random.randint(width)
    return pick


@numba.njit(cache=True, nogil=True)
def _arc_to(model: Model, unit: int, rep: int) -> int:
    for arc in range(model.start[unit], model.start[unit + 1]):
        if model.rep[arc] == rep:
            return arc
    return -1


@numba.njit(cache=True, nogil=True)
def anneal(
    model: Model,
    state: State,
    best: Indices,
    best_cost: float,
    steps: int,
    hot: float,
    cold: float,
    depth: int,
    tries: int,
) -> float:
    """
    Make `steps` moves while the temperature falls from `hot` to `cold`.

    A move begins with a shift. If that alone is refused, a random unit of the rep that
    received is shifted on (back to the giver half of the time), up to `depth` shifts,
    each tried `tries` times. The best plan that keeps every hard rule is left in
    `best`; its cost is returned. Penalties of hard rows rise while broken and sink
    slowly while kept.
    """
    n = len(state.arc)
    chain_unit = np.zeros(depth, dtype=np.int64)
    chain_arc = np.zeros(depth, dtype=np.int64)
    cooling = (cold / hot) ** (1.0 / max(steps, 1))
    temperature = hot
    pause = max(200, n // 8)
    for step in range(steps):
        temperature *= cooling
        unit = np.random.randint(n)
        if model.start[unit + 1] - model.start[unit] < 2:
            continue
        arc = _other_arc(model, state, unit)
        if arc == state.arc[unit]:
            continue
        level = -temperature * np.log(1.0 - np.random.random())
        giver = model.rep[state.arc[unit]]
        chain_unit[0], chain_arc[0] = unit, state.arc[unit]
        total = shift(model, state, unit, arc)
        length = 1
        failed = 0
        while total > level and length < depth and failed < tries:
            rep = model.rep[state.arc[chain_unit[length - 1]]]
            if state.size[rep] < 2 or rep == len(model.slot) - 2:
                break
            follower = state.members[
                model.slot[rep] + np.random.randint(state.size[rep])
            ]
            onward = -1
            if follower != chain_unit[length - 1]:
                if np.random.random() < 0.5:
                    onward = _arc_to(model, follower, giver)
                elif model.start[follower + 1] - model.start[follower] > 1:
                    onward = _other_arc(model, state, follower)
            if onward < 0 or onward == state.arc[follower]:
                failed += 1
                continue
            before = state.arc[follower]
            change = shift(model, state, follower, onward)
            if total + change <= level or (
                length + 1 < depth and total + change < total
            ):
                chain_unit[length], chain_arc[length] = follower, before
                total += change
                length += 1
            else:
                shift(model, state, follower, before)
                failed += 1
        if total > level:
            for i in range(length - 1, -1, -1):
                shift(model, state, chain_unit[i], chain_arc[i])
        if step % pause == 0 or step == steps - 1:
            if state.tally[BROKEN] == 0 and state.tally[COST] < best_cost - 0.5:
                best_cost = state.tally[COST]
                best[:] = state.arc
            _adapt(model, state)
    return best_cost


@numba.njit(cache=True, nogil=True)
def _adapt(model: Model, state: State) -> None:
    """Raise the penalty of broken hard rows, lower the others' slowly."""
    for k in range(len(model.low)):
        if model.hard[k]:
            broken = _outside(state.load[k], model.low[k], model.high[k]) > 0
            state.penalty[k] *= 1.15 if broken else 0.985
    if state.tally[BROKEN] > 0:
        state.apart_penalty[0] *= 1.05
