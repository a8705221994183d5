"""Shapes on both sides of 180 degrees: made whole for work, cut for files."""

from __future__ import annotations

import numpy as np
import shapely

from planner.geo.crs import longitude_span

_EDGE_DEG = 1e-6


def made_whole(shapes: np.ndarray) -> np.ndarray:
    """
    Move what lies east of 180 degrees beside what lies west of it.

    Parameters
    ----------
    shapes
        Polygons in degrees that belong together, shape (n,).

    Returns
    -------
    The shapes, with longitudes beyond 180 where they reach the antimeridian from both
    sides; unchanged where they do not, and where they lie all around the Earth.
    """
    bounds = shapely.bounds(shapes)
    if not len(shapes) or not (
        np.nanmin(bounds[:, 0]) < -180 + _EDGE_DEG
        and np.nanmax(bounds[:, 2]) > 180 - _EDGE_DEG
    ):
        return shapes
    dense = shapely.get_coordinates(shapely.segmentize(shapes, 1.0))
    west, width = longitude_span(dense[:, 0])
    if width > 358:
        return shapes
    return np.array([_moved(shape, west) for shape in shapes], dtype=object)


def cut_at_antimeridian(shape: shapely.Geometry) -> shapely.Geometry:
    """Bring longitudes beyond 180 degrees back, as files expect them."""
    west, _south, east, _north = shape.bounds
    if west >= -180 and east <= 180:
        return shape
    parts = [
        shapely.transform(
            shapely.intersection(shape, shapely.box(turn - 180, -90, turn + 180, 90)),
            lambda lonlat, turn=turn: lonlat - np.array([turn, 0]),
        )
        for turn in (-360, 0, 360)
    ]
    return shapely.union_all(parts)


def _moved(shape: shapely.Geometry, west: float) -> shapely.Geometry:
    parts = shapely.get_parts(shape)
    behind = shapely.bounds(parts)[:, 2] < west
    if not behind.any():
        return shape
    parts[behind] = shapely.transform(
        parts[behind], lambda lonlat: lonlat + np.array([360, 0])
    )
    return shapely.multipolygons(parts)
