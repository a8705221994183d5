"""Regions merged to territories, without slivers inside."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.errors import PlannerError
from planner.geo.antimeridian import cut_at_antimeridian, made_whole
from planner.geo.borders import METRES_PER_DEGREE, flattened
from planner.words import _

_GRID_DEG = 1e-9
"""A tenth of a millimetre: points closer than that are one."""


def dissolve(
    shapes: gpd.GeoSeries, label: pd.Series, *, tolerance_m: float = 50.0
) -> gpd.GeoSeries:
    """
    Merge the regions of each label.

    Parameters
    ----------
    shapes
        Polygons, index ``region_id``; any CRS (none: degrees).
    label
        Label (such as the rep) per ``region_id``; "" or missing: left out.
    tolerance_m
        Gaps between regions of one label up to this width, in metres, are closed.
        Where the borders fit exactly, nothing is changed.

    Returns
    -------
    Polygons in EPSG:4326, cut at the antimeridian; index: the labels, sorted.

    Raises
    ------
    PlannerError
        `label` has regions that are not among `shapes`.
    """
    merged = merged_shapes(shapes, label, tolerance_m)
    whole = [cut_at_antimeridian(shape) for shape in merged]
    return gpd.GeoSeries(whole, index=merged.index, crs=4326)


def labelled(shapes: gpd.GeoSeries, label: pd.Series) -> pd.Series:
    """
    Labels of the regions that have one, in the order of `shapes`.

    Raises
    ------
    PlannerError
        `label` has regions that are not among `shapes`.
    """
    given = label[label.notna() & (label.astype(str) != "")]
    if unknown := sorted(map(str, given.index.difference(shapes.index))):
        raise PlannerError(
            _("These regions are labelled but have no shape: {regions}.").format(
                regions=", ".join(unknown[:20])
            )
            + " "
            + _("Add them to the regions, or leave them out.")
        )
    return given.reindex(shapes.index).dropna()


def merged_shapes(
    shapes: gpd.GeoSeries, label: pd.Series, tolerance_m: float
) -> pd.Series:
    """Do as `dissolve`, but keep what crosses the antimeridian whole; no CRS."""
    used = labelled(shapes, label)
    plain = shapes.loc[used.index]
    if plain.crs is not None and not plain.crs.equals(4326):
        plain = plain.to_crs(4326)
    areas = np.asarray(plain.array, dtype=object)
    codes, names = pd.factorize(used, sort=True)
    merged = np.empty(len(names), dtype=object)
    for code in range(len(names)):
        merged[code] = _merged(made_whole(areas[codes == code]), tolerance_m)
    return pd.Series(merged, index=pd.Index(names), dtype=object)


def _merged(areas: np.ndarray, tolerance_m: float) -> shapely.Geometry:
    parts = shapely.get_parts(areas)
    if shapely.coverage_is_valid(parts):
        return shapely.coverage_union_all(parts)
    _west, south, _east, north = shapely.total_bounds(parts)
    scale = np.cos(np.radians(np.clip((south + north) / 2, -89.9, 89.9)))
    # Out and back in again: what is narrower than the tolerance stays filled.
    half = tolerance_m / METRES_PER_DEGREE / 2
    with np.errstate(all="ignore"):  # GEOS leaves flags behind, and good shapes
        flat = shapely.union_all(_widened(parts, scale), grid_size=_GRID_DEG)
        grown = shapely.buffer(flat, half, join_style="mitre")
        shrunk = shapely.buffer(grown, -half, join_style="mitre")
        closed = shapely.get_parts(shapely.union(flat, shrunk, grid_size=_GRID_DEG))
    closed = _widened(closed[shapely.get_dimensions(closed) == 2], 1 / scale)
    return closed[0] if len(closed) == 1 else shapely.multipolygons(closed)


def _widened(shapes: np.ndarray, factor: float) -> np.ndarray:
    return flattened(shapes, np.full(len(shapes), factor))
