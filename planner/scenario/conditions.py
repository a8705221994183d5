"""Which rows of a frame a list of conditions selects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.scenario.tables import Cell, Condition


def holds(frame: pd.DataFrame, conditions: Sequence[Condition]) -> NDArray[np.bool_]:
    """
    Whether all conditions hold, row by row, shape (len(frame),).

    Text columns are compared as text, numeric columns as numbers, yes/no columns as
    truth. A cell that is no number is neither at least nor at most anything.
    """
    result = np.ones(len(frame), dtype=bool)
    for condition in conditions:
        column = frame[condition.column]
        if condition.any_of is not None:
            result &= _is_one_of(column, condition.any_of)
        if condition.none_of is not None:
            result &= ~_is_one_of(column, condition.none_of)
        if condition.at_least is not None:
            result &= (_numbers(column) >= condition.at_least).to_numpy()
        if condition.at_most is not None:
            result &= (_numbers(column) <= condition.at_most).to_numpy()
    return result


def _numbers(column: pd.Series) -> pd.Series:
    return pd.to_numeric(column, errors="coerce").astype(float)


def _is_one_of(column: pd.Series, values: Sequence[Cell]) -> NDArray[np.bool_]:
    if pd.api.types.is_bool_dtype(column):
        wanted = {str(value).strip().casefold() in _YES for value in values}
        return column.isin(list(wanted)).to_numpy(dtype=bool)
    if pd.api.types.is_numeric_dtype(column):
        numbers = pd.to_numeric(pd.Series(list(values), dtype=object), errors="coerce")
        return column.isin(numbers.dropna()).to_numpy(dtype=bool)
    return column.isin([_text(value) for value in values]).to_numpy(dtype=bool)


def _text(value: Cell) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_YES = {"true", "yes", "y", "1", "是"}
