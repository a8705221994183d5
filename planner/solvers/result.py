"""What every solver returns: a status, a plan, a proven bound."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from planner.problem import Problem


class Status(StrEnum):
    """How a solve ended; read it before the plan."""

    OPTIMAL = "optimal"
    """Proven: cost equals bound."""
    FEASIBLE = "feasible"
    """A plan in hand, not proven to be the best."""
    INFEASIBLE = "infeasible"
    """Proven: no plan exists."""
    NO_PLAN_FOUND = "no plan found"
    """Stopped with nothing in hand and nothing proven."""


def gap_of(cost: float, bound: float) -> float:
    """Return the proven gap (cost - bound) / max(|cost|, 1); inf without both."""
    if cost == bound:
        return 0.0
    if not (math.isfinite(cost) and math.isfinite(bound)):
        return math.inf
    return (cost - bound) / max(abs(cost), 1)


@dataclass(frozen=True, eq=False)
class Prices:
    """
    A dual solution, in integers so that anyone can re-check the bound.

    Attributes
    ----------
    numerators
        Row id -> price of one step of load, times `scale`; rows at 0 are left out.
        Positive: load is dear, negative: load is wanted.
    scale
        Common denominator of the prices.
    bound
        Lower limit on the cost of every plan, by these prices alone.
    dropped
        Terms and rules that the bound does not use (it is valid without them).
    knapsacks
        Rows of one rep each that the bound keeps whole: hard caps, of which only a low
        end is priced, and priced bands. Empty: a bound by row prices alone.
    units
        With knapsacks: price of each unit, times `scale`, length n.
    """

    numerators: dict[str, int]
    scale: int
    bound: int
    dropped: tuple[str, ...] = ()
    knapsacks: tuple[str, ...] = ()
    units: tuple[int, ...] = ()


class Progress(NamedTuple):
    """A moment of a solve: seconds, incumbent cost (inf: none), bound, activity."""

    seconds: float
    cost: float
    bound: float
    phase: str

    @property
    def gap(self) -> float:
        """Proven gap at this moment."""
        return gap_of(self.cost, self.bound)


@dataclass(frozen=True, eq=False)
class Result:
    """
    The outcome of a solve.

    Attributes
    ----------
    status
        See `Status`; the other fields depend on it.
    problem
        The question whose arcs are meant: the one given, or that with more of its
        eligible arcs, where only some were held.
    arcs
        Arc chosen for each unit, shape (n,); None without a plan.
    cost, bound
        In steps of the problem's cost scale; inf and 0 where there is none.
    prices
        The dual solution behind the bound.
    row_prices
        Prices on the rows alone, from which a later solve can start.
    bound_by
        "dual" (re-checkable from the prices), "solver" (rests on the search of the
        solver), or "trivial" (costs are never negative).
    reasons
        Without a plan: what stands in the way, in words.
    """

    status: Status
    problem: Problem
    arcs: NDArray[np.int64] | None
    cost: float
    bound: float
    bound_by: str
    prices: Prices
    row_prices: Prices
    method: str
    why: str
    seed: int
    seconds: float
    stopped_by: str
    iterations: int = 0
    trace: tuple[Progress, ...] = ()
    reasons: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        """Proven gap, a fraction."""
        return gap_of(self.cost, self.bound)


@dataclass
class Watch:
    """
    Time, interruption and progress of one solve, shared by its phases.

    Attributes
    ----------
    time_limit
        Seconds from now on.
    interrupted
        Asked often; True ends the solve with the best plan so far.
    tell
        Receives each `Progress`.
    """

    time_limit: float
    interrupted: Callable[[], bool] = lambda: False
    tell: Callable[[Progress], None] = lambda progress: None
    cost: float = math.inf
    bound: float = 0.0
    trace: list[Progress] = field(default_factory=list)
    began: float = field(default_factory=time.perf_counter)

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.perf_counter() - self.began

    @property
    def left(self) -> float:
        """Seconds until the limit; 0 when interrupted."""
        if self.interrupted():
            return 0.0
        return max(0.0, self.time_limit - self.seconds)

    def part(self, share: float) -> Watch:
        """Return a watch for a share of the time left, which begins when this did."""
        return Watch(
            self.seconds + self.left * share,
            self.interrupted,
            self.tell,
            cost=self.cost,
            bound=self.bound,
            began=self.began,
        )

    def at_most(self, seconds: float) -> Watch:
        """Return a watch for so many seconds of the time left."""
        return self.part(min(1.0, seconds / max(self.left, 1e-9)))

    def report(
        self, phase: str, cost: float | None = None, bound: float | None = None
    ) -> None:
        """Take in a better cost or bound and pass the moment on."""
        self.cost = min(self.cost, math.inf if cost is None else cost)
        self.bound = max(self.bound, 0.0 if bound is None else bound)
        moment = Progress(self.seconds, self.cost, self.bound, phase)
        if not self.trace or moment[1:] != self.trace[-1][1:]:
            self.trace.append(moment)
        self.tell(moment)
