"""Each kind of change gives a scenario that has the plan it was read off."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from instances import brute_force, random_question

from planner.compile import compile_problem
from planner.diagnosis.options import keeps_all
from planner.diagnosis.prices import prices_of
from planner.diagnosis.rewrite import bent_scenario
from planner.pairs import Pairs
from planner.problem import Problem
from planner.ruled import view
from planner.ruling import ruled_of
from planner.scenario import parse_scenario
from planner.solvers.result import Watch
from planner.solvers.ruled.bends import bends_of
from planner.solvers.ruled.elastic import bend_least
from planner.solvers.ruled.feasible import find_plan
from planner.tables import load_tables


@pytest.mark.parametrize("seed", range(40))
def test_all_rules_in_force_are_the_compiled_problem(seed: int) -> None:
    """The same units, pairs and loads as compile finds by its own way."""
    scenario, frames = random_question(seed)
    tables = load_tables(scenario, scenario.base, **frames)
    problem = compile_problem(tables, scenario).problem
    ruled = ruled_of(Pairs(tables, scenario))
    seen = view(ruled, ruled.all())
    allowed = seen.allowed.copy()
    for band in seen.bands:
        if band.high is not None:
            fits = seen.demand[band.measure][:, band.reps] <= band.high
            allowed[:, band.reps] &= fits
    assert (_table(problem) == allowed).all()
    truth = brute_force(scenario, tables)
    assert find_plan(ruled, ruled.all(), Watch(10)).infeasible == (truth is None)


def _table(problem: Problem) -> np.ndarray:
    table = np.zeros((problem.n, problem.m + 1), dtype=bool)
    table[problem.unit, problem.rep] = True
    return table


def test_changes_of_each_kind_hold_in_the_scenario_they_make() -> None:
    """Through TOML and the tables again; at least these kinds turn up."""
    seen: Counter[str] = Counter()
    for seed in range(0, 60, 2):
        scenario, frames = random_question(seed)
        tables = load_tables(scenario, scenario.base, **frames)
        ruled = ruled_of(Pairs(tables, scenario))
        prices = prices_of(ruled)
        if find_plan(ruled, ruled.all(), Watch(10)).rep_of is not None:
            continue
        for kind in sorted({rule.kind for rule in ruled.rules}):
            only = [
                price.price if rule.kind == kind else None
                for rule, price in zip(ruled.rules, prices, strict=True)
            ]
            bent = bend_least(ruled, only, Watch(10))
            if bent.rep_of is None:
                continue
            bends = bends_of(ruled, bent.rep_of)
            seen.update(ruled.rules[bend.rule].kind for bend in bends)
            changed = bent_scenario(ruled, bends, prices, [""] * len(bends))
            again = parse_scenario(changed.to_toml())
            read = load_tables(again, again.base, **frames)
            assert keeps_all(compile_problem(read, again), bent.rep_of), (seed, kind)
    assert {"limits", "fit", "max_km", "balance"} <= set(seen)
