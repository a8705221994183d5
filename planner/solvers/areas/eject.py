"""An excess passed on from territory to territory by a chain of recombinations."""

from __future__ import annotations

import numpy as np

from planner.compiled import compiled, compiled_plain
from planner.solvers.areas.moves import outside, relabel, shape_of
from planner.solvers.areas.recombine import recombine
from planner.solvers.areas.state import (
    COST,
    EXCESS,
    LAMBDA,
    NONE,
    STEPS,
    WEIGHT,
    Map,
    State,
)
from planner.solvers.chain_state import uniform

CHAIN = 6
"""Most recombinations by which an excess is passed on."""
PASSED_ON, MODERATE = 0.2, 30.0
"""
What excess of the receiver counts then, as a share; and most that an excess of one mean
load counts, in costs per territory: a stiffer chain would mend the load at any cost.
"""


@compiled
def eject(m: Map, s: State, limit: float) -> bool:
    """
    Pass an excess on from territory to territory until one can take it.

    A chain of recombinations, each with the territory that the last one overloaded; it
    is undone unless all of it together costs at most `limit`. So a load can leave a
    corner of the map whose neighbours are full.
    """
    a = _overloaded(m, s)
    if a < 0:
        return False
    saved, touched = s.label.copy(), np.zeros(len(s.size), np.bool_)
    stiff = s.tally[LAMBDA]
    s.tally[LAMBDA] = min(stiff, MODERATE * s.tally[COST] / len(s.size))
    cost, excess, steps = s.tally[COST], s.tally[EXCESS], s.tally[STEPS]
    touched[a] = True
    for depth in range(CHAIN):
        b = _neighbour(m, s, a, touched)
        if b < 0:
            break
        share = PASSED_ON if depth < CHAIN - 1 else 1.0
        if not recombine(m, s, a, b, NONE, share):
            break
        touched[b] = True
        a = b
        if _excess_of(m, s, a) <= 0.0:
            break
    more = s.tally[COST] - cost + s.tally[LAMBDA] * (s.tally[EXCESS] - excess)
    s.tally[LAMBDA] = stiff
    if more <= limit:
        return True
    for u in range(len(saved)):
        if s.label[u] != saved[u]:
            relabel(m, s, u, saved[u])
    for t in range(len(touched)):
        if touched[t]:
            s.shape_cost[t] = shape_of(m, s, t, -1, -1)
    s.tally[COST], s.tally[EXCESS], s.tally[STEPS] = cost, excess, steps
    return False


@compiled_plain
def _excess_of(m: Map, s: State, t: int) -> float:
    """Excess over the hard bands of a territory."""
    excess = 0.0
    for one in range(m.bands_start[t], m.bands_start[t + 1]):
        band = m.bands_of[one]
        excess += outside(m, band, s.load[band])[1] * m.band[band, WEIGHT]
    return excess


@compiled_plain
def _overloaded(m: Map, s: State) -> int:
    """Draw one of the territories outside a hard band; -1: there is none."""
    chosen, seen = -1, 0
    for t in range(len(s.size)):
        if _excess_of(m, s, t) > 0.0:
            seen += 1
            if uniform(s.random) * seen < 1.0:
                chosen = t
    return chosen


@compiled_plain
def _neighbour(m: Map, s: State, a: int, but: np.ndarray) -> int:
    """Draw a neighbouring territory that is not in `but`; -1: none was met."""
    for _draw in range(200):
        u = s.member[a, int(uniform(s.random) * s.size[a])]
        if m.start[u] == m.start[u + 1]:
            continue
        span = m.start[u + 1] - m.start[u]
        v = m.near[m.start[u] + int(uniform(s.random) * span)]
        if s.label[v] != a and not but[s.label[v]]:
            return int(s.label[v])
    return -1
