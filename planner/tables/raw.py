"""Any table as text: every cell as the file holds it, and the row it stands in."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from planner.errors import PlannerError
from planner.scenario import Table
from planner.tables.delimited import read_delimited
from planner.tables.findings import Findings
from planner.tables.workbook import read_workbook
from planner.words import _

TEXT_FILES = (".csv", ".tsv", ".tab", ".txt", ".psv")
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".ods")
PARQUET = (".parquet", ".pq")


@dataclass
class RawTable:
    """
    A table as it was read.

    Attributes
    ----------
    cells
        Every column as text (large_string, no nulls), under its name in the file.
    rows
        Row of each record in the file (the header is row 1), shape (n,).
    findings
        Faults, warnings and notes so far; its `rows` are these rows.
    sha256
        Of the file; "" for a data frame.
    """

    cells: pa.Table
    rows: NDArray[np.int64]
    findings: Findings
    sha256: str = ""

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.rows)

    def column(self, name: str) -> pa.Array:
        """Return a column's cells as one array."""
        chunked = self.cells.column(name)
        return chunked.combine_chunks() if chunked.num_chunks != 1 else chunked.chunk(0)

    def keep(self, mask: NDArray[np.bool_]) -> RawTable:
        """Return the table with only the records where `mask` holds."""
        rows = self.rows[mask]
        self.findings.rows = rows
        cells = self.cells.filter(pa.array(mask))
        return RawTable(cells, rows, self.findings, self.sha256)


def read_raw(table: Table, base: Path) -> RawTable | Findings:
    """
    Read a table's file as text.

    Returns
    -------
    The table; or, if it cannot be read at all, only the findings that say why.
    """
    findings = Findings(display_name(table))
    path = base / table.file
    try:
        data = read_bytes(path)
        grid = _grid(table, path, data, findings)
        raw = _tabulate(grid, findings)
    except PlannerError as error:
        findings.fault("", "", _("the table cannot be read"), f"{error}.")
        return findings
    raw.sha256 = hashlib.sha256(data).hexdigest()
    return raw


def raw_from_frame(frame: pd.DataFrame, name: str) -> RawTable | Findings:
    """Take a data frame for a table: row = position + 2, index levels are columns."""
    findings = Findings(name)
    try:
        return _tabulate(frame_grid(frame), findings)
    except PlannerError as error:
        findings.fault("", "", _("the table cannot be read"), f"{error}.")
        return findings


def display_name(table: Table) -> str:
    """Return how messages call a table: its file, and the sheet where stated."""
    return f"{table.file} [{table.sheet}]" if table.sheet else table.file


def read_bytes(path: Path) -> bytes:
    """
    Return a file's bytes.

    Raises
    ------
    PlannerError
        If the file is not there or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise PlannerError(
            _(
                "{path} cannot be opened ({reason}); correct `file` in the scenario, "
                "whose folder relative paths start from"
            ).format(path=path, reason=error.strerror)
        ) from error


def frame_grid(frame: pd.DataFrame) -> tuple[list[str], pa.Table, NDArray[np.int64]]:
    """Return a data frame's header, cells as text, and row numbers."""
    flat = frame
    named = [name for name in frame.index.names if name is not None]
    if named and not set(named) <= set(frame.columns):
        flat = frame.reset_index()
    columns = [_as_text(flat.iloc[:, at]) for at in range(flat.shape[1])]
    names = [f"f{at}" for at in range(len(columns))]
    header = [str(name) for name in flat.columns]
    return header, pa.table(columns, names), np.arange(len(flat)) + 2


def _grid(
    table: Table, path: Path, data: bytes, findings: Findings
) -> tuple[list[str], pa.Table, NDArray[np.int64]]:
    suffix = path.suffix.lower()
    if suffix in TEXT_FILES:
        return read_delimited(data, table.encoding, table.separator, findings)
    if suffix in WORKBOOKS:
        return read_workbook(data, table.sheet, findings)
    if suffix in PARQUET:
        try:
            return frame_grid(pd.read_parquet(path))
        except (pa.ArrowInvalid, OSError) as error:
            raise PlannerError(
                _("{path} is not a Parquet file ({error}); export it again").format(
                    path=path, error=error
                )
            ) from error
    raise PlannerError(
        _("files of type {suffix!r} are not known; use one of {known}").format(
            suffix=suffix, known=", ".join((*TEXT_FILES, *WORKBOOKS, *PARQUET))
        )
    )


def _tabulate(
    grid: tuple[list[str], pa.Table, NDArray[np.int64]], findings: Findings
) -> RawTable:
    """Name the columns, and leave out records of blanks only."""
    header, cells, rows = grid
    named = [name.strip() for name in header]
    _check_header(named, findings)
    usable = [at for at, name in enumerate(named) if name and name not in named[:at]]
    blank = np.ones(len(rows), dtype=bool)
    for column in cells.columns:
        if not blank.any():
            break
        blank &= np.array(pc.equal(pc.utf8_trim_whitespace(column), ""))
    table = cells.select(usable).rename_columns([named[at] for at in usable])
    findings.rows = rows
    raw = RawTable(table, rows, findings)
    if blank.any():
        findings.note(_("{n:,} blank rows skipped").format(n=int(blank.sum())))
        raw = raw.keep(~blank)
    return raw


def _check_header(names: Sequence[str], findings: Findings) -> None:
    if not any(names):
        raise PlannerError(
            _("it has no header; write the names of the columns into the first row")
        )
    for name, count in Counter(names).items():
        if name and count > 1:
            findings.fault(
                name,
                name,
                _("{n} columns have this name").format(n=count),
                _("Rename or remove all but one."),
                row=1,
            )


def _as_text(series: pd.Series) -> pa.Array:
    """Return cells as text, whole numbers without a decimal part, missing as ""."""
    if series.dtype != object:
        try:
            array = pa.array(series, from_pandas=True)
            return pc.fill_null(pc.cast(_plain(array), pa.large_string()), "")
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid, TypeError):
            return _one_by_one(series)
    return _one_by_one(series)


def _plain(array: pa.Array) -> pa.Array:
    """Take the values out of a dictionary, so that they can be cast."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _one_by_one(cells: Iterable[object]) -> pa.Array:
    return pa.array([cell_text(cell) for cell in cells], pa.large_string())


def cell_text(cell: object) -> str:
    """Return one value of a spreadsheet or data frame as the text of a cell."""
    if cell is None or cell is pd.NA or cell is pd.NaT or cell != cell:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e16:
        return str(int(cell))
    return str(cell)
