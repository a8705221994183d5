"""From a scenario to a solution in one call: the road that CLI and notebooks share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from planner.compile import Compiled, compile_problem
from planner.evaluate.metrics import Metrics, metrics
from planner.plan import Plan
from planner.scenario import Scenario, read_scenario
from planner.solvers.baselines import Baseline, baselines
from planner.solvers.presolve import reasons_why_not
from planner.solvers.result import Progress, Result, Status
from planner.solvers.rulebook import read_rules
from planner.solvers.solve import solve_problem
from planner.tables import Tables, load_tables

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
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
    reasons
        Without a plan: what stands in the way, in sentences.
    """

    scenario: Scenario
    tables: Tables
    compiled: Compiled
    result: Result
    plan: Plan | None
    reasons: tuple[str, ...] = ()

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
        assert self.plan is not None, "no plan, so nothing to measure"
        return metrics(self.tables, self.scenario, self.plan.owner)

    @cached_property
    def baselines(self) -> list[Baseline]:
        """Today's ways of assigning, priced like the plan."""
        rules, chosen = None, self.scenario.baselines
        if chosen.rules is not None:
            rules = read_rules(self.scenario.base / chosen.rules, self.tables)
        return baselines(
            self.compiled,
            rules=rules,
            performance=chosen.performance,
            seed=self.scenario.solve.seed,
        )

    def kpis(self) -> pd.DataFrame:
        """Key figures as a table: index = figure, columns ``value`` and ``unit``."""
        from planner.evaluate.metrics import LABELS

        totals = self.metrics.totals
        return (
            pd.DataFrame({"value": totals})
            .rename_axis("figure")
            .assign(label=[str(LABELS[k].label) if k in LABELS else k for k in totals])
        )

    def save(self, folder: str | Path) -> Path:
        """Write the plan folder (tables, map, report, certificate) and return it."""
        from planner.workspace import write_plan_folder

        return write_plan_folder(Path(folder), self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the territories; returns the axes."""
        from planner.workspace import plot_plan

        return plot_plan(self, ax)


def solve(
    scenario: Scenario | str | Path,
    *,
    accounts: pd.DataFrame | None = None,
    reps: pd.DataFrame | None = None,
    regions: pd.DataFrame | None = None,
    distances: pd.DataFrame | None = None,
    time_limit_s: float | None = None,
    seed: int | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Solution:
    """
    Solve a scenario.

    Parameters
    ----------
    scenario
        A scenario, or the path of a scenario file.
    accounts, reps, regions, distances
        Frames that stand in for the scenario's files; the same contract holds.
    time_limit_s, seed
        Instead of those in the scenario.
    interrupted, tell
        See `planner.solvers.solve.solve_problem`.

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
    scenario = scenario.with_solve(time_limit=time_limit_s, seed=seed)
    tables = load_tables(
        scenario,
        scenario.base,
        accounts=accounts,
        reps=reps,
        regions=regions,
        distances=distances,
    )
    compiled = compile_problem(tables, scenario)
    result = solve_problem(
        compiled.problem,
        scenario.solve,
        impossible=compiled.impossible,
        interrupted=interrupted,
        tell=tell,
    )
    if result.arcs is None:
        why = reasons_why_not(compiled, scenario)
        return Solution(scenario, tables, compiled, result, None, why)
    plan = Plan.of_arcs(compiled, result.arcs)
    return Solution(scenario, tables, compiled, result, plan)
