"""Sentences and cells of a comparison, for people."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from babel.numbers import format_decimal

from planner.comparison.content import Content
from planner.comparison.figures import TIED
from planner.comparison.sides import Side
from planner.report import Numbers, locale_of
from planner.reporting import baseline_label
from planner.words import _


class Cells:
    """Figures as the reader's language writes them, by their unit."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._numbers: dict[str, Numbers] = {}

    def _of(self, currency: str) -> Numbers:
        if currency not in self._numbers:
            self._numbers[currency] = Numbers(self._language, currency or "USD")
        return self._numbers[currency]

    def money(self, amount: float, currency: str) -> str:
        """Whole units of a currency."""
        return self._of(currency).money(amount)

    def count(self, amount: float) -> str:
        """A whole number."""
        return self._of("").count(amount)

    def cell(self, amount: float | None, unit: str, currency: str) -> str:
        """A figure; "" where there is none."""
        if amount is None or pd.isna(amount):
            return ""
        numbers = self._of(currency)
        if unit == "currency":
            return numbers.money(amount)
        if unit == "share":
            return numbers.percent(amount, 2)
        if unit == "" and amount != int(amount):
            return format_decimal(amount, "#,##0.000", locale=locale_of(self._language))
        small = unit in ("km", "h") and abs(amount) < 1000
        return numbers.count(amount, 1 if small else 0)

    def delta(self, amount: float | None, unit: str, currency: str) -> str:
        """A difference with its sign; "" where there is none to be seen."""
        if amount is None or pd.isna(amount):
            return ""
        text = self.cell(abs(amount), unit, currency)
        if not any(digit in text for digit in "123456789"):
            return ""
        return f"+{text}" if amount > 0 else f"−{text}"


def title_of(side: Side) -> str:
    """Name of a side for a reader."""
    if side.is_plan:
        return side.name
    return baseline_label(side.name.partition(":")[0], side.kind)


def headline(content: Content, cells: Cells) -> str:
    """Say in one sentence which plan costs least, or which are tied."""
    costs = content.table.loc["cost"]
    best = str(costs["best"])
    fair = [side for side in content.sides if not side.breaches]
    titles = {side.name: title_of(side) for side in content.sides}
    if best == TIED:
        least = min(fair, key=lambda side: side.cost)
        rivals = [
            side
            for side in fair
            if (side.cost if side.bound is None else side.bound) <= least.cost
        ]
        return _(
            "Tied at least cost: {names}. Their bounds do not separate them."
        ).format(names=_listed([titles[side.name] for side in rivals]))
    if not best:
        return _("{n} ways side by side").format(n=len(content.sides))
    others = [side for side in fair if side.name != best]
    winner = next(side for side in fair if side.name == best)
    second = min(others, key=lambda side: side.cost)
    return _("{name} costs least: {saved} a year less than {other}.").format(
        name=titles[best],
        saved=cells.money(second.cost - winner.cost, winner.currency),
        other=titles[second.name],
    )


def _listed(names: Sequence[str]) -> str:
    return _(", ").join(names)
