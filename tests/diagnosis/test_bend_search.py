"""The search for changes, held against the exact model on questions small enough."""

from __future__ import annotations

from collections import Counter

from instances import random_question

from planner.diagnosis.prices import cost_of, prices_of
from planner.pairs import Pairs
from planner.ruled import SetRule
from planner.ruling import ruled_of
from planner.solvers.result import Watch
from planner.solvers.ruled.bend_search import bend_by_search
from planner.solvers.ruled.bends import bends_of
from planner.solvers.ruled.elastic import bend_least
from planner.solvers.ruled.feasible import find_plan
from planner.tables import load_tables


def test_the_search_finds_changes_where_there_are_any_and_its_bound_holds() -> None:
    """Distances and skills among them, of which one change frees many pairs."""
    bent: Counter[str] = Counter()
    for seed in range(60):
        scenario, frames = random_question(seed)
        tables = load_tables(scenario, scenario.base, **frames)
        ruled = ruled_of(Pairs(tables, scenario))
        prices = prices_of(ruled)
        if find_plan(ruled, ruled.all(), Watch(10)).rep_of is not None:
            continue
        price = [
            None if isinstance(rule, SetRule) else one.price
            for rule, one in zip(ruled.rules, prices, strict=True)
        ]
        exact = bend_least(ruled, price, Watch(10))
        found = bend_by_search(ruled, price, Watch(2))
        assert (found.rep_of is None) == (exact.rep_of is None), seed
        if exact.rep_of is None or found.rep_of is None:
            continue
        least = cost_of(bends_of(ruled, exact.rep_of), prices)
        bends = bends_of(ruled, found.rep_of)
        assert found.bound <= least + 1e-6, seed
        assert cost_of(bends, prices) >= least - 1e-6, seed
        bent.update(ruled.rules[bend.rule].kind for bend in bends)
    assert {"max_km", "skills", "limits"} <= set(bent)
