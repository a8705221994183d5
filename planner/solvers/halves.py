"""
Two threads on one large plan: each moves units among the reps of one part at a time.

A part is what lies around some rep. Over halves of 1,000,000 units two threads try
115,000 chains a second, over halves of 100,000 units 435,000: larger ones are cut on,
so that less memory is used at a time. Smaller parts stand in each other's way: 100,000
x 1,000 after 25 s, one run each: 0.22 % by halves, 0.235 % by parts of 25,000 units.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order

from planner.solvers import chains
from planner.solvers.chain_state import (
    BROKEN,
    COST,
    HARD,
    HIGH,
    LOAD,
    LOW,
    Model,
    State,
)
from planner.solvers.result import Watch

Bools = NDArray[np.bool_]

CHUNK = 10_000
"""Steps of a part between two looks at the clock."""
PART = 60_000
"""Units of a part at most, where there are more than two parts."""


class Halves:
    """
    Rounds on the parts of a plan; rows must look at one rep each, sets at none.

    Attributes
    ----------
    cost
        Cost of the plan in ``state.best``; inf: there is none.
    """

    def __init__(self, model: Model, seed: int) -> None:
        self.model = model
        self.cost = math.inf
        self.rng = np.random.default_rng(seed)
        self.near: csr_array | None = None

    def advance(
        self,
        state: State,
        *,
        ends: float,
        watch: Watch,
        temperature: float,
        depth: int,
        patience: int,
    ) -> int:
        """
        Cut the reps in parts and anneal each, until `watch` shows `ends` seconds.

        All parts start from the plan in hand, and each remembers its best moment that
        keeps its rules; these moments make one plan.

        Returns
        -------
        Steps made.
        """
        moment = state.arc_of.copy()
        everyone = np.flatnonzero(state.size)
        parts = [self._part(state, moment, reps) for reps in self._cut(state, everyone)]
        best, done = [math.inf] * len(parts), [0] * len(parts)
        for number, (part, _pool, _barred) in enumerate(parts):
            if part.tally[BROKEN] == 0:
                best[number] = 0.0

        def anneal(number: int, until: float) -> None:
            part, pool, barred = parts[number]
            while not done[number] or (watch.seconds < until and watch.left > 0):
                best[number] = chains.anneal(
                    self.model,
                    part,
                    pool,
                    barred,
                    best[number],
                    done[number],
                    CHUNK,
                    len(pool),
                    temperature,
                    depth,
                    patience,
                    False,  # repairs make the first plan, so chains need no haste
                )
                done[number] += CHUNK

        def follow(first: int) -> None:
            mine, began = range(first, len(parts), 2), watch.seconds
            for place, number in enumerate(mine, start=1):
                anneal(number, began + (ends - began) * place / len(mine))

        with ThreadPoolExecutor(2) as threads:
            list(threads.map(follow, (0, 1)))
        cost = float(state.tally[COST] + sum(best))
        if cost < self.cost - 0.5:
            self.cost = cost
            state.best[:] = moment
        state.tally[COST] += sum(part.tally[COST] for part, _, _ in parts)
        state.journal_size[0] = -1
        return sum(done)

    def _part(
        self, state: State, moment: NDArray, reps: NDArray
    ) -> tuple[State, NDArray, Bools]:
        """Return the state as one part sees it, its units, and the reps outside."""
        mine = np.zeros(len(state.size), dtype=bool)
        mine[reps] = True
        tally = state.tally.copy()
        own = state.own[mine]
        load = own[:, :, LOAD]
        outside = (load > own[:, :, HIGH]) | (load < own[:, :, LOW])
        tally[COST] = 0.0
        tally[BROKEN] = (outside & (own[:, :, HARD] > 0)).sum()
        pool = np.flatnonzero(mine[self.model.rep[state.arc_of]])
        part = state._replace(
            tally=tally,
            best=moment,
            journal=np.zeros(len(pool) + 1, dtype=np.int64),
            journal_size=np.zeros(1, dtype=np.int64),
            random=self.rng.integers(0, 2**63, 1).astype(np.uint64),
        )
        return part, pool, ~mine

    def _cut(self, state: State, reps: NDArray, depth: int = 0) -> list[NDArray]:
        """Halve some reps, what lies around a random one and the rest, and so on."""
        if len(reps) < 2 or (depth and state.size[reps].sum() <= PART):
            return [reps]
        if self.near is None:
            first = self.model.start[:-1][np.diff(self.model.start) > 1]
            pairs = (self.model.rep[first], self.model.rep[first + 1])
            shape = (len(state.size), len(state.size))
            self.near = csr_array((np.ones(len(first)), pairs), shape)
        near = self.near[reps][:, reps]
        begin = int(self.rng.integers(len(reps)))
        order = breadth_first_order(near, begin, False, return_predecessors=False)
        order = reps[np.append(order, np.setdiff1d(np.arange(len(reps)), order))]
        filled = np.cumsum(state.size[order])
        half = max(1, int(np.searchsorted(filled, filled[-1] / 2, side="right")))
        parts = order[:half], order[half:]
        return [p for some in parts for p in self._cut(state, some, depth + 1)]
