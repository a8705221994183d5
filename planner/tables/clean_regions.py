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
from planner.tables.safety import write_csv
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

    The usual writers round to 7 digits, which would not read back the same. A number
    that is not known is null.
    """
    columns = {
        str(name): [_plain(cell) for cell in regions[name].tolist()]
        for name in regions
        if name != regions.geometry.name
    }
    features = [
        {
            "type": "Feature",
            "id": region_id,
            "properties": {name: cells[at] for name, cells in columns.items()},
            "geometry": mapping(geometry),
        }
        for at, (region_id, geometry) in enumerate(
            zip(regions.index, regions.geometry, strict=True)
        )
    ]
    collection = {"type": "FeatureCollection", "features": features}
    return json.dumps(collection, ensure_ascii=False).encode("utf-8")


def _plain(cell: Any) -> Any:
    return None if isinstance(cell, float) and np.isnan(cell) else cell


def read_clean_regions(path: Path) -> gpd.GeoDataFrame:
    """
    Read what `regions_as_geojson` returned.

    Raises
    ------
    PlannerError
        If the file is missing or damaged.
    """
    try:
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        ids = [str(feature["id"]) for feature in features]
        names = list(features[0]["properties"]) if features else []
        cells = {
            name: [feature["properties"][name] for feature in features]
            for name in ["name", "level", "parent", *names]
        }
        columns = {name: _typed(path, name, values) for name, values in cells.items()}
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


def _typed(path: Path, name: str, cells: list[Any]) -> pd.Series:
    """Turn the cells of a column, all of one kind, into a column."""
    if all(isinstance(cell, str) for cell in cells):
        return pd.Series(cells, dtype="str")
    if all(isinstance(cell, bool) for cell in cells):
        return pd.Series(cells, dtype=bool)
    numbers = [cell for cell in cells if cell is not None]
    if any(isinstance(x, bool) or not isinstance(x, int | float) for x in numbers):
        raise damaged(path, _("{name} holds cells of several kinds").format(name=name))
    if name in ("name", "level", "parent"):
        raise damaged(path, _("{name} holds no text").format(name=name))
    return pd.Series(cells, dtype=float)


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
