"""Which bases are open: is it as the scenario asks, and what is proven about it?"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from planner.errors import PlannerError
from planner.evaluate.bound import ROOM, total_of
from planner.evaluate.folder import BasesClaim
from planner.evaluate.pairs import Floats, Ints, Pairs, Quantity
from planner.evaluate.recount import Recount
from planner.evaluate.rows import Row
from planner.evaluate.verdict import Check, checked
from planner.tables import Tables
from planner.words import _

BASE_COLUMNS = ("base_id", "cost", "kept", "open")


def bases_as_chosen(recount: Recount, table: dict[str, list[str]]) -> Check:
    """Check that bases.csv, the reps and the scenario agree on what is open."""
    bases, asked = _bases(recount), recount.scenario.bases
    assert asked is not None
    if sorted(table["base_id"]) != sorted(bases.index):
        return checked("bases", [_("bases.csv does not list every base once")], "")
    listed = pd.DataFrame(table).set_index("base_id").reindex(bases.index)
    opened = bases.index.isin(recount.reps.index)
    kept = bases["kept"].to_numpy(bool)
    faults = [
        _("{id}: bases.csv says {column} = {cell!r}, it should be {word}").format(
            id=base, column=column, cell=cell, word=word
        )
        for column, mask in (("open", opened), ("kept", kept))
        for base, cell, word in zip(
            bases.index, listed[column], np.where(mask, "yes", "no"), strict=True
        )
        if cell != word
    ]
    faults += [
        _("{id} stays open, but is no rep").format(id=base)
        for base in bases.index[kept & ~opened]
    ]
    visiting = recount.reps[~recount.pools.is_pool[:-1]]
    faults += [
        _("{id} is a rep, but no base").format(id=rep)
        for rep in visiting.index.difference(bases.index)
    ]
    faults += [
        _("{id} is a base, but also a pool").format(id=pool.id)
        for pool in recount.scenario.pools
        if pool.id in bases.index
    ]
    faults += _other_cells(bases, visiting)
    count, most = int(opened.sum()), asked.count
    if count > most or (asked.exactly and count < most):
        faults.append(
            _("{n:,} bases are open, the scenario asks for {most:,}").format(
                n=count, most=most
            )
        )
    fine = _("{n:,} of {m:,} bases are open").format(n=count, m=len(bases))
    return checked("bases", faults, fine)


def _other_cells(bases: pd.DataFrame, reps: pd.DataFrame) -> list[str]:
    """Reps whose fields differ from those of their base."""
    if set(reps) != set(bases) - {"cost", "kept"}:
        return [_("reps.csv and bases.csv of inputs/ differ in their columns")]
    both = reps.index.intersection(bases.index)
    one, other = reps.loc[both], bases.loc[both, list(reps)]
    same = (one == other) | (one.isna() & other.isna())
    return [
        _("{id}: the rep differs from its base").format(id=rep)
        for rep in both[~same.all(axis=1)]
    ]


def _bases(recount: Recount) -> pd.DataFrame:
    bases = recount.tables.bases
    if bases is None or not {"cost", "kept"} <= set(bases):
        raise PlannerError(
            _("inputs/ holds no bases to choose from. Write the plan folder again.")
        )
    if not bases.index.is_unique or bases["kept"].dtype != bool:
        raise PlannerError(_("bases.csv of inputs/ is damaged; write it again."))
    return bases


def opening_steps(recount: Recount) -> int:
    """Cost of the open bases that are not kept, in cost units; 0 without bases."""
    if recount.tables.bases is None:
        return 0
    opened = _bases(recount).index.isin(recount.reps.index)
    return total_of(_costs(recount)[opened])


def _costs(recount: Recount) -> Ints:
    """Cost of each base, in cost units."""
    cost = _bases(recount)["cost"].to_numpy(float)
    return recount.steps(cost, recount.cost_scale, "bases")


class BasesBound:
    """
    What every plan costs at least, whichever bases are open, by the claimed prices.

    An open base earns the price of each unit that it takes, pays what the pair costs,
    and a price for each step of its own rows, of which it gets back what the rows
    allow for free. Its least sum, kept or among the best that may be open, and the
    prices of all units make the limit. Rows of several reps, priced sets and
    everything on the map are left aside.
    """

    def __init__(self, recount: Recount, claim: BasesClaim) -> None:
        self.scale, self.faults = claim.price_scale, list[str]()
        self.recount = Recount(recount.scenario, _every_base(recount))
        self.rows = {row.id: row for row in self._rows(recount)}
        self._prices = claim.prices
        self._check(claim)
        self._of_unit = self._unit_prices(claim.units) if not self.faults else []
        width = self.recount.nobody + 1
        self._least = np.zeros(width, dtype=object)

    def _rows(self, given: Recount) -> list[Row]:
        """Rows of the bases; equal bands as they are for the open ones."""
        rows = [r for r in self.recount.rows if not r.family.startswith("balance")]
        asked, everyone = given.scenario.bases, self.recount.reps.index
        assert asked is not None
        if not asked.exactly or given.scenario.areas.set_apart:
            return rows
        for index, entry in enumerate(given.scenario.balance):
            family = f"balance[{index}]"
            known = [row for row in given.rows if row.family == family]
            if entry.target == "equal" and entry.per == "rep" and known:
                rows += [
                    replace(known[0], id=f"{family}/{base}", reps=np.array([column]))
                    for column, base in enumerate(everyone)
                    if not self.recount.pools.is_pool[column]
                ]
        return rows

    def _check(self, claim: BasesClaim) -> None:
        """Note prices that prove nothing."""
        if self.scale < 1:
            self.faults.append(
                _("price_scale = {scale} is not 1 or more").format(scale=self.scale)
            )
        for name, price in claim.prices.items():
            row = self.rows.get(name)
            if row is None or len(row.reps) != 1:
                fault = _("{name!r} is no row of a single base").format(name=name)
            elif row.high is None and price > 0:
                fault = _("{name} has no high, its price may not be above 0").format(
                    name=name
                )
            elif row.price is not None and abs(price) > self.scale * row.price:
                fault = _("the price of {name} is beyond what leaving costs").format(
                    name=name
                )
            else:
                continue
            self.faults.append(fault)

    def _unit_prices(self, prices: dict[str, int]) -> list[int]:
        rows, unit = self.recount.accounts.index, self.recount.unit.tolist()
        place = {str(row): at for at, row in enumerate(rows)}
        found = [0] * (max(unit, default=-1) + 1)
        for account, price in prices.items():
            if account not in place:
                self.faults.append(
                    _("there is no account {name!r} to price").format(name=account)
                )
            else:
                found[unit[place[account]]] += price
        if max(map(abs, found), default=0) >= ROOM // 4:
            self.faults.append(_("the prices are too large to be checked exactly"))
        return found

    def value(self) -> int:
        """Return the bound in cost units; see `faults` before it is used."""
        count, asked = self.recount, self.recount.scenario.bases
        assert asked is not None
        for parts, starts in count.blocks(np.arange(len(count.accounts))):
            unit = count.pairs(parts[0]).summed(starts)
            for rows in parts[1:]:
                unit = unit + count.pairs(rows).summed(np.zeros(1, np.int64))
            self._take(unit, parts[0][starts])
        opening = [*_costs(count).tolist(), *(0 for _pool in count.scenario.pools)]
        least = self._least.tolist()[:-1]
        values = [v + c * self.scale for v, c in zip(least, opening, strict=True)]
        for name, price in self._prices.items():
            row = self.rows[name]
            free = (row.high or 0) * price if price > 0 else row.low * price
            values[int(row.reps[0])] -= free
        kept = _bases(count)["kept"].to_numpy(bool).tolist()
        most = max(0, asked.count - sum(kept))
        kept += [True for _pool in count.scenario.pools]  # they stand last
        total = sum(self._of_unit) + int(self._least[-1])
        total += sum(v for v, stays in zip(values, kept, strict=True) if stays)
        others = sorted(v for v, stays in zip(values, kept, strict=True) if not stays)
        total += sum(v for v in others[:most] if asked.exactly or v < 0)
        return -(-total // self.scale)

    def _take(self, units: Pairs, first: Ints) -> None:
        """Let every base take what it earns from, of some units."""
        labels = self.recount.unit[first].tolist()
        earned = np.array([self._of_unit[label] for label in labels], dtype=np.int64)
        cost = sum(units.costs.values(), np.int64(0))
        amounts: list[tuple[Ints, Ints]] = []
        eligible = units.eligible.copy()
        for quantity in {row.quantity for row in self.rows.values()}:
            amount = np.broadcast_to(units.amounts[quantity], eligible.shape)
            prices, highs = self._columns(quantity)
            eligible &= amount <= highs
            amounts.append((amount, prices))
        rough = cost * float(self.scale) + sum(
            (a * p.astype(float) for a, p in amounts), np.float64(0)
        )
        if not _fits(np.broadcast_to(rough, eligible.shape), earned):
            self.faults.append(_("the prices are too large to be checked exactly"))
            return
        reduced = np.broadcast_to(cost * self.scale, eligible.shape) - earned[:, None]
        for amount, prices in amounts:
            reduced = reduced + amount * prices
        taken = np.where(eligible, np.minimum(0, reduced), 0).sum(axis=0)
        self._least += taken.astype(object)

    def _columns(self, quantity: Quantity) -> tuple[Ints, Ints]:
        """Price of a step and largest single amount, by column, shape (m + 1,)."""
        width = self.recount.nobody + 1
        prices, highs = np.zeros(width, np.int64), np.full(width, ROOM)
        for row in self.rows.values():
            if row.quantity != quantity:
                continue
            prices[row.reps] += self._prices.get(row.id, 0)
            if row.price is None and row.high is not None:
                highs[row.reps] = np.minimum(highs[row.reps], min(row.high, ROOM))
        return prices, highs


def _fits(rough: Floats, earned: Ints) -> bool:
    """Whether sums of the block fit 64 bits, by their size in doubles."""
    size = np.abs(rough) + np.abs(earned)[:, None]
    return bool(size.sum(axis=0).max(initial=0.0) < ROOM / 2)


def _every_base(recount: Recount) -> Tables:
    """Tables with every base among the reps, and no owner who might be closed."""
    bases, tables = _bases(recount), recount.tables
    stay = bases.index[bases["kept"].to_numpy(bool)]
    reps = bases.drop(columns=["cost", "kept"]).rename_axis("rep_id")
    stay = stay.append(pd.Index([pool.id for pool in recount.scenario.pools]))
    if recount.scenario.pools:
        reps = pd.concat([reps, tables.reps[recount.pools.is_pool[:-1]]])
    frames: dict[str, Any] = {"accounts": tables.accounts, "regions": tables.regions}
    for name, frame in frames.items():
        if frame is not None and "owner" in frame:
            owner = frame["owner"].where(frame["owner"].isin(stay), "")
            frames[name] = frame.assign(owner=owner)
    accounts, regions = frames["accounts"], frames["regions"]
    return replace(tables, reps=reps, accounts=accounts, regions=regions)


def bases_bound_as_proven(recount: Recount, claim: BasesClaim) -> Check:
    """Recompute the bound over all choices of bases from its prices."""
    proof = BasesBound(recount, claim)
    faults, value = list(proof.faults), 0
    if not faults:
        value = proof.value()
        faults = list(proof.faults)
    if not faults and claim.bound > value:
        faults.append(
            _("the prices prove {value}, the certificate says {told}").format(
                value=value, told=claim.bound
            )
        )
    fine = _("recomputed from {n:,} prices over {m:,} bases").format(
        n=len(claim.prices) + len(claim.units), m=proof.recount.nobody
    )
    return checked("bound over bases", faults, fine)
