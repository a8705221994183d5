"""Explanations as plain data for JSON: numbers, ids, and the same sentences."""

from __future__ import annotations

import math
from dataclasses import asdict, fields, is_dataclass
from typing import Any

from planner.explanation.account import AccountExplanation
from planner.explanation.override import Override
from planner.explanation.rep import RepExplanation
from planner.explanation.telling import account_lines, override_lines
from planner.explanation.telling_rep import rep_lines


def to_data(
    told: AccountExplanation | RepExplanation, plan: str, currency: str
) -> dict[str, Any]:
    """
    Return an explanation as plain data; no plan and no proof are None.

    Parameters
    ----------
    plan
        The plan folder, as the commands in the sentences name it.
    currency
        Of all amounts.
    """
    if isinstance(told, RepExplanation):
        body = asdict(told)
        body["sentences"] = rep_lines(told, plan, currency)
        return {"kind": "rep", "currency": currency, **_finite(body)}
    body = {
        field.name: _plain(getattr(told, field.name))
        for field in fields(told)
        if field.name != "overrides"
    }
    body["overrides"] = [
        _override(answer, told, plan, currency) for answer in told.overrides
    ]
    body["sentences"] = account_lines(told, plan, currency)
    return {"kind": "account", "currency": currency, **_finite(body)}


def _override(
    answer: Override, told: AccountExplanation, plan: str, currency: str
) -> dict[str, Any]:
    low, high = answer.change
    body = {
        field.name: _plain(getattr(answer, field.name))
        for field in fields(answer)
        if field.name != "solution"
    }
    exists = answer.lower < math.inf
    body |= {
        "exists": exists,
        "change_lower": low,
        "change_upper": high,
        "width": answer.width if answer.upper < math.inf or not exists else None,
        "command": f"planner explain {plan} {answer.account} --to {answer.rep}",
        "sentences": override_lines(answer, told.rep, plan, currency),
    }
    return body


def _plain(value: Any) -> Any:
    """Turn dataclasses, also those in dicts and tuples, into dicts."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value


def _finite(value: Any) -> Any:
    """Replace what JSON cannot say: inf and NaN become None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return value
