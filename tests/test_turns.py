"""Second turns: who gets one, from where, and what is kept of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_files import write_question

import planner
from planner import Solution
from planner.solvers.dual import integer_prices
from planner.solvers.result import Status
from planner.solvers.rows import linear_rows
from planner.whatif.run import Run
from planner.whatif.shelf import Kept, Shelf
from planner.whatif.turns import PROVEN, Question, Turns


@pytest.fixture
def good(tmp_path: Path) -> Solution:
    """Return an optimal solution."""
    rules = '[[balance]]\nmeasure = "value"\nprice = 5\n'
    return planner.solve(write_question(tmp_path / "in", 1, rules=rules))


def halfway(solution: Solution) -> Solution:
    """Return the same plan, with what is proven without any price."""
    problem = solution.compiled.problem
    rows = linear_rows(problem)
    free = integer_prices(problem, rows, np.zeros(len(rows.ids)))
    result = replace(
        solution.result,
        status=Status.FEASIBLE,
        bound=free.bound,
        bound_by="dual",
        prices=free,
        row_prices=free,
    )
    assert result.gap > 2 * PROVEN
    return replace(solution, result=result)


def nothing(solution: Solution) -> Solution:
    """Return a solve that found no plan."""
    result = replace(solution.result, status=Status.NO_PLAN_FOUND, arcs=None)
    return replace(solution, result=result, plan=None)


class Asked:
    """Turns on prepared answers, and what each was asked with."""

    def __init__(self, out: Path) -> None:
        self.turns = Turns(Shelf(out, ()), Run())
        self.calls: list[tuple[str, float, Path | None]] = []

    def ask(
        self,
        name: str,
        *answers: Solution,
        seconds: float = 100.0,
        start: Path | None = None,
    ) -> Kept:
        """Ask a question that is answered so, turn by turn."""
        left = list(answers)

        def solve(seconds: float, start: Path | None) -> Solution:
            self.calls.append((name, seconds, start))
            return left.pop(0)

        question = Question(name, name, seconds, solve, lambda _solution: {})
        return self.turns.ask(question, start)


def test_the_worst_is_asked_again_first(good: Solution, tmp_path: Path) -> None:
    """What has a proof is not; the better answer takes the place of the first."""
    asked, near = Asked(tmp_path / "out"), tmp_path / "near"
    asked.ask("half", halfway(good), good)
    asked.ask("done", good)
    asked.ask("none", nothing(good), halfway(good), start=near)
    assert [kept.name for kept in asked.turns.again()] == ["none", "half"]
    again = [(name, start) for name, _seconds, start in asked.calls[3:]]
    assert again == [("none", None), ("half", tmp_path / "out" / "half")]
    assert planner.verify(tmp_path / "out" / "half").ok
    row = asked.turns.shelf.solved["half"]["row"]
    assert row["gap"] == 0


def test_what_is_no_better_is_thrown_away(good: Solution, tmp_path: Path) -> None:
    """The first answer stays."""
    asked = Asked(tmp_path / "out")
    asked.ask("half", halfway(good), nothing(good))
    assert not list(asked.turns.again())
    assert asked.turns.shelf.solved["half"]["row"]["gap"] > PROVEN
    assert len(asked.calls) == 2


def test_only_saved_time_is_spent(good: Solution, tmp_path: Path) -> None:
    """No time left of the others, no second turn; never more than a first one's."""
    asked = Asked(tmp_path / "out")
    asked.ask("half", halfway(good), good, seconds=0.5)
    assert not list(asked.turns.again())
    asked.ask("done", good, seconds=5.0)
    asked.ask("other", nothing(good), good, seconds=3.0)
    assert [kept.name for kept in asked.turns.again()] == ["other"]
    assert 2.0 < asked.calls[-1][1] <= 3.0
