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
from planner.comparison.sides import Side, read_side
from planner.comparison.ways import todays_ways

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
    """

    sides: list[Side]
    missing: Mapping[str, str]
    notes: list[str]

    @cached_property
    def table(self) -> pd.DataFrame:
        """Figures side by side; see `planner.comparison.compare`."""
        return compare_sides(self.sides)

    @cached_property
    def moves(self) -> dict[tuple[str, str], pd.DataFrame]:
        """What moves between any two, in the order of the sides."""
        return {
            (a.name, b.name): moves_of(a, b) for a, b in combinations(self.sides, 2)
        }

    @cached_property
    def all_notes(self) -> list[str]:
        """Notes on the plans, and on the figures."""
        return [*self.notes, *self.table.attrs["notes"]]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON; None where there is no figure."""
        figures = json.loads(self.table.to_json(orient="index", force_ascii=False))
        return {
            "format": FORMAT,
            "plans": [_about(side) for side in self.sides],
            "missing": dict(self.missing),
            "figures": figures,
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
    notes: list[str] = []
    if sides:
        today, notes = todays_ways(sides[0], ways, base)
        sides += today
    return Content(sides, missing, notes)
