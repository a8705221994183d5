"""A plan that keeps every rule, made from one that nearly does, early in a search."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from planner.solvers import chains
from planner.solvers.chain_state import (
    BROKEN,
    COST,
    FLOOR,
    HARD,
    HIGH,
    LOAD,
    LOW,
    MEETINGS,
    PENALTY,
    Model,
    State,
    enter,
)
from planner.solvers.result import Watch

Indices = NDArray[np.int64]

STIFF = 8.0
"""Least penalty of a hard row in a repair, over its floor."""
ROUNDS = 60
"""Passes over the units concerned, at most."""
CHUNK = 20_000
"""Steps between two looks at the clock."""
DEPTH, PATIENCE = 5, 2_000
"""Units moved by a chain, and looks per step, at most."""


def repair(model: Model, state: State, watch: Watch) -> tuple[float, Indices | None]:
    """
    Mend a copy of the plan in hand: cheapest chains out of what is broken.

    An annealed plan of a thousand reps breaks some rule at nearly every moment, so a
    plan that keeps all of them is hardly ever met by chance. Chains at temperature 0
    from the broken reps alone, under stiff penalties, make one in a second.

    Returns
    -------
    Its cost and the candidate of each unit; inf and None where the repair fails. The
    plan in hand and its penalties are as before.
    """
    before = (
        state.arc_of.copy(),
        state.own.copy(),
        state.wide.copy(),
        state.tally.copy(),
    )
    copy = state._replace(best=state.arc_of.copy())
    for bands in (copy.own, copy.wide):
        hard = bands[..., HARD] > 0
        stiff = np.maximum(bands[..., PENALTY], STIFF * bands[..., FLOOR])
        bands[..., PENALTY] = np.where(hard, stiff, bands[..., PENALTY])
    enter(model, copy)
    barred = np.zeros(len(state.excess), dtype=bool)
    cost = math.inf
    for _ in range(ROUNDS):
        if copy.tally[BROKEN] == 0:
            cost = float(copy.tally[COST])
            break
        pool = _concerned(model, copy)
        journal = np.zeros(DEPTH * len(pool) + 1, dtype=np.int64)
        listed = copy._replace(
            journal=journal, journal_size=np.zeros(1, dtype=np.int64)
        )
        cost = _pass(model, listed, pool, barred, watch)
        if math.isfinite(cost) or watch.left <= 0:
            break
        copy.best[:] = copy.arc_of
    state.arc_of[:], state.own[:], state.wide[:], state.tally[:] = before
    enter(model, state)
    return cost, copy.best if math.isfinite(cost) else None


def _pass(
    model: Model,
    state: State,
    pool: Indices,
    barred: NDArray[np.bool_],
    watch: Watch,
) -> float:
    """As many chains as there are units concerned, while there is time."""
    cost = math.inf
    for done in range(0, len(pool), CHUNK):
        if watch.left <= 0:
            break
        cost = chains.anneal(
            model,
            state,
            pool,
            barred,
            cost,
            done,
            min(CHUNK, len(pool) - done),
            len(pool),
            0.0,
            DEPTH,
            PATIENCE,
            True,
        )
    return cost


def _concerned(model: Model, state: State) -> Indices:
    """Units whose move could mend a broken rule."""
    wide = state.wide
    outside = (wide[:, LOAD] > wide[:, HIGH]) | (wide[:, LOAD] < wide[:, LOW])
    if state.tally[MEETINGS] > 0 or (outside & (wide[:, HARD] > 0)).any():
        return np.arange(len(state.arc_of))
    hard = state.own[:, :, HARD] > 0
    load = state.own[:, :, LOAD]
    over = np.any(hard & (load > state.own[:, :, HIGH]), axis=1)
    under = np.any(hard & (load < state.own[:, :, LOW]), axis=1)
    chosen = over[model.rep[state.arc_of]]
    if under.any():
        chosen |= np.logical_or.reduceat(under[model.rep], model.start[:-1])
    return np.flatnonzero(chosen)
