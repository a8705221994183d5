"""What binds: limits that are used up, and what one more unit would save, in words."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from planner.report.data import ReportData
from planner.report.numbers import Numbers
from planner.words import _

_STEPS = (1, 1_000, 1_000_000)
"""Units that a price is told for: the first for which a rule's highest is 1 or more."""


@dataclass(frozen=True)
class Bound:
    """One limit that is used up."""

    rule: str
    who: str
    load: str
    limit: str
    worth: str


def binding_rows(data: ReportData) -> list[Bound]:
    """Return the limits that bind, the most expensive first."""
    if data.binding is None:
        return []
    numbers = Numbers(data.language, data.currency)
    step = _steps(data.binding)
    rows = data.binding.sort_values("price", ascending=False, kind="stable")
    return [
        Bound(
            rule=str(row["rule"]),
            who=data.who(str(row["who"])),
            load=numbers.count(row["load"], 1),
            limit=numbers.count(row["limit"], 1),
            worth=_worth(row, step[row["rule"]], numbers),
        )
        for _at, row in rows.iterrows()
    ]


def binding_words(data: ReportData) -> list[str]:
    """Say for each rule how many it holds back, and where it costs most."""
    if data.binding is None:
        return []
    numbers = Numbers(data.language, data.currency)
    said, step = [], _steps(data.binding)
    priced = data.binding[data.binding["price"] > 0]
    order = priced.groupby("rule")["price"].max().sort_values(ascending=False).index
    for rule in order:
        rows = priced[priced["rule"] == rule].sort_values("price", ascending=False)
        first = rows.iloc[0]
        words = {
            "rule": rule,
            "n": numbers.count(len(rows)),
            "who": data.who(str(first["who"])),
            "worth": _worth(first, step[rule], numbers),
        }
        if _kind(first) == "budget":
            text = _("“{rule}” is used up: {worth}.")
        elif len(rows) == 1:
            text = _("“{rule}” holds back {who}: {worth}.")
        else:
            text = _("“{rule}” holds back {n} reps, most of all {who}: {worth}.")
        said.append(text.format(**words))
    return said


def _steps(binding: pd.DataFrame) -> dict[str, int]:
    """Return by rule for how many units its prices are told."""
    highest = binding.groupby("rule")["price"].max()
    return {
        str(rule): next((s for s in _STEPS if price * s >= 1), _STEPS[-1])
        for rule, price in highest.items()
    }


def _kind(row: pd.Series) -> str:
    return str(row["kind"]) if "kind" in row else "cap"


def _worth(row: pd.Series, step: int, numbers: Numbers) -> str:
    """Say what relaxing the limit a little would save."""
    price = float(row["price"])
    if not price > 0:
        return _("costs nothing")
    text = _("{n} more would save {price} a year")
    if _kind(row) == "floor":
        text = _("a floor lower by {n} would save {price} a year")
    return text.format(n=numbers.count(step), price=numbers.price(price * step))
