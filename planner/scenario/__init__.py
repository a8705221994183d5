"""The scenario file: what is allowed, what is wanted."""

from planner.scenario.model import Scenario
from planner.scenario.read import parse_scenario, read_scenario, with_solve
from planner.scenario.tables import Condition, FieldSource, Fill, Table

__all__ = [
    "Condition",
    "FieldSource",
    "Fill",
    "Scenario",
    "Table",
    "parse_scenario",
    "read_scenario",
    "with_solve",
]
