"""Waves: on which day which of the changed accounts change hands."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from pydantic import Field, field_validator

from planner.scenario.tables import Condition, Model


class Wave(Model):
    """
    Accounts that change hands on one day.

    A changed account belongs to the first wave whose conditions hold. Waves without
    `where` share the rest: one takes it all; of two, the earlier takes what is neither
    protected nor has open pipeline, the later the others.
    """

    name: str | None = Field(None, description="Shown with its accounts.")
    date: datetime.date | None = Field(None, description="ISO date, 2027-01-31.")
    where: list[Condition] = Field([], description="Only these accounts, by fields.")

    @field_validator("date", mode="before")
    @classmethod
    def _is_a_day(cls, value: Any) -> Any:
        """Numbers are no dates: pydantic would take 20270131 for seconds."""
        if isinstance(value, str):
            try:
                return datetime.date.fromisoformat(value)
            except ValueError:
                value = 0
        is_day = isinstance(value, datetime.date)
        if value is not None and (not is_day or isinstance(value, datetime.datetime)):
            raise ValueError("expects a date such as 2027-01-31")
        return value


def check_waves(waves: Sequence[Wave]) -> None:
    """
    Refuse waves that do not make up an order.

    Raises
    ------
    ValueError
        If only some have a date, or three or more have no `where`.
    """
    dated = sum(wave.date is not None for wave in waves)
    if 0 < dated < len(waves):
        raise ValueError("waves: give each of them a date, or none")
    if sum(not wave.where for wave in waves) > 2:
        raise ValueError(
            "waves: at most two may be without where; say which accounts the others "
            "take"
        )


def in_order(waves: Sequence[Wave]) -> list[Wave]:
    """Return waves by date; without any, the two that are the default."""
    if not waves:
        return [Wave(), Wave()]
    return sorted(waves, key=lambda wave: wave.date or datetime.date.min)
