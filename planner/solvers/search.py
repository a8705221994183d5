"""Large problems: local search on the arcs that the prices find promising."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from planner.problem import Problem, evaluate
from planner.solvers import chains
from planner.solvers.chain_model import build_model, enter_plan
from planner.solvers.chain_state import (
    HARD,
    PENALTY,
    SET_PRICE,
    Model,
    State,
    excess_of,
)
from planner.solvers.descent import descend
from planner.solvers.dual import Dual
from planner.solvers.pieces import Pieces, separable
from planner.solvers.promising import candidates
from planner.solvers.repair import repair
from planner.solvers.result import Watch, gap_of
from planner.solvers.rows import LinearRows
from planner.solvers.sets import Joint

Arcs = NDArray[np.int64]

CANDIDATES, MORE_CANDIDATES, FEW_UNITS = 14, 40, 5_000
"""
Arcs per unit that the search looks at; while it finds no plan, or half of that where
there are few units.
"""
DEPTH, DEEP = 7, 12
"""
Units moved by a chain at most; in every second line of search.

Gap to the best known value after 20 s, one thread, one run each, chains of 6 / 12:
d20400 0.21 / 0.19 %, d60900 0.20 / 0.15 %, d801600 0.07 / 0.04 %, e801600 0.03 /
0.06 %.
"""
PATIENCE, PATIENCE_DEEP, LEAST_PATIENCE, LOOKS = 40_000, 100_000, 2_000, 30_000_000
"""Looks per step at most: `LOOKS` over the number of units, within these limits."""
PATIENCE_WITH_SPLITS = 500
"""
The same with priced groups, whose units seem cheap to drive out from where they keep
company: 2,000 x 40 with 83 groups, one thread, 12 s: first plan and gap after 2.2 s,
0.43 % with 15,000; 0.8 s, 0.40 % with 2,000; 0.3 s, 0.29 % with 500.
"""
HOT, COLD, WARM = 3.0, 0.5, 0.1
"""
First and last temperature over the excess per unit of a quenched plan; WARM:
a factor on both when the search starts from a given plan.

Gap to the best known value, one thread, one run each. d20400: 0.19 % after 12 s as set;
0.23 % after 8 s from 5 to 0.3 or to 1 with chains of 6 units (0.20 % after 40 s on two
threads). d60900: 0.17 %; 0.21 %, 0.23 % (0.17 %).
"""
STIFF = 2.0
"""
First penalties of hard rows over the least ones when a plan is given.

Re-solve of 10,000 x 100 after 20 pins, 1.8 s, two threads, four draws, gap 0.104 %
before: 0.11 to 0.14 % as set; 0.12 to 0.15 % with 3 or 5, 0.14 to 0.20 % with 10, 0.16
to 0.25 % with 30.
"""
CYCLE = 0.04
"""Seconds per unit of one cooling; a longer search heats up again from where it is."""
QUENCH, LONGEST_QUENCH = 0.04, 0.3
"""Share of the time for the quench; at most, until a repair makes sense."""
GIVE_UP = 0.7
"""Share of the time after which a search without any plan gives up."""
CHUNK_SECONDS = 0.1
"""Between two looks at the clock."""
FIRST_CHUNK, LEAST_CHUNK, LARGEST_CHUNK, FASTER = 2_000, 100, 10_000_000, 10
"""
Steps between two looks at the clock: at first (of so many iterations), at least (and at
first by time: a step may take 1,000 times as long as another), at most; and by how much
there may be more of them than before.
"""
DIVISIBLE = 5_000
"""
Units from which the search goes by the pieces of one plan (`pieces`), where it can, and
from which plans are repaired now and then.
"""
LAST_LOOK = 1e-5
"""Seconds per unit of the last descent."""
MEND, MEND_FROM = 0.1, 4
"""
Share of the time for repairs, at most, and steps per unit before the first one.
"""
ROUND, SHORTEST_ROUND = 0.02, 0.25
"""Share of the time, and seconds, between two cuts of the plan."""
SHORTEST_PAUSE = 1_000
"""Steps between two changes of penalties: one per unit, or two below this many."""


@dataclass(frozen=True, eq=False)
class SearchOutcome:
    """Best feasible arcs (n,) or None, and the number of chains tried."""

    arcs: Arcs | None
    iterations: int


def search(
    problem: Problem,
    rows: LinearRows,
    dual: Dual,
    watch: Watch,
    *,
    start: Arcs | None = None,
    gap: float = 0.0,
    seed: int = 1,
    iterations: int | None = None,
    give_up: bool = False,
    threads: int = 1,
    joint: Joint | None = None,
) -> SearchOutcome:
    """
    Anneal from the plan that the dual prices suggest, or from a given one.

    The plan found cannot be improved by giving one unit another of its candidates.

    Parameters
    ----------
    start
        Arc of each unit, shape (n,); always among the candidates.
    gap
        Stop at this proven gap.
    iterations
        Chains to try, on one thread; without it the time left in `watch` decides.
    give_up
        End early when no plan is found in time, so that another road can be tried.
    threads
        Searches side by side, from different seeds; in large problems whose rows look
        at one rep each, on the pieces of one plan.
    joint
        With priced groups or rivals: what to start from without a plan, and what of the
        cost over the bound of `dual` nobody can win.

    Notes
    -----
    Reproducible for a seed only under an iteration limit.
    """
    run = _Run(problem, rows, dual, watch, gap, give_up)
    run.iterations, run.joint = iterations, joint
    if iterations is not None:
        threads = 1
    run.prepare(start, seed, threads)
    run.anneal()
    return run.outcome()


@dataclass(eq=False)
class _Line:
    """One line of search: its plan, how far it looks, its best cost, steps made."""

    state: State
    depth: int
    patience: int
    cost: float = math.inf
    done: int = 0
    chunk: int = FIRST_CHUNK


class _Run:
    """One search: candidates, lines of search side by side, the clock."""

    def __init__(
        self,
        problem: Problem,
        rows: LinearRows,
        dual: Dual,
        watch: Watch,
        gap: float,
        give_up: bool,
    ) -> None:
        self.problem, self.rows, self.dual = problem, rows, dual
        self.watch, self.gap, self.give_up = watch, gap, give_up
        self.iterations: int | None = None
        self.joint: Joint | None = None
        self.stopped = False
        self.began = watch.seconds
        self.budget = max(watch.left - LAST_LOOK * problem.n, 0.8 * watch.left, 1e-9)
        self.everyone = np.arange(problem.n)
        self.barred = np.zeros(problem.m + 1, dtype=bool)
        self.lines: list[_Line] = []
        self.mend_again = 0.0

    def prepare(self, start: Arcs | None, seed: int, threads: int) -> None:
        """Choose the candidates and enter the first plan."""
        self.warm = start is not None
        self.start, self.seed, self.threads = start, seed, threads
        few = self.problem.n < FEW_UNITS
        width = MORE_CANDIDATES // 2 if few else CANDIDATES
        cold = None if self.joint is None else self.joint.arcs
        if start is not None and not evaluate(self.problem, start).feasible:
            self.warm = self._is_near(start, cold, width)
        self._choose(width, start if self.warm else cold)

    def _is_near(self, start: Arcs, cold: Arcs | None, width: int) -> bool:
        """
        Whether a plan that breaks rules is as good a start as the prices' own plan.

        Measured on 7,555 accounts x 75 reps, from a plan that moves 15 % of the value
        when 11 % may move: no plan after 18 s of one core, from the prices one within
        0.1 % after 6 s.
        """
        away = []
        self.warm = False  # the same penalties for both
        for plan in (start, cold):
            self._choose(width, plan)
            away.append(_excess_per_unit(self.model, self.lines[0].state))
        return away[0] <= away[1]

    def _choose(self, width: int, plan: Arcs | None) -> None:
        """Build model and lines on the `width` best arcs per unit."""
        problem = self.problem
        first, self.kept = candidates(problem, self.dual, plan, width)
        self.width = width
        self.model, own, wide = build_model(
            problem, self.rows, self.dual, first, self.kept
        )
        arc_of = first[:-1].copy()
        if plan is not None:
            given = np.flatnonzero(np.isin(self.kept, plan, kind="table"))
            arc_of[problem.unit[self.kept[given]]] = given
        if self.warm:
            for bands in (own, wide):
                bands[..., PENALTY] *= np.where(bands[..., HARD] > 0, STIFF, 1.0)
        parts = problem.n >= DIVISIBLE and self.iterations is None
        parts = parts and separable(self.model, own)
        self.pieces = Pieces(self.model, self.threads, self.seed) if parts else None
        patience = int(np.clip(LOOKS / problem.n, LEAST_PATIENCE, PATIENCE))
        each = (patience, PATIENCE_DEEP)
        if problem.splits:
            each = (PATIENCE_WITH_SPLITS, PATIENCE_WITH_SPLITS)
        self.lines = [
            _Line(
                enter_plan(self.model, own, wide, arc_of, self.seed + 1000 * thread),
                depth=DEEP if thread % 2 else DEPTH,
                patience=each[thread % 2],
                chunk=LEAST_CHUNK if self.iterations is None else FIRST_CHUNK,
            )
            for thread in range(1 if parts else self.threads)
        ]
        self.pause = max(problem.n, min(2 * problem.n, SHORTEST_PAUSE))

    @property
    def share(self) -> float:
        """Share of the time, or of the iterations, that is gone."""
        if self.iterations is not None:
            return self.lines[0].done / max(self.iterations, 1)
        return (self.watch.seconds - self.began) / self.budget

    @property
    def cost(self) -> float:
        """Cost of the best plan so far."""
        return min(line.cost for line in self.lines)

    def anneal(self) -> None:
        """Quench, then cool from hot to cold until the time is over."""
        self._quench()
        rise = 0.0 if self.joint is None else self.joint.rise
        typical = max(
            _excess_per_unit(self.model, line.state, rise) for line in self.lines
        )
        hot, cold = HOT * typical + 1e-6, COLD * typical + 1e-6
        if self.warm:
            hot, cold = WARM * hot, WARM * cold
        cycles = 1
        if self.iterations is None:
            cycles = max(1, round(self.budget / (CYCLE * self.problem.n)))

        def temperature(share: float) -> float:
            return float(hot * (cold / hot) ** (share * cycles % 1))

        self._drive(temperature, 0.4)
        if not math.isfinite(self.cost) and not self.stopped:
            self._widen()
        self._drive(temperature, 1.0)

    def _quench(self) -> None:
        """Only take what improves; a large plan until it is worth a repair."""
        self._drive(lambda share: 0.0, QUENCH)
        line, large = self.lines[0], self.problem.n >= DIVISIBLE
        while large and self.iterations is None and not self.stopped:
            share = self.share
            if line.done >= MEND_FROM * self.problem.n or share >= LONGEST_QUENCH:
                return
            self._drive(lambda share: 0.0, min(share + QUENCH, LONGEST_QUENCH))

    def _widen(self) -> None:
        """No plan found among the candidates: look at more of them."""
        line = self.lines[0]
        done = [line.done for line in self.lines]
        self._choose(MORE_CANDIDATES, self.kept[line.state.arc_of])
        for line, steps in zip(self.lines, done, strict=True):
            line.done = steps

    def _drive(self, temperature: Callable[[float], float], until: float) -> None:
        """Run all lines until a share of the time is gone."""
        if self.pieces is not None:
            self._drive_pieces(self.pieces, temperature, until)
            return
        if len(self.lines) == 1:
            self._follow(self.lines[0], temperature, until, lead=True)
            return
        with ThreadPoolExecutor(len(self.lines) - 1) as pool:
            others = [
                pool.submit(self._follow, line, temperature, until, lead=False)
                for line in self.lines[1:]
            ]
            self._follow(self.lines[0], temperature, until, lead=True)
            for other in others:
                other.result()

    def _drive_pieces(
        self, pieces: Pieces, temperature: Callable[[float], float], until: float
    ) -> None:
        """Search the pieces of one plan side by side, cut anew in every round."""
        line, watch = self.lines[0], self.watch
        last = self.began + until * self.budget
        while not self.stopped and (share := self.share) < until:
            began = watch.seconds
            ends = min(began + max(SHORTEST_ROUND, self.budget * ROUND), last)
            due = pieces.mended <= MEND * self.threads * (began - self.began)
            line.done += pieces.advance(
                line.state,
                ends=ends,
                watch=watch,
                temperature=temperature(share),
                depth=DEEP,
                patience=line.patience,
                mending=line.done >= MEND_FROM * self.problem.n
                and (due or (ends == last and until == 1.0)),
            )
            line.cost = pieces.cost
            self._look_around()

    def _mend(self, line: _Line) -> None:
        """Repair a copy of the plan, unless that has cost too much time lately."""
        began = self.watch.seconds
        if began < self.mend_again or line.done < MEND_FROM * self.problem.n:
            return
        cost, plan = repair(self.model, line.state, self.watch)
        if plan is not None and cost < line.cost - 0.5:
            line.cost = cost
            line.state.best[:] = plan
            line.state.journal_size[0] = -1
        spent = self.watch.seconds - began
        self.mend_again = self.watch.seconds + spent / MEND

    def _follow(
        self,
        line: _Line,
        temperature: Callable[[float], float],
        until: float,
        *,
        lead: bool,
    ) -> None:
        """Run one line; the leading one watches the clock."""
        while not self.stopped and (share := self.share) < until:
            steps = line.chunk
            if self.iterations is not None:
                left = math.ceil(until * self.iterations) - line.done
                steps = max(1, min(steps, left))
            tick = self.watch.seconds
            line.cost = chains.anneal(
                self.model,
                line.state,
                self.everyone,
                self.barred,
                line.cost,
                line.done,
                steps,
                self.pause,
                temperature(share),
                line.depth,
                line.patience,
                True,
            )
            line.done += steps
            if self.iterations is None:
                spent = max(self.watch.seconds - tick, 1e-5)
                wanted = min(CHUNK_SECONDS, max(self.watch.left, 0.01))
                ideal = line.chunk * wanted / spent
                most = min(FASTER * line.chunk, LARGEST_CHUNK)
                line.chunk = int(np.clip(ideal, LEAST_CHUNK, most))
            if lead:
                if self.problem.n >= DIVISIBLE and self.iterations is None:
                    self._mend(line)
                self._look_around()

    def _look_around(self) -> None:
        """Tell the watch, and stop where it is time."""
        watch = self.watch
        watch.report("search", self.cost)
        hopeless = self.give_up and not math.isfinite(self.cost)
        self.stopped = (
            watch.left <= 0
            or gap_of(watch.cost, watch.bound) <= self.gap
            or (hopeless and self.share >= GIVE_UP)
        )

    def outcome(self) -> SearchOutcome:
        """Return the best plan of all lines, after a last descent."""
        done = sum(line.done for line in self.lines)
        line = min(self.lines, key=lambda line: line.cost)
        if not math.isfinite(line.cost):
            return SearchOutcome(None, done)
        arcs = self.kept[descend(self.model, line.state, line.state.best)]
        found = evaluate(self.problem, arcs)
        assert found.feasible
        self.watch.report("search", found.cost)
        return SearchOutcome(arcs, done)


def _excess_per_unit(model: Model, state: State, rise: float = 0.0) -> float:
    """Cost over the bound, with penalties, per unit: what annealing can win."""
    reduced = model.reduced[state.arc_of].sum()
    extra = np.maximum(state.labels - 1, 0) @ model.set_info[:, SET_PRICE]
    total = reduced + state.excess.sum() + excess_of(state.wide) + extra
    return max(0.0, float(total) - rise) / max(len(state.arc_of), 1)
