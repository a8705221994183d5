"""
Clean tables as open files, and back without loss.

`columns.json` beside the tables says what a CSV file cannot: which extra columns hold
numbers, and what was noted while reading.
"""

from __future__ import annotations

import json
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow

from planner.errors import Fault, TableError
from planner.scenario import Table
from planner.tables.clean_regions import (
    damaged,
    dtype_of,
    read_adjacency,
    read_clean_regions,
    read_shapes,
    regions_as_geojson,
    write_adjacency,
    write_shapes,
)
from planner.tables.findings import Findings
from planner.tables.frames import Tables
from planner.tables.numbers import parse_numbers
from planner.tables.raw import RawTable, read_raw
from planner.tables.safety import (
    safe_series,
    unsafe_series,
    write_atomic,
    write_csv,
)
from planner.tables.schema import contract
from planner.words import _

COLUMNS_FILE = "columns.json"
_NOT_KEPT: dict[str, set[str]] = {
    "accounts": {"hours_per_visit"},
    "reps": set(),
    "bases": set(),
    "distances": set(),
    "regions": {"region_id", "hours_per_visit", "latitude", "longitude"},
}
"""Fields of the contract that a clean table has not, or not as a column."""

_DTYPES = {"id": "text", "skills": "text", "degrees": "number"}


def write_clean(tables: Tables, folder: Path) -> None:
    """
    Write clean tables into a folder, for `read_clean`.

    accounts.csv, reps.csv, distances.csv, bases.csv, regions.geojson, adjacency.csv and
    barriers.geojson (these five only if present), and columns.json. Text that a
    spreadsheet would take for a formula is guarded by a leading '; ids are written as
    they are.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    dtypes: dict[str, dict[str, str]] = {}
    for name, frame in _frames(tables).items():
        dtypes[name] = {str(column): dtype_of(frame[column]) for column in frame}
        guarded = frame.copy(deep=False)
        for column in _text_columns(name, frame):
            guarded[column] = safe_series(frame[column])
        write_csv(folder / f"{name}.csv", guarded)
    if tables.regions is not None:
        write_atomic(folder / "regions.geojson", regions_as_geojson(tables.regions))
    if tables.adjacency is not None:
        write_adjacency(folder / "adjacency.csv", tables.adjacency)
    if tables.barriers is not None:
        write_shapes(folder / "barriers.geojson", tables.barriers)
    for name in (
        "distances.csv",
        "bases.csv",
        "regions.geojson",
        "adjacency.csv",
        "barriers.geojson",
    ):
        if getattr(tables, name.partition(".")[0]) is None:
            (folder / name).unlink(missing_ok=True)  # of an earlier write
    about = {
        "columns": dtypes,
        "regions": tables.regions is not None,
        "adjacency": tables.adjacency is not None,
        "barriers": tables.barriers is not None,
        "notes": tables.notes,
        "warnings": [astuple(warning) for warning in tables.warnings],
        "sources": tables.sources,
        "defaults": tables.defaults,
    }
    text = json.dumps(about, ensure_ascii=False, indent=1)
    write_atomic(folder / COLUMNS_FILE, text.encode("utf-8"))


def read_clean(folder: Path) -> Tables:
    """
    Read what `write_clean` wrote, and check it against the contracts.

    Raises
    ------
    TableError
        If a cell is not what its column says, or breaks the contract.
    PlannerError
        If a file is missing or damaged.
    """
    folder = Path(folder)
    about = _about(folder / COLUMNS_FILE)
    faults: list[Fault] = []
    frames = {
        name: _read_frame(folder, name, dtypes, faults)
        for name, dtypes in about["columns"].items()
    }
    if faults:
        raise TableError(faults)
    regions, adjacency = None, None
    if about["regions"]:
        expected = _contract_dtypes("regions")
        regions = read_clean_regions(folder / "regions.geojson", expected)
    if about.get("adjacency") is True:
        adjacency = read_adjacency(folder / "adjacency.csv", regions)
    barriers = None
    if about.get("barriers") is True:
        barriers = read_shapes(folder / "barriers.geojson")
    bases = frames.get("bases")
    return Tables(
        accounts=frames["accounts"].set_index("account_id"),
        reps=frames["reps"].set_index("rep_id"),
        regions=regions,
        distances=frames.get("distances"),
        adjacency=adjacency,
        barriers=barriers,
        bases=None if bases is None else bases.set_index("base_id"),
        notes=about["notes"],
        warnings=[Fault(*warning) for warning in about["warnings"]],
        sources=about["sources"],
        defaults=about["defaults"],
    )


def _frames(tables: Tables) -> dict[str, pd.DataFrame]:
    frames = {
        "accounts": tables.accounts.reset_index(),
        "reps": tables.reps.reset_index(),
    }
    if tables.distances is not None:
        frames["distances"] = tables.distances
    if tables.bases is not None:
        frames["bases"] = tables.bases.reset_index()
    return frames


def _text_columns(name: str, frame: pd.DataFrame) -> list[str]:
    ids = {"account_id", "rep_id"} if name == "distances" else {str(frame.columns[0])}
    return [str(x) for x in frame if x not in ids and dtype_of(frame[x]) == "text"]


def _about(path: Path) -> dict[str, Any]:
    """Read columns.json; every key and type in it is checked before use."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise damaged(path, error.strerror) from error
    except ValueError as error:
        raise damaged(path, error) from error
    shapes = {
        "columns": dict,
        "regions": bool,
        "notes": list,
        "warnings": list,
        "sources": dict,
        "defaults": dict,
    }
    for key, kind in shapes.items():
        if not isinstance(about, dict) or not isinstance(about.get(key), kind):
            raise damaged(path, _("no {key}").format(key=key))
    tables = about["columns"]
    known = {"accounts", "reps", "distances", "bases"}
    if not {"accounts", "reps"} <= set(tables) <= known:
        raise damaged(path, _("other tables than accounts, reps, distances and bases"))
    for name, dtypes in tables.items():
        expected = _contract_dtypes(name)
        if not isinstance(dtypes, dict) or any(
            dtypes.get(field) != dtype for field, dtype in expected.items()
        ):
            raise damaged(path, _("columns of {table} missing").format(table=name))
    width = len(fields(Fault))
    if any(not isinstance(w, list) or len(w) != width for w in about["warnings"]):
        raise damaged(path, _("warnings"))
    return about


def _contract_dtypes(name: str) -> dict[str, str]:
    """Field -> text, number or yes/no, of the fields of a clean table."""
    kinds = {
        field: str((column.metadata or {})["kind"])
        for field, column in contract(name).columns.items()
        if field not in _NOT_KEPT[name]
    }
    return {field: _DTYPES.get(kind, kind) for field, kind in kinds.items()}


def _read_frame(
    folder: Path, name: str, dtypes: dict[str, str], faults: list[Fault]
) -> pd.DataFrame:
    path = folder / f"{name}.csv"
    raw = read_raw(Table(file=path.name, encoding="utf-8", separator=","), folder)
    if isinstance(raw, Findings) or raw.findings.faults:
        found = raw if isinstance(raw, Findings) else raw.findings
        raise TableError(found.faults)
    if raw.cells.column_names != list(dtypes):
        raise damaged(path, _("its columns are not those of columns.json"))
    columns = {column: _typed(raw, column, dtype) for column, dtype in dtypes.items()}
    frame = pd.DataFrame(columns)
    for column in _text_columns(name, frame):
        frame[column] = unsafe_series(frame[column])
    _check(raw, frame, name)
    faults += raw.findings.faults
    return frame


def _typed(raw: RawTable, column: str, dtype: str) -> Any:
    text = raw.column(column)
    if dtype == "number":
        blank = np.array(pyarrow.compute.equal(text, ""))
        numbers = parse_numbers(text, blank, ".")
        wrong = np.fromiter(numbers.bad, int, len(numbers.bad))
        values: Any = numbers.values
        rule = _("a number is expected")
    elif dtype == "yes/no":
        values = np.array(pyarrow.compute.equal(text, "true"))
        no = np.array(pyarrow.compute.equal(text, "false"))
        wrong, rule = np.flatnonzero(~values & ~no), _("true or false is expected")
    else:
        return pd.Series(text.to_pandas(), dtype="str")
    raw.findings.cell_faults(
        wrong,
        column,
        text.take(pyarrow.array(wrong)).to_pylist(),
        rule,
        _("Write the folder again; do not edit it by hand."),
    )
    return values


def _check(raw: RawTable, frame: pd.DataFrame, name: str) -> None:
    """Hold the frame against its contract, as when it was first read."""
    if raw.findings.faults:
        return
    schema = contract(name).remove_columns(
        ["hours_per_visit"] if name == "accounts" else []
    )
    try:
        schema.validate(frame, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
    else:
        return
    for case in cases.itertuples(index=False):
        row = 0 if pd.isna(case.index) else int(raw.rows[int(case.index)])
        raw.findings.fault(
            str(case.column),
            str(case.failure_case),
            str(case.check),
            _("Write the folder again; do not edit it by hand."),
            row=row,
        )
