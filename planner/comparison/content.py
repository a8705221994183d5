"""All that a comparison says, built once, and as plain data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd

from planner.comparison.figures import compare_sides
from planner.comparison.moves import flows_of, moves_of
from planner.comparison.names import Wanted
from planner.comparison.sides import Side, question_of, read_side
from planner.comparison.ways import at_first_prices, todays_ways
from planner.compile import compile_problem
from planner.words import _

_ALWAYS = ("cost", "bound", "gap", "accounts_changed", "value_changed")
"""Shown even where all are alike."""

FORMAT = "planner-comparison/1"


@dataclass(frozen=True, eq=False)
class Content:
    """
    A comparison.

    Attributes
    ----------
    sides
        Plans in the order given, then today's ways.
    missing
        Name -> why there is no plan, of the scenarios that have none.
    notes
        What a reader must know.
    priced
        See `planner.comparison.ways.at_first_prices`.
    """

    sides: list[Side]
    missing: Mapping[str, str]
    notes: list[str]
    priced: pd.DataFrame | None = None

    @cached_property
    def table(self) -> pd.DataFrame:
        """Figures side by side; see `planner.comparison.compare`."""
        return compare_sides(self.sides, self.priced)

    @cached_property
    def moves(self) -> dict[tuple[str, str], pd.DataFrame]:
        """What moves between any two, in the order of the sides."""
        return {
            (a.name, b.name): moves_of(a, b) for a, b in combinations(self.sides, 2)
        }

    @cached_property
    def alike(self) -> list[str]:
        """Keys of figures that are the same for all, where that means anything."""
        names = [side.name for side in self.sides]
        figures = self.table.drop(index=[k for k in _ALWAYS if k in self.table.index])
        known = figures[figures[names].notna().all(axis=1)]
        spread = known[names].max(axis=1) - known[names].min(axis=1)
        limit = 1e-9 * known[names].abs().max(axis=1)
        return [str(key) for key in known.index[spread <= limit]]

    @cached_property
    def all_notes(self) -> list[str]:
        """Notes on the plans, and on the figures."""
        return [*self.notes, *self.table.attrs["notes"], *self._better_for_first()]

    def _better_for_first(self) -> list[str]:
        """Say which plans would serve the first scenario better than its own."""
        if self.priced is None:
            return []
        first, told = self.sides[0], []
        for side in self.sides[1:]:
            cost, broken = self.priced[side.name]
            if side.is_plan and not broken and cost < first.cost * (1 - 1e-9):
                text = _(
                    "The plan of {name} keeps the rules of {first} and costs less by "
                    "its prices than its own plan: solve {first} longer, or with "
                    "planner solve --start {folder}."
                )
                names = {"name": side.name, "first": first.name, "folder": side.folder}
                told.append(text.format(**names))
        return told

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON; None where there is no figure."""
        figures = json.loads(self.table.to_json(orient="index", force_ascii=False))
        return {
            "format": FORMAT,
            "plans": [_about(side) for side in self.sides],
            "missing": dict(self.missing),
            "figures": figures,
            "alike": self.alike,
            "moved": [
                {
                    "a": a,
                    "b": b,
                    "accounts": int(flows["accounts"].sum()),
                    **(
                        {"regions": int(flows["regions"].sum())}
                        if "regions" in flows
                        else {}
                    ),
                    "value": float(flows["value"].sum()),
                    "flows": json.loads(flows.to_json(orient="records")),
                }
                for (a, b), flows in self.flows.items()
            ],
            "notes": self.all_notes,
        }

    @cached_property
    def flows(self) -> dict[tuple[str, str], pd.DataFrame]:
        """From whom to whom, between any two."""
        return {pair: flows_of(moved) for pair, moved in self.moves.items()}


def _about(side: Side) -> dict[str, Any]:
    return {
        "name": side.name,
        "kind": side.kind,
        "folder": str(side.folder) if side.is_plan else None,
        "currency": side.currency,
        "cost": side.cost,
        "bound": side.bound,
        "gap": side.gap,
        "breaches": dict(side.breaches or {}),
    }


def build(
    plans: Sequence[tuple[str, Path]],
    missing: Mapping[str, str],
    ways: Sequence[Wanted] = (),
    base: Path | None = None,
) -> Content:
    """
    Read plans and put them side by side.

    Parameters
    ----------
    plans
        Names and plan folders; at least one.
    missing
        See `Content`.
    ways
        Today's ways to stand beside the first plan.
    base
        Folder that the scenario of the first plan stood in; None: not known.

    Raises
    ------
    PlannerError
        For fewer than two sides, or a folder that is no whole plan folder.
    """
    sides = [read_side(folder, name) for name, folder in plans]
    other = len({question_of(side) for side in sides}) > 1
    if not (ways or other):
        return Content(sides, missing, [])
    compiled = compile_problem(sides[0].tables, sides[0].scenario)
    today, notes = todays_ways(sides[0], ways, compiled, base) if ways else ([], [])
    sides += today
    priced = at_first_prices(sides, compiled) if other else None
    return Content(sides, missing, notes, priced)
