"""A plan with one unit given to a named rep, as near as can be to the plan in hand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.explanation.known import Known
from planner.problem import Problem, evaluate
from planner.solvers.exact import solve_exact
from planner.solvers.restrict import restrict
from planner.solvers.result import Watch
from planner.solvers.standing import Standing
from planner.solvers.start import WarmStart

Arcs = NDArray[np.int64]
Floats = NDArray[np.float64]
Positions = NDArray[np.intp]

REPS = (4, 8, 16, 32)
"""Reps who share their units anew; the next number where that does not suffice."""
MOVES, TRIALS = 8, 50
"""
Units that make room one after the other, at most; and that are tried as the last one,
the cheapest first.
"""
CHEAPEST = 5
"""So many units that a rep could give away most cheaply say how near another one is."""
SHARE = 0.15
"""Share of the time left that each number of reps may take."""
CLOSE = 1e-3
"""A plan within this gap among so few reps is good enough to go on from."""


@dataclass(frozen=True, eq=False)
class Nearby:
    """Arcs of the plan found (n,), None without one; whether none exists at all."""

    arcs: Arcs | None
    impossible: bool = False


def nearby_plan(known: Known, problem: Problem, unit: int, watch: Watch) -> Nearby:
    """
    Let some units make room, or the reps around share their units anew.

    Parameters
    ----------
    problem
        The question in which the unit has no other arc than to the rep asked about.
    watch
        Its time is used as far as needed: mostly a few units that make room will do.
    """
    rep = int(problem.rep[problem.start[unit]])
    arcs = WarmStart(known.rep_of).arcs(problem)
    arcs[unit] = problem.start[unit]
    if (arcs < 0).any() or problem.source is not None or problem.areas is not None:
        return Nearby(None)
    if (moved := _ejected(known, problem, arcs)) is not None:
        return Nearby(moved)
    order = _nearest(known, problem, arcs, (rep, int(known.rep_of[unit])))
    sizes = [*(size for size in REPS if size < problem.m), problem.m]
    for size in sizes:
        whole = size == problem.m
        seconds = watch.left * (1.0 if whole else SHARE)
        if seconds <= 0:
            break
        inner = Watch(seconds, watch.interrupted)
        found = _shared(problem, arcs, order[:size], inner)
        if found.arcs is not None or (found.impossible and whole):
            return found
    return Nearby(None)


def _ejected(known: Known, problem: Problem, arcs: Arcs) -> Arcs | None:
    """
    Move one unit after the other until every rule holds, None where none helps.

    The last one is the cheapest that suffices; those before, the cheapest for what they
    take from the breaches. None makes any breach larger.
    """
    to, arcs = problem.rep.astype(np.intp), arcs.copy()
    for _move in range(MOVES):
        if evaluate(problem, arcs).feasible:
            return arcs
        now = Standing(problem, arcs, known.solution.result.row_prices)
        old = arcs[problem.unit]
        asked = (to[old], problem.demand[:, old], to, problem.demand)
        effect, relief = now.moves(*asked), now.relief(*asked)
        relief += _meets(problem, to[arcs])[problem.unit] & (to != to[old])
        change = problem.total_cost - problem.total_cost[old] + effect.cost
        may = np.flatnonzero((relief > 0) & (effect.broken < 0))
        if not len(may):
            return None
        for arc in may[np.argsort(change[may], kind="stable")][:TRIALS].tolist():
            trial = arcs.copy()
            trial[problem.unit[arc]] = arc
            if evaluate(problem, trial).feasible:
                return trial
        best = may[(change[may] / relief[may]).argmin()]
        arcs[problem.unit[best]] = best
    return None


def _meets(problem: Problem, rep_of: Positions) -> NDArray[np.bool_]:
    """Whether each unit shares a rep with a rival, shape (n,)."""
    meets = np.zeros(problem.n, dtype=bool)
    for units in problem.apart:
        count = np.bincount(rep_of[units], minlength=problem.m + 1)
        count[problem.nobody] = 0
        meets[units] |= count[rep_of[units]] > 1
    return meets


def _shared(problem: Problem, arcs: Arcs, reps: Positions, watch: Watch) -> Nearby:
    """Share the units of some reps, and whoever is left out, among these reps."""
    inside = np.zeros(problem.m + 1, dtype=bool)
    inside[reps] = inside[problem.nobody] = True
    kept = inside[problem.rep[arcs]][problem.unit] & inside[problem.rep]
    kept[arcs] = True
    small, plan = restrict(problem, kept), arcs
    if len(small.units):
        outcome = solve_exact(
            small.problem, watch, hint=small.part(arcs), gap=CLOSE, threads=1
        )
        if outcome.arcs is None:
            return Nearby(None, outcome.infeasible)
        plan = small.whole(outcome.arcs)
    # Rows that only the others load are not in the smaller question.
    return Nearby(plan if evaluate(problem, plan).feasible else None)


def _nearest(
    known: Known, problem: Problem, arcs: Arcs, two: tuple[int, int]
) -> Positions:
    """All reps, those first to whom the two concerned can give units cheaply."""
    rep = problem.rep.astype(np.intp)
    priced = known.standing.priced(problem.total_cost, problem.demand, rep)
    more = priced - priced[arcs][problem.unit]
    distance = np.full(problem.m + 1, np.inf)
    for giver in two:
        mine = known.rep_of[problem.unit] == giver
        for to in np.unique(rep[mine]).tolist():
            cheapest = np.sort(more[mine & (rep == to)])[:CHEAPEST]
            distance[to] = min(distance[to], float(cheapest.mean()))
    distance[list(two)] = -np.inf
    order = np.argsort(distance[: problem.m], kind="stable")
    return np.asarray(order, dtype=np.intp)
