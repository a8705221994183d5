"""
The hot loop of the search: ejection chains under annealing, compiled.

A unit leaves its rep and goes to another; there it stays, or it drives out a member,
which goes on in the same way; a chain may close at the rep where it began. What counts
is the excess over the LP bound: reduced costs of the arcs plus what each row adds
(`chain_state.excess_at`). Both are >= 0, so a chain whose gain cannot make up any more
for what it has cost is cut without loss. Nothing is moved in the books of the reps
before a chain is accepted: each rep appears at most once in it. Wide rows and sets are
kept up to date on the way and taken back.

Source of the move: Yagiura, Ibaraki and Glover 2004, doi:10.1287/ijoc.1030.0036.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.compiled import compiled
from planner.solvers.chain_state import (
    APART,
    APART_FLOOR,
    BROKEN,
    COST,
    FLOOR,
    HARD,
    HELD_AMOUNT,
    HELD_NEXT,
    HELD_REDUCED,
    HIGH,
    LOAD,
    LOW,
    MEETINGS,
    PENALTY,
    Model,
    State,
    excess_at,
    excess_of,
    link,
    seat,
    uniform,
    unseat,
)

RISE, SINK = 1.1, 0.95
"""
Factors on the penalty of a rule at each pause: while it is broken; while all are kept.

So about as many rules are broken at any time, however many there are, and a plan
that keeps all is met often. Gap after 8 s, one thread, d20400 / d801600: 0.19 / 0.07 %;
penalties that sink by themselves and hold each rule 97 % of the time (1.2, 0.995)
0.26 / 0.10 %; 83 % of the time (1.1, 0.98) 0.17 % / no plan at all.
"""
DEAREST = 1e4
"""Over its floor: a penalty that grew so large in vain begins anew."""
HASTE = 5
"""How much more often penalties change as long as no plan is known."""
WIN = 0.0
"""Temperatures that a chain may hope to win at other reps and in wide rows."""
NEXT, PLACED, TAKEN = -1, -2, -3
"""What a link of a chain does now: next arc, take back its arc, leave its rep."""


@compiled
def _adapted(penalty: float, floor: float, broken: bool, sink: float) -> float:
    """Raise the penalty of a broken rule, let that of a kept one sink to its floor."""
    if not broken:
        return max(floor, penalty * sink)
    return penalty * RISE if penalty < DEAREST * floor else floor


@compiled
def _adapt_band(band: NDArray[np.float64], sink: float) -> None:
    """Adapt the penalty of a row if it is hard."""
    if band[HARD] > 0:
        broken = band[LOAD] > band[HIGH] or band[LOAD] < band[LOW]
        band[PENALTY] = _adapted(band[PENALTY], band[FLOOR], broken, sink)


@compiled
def adapt(state: State, barred: NDArray[np.bool_]) -> None:
    """Adapt the penalties of all hard rules to whether they are broken now."""
    own, wide, tally = state.own, state.wide, state.tally
    sink = SINK if tally[BROKEN] == 0 else 1.0
    for r in range(own.shape[0]):
        if barred[r]:
            continue
        for s in range(own.shape[1]):
            _adapt_band(own[r, s], sink)
        state.excess[r] = excess_of(own[r])
    for k in range(wide.shape[0]):
        _adapt_band(wide[k], sink)
    meeting = tally[MEETINGS] > 0
    tally[APART] = _adapted(tally[APART], tally[APART_FLOOR], meeting, sink)


@compiled
def record(  # type: ignore[no-untyped-def]
    best, arc_of, pool, journal, journal_size
) -> None:
    """Bring the best plan up to the plan in hand, by the journal where it suffices."""
    if journal_size[0] < 0:
        for unit in pool:
            best[unit] = arc_of[unit]
    else:
        for i in range(journal_size[0]):
            best[journal[i]] = arc_of[journal[i]]
    journal_size[0] = 0


@compiled
def anneal(
    model: Model,
    state: State,
    pool: NDArray[np.int64],
    barred: NDArray[np.bool_],
    best_cost: float,
    done: int,
    steps: int,
    pause: int,
    temperature: float,
    depth: int,
    patience: int,
    repairing: bool,
) -> float:
    """
    Try chains from `steps` random units at a temperature.

    A chain is accepted when it raises the excess by no more than an exponential random
    number of mean `temperature` (Metropolis); at 0 only what improves is.

    Parameters
    ----------
    pool
        Units where chains begin: all that are with reps that take part.
    barred
        Reps that take no part, shape (m + 1,).
    best_cost
        Cost of the plan in ``state.best``; inf: there is none.
    done, pause
        Steps made before; penalties are adapted whenever `pause` steps are full.
    depth, patience
        Units moved by a chain, and looks at an arc or a member per step, at most.
    repairing
        No plan is known yet: penalties change `HASTE` times as often, and chains may
        hope for all that broken rules can give back.

    Returns
    -------
    Cost of the best plan that keeps every hard rule, left in ``state.best``.
    """
    start, rep, reduced, amount = model.start, model.rep, model.reduced, model.amount
    slot, linked = model.slot, model.linked
    arc_of, own, wide, excess = state.arc_of, state.own, state.wide, state.excess
    member, held, size, tally = state.member, state.held, state.size, state.tally
    random, journal, journal_size = state.random, state.journal, state.journal_size
    links = (
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
    books = (
        start,
        reduced,
        model.cost,
        amount,
        slot,
        own,
        member,
        held,
        size,
        state.place,
        tally,
    )
    nobody, slots = own.shape[0] - 1, own.shape[1]
    hand = np.zeros(depth, dtype=np.int64)  # by link: the unit in hand
    chosen = np.zeros(depth, dtype=np.int64)  # the arc that it tries
    following = np.zeros(depth, dtype=np.int64)  # the arc after that
    gain = np.zeros(depth)  # excess when the unit was taken
    ahead = np.zeros(depth)  # and when its arc was chosen, without that rep's rows
    doing = np.zeros(depth, dtype=np.int64)  # NEXT, ... or the rep whose members leave
    first = np.zeros(depth, dtype=np.int64)
    looked = np.zeros(depth, dtype=np.int64)
    base = np.zeros((depth, slots))  # loads of that rep with the unit
    home = np.zeros(slots)  # loads of the first rep without its unit
    on_way = barred.copy()
    top, credit = excess.max(), excess_of(wide)
    if tally[BROKEN] == 0 and tally[COST] < best_cost - 0.5:
        best_cost = tally[COST]
        record(state.best, arc_of, pool, journal, journal_size)
    for step in range(done, done + steps):
        hasty = repairing and best_cost == np.inf
        unit = pool[int(len(pool) * uniform(random))]
        level = -1e-3
        if temperature > 0:
            level = -temperature * np.log(1.0 - uniform(random))
        origin = rep[arc_of[unit]]
        # What may still be won: at the first rep, in wide rows, at other reps.
        cap = np.inf if hasty else WIN * temperature
        limit = level + excess[origin] + min(credit, cap)
        spare = min(top, cap)
        d = -1
        if (
            limit + spare + reduced[arc_of[unit]] >= 0
            and start[unit + 1] - start[unit] > 1
            and not barred[origin]
        ):
            d = 0
            leaving = -excess[origin]
            for s in range(slots):
                home[s] = own[origin, s, LOAD] - amount[arc_of[unit], s]
                leaving += excess_at(home[s], own[origin, s])
            hand[0] = unit
            gain[0] = -reduced[arc_of[unit]]
            doing[0] = TAKEN
        looks = 0
        accepted = False
        while d >= 0:
            unit = hand[d]
            if doing[d] == TAKEN:
                following[d] = start[unit]
                doing[d] = NEXT
                if linked[unit]:
                    gain[d] += link(unit, arc_of[unit], rep[arc_of[unit]], -1, *links)
            if doing[d] == PLACED:
                doing[d] = NEXT
                if linked[unit]:
                    link(unit, chosen[d], rep[chosen[d]], -1, *links)
            if doing[d] == NEXT:
                arc = following[d]
                following[d] += 1
                looks += 1
                if (
                    arc == start[unit + 1]
                    or looks > patience
                    or gain[d] + reduced[arc] > limit + spare
                ):
                    if linked[unit]:
                        link(unit, arc_of[unit], rep[arc_of[unit]], 1, *links)
                    d -= 1
                    continue
                target = rep[arc]
                total = gain[d] + reduced[arc] - excess[target]
                if (
                    arc == arc_of[unit]
                    or (on_way[target] and target != origin)
                    or total > limit
                ):
                    continue
                chosen[d] = arc
                doing[d] = PLACED
                if linked[unit]:
                    total += link(unit, arc, target, 1, *links)
                whole = total
                if target == origin:
                    for s in range(slots):
                        whole += excess_at(home[s] + amount[arc, s], own[target, s])
                else:
                    whole += leaving
                    for s in range(slots):
                        base[d, s] = own[target, s, LOAD] + amount[arc, s]
                        whole += excess_at(base[d, s], own[target, s])
                if whole <= level:
                    accepted = True
                    break
                if (
                    target != origin
                    and target != nobody
                    and d + 1 < depth
                    and size[target] > 0
                    and total <= limit + spare
                ):
                    doing[d] = target
                    on_way[target] = True
                    ahead[d] = total
                    looked[d] = 0
                    first[d] = int(size[target] * uniform(random))
                continue
            target = doing[d]  # one of its members is driven out
            room = limit - ahead[d]
            found = -1
            total = 0.0
            while looked[d] < size[target] and looks <= patience:
                at = first[d] + looked[d]
                at += slot[target] - (size[target] if at >= size[target] else 0)
                looked[d] += 1
                looks += 1
                total = -held[at, HELD_REDUCED]
                worst = room + spare - held[at, HELD_NEXT]
                if total > worst:
                    continue
                for s in range(slots):
                    load = base[d, s] - held[at, HELD_AMOUNT + s]
                    total += excess_at(load, own[target, s])
                if total <= worst:
                    found = member[at]
                    break
            if found < 0:
                on_way[target] = False
                doing[d] = PLACED
                continue
            total += ahead[d]
            d += 1
            hand[d] = found
            gain[d] = total
            doing[d] = TAKEN
        if accepted:
            for e in range(d + 1):
                unit, arc, old = hand[e], chosen[e], arc_of[hand[e]]
                on_way[rep[arc]] = barred[rep[arc]]
                unseat(unit, old, rep[old], *books)
                seat(unit, arc, rep[arc], *books)
                arc_of[unit] = arc
                if journal_size[0] == len(journal):
                    journal_size[0] = -1
                if journal_size[0] >= 0:
                    journal[journal_size[0]] = unit
                    journal_size[0] += 1
            excess[origin] = excess_of(own[origin])
            for e in range(d + 1):
                excess[rep[chosen[e]]] = excess_of(own[rep[chosen[e]]])
                top = max(top, excess[rep[chosen[e]]])
            credit = excess_of(wide)
            if tally[BROKEN] == 0 and tally[COST] < best_cost - 0.5:
                best_cost = tally[COST]
                record(state.best, arc_of, pool, journal, journal_size)
        if (step + 1) % (max(1, pause // HASTE) if hasty else pause) == 0:
            adapt(state, barred)
            top, credit = excess.max(), excess_of(wide)
    return best_cost
