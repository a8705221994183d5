"""Every plan by regions that is ever returned is whole, connected and within limits."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiles import asked, one_each, random_map

import planner
from planner.evaluate.verify import verify
from planner.problem import evaluate
from planner.solution import Solution
from planner.solvers.result import Status


def random_solution(seed: int, *, islands: str = "nearest") -> Solution:
    """Solve a random map with bands drawn near what some plan has."""
    rng = np.random.default_rng(seed)
    regions = random_map(rng)
    n = len(regions)
    k = int(rng.integers(1, min(4, n) + 1))
    accounts = one_each(
        regions,
        value=rng.choice([1.0, 2.0, 5.0], n),
        hours=rng.choice([1.0, 2.5], n),
        owner=rng.choice([f"T{i:02d}" for i in range(1, k + 1)], n),
    )
    to = rng.choice(["centre", "centre", "region", "region", "base"])
    power = 2 if to == "centre" else int(rng.choice([1, 2]))
    shape = f'{{price = 0.01, to = "{to}", power = {power}}}'
    rules = [f'areas = {{islands = "{islands}", compactness = {shape}}}']
    if rng.random() < 0.7:
        wide = float(rng.choice([0.2, 0.5, 1.0]))
        rules.append(
            f'balance = [{{measure = "value", tolerance = {wide}, hard = true}}]'
        )
    some = np.bincount(rng.integers(0, k, n), accounts["hours"], minlength=k)
    if rng.random() < 0.5:  # exactly the loads of some plan, or a step beside
        high = float(some.max() + rng.choice([-0.5, 0, 0.5]))
        rules.append(f'limits = [{{measure = "hours", high = {high}}}]')
    if rng.random() < 0.3:
        share = float(rng.choice([0.0, 0.3, 0.6]))
        rules.append(f'budgets = [{{of = "moved_value", share = {share}}}]')
    if rng.random() < 0.3:
        accounts["site"] = rng.choice(["", "", "x"], n)
        rules.append('together = [{column = "site"}]')
    scenario = asked("\n".join(rules), reps=k, seconds=0.4)
    return planner.solve(scenario, accounts=accounts, regions=regions)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 100_000), islands=st.sampled_from(["nearest", "none"]))
def test_the_judge_passes_every_plan(seed: int, islands: str) -> None:
    """By the folder alone: regions, contiguity, limits, costs, bound."""
    solution = random_solution(seed, islands=islands)
    if solution.plan is None:
        assert solution.status in (Status.INFEASIBLE, Status.NO_PLAN_FOUND)
        return
    with tempfile.TemporaryDirectory() as folder:
        solution.save(Path(folder) / "plan", drawings=False)
        verdict = verify(Path(folder) / "plan")
    assert verdict.ok, str(verdict)


@pytest.mark.parametrize("seed", range(12))
def test_no_plan_is_better_than_the_bound(seed: int) -> None:
    """All plans of maps with up to seven regions are tried, by the problem's count."""
    rng = np.random.default_rng(seed)
    while True:
        solution = random_solution(int(rng.integers(100_000)))
        problem = solution.compiled.problem
        if problem.n <= 7 and problem.m <= 3:
            break
    costs = []
    arcs = [range(*ends) for ends in itertools.pairwise(problem.start.tolist())]
    for chosen in itertools.product(*arcs):
        outcome = evaluate(problem, np.array(chosen))
        if outcome.feasible:
            costs.append(outcome.cost)
    if not costs:
        assert solution.plan is None
        return
    assert solution.status is not Status.INFEASIBLE
    assert solution.result.bound <= min(costs)
    if solution.plan is not None:
        assert solution.result.cost >= min(costs)
