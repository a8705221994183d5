"""Regions as units: the rows that a plan gives to reps, and whose they are today."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.geo.hierarchy import ancestors
from planner.scenario import Scenario
from planner.scenario.areas import PREFIX
from planner.tables.conditions import matches
from planner.tables.frames import Tables

LEVEL = "level:"
"""Before the name of a level where it stands for a column."""
_ASIDE = ("locked", "geometry")
"""Columns of the regions that rows do not have by that name."""

Mask = NDArray[np.bool_]


def area_regions(regions: gpd.GeoDataFrame, level: str | None) -> gpd.GeoDataFrame:
    """Regions that are the units: those of a level, or all without regions within."""
    if level is not None:
        return regions[regions["level"] == level]
    return regions[~regions.index.isin(regions["parent"])]


def carved(scenario: Scenario, accounts: pd.DataFrame) -> Mask:
    """Whether each account is taken out of its region, shape (accounts,)."""
    out = np.zeros(len(accounts), dtype=bool)
    for entry in scenario.areas.carve:
        if entry.accounts is not None:
            out |= accounts.index.isin(entry.accounts)
        else:
            out |= matches(accounts, entry.where or [])
    return out


def planning_rows(tables: Tables, scenario: Scenario) -> pd.DataFrame:
    """
    Return what a plan gives to reps, one row each, indexed like the accounts.

    With unit = "account" these are the accounts. With unit = "region" the regions come
    first, as ``region:<id>`` at a point inside them, with what they have of their own;
    then the accounts. Three more columns say how they hang together:

    is_region
        Whether the row is a region.
    area
        Region whose fate the row shares; "" for accounts carved out of theirs.
    level:<name>
        For each level that `together` names: the region of that level around it.

    Amounts that only regions have are 0 for accounts, and the other way round; text
    that only regions have holds for the accounts in them, too.
    """
    if scenario.unit == "account":
        return tables.accounts
    assert tables.regions is not None
    accounts, regions = tables.accounts, tables.regions
    units = area_regions(regions, scenario.areas.level)
    area = accounts["region_id"].where(~carved(scenario, accounts), "")
    rows = _region_rows(units, accounts, area)
    within = units.index.get_indexer(pd.Index(area))
    columns: dict[str, pd.Series] = {}
    for name in [c for c in units if c not in accounts and c not in _ASIDE]:
        columns[name] = _inherited(units[name], within, accounts.index)
    accounts = accounts.assign(**columns)
    rows = rows[list(accounts)]
    found = pd.concat([rows, accounts])
    found.index = pd.Index(found.index, dtype="str", name="account_id")
    found["is_region"] = np.arange(len(found)) < len(rows)
    found["area"] = np.concatenate([units.index.to_numpy(object), area])
    for entry in scenario.together:
        if entry.column.startswith(LEVEL):
            above = ancestors(regions, entry.column.removeprefix(LEVEL))
            found[entry.column] = found["area"].map(above).fillna("")
    return found


def _region_rows(
    units: gpd.GeoDataFrame, accounts: pd.DataFrame, area: pd.Series
) -> pd.DataFrame:
    """Regions in the columns of the accounts; what they have not is 0, no or blank."""
    points = shapely.point_on_surface(np.asarray(units.geometry.array, dtype=object))
    columns: dict[str, object] = {}
    for name in map(str, accounts):
        if name in units:
            columns[name] = units[name].to_numpy()
        elif pd.api.types.is_bool_dtype(accounts[name].dtype):
            columns[name] = np.zeros(len(units), dtype=bool)
        elif pd.api.types.is_numeric_dtype(accounts[name].dtype):
            columns[name] = np.zeros(len(units))
        else:
            columns[name] = np.full(len(units), "", dtype=object)
    extra = [c for c in units if c not in accounts and c not in _ASIDE]
    columns |= {name: units[name].to_numpy() for name in extra}
    columns["latitude"] = shapely.get_y(points)
    columns["longitude"] = shapely.get_x(points)
    columns["region_id"] = units.index.to_numpy(object)
    columns["owner"] = owners_of_regions(units, accounts, area)
    if "locked" in units:
        columns["protected"] = units["locked"].to_numpy(bool)
    return pd.DataFrame(columns, index=PREFIX + units.index.astype(str))


def owners_of_regions(
    units: gpd.GeoDataFrame, accounts: pd.DataFrame, area: pd.Series
) -> NDArray[np.object_]:
    """
    Today's rep of each region: its `owner`, else who owns most of what lies in it.

    Most by value, then by number of accounts, then the first by id.
    """
    owner = np.full(len(units), "", dtype=object)
    if "owner" in units:
        owner = units["owner"].to_numpy(dtype=object, copy=True)
    owned = (accounts["owner"] != "") & (area != "")
    share = pd.DataFrame(
        {
            "area": area[owned],
            "owner": accounts.loc[owned, "owner"],
            "value": accounts.loc[owned, "value"],
            "n": 1,
        }
    )
    each = share.groupby(["area", "owner"], as_index=False)[["value", "n"]].sum()
    each = each.sort_values(["value", "n", "owner"], ascending=[False, False, True])
    most = each.drop_duplicates("area").set_index("area")["owner"]
    guessed = most.reindex(units.index).fillna("").to_numpy(object)
    return np.where(owner == "", guessed, owner)


def _inherited(
    column: pd.Series, within: NDArray[np.intp], index: pd.Index
) -> pd.Series:
    """What accounts have of a column that only regions have: text, but no amounts."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return pd.Series(np.zeros(len(index), dtype=bool), index=index)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return pd.Series(np.zeros(len(index)), index=index)
    text = np.append(column.to_numpy(object), "")[within]
    return pd.Series(text, index=index, dtype="str")
