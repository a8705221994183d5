"""Many solves, and a second turn for what is not proven, in the time others left."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner.solution import Solution
from planner.solvers.result import Status
from planner.whatif.run import Run
from planner.whatif.shelf import Kept, Shelf
from planner.words import _

PROVEN = 0.01
"""What is proven to this needs no second turn."""
LEAST_SECONDS = 1.0
"""A shorter turn is not begun."""


@dataclass(frozen=True, eq=False)
class Question:
    """
    One of many questions.

    Attributes
    ----------
    name, fingerprint
        Of its answer on the shelf.
    seconds
        Time for it; what it does not need, another may have.
    solve
        Solves it in so many seconds, from a plan folder or from nothing (None).
    row
        Figures of a solution, to be kept beside it.
    """

    name: str
    fingerprint: str
    seconds: float
    solve: Callable[[float, Path | None], Solution]
    row: Callable[[Solution], dict[str, Any]]


class Turns:
    """Asks questions one by one, and in the end some of them again."""

    def __init__(self, shelf: Shelf, run: Run) -> None:
        self.shelf, self.run = shelf, run
        self.saved = 0.0
        self._open: list[tuple[float, Question, Path | None]] = []

    def ask(self, question: Question, start: Path | None) -> Kept:
        """Solve, and keep the answer."""
        self.saved += question.seconds
        solution = self._solved(question, question.seconds, start)
        kept = self._keep(question, solution)
        if (gap := _gap(solution)) > PROVEN:
            self._open.append((gap, question, kept.folder if start is None else None))
        return kept

    def again(self) -> Iterator[Kept]:
        """
        Give what is not proven another turn, the worst first, in the time saved.

        What began from a neighbour's plan now begins from nothing, because that may
        have led it astray; what began from nothing, from its own plan.

        Yields
        ------
        Answers that are better than those before.
        """
        for before, question, start in sorted(self._open, key=_gap_first):
            seconds = min(question.seconds, self.saved)
            if seconds < LEAST_SECONDS or self.run.interrupted():
                return
            self.run.told(
                _("{name} is not proven to {gap:.0%}: once more").format(
                    name=question.name, gap=PROVEN
                )
            )
            solution = self._solved(question, seconds, start)
            if _gap(solution) < before:
                yield self._keep(question, solution)

    def _solved(
        self, question: Question, seconds: float, start: Path | None
    ) -> Solution:
        began = time.perf_counter()
        solution = question.solve(seconds, start)
        self.saved -= time.perf_counter() - began
        return solution

    def _keep(self, question: Question, solution: Solution) -> Kept:
        row = question.row(solution)
        return self.run.keep(
            self.shelf, question.name, question.fingerprint, solution, row
        )


def _gap(solution: Solution) -> float:
    """Proven gap; none where it is proven that there is no plan."""
    if solution.status is Status.INFEASIBLE:
        return 0.0
    return solution.gap if solution.plan is not None else math.inf


def _gap_first(one: tuple[float, Question, Path | None]) -> float:
    return -one[0]
