"""The map under a Problem: which units are neighbours, and what shapes cost."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Inertia:
    """
    A price on the spread of each territory around its weighted mean place.

    A territory costs ``round(price x sum of weight x squared distance to the mean)``,
    half to even; sums are exact, since weights and places are whole numbers. A unit
    may hold several places, so it has moments instead of one place.

    Attributes
    ----------
    weight, x, y, squares
        Of each unit, summed over what lies in it: weight, weight x place (two axes),
        weight x squared distance to the origin; Python integers in arrays of objects,
        shape (n,). Places in metres.
    price
        Cost steps per step of weight and square metre.
    """

    weight: NDArray[np.object_]
    x: NDArray[np.object_]
    y: NDArray[np.object_]
    squares: NDArray[np.object_]
    price: Fraction

    def only(self, units: NDArray[np.bool_] | NDArray[np.intp]) -> Inertia:
        """Return the moments of some units, given as a mask or by their indices."""
        return Inertia(
            self.weight[units],
            self.x[units],
            self.y[units],
            self.squares[units],
            self.price,
        )

    def cost(self, label: NDArray[np.intp], k: int) -> int:
        """Cost steps of all territories; `label` of each unit, below k."""
        sums = np.full((4, k), 0, dtype=object)
        moments = (self.weight, self.x, self.y, self.squares)
        for total, each in zip(sums, moments, strict=True):
            np.add.at(total, label, each)
        return sum(
            round(self.price * (squares - Fraction(x * x + y * y, weight)))
            for weight, x, y, squares in sums.T.tolist()
            if weight
        )


@dataclass(frozen=True, eq=False)
class Centres:
    """
    A price on the way of each unit to the best unit of its territory.

    Attributes
    ----------
    cost
        Cost steps of each unit if a unit is the centre of its territory, shape (n, n);
        0 for units off the map, which never are the centre.
    on_map
        Whether each unit may be a centre, shape (n,).
    hub
        Row of the region in each unit to which the way goes, -1 off the map, (n,).
    """

    cost: Ints
    on_map: NDArray[np.bool_]
    hub: NDArray[np.intp]

    def of(self, units: NDArray[np.intp]) -> tuple[int, int]:
        """Best centre of a territory, -1 where it has none, and its cost in steps."""
        own = units[self.on_map[units]]
        if not len(own):
            return -1, 0
        sums = self.cost[np.ix_(own, own)].sum(axis=0)
        best = int(sums.argmin())
        return int(own[best]), int(sums[best])

    def total(self, label: NDArray[np.intp], k: int) -> int:
        """Cost steps of all territories; `label` of each unit, below k."""
        order = np.argsort(label, kind="stable")
        ends = np.searchsorted(label[order], np.arange(k + 1))
        parts = (order[a:b] for a, b in pairwise(ends.tolist()))
        return sum(self.of(part)[1] for part in parts)


@dataclass(frozen=True, eq=False)
class Areas:
    """
    What holds of plans by areas beyond pairs and rows.

    Attributes
    ----------
    edges
        Neighbouring units, each pair once, the smaller index first; shape (e, 2).
    on_map
        Whether each unit has a place on the map; the others (accounts carved out of
        their regions) take no part in contiguity. Shape (n,).
    contiguous
        Whether the units on the map of each rep must hang together.
    needed
        Whether each rep must have a unit on the map, shape (m,): all who may.
    place
        Where each unit lies on a plane, in metres, shape (n, 2): for the search.
    cut
        Cost steps of each edge between two reps, shape (e,); None: nothing.
    inertia, centres
        See `Inertia` and `Centres`; None: nothing.
    """

    edges: Ints
    on_map: NDArray[np.bool_]
    contiguous: bool
    needed: NDArray[np.bool_]
    place: NDArray[np.float64]
    cut: Ints | None = None
    inertia: Inertia | None = None
    centres: Centres | None = None

    def terms(self, rep_of: NDArray[np.intp], m: int) -> dict[str, int]:
        """Cost steps of shape and borders, by term; rep of each unit, m: nobody."""
        found: dict[str, int] = {}
        if self.inertia is not None:
            found["compactness"] = self.inertia.cost(rep_of, m + 1)
        if self.centres is not None:
            found["compactness"] = self.centres.total(rep_of, m + 1)
        if self.cut is not None:
            parted = rep_of[self.edges[:, 0]] != rep_of[self.edges[:, 1]]
            found["cut_edges"] = int(self.cut[parted].sum())
        return found

    def breaches(self, rep_of: NDArray[np.intp], m: int) -> dict[str, int]:
        """Pieces too many over all reps, and reps without a unit on the map."""
        here = rep_of[self.on_map]
        reps = np.unique(here[here < m])
        found: dict[str, int] = {}
        if self.contiguous and (extra := self._pieces(rep_of, m) - len(reps)):
            found["contiguity"] = extra
        if missing := int(np.setdiff1d(np.flatnonzero(self.needed), reps).size):
            found["empty territories"] = missing
        return found

    def _pieces(self, rep_of: NDArray[np.intp], m: int) -> int:
        """Connected pieces of all territories together."""
        label = self.pieces(rep_of)
        return len(np.unique(label[self.on_map & (rep_of < m)]))

    def pieces(self, rep_of: NDArray[np.intp]) -> NDArray[np.intp]:
        """Number of the piece of its territory that each unit belongs to, (n,)."""
        n = len(rep_of)
        inside = rep_of[self.edges[:, 0]] == rep_of[self.edges[:, 1]]
        i, j = self.edges[inside].T
        graph = coo_array((np.ones(len(i)), (i, j)), shape=(n, n))
        return np.asarray(connected_components(graph, directed=False)[1])

    def worst(self) -> float:
        """No plan pays more than this for shape and borders."""
        total = 0.0 if self.cut is None else float(self.cut.sum())
        if self.inertia is not None:
            whole = np.zeros(len(self.inertia.weight), dtype=np.intp)
            total += float(self.inertia.cost(whole, 1)) + len(self.needed)
        if self.centres is not None:
            total += float(self.centres.cost.max(axis=1).astype(float).sum())
        return total
