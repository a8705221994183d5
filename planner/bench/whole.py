"""
The whole question as a plain 0-1 model, as a user of a solver would write it.

Territories by centre: the model of Hess et al. (1965,
https://doi.org/10.1287/opre.13.6.998), x[u, c] = 1 when unit u belongs to the centre
c. Territories by cut edges: x[u, j] = 1 when unit u has label j. Contiguity by
separators, added where a plan lacks it (Oehrlein and Haunert 2017,
https://doi.org/10.5311/JOSIS.2017.15.379). Sites: capacitated p-median.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from planner.bench.map_count import pieces_of
from planner.bench.peers import MOST_PAIRS
from planner.bench.question import Answer, settled
from planner.solvers.areas.model import AreaModel
from planner.solvers.binary import BinaryModel, solve_binary
from planner.solvers.result import Watch

TOO_LARGE = "too large"

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Sparse = Any
"""A sparse array of SciPy, whose stubs know too little of shapes."""


@dataclass(frozen=True, eq=False)
class Medians:
    """
    Exactly p of n points serve all: the capacitated p-median problem.

    Attributes
    ----------
    distance
        ``distance[point, median]``, shape (n, n).
    demand, capacity
        Of each point, shapes (n,).
    place
        Projected places, shape (n, 2).
    """

    distance: Floats
    demand: Ints
    capacity: Ints
    p: int
    place: Floats


class Rows:
    """Rows of a model as they are added in blocks."""

    def __init__(self) -> None:
        self.blocks: list[Sparse] = []
        self.low: list[Floats] = []
        self.high: list[Floats] = []

    def add(self, block: Sparse, low: float, high: float) -> None:
        """Add a block of rows with the same ends."""
        self.blocks.append(sp.csr_array(block))
        self.low.append(np.full(block.shape[0], low, dtype=np.float64))
        self.high.append(np.full(block.shape[0], high, dtype=np.float64))

    def model(self, cost: Floats, allowed: NDArray[np.bool_], most: int) -> BinaryModel:
        """Return the model of these rows."""
        matrix = sp.vstack(self.blocks, format="csr")
        low, high = np.concatenate(self.low), np.concatenate(self.high)
        return BinaryModel(cost, sp.csr_array(matrix), low, high, allowed, most)


def solve_map_whole(
    model: AreaModel, solver: str, watch: Watch, *, seed: int, threads: int, whole: bool
) -> Answer:
    """
    Solve the whole model; where a territory falls apart, cut that off and solve again.

    A plan in pieces that the time limit left no time to mend is returned as it is.
    """
    columns = model.n if model.centre is not None else model.k
    if model.n * columns > MOST_PAIRS:
        return Answer(TOO_LARGE, solver, None, math.inf, 0.0)
    by_centre = model.centre is not None
    program = centre_model(model) if by_centre else cut_edge_model(model)
    bound, label, cost = -math.inf, None, math.inf
    while watch.left > 0:
        found = solve_binary(program, solver, watch, seed=seed, threads=threads)
        if found.infeasible:
            return settled(solver, None, cost, bound, infeasible=True)
        bound = max(bound, found.bound)
        if found.taken is None:
            break
        taken = found.taken[: model.n * columns].reshape(model.n, columns)
        label, cost = taken.argmax(axis=1), float(program.cost[found.taken].sum())
        watch.report(solver, bound=bound)
        cuts = list(_cuts(model, label, by_centre=by_centre))
        if not cuts:
            watch.report(solver, cost, bound)
            break
        matrix: Sparse = sp.vstack([row for row, _high in cuts], format="csr")
        matrix.resize((len(cuts), len(program.cost)))
        high = np.array([high for _row, high in cuts], dtype=float)
        program = program.with_rows(matrix, np.full(len(cuts), -np.inf), high)
    if label is not None:
        label = np.unique(label, return_inverse=True)[1]
    return settled(solver, label, cost, bound, whole=whole)


def solve_medians_whole(
    question: Medians,
    solver: str,
    watch: Watch,
    *,
    seed: int,
    threads: int,
    whole: bool,
) -> Answer:
    """Solve the whole model of a p-median."""
    n = len(question.demand)
    if n * n > MOST_PAIRS:
        return Answer(TOO_LARGE, solver, None, math.inf, 0.0)
    model = median_model(question)
    found = solve_binary(model, solver, watch, seed=seed, threads=threads)
    label, cost = None, math.inf
    if found.taken is not None:
        label = found.taken.reshape(n, n).argmax(axis=1)
        cost = float(model.cost[found.taken].sum())
        watch.report(solver, cost, found.bound)
    none = found.infeasible
    return settled(solver, label, cost, found.bound, infeasible=none, whole=whole)


def median_model(question: Medians) -> BinaryModel:
    """Return the p-median model: columns x[point, median] in row-major order."""
    rows, n = Rows(), len(question.demand)
    is_centre = _add_centres(rows, n, question.p)
    load = sp.csr_array(sp.kron(question.demand[None].astype(float), sp.eye_array(n)))
    room = sp.diags_array(question.capacity.astype(float))
    rows.add(load - room @ is_centre, -np.inf, 0)
    return rows.model(question.distance.ravel(), np.ones(n * n, dtype=bool), n)


def _add_centres(rows: Rows, n: int, k: int) -> Sparse:
    """
    Add what all models by centre share; columns x[unit, centre] in row-major order.

    Each unit has one centre, there are k centres, and every unit's centre is one.

    Returns
    -------
    The column x[c, c] of each centre c as a row, shape (n, n * n).
    """
    rows.add(sp.kron(sp.eye_array(n), np.ones((1, n))), 1, 1)
    at = (np.arange(n), np.arange(n) * (n + 1))
    is_centre = sp.csr_array((np.ones(n), at), shape=(n, n * n))
    rows.add(sp.csr_array(np.ones((1, n))) @ is_centre, k, k)
    unit, centre = np.divmod(np.arange(n * n), n)
    opened = sp.eye_array(n * n, format="csr") - is_centre[centre]
    rows.add(opened[unit != centre], -np.inf, 0)
    return is_centre


def centre_model(model: AreaModel) -> BinaryModel:
    """Return the model by centres: columns x[unit, centre] in row-major order."""
    assert model.centre is not None
    n, rows = model.n, Rows()
    one, is_centre = sp.eye_array(n), _add_centres(rows, n, model.k)
    for band in _one_each(model):
        load = model.load[band.measure, :, 0].astype(float)
        total = sp.csr_array(sp.kron(load[None], one))
        rows.add(total - band.low * is_centre, 0, np.inf)
        if band.high >= 0:
            rows.add(total - band.high * is_centre, -np.inf, 0)
    start, neighbour, _edge = model.adjacency
    near = sp.csr_array((np.ones(len(neighbour)), neighbour, start), shape=(n, n))
    unit, centre = np.divmod(np.arange(n * n), n)
    far = (unit != centre) & (near.toarray() == 0).ravel()
    linked = sp.csr_array(sp.kron(one - near, one, format="csr"))
    rows.add(linked[far], -np.inf, 0)
    return rows.model(model.centre.ravel(), np.ones(n * n, dtype=bool), n)


def cut_edge_model(model: AreaModel) -> BinaryModel:
    """Return the model by labels: columns x[u, j] in row-major order, then edges."""
    assert model.edge_price is not None
    n, k, edges, rows = model.n, model.k, model.edges, Rows()
    one, m = sp.eye_array(k), len(model.edges)
    rows.add(_wide(sp.kron(sp.eye_array(n), np.ones((1, k))), m), 1, 1)
    for band in _one_each(model):
        load = model.load[band.measure, :, 0].astype(float)
        high = band.high if band.high >= 0 else np.inf
        rows.add(_wide(sp.kron(load[None], one), m), band.low, high)
    at = np.arange(m)
    ends = [sp.csr_array((np.ones(m), (at, edges[:, e])), shape=(m, n)) for e in (0, 1)]
    differ = sp.csr_array(sp.kron(ends[0] - ends[1], one))
    cut = sp.csr_array(sp.kron(sp.eye_array(m), np.ones((k, 1))))
    for sign in (1.0, -1.0):
        rows.add(sp.hstack([sign * differ, -cut]), -np.inf, 0)
    unit, label = np.divmod(np.arange(n * k), k)
    allowed = np.append(label <= unit, np.ones(m, dtype=bool))  # any order of labels
    return rows.model(np.append(np.zeros(n * k), model.edge_price), allowed, m)


def _wide(block: Sparse, more: int) -> Sparse:
    """Return a block with so many empty columns more."""
    return sp.csr_array(sp.hstack([block, sp.csr_array((block.shape[0], more))]))


def _one_each(model: AreaModel) -> list:
    """Return the bands of the first territory, which are those of every other."""
    return [band for band in model.bands if band.member[0]]


def _cuts(
    model: AreaModel, label: Ints, *, by_centre: bool
) -> Iterator[tuple[Sparse, float]]:
    """
    Yield rows that a plan in pieces breaks and every connected plan keeps.

    A unit a belongs to a root b (its centre, or the label's first unit) only if one of
    some units that separate them does too.
    """
    n, columns = model.n, model.n if by_centre else model.k
    piece = pieces_of(model.edges, label)
    for each in np.unique(label):
        members = np.flatnonzero(label == each)
        root = int(each) if by_centre else int(members[0])
        for lost in np.unique(piece[members]):
            if lost == piece[root]:
                continue
            inside = piece == lost
            between = _separator(model, inside, root)
            for a in np.flatnonzero(inside):
                ends = [int(a)] if by_centre else [int(a), root]
                units = np.append(ends, between).astype(np.int64)
                values = np.append(np.ones(len(ends)), -np.ones(len(between)))
                for column in (each,) if by_centre else range(columns):
                    at = (np.zeros(len(units), np.int64), units * columns + column)
                    row = sp.csr_array((values, at), shape=(1, n * columns))
                    yield row, len(ends) - 1


def _separator(model: AreaModel, inside: NDArray[np.bool_], root: int) -> Ints:
    """Neighbours of a piece that the root reaches without entering another."""
    start, neighbour, _edge = model.adjacency
    rim = np.zeros(model.n, dtype=bool)
    for member in np.flatnonzero(inside):
        rim[neighbour[start[member] : start[member + 1]]] = True
    rim &= ~inside
    seen = np.zeros(model.n, dtype=bool)
    waiting: list[int] = [root]
    seen[root] = True
    while waiting:
        u = waiting.pop()
        if rim[u]:
            continue
        for v in neighbour[start[u] : start[u + 1]].tolist():
            if not seen[v]:
                seen[v] = True
                waiting.append(v)
    return np.flatnonzero(seen & rim)
