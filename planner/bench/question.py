"""What a benchmark asks, what a solver says, and what a count of it comes to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from planner.bench.instance_file import BestKnown
from planner.solvers.result import Status, Watch

ROUNDING = 1e-6
"""
Relative difference of two sums of the same real numbers that is put down to rounding,
and the tolerance of solvers that work with floats.
"""

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Answer:
    """
    What a solver says of a question.

    Attributes
    ----------
    status, method
        How it ended, and how it went about it.
    label
        Rep, territory or site of each unit, shape (n,); None without a plan.
    cost, bound
        As the question counts; inf and 0 where there is none.
    """

    status: str
    method: str
    label: NDArray[np.integer] | None
    cost: float
    bound: float


class Count(NamedTuple):
    """
    A solution counted again, from the numbers of its instance alone.

    Attributes
    ----------
    value
        Objective.
    breaks
        What the solution breaks, each in a few words; a status, so always English.
    """

    value: float
    breaks: tuple[str, ...] = ()


class Instance(Protocol):
    """A published instance with one objective."""

    @property
    def name(self) -> str:
        """Name of its results and of its solution file."""

    @property
    def kind(self) -> str:
        """What the summary puts together: the type or size of the instance."""

    @property
    def best(self) -> BestKnown:
        """Published value and bound."""

    @property
    def units(self) -> int:
        """Number of units."""

    @property
    def reps(self) -> int:
        """Number of reps, territories or sites to open."""

    @property
    def whole(self) -> bool:
        """Whether every cost is a whole number."""

    def ask(self, solver: str, watch: Watch, *, seed: int, threads: int) -> Answer:
        """Return what a solver says, labels as the solution file wants them."""

    def recount(self, label: NDArray[np.intp]) -> Count:
        """Count a solution again; any labels at all are counted or named as wrong."""


def settled(
    method: str,
    label: NDArray[np.integer] | None,
    cost: float,
    bound: float,
    *,
    infeasible: bool = False,
    whole: bool = False,
) -> Answer:
    """
    Put a solver's outcome in one form.

    Parameters
    ----------
    cost, bound
        inf and -inf where there is none.
    infeasible
        Proven: there is no plan.
    whole
        Costs are whole, so a bound may be rounded up.
    """
    if infeasible:
        return Answer(str(Status.INFEASIBLE), method, None, math.inf, 0.0)
    bound = max(0.0, bound)
    if whole and math.isfinite(bound):
        bound = float(math.ceil(bound - ROUNDING))
    if label is None:
        return Answer(str(Status.NO_PLAN_FOUND), method, None, math.inf, bound)
    proven = not above(cost, bound)
    status = str(Status.OPTIMAL if proven else Status.FEASIBLE)
    return Answer(status, method, label, cost, bound)


def above(high: float, low: float) -> bool:
    """Whether one cost or bound is above another by more than rounding."""
    if float(high).is_integer() and float(low).is_integer():
        return high > low
    return high > low + ROUNDING * max(1.0, abs(low))
