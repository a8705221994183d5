"""Regions: boundaries of any kind of file, or a plain table of points."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

from planner.errors import PlannerError
from planner.scenario import Table
from planner.tables.fields import Parsed, read_fields
from planner.tables.findings import Findings, hints
from planner.tables.finish import clean_frame
from planner.tables.raw import (
    PARQUET,
    TEXT_FILES,
    WORKBOOKS,
    RawTable,
    display_name,
    raw_from_frame,
    read_bytes,
    read_raw,
)
from planner.tables.references import Use
from planner.tables.rules import check_rules
from planner.tables.shapes import read_shapes
from planner.tables.sources import keep_rows
from planner.words import _

WGS84 = CRS.from_epsg(4326)


class RegionsRead(NamedTuple):
    """
    Regions as read.

    Attributes
    ----------
    regions
        Clean: EPSG:4326, index ``region_id``; the fields of the contract but for
        degrees and ``hours_per_visit``, then the columns that the scenario names.
        None if they cannot be built.
    raw
        The raw table, or what is wrong with it as a whole.
    parsed
        The parsed fields (their faults, their defaults); None likewise.
    """

    regions: gpd.GeoDataFrame | None
    raw: RawTable | Findings
    parsed: Parsed | None


def read_regions(
    table: Table,
    source: Path | pd.DataFrame,
    scenario: Findings,
    uses: Mapping[str, Use] | None = None,
) -> RegionsRead:
    """
    Read and check the regions.

    Parameters
    ----------
    table
        How to read them.
    source
        The folder that the table's file is relative to; or a frame for the file.
    scenario
        Receives faults of the scenario itself.
    uses
        Columns beyond the contract that the scenario names.
    """
    raw, shapes = _raw_and_shapes(table, source)
    if isinstance(raw, Findings):
        return RegionsRead(None, raw, None)
    raw = keep_rows(raw, table)
    parsed = read_fields(raw, table, "regions", uses or {}, scenario)
    if shapes is None:
        geometry = _points(parsed)
    else:
        for name in ("regions.latitude", "regions.longitude"):
            parsed.defaults.pop(name, None)
        geometry = shapes[raw.rows - 2]
    check_rules(parsed, "regions")
    _check_parents(parsed)
    _check_locks(parsed)
    clean = _clean_shapes(parsed, geometry)
    frame = clean_frame(parsed).drop(columns=["latitude", "longitude"])
    return RegionsRead(gpd.GeoDataFrame(frame, geometry=clean, crs=WGS84), raw, parsed)


def _raw_and_shapes(
    table: Table, source: Path | pd.DataFrame
) -> tuple[RawTable | Findings, NDArray[np.object_] | None]:
    """Return the attributes as raw table, and shapes in degrees by position."""
    if isinstance(source, pd.DataFrame):
        if not isinstance(source, gpd.GeoDataFrame):
            return raw_from_frame(source, "regions"), None
        return _from_geo(source, Findings("regions"))
    path = source / table.file
    suffix = path.suffix.lower()
    findings = Findings(display_name(table))
    if suffix in (*TEXT_FILES, *WORKBOOKS):
        return read_raw(table, source), None
    try:
        digest = _digest(path)
        if suffix in PARQUET and not _has_shapes(path):
            return read_raw(table, source), None
        frame = _read_geo(path, table)
    except PlannerError as error:
        findings.fault("", "", _("the table cannot be read"), f"{error}.")
        return findings, None
    raw, shapes = _from_geo(frame, findings)
    if isinstance(raw, RawTable):
        raw.sha256 = digest
    return raw, shapes


def _has_shapes(path: Path) -> bool:
    try:
        return b"geo" in (pq.read_schema(path).metadata or {})
    except (pa.ArrowInvalid, OSError) as error:
        raise PlannerError(
            _("{path} is not a Parquet file ({error}); export it again").format(
                path=path, error=error
            )
        ) from error


def _read_geo(path: Path, table: Table) -> gpd.GeoDataFrame:
    try:
        if path.suffix.lower() in PARQUET:
            return gpd.read_parquet(path)
        frame = read_shapes(path, layer=table.sheet, encoding=table.encoding)
    except (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        ValueError,
        CRSError,
        pa.ArrowInvalid,
    ) as error:
        raise PlannerError(
            _(
                "{path} is no file of boundaries that can be read ({error}); use "
                "GeoPackage, GeoJSON or GeoParquet"
            ).format(path=path, error=error)
        ) from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise PlannerError(
            _(
                "{path} holds no shapes; give boundaries, or a plain table with "
                "latitude and longitude"
            ).format(path=path)
        )
    return frame


def _digest(path: Path) -> str:
    """Hash a file, or the files of a folder (a file geodatabase) in order of name."""
    if not path.is_dir():
        return hashlib.sha256(read_bytes(path)).hexdigest()
    digest = hashlib.sha256()
    for part in sorted(path.rglob("*")):
        if part.is_file():
            digest.update(part.name.encode() + b"\0" + read_bytes(part))
    return digest.hexdigest()


def _from_geo(
    frame: gpd.GeoDataFrame, findings: Findings
) -> tuple[RawTable | Findings, NDArray[np.object_] | None]:
    shapes = _to_degrees(frame, findings)
    if shapes is None:
        return findings, None
    attributes = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    raw = raw_from_frame(attributes, findings.file)
    if isinstance(raw, RawTable):
        raw.findings.notes = findings.notes + raw.findings.notes
    return raw, shapes


def _to_degrees(
    frame: gpd.GeoDataFrame, findings: Findings
) -> NDArray[np.object_] | None:
    """Bring shapes to EPSG:4326; None (and a fault) where their CRS is unknown."""
    shapes = frame.geometry
    if shapes.crs is None:
        west, south, east, north = shapes.total_bounds
        if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
            findings.fault(
                "",
                "",
                _("the file does not say its coordinate reference system (CRS)"),
                _("Export it again with its CRS, best in EPSG:4326 (WGS 84)."),
            )
            return None
        findings.note(_("no CRS stated; the coordinates look like degrees (WGS 84)"))
    elif not shapes.crs.equals(WGS84, ignore_axis_order=True):
        findings.note(
            _("reprojected from {crs} to EPSG:4326").format(crs=shapes.crs.name)
        )
        shapes = shapes.to_crs(WGS84)
    return np.asarray(shapes.array, dtype=object)


def _points(parsed: Parsed) -> NDArray[np.object_]:
    for name in ("latitude", "longitude"):
        if name not in parsed.given:
            parsed.findings.fault(
                name,
                "",
                _("a plain table of regions needs this column"),
                _("Add it, or give a file of boundaries."),
            )
    frame = parsed.frame
    known = frame["latitude"].notna() & frame["longitude"].notna()
    shapes = np.full(len(frame), None, dtype=object)
    shapes[known] = shapely.points(frame.loc[known, ["longitude", "latitude"]])
    return shapes


def _clean_shapes(parsed: Parsed, shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Repair invalid shapes; report those that are missing or beyond repair."""
    invalid = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    if invalid.any():
        shapes = shapes.copy()
        shapes[invalid] = shapely.make_valid(
            shapes[invalid], method="structure", keep_collapsed=False
        )
        parsed.findings.note(
            _("{n:,} invalid shapes repaired").format(n=int(invalid.sum()))
        )
    bounds = shapely.bounds(shapes)
    empty = shapely.is_missing(shapes) | ~np.isfinite(bounds).all(axis=1)
    empty &= ~parsed.is_bad("latitude") & ~parsed.is_bad("longitude")
    parsed.findings.cell_faults(
        np.flatnonzero(empty),
        parsed.column("region_id"),
        parsed.frame.loc[empty, "region_id"],
        _("the region has no shape"),
        _("Give it one, or remove the row."),
    )
    return shapes


def _check_parents(parsed: Parsed) -> None:
    frame, column = parsed.frame, parsed.column("parent")
    known = set(frame["region_id"])
    unknown = (frame["parent"] != "") & ~frame["parent"].isin(known)
    at = np.flatnonzero(unknown)
    values = frame["parent"].iloc[at].tolist()
    parsed.findings.cell_faults(
        at,
        column,
        values,
        _("no region has this id"),
        hints(values, known, _("regions")),
    )
    parents = dict(zip(frame["region_id"], frame["parent"], strict=True))
    position = {name: at for at, name in enumerate(frame["region_id"])}
    for cycle in _cycles(parents):
        parsed.findings.cell_faults(
            [position[cycle[0]]],
            column,
            [parents[cycle[0]]],
            _("the region would lie within itself: {cycle}").format(
                cycle=" < ".join([*cycle, cycle[0]])
            ),
            _("Correct the parents, so that they lead to a region without one."),
        )


def _check_locks(parsed: Parsed) -> None:
    """A lock keeps a region with its owner, so there must be one."""
    wrong = parsed.frame["locked"] & (parsed.frame["owner"] == "")
    at = np.flatnonzero(wrong & ~parsed.is_bad("locked") & ~parsed.is_bad("owner"))
    parsed.findings.cell_faults(
        at,
        parsed.column("locked"),
        parsed.frame["region_id"].iloc[at],
        _("the region is locked and has no owner to stay with"),
        _("Fill in its owner, or unlock it."),
    )


def _cycles(parents: dict[str, str]) -> list[list[str]]:
    """Return each circle of parents once, from its first region in the file."""
    settled: set[str] = set()
    cycles = []
    for start in parents:
        path: list[str] = []
        at = start
        while at in parents and at not in settled and at not in path:
            path.append(at)
            at = parents[at]
        if at in path:
            cycles.append(path[path.index(at) :])
        settled.update(path)
    return cycles
