"""Candidate bases: from a table of their own, from the regions, or from accounts."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.scenario import Scenario, Table
from planner.scenario.bases import PLACES, Bases
from planner.tables.areas import area_regions
from planner.tables.conditions import matches
from planner.tables.cross import check_rep_numbers
from planner.tables.fields import Parsed, read_fields
from planner.tables.findings import Findings, find_column
from planner.tables.places import check_places, check_region_ids, place_by_region
from planner.tables.raw import RawTable, raw_from_frame, read_raw
from planner.tables.references import rep_uses
from planner.tables.rules import check_rules
from planner.tables.sources import keep_rows
from planner.words import _


class BasesRead(NamedTuple):
    """The raw table of candidates, or what is wrong with it; and its fields."""

    raw: RawTable | Findings
    parsed: Parsed | None


def read_bases(
    scenario: Scenario,
    source: Path | pd.DataFrame,
    accounts: pd.DataFrame,
    reps: Parsed,
    regions: gpd.GeoDataFrame | None,
    named: Findings,
) -> BasesRead:
    """
    Read and check the candidate bases.

    Parameters
    ----------
    source
        The folder that the table's file is relative to; or a frame for the file.
    accounts
        Parsed and placed, column ``account_id``.
    reps
        Parsed: ids of candidates must differ from theirs.
    regions
        As read; None: there are none.
    named
        Receives faults of the scenario itself.
    """
    assert scenario.bases is not None
    bases = scenario.bases
    raw, fields = _raw(scenario, bases, source, accounts, regions)
    if isinstance(raw, Findings):
        return BasesRead(raw, None)
    if "base_id" not in fields and find_column(raw.cells.column_names, "id"):
        fields = {"base_id": {"column": "id"}, **fields}
    keep = bases.where if bases.candidates not in PLACES else []
    table = Table.model_validate(
        {"file": bases.candidates, "fields": fields, "keep": keep}
    )
    raw = keep_rows(raw, table)
    uses = rep_uses(scenario)
    parsed = read_fields(raw, table, "bases", uses, named, scenario.skills.levels)
    check_rules(parsed, "bases")
    check_region_ids(parsed, regions)
    place_by_region(parsed, regions)
    check_places(parsed, True, [])
    check_rep_numbers(scenario, parsed, named)
    if bases.keep:
        _check_ids(parsed, reps)
    _check_number(bases, len(parsed.frame), len(reps.frame), named)
    return BasesRead(raw, parsed)


def _raw(
    scenario: Scenario,
    bases: Bases,
    source: Path | pd.DataFrame,
    accounts: pd.DataFrame,
    regions: gpd.GeoDataFrame | None,
) -> tuple[RawTable | Findings, dict[str, object]]:
    """Return the cells of the candidates, and where the scenario takes fields from."""
    fields: dict[str, object] = dict(bases.fields)
    if isinstance(source, pd.DataFrame):
        return raw_from_frame(source, "bases"), fields
    if bases.candidates == "accounts":
        chosen = accounts[matches(accounts, bases.where)]
        names = ["account_id", "name", "latitude", "longitude"]
        frame = chosen[names].rename(columns={"account_id": "base_id"})
        return raw_from_frame(frame.reset_index(drop=True), "accounts"), fields
    if bases.candidates == "regions":
        if regions is None:
            return Findings("regions"), fields
        units = area_regions(regions, scenario.areas.level)
        points = shapely.point_on_surface(np.asarray(units.geometry.array, object))
        frame = pd.DataFrame(
            {
                "base_id": units.index.to_numpy(object),
                "name": units["name"].to_numpy(object),
                "latitude": shapely.get_y(points),
                "longitude": shapely.get_x(points),
            }
        )
        return raw_from_frame(frame, "regions"), fields
    return read_raw(Table(file=bases.candidates), source), fields


def _check_ids(parsed: Parsed, reps: Parsed) -> None:
    """A base and a rep of the same id could not be told apart in a plan."""
    ids = parsed.frame["base_id"]
    at = np.flatnonzero(ids.isin(reps.frame["rep_id"]) & ~parsed.is_bad("base_id"))
    parsed.findings.cell_faults(
        at,
        parsed.column("base_id"),
        ids.iloc[at],
        _("a rep of the table of reps has this id"),
        _("Rename it, or leave it out: that rep's base stays open (bases.keep)."),
    )


def _check_number(bases: Bases, found: int, reps: int, named: Findings) -> None:
    kept = reps if bases.keep else 0
    for count in (int(part) for part in str(bases.open).split(":")):
        if count > found + kept:
            named.fault(
                "bases.open",
                str(bases.open),
                _(
                    "only {n:,} bases can be open: {kept:,} kept, {found:,} candidates"
                ).format(n=found + kept, kept=kept, found=found),
                _("Lower it, or add candidates."),
            )
        elif count < kept:
            named.fault(
                "bases.open",
                str(bases.open),
                _("{kept:,} bases of the table of reps stay open already").format(
                    kept=kept
                ),
                _("Raise it, keep fewer reps, or set bases.keep = false."),
            )


class AllBases(NamedTuple):
    """Every base that may be open: as reps, and with cost and whether it is kept."""

    reps: pd.DataFrame
    bases: pd.DataFrame


def all_bases(reps: pd.DataFrame, found: pd.DataFrame, bases: Bases) -> AllBases:
    """
    Return kept bases, then candidates, in the columns of the reps.

    Parameters
    ----------
    reps, found
        Clean: the table of reps, and the candidates.
    """
    cost = found["cost"].fillna(bases.cost)
    found = found.drop(columns="cost")
    kept = reps if bases.keep else reps.iloc[:0]
    columns = list(reps) if len(reps) else list(found)
    every = pd.concat([kept.reindex(columns=columns), found[columns]])
    every.index = every.index.astype("str")
    is_kept = np.arange(len(every)) < len(kept)
    costs = np.concatenate([np.zeros(len(kept)), cost.to_numpy(float)])
    whole = every.assign(cost=costs, kept=is_kept).rename_axis("base_id")
    return AllBases(every.rename_axis("rep_id"), whole)
