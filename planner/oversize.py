"""Regions that no balanced territory can hold: found by arithmetic, and set apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from planner.pairs import Pairs
from planner.scenario import Scenario
from planner.scenario.rules import Balance
from planner.tables import Tables
from planner.words import _


@dataclass(frozen=True)
class Oversize:
    """
    A region whose own demand is above the band of every rep.

    Attributes
    ----------
    region_id, name
        Which region.
    measure, amount
        What it has too much of, and how much, in the measure's unit.
    target, high
        Mean target and largest upper end of the reps in play.
    rep
        Who may have it alone; "" if nobody may.
    """

    region_id: str
    name: str
    measure: str
    amount: float
    target: float
    high: float
    rep: str

    @property
    def ratio(self) -> float:
        """Amount over the mean target."""
        return self.amount / self.target if self.target > 0 else float("inf")

    def why_not(self) -> str:
        """Say that it stands in the way of every plan, and the keys that help."""
        text = _(
            "{name} ({id}) is {ratio:.1f} times the mean target of {measure} "
            "({amount:,.10g} of {target:,.10g}), more than any band allows "
            "({high:,.10g})."
        ).format(
            name=self.name,
            id=self.region_id,
            ratio=self.ratio,
            measure=self.measure,
            amount=self.amount,
            target=round(self.target, 3),
            high=self.high,
        )
        if not self.rep:
            return text + " " + _("Widen the tolerance, or split the region.")
        remedy = _(
            "Give it a rep of its own: [areas] set_apart = true, or set_apart = "
            '{{"{id}" = "{rep}"}}; or widen the tolerance, or split the region.'
        )
        return text + " " + remedy.format(id=self.region_id, rep=self.rep)


def oversize_regions(pairs: Pairs) -> list[Oversize]:
    """Regions above every hard band per rep, the largest first."""
    found: dict[str, Oversize] = {}
    if pairs.scenario.unit != "region":
        return []
    for balance in pairs.scenario.balance:
        if balance.hard and balance.per == "rep":
            for one in _above(pairs, balance):
                if one.region_id not in found or found[one.region_id].ratio < one.ratio:
                    found[one.region_id] = one
    return sorted(found.values(), key=lambda one: (-one.ratio, one.region_id))


def _above(pairs: Pairs, balance: Balance) -> list[Oversize]:
    own = pairs.own[balance.measure]
    weights = np.ones(pairs.m)
    if balance.target != "equal":
        weights = np.nan_to_num(pairs.reps[balance.target].to_numpy(float))
    weights[pairs.is_apart[:-1] | pairs.is_pool[:-1]] = 0.0
    if not weights.sum() > 0:
        return []
    total = own[pairs.apart_rep < 0].sum() * balance.part
    targets = total * weights / weights.sum()
    high = float(targets.max() * (1 + balance.tolerance))
    area = pairs.accounts["area"].to_numpy(object)
    free = (pairs.apart_rep < 0) & (area != "")
    amounts = pd.Series(own[free]).groupby(area[free]).sum()
    large = amounts[amounts > high * (1 + 1e-9)]
    names = pairs.accounts.loc[pairs.is_region].set_index("region_id")["name"]
    return [
        Oversize(
            str(region),
            str(names[str(region)]),
            balance.measure,
            float(amount),
            float(targets[weights > 0].mean()),
            high,
            _rep_for(pairs, str(region)),
        )
        for region, amount in large.items()
    ]


def _rep_for(pairs: Pairs, region: str) -> str:
    """Who may have a region alone: today's owner, else who has least of today's map."""
    rows = np.flatnonzero((pairs.accounts["area"] == region).to_numpy())
    may = np.ones(pairs.m, dtype=bool)
    for rep in range(pairs.m):
        block = pairs.price(rows, np.full(len(rows), rep))
        may[rep] = bool(block.eligible.all())
    may &= ~pairs.is_apart[:-1] & ~pairs.keeps_map[:-1]
    others = ~pairs.is_apart[:-1] & ~pairs.is_pool[:-1]
    if not may.any() or others.sum() < 2:
        return ""
    today = pairs.owner[pairs.is_region]
    held = np.bincount(today[today >= 0], minlength=pairs.m).astype(float)
    owner = pairs.owner[rows[pairs.is_region[rows]][0]]
    if owner >= 0:
        held[owner] = -1.0
    held[~may] = np.inf
    return str(pairs.reps.index[int(held.argmin())])


def set_apart(tables: Tables, scenario: Scenario) -> tuple[Tables, Scenario]:
    """
    Do as ``areas.set_apart = true`` asks: each oversize region gets a rep of its own.

    One after the other, the largest first, since each changes the target of the rest.

    Returns
    -------
    Tables with a note on each region, and a scenario that names region and rep; both
    as they were where nothing is asked or nothing is too large.
    """
    if scenario.unit != "region" or scenario.areas.set_apart is not True:
        return tables, scenario
    chosen: dict[str, str] = {}
    notes: list[str] = []
    while True:
        large = [one for one in oversize_regions(Pairs(tables, scenario)) if one.rep]
        if not large:
            return replace(tables, notes=[*tables.notes, *notes]), scenario
        one = large[0]
        chosen[one.region_id] = one.rep
        scenario = scenario.with_regions_apart(chosen)
        reps = len(tables.reps) - len(scenario.pools)
        notes.append(_told(one, reps - len(chosen)))


def _told(one: Oversize, others: int) -> str:
    return _(
        "{name} ({id}) is {ratio:.1f} times the mean target of {measure}: it is set "
        "apart for {rep}, who takes no part in balance; {n:,} territories share the "
        "rest."
    ).format(
        name=one.name,
        id=one.region_id,
        ratio=one.ratio,
        measure=one.measure,
        rep=one.rep,
        n=others,
    )
