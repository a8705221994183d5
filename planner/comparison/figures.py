"""Key figures side by side, and which plan wins in each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import pandas as pd

from planner.comparison.sides import Side, in_common
from planner.errors import PlannerError
from planner.evaluate.labels import Label, label_of
from planner.evaluate.metrics import metrics
from planner.reporting import term_label
from planner.tables import PREFIX
from planner.words import _

ABOUT = ["label", "unit", "better", "best"]
"""Columns before those of the plans."""

TIED = "tied"
TERM = "term_"
_SAME = 1e-9
"""Relative difference up to which two figures are one."""

_NO_CONTEST = {"gap", "rules_broken", "cost_at_first", "broken_at_first"}
"""How much is proven, and whether the rules hold, is no merit to be weighed."""


def compare_sides(
    sides: Sequence[Side], priced: pd.DataFrame | None = None
) -> pd.DataFrame:
    """
    Put the figures of two or more sides next to one another.

    Parameters
    ----------
    sides
        The others are compared with the first.
    priced
        More figures of each side, after its costs.

    Returns
    -------
    See `planner.comparison.compare`.
    """
    if len(sides) < 2:
        raise PlannerError(_("A comparison needs two plan folders or more."))
    common, notes = in_common(sides)
    whole = all(len(side.owner) == len(common) for side in sides)
    costs = pd.DataFrame({side.name: _costs(side) for side in sides}, dtype=float)
    if all(side.is_plan for side in sides):
        costs = costs.drop(index="rules_broken")
    counted = pd.DataFrame(
        {side.name: _figures(side, sides[0], common) for side in sides}, dtype=float
    )
    if priced is not None:
        costs = pd.concat([costs, priced])
    table = pd.concat([costs, counted])
    labels = {str(key): label_of(str(key)) for key in table.index}
    about = pd.DataFrame(
        {
            "label": {key: _label(key, label, sides) for key, label in labels.items()},
            "unit": {key: label.unit for key, label in labels.items()},
            "better": {key: label.better or "" for key, label in labels.items()},
        }
    )
    deltas = table.iloc[:, 1:].sub(table.iloc[:, 0], axis=0)
    unlike: set[str] = set() if whole else set(map(str, costs.index))
    if len({side.currency for side in sides}) > 1:
        unlike |= {str(key) for key in about.index[about["unit"] == "currency"]}
    deltas.loc[[str(key) for key in deltas.index if key in unlike]] = float("nan")
    about["best"] = [
        ""
        if str(key) in unlike
        else _best(str(key), str(about.loc[str(key), "better"]), row, sides)
        for key, row in table.iterrows()
    ]
    result = pd.concat([about, table, deltas.add_prefix("delta ")], axis=1)
    result.index.name = "figure"
    result.attrs["notes"] = notes
    return result


def _label(key: str, label: Label, sides: Sequence[Side]) -> str:
    """Name a figure; a term by what it is about, where that is the same for all."""
    if not key.startswith(TERM):
        return label.label
    term = key.removeprefix(TERM)
    with suppress(IndexError):  # one of them has fewer rows
        names = {
            term_label(term, side.scenario) for side in sides if term in side.terms
        }
        if len(names) == 1:
            return _("Cost a year: {name}").format(name=names.pop())
    return label.label


def _best(key: str, better: str, row: pd.Series, sides: Sequence[Side]) -> str:
    """
    Name the side that wins a figure; "tied", or "" where there is nothing to win.

    A plan costs least only where no other could cost as little: where its cost lies
    below the others' bounds. What breaks rules wins nothing.
    """
    fair = [side for side in sides if not side.breaches and not pd.isna(row[side.name])]
    if not better or key in _NO_CONTEST or len(fair) < 2:
        return ""
    values = {side.name: float(row[side.name]) for side in fair}
    if _same(*values.values()):
        return ""
    first = min(values, key=lambda name: values[name])
    if better == "higher":
        first = max(values, key=lambda name: values[name])
    others = {name: value for name, value in values.items() if name != first}
    if any(_same(values[first], value) for value in others.values()):
        return TIED
    if key != "cost":
        return first
    least = min(
        side.cost if side.bound is None else side.bound
        for side in fair
        if side.name != first
    )
    return first if values[first] < least else TIED


def _same(*values: float) -> bool:
    return all(math.isclose(values[0], v, rel_tol=_SAME, abs_tol=1e-9) for v in values)


def _costs(side: Side) -> dict[str, float | None]:
    return {
        "cost": side.cost,
        "bound": side.bound,
        "gap": side.gap,
        "rules_broken": float(len(side.breaches or ())),
        **{f"{TERM}{name}": cost for name, cost in side.terms.items()},
    }


def _figures(side: Side, first: Side, common: pd.Index) -> dict[str, float | None]:
    """Metrics on the common accounts, and what differs from the first plan."""
    kept = side.tables.accounts.index.isin(common)
    tables = replace(side.tables, accounts=side.tables.accounts[kept])
    owner = side.owner.loc[common]
    changed = (owner != first.owner.loc[common]).to_numpy(bool)
    value = first.rows.loc[common, "value"].to_numpy(float)
    is_region = common.str.startswith(PREFIX)
    return {
        **metrics(tables, side.scenario, owner).totals,
        "accounts_changed": float(changed[~is_region].sum()),
        **(
            {"regions_changed": float(changed[is_region].sum())}
            if is_region.any()
            else {}
        ),
        "value_changed": float(value[changed].sum()),
    }
