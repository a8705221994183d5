"""Many solves: one child process each, answers stored the moment they exist."""

from planner.executor.jobs import FAILED, NOT_RUN, RECORDS, Job, Outcome
from planner.executor.run import Tell, run_jobs

__all__ = ["FAILED", "NOT_RUN", "RECORDS", "Job", "Outcome", "Tell", "run_jobs"]
