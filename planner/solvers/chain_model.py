"""From a Problem and its prices to the arrays that the ejection chains work on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from planner.problem import Problem
from planner.solvers.chain_state import (
    APART,
    APART_FLOOR,
    FIELDS,
    FLOOR,
    HARD,
    HELD_AMOUNT,
    HIGH,
    LOW,
    NONE,
    PENALTY,
    PRICE,
    SET_APART,
    SET_BASE,
    SET_PRICE,
    Model,
    State,
    enter,
)
from planner.solvers.dual import Dual
from planner.solvers.rows import LinearRows

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

DEAR, SOFTLY = 1.1, 0.1
"""
Least penalty of a hard row: over its price, and for a typical demand over a typical
reduced cost. At 2 and 4 times the price the search is far stiffer: 0.30 and 0.34 %
against 0.24 % on d20400 after 8 s.
"""


def build_model(
    problem: Problem, rows: LinearRows, dual: Dual, first: Indices, kept: Indices
) -> tuple[Model, Floats, Floats]:
    """
    Copy the candidate arcs and sort the rows: those of one rep, and the others.

    Parameters
    ----------
    first, kept
        Arcs of unit u are ``kept[first[u]:first[u + 1]]``, by rising reduced cost.

    Returns
    -------
    The model, and the empty bands of the rows of one rep and of several (`State`).
    """
    rep = problem.rep[kept]
    matrix = csr_array(rows.matrix[kept])
    bands = _Bands(problem, rows)
    sets = _sets(problem)
    entry_arc = np.repeat(np.arange(len(kept)), np.diff(matrix.indptr))
    own = bands.is_own[matrix.indices]
    amount = np.zeros((len(kept), bands.slots))
    amount[entry_arc[own], bands.slot[matrix.indices[own]]] = matrix.data[own]
    wide_start = np.zeros(len(kept) + 1, dtype=np.int64)
    np.cumsum(np.bincount(entry_arc[~own], minlength=len(kept)), out=wide_start[1:])
    unit = np.repeat(np.arange(problem.n), np.diff(first))
    linked = np.diff(sets["start"]) > 0
    linked[unit[entry_arc[~own]]] = True
    room = np.bincount(rep, minlength=problem.m + 1)
    model = Model(
        start=first,
        rep=rep.astype(np.int32),
        reduced=dual.reduced[kept].astype(float),
        cost=rows.cost[kept].astype(float),
        amount=amount,
        wide_start=wide_start,
        wide_row=bands.slot[matrix.indices[~own]].astype(np.int32),
        wide_amount=matrix.data[~own].astype(float),
        set_start=sets["start"],
        set_of=sets["of"],
        set_info=sets["info"],
        set_label=sets["label"],
        linked=linked,
        slot=np.concatenate([[0], np.cumsum(room)]).astype(np.int64),
    )
    return model, *bands.tables(rows, dual, _typical_cost(model))


def _typical_cost(model: Model) -> float:
    """Median reduced cost of the second choices that are worse than the first."""
    second = model.start[:-1][np.diff(model.start) > 1] + 1
    above = model.reduced[second]
    return max(1e-3, float(np.median(above[above > 0]))) if above.any() else 1.0


class _Bands:
    """Which rows look at one rep only, and where each row stands among its like."""

    def __init__(self, problem: Problem, rows: LinearRows) -> None:
        reps = {row.id: row.reps for row in problem.rows}
        alone = [len(reps[row]) == 1 for row in rows.ids]
        self.is_own = np.array(alone, dtype=bool)
        self.own, self.wide = np.flatnonzero(self.is_own), np.flatnonzero(~self.is_own)
        self.slot = np.zeros(len(rows.ids), dtype=np.int64)
        self.slot[self.wide] = np.arange(len(self.wide))
        self.rep = np.array([reps[rows.ids[k]][0] for k in self.own], dtype=np.int64)
        filled = np.zeros(problem.m + 1, dtype=np.int64)
        for k, rep in zip(self.own, self.rep, strict=True):
            self.slot[k] = filled[rep]
            filled[rep] += 1
        self.reps, self.slots = problem.m + 1, max(1, int(filled.max(initial=0)))

    def tables(
        self, rows: LinearRows, dual: Dual, typical_cost: float
    ) -> tuple[Floats, Floats]:
        """Bands of the rows of one rep, and of the others, with first penalties."""
        matrix = rows.matrix
        used = np.maximum(np.bincount(matrix.indices, minlength=len(rows.ids)), 1)
        total = np.bincount(matrix.indices, matrix.data, minlength=len(rows.ids))
        bands = np.zeros((len(rows.ids), FIELDS))
        bands[:, LOW] = rows.low
        bands[:, HIGH] = np.minimum(rows.high, NONE)
        bands[:, PRICE] = dual.prices
        bands[:, HARD] = hard = np.isinf(rows.price)
        step = SOFTLY * typical_cost * used / np.maximum(total, 1e-9)
        floor = np.where(hard, DEAR * np.abs(dual.prices) + step, rows.price)
        bands[:, PENALTY] = bands[:, FLOOR] = floor
        own = np.zeros((self.reps, self.slots, FIELDS))
        own[:, :, HIGH] = NONE
        own[self.rep, self.slot[self.own]] = bands[self.own]
        return own, bands[self.wide]


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
    info = np.zeros((len(groups), 3))
    info[:, SET_PRICE] = [g[2] for g in groups]
    info[:, SET_APART] = [g[3] for g in groups]
    info[:, SET_BASE] = base[:-1]
    return {
        "start": np.searchsorted(unit[order], np.arange(problem.n + 1)).astype(
            np.int64
        ),
        "of": of[order].astype(np.int64),
        "info": info,
        "label": label,
    }


def enter_plan(
    model: Model, own: Floats, wide: Floats, arc_of: Indices, seed: int
) -> State:
    """
    Return the state of a plan.

    Parameters
    ----------
    own, wide
        Bands as `build_model` returns them; copied.
    arc_of
        Candidate of each unit, shape (n,).
    """
    reps, slots = own.shape[:2]
    n, arcs = len(arc_of), len(model.rep)
    labels = model.set_label.max(initial=-1) + 1
    tally = np.zeros(5)
    tally[APART] = tally[APART_FLOOR] = _typical_cost(model)
    state = State(
        arc_of=arc_of.astype(np.int64),
        own=own.copy(),
        wide=wide.copy(),
        excess=np.zeros(reps),
        counted=np.zeros(int(labels) * len(model.set_info), dtype=np.int64),
        labels=np.zeros(len(model.set_info), dtype=np.int64),
        member=np.zeros(arcs, dtype=np.int64),
        held=np.zeros((arcs, HELD_AMOUNT + slots)),
        size=np.zeros(reps, dtype=np.int64),
        place=np.zeros(n, dtype=np.int64),
        tally=tally,
        best=arc_of.astype(np.int64),
        journal=np.zeros(n + 1, dtype=np.int64),
        journal_size=np.full(1, -1, dtype=np.int64),
        random=np.array([seed], dtype=np.uint64),
    )
    enter(model, state)
    return state
