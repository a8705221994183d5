"""Everything that one solve yields."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.certificate import certificate_of
from planner.changes import changes_between
from planner.compile import Compiled
from planner.errors import PlannerError
from planner.evaluate.labels import label_of
from planner.evaluate.metrics import Metrics, metrics
from planner.greenfield import (
    OpenBases,
    opening_cost,
)
from planner.plan import Plan
from planner.priorities import Stage
from planner.problem import evaluate
from planner.reasons import reasons_by_account, reasons_by_region
from planner.scenario import Scenario
from planner.scenario.model import OPENING
from planner.solvers.baselines import Baseline
from planner.solvers.result import Result, Status
from planner.tables import Tables
from planner.words import _

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from planner.maps import AreaLayer


GOOD_START = 0.01
"""Gap of the plan from which the first of several priorities begins."""


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
