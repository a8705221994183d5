"""Regions as areas of a plan: their shapes, their neighbours, the accounts in them."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.errors import PlannerError
from planner.geo.adjacency import neighbours
from planner.geo.hierarchy import ancestors
from planner.geo.join import regions_of
from planner.geo.voronoi import cells_of_points
from planner.scenario import Scenario
from planner.scenario.areas import Areas
from planner.tables.areas import area_regions, carved
from planner.tables.clean_regions import no_regions
from planner.tables.fields import Parsed
from planner.tables.findings import Findings, nearest
from planner.tables.outlines import shapes_of_file
from planner.words import _


class AreaTables:
    """
    The tables of a plan by regions, made ready.

    Attributes
    ----------
    accounts
        With the unit region of each account as `region_id`; "" only where carved out.
    regions
        With cells as shapes where the scenario asks for them.
    adjacency, barriers
        As in `planner.tables.frames.Tables`.
    """

    def __init__(
        self,
        accounts: pd.DataFrame,
        regions: gpd.GeoDataFrame,
        adjacency: pd.DataFrame,
        barriers: shapely.Geometry | None,
    ) -> None:
        self.accounts, self.regions = accounts, regions
        self.adjacency, self.barriers = adjacency, barriers


def lay_out(
    scenario: Scenario,
    base: Path,
    parsed: Parsed,
    accounts: pd.DataFrame,
    reps: pd.DataFrame,
    regions: gpd.GeoDataFrame | None,
    named: Findings,
) -> AreaTables | None:
    """
    Put accounts into regions, and find out which regions are neighbours.

    Parameters
    ----------
    base
        Folder that the files of outline and barriers are relative to.
    parsed, accounts
        The accounts as parsed (their findings take faults of rows), and clean.
    named
        Takes faults of the scenario, and notes.

    Returns
    -------
    None where there is a fault.
    """
    if regions is None:
        no_regions(named)
        return None
    areas = scenario.areas
    units = area_regions(regions, areas.level)
    _check_names(scenario, reps, units, regions, named)
    _check_amounts(units, named)
    if not len(units) or named.faults:
        return None
    try:
        regions = _with_cells(areas, base, regions, units, named)
        units = regions.loc[units.index]
        barrier = None
        if areas.barriers is not None:
            barrier = shapes_of_file(base / areas.barriers)
        found = neighbours(
            units.geometry,
            tolerance_m=areas.tolerance_m,
            barriers=barrier,
            links=areas.links,
            cuts=areas.cuts,
            islands=areas.islands,
        )
    except PlannerError as error:
        named.fault("areas", "", str(error), _("Correct the part areas."))
        return None
    named.notes += found.notes
    ids = _located(scenario, parsed, accounts, regions, units)
    if parsed.findings.faults:
        return None
    named.notes += _added_up(accounts, units)
    accounts = accounts.assign(region_id=pd.Series(ids, accounts.index, dtype="str"))
    return AreaTables(accounts, regions, found.edges.reset_index(drop=True), barrier)


def _added_up(accounts: pd.DataFrame, units: gpd.GeoDataFrame) -> list[str]:
    """Note the amounts that both accounts and regions have: a territory has the sum."""
    return [
        _("{column}: both accounts and regions have it; the two add up").format(
            column=name
        )
        for name in map(str, accounts)
        if name in units
        and name not in ("latitude", "longitude")
        and pd.api.types.is_numeric_dtype(accounts[name].dtype)
        and pd.api.types.is_numeric_dtype(units[name].dtype)
        and accounts[name].to_numpy(float).sum() > 0
        and units[name].to_numpy(float).sum() > 0
    ]


def _check_names(
    scenario: Scenario,
    reps: pd.DataFrame,
    units: gpd.GeoDataFrame,
    regions: gpd.GeoDataFrame,
    named: Findings,
) -> None:
    """Report levels, regions and reps that the scenario names and no table has."""
    areas = scenario.areas
    levels = sorted(set(regions["level"]) - {""})
    wanted = [] if areas.level is None else [("areas.level", areas.level)]
    for index, entry in enumerate(scenario.together):
        if entry.column.startswith("level:"):
            level = entry.column.removeprefix("level:")
            wanted.append((f"together[{index}].column", level))
    for key, level in wanted:
        if level not in levels:
            rule = _("no region has this level")
            named.fault(key, level, rule, nearest(level, levels, _("levels")))
    known = [str(x) for x in units.index]
    asked = [("areas.set_apart", one) for one in areas.apart]
    for part in ("pins", "forbid"):
        for index, pin in enumerate(getattr(scenario, part)):
            asked += [(f"{part}[{index}].regions", one) for one in pin.regions or []]
    for key, one in asked:
        if one not in units.index:
            rule = _("no region has this id")
            named.fault(key, one, rule, nearest(one, known, _("regions")))
    asked = [("areas.set_apart", rep) for rep in areas.apart.values()]
    for key, rep in [*asked, *(("areas.locked_reps", r) for r in areas.locked_reps)]:
        if rep not in reps.index:
            rule = _("no rep has this id")
            named.fault(key, rep, rule, nearest(rep, list(reps.index), _("reps")))
    if len(set(areas.apart.values())) < len(areas.apart):
        named.fault(
            "areas.set_apart",
            "",
            _("two regions have the same rep"),
            _("Give each region that is set apart a rep of its own."),
        )


def _check_amounts(units: gpd.GeoDataFrame, named: Findings) -> None:
    """Report amounts of the regions that are missing or negative."""
    for name in map(str, units):
        column = units[name]
        if name == units.geometry.name or not pd.api.types.is_numeric_dtype(column):
            continue
        wrong = units.index[~(column.to_numpy(float) >= 0)]
        if len(wrong):
            named.fault(
                f"regions.{name}",
                ", ".join(map(str, wrong[:5])),
                _("{n:,} regions lack this number, or it is below 0").format(
                    n=len(wrong)
                ),
                _(
                    "Fill it in, or fill it by the scenario: regions.fields.{name}"
                ).format(name=name),
            )


def _with_cells(
    areas: Areas,
    base: Path,
    regions: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    named: Findings,
) -> gpd.GeoDataFrame:
    """Give regions that are points their cells; refuse points where none are asked."""
    points = units.geometry.geom_type.isin(["Point", "MultiPoint"])
    if not areas.cells:
        if points.any() and areas.contiguous:
            raise PlannerError(
                _(
                    "{n:,} regions are points, which have no borders. Set "
                    "areas.cells = true, or give a file of boundaries."
                ).format(n=int(points.sum()))
            )
        return regions
    outline = None if areas.outline is None else shapes_of_file(base / areas.outline)
    centres = shapely.point_on_surface(np.asarray(units.geometry.array, dtype=object))
    cells = cells_of_points(
        shapely.get_x(centres), shapely.get_y(centres), units.index, outline=outline
    )
    shapes = regions.geometry.copy()
    shapes.loc[units.index] = cells.shapes.loc[units.index].to_numpy()
    named.notes += cells.notes
    named.notes.append(
        _("{n:,} regions drawn as the cells of their points").format(n=len(units))
    )
    return regions.set_geometry(shapes)


def _located(
    scenario: Scenario,
    parsed: Parsed,
    accounts: pd.DataFrame,
    regions: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
) -> NDArray[np.object_]:
    """Unit region of each account, shape (accounts,); those in none are faults."""
    areas, n = scenario.areas, len(accounts)
    ids = np.full(n, "", dtype=object)
    if areas.locate != "place":
        ids = _by_column(accounts, regions, units)
    if areas.locate != "column":
        open_ = (ids == "") & accounts["latitude"].notna().to_numpy()
        if open_.any():
            place = accounts.loc[open_, ["longitude", "latitude"]].to_numpy(float)
            found = regions_of(
                place[:, 0], place[:, 1], units.geometry, within_km=areas.within_km
            )
            ids[open_] = found.region_id
            parsed.findings.notes += found.notes
    nowhere = np.flatnonzero((ids == "") & ~carved(scenario, accounts))
    parsed.findings.cell_faults(
        nowhere,
        parsed.column("region_id"),
        accounts["region_id"].to_numpy(object)[nowhere],
        _("the account lies in no region of the plan"),
        _(
            "Give it a region_id, correct its place, raise areas.within_km, or carve "
            "it out (areas.carve)."
        ),
    )
    return ids


def _by_column(
    accounts: pd.DataFrame, regions: gpd.GeoDataFrame, units: gpd.GeoDataFrame
) -> NDArray[np.object_]:
    """Unit region that is, or lies around, the region_id of each account."""
    unit_of = pd.Series("", index=regions.index, dtype=object)
    unit_of[units.index] = units.index
    for level in units["level"].unique():
        above = ancestors(regions, level)
        known = above.isin(units.index) & (unit_of == "")
        unit_of[known] = above[known]
    at = regions.index.get_indexer(pd.Index(accounts["region_id"]))
    return np.append(unit_of.to_numpy(object), "")[at]
