"""What the canonical question refuses, and how a plan is counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from problems import NO, each_rep, problem_of

from planner.errors import PlannerError
from planner.problem import Problem, Row, Split, evaluate


@pytest.fixture
def problem() -> Problem:
    """
    Three units, two reps; only u1 may be left out, at 9.

    hours 3, 4, 5; band of each rep 4..6 at 10 a step; at most 11 hours in all;
    u0, u1, u2 want one rep (7 for each beyond the first); u0 and u1 are rivals.
    """
    rows = (
        *each_rep(2, low=4, high=6, price=10, name="balance[0]"),
        Row("limits[0]/all", 0, np.array([0, 1]), 0, 11, None),
    )
    return problem_of(
        [[1, 5, NO], [2, 2, 9], [4, 1, NO]],
        2,
        demand={"hours": [3, 4, 5]},
        rows=rows,
        splits=(Split("together[0]", np.arange(3), np.arange(2), 7),),
        apart=(np.array([0, 1]),),
    )


def test_over_the_band_split_and_rivals(problem: Problem) -> None:
    """R0 has 3 + 4 = 7 hours, one too many; 12 in all; the rivals meet at R0."""
    found = evaluate(problem, problem.arcs_of(np.array([0, 0, 1])))
    assert found.terms == {"travel": 1 + 2 + 1, "balance[0]": 10, "together[0]": 7}
    assert found.loads == {"balance[0]/R0": 7, "balance[0]/R1": 5, "limits[0]/all": 12}
    assert found.breaches == {"limits[0]/all": 1, "apart set 0": 1}
    assert found.cost == 21
    assert not found.feasible


def test_under_the_band_and_nobody(problem: Problem) -> None:
    """Who is left out takes no hours, has no label, and has no rival."""
    found = evaluate(problem, problem.arcs_of(np.array([0, 2, 1])))
    assert found.terms == {"travel": 1 + 9 + 1, "balance[0]": 10, "together[0]": 7}
    assert found.loads["balance[0]/R0"] == 3
    assert found.feasible


def test_all_with_one_rep(problem: Problem) -> None:
    """One label is free; the idle rep is 4 below its band, the busy one 6 above."""
    alone = replace(problem, apart=(), rows=problem.rows[:2])
    found = evaluate(alone, alone.arcs_of(np.array([0, 0, 0])))
    assert found.terms == {"travel": 7, "balance[0]": 10 * (6 + 4), "together[0]": 0}


def test_labels_of_reps_join_teams(problem: Problem) -> None:
    """Two reps of one team count as one label."""
    team = Split("together[0]", np.arange(3), np.zeros(2, dtype=np.intp), 7)
    joined = replace(problem, splits=(team,))
    found = evaluate(joined, joined.arcs_of(np.array([0, 1, 1])))
    assert found.terms["together[0]"] == 0


def test_rivals_left_out_together_are_no_breach(problem: Problem) -> None:
    """Nobody is not a rep who could let a secret slip."""
    both = problem_of([[1, 9], [1, 9]], 1, apart=(np.array([0, 1]),))
    assert evaluate(both, both.arcs_of(np.array([1, 1]))).feasible
    assert evaluate(both, both.arcs_of(np.array([0, 0]))).breaches == {"apart set 0": 1}


def test_hard_row_below_its_low(problem: Problem) -> None:
    """The breach is the missing amount."""
    hungry = replace(problem, rows=each_rep(2, low=[0, 9]))
    found = evaluate(hungry, hungry.arcs_of(np.array([0, 0, 1])))
    assert found.breaches["limits[0]/R1"] == 4


def test_a_budget_counts_nobody() -> None:
    """Leaving an account out changes its owner, so a budget on moves sees it."""
    problem = problem_of([[0, 5]], 1, demand={"moved": [0]})
    problem = replace(
        problem,
        demand=np.array([[0, 1]]),
        rows=(Row("budgets[0]", 0, np.array([0, 1]), 0, 0, None),),
    )
    assert evaluate(problem, np.array([1])).breaches == {"budgets[0]": 1}


def test_arcs_of_finds_each_arc(problem: Problem) -> None:
    """Arcs in order: u0 R0 R1, u1 R0 R1 nobody, u2 R0 R1."""
    assert problem.arcs_of(np.array([1, 2, 0])).tolist() == [1, 4, 5]


def test_arcs_of_names_units_with_a_forbidden_rep(problem: Problem) -> None:
    """Only u1 may be left out."""
    with pytest.raises(PlannerError, match=r"not eligible for these units: u0, u2"):
        problem.arcs_of(np.array([2, 2, 2]))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"start": np.zeros(3, np.int64)}, r"start has shape \(3,\), not \(4,\)"),
        ({"cost": np.zeros((2, 7), np.int64)}, r"cost has shape \(2, 7\), not \(1, 7"),
        ({"demand": np.zeros((1, 6), np.int64)}, r"demand has shape \(1, 6\), not"),
        ({"cost": np.full((1, 7), -1)}, "cost must hold int64 .*>= 0"),
        ({"demand": np.full((1, 7), -1)}, "demand must hold int64 .*>= 0"),
        ({"cost": np.zeros((1, 7))}, "cost must hold int64 .*>= 0"),
        ({"cost": np.full((1, 7), 2**52)}, r"cost of a plan could reach .* \(2\^53\)"),
        (
            {"demand": np.full((1, 7), 2**52), "rows": ()},
            r"demand of a plan .*Use larger units",
        ),
    ],
)
def test_refuses(problem: Problem, change: dict[str, Any], words: str) -> None:
    """A sum that is no longer exact would make every proof a guess."""
    with pytest.raises(PlannerError, match=words):
        replace(problem, **change)


def test_price_of_a_band_counts_towards_the_largest_total(problem: Problem) -> None:
    """12 hours x 2^50 is beyond 2^53 although every pair is cheap."""
    with pytest.raises(PlannerError, match="cost of a plan could reach"):
        replace(problem, rows=each_rep(2, high=6, price=2**50))


def test_price_of_a_split_counts_towards_the_largest_total(problem: Problem) -> None:
    """Three units may need two labels beyond the first."""
    dear = Split("together[0]", np.arange(3), np.arange(2), 2**52 + 1)
    with pytest.raises(PlannerError, match="cost of a plan could reach"):
        replace(problem, splits=(dear,))


def test_empty_rows_and_measures_are_fine() -> None:
    """The smallest question: one unit, one rep, no rule."""
    problem = problem_of([[4]], 1)
    assert evaluate(problem, np.array([0])).cost == 4
    assert (problem.n, problem.m, problem.nobody) == (1, 1, 1)
