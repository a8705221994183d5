"""The end of a search: no unit can be shifted alone to save cost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.compiled import compiled
from planner.solvers.chain_state import (
    BROKEN,
    COST,
    Model,
    State,
    enter,
    link,
    seat,
    unseat,
)


@compiled
def descend(model: Model, state: State, plan: NDArray[np.int64]) -> NDArray[np.int64]:
    """
    Shift single units to cheaper candidates until none is left that keeps all rules.

    Every shift is really made, judged by true cost and broken rules, and taken back
    unless it pays. `state` is left at the plan returned.

    Parameters
    ----------
    plan
        Candidate of each unit, shape (n,).
    """
    arc_of, tally = state.arc_of, state.tally
    books = (
        model.start,
        model.reduced,
        model.cost,
        model.amount,
        model.slot,
        state.own,
        state.member,
        state.held,
        state.size,
        state.place,
        tally,
    )
    links = (
        model.wide_start,
        model.wide_row,
        model.wide_amount,
        state.wide,
        model.set_start,
        model.set_of,
        model.set_info,
        model.set_label,
        state.counted,
        state.labels,
        tally,
    )
    arc_of[:] = plan
    enter(model, state)
    rep = model.rep
    quiet, unit, n = 0, 0, len(arc_of)
    while quiet < n:
        quiet += 1
        for arc in range(model.start[unit], model.start[unit + 1]):
            old = arc_of[unit]
            if arc == old:
                continue
            cost, broken = tally[COST], tally[BROKEN]
            unseat(unit, old, rep[old], *books)
            link(unit, old, rep[old], -1, *links)
            seat(unit, arc, rep[arc], *books)
            link(unit, arc, rep[arc], 1, *links)
            if tally[BROKEN] <= broken and tally[COST] < cost - 0.5:
                arc_of[unit] = arc
                quiet = 0
                continue
            unseat(unit, arc, rep[arc], *books)
            link(unit, arc, rep[arc], -1, *links)
            seat(unit, old, rep[old], *books)
            link(unit, old, rep[old], 1, *links)
        unit = unit + 1 if unit + 1 < n else 0
    return arc_of.copy()
