"""Problem -> AreaModel and back: territories are the reps who may have units."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from planner.areas import Areas
from planner.problem import Problem, Row
from planner.solvers.areas.model import FREE, AreaModel, Band, Split

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Positions = NDArray[np.intp]

JOINED, NEAR = 200, 24
"""
Where territories may be scattered: units that are all joined to each other, at most;
beyond that, each one to so many nearest ones.
"""


@dataclass(frozen=True, eq=False)
class OnMap:
    """
    A problem with a map as its solvers want it, without what is decided already.

    Attributes
    ----------
    model
        The dense question; None where there is at most one territory to be filled, so
        that only one plan is possible. A rep who may have accounts but no region has
        one more unit of nothing, fixed, off the map and last, so that no territory is
        empty.
    units, reps
        Unit and rep of the problem for each unit (but those last ones) and territory
        of the model.
    settled
        Rep of each unit that only one rep may have, -1 for the units of the model;
        shape (n,).
    constant
        Cost steps that every plan pays and `model` does not know.
    whole
        Whether each plan of the problem is one of the model: only then do a bound and
        a proof of infeasibility hold for the problem.
    """

    model: AreaModel | None
    units: Positions
    reps: Positions
    settled: Positions
    constant: float
    whole: bool

    def rep_of(self, label: Ints) -> Positions:
        """Rep of each unit of the problem, shape (n,)."""
        rep_of = self.settled.copy()
        rep_of[self.units] = self.reps[label[: len(self.units)]]
        return rep_of

    def only_plan(self) -> Positions:
        """Rep of each unit where `model` is None."""
        return self.rep_of(np.zeros(len(self.units), dtype=np.int64))

    def label_of(self, rep_of: Positions) -> Ints:
        """Territory of each unit by a plan that may be incomplete (-1: unknown)."""
        assert self.model is not None
        most = int(max(rep_of.max(initial=0), self.reps.max()))
        territory = np.full(most + 2, FREE)
        territory[self.reps] = np.arange(len(self.reps))
        known = territory[rep_of[self.units]]  # -1 finds the last one, FREE
        extra = self.model.n - len(self.units)
        if not extra:
            return known.astype(np.int64)
        assert self.model.fixed is not None
        return np.concatenate([known, self.model.fixed[-extra:]]).astype(np.int64)

    def bound(self, value: float) -> float:
        """Lower bound in whole steps, from one in the model's real numbers."""
        if not (self.whole and math.isfinite(value)):
            return -math.inf
        value += self.constant
        return math.ceil(value - self._slack(value))

    def in_the_model(self, bound: float) -> float:
        """Lower bound in the model's real numbers, from one in whole steps."""
        return bound - self.constant - self._slack(bound)

    def _slack(self, value: float) -> float:
        """By how much the two ways of counting may differ."""
        assert self.model is not None
        slack = 1e-6 + 1e-12 * abs(value)
        if self.model.weight is not None:  # the spread of each territory is rounded
            slack += 0.5 * (len(self.reps) + 1)
        return slack


def on_map(problem: Problem) -> OnMap:
    """Write a problem that has areas, and all of its arcs, in dense arrays."""
    areas = problem.areas
    assert areas is not None
    settled = _settled(problem)
    units = np.flatnonzero(settled < 0)
    free = (settled[problem.unit] < 0) & (problem.rep < problem.m)
    reps = np.unique(problem.rep[free]).astype(np.intp)
    spare = np.flatnonzero(~areas.needed[reps])
    if len(reps) < 2:
        return OnMap(None, units, reps, settled, 0.0, True)
    k, n, more = len(reps), len(units), len(spare)
    territory = np.full(problem.m + 1, -1, dtype=np.intp)
    territory[reps] = np.arange(k)
    place_of = np.full(problem.n, -1, dtype=np.intp)
    place_of[units] = np.arange(n)
    unit, to = place_of[problem.unit[free]], territory[problem.rep[free]]
    cost = np.full((n + more, k), np.inf)
    cost[unit, to] = problem.total_cost[free]
    cost[n + np.arange(more), spare] = 0.0
    only = np.flatnonzero(np.isfinite(cost).sum(axis=1) == 1)
    fixed = np.full(n + more, FREE, dtype=np.int64)
    fixed[only] = np.isfinite(cost[only]).argmax(axis=1)
    bands, constant = _bands(problem, settled, territory, k)
    weight, places, unmoved = _shape(areas, units, more)
    edges, cut, whole = _edges(areas, units, place_of)
    model = AreaModel(
        k=k,
        edges=edges,
        load=_loads(problem, free, unit, to, (n + more, k)),
        bands=tuple(bands),
        splits=tuple(
            Split(place_of[s.units], s.label_of_rep[reps].astype(np.intp), s.price)
            for s in problem.splits
        ),
        pair=None if (cost == 0).all() else cost,
        weight=weight,
        x=None if weight is None else places[:, 0],
        y=None if weight is None else places[:, 1],
        centre=_centre(areas, units, more),
        edge_price=cut,
        fixed=fixed if len(only) else None,
        on_map=np.append(areas.on_map[units], np.zeros(more, dtype=bool)),
        place=places,
    )
    constant += unmoved + _settled_cost(problem, settled)
    return OnMap(model, units, reps, settled, constant, whole)


def _edges(
    areas: Areas, units: Positions, place_of: Positions
) -> tuple[Ints, Floats | None, bool]:
    """
    Return edges of the model, their prices, and whether they forbid no plan.

    Where territories need not hang together, units are joined to all others, or to
    their nearest ones on a large map: a plan of these is found by the same moves.
    """
    inside = (place_of[areas.edges] >= 0).all(axis=1)
    edges = place_of[areas.edges[inside]].astype(np.int64)
    cut = None if areas.cut is None else areas.cut[inside].astype(float)
    if areas.contiguous:
        return edges, cut, True
    here = place_of[units[areas.on_map[units]]]
    whole = len(here) <= JOINED
    if whole:
        i, j = np.triu_indices(len(here), 1)
    else:
        near = cKDTree(areas.place[units[here]]).query(areas.place[units[here]], NEAR)
        i, j = np.repeat(np.arange(len(here)), NEAR), near[1].ravel()
    more = np.sort(np.stack([here[i], here[j]], axis=1), axis=1)
    more = np.unique(more[more[:, 0] < more[:, 1]], axis=0)
    known = {(int(a), int(b)) for a, b in np.sort(edges, axis=1)}
    fresh = [pair for pair in more.tolist() if tuple(pair) not in known]
    added = np.array(fresh, dtype=np.int64).reshape(-1, 2)
    edges = np.concatenate([edges, added])
    if cut is not None:
        cut = np.concatenate([cut, np.zeros(len(added))])
    return edges, cut, whole


def _settled(problem: Problem) -> Positions:
    """
    Rep of each unit whose rep has no choice either, -1 for the others, shape (n,).

    Reps all of whose arcs are the only ones of their units: regions set apart, locked
    maps. Units that want to stay together with others are left to the search.
    """
    options = np.diff(problem.start)
    open_ = np.zeros(problem.m + 1, dtype=bool)
    open_[problem.rep[options[problem.unit] > 1]] = True
    for split in problem.splits:
        for u in split.units.tolist():
            open_[problem.rep[problem.start[u] : problem.start[u + 1]]] = True
    settled = np.full(problem.n, -1, dtype=np.intp)
    arc = ~open_[problem.rep] & (problem.rep < problem.m)
    settled[problem.unit[arc]] = problem.rep[arc]
    return settled


def _settled_cost(problem: Problem, settled: Positions) -> float:
    """Cost of the settled units, their shapes, and their borders with all others."""
    areas = problem.areas
    assert areas is not None
    own = (settled[problem.unit] >= 0) & (problem.rep == settled[problem.unit])
    total = float(problem.total_cost[own].sum())
    if areas.inertia is not None and own.any():
        mine = settled >= 0
        total += float(areas.inertia.only(mine).cost(settled[mine], problem.m))
    if areas.centres is not None:
        each = np.where(settled < 0, problem.m, settled)
        total += float(areas.centres.total(each, problem.m))  # the others do not count
    if areas.cut is not None:
        ends = settled[areas.edges]
        total += float(areas.cut[ends[:, 0] != ends[:, 1]].sum())
    return total


def _used(problem: Problem) -> list[int]:
    """Measures that a row counts, and at least one."""
    used = sorted({row.measure for row in problem.rows})
    return used or ([0] if problem.measures else [])


def _loads(
    problem: Problem,
    free: NDArray[np.bool_],
    unit: Positions,
    to: Positions,
    shape: tuple[int, int],
) -> Ints:
    """Load by measure, unit and territory; a view where the territory is all one."""
    used = _used(problem)
    load = np.zeros((len(used), *shape), dtype=np.int64)
    by_unit = np.zeros((len(used), shape[0]), dtype=np.int64)
    for index, measure in enumerate(used):
        taken = problem.demand[measure][free]
        load[index, unit, to] = taken
        np.maximum.at(by_unit[index], unit, taken)
    if (load[:, unit, to] == by_unit[:, unit]).all():
        return np.broadcast_to(by_unit[:, :, None], load.shape)
    return load


def _bands(
    problem: Problem, settled: Positions, territory: Positions, k: int
) -> tuple[list[Band], float]:
    """Rows of the territories, less what is settled; and what settled loads cost."""
    index = {measure: at for at, measure in enumerate(_used(problem))}
    own = (settled[problem.unit] >= 0) & (problem.rep == settled[problem.unit])
    load = np.zeros((len(problem.measures), problem.m + 1), dtype=np.int64)
    for measure, values in enumerate(problem.demand):
        np.add.at(load[measure], problem.rep[own], values[own])
    bands, constant = [], 0.0
    for row in problem.rows:
        taken = int(load[row.measure, row.reps].sum())
        member = np.zeros(k, dtype=bool)
        at = territory[row.reps]
        member[at[at >= 0]] = True
        if not member.any():
            constant += (row.price or 0) * row.outside(taken)
        elif row.low > 0 or row.high is not None:
            band, beyond = _band(row, taken, member, index[row.measure])
            bands.append(band)
            constant += (row.price or 0) * beyond
    return bands, constant


def _band(
    row: Row, taken: int, member: NDArray[np.bool_], measure: int
) -> tuple[Band, int]:
    """Return the band that is left, and steps above its high end come what may."""
    high = FREE if row.high is None else max(0, row.high - taken)
    beyond = 0 if row.high is None else max(0, taken - row.high)
    price = None if row.price is None else float(row.price)
    return Band(measure, member, max(0, row.low - taken), high, price), beyond


def _shape(
    areas: Areas, units: Positions, more: int
) -> tuple[Floats | None, Floats, float]:
    """Priced weight and place of each unit, and the spread within units."""
    places = np.vstack([areas.place[units], np.zeros((more, 2))])
    if areas.inertia is None:
        return None, places, 0.0
    inertia = areas.inertia.only(units)
    constant = Fraction(0)
    moments = (inertia.weight, inertia.x, inertia.y, inertia.squares)
    for u, (weight, x, y, squares) in enumerate(zip(*moments, strict=True)):
        if weight:
            constant += squares - Fraction(x * x + y * y, weight)
            places[u] = float(Fraction(x, weight)), float(Fraction(y, weight))
    weight = inertia.weight.astype(float) * float(inertia.price)
    weight = np.append(weight, np.zeros(more))
    return weight, places, float(constant * inertia.price)


def _centre(areas: Areas, units: Positions, more: int) -> Floats | None:
    """Cost of each unit by the unit that is the centre, shape (n, n)."""
    if areas.centres is None:
        return None
    n = len(units)
    centre = np.zeros((n + more, n + more))
    centre[:n, :n] = areas.centres.cost[np.ix_(units, units)]
    # Dearer than all: off the map only where a territory has nothing on it.
    away = np.flatnonzero(~areas.on_map[units])
    mapped = np.flatnonzero(areas.on_map[units])
    centre[np.ix_(mapped, away)] = 1.0 + float(centre.max(initial=0.0))
    return centre
