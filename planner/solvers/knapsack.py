"""
Prices on the units: a bound from a knapsack per rep, stronger than the linear one.

A rep may earn lambda_u with unit u and chooses freely within its cap. Then

    L = sum_u lambda_u + sum_r min {(c + y d - lambda) x + P(v x) : w x <= cap}
        - constants of y

is a lower limit on the cost of every plan, whatever the prices (Fisher, Jaikumar and
Van Wassenhove 1986, doi:10.1287/mnsc.32.9.1095). P is what a priced band on the
rep's own load costs; every other row keeps its price y as in `dual`. Where a rep has
few units, neither cap nor band can be filled with fractions of a unit, and this bound
is above the linear one.

The prices start from the rows' prices, where L is at least the bound of `dual`, and
rise by deflected subgradients. Steps are exact integers; where a band makes a
rep's question hard, a step takes a limit of the answer, and the bound that is told
prices that band if even `LAST_EFFORT` does not answer it.

Bounds short of the best bound known, one thread (row prices alone; with knapsacks):

==========  ======  =========  =======
instance    rows    knapsacks  seconds
==========  ======  =========  =======
c20400      0.15 %  0.021 %    0.3
c401600     0.03 %  0.006 %    0.7
d20400      0.04 %  0.008 %    0.8
d801600     0.00 %  0.000 %    3.6
e20400      0.03 %  0.002 %    0.3
e40400      0.08 %  0.009 %    0.7
e801600     0.02 %  0.001 %    4.5
==========  ======  =========  =======

1,000 accounts x 20 reps, priced value bands, above the row prices, one thread: 0.040 %
with the bands priced (1 s), 0.134 % with them kept whole (4 s, best plan known 0.19 %
above). Without halves 0.06 %, and 0.01 % from the best arcs' costs, where each unit is
worth nothing to its rep. 100 halves a step instead of 30: 0.124 against 0.128 %.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.problem import Problem
from planner.solvers.ascent import Ascent
from planner.solvers.dual import Dual
from planner.solvers.relaxed import Relaxed, caps_of
from planner.solvers.result import Prices, Watch
from planner.solvers.rows import LinearRows

Floats = NDArray[np.float64]

UNITS_PER_REP = 60
"""Above this mean number of units per rep the linear bound is as good."""
ARCS = 1_000_000
"""Above this many arcs a step takes too long."""


@dataclass(frozen=True, eq=False)
class KnapsackDual:
    """
    A bound by prices on the units.

    Attributes
    ----------
    certificate
        Row and unit prices, the rows that are knapsacks, and the bound.
    reduced
        How much the bound rises at least when a plan must use the arc, shape (arcs,):
        a plan with the arc costs at least ``value + reduced``.
    value
        The bound before it is rounded up.
    iterations
        Steps made.
    """

    certificate: Prices
    reduced: Floats
    value: float
    iterations: int


def knapsack_pays(problem: Problem, rows: LinearRows) -> bool:
    """Whether unit prices may lift the bound enough to be worth their time."""
    return (
        problem.n <= UNITS_PER_REP * problem.m
        and len(problem.rep) <= ARCS
        and problem.source is None
        and bool((caps_of(problem, rows, np.zeros(len(rows.ids))) >= 0).any())
    )


def solve_knapsack_dual(
    problem: Problem,
    rows: LinearRows,
    dual: Dual,
    watch: Watch,
    *,
    cost: float = math.inf,
    time_share: float = 1.0,
    iterations: int | None = None,
    threads: int = 2,
) -> KnapsackDual:
    """
    Raise the bound of the row prices by prices on the units.

    Parameters
    ----------
    problem, rows, dual
        Every unit must have an arc; the prices of `dual` are the start.
    cost
        Cost of the best plan known, the target of the steps.
    time_share
        Share of the time left that may be used.
    iterations
        Steps at most, for a reproducible run.
    """
    ends = watch.seconds + watch.left * time_share
    relaxed = Relaxed(problem, rows, dual)
    with ThreadPoolExecutor(threads) as pool:
        ascent = Ascent(relaxed, cost, pool, threads)
        while ascent.goes_on and (iterations is None or ascent.steps < iterations):
            if watch.seconds > ends or watch.left <= 0:
                break
            ascent.step()
            if ascent.steps % 50 == 0:
                watch.report("bound")
        value = relaxed.settle(ascent.best_prices, pool, threads)
        watch.report("bound", bound=relaxed.rounded_up(value))
        reduced = relaxed.reduced(ascent.best_prices)
    return KnapsackDual(
        relaxed.certificate(ascent.best_prices, value),
        reduced,
        value / relaxed.scale,
        ascent.steps,
    )
