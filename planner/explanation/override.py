"""What it costs to give an account to a named rep, knock-on moves included."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from planner.edits import pinned, solved_again
from planner.errors import PlannerError
from planner.explanation.known import Known
from planner.explanation.nearby import Nearby, nearby_plan
from planner.explanation.rules import Exclusion, exclusions
from planner.greenfield import opening_cost
from planner.plan import Plan
from planner.problem import Problem, evaluate
from planner.scenario import with_solve
from planner.solution import Solution
from planner.solvers.highs import solve_highs
from planner.solvers.result import Progress, Result, Status, Watch
from planner.solvers.rows import linear_rows
from planner.solvers.settle import settle
from planner.solvers.start import WarmStart
from planner.words import _

SECONDS = 8.0
"""For one question, unless set."""
CLOSE = 2e-4
"""A bracket of this share of the plan's cost is narrow enough to stop."""
WIDE = 1e-3
"""A wider bracket, with time left, is worth asking another solver."""
NEARBY_SHARE, WHOLE_SHARE = 0.5, 0.7
"""
Share of the time for a plan among the reps around, at most; and of the rest for the
search, where a solver of the whole model may follow.
"""
LEAST_SECONDS = 0.1
"""Of a search."""
SEARCH_FROM = 500
"""
Pairs from which a search from the plan in hand is better than CP-SAT on the whole
model: 200 accounts, 1,150 pairs, five questions each of three kinds, 4 s on a tenth of
a processor: median width 0.13, 0.06, 0.02 % by CP-SAT, 0.05, 0.02, 0.01 % by search.
"""
WHOLE_ARCS = 3_000
"""Up to so many pairs HiGHS is asked with the whole model."""


@dataclass(frozen=True)
class Move:
    """An account, or a region, that changes hands; "" = left out."""

    account: str
    name: str
    from_rep: str
    to_rep: str


@dataclass(frozen=True, eq=False)
class Override:
    """
    The plan with one account given to a named rep, all others free to move.

    Attributes
    ----------
    account, rep
        What was asked.
    along
        Accounts and regions that go along, because they must stay together.
    status
        Of the search: "optimal", "feasible", "infeasible", or "no plan found".
    plan_cost
        Cost of the plan in hand, in currency.
    lower, upper
        Between these lies the least cost of any plan with this override, in currency;
        inf where none exists (both) or none was found (upper).
    moves
        The others that change hands in the plan found, against the plan in hand.
    terms
        Change of each term of the cost in the plan found.
    excluded
        Rules that bar the pair. Those of `WAIVED_BY_PIN` give way to the override.
    reasons
        Without a plan: what stands in the way.
    solution
        The plan found, to be saved; None when there is none.
    seconds
        Time that the answer took.
    """

    account: str
    rep: str
    along: tuple[str, ...]
    status: str
    plan_cost: float
    lower: float
    upper: float
    moves: tuple[Move, ...] = ()
    terms: dict[str, float] | None = None
    excluded: tuple[Exclusion, ...] = ()
    reasons: tuple[str, ...] = ()
    solution: Solution | None = None
    seconds: float = 0.0

    @property
    def change(self) -> tuple[float, float]:
        """The bracket as a change against the plan in hand, in currency."""
        return self.lower - self.plan_cost, self.upper - self.plan_cost

    @property
    def width(self) -> float:
        """Width of the bracket as a share of the plan's cost; 0 where none exists."""
        if self.lower == self.upper:
            return 0.0
        return (self.upper - self.lower) / max(abs(self.plan_cost), 1.0)


def override(
    solution: Solution,
    account: str,
    rep: str,
    *,
    time_limit_s: float = SECONDS,
    seed: int | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Override:
    """
    Bracket the cost of the best plan in which an account goes to a named rep.

    The upper end is a plan, found by solving again from the plan in hand with the
    account pinned; the lower end is proven: by the bound of the plan in hand, by its
    prices with the account's pairs but one left out, by the prices of the pinned
    question, or by a solver of the whole model, whichever is highest.

    Parameters
    ----------
    solution
        A solution with a plan.
    account, rep
        ``account_id``, or by regions also ``region:<id>``; and ``rep_id``. Accounts
        that stay together with it go along; by regions, the whole region does.
    time_limit_s
        Seconds at most; less where the bracket is narrow before, up to twice as many
        where no plan is found.

    Raises
    ------
    PlannerError
        If there is no plan, or no such account or rep.
    """
    if not time_limit_s > 0:
        raise PlannerError(_("The time limit must be above 0 seconds."))
    return override_of(
        Known(solution), account, rep, time_limit_s, seed, interrupted, tell
    )


def override_of(
    known: Known,
    account: str,
    rep_id: str,
    seconds: float,
    seed: int | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Override:
    """Do as `override`, of what is laid out already."""
    watch = Watch(seconds, interrupted)
    unit, rep = known.unit(account), known.rep(rep_id)
    barred = tuple(exclusions(known, unit).get(rep, ()))
    again = _searched(known, account, rep_id, watch, seed, tell)
    lower = _lower(known, unit, rep, again.result, bool(barred))
    again, lower = _sharpened(known, again, lower, watch)
    along = [str(known.pairs.accounts.index[at]) for at in known.members(unit)]
    found = Override(
        account=account,
        rep=rep_id,
        along=tuple(name for name in along if name != account),
        status=str(again.status),
        plan_cost=known.solution.cost,
        lower=math.inf,
        upper=math.inf,
        excluded=barred,
        seconds=watch.seconds,
    )
    if again.status is Status.INFEASIBLE:
        return replace(found, reasons=again.reasons)
    if again.plan is None:
        return replace(found, lower=known.money(lower))
    return replace(
        found,
        lower=known.money(lower),
        upper=again.cost,
        moves=_moves(known, again, unit),
        terms=_terms(known, again),
        solution=again,
    )


def _searched(
    known: Known,
    account: str,
    rep: str,
    watch: Watch,
    seed: int | None,
    tell: Callable[[Progress], None],
) -> Solution:
    """
    Solve again with the account pinned, until the gap is small.

    The search starts from a plan among the reps around, so that there is an answer
    where the pin leaves hardly any plan. Where even so none is found, these reps are
    asked once more, beyond the time limit: an answer without an upper end helps nobody.
    """
    solution, pins = known.solution, {account: rep}
    unit = known.unit(account)
    gap = max(solution.scenario.solve.gap, CLOSE)
    scenario = solution.scenario.with_pins(pins).with_solve(gap=gap)
    compiled = pinned(solution, scenario, pins)
    start = WarmStart(known.rep_of, solution.result.row_prices)
    problem, near = compiled.problem, Nearby(None)
    if not compiled.impossible:
        near = nearby_plan(known, problem, unit, watch.part(NEARBY_SHARE))
    if near.arcs is not None:
        start = replace(start, rep_of=problem.rep[near.arcs].astype(np.intp))
    share = WHOLE_SHARE if _fits_whole(problem) else 1.0
    seconds = LEAST_SECONDS if near.impossible else max(LEAST_SECONDS, watch.left)
    if scenario.solve.method == "auto" and len(problem.rep) > SEARCH_FROM:
        scenario = scenario.with_solve(method="search")
    again = solved_again(
        solution,
        with_solve(scenario, time_limit=seconds * share, seed=seed),
        compiled,
        start,
        solution.decisions,
        interrupted=watch.interrupted,
        tell=tell,
    )
    scenario = solution.scenario.with_pins(pins)
    again = replace(again, scenario=with_solve(scenario, time_limit=None, seed=seed))
    arcs = again.result.arcs
    if arcs is None and not (compiled.impossible or near.impossible):
        more = Watch(watch.time_limit, watch.interrupted)
        near = nearby_plan(known, problem, unit, more)
        arcs = near.arcs
    if arcs is not None:
        return _with_arcs(known, again, arcs)
    return _without_any(again) if near.impossible else again


def _fits_whole(problem: Problem) -> bool:
    """Whether a solver of the whole model may sharpen the bracket."""
    if problem.areas is not None or problem.source is not None:
        return False
    return len(problem.rep) <= WHOLE_ARCS


def _lower(known: Known, unit: int, rep: int, again: Result, barred: bool) -> float:
    """
    Highest proven lower limit, in steps.

    A pin only narrows the choice, so what is proven of every plan holds; unless the
    rules barred the pair, and the pin lets it in.
    """
    if barred:
        return float(again.bound)
    return max(float(again.bound), float(known.at_least(known.line(unit))[rep]))


def _sharpened(
    known: Known, again: Solution, lower: float, watch: Watch
) -> tuple[Solution, float]:
    """Ask HiGHS with the whole model where the bracket is still wide."""
    result, problem = again.result, again.compiled.problem
    if result.status in (Status.INFEASIBLE, Status.OPTIMAL) or not _fits_whole(problem):
        return again, lower
    cost = max(abs(known.solution.result.cost), 1.0)
    if (result.cost - lower) / cost <= WIDE or watch.left < 0.3:
        return again, lower
    outcome = solve_highs(
        problem,
        Watch(watch.left, watch.interrupted),
        hint=result.arcs,
        gap=CLOSE / 2,
        seed=result.seed,
    )
    if outcome.infeasible:
        return _without_any(again), math.inf
    proven = outcome.bound + opening_cost(known.solution.tables, known.scale)
    if proven > result.bound:
        result = replace(result, bound=int(proven), bound_by="solver")
        again = replace(again, result=result)
    if outcome.arcs is not None:
        again = _with_arcs(known, again, outcome.arcs)
    return again, max(lower, proven)


def _without_any(again: Solution) -> Solution:
    """State that no plan exists."""
    empty = replace(again.result, status=Status.INFEASIBLE, arcs=None, cost=math.inf)
    return replace(again, result=empty, plan=None)


def _with_arcs(known: Known, again: Solution, arcs: NDArray[np.int64]) -> Solution:
    """Take a plan unless a better one is there; what changed without gain goes back."""
    result, problem = again.result, again.compiled.problem
    if problem.areas is None:  # there the solve has done that
        home = WarmStart(known.rep_of).arcs(problem)
        arcs = settle(problem, linear_rows(problem), arcs, home)
    cost = evaluate(problem, arcs).cost
    cost += opening_cost(known.solution.tables, known.scale)
    if result.arcs is not None and cost > result.cost:
        return again
    status = Status.OPTIMAL if cost <= result.bound else Status.FEASIBLE
    result = replace(result, arcs=arcs, cost=cost, status=status)
    plan = Plan.of_arcs(again.compiled, arcs)
    return replace(again, result=result, plan=plan, reasons=())


def _moves(known: Known, again: Solution, unit: int) -> tuple[Move, ...]:
    """Say who else changes hands, the dearest accounts first."""
    assert again.plan is not None
    before, after = known.plan.owner, again.plan.owner
    changed = (before != after).to_numpy() & (known.compiled.unit_of != unit)
    rows = np.flatnonzero(changed)
    accounts = known.pairs.accounts
    order = rows[np.argsort(-accounts["value"].to_numpy(float)[rows], kind="stable")]
    return tuple(
        Move(
            str(accounts.index[at]),
            str(accounts["name"].iat[at]),
            str(before.iat[at]),
            str(after.iat[at]),
        )
        for at in order.tolist()
    )


def _terms(known: Known, again: Solution) -> dict[str, float]:
    before, after = known.solution.costs_by_term(), again.costs_by_term()
    names = dict.fromkeys([*before, *after])
    change = {name: after.get(name, 0) - before.get(name, 0) for name in names}
    return {name: round(value, 6) for name, value in change.items() if value}
