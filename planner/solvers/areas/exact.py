"""
The whole question by centre units in a mixed-integer model, with connectivity cuts.

Which unit is a centre, and which centre serves each unit (Hess et al. 1965,
doi:10.1287/opre.13.6.998). Prices on the units leave out most pairs beforehand; cuts
that keep territories connected are added where a solution breaks them (Oehrlein and
Haunert 2017, doi:10.5311/JOSIS.2017.15.379).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from planner.solvers.areas.graph import pieces, separator
from planner.solvers.areas.mean import widest_bands
from planner.solvers.areas.model import FREE, AreaModel, AreaOutcome, Floats, Ints
from planner.solvers.highs import Task, solve_task
from planner.solvers.milp import proto_of
from planner.solvers.result import Watch
from planner.solvers.siting.model import SitingModel

CLOSER = 5e-7
"""A plan better than the one in hand is sought that is so much cheaper, as a share."""


def as_siting(model: AreaModel) -> SitingModel | None:
    """
    Return the question without connectivity; None where it is of another kind.

    Costs must be those of a shape by centre alone, and every territory must have the
    same hard bands.
    """
    if model.centre is None or model.edge_price is not None or model.splits:
        return None
    if model.pair is not None or model.fixed is not None or model.weight is not None:
        return None
    if model.on_map is not None and not model.on_map.all():
        return None
    load = model.load[:, :, 0]
    if not (model.load == load[:, :, None]).all():
        return None
    q, k = len(load), model.k
    low, high = np.zeros((q, k), dtype=np.int64), np.full((q, k), FREE)
    for band in model.bands:
        if band.price is not None or band.member.sum() != 1:
            return None
        t = int(np.flatnonzero(band.member)[0])
        low[band.measure, t] = max(low[band.measure, t], band.low)
        known = high[band.measure, t]
        if band.high != FREE:
            high[band.measure, t] = (
                band.high if known == FREE else min(known, band.high)
            )
    if (low != low[:, :1]).any() or (high != high[:, :1]).any():
        return None
    return SitingModel.of(
        model.centre, load, high[:, :1], k, low=low[:, :1], own=np.arange(model.n)
    )


def relaxed_siting(model: AreaModel) -> SitingModel | None:
    """
    Return what every plan pays for its shape at least, as a siting.

    Units of the map are the sites, one for each territory that must have some. Pairs,
    borders, splits, prices of bands, units that may not move, those off the map, and
    connectivity are left out. None where shape is not by centre.
    """
    if model.centre is None:
        return None
    on_map = np.ones(model.n, dtype=bool) if model.on_map is None else model.on_map
    territories = np.arange(model.k)
    if model.fixed is not None:  # who need not have any has a unit of nothing instead
        idle = ~on_map & (model.load.max(axis=(0, 2)) == 0) & (model.fixed != FREE)
        territories = np.setdiff1d(territories, model.fixed[idle])
    low, high = widest_bands(model, territories)
    at = np.flatnonzero(on_map)
    low = np.maximum(0, low - model.load.max(axis=2)[:, ~on_map].sum(axis=1))
    return SitingModel.of(
        model.centre[np.ix_(at, at)],
        model.load.min(axis=2)[:, at],
        high[:, None],
        len(territories),
        low=low[:, None],
        own=np.arange(len(at)),
    )


@dataclass
class _Hess:
    """The model as far as it is written: pairs of a unit and a centre are columns."""

    model: AreaModel
    site: SitingModel
    arcs: NDArray[np.bool_]
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    columns: list[Ints] = field(default_factory=list)
    values: list[Floats] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.arcs = self._connected(self.arcs)
        self.unit, self.centre = np.nonzero(self.arcs)
        self.index = np.full(self.arcs.shape, -1, dtype=np.int64)
        self.index[self.unit, self.centre] = np.arange(len(self.unit))
        self.cost = self.site.cost[self.unit, self.centre]
        self._assign()
        self._carry()
        self._link()

    def _connected(self, arcs: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Leave out pairs whose unit cannot reach the centre over pairs left."""
        start, near, _edge = self.model.adjacency
        kept = np.zeros_like(arcs)
        for c in np.flatnonzero(np.diag(arcs)):
            wave = [int(c)]
            kept[c, c] = True
            while wave:
                u = wave.pop()
                for v in near[start[u] : start[u + 1]].tolist():
                    if arcs[v, c] and not kept[v, c]:
                        kept[v, c] = True
                        wave.append(v)
        return kept

    def constrain(
        self, columns: Ints, values: ArrayLike, low: float, high: float
    ) -> None:
        """Add low <= values @ x[columns] <= high."""
        self.low.append(low)
        self.high.append(high)
        self.columns.append(columns)
        self.values.append(np.broadcast_to(values, columns.shape).astype(float))

    def _assign(self) -> None:
        for u in range(self.model.n):
            self.constrain(np.flatnonzero(self.unit == u), 1.0, 1.0, 1.0)
        self.own = np.diag(self.index)
        self.centres = np.flatnonzero(self.own >= 0)
        k = float(self.model.k)
        self.constrain(self.own[self.centres], 1.0, k, k)

    def _carry(self) -> None:
        for c in self.centres:
            at = np.flatnonzero(self.centre == c)
            for q, demand in enumerate(self.site.demand):
                load = demand[self.unit[at]].astype(float)
                own = at == self.own[c]
                for limit, low, high in (
                    (self.site.low[q, c], 0.0, np.inf),
                    (self.site.high[q, c], -np.inf, 0.0),
                ):
                    if limit > 0 or (high == 0.0 and limit != FREE):
                        self.constrain(at, load - own * float(limit), low, high)

    def _link(self) -> None:
        """A unit goes to a centre only beside another that does, and if it is one."""
        start, near, _edge = self.model.adjacency
        for at in range(len(self.unit)):
            u, c = self.unit[at], self.centre[at]
            if u == c:
                continue
            self.constrain(np.array([at, self.own[c]]), [1.0, -1.0], -np.inf, 0.0)
            beside = near[start[u] : start[u + 1]]
            if c not in beside:
                found = self.index[beside, c]
                self.separate(np.array([at]), found[found >= 0])

    def separate(self, inside: Ints, border: Ints) -> None:
        """Let no pair of `inside` be chosen without one of `border`."""
        for at in inside.tolist():
            values = np.append(1.0, np.full(len(border), -1.0))
            self.constrain(np.append(at, border), values, -np.inf, 0.0)

    def proto(self, limit: float) -> bytes:
        """Serialize the model; plans above the limit are left out."""
        if math.isfinite(limit):
            self.constrain(np.arange(len(self.cost)), self.cost, -np.inf, limit)
        row = np.repeat(np.arange(len(self.low)), [len(c) for c in self.columns])
        column, value = np.concatenate(self.columns), np.concatenate(self.values)
        order = np.lexsort((column, row))
        model = proto_of(
            cost=self.cost,
            upper=np.ones(len(self.cost)),
            integer=np.ones(len(self.cost), dtype=bool),
            low=np.array(self.low),
            high=np.array(self.high),
            row=row[order],
            column=column[order],
            value=value[order],
        )
        if math.isfinite(limit):
            for rows in (self.low, self.high, self.columns, self.values):
                rows.pop()
        return bytes(model.SerializeToString())

    def cut(self, label: Ints) -> int:
        """Add cuts against every piece of a territory without its centre; how many."""
        start, near, _edge = self.model.adjacency
        added = 0
        for c in np.unique(label).tolist():
            for piece in pieces(start, near, np.flatnonzero(label == c)):
                if c in piece:
                    continue
                border = separator(start, near, piece, c, self.index[:, c] >= 0)
                self.separate(self.index[piece, c], self.index[border, c])
                added += 1
        return added


def solve_hess(
    model: AreaModel,
    site: SitingModel,
    arcs: NDArray[np.bool_],
    watch: Watch,
    *,
    upper: float,
    bound: float,
    seed: int = 1,
    threads: int = 2,
) -> AreaOutcome:
    """
    Find a plan cheaper than `upper`, or prove that there is none.

    Parameters
    ----------
    arcs
        Pairs of unit and centre that a plan cheaper than `upper` may use, (n, n).
    bound
        A proven lower limit on the cost of every plan.

    Returns
    -------
    The better plan if one was found, and the bound that was proven: `upper` less a
    share of `CLOSER` where there is no better one. Labels are numbered from 0.
    """
    limit = upper * (1.0 - CLOSER) if math.isfinite(upper) else math.inf
    hess = _Hess(model, site, arcs)
    while watch.left > 0:
        task = Task(
            model=hess.proto(limit),
            seconds=watch.left,
            gap=CLOSER / 10,
            seed=seed,
            threads=threads,
            columns=len(hess.unit),
            least_gap=0.0,
        )
        answer = solve_task(task, watch)
        if answer.infeasible:
            return AreaOutcome(None, math.inf, limit, infeasible=math.isinf(limit))
        proven = answer.bound - CLOSER * abs(answer.bound)
        bound = max(bound, min(proven, limit))
        if answer.values is None:
            break
        label = np.full(model.n, FREE, dtype=np.int64)
        taken = np.flatnonzero(answer.values > 0.5)
        label[hess.unit[taken]] = hess.centre[taken]
        if not hess.cut(label):
            cost = float(hess.cost[taken].sum())
            return AreaOutcome(np.unique(label, return_inverse=True)[1], cost, bound)
        watch.report("connectivity cuts", bound=bound)
    return AreaOutcome(None, math.inf, bound)
