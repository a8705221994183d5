"""Trade-offs and numbers of reps: tables of other commands, read back for a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from planner.errors import PlannerError
from planner.report.curves import Chart, headcount_chart, trade_chart
from planner.report.numbers import Numbers
from planner.words import _

FRONTIER, CURVE = "frontier.csv", "curve.csv"

PARTS = (
    "travel",
    "handover",
    "skill",
    "fit",
    "leave_out",
    "compactness",
    "cut_edges",
    "imbalance",
    "splits",
    "opening",
    "pool",
    "other",
)
"""Parts of the cost in a curve; imbalance and splits sum up all rules of their kind."""
_MONEY = (*PARTS, "handover_at_risk", "rep_cost")
"""Columns of a curve in currency; shown where they are not all 0."""


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


def read_frontier(folder: Path, plan: Path | None = None) -> pd.DataFrame:
    """
    Read the non-dominated plans that `planner frontier` found.

    Parameters
    ----------
    plan
        The plan folder that a report is about: marked where it is one of the frontier.

    Returns
    -------
    Columns ``plan``, one for each axis, ``cost``, ``bound``, ``gap``, ``knee`` (bool)
    and ``price``; ``attrs["axes"]`` names the axes, ``attrs["own"]`` the plan.

    Raises
    ------
    PlannerError
        If there is no such file, or it is not of this form.
    """
    path = folder / FRONTIER
    table = _read(path, ("plan", "cost", "bound", "gap", "knee"))
    columns = list(table.columns)
    axes = columns[columns.index("plan") + 1 : columns.index("bound")]
    if len(axes) > 2 and axes[-1] == "cost":  # else cost itself is an axis
        axes = axes[:-1]
    if len(axes) < 2 or table.empty:
        raise _wrong(path, _("it has no two axes, or no plan"))
    table = _as_numbers(table, [*axes, "cost", "bound", "gap"], path)
    table["price"] = pd.to_numeric(table.get("price", np.nan), errors="coerce")
    one_of_it = plan is not None and plan.resolve().parent == folder.resolve()
    return as_frontier(table, axes, plan.name if plan and one_of_it else "")


def as_frontier(
    table: pd.DataFrame, axes: Sequence[str], own: str = ""
) -> pd.DataFrame:
    """Return the table of a frontier in the form of `read_frontier`."""
    table = table.assign(knee=table["knee"].eq("yes"))
    table.attrs |= {"axes": list(axes), "own": own}
    return table


def read_headcount(folder: Path) -> pd.DataFrame:
    """
    Read the curve that a solve for several numbers of reps wrote.

    Returns
    -------
    Columns as `planner.sizing.curve_of` has them, NaN without a plan; where there is
    a ``total``, cost and bound are those of the total.

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
    if "total" in table:  # with reps' own cost, and what their leaving puts at risk
        table["bound"] += table["total"] - table["cost"]
        table["cost"] = table["total"]
    if "marginal_value" not in table:
        table["marginal_value"] = -table["cost"].diff()
    return table


def frontier_shown(table: pd.DataFrame, numbers: Numbers) -> Shown:
    """Lay out a frontier: its first two axes drawn, all of them in the table."""
    axes, knee = table.attrs["axes"], table["knee"].to_numpy(bool)
    own = table["plan"].eq(table.attrs["own"]).to_numpy(bool)
    names = [axis_label(axis) for axis in axes]
    digits = {axis: _digits(table[axis]) for axis in axes}
    figures = [
        [numbers.fixed(row[axis], digits[axis]) for axis in axes]
        for _at, row in table.iterrows()
    ]
    points = pd.DataFrame(
        {
            "x": table[axes[0]],
            "y": table[axes[1]],
            "title": [
                f"{plan}: " + "; ".join(map("{}: {}".format, names, told))
                for plan, told in zip(table["plan"], figures, strict=True)
            ],
            "label": [
                _mark(str(plan), bool(best), bool(mine))
                for plan, best, mine in zip(table["plan"], knee, own, strict=True)
            ],
            "strong": knee | own,
        }
    )
    chart = trade_chart(points, names[:2], numbers)
    with_cost = "cost" not in axes
    priced = bool(table["price"].notna().any())
    head = [_("Plan"), *names]
    head += [_("Cost a year")] if with_cost else []
    head += [_("Proven gap"), *([_("Price of a point")] if priced else [])]
    rows = [
        [
            _mark(str(row["plan"]), bool(knee[at]), bool(own[at])),
            *figures[at],
            *([numbers.money(row["cost"])] if with_cost else []),
            numbers.gap(row["gap"]),
            *([numbers.money(row["price"])] if priced else []),
        ]
        for at, (_index, row) in enumerate(table.iterrows())
    ]
    words = _frontier_words(table, figures, numbers)
    return Shown(chart, words, head, rows, 1, list(knee | own))


def axis_label(name: str) -> str:
    """
    Name an axis of a frontier, with its unit.

    Examples
    --------
    >>> axis_label("travel")
    'Travel, km a year'
    """
    kind, _dot, measure = name.partition(".")
    labels = {
        "travel": _("Travel, km a year"),
        "cost": _("Cost a year"),
        "balance": _("Outside the bands, % of all"),
        "deviation": _("Largest deviation from target, %"),
        "disruption": _("Value that changes hands, %"),
    }
    label = labels.get(kind, kind)
    if not measure:
        return label
    return _("{label} ({measure})").format(label=label, measure=_(measure))


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
    parts = [part for part in _MONEY if part in table and table[part].abs().sum() > 0]
    head = [_("Reps"), _("Cost a year"), _("No plan costs less than"), _("Proven gap")]
    head += [_part_label(part) for part in parts]
    head += [_("Capacity used")] if "capacity_use" in table else []
    head += [_("One more saves")]
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
                *(
                    [numbers.percent(row["capacity_use"])]
                    if "capacity_use" in table
                    else []
                ),
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


def _part_label(part: str) -> str:
    """Name a part of the cost of a curve."""
    labels = {
        "travel": _("Travel"),
        "handover": _("Handover"),
        "skill": _("Preferred skills missing"),
        "fit": _("Grade fit"),
        "leave_out": _("Left out"),
        "compactness": _("Compactness"),
        "cut_edges": _("Borders between territories"),
        "imbalance": _("Imbalance"),
        "splits": _("Splits"),
        "opening": _("Opening bases"),
        "pool": _("Cost to serve of pools"),
        "handover_at_risk": _("Handover of reps who leave"),
        "rep_cost": _("Cost of reps"),
    }
    return labels.get(part) or _("Other")


def _frontier_words(
    table: pd.DataFrame, figures: list[list[str]], numbers: Numbers
) -> list[str]:
    """Say what the plans are, where the knee is, and what a trade costs."""
    said = [
        _(
            "{n} plans of which none is better than another in every respect; less is "
            "better on both axes. Each is proven to within {gap}."
        ).format(n=numbers.count(len(table)), gap=numbers.gap(table["gap"].max()))
    ]
    last, knee = len(table) - 1, np.flatnonzero(table["knee"])
    stops = sorted({0, *(int(at) for at in knee), last})
    if len(knee):
        said.append(
            _("★ marks the knee, {plan}: beyond it, less is won for more.").format(
                plan=table["plan"].iloc[knee[0]]
            )
        )
    if len(table.attrs["axes"]) > 2:
        return said
    held = 1 if table.attrs["axes"][0] in ("travel", "cost") else 0
    for one, other in pairwise(stops):
        paid = float(table["cost"].iloc[other] - table["cost"].iloc[one])
        said.append(
            _(
                "From {one} to {other}: “{axis}” goes from {before} to {after}, for "
                "{money} a year more."
            ).format(
                one=table["plan"].iloc[one],
                other=table["plan"].iloc[other],
                axis=axis_label(table.attrs["axes"][held]),
                before=figures[one][held],
                after=figures[other][held],
                money=numbers.money(paid),
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


def _digits(column: pd.Series) -> int:
    """Decimals that tell the figures of a column apart."""
    most = column.abs().max()
    return 0 if most >= 1000 else 1 if most >= 20 else 2


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
