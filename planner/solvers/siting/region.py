"""A few adjacent books as a siting of their own, cut out of a plan and put back."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from planner.solvers.siting.model import NO_UNIT, SitingModel, open_of
from planner.solvers.siting.question import Ints


class Region(NamedTuple):
    """
    Part of a plan as a model.

    Attributes
    ----------
    model
        The units of some open sites, and the sites that these units may use instead.
    units, sites
        Index in the whole, shapes (units,), (sites,).
    site
        Site of each unit in the plan, by index in `sites`.
    cost
        Of that part of the plan.
    """

    model: SitingModel
    units: Ints
    sites: Ints
    site: Ints
    cost: float


def cut_out(model: SitingModel, site: Ints, opened: Ints, free_sites: int) -> Region:
    """
    Return some open sites of a plan, with their units, as a siting of its own.

    Parameters
    ----------
    site
        Of each unit, shape (n,).
    opened
        Sites to be sited anew.
    free_sites
        Candidate sites without a unit of their own, at most: those nearest to the
        units.
    """
    units = np.flatnonzero(np.isin(site, opened))
    is_open = open_of(model, site)
    inside = np.zeros(model.n, dtype=bool)
    inside[units] = True
    candidate = ~is_open
    candidate[opened] = False
    candidate &= (model.own == NO_UNIT) | inside[model.own]
    free = np.flatnonzero(candidate & (model.own == NO_UNIT))
    if len(free) > free_sites:
        distance = model.cost[np.ix_(units, free)].min(axis=0)
        free = free[np.argpartition(distance, free_sites)[:free_sites]]
    bound_sites = np.flatnonzero(candidate & (model.own != NO_UNIT))
    sites = np.sort(np.concatenate([opened, free, bound_sites]))
    spare = 0 if model.exact else model.p - int(is_open.sum())
    number = np.full(model.n + 1, NO_UNIT)
    number[units] = np.arange(len(units))
    part = SitingModel(
        cost=np.ascontiguousarray(model.cost[np.ix_(units, sites)]),
        demand=np.ascontiguousarray(model.demand[:, units]),
        low=np.ascontiguousarray(model.low[:, sites]),
        high=np.ascontiguousarray(model.high[:, sites]),
        p=len(opened) + spare,
        exact=model.exact,
        open_cost=model.open_cost[sites],
        kept=model.kept[sites],
        own=number[model.own[sites]],
    )
    inner = np.searchsorted(sites, site[units])
    cost = model.cost[units, site[units]].sum() + model.open_cost[opened].sum()
    return Region(part, units, sites, inner, float(cost))
