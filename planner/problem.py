"""The canonical question: which rep serves which unit, in integers, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from planner.areas import Areas
from planner.errors import PlannerError
from planner.rounding import LARGEST_TOTAL
from planner.words import _

if TYPE_CHECKING:
    from planner.source import ArcSource

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Row:
    """
    A band on the load of a measure over a set of reps.

    Attributes
    ----------
    id
        Where the row comes from, e.g. ``limits[0]/R07``.
    measure
        Index into `Problem.measures`.
    reps
        Indices of the reps whose units count; ``Problem.nobody`` among them counts
        what is left out (budgets on moved accounts do).
    low, high
        Load within ``low <= load <= high`` is free. ``high`` None: no upper end.
    price
        Cost per step of the measure outside the band; None: the band is hard.
    """

    id: str
    measure: int
    reps: NDArray[np.intp]
    low: int
    high: int | None
    price: int | None

    def outside(self, load: int) -> int:
        """Steps by which a load leaves the band."""
        over = max(0, load - self.high) if self.high is not None else 0
        return over + max(0, self.low - load)


@dataclass(frozen=True, eq=False)
class Split:
    """
    A price for each label beyond the first in a set of units.

    Attributes
    ----------
    term
        Name of the term of the objective, e.g. ``together[0]``.
    units
        Indices of the units that want to stay together.
    label_of_rep
        Label of each rep (the rep itself, or its team), shape (m,).
    price
        Cost per label beyond the first; units left out have no label.
    """

    term: str
    units: NDArray[np.intp]
    label_of_rep: NDArray[np.intp]
    price: int


@dataclass(frozen=True, eq=False)
class Opening:
    """
    A choice among the reps of a problem: only some of them are open.

    Attributes
    ----------
    count, exactly
        How many reps are open: exactly, or at most.
    cost
        Of each open rep, in steps of cost, shape (m,); kept ones cost nothing.
    kept
        Reps that are open in any case, shape (m,).
    """

    count: int
    exactly: bool
    cost: Ints
    kept: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Problem:
    """
    Which of m reps serves which of n units; integers throughout, never mutated.

    Attributes
    ----------
    unit_ids, rep_ids
        Labels, lengths n and m. A unit is an account, or accounts that stay together.
    start, rep
        Eligible pairs (arcs) in CSR form: the arcs of unit u are
        ``start[u]:start[u + 1]``, ``rep`` gives each arc's rep, rising within a unit.
        Rep index m, `nobody`, leaves the unit out.
    terms, cost
        Names of the pair-wise terms, and ``cost[term, arc] >= 0`` in steps of
        1 / `cost_scale` currency.
    measures, scales, demand
        Names, steps per unit of measure, and ``demand[measure, arc] >= 0`` in steps.
    rows, splits, apart
        Bands on loads; prices on splitting a set; sets of which a rep may serve at
        most one unit.
    cost_scale
        Steps of one unit of currency.
    source
        Yields the eligible arcs that are not held; None: all are held.
    areas
        What a plan by areas must keep and pays beyond these; None: units have no map.
    opening
        Which reps may be open: the rows of the others do not count. Such a problem is
        for `planner.solvers.siting` alone; None: all are open.
    """

    unit_ids: tuple[str, ...]
    rep_ids: tuple[str, ...]
    start: NDArray[np.int64]
    rep: NDArray[np.int32]
    terms: tuple[str, ...]
    cost: Ints
    measures: tuple[str, ...]
    scales: tuple[int, ...]
    demand: Ints
    rows: tuple[Row, ...] = ()
    splits: tuple[Split, ...] = ()
    apart: tuple[NDArray[np.intp], ...] = ()
    cost_scale: int = 100
    source: ArcSource | None = None
    areas: Areas | None = None
    opening: Opening | None = None

    def __post_init__(self) -> None:
        arcs = len(self.rep)
        for name, shape in (
            ("start", (self.n + 1,)),
            ("cost", (len(self.terms), arcs)),
            ("demand", (len(self.measures), arcs)),
        ):
            found = getattr(self, name).shape
            if found != shape:
                raise PlannerError(f"Problem.{name} has shape {found}, not {shape}.")
        for name in ("cost", "demand"):
            array = getattr(self, name)
            whole = array.dtype in (np.dtype(np.int64), np.dtype(np.int32))
            if not whole or array.min(initial=0) < 0:
                raise PlannerError(f"Problem.{name} must hold int64 (or int32) >= 0.")
        self._refuse_large_totals()

    def _refuse_large_totals(self) -> None:
        for name, array in (("cost", self.total_cost[None]), ("demand", self.demand)):
            if not len(self.rep):
                continue
            largest = sum(float(self._largest(values)) for values in array)
            if name == "cost":
                largest += sum(
                    float(row.price) * (self.total_demand[row.measure] + row.low)
                    for row in self.rows
                    if row.price is not None
                )
                largest += sum(
                    float(split.price) * (len(split.units) - 1) for split in self.splits
                )
                largest += 0.0 if self.areas is None else self.areas.worst()
            if largest > LARGEST_TOTAL:
                raise PlannerError(
                    _(
                        "The {what} of a plan could reach {total:.2g}, more than can "
                        "be added exactly (2^53). Use larger units (thousands), or "
                        "fewer decimals."
                    ).format(what=name, total=largest)
                )

    def _largest(self, values: Ints) -> float:
        filled = self.start[:-1] < self.start[1:]
        firsts = self.start[:-1][filled]
        return float(np.maximum.reduceat(values, firsts).astype(float).sum())

    @property
    def n(self) -> int:
        """Number of units."""
        return len(self.unit_ids)

    @property
    def m(self) -> int:
        """Number of reps."""
        return len(self.rep_ids)

    @property
    def nobody(self) -> int:
        """Rep index of an arc that leaves its unit out."""
        return len(self.rep_ids)

    @cached_property
    def total_cost(self) -> Ints:
        """Cost of each arc over all pair-wise terms, shape (arcs,)."""
        return self.cost.sum(axis=0, dtype=np.int64)

    @cached_property
    def unit(self) -> NDArray[np.int32]:
        """Unit of each arc, shape (arcs,)."""
        return np.repeat(np.arange(self.n, dtype=np.int32), np.diff(self.start))

    @cached_property
    def total_demand(self) -> list[float]:
        """Largest possible load of each measure over all reps."""
        return [self._largest(d) if len(self.rep) else 0.0 for d in self.demand]

    def in_set(self, row: Row) -> NDArray[np.bool_]:
        """Whether each rep (and nobody, last) counts in a row, shape (m + 1,)."""
        member = np.zeros(self.m + 1, dtype=bool)
        member[row.reps] = True
        return member

    def arcs_of(self, rep_of: NDArray[np.intp]) -> NDArray[np.int64]:
        """
        Arc that each unit takes when it goes to the given rep, shape (n,).

        Raises
        ------
        PlannerError
            If a unit's rep is not eligible for it.
        """
        hit = self.arcs_of_or_none(rep_of)
        if hit is None:
            served = self.unit[self.rep == rep_of[self.unit]]
            missing = np.setdiff1d(np.arange(self.n), served)
            names = ", ".join(self.unit_ids[u] for u in missing[:5])
            raise PlannerError(f"The rep is not eligible for these units: {names}")
        return hit

    def arcs_of_or_none(self, rep_of: NDArray[np.intp]) -> NDArray[np.int64] | None:
        """Do as `arcs_of`, but return None where a rep is not eligible."""
        hit = np.flatnonzero(self.rep == rep_of[self.unit])
        return hit if len(hit) == self.n else None


@dataclass(frozen=True)
class Evaluation:
    """What a choice of arcs costs and breaks; see `evaluate`."""

    terms: dict[str, int]
    loads: dict[str, int]
    breaches: dict[str, int]

    @property
    def cost(self) -> int:
        """Sum of all terms."""
        return sum(self.terms.values())

    @property
    def feasible(self) -> bool:
        """Whether no hard row, no apart set and no rule of areas is broken."""
        return not self.breaches


def evaluate(problem: Problem, arcs: NDArray[np.int64]) -> Evaluation:
    """
    Cost by term, load by row, and breach by hard row, of one arc per unit.

    Breaches are in steps of the row's measure, in units too many (apart), in pieces of
    territories too many (contiguity), or in reps without a territory.
    """
    return tally(
        problem, problem.rep[arcs], problem.cost[:, arcs], problem.demand[:, arcs]
    )


def tally(
    problem: Problem, rep_of: NDArray[np.integer], cost: Ints, demand: Ints
) -> Evaluation:
    """
    Do as `evaluate`, for pairs that need not be eligible.

    Parameters
    ----------
    rep_of
        Rep of each unit (m: nobody), shape (n,).
    cost, demand
        Of each unit with that rep, shapes (terms, n) and (measures, n).
    """
    terms = dict.fromkeys(problem.terms, 0)
    for name, values in zip(problem.terms, cost, strict=True):
        terms[name] = int(values.sum())
    load_of_rep = np.zeros((len(problem.measures), problem.m + 1), dtype=np.int64)
    for measure, values in enumerate(demand):
        np.add.at(load_of_rep[measure], rep_of, values)
    loads: dict[str, int] = {}
    breaches: dict[str, int] = {}
    for row in problem.rows:
        loads[row.id] = load = int(load_of_rep[row.measure, row.reps].sum())
        outside = row.outside(load)
        if row.price is None:
            if outside:
                breaches[row.id] = outside
        else:
            term = row.id.split("/")[0]
            terms[term] = terms.get(term, 0) + row.price * outside
    for split in problem.splits:
        served = rep_of[split.units]
        labels = split.label_of_rep[served[served < problem.m]]
        extra = max(0, len(np.unique(labels)) - 1)
        terms[split.term] = terms.get(split.term, 0) + split.price * extra
    for index, units in enumerate(problem.apart):
        served = rep_of[units]
        served = served[served < problem.m]
        if extra := len(served) - len(np.unique(served)):
            breaches[f"apart set {index}"] = extra
    if problem.areas is not None:
        terms |= problem.areas.terms(rep_of.astype(np.intp), problem.m)
        breaches |= problem.areas.breaches(rep_of.astype(np.intp), problem.m)
    return Evaluation(terms, loads, breaches)
