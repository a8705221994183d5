"""Pooled and digital teams: who serves from afar, at what cost, and which accounts."""

from __future__ import annotations

from pydantic import Field

from planner.scenario.kinds import Price
from planner.scenario.tables import Condition, Model


class Pool(Model):
    """
    A pooled or digital team: a rep without base and travel, at a cost to serve.

    Serving an account costs cost_per_account + visits x cost_per_visit + hours x
    cost_per_hour + value x value_share. Skills, fit, pins, protection and handover
    hold as for every rep. Limits and balance concern a pool only where they name it
    or its team.
    """

    id: str = Field(
        min_length=1,
        description="Its rep_id in the plan; no rep of the table may have it.",
    )
    name: str | None = Field(None, description="Name to show; default: the id.")
    team: str = Field("", description="As of a rep.")
    grade: str = Field("", description="As of a rep.")
    skills: str = Field("", description="As of a rep, such as 'imaging:2;robotics'.")
    where: list[Condition] = Field(
        [], description="Accounts that it may take: those for which all these hold."
    )
    cost_per_account: Price = Field(0.0, description="Currency per account.")
    cost_per_visit: Price = Field(0.0, description="Currency per visit.")
    cost_per_hour: Price = Field(0.0, description="Currency per hour of service.")
    value_share: Price = Field(
        0.0, description="Currency per unit of `value`: what serving from afar loses."
    )
    capacity: float | None = Field(
        None,
        ge=0,
        description="Most hours a year; of the measure that limits hold against the "
        "reps' `capacity`, else of 'hours'.",
    )
    max_accounts: int | None = Field(None, ge=0, description="Most accounts.")

    @property
    def shown(self) -> str:
        """Name to show."""
        return self.name or self.id
