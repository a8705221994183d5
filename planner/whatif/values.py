"""A question for each combination of values of some keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from planner.scenario import Scenario, Setting, with_settings
from planner.solution import Solution
from planner.solving import solve, solve_tables
from planner.tables import Tables, load_tables
from planner.whatif.run import Run
from planner.whatif.shelf import Kept, fingerprint
from planner.whatif.turns import Question, Turns


def over_values(
    scenario: Scenario, settings: Sequence[Setting], turns: Turns
) -> Iterator[Kept]:
    """Solve each combination, neighbours one after the other, each from the last."""
    tables_of = _TablesOf()
    before: Path | None = None
    for values in _neighbours([one.values for one in settings]):
        keys = {one.key: value for one, value in zip(settings, values, strict=True)}
        asked = with_settings(scenario, keys)
        name, tables = _name_of(keys), tables_of(asked)
        question = fingerprint(asked, tables)
        kept = turns.shelf.find(name, question)
        if kept is None:
            solved = partial(_solved, asked, tables, turns.run)
            limit, row = asked.solve.time_limit, partial(_row, keys)
            kept = turns.ask(Question(name, question, limit, solved, row), before)
        yield kept
        before = kept.folder or before
        if turns.run.interrupted():
            return


def _solved(
    asked: Scenario, tables: Tables, run: Run, seconds: float, start: Path | None
) -> Solution:
    asked = asked.with_solve(time_limit=seconds)
    if asked.bases is not None:
        return solve(asked, interrupted=run.interrupted, tell=run.tell)
    return solve_tables(
        asked,
        tables,
        warm_start=start,
        interrupted=run.interrupted,
        tell=run.tell,
    )


def _row(keys: dict[str, Any], _solution: Solution) -> dict[str, Any]:
    return keys


def _neighbours(values: Sequence[Sequence[Any]]) -> Iterator[tuple[Any, ...]]:
    """Yield all combinations so that each differs from the one before in one value."""
    if not values:
        yield ()
        return
    rest = list(_neighbours(values[1:]))
    for at, first in enumerate(values[0]):
        for others in reversed(rest) if at % 2 else rest:
            yield (first, *others)


def _name_of(keys: dict[str, Any]) -> str:
    """Name of a plan folder: ``tolerance=0.05``, in full where that is not clear."""
    shorts = [key.rpartition(".")[2] for key in keys]
    names = shorts if len(set(shorts)) == len(shorts) else list(keys)
    parts = [f"{name}={keys[key]}" for name, key in zip(names, keys, strict=True)]
    return re.sub(r"[^\w.=+,\-\[\]]", "-", ",".join(parts))[:120]


class _TablesOf:
    """Tables of scenarios that differ a little: read again only where they may."""

    PRICES = frozenset({"solve", "budgets", "handover", "travel", "balance", "name"})
    """Keys that name no column, but for measures and targets of balance."""

    def __init__(self) -> None:
        self.key: str | None = None
        self.tables: Tables | None = None

    def __call__(self, scenario: Scenario) -> Tables:
        """Return the clean tables of a scenario."""
        used = [(rule.measure, rule.target) for rule in scenario.balance]
        key = repr((scenario.model_dump(exclude={*self.PRICES}), used))
        if self.tables is None or key != self.key:
            self.tables, self.key = load_tables(scenario, scenario.base), key
        return self.tables
