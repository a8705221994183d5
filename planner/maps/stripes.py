"""Stripes over areas: real lines, the same in every file format."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def stripes(shape: shapely.Geometry, step: float) -> shapely.Geometry:
    """
    Cover a shape with lines that rise to the right.

    All shapes of one map share one family of lines, so stripes run on from one area
    into the next. A part between two lines gets a line of its own.

    Parameters
    ----------
    shape
        Polygons in a projection.
    step
        Distance between two lines, in the units of the shape.

    Returns
    -------
    MultiLineString.
    """
    parts = shapely.get_parts(shape)
    if shape.is_empty:
        return shapely.MultiLineString()
    turned = shapely.transform(parts, _to_stripes)
    lines = []
    for part, (west, south, east, north) in zip(
        turned, shapely.bounds(turned), strict=True
    ):
        rows = step * np.arange(np.ceil(south / step), np.floor(north / step) + 1)
        met = _crossed(part, rows, west, east)
        if not len(met):
            met = _crossed(part, np.array([(south + north) / 2]), west, east)
        lines.append(met)
    every = shapely.multilinestrings(np.concatenate(lines))
    return shapely.transform(every, _from_stripes)


def _crossed(
    part: shapely.Geometry, rows: Floats, west: float, east: float
) -> NDArray[np.object_]:
    """Return the pieces of horizontal lines at these heights within a polygon."""
    ends = np.empty((len(rows), 2, 2))
    ends[:, 0, 0], ends[:, 1, 0] = west - 1, east + 1
    ends[:, :, 1] = rows[:, None]
    shapely.prepare(part)
    met = shapely.get_parts(shapely.intersection(shapely.linestrings(ends), part))
    return np.asarray(met[shapely.length(met) > 0])


_HALF = np.sqrt(0.5)


def _to_stripes(xy: Floats) -> Floats:
    """Turn by 45 degrees, so that stripes become horizontal."""
    return _HALF * np.column_stack([xy[:, 0] + xy[:, 1], xy[:, 1] - xy[:, 0]])


def _from_stripes(uv: Floats) -> Floats:
    return _HALF * np.column_stack([uv[:, 0] - uv[:, 1], uv[:, 0] + uv[:, 1]])
