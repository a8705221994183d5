"""The checkable territory planner: who serves which customer, with a proven gap."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from planner.comparison import compare, moved_between, solve_many
    from planner.diagnosis import Diagnosis, diagnose, solve_least_violating
    from planner.edits import resolve
    from planner.embedded import demo_scenario
    from planner.errors import PlannerError, ScenarioError, TableError
    from planner.evaluate.verify import verify
    from planner.explanation import best_accounts_for, best_receivers, explain, override
    from planner.owners import export_owners
    from planner.reopen import open_plan
    from planner.scenario import Scenario, read_scenario
    from planner.sizing import solve_each
    from planner.solution import Solution
    from planner.solvers.result import Status
    from planner.solving import solve
    from planner.tables import check_tables, load_tables
    from planner.whatif.frontier import frontier
    from planner.whatif.sweep import sweep

_HOME = {
    "Diagnosis": "planner.diagnosis",
    "PlannerError": "planner.errors",
    "Scenario": "planner.scenario",
    "ScenarioError": "planner.errors",
    "Solution": "planner.solution",
    "Status": "planner.solvers.result",
    "TableError": "planner.errors",
    "best_accounts_for": "planner.explanation",
    "best_receivers": "planner.explanation",
    "check_tables": "planner.tables",
    "compare": "planner.comparison",
    "demo_scenario": "planner.embedded",
    "diagnose": "planner.diagnosis",
    "explain": "planner.explanation",
    "export_owners": "planner.owners",
    "frontier": "planner.whatif.frontier",
    "load_tables": "planner.tables",
    "moved_between": "planner.comparison",
    "open_plan": "planner.reopen",
    "override": "planner.explanation",
    "read_scenario": "planner.scenario",
    "resolve": "planner.edits",
    "solve": "planner.solving",
    "solve_each": "planner.sizing",
    "solve_many": "planner.comparison",
    "solve_least_violating": "planner.diagnosis",
    "sweep": "planner.whatif.sweep",
    "verify": "planner.evaluate.verify",
}

__all__ = [
    "Diagnosis",
    "PlannerError",
    "Scenario",
    "ScenarioError",
    "Solution",
    "Status",
    "TableError",
    "best_accounts_for",
    "best_receivers",
    "check_tables",
    "compare",
    "demo_scenario",
    "diagnose",
    "explain",
    "export_owners",
    "frontier",
    "load_tables",
    "moved_between",
    "open_plan",
    "override",
    "read_scenario",
    "resolve",
    "solve",
    "solve_each",
    "solve_least_violating",
    "solve_many",
    "sweep",
    "verify",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `planner --help` stays fast."""
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'planner' has no attribute {name!r}")
