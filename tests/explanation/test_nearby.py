"""A plan for an override is found where one is near, or far, or proven not to exist."""

from __future__ import annotations

import importlib
import math
from dataclasses import replace

import pandas as pd
import pytest

import planner
from planner.edits import pinned
from planner.explanation.known import Known
from planner.explanation.nearby import nearby_plan
from planner.explanation.override import override_of
from planner.explanation.telling import override_lines
from planner.solution import Solution
from planner.solvers.result import Status, Watch

COUNT = 6
module = importlib.import_module("planner.explanation.override")


def ring(*stays: int) -> Solution:
    """
    Six reps with an account each, which may go to its rep or the next one, no other.

    So one account that moves on moves all. Accounts in `stays` may not.
    """
    ids = [f"a{i}" for i in range(COUNT)]
    reps = [f"R{i}" for i in range(COUNT)]
    pins = [
        {"accounts": [ids[i]], "reps": [reps[i], *([] if i in stays else [after])]}
        for i, after in enumerate([*reps[1:], reps[0]])
    ]
    scenario = planner.Scenario.model_validate(
        {
            "accounts": {"file": "accounts"},
            "reps": {"file": "reps"},
            "pins": pins,
            "limits": [{"measure": "accounts", "high": 1}],
            "handover": {"fixed": 10},
        }
    )
    accounts = pd.DataFrame({"account_id": ids, "owner": reps, "value": 1.0})
    place = {"latitude": 50.0, "longitude": 8.0}
    found = planner.solve(
        scenario,
        accounts=accounts.assign(**place),
        reps=pd.DataFrame({"rep_id": reps}).assign(**place),
        time_limit_s=5,
    )
    assert found.plan is not None
    return found


def test_a_chain_through_more_reps_than_are_near() -> None:
    """Four reps do not suffice, all six do."""
    known = Known(ring())
    scenario = known.solution.scenario.with_pins({"a0": "R1"})
    problem = pinned(known.solution, scenario, {"a0": "R1"}).problem
    found = nearby_plan(known, problem, known.unit("a0"), Watch(20))
    assert found.arcs is not None
    assert problem.rep[found.arcs].tolist() == [1, 2, 3, 4, 5, 0]


def test_where_none_exists_the_sentence_says_so() -> None:
    """One account that may not move on breaks the chain."""
    solution = ring(3)
    known = Known(solution)
    scenario = solution.scenario.with_pins({"a0": "R1"})
    problem = pinned(solution, scenario, {"a0": "R1"}).problem
    assert nearby_plan(known, problem, known.unit("a0"), Watch(20)).impossible
    answer = override_of(known, "a0", "R1", 5.0)
    assert (answer.lower, answer.upper) == (math.inf, math.inf)
    said = override_lines(answer, "R0", "out", "USD")[0]
    assert said == "a0 to R1: no plan keeps every rule with it."


def test_a_search_without_a_plan_is_not_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the reps around can do stands; where they cannot, that is the answer."""

    def blind(*args: object, **more: object) -> Solution:
        found = solved_again(*args, **more)  # type: ignore[arg-type]
        nothing = replace(
            found.result, status=Status.NO_PLAN_FOUND, arcs=None, cost=math.inf
        )
        return replace(found, result=nothing, plan=None)

    solved_again = module.solved_again
    monkeypatch.setattr(module, "solved_again", blind)
    monkeypatch.setattr(module, "WHOLE_ARCS", 0)
    answer = override_of(Known(ring()), "a0", "R1", 5.0)
    assert answer.change[1] == pytest.approx(60)
    assert len(answer.moves) == COUNT - 1
    assert override_of(Known(ring(3)), "a0", "R1", 5.0).lower == math.inf
