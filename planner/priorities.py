"""An order of priorities: one term after the other, each held while the next counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from planner.compile import Compiled, compile_problem
from planner.errors import PlannerError
from planner.problem import Problem, evaluate
from planner.scenario import Scenario
from planner.scenario.rules import Budget
from planner.solvers.dual import solve_dual
from planner.solvers.result import Progress, Result, Status, Watch
from planner.solvers.rows import linear_rows
from planner.solvers.solve import EXACT_ARCS, solve_problem
from planner.solvers.start import WarmStart
from planner.tables import Tables
from planner.words import _

LARGEST_WEIGHT = 2.0**14
"""Over a rule's own price: where even this does not hold a cap, nothing will."""
STEP = 4
"""By what a weight grows that is too little."""
CLOSER = 2
"""How often the weight between one that holds and one that does not is tried."""
TRIES = 10
"""Into so many parts the time of a stage is cut in which weights are looked for."""
LEANING = 64
"""How much more than the other terms a term of a large problem counts in its stage."""
PROOF_SHARE = 0.2
"""Of the time of such a solve, beyond it, for what is proven of the term alone."""
ROOM = 1e-9
"""Relative rounding of a cap."""


@dataclass(frozen=True)
class Stage:
    """
    What one priority came to; amounts in currency a year.

    Attributes
    ----------
    term, slack, absolute
        As in the scenario.
    value, bound
        Least cost of the term found within the caps before it, and what is proven.
    cap
        What the term may cost from then on.
    weight
        What the price of its rule is multiplied by in the end; 1 where a budget holds
        the cap.
    """

    term: str
    slack: float
    absolute: float
    value: float
    bound: float
    cap: float
    weight: float = 1.0


@dataclass(frozen=True, eq=False)
class Ordered:
    """
    A question by priorities, turned into one by budgets and weights.

    Attributes
    ----------
    scenario, compiled
        With the budgets and weights that hold all caps.
    result
        The answer to it.
    stages
        One for each priority; fewer where a stage found no plan.
    """

    scenario: Scenario
    compiled: Compiled
    result: Result
    stages: tuple[Stage, ...]


def solve_in_order(
    scenario: Scenario,
    tables: Tables,
    *,
    start: WarmStart,
    seconds: float,
    interrupted: Callable[[], bool] = lambda: False,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Ordered:
    """
    Minimise one term after the other, then the whole cost.

    A pair-wise term is held by a budget. What a rule of balance or of keeping together
    costs is no sum over pairs: its price is raised until the cap holds, which by
    Lagrangian duality (Geoffrion 1974, doi:10.1007/BFb0120690) proves
    bound - weight x cap for the term that is minimised.

    Parameters
    ----------
    scenario
        With `priorities`.
    start
        A plan of the same question without them, so that every stage has one.
    seconds
        Time for all stages.
    tell
        Receives progress, in steps of cost of the stage.
    """
    order = _Order(scenario, tables, start, Watch(seconds, interrupted), tell)
    for priority in scenario.priorities:
        found = order.solved(priority.term)
        if found.result.arcs is None:
            return found
        value = order.costs(found)[priority.term]
        paid = sum(order.weights[f] * order.caps[f] for f in order.caps)
        bound = found.result.bound / found.compiled.problem.cost_scale - paid
        cap = priority.cap(value)
        stage = Stage(
            priority.term,
            priority.slack,
            priority.absolute,
            value,
            min(max(0.0, bound), value),
            cap,
        )
        order.hold(stage)
    return order.solved(None)


class _Order:
    """Caps so far, and how they are held."""

    def __init__(
        self,
        scenario: Scenario,
        tables: Tables,
        start: WarmStart,
        watch: Watch,
        tell: Callable[[Progress], None],
    ) -> None:
        self.scenario, self.tables, self.start = scenario, tables, start
        self.watch, self.tell = watch, tell
        self.left = len(scenario.priorities) + 1
        self.stages: list[Stage] = []
        self.caps: dict[str, float] = {}
        self.weights: dict[str, float] = {}

    def hold(self, stage: Stage) -> None:
        """Hold a term below its cap from now on."""
        self.stages.append(stage)
        if "[" in stage.term:
            self.caps[stage.term], self.weights[stage.term] = stage.cap, 1.0
            return
        budgets = [*self.scenario.budgets, Budget(of=stage.term, amount=stage.cap)]
        self.scenario = self.scenario.with_parts(budgets=budgets)

    def solved(self, only: str | None) -> Ordered:
        """Minimise one term, or the whole cost, within the caps."""
        ends = self.watch.seconds + self.watch.left / self.left
        self.left -= 1
        if self.caps:
            found = self._held(only, ends)
        else:
            found = self._once(only, ends - self.watch.seconds)
        self._begin_with(found)
        return found

    def _begin_with(self, found: Ordered) -> None:
        if found.result.arcs is not None:
            rep_of = found.result.problem.rep[found.result.arcs].astype(np.intp)
            self.start = WarmStart(rep_of, found.result.row_prices)

    def _held(self, only: str | None, ends: float) -> Ordered:
        """Raise weights until the caps hold, but no further, then solve to the end."""
        share = (ends - self.watch.seconds) / TRIES
        too_little = dict(self.weights)
        while True:
            found = self._once(only, share)
            over = [] if found.result.arcs is None else self._over(found)
            if not over or max(self.weights.values()) >= LARGEST_WEIGHT:
                break
            for family in over:
                too_little[family] = self.weights[family]
                self.weights[family] *= STEP
        enough = dict(self.weights)
        for _again in range(CLOSER if enough != too_little else 0):
            self.weights = {
                f: float(f"{(enough[f] * too_little[f]) ** 0.5:.3g}") for f in enough
            }
            closer = self._once(only, share)
            if closer.result.arcs is None or self._over(closer):
                too_little = dict(self.weights)
            else:
                found, enough = closer, dict(self.weights)
        self.weights = enough
        if found.result.status is Status.FEASIBLE and self.watch.seconds < ends:
            self._begin_with(found)
            longer = self._once(only, ends - self.watch.seconds)
            if longer.result.cost < found.result.cost and not self._over(longer):
                found = longer
        return found

    def _once(self, only: str | None, seconds: float) -> Ordered:
        weighted = self._weighted()
        compiled = compile_problem(self.tables, weighted)
        whole = compiled.problem
        if whole.source is not None:
            raise PlannerError(
                _(
                    "{n:,} accounts x {m:,} reps are too many for priorities. Give the "
                    "terms weights instead: each has a price in the scenario."
                ).format(n=whole.n, m=whole.m)
            )
        settings = weighted.with_solve(time_limit=max(seconds, 0.1)).solve
        alone, asked = None, whole
        if only is not None:
            asked = alone = _alone(whole, {only, *self.caps}, only)
            if len(whole.rep) > EXACT_ARCS:
                asked = _leaning(whole, {only, *self.caps}, only)
        result = solve_problem(
            asked,
            settings,
            impossible=compiled.impossible,
            warm_start=self.start,
            interrupted=self.watch.interrupted,
            tell=self.tell,
        )
        if alone is not None and asked is not alone and result.arcs is not None:
            watch = Watch(seconds * PROOF_SHARE, self.watch.interrupted)
            dual = solve_dual(
                alone, linear_rows(alone), watch, threads=settings.threads
            )
            result = replace(result, problem=alone, bound=dual.certificate.bound)
        compiled = replace(compiled, problem=result.problem)
        stages = [
            replace(stage, weight=self.weights.get(stage.term, 1.0))
            for stage in self.stages
        ]
        return Ordered(weighted, compiled, result, tuple(stages))

    def _weighted(self) -> Scenario:
        """Return the scenario with the prices of capped rules raised."""
        balance, together = list(self.scenario.balance), list(self.scenario.together)
        for family, weight in self.weights.items():
            kind, number = family.rstrip("]").split("[")
            rules = balance if kind == "balance" else together
            rule = rules[int(number)]
            price = (rule.price or 0.0) * weight
            rules[int(number)] = rule.model_copy(update={"price": price})  # type: ignore
        return self.scenario.with_parts(balance=balance, together=together)

    def costs(self, found: Ordered) -> dict[str, float]:
        """Cost by term at the scenario's own prices, in currency."""
        assert found.result.arcs is not None
        problem = found.result.problem
        terms = evaluate(problem, found.result.arcs).terms
        return {
            name: cost / problem.cost_scale / self.weights.get(name, 1.0)
            for name, cost in ({t: 0 for t in _terms(self.scenario)} | terms).items()
        }

    def _over(self, found: Ordered) -> list[str]:
        """Rules whose cap is exceeded."""
        costs = self.costs(found)
        room = {f: cap + ROOM * max(1.0, cap) for f, cap in self.caps.items()}
        return [family for family in self.caps if costs[family] > room[family]]


def _terms(scenario: Scenario) -> list[str]:
    return [one.term for one in scenario.priorities]


def _leaning(problem: Problem, families: set[str], only: str) -> Problem:
    """
    Return the problem in which the others count little beside these.

    A search needs that little: where nothing but balance counts, all reps are alike to
    an account, and no choice of a few of them is a good one.
    """
    at = [k for k, name in enumerate(problem.terms) if name == only]
    cost = problem.cost.astype(np.int64)
    cost[at] *= LEANING
    rows = tuple(
        replace(row, price=row.price * LEANING)
        if row.price is not None and row.id.split("/")[0] in families
        else row
        for row in problem.rows
    )
    splits = tuple(
        replace(split, price=split.price * (LEANING if split.term in families else 1))
        for split in problem.splits
    )
    return replace(problem, cost=cost, rows=rows, splits=splits)


def _alone(problem: Problem, families: set[str], only: str) -> Problem:
    """Return the problem in which one term counts, and the rules that are held."""
    cost = np.zeros_like(problem.cost)
    if only in problem.terms:
        at = problem.terms.index(only)
        cost[at] = problem.cost[at]
    rows = tuple(
        row
        for row in problem.rows
        if row.price is None or row.id.split("/")[0] in families
    )
    splits = tuple(split for split in problem.splits if split.term in families)
    return replace(problem, cost=cost, rows=rows, splits=splits)
