"""One unit after the other to the rep it prefers, past those who are full."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray

from planner.problem import Problem, Row

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Positions = NDArray[np.intp]

LAST = 1e15
"""Preference of an arc that is taken only when nothing else is left."""
NOBODY = -1
"""Arc of a unit that is nowhere."""
MANY = 2**62
"""Room where no row sets an end."""

REPAIR_UNITS, REPAIR_REPS, REPAIR_MEMBERS = 200, 10, 12
"""How many stuck units a repair looks at, reps per unit, and members per rep."""


class Rooms:
    """
    Where each unit is, and what is left below the high of every limit and budget.

    Low ends, bands and prices are not seen: a simple rule does not see them.

    Attributes
    ----------
    arc_of
        Arc of each unit, `NOBODY` while it is nowhere, shape (n,).
    size
        Largest share that a unit takes of a typical cap, shape (n,).
    """

    def __init__(self, problem: Problem) -> None:
        self.problem, self.rep = problem, problem.rep
        capped = [r for r in problem.rows if _is_seen(r)]
        measures = sorted({row.measure for row in capped})
        self.demand = problem.demand[measures]
        self.free = np.full((len(measures), problem.m + 1), MANY, dtype=np.int64)
        sets = []
        for row in capped:
            if len(row.reps) == 1:
                at = measures.index(row.measure), row.reps[0]
                self.free[at] = min(self.free[at], _high(row))
            else:
                sets.append(row)
        self.member = np.array([problem.in_set(r) for r in sets], dtype=bool)
        self.member = self.member.reshape(len(sets), problem.m + 1)
        self.of_set = np.array([measures.index(r.measure) for r in sets], dtype=np.intp)
        self.left = np.array([_high(row) for row in sets], dtype=np.int64)
        self.arc_of = np.full(problem.n, NOBODY, dtype=np.int64)
        self.size = self._sizes()
        self.taken = np.zeros((len(problem.apart), problem.m + 1), dtype=bool)
        self.rivals: dict[int, list[int]] = {}
        for index, units in enumerate(problem.apart):
            for unit in units.tolist():
                self.rivals.setdefault(unit, []).append(index)

    def _sizes(self) -> Floats:
        size = np.zeros(self.problem.n)
        filled = np.flatnonzero(np.diff(self.problem.start))
        caps = np.where(self.free < MANY, self.free, 0).max(axis=1, initial=0)
        for demand, cap in zip(self.demand, caps, strict=True):
            if cap > 0:
                most = np.maximum.reduceat(demand, self.problem.start[filled])
                size[filled] = np.maximum(size[filled], most / cap)
        return size

    def copy(self) -> Rooms:
        """Return the same state, to go on from on its own."""
        other = copy(self)
        for name in ("free", "left", "arc_of", "taken"):
            setattr(other, name, getattr(self, name).copy())
        return other

    def fitting(self, unit: int) -> NDArray[np.bool_]:
        """Whether each arc of a unit keeps every hard high, were it not where it is."""
        begin, end = self.problem.start[unit], self.problem.start[unit + 1]
        rep, demand = self.rep[begin:end], self.demand[:, begin:end]
        present = self.arc_of[unit]
        fits = np.asarray((demand <= self.free[:, rep]).all(axis=0))
        if len(self.left):
            left = self.left
            if present != NOBODY:
                left = left + self._in_sets(present)
            over = demand[self.of_set] > left[:, None]
            fits &= ~(over & self.member[:, rep]).any(axis=0)
        if unit in self.rivals:
            fits &= self._without_rivals(unit, rep)
        if present != NOBODY:
            fits[present - begin] = True
        return fits

    def _without_rivals(self, unit: int, rep: NDArray[np.int32]) -> NDArray[np.bool_]:
        sets = self.rivals[unit]
        if len(set(sets)) < len(sets):  # rivals within the unit itself
            return np.asarray(rep == self.problem.nobody)
        return np.asarray(~self.taken[sets][:, rep].any(axis=0))

    def _in_sets(self, arc: int) -> Ints:
        """Take of an arc in each row over several reps."""
        taken = self.demand[self.of_set, arc] * self.member[:, self.rep[arc]]
        return np.asarray(taken)

    def best(self, unit: int, liking: Floats, below: float = np.inf) -> int:
        """Arc of the least liking that fits, if below a limit; else `NOBODY`."""
        begin, end = self.problem.start[unit], self.problem.start[unit + 1]
        liked = liking[begin:end]
        if not (liked < below).any():
            return NOBODY
        open_to = np.where(self.fitting(unit), liked, np.inf)
        at = int(open_to.argmin())
        return int(begin) + at if open_to[at] < below else NOBODY

    def take(self, unit: int, arc: int) -> None:
        """Give a unit that is nowhere an arc."""
        self.arc_of[unit] = arc
        self._shift(unit, arc, 1)

    def release(self, unit: int) -> int:
        """Take a unit away from where it is; return the arc that it had."""
        arc = int(self.arc_of[unit])
        if arc != NOBODY:
            self._shift(unit, arc, -1)
            self.arc_of[unit] = NOBODY
        return arc

    def _shift(self, unit: int, arc: int, sign: int) -> None:
        rep, demand = self.rep[arc], self.demand[:, arc]
        self.free[:, rep] -= sign * demand
        if len(self.left):
            self.left -= sign * self._in_sets(arc)
        if rep != self.problem.nobody:
            for rival in self.rivals.get(unit, ()):
                self.taken[rival, rep] = sign > 0


def _is_seen(row: Row) -> bool:
    return row.high is not None and row.id.startswith(("limits", "budgets", "pools"))


def _high(row: Row) -> int:
    assert row.high is not None
    return row.high


def place(rooms: Rooms, units: Iterable[int], liking: Floats) -> list[int]:
    """
    Place units that are nowhere, each at the arc it likes best that still fits.

    Parameters
    ----------
    units
        In the order in which they choose.
    liking
        Preference of each arc, the least first, inf for never; shape (arcs,).

    Returns
    -------
    The units for which nothing was left.
    """
    stuck = []
    for unit in units:
        arc = rooms.best(unit, liking)
        if arc == NOBODY:
            stuck.append(unit)
        else:
            rooms.take(unit, arc)
    return stuck


def improve(rooms: Rooms, units: Iterable[int], liking: Floats) -> None:
    """Let units move once, in order, to what they like best of all that still fits."""
    for unit in units:
        present = int(rooms.arc_of[unit])
        here = np.inf if present == NOBODY else liking[present]
        arc = rooms.best(unit, liking, below=here)
        if arc != NOBODY:
            rooms.release(unit)
            rooms.take(unit, arc)


def repair(rooms: Rooms, stuck: Iterable[int], liking: Floats) -> list[int]:
    """
    Make room for stuck units: one or two smaller ones move on to another rep.

    Returns
    -------
    The units that are still nowhere.
    """
    queue = sorted(stuck, key=lambda unit: -rooms.size[unit])
    tried, rest = queue[:REPAIR_UNITS], queue[REPAIR_UNITS:]
    return [unit for unit in tried if not _make_room(rooms, unit, liking)] + rest


def _make_room(rooms: Rooms, unit: int, liking: Floats) -> bool:
    begin, end = rooms.problem.start[unit], rooms.problem.start[unit + 1]
    order = begin + np.argsort(liking[begin:end], kind="stable")[:REPAIR_REPS]
    for arc in order[np.isfinite(liking[order])].tolist():
        rep = int(rooms.rep[arc])
        if rep == rooms.problem.nobody:
            continue
        short = np.maximum(0, rooms.demand[:, arc] - rooms.free[:, rep])
        members = _smaller(rooms, unit, rep, liking)
        for leaving in chain(combinations(members, 1), combinations(members, 2)):
            given_up = rooms.demand[:, rooms.arc_of[list(leaving)]].sum(axis=1)
            if (given_up >= short).all() and _swap(rooms, unit, arc, leaving, liking):
                return True
    return False


def _smaller(rooms: Rooms, unit: int, rep: int, liking: Floats) -> list[int]:
    """Units at a rep, smaller than a unit, that fit elsewhere; the largest first."""
    placed = np.flatnonzero((rooms.arc_of != NOBODY) & (rooms.size < rooms.size[unit]))
    there = placed[rooms.rep[rooms.arc_of[placed]] == rep]
    some = there[np.argsort(-rooms.size[there], kind="stable")][:REPAIR_MEMBERS]
    return [member for member in some.tolist() if _may_go(rooms, member, liking)]


def _may_go(rooms: Rooms, unit: int, liking: Floats) -> bool:
    begin, end = rooms.problem.start[unit], rooms.problem.start[unit + 1]
    fits = rooms.fitting(unit) & np.isfinite(liking[begin:end])
    fits[rooms.arc_of[unit] - begin] = False
    return bool(fits.any())


def _swap(
    rooms: Rooms, unit: int, arc: int, leaving: tuple[int, ...], liking: Floats
) -> bool:
    """Put a unit at an arc if those leaving find another place; else change nothing."""
    before = [rooms.release(member) for member in leaving]
    begin = int(rooms.problem.start[unit])
    if rooms.fitting(unit)[arc - begin]:
        rooms.take(unit, arc)
        if not place(rooms, leaving, liking):
            return True
        rooms.release(unit)
    for member, old in zip(leaving, before, strict=True):
        rooms.release(member)
        rooms.take(member, old)
    return False
