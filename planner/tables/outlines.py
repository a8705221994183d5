"""Shapes that are no regions: an outline to cut to, barriers that part neighbours."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pyogrio
import shapely
from pyproj.exceptions import CRSError

from planner.errors import PlannerError
from planner.tables.raw import PARQUET
from planner.tables.regions import WGS84
from planner.tables.shapes import read_shapes
from planner.words import _


def shapes_of_file(path: Path) -> shapely.Geometry:
    """
    Return everything that a file of shapes holds, as one shape in degrees.

    Raises
    ------
    PlannerError
        If the file cannot be read, holds no shapes, or does not say its CRS.
    """
    try:
        if path.suffix.lower() in PARQUET:
            frame = gpd.read_parquet(path)
        else:
            frame = read_shapes(path, columns=[])
    except (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        OSError,
        ValueError,
        CRSError,
    ) as error:
        raise PlannerError(
            _(
                "{path} is no file of shapes that can be read ({error}); use "
                "GeoPackage, GeoJSON or GeoParquet."
            ).format(path=path, error=error)
        ) from error
    if not isinstance(frame, gpd.GeoDataFrame) or frame.geometry.is_empty.all():
        raise PlannerError(_("{path} holds no shapes.").format(path=path))
    if frame.crs is None:
        raise PlannerError(
            _(
                "{path} does not say its coordinate reference system (CRS). Export it "
                "again with its CRS, best in EPSG:4326 (WGS 84)."
            ).format(path=path)
        )
    return frame.to_crs(WGS84).geometry.make_valid().union_all()
