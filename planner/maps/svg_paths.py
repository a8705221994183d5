"""Shapes and lines as short SVG path data."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

Steps = NDArray[np.int64]

TENTHS = 10
"""Coordinates are kept to a tenth of a unit."""


def area_path(shape: shapely.Geometry) -> str:
    """Return path data of polygons, to a tenth of a unit; "" where nothing is left."""
    rings = shapely.get_rings(shapely.get_parts(shape))
    return "".join(_path(ring, closed=True) for ring in rings)


def line_path(lines: shapely.Geometry) -> str:
    """Return path data of lines, to a tenth of a unit; "" where nothing is left."""
    return "".join(_path(line, closed=False) for line in shapely.get_parts(lines))


def _path(line: shapely.Geometry, *, closed: bool) -> str:
    """Return one piece as relative steps: shorter than places."""
    points = np.round(TENTHS * shapely.get_coordinates(line)).astype(np.int64)
    if closed:
        points = points[:-1]  # Z returns to the first
    kept = np.append(True, (np.diff(points, axis=0) != 0).any(axis=1))
    points = points[kept[: len(points)]]
    if len(points) < (3 if closed else 2):
        return ""
    begin = f"M{_number(points[0, 0])}{_joined(points[0, 1])}"
    steps = np.diff(points, axis=0)
    return begin + _steps(steps) + ("Z" if closed else "")


def _steps(steps: Steps) -> str:
    """Return lines by relative steps in tenths, one letter for all."""
    first, rest = steps[0], steps[1:]
    text = f"l{_number(first[0])}{_joined(first[1])}"
    return text + "".join(_joined(x) + _joined(y) for x, y in rest.tolist())


def _number(tenths: int) -> str:
    """Write a number of tenths without what SVG does not need."""
    whole, part = divmod(abs(int(tenths)), TENTHS)
    text = f"{whole or ''}.{part}" if part else str(whole)
    return f"-{text}" if tenths < 0 else text


def _joined(tenths: int) -> str:
    """Write a number that follows another: a minus sign parts them already."""
    return _number(tenths) if tenths < 0 else f" {_number(tenths)}"
