"""The checkable territory planner: who serves which customer, with a proven gap."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from planner.compare import compare
    from planner.edits import resolve
    from planner.embedded import demo_scenario
    from planner.errors import PlannerError, ScenarioError, TableError
    from planner.evaluate.verify import verify
    from planner.reopen import open_plan
    from planner.scenario import Scenario, read_scenario
    from planner.sizing import solve_each
    from planner.solution import Solution, solve
    from planner.solvers.result import Status
    from planner.tables import check_tables, load_tables
    from planner.whatif.frontier import frontier
    from planner.whatif.sweep import sweep

_HOME = {
    "PlannerError": "planner.errors",
    "Scenario": "planner.scenario",
    "ScenarioError": "planner.errors",
    "Solution": "planner.solution",
    "Status": "planner.solvers.result",
    "TableError": "planner.errors",
    "check_tables": "planner.tables",
    "compare": "planner.compare",
    "demo_scenario": "planner.embedded",
    "frontier": "planner.whatif.frontier",
    "load_tables": "planner.tables",
    "open_plan": "planner.reopen",
    "read_scenario": "planner.scenario",
    "resolve": "planner.edits",
    "solve": "planner.solution",
    "solve_each": "planner.sizing",
    "sweep": "planner.whatif.sweep",
    "verify": "planner.evaluate.verify",
}

__all__ = [
    "PlannerError",
    "Scenario",
    "ScenarioError",
    "Solution",
    "Status",
    "TableError",
    "check_tables",
    "compare",
    "demo_scenario",
    "frontier",
    "load_tables",
    "open_plan",
    "read_scenario",
    "resolve",
    "solve",
    "solve_each",
    "sweep",
    "verify",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `planner --help` stays fast."""
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'planner' has no attribute {name!r}")
