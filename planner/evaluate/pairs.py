"""Blocks of accounts with every rep and nobody, and the roads between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import PlannerError
from planner.geo.distance import road_hours, road_km_between
from planner.scenario import Condition
from planner.scenario.rules import Travel
from planner.tables import Tables, matches
from planner.words import _

Ints = NDArray[np.int64]

Floats = NDArray[np.float64]

Bools = NDArray[np.bool_]

Quantity = tuple[str, str]
"""("measure" | "term" | "moved", name): what a row counts."""


@dataclass(frozen=True)
class Pairs:
    """
    Accounts (or units) with every rep and nobody, shape (b, m + 1), or a list (k,).

    ``costs`` per term, ``amounts`` per quantity; what is the same for all reps may
    have shape (b, 1). Nobody takes nothing of a measure, whatever stands in its
    column.
    """

    km: Floats
    eligible: Bools
    costs: dict[str, Ints]
    amounts: dict[Quantity, Ints]

    def summed(self, starts: Ints) -> Pairs:
        """Sum runs of accounts into units; a unit may go where all members may."""
        if len(starts) == len(self.eligible):
            return self
        return Pairs(
            self.km[starts],
            np.logical_and.reduceat(self.eligible, starts),
            {k: np.add.reduceat(v, starts) for k, v in self.costs.items()},
            {k: np.add.reduceat(v, starts) for k, v in self.amounts.items()},
        )

    def __add__(self, more: Pairs) -> Pairs:
        """Join two parts of one unit."""
        return Pairs(
            self.km,
            self.eligible & more.eligible,
            {k: v + more.costs[k] for k, v in self.costs.items()},
            {k: v + more.amounts[k] for k, v in self.amounts.items()},
        )


def column_of(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column of a clean table, or PlannerError saying that it is missing."""
    if name not in frame:
        raise PlannerError(
            _(
                "The clean tables lack the column {name!r} that the scenario names. "
                "Write the plan folder again."
            ).format(name=name)
        )
    return frame[name]


def where(accounts: pd.DataFrame, conditions: Sequence[Condition]) -> Bools:
    """Accounts for which all conditions hold."""
    for condition in conditions:
        column_of(accounts, condition.column)
    return matches(accounts, conditions)


class Roads:
    """One-way km and hours of every pair; the column of nobody is 0."""

    def __init__(self, travel: Travel, tables: Tables) -> None:
        accounts, reps, table = tables.accounts, tables.reps, tables.distances
        place = ["latitude", "longitude"]
        self.travel = travel
        self.account_places = accounts[place].to_numpy(float)
        self.rep_places = np.vstack([reps[place].to_numpy(float), [[np.nan] * 2]])
        self.circuity = np.array(
            [travel.circuity_by.get(c, travel.circuity) for c in accounts["country"]]
        )
        self.estimated = all(
            not np.isnan(places).any(axis=1).all()
            for places in (self.account_places, self.rep_places)
        )
        self.has_table = table is not None
        self.exist = self.estimated or self.has_table
        if table is None:
            table = pd.DataFrame(
                {"account_id": [], "rep_id": [], "km": [], "hours": []}
            )
        row = accounts.index.get_indexer(pd.Index(table["account_id"]))
        column = reps.index.get_indexer(pd.Index(table["rep_id"]))
        pair = row.astype(np.int64) * len(self.rep_places) + column
        order = np.argsort(pair, kind="stable")
        if (np.minimum(row, column) < 0).any() or not (np.diff(pair[order]) > 0).all():
            raise PlannerError(
                _(
                    "distances.csv names an unknown account or rep, or a pair twice. "
                    "Write the plan folder again."
                )
            )
        self.listed = pair[order]
        self.km, self.hours = table[["km", "hours"]].to_numpy(float)[order].T

    def between(self, rows: Ints, to: Ints) -> tuple[Floats, Floats, Bools]:
        """
        Return km, hours, and whether the distance table lists the pair.

        Parameters
        ----------
        rows, to
            Accounts and columns, broadcast together.
        """
        km = np.zeros(np.broadcast_shapes(rows.shape, to.shape))
        listed = np.zeros(km.shape, dtype=bool)
        if self.estimated:
            start, end = self.account_places[rows], self.rep_places[to]
            km = road_km_between(
                start[..., 0],
                start[..., 1],
                end[..., 0],
                end[..., 1],
                self.circuity[rows],
            )
            km[np.isnan(km)] = 0
        hours = road_hours(km, self.travel.speeds)
        if len(self.listed):
            pair = rows * len(self.rep_places) + to
            source = np.searchsorted(self.listed, pair)
            source[source == len(self.listed)] = 0
            listed = self.listed[source] == pair
            given, own_km = self.hours[source[listed]], self.km[source[listed]]
            km[listed] = own_km
            hours[listed] = np.where(
                np.isnan(given), road_hours(own_km, self.travel.speeds), given
            )
        return km, hours, listed
