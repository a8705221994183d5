"""Where to put reps: how many bases to open, among which candidates, at what cost."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator, model_validator

from planner.scenario.kinds import Counts, Price, counts_of
from planner.scenario.tables import Condition, FieldSource, Model, plain_columns

PLACES = ("regions", "accounts")
"""Candidates that need no table of their own."""


class Bases(Model):
    """Open some of the candidate bases; each open base is a rep of the plan."""

    open: Counts = Field(
        description="How many: a number, or 'low:high' for one solve each."
    )
    candidates: str = Field(
        description="File of a table (base_id or id, name, latitude, longitude; "
        "cost and all fields of reps if wanted), or 'regions', or 'accounts'."
    )
    where: list[Condition] = Field(
        [], description="Only candidates for which all these hold; not for 'regions'."
    )
    fields: dict[str, FieldSource] = Field(
        {}, description="Field of the candidates -> source, as for any table."
    )
    keep: bool = Field(
        True,
        description="Bases of the table of reps stay open and count; false: only "
        "candidates are opened.",
    )
    cost: Price = Field(
        0.0,
        description="Currency per year of each open base that is not kept, where the "
        "candidates have no field 'cost'.",
    )
    exactly: bool = Field(True, description="Exactly so many; false: at most.")

    @field_validator("fields", mode="before")
    @classmethod
    def _plain_string_is_column(cls, value: Any) -> Any:
        return plain_columns(value)

    @model_validator(mode="after")
    def _where_has_columns(self) -> Bases:
        if self.where and self.candidates == "regions":
            raise ValueError("where is only for a table of candidates, or 'accounts'")
        return self

    @property
    def count(self) -> int:
        """How many to open, where that is one number; else the most."""
        return counts_of(self.open)[-1]
