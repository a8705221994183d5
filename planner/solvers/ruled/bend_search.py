"""
The least change of rules by the engine: large inputs, and maps.

Limits and budgets get their price per unit, hard balances a price that is at most that
of a wider tolerance, pairs the price of freeing their accounts. Where one change frees
many pairs (a longer distance, a further skill) each pair has a price of its own, which
is too much in sum; sets stay hard. What the engine finds is a plan and a lower bound on
the price of any change; the bound holds only where no rule of these kinds has a price.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from planner.rounding import LARGEST_TOTAL, cost_scale, to_integers
from planner.ruled import BandRule, PairRule, Ruled, View, view
from planner.solvers.result import Progress, Watch
from planner.solvers.ruled.elastic import STATIC, Bent
from planner.solvers.ruled.engine import plan_cost, problem_of, solved

LEAST_PATIENCE, TRIFLE = 3.0, 0.001
"""Seconds without a better plan before a search ends; share that counts as better."""
COST_SHARE = 0.001
"""Of equally cheap changes, that with the cheaper plan: a share of the plan's cost."""


def bend_by_search(
    ruled: Ruled,
    price: Sequence[float | None],
    watch: Watch,
    *,
    seed: int = 1,
    threads: int = 2,
) -> Bent:
    """Do as `bend_least`, for any size; what is found need not be the least."""
    priced = [number for number, one in enumerate(price) if one is not None]
    soft = [n for n in priced if can_bend(ruled, n) or _frees_many(ruled, n)]
    whole = all(can_bend(ruled, number) for number in priced)
    hard = [i for i in range(len(ruled.rules)) if i not in soft]
    seen = view(ruled, ruled.only(hard))
    if not seen.allowed.any(axis=1).all():
        return Bent(None, 0.0, False, whole)
    per_step = {number: _per_step(ruled, number, price) for number in soft}
    scale = _scale(ruled, [p for prices in per_step.values() for p in prices])
    rows = list(seen.bands)
    for number in soft:
        rule = ruled.rules[number]
        if isinstance(rule, BandRule):
            steps = to_integers(per_step[number], scale)
            rows += [
                replace(band, price=int(step))
                for band, step in zip(rule.bands, steps, strict=True)
            ]
    cost = _pair_cost(ruled, seen, soft, price, scale)
    share = COST_SHARE * scale / ruled.pairs.cost_scale
    ties = to_integers(plan_cost(ruled, seen) * share, 1)
    problem = problem_of(ruled, seen, cost + ties, tuple(rows))
    problem = replace(problem, cost_scale=scale)
    patience = Patience(watch)
    units, bound, infeasible = solved(
        problem, patience.watch, seed, threads, tell=patience.tell
    )
    bound -= int(np.where(seen.allowed, ties, 0).max(axis=1).sum())
    rounding = sum(
        sum(per_step[number])
        for number in soft
        if ruled.rules[number].kind == "balance"  # ends are whole steps, widths are not
    )
    least = max(0.0, bound / scale - rounding) if whole else 0.0
    if units is None:
        return Bent(None, least, False, infeasible and whole)
    return Bent(units[seen.unit_of], least, False, False)


class Patience:
    """Ends a search that has found nothing much better for as long as it took."""

    def __init__(self, watch: Watch) -> None:
        self.began, self.last, self.cost = watch.seconds, watch.seconds, math.inf
        self.outer = watch
        self.watch = watch.part(1.0)
        self.watch.interrupted = self.is_over

    def tell(self, moment: Progress) -> None:
        """Note when a plan is better by more than a trifle."""
        if moment.cost < self.cost * (1 - TRIFLE):
            self.cost, self.last = moment.cost, self.outer.seconds

    def is_over(self) -> bool:
        """Whether to stop."""
        quiet = self.outer.seconds - self.last
        waited = quiet > max(LEAST_PATIENCE, self.last - self.began)
        return self.outer.interrupted() or (math.isfinite(self.cost) and waited)


def can_bend(ruled: Ruled, number: int) -> bool:
    """Whether the engine has the very price of bending a rule."""
    rule = ruled.rules[number]
    if isinstance(rule, BandRule):
        return rule.kind != "balance" or all(target > 0 for target in rule.targets)
    return isinstance(rule, PairRule) and rule.kind in STATIC


def _frees_many(ruled: Ruled, number: int) -> bool:
    """Whether one change of a rule frees many pairs at once."""
    rule = ruled.rules[number]
    return isinstance(rule, PairRule) and rule.kind not in STATIC


def _per_step(ruled: Ruled, number: int, price: Sequence[float | None]) -> list[float]:
    """Price of a step outside each band of a rule; of a tolerance, its share of it."""
    rule, one = ruled.rules[number], price[number]
    assert one is not None
    if not isinstance(rule, BandRule):
        return [one]
    scale = ruled.pairs.scales[rule.bands[0].measure]
    if rule.kind != "balance":
        return [one / scale] * len(rule.bands)
    # The widest excess counts; the mean of all is at most that.
    return [100 * one / (target * scale * len(rule.bands)) for target in rule.targets]


def _scale(ruled: Ruled, per_step: Sequence[float]) -> int:
    """Finest scale of cost that keeps totals small enough to be added exactly."""
    scale = max(cost_scale(per_step), 10**6)
    load = ruled.demand.max(axis=2).sum(axis=1, dtype=float).max(initial=1.0)
    worst = sum(per_step) * max(load, 1.0) + max(per_step, default=1.0) * load
    dear = ruled.cost.max(axis=1).sum(dtype=float)
    worst += COST_SHARE * dear / ruled.pairs.cost_scale
    while scale > 1 and 4 * worst * scale > LARGEST_TOTAL:
        scale //= 10
    return scale


def _pair_cost(
    ruled: Ruled,
    seen: View,
    soft: Sequence[int],
    price: Sequence[float | None],
    scale: int,
) -> np.ndarray:
    cost = np.zeros(seen.allowed.shape, dtype=np.int64)
    for number in soft:
        rule, one = ruled.rules[number], price[number]
        if isinstance(rule, PairRule):
            assert one is not None
            unit = seen.unit_of[rule.row]
            amount = rule.barred.astype(np.float64)
            if rule.kind == "max_km":
                amount = _beyond(ruled, seen, rule)
            np.add.at(cost, unit, to_integers(one * amount, scale))
    return cost


def _beyond(ruled: Ruled, seen: View, rule: PairRule) -> np.ndarray:
    """
    Km of each pair beyond the distance at which every unit has somebody.

    So far the distance is raised in any case; only what lies farther costs more.
    """
    limit = ruled.pairs.scenario.travel.max_km
    assert limit is not None
    unit = seen.unit_of[rule.row]
    over = np.where(rule.barred, ruled.km[rule.row] - limit, 0.0)
    open_to = np.where(seen.allowed[unit], over, np.inf)
    reach = float(open_to.min(axis=1).max(initial=0.0))
    return np.maximum(over - reach, 0.0)
