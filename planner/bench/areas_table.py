"""The table of `planner bench areas`: one line a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from planner.bench.markdown import Column, amount, number, percent, table
from planner.bench.results import Run
from planner.words import _


def areas_table(runs: Sequence[Run]) -> list[str]:
    """Return the lines of a table of runs on scenarios of regions."""
    columns: list[Column] = [
        (_("scenario"), _text("instance")),
        (_("solver"), _text("solver")),
        (_("seed"), _text("seed")),
        (_("status"), _text("status")),
        (_("seconds"), lambda some: number(some, "seconds", max)),
        (_("territories"), _text("territories")),
        (_("pieces"), _text("pieces")),
        (_("loads, off the mean"), lambda some: spans(some[0])),
        (_("outside a band"), _text("outside")),
        (_("mean squared distance, km2"), lambda some: number(some, "spread_km2", max)),
        (_("cut edges"), _text("cut_edges")),
        (_("cost"), lambda some: amount(some[0], "cost")),
        (_("value, broken"), lambda some: amount(some[0], "value")),
        (_("bound"), lambda some: amount(some[0], "bound")),
        (_("proven gap"), lambda some: percent(some, "gap", max)),
        (_("verified"), _text("verified")),
    ]
    return table(columns, [[run] for run in runs])


def _text(key: str) -> Callable[[Sequence[Run]], str]:
    def cell(some: Sequence[Run]) -> str:
        value = some[0].get(key)
        if value is None:
            return "-"
        return f"{value:,}" if isinstance(value, int) else str(value)

    return cell


def spans(run: Run) -> str:
    """Write of each measure how far the territories' loads are off their mean."""
    said = [
        f"{name} {run[f'low_{name}']:+z.1%} .. {run[f'high_{name}']:+z.1%}"
        for name in run.get("measures", ())
        if run.get(f"low_{name}") is not None
    ]
    return ", ".join(said).replace("%", " %") or "-"
