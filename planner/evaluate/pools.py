"""Pools, from the scenario alone: who they are, what they may take, what it costs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.errors import PlannerError
from planner.evaluate.pairs import Bools, Floats, Ints, where
from planner.scenario import Scenario
from planner.tables import fields_of
from planner.words import _


class Pools:
    """
    The pools of a scenario among the columns of the reps.

    Attributes
    ----------
    is_pool
        Whether each column is a pool, nobody last, shape (m + 1,).
    columns
        Column of each pool, in the order of the scenario.
    """

    def __init__(
        self,
        scenario: Scenario,
        accounts: pd.DataFrame,
        reps: pd.DataFrame,
        is_region: Bools,
    ) -> None:
        self.columns = [
            _column(reps, scenario, at) for at in range(len(scenario.pools))
        ]
        self.is_pool = np.zeros(len(reps) + 1, dtype=bool)
        self.is_pool[self.columns] = True
        self._number = np.full(len(reps) + 1, -1)
        self._number[self.columns] = np.arange(len(self.columns))
        others = np.ones(len(accounts), dtype=bool), np.zeros(len(accounts))
        both = [
            _of_pool(scenario, at, accounts, is_region)
            for at in range(len(self.columns))
        ]
        takes, costs = zip(*both, others, strict=True)
        self._takes, self._costs = np.array(takes), np.array(costs)

    def may_take(self, rows: Ints, to: Ints) -> Bools:
        """Whether no `where` of a pool stands against the pairs."""
        return np.asarray(self._takes[self._number[to], rows])

    def cost(self, rows: Ints, to: Ints) -> Floats:
        """Cost to serve by pools, in currency; 0 for all others."""
        return np.asarray(self._costs[self._number[to], rows])

    def codes(self) -> Ints:
        """Number of the set of pools that may take each row, shape (n,)."""
        code = np.zeros(self._takes.shape[1], dtype=np.int64)
        for takes in self._takes[:-1]:
            code = np.unique(2 * code + takes, return_inverse=True)[1]
        return code

    def least(self) -> Floats:
        """Cost to serve each row by each pool, in currency, shape (pools, n)."""
        return np.asarray(self._costs[:-1])


def _column(reps: pd.DataFrame, scenario: Scenario, index: int) -> int:
    """Find a pool among the clean reps, and hold its fields against the scenario."""
    pool = scenario.pools[index]
    at = np.flatnonzero(reps.index == pool.id)
    if len(at) != 1:
        raise PlannerError(
            _(
                "inputs/reps.csv lacks the pool {id}. Write the plan folder again."
            ).format(id=pool.id)
        )
    row = reps.iloc[int(at[0])]
    wanted: dict[str, str | float] = {"latitude": np.nan, "longitude": np.nan}
    for name, value in {**wanted, **fields_of(pool, scenario)}.items():
        found = row[name]
        if not (found == value or (pd.isna(found) and pd.isna(value))):
            raise PlannerError(
                _(
                    "inputs/reps.csv: {name} of the pool {id} is {found}, the "
                    "scenario says {value}. Write the plan folder again."
                ).format(
                    name=name, id=pool.id, found=_shown(found), value=_shown(value)
                )
            )
    return int(at[0])


def _shown(value: object) -> str:
    """Write a field as a table has it."""
    return f"{value:.10g}" if isinstance(value, float) else repr(value)


def _of_pool(
    scenario: Scenario, index: int, accounts: pd.DataFrame, is_region: Bools
) -> tuple[Bools, Floats]:
    """Which rows a pool may take, and what serving each of them costs."""
    pool = scenario.pools[index]
    visits, hours, value = (
        accounts[name].to_numpy(dtype=float) for name in ("visits", "hours", "value")
    )
    each = np.where(is_region, 0.0, pool.cost_per_account)
    cost = each + visits * pool.cost_per_visit + hours * pool.cost_per_hour
    return where(accounts, pool.where) & ~is_region, cost + value * pool.value_share
