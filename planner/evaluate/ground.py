"""The rules of a plan by regions, straight from the clean tables."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from planner.errors import PlannerError
from planner.evaluate.pairs import Bools, Floats, Ints
from planner.geo.distance import haversine_km
from planner.scenario import Scenario
from planner.tables import Tables, planning_rows
from planner.words import _


def judged_rows(scenario: Scenario, tables: Tables) -> pd.DataFrame:
    """
    Return the accounts; by regions, these first, as ``region:<id>``.

    Raises
    ------
    PlannerError
        If the clean tables lack what planning by regions needs, or an account does not
        lie in a region that is there.
    """
    if scenario.unit == "account":
        return tables.accounts
    if tables.regions is None or tables.adjacency is None:
        raise PlannerError(
            _("inputs/ holds no regions or no adjacency. Write the plan folder again.")
        )
    rows = planning_rows(tables, scenario)
    units = set(rows["region_id"][rows["is_region"]])
    lost = rows.index[~rows["is_region"] & ~rows["area"].isin([*units, ""])]
    if len(lost):
        raise PlannerError(
            _("{id} lies in no region of the plan. Write the folder again.").format(
                id=lost[0]
            )
        )
    ends = set(tables.adjacency["region_id"]) | set(tables.adjacency["neighbour_id"])
    if ends - units:
        raise PlannerError(
            _("adjacency.csv names {id}, which is no region of the plan.").format(
                id=min(ends - units)
            )
        )
    return rows


class Ground:
    """
    What the map says of rows: which are regions, and whose alone they may be.

    Attributes
    ----------
    is_region
        Whether each row is a region, shape (rows,).
    apart
        Column of the rep that a row's region is set apart for, -1 for none, (rows,).
    is_apart
        Whether each column's rep has a region set apart, shape (m + 1,).
    """

    def __init__(
        self, scenario: Scenario, rows: pd.DataFrame, reps: pd.DataFrame, owner: Ints
    ) -> None:
        self.scenario, self.rows, self.owner = scenario, rows, owner
        nobody = len(reps)
        self.is_region = np.zeros(len(rows), dtype=bool)
        self.apart = np.full(len(rows), -1, dtype=np.int64)
        self.is_apart = np.zeros(nobody + 1, dtype=bool)
        self._keeps = np.zeros(nobody + 1, dtype=bool)
        if scenario.unit == "account":
            return
        self.is_region = rows["is_region"].to_numpy(dtype=bool)
        position = {str(rep): at for at, rep in enumerate(reps.index)}
        areas = scenario.areas
        for rep in areas.locked_reps:
            self._keeps[position[rep]] = True
        columns = {region: position[rep] for region, rep in areas.apart.items()}
        self.is_apart[list(columns.values())] = True
        if columns:
            found = [columns.get(area, -1) for area in rows["area"]]
            self.apart = np.array(found, dtype=np.int64)

    def rules(self, rows: Ints, to: Ints) -> Iterator[tuple[str, Bools]]:
        """Rule by rule: what is wrong where it does not hold, and where it holds."""
        region, owner, apart = self.is_region[rows], self.owner[rows], self.apart[rows]
        if self._keeps.any():
            known = np.where(owner < 0, len(self._keeps) - 1, owner)
            concerned = region & (self._keeps[known] | self._keeps[to])
            yield (
                _("a locked rep keeps exactly today's regions"),
                ~concerned | (owner == to),
            )
        if self.is_apart.any():
            concerned = region & ((apart >= 0) | self.is_apart[to])
            yield (
                _("a region set apart and its rep have no other"),
                ~concerned | (apart == to),
            )

    def to_base(
        self, own: dict[str, Floats], rows: Ints, starts: Floats, ends: Floats
    ) -> Floats:
        """Cost of the straight distance to the base, where compactness asks for it."""
        compact = self.scenario.areas.compactness
        assert compact is not None
        amount = own[compact.measure][rows]
        km = haversine_km(starts[..., 0], starts[..., 1], ends[..., 0], ends[..., 1])
        km = np.where(np.isnan(km), 0.0, km)
        return np.asarray(amount * km**compact.power * compact.price)

    def by_base(self) -> bool:
        """Whether compactness goes by the distance to the base."""
        compact = self.scenario.areas.compactness
        return compact is not None and compact.to == "base"
