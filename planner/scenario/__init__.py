"""The scenario file: what is allowed, what is wanted."""

from planner.scenario.model import Scenario
from planner.scenario.read import parse_scenario, read_scenario, with_solve
from planner.scenario.settings import Setting, read_setting, with_settings
from planner.scenario.tables import Condition, FieldSource, Fill, Table

__all__ = [
    "Condition",
    "FieldSource",
    "Fill",
    "Scenario",
    "Setting",
    "Table",
    "parse_scenario",
    "read_scenario",
    "read_setting",
    "with_settings",
    "with_solve",
]
