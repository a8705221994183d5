"""
Search for connected territories: recombination and annealed flips and swaps.

Annealing by flips alone sticks in a wrong layout; recombination finds the layout, flips
and swaps polish it. Cycles of growing length, each from another start, until the time
is up; each thread has its own.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field

import numpy as np

from planner.solvers.areas.anneal import anneal
from planner.solvers.areas.model import AreaModel, Ints
from planner.solvers.areas.moves import load_plan
from planner.solvers.areas.recut import recut
from planner.solvers.areas.start import first_plan
from planner.solvers.areas.state import (
    BEST,
    COST,
    EXCESS,
    FEASIBLE,
    LAMBDA,
    MOVES,
    STEPS,
    Map,
    State,
    build_map,
    new_state,
)
from planner.solvers.result import Watch

HOT, COLD = 2.0, 0.01
"""Temperatures at both ends of a cycle, in costs per unit."""
TREES = 0.2
"""Share of recombinations among the moves, times units of a territory."""
TREE_HEAT = 0.1
"""Temperature of recombinations at the same moment, in costs per territory."""
SWAPS = 0.5
"""Share of swaps among the moves that are no recombinations."""
OFTEN, SELDOM, STIFFER = 0.5, 0.2, 1.15
"""Shares of moves ending without excess beyond which its price falls or rises."""
CAP, STIFF, TURN, STIFFEST = 3.0, 20.0, 0.7, 1_000.0
"""
Most that price may be when a cycle begins, in costs per territory; how much more at the
`TURN`, a share of the cycle (in one that goes on from a plan: from the beginning), and
how much more from there to the end. Stiff too early, a fresh cycle freezes in a dear
layout.
"""
CYCLE, SHORTEST, LONGER = 0.0018, 0.3, 2.0
"""
Seconds of the first cycle per unit and root of the number of territories, at least so
many, and by how much each later cycle is longer.
"""
REHEAT = 0.35
"""Share of a cycle that is left out where it begins with the best plan."""
MOST_CYCLES = 10_000
"""Where no first plan can be made, a search ends without the clock, too."""
CHUNK = 0.02
"""Seconds between two looks at clock, temperature and price of an excess."""
REFINED = 0.6
"""Share of the time left for going on from the best, before a plan is mended."""
MENDINGS = 2_000
"""Exact cuts of a few territories tried on a plan outside its bands."""
FRESH = 3
"""Cycles from fresh plans before one that goes on from the best: layouts differ."""
MOST_STARTS, EXCESS_PRICE = 4, 15.0
"""
First plans of which a cycle takes the best, one for each eight territories; price of an
excess of one mean load when layouts are compared, in costs per territory.
"""
REPEATED_RATE, REPEATED_STEPS = 500_000, 2_000
"""Moves a second, and between two looks, where the number of moves is given."""
FASTEST = 1e8
"""Moves a second are not believed beyond this: a first measure may be odd."""


def full_cycle(model: AreaModel) -> float:
    """Seconds of a first cycle that leaves the annealing its time."""
    return max(SHORTEST, CYCLE * model.n * math.sqrt(model.k))


@dataclass
class Found:
    """The best plan of all threads."""

    label: Ints | None = None
    cost: float = math.inf
    layout: Ints | None = None
    layout_value: float = math.inf
    moves: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, state: State) -> bool:
        """Take in what a thread found; whether it is better."""
        with self.lock:
            if state.tally[BEST] >= self.cost:
                return False
            self.label, self.cost = state.best.copy(), float(state.tally[BEST])
            return True

    def consider(self, state: State, k: int) -> None:
        """Take in where a cycle ended, even outside bands, if nothing is better."""
        value = value_of(state, k)
        with self.lock:
            if value < self.layout_value:
                self.layout, self.layout_value = state.label.copy(), value
            if self.cost < self.layout_value:
                self.layout, self.layout_value = self.label, self.cost


def search_areas(
    model: AreaModel,
    watch: Watch,
    *,
    start: Ints | None = None,
    seed: int = 1,
    threads: int = 2,
    iterations: int | None = None,
    enough: float = -math.inf,
    found: Found | None = None,
) -> Found:
    """
    Look for a cheap plan until the watch runs out, or `iterations` moves are done.

    Parameters
    ----------
    start
        Labels of a plan to begin with; it need not be connected, nor keep the bands.
    enough
        Stop at this cost.
    found
        What an earlier search found; it is bettered in place.
    """
    m, found = build_map(model), Found() if found is None else found
    if iterations is not None:
        threads = 1
    walkers = [
        _Walker(model, m, watch, found, start, seed * 1000 + i, iterations, enough)
        for i in range(threads)
    ]
    others = [threading.Thread(target=w.run, daemon=True) for w in walkers[1:]]
    for other in others:
        other.start()
    walkers[0].run()
    for other in others:
        other.join()
    found.moves += int(sum(w.state.tally[MOVES] for w in walkers))
    return found


def most_price(share: float, fresh: bool) -> float:
    """Most that an excess of one mean load may cost, in costs per territory."""
    late = max(0.0, share - TURN) / (1.0 - TURN)
    early = min(1.0, share / TURN) if fresh else 1.0
    return float(CAP * STIFF**early * STIFFEST**late)


def value_of(state: State, k: int) -> float:
    """Cost of the plan in hand, with an excess at a moderate price."""
    excess = float(state.tally[EXCESS])
    return float(state.tally[COST]) * (1.0 + EXCESS_PRICE / k * excess)


@dataclass
class _Walker:
    """One thread of the search."""

    model: AreaModel
    m: Map
    watch: Watch
    found: Found
    start: Ints | None
    seed: int
    iterations: int | None
    enough: float

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.state = new_state(self.m, self.model.k, self.seed)
        self.rate = 200_000.0

    def over(self) -> bool:
        """Whether to stop."""
        return (
            self.found.cost <= self.enough
            or self.watch.interrupted()
            or self.left() <= 0
        )

    def clock(self) -> float:
        """Seconds, or moves where their number is given: a run that can be repeated."""
        return self.watch.seconds if self.iterations is None else self.moves()

    def moves(self) -> float:
        """Moves looked at so far."""
        return float(self.state.tally[MOVES])

    def left(self) -> float:
        """Return what is left on the clock."""
        if self.iterations is None:
            return self.watch.left
        return self.iterations - self.moves()

    def run(self) -> None:
        """Make cycle after cycle, in turn from a fresh plan and from the best one."""
        length, number = full_cycle(self.model), 0
        if self.iterations is not None:
            length *= REPEATED_RATE
        while not self.over() and number < MOST_CYCLES:
            turn, left = number % (FRESH + 1), self.left()
            if turn == FRESH:
                self._refine(self.found.layout, min(length, REFINED * left))
                self._mend()
                if length > REFINED * left:  # the last cycle: what mending left
                    self._refine(self.found.label, self.left())
                length *= LONGER
            elif self._begin(self.start if number == 0 else None):
                # Half of the time is for going on from the best.
                self._cycle(min(length, left / (2 * FRESH - turn)), 0.0)
            number += 1

    def _refine(self, label: Ints | None, length: float) -> None:
        """Go on from a plan, if there is one."""
        if label is not None and length > 0:
            load_plan(self.m, self.state, label)
            self._cycle(length, REHEAT)

    def _mend(self) -> None:
        """Cut a few territories anew by an exact model while the plan is outside."""
        s = self.state
        tried: set[tuple[int, ...]] = set()
        for _try in range(MENDINGS):
            if s.tally[STEPS] == 0.0 or self.over() or self.iterations is not None:
                return
            label = recut(self.model, s.label, self.watch, self.rng, tried)
            if label is None:
                continue
            before = s.label.copy(), float(s.tally[EXCESS])
            load_plan(self.m, s, label)
            if s.tally[EXCESS] >= before[1]:
                load_plan(self.m, s, before[0])
                continue
            tried.clear()
            self._keep()
            self.found.take(s)

    def _keep(self) -> None:
        """Begin anew with the best plan: the one in hand, if it keeps the bands."""
        s = self.state
        s.tally[BEST] = math.inf
        if s.tally[STEPS] == 0.0:  # no move may be better, or even possible
            s.tally[BEST] = s.tally[COST]
            s.best[:] = s.label

    def _begin(self, start: Ints | None) -> bool:
        """Load a first plan, the best of some; whether there is one."""
        k, best, least = self.model.k, None, math.inf
        tries = 1 if start is not None else max(1, min(MOST_STARTS, k // 8))
        for _try in range(tries):
            label = first_plan(self.model, self.m, self.rng, start)
            if label is None or (best is not None and self.over()):
                continue
            load_plan(self.m, self.state, label)
            value = value_of(self.state, k)
            if value < least:
                best, least = label, value
        if best is not None and tries > 1:
            load_plan(self.m, self.state, best)
        return best is not None

    def _cycle(self, length: float, begin: float) -> None:
        """Anneal from a share of the schedule on; its length is by the clock."""
        s, n, k = self.state, self.model.n, self.model.k
        began, share = self.clock(), begin
        cost = max(s.tally[COST], 1e-9)
        s.tally[LAMBDA] = most_price(begin, begin == 0.0) * cost / k
        trees = TREES * k / n
        self._keep()
        while share < 1.0 and not self.over():
            heat = HOT * (COLD / HOT) ** share * max(s.tally[COST], 1e-9) / n
            self._anneal(heat, trees, TREE_HEAT * n / k)
            most = most_price(share, begin == 0.0) * s.tally[COST] / k
            if s.tally[FEASIBLE] < SELDOM:
                s.tally[LAMBDA] = min(s.tally[LAMBDA] * STIFFER, most)
            elif s.tally[FEASIBLE] > OFTEN:
                s.tally[LAMBDA] /= STIFFER
            if self.found.take(s):
                self.watch.report("search", self.found.cost)
            share = begin + (1 - begin) * (self.clock() - began) / length
        self.found.consider(s, k)

    def _anneal(self, heat: float, trees: float, tree_heat: float) -> None:
        """Look at moves for `CHUNK` seconds, as far as the last rate tells."""
        steps = REPEATED_STEPS
        if self.iterations is None:
            steps = max(100, int(self.rate * CHUNK))
        began = self.watch.seconds
        anneal(self.m, self.state, steps, heat, SWAPS, trees, tree_heat)
        took = max(self.watch.seconds - began, 1e-6)
        self.rate = min(0.7 * self.rate + 0.3 * steps / took, FASTEST)
