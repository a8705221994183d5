"""Problem -> AreaModel and back: territories are the reps who may have units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from planner.areas import Areas
from planner.problem import Problem
from planner.solvers.areas.model import FREE, AreaModel, Band, Split

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Positions = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class OnMap:
    """
    A problem with a map as its solvers want it.

    Attributes
    ----------
    model
        The dense question. A rep who may have accounts but no region has one more
        unit of nothing, fixed, off the map and last, so that no territory is empty.
    reps
        Rep index of each territory, shape (k,).
    constant
        Cost steps that every plan pays and `model` does not know: the spread of what
        lies within single units.
    """

    model: AreaModel
    reps: Positions
    constant: float

    def rep_of(self, label: Ints, n: int) -> Positions:
        """Rep of each unit of the problem, shape (n,)."""
        return np.asarray(self.reps[label[:n]], dtype=np.intp)

    def label_of(self, rep_of: Positions) -> Ints:
        """Territory of each unit by a plan that may be incomplete (-1: unknown)."""
        territory = np.full(int(max(rep_of.max(initial=0), self.reps.max())) + 1, FREE)
        territory[self.reps] = np.arange(len(self.reps))
        known = np.where(rep_of >= 0, territory[rep_of], FREE)
        extra = self.model.n - len(rep_of)
        last = np.zeros(0, dtype=np.int64)
        if extra:
            assert self.model.fixed is not None
            last = self.model.fixed[-extra:]
        return np.concatenate([known, last]).astype(np.int64)

    def bound(self, value: float) -> float:
        """Lower bound in whole steps, from one in the model's real numbers."""
        if not math.isfinite(value):
            return -math.inf
        value += self.constant
        slack = 1e-6 + 1e-12 * abs(value)
        if self.model.weight is not None:  # the spread of each territory is rounded
            slack += 0.5 * len(self.reps)
        return math.ceil(value - slack)


def on_map(problem: Problem) -> OnMap:
    """Write a problem that has areas, and all of its arcs, in dense arrays."""
    areas = problem.areas
    assert areas is not None
    arc = problem.rep < problem.m
    reps = np.unique(problem.rep[arc]).astype(np.intp)
    k, n = len(reps), problem.n
    territory = np.full(problem.m + 1, -1, dtype=np.intp)
    territory[reps] = np.arange(k)
    spare = np.flatnonzero(~areas.needed[reps])
    unit, to = problem.unit[arc], territory[problem.rep[arc]]
    cost = np.full((n + len(spare), k), np.inf)
    cost[unit, to] = problem.total_cost[arc]
    cost[n + np.arange(len(spare)), spare] = 0.0
    fixed = np.full(n + len(spare), FREE, dtype=np.int64)
    fixed[n:] = spare
    options = np.isfinite(cost).sum(axis=1)
    only = np.flatnonzero(options == 1)
    fixed[only] = np.isfinite(cost[only]).argmax(axis=1)
    weight, places, constant = _shape(areas, len(spare))
    model = AreaModel(
        k=k,
        edges=areas.edges,
        load=_loads(problem, arc, unit, to, len(spare), k),
        bands=tuple(_bands(problem, territory, k)),
        splits=tuple(
            Split(s.units, s.label_of_rep[reps].astype(np.intp), float(s.price))
            for s in problem.splits
        ),
        pair=None if (cost == 0).all() else cost,
        weight=weight,
        x=None if weight is None else places[:, 0],
        y=None if weight is None else places[:, 1],
        edge_price=None if areas.cut is None else areas.cut.astype(float),
        fixed=fixed if (fixed != FREE).any() else None,
        on_map=np.append(
            areas.on_map & areas.contiguous, np.zeros(len(spare), dtype=bool)
        ),
        place=places,
    )
    return OnMap(model, reps, constant)


def _used(problem: Problem) -> list[int]:
    """Measures that a row counts, and at least one."""
    used = sorted({row.measure for row in problem.rows})
    return used or [0] if problem.measures else []


def _loads(
    problem: Problem,
    arc: NDArray[np.bool_],
    unit: NDArray[np.int32],
    to: Positions,
    spare: int,
    k: int,
) -> Ints:
    """Load by measure, unit and territory; a view where the territory is all one."""
    used, n = _used(problem), problem.n
    by_unit = np.zeros((len(used), n + spare), dtype=np.int64)
    begin = problem.start[:-1]
    same = True
    for index, measure in enumerate(used):
        taken = problem.demand[measure]
        by_unit[index, :n] = np.maximum.reduceat(taken, begin)
        same &= bool((taken == by_unit[index, problem.unit])[arc].all())
    if same:
        return np.broadcast_to(by_unit[:, :, None], (len(used), n + spare, k))
    load = np.zeros((len(used), n + spare, k), dtype=np.int64)
    for index, measure in enumerate(used):
        load[index, unit, to] = problem.demand[measure][arc]
    return load


def _bands(problem: Problem, territory: Positions, k: int) -> list[Band]:
    index = {measure: at for at, measure in enumerate(_used(problem))}
    bands = []
    for row in problem.rows:
        if row.low <= 0 and row.high is None:
            continue
        member = np.zeros(k, dtype=bool)
        at = territory[row.reps]
        member[at[at >= 0]] = True
        bands.append(
            Band(
                measure=index[row.measure],
                member=member,
                low=row.low,
                high=FREE if row.high is None else row.high,
                price=None if row.price is None else float(row.price),
            )
        )
    return bands


def _shape(areas: Areas, spare: int) -> tuple[Floats | None, Floats, float]:
    """Priced weight and place of each unit, and what no plan can change."""
    places = np.vstack([areas.place, np.zeros((spare, 2))])
    inertia = areas.inertia
    if inertia is None:
        return None, places, 0.0
    constant = Fraction(0)
    moments = (inertia.weight, inertia.x, inertia.y, inertia.squares)
    for u, (weight, x, y, squares) in enumerate(zip(*moments, strict=True)):
        if weight:
            constant += squares - Fraction(x * x + y * y, weight)
            places[u] = float(Fraction(x, weight)), float(Fraction(y, weight))
    weight = inertia.weight.astype(float) * float(inertia.price)
    weight = np.append(weight, np.zeros(spare))
    return weight, places, float(constant * inertia.price)
