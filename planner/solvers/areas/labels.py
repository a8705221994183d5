"""
The whole question by labels in CP-SAT: small maps whose cost is no shape.

Which territory each unit goes to; pair costs, cut edges, bands and splits are linear.
Territories that are alike are numbered by their first unit. Connectivity comes by cuts
where a solution breaks it: two units of a territory need one of the units that separate
them (Oehrlein and Haunert 2017, doi:10.5311/JOSIS.2017.15.379).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ortools.sat.python import cp_model

from planner.rounding import to_integers
from planner.solvers.areas.graph import pieces, separator
from planner.solvers.areas.model import FREE, AreaModel, AreaOutcome, Ints
from planner.solvers.result import Watch

if TYPE_CHECKING:
    from planner.solvers.areas.search import Found

MOST_LABELS = 1_500
"""Pairs of unit and territory up to which the model is written."""
SCALE = 1_000_000
"""Costs that are not whole are rounded to steps of 1 / `SCALE`."""
LOOK_S = 0.5
"""Seconds between two looks at a search beside, for a better plan."""


def few_labels(model: AreaModel) -> bool:
    """Whether the question is one of labels, and small."""
    shaped = model.centre is not None or model.weight is not None
    return not shaped and model.n * model.k <= MOST_LABELS


def alike(model: AreaModel) -> bool:
    """Whether territories can be numbered as one likes."""
    if model.fixed is not None and (model.fixed != FREE).any():
        return False
    if model.pair is not None and (model.pair != model.pair[:, :1]).any():
        return False
    if (model.load != model.load[:, :, :1]).any():
        return False
    kinds: list[set[tuple[int, int, int, float]]] = [set() for _ in range(model.k)]
    for band in model.bands:
        if band.member.all():
            continue
        for t in np.flatnonzero(band.member):
            price = math.inf if band.price is None else band.price
            kinds[t].add((band.measure, band.low, band.high, price))
        if band.member.sum() > 1:
            return False
    if any(kind != kinds[0] for kind in kinds):
        return False
    return all(len(set(s.label_of_territory)) == model.k for s in model.splits)


@dataclass
class _Labels:
    """The model as far as it is written."""

    model: AreaModel

    def __post_init__(self) -> None:
        model = self.model
        self.cp = cp_model.CpModel()
        n, k = model.n, model.k
        self.x = [[self.cp.new_bool_var("") for _ in range(k)] for _ in range(n)]
        for row in self.x:
            self.cp.add_exactly_one(row)
        for t in range(k):
            self.cp.add_bool_or([row[t] for row in self.x])
        self.terms: list[tuple[cp_model.IntVar, float]] = []
        self._pairs()
        self._edges()
        self._bands()
        self._splits()
        if alike(model):
            self._number()
        whole = all(float(price).is_integer() for _var, price in self.terms)
        self.scale = 1 if whole else SCALE
        prices = to_integers([price for _var, price in self.terms], self.scale)
        variables = [var for var, _price in self.terms]
        self.objective = cp_model.LinearExpr.weighted_sum(variables, prices.tolist())
        self.cp.minimize(self.objective)

    def _pairs(self) -> None:
        pair, fixed = self.model.pair, self.model.fixed
        for u, row in enumerate(self.x):
            for t, var in enumerate(row):
                if fixed is not None and fixed[u] not in (FREE, t):
                    self.cp.add(var == 0)
                if pair is None:
                    continue
                if not math.isfinite(pair[u, t]):
                    self.cp.add(var == 0)
                elif pair[u, t]:
                    self.terms.append((var, float(pair[u, t])))

    def _edges(self) -> None:
        if self.model.edge_price is None:
            return
        for (u, v), price in zip(self.model.edges, self.model.edge_price, strict=True):
            if price:
                cut = self.cp.new_bool_var("")
                for a, b in zip(self.x[u], self.x[v], strict=True):
                    self.cp.add_bool_or([cut, a.negated(), b])
                    self.cp.add_bool_or([cut, a, b.negated()])
                self.terms.append((cut, float(price)))

    def _bands(self) -> None:
        for band in self.model.bands:
            load = self.model.load[band.measure]
            at = [
                (u, int(t))
                for t in np.flatnonzero(band.member)
                for u in np.flatnonzero(load[:, t])
            ]
            total = cp_model.LinearExpr.weighted_sum(
                [self.x[u][t] for u, t in at], [int(load[u, t]) for u, t in at]
            )
            most = int(load.max(axis=1).sum())
            high = most if band.high == FREE else band.high
            if band.price is None:
                self.cp.add_linear_constraint(total, band.low, high)
                continue
            out = self.cp.new_int_var(0, most + band.low, "")
            self.cp.add(total - out <= high)
            self.cp.add(total + out >= band.low)
            self.terms.append((out, float(band.price)))

    def _splits(self) -> None:
        for split in self.model.splits:
            labels = np.unique(split.label_of_territory)
            used = []
            for label in labels:
                var = self.cp.new_bool_var("")
                for t in np.flatnonzero(split.label_of_territory == label):
                    for u in split.units:
                        self.cp.add_implication(self.x[u][t], var)
                used.append(var)
            more = self.cp.new_int_var(0, len(labels), "")
            self.cp.add(more >= sum(used) - 1)
            self.terms.append((more, float(split.price)))

    def _number(self) -> None:
        """Number like territories by their first unit, large units first."""
        order = np.argsort(-self.model.load[:, :, 0].sum(axis=0), kind="stable")
        for t in range(1, self.model.k):
            for place, u in enumerate(order):
                before = [self.x[v][t - 1] for v in order[:place]]
                self.cp.add_bool_or([self.x[u][t].negated(), *before])

    def cut(self, label: Ints) -> int:
        """Add cuts against territories in pieces; how many pieces there were."""
        model, found = self.model, 0
        on_map = np.ones(model.n, dtype=bool) if model.on_map is None else model.on_map
        start, near, _edge = model.adjacency
        everywhere = range(model.k) if alike(model) else None
        weight = model.load[:, :, 0].sum(axis=0)
        for t in range(model.k):
            parts = pieces(start, near, np.flatnonzero((label == t) & on_map))
            parts.sort(key=lambda part: (-weight[part].sum(), part[0]))
            for part in parts[1:]:
                found += 1
                main = parts[0]
                b = int(main[np.argmax(weight[main])])
                border = separator(start, near, part, b)
                for a in part:
                    for at in everywhere or (t,):
                        self.cp.add_bool_or(
                            [
                                self.x[a][at].negated(),
                                self.x[b][at].negated(),
                                *(self.x[s][at] for s in border),
                            ]
                        )
        return found


def solve_labels(
    model: AreaModel,
    watch: Watch,
    *,
    start: Found,
    gap: float = 0.0,
    seed: int = 1,
    threads: int = 1,
    first: bool = False,
) -> AreaOutcome:
    """
    Find the cheapest plan, or prove that none is cheaper than the one in hand.

    Parameters
    ----------
    start
        The plan in hand; a search may better it meanwhile.
    first
        Be content with the first plan that keeps every rule.
    """
    asked = _Labels(model)
    bound, limit = -math.inf, math.inf
    while watch.left > 0:
        if math.isfinite(start.cost) and start.cost < limit:
            limit = start.cost
            steps = math.ceil(limit * asked.scale - 1e-6) - 1
            asked.cp.add(asked.objective <= steps)
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = watch.left
        solver.parameters.num_workers = threads
        solver.parameters.random_seed = seed
        solver.parameters.stop_after_first_solution = first
        stopper = _Stopper(watch, start, limit)
        solver.best_bound_callback = stopper.look
        stopper.solver = solver
        status = solver.solve(asked.cp)
        if status == cp_model.INFEASIBLE:
            return AreaOutcome(None, math.inf, limit, infeasible=math.isinf(limit))
        rounding = len(asked.terms) / asked.scale if asked.scale > 1 else 0.0
        bound = max(bound, solver.best_objective_bound / asked.scale - rounding)
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            if start.cost < limit and watch.left > 0:
                continue
            break
        label = np.array([[solver.value(v) for v in row] for row in asked.x]).argmax(1)
        if not asked.cut(label):
            cost = solver.objective_value / asked.scale
            return AreaOutcome(label, cost, min(bound, cost))
        watch.report("connectivity cuts", bound=min(bound, limit))
    return AreaOutcome(None, math.inf, min(bound, limit))


@dataclass
class _Stopper:
    """Stops CP-SAT when the watch runs out or a search has found something better."""

    watch: Watch
    start: Found
    limit: float
    solver: cp_model.CpSolver | None = None

    def look(self, _bound: float) -> None:
        """Stop if there is reason to."""
        if self.solver is not None and (
            self.watch.left <= 0 or self.start.cost < self.limit
        ):
            self.solver.stop_search()
