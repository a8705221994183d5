"""Problem -> Result: which method, in which order, and what it proves."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from planner.problem import Problem, evaluate
from planner.scenario.model import Solve
from planner.solvers.areas.road import solve_on_map
from planner.solvers.cases import ROUNDED_UP, bound_by_cases
from planner.solvers.core import better_arcs, solve_core
from planner.solvers.dual import Dual, solve_dual, with_plan
from planner.solvers.exact import ExactOutcome, solve_exact
from planner.solvers.highs import solve_highs
from planner.solvers.knapsack import knapsack_pays, solve_knapsack_dual
from planner.solvers.parts import solve_parts
from planner.solvers.result import Prices, Progress, Result, Status, Watch, gap_of
from planner.solvers.rows import LinearRows, linear_rows
from planner.solvers.sets import Joint, solve_sets
from planner.solvers.settle import settle, settle_on_map
from planner.solvers.start import WarmStart, completed
from planner.solvers.sums import proves_that_none_fits
from planner.words import _

Arcs = NDArray[np.int64]
Floats = NDArray[np.float64]

EXACT_ARCS, EXACT_ARCS_WITH_SETS = 2_000, 500
"""
Up to this many arcs CP-SAT on the whole model is the method of choice; with priced
groups or rivals the prices, which heed them, and a search are better much earlier.
"""
DUAL_SHARE, KNAPSACK_SHARE, LARGE_SHARE, SETS_SHARE = 0.4, 0.2, 0.6, 0.2
"""
Shares of the time left for the prices on the rows and on the units, at most; LARGE: on
the rows, where not all arcs are held; SETS: on the rows, with priced groups and rivals.
At 1,000,000 x 5,000 a dual cut off after
185 s on two threads was 0.7 % short.
"""
AREAS_SHARE = 0.1
"""Share of the time for the prices on the rows where territories must be connected."""
CASES_SHARE = 0.2
"""Share of the time left for cases of the units that exceed every band, at most."""
SETTLE_SHARE = 0.1
"""Share of the time, beyond it, to take back what changed on a map without gain."""
CORE_UNITS, CORE_ARCS, PARTS_UNITS = 3_000, 4_000, 3_000
"""
Whole model on the arcs that a better plan may use, up to so many units and arcs; large
neighbourhoods up to so many units.
"""
CORE_FROM, PARTS_FROM, MENDED_FROM = 0.7, 0.15, 0.5
"""
Share of the time for the search before either; MENDED: where an earlier plan no longer
fits and has to be mended first, which chains do best.
"""
SAFETY = 1e-9
"""Share of a bound by which floats may be off."""
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
    if impossible or empty.any() or proves_that_none_fits(problem):
        return run.result(Status.INFEASIBLE, None)
    return run.solve()


class _Run:
    """One solve: its dual, its incumbent, and how it ended."""

    def __init__(self, problem: Problem, settings: Solve, watch: Watch) -> None:
        self.problem, self.settings, self.watch = problem, settings, watch
        self.warm_start: WarmStart | None = None
        self.home: Arcs | None = None
        self.prices = self.row_prices = Prices({}, 1, 0)
        self.bound, self.bound_by = 0, "trivial"
        self.iterations = 0
        self.joint: Joint | None = None
        self.method, self.why = _chosen(problem, settings)

    def solve(self) -> Result:
        rows, worst = linear_rows(self.problem), _worst_cost(self.problem)
        dual = self._dual(rows, worst)
        if self.bound > worst:
            return self.result(Status.INFEASIBLE, None)
        if self.problem.areas is not None:
            return self._areas_road(dual)
        if self.method == "search":
            return self._search_road(dual)
        hint = self._start(dual)
        if hint is None and self.method != "highs" and self._is_worth_a_hint():
            hint = self._search(dual, 0.25)
        return self._whole(hint)

    def _dual(self, rows: LinearRows, worst: float) -> Dual:
        """Prices on the rows; from here on the problem has the arcs that matter."""
        warm = self.warm_start
        dual = solve_dual(
            self.problem,
            rows,
            self.watch,
            start=None if warm is None else warm.row_prices(rows),
            time_share=_dual_share(self.problem),
            worst=worst,
            threads=self.settings.threads,
        )
        if warm is not None:
            dual = with_plan(dual, warm.rep_of)
            self.home = warm.arcs(dual.problem)
        self.problem, self.row_prices = dual.problem, dual.certificate
        self._prove(dual.certificate)
        self.joint = solve_sets(self.problem, dual, self.watch, time_share=SETS_SHARE)
        if self.joint is None:
            return dual
        value = self.joint.value
        self._prove_without(math.ceil(value - SAFETY * max(1.0, abs(value))))
        return self.joint.dual

    def _areas_road(self, dual: Dual) -> Result:
        """Connected territories: solvers of their own, beside the bound of the rows."""
        start = None
        if self.warm_start is not None:
            start = self.warm_start.rep_of
        elif self.problem.total_cost.any():  # the prices know where units want to go
            nothing = np.full(self.problem.n, -1, dtype=np.int64)
            cheapest = completed(self.problem, nothing, dual.reduced)
            start = self.problem.rep[cheapest].astype(np.intp)
        answer = solve_on_map(
            self.problem, self.settings, self.watch, start=start, bound=self.bound
        )
        self.iterations = answer.moves
        if answer.infeasible:
            return self.result(Status.INFEASIBLE, None)
        if answer.bound > self.bound:
            self.bound, self.bound_by = int(answer.bound), "solver"
        if answer.arcs is None:
            return self.result(Status.NO_PLAN_FOUND, None)
        arcs = answer.arcs
        if self.home is not None:
            ends = self.watch.seconds + SETTLE_SHARE * self.settings.time_limit
            arcs = settle_on_map(
                self.problem, arcs, self.home, lambda: self.watch.seconds > ends
            )
        proven = self._gap(arcs) == 0
        return self.result(Status.OPTIMAL if proven else Status.FEASIBLE, arcs)

    def _prove(self, prices: Prices) -> None:
        """Take in a bound that can be checked from its prices."""
        self.prices = max(self.prices, prices, key=lambda p: p.bound)
        if prices.bound > self.bound:
            self.bound, self.bound_by = prices.bound, "dual"

    def _prove_without(self, bound: int) -> None:
        """Take in a bound that rests on more than prices."""
        if bound > self.bound:
            self.bound, self.bound_by = bound, "solver"
            self.watch.report("bound", bound=bound)

    def _search_road(self, dual: Dual) -> Result:
        """Prices on the units where they pay, a search, and solvers on what is left."""
        if self.joint is None:
            value = float(dual.certificate.bound - ROUNDED_UP)
            reduced = dual.reduced
        else:
            value, reduced = self.joint.value, self.joint.reduced
        if knapsack_pays(self.problem, dual.rows):
            units = solve_knapsack_dual(
                self.problem,
                dual.rows,
                dual,
                self.watch,
                time_share=KNAPSACK_SHARE,
                threads=self.settings.threads,
            )
            self._prove(units.certificate)
            if units.value > value:
                reduced, value = units.reduced, units.value
        self._by_cases(dual)
        by_parts = self._parts_pay()
        arcs = self._search(dual, self._search_share(by_parts))
        if arcs is None and by_parts:  # the first share was short
            arcs = self._search(dual, CORE_FROM)
        if arcs is None:
            if self._is_small_enough() and self.watch.left > 1:
                return self._whole(None)
            return self._finished(self._search(dual))
        if self.settings.iterations is None and not self._is_done(arcs):
            arcs = self._finish(dual, arcs, reduced, value, by_parts)
        return self._finished(arcs)

    def _by_cases(self, dual: Dual) -> None:
        """Raise the bound where a unit alone exceeds every band."""
        if self.problem.source is not None or self.joint is not None:
            return  # the certificate is of other prices than those of the sets
        inner = self.watch.part(CASES_SHARE)
        self._prove_without(
            bound_by_cases(self.problem, dual, inner, self.settings.threads)
        )

    def _search_share(self, by_parts: bool) -> float:
        """Share of the time for the search before solvers look at what is left."""
        if self.problem.n > CORE_UNITS:
            return 1.0
        if not by_parts:
            return CORE_FROM
        mends = self.home is not None and bool((self.home < 0).any())
        return MENDED_FROM if mends else PARTS_FROM

    def _is_done(self, arcs: Arcs) -> bool:
        return self.watch.left <= 0 or self._gap(arcs) <= self.settings.gap

    def _parts_pay(self) -> bool:
        """Few units, and reps whose loads are priced: there parts beat chains."""
        priced = any(row.price is not None for row in self.problem.rows)
        return priced and self.problem.n <= PARTS_UNITS and self._is_small_enough()

    def _finish(
        self, dual: Dual, arcs: Arcs, reduced: Floats, value: float, by_parts: bool
    ) -> Arcs:
        """Prove the plan, or find a better one, in the time that is left."""
        problem, settings = self.problem, self.settings
        seed, threads = settings.seed, settings.threads
        if self._is_small_enough():
            left = better_arcs(problem, reduced, value, self._cost(arcs)).sum()
            if left <= CORE_ARCS:
                core = solve_core(
                    problem,
                    reduced,
                    value,
                    arcs,
                    self.watch,
                    gap=settings.gap,
                    seed=seed,
                    threads=threads,
                )
                assert core.arcs is not None
                if core.bound > self.bound:
                    self.bound, self.bound_by = int(core.bound), "solver"
                return core.arcs
        if by_parts:
            return solve_parts(
                problem,
                reduced,
                value,
                arcs,
                self.watch,
                solver="cp-sat",
                seed=seed,
                threads=threads,
            ).arcs
        again = self._search(dual, start=arcs)
        return arcs if again is None else again

    def _cost(self, arcs: Arcs) -> int:
        return evaluate(self.problem, arcs).cost

    def _search(
        self, dual: Dual, share: float = 1.0, start: Arcs | None = None
    ) -> Arcs | None:
        """Search for a plan in a share of the time left."""
        from planner.solvers.search import search  # numba is slow to import

        settings = self.settings
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
            dual.rows,
            dual,
            inner,
            start=self._start(dual) if start is None else start,
            gap=settings.gap,
            seed=settings.seed,
            iterations=settings.iterations,
            give_up=self._is_small_enough() and share > 0.5,  # a short one ends soon
            threads=settings.threads,
            joint=self.joint,
        )
        self.watch.cost = inner.cost
        self.iterations = outcome.iterations
        return outcome.arcs

    def _start(self, dual: Dual) -> Arcs | None:
        if self.home is None or (self.home < 0).all():  # prices alone
            return None
        return completed(self.problem, self.home, dual.reduced)

    def _is_worth_a_hint(self) -> bool:
        return len(self.problem.rep) > HINT_ARCS

    def _is_small_enough(self) -> bool:
        return len(self.problem.rep) <= MODEL_ARCS and self.problem.source is None

    def _whole(self, hint: Arcs | None) -> Result:
        """Hand the whole model to CP-SAT or HiGHS."""
        solver = solve_highs if self.method == "highs" else solve_exact
        outcome: ExactOutcome = solver(
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
        return self._finished(self._better(outcome.arcs, hint))

    def _better(self, *plans: Arcs | None) -> Arcs | None:
        """Return the cheapest of the plans that keep every rule."""
        best, least = None, math.inf
        for arcs in plans:
            if arcs is None:
                continue
            outcome = evaluate(self.problem, arcs)
            if outcome.feasible and outcome.cost < least:
                best, least = arcs, outcome.cost
        return best

    def _gap(self, arcs: NDArray[np.int64]) -> float:
        return gap_of(evaluate(self.problem, arcs).cost, self.bound)

    def _finished(self, arcs: NDArray[np.int64] | None) -> Result:
        if self.home is not None and (self.home >= 0).all():
            arcs = self._better(arcs, self.home)  # never worse than the start
        if arcs is None:
            return self.result(Status.NO_PLAN_FOUND, None)
        if self.home is not None:
            arcs = settle(self.problem, linear_rows(self.problem), arcs, self.home)
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
            row_prices=self.row_prices,
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


def is_compiled_for(problem: Problem, settings: Solve) -> bool:
    """Whether a solve runs compiled code, to be made before its clock starts."""
    method, _why = _chosen(problem, settings)
    return method in ("search", "areas") or len(problem.rep) > HINT_ARCS


def _chosen(problem: Problem, settings: Solve) -> tuple[str, str]:
    """Return the method, and why."""
    if problem.areas is not None:
        n, k = int(problem.areas.on_map.sum()), int(problem.areas.needed.sum())
        why = _("{n:,} units on the map, {k:,} territories")
        return "areas", why.format(n=n, k=k)
    if settings.method != "auto":
        method = "cp-sat" if settings.method == "exact" else settings.method
        return method, _("chosen in the scenario")
    arcs, sets = len(problem.rep), bool(problem.splits or problem.apart)
    most = EXACT_ARCS_WITH_SETS if sets else EXACT_ARCS
    method = "cp-sat" if arcs <= most and problem.source is None else "search"
    why = _("{arcs:,} eligible pairs; the whole model in one solver up to {most:,}")
    return method, why.format(arcs=arcs, most=most)


def _dual_share(problem: Problem) -> float:
    if problem.areas is not None:
        return AREAS_SHARE
    return DUAL_SHARE if problem.source is None else LARGE_SHARE


def _worst_cost(problem: Problem) -> float:
    """No plan costs more than this, so a higher bound proves that there is none."""
    if problem.source is not None:  # arcs that are not held may cost more
        return math.inf
    worst = float(np.maximum.reduceat(problem.total_cost, problem.start[:-1]).sum())
    for row in problem.rows:
        if row.price is not None:
            worst += row.price * (problem.total_demand[row.measure] + row.low)
    for split in problem.splits:
        worst += split.price * len(split.units)
    return worst if problem.areas is None else worst + problem.areas.worst()
