"""The question of siting: which sites to open, and which of them serves each unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NO_LIMIT = -1
"""Stands in `high` for a site that carries any load."""
NO_UNIT = -1
"""Stands in `own` for a site that need not serve a unit of its own."""


@dataclass(frozen=True, eq=False)
class SitingModel:
    """
    Open p of m candidate sites, or at most p, and give every unit to one open site.

    Attributes
    ----------
    cost
        Of serving the unit from the site, shape (n, m); inf: not allowed.
    demand
        Of the units in each measure, >= 0, shape (q, n).
    low, high
        Load that an open site must and may carry, shape (q, m); `NO_LIMIT` in `high`.
    p, exact
        Number of open sites: exactly, or at most.
    open_cost
        Of each site, shape (m,).
    kept
        Sites that must be open, shape (m,).
    own
        Unit that a site must serve itself when open, or `NO_UNIT`, shape (m,).
    """

    cost: Floats
    demand: Ints
    low: Ints
    high: Ints
    p: int
    exact: bool
    open_cost: Floats
    kept: Bools
    own: Ints

    def __post_init__(self) -> None:
        """Refuse arrays that do not fit together."""
        n, m = self.cost.shape
        q = len(self.demand)
        wanted = {
            "demand": (q, n),
            "low": (q, m),
            "high": (q, m),
            "open_cost": (m,),
            "kept": (m,),
            "own": (m,),
        }
        for name, shape in wanted.items():
            found = getattr(self, name).shape
            if found != shape:
                raise ValueError(f"{name} has shape {found}, expected {shape}")
        if np.isnan(self.cost).any() or np.isneginf(self.cost).any():
            raise ValueError("a cost is not a number, or minus infinity")
        if (self.demand < 0).any() or self.demand.sum(axis=1).max(initial=0) > 2**53:
            raise ValueError("demand must not be negative, nor its sum above 2**53")
        if self.own.max(initial=NO_UNIT) >= n or self.own.min(initial=0) < NO_UNIT:
            raise ValueError("own must name units")

    @classmethod
    def of(
        cls,
        cost: ArrayLike,
        demand: ArrayLike,
        high: ArrayLike,
        p: int,
        *,
        low: ArrayLike = 0,
        exact: bool = True,
        open_cost: ArrayLike = 0.0,
        kept: ArrayLike = False,
        own: ArrayLike = NO_UNIT,
    ) -> SitingModel:
        """
        Return a model from arrays or single values, spread over sites and measures.

        Parameters
        ----------
        demand
            Shape (n,) or (q, n).
        low, high
            Shape (), (m,) or (q, m); with several measures ``(q, 1)`` for one
            value each.
        """
        matrix = np.array(cost, dtype=float, order="C")
        m = matrix.shape[1]
        demands = np.atleast_2d(np.array(demand, dtype=np.int64))
        band = (len(demands), m)

        def spread(value: ArrayLike, kind: type, shape: tuple[int, ...]) -> NDArray:
            return np.array(np.broadcast_to(value, shape), dtype=kind, order="C")

        return cls(
            cost=matrix,
            demand=demands,
            low=spread(low, np.int64, band),
            high=spread(high, np.int64, band),
            p=p,
            exact=exact,
            open_cost=spread(open_cost, np.float64, (m,)),
            kept=spread(kept, np.bool_, (m,)),
            own=spread(own, np.int64, (m,)),
        )

    @property
    def n(self) -> int:
        """Number of units."""
        return self.cost.shape[0]

    @property
    def m(self) -> int:
        """Number of candidate sites."""
        return self.cost.shape[1]


class SitingOutcome(NamedTuple):
    """
    What a search for sites found.

    Attributes
    ----------
    site
        Site of each unit, shape (n,); None without a plan.
    cost, bound
        Of the plan, and proven lower limit on that of every plan; inf without one.
    infeasible
        Proven: no plan exists.
    moves
        Steps of the search.
    """

    site: Ints | None
    cost: float
    bound: float
    infeasible: bool
    moves: int


def recount(model: SitingModel, site: Ints) -> tuple[float, list[str]]:
    """
    Cost of a plan and the rules that it breaks, from the model alone.

    An open site that must serve no unit of its own may serve none; such a site is
    counted as open only where `kept`, or where exactly p must be open and opening it
    can be made up: see Notes.

    Notes
    -----
    A plan is told by the site of each unit. Sites without units are opened, cheapest
    first, where exactly p must be open and their low ends are 0.
    """
    faults = []
    if len(site) != model.n or site.min() < 0 or site.max() >= model.m:
        return np.inf, ["not every unit has a site"]
    open_sites = open_of(model, site)
    if open_sites.sum() > model.p or (model.exact and open_sites.sum() < model.p):
        faults.append(f"{open_sites.sum()} sites are open, not {model.p}")
    cost = model.cost[np.arange(model.n), site].sum()
    cost += model.open_cost[open_sites].sum()
    if not np.isfinite(cost):
        faults.append("a unit is served from a site that it must not use")
    at = np.flatnonzero(open_sites & (model.own >= 0))
    faults += [f"site {j} serves another unit" for j in at[site[model.own[at]] != at]]
    for measure, demand in enumerate(model.demand):
        load = np.zeros(model.m, dtype=np.int64)
        np.add.at(load, site, demand)
        low, high = model.low[measure], model.high[measure]
        over = (high != NO_LIMIT) & (load > high)
        wrong = open_sites & (over | (load < low))
        faults += [f"site {j} carries {load[j]}" for j in np.flatnonzero(wrong)]
    return float(cost), faults


def open_of(model: SitingModel, site: Ints) -> Bools:
    """Sites that are open in a plan, shape (m,); see `recount` for those unused."""
    opened = model.kept.copy()
    opened[site] = True
    missing = model.p - int(opened.sum()) if model.exact else 0
    if missing > 0:
        idle = ~opened & (model.own == NO_UNIT) & (model.low <= 0).all(axis=0)
        spare = np.flatnonzero(idle)
        spare = spare[np.argsort(model.open_cost[spare], kind="stable")]
        opened[spare[:missing]] = True
    return opened
