"""Large-neighbourhood search: CP-SAT re-decides a few neighbouring reps at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from planner.problem import Problem, Row, evaluate
from planner.solvers.dual import Dual
from planner.solvers.exact import solve_exact
from planner.solvers.result import Watch, gap_of

Arcs = NDArray[np.int64]

FREE_ARCS = 4_000
"""Arcs of one neighbourhood: what CP-SAT settles in a second or two."""
SECONDS = 2.0
"""Time for one neighbourhood at most."""


def polish(
    problem: Problem,
    dual: Dual,
    arcs: Arcs,
    watch: Watch,
    *,
    gap: float = 0.0,
    seed: int = 1,
    threads: int = 2,
) -> Arcs:
    """
    Improve a feasible plan until the time is up or every rep has been tried in vain.

    Parameters
    ----------
    arcs
        Arc of each unit, shape (n,), keeping every hard rule.

    Returns
    -------
    Arcs that cost no more and keep every hard rule.
    """
    rng = np.random.default_rng(seed)
    cost = evaluate(problem, arcs).cost
    frozen = _in_sets(problem)
    weight = np.ones(problem.m)
    while watch.left > 0.5 and gap_of(cost, watch.bound) > gap and weight.max() > 0.02:
        seed_rep = int(rng.choice(problem.m, p=weight / weight.sum()))
        reps = _neighbours(problem, dual, arcs, seed_rep, rng)
        sub, units, kept = _restrict(problem, dual, arcs, reps, frozen)
        inner = Watch(min(SECONDS, watch.left), watch.interrupted)
        outcome = solve_exact(
            sub,
            inner,
            hint=np.searchsorted(kept, arcs[units]),
            gap=1e-5,
            seed=seed,
            threads=threads,
        )
        weight[seed_rep] *= 0.5
        if outcome.arcs is None:
            continue
        trial = arcs.copy()
        trial[units] = kept[outcome.arcs]
        found = evaluate(problem, trial)
        if found.feasible and found.cost < cost:
            arcs, cost = trial, found.cost
            weight[reps] = 1.0
            watch.report("polish", cost)
    return arcs


def _in_sets(problem: Problem) -> NDArray[np.bool_]:
    """Units whose cost depends on where other units go; they stay put here."""
    frozen = np.zeros(problem.n, dtype=bool)
    for split in problem.splits:
        frozen[split.units] = True
    for units in problem.apart:
        frozen[units] = True
    return frozen


def _neighbours(
    problem: Problem, dual: Dual, arcs: Arcs, rep: int, rng: np.random.Generator
) -> NDArray[np.intp]:
    """The rep and those that its units would go to next, until the room is full."""
    mine = problem.rep[arcs] == rep
    touched = mine[problem.unit]
    closeness = np.exp(-dual.reduced[touched] / (dual.reduced.mean() / 20 + 1e-9))
    pull = np.bincount(problem.rep[touched], closeness, minlength=problem.m + 1)[
        : problem.m
    ]
    pull[rep] = 0
    size = np.bincount(problem.rep[arcs], minlength=problem.m + 1)
    chosen, room = [rep], FREE_ARCS / 5 - size[rep]
    noisy = pull * rng.uniform(0.2, 1.0, problem.m)
    for other in np.argsort(-noisy):
        if noisy[other] <= 0 or room <= 0:
            break
        chosen.append(int(other))
        room -= size[other]
    return np.array(chosen)


def _restrict(
    problem: Problem,
    dual: Dual,
    arcs: Arcs,
    reps: NDArray[np.intp],
    frozen: NDArray[np.bool_],
) -> tuple[Problem, NDArray[np.intp], Arcs]:
    """The problem of the units now with some reps, all others staying put."""
    inside = np.zeros(problem.m + 1, dtype=bool)
    inside[reps] = True
    units = np.flatnonzero(inside[problem.rep[arcs]] & ~frozen)
    mine = np.zeros(problem.n, dtype=bool)
    mine[units] = True
    current = np.zeros(len(problem.rep), dtype=bool)
    current[arcs[units]] = True
    open_arcs = np.flatnonzero(mine[problem.unit] & inside[problem.rep])
    cheap = np.argsort(dual.reduced[open_arcs])[:FREE_ARCS]
    kept = np.union1d(open_arcs[cheap], arcs[units])
    start = np.searchsorted(problem.unit[kept], np.append(units, problem.n))
    start[-1] = len(kept)
    fixed = arcs[~mine]
    rows = tuple(
        row
        for row in (_rest(problem, row, fixed, inside) for row in problem.rows)
        if row
    )
    sub = replace(
        problem,
        unit_ids=tuple(problem.unit_ids[u] for u in units),
        start=start.astype(np.int64),
        rep=problem.rep[kept],
        cost=problem.cost[:, kept],
        demand=problem.demand[:, kept],
        rows=rows,
        splits=(),
        apart=(),
    )
    return sub, units, kept


def _rest(
    problem: Problem, row: Row, fixed: Arcs, inside: NDArray[np.bool_]
) -> Row | None:
    """The row with what the fixed units take already deducted."""
    if not inside[row.reps].any():
        return None
    counts = problem.in_set(row)[problem.rep[fixed]]
    load = int(problem.demand[row.measure, fixed][counts].sum())
    high = None if row.high is None else row.high - load
    return replace(row, low=row.low - load, high=high)
