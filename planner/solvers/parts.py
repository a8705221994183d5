"""
Large-neighbourhood search: a few reps at a time, solved to the end.

The units of some reps that compete for units are asked again, all others stay; a
solver of mixed-integer models finds the best way to share them among these reps
(Ropke and Pisinger 2006, doi:10.1287/trsc.1050.0135, for the idea). The number of
reps follows what can be solved in the time given to a part.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from planner.problem import Problem, evaluate
from planner.solvers.core import SOLVERS, better_arcs
from planner.solvers.restrict import restrict
from planner.solvers.result import Watch

Arcs = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

ARCS_PER_UNIT = 12
"""Arcs per unit that a part looks at: those of least reduced cost."""
PART_SECONDS = 2.0
"""Time for a part."""
FIRST_REPS = 6
"""Reps of the first parts."""


@dataclass(frozen=True, eq=False)
class PartsOutcome:
    """The plan, at least as good as before, and how many parts were solved."""

    arcs: Arcs
    parts: int


def solve_parts(
    problem: Problem,
    reduced: Floats,
    value: float,
    incumbent: Arcs,
    watch: Watch,
    *,
    solver: str = "highs",
    parts: int | None = None,
    seed: int = 1,
    threads: int = 2,
) -> PartsOutcome:
    """
    Improve a feasible plan by parts until the time is over.

    Parameters
    ----------
    reduced, value
        Every plan with arc a costs at least ``value + reduced[a]``, shape (arcs,).
    incumbent
        Feasible arcs of the plan in hand, shape (n,).
    solver
        "highs" or "cp-sat".
    parts
        Rounds at most.

    Notes
    -----
    With rows of one rep each and no sets, two parts without a common rep are solved
    at a time, one per thread. Reproducible only if every part is solved to the end.
    """
    cost = evaluate(problem, incumbent).cost
    kept = better_arcs(problem, reduced, value, cost)
    kept &= _rank(problem, reduced) < ARCS_PER_UNIT
    kept[incumbent] = True
    small = restrict(problem, kept)
    if not len(small.units):
        return PartsOutcome(incumbent, 0)
    run = _Parts(small.problem, reduced[small.arcs], small.part(incumbent), seed)
    at_once = threads if _only_single_reps(problem) else 1
    done = 0
    with ThreadPoolExecutor(at_once) as pool:
        while watch.left > 0.2 and (parts is None or done < parts):
            found = run.round(pool, at_once, watch, solver, threads // at_once)
            done += found
            if not found:
                break
            watch.report("parts", cost - run.gained)
    return PartsOutcome(small.whole(run.plan), done)


def _rank(problem: Problem, reduced: Floats) -> NDArray[np.int64]:
    """Place of each arc among those of its unit by reduced cost, shape (arcs,)."""
    order = np.lexsort((reduced, problem.unit))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order)) - problem.start[problem.unit]
    return rank


def _only_single_reps(problem: Problem) -> bool:
    rows = all(len(row.reps) == 1 for row in problem.rows)
    return rows and not problem.splits and not problem.apart


class _Parts:
    """The plan as it improves, and which reps are asked next."""

    def __init__(
        self, problem: Problem, reduced: Floats, plan: Arcs, seed: int
    ) -> None:
        self.problem, self.reduced, self.plan = problem, reduced, plan
        self.rng = np.random.default_rng(seed)
        self.size, self.gained = float(FIRST_REPS), 0
        self.seed = seed
        wants = csr_array(
            (
                1 / (1 + reduced / max(1e-9, np.median(reduced))),
                problem.rep,
                problem.start,
            ),
            shape=(problem.n, problem.m + 1),
        )
        self.shared = (wants.T @ wants).toarray()[: problem.m, : problem.m]
        self.asked = np.zeros(problem.m)

    def round(
        self,
        pool: ThreadPoolExecutor,
        at_once: int,
        watch: Watch,
        solver: str,
        each: int,
    ) -> int:
        """Solve some parts side by side; return how many."""
        free = np.ones(self.problem.m, dtype=bool)
        sets = [self._reps(free) for _ in range(at_once)]
        seconds = min(PART_SECONDS, watch.left)
        found = list(
            pool.map(
                lambda reps: self._part(reps, seconds, watch, solver, each),
                [reps for reps in sets if len(reps) > 1],
            )
        )
        for units, arcs, gain in found:
            self.plan[units] = arcs
            self.gained += gain
        return len(found)

    def _reps(self, free: Bools) -> NDArray[np.intp]:
        """Choose a rep that costs much or was asked seldom, and its competitors."""
        if not free.any():
            return np.zeros(0, dtype=np.intp)
        rep = self.problem.rep[self.plan]
        excess = np.bincount(rep, self.reduced[self.plan], self.problem.m + 1)[:-1]
        liking = self.rng.random(self.problem.m) / (1 + self.asked)
        liking *= 1 + excess / max(1e-9, excess.mean())
        first = int(np.where(free, liking, -1).argmax())
        near = self.shared[first] * self.rng.uniform(0.3, 1, self.problem.m)
        near = np.where(free, near, -1.0)
        near[first] = np.inf
        most = min(round(self.size), int(free.sum()))
        reps = np.argsort(-near)[:most]
        reps = reps[near[reps] > 0]
        self.asked[reps] += 1
        free[reps] = False
        return reps

    def _part(
        self,
        reps: NDArray[np.intp],
        seconds: float,
        watch: Watch,
        solver: str,
        threads: int,
    ) -> tuple[NDArray[np.int64], Arcs, int]:
        """Share the units of some reps among them: units, their arcs, what it saves."""
        problem, plan = self.problem, self.plan
        inside = np.zeros(problem.m + 1, dtype=bool)
        inside[reps] = True
        inside[problem.nobody] = True
        asked = inside[problem.rep[plan]]
        kept = asked[problem.unit] & inside[problem.rep]
        kept[plan] = True
        part = restrict(problem, kept)
        if not len(part.units):
            return part.units, plan[part.units], 0
        hint = part.part(plan)
        began = watch.seconds
        outcome = SOLVERS[solver](
            part.problem,
            Watch(seconds, watch.interrupted),
            hint=hint,
            seed=self.seed,
            threads=threads,
        )
        before = evaluate(part.problem, hint).cost
        quick = watch.seconds - began < 0.3 * seconds
        if outcome.bound >= before or quick:
            self.size *= 1.1 if quick else 1.0
        elif watch.seconds - began > 0.9 * seconds:
            self.size = max(2.0, self.size * 0.93)
        if outcome.arcs is None:
            return part.units, plan[part.units], 0
        gain = before - evaluate(part.problem, outcome.arcs).cost
        if gain < 0:
            return part.units, plan[part.units], 0
        return part.units, part.arcs[outcome.arcs], gain
