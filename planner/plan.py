"""The answer: who serves which account, what it costs, and what changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.compile import PAIRS_PER_BLOCK, Compiled
from planner.errors import PlannerError
from planner.words import _


@dataclass(frozen=True, eq=False)
class Plan:
    """
    One rep, or nobody, for every account.

    Attributes
    ----------
    compiled
        The question that the plan answers.
    rep_of
        Rep index of each row of ``compiled.pairs.accounts``; m = left out. The rows are
        the accounts in table order; by regions, these come first. Shape (rows,).
    """

    compiled: Compiled
    rep_of: NDArray[np.intp]

    @classmethod
    def of_arcs(cls, compiled: Compiled, arcs: NDArray[np.int64]) -> Plan:
        """Unfold the arcs chosen for units into a rep for each account."""
        rep_of_unit = compiled.problem.rep[arcs].astype(np.intp)
        return cls(compiled, rep_of_unit[compiled.unit_of])

    @cached_property
    def owner(self) -> pd.Series:
        """
        ``rep_id`` by ``account_id``; "" where left out.

        In table order; by regions, these come first, as ``region:<id>``.
        """
        pairs = self.compiled.pairs
        ids = np.append(pairs.reps.index.to_numpy(dtype=object), "")
        return pd.Series(
            ids[self.rep_of], index=pairs.accounts.index, name="rep_id", dtype=str
        )

    @cached_property
    def regions(self) -> pd.Series:
        """``rep_id`` by ``region_id``, sorted; empty where accounts are the units."""
        pairs = self.compiled.pairs
        owner = self.owner[pairs.is_region]
        names = pairs.accounts["region_id"][pairs.is_region].to_numpy(object)
        index = pd.Index(names, dtype=str, name="region_id")
        return pd.Series(owner.to_numpy(), index, name="rep_id", dtype=str).sort_index()

    @cached_property
    def centres(self) -> pd.Series:
        """
        ``region_id`` of each territory's best region, by ``rep_id``.

        Empty unless compactness is to = "region"; "" for reps without a region.
        """
        pairs, areas = self.compiled.pairs, self.compiled.problem.areas
        if areas is None or areas.centres is None:
            return pd.Series([], pd.Index([], name="rep_id"), name="centre", dtype=str)
        ids = pairs.accounts["region_id"].to_numpy(object)
        first = np.unique(self.compiled.unit_of, return_index=True)[1]
        rep_of_unit = self.rep_of[first]
        best = [
            areas.centres.of(np.flatnonzero(rep_of_unit == r))[0]
            for r in range(pairs.m)
        ]
        found = [ids[areas.centres.hub[unit]] if unit >= 0 else "" for unit in best]
        return pd.Series(found, pairs.reps.index, name="centre", dtype=str)

    def owner_of_region(self, region_id: str) -> str:
        """
        Return the rep of a region, and of each new account in it.

        Raises
        ------
        PlannerError
            If the plan has no such region.
        """
        if region_id not in self.regions.index:
            raise PlannerError(
                _(
                    "The plan has no region {region!r}. Regions have ids such as "
                    "{known}; accounts are found by their region_id."
                ).format(region=region_id, known=", ".join(self.regions.index[:3]))
            )
        return str(self.regions[region_id])

    @cached_property
    def moved(self) -> NDArray[np.bool_]:
        """Whether each account leaves a known owner, in table order."""
        owner = self.compiled.pairs.owner
        return (owner >= 0) & (self.rep_of != owner)

    @cached_property
    def integer_costs(self) -> NDArray[np.int64]:
        """Cost per term and account in steps, shape (terms, accounts)."""
        return self._priced[0]

    @cached_property
    def _priced(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Pair costs, and one-way km (NaN where left out, or nobody travels)."""
        pairs, n = self.compiled.pairs, len(self.rep_of)
        cost = np.zeros((len(pairs.terms), n), dtype=np.int64)
        km = np.full(n, np.nan)
        for begin in range(0, n, PAIRS_PER_BLOCK):
            at = np.arange(begin, min(n, begin + PAIRS_PER_BLOCK))
            block = pairs.price(at, self.rep_of[at])
            travelled = (self.rep_of[at] < pairs.m) & ~pairs.is_pool[self.rep_of[at]]
            cost[:, at] = block.cost
            km[at[travelled]] = block.km[travelled]
        return cost, km

    def to_frame(self) -> pd.DataFrame:
        """
        Return the plan as a table of accounts, sorted by their ids.

        Returns
        -------
        Columns ``account_id``, ``rep_id`` ("" = left out), ``previous_rep_id``,
        ``name``, ``moved`` (yes/no), ``distance_km`` (one way), ``cost_total`` and
        ``cost_<term>`` in currency.
        """
        pairs = self.compiled.pairs
        cost, km = self._priced
        scale = pairs.cost_scale
        frame = pd.DataFrame(
            {
                "account_id": pairs.accounts.index,
                "rep_id": self.owner.to_numpy(),
                "previous_rep_id": pairs.accounts["owner"].to_numpy(),
                "name": pairs.accounts["name"].to_numpy(),
                "moved": np.where(self.moved, "yes", "no"),
                "distance_km": km if "travel" in pairs.terms else np.nan,
                "cost_total": cost.sum(axis=0) / scale,
            }
        )
        for term, values in zip(pairs.terms, cost, strict=True):
            frame[f"cost_{term}"] = values / scale
        frame = frame[~pairs.is_region]
        return frame.sort_values("account_id", ignore_index=True)
