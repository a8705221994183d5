"""Why a scenario has no plan, and what the least change is that gives it one."""

from planner.diagnosis.least import diagnose_solution, solve_least_violating
from planner.diagnosis.result import Conflict, Diagnosis, Member, Option
from planner.diagnosis.run import diagnose, diagnose_tables

__all__ = [
    "Conflict",
    "Diagnosis",
    "Member",
    "Option",
    "diagnose",
    "diagnose_solution",
    "diagnose_tables",
    "solve_least_violating",
]
