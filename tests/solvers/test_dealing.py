"""What is left below the caps while units are dealt, moved and taken back."""

from __future__ import annotations

import numpy as np
import pytest
from instances import random_question
from small import compiled

from planner.compile import compile_problem
from planner.problem import evaluate
from planner.solvers.dealing import NOBODY, Rooms, place
from planner.tables import load_tables


@pytest.mark.parametrize("seed", range(25))
def test_what_fits_keeps_every_cap(seed: int) -> None:
    """
    Bookkeeping by differences equals counting from nothing.

    Random units take, leave and move; after each step an arc fits exactly if the plan
    with it breaks no high of a limit or budget, and no apart set.
    """
    scenario, frames = random_question(seed)
    problem = compile_problem(load_tables(scenario, ".", **frames), scenario).problem
    rooms, rng = Rooms(problem), np.random.default_rng(seed)
    for _step in range(40):
        unit = int(rng.integers(problem.n))
        begin, end = problem.start[unit], problem.start[unit + 1]
        fits = rooms.fitting(unit)
        present = rooms.release(unit)
        for at in range(begin, end):
            assert fits[at - begin] == (at == present or _keeps(rooms, unit, at))
        if fits.any() and rng.random() < 0.8:
            rooms.take(unit, int(begin + rng.choice(np.flatnonzero(fits))))


def _keeps(rooms: Rooms, unit: int, arc: int) -> bool:
    """Count loads and rivals again, with one more unit placed."""
    problem, arc_of = rooms.problem, rooms.arc_of.copy()
    arc_of[unit] = arc
    arcs = arc_of[arc_of != NOBODY]
    for row in problem.rows:
        load = problem.demand[row.measure, arcs][np.isin(problem.rep[arcs], row.reps)]
        seen = row.high is not None and not row.id.startswith("balance")
        if seen and load.sum() > row.high:
            return False
    for units in problem.apart:
        reps = problem.rep[arc_of[units]][arc_of[units] != NOBODY]
        reps = reps[reps != problem.nobody]
        if len(reps) != len(set(reps.tolist())):
            return False
    return True


def test_a_copy_goes_its_own_way() -> None:
    """All rule-keeping ways start from one state; none may change it for the next."""
    problem = compiled('limits = [{measure = "hours", high = "capacity"}]').problem
    rooms = Rooms(problem)
    other = rooms.copy()
    assert place(other, range(3), np.zeros(len(problem.rep))) == []
    assert (rooms.arc_of == NOBODY).all()
    assert rooms.free[0, :-1].tolist() == [10, 30]
    assert other.free[0, :-1].tolist() == [0, 10]
    assert evaluate(problem, other.arc_of).feasible
