"""Voronoi cells of accounts, dissolved by rep: territories without regions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from planner.geo.antimeridian import cut_at_antimeridian
from planner.geo.crs import local_crs

Floats = NDArray[np.float64]

_MOST_CELLS = 15_000
"""Beyond this many places, those in one square of a grid are drawn as one."""

_SMALLEST_M = 5_000.0
"""Radius of the disc drawn around a lone place."""

_DECIMALS = 9
"""Of degrees: a tenth of a millimetre."""


def voronoi_territories(
    held: pd.DataFrame,
    *,
    outline: shapely.Geometry | None = None,
    crs: pyproj.CRS | None = None,
) -> dict[int, shapely.Geometry]:
    """
    Union, by rep, of the Voronoi cells of the accounts' places.

    Parameters
    ----------
    held
        Columns ``longitude``, ``latitude`` (degrees), ``rep`` (int), ``value``.
    outline
        Area to divide, in `crs`; None: the surroundings of the places.
    crs
        Projection to work in; None: `local_crs` of the places.

    Returns
    -------
    Polygons in degrees by rep, cut at the antimeridian. A rep whose places all
    coincide with places where another has more value is not in it.
    """
    plane = crs or local_crs(held["longitude"], held["latitude"])
    forward = pyproj.Transformer.from_crs("EPSG:4326", plane, always_xy=True).transform
    x, y = forward(held["longitude"].to_numpy(), held["latitude"].to_numpy())
    sites = _sites(np.column_stack([x, y]), held)
    points = sites[["x", "y"]].to_numpy()
    area = surroundings(points) if outline is None else outline
    cells = cells_in_order(points, area)
    owner = sites["rep"].to_numpy()
    shapes = {
        int(rep): shapely.intersection(shapely.union_all(cells[owner == rep]), area)
        for rep in np.unique(owner)
    }
    return {
        rep: to_degrees(shape, plane)
        for rep, shape in shapes.items()
        if not shape.is_empty
    }


def surroundings(points: Floats) -> shapely.Geometry:
    """
    Smooth outline around points, in pieces where they lie far apart.

    Parameters
    ----------
    points
        Projected, metres, shape (n, 2), n >= 1.
    """
    extent = float(np.ptp(points, axis=0).max())
    # The second neighbour: pairs of places in one town say nothing of the land.
    gap = np.asarray(cKDTree(points).query(points, k=[min(3, len(points))])[0])
    usual = float(np.quantile(gap, 0.9))
    # A few places far apart would else be islands larger than the land.
    radius = max(min(1.2 * usual, 0.25 * extent), 0.02 * extent, _SMALLEST_M)
    near = shapely.union_all(
        shapely.buffer(shapely.points(points), radius, quad_segs=16)
    )
    # Closing bridges the gaps between discs and rounds the dents between them.
    closed = shapely.buffer(near, 2 * radius, quad_segs=16)
    closed = shapely.buffer(closed, -2 * radius, quad_segs=16)
    rings = shapely.get_exterior_ring(shapely.get_parts(closed))
    return shapely.union_all(shapely.polygons(rings))


def to_degrees(
    shape: shapely.Geometry, crs: pyproj.CRS, step: float | None = None
) -> shapely.Geometry:
    """
    Bring a projected shape to longitude and latitude, cut at the antimeridian.

    Straight edges are divided first, so that they stay straight on the map: into
    pieces of at most `step` metres, or of a fortieth of the shape's extent.
    """
    west, south, east, north = shape.bounds
    if step is None:
        step = max(east - west, north - south, 1.0) / 40
    return all_to_degrees(np.array([shape], dtype=object), crs, step)[0]


def all_to_degrees(
    shapes: NDArray[np.object_], crs: pyproj.CRS, step: float
) -> NDArray[np.object_]:
    """Do as `to_degrees` for many shapes; common edges remain common."""
    dense = shapely.segmentize(shapes, step)
    inverse = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform
    bounds = shapely.bounds(shapes)
    middle, _lat = inverse(*((bounds[:, :2] + bounds[:, 2:]) / 2).T)
    places, which = shapely.get_coordinates(dense, return_index=True)
    lon, lat = inverse(*places.T)
    lon = middle[which] + (lon - middle[which] + 180) % 360 - 180
    # Neighbours have the same corners but for the last digits: then truly the same.
    rounded = np.round(np.column_stack([lon, lat]), _DECIMALS)
    whole = shapely.set_coordinates(dense, rounded)
    return np.array([cut_at_antimeridian(shape) for shape in whole], dtype=object)


def _sites(points: Floats, held: pd.DataFrame) -> pd.DataFrame:
    """Merge places that coincide; the rep with most value (then accounts) gets it."""
    extent = float(np.ptp(points, axis=0).max())
    step = max(extent / 20_000, 1.0)
    keys = np.floor(points / step).astype(np.int64)
    if len(pd.DataFrame(keys).drop_duplicates()) > _MOST_CELLS:
        step = extent / np.sqrt(4 * _MOST_CELLS)
        keys = np.floor(points / step).astype(np.int64)
    table = pd.DataFrame(
        {
            "kx": keys[:, 0],
            "ky": keys[:, 1],
            "x": points[:, 0],
            "y": points[:, 1],
            "rep": held["rep"].to_numpy(),
            "value": held["value"].to_numpy(),
            "one": 1,
        }
    )
    spots = table.groupby(["kx", "ky"])[["x", "y"]].mean()
    sums = table.groupby(["kx", "ky", "rep"])[["value", "one"]].sum().reset_index()
    order = ["kx", "ky", "value", "one", "rep"]
    ranked = sums.sort_values(order, ascending=[True, True, False, False, True])
    first = ranked.drop_duplicates(["kx", "ky"]).set_index(["kx", "ky"])
    return spots.join(first["rep"]).reset_index(drop=True)


def cells_in_order(points: Floats, area: shapely.Geometry) -> NDArray[np.object_]:
    """Cell of each point, in the order of points."""
    if len(points) == 1:
        return np.array([area], dtype=object)
    diagram = shapely.voronoi_polygons(
        shapely.MultiPoint(points), extend_to=area, ordered=True
    )
    return np.asarray(shapely.get_parts(diagram), dtype=object)
