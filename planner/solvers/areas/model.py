"""The question of connected territories in dense arrays, as its solvers want it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FREE = -1
"""A unit that may go to any territory; a row without an upper end."""


@dataclass(frozen=True, eq=False)
class Band:
    """
    A band on the load of a set of territories.

    Attributes
    ----------
    measure
        Index into `AreaModel.load`.
    member
        Whether each territory counts, shape (k,).
    low, high
        Loads within ``low <= load <= high`` are free; `high` -1: no upper end.
    price
        Cost per step outside; None: no plan may leave the band.
    """

    measure: int
    member: NDArray[np.bool_]
    low: int
    high: int
    price: float | None = None


@dataclass(frozen=True, eq=False)
class Split:
    """
    A price for each label beyond the first in a set of units.

    Attributes
    ----------
    units
        Indices of the units that want to stay together.
    label_of_territory
        Shape (k,); territories with the same label count once.
    price
        Cost of each label beyond the first.
    """

    units: NDArray[np.intp]
    label_of_territory: NDArray[np.intp]
    price: float


@dataclass(frozen=True, eq=False)
class AreaModel:
    """
    Divide n units of a map into k connected territories at least cost.

    Cost = pair costs + shape (by centre unit, or by weighted mean) + cut edges + bands
    with a price + splits. Every territory has at least one unit.

    Attributes
    ----------
    k
        Number of territories.
    edges
        Pairs of neighbouring units, each pair once, shape (edges, 2).
    load
        ``load[measure, unit, territory] >= 0`` in steps, shape (q, n, k); a broadcast
        view where the territory does not matter.
    bands, splits
        See `Band` and `Split`.
    pair
        ``pair[unit, territory]``, cost of serving; inf: not allowed. Shape (n, k).
        None: nothing.
    centre
        ``centre[unit, c]``, cost of a unit if unit c is the centre of its territory,
        shape (n, n); each territory takes the best of its own units. None: nothing.
    weight, x, y
        Shape by weighted mean: cost = sum of weight x squared distance to the mean of
        the territory; `weight` has the price in it. None: nothing.
    edge_price
        Cost of each edge between two territories, shape (edges,). None: nothing.
    fixed
        Territory of each unit that may not move, else `FREE`. None: all free.
    on_map
        Units that take part in contiguity; the others lie anywhere (accounts carved
        out of areas). None: all.
    place
        Projected places of the units, any unit of length, shape (n, 2): what search and
        drawing go by where no shape asks for it. None: not known.
    """

    k: int
    edges: Ints
    load: Ints
    bands: tuple[Band, ...] = ()
    splits: tuple[Split, ...] = ()
    pair: Floats | None = None
    centre: Floats | None = None
    weight: Floats | None = None
    x: Floats | None = None
    y: Floats | None = None
    edge_price: Floats | None = None
    fixed: Ints | None = None
    on_map: NDArray[np.bool_] | None = field(default=None)
    place: Floats | None = None

    @property
    def n(self) -> int:
        """Number of units."""
        return self.load.shape[1]

    @cached_property
    def adjacency(self) -> tuple[Ints, Ints, Ints]:
        """CSR form: start (n + 1,), neighbour, and edge index of each entry."""
        ends = np.concatenate([self.edges, self.edges[:, ::-1]])
        which = np.tile(np.arange(len(self.edges)), 2)
        order = np.lexsort((ends[:, 1], ends[:, 0]))
        start = np.zeros(self.n + 1, dtype=np.int64)
        np.cumsum(np.bincount(ends[:, 0], minlength=self.n), out=start[1:])
        return start, ends[order, 1].astype(np.int64), which[order].astype(np.int64)


class AreaOutcome(NamedTuple):
    """
    What a solver of areas found.

    Attributes
    ----------
    label
        Territory of each unit, shape (n,); None: no plan found.
    cost, bound
        As `area_cost` counts; inf and -inf where there is none.
    infeasible
        Proven: there is no plan.
    moves
        Moves looked at.
    """

    label: Ints | None
    cost: float
    bound: float
    infeasible: bool = False
    moves: int = 0
