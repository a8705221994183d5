"""What a report says, as plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import pandas as pd

from planner.maps.areas import AreaLayer


@dataclass(frozen=True)
class ReportData:
    """
    All that a report says, without any solver's types.

    Attributes
    ----------
    name
        Of the scenario.
    currency
        ISO 4217; amounts are in it, per year.
    cost, bound
        Of the plan, and the proven lower bound (None: none was proven).
    terms
        Cost by term of the objective; sums to `cost`.
    breaches
        Rules that the plan breaks, in words; empty = every rule holds.
    relaxed
        Rules that were changed so that there is a plan, in words; empty = none.
    baselines
        Index: name of the way; columns ``cost``, ``breaches`` (count) and, if there,
        ``note`` and ``today`` (True for today's owners as they are). In the order in
        which they are listed; the first without breaches is "the best simple way".
    loads
        Index ``rep_id``; columns ``name``, ``accounts`` and any of ``hours``,
        ``capacity``, ``value``, ``target``, ``travel_km`` (a year), ``km_mean`` (one
        way), ``moved_in``, ``moved_out`` (accounts), and those that `measures` names.
        Every rep with a territory is in it.
    pools
        Index ``rep_id``; columns ``name``, ``accounts``, ``hours``, ``capacity`` (NaN:
        none) and ``value`` of the pools, which are not among `loads`; None = none.
    measures
        Index: column of `loads`; columns ``label``, ``reference`` (column of `loads`;
        "" = the mean of all reps) and the band ``low``, ``high`` as shares of the
        reference (NaN = open).
    binding
        Limits at their cap: ``rule``, ``who``, ``load``, ``limit`` and ``price`` (what
        one more unit would save; NaN = not known); perhaps ``kind``: "cap", "floor"
        or "budget".
    moves
        What changes hands: ``account_id``, ``name``, ``from_rep``, ``to_rep``,
        ``value``, and perhaps ``reason``.
    moved
        How many change hands where `moves` is only part of them; None: all of them.
    figures
        Key figures of the whole plan, as `planner.evaluate.metrics` names them.
    defaults
        Every default that was relied on.
    certificate
        How it was proved: status, seed, versions, sha256, ... in reading order.
    proof
        "dual": the bound rests on prices, and can be counted again; "solver": on the
        search of a solver; "trivial" or "": neither.
    unseen
        What the bound does not see, in words.
    fingerprint
        sha256 of plan.csv; "" = not known.
    notes, warnings
        About the data, in words.
    territories, accounts, outline, areas
        For the map (see `planner.maps.plot_territories`); None = no map.
    before
        Territories of today's owners, for a map beside the plan's; None = not shown.
    frontier, headcount
        Tables of `planner.report.trade`; None = not shown.
    language
        Locale of numbers.
    """

    name: str
    currency: str
    cost: float
    bound: float | None
    terms: Mapping[str, float]
    loads: pd.DataFrame
    measures: pd.DataFrame
    pools: pd.DataFrame | None = None
    breaches: Sequence[str] = ()
    relaxed: Sequence[str] = ()
    baselines: pd.DataFrame | None = None
    binding: pd.DataFrame | None = None
    moves: pd.DataFrame | None = None
    moved: int | None = None
    figures: Mapping[str, float | None] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    certificate: Mapping[str, Any] = field(default_factory=dict)
    proof: str = ""
    unseen: Sequence[str] = ()
    fingerprint: str = ""
    notes: Sequence[str] = ()
    warnings: Sequence[str] = ()
    territories: gpd.GeoDataFrame | None = None
    accounts: pd.DataFrame | None = None
    outline: gpd.GeoDataFrame | None = None
    areas: AreaLayer | None = None
    before: gpd.GeoDataFrame | None = None
    frontier: pd.DataFrame | None = None
    headcount: pd.DataFrame | None = None
    language: str = "en"

    @property
    def gap(self) -> float | None:
        """(cost - bound) / max(|cost|, 1), or None without a bound."""
        if self.bound is None or not math.isfinite(self.bound):
            return None
        return max(self.cost - self.bound, 0.0) / max(abs(self.cost), 1.0)

    def who(self, rep: str) -> str:
        """Return the id of a rep or pool, and the name where that is another one."""
        for table in (self.loads, self.pools):
            if table is not None and rep in table.index:
                name = str(table["name"][rep])
                return f"{rep} {name}" if name not in ("", rep) else rep
        return rep

    @property
    def by_region(self) -> bool:
        """Whether reps get regions."""
        return "regions" in self.loads

    def figure(self, key: str) -> float | None:
        """A key figure; None where there is none."""
        value = self.figures.get(key)
        return None if value is None or not math.isfinite(value) else value
