"""Numbers as the reader's language writes them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
from babel import Locale, UnknownLocaleError
from babel.numbers import (
    format_compact_decimal,
    format_currency,
    format_decimal,
    format_percent,
)

from planner.errors import PlannerError
from planner.words import _

_SHORT_FROM = 10_000
"""Smaller figures are written out on an axis."""


def locale_of(language: str) -> Locale:
    """
    Return the locale of a language code such as ``en``, ``zh`` or ``zh-CN``.

    Raises
    ------
    PlannerError
        If there is none.
    """
    try:
        return Locale.parse(language.replace("-", "_"))
    except (ValueError, UnknownLocaleError) as error:
        raise PlannerError(
            _("{language!r} is no known language. Use a code such as en or zh.").format(
                language=language
            )
        ) from error


class Numbers:
    """Numbers as the reader's language writes them; "" for what is not known."""

    def __init__(self, language: str, currency: str) -> None:
        self._locale, self._currency = locale_of(language), currency

    def money(self, amount: float) -> str:
        """Whole units of the currency."""
        if pd.isna(amount):
            return ""
        return format_currency(
            amount, self._currency, "¤#,##0", locale=self._locale, currency_digits=False
        )

    def price(self, amount: float) -> str:
        """An amount with the decimals of the currency, for prices of single units."""
        if pd.isna(amount):
            return ""
        return format_currency(amount, self._currency, locale=self._locale)

    def count(self, amount: float, digits: int = 0) -> str:
        """A number with at most so many decimals."""
        if pd.isna(amount):
            return ""
        pattern = "#,##0" + ("." + "#" * digits if digits else "")
        return format_decimal(amount, pattern, locale=self._locale)

    def fixed(self, amount: float, digits: int) -> str:
        """A number with exactly so many decimals, for a column of them."""
        if pd.isna(amount):
            return ""
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return format_decimal(amount, pattern, locale=self._locale)

    def short(self, amount: float) -> str:
        """A number for an axis, in few characters: 3.8M."""
        if pd.isna(amount):
            return ""
        if abs(amount) < _SHORT_FROM:
            return self.count(amount, 2 if abs(amount) < 10 else 0)
        return format_compact_decimal(amount, fraction_digits=2, locale=self._locale)

    def axis(self, marks: Sequence[float]) -> list[str]:
        """Labels of the ticks of an axis, with as many decimals as they have."""
        for digits in range(4):
            texts = [self._tick(mark, digits) for mark in marks]
            if texts == [self._tick(mark, digits + 2) for mark in marks]:
                break
        return texts

    def _tick(self, mark: float, digits: int) -> str:
        if abs(mark) < _SHORT_FROM:
            return self.count(mark, digits)
        return format_compact_decimal(mark, fraction_digits=digits, locale=self._locale)

    def percent(self, share: float, digits: int = 0) -> str:
        """A share in per cent."""
        if pd.isna(share):
            return ""
        pattern = "#,##0" + ("." + "0" * digits if digits else "") + "%"
        return format_percent(share, pattern, locale=self._locale)

    def gap(self, share: float) -> str:
        """A proven gap in per cent, rounded up: never more is claimed than proved."""
        return self.percent(math.ceil(share * 1e4 - 1e-9) / 1e4, 2)
