"""Connected territories: moves, exact models and bounds against enumeration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from planner.solvers.areas.anneal import anneal
from planner.solvers.areas.exact import as_siting, solve_hess
from planner.solvers.areas.graph import pieces, separator
from planner.solvers.areas.labels import solve_labels
from planner.solvers.areas.mean import mean_bound
from planner.solvers.areas.model import AreaModel, Band
from planner.solvers.areas.moves import load_plan
from planner.solvers.areas.search import Found, search_areas
from planner.solvers.areas.solve import solve_areas
from planner.solvers.areas.start import first_plan
from planner.solvers.areas.state import (
    COST,
    EXCESS,
    LAMBDA,
    STEPS,
    build_map,
    new_state,
)
from planner.solvers.result import Watch
from planner.solvers.siting.bound import site_bound
from tests.solvers.areas_cases import cost_of, least_cost, random_model, seeds


def grid(rows: int, columns: int) -> np.ndarray:
    """Pairs of neighbouring squares."""
    unit = np.arange(rows * columns).reshape(rows, columns)
    across = np.stack([unit[:, :-1].ravel(), unit[:, 1:].ravel()], axis=1)
    down = np.stack([unit[:-1].ravel(), unit[1:].ravel()], axis=1)
    return np.concatenate([across, down])


def squares(rows: int, columns: int, k: int, low: int, high: int, **shape) -> AreaModel:
    """Return a grid of unit loads with the same band for each territory."""
    n = rows * columns
    bands = tuple(Band(0, np.arange(k) == t, low, high) for t in range(k))
    place = np.stack(np.divmod(np.arange(float(n)), columns), axis=1)
    return AreaModel(
        k=k,
        edges=grid(rows, columns),
        load=np.ones((1, n, k), dtype=np.int64),
        bands=bands,
        place=place,
        **shape,
    )


@settings(max_examples=150, deadline=None)
@given(seeds)
def test_sums_of_the_search_are_those_of_a_recount(seed: int) -> None:
    """Thousands of moves of all kinds leave costs as a fresh count has them."""
    model = random_model(seed)
    m, rng = build_map(model), np.random.default_rng(seed)
    label = first_plan(model, m, rng)
    if label is None:
        return
    state = new_state(m, model.k, seed)
    load_plan(m, state, label)
    state.tally[LAMBDA] = 10.0
    for heat in (20.0, 1.0):
        anneal(m, state, 1_000, heat, 0.4, 0.2, 1.0)
    told = state.tally[[COST, EXCESS, STEPS]].copy()
    fresh = new_state(m, model.k, seed)
    load_plan(m, fresh, state.label)
    assert told == pytest.approx(fresh.tally[[COST, EXCESS, STEPS]], abs=1e-6)
    start, near, _edge = model.adjacency
    for t in range(model.k):
        assert len(pieces(start, near, np.flatnonzero(state.label == t))) == 1
    if fresh.tally[STEPS] == 0:
        assert told[0] == pytest.approx(cost_of(model, state.label), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_plans_of_the_search_keep_every_rule(seed: int) -> None:
    """They cost what is told, never below the best; easy maps always get one."""
    model = random_model(seed)
    best = least_cost(model)
    found = search_areas(model, Watch(30.0), seed=seed % 1000, iterations=10_000)
    if found.label is None:
        assert first_plan_is_hard(model) or not np.isfinite(best)
        return
    assert found.cost == pytest.approx(cost_of(model, found.label), abs=1e-6)
    assert found.cost >= best - 1e-6


def first_plan_is_hard(model: AreaModel) -> bool:
    """Whether forbidden pairs or hard bands may hide the few plans there are."""
    forbidden = model.pair is not None and not np.isfinite(model.pair).all()
    return forbidden or any(band.price is None for band in model.bands)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_labels_prove_the_best(seed: int) -> None:
    """The model by labels agrees with enumeration, from nothing in hand."""
    model = random_model(seed)
    if model.centre is not None or model.weight is not None:
        return
    best = least_cost(model)
    outcome = solve_labels(model, Watch(30.0), start=Found())
    if np.isfinite(best):
        assert outcome.label is not None
        assert cost_of(model, outcome.label) == pytest.approx(best)
        assert outcome.bound == pytest.approx(best, abs=1e-4)
    else:
        assert outcome.infeasible


@pytest.mark.parametrize("seed", range(12))
def test_centres_prove_the_best(seed: int) -> None:
    """Bound and exact model by centres agree with enumeration."""
    rng = np.random.default_rng(seed)
    model = squares(2, 4, 2, 3, 5, centre=rng.integers(0, 30, (8, 8)).astype(float))
    site, best = as_siting(model), least_cost(model)
    assert site is not None
    watch = Watch(4.9)  # short solves stay in this process
    priced = site_bound(site, watch, threads=1)
    assert priced.bound <= best + 1e-6
    for upper in (np.inf, best + 1.0):
        arcs = np.isfinite(site.cost)
        if np.isfinite(upper):
            arcs = priced.arcs_up_to(site, upper)
        outcome = solve_hess(
            model, site, arcs, watch, upper=upper, bound=priced.bound, threads=1
        )
        assert outcome.label is not None
        assert cost_of(model, outcome.label) == pytest.approx(best)
        assert outcome.bound == pytest.approx(best, rel=1e-4)
    none = solve_hess(
        model, site, arcs, watch, upper=best, bound=priced.bound, threads=1
    )
    assert none.label is None
    assert none.bound == pytest.approx(best, rel=1e-4)


@pytest.mark.parametrize("seed", range(8))
def test_one_call_proves_small_maps(seed: int) -> None:
    """Whatever the question, the plan is right and the bound below the best plan."""
    model = random_model(seed)
    best = least_cost(model)
    outcome = solve_areas(model, Watch(1.0), seed=seed, threads=1)
    assert outcome.bound <= best + 1e-4 * max(1.0, abs(best))
    if outcome.label is not None:
        assert cost_of(model, outcome.label) == pytest.approx(outcome.cost, abs=1e-6)
    if outcome.infeasible:
        assert not np.isfinite(best)


@pytest.mark.parametrize("seed", range(15))
def test_spread_is_bounded(seed: int) -> None:
    """No division has less spread than the bound, with hard bands and without."""
    rng = np.random.default_rng(seed)
    n, k = 8, 2 + seed % 2
    place = rng.random((n, 2)) * 10
    ends = np.array([(u, v) for v in range(n) for u in range(v)])
    load = np.broadcast_to(rng.integers(1, 5, (1, n, 1)), (1, n, k))
    high = int(load[0, :, 0].sum() / k) + 2
    bands = tuple(Band(0, np.arange(k) == t, 0, high) for t in range(k))
    model = AreaModel(
        k=k,
        edges=ends,
        load=load,
        bands=bands if seed % 3 else (),
        weight=rng.integers(1, 6, n).astype(float),
        x=place[:, 0],
        y=place[:, 1],
    )
    best = least_cost(model)
    label = np.arange(n) % k
    bound = mean_bound(model, label, Watch(2.0), time_share=1.0, threads=1)
    assert bound <= best * (1 + 1e-9)
    assert bound > 0 or best < 5


def test_four_quarters() -> None:
    """An 8 x 8 board in four: each a 4 x 4 block, 16 cut edges."""
    model = squares(8, 8, 4, 16, 16, edge_price=np.ones(112))
    outcome = solve_areas(model, Watch(4.0), threads=1)
    assert outcome.cost == 16.0


def test_no_plan_is_said() -> None:
    """Three territories of two squares each cannot share five squares."""
    model = squares(1, 5, 3, 2, 2, edge_price=np.ones(4))
    outcome = solve_areas(model, Watch(5.0), threads=1)
    assert outcome.infeasible
    assert outcome.label is None


def test_a_start_in_pieces_is_mended() -> None:
    """A plan whose territory lies in pieces is a start as good as any."""
    model = squares(3, 3, 2, 4, 5, edge_price=np.ones(12))
    start = np.array([0, 1, 0, 1, 1, 1, 0, 1, 0])
    label = first_plan(model, build_map(model), np.random.default_rng(1), start)
    assert label is not None
    start, near, _edge = model.adjacency
    for t in range(2):
        assert len(pieces(start, near, np.flatnonzero(label == t))) == 1


def test_fixed_units_in_pieces_are_joined() -> None:
    """Units that may not move and lie apart are joined over others."""
    fixed = np.full(9, -1)
    fixed[[0, 2]] = 0
    model = squares(3, 3, 2, 1, 8, edge_price=np.ones(12), fixed=fixed)
    label = first_plan(model, build_map(model), np.random.default_rng(1))
    assert label is not None
    start, near, _edge = model.adjacency
    assert len(pieces(start, near, np.flatnonzero(label == 0))) == 1
    assert (label[[0, 2]] == 0).all()


def test_the_same_seed_repeats_a_run() -> None:
    """With a number of moves a run does not depend on the clock."""
    model = squares(6, 6, 4, 8, 10, edge_price=np.ones(60))
    runs = [search_areas(model, Watch(60.0), seed=7, iterations=20_000) for _ in "ab"]
    assert (runs[0].label == runs[1].label).all()


def test_separator_of_a_row() -> None:
    """Between both ends of a row stands the square beside the piece."""
    model = squares(1, 5, 2, 1, 4)
    start, near, _edge = model.adjacency
    assert separator(start, near, np.array([0, 1]), 4).tolist() == [2]
    assert separator(start, near, np.array([0, 1]), 2).tolist() == []
