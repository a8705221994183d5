"""Excel and OpenDocument workbooks, with a guard against files that explode."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from python_calamine import CalamineError, CalamineWorkbook, WorksheetNotFound

from planner.errors import PlannerError
from planner.tables.findings import Findings, nearest
from planner.words import _

Grid = tuple[list[str], pa.Table, NDArray[np.int64]]
_MOST_BYTES = 200 * 2**20
_MOST_RATIO = 100
_MOST_PARTS = 1_000
_EXACT_DIGITS = 15


def read_workbook(data: bytes, sheet: str | None, findings: Findings) -> Grid:
    """
    Read one sheet of a workbook, every cell as text.

    Whole numbers come without a decimal part, dates in ISO form. Values of formulas
    are those that the spreadsheet saved.

    Raises
    ------
    PlannerError
        If the file is no workbook, would unpack to more than 200 MB, or lacks the
        sheet.
    """
    _refuse_bombs(data)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = book.sheet_names
        if not names:
            raise PlannerError(_("the workbook has no sheet; add one"))
        cells = book.get_sheet_by_name(sheet or names[0]).to_python(
            skip_empty_area=False
        )
    except WorksheetNotFound as error:
        raise PlannerError(
            _("the workbook has no sheet {sheet!r}. {near}").format(
                sheet=sheet, near=nearest(sheet or "", names, _("sheets")).rstrip(".")
            )
        ) from error
    except CalamineError as error:
        raise PlannerError(
            _("it is not a workbook ({error}); save it as .xlsx or as CSV").format(
                error=error
            )
        ) from error
    if not sheet and len(names) > 1:
        findings.note(
            _("sheet {sheet!r} read, the first of {n}").format(
                sheet=names[0], n=len(names)
            )
        )
    return _grid(cells, findings)


def _refuse_bombs(data: bytes) -> None:
    if not data.startswith(b"PK"):
        unpacked, ratio, parts = len(data), 1.0, 1
    else:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                sizes = [part.file_size for part in archive.infolist()]
        except zipfile.BadZipFile as error:
            raise PlannerError(
                _("the workbook is damaged ({error}); save it again").format(
                    error=error
                )
            ) from error
        unpacked, ratio, parts = sum(sizes), sum(sizes) / len(data), len(sizes)
    if unpacked > _MOST_BYTES or ratio > _MOST_RATIO or parts > _MOST_PARTS:
        raise PlannerError(
            _(
                "the workbook unpacks to {mb:,.0f} MB ({ratio:,.0f} times its size, "
                "{parts:,} parts), which is refused; save the sheet as CSV"
            ).format(mb=unpacked / 2**20, ratio=ratio, parts=parts)
        )


def _grid(cells: Sequence[Sequence[object]], findings: Findings) -> Grid:
    first = next((at for at, row in enumerate(cells) if any(map(_text, row))), None)
    if first is None:
        raise PlannerError(_("the sheet is empty; export it again"))
    header = [_text(cell) for cell in cells[first]]
    while not header[-1].strip():
        header.pop()
    if first:
        findings.note(_("the header is in row {row}").format(row=first + 1))
    records = cells[first + 1 :]
    rows = np.arange(len(records)) + first + 2
    columns = [
        pa.array([_text(row[at]) for row in records], pa.large_string())
        for at in range(len(header))
    ]
    _report_beyond(records, len(header), rows, findings)
    _report_long_numbers(records, header, rows, findings)
    return header, pa.table(columns, [f"f{at}" for at in range(len(header))]), rows


def _report_beyond(
    records: Sequence[Sequence[object]],
    width: int,
    rows: NDArray[np.int64],
    findings: Findings,
) -> None:
    """Cells to the right of the header belong to no column."""
    for row, cells in zip(rows.tolist(), records, strict=True):
        beyond = [_text(cell) for cell in cells[width:] if _text(cell).strip()]
        if beyond:
            findings.fault(
                "",
                beyond[0],
                _("a cell stands to the right of the header"),
                _("Give the column a name, or clear the cell."),
                row=row,
            )


def _report_long_numbers(
    records: Sequence[Sequence[object]],
    header: list[str],
    rows: NDArray[np.int64],
    findings: Findings,
) -> None:
    """A spreadsheet keeps 15 digits of a number: a longer id has lost its end."""
    for at, name in enumerate(header):
        long = [
            (row, cells[at])
            for row, cells in zip(rows.tolist(), records, strict=True)
            if isinstance(cell := cells[at], float) and abs(cell) >= 10**_EXACT_DIGITS
        ]
        if long:
            findings.warn(
                name,
                _text(long[0][1]),
                _(
                    "{n:,} numbers have more than 15 digits, of which spreadsheets "
                    "lose the last"
                ).format(n=len(long)),
                _("If these are ids, format the column as text and enter them anew."),
                row=long[0][0],
            )


def _text(cell: object) -> str:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        return cell.date().isoformat()
    if isinstance(cell, (datetime.date, datetime.time)):
        return cell.isoformat()
    return str(cell)
