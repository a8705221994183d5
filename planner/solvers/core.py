"""
The problem on its promising arcs, in a solver of mixed-integer models.

A plan that uses arc a costs at least ``value + reduced[a]``. Where that is not below
the cost of a plan in hand, no better plan has the arc: it can be left out, and what is
proven about the rest is proven about the whole. Where too many arcs remain, the
dearest of them are left out without such a proof; then a better plan may be found,
and nothing is proven.

Measured from a plan of the search, one thread, 12 s (HiGHS on e20400: 10 s), one run
each, reduced costs of the knapsack dual, gap to the best known value (all arcs left;
3 per unit):

========  =========  ==============  =======  ================
instance  arcs/unit  before          HiGHS    CP-SAT
========  =========  ==============  =======  ================
e20400    6          0.042 %         0.002;   0.042; 0.042 %
                                     0.036 %
e801600   39         0.037 %         0.037;   0.037; 0.037 %
                                     0.024 %
e40400    18         0.090 %         none     none
c401600   4          0.012 %         none     none
========  =========  ==============  =======  ================

Neither raised the bound of the knapsacks in that time.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from planner.problem import Problem, evaluate
from planner.solvers.exact import ExactOutcome, solve_exact
from planner.solvers.highs import solve_highs
from planner.solvers.restrict import Restricted, restrict
from planner.solvers.result import Watch

Arcs = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

SAFETY = 1e-6
"""Reduced costs are floats: an arc stays unless it is out by more than this."""
SOLVERS = {"highs": solve_highs, "cp-sat": solve_exact}


def better_arcs(problem: Problem, reduced: Floats, value: float, cost: float) -> Bools:
    """
    Arcs that a plan below `cost` may use, shape (arcs,).

    Parameters
    ----------
    reduced, value
        Every plan with arc a costs at least ``value + reduced[a]``.
    """
    return np.asarray(value + reduced <= cost - 1 + SAFETY * max(1.0, abs(cost) * 1e-6))


def solve_core(
    problem: Problem,
    reduced: Floats,
    value: float,
    incumbent: Arcs,
    watch: Watch,
    *,
    solver: str = "highs",
    arcs_at_most: int | None = None,
    gap: float = 0.0,
    seed: int = 1,
    threads: int = 2,
) -> ExactOutcome:
    """
    Look for a better plan among the arcs that one may use; prove that there is none.

    Parameters
    ----------
    reduced, value
        Every plan with arc a costs at least ``value + reduced[a]``, over all arcs that
        exist: of a `KnapsackDual`; or of a `Dual`, ``certificate.bound - 2`` as the
        value, by what rounding may have added.
    incumbent
        Feasible arcs of the plan in hand, shape (n,).
    solver
        "highs" or "cp-sat".
    arcs_at_most
        Where more arcs remain, those of least reduced cost: plans, but no proof.

    Returns
    -------
    The best plan (at least the incumbent) and a proven bound: the plan's own cost if
    the search was complete, and never less than `value`, rounded up.
    """
    cost = evaluate(problem, incumbent).cost
    proven = math.ceil(value - SAFETY * max(1.0, abs(value) * 1e-6))
    kept = better_arcs(problem, reduced, value, cost)
    lost = np.logical_or.reduceat(kept, problem.start[:-1])
    if not lost.all():  # some unit has no arc in any better plan
        return ExactOutcome(incumbent, cost, False)
    complete = arcs_at_most is None or int(kept.sum()) <= arcs_at_most
    if not complete:
        kept &= _least(reduced, arcs_at_most or 0)
    kept[incumbent] = True
    outcome, offset = _solve(
        problem, restrict(problem, kept), incumbent, watch, solver, gap, seed, threads
    )
    best = incumbent
    if outcome.arcs is not None and evaluate(problem, outcome.arcs).cost < cost:
        best, cost = outcome.arcs, evaluate(problem, outcome.arcs).cost
    if complete and math.isfinite(outcome.bound):
        proven = max(proven, min(cost, int(outcome.bound) + offset))
    return ExactOutcome(best, proven, False)


def _least(reduced: Floats, count: int) -> Bools:
    """Whether each arc is among so many of least reduced cost."""
    limit = np.partition(reduced, count)[count]
    return np.asarray(reduced < limit)


def _solve(
    problem: Problem,
    restricted: Restricted,
    incumbent: Arcs,
    watch: Watch,
    solver: str,
    gap: float,
    seed: int,
    threads: int,
) -> tuple[ExactOutcome, int]:
    """Solve the rest from the incumbent; also the cost of what is decided."""
    hint = restricted.part(incumbent)
    offset = evaluate(problem, incumbent).cost - evaluate(restricted.problem, hint).cost
    inner = Watch(watch.left, watch.interrupted)
    outcome = SOLVERS[solver](
        restricted.problem, inner, hint=hint, gap=gap, seed=seed, threads=threads
    )
    if outcome.arcs is None:
        return outcome, offset
    arcs = restricted.whole(outcome.arcs)
    return ExactOutcome(arcs, outcome.bound, outcome.infeasible), offset
