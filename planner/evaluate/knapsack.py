"""The bound of a certificate with prices on units: a knapsack per rep, solved again."""

from __future__ import annotations

import numpy as np

from planner.evaluate.banded import NO_END, Items, most_within
from planner.evaluate.bound import ROOM, DualBound, total_of
from planner.evaluate.folder import DualClaim
from planner.evaluate.pairs import Floats, Ints, Pairs, Quantity
from planner.evaluate.recount import Recount
from planner.evaluate.rows import Row
from planner.words import _


def bound_of(recount: Recount, claim: DualClaim) -> DualBound | KnapsackBound:
    """Return what recomputes the bound of a certificate, by the kind of its prices."""
    if claim.kind == "knapsacks":
        return KnapsackBound(recount, claim)
    return DualBound(recount, claim.prices, claim.price_scale)


class KnapsackBound:
    """
    What every plan costs at least, proven by prices of units and of rows.

    A rep earns the price of each unit that it serves and pays what the pair costs.
    It may choose any units that its own cap can hold, a rep without such a cap any
    units at all, and pays for leaving a priced band that is kept whole. What the units
    earn in sum, less what the reps keep of it at best, is a lower limit; rows with a
    price count as in `DualBound`.
    """

    def __init__(self, recount: Recount, claim: DualClaim) -> None:
        self.recount, self.scale = recount, claim.price_scale
        self.faults = DualBound(recount, claim.prices, claim.price_scale).faults
        self.stuck: list[str] = []
        self._prices = claim.prices
        self._capped, self._banded = self._knapsacks(claim.knapsacks)
        self._of_unit = self._unit_prices(claim.units)
        kept = {*self._capped, *self._banded}
        self._items: dict[int, list[Items]] = {column: [] for column in kept}
        self._total = 0
        for row in recount.rows if not self.faults else ():
            price = claim.prices.get(row.id, 0)
            self._total -= (row.high or 0) * max(price, 0)
            self._total += row.low * max(-price, 0)

    def _knapsacks(self, names: list[str]) -> tuple[dict[int, Row], dict[int, Row]]:
        """Column of a rep -> the row that caps it, and the priced row kept whole."""
        rows = {row.id: row for row in self.recount.rows}
        capped: dict[int, Row] = {}
        banded: dict[int, Row] = {}
        for name in names:
            row = rows.get(name)
            if row is None or (row.price is None and row.high is None):
                fault = _("{name!r} is no hard cap and no band, so it is no knapsack")
            elif len(row.reps) != 1 or row.reps[0] == self.recount.nobody:
                fault = _("{name!r} is about more than one rep, so it is no knapsack")
            elif int(row.reps[0]) in (found := capped if row.price is None else banded):
                fault = _("{name!r} is a second knapsack of its rep")
            elif row.price is not None and self._prices.get(name):
                fault = _("{name!r} is kept whole, so it cannot be priced as well")
            else:
                found[int(row.reps[0])] = row
                continue
            self.faults.append(fault.format(name=name))
        return capped, banded

    def _unit_prices(self, prices: dict[str, int]) -> list[int]:
        """Sum of the prices of the accounts of each unit."""
        accounts, unit = self.recount.accounts.index, self.recount.unit.tolist()
        place = {account: at for at, account in enumerate(accounts)}
        found = [0] * (max(unit, default=-1) + 1)
        for account, price in prices.items():
            at = place.get(account)
            if at is None:
                fault = _("there is no account {name!r} to price")
                self.faults.append(fault.format(name=account))
            else:
                found[unit[at]] += price
        if max(map(abs, found), default=0) >= ROOM // 4:
            self.faults.append(_("the prices are too large to be checked exactly"))
        return found

    def add(self, units: Pairs, first: Ints) -> None:
        """Take some units into account; `first` is an account of each."""
        if self.faults or not self._fits(units):
            return
        reduced, eligible = self._reduced(units)
        labels = self.recount.unit[first].tolist()
        earned = np.array([self._of_unit[label] for label in labels], dtype=np.int64)
        stuck = ~eligible.any(axis=1)
        self.stuck += [str(x) for x in self.recount.accounts.index[first[stuck]]]
        self._total += total_of(earned)
        profit = np.where(eligible, earned[:, None] - reduced, 0)
        for column in range(profit.shape[1]):
            banded = column in self._banded
            asked = eligible[:, column] & (banded | (profit[:, column] > 0))
            own = profit[asked, column]
            if column not in self._items:
                self._total -= total_of(own)
            elif len(own):
                weight, amount = (
                    self._used(units, rows.get(column), column)[asked]
                    for rows in (self._capped, self._banded)
                )
                self._items[column].append(Items(own, weight, amount))

    def _used(self, units: Pairs, row: Row | None, column: int) -> Ints:
        """Return what each unit takes of a row, no more than a priced one holds."""
        if row is None:
            return np.zeros(units.eligible.shape[0], dtype=np.int64)
        shape = units.eligible.shape
        amount = np.broadcast_to(units.amounts[row.quantity], shape)[:, column]
        if row.price is None or row.high is None:
            return amount
        return np.minimum(amount, row.high)

    def _reduced(self, units: Pairs) -> tuple[Ints, np.ndarray]:
        """Cost of each pair with all prices of rows, and whether it is eligible."""
        eligible = units.eligible.copy()
        cost = sum(units.costs.values(), np.int64(0)) * self.scale
        reduced = np.array(np.broadcast_to(cost, eligible.shape), dtype=np.int64)
        for row in self.recount.rows:
            price, at = self._prices.get(row.id, 0), row.reps
            amount = np.broadcast_to(units.amounts[row.quantity], eligible.shape)[:, at]
            high = ROOM if row.high is None else min(row.high, ROOM)
            within = np.minimum(amount, high)
            if row.price is None:
                eligible[:, at] &= amount <= high
            else:
                reduced[:, at] += (amount - within) * (row.price * self.scale)
            if price:
                reduced[:, at] += within * price
        return reduced, eligible

    def _fits(self, units: Pairs) -> bool:
        """Whether every number of the pairs fits 64 bits; if not, that is a fault."""
        most = sum(int(x.max(initial=0)) for x in units.costs.values()) * self.scale
        largest: dict[Quantity, int] = {
            quantity: int(amount.max(initial=0))
            for quantity, amount in units.amounts.items()
        }
        for row in self.recount.rows:
            worth = abs(self._prices.get(row.id, 0)) + (row.price or 0) * self.scale
            most += largest[row.quantity] * worth
        if most >= ROOM // 4:
            self.faults.append(_("the prices are too large to be checked exactly"))
        return most < ROOM // 4

    def value(self) -> int:
        """Return the bound in cost units: rounded up, because costs are whole."""
        total = self._total
        for column, parts in self._items.items():
            total -= self._most(column, parts)
        return -(-total // self.scale)

    def _most(self, column: int, parts: list[Items]) -> int:
        """Return the most that a rep can keep."""
        none = np.zeros(0, dtype=np.int64)
        together = zip(*parts, strict=True) if parts else [()] * 3
        items = Items(*(np.concatenate([none, *values]) for values in together))
        cap_row, band = self._capped.get(column), self._banded.get(column)
        cap = int(items.weight.sum())
        if cap_row is not None and cap_row.high is not None:
            cap = cap_row.high
        if band is None:
            return most_profit(items.profit, items.weight, cap)
        assert band.price is not None  # only priced rows are bands
        high = min(NO_END if band.high is None else band.high, NO_END)
        price = band.price * self.scale
        return most_within(items, cap, band.low, high, price)


def most_profit(profit: Ints, weight: Ints, cap: int) -> int:
    """
    Largest sum of profits (> 0) of items that weigh at most `cap` (>= 0) together.

    The items go by, best ratio first. Of the sets of those gone by only the ones are
    kept that no lighter set equals and that the ratio of the next item could still
    lift to the best known sum.
    """
    if sum(profit.tolist()) >= 2**62:
        return sum(profit.tolist())  # more than 64 bits: all of them is a limit, too
    free = weight == 0
    base = int(profit[free].sum())
    profit, weight = profit[~free], weight[~free]
    if not len(profit) or sum(weight.tolist()) <= cap:
        return base + int(profit.sum())
    order = np.argsort(-(profit / weight), kind="stable")
    profit, weight = profit[order], weight[order]
    known = _greedy(profit, weight, cap)
    sure, open_ = _decided(profit, weight, cap, known)
    base += int(profit[sure].sum())
    known -= int(profit[sure].sum())
    cap -= int(weight[sure].sum())
    profit, weight = profit[open_], weight[open_]
    # Ratios of what is still to come, a hair up: floats must not drop a good set.
    coming = np.append(np.maximum.accumulate((profit / weight)[::-1])[::-1], 0.0)
    loads, sums = np.zeros(1, np.int64), np.zeros(1, np.int64)
    for item, (gain, load) in enumerate(zip(profit, weight, strict=True)):
        loads = np.concatenate([loads, loads + load])
        sums = np.concatenate([sums, sums + gain])
        by = np.lexsort((-sums, loads))
        loads, sums = loads[by], sums[by]
        best = np.maximum.accumulate(sums)
        reach = sums + (cap - loads) * (coming[item + 1] * (1 + 1e-9)) + 1
        kept = (loads <= cap) & (reach >= known)
        kept[1:] &= sums[1:] > best[:-1]
        loads, sums = loads[kept], sums[kept]
        known = max(known, int(sums.max(initial=0)))
    return base + known


def _greedy(profit: Ints, weight: Ints, cap: int) -> int:
    """Sum of profits when each item in turn is taken if it still fits."""
    total = 0
    for gain, load in zip(profit.tolist(), weight.tolist(), strict=True):
        if load <= cap:
            total, cap = total + gain, cap - load
    return total


def _decided(
    profit: Ints, weight: Ints, cap: int, known: int
) -> tuple[np.ndarray, np.ndarray]:
    """Items that every better set holds, and items that a better set may hold."""
    split = int(np.searchsorted(np.cumsum(weight), cap, side="right"))
    rate = profit[split] / weight[split]
    room = cap - int(weight[:split].sum())
    top = int(profit[:split].sum()) + room * rate
    away: Floats = np.abs(profit - rate * weight)
    hopeless = top - away < known - 1 - 1e-9 * abs(top)
    early = np.arange(len(profit)) < split
    return hopeless & early, ~hopeless
