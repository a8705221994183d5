"""Sums over all reps that prove that no plan exists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from planner.problem import Problem, Row


class Shortfall(NamedTuple):
    """
    A rule whose ends add up to less, or to more, than there is.

    Attributes
    ----------
    rule
        Where it stands in the scenario.
    measure
        Index of the measure.
    ends, load
        Sum of its ends, and the least load (of high ends) or the most (of low ends),
        in steps.
    high
        Whether its high ends are meant.
    """

    rule: str
    measure: int
    ends: int
    load: int
    high: bool


def shortfalls(problem: Problem) -> Iterator[Shortfall]:
    """Yield least loads above all high ends, and most loads below all low ends."""
    if (np.diff(problem.start) == 0).any() or not len(problem.rep):
        return
    first = problem.start[:-1]
    for measure in range(len(problem.measures)):
        least = int(np.minimum.reduceat(problem.demand[measure], first).sum())
        most = int(np.maximum.reduceat(problem.demand[measure], first).sum())
        for rule, rows in _by_rule(problem, measure).items():
            covered = np.concatenate([row.reps for row in rows])
            highs = [row.high for row in rows if row.high is not None]
            everyone = len(np.setdiff1d(np.arange(problem.m), covered)) == 0
            if everyone and len(highs) == len(rows) and least > sum(highs):
                yield Shortfall(rule, measure, sum(highs), least, True)
            low = sum(row.low for row in rows)
            if low > most:
                yield Shortfall(rule, measure, low, most, False)


def proves_that_none_fits(problem: Problem) -> bool:
    """Whether sums alone prove that a problem, with all its arcs in it, has no plan."""
    if problem.source is not None or problem.opening is not None:
        return False
    return next(shortfalls(problem), None) is not None


def _by_rule(problem: Problem, measure: int) -> dict[str, list[Row]]:
    """Hard rows of a measure by the rule of the scenario that they come from."""
    found: dict[str, list[Row]] = {}
    for row in problem.rows:
        if row.price is None and row.measure == measure:
            found.setdefault(row.id.split("/")[0], []).append(row)
    return found
