"""Annealing by flips and swaps of neighbouring units between territories."""

from __future__ import annotations

import math

from planner.compiled import compiled, compiled_plain
from planner.solvers.areas.eject import eject
from planner.solvers.areas.moves import (
    bands_change,
    edges_change,
    holds,
    pairs_change,
    relabel,
    sets_change,
    settle,
    shapes_change,
    touches,
)
from planner.solvers.areas.recombine import recombine
from planner.solvers.areas.state import (
    FEASIBLE,
    LAMBDA,
    MOVES,
    NONE,
    STEPS,
    Map,
    State,
)
from planner.solvers.chain_state import uniform

EJECTIONS = 0.3
"""Share of recombinations that pass an excess on, while there is one."""
SWAP_DRAWS = 8
"""Members of the other territory looked at for one that may come back."""


@compiled
def anneal(
    m: Map,
    s: State,
    steps: int,
    heat: float,
    swaps: float,
    trees: float,
    tree_heat: float,
) -> None:
    """
    Look at a number of moves at one temperature.

    Parameters
    ----------
    swaps, trees
        Share of moves that are swaps, and that are recombinations of two neighbours.
    tree_heat
        Temperature of recombinations, as a multiple.
    """
    edges, n, k = len(m.ends), len(s.label), len(s.size)
    some_off = not m.on_map.all()
    s.tally[FEASIBLE] = 0.0
    for _step in range(steps):
        s.tally[FEASIBLE] += s.tally[STEPS] == 0.0
        which = int(uniform(s.random) * (edges + 0.0))
        u, b = -1, -1
        if edges:
            u, v = m.ends[which, 0], m.ends[which, 1]
            if uniform(s.random) < 0.5:
                u, v = v, u
            b = s.label[v]
        if not edges or (some_off and uniform(s.random) < 0.1):
            u = int(uniform(s.random) * n)
            if m.on_map[u]:
                continue
            b = int(uniform(s.random) * k)
        a = s.label[u]
        if a == b or m.fixed[u]:
            continue
        limit = -heat * math.log(1.0 - uniform(s.random))
        if trees > 0.0 and uniform(s.random) < trees:
            if s.tally[STEPS] > 0.0 and uniform(s.random) < EJECTIONS:
                eject(m, s, limit * tree_heat)
            else:
                recombine(m, s, a, b, limit * tree_heat, 1.0)
            continue
        w = -1
        if uniform(s.random) < swaps:
            w = _partner(m, s, u, a, b)
            if w < 0:
                continue
        try_move(m, s, u, w, a, b, limit)
    s.tally[MOVES] += steps
    s.tally[FEASIBLE] /= max(1, steps)


@compiled_plain
def _partner(m: Map, s: State, u: int, a: int, b: int) -> int:
    """Draw a unit of territory b that may go to a in exchange for u."""
    for _draw in range(SWAP_DRAWS):
        w = s.member[b, int(uniform(s.random) * s.size[b])]
        if not m.fixed[w] and (not m.on_map[w] or touches(m, s, w, a, u)):
            return int(w)
    return -1


@compiled_plain
def try_move(m: Map, s: State, u: int, w: int, a: int, b: int, limit: float) -> bool:
    """Carry out a flip (w = -1) or swap if it costs at most `limit` and holds."""
    if w < 0 and s.size[a] == 1:
        return False
    column_a, column_b = (a, b) if m.pair.shape[1] > 1 else (0, 0)
    if m.pair[u, column_b] >= NONE or (w >= 0 and m.pair[w, column_a] >= NONE):
        return False
    cost, excess, steps = bands_change(m, s, u, w, a, b)
    cost += pairs_change(m, u, w, a, b) + edges_change(m, s, u, w, a, b)
    cost += sets_change(m, s, u, w, a, b)
    cost += shapes_change(m, s, u, w, a, b)
    if cost + s.tally[LAMBDA] * excess > limit:
        return False
    if not holds(m, s, a, u, w) or not holds(m, s, b, w, u):
        return False
    if w >= 0:
        relabel(m, s, w, a)
    relabel(m, s, u, b)
    settle(m, s, a, b, (cost, excess, steps))
    return True
