"""
A large plan in pieces: threads search among the reps of one piece each.

A piece is what lies around some rep, copied together: candidates that lead elsewhere
are left out, and what a chain looks at stays near in memory. Pieces are cut anew in
every round. Each remembers its best moment that keeps its rules, by chance or by a
repair at the end of the round; these moments make one plan.

100,000 x 1,000, two threads, 30 s, one run each: chains begun a second (many cut at
once when the plan is cold) and gap, with pieces of 60,000 units 0.6 million, 0.227 %;
25,000 1.0 million, 0.215 %; 13,000 1.4 million, 0.215 %; 3,000 (and deeper chains) 4.4
million, 0.230 %. 1,000,000 x 5,000: first plan after 56 s; at prices whose bound was
1.4 % too low, none in 400 s.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order

from planner.solvers import chains
from planner.solvers.chain_model import enter_plan
from planner.solvers.chain_state import BROKEN, COST, HIGH, LOW, NONE, Model, State
from planner.solvers.repair import repair
from planner.solvers.result import Watch

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

CHUNK = 10_000
"""Steps of a piece between two looks at the clock."""
PIECE = 12_500
"""Units of a piece at most, where there are more pieces than threads."""
MENDING = 0.1
"""Share of a round that is kept for repairs, where there are any."""


def separable(model: Model, own: Floats) -> bool:
    """Whether rows look at one rep each, sets at none, and no row at nobody."""
    nobody = own[-1]
    free = (nobody[:, HIGH] >= NONE) & (nobody[:, LOW] <= 0)
    return bool(free.all()) and not model.linked.any()


@dataclass(eq=False)
class _Piece:
    """Some reps (the last is nobody), their units and candidates, and their search."""

    reps: Indices
    units: Indices
    arcs: Indices
    model: Model
    state: State
    cost: float = math.inf
    done: int = 0
    mended: float = 0.0


class Pieces:
    """
    Rounds on the pieces of a `separable` plan.

    Attributes
    ----------
    cost
        Cost of the plan in ``state.best``; inf: there is none.
    mended
        Seconds spent on repairs, over all threads.
    """

    def __init__(self, model: Model, threads: int, seed: int) -> None:
        self.model, self.threads = model, threads
        self.cost, self.mended = math.inf, 0.0
        self.rng = np.random.default_rng(seed)
        self.nobody = len(model.slot) - 2
        first = model.start[:-1].copy()
        first += model.rep[first] == self.nobody
        self.usual = model.rep[np.minimum(first, model.start[1:] - 1)]
        many = np.flatnonzero(np.diff(model.start) > 1)
        ends = (self.usual[many], model.rep[model.start[many] + 1])
        shape = (self.nobody + 1, self.nobody + 1)
        self.near = csr_array((np.ones(len(many)), ends), shape)

    def advance(
        self,
        state: State,
        *,
        ends: float,
        watch: Watch,
        temperature: float,
        depth: int,
        patience: int,
        mending: bool,
    ) -> int:
        """
        Cut the plan in pieces and anneal each, until `watch` shows `ends` seconds.

        Parameters
        ----------
        state
            Plan, bands and excess are brought up to date; members are not.
        mending
            Repair each piece in the end.

        Returns
        -------
        Steps made.
        """
        rep = self.model.rep[state.arc_of]
        of_unit = np.where(rep == self.nobody, self.usual, rep)
        size = np.bincount(of_unit, minlength=self.nobody + 1)[: self.nobody]
        cuts = self._cut(size, np.arange(self.nobody))
        seeds = self.rng.integers(0, 2**62, len(cuts)).tolist()
        began = watch.seconds
        share = (ends - began) * self.threads / max(len(cuts), self.threads)

        def follow(first: int) -> list[_Piece]:
            mine = []
            for place, number in enumerate(range(first, len(cuts), self.threads), 1):
                piece = self._copy(state, cuts[number], of_unit, seeds[number])
                until = began + place * share
                if mending:
                    until -= MENDING * share
                self._anneal(piece, until, watch, temperature, depth, patience)
                if mending:
                    self._mend(piece, watch)
                mine.append(piece)
            return mine

        with ThreadPoolExecutor(self.threads) as pool:
            pieces = [p for some in pool.map(follow, range(self.threads)) for p in some]
        self._join(state, pieces)
        self.mended += sum(piece.mended for piece in pieces)
        return sum(piece.done for piece in pieces)

    def _anneal(
        self,
        piece: _Piece,
        until: float,
        watch: Watch,
        temperature: float,
        depth: int,
        patience: int,
    ) -> None:
        everyone = np.arange(len(piece.units))
        barred = np.zeros(len(piece.reps), dtype=bool)
        while len(everyone) and (
            not piece.done or (watch.seconds < until and watch.left > 0)
        ):
            piece.cost = chains.anneal(
                piece.model,
                piece.state,
                everyone,
                barred,
                piece.cost,
                piece.done,
                CHUNK,
                len(everyone),
                temperature,
                depth,
                patience,
                False,  # repairs make the first plan, so chains need no haste
            )
            piece.done += CHUNK

    def _mend(self, piece: _Piece, watch: Watch) -> None:
        began = watch.seconds
        cost, plan = repair(piece.model, piece.state, watch)
        if plan is not None and cost < piece.cost - 0.5:
            piece.cost = cost
            piece.state.best[:] = plan
        piece.mended = watch.seconds - began

    def _join(self, state: State, pieces: list[_Piece]) -> None:
        """Bring the whole plan up to date, and the best one if the moments beat it."""
        moment = state.arc_of.copy()
        placed = np.zeros(len(moment), dtype=bool)
        for piece in pieces:
            placed[piece.units] = True
            state.arc_of[piece.units] = piece.arcs[piece.state.arc_of]
            moment[piece.units] = piece.arcs[piece.state.best]
            state.own[piece.reps[:-1]] = piece.state.own[:-1]
            state.excess[piece.reps[:-1]] = piece.state.excess[:-1]
        cost = sum(piece.cost for piece in pieces)
        cost += float(self.model.cost[moment[~placed]].sum())
        if cost < self.cost - 0.5:
            self.cost = cost
            state.best[:] = moment

    def _copy(self, state: State, reps: NDArray, of_unit: NDArray, seed: int) -> _Piece:
        """Copy the reps' units and the candidates that lead to these reps."""
        model = self.model
        reps = np.append(np.sort(reps), self.nobody)
        place = np.full(self.nobody + 1, -1, dtype=np.int64)
        place[reps] = np.arange(len(reps))
        units = np.flatnonzero(place[of_unit] >= 0)
        size = model.start[units + 1] - model.start[units]
        lines = np.repeat(model.start[units] - (np.cumsum(size) - size), size)
        arcs = lines + np.arange(len(lines))
        unit = np.repeat(np.arange(len(units)), size)
        inside = place[model.rep[arcs]] >= 0
        arcs, unit = arcs[inside], unit[inside]
        rep = place[model.rep[arcs]]
        size = np.bincount(unit, minlength=len(units))
        room = np.bincount(rep, minlength=len(reps))
        part = model._replace(
            start=_ends(size),
            rep=rep.astype(np.int32),
            reduced=model.reduced[arcs],
            cost=model.cost[arcs],
            amount=model.amount[arcs],
            wide_start=np.zeros(len(arcs) + 1, dtype=np.int64),
            set_start=np.zeros(len(units) + 1, dtype=np.int64),
            linked=np.zeros(len(units), dtype=bool),
            slot=_ends(room),
        )
        plan = np.searchsorted(arcs, state.arc_of[units])
        own, wide = state.own[reps], state.wide[:0]
        entered = enter_plan(part, own, wide, plan, seed)
        piece = _Piece(reps, units, arcs, part, entered)
        if entered.tally[BROKEN] == 0:
            piece.cost = float(entered.tally[COST])
        return piece

    def _cut(self, size: Indices, reps: NDArray, depth: int = 0) -> list[NDArray]:
        """Halve some reps, what lies around a random one and the rest, and so on."""
        enough = size[reps].sum() <= PIECE and 2**depth >= self.threads
        if len(reps) < 2 or enough:
            return [reps]
        near = self.near[reps][:, reps]
        begin = int(self.rng.integers(len(reps)))
        order = breadth_first_order(near, begin, False, return_predecessors=False)
        order = reps[np.append(order, np.setdiff1d(np.arange(len(reps)), order))]
        filled = np.cumsum(size[order])
        half = int(np.searchsorted(filled, filled[-1] / 2, side="right"))
        half = min(max(1, half), len(reps) - 1)
        parts = order[:half], order[half:]
        return [p for some in parts for p in self._cut(size, some, depth + 1)]


def _ends(size: NDArray) -> Indices:
    """Where each of some runs begins, and the last one ends."""
    return np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
