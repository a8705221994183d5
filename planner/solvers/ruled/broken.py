"""Which rules a plan breaks, instance by instance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.areas import Areas
from planner.problem import Row
from planner.ruled import Active, BandRule, Bools, PairRule, Positions, Ruled, SetRule


def broken(ruled: Ruled, rep_of: Positions) -> Active:
    """
    Return the instances of each rule that a plan breaks.

    Parameters
    ----------
    rep_of
        Rep of each row, m: nobody; shape (rows,).
    """
    found: list[Bools] = []
    for rule in ruled.rules:
        bad = np.zeros(len(rule.labels), dtype=bool)
        if isinstance(rule, PairRule):
            hit = rule.barred[np.arange(len(rule.row)), rep_of[rule.row]]
            bad[rule.member[hit]] = True
        elif isinstance(rule, BandRule):
            loads = [load_of(ruled, band, rep_of) for band in rule.bands]
            pairs = zip(rule.bands, loads, strict=True)
            bad[:] = [band.outside(load) > 0 for band, load in pairs]
        elif isinstance(rule, SetRule):
            bad[:] = [
                excess(rep_of[rows], ruled.m, rule.kind) > 0 for rows in rule.sets
            ]
        elif ruled.areas is not None:
            bad[:] = map_breach(ruled.areas, rule.kind, ruled.unit_of, rep_of) > 0
        found.append(bad)
    return tuple(found)


def excess(served: Positions, m: int, kind: str) -> int:
    """Rows of a set that are not where the others are; or that share a rep."""
    count = np.bincount(served, minlength=m + 1)
    if kind == "together":
        return int(len(served) - count.max())
    return int(np.maximum(count[:m] - 1, 0).sum())


def load_of(ruled: Ruled, band: Row, rep_of: Positions) -> int:
    """Load of a band in steps of its measure."""
    inside = np.zeros(ruled.m + 1, dtype=bool)
    inside[band.reps] = True
    at = np.flatnonzero(inside[rep_of])
    return int(ruled.demand[band.measure, at, rep_of[at]].sum())


def map_breach(areas: Areas, kind: str, unit_of: Positions, rep_of: Positions) -> int:
    """Pieces of all territories beyond one each, or reps without a region."""
    m = len(areas.needed)
    found = areas.breaches(of_units(unit_of, rep_of), m)
    return found.get("contiguity" if kind == "contiguous" else "empty territories", 0)


def of_units(
    unit_of: Positions, of_rows: NDArray[np.intp], fill: int = -1
) -> Positions:
    """Return for each unit what its rows have (all the same)."""
    found = np.full(int(unit_of.max(initial=-1)) + 1, fill, dtype=np.intp)
    found[unit_of] = of_rows
    return found
