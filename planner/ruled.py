"""
A question with its rules apart: each can be switched off, as a whole or in part.

A `Problem` has its rules compiled in: a pair that a rule bars is simply no arc. To say
which rules contradict each other one must ask the same question under fewer rules, so
here every rule stands by itself, and within it its instances: a limit of each rep, a
pin of each account, a skill. Switching a rule off only ever allows more plans.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from planner.areas import Areas
from planner.pairs import Pairs
from planner.problem import Row

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Positions = NDArray[np.intp]


@dataclass(frozen=True, eq=False, kw_only=True)
class Rule:
    """
    A rule of the scenario file.

    Attributes
    ----------
    path
        Where it stands: ``limits[0]``, ``pins[2]``, ``fit.A.junior``, ``skills``.
    kind
        Its key of ``[relax]``.
    says
        What it says, in a few words.
    labels
        Its instances: the rep, account, skill or group that each is about.
    """

    path: str
    kind: str
    says: str
    labels: tuple[str, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class PairRule(Rule):
    """
    A rule that bars pairs of rows and reps.

    Attributes
    ----------
    row
        Rows of the tables that it is about, shape (k,); a row may occur again.
    barred
        Whether it bars a row from each rep, and (last) from having none, (k, m + 1).
    member
        Instance that each entry belongs to, shape (k,).
    """

    row: Positions
    barred: Bools
    member: Positions


@dataclass(frozen=True, eq=False, kw_only=True)
class BandRule(Rule):
    """
    A rule on loads.

    Attributes
    ----------
    bands
        One hard `Row` per instance.
    targets
        Of a balance: the target of each band, in units of the measure.
    tolerance
        Of a balance: half width of the bands, as a share of the target.
    """

    bands: tuple[Row, ...]
    targets: tuple[float, ...] = ()
    tolerance: float = 0.0


@dataclass(frozen=True, eq=False, kw_only=True)
class SetRule(Rule):
    """A rule on sets of rows, one per instance: ``together`` or ``apart``."""

    sets: tuple[Positions, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class MapRule(Rule):
    """Territories hang together (``contiguous``), or each rep has one (``needed``)."""


Active = tuple[Bools, ...]
"""Which instances of each rule are in force."""


@dataclass(frozen=True, eq=False)
class Ruled:
    """
    A question with its rules apart.

    Attributes
    ----------
    pairs
        Rows (accounts; by regions these first), reps, measures and scales.
    unit_of
        What shares a rep under no rule at all: each row, or a region with all in it;
        shape (rows,).
    demand
        Steps of each measure, shape (measures, rows, m + 1).
    free
        What no rule bars: every rep, and nobody where leaving out is allowed; shape
        (rows, m + 1).
    km
        One-way road distance, shape (rows, m + 1).
    cost
        Yearly cost in steps of the scenario, shape (rows, m + 1): no rule, but a search
        that knows which pairs are good finds a plan where one among equals does not.
    rules
        In the order of the file.
    areas
        The map of units; None: there is none.
    """

    pairs: Pairs
    unit_of: Positions
    demand: Ints
    free: Bools
    km: NDArray[np.float64]
    cost: Ints
    rules: tuple[Rule, ...]
    areas: Areas | None = None

    @property
    def m(self) -> int:
        """Number of reps."""
        return self.pairs.m

    def all(self) -> Active:
        """Every rule in force."""
        return self.only(range(len(self.rules)))

    def only(self, chosen: Sequence[int] | range) -> Active:
        """Only some rules in force, by their number."""
        inside = set(chosen)
        return tuple(
            np.full(len(rule.labels), number in inside)
            for number, rule in enumerate(self.rules)
        )


@dataclass(frozen=True, eq=False)
class View:
    """
    A question under some of its rules; units are what these rules tie together.

    Attributes
    ----------
    unit_of
        Unit of each row, shape (rows,).
    allowed
        Shape (units, m + 1).
    demand
        Shape (measures, units, m + 1).
    bands, apart
        Rows in force, and sets of units no two of which may share a rep; a unit occurs
        twice where two of its rows are rivals.
    contiguous, filled
        Whether territories must hang together, and each rep who may must have one.
    """

    unit_of: Positions
    allowed: Bools
    demand: Ints
    bands: tuple[Row, ...]
    apart: tuple[Positions, ...]
    contiguous: bool
    filled: bool
    first: Positions = field(repr=False)

    @property
    def n(self) -> int:
        """Number of units."""
        return len(self.allowed)


def allowed_rows(ruled: Ruled, active: Active) -> Bools:
    """Whether each row may go to each rep, and to nobody (last): (rows, m + 1)."""
    allowed = ruled.free.copy()
    for rule, on in zip(ruled.rules, active, strict=True):
        if isinstance(rule, PairRule) and on.any():
            entries = np.flatnonzero(on[rule.member])
            np.logical_and.at(allowed, rule.row[entries], ~rule.barred[entries])
    return allowed


def view(ruled: Ruled, active: Active) -> View:
    """Return the question under the rules in force."""
    unit_of = ruled.unit_of
    for rule, on in zip(ruled.rules, active, strict=True):
        if isinstance(rule, SetRule) and rule.kind == "together":
            sets = [rule.sets[i] for i in np.flatnonzero(on)]
            unit_of = joined(unit_of, sets)
    order = np.argsort(unit_of, kind="stable")
    edges = np.flatnonzero(np.append(True, np.diff(unit_of[order]) > 0))
    allowed, demand = allowed_rows(ruled, active)[order], ruled.demand[:, order]
    if len(edges) < len(order):
        allowed = np.logical_and.reduceat(allowed, edges, axis=0)
        demand = np.add.reduceat(demand, edges, axis=1)
    bands: list[Row] = []
    apart: list[Positions] = []
    on_map = {"contiguous": False, "needed": False}
    for rule, on in zip(ruled.rules, active, strict=True):
        chosen = np.flatnonzero(on).tolist()
        if isinstance(rule, BandRule):
            bands += [rule.bands[i] for i in chosen]
        elif isinstance(rule, SetRule) and rule.kind == "apart":
            apart += [unit_of[rule.sets[i]] for i in chosen]
        elif isinstance(rule, MapRule):
            on_map[rule.kind] |= bool(on.any())
    return View(
        unit_of=unit_of,
        allowed=allowed,
        demand=demand,
        bands=tuple(bands),
        apart=tuple(apart),
        contiguous=on_map["contiguous"],
        filled=on_map["needed"],
        first=order[edges],
    )


def joined(unit_of: Positions, sets: Sequence[Positions]) -> Positions:
    """Join the units of the rows of each set; units are numbered by their first row."""
    if not sets:
        return unit_of
    leader = np.arange(int(unit_of.max(initial=-1)) + 1)

    def top(unit: int) -> int:
        while leader[unit] != unit:
            leader[unit] = leader[leader[unit]]
            unit = int(leader[unit])
        return unit

    for rows in sets:
        tops = sorted({top(unit) for unit in unit_of[rows].tolist()})
        leader[tops] = tops[0]
    tops_of = np.array([top(unit) for unit in range(len(leader))], dtype=np.intp)
    return np.unique(tops_of[unit_of], return_inverse=True)[1].astype(np.intp)


def parted(rule: Rule, instance: int, rep: int = -1) -> tuple[Rule, Rule]:
    """
    Part a rule in two: without an instance (which then says nothing), and that alone.

    Parameters
    ----------
    rep
        Of a rule on pairs: only what the instance says of this rep; -1: all of it.
    """
    if isinstance(rule, BandRule):
        band = rule.bands[instance]
        open_ended = replace(band, low=0, high=None)
        bands = tuple(
            open_ended if i == instance else b for i, b in enumerate(rule.bands)
        )
        alone = replace(rule, bands=(band,), labels=(rule.labels[instance],))
        return replace(rule, bands=bands), alone
    if isinstance(rule, SetRule):
        rows = rule.sets[instance]
        sets = tuple(s[:1] if i == instance else s for i, s in enumerate(rule.sets))
        only = replace(rule, sets=(rows,), labels=(rule.labels[instance],))
        return replace(rule, sets=sets), only
    assert isinstance(rule, PairRule)
    mine = np.zeros(rule.barred.shape, dtype=bool)
    mine[rule.member == instance] = True
    if rep >= 0:
        mine &= np.arange(rule.barred.shape[1]) == rep
    rest = replace(rule, barred=rule.barred & ~mine)
    return rest, replace(rule, barred=rule.barred & mine)
