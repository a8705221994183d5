"""Tests of columns: which rows does a list of conditions single out?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from planner.errors import PlannerError
from planner.scenario import Condition
from planner.scenario.tables import Cell
from planner.tables.findings import find_column, nearest
from planner.tables.numbers import parse_number
from planner.words import _

Mask = NDArray[np.bool_]
YES = ("yes", "true", "1", "y", "\u662f")
NO = ("no", "false", "0", "n", "\u5426")


def matches(frame: pd.DataFrame, conditions: Sequence[Condition]) -> Mask:
    """
    Return where all conditions hold in a clean frame, shape (n,).

    Text is compared as trimmed text; numbers as numbers; yes/no columns with true,
    false or any way to write yes and no. A missing number fulfils neither at_least
    nor at_most.

    Raises
    ------
    PlannerError
        If the frame has no such column.
    """
    result = np.ones(len(frame), dtype=bool)
    for condition in conditions:
        series = _series(frame, condition.column)
        if pd.api.types.is_bool_dtype(series.dtype):
            text = pa.array(np.where(series, "yes", "no"))
            amounts = series.to_numpy(float)
        elif pd.api.types.is_numeric_dtype(series.dtype):
            text, amounts = None, series.to_numpy(float)
        else:
            text, amounts = trimmed(pa.array(series)), None
        result &= holds(condition, text, amounts)
    return result


def holds(condition: Condition, text: Any, amounts: Any) -> Mask:
    """
    Test one condition on a column.

    Parameters
    ----------
    condition
        Of which at_least and at_most need `amounts`.
    text
        Trimmed cells, shape (n,); None for a numeric column.
    amounts
        The cells as numbers (NaN: missing), shape (n,); None for a text column.
    """
    numbers = None if amounts is None else np.asarray(amounts, dtype=float)
    result = np.ones(len(text if numbers is None else numbers), dtype=bool)
    if condition.any_of is not None:
        result &= _is_one_of(condition.any_of, text, numbers)
    if condition.none_of is not None:
        result &= ~_is_one_of(condition.none_of, text, numbers)
    if condition.at_least is None and condition.at_most is None:
        return result
    if numbers is None:
        numbers = np.array([_amount(cell) for cell in text.to_pylist()])
    if condition.at_least is not None:
        result &= numbers >= condition.at_least
    if condition.at_most is not None:
        result &= numbers <= condition.at_most
    return result


def trimmed(text: pa.Array) -> pa.Array:
    """Return cells without blanks at either end."""
    if isinstance(text, pa.ChunkedArray):
        text = text.combine_chunks()
    return pc.utf8_trim_whitespace(pc.cast(text, pa.large_string()))


def _series(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame and name == frame.index.name:
        return frame.index.to_series()
    names = [str(column) for column in frame.columns]
    column = find_column(names, name)
    if column is None:
        raise PlannerError(
            _("there is no column {name!r} to test. {near}").format(
                name=name, near=nearest(name, names, _("columns"))
            )
        )
    return frame[column]


def _is_one_of(
    wanted: Sequence[Cell], text: Any, numbers: NDArray[np.float64] | None
) -> Mask:
    amounts = [x for x in map(_wanted_amount, wanted) if x is not None]
    if text is None:
        return np.isin(np.asarray(numbers), amounts)
    spellings: set[str] = set()
    for value in wanted:
        if isinstance(value, bool):
            for word in YES if value else NO:
                spellings |= {word, word.capitalize(), word.upper()}
        else:
            spellings.add(str(value).strip())
            if isinstance(value, float) and value.is_integer():
                spellings.add(str(int(value)))
    found = pc.is_in(text, value_set=pa.array(sorted(spellings), pa.large_string()))
    result = np.array(found)
    if numbers is not None and amounts:
        result |= np.isin(numbers, amounts)
    return result


def _wanted_amount(value: Cell) -> float | None:
    return parse_number(value) if isinstance(value, str) else float(value)


def _amount(cell: str) -> float:
    value = parse_number(cell) if cell else None
    return np.nan if value is None else value
