"""Large problems: local search on the arcs that the prices find promising."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from planner.problem import Problem, evaluate
from planner.solvers import moves
from planner.solvers.dual import Dual
from planner.solvers.result import Watch, gap_of
from planner.solvers.rows import LinearRows

Arcs = NDArray[np.int64]
Bools = NDArray[np.bool_]
Indices = NDArray[np.integer]

CANDIDATES = 14
"""Arcs per unit that the search looks at: those of least reduced cost."""
FAVOURITES = 3
"""Arcs per unit that its company in a split set looks at, too."""
CHUNK_SECONDS = 0.25
"""Between two looks at the clock."""


@dataclass(frozen=True, eq=False)
class SearchOutcome:
    """Best feasible arcs (n,) or None, and the number of moves tried."""

    arcs: Arcs | None
    iterations: int


def search(
    problem: Problem,
    rows: LinearRows,
    dual: Dual,
    watch: Watch,
    *,
    start: Arcs | None = None,
    gap: float = 0.0,
    seed: int = 1,
    iterations: int | None = None,
    give_up: bool = False,
) -> SearchOutcome:
    """
    Anneal from the plan that the dual prices suggest, or from a given one.

    Parameters
    ----------
    start
        Arc of each unit, shape (n,).
    gap
        Stop at this proven gap.
    iterations
        Moves to try; without it the time left in `watch` decides.
    give_up
        End early when no plan is found in time, so that another road can be tried.

    Notes
    -----
    Reproducible for a seed only under an iteration limit.
    """
    kept = _candidates(problem, dual, start)
    model, state = _prepare(problem, rows, dual, kept, start)
    moves.seed_moves(seed)
    hot, cold = _temperatures(problem, dual)
    best = state.arc_of.copy()
    best_cost, done, chunk = math.inf, 0, 20_000
    began, budget = watch.seconds, watch.left
    while True:
        share = (
            done / iterations
            if iterations is not None
            else (watch.seconds - began) / max(budget, 1e-9)
        )
        if share >= 1 or watch.left <= 0:
            break
        if share >= PATIENCE and not math.isfinite(best_cost) and give_up:
            break
        if iterations is not None:
            chunk = min(chunk, iterations - done)
        now = hot * (cold / hot) ** share
        tick = watch.seconds
        best_cost = moves.anneal(
            model, state, best, best_cost, chunk, now, DEPTH, TRIES
        )
        done += chunk
        watch.report("search", best_cost)
        if gap_of(watch.cost, watch.bound) <= gap:
            break
        if iterations is None:
            spent = max(watch.seconds - tick, 1e-4)
            wanted = min(CHUNK_SECONDS, max(watch.left, 0.01))
            chunk = int(np.clip(chunk * wanted / spent, 1_000, 10_000_000))
    if not math.isfinite(best_cost):
        return SearchOutcome(None, done)
    arcs = kept[best]
    assert evaluate(problem, arcs).feasible
    return SearchOutcome(arcs, done)


def _candidates(problem: Problem, dual: Dual, start: Arcs | None) -> Arcs:
    """
    Arcs of least reduced cost per unit, nearest first, and those of `start`.

    Leaving out is always a candidate. Units of an apart set look as many reps further
    as the set is large, and units of a split set also at what its other units like
    best: there the prices know nothing of the rule.
    """
    order = np.lexsort((dual.reduced, problem.unit))
    unit, rep = problem.unit[order], problem.rep[order]
    rank = np.arange(len(order)) - problem.start[unit]
    width = np.full(problem.n, CANDIDATES)
    for units in problem.apart:
        width[units] = np.maximum(width[units], CANDIDATES + len(units))
    chosen = (rank < width[unit]) | (rep == problem.nobody)
    if problem.splits:
        chosen |= _liked_by_company(problem, unit, rep, rank < FAVOURITES)
    if start is not None:
        given = np.zeros(len(order), dtype=bool)
        given[start] = True
        chosen |= given[order]
    return order[chosen]


def _liked_by_company(
    problem: Problem, unit: Indices, rep: Indices, favourite: Bools
) -> Bools:
    """Whether each arc leads to a favourite of any unit in a split set with its own."""
    sizes = [len(split.units) for split in problem.splits]
    row = np.repeat(np.arange(len(sizes)), sizes)
    column = np.concatenate([split.units for split in problem.splits])
    shape = (len(sizes), problem.n)
    member = csr_array((np.ones(len(row)), (row, column)), shape)
    likes = csr_array(
        (np.ones(favourite.sum()), (unit[favourite], rep[favourite])),
        (problem.n, problem.m + 1),
    )
    shared = (member.T @ (member @ likes)).tocoo()
    liked = shared.row.astype(np.int64) * (problem.m + 1) + shared.col
    return np.isin(unit.astype(np.int64) * (problem.m + 1) + rep, liked)


def _temperatures(problem: Problem, dual: Dual) -> tuple[float, float]:
    """
    From a temperature at which second choices are common to one where they are rare.

    The excess of a plan over its bound is about the temperature per unit. Prices know
    nothing of splits, so there the search must begin hotter: it has further to go.
    """
    order = np.lexsort((dual.reduced, problem.unit))
    second = problem.start[:-1][np.diff(problem.start) > 1] + 1
    runner_up = dual.reduced[order][second]
    positive = runner_up[runner_up > 0]
    typical = float(np.median(positive)) if len(positive) else 1.0
    hot = HOT * typical
    if problem.splits:
        price = float(np.median([split.price for split in problem.splits]))
        hot = max(hot, min(typical, HOT_SPLITS * price))
    return hot + 1e-6, COLD * typical + 1e-6


HOT, COLD = 0.05, 0.002
"""Temperatures over the median reduced cost of the units' second choices."""
DEPTH, TRIES = 3, 6
"""
Shifts of a chain, and refusals before a chain is given up, at most.

Gap after 30 s, one thread, 7,555 accounts x 75 reps: 0.196 % as set; depth 2 (4 tries)
0.283 %; depth 2 (10 tries) 0.303 %; depth 2 from HOT 0.02 0.329 %, from 0.1 0.328 %.
7,134 hospitals x 60 reps: 0.371 % as set; depth 4 (8 tries) 0.390 %; depth 2 from HOT
0.02 0.392 %; depth 3 from 0.1 0.395 %. One run each.
"""
PATIENCE = 0.7
"""Share of the time after which a search without any plan gives up."""
HOT_SPLITS = 0.1
"""First temperature over the median price of a split; at most that reduced cost."""


def _prepare(
    problem: Problem, rows: LinearRows, dual: Dual, kept: Arcs, start: Arcs | None
) -> tuple[moves.Model, moves.State]:
    """Copy the candidate arcs into the arrays of the compiled loop."""
    unit, rep = problem.unit[kept], problem.rep[kept].astype(np.int64)
    first = np.searchsorted(unit, np.arange(problem.n + 1)).astype(np.int64)
    matrix = rows.matrix[kept]
    hard = np.isinf(rows.price)
    sets = _sets(problem)
    room = np.bincount(rep, minlength=problem.m + 1)
    model = moves.Model(
        start=first,
        rep=rep,
        cost=rows.cost[kept].astype(float),
        row_start=matrix.indptr.astype(np.int64),
        row=matrix.indices.astype(np.int64),
        amount=matrix.data.astype(float),
        low=rows.low,
        high=rows.high,
        hard=hard,
        set_start=sets["start"],
        set_of=sets["of"],
        set_price=sets["price"],
        set_apart=sets["apart"],
        set_label=sets["label"],
        set_base=sets["base"],
        slot=np.concatenate([[0], np.cumsum(room)]).astype(np.int64),
    )
    arc = first[:-1].copy()
    if start is not None:
        position = np.full(len(problem.rep), -1, dtype=np.int64)
        position[kept] = np.arange(len(kept))
        arc = position[start]
    scale = max(
        1.0,
        float(np.median(dual.reduced[dual.reduced > 0], axis=0))
        if (dual.reduced > 0).any()
        else 1.0,
    )
    count = np.maximum(np.diff(matrix.tocsc().indptr), 1)
    mean = np.maximum(np.asarray(matrix.sum(axis=0)) / count, 1e-9)
    penalty = np.where(hard, 2 * np.abs(dual.prices) + 0.1 * scale / mean, rows.price)
    state = moves.State(
        arc_of=arc,
        load=np.zeros(len(rows.ids)),
        penalty=penalty,
        floor=penalty.copy(),
        counted=np.zeros(int(sets["base"][-1]), dtype=np.int64),
        labels=np.zeros(len(sets["price"]), dtype=np.int64),
        members=np.zeros(len(kept), dtype=np.int64),
        size=np.zeros(problem.m + 1, dtype=np.int64),
        place=np.zeros(problem.n, dtype=np.int64),
        tally=np.zeros(3),
        apart_penalty=np.array([scale, scale]),
    )
    moves.enter(model, state)
    return model, state


def _sets(problem: Problem) -> dict[str, NDArray]:
    """Splits and apart sets as flat arrays; nobody has no label (-1)."""
    m = problem.m
    groups = [(s.units, s.label_of_rep, s.price, False) for s in problem.splits]
    groups += [(units, np.arange(m), 0, True) for units in problem.apart]
    label = np.full((max(len(groups), 1), m + 1), -1, dtype=np.int64)
    base = [0]
    for index, (_, labels, _, _) in enumerate(groups):
        label[index, :m] = labels
        base.append(base[-1] + int(labels.max(initial=0)) + 1)
    unit = np.concatenate([np.empty(0, np.int64), *(g[0] for g in groups)])
    of = np.repeat(np.arange(len(groups)), [len(g[0]) for g in groups])
    order = np.argsort(unit, kind="stable")
    return {
        "start": np.searchsorted(unit[order], np.arange(problem.n + 1)).astype(
            np.int64
        ),
        "of": of[order].astype(np.int64),
        "price": np.array([g[2] for g in groups], dtype=float),
        "apart": np.array([g[3] for g in groups], dtype=bool),
        "label": label,
        "base": np.array(base, dtype=np.int64),
    }
