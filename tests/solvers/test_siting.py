"""Siting from start to proof, against all plans that there are."""

from __future__ import annotations

import math

import pytest
from siting_models import best_plan, random_model

from planner.solvers.result import Watch
from planner.solvers.siting.model import recount
from planner.solvers.siting.solve import solve_siting


@pytest.mark.parametrize("seed", range(60))
def test_small_models_are_solved_to_proof(seed):
    model = random_model(seed)
    cost, site = best_plan(model)
    found = solve_siting(model, Watch(100))
    assert found.infeasible == (site is None)
    if site is None:
        assert found.site is None
        assert found.bound == math.inf
        return
    assert recount(model, found.site) == (found.cost, [])
    assert found.cost == cost
    assert found.bound == cost
