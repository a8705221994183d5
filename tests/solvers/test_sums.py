"""Sums that prove that no plan exists, before anything is solved."""

from __future__ import annotations

import pytest
from small import REPS, compiled

from planner.scenario.model import Solve
from planner.solvers import solve
from planner.solvers.result import Status
from planner.solvers.sums import Shortfall, shortfalls

CAPS = 'limits = [{measure = "hours", high = "capacity"}]'
TWELVE = REPS.replace(",30\n", ",12\n")


def test_caps_and_low_ends_are_added_up() -> None:
    """Three accounts of 10 hours; r1 has 10, r2 has 12; two need 16 each."""
    short = compiled(CAPS, reps=TWELVE).problem
    assert list(shortfalls(short)) == [Shortfall("limits[0]", 0, 22, 30, True)]
    spare = compiled('limits = [{measure = "hours", low = 16}]').problem
    assert list(shortfalls(spare)) == [Shortfall("limits[0]", 0, 32, 30, False)]
    assert not list(shortfalls(compiled(CAPS).problem))


def test_a_solve_ends_before_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = compiled(CAPS, reps=TWELVE).problem

    def no_prices(*given: object, **named: object) -> None:
        raise AssertionError("prices were sought")

    monkeypatch.setattr(solve, "solve_dual", no_prices)
    found = solve.solve_problem(problem, Solve(time_limit=20))
    assert found.status is Status.INFEASIBLE
