"""
Units that may only go to reps whose caps cannot take them: Hall, by max flow.

A flow from units to reps within the caps falls short exactly where some units, all of
whose reps are among a set of reps, need more than these may have; the minimum cut names
both. Units may be divided by the flow, so a shortage is a proof; its absence is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from ortools.graph.python import max_flow

from planner.ruled import Bools, Ints, PairRule, Positions, Ruled, View
from planner.scenario.model import MOVED, TERMS

NO_CAP = np.iinfo(np.int64).max
MOST_CLASSES = 200_000
"""Classes of units x reps up to which flows are sought."""


@dataclass(frozen=True, eq=False)
class Shortage:
    """
    Units that need more of a measure than the reps open to them may have.

    Attributes
    ----------
    measure
        Index of the measure.
    units, reps
        Units of the view, and all reps that they may go to.
    need, have
        In steps.
    why
        Rules that keep the units within these reps: number, and instances.
    """

    measure: int
    units: Positions
    reps: Positions
    need: int
    have: int
    why: tuple[tuple[int, tuple[int, ...]], ...]


def shortages(ruled: Ruled, seen: View) -> Iterator[Shortage]:
    """Yield shortages by measure; units whom no rep may serve are passed over."""
    for measure in range(len(ruled.pairs.measures)):
        for units, reps, need, have in _short_of(ruled, seen, measure):
            why = _why(ruled, seen, units, reps)
            yield Shortage(measure, units, reps, need, have, why)


def is_short(ruled: Ruled, seen: View) -> bool:
    """Whether a flow of some measure within the caps falls short: there is no plan."""
    measures = {band.measure for band in seen.bands}
    return any(True for q in measures for _short in _short_of(ruled, seen, q))


Short = tuple[Positions, Positions, int, int]
"""Units, reps, need, have."""


def _short_of(ruled: Ruled, seen: View, measure: int) -> Iterator[Short]:
    name = ruled.pairs.measures[measure]
    if name in MOVED or name in TERMS:
        return
    served = seen.allowed[:, :-1].any(axis=1) & ~seen.allowed[:, -1]
    caps = _caps(seen, measure, ruled.m)
    open_ended = seen.allowed[:, :-1] & (caps == NO_CAP)
    units = np.flatnonzero(served & ~open_ended.any(axis=1))
    if len(units):
        yield from _of_measure(seen, measure, caps, units)


def _caps(seen: View, measure: int, m: int) -> Ints:
    caps = np.full(m, NO_CAP)
    for band in seen.bands:
        if band.measure == measure and len(band.reps) == 1 and band.high is not None:
            caps[band.reps] = np.minimum(caps[band.reps], band.high)
    return caps


def _of_measure(
    seen: View, measure: int, caps: Ints, units: Positions
) -> Iterator[Short]:
    allowed = seen.allowed[units][:, :-1]
    least = np.where(allowed, seen.demand[measure][units][:, :-1], NO_CAP).min(axis=1)
    packed = np.packbits(allowed, axis=1)
    key = packed.view(f"S{packed.shape[1]}").ravel()
    _keys, first, class_of = np.unique(key, return_index=True, return_inverse=True)
    classes, class_of = allowed[first], class_of.ravel()
    if classes.size > MOST_CLASSES:
        return
    need = np.zeros(len(classes), dtype=np.int64)
    np.add.at(need, class_of, least)
    tight = _cut(classes, need, caps)
    for inside in _components(classes, tight):
        reps = np.flatnonzero(classes[inside].any(axis=0))
        total, have = int(need[inside].sum()), int(caps[reps].sum())
        if total > have:
            yield units[np.isin(class_of, inside)], reps, total, have


def _cut(classes: Bools, need: Ints, caps: Ints) -> Positions:
    """Classes on the source's side of a minimum cut: those that fall short together."""
    k, m = classes.shape
    source, sink = k + m, k + m + 1
    tails = [np.full(k, source), *np.nonzero(classes)[:1], np.arange(k, k + m)]
    heads = [np.arange(k), np.nonzero(classes)[1] + k, np.full(m, sink)]
    sizes = [need, np.full(int(classes.sum()), int(need.sum())), caps]
    flow = max_flow.SimpleMaxFlow()
    flow.add_arcs_with_capacity(
        np.concatenate(tails).astype(np.int32),
        np.concatenate(heads).astype(np.int32),
        np.minimum(np.concatenate(sizes), int(need.sum())),
    )
    if flow.solve(source, sink) != flow.OPTIMAL:
        return np.empty(0, dtype=np.intp)
    side = np.array(flow.get_source_side_min_cut(), dtype=np.intp)
    return side[side < k]


def _components(classes: Bools, tight: Positions) -> Iterator[Positions]:
    """Classes that share reps, part by part."""
    left = list(tight.tolist())
    while left:
        group = [left.pop(0)]
        reps = classes[group[0]].copy()
        grown = True
        while grown:
            near = [c for c in left if (classes[c] & reps).any()]
            grown = bool(near)
            for c in near:
                left.remove(c)
                group.append(c)
                reps |= classes[c]
        yield np.array(group, dtype=np.intp)


def _why(
    ruled: Ruled, seen: View, units: Positions, reps: Positions
) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """Rules that together bar these units from all other reps; none is spare."""
    others = np.setdiff1d(np.arange(ruled.m), reps)
    rows = np.isin(seen.unit_of, units)
    bars: dict[int, Bools] = {}
    instances: dict[int, tuple[int, ...]] = {}
    for number, rule in enumerate(ruled.rules):
        if not isinstance(rule, PairRule):
            continue
        entry = np.flatnonzero(rows[rule.row])
        barred = rule.barred[entry][:, others]
        if barred.any():
            table = np.zeros((seen.n, len(others)), dtype=bool)
            np.logical_or.at(table, seen.unit_of[rule.row[entry]], barred)
            bars[number] = table[units]
            hit = rule.member[entry[barred.any(axis=1)]]
            instances[number] = tuple(np.unique(hit).tolist())
    for number in sorted(bars, key=lambda one: int(bars[one].sum())):
        rest = [bars[other] for other in bars if other != number]
        if len(others) and rest and np.logical_or.reduce(rest).all():
            del bars[number]
    return tuple((number, instances[number]) for number in sorted(bars))
