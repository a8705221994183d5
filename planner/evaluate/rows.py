"""Limits, balance bands and budgets: what caps a plan as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner.errors import PlannerError
from planner.evaluate.pairs import Bools, Ints, Quantity, column_of
from planner.rounding import (
    highest,
    lowest,
)
from planner.scenario.model import MOVED, TERMS
from planner.scenario.rules import Limit
from planner.words import _

if TYPE_CHECKING:
    from planner.evaluate.recount import Recount


@dataclass(frozen=True)
class Row:
    """
    ``low <= load <= high`` of a quantity over some reps.

    ``family`` is the scenario's entry, such as ``"limits[0]"``; the rows of a family
    share no rep. ``reps`` are columns. ``price`` in cost units per step of the
    measure outside the band; None: the row is hard.
    """

    id: str
    family: str
    quantity: Quantity
    reps: Ints
    low: int
    high: int | None
    price: int | None = None


def rows_of(recount: Recount) -> list[Row]:
    """Return all limits, balance bands and budgets of a scenario."""
    return [
        *_caps_of_pools(recount),
        *_limits(recount),
        *_balances(recount),
        *_budgets(recount),
    ]


def _caps_of_pools(recount: Recount) -> Iterator[Row]:
    by_hours = recount.scenario.capacity_measure
    for index, pool in enumerate(recount.scenario.pools):
        column = np.array([recount.pools.columns[index]])
        for name, cap in ((by_hours, pool.capacity), ("accounts", pool.max_accounts)):
            if cap is None:
                continue
            high = highest(float(cap), recount.scales[name])
            family = f"pools[{index}]"
            row_id = f"{family}/{name}"
            yield Row(row_id, family, ("measure", name), column, 0, high)


def _sets(recount: Recount, per: str, kept: Bools) -> list[tuple[str, Ints]]:
    """Rep sets of a limit or balance: suffix of the row id, columns."""
    if per == "all":
        return [("all", np.flatnonzero(kept))]
    if per == "rep":
        each = np.flatnonzero(kept).tolist()
        return [(str(recount.reps.index[j]), np.array([j])) for j in each]
    team = recount.reps["team"].to_numpy(object)
    names = pd.unique(team[kept & (team != "")])
    return [(f"team:{t}", np.flatnonzero(kept & (team == t))) for t in names]


def _side(
    recount: Recount, limit: Limit, value: float | str | None, reps: Ints
) -> float | None:
    if not isinstance(value, str):
        return value
    numbers = column_of(recount.reps, value).to_numpy(dtype=float)[reps]
    if limit.per == "rep" and np.isnan(numbers).all():
        return None
    return float(np.nansum(numbers))


def _limits(recount: Recount) -> Iterator[Row]:
    for index, limit in enumerate(recount.scenario.limits):
        family, scale = f"limits[{index}]", recount.scales[limit.measure]
        named = limit.reps is not None or limit.teams is not None
        kept = named | ~recount.pools.is_pool[:-1]
        if limit.reps is not None:
            kept &= recount.reps.index.isin(limit.reps)
        if limit.teams is not None:
            kept &= recount.reps["team"].isin(limit.teams).to_numpy(dtype=bool)
        for suffix, reps in _sets(recount, limit.per, kept):
            low, high = (
                _side(recount, limit, x, reps) for x in (limit.low, limit.high)
            )
            yield Row(
                f"{family}/{suffix}",
                family,
                ("measure", limit.measure),
                reps,
                0 if low is None else lowest(low, scale),
                None if high is None else highest(high, scale),
            )


def _balances(recount: Recount) -> Iterator[Row]:
    for index, entry in enumerate(recount.scenario.balance):
        family, scale = f"balance[{index}]", recount.scales[entry.measure]
        weights = np.ones(len(recount.reps))
        if entry.target != "equal":
            weights = np.nan_to_num(
                column_of(recount.reps, entry.target).to_numpy(float)
            )
        weights[recount.pools.is_pool[:-1]] = 0.0
        if recount.pools.is_pool[:-1].all():
            return
        if not weights.sum() > 0:
            raise PlannerError(
                _(
                    "{family}: the reps' {field} adds up to nothing; there is no "
                    "target."
                ).format(family=family, field=entry.target)
            )
        # Who is set apart is not balanced, and no pool is.
        in_play = ~(recount.ground.is_apart | recount.pools.is_pool)[:-1]
        weights[~in_play] = 0.0
        total = recount.own[entry.measure][recount.ground.apart < 0].sum()
        if entry.of_total is not None:
            total = total * entry.of_total
        all_weights = weights.sum()
        for suffix, reps in _sets(recount, entry.per, in_play):
            target = float(total * weights[reps].sum() / all_weights)
            low_end = max(0.0, target * (1 - entry.tolerance))
            ends = low_end, target * (1 + entry.tolerance)
            price = int(recount.steps(entry.price / scale, recount.cost_scale, family))
            low, high = lowest(ends[0], scale), highest(ends[1], scale)
            if not entry.hard:
                low, high = recount.steps(ends, scale, family).tolist()
            yield Row(
                f"{family}/{suffix}",
                family,
                ("measure", entry.measure),
                reps,
                low,
                high,
                None if entry.hard else price,
            )


def _budgets(recount: Recount) -> Iterator[Row]:
    for index, budget in enumerate(recount.scenario.budgets):
        family, everyone = f"budgets[{index}]", np.arange(recount.nobody + 1)
        if budget.of in MOVED:
            by_value = budget.of == "moved_value"
            kind, scale = "moved", recount.value_scale if by_value else 1
            counted = recount.ground.is_region == (budget.of == "moved_regions")
            total = float(recount.value.sum()) if by_value else float(counted.sum())
        elif budget.of in TERMS:
            kind, scale, total = "term", recount.cost_scale, 0
        else:
            kind, scale, total = "measure", recount.scales[budget.of], 0
            everyone = everyone[:-1]  # nobody takes nothing of any measure
        cap = budget.amount if budget.share is None else budget.share * total
        high = highest(cap or 0.0, scale)
        yield Row(family, family, (kind, budget.of), everyone, 0, high)
