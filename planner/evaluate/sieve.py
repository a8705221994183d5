"""Which pairs may be the cheapest of their account: a sieve before exact counting."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from planner.evaluate.bound import DualBound
from planner.evaluate.pairs import Floats, Ints
from planner.evaluate.recount import Recount
from planner.geo.distance import EARTH_RADIUS_KM

PAIRS_AT_ONCE = 300_000
"""Pairs of one block of floats: few enough to stay near the processor."""
ROWS_AT_ONCE = 20_000
"""Accounts whose pairs are counted exactly at once."""
METRE = 0.001
THREADS = 2


class Sieve:
    """
    Finds, account by account, every pair that could be the cheapest at given prices.

    A limit from below on the priced cost of all pairs, in floats and along the
    straight line, is laid against the exact cost of one pair. Today's owner, nobody,
    and the pairs of the distance table always pass; they may cost less than estimated.
    """

    def __init__(self, recount: Recount, dual: DualBound) -> None:
        self.recount, self.dual = recount, dual
        self._prices()
        self._classes()
        self._roads()
        self._amounts()

    def _price(self, kind: str, name: str) -> Floats:
        """Price of a step of a quantity by rep, in cost steps, shape (m,)."""
        return self._of.get((kind, name), np.zeros(self.recount.nobody))

    def _prices(self) -> None:
        recount, dual = self.recount, self.dual
        self._of = {
            quantity: own[:-1] / dual.scale
            for quantity, own in dual.prices_by_column().items()
        }
        self._dearer = {name: 1 + self._price("term", name) for name in recount.terms}

    def _classes(self) -> None:
        """What a pair costs by class of account without road and amounts, at least."""
        recount = self.recount
        needs, lacks = recount.required
        prefers, misses = recount.preferred
        codes = np.stack([needs, prefers, recount.grade, recount.pools.codes()], axis=1)
        classes, first, self.kind = np.unique(
            codes, axis=0, return_index=True, return_inverse=True
        )
        need, prefer, grade, _pools = classes.T
        none = np.zeros(recount.nobody)
        wish = recount.scenario.skills.missing_preferred * recount.cost_scale
        cost = wish * misses[prefer, :-1] * self._dearer.get("skill", none)
        cost = cost + recount.fit_steps[grade, :-1] * self._dearer.get("fit", none)
        barred = (lacks[need, :-1] > 0) | recount.never[grade, :-1]
        barred |= ~recount.pools.may_take(
            first[:, None], np.arange(recount.nobody)[None]
        )
        half = sum((np.abs(each) for each in self._of.values()), none)
        half = 0.5 * (half + sum((np.abs(x) for x in self._dearer.values()), none))
        self.table = np.where(barred, np.inf, cost - half - 0.01)

    def _roads(self) -> None:
        """Least cost of a km between two places, by rep and by what hours count."""
        recount, travel = self.recount, self.recount.scenario.travel
        dear = self._dearer.get("travel", np.zeros(recount.nobody))
        per_km = recount.cost_scale * travel.cost_per_km * dear
        hour = recount.cost_scale * travel.cost_per_hour * dear
        names = [n for n in recount.scales if recount.scenario.measure(n).travel]
        self.pattern = np.zeros(len(recount.accounts), dtype=np.int64)
        per_hour = np.tile(hour, (2 ** len(names), 1))
        for bit, name in enumerate(names):
            self.pattern += recount.counted[name].astype(np.int64) << bit
            on = (np.arange(len(per_hour)) >> bit) & 1
            steps = self._price("measure", name) * recount.scales[name]
            per_hour = per_hour + on[:, None] * steps
        speeds = [speed for _end, speed in travel.speeds]
        slowest = per_hour / min(speeds)
        slope = per_km + np.where(per_hour >= 0, per_hour / max(speeds), slowest)
        # Along an arc it is up to pi / 2 times as far as along its chord.
        slope = np.where(slope >= 0, slope, slope * np.pi / 2)
        known = ~np.isnan(recount.roads.rep_places[:-1]).any(axis=1)
        self.slope = np.where(known, slope, np.minimum(slope, 0))
        self.slack = METRE * float((np.abs(per_km) + np.abs(slowest)).max(initial=0))
        places = recount.roads.account_places
        lost = np.isnan(places).any(axis=1) | (not recount.roads.estimated)
        self.start = _on_sphere(places)
        self.end = _on_sphere(recount.roads.rep_places[:-1])
        self.far = recount.trips * recount.roads.circuity * EARTH_RADIUS_KM
        self.far[lost] = 0

    def _amounts(self) -> None:
        """Amounts of the accounts (n, Q), and the cost of one of each by rep (Q, m)."""
        recount, known = self.recount, self.recount.owner >= 0
        columns, factors = [], []
        for name, scale in recount.scales.items():
            columns.append(recount.own[name] * scale)
            price = self._price("measure", name)
            factors.append(price * recount.factors(name)[:-1])
        for name, steps in (
            ("moved_accounts", np.ones(len(known))),
            ("moved_value", recount.value_steps),
        ):
            if ("moved", name) in self._of:
                columns.append(np.where(known, steps, 0.0))
                factors.append(self._price("moved", name))
        if "handover" in recount.terms:
            columns.append(np.where(known, recount.handover, 0.0))
            factors.append(self._dearer["handover"])
        pools = recount.pools
        for column, cost in zip(pools.columns, pools.least(), strict=True):
            columns.append(cost * recount.cost_scale)
            one = np.zeros(recount.nobody)
            one[column] = self._dearer["pool"][column]
            factors.append(one)
        self.amount = np.array(columns).reshape(len(columns), len(known)).T.copy()
        self.factor = np.array(factors).reshape(len(factors), recount.nobody)

        self._most = np.abs(self.factor).max(axis=1, initial=0)
        barred = np.where(np.isfinite(self.table), np.abs(self.table), 0)
        self._base = barred.max(initial=0)

    def least(self, rows: Ints) -> Floats:
        """Limit from below on the priced cost of accounts with every rep, (b, m)."""
        least = self.table[self.kind[rows]]
        for column, factor in zip(self.amount[rows].T, self.factor, strict=True):
            least += column[:, None] * factor
        chord = 2 - 2 * (self.start[rows] @ self.end.T)
        np.sqrt(np.maximum(chord, 0, out=chord), out=chord)
        chord *= self.far[rows][:, None]
        patterns = self.pattern[rows]
        alike = (patterns == patterns[0]).all()
        chord *= self.slope[patterns[:1] if alike else patterns]
        least += chord
        return least

    def _noise(self, rows: Ints) -> Floats:
        """By how much `least` may be too high: metres, and the last bits, (b,)."""
        size = self._base + self.amount[rows] @ self._most
        size += 2 * self.far[rows] * np.abs(self.slope).max(initial=0)
        near = 10 * self.slack * self.recount.trips[rows]
        return np.asarray(near + 1e-12 * size + 0.01)

    def passing(self, rows: Ints, guess: Ints) -> tuple[Ints, Ints]:
        """
        Accounts and columns of all pairs that may be the cheapest of an account.

        Parameters
        ----------
        rows
            Accounts, sorted, shape (b,).
        guess
            A column of each that should be allowed and cheap, shape (b,).
        """
        width = self.recount.nobody + 1
        step = max(1, PAIRS_AT_ONCE // width)
        found = [rows * width + self.recount.nobody]
        for first in range(0, len(rows), step):
            part = slice(first, first + step)
            found.append(self._passing(rows[part], guess[part]))
        owner = self.recount.owner[rows]
        found.append((rows * width + owner)[owner >= 0])
        listed = self.recount.roads.listed
        begin = np.searchsorted(listed, rows * width)
        end = np.searchsorted(listed, (rows + 1) * width)
        found += [listed[a:b] for a, b in zip(begin, end, strict=True) if b > a]
        at, to = np.divmod(np.unique(np.concatenate(found)), width)
        return at, to

    def _passing(self, rows: Ints, guess: Ints) -> Ints:
        least = self.least(rows)
        likely = least.argmin(axis=1)
        exact = [
            self.dual.priced(self.recount.pairs(rows, to), to) for to in (likely, guess)
        ]
        limit = np.minimum(*exact) / self.dual.scale
        limit += self._noise(rows) + 1e-12 * np.abs(limit)
        line, to = np.nonzero((least <= limit[:, None]) & (least < np.inf))
        return np.asarray(rows[line] * (self.recount.nobody + 1) + to)

    def add_to_bound(self, rows: Ints, guess: Ints) -> None:
        """
        Take accounts into the bound that are units of their own.

        Parameters
        ----------
        rows
            Accounts, sorted.
        guess
            Of all accounts, a column (or -1) that should be allowed and cheap: the
            better it is, the fewer pairs are counted exactly. Shape (n,).
        """

        def work(first: int) -> tuple[Ints, Ints]:
            part = rows[first : first + ROWS_AT_ONCE]
            at, to = self.passing(part, np.maximum(guess[part], 0))
            priced = self.dual.priced(self.recount.pairs(at, to), to)
            return np.minimum.reduceat(priced, np.searchsorted(at, part)), part

        with ThreadPoolExecutor(THREADS) as pool:
            for best, part in pool.map(work, range(0, len(rows), ROWS_AT_ONCE)):
                self.dual.add_least(best, part)


def _on_sphere(places: Floats) -> Floats:
    """Points of the unit sphere, 0 where the place is unknown, shape (n, 3)."""
    north, east = np.radians(np.nan_to_num(places)).T
    flat = np.cos(north)
    return np.stack([flat * np.cos(east), flat * np.sin(east), np.sin(north)], axis=1)
