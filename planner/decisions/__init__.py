"""Decisions on proposed changes: read from a table, checked, kept, explained."""

from planner.decisions.contradict import contradictions
from planner.decisions.read import read_decisions
from planner.decisions.table import (
    DECISIONS,
    fixed,
    kept_decisions,
    no_decisions,
    write_decisions,
)

__all__ = [
    "DECISIONS",
    "contradictions",
    "fixed",
    "kept_decisions",
    "no_decisions",
    "read_decisions",
    "write_decisions",
]
