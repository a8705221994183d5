"""
A few neighbouring territories cut anew by an exact model.

Where whole units leave a territory outside its bands, moves of one unit and cuts along
trees may not find the one combination that fits. CP-SAT does, over two to four
territories, or proves that these have none; costs are left to the search that goes on
from there.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from planner.solvers.areas.labels import MOST_LABELS, solve_labels
from planner.solvers.areas.model import FREE, AreaModel, Band, Ints
from planner.solvers.result import Watch

MOST, LEAST = 4, 2
"""Territories cut anew at once."""
SECONDS = 1.5
"""For one cut: what is found at all is mostly found in half a second."""


def recut(
    model: AreaModel,
    label: Ints,
    watch: Watch,
    rng: np.random.Generator,
    tried: set[tuple[int, ...]],
) -> Ints | None:
    """
    Cut some neighbouring territories anew, one outside its bands among them.

    Parameters
    ----------
    label
        A plan whose territories hang together, shape (n,).
    tried
        Sets of territories of this plan that were tried already; one more is added.

    Returns
    -------
    Labels of a plan whose chosen territories keep their bands; None: there is none, or
    none was found.
    """
    chosen = _around(model, label, rng)
    if len(chosen) < LEAST or tuple(chosen) in tried:
        return None
    tried.add(tuple(chosen))
    part = _part(model, label, chosen)
    inner = Watch(min(SECONDS, watch.left), watch.interrupted)
    from planner.solvers.areas.search import Found

    outcome = solve_labels(
        part, inner, start=Found(), seed=int(rng.integers(1 << 30)), first=True
    )
    if outcome.label is None:
        return None
    fresh = label.copy()
    fresh[np.isin(label, chosen)] = chosen[outcome.label]
    return fresh


def outside(model: AreaModel, label: Ints) -> NDArray[np.bool_]:
    """Whether each territory counts in a hard band that the plan breaks, shape (k,)."""
    broken = np.zeros(model.k, dtype=bool)
    at = np.arange(model.n)
    for band in model.bands:
        if band.price is not None:
            continue
        load = int(model.load[band.measure, at, label][band.member[label]].sum())
        if load < band.low or (band.high != FREE and load > band.high):
            broken |= band.member
    return broken


def _around(model: AreaModel, label: Ints, rng: np.random.Generator) -> Ints:
    """Draw a territory, one outside its bands if any, and neighbours of it."""
    broken = np.flatnonzero(outside(model, label))
    first = rng.choice(broken) if len(broken) else rng.integers(model.k)
    ends = label[model.edges]
    between = ends[ends[:, 0] != ends[:, 1]]
    sizes = np.bincount(label, minlength=model.k)
    chosen = [int(first)]
    wanted = int(rng.integers(LEAST + 1, MOST + 1))
    while len(chosen) < wanted:
        touching = between[np.isin(between, chosen).any(axis=1)]
        others = np.setdiff1d(touching, chosen)
        more = (sizes[chosen].sum() + sizes[others]) * (len(chosen) + 1)
        others = others[more <= MOST_LABELS]
        if not len(others):
            break
        chosen.append(int(rng.choice(others)))
    return np.array(sorted(chosen))


def _part(model: AreaModel, label: Ints, chosen: Ints) -> AreaModel:
    """Return the question of the chosen territories, all others staying as they are."""
    inside = np.isin(label, chosen)
    units = np.flatnonzero(inside)
    number = np.full(model.n, -1, dtype=np.int64)
    number[units] = np.arange(len(units))
    kept = inside[model.edges].all(axis=1)
    pair = None
    if model.pair is not None:
        allowed = np.isfinite(model.pair[np.ix_(units, chosen)])
        pair = np.where(allowed, 0.0, np.inf)
    fixed = None
    if model.fixed is not None:
        territory = np.full(model.k + 1, FREE)
        territory[chosen] = np.arange(len(chosen))
        fixed = territory[model.fixed[units]]
    return AreaModel(
        k=len(chosen),
        edges=number[model.edges[kept]],
        load=model.load[:, units][:, :, chosen],
        bands=tuple(_bands(model, label, inside, chosen)),
        pair=pair,
        fixed=fixed,
        on_map=None if model.on_map is None else model.on_map[units],
    )


def _bands(
    model: AreaModel, label: Ints, inside: NDArray[np.bool_], chosen: Ints
) -> list[Band]:
    """Hard bands in which a chosen territory counts, less what the others carry."""
    bands = []
    others = np.flatnonzero(~inside)
    for band in model.bands:
        if band.price is not None or not band.member[chosen].any():
            continue
        at = others[band.member[label[others]]]
        taken = int(model.load[band.measure, at, label[at]].sum())
        high = FREE if band.high == FREE else max(0, band.high - taken)
        bands.append(
            replace(
                band,
                member=band.member[chosen],
                low=max(0, band.low - taken),
                high=high,
            )
        )
    return bands
