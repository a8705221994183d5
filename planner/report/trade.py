"""Trade-offs and numbers of reps: tables of other commands, read back for a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from planner.errors import PlannerError
from planner.report.curves import Chart, headcount_chart, trade_chart
from planner.report.numbers import Numbers
from planner.words import _

FRONTIER, CURVE = "frontier.csv", "curve.csv"

_PARTS = ("travel", "imbalance", "opening", "other")


@dataclass(frozen=True)
class Shown:
    """
    A chart, the sentences above it, and the table under it.

    Attributes
    ----------
    texts
        So many columns from the left are texts that head the row.
    strong
        Which rows stand out.
    """

    chart: Chart
    words: list[str]
    head: list[str]
    rows: list[list[str]]
    texts: int
    strong: list[bool]


def read_frontier(folder: Path) -> pd.DataFrame:
    """
    Read the non-dominated plans that `planner frontier` found.

    Returns
    -------
    Columns ``plan``, one for each axis, ``cost``, ``bound``, ``gap``, ``knee`` (bool)
    and ``price``; ``attrs["axes"]`` names the axes.

    Raises
    ------
    PlannerError
        If there is no such file, or it is not of this form.
    """
    table = _read(folder / FRONTIER, ("plan", "cost", "bound", "gap", "knee"))
    columns = list(table.columns)
    axes = columns[columns.index("plan") + 1 : columns.index("cost")]
    if len(axes) < 2 or table.empty:
        raise _wrong(folder / FRONTIER, _("it has no two axes, or no plan"))
    table = _as_numbers(table, [*axes, "cost", "bound", "gap"], folder / FRONTIER)
    table["price"] = pd.to_numeric(table.get("price", np.nan), errors="coerce")
    table["knee"] = table["knee"].eq("yes")
    table.attrs["axes"] = axes
    return table


def read_headcount(folder: Path) -> pd.DataFrame:
    """
    Read the curve that a solve for several numbers of reps wrote.

    Returns
    -------
    Columns as `planner.sizing.curve_of` has them, NaN without a plan.

    Raises
    ------
    PlannerError
        If there is no such file, or it is not of this form.
    """
    table = _read(folder / CURVE, ("k", "cost", "bound", "gap"))
    known = [column for column in table if column != "status"]
    figures = table[known].replace("", np.nan).apply(pd.to_numeric, errors="coerce")
    table = table.assign(**{str(c): figures[c] for c in known})
    if table["k"].isna().any() or table["cost"].notna().sum() == 0:
        raise _wrong(folder / CURVE, _("no number of reps has a plan"))
    if "marginal_value" not in table:
        table["marginal_value"] = -table["cost"].diff()
    return table


def frontier_shown(table: pd.DataFrame, cost: float, numbers: Numbers) -> Shown:
    """
    Lay out a frontier: its first two axes drawn, all of them in the table.

    Parameters
    ----------
    cost
        Of the plan that the report is about; it is marked where it is on the frontier.
    """
    axes, knee = table.attrs["axes"], table["knee"].to_numpy(bool)
    own = np.isclose(table["cost"], cost, rtol=1e-9, atol=0.005)
    points = pd.DataFrame(
        {
            "x": table[axes[0]],
            "y": table[axes[1]],
            "title": [
                f"{row['plan']}: {_pairs(row, axes, numbers)}"
                for _at, row in table.iterrows()
            ],
            "label": [
                _mark(str(at + 1), k, o)
                for at, (k, o) in enumerate(zip(knee, own, strict=True))
            ],
            "strong": knee | own,
        }
    )
    chart = trade_chart(points, [_(axis) for axis in axes[:2]], numbers)
    head = ["", _("Plan"), *(_(axis) for axis in axes)]
    head += [_("Cost a year"), _("Proven gap"), _("Price")]
    priced = bool(table["price"].notna().any())
    rows = [
        [
            str(at + 1),
            _mark(str(row["plan"]), knee[at], own[at]),
            *(numbers.fixed(row[axis], _digits(table[axis])) for axis in axes),
            numbers.money(row["cost"]),
            numbers.gap(row["gap"]),
            *([numbers.price(row["price"])] if priced else []),
        ]
        for at, (_index, row) in enumerate(table.iterrows())
    ]
    if not priced:
        head.pop()
    return Shown(
        chart, _frontier_words(table, numbers), head, rows, 2, list(knee | own)
    )


def headcount_shown(table: pd.DataFrame, reps: int, numbers: Numbers) -> Shown:
    """
    Lay out the curve of headcounts.

    Parameters
    ----------
    reps
        Of the plan that the report is about; its number is marked.
    """
    found = table[table["cost"].notna()]
    best = int(found["k"].iloc[int(found["cost"].argmin())])
    titles = [_("Number of reps"), _("Cost a year"), _("One more saves")]
    chart = headcount_chart(found, titles, numbers, [best, reps])
    parts = [
        part
        for part in _PARTS
        if part in table and pd.to_numeric(table[part]).fillna(0).abs().sum() > 0
    ]
    names = {
        "travel": _("Travel"),
        "imbalance": _("Imbalance"),
        "opening": _("Opening bases"),
        "other": _("Other"),
    }
    head = [_("Reps"), _("Cost a year"), _("No plan costs less than"), _("Proven gap")]
    head += [names[part] for part in parts] + [_("One more saves")]
    rows = []
    for _at, row in table.iterrows():
        number = _mark(numbers.count(row["k"]), row["k"] == best, row["k"] == reps)
        if pd.isna(row["cost"]):
            blank = [""] * (len(head) - 2)
            rows.append([number, _("no plan"), *blank])
            continue
        rows.append(
            [
                number,
                numbers.money(row["cost"]),
                numbers.money(row["bound"]),
                numbers.gap(row["gap"]),
                *(numbers.money(row[part]) for part in parts),
                numbers.money(row["marginal_value"]),
            ]
        )
    strong = [bool(k in (best, reps)) for k in table["k"]]
    return Shown(chart, _headcount_words(found, best, numbers), head, rows, 1, strong)


def _mark(text: str, best: bool, own: bool) -> str:
    """Add to a name what is special about it."""
    if own:
        text = _("{name} (this plan)").format(name=text)
    return _("{name} ★").format(name=text) if best else text


def _frontier_words(table: pd.DataFrame, numbers: Numbers) -> list[str]:
    axes = table.attrs["axes"]
    said = [
        _(
            "{n} plans of which none is better than another in every respect; less is "
            "better on both axes. Each is proven to within {gap}."
        ).format(n=numbers.count(len(table)), gap=numbers.gap(table["gap"].max()))
    ]
    if table["knee"].any():
        at = int(np.flatnonzero(table["knee"])[0])
        said.append(
            _(
                "★ marks the knee, where the next step in one direction begins to cost "
                "much in the other: {plan} ({figures})."
            ).format(
                plan=table["plan"].iloc[at],
                figures=_pairs(table.iloc[at], axes, numbers),
            )
        )
    return said


def _headcount_words(found: pd.DataFrame, best: int, numbers: Numbers) -> list[str]:
    """Say which number costs least, and which others are not proven to cost more."""
    least = float(found["cost"].min())
    said = [
        _("Least cost: {cost} a year with {k} reps (★).").format(
            cost=numbers.money(least), k=numbers.count(best)
        )
    ]
    open_ = found[(found["bound"] < least) & (found["k"] != best)]
    if open_.empty:
        said.append(_("Proven: every other number costs more."))
    else:
        said.append(
            _(
                "Not proven to cost more: {numbers}. Their shaded ranges, between cost "
                "and what is proven, reach below it; all others do cost more."
            ).format(numbers=", ".join(numbers.count(k) for k in open_["k"]))
        )
    return said


def _pairs(row: pd.Series, axes: Sequence[str], numbers: Numbers) -> str:
    """Name the figures of a plan on each axis."""
    text = _("{name} {figure}")
    return ", ".join(
        text.format(
            name=_(axis),
            figure=numbers.count(row[axis], 3 if abs(row[axis]) < 10 else 0),
        )
        for axis in axes
    )


def _digits(column: pd.Series) -> int:
    """Decimals that tell the figures of a column apart."""
    return 3 if column.abs().max() < 10 else 1 if column.abs().max() < 1000 else 0


def _read(path: Path, needed: Sequence[str]) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise PlannerError(
            _(
                "{path} cannot be read: {why}. Name the folder that it was written to."
            ).format(path=path, why=error)
        ) from error
    if missing := [name for name in needed if name not in table]:
        raise _wrong(path, _("column {name} is missing").format(name=missing[0]))
    return table


def _as_numbers(
    table: pd.DataFrame, columns: Sequence[str], path: Path
) -> pd.DataFrame:
    for column in columns:
        figures = pd.to_numeric(table[column], errors="coerce")
        if figures.isna().any():
            raise _wrong(path, _("column {name} holds no number").format(name=column))
        table[column] = figures
    return table


def _wrong(path: Path, why: str) -> PlannerError:
    return PlannerError(
        _("{path} is not of the expected form: {why}. Write it again.").format(
            path=path, why=why
        )
    )
