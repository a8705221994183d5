"""The table of a benchmark: one row a run, written after every run."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from planner.errors import PlannerError
from planner.tables import write_atomic
from planner.words import _

RESULTS = "results.csv"
COLUMNS = (
    "instance",
    "units",
    "reps",
    "cost",
    "bound",
    "gap",
    "best_known",
    "gap_to_best",
    "seconds",
    "peak_mb",
    "seed",
    "status",
    "solver",
    "method",
    "best_bound",
    "bound_short",
    "threads",
    "time_limit",
)
"""Columns of every results table; gaps are fractions, blank: there is none."""

Run = dict[str, Any]
_DIGITS = {"seconds": 2, "peak_mb": 1, "gap": 8, "gap_to_best": 8, "bound_short": 8}
_STAGE_DIGITS = 2
_MONEY = {"cost", "bound", "best_known", "best_bound", "value"}


def with_gaps(run: Run) -> Run:
    """
    Return a run with its gaps: proven, to the best-known value, of the bound.

    gap = (cost - bound) / max(|cost|, 1); gap_to_best and bound_short likewise
    relate to the published value and bound.
    """
    cost, bound = run.get("cost"), run.get("bound")
    best, best_bound = run.get("best_known"), run.get("best_bound")
    gaps = {
        "gap": _ratio(cost, bound, cost),
        "gap_to_best": _ratio(cost, best, best),
        "bound_short": _ratio(best_bound, bound, best_bound),
    }
    return run | gaps


def _ratio(more: float | None, less: float | None, of: float | None) -> float | None:
    if more is None or less is None or of is None:
        return None
    return (more - less) / max(abs(of), 1)


def check_output(folder: Path) -> None:
    """
    Make the folder of results; refuse one whose results.csv is another's.

    Raises
    ------
    PlannerError
        With the way out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / RESULTS
    if path.is_file() and path.stat().st_size:
        with path.open(encoding="utf-8", errors="replace", newline="") as stream:
            header = next(csv.reader(stream), [])
        if tuple(header[: len(COLUMNS)]) != COLUMNS:
            raise PlannerError(
                _(
                    "{path} is not of a benchmark, so it is left alone. Name another "
                    "folder with -o."
                ).format(path=path)
            )


def write_results(folder: Path, runs: Sequence[Run], stages: Sequence[str]) -> None:
    """Write results.csv, all or nothing; `stages` are the columns beyond `COLUMNS`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = (*COLUMNS, *stages)
    writer.writerow(columns)
    writer.writerows([_cell(run, column) for column in columns] for run in runs)
    write_atomic(folder / RESULTS, text.getvalue().encode("utf-8"))


def _cell(run: Mapping[str, Any], column: str) -> str:
    value = run.get(column)
    if value is None:
        return ""
    if not isinstance(value, float):
        return str(value)
    if not math.isfinite(value):
        return ""
    if column in _MONEY:
        return figure(value)
    return f"{value:.{_DIGITS.get(column, _STAGE_DIGITS)}f}"


def figure(value: float) -> str:
    """Write a cost or bound: a whole one without decimals, others with up to six."""
    if float(value).is_integer():
        return f"{value:.0f}"
    return f"{value:.6f}".rstrip("0")
