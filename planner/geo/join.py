"""Which region a place lies in."""

from __future__ import annotations

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from planner.geo.borders import METRES_PER_DEGREE
from planner.geo.distance import haversine_km
from planner.words import _

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]


class Located(NamedTuple):
    """
    Regions of places.

    Attributes
    ----------
    region_id
        Of each place, shape (n,), text; "": none.
    away_km
        Distance to that region, shape (n,): 0 inside, NaN if there is none.
    notes
        How many places lie outside all regions, and what became of them.
    """

    region_id: NDArray[np.object_]
    away_km: Floats
    notes: list[str]


def regions_of(
    longitude: ArrayLike,
    latitude: ArrayLike,
    shapes: gpd.GeoSeries,
    *,
    within_km: float = 5.0,
) -> Located:
    """
    Find the region of each place.

    Parameters
    ----------
    longitude, latitude
        Degrees, shape (n,); NaN: no place, so no region.
    shapes
        Polygons, index ``region_id``; any CRS (none: degrees).
    within_km
        A place in no region belongs to the nearest one, if it is not farther than
        this: simplified coasts cut off harbours.

    Returns
    -------
    Regions, distances and notes. A place in several regions (on a border, or where
    they overlap) or equally far from several has the one with the lowest id.
    """
    places = np.column_stack([longitude, latitude]).astype(float)
    known = np.flatnonzero(np.isfinite(places).all(axis=1))
    if shapes.crs is not None and not shapes.crs.equals(4326):
        shapes = shapes.to_crs(4326)
    # In order of id, the lowest position is the lowest id.
    ordered = shapes.iloc[np.argsort(shapes.index.to_numpy(str), kind="stable")]
    areas = np.asarray(ordered.array, dtype=object)
    tree = shapely.STRtree(areas)
    found = np.full(len(places), len(areas))
    away = np.full(len(places), np.nan)
    at, region = tree.query(shapely.points(places[known]), predicate="intersects")
    np.minimum.at(found, known[at], region)
    away[found < len(areas)] = 0.0
    out = known[found[known] == len(areas)]
    if len(out) and len(areas):
        found[out], away[out] = _nearest(tree, places[out], within_km)
    names = np.append(ordered.index.to_numpy(str), "").astype(object)
    return Located(names[found], away, _notes(away, out, len(places), within_km))


def _nearest(
    tree: shapely.STRtree, places: Floats, within_km: float
) -> tuple[Ints, Floats]:
    """Position of the nearest region (number of regions: none) and its distance."""
    areas = tree.geometries
    scale = np.maximum(np.cos(np.radians(places[:, 1])), 0.01)
    reach = 1.01 * within_km * 1000 / METRES_PER_DEGREE
    # Once more on both sides of the antimeridian.
    which = np.tile(np.arange(len(places)), 3)
    turned = places[which] + np.repeat([[0, 0], [-360, 0], [360, 0]], len(places), 0)
    at, region = tree.query(
        shapely.points(turned), predicate="dwithin", distance=(reach / scale)[which]
    )
    best = np.full(len(places), len(areas))
    nearest = np.full(len(places), np.nan)
    if not len(at):
        return best, nearest
    row, squeeze = which[at], scale[which[at]]
    spots = turned[at] * np.column_stack([squeeze, np.ones(len(at))])
    flat = shapely.transform(areas[region], lambda lonlat: lonlat)
    corners, of = shapely.get_coordinates(flat, return_index=True)
    corners[:, 0] *= squeeze[of]
    flat = shapely.set_coordinates(flat, corners)
    line = shapely.shortest_line(shapely.points(spots), flat)
    ends = shapely.get_coordinates(line).reshape(-1, 2, 2)
    ends[:, :, 0] /= squeeze[:, None]
    km = haversine_km(ends[:, 0, 1], ends[:, 0, 0], ends[:, 1, 1], ends[:, 1, 0])
    close = np.flatnonzero(km <= within_km)
    # Equal to a millimetre: on a common border of two regions, seen from the sea.
    order = close[np.lexsort((region[close], np.round(km[close], 6), row[close]))]
    first = np.unique(row[order], return_index=True)[1]
    best[row[order[first]]] = region[order[first]]
    nearest[row[order[first]]] = km[order[first]]
    return best, nearest


def _notes(away: Floats, out: Ints, count: int, within_km: float) -> list[str]:
    notes = []
    moved = out[np.isfinite(away[out])]
    if len(moved):
        notes.append(
            _(
                "{n:,} of {all:,} places lie in no region and go to the nearest, up to "
                "{km:.1f} km away"
            ).format(n=len(moved), all=count, km=float(away[moved].max()))
        )
    if len(lost := out[np.isnan(away[out])]):
        notes.append(
            _(
                "{n:,} of {all:,} places lie farther than {km:g} km from every region "
                "and have none"
            ).format(n=len(lost), all=count, km=within_km)
        )
    return notes
