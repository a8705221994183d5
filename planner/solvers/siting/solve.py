"""Siting from start to proof: a plan, a bound, better parts, the rest by branching."""

from __future__ import annotations

import math
import threading

import numpy as np

from planner.solvers.result import Watch, gap_of
from planner.solvers.siting.bound import SiteBound, site_bound
from planner.solvers.siting.branch import solve_by_branching
from planner.solvers.siting.model import SitingModel, SitingOutcome
from planner.solvers.siting.node import CLOSED, FREE, OPEN
from planner.solvers.siting.question import Ints
from planner.solvers.siting.recut import Recut
from planner.solvers.siting.start import Annealer, best_of


def solve_siting(
    model: SitingModel,
    watch: Watch,
    *,
    gap: float = 0.0,
    seed: int = 1,
    threads: int = 2,
) -> SitingOutcome:
    """
    Look for the best siting within the time left, and prove how good it is.

    Parameters
    ----------
    gap
        Stop at this proven gap.
    """
    whole = bool((np.floor(model.cost) == model.cost)[np.isfinite(model.cost)].all())
    whole &= bool((np.floor(model.open_cost) == model.open_cost).all())
    annealer = Annealer(model, seed)
    seeds = [annealer.random_sites(seed + t) for t in range(threads)]
    cost, site = best_of(annealer.run(seeds, 1.0, 0.02, watch.left * 0.03))
    watch.report("annealing", cost)
    bound = site_bound(model, watch, upper=cost, time_share=0.15, threads=threads)
    if math.isinf(bound.bound):
        return SitingOutcome(None, math.inf, math.inf, True, annealer.moves)
    watch.report("bound", bound=bound.bound)
    order = np.argsort(np.where(model.kept, -np.inf, bound.value))[: model.p]
    runs = annealer.run([order] * threads, 0.3, 0.01, watch.left * 0.15)
    cost, site = min([(cost, site), *runs], key=lambda run: run[0])
    if math.isinf(cost):
        return SitingOutcome(None, math.inf, bound.bound, False, annealer.moves)
    watch.report("annealing", cost)
    gain = 1 - 1e-6 if whole else 1e-9 * max(1.0, abs(cost))
    stop = np.zeros(1, dtype=bool)
    recut = Recut(
        model, site, cost, bound.prices, stop, gain, np.random.default_rng(seed)
    )
    recut.run(watch, watch.seconds + watch.left * 0.5, threads)
    site, cost = recut.site, recut.cost
    return _prove(model, bound, site, cost, gain, watch, annealer.moves + recut.solves)


def _prove(
    model: SitingModel,
    bound: SiteBound,
    site: Ints,
    cost: float,
    gain: float,
    watch: Watch,
    moves: int,
) -> SitingOutcome:
    """Search what the bound leaves open."""
    limit = cost - gain
    arcs = bound.arcs_up_to(model, limit)
    if model.n * model.m > 200_000:
        return SitingOutcome(site, cost, min(bound.bound, cost), False, moves)
    fixed = np.full(model.m, FREE)
    fixed[bound.if_closed(model.kept) > limit] = OPEN
    fixed[bound.if_open(model.kept) > limit] = CLOSED
    stop = np.zeros(1, dtype=bool)
    timer = threading.Timer(watch.left, lambda: stop.__setitem__(0, True))
    timer.daemon = True
    timer.start()
    better, complete, nodes = solve_by_branching(
        model,
        bound.prices,
        site,
        cost,
        stop,
        nodes=10**9,
        gain=gain,
        arcs=arcs,
        fixed=fixed,
    )
    timer.cancel()
    if better is not None:
        site = better
        cost = float(model.cost[np.arange(model.n), site].sum())
        cost += float(model.open_cost[np.unique(site)].sum())
    proven = cost if complete else min(cost, bound.bound)
    watch.report("branching", cost, proven)
    return SitingOutcome(site, cost, proven, False, moves + nodes)


_ = gap_of
