"""Large tables: pairs that are not held are found exactly where prices ask for them."""

from __future__ import annotations

import numpy as np
import pytest
from many import question

from planner import compile as compiling
from planner import source as source_module
from planner.compile import Compiled, compile_problem
from planner.problem import Problem
from planner.solvers.rows import linear_rows


def both(seed: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Compiled, Compiled]:
    """Compile with all arcs, and with few."""
    scenario, tables = question(seed)
    dense = compile_problem(tables, scenario)
    monkeypatch.setattr(compiling, "SPARSE_PAIRS", 0)
    monkeypatch.setattr(compiling, "HELD", 2)
    return dense, compile_problem(tables, scenario)


def arcs_of(problem: Problem) -> dict[tuple[int, int], tuple[list[int], list[int]]]:
    """(unit, rep) -> its costs and demands."""
    return {
        (int(u), int(r)): (problem.cost[:, a].tolist(), problem.demand[:, a].tolist())
        for a, (u, r) in enumerate(zip(problem.unit, problem.rep, strict=True))
    }


@pytest.mark.parametrize("seed", range(60))
def test_held_and_found_are_all_that_counts(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At any prices the source finds every pair below the limit, priced exactly."""
    if seed % 2:  # units with more than that are priced with every rep
        monkeypatch.setattr(source_module, "MOST_FOUND", 1)
        monkeypatch.setattr(source_module, "AT_ONCE", 20)
    dense, sparse = both(seed, monkeypatch)
    source, held = sparse.problem.source, arcs_of(sparse.problem)
    assert source is not None
    everything = arcs_of(dense.problem)
    assert held.items() <= everything.items()
    assert {u for u, _r in held} == {u for u, _r in everything}
    rng = np.random.default_rng(seed)
    rows = linear_rows(dense.problem)
    named = {row.id: row for row in dense.problem.rows}
    cap = np.minimum(rows.price, rng.choice([0.1, 5.0, 300.0]))
    prices = rng.uniform(
        np.where(rows.low > 0, -cap, 0), np.where(rows.high < np.inf, cap, 0)
    )
    each = source.by_rep(tuple(named[i] for i in rows.ids), prices)
    reduced = rows.cost + rows.matrix @ prices
    limit = np.array(
        [
            rng.choice(reduced[a:b]) if b > a else 0.0
            for a, b in zip(
                dense.problem.start[:-1], dense.problem.start[1:], strict=True
            )
        ]
    )
    found = source.below(sparse.problem, limit, each)
    keys = list(zip(found.unit.tolist(), found.rep.tolist(), strict=True))
    assert len(set(keys)) == len(keys)
    for at, key in enumerate(keys):
        assert key not in held
        assert everything[key] == (
            found.cost[:, at].tolist(),
            found.demand[:, at].tolist(),
        )
    unit, rep = dense.problem.unit, dense.problem.rep
    needed = {
        (int(unit[a]), int(rep[a])) for a in np.flatnonzero(reduced < limit[unit])
    }
    assert needed <= set(keys) | set(held)


@pytest.mark.parametrize("seed", range(20))
def test_widening_keeps_order_and_numbers(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A problem widened by everything is the problem that holds all arcs."""
    from planner.arcs import with_arcs

    dense, sparse = both(seed, monkeypatch)
    source = sparse.problem.source
    assert source is not None
    none = np.zeros((len(sparse.problem.measures), sparse.problem.m + 1))
    limit = np.full(sparse.problem.n, 1e12)
    wide = with_arcs(sparse.problem, source.below(sparse.problem, limit, none))
    assert (wide.start == dense.problem.start).all()
    assert (wide.rep == dense.problem.rep).all()
    assert (wide.cost == dense.problem.cost).all()
    assert (wide.demand == dense.problem.demand).all()
