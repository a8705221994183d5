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
TRIALS = 100
"""Units that may make room at the rep, the cheapest first, by themselves."""
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
    Let one unit make room, or the reps around share their units anew.

    Parameters
    ----------
    problem
        The question in which the unit has no other arc than to the rep asked about.
    watch
        Its time is used as far as needed: mostly one unit that makes room will do.
    """
    rep = int(problem.rep[problem.start[unit]])
    arcs = WarmStart(known.rep_of).arcs(problem)
    arcs[unit] = problem.start[unit]
    if (arcs < 0).any() or problem.source is not None or problem.areas is not None:
        return Nearby(None)
    if (moved := _ejected(known, problem, arcs, rep)) is not None:
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


def _ejected(known: Known, problem: Problem, arcs: Arcs, rep: int) -> Arcs | None:
    """Return the cheapest plan in which at most one unit makes room at the rep."""
    if evaluate(problem, arcs).feasible:
        return arcs
    prices = known.solution.result.row_prices
    now, to = Standing(problem, arcs, prices), problem.rep.astype(np.intp)
    of_unit = arcs[problem.unit]
    effect = now.moves(to[of_unit], problem.demand[:, of_unit], to, problem.demand)
    change = problem.total_cost - problem.total_cost[of_unit] + effect.cost
    may = (to[of_unit] == rep) & (to != rep) & (effect.broken < 0)
    order = np.flatnonzero(may)
    for arc in order[np.argsort(change[order], kind="stable")][:TRIALS].tolist():
        trial = arcs.copy()
        trial[problem.unit[arc]] = arc
        if evaluate(problem, trial).feasible:
            return trial
    return None


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
