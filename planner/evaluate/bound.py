"""The bound, recomputed from the prices of its certificate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from planner.evaluate.pairs import Ints, Pairs, Quantity
from planner.evaluate.recount import Recount
from planner.evaluate.rows import Row
from planner.words import _

ROOM = 2**62


def total_of(values: Ints) -> int:
    """Add up exactly, however large."""
    return sum(values.tolist())


class DualBound:
    """
    What every plan costs at least, proven by a price per row.

    With any prices, each unit takes its cheapest pair (cost plus priced amounts), and
    what the rows allow for free is paid back. Prices that prove nothing are faults.
    """

    def __init__(self, recount: Recount, prices: dict[str, int], scale: int) -> None:
        self.recount, self.scale = recount, scale
        self.faults = _price_faults(recount.rows, prices, scale)
        self.stuck: list[str] = []
        self._total = 0
        width = recount.nobody + 1
        self._hard: dict[Quantity, tuple[Ints, Ints]] = {}
        self._soft: dict[str, tuple[Quantity, Ints, Ints, Ints]] = {}
        for row in recount.rows if not self.faults else ():
            price, high = prices.get(row.id, 0), row.high
            cap = ROOM if high is None else min(high, ROOM)
            self._total -= (high or 0) * max(price, 0) - row.low * max(-price, 0)
            if row.price is None:
                zero = np.zeros(width, np.int64), np.full(width, ROOM)
                own, highs = self._hard.setdefault(row.quantity, zero)
                own[row.reps] += price
                highs[row.reps] = np.minimum(highs[row.reps], cap)
            else:
                none = (np.zeros(width, np.int64), np.full(width, ROOM))
                fresh = row.quantity, *none, np.zeros(width, np.int64)
                _q, own, highs, steps = self._soft.setdefault(row.family, fresh)
                own[row.reps], highs[row.reps] = price, cap
                steps[row.reps] = row.price * scale

    def add(self, units: Pairs, first: Ints) -> None:
        """Take some units into account; `first` is an account of each."""
        if not self.faults and self._fits(units):
            self.add_least(self._reduced(units, slice(None)).min(axis=1), first)

    def priced(self, pairs: Pairs, to: Ints) -> Ints:
        """Cost with priced amounts of a list of pairs, `ROOM` where not allowed."""
        if not self._fits(pairs):
            return np.full(len(to), ROOM)
        return np.asarray(self._reduced(pairs, to))

    def add_least(self, best: Ints, first: Ints) -> None:
        """Take the cheapest of some units into account, `ROOM` where there is none."""
        stuck = best == ROOM
        self.stuck += [str(x) for x in self.recount.accounts.index[first[stuck]]]
        self._total += total_of(best[~stuck])

    def prices_by_column(self) -> dict[Quantity, Ints]:
        """Sum of the prices of a step of each quantity, over `scale`; (m + 1,)."""
        each = {quantity: own.copy() for quantity, (own, _highs) in self._hard.items()}
        for quantity, own, _highs, _steps in self._soft.values():
            each[quantity] = each.get(quantity, 0) + own
        return each

    def _reduced(self, units: Pairs, to: Ints | slice) -> Ints:
        eligible, cost = units.eligible, sum(units.costs.values(), np.int64(0))
        reduced = np.broadcast_to(cost * self.scale, eligible.shape)
        for quantity, (own, highs) in self._hard.items():
            amount = units.amounts[quantity]
            if own.any():
                reduced = reduced + amount * own[to]
            if (highs < ROOM).any():
                eligible = eligible & (amount <= highs[to])
        for quantity, own, highs, steps in self._soft.values():
            amount = units.amounts[quantity]
            within = np.minimum(amount, highs[to])
            reduced = reduced + (amount - within) * steps[to] + within * own[to]
        return np.where(eligible, reduced, ROOM)

    def _fits(self, units: Pairs) -> bool:
        """Whether every reduced cost fits 64 bits; if not, that is a fault."""
        most = sum(int(x.max(initial=0)) for x in units.costs.values()) * self.scale
        for quantity, (own, _highs) in self._hard.items():
            amount = int(units.amounts[quantity].max(initial=0))
            most += amount * int(np.abs(own).max())
        for quantity, own, _highs, steps in self._soft.values():
            amount = int(units.amounts[quantity].max(initial=0))
            most += amount * (int(np.abs(own).max()) + int(steps.max()))
        if most >= ROOM and not self.faults:
            self.faults.append(_("the prices are too large to be checked exactly"))
        return most < ROOM

    def value(self) -> int:
        """Return the bound in cost units: rounded up, because costs are whole."""
        return -(-self._total // self.scale)


def _price_faults(rows: Sequence[Row], prices: dict[str, int], scale: int) -> list[str]:
    """List what makes prices prove nothing."""
    if scale < 1:
        return [_("price_scale = {scale} is not 1 or more").format(scale=scale)]
    known, faults = {row.id: row for row in rows}, []
    sizes = [abs(price) for price in prices.values()]
    sizes += [(row.price or 0) * scale for row in rows]
    if sum(sizes) >= ROOM:
        return [_("the prices are too large to be checked exactly")]
    for name, price in prices.items():
        row = known.get(name)
        if row is None:
            faults.append(_("there is no row {name!r} to price").format(name=name))
        elif row.price is not None and abs(price) > scale * row.price:
            faults.append(
                _(
                    "the price {price} of {name} is beyond what leaving its band costs "
                    "({most})"
                ).format(price=price, name=name, most=scale * row.price)
            )
        elif row.high is None and price > 0:
            faults.append(
                _("{name} has no high, its price {price} may not be above 0").format(
                    name=name, price=price
                )
            )
    return faults
