"""By how much a plan bends each rule: the least change that lets it stand."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from planner.rounding import highest, lowest
from planner.ruled import BandRule, MapRule, PairRule, Positions, Ruled, SetRule
from planner.solvers.ruled.broken import excess, load_of, map_breach

TOLERANCE_STEP = 0.001
"""A tolerance is widened in tenths of a percentage point."""
BY_SWITCH = ("missing_pairs", "contiguous")
"""Kinds that are on or off as a whole."""


@dataclass(frozen=True)
class Bend:
    """
    A change to one rule.

    Attributes
    ----------
    rule
        Its number in `Ruled.rules`.
    instance
        Which of its instances; -1: the rule as a whole.
    amount
        By how much, in the unit of the rule's price: units of the measure, percentage
        points, km, accounts, skills.
    side
        Of a limit: "high" or "low"; else "".
    rows
        Rows of the tables that are freed of the rule.
    rep
        Who covers a further skill; -1: nobody.
    """

    rule: int
    instance: int
    amount: float
    side: str = ""
    rows: tuple[int, ...] = ()
    rep: int = -1


def bends_of(ruled: Ruled, rep_of: Positions) -> list[Bend]:
    """
    Return the least changes of the rules under which a plan keeps all of them.

    Parameters
    ----------
    rep_of
        Rep of each row, m: nobody; shape (rows,).
    """
    found: list[Bend] = []
    for number, rule in enumerate(ruled.rules):
        if isinstance(rule, PairRule):
            found += _of_pairs(ruled, number, rule, rep_of)
        elif isinstance(rule, BandRule):
            found += _of_bands(ruled, number, rule, rep_of)
        elif isinstance(rule, SetRule):
            found += _of_sets(ruled, number, rule, rep_of)
        elif isinstance(rule, MapRule):
            assert ruled.areas is not None
            if map_breach(ruled.areas, rule.kind, ruled.unit_of, rep_of):
                found.append(Bend(number, -1, 1))
    return found


def _of_pairs(
    ruled: Ruled, number: int, rule: PairRule, rep_of: Positions
) -> Iterator[Bend]:
    hit = np.flatnonzero(rule.barred[np.arange(len(rule.row)), rep_of[rule.row]])
    if not len(hit):
        return
    rows = rule.row[hit]
    if rule.kind == "max_km":
        limit = ruled.pairs.scenario.travel.max_km
        assert limit is not None
        over = float(ruled.km[rows, rep_of[rows]].max()) - limit
        yield Bend(number, -1, math.ceil(round(over * 1000, 6)) / 1000)
    elif rule.kind in BY_SWITCH:
        yield Bend(number, -1, 1, rows=tuple(rows.tolist()))
    elif rule.kind == "locked_reps":
        for instance in np.unique(rule.member[hit]).tolist():
            yield Bend(number, instance, 1)
    elif rule.kind == "skills":
        yield from _of_skills(number, rule, hit, rep_of)
    else:
        for entry in hit.tolist():
            row = int(rule.row[entry])
            yield Bend(number, int(rule.member[entry]), 1, rows=(row,))


def _of_skills(
    number: int, rule: PairRule, hit: Positions, rep_of: Positions
) -> Iterator[Bend]:
    """One change per rep and skill, at the highest level that is needed."""
    wanted: dict[tuple[int, str], tuple[int, list[int]]] = {}
    for entry in hit.tolist():
        instance, row = int(rule.member[entry]), int(rule.row[entry])
        skill, level = skill_and_level(rule.labels[instance])
        key = int(rep_of[row]), skill
        top, rows = wanted.get(key, (instance, []))
        if skill_and_level(rule.labels[top])[1] < level:
            top = instance
        wanted[key] = top, [*rows, row]
    for (rep, _skill), (instance, rows) in sorted(wanted.items()):
        yield Bend(number, instance, 1, rows=tuple(rows), rep=rep)


def skill_and_level(label: str) -> tuple[str, int]:
    """Split the label of an instance of the rule on skills."""
    name, colon, level = label.rpartition(":")
    return (name, int(level)) if colon else (label, 1)


def _of_bands(
    ruled: Ruled, number: int, rule: BandRule, rep_of: Positions
) -> Iterator[Bend]:
    loads = [load_of(ruled, band, rep_of) for band in rule.bands]
    if rule.kind == "balance":
        steps = tolerance_steps(ruled, rule, loads)
        if steps:
            yield Bend(number, -1, round(100 * TOLERANCE_STEP * steps, 6))
        return
    for instance, (band, load) in enumerate(zip(rule.bands, loads, strict=True)):
        scale = ruled.pairs.scales[band.measure]
        if band.high is not None and load > band.high:
            yield Bend(number, instance, (load - band.high) / scale, "high")
        if load < band.low:
            yield Bend(number, instance, (band.low - load) / scale, "low")


def tolerance_steps(ruled: Ruled, rule: BandRule, loads: list[int]) -> float:
    """Steps that a tolerance lacks; inf where a load stands against no target."""
    most = 0
    for band, target, load in zip(rule.bands, rule.targets, loads, strict=True):
        scale = ruled.pairs.scales[band.measure]
        if target <= 0:
            if load:
                return math.inf
            continue
        away = abs(load / scale - target) / target - rule.tolerance
        steps = max(most, math.floor(away / TOLERANCE_STEP) - 1)
        while not within(target, wider(rule.tolerance, steps), scale, load):
            steps += 1
        most = max(most, steps)
    return most


def within(target: float, width: float, scale: int, load: int) -> bool:
    """Whether a load keeps the band of this width around its target."""
    low = max(0, lowest(target * (1 - width), scale))
    return low <= load <= highest(target * (1 + width), scale)


def wider(tolerance: float, steps: int) -> float:
    """Return a tolerance that is wider by so many steps, to six decimals."""
    return round(tolerance + TOLERANCE_STEP * steps, 6)


def _of_sets(
    ruled: Ruled, number: int, rule: SetRule, rep_of: Positions
) -> Iterator[Bend]:
    for instance, rows in enumerate(rule.sets):
        served = rep_of[rows]
        if not excess(served, ruled.m, rule.kind):
            continue
        freed = (
            _strays(served) if rule.kind == "together" else _repeats(served, ruled.m)
        )
        chosen = tuple(rows[freed].tolist())
        yield Bend(number, instance, len(chosen), rows=chosen)


def _strays(served: Positions) -> Positions:
    """Members of a group that are not where most of it is."""
    return np.flatnonzero(served != np.bincount(served).argmax())


def _repeats(served: Positions, m: int) -> Positions:
    """Rivals beyond the first of each rep."""
    order = np.arange(len(served))
    first = np.zeros(len(served), dtype=bool)
    first[np.unique(served, return_index=True)[1]] = True
    return order[~first & (served < m)]
