"""Kinds of values that several parts of a scenario share."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field


def _kept(column: str) -> str:
    if column == "hours_per_visit":
        raise ValueError("is used up in 'hours' and not kept; name another column")
    return column


def _shared(column: str) -> str:
    if column == "account_id":
        raise ValueError("each account has an id of its own; name a shared column")
    return column


def counts_of(value: int | str) -> list[int]:
    """Return the numbers that a count means: one, or all of ``"low:high"``."""
    if isinstance(value, int) or ":" not in value:
        return [int(value)]
    low, _colon, high = value.partition(":")
    return list(range(int(low), int(high) + 1))


def checked_counts(value: int | str) -> int | str:
    """Return a count as it is meant; ValueError where it is none."""
    if isinstance(value, str):
        low, _colon, high = (part.strip() for part in value.partition(":"))
        if not (low.isdecimal() and high.isdecimal() and 0 < int(low) < int(high)):
            raise ValueError(
                "expects a number, or 'low:high' with low below high, such as '48:53'"
            )
        return f"{int(low)}:{int(high)}"
    if value < 1:
        raise ValueError("expects 1 or more")
    return value


Counts = Annotated[int | str, AfterValidator(checked_counts)]
"""How many: a number, or ``"low:high"``, one solve for each."""
Share = float
Price = Annotated[float, Field(ge=0)]
"""Currency, or a factor: never negative, since the bound rests on costs >= 0."""
End = Annotated[float, Field(allow_inf_nan=True)]
"""Where a band of speeds ends: the last one at inf."""
Kept = Annotated[str, AfterValidator(_kept)]
"""A field or column that the clean accounts have."""
Grouping = Annotated[Kept, AfterValidator(_shared)]
"""A field or column whose cells say which accounts belong together."""
