"""Why a scenario has no plan, and what the least change is that gives it one."""

from planner.diagnose.result import Conflict, Diagnosis, Member, Option
from planner.diagnose.run import diagnose, diagnose_tables

__all__ = ["Conflict", "Diagnosis", "Member", "Option", "diagnose", "diagnose_tables"]
