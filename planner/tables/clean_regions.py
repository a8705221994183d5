"""Clean regions and what is next to what, as open files, and back without loss."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry import mapping, shape

from planner.errors import PlannerError
from planner.tables.findings import Findings
from planner.tables.regions import WGS84
from planner.tables.safety import write_atomic, write_csv
from planner.words import _

ADJACENCY = ("region_id", "neighbour_id", "kind", "border_km", "distance_km")
KINDS = ("border", "gap", "bridge", "link")


def damaged(path: Path, why: object) -> PlannerError:
    """Return the error about a file of a folder of clean tables."""
    return PlannerError(
        _(
            "{path} is missing or damaged ({why}). Write the folder again, or restore "
            "the file."
        ).format(path=path, why=why)
    )


def regions_as_geojson(regions: gpd.GeoDataFrame) -> bytes:
    """
    Return regions as GeoJSON with every digit of the coordinates.

    The usual writers round to 7 digits, which would not read back the same. Which
    columns hold numbers is stated beside the features: a column may be all empty.
    """
    attributes = pd.DataFrame(regions.drop(columns=regions.geometry.name))
    columns = {str(name): dtype_of(attributes[name]) for name in attributes}
    cells = {
        name: [None if value != value else value for value in attributes[name].tolist()]
        for name in columns
    }
    features = [
        {
            "type": "Feature",
            "id": region_id,
            "properties": {name: values[at] for name, values in cells.items()},
            "geometry": mapping(shape_),
        }
        for at, (region_id, shape_) in enumerate(regions.geometry.items())
    ]
    collection = {
        "type": "FeatureCollection",
        "columns": columns,
        "features": features,
    }
    return json.dumps(collection, ensure_ascii=False).encode("utf-8")


def dtype_of(column: pd.Series) -> str:
    """Return what a clean column holds: text, number or yes/no."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return "yes/no"
    return "number" if pd.api.types.is_numeric_dtype(column.dtype) else "text"


def read_clean_regions(path: Path, expected: dict[str, str]) -> gpd.GeoDataFrame:
    """
    Read what `regions_as_geojson` returned.

    Parameters
    ----------
    expected
        Column -> text, number or yes/no, of those that the contract has.

    Raises
    ------
    PlannerError
        If the file is missing or damaged.
    """
    try:
        collection = json.loads(path.read_text(encoding="utf-8"))
        features = collection["features"]
        dtypes = {**collection["columns"], **expected}
        ids = [str(feature["id"]) for feature in features]
        columns = {
            name: _property(path, features, name, dtype)
            for name, dtype in dtypes.items()
        }
        shapes = [shape(feature["geometry"]) for feature in features]
    except OSError as error:
        raise damaged(path, error.strerror) from error
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        shapely.errors.ShapelyError,
    ) as error:
        raise damaged(path, error) from error
    index = pd.Index(ids, dtype="str", name="region_id")
    if index.has_duplicates:
        raise damaged(path, _("a region occurs twice"))
    frame = pd.DataFrame(columns).set_axis(index)
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=WGS84)


def _property(
    path: Path, features: list[dict[str, Any]], name: str, dtype: str
) -> pd.Series:
    """Read one column of the regions; every value must be what its column says."""
    values = [feature["properties"][name] for feature in features]
    if dtype == "number":
        numbers = [np.nan if value is None else value for value in values]
        if all(type(value) in (int, float) for value in numbers):
            return pd.Series(numbers, dtype=float)
    elif dtype == "yes/no" and all(type(value) is bool for value in values):
        return pd.Series(values, dtype=bool)
    elif dtype == "text" and all(type(value) is str for value in values):
        return pd.Series(values, dtype="str")
    raise damaged(path, _("column {name} of the regions").format(name=name))


def write_shapes(path: Path, shapes: shapely.Geometry) -> None:
    """Write shapes that are no regions, in degrees, as one geometry without loss."""
    text = json.dumps(mapping(shapes))
    write_atomic(path, text.encode("utf-8"))


def read_shapes(path: Path) -> shapely.Geometry:
    """
    Read what `write_shapes` wrote.

    Raises
    ------
    PlannerError
        If the file is missing or damaged.
    """
    try:
        return shape(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise damaged(path, error.strerror) from error
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        shapely.errors.ShapelyError,
    ) as error:
        raise damaged(path, error) from error


def write_adjacency(path: Path, adjacency: pd.DataFrame) -> None:
    """Write pairs of neighbouring regions, sorted."""
    write_csv(path, adjacency[list(ADJACENCY)])


def read_adjacency(path: Path, regions: gpd.GeoDataFrame | None) -> pd.DataFrame:
    """
    Read what `write_adjacency` wrote.

    Raises
    ------
    PlannerError
        If the file is missing, damaged, or names a region that does not exist.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
        if tuple(frame) != ADJACENCY:
            raise ValueError(_("its columns are not the expected ones"))
        for name in ADJACENCY[3:]:
            frame[name] = frame[name].astype(float)
    except OSError as error:
        raise damaged(path, error.strerror) from error
    except ValueError as error:
        raise damaged(path, error) from error
    known = frame.iloc[:0, 0] if regions is None else regions.index
    ends = frame[["region_id", "neighbour_id"]]
    amounts = frame[["border_km", "distance_km"]].to_numpy(float)
    faults = {
        _("a region that does not exist"): not ends.isin(list(known)).to_numpy().all(),
        _("a region that is its own neighbour"): (
            ends["region_id"] == ends["neighbour_id"]
        ).any(),
        _("an unknown kind"): not frame["kind"].isin(KINDS).all(),
        _("a length that is no number of 0 or more"): not (
            np.isfinite(amounts) & (amounts >= 0)
        ).all(),
    }
    for why, found in faults.items():
        if found:
            raise damaged(path, why)
    return frame


def no_regions(findings: Findings) -> None:
    """Report that planning by regions lacks the regions."""
    findings.fault(
        "regions",
        "",
        _("unit = 'region' needs a table of regions"),
        _('Name it: [regions] file = "...".'),
    )
