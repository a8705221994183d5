"""Problems written down as small tables, and random ones with a plan hidden inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from instances import random_question
from numpy.typing import ArrayLike
from small import ACCOUNTS
from small import compiled as compiled_small

from planner.compile import Compiled, compile_problem
from planner.problem import Problem, Row
from planner.scenario import Scenario
from planner.tables import Tables, load_tables

UNSKILLED = ACCOUNTS.replace("imaging", "")
"""The accounts of `small`, none of which needs a skill."""
NO = float("nan")
"""Stands in a table of costs where a rep may not serve a unit."""


def problem_of(
    cost: ArrayLike, m: int, *, demand: dict[str, Any] | None = None, **rest: Any
) -> Problem:
    """
    Return a problem from a table of costs.

    Parameters
    ----------
    cost
        Shape (n, m), or (n, m + 1) with what leaving out costs; `NO`: not eligible.
    demand
        Measure -> steps per unit (n,) or per pair (n, m); nobody takes nothing.
    rest
        Fields of `Problem` (rows, splits, apart).
    """
    table = np.asarray(cost, dtype=float)
    n = len(table)
    unit, rep = np.nonzero(~np.isnan(table))
    amounts = np.zeros((len(demand or {}), n, m + 1), dtype=np.int64)
    for measure, values in enumerate((demand or {}).values()):
        amounts[measure, :, :m] = np.asarray(values).reshape(n, -1)
    return Problem(
        unit_ids=tuple(f"u{u}" for u in range(n)),
        rep_ids=tuple(f"R{r}" for r in range(m)),
        start=np.searchsorted(unit, np.arange(n + 1)).astype(np.int64),
        rep=rep.astype(np.int32),
        terms=("travel",),
        cost=table[unit, rep].astype(np.int64)[None],
        measures=tuple(demand or {}),
        scales=(1,) * len(amounts),
        demand=amounts[:, unit, rep],
        **rest,
    )


def each_rep(
    m: int,
    *,
    low: Sequence[int] | int = 0,
    high: Sequence[int] | int | None = None,
    price: int | None = None,
    name: str = "limits[0]",
    measure: int = 0,
) -> tuple[Row, ...]:
    """Return one row per rep on a measure."""
    lows = [low] * m if isinstance(low, int) else list(low)
    highs = [high] * m if high is None or isinstance(high, int) else list(high)
    return tuple(
        Row(f"{name}/R{r}", measure, np.array([r]), lows[r], highs[r], price)
        for r in range(m)
    )


def planted(
    seed: int, n: int, m: int, fill: float, leave_out: int | None = None
) -> Problem:
    """
    Return a problem whose caps leave 1 - fill of room around a hidden plan.

    With `leave_out` a unit may stay out at this price.

    Accounts lie in a square and prefer near reps; the hidden plan takes the second
    nearest rep for a third of them, so the cheapest choice breaks the caps.
    """
    rng = np.random.default_rng(seed)
    places, bases = rng.random((n, 2)), rng.random((m, 2))
    away = np.linalg.norm(places[:, None] - bases, axis=2)
    rank = np.argsort(away, axis=1)
    hidden = rank[np.arange(n), (rng.random(n) < 1 / 3).astype(int)]
    hours = rng.integers(10, 100, n)
    loads = np.bincount(hidden, hours, minlength=m)
    high = [int(np.ceil(load / fill)) for load in loads]
    cost = np.rint(away * 1000)
    if leave_out is not None:
        cost = np.column_stack([cost, np.full(n, leave_out)])
    return problem_of(cost, m, demand={"hours": hours}, rows=each_rep(m, high=high))


def compiled_question(
    seed: int, distances: pd.DataFrame | None = None
) -> tuple[Scenario, Tables, Compiled]:
    """Return a tiny random question, its clean tables, and the compiled problem."""
    scenario, frames = random_question(seed)
    if distances is not None:
        given = scenario.model_dump(exclude_unset=True, by_alias=True)
        given["distances"] = {"file": "distances"}
        scenario = Scenario.model_validate(given)
        frames = frames | {"distances": distances}
    tables = load_tables(scenario, scenario.base, **frames)
    return scenario, tables, compile_problem(tables, scenario)


def compiled(rules: str = "", **tables: str) -> Compiled:
    """Compile the question of `small`, where a1 needs no skill unless said so."""
    return compiled_small(rules, **({"accounts": UNSKILLED} | tables))


def correlated(seed: int, n: int, m: int) -> Problem:
    """
    Return a hard assignment problem: what is cheap takes much, caps leave no room.

    Type D of Laguna et al. 1995: use 1 to 100, cost 111 - use and up to 10 more or
    less, caps of 80 % of the mean use.
    """
    rng = np.random.default_rng(seed)
    use = rng.integers(1, 101, (n, m))
    cost = 111 - use + rng.integers(-10, 11, (n, m))
    high = [int(0.8 * total / m) for total in use.sum(axis=0)]
    return problem_of(cost, m, demand={"hours": use}, rows=each_rep(m, high=high))
