"""Compactness to the best region of each territory, counted by the judge."""

from __future__ import annotations

import numpy as np

from planner.evaluate.case import Case
from planner.evaluate.pairs import Ints
from planner.evaluate.recount import Recount
from planner.evaluate.verdict import Check, checked
from planner.geo.distance import haversine_km
from planner.words import _


class Ways:
    """
    What the way from rows to regions costs, and which regions may be a centre.

    Attributes
    ----------
    hubs
        Rows of the regions that may be the centre of a territory: of regions that
        stay together, the one to which all within have the least way.
    counted
        Rows whose way counts: regions and all that shares their fate.
    """

    def __init__(self, recount: Recount) -> None:
        self.recount = recount
        compact = recount.scenario.areas.compactness
        assert compact is not None
        self.compact = compact
        self.amount = recount.own[compact.measure]
        is_region = recount.ground.is_region
        self.counted = np.isin(recount.unit, recount.unit[is_region])
        members: dict[int, list[int]] = {}
        for at in np.flatnonzero(is_region).tolist():
            members.setdefault(int(recount.unit[at]), []).append(at)
        hubs = []
        for unit, regions in members.items():
            best = np.array(regions)
            if len(regions) > 1:
                inside = np.flatnonzero(self.counted & (recount.unit == unit))
                best = best[[int(self.cost(inside, best).argmin())]]
            hubs.append(int(best[0]))
        self.hubs = np.array(sorted(hubs), dtype=np.int64)

    def cost(self, rows: Ints, regions: Ints) -> Ints:
        """Cost of all rows to each region, in cost units, shape (regions,)."""
        places = self.recount.roads.account_places
        found = []
        for region in regions.tolist():
            north, east = places[region]
            km = haversine_km(places[rows, 0], places[rows, 1], north, east)
            km = np.where(np.isnan(km), 0.0, km)
            way = self.amount[rows] * km**self.compact.power * self.compact.price
            steps = self.recount.steps(way, self.recount.cost_scale, "compactness")
            found.append(sum(steps.tolist()))
        return np.array(found, dtype=np.int64)

    def of_territory(self, rows: Ints) -> tuple[set[str], int]:
        """Best regions of a territory, several where they tie, and the cost to them."""
        hubs = self.hubs[np.isin(self.hubs, rows)]
        if not len(hubs):
            return {""}, 0
        cost = self.cost(rows[self.counted[rows]], hubs)
        least = int(cost.min())
        best = self.recount.accounts["region_id"].iloc[hubs[cost == least]]
        return set(map(str, best)), least


def centres_as_counted(case: Case, table: dict[str, list[str]]) -> Check:
    """Check that reps.csv names a best region for each territory."""
    ways, faults = Ways(case.recount), []
    told = dict(zip(table["rep_id"], table["centre"], strict=True))
    for column, rep in enumerate(case.recount.reps.index):
        best, _cost = ways.of_territory(np.flatnonzero(case.chosen == column))
        if told.get(str(rep)) not in best:
            faults.append(
                _("{rep}: centre is {found!r}, the best region is {best}").format(
                    rep=rep, found=told.get(str(rep)), best=min(best)
                )
            )
    return checked("centres", faults, _("every centre is a best region"))
