"""Problem -> Result: which method, in which order, and what it proves."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from planner.problem import Problem, evaluate
from planner.scenario.model import Solve
from planner.solvers.dual import Dual, solve_dual
from planner.solvers.exact import ExactOutcome, solve_exact
from planner.solvers.result import Prices, Progress, Result, Status, Watch, gap_of
from planner.solvers.rows import LinearRows, linear_rows
from planner.solvers.settle import settle
from planner.solvers.start import WarmStart, completed
from planner.words import _

Arcs = NDArray[np.int64]

EXACT_ARCS = 20_000
"""Up to this many arcs CP-SAT on the whole model is the method of choice."""
HINT_ARCS = 2_000
"""Above this many arcs CP-SAT starts from a plan of the search."""
MODEL_ARCS = 500_000
"""Above this many arcs the whole model is never handed to CP-SAT."""


def solve_problem(
    problem: Problem,
    settings: Solve,
    *,
    impossible: dict[str, str] | None = None,
    warm_start: WarmStart | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Result:
    """
    Solve a problem within its settings; infeasible is a status, not an error.

    Parameters
    ----------
    impossible
        Units without any eligible rep and why; one is enough to prove that no plan
        exists.
    warm_start
        An earlier plan; it need not be complete, nor keep the hard rows. What changes
        from it without gain is taken back.
    interrupted
        Asked several times a second; True ends the solve with the best plan so far.
    tell
        Receives progress: seconds, incumbent, bound, phase.
    """
    run = _Run(problem, settings, Watch(settings.time_limit, interrupted, tell))
    run.warm_start = warm_start
    empty = problem.start[:-1] == problem.start[1:]
    if impossible or empty.any():
        return run.result(Status.INFEASIBLE, None)
    return run.solve()


class _Run:
    """One solve: its dual, its incumbent, and how it ended."""

    def __init__(self, problem: Problem, settings: Solve, watch: Watch) -> None:
        self.problem, self.settings, self.watch = problem, settings, watch
        self.warm_start: WarmStart | None = None
        self.home: Arcs | None = None
        self.prices = Prices({}, 1, 0)
        self.bound, self.bound_by = 0, "trivial"
        self.iterations = 0
        arcs = len(problem.rep)
        self.method = settings.method
        self.why = _("chosen in the scenario")
        if self.method == "auto":
            self.method = "exact" if arcs <= EXACT_ARCS else "search"
            self.why = _("{arcs:,} eligible pairs; exact up to {most:,}").format(
                arcs=arcs, most=EXACT_ARCS
            )

    def solve(self) -> Result:
        problem, watch = self.problem, self.watch
        rows = linear_rows(problem)
        worst = _worst_cost(problem)
        warm = self.warm_start
        dual = solve_dual(
            problem,
            rows,
            watch,
            start=None if warm is None else warm.row_prices(rows),
            time_share=0.4,
            worst=worst,
        )
        if warm is not None:
            self.home = warm.arcs(problem)
        self.prices = dual.certificate
        if self.prices.bound > 0:
            self.bound, self.bound_by = self.prices.bound, "dual"
        if self.bound > worst:
            return self.result(Status.INFEASIBLE, None)
        arcs = self._incumbent(rows, dual)
        if arcs is not None and self.home is not None:
            arcs = settle(problem, rows, arcs, self.home)
        if self.method == "exact" or (arcs is None and self._may_ask_cp_sat()):
            if arcs is not None and self._gap(arcs) <= self.settings.gap:
                return self._finished(arcs)
            return self._exact(arcs)
        return self._finished(arcs)

    def _incumbent(self, rows: LinearRows, dual: Dual) -> NDArray[np.int64] | None:
        """Search for a plan; small problems leave that to CP-SAT."""
        settings, exact = self.settings, self.method == "exact"
        if exact and len(self.problem.rep) <= HINT_ARCS:
            return None
        from planner.solvers.search import search  # numba is slow to import

        share = 0.25 if exact else 1.0
        inner = Watch(
            self.watch.seconds + self.watch.left * share,
            self.watch.interrupted,
            self.watch.tell,
            began=self.watch.began,
            bound=self.watch.bound,
            trace=self.watch.trace,
        )
        outcome = search(
            self.problem,
            rows,
            dual,
            inner,
            start=self._start(dual),
            gap=settings.gap,
            seed=settings.seed,
            iterations=settings.iterations,
            give_up=self._is_small_enough(),
        )
        self.watch.cost = inner.cost
        self.iterations = outcome.iterations
        return outcome.arcs

    def _start(self, dual: Dual) -> Arcs | None:
        if self.home is None:
            return None
        return completed(self.problem, self.home, dual.reduced)

    def _is_small_enough(self) -> bool:
        return len(self.problem.rep) <= MODEL_ARCS

    def _may_ask_cp_sat(self) -> bool:
        return self._is_small_enough() and self.watch.left > 1

    def _exact(self, hint: Arcs | None) -> Result:
        outcome: ExactOutcome = solve_exact(
            self.problem,
            self.watch,
            hint=hint,
            bound=self.bound,
            gap=self.settings.gap,
            seed=self.settings.seed,
            threads=self.settings.threads,
        )
        if outcome.infeasible:
            return self.result(Status.INFEASIBLE, None)
        if outcome.bound > self.bound:
            self.bound, self.bound_by = int(outcome.bound), "solver"
        arcs = outcome.arcs if outcome.arcs is not None else hint
        if hint is not None and arcs is not None:
            arcs = min((arcs, hint), key=lambda a: evaluate(self.problem, a).cost)
        return self._finished(arcs)

    def _gap(self, arcs: NDArray[np.int64]) -> float:
        return gap_of(evaluate(self.problem, arcs).cost, self.bound)

    def _finished(self, arcs: NDArray[np.int64] | None) -> Result:
        if arcs is None:
            return self.result(Status.NO_PLAN_FOUND, None)
        proven = self._gap(arcs) == 0
        return self.result(Status.OPTIMAL if proven else Status.FEASIBLE, arcs)

    def result(self, status: Status, arcs: NDArray[np.int64] | None) -> Result:
        cost: float = math.inf
        if arcs is not None:
            outcome = evaluate(self.problem, arcs)
            if not outcome.feasible:  # never hand out a plan that breaks a rule
                raise AssertionError(f"solver broke {outcome.breaches}")
            cost = outcome.cost
        self.watch.report("done", cost, self.bound)
        return Result(
            status=status,
            problem=self.problem,
            arcs=arcs,
            cost=cost,
            bound=self.bound,
            bound_by=self.bound_by,
            prices=self.prices,
            method=self.method,
            why=self.why,
            seed=self.settings.seed,
            seconds=self.watch.seconds,
            stopped_by=self._stopped_by(status, cost),
            iterations=self.iterations,
            trace=tuple(self.watch.trace),
        )

    def _stopped_by(self, status: Status, cost: float) -> str:
        if status in (Status.OPTIMAL, Status.INFEASIBLE):
            return "proof"
        if self.watch.interrupted():
            return "interruption"
        if gap_of(cost, self.bound) <= self.settings.gap:
            return "gap"
        return "iterations" if self.settings.iterations else "time limit"


def _worst_cost(problem: Problem) -> float:
    """No plan costs more than this, so a higher bound proves that there is none."""
    worst = float(np.maximum.reduceat(problem.total_cost, problem.start[:-1]).sum())
    for row in problem.rows:
        if row.price is not None:
            worst += row.price * (problem.total_demand[row.measure] + row.low)
    for split in problem.splits:
        worst += split.price * len(split.units)
    return worst
