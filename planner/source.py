"""The eligible pairs of large tables: promising ones to hold, all others on call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from planner.arcs import Arcs, narrow, with_arcs, without
from planner.pairs import Pairs, Positions
from planner.problem import Problem, Row

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

AT_ONCE = 1_000_000
"""Pairs priced exactly at once: some 200 MB."""
ACCOUNTS_AT_ONCE = 50_000
"""Accounts scanned at once by a thread."""
MOST_FOUND = 64
"""Pairs of one account found in a scan; where there are more, all are priced."""


class ArcSource:
    """
    Yields every eligible pair that a problem does not hold and that could matter.

    Reduced costs of all pairs are first estimated from below by a compiled scan, a
    few nanoseconds per pair; what could lie below the limit is priced exactly.
    Units that only an exact look can judge (several accounts, splits, apart sets,
    pairs of a distance table) must hold all of their arcs (`complete`).

    Parameters
    ----------
    pairs
        Prices single pairs.
    unit_of
        Unit of each account, shape (accounts,).
    caps
        Largest demand per measure and rep that fits, shape (measures, m + 1).
    complete
        Units that hold all of their arcs, shape (n,).

    Attributes
    ----------
    threads
        Threads of a scan, 2 unless set.
    """

    def __init__(
        self, pairs: Pairs, unit_of: Positions, caps: Ints, complete: Bools
    ) -> None:
        self.pairs, self.caps, self.complete = pairs, caps, complete
        self.threads = 2
        self.account_of = np.empty(len(complete), dtype=np.int64)
        self.account_of[unit_of[::-1]] = np.arange(len(unit_of))[::-1]
        self._classes()
        self._amounts()
        self._roads()
        self.order = self._in_space()

    # ---- prepared once -----------------------------------------------------------

    def _classes(self) -> None:
        """Accounts of one class differ in nothing that a rep's grade or skills see."""
        pairs = self.pairs
        texts = (
            pairs.lacks_required,
            pairs.never,
            pairs.lacks_preferred,
            pairs.fit_cost,
        )
        codes = np.zeros(len(pairs.accounts), dtype=np.int64)
        for each in (*(text.codes for text in texts), *pairs.pools.takes.T):
            codes = codes * (int(each.max(initial=0)) + 1) + each
            codes = np.unique(codes, return_inverse=True)[1]
        self.kind = codes
        self.first_of_kind = np.unique(codes, return_index=True)[1]
        column, row = self.first_of_kind[:, None], np.arange(pairs.m)[None]
        self._barred = (
            (pairs.lacks_required(column, row) > 0)
            | pairs.never(column, row)
            | ~pairs.pools.may_take(column, row)
        )
        self._lacks = pairs.lacks_preferred(column, row).astype(float)
        self._fit = pairs.fit_cost(column, row).astype(float)

    def _amounts(self) -> None:
        """Everything that is an amount of the account times a number of the rep."""
        pairs, known = self.pairs, self.pairs.owner >= 0
        columns: list[Floats] = []
        self._factors: list[tuple[str, Floats | None]] = []
        for name, own in pairs.own.items():
            columns.append(own * pairs.scale_of(name))
            self._factors.append((name, pairs.factor[name][:-1]))
        for name, amount in (
            ("moved_accounts", np.ones(len(known))),
            ("moved_value", pairs.value.astype(float)),
        ):
            if name in pairs.measures:
                columns.append(np.where(known, amount, 0.0))
                self._factors.append((name, np.ones(pairs.m)))
        if "handover" in pairs.terms:
            columns.append(np.where(known, pairs.handover, 0.0).astype(float))
            self._factors.append(("handover", None))
        for amount, prices in zip(pairs.pools.amounts, pairs.pools.prices, strict=True):
            if prices.any():
                columns.append(amount * pairs.cost_scale)
                self._factors.append(("pool", prices[:-1]))
        self._own = np.stack(columns, axis=1) if columns else np.zeros((len(known), 0))

    def _roads(self) -> None:
        """Points on the sphere, and how roads turn into cost and hours."""
        pairs, travel = self.pairs, self.pairs.scenario.travel
        places = np.zeros((len(pairs.accounts), 4))
        places[:, :3] = _on_sphere(pairs.account_places)
        lost = np.isnan(pairs.account_places).any(axis=1)
        places[:, 3] = np.where(lost, 0.0, pairs.circuity)
        self._place = places
        self._rep_place = _on_sphere(pairs.rep_places[:-1])
        self._rep_known = (~np.isnan(pairs.rep_places[:-1]).any(axis=1)).astype(float)
        self._most_km = np.full(len(places), np.inf)
        if travel.max_km is not None:
            self._most_km[~pairs.pinned] = travel.max_km
        self._travelled = [
            name for name in pairs.own if pairs.scenario.measure(name).travel
        ]
        counts = np.zeros(len(places), dtype=np.int64)
        for bit, name in enumerate(self._travelled):
            counts += pairs.counts[name].astype(np.int64) << bit
        self._pattern = counts

    def _in_space(self) -> Positions:
        """Units that are scanned, so that like and near ones follow each other."""
        units = np.flatnonzero(~self.complete)
        at = self.account_of[units]
        cell = np.nan_to_num(np.floor((self._place[at, :3] + 1) * 200)).astype(np.int64)
        return units[np.lexsort((cell[:, 2], cell[:, 1], cell[:, 0], self.kind[at]))]

    # ---- prices ------------------------------------------------------------------

    def by_rep(self, rows: tuple[Row, ...], prices: Floats) -> Floats:
        """Price of a step of each measure at each rep, shape (measures, m + 1)."""
        each = np.zeros((len(self.pairs.measures), self.pairs.m + 1))
        for row, price in zip(rows, prices, strict=True):
            each[row.measure, row.reps] += price
        return each

    def _priced(self, each: Floats) -> dict[str, NDArray]:
        """Arrays of the scan at these prices; estimates lie below by all rounding."""
        pairs, travel = self.pairs, self.pairs.scenario.travel
        scale, each = pairs.cost_scale, each[:, :-1]
        of = dict(zip(pairs.measures, each, strict=True))
        dearer = {term: 1 + of.get(term, np.zeros(pairs.m)) for term in pairs.terms}
        none = np.zeros(pairs.m)
        table = scale * (
            pairs.scenario.skills.missing_preferred
            * self._lacks
            * dearer.get("skill", none)
            + self._fit * dearer.get("fit", none)
        )
        rounding = 0.5 * (np.abs(each).sum(axis=0) + sum(map(np.abs, dearer.values())))
        table = np.where(self._barred, np.inf, table - rounding - 0.01)
        factor = [
            (dearer[name] if name in dearer else of[name])
            * (1.0 if by_rep is None else by_rep)
            for name, by_rep in self._factors
        ]
        per_km = scale * travel.cost_per_km * dearer.get("travel", none)
        hour = scale * travel.cost_per_hour * dearer.get("travel", none)
        patterns = np.tile(hour, (2 ** len(self._travelled), 1))
        for bit, name in enumerate(self._travelled):
            on = (np.arange(len(patterns)) >> bit) & 1
            patterns += on[:, None] * of[name] * pairs.scale_of(name)
        ends, speeds = np.array(travel.speeds, dtype=float).T
        ends[-1] = np.inf
        return {
            "table": table,
            "factor": np.array(factor).reshape(len(factor), pairs.m),
            "per_km": per_km,
            "per_hour": patterns,
            "speed_end": ends,
            "speed": np.ascontiguousarray(speeds),
        }

    # ---- scans -------------------------------------------------------------------

    def cheapest(
        self, each: Floats, most: int, units: Positions | None = None
    ) -> list[Arcs]:
        """
        Eligible arcs of least reduced cost of units that are not complete.

        Today's owner, nobody and the pairs of the distance table are always among
        them; a unit of which the scan finds too few is priced with every rep.

        Parameters
        ----------
        each
            Price of a step of each measure at each rep, see `by_rep`.
        most
            How many arcs of a unit, roughly.
        units
            Only these; None: all.

        Returns
        -------
        Parts that share no unit, each sorted by unit and rep.
        """
        wanted = self.order
        if units is not None:
            chosen = np.zeros(len(self.complete), dtype=bool)
            chosen[units] = True
            wanted = wanted[chosen[wanted]]
        nothing = np.zeros(len(wanted) + 1, dtype=np.int64)
        limit = np.full(len(wanted), np.inf)
        held = nothing, np.empty(0, dtype=np.int32)

        def finish(unit: Positions, count: Ints, rep: Positions) -> Arcs:
            found = np.repeat(unit, count) * self._width + rep
            parts = [found, *self._always(unit)]
            arcs = self._exact(np.unique(np.concatenate(parts)))
            size = np.bincount(np.searchsorted(unit, arcs.unit), minlength=len(unit))
            few = unit[(count >= most) & (2 * size < most)]
            return arcs if not len(few) else self._completed(arcs, few)

        return list(self._scan(each, wanted, limit, held, most, finish))

    def below(
        self, problem: Problem, limit: Floats, each: Floats, *, every: bool = True
    ) -> Arcs:
        """
        Every eligible arc not held whose reduced cost is below its unit's limit.

        Some more may come along that lie a rounding above it. Units with more than
        `MOST_FOUND` such arcs are priced with every rep, some at a time.

        Parameters
        ----------
        problem
            What is held.
        limit
            Reduced cost below which arcs matter, shape (n,).
        each
            Price of a step of each measure at each rep, see `by_rep`.
        every
            False: of a unit with more than `MOST_FOUND` such arcs the cheapest do. No
            proof, but at prices far off there are many such units: 33,000 at
            1,000,000 accounts x 5,000 reps, 164 million pairs, more than 24 GB.
        """
        wanted = self.order
        counts = np.diff(problem.start)[wanted]
        start = np.concatenate([[0], np.cumsum(counts)])
        lines = np.repeat(problem.start[wanted] - start[:-1], counts)
        held = start, problem.rep[lines + np.arange(start[-1])]

        def finish(unit: Positions, count: Ints, rep: Positions) -> Arcs:
            full = unit[count >= MOST_FOUND]
            if not every or not len(full):
                return self._exact(np.sort(np.repeat(unit, count) * self._width + rep))
            rest = np.repeat(count < MOST_FOUND, count)
            keys = np.repeat(unit, count)[rest] * self._width + rep[rest]
            parts = [self._exact(np.sort(keys))]
            at_once = max(1, AT_ONCE // self._width)
            for first in range(0, len(full), at_once):
                some = full[first : first + at_once, None] * self._width
                arcs = self._exact((some + np.arange(self._width)).ravel())
                taken = each[:, arcs.rep] * arcs.demand
                reduced = arcs.cost.sum(axis=0, dtype=np.int64) + taken.sum(axis=0)
                parts.append(arcs.taken(reduced < limit[arcs.unit] + 1))
            return Arcs.joined(parts)

        found = Arcs.joined(
            list(self._scan(each, wanted, limit[wanted], held, MOST_FOUND, finish))
        )
        return without(found, problem)

    def _scan(
        self,
        each: Floats,
        units: Positions,
        limit: Floats,
        held: tuple[Ints, NDArray[np.int32]],
        most: int,
        finish: Callable[[Positions, Ints, Positions], Arcs],
    ) -> Iterator[Arcs]:
        """Scan block by block; `finish` gets sorted units, how many found, and reps."""
        from planner.scan import scan  # numba is slow to import

        priced = self._priced(each)

        def block(first: int) -> Arcs:
            last = min(len(units), first + ACCOUNTS_AT_ONCE)
            unit = units[first:last]
            at, count = self.account_of[unit], np.zeros(len(unit), dtype=np.int64)
            found = np.empty((len(unit), most), dtype=np.int32)
            scan(
                self.kind[at],
                priced["table"],
                self._own[at],
                priced["factor"],
                self.pairs.trips[at] * 2,
                self._place[at],
                self._rep_place,
                self._rep_known,
                priced["per_km"],
                self._pattern[at],
                priced["per_hour"],
                priced["speed_end"],
                priced["speed"],
                self._most_km[at],
                limit[first:last],
                held[0][first : last + 1],
                held[1],
                found,
                np.empty((len(unit), most)),
                count,
            )
            order = np.argsort(unit)
            count, found = count[order], found[order]
            filled = np.arange(most) < count[:, None]
            return finish(unit[order], count, found[filled].astype(np.int64))

        firsts = range(0, len(units), ACCOUNTS_AT_ONCE)
        if self.threads < 2 or len(firsts) < 2:
            yield from map(block, firsts)
            return
        with ThreadPoolExecutor(self.threads) as pool:
            yield from pool.map(block, firsts)

    # ---- exact -------------------------------------------------------------------

    @property
    def _width(self) -> int:
        """Unit and rep as one number: unit x width + rep."""
        return self.pairs.m + 1

    def _always(self, units: Positions) -> Iterator[Ints]:
        """Pairs that are held whatever they cost, for sorted units."""
        at = self.account_of[units]
        yield units * self._width + self.pairs.m
        owner = self.pairs.owner[at]
        yield (units * self._width + owner)[owner >= 0]
        if len(self.pairs.listed):
            begin, end = (
                np.searchsorted(self.pairs.listed, (at + extra) * self._width)
                for extra in (0, 1)
            )
            counts = end - begin
            lines = np.repeat(begin - (np.cumsum(counts) - counts), counts)
            rep = self.pairs.listed[lines + np.arange(counts.sum())] % self._width
            yield np.repeat(units, counts) * self._width + rep

    def _exact(self, keys: Ints) -> Arcs:
        """Price single-account pairs in integers and keep the eligible ones."""
        parts = []
        for first in range(0, max(len(keys), 1), AT_ONCE):
            unit, rep = np.divmod(keys[first : first + AT_ONCE], self._width)
            block = self.pairs.price(self.account_of[unit], rep)
            fits = (block.demand <= self.caps[:, rep]).all(axis=0)
            kept = np.flatnonzero(block.eligible & fits)
            parts.append(
                Arcs(
                    unit[kept],
                    rep[kept].astype(np.int32),
                    narrow(block.cost[:, kept]),
                    narrow(block.demand[:, kept]),
                )
            )
        return Arcs.joined(parts)

    def _completed(self, arcs: Arcs, units: Positions) -> Arcs:
        """Replace the arcs of some single-account units by all that are eligible."""
        rest = arcs.taken(~np.isin(arcs.unit, units))
        keys = units[:, None] * self._width + np.arange(self._width)
        joined = Arcs.joined([rest, self._exact(keys.ravel())])
        return joined.taken(np.argsort(joined.unit, kind="stable"))

    def with_plan(self, problem: Problem, rep_of: Positions) -> Problem:
        """
        Hold also the eligible arcs of a plan.

        Parameters
        ----------
        rep_of
            Rep of each unit (m: nobody, -1: unknown), shape (n,).
        """
        held = self.complete | (rep_of < 0)
        held[problem.unit[problem.rep == rep_of[problem.unit]]] = True
        units = np.flatnonzero(~held)
        keys = units * self._width + rep_of[units]
        return with_arcs(problem, self._exact(keys))


def _on_sphere(places: Floats) -> Floats:
    """Points of the unit sphere from degrees, 0 where unknown, shape (n, 3)."""
    phi, lam = np.radians(np.nan_to_num(places)).T
    return np.stack(
        [np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=1
    )
