"""Two threads on one large plan: each moves units among the reps of its own half."""

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

CHUNK = 20_000
"""Steps of a half between two looks at the clock."""


class Halves:
    """
    Rounds on the halves of a plan; rows must look at one rep each, sets at none.

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
        Cut the reps in two and anneal both halves until `watch` shows `ends` seconds.

        Both halves start from the plan in hand, and each remembers its best moment
        that keeps its rules; the two moments make one plan.

        Returns
        -------
        Steps made.
        """
        moment = state.arc_of.copy()
        barred = self._cut(state)
        parts = [self._part(state, moment, mask) for mask in barred]

        def follow(index: int) -> tuple[float, int]:
            part, pool = parts[index]
            best, done = math.inf, 0
            if not len(pool):
                return 0.0, 0
            while not done or (watch.seconds < ends and watch.left > 0):
                best = chains.anneal(
                    self.model,
                    part,
                    pool,
                    barred[index],
                    best,
                    done,
                    CHUNK,
                    len(pool),
                    temperature,
                    depth,
                    patience,
                    not math.isfinite(self.cost),
                )
                done += CHUNK
            return best, done

        with ThreadPoolExecutor(2) as threads:
            (one, steps), (other, more) = threads.map(follow, (0, 1))
        cost = state.tally[COST] + one + other
        if cost < self.cost - 0.5:
            self.cost = float(cost)
            state.best[:] = moment
        state.tally[COST] += sum(part.tally[COST] for part, _ in parts)
        state.journal_size[0] = -1
        return steps + more

    def _part(
        self, state: State, moment: NDArray, barred: Bools
    ) -> tuple[State, NDArray]:
        """Return the state as one half sees it, and the units in it."""
        mine = ~barred
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
        return part, pool

    def _cut(self, state: State) -> tuple[Bools, Bools]:
        """Reps outside of each half: what lies around a random rep, and the rest."""
        reps = len(state.excess)
        if self.near is None:
            first = self.model.start[:-1][np.diff(self.model.start) > 1]
            pairs = (self.model.rep[first], self.model.rep[first + 1])
            self.near = csr_array((np.ones(len(first)), pairs), (reps, reps))
        begin = int(self.rng.integers(reps))
        order = breadth_first_order(self.near, begin, False, return_predecessors=False)
        order = np.append(order, np.setdiff1d(np.arange(reps), order))
        filled = np.cumsum(state.size[order])
        half = order[filled <= filled[-1] / 2]
        inside = np.zeros(reps, dtype=bool)
        inside[half] = True
        return ~inside, inside
