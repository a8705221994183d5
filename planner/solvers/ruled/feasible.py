"""Is there a plan under some of the rules?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.problem import Row
from planner.ruled import Active, Bools, Positions, Ruled, View, view
from planner.solvers.result import Watch
from planner.solvers.ruled.asking import ask
from planner.solvers.ruled.choice import Choice, Kinds, kinds_of
from planner.solvers.ruled.connected import hang_together, units_map
from planner.solvers.ruled.engine import ask_engine
from planner.solvers.ruled.hall import is_short
from planner.solvers.ruled.rivals import crowded_sets

MOST_VARIABLES = 250_000
"""Kinds of units x reps up to which CP-SAT is asked."""
MOST_TREES = 4_000
"""Units x reps up to which CP-SAT is asked for connected territories."""
EXACT_SHARE = 0.6
"""Share of the time for CP-SAT, before a search looks for connected territories."""


class Verdict(NamedTuple):
    """
    What is known of a question.

    Attributes
    ----------
    rep_of
        A plan: rep of each row (m: nobody), shape (rows,); None: none found.
    infeasible
        Proven: there is no plan.
    """

    rep_of: Positions | None
    infeasible: bool


NONE, UNKNOWN = Verdict(None, True), Verdict(None, False)


def find_plan(
    ruled: Ruled, active: Active, watch: Watch, *, seed: int = 1, threads: int = 2
) -> Verdict:
    """Find a plan that keeps the rules in force, or prove that there is none."""
    seen = view(ruled, active)
    allowed = within_caps(seen)
    if _fails(ruled, seen, allowed):
        return NONE
    if ruled.areas is None:
        return _without_map(ruled, seen, allowed, watch, seed, threads)
    loose = _ask_kinds(ruled, seen, allowed, watch, seed, threads)
    if loose.infeasible or watch.left <= 0:
        return loose
    return _on_map(ruled, seen, allowed, watch, seed, threads)


def fails_by_sums(ruled: Ruled, active: Active) -> bool:
    """Whether sums alone prove that no plan keeps the rules in force: no solver."""
    seen = view(ruled, active)
    return _fails(ruled, seen, within_caps(seen))


def _fails(ruled: Ruled, seen: View, allowed: Bools) -> bool:
    return (
        _hopeless(seen, allowed)
        or is_short(ruled, seen)
        or _asks_too_much(seen)
        or any(True for _set in crowded_sets(seen, allowed))
    )


def _without_map(
    ruled: Ruled, seen: View, allowed: Bools, watch: Watch, seed: int, threads: int
) -> Verdict:
    found = _ask_kinds(ruled, seen, allowed, watch, seed, threads)
    if found is not UNKNOWN or watch.left <= 0:
        return found
    units, infeasible = ask_engine(ruled, seen, watch, seed, threads)
    return Verdict(None if units is None else units[seen.unit_of], infeasible)


def _on_map(
    ruled: Ruled, seen: View, allowed: Bools, watch: Watch, seed: int, threads: int
) -> Verdict:
    """Connected territories: an exact model of small maps, then a search."""
    if seen.n * ruled.m <= MOST_TREES:
        areas, each = units_map(ruled, seen), np.arange(seen.n, dtype=np.intp)
        choice = Choice(allowed, Kinds(each, each))
        for band in seen.bands:
            choice.keep(seen, band)
        choice.fill(areas)
        if seen.contiguous:
            hang_together(choice, areas)
        found = _asked(choice, seen, watch.part(EXACT_SHARE), seed, threads)
        if found.infeasible or found.rep_of is not None or watch.left <= 0:
            return found
    units, infeasible = ask_engine(ruled, seen, watch, seed, threads)
    return Verdict(None if units is None else units[seen.unit_of], infeasible)


def within_caps(seen: View) -> Bools:
    """Leave out pairs that alone are above a high end, shape (units, m + 1)."""
    allowed = seen.allowed.copy()
    for band in seen.bands:
        if band.high is not None:
            fits = seen.demand[band.measure][:, band.reps] <= band.high
            allowed[:, band.reps] &= fits
    return allowed


def _hopeless(seen: View, allowed: Bools) -> bool:
    """Whether a unit has nowhere to go, or a row is broken by any choice."""
    if not allowed.any(axis=1).all():
        return True
    for band in seen.bands:
        least, most = extremes(seen, allowed, band)
        if most < band.low or (band.high is not None and least > band.high):
            return True
    return False


def _asks_too_much(seen: View) -> bool:
    """Whether the low ends of single reps add up to more than there is."""
    for measure in {band.measure for band in seen.bands if band.low > 0}:
        lows = np.zeros(seen.allowed.shape[1], dtype=np.int64)
        for band in seen.bands:
            if band.measure == measure and len(band.reps) == 1:
                lows[band.reps] = np.maximum(lows[band.reps], band.low)
        most = np.where(seen.allowed, seen.demand[measure], 0).max(axis=1, initial=0)
        if lows.sum() > most.sum():
            return True
    return False


def extremes(seen: View, allowed: Bools, band: Row) -> tuple[int, int]:
    """Least and most that a row can be loaded with, each unit taken by itself."""
    may, load = allowed[:, band.reps], seen.demand[band.measure][:, band.reps]
    elsewhere = allowed.sum(axis=1) > may.sum(axis=1)
    top = np.iinfo(np.int64).max
    least = np.where(may, load, top).min(axis=1, initial=top)
    most = np.where(may, load, 0).max(axis=1, initial=0)
    return int(np.where(elsewhere, 0, least).sum()), int(most.sum())


def _ask_kinds(
    ruled: Ruled, seen: View, allowed: Bools, watch: Watch, seed: int, threads: int
) -> Verdict:
    """Ask CP-SAT, with one variable for all units that are alike; no map."""
    bands = [b for b in seen.bands if _bites(b, *extremes(seen, allowed, b))]
    rivals = np.zeros(seen.n, dtype=bool)
    for units in seen.apart:
        rivals[units] = True
    kinds = kinds_of(seen, allowed, bands, rivals, _on_the_map(ruled, seen))
    if allowed[kinds.first].sum() > MOST_VARIABLES:
        return UNKNOWN
    choice = Choice(allowed, kinds)
    for band in bands:
        choice.keep(seen, band)
    for units in seen.apart:
        choice.keep_apart(units, ruled.m)
    if ruled.areas is not None:
        choice.fill(units_map(ruled, seen))
    return _asked(choice, seen, watch, seed, threads)


def _asked(
    choice: Choice, seen: View, watch: Watch, seed: int, threads: int
) -> Verdict:
    said = ask(choice.model, watch, seed=seed, threads=threads)
    if not said.found:
        return Verdict(None, said.infeasible)
    return Verdict(choice.rep_of(said.solver)[seen.unit_of], False)


def _on_the_map(ruled: Ruled, seen: View) -> list[NDArray[np.int64]]:
    if ruled.areas is None:
        return []
    return [units_map(ruled, seen).on_map.astype(np.int64)[:, None]]


def _bites(band: Row, least: int, most: int) -> bool:
    return least < band.low or (band.high is not None and most > band.high)
