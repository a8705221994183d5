"""From a scenario to a solution in one call: the road that CLI and notebooks share."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.certificate import certificate_of
from planner.changes import changes_between
from planner.compile import Compiled, compile_problem
from planner.earlier import read_start
from planner.errors import PlannerError
from planner.evaluate.labels import label_of
from planner.evaluate.metrics import Metrics, metrics
from planner.finishing import (
    at_least_as_good,
    in_currency,
    names_stay,
    todays_map,
    todays_ways,
)
from planner.greenfield import (
    OpenBases,
    find_bases,
    opening_cost,
    start_of,
    with_bases,
    with_opening,
    without_plan,
)
from planner.oversize import set_apart
from planner.pairs import Pairs
from planner.plan import Plan
from planner.priorities import Stage, solve_in_order
from planner.problem import evaluate
from planner.reasons import reasons_by_account, reasons_by_region
from planner.scenario import Scenario, read_scenario, with_solve
from planner.scenario.model import OPENING
from planner.solvers.areas.warm import warm_up_areas
from planner.solvers.baselines import Baseline
from planner.solvers.presolve import reasons_why_not
from planner.solvers.result import Progress, Result, Status, Watch
from planner.solvers.siting.warm import warm_up_siting
from planner.solvers.solve import HINT_ARCS, solve_problem
from planner.solvers.start import WarmStart
from planner.solvers.warm import warm_up
from planner.tables import Tables, load_tables
from planner.words import _

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from planner.maps import AreaLayer


GOOD_START = 0.01
"""Gap of the plan from which the first of several priorities begins."""
LEAST_SECONDS = 0.5
"""For the last solve, where choosing bases took all the time."""


@dataclass(frozen=True, eq=False, repr=False)
class Solution:
    """
    Everything that one solve yields; read `status` before `plan`.

    Attributes
    ----------
    scenario, tables, compiled
        The question: rules, clean tables, and the canonical problem.
    result
        What the solver proved, in the problem's integers.
    plan
        The answer; None when there is none.
    baselines
        Today's ways of assigning, priced like the plan; empty without a plan.
    reasons
        Without a plan: what stands in the way, in sentences.
    bases
        Where bases were chosen: which, and what is proven about it; else None.
    decisions
        What was decided on earlier proposals, see `planner.decisions`; None: nothing.
    stages
        With priorities: what each of them came to.
    """

    scenario: Scenario
    tables: Tables
    compiled: Compiled
    result: Result
    plan: Plan | None
    baselines: tuple[Baseline, ...] = ()
    reasons: tuple[str, ...] = ()
    bases: OpenBases | None = None
    decisions: pd.DataFrame | None = None
    stages: tuple[Stage, ...] = ()

    @property
    def status(self) -> Status:
        """How the solve ended."""
        return self.result.status

    @property
    def gap(self) -> float:
        """Proven gap (cost - bound) / max(|cost|, 1), a fraction."""
        return self.result.gap

    @property
    def cost(self) -> float:
        """Cost of the plan in the scenario's currency; inf without a plan."""
        return self.result.cost / self.compiled.problem.cost_scale

    @property
    def bound(self) -> float:
        """No plan can cost less than this, in the scenario's currency."""
        return self.result.bound / self.compiled.problem.cost_scale

    @cached_property
    def metrics(self) -> Metrics:
        """Loads, balance, travel, changes; needs a plan."""
        if self.plan is None:
            raise PlannerError(
                _("There is no plan, so nothing to measure: {status}.").format(
                    status=self.status
                )
            )
        return metrics(self.tables, self.scenario, self.plan.owner)

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of all terms of the objective, priced rows and splits among them."""
        scenario = self.scenario
        rows = [f"balance[{i}]" for i, b in enumerate(scenario.balance) if not b.hard]
        sets = [f"together[{i}]" for i, t in enumerate(scenario.together) if t.price]
        pairs, opening = self.compiled.problem.terms, [OPENING]
        if self.tables.bases is None:
            opening = []
        return (*pairs, *rows, *sets, *self._map_terms(), *opening)

    def costs_by_term(self) -> dict[str, float]:
        """Cost of each term in the scenario's currency; needs a plan."""
        assert self.result.arcs is not None
        problem = self.compiled.problem
        terms = dict.fromkeys(self.terms, 0) | evaluate(problem, self.result.arcs).terms
        if self.tables.bases is not None:
            terms[OPENING] = self.opening
        return {name: cost / problem.cost_scale for name, cost in terms.items()}

    def reasons_by_account(self) -> pd.Series:
        """
        Say why each account has its rep: a sentence by ``account_id``.

        In the language chosen at that moment; needs a plan.
        """
        return reasons_by_account(self.compiled, self._arcs, self.result.row_prices)

    def reasons_by_region(self) -> pd.Series:
        """Say why each region has its rep: a sentence by ``region:<id>``."""
        return reasons_by_region(self.compiled, self._arcs, self.result.row_prices)

    @property
    def _arcs(self) -> NDArray[np.int64]:
        if self.result.arcs is None:
            raise PlannerError(
                _("There is no plan, so nothing to explain: {status}.").format(
                    status=self.status
                )
            )
        return self.result.arcs

    def area_layer(self) -> AreaLayer:
        """Territories of a plan by regions, beside today's, to be drawn."""
        from planner.workspace import view_of

        view = view_of(self, certificate_of(self))
        return cast("AreaLayer", view.area_layers()["areas"])

    @property
    def opening(self) -> int:
        """What the open bases that are not kept cost, in steps of cost."""
        return opening_cost(self.tables, self.compiled.problem.cost_scale)

    def _map_terms(self) -> list[str]:
        areas = self.compiled.problem.areas
        if areas is None:
            return []
        shape = areas.centres if areas.inertia is None else areas.inertia
        asked = {"compactness": shape, "cut_edges": areas.cut}
        return [name for name, price in asked.items() if price is not None]

    def stake(self) -> float | None:
        """
        (cost - bound) / (cost of the best rule-keeping baseline - bound).

        How much of what planning can win over simple rules is still open; None where
        no simple rule yields a plan that keeps every rule.
        """
        kept = [baseline.cost for baseline in self.baselines if baseline.feasible]
        bound = self.result.bound
        if not kept or min(kept) <= bound:
            return None
        return float((self.result.cost - bound) / (min(kept) - bound))

    def defaults_used(self) -> dict[str, Any]:
        """Every default of scenario and tables that the plan relies on."""
        found = {
            key: json.loads(json.dumps(value).replace("Infinity", '"no end"'))
            for key, value in self.scenario.defaults_used().items()
            if "travel" in self.terms or not key.startswith("travel.")
        }
        given = {f"tables.{k}": v for k, v in self.tables.defaults.items() if v != ""}
        return found | given

    def changes(self, against: Solution | None = None) -> pd.DataFrame:
        """List what changes hands, against another plan or today's owners."""
        return changes_between(self, against)

    def kpis(self) -> pd.DataFrame:
        """Key figures as a table: index = key, columns ``figure, value, unit``."""
        labels = {key: label_of(key) for key in self.metrics.totals}
        return pd.DataFrame(
            {
                "figure": {key: label.label for key, label in labels.items()},
                "value": self.metrics.totals,
                "unit": {key: label.unit for key, label in labels.items()},
            }
        )

    def save(self, folder: str | Path, *, drawings: bool = True) -> list[str]:
        """Write the plan folder; returns messages, such as a font to install."""
        from planner.workspace import write_plan_folder

        return write_plan_folder(Path(folder), self, drawings=drawings)

    def __repr__(self) -> str:
        """Say in one line how the solve ended."""
        if self.plan is None:
            return f"Solution(status={str(self.status)!r})"
        return (
            f"Solution(status={str(self.status)!r}, cost={self.cost:,.2f}, "
            f"bound={self.bound:,.2f}, gap={self.gap:.4%})"
        )

    def _repr_html_(self) -> str:
        from planner.redraw import card_of

        return card_of(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the territories; returns the axes."""
        from planner.redraw import plot_plan

        return plot_plan(self, ax)


def solve(
    scenario: Scenario | str | Path,
    *,
    accounts: pd.DataFrame | None = None,
    reps: pd.DataFrame | None = None,
    regions: pd.DataFrame | None = None,
    distances: pd.DataFrame | None = None,
    bases: pd.DataFrame | None = None,
    time_limit_s: float | None = None,
    seed: int | None = None,
    warm_start: Solution | str | Path | pd.Series | None = None,
    near_bases: Collection[str] = (),
    interrupted: Callable[[], bool] = lambda: False,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Solution:
    """
    Solve a scenario.

    Parameters
    ----------
    scenario
        A scenario, or the path of a scenario file.
    accounts, reps, regions, distances, bases
        Frames that stand in for the scenario's files; the same contract holds.
    time_limit_s, seed
        Instead of those in the scenario.
    warm_start
        A plan to start from: an earlier solution, a plan folder, a CSV file with
        ``account_id,rep_id``, or a series of rep ids by account id. It need not be
        complete, nor keep the rules.
    near_bases
        With ``[bases]``: ids of bases to try, such as those of a plan with fewer reps.
    interrupted
        Asked several times a second; True ends the solve with the best plan so far.
    tell
        Receives progress, in currency: seconds, incumbent, bound, phase.

    Raises
    ------
    ScenarioError, TableError
        Naming every fault.

    Notes
    -----
    "No plan exists" is a status of the solution, not an error.
    """
    if not isinstance(scenario, Scenario):
        scenario = read_scenario(scenario)
    scenario = with_solve(scenario, time_limit=time_limit_s, seed=seed)
    tables = load_tables(
        scenario,
        scenario.base,
        accounts=accounts,
        reps=reps,
        regions=regions,
        distances=distances,
        bases=bases,
    )
    if len(scenario.counts) > 1:
        raise PlannerError(
            _(
                "{key} asks for one solve each: planner solve SCENARIO -o DIR, or "
                "planner.solve_each."
            ).format(key="bases.open" if scenario.bases else "reps.count")
        )
    if scenario.bases is not None:
        if warm_start is not None:
            raise PlannerError(
                _(
                    "A plan to start from says where reps are, [bases] asks where to "
                    "put them. Leave out one of the two."
                )
            )
        return _solve_bases(scenario, tables, near_bases, interrupted, tell)
    return solve_tables(
        scenario, tables, warm_start=warm_start, interrupted=interrupted, tell=tell
    )


def solve_tables(
    scenario: Scenario,
    tables: Tables,
    *,
    warm_start: Solution | str | Path | pd.Series | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Solution:
    """Solve with clean tables in hand, without `[bases]`; arguments as for `solve`."""
    tables, scenario = set_apart(tables, scenario)
    compiled = compile_problem(tables, scenario)
    start = None if warm_start is None else read_start(warm_start, compiled)
    if scenario.priorities:
        return _solve_in_order(scenario, tables, compiled, start, interrupted, tell)
    return solve_compiled(
        scenario, tables, compiled, start=start, interrupted=interrupted, tell=tell
    )


def _solve_in_order(
    scenario: Scenario,
    tables: Tables,
    compiled: Compiled,
    start: WarmStart | None,
    interrupted: Callable[[], bool],
    tell: Callable[[Progress], None],
) -> Solution:
    """Find a plan without the priorities, then go through them from there."""
    warm_up()
    watch, settings = Watch(scenario.solve.time_limit), scenario.solve
    plain = scenario.with_parts(priorities=[]).with_solve(
        time_limit=settings.time_limit / (len(scenario.priorities) + 2),
        gap=max(settings.gap, GOOD_START),
    )
    first = solve_compiled(
        plain, tables, compiled, start=start, interrupted=interrupted, tell=tell
    )
    if first.plan is None:
        return replace(first, scenario=scenario)
    found = solve_in_order(
        scenario,
        tables,
        start=read_start(first, compiled),
        seconds=max(watch.left, LEAST_SECONDS),
        interrupted=interrupted,
        tell=in_currency(tell, compiled.problem.cost_scale),
    )
    answer = (found.scenario, tables, found.compiled, found.result)
    if found.result.arcs is None:  # maybe of a stage: nothing to compare it with
        return Solution(*answer, None, (), reasons_why_not(compiled, scenario))
    return replace(_solution(*answer), stages=found.stages)


def _solve_bases(
    scenario: Scenario,
    tables: Tables,
    near: Collection[str],
    interrupted: Callable[[], bool],
    tell: Callable[[Progress], None],
) -> Solution:
    """Choose bases, then solve with these in the time that is left."""
    warm_up()
    warm_up_siting()
    in_money = in_currency(tell, Pairs(tables, scenario).cost_scale)
    watch = Watch(scenario.solve.time_limit, interrupted, in_money)
    found = find_bases(scenario, tables, near, watch)
    if found.bases is None:
        result = without_plan(found, scenario, watch.seconds)
        return Solution(
            scenario, tables, found.compiled, result, None, (), found.reasons
        )
    tables, scenario_apart = set_apart(found.tables, scenario)
    compiled = found.compiled
    if scenario_apart is not scenario:
        compiled = compile_problem(tables, scenario_apart)
    known = found.result if scenario_apart is scenario else None
    spent, bound = watch.seconds, found.bases.bound
    scale = compiled.problem.cost_scale
    opening = opening_cost(tables, scale) / scale

    def tell_all(moment: Progress) -> None:
        """Pass on what the last solve tells, as part of the whole."""
        cost, seconds = moment.cost + opening, moment.seconds + spent
        tell(moment._replace(seconds=seconds, cost=cost, bound=bound / scale))

    solution = solve_compiled(
        scenario_apart.with_solve(time_limit=max(watch.left, LEAST_SECONDS)),
        tables,
        compiled,
        start=start_of(found),
        known=known,
        interrupted=interrupted,
        tell=tell_all,
    )
    result = replace(with_bases(solution.result, found.bases), seconds=watch.seconds)
    return replace(solution, scenario=scenario_apart, result=result, bases=found.bases)


def solve_compiled(
    scenario: Scenario,
    tables: Tables,
    compiled: Compiled,
    *,
    start: WarmStart | None = None,
    known: Result | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Solution:
    """
    Solve what is compiled already; arguments as for `solve`.

    Parameters
    ----------
    scenario, tables, compiled
        As they belong together.
    start
        A plan of this very question to start from.
    known
        A result of this very question, handed over where no better one is found.
    """
    if compiled.problem.areas is not None:
        warm_up_areas()
    if compiled.problem.areas is not None or len(compiled.problem.rep) > HINT_ARCS:
        warm_up()
    if start is None and compiled.problem.areas is not None:
        start = todays_map(compiled)
    result = known
    if known is None or scenario.solve.time_limit > LEAST_SECONDS:
        result = solve_problem(
            compiled.problem,
            scenario.solve,
            impossible=compiled.impossible,
            warm_start=start,
            interrupted=interrupted,
            tell=in_currency(tell, compiled.problem.cost_scale),
        )
    if known is not None and (result is None or known.cost < result.cost):
        result = known
    assert result is not None
    return _solution(scenario, tables, compiled, result)


def _solution(
    scenario: Scenario, tables: Tables, compiled: Compiled, result: Result
) -> Solution:
    """Unfold a result, beside today's ways."""
    compiled = replace(compiled, problem=result.problem)
    ways: tuple[Baseline, ...] = ()
    if result.status is not Status.INFEASIBLE:
        ways = todays_ways(scenario, tables, compiled)
        result = at_least_as_good(result, compiled, ways)
        compiled = replace(compiled, problem=result.problem)
    if result.arcs is None:
        why = reasons_why_not(compiled, scenario)
        return Solution(scenario, tables, compiled, result, None, (), why)
    if compiled.problem.areas is not None:
        result = names_stay(result, compiled)
    if tables.bases is not None:
        opening = opening_cost(tables, compiled.problem.cost_scale)
        result = with_opening(result, opening)
        ways = tuple(
            replace(way, terms={**way.terms, OPENING: opening}) for way in ways
        )
    assert result.arcs is not None
    plan = Plan.of_arcs(compiled, result.arcs)
    return Solution(scenario, tables, compiled, result, plan, ways)
