"""What the ejection chains work on: candidate arcs, and the plan in hand."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.compiled import compiled

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

COST, BROKEN, MEETINGS, APART, APART_FLOOR = 0, 1, 2, 3, 4
"""
Slots of `State.tally`: true cost, broken hard rules, meetings of apart sets, their
penalty and its floor.
"""
LOAD, LOW, HIGH, PENALTY, PRICE, HARD, FLOOR = 0, 1, 2, 3, 4, 5, 6
"""
Fields of a band: load and its ends; penalty per step outside (of a row that is not
hard: what it costs); dual price; 1 if hard; least penalty.
"""
FIELDS = 8
"""Numbers per band: a cache line."""
SET_PRICE, SET_APART, SET_BASE = 0, 1, 2
"""Fields of a set: its price, 1 if apart, where its counts begin."""
HELD_REDUCED, HELD_NEXT, HELD_AMOUNT = 0, 1, 2
"""Beside a member: reduced cost of its arc, least of its others, amounts of its arc."""
NONE = 1e18
"""Stands for a band's end that is not there."""


class Model(NamedTuple):
    """
    The candidate arcs of a Problem; C of them, n units, m reps, S rows per rep.

    Attributes
    ----------
    start, rep, reduced, cost
        Arcs of unit u are ``start[u]:start[u + 1]``, by rising reduced cost: what an
        arc lies above its unit's best at the row prices.
    amount
        What an arc takes of its own rep's rows, shape (C, S).
    wide_start, wide_row, wide_amount
        What an arc takes of the rows over several reps, CSR over arcs.
    set_start, set_of
        Sets (splits and apart) of a unit, CSR over units.
    set_info, set_label
        See `SET_PRICE` and its kin; a rep's label in a set, -1: none.
    linked
        Whether wide rows or sets look at a unit, shape (n,).
    slot
        Where the members of a rep begin, shape (m + 2,): a rep has room for every unit
        that has an arc to it.
    """

    start: Indices
    rep: NDArray[np.int32]
    reduced: Floats
    cost: Floats
    amount: Floats
    wide_start: Indices
    wide_row: NDArray[np.int32]
    wide_amount: Floats
    set_start: Indices
    set_of: Indices
    set_info: Floats
    set_label: Indices
    linked: NDArray[np.bool_]
    slot: Indices


class State(NamedTuple):
    """
    The plan in hand and everything derived from it.

    Attributes
    ----------
    arc_of
        Candidate arc of each unit, shape (n,).
    own, wide
        Bands of the rows of each rep, shape (m + 1, S, FIELDS), and of the rows over
        several reps, shape (W, FIELDS).
    excess
        What the rows of each rep add to the cost over the bound, shape (m + 1,).
    counted, labels
        Members by set and label; labels in use by set.
    member, held, size, place
        Units by rep from ``slot[rep]`` on; see `HELD_REDUCED` and its kin; members by
        rep; where each unit stands.
    tally
        See `COST` and its kin.
    best, journal, journal_size
        Arcs of the best feasible plan; units shifted since (-1: too many to list).
    random
        State of the generator.
    """

    arc_of: Indices
    own: Floats
    wide: Floats
    excess: Floats
    counted: Indices
    labels: Indices
    member: Indices
    held: Floats
    size: Indices
    place: Indices
    tally: Floats
    best: Indices
    journal: Indices
    journal_size: Indices
    random: NDArray[np.uint64]


@compiled
def uniform(random: NDArray[np.uint64]) -> float:
    """
    Return the next number in [0, 1) by splitmix64; each thread has its own generator.

    Source: Steele, Lea and Flood 2014, doi:10.1145/2714064.2660195.
    """
    random[0] += np.uint64(0x9E3779B97F4A7C15)
    z = random[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@compiled
def excess_at(load: float, band: Floats) -> float:
    """Return what a row adds at a load to the cost over the bound; >= 0."""
    outside = max(load - band[HIGH], band[LOW] - load, 0.0)
    price = band[PRICE]
    anchor = band[HIGH] if price > 0 else band[LOW]
    return band[PENALTY] * outside + price * (anchor - load)


@compiled
def excess_of(bands: Floats) -> float:
    """Sum of `excess_at` over rows as they are, shape (rows, FIELDS)."""
    total = 0.0
    for k in range(bands.shape[0]):
        total += excess_at(bands[k, LOAD], bands[k])
    return total


@compiled
def load_up(band: Floats, amount: float, tally: Floats) -> float:
    """Add to a row's load; return the excess won and keep the tally."""
    old = band[LOAD]
    new = old + amount
    band[LOAD] = new
    outside = max(old - band[HIGH], band[LOW] - old, 0.0)
    step = max(new - band[HIGH], band[LOW] - new, 0.0) - outside
    if band[HARD] > 0:
        tally[BROKEN] += (outside + step > 0) - (outside > 0)
    else:
        tally[COST] += band[PENALTY] * step
    return band[PENALTY] * step - band[PRICE] * amount


@compiled
def link(  # type: ignore[no-untyped-def]
    unit,
    arc,
    rep,
    sign,
    wide_start,
    wide_row,
    wide_amount,
    wide,
    set_start,
    set_of,
    set_info,
    set_label,
    counted,
    labels,
    tally,
) -> float:
    """Count a unit in (1) or out (-1) of wide rows and sets; return the excess won."""
    change = 0.0
    for i in range(wide_start[arc], wide_start[arc + 1]):
        change += load_up(wide[wide_row[i]], sign * wide_amount[i], tally)
    for i in range(set_start[unit], set_start[unit + 1]):
        s = set_of[i]
        label = set_label[s, rep]
        if label < 0:
            continue
        at = int(set_info[s, SET_BASE]) + label
        before = counted[at]
        counted[at] = before + sign
        most = max(before, before + sign)
        if set_info[s, SET_APART] > 0:
            if most > 1:
                change += sign * tally[APART]
                tally[BROKEN] += sign
                tally[MEETINGS] += sign
        elif most == 1:
            used = labels[s]
            labels[s] = used + sign
            extra = max(0, used + sign - 1) - max(0, used - 1)
            change += set_info[s, SET_PRICE] * extra
            tally[COST] += set_info[s, SET_PRICE] * extra
    return change


@compiled
def seat(  # type: ignore[no-untyped-def]
    unit,
    arc,
    rep,
    start,
    reduced,
    cost,
    amount,
    slot,
    own,
    member,
    held,
    size,
    place,
    tally,
) -> None:
    """Let a rep serve a unit: its rows, its list of members, the cost."""
    at = slot[rep] + size[rep]
    size[rep] += 1
    member[at] = unit
    place[unit] = at
    held[at, HELD_REDUCED] = reduced[arc]
    other = start[unit] if arc > start[unit] else start[unit] + 1
    held[at, HELD_NEXT] = reduced[other] if other < start[unit + 1] else np.inf
    for s in range(amount.shape[1]):
        held[at, HELD_AMOUNT + s] = amount[arc, s]
        load_up(own[rep, s], amount[arc, s], tally)
    tally[COST] += cost[arc]


@compiled
def unseat(  # type: ignore[no-untyped-def]
    unit,
    arc,
    rep,
    start,
    reduced,
    cost,
    amount,
    slot,
    own,
    member,
    held,
    size,
    place,
    tally,
) -> None:
    """Take a unit from its rep; the last in the list of members takes its place."""
    at = place[unit]
    size[rep] -= 1
    last = slot[rep] + size[rep]
    member[at] = member[last]
    place[member[at]] = at
    for s in range(held.shape[1]):
        held[at, s] = held[last, s]
    for s in range(amount.shape[1]):
        load_up(own[rep, s], -amount[arc, s], tally)
    tally[COST] -= cost[arc]


@compiled
def enter(model: Model, state: State) -> None:
    """Derive loads, counts, members, excess and tally from ``state.arc_of``."""
    own, wide, tally = state.own, state.wide, state.tally
    own[:, :, LOAD] = 0
    wide[:, LOAD] = 0
    state.counted[:] = 0
    state.labels[:] = 0
    state.size[:] = 0
    tally[:APART] = 0
    for r in range(own.shape[0]):
        for s in range(own.shape[1]):
            _enter_empty(own[r, s], tally)
    for k in range(len(wide)):
        _enter_empty(wide[k], tally)
    for unit in range(len(state.arc_of)):
        arc = state.arc_of[unit]
        seat(
            unit,
            arc,
            model.rep[arc],
            model.start,
            model.reduced,
            model.cost,
            model.amount,
            model.slot,
            own,
            state.member,
            state.held,
            state.size,
            state.place,
            tally,
        )
        link(
            unit,
            arc,
            model.rep[arc],
            1,
            model.wide_start,
            model.wide_row,
            model.wide_amount,
            wide,
            model.set_start,
            model.set_of,
            model.set_info,
            model.set_label,
            state.counted,
            state.labels,
            tally,
        )
    for r in range(own.shape[0]):
        state.excess[r] = excess_of(own[r])


@compiled
def _enter_empty(band: Floats, tally: Floats) -> None:
    """Count what a row without any load costs, or that it is broken."""
    outside = max(-band[HIGH], band[LOW], 0.0)
    if band[HARD] > 0:
        tally[BROKEN] += outside > 0
    else:
        tally[COST] += band[PENALTY] * outside
