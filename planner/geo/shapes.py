"""
Territories as shapes, for drawing only.

A territory is the union of the regions, or of the Voronoi cells, of its accounts. It
says where a rep works, not where others may not: in a region shared by several reps
the one with most value gives the colour.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from planner.errors import PlannerError
from planner.geo.cells import voronoi_territories
from planner.geo.colours import colours
from planner.geo.crs import local_crs
from planner.geo.distance import EARTH_RADIUS_KM, unit_sphere
from planner.words import _

__all__ = ["colours", "nearest", "neighbours", "territories", "unit_sphere"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]

_SHORE_DEG = 0.5
"""An account this close to a region that it is not in belongs to it: simplified
coasts cut off harbours."""

_EMPTY_KM = 150.0
"""Regions without accounts are filled up to this far from one, or up to a quarter of
the accounts' spread where that is more."""


def territories(
    accounts: pd.DataFrame,
    owner: pd.Series,
    reps: pd.DataFrame,
    regions: gpd.GeoDataFrame | None = None,
    *,
    level: str | None = None,
) -> gpd.GeoDataFrame:
    """
    Draw the territory of each rep.

    Parameters
    ----------
    accounts
        Clean accounts (see `planner.tables`), index ``account_id``.
    owner
        ``rep_id`` per ``account_id``; empty or missing = nobody, not drawn.
    reps
        Clean reps, index ``rep_id``.
    regions
        Clean regions (degrees); None, or none with an area: Voronoi cells.
    level
        Level of the regions to fill; None: the one with most regions.

    Returns
    -------
    GeoDataFrame in EPSG:4326, index ``rep_id`` in the order of reps, columns
    ``name``, ``accounts`` (count), ``value`` (sum) and ``geometry``. Reps without a
    placed account are not in it.

    Raises
    ------
    PlannerError
        An owner is not a rep, a level has no regions, or no account has a place.
    """
    served = owner.reindex(accounts.index)
    served = served[served.notna() & (served != "")]
    if unknown := sorted(set(served) - set(reps.index)):
        raise PlannerError(
            _("The plan names reps that are not in the table: {reps}.").format(
                reps=", ".join(unknown[:5])
            )
        )
    held = accounts.loc[served.index, ["latitude", "longitude", "region_id", "value"]]
    held = held.assign(rep=reps.index.get_indexer(pd.Index(served)))
    held = _placed(held, regions)
    if held.empty:
        raise PlannerError(
            _("No account with a rep has a place to draw. Fill latitude and longitude.")
        )
    areas = None if regions is None else _one_level(regions, level)
    if areas is None or areas.empty:
        shapes = voronoi_territories(held)
    else:
        shapes = _by_regions(held, areas)
    kept = sorted(shapes)
    totals = held.groupby("rep")["value"].agg(["size", "sum"]).loc[kept]
    return gpd.GeoDataFrame(
        {
            "name": reps["name"].iloc[kept].to_numpy(),
            "accounts": totals["size"].to_numpy(),
            "value": totals["sum"].to_numpy(),
        },
        geometry=[shapes[rep] for rep in kept],
        index=reps.index[kept],
        crs="EPSG:4326",
    )


def neighbours(areas: gpd.GeoDataFrame) -> Ints:
    """
    Pairs of areas that share a border, not only a corner.

    Returns
    -------
    Positions in `areas`, shape (k, 2), first < second, sorted.
    """
    shapes = areas.geometry.to_numpy()
    if len(shapes) < 2:
        return np.empty((0, 2), int)
    # Two reps' shapes were simplified or projected apart: a border is what lies
    # within a hair of both.
    hair = 0.004 * float(np.sqrt(np.median(shapely.area(shapes))))
    coarse = shapely.simplify(shapes, hair / 2)
    pairs = shapely.STRtree(coarse).query(coarse, predicate="dwithin", distance=hair).T
    pairs = pairs[pairs[:, 0] < pairs[:, 1]]
    grown = shapely.buffer(coarse, hair, quad_segs=2)
    edges = shapely.boundary(coarse)
    shared = shapely.length(
        shapely.intersection(edges[pairs[:, 0]], grown[pairs[:, 1]])
    )
    found = pairs[shared > 8 * hair]
    return np.asarray(found[np.lexsort(found.T[::-1])])


def nearest(spots: Floats, places: Floats) -> tuple[Floats, Ints]:
    """
    Find the nearest spot to each place, both on the unit sphere.

    Returns
    -------
    Straight distance in Earth radii and position in spots, shapes (n,).
    """
    away, which = cKDTree(spots).query(places)
    return np.asarray(away), np.asarray(which)


def _placed(held: pd.DataFrame, regions: gpd.GeoDataFrame | None) -> pd.DataFrame:
    """Place accounts that have only a region; drop those without any place."""
    missing = held["latitude"].isna() | held["longitude"].isna()
    if regions is not None and missing.any():
        spots = regions.geometry.representative_point()
        where = regions.index.get_indexer(held.loc[missing, "region_id"])
        known = held.index[missing][where >= 0]
        spots = spots.iloc[where[where >= 0]]
        held = held.copy()
        held.loc[known, "latitude"] = spots.y.to_numpy()
        held.loc[known, "longitude"] = spots.x.to_numpy()
    return held[held["latitude"].notna() & held["longitude"].notna()]


def _one_level(regions: gpd.GeoDataFrame, level: str | None) -> gpd.GeoDataFrame:
    """Return the regions to fill; only those with an area can be."""
    flat = regions[shapely.get_dimensions(regions.geometry.to_numpy()) == 2]
    if flat.empty or (level is None and "level" not in flat):
        return flat
    counts = flat["level"].value_counts()
    chosen = level if level is not None else counts.index[0]
    if chosen not in counts:
        raise PlannerError(
            _("No region with an area has level {level!r}; levels: {levels}.").format(
                level=chosen, levels=", ".join(map(str, counts.index))
            )
        )
    return flat[flat["level"] == chosen]


def _by_regions(
    held: pd.DataFrame, areas: gpd.GeoDataFrame
) -> dict[int, shapely.Geometry]:
    """Give each region to a rep and dissolve."""
    held = held.assign(region=_region_of(held, areas))
    inside = held[held["region"] >= 0]
    weight = "value" if held["value"].sum() > 0 else "one"
    shares = inside.assign(one=1.0).groupby(["region", "rep"])[weight].sum()
    table = shares.reset_index().sort_values(
        ["region", weight, "rep"], ascending=[True, False, True]
    )
    winner = np.full(len(areas), -1)
    best = table.drop_duplicates("region")
    winner[best["region"].to_numpy()] = best["rep"].to_numpy()
    _fill_empty(winner, held, areas)
    shapes = areas.geometry.to_numpy()
    pieces = [
        pd.DataFrame({"rep": winner[winner >= 0], "geometry": shapes[winner >= 0]})
    ]
    split = _shared_regions(table, winner, weight)
    if len(split):
        pieces[0] = pieces[0][~np.isin(np.flatnonzero(winner >= 0), split)]
        pieces += [_split(held, region, shapes[region]) for region in split]
    every = pd.concat(pieces)
    owner, pieces_ = every["rep"].to_numpy(), every["geometry"].to_numpy()
    return {
        int(rep): shapely.union_all(pieces_[owner == rep]) for rep in np.unique(owner)
    }


def _region_of(held: pd.DataFrame, areas: gpd.GeoDataFrame) -> Ints:
    """Position of each account's region: by id, else by place; -1 = none."""
    found = areas.index.get_indexer(held["region_id"])
    tree = shapely.STRtree(areas.geometry.to_numpy())
    places = shapely.points(held["longitude"], held["latitude"])
    open_ = np.flatnonzero(found < 0)
    which, region = tree.query(places[open_], predicate="intersects")
    found[open_[which]] = region
    open_ = np.flatnonzero(found < 0)
    which, region = tree.query_nearest(
        places[open_], max_distance=_SHORE_DEG, all_matches=False
    )
    found[open_[which]] = region
    return np.asarray(found)


def _fill_empty(winner: Ints, held: pd.DataFrame, areas: gpd.GeoDataFrame) -> None:
    """Give empty regions, in place, to the rep of the nearest account."""
    empty = np.flatnonzero(winner < 0)
    points = unit_sphere(held["longitude"].to_numpy(), held["latitude"].to_numpy())
    spots = shapely.point_on_surface(areas.geometry.to_numpy()[empty])
    away, which = nearest(
        points, unit_sphere(shapely.get_x(spots), shapely.get_y(spots))
    )
    spread = np.quantile(np.linalg.norm(points - points.mean(axis=0), axis=1), 0.95)
    reach = max(_EMPTY_KM / EARTH_RADIUS_KM, 0.25 * float(spread))
    close = away <= reach
    winner[empty[close]] = held["rep"].to_numpy()[which[close]]


def _shared_regions(table: pd.DataFrame, winner: Ints, weight: str) -> Ints:
    """Regions to be split because a rep who works there has no region at all."""
    without = table[~table["rep"].isin(winner)]
    total = table.groupby("region")[weight].transform("sum")
    share = (table[weight] / total.where(total > 0, 1)).loc[without.index]
    first = without.assign(share=share).sort_values("share", ascending=False)
    return np.unique(first.drop_duplicates("rep")["region"].to_numpy(int))


def _split(held: pd.DataFrame, region: int, shape: shapely.Geometry) -> pd.DataFrame:
    """Cells of the reps inside one region."""
    local = held[held["region"] == region]
    crs = local_crs(local["longitude"], local["latitude"])
    forward = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform
    outline = shapely.transform(shape, forward, interleaved=False)
    cells = voronoi_territories(local, outline=outline, crs=crs)
    # Back from the projection, edges bulge by a hair over those of the region.
    inside = shapely.intersection(list(cells.values()), shape)
    return pd.DataFrame({"rep": list(cells), "geometry": inside})
