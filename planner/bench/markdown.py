"""Tables in Markdown, a line a group of runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from planner.bench.results import Run

Column = tuple[str, Callable[[Sequence[Run]], str]]
"""Heading, and what a group of runs has there."""


def table(columns: Sequence[Column], groups: Sequence[Sequence[Run]]) -> list[str]:
    """Return the lines of a table."""
    lines = [
        "| " + " | ".join(name for name, _cell in columns) + " |",
        "|" + "---|" * len(columns),
    ]
    for some in groups:
        cells = [cell(some).replace("|", "/") for _name, cell in columns]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def values(runs: Sequence[Run], key: str) -> list[float]:
    """Return what the runs have under a key, those that have it."""
    return [run[key] for run in runs if run.get(key) is not None]


def percent(runs: Sequence[Run], key: str, figure: Callable) -> str:
    """Write the mean, or the largest, of fractions in per cent; "-": none."""
    known = values(runs, key)
    return f"{figure(known):z.3%}".replace("%", " %") if known else "-"


def number(runs: Sequence[Run], key: str, figure: Callable) -> str:
    """Write the mean, or the largest, of numbers; "-": none."""
    known = values(runs, key)
    if not known:
        return "-"
    value = figure(known)
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def amount(run: Run, key: str) -> str:
    """Write a cost; "-": none."""
    value = run.get(key)
    if value is None:
        return "-"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"
