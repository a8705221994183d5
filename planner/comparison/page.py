"""The comparison as one self-contained page: nothing is loaded from elsewhere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from planner.comparison.book import rep_names
from planner.comparison.content import Content
from planner.comparison.figures import TIED
from planner.comparison.sides import Side, other_prices
from planner.comparison.wording import Cells, headline, title_of
from planner.maps.small import SmallMap, draw_small
from planner.maps.svg import WIDTH as MAP_WIDTH
from planner.report.page import render
from planner.tables.shapes import read_shapes
from planner.words import _

SHOWN_FLOWS, SHOWN_MOVES, SHOWN_RULES = 15, 15, 8
"""Of each pair of plans, or of each way; what is left out is counted."""

_GROUPS = (
    ("cost", ("cost", "bound", "gap", "rules_", "broken_", "term_")),
    ("work", ("accounts", "reps", "capacity", "skill", "value_left", "regions")),
    ("travel", ("travel", "mean_", "p95", "radius")),
    ("balance", ("max_relative", "cv_", "gini_")),
)
"""Group -> how the keys of its figures begin; the first that fits."""

_CHANGES = ("moved", "changed", "vacant", "handover")


@dataclass(frozen=True)
class Bracket:
    """A plan's cost and bound on a common axis, in per cent of its length."""

    name: str
    low: float
    high: float
    cost: str
    bound: str
    certain: bool


def write_page(path: Path, content: Content, language: str) -> None:
    """
    Write ``compare.html``.

    Parameters
    ----------
    path
        File to write; its folder exists.
    content
        The comparison.
    language
        Locale of numbers.
    """
    page = render("compare.html.j2", **_context(content, language))
    path.write_text(page, encoding="utf-8")


def _context(content: Content, language: str) -> dict[str, Any]:
    cells = Cells(language)
    said = headline(content, cells)
    return {
        "language": language,
        "title": said,
        "print_head": content.sides[0].scenario.name,
        "print_foot": "",
        "content": content,
        "cells": cells,
        "headline": said,
        "title_of": title_of,
        "groups": _groups(content),
        "alike": _alike(content, cells),
        "own_prices": other_prices() in content.all_notes,
        "tied": TIED,
        "brackets": _brackets(content, cells),
        "maps": small_maps(content),
        "names": rep_names(content),
        "matrix": _matrix(content),
        "caps": (SHOWN_FLOWS, SHOWN_MOVES, SHOWN_RULES),
    }


def _groups(content: Content) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the rows of the table by what they are about."""
    titles = {
        "cost": _("Cost and proof"),
        "work": _("Work"),
        "travel": _("Travel"),
        "balance": _("Balance"),
        "changes": _("Changes"),
        "other": _("Shape of the territories"),
    }
    rows: dict[str, list[dict[str, Any]]] = {group: [] for group in titles}
    for key, row in content.table.iterrows():
        if str(key) in content.alike:
            continue
        rows[_group(str(key))].append({"key": key, **row})
    return [(titles[group], found) for group, found in rows.items() if found]


def _alike(content: Content, cells: Cells) -> list[str]:
    """Name and value of the figures that do not tell the sides apart."""
    first = content.sides[0]
    rows = content.table.loc[content.alike]
    told = []
    for _key, row in rows.iterrows():
        cell = cells.cell(row[first.name], row["unit"], first.currency)
        told.append(f"{row['label']} {cell}")
    return told


def _group(key: str) -> str:
    if any(word in key for word in _CHANGES) and not key.startswith("term_"):
        return "changes"
    for group, starts in _GROUPS:
        if key.startswith(starts):
            return group
    return "other"


def _brackets(content: Content, cells: Cells) -> list[Bracket]:
    """Return cost and bound of every side, where one currency and unit allows it."""
    sides = content.sides
    if len({side.currency for side in sides}) > 1:
        return []
    ends = [(side.cost if side.bound is None else side.bound) for side in sides]
    low = min(ends)
    high = max(side.cost for side in sides)
    low, high = low - 0.04 * (high - low or 1), high + 0.04 * (high - low or 1)

    def at(amount: float) -> float:
        return round(100 * (amount - low) / (high - low), 2)

    return [
        Bracket(
            name=title_of(side),
            low=at(end),
            high=at(side.cost),
            cost=cells.money(side.cost, side.currency),
            bound=cells.money(end, side.currency),
            certain=side.bound is None or math.isclose(side.bound, side.cost),
        )
        for side, end in zip(sides, ends, strict=True)
    ]


def _matrix(content: Content) -> dict[tuple[str, str], tuple[int, float]]:
    """Accounts (by regions: regions) and value that move, between any two."""
    found = {}
    for (a, b), flows in content.flows.items():
        what = "regions" if "regions" in flows else "accounts"
        told = (int(flows[what].sum()), float(flows["value"].sum()))
        found[a, b] = found[b, a] = told
    return found


def small_maps(content: Content) -> list[SmallMap]:
    """Return a map of every side; none where one of them has nothing to draw."""
    shapes = [_territories(side) for side in content.sides]
    if any(one is None or one.empty for one in shapes):
        return []
    accounts = content.sides[0].tables.accounts
    placed = accounts[["latitude", "longitude"]].dropna()
    known = [one for one in shapes if one is not None]
    return draw_small(known, accounts if len(placed) else None)


def _territories(side: Side) -> gpd.GeoDataFrame | None:
    """Shapes of a side's territories: those of its plan folder, or drawn anew."""
    path = side.folder / "territories.geojson"
    if side.is_plan and path.is_file():
        frame = read_shapes(path)
        assert isinstance(frame, gpd.GeoDataFrame)
        named = frame["rep_id"] if "rep_id" in frame else frame["id"]
        return frame.set_index(pd.Index(named.astype(str), name="rep_id"))
    if side.scenario.unit == "region":
        return _areas(side)
    accounts, regions = side.tables.accounts, side.tables.regions
    placed = accounts[["latitude", "longitude"]].notna().all(axis=1)
    if not (placed & (side.owner != "")).any():
        return None
    from planner.geo.shapes import territories

    level = side.scenario.map.level
    return territories(accounts, side.owner, side.tables.reps, regions, level=level)


def _areas(side: Side) -> gpd.GeoDataFrame | None:
    from planner.maps import AreaLayer, area_territories
    from planner.tables import PREFIX, area_regions

    assert side.tables.regions is not None
    units = area_regions(side.tables.regions, side.scenario.areas.level)
    owner = side.owner[side.owner.index.str.startswith(PREFIX)]
    if not (owner != "").any():
        return None
    now = pd.Series(owner.reindex(PREFIX + units.index).to_numpy(), index=units.index)
    return area_territories(AreaLayer(units, now, None), side.tables.reps["name"])
