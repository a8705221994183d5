"""What a text, such as a list of skills, says of every rep."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Positions = NDArray[np.intp]


class ByText:
    """
    What ``row(text)`` says of every rep, kept once per distinct text.

    Attributes
    ----------
    codes
        Number of the text of each account, shape (n,).
    table
        Shape (texts, m + 1); nobody (last) has 0.
    """

    def __init__(self, column: pd.Series, row: Callable[[str], list]) -> None:
        self.codes, texts = pd.factorize(column)
        table = np.array([row(text) for text in texts])
        nobody = np.zeros((len(texts), 1), dtype=table.dtype)
        self.table = np.hstack([table, nobody])

    def __call__(self, at: Positions, rep: Positions) -> NDArray:
        """Look up pairs, broadcast."""
        return np.asarray(self.table[self.codes[at], rep])
