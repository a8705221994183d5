"""Which candidate bases to open: a few good sets, and a bound over all of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from planner.problem import Problem
from planner.solvers.result import Watch
from planner.solvers.siting.adapter import rows_of_sites, siting_model
from planner.solvers.siting.bound import site_bound
from planner.solvers.siting.cells import sites_by_cells
from planner.solvers.siting.model import SitingModel, open_of
from planner.solvers.siting.prices import Pricing, SitePrices, raise_bound
from planner.solvers.siting.solve import solve_siting

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PRICES_SHARE, CELLS_SHARE, BANDS_SHARE = 0.25, 0.3, 0.5
"""Shares of the time left: for prices; for sites by cells; for sites by bands."""
MANY_UNITS = 10
"""Units for each open site from which on cells of units are a good picture."""
SLOW_PAIRS = 5_000_000
"""Units times sites beyond which prices take twice the time."""
FEW_PAIRS = 300_000
"""
Units times sites up to which single units are searched with. At 7,555 x 400 with 60
open, annealing came to 1.6 times the cost that cells led to in the same time.
"""
STEPS = 400
"""Of the ascent of prices, at most."""
CERTAIN = 1e-9
"""Share by which a proof in doubles is taken back before it is rounded up."""


@dataclass(frozen=True, eq=False)
class Choice:
    """
    Sets of sites worth trying, and what is proven about all sets.

    Attributes
    ----------
    sets
        Which sites are open, each shape (m,); most promising first.
    prices
        Behind a bound that can be checked again.
    bound
        Lower limit by the search for sites alone, in steps of cost; 0 without.
    infeasible
        Proven: with no set of sites is there a plan.
    """

    sets: tuple[Bools, ...]
    prices: SitePrices
    bound: int
    infeasible: bool


def choose_sites(
    problem: Problem,
    first: Bools,
    watch: Watch,
    *,
    gap: float,
    seed: int,
    threads: int,
) -> Choice:
    """
    Choose which reps of a problem with an opening to open.

    Parameters
    ----------
    first
        Sites to start from, shape (m,).
    watch
        Its limit is that of the choice alone.

    Returns
    -------
    At least one set unless infeasible; whether there is a plan with it, only solving
    the problem with these reps can tell.
    """
    assert problem.opening is not None
    model = siting_model(problem, bands=False, proof=True)
    priced = any(site.priced for site in rows_of_sites(problem))
    rough = site_bound(model, watch, time_share=PRICES_SHARE / 2, threads=threads)
    pricing = Pricing(problem)
    none = SitePrices((0,) * problem.n, {}, 1, 0, ())
    if math.isinf(rough.bound):
        return Choice((), none, 0, True)
    share = PRICES_SHARE if problem.n * problem.m <= SLOW_PAIRS else 2 * PRICES_SHARE
    ends = watch.seconds + watch.left * share
    near, start = nearest(problem, first), rough.prices[: problem.n]
    if pricing.bound_at(near) > pricing.bound_at(start):
        start = near
    prices = raise_bound(
        pricing,
        start,
        float(near.sum() + problem.opening.cost[first].sum()),
        lambda: watch.left > 0 and watch.seconds < ends,
        STEPS,
    )
    prices = replace(prices, dropped=dropped_by(problem))
    watch.report("bases", bound=prices.bound)
    sets: list[Bools] = []
    bound = 0.0
    if problem.n >= MANY_UNITS * problem.opening.count:
        share = 1.0 if problem.n * problem.m > FEW_PAIRS else CELLS_SHARE
        cells = sites_by_cells(
            problem,
            pricing.value,
            first,
            watch.part(share),
            seed=seed,
            threads=threads,
        )
        sets += [] if cells is None else [cells]
    if problem.n * problem.m <= FEW_PAIRS:
        if priced or _depends(problem):
            usual = siting_model(problem, bands=True, proof=False)
            part = watch.part(BANDS_SHARE)
            found = solve_siting(usual, part, gap=gap, seed=seed, threads=threads)
            if found.site is not None:
                sets.append(_reps(usual, found.site, problem.m))
        part = watch.part(1.0)
        found = solve_siting(model, part, gap=gap, seed=seed, threads=threads)
        if found.infeasible:
            return Choice((), none, 0, True)
        if found.site is not None:
            sets.append(_reps(model, found.site, problem.m))
        bound = found.bound
    if not sets:
        sets.append(first)
    if math.isfinite(bound):
        bound = math.ceil(bound - CERTAIN * max(1.0, abs(bound)))
    return Choice(_distinct(sets), prices, int(bound), False)


def nearest(problem: Problem, opened: Bools) -> Floats:
    """Cost of each unit at its cheapest open site, or left out; shape (n,)."""
    here = np.append(opened, True)[problem.rep]
    dearest = float(problem.total_cost.max(initial=0))
    found = np.full(problem.n, dearest)
    np.minimum.at(found, problem.unit[here], problem.total_cost[here])
    return found


def _depends(problem: Problem) -> bool:
    """Whether any unit takes more of one rep than of another."""
    served = problem.rep < problem.m
    unit = problem.unit[served]
    for values in problem.demand:
        largest = np.zeros(problem.n, dtype=np.int64)
        np.maximum.at(largest, unit, values[served])
        if (values[served] != largest[unit]).any():
            return True
    return False


def _reps(model: SitingModel, site: Ints, m: int) -> Bools:
    """Open reps of a siting; the site of units left out is none."""
    return open_of(model, site)[:m]


def _distinct(sets: list[Bools]) -> tuple[Bools, ...]:
    found: dict[bytes, Bools] = {}
    for one in sets:
        found.setdefault(one.tobytes(), one)
    return tuple(found.values())


def dropped_by(problem: Problem) -> tuple[str, ...]:
    """Rules and terms that the prices of sites do not see, by their keys."""
    names = [
        row.id.partition("/")[0]
        for row in problem.rows
        if len(row.reps) != 1 or row.reps[0] == problem.m
    ]
    names += [split.term for split in problem.splits]
    if problem.apart:
        names.append("apart")
    return tuple(dict.fromkeys(names))


def relocated(problem: Problem, opened: Bools, rep_of: Ints) -> Bools:
    """
    Give the books of a plan the bases that suit them best, each its own.

    Parameters
    ----------
    opened
        Reps open in the plan, shape (m,).
    rep_of
        Rep of each unit (m: nobody), shape (n,).

    Returns
    -------
    Reps open instead, shape (m,). A book may only move where all of its units may be
    served, and where no hard row of the site refuses its load.
    """
    opening = problem.opening
    assert opening is not None
    books = np.flatnonzero(opened & ~opening.kept)
    sites = np.flatnonzero(~opening.kept)
    if not len(books):
        return opened
    book = np.full(problem.m + 1, -1)
    book[books] = np.arange(len(books))
    at = book[rep_of[problem.unit]]
    used = (at >= 0) & (problem.rep < problem.m)
    cell = at[used] * problem.m + problem.rep[used]
    size = len(books) * problem.m
    cost = np.bincount(cell, problem.total_cost[used].astype(float), size)
    served = np.bincount(cell, minlength=size)
    needed = np.bincount(book[rep_of][book[rep_of] >= 0], minlength=len(books))
    cost = cost.reshape(len(books), -1) + opening.cost
    cost[served.reshape(cost.shape) < needed[:, None]] = np.inf
    for row in problem.rows:
        if row.price is None and len(row.reps) == 1 and row.reps[0] < problem.m:
            site = int(row.reps[0])
            mine = used & (problem.rep == site)
            load = np.bincount(at[mine], problem.demand[row.measure][mine], len(books))
            high = math.inf if row.high is None else row.high
            cost[(load > high) | (load < row.low), site] = np.inf
    stay = cost[np.arange(len(books)), books]
    if not np.isfinite(stay).all():
        return opened
    cost = cost[:, sites]
    large = 1.0 + 2 * len(books) * float(cost[np.isfinite(cost)].max(initial=0.0))
    at_book, at_site = linear_sum_assignment(np.where(np.isfinite(cost), cost, large))
    if not cost[at_book, at_site].sum() < stay.sum():
        return opened
    chosen = opening.kept.copy()
    chosen[sites[at_site]] = True
    return chosen
