"""What pools may take, and what serving from afar costs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.scenario import Scenario
from planner.tables import matches

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Positions = NDArray[np.intp]

AMOUNTS = ("accounts", "visits", "hours", "value")
"""What a pool's prices are per one of, in the order in which costs are added up."""


class PoolPrices:
    """
    Prices of pools; other reps have none.

    Attributes
    ----------
    amounts
        Of each row: 1 for an account, visits, hours, value; shape (4, n).
    prices
        Currency for one of each by rep, nobody last; shape (4, m + 1).
    takes
        Whether each row may go to each rep as far as `where` of the pools goes; one
        column for each pool and a last one, True, for all other reps: (n, pools + 1).
    column
        Column of `takes` for each rep and nobody, shape (m + 1,).
    """

    def __init__(
        self,
        accounts: pd.DataFrame,
        reps: pd.DataFrame,
        scenario: Scenario,
        is_region: Bools,
    ) -> None:
        n, pools = len(accounts), scenario.pools
        self.column = np.full(len(reps) + 1, len(pools), dtype=np.intp)
        self.prices = np.zeros((len(AMOUNTS), len(reps) + 1))
        self.amounts = np.zeros((len(AMOUNTS), n))
        self.takes = np.ones((n, len(pools) + 1), dtype=bool)
        if not pools:
            return
        self.amounts[0] = ~is_region
        for index, name in enumerate(AMOUNTS[1:], start=1):
            self.amounts[index] = accounts[name].to_numpy(float)
        for index, pool in enumerate(pools):
            rep = reps.index.get_loc(pool.id)
            self.column[rep] = index
            self.prices[:, rep] = (
                pool.cost_per_account,
                pool.cost_per_visit,
                pool.cost_per_hour,
                pool.value_share,
            )
            self.takes[:, index] = matches(accounts, pool.where) & ~is_region

    def cost(self, at: Positions, rep: Positions) -> Floats:
        """Currency a year for serving rows by pools, 0 for other reps; broadcast."""
        total = np.zeros(np.broadcast_shapes(np.shape(at), np.shape(rep)))
        for amount, price in zip(self.amounts, self.prices, strict=True):
            total = total + amount[at] * price[rep]
        return total

    def may_take(self, at: Positions, rep: Positions) -> Bools:
        """Whether `where` lets the rep have the row; pools never have regions."""
        return np.asarray(self.takes[at, self.column[rep]])
