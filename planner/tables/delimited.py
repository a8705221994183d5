"""CSV, TSV and their kin: all records, also of files that are not quite regular."""

from __future__ import annotations

import csv
import io

import numpy as np
import pyarrow as pa
import pyarrow.csv as pv
from numpy.typing import NDArray

from planner.errors import PlannerError
from planner.tables.encoding import detect_separator, to_utf8
from planner.tables.findings import Findings
from planner.words import _

Grid = tuple[list[str], pa.Table, NDArray[np.int64]]
_BLOCK = 1 << 24
_LONGEST_HEADER = 1 << 20
_MOST_COLUMNS = 16_384
_SEPARATOR_NAMES = {
    ",": "','",
    ";": "';'",
    "\t": "TAB",
    "|": "'|'",
}


def read_delimited(
    data: bytes, encoding: str | None, separator: str | None, findings: Findings
) -> Grid:
    """
    Read delimited text.

    Parameters
    ----------
    data
        The file's bytes.
    encoding, separator
        As stated by the scenario; None to detect them.
    findings
        Receives a note on both, and a fault for each row with too many or too few
        cells (such rows are left out).

    Returns
    -------
    Header; cells as text, one column per name of the header; row in the file.

    Raises
    ------
    PlannerError
        If the file is empty, of another encoding, or no delimited text.
    """
    utf8, encoding_name = to_utf8(data, encoding)
    body = utf8.lstrip(b"\r\n")
    if not body.strip():
        raise PlannerError(_("it is empty; export it again"))
    leading = _count_lines(utf8[: len(utf8) - len(body)])
    head = body[:_LONGEST_HEADER].decode("utf-8", "ignore")
    mark = separator if separator is not None else detect_separator(head)
    if len(mark) != 1 or not mark.isascii() or mark in '"\r\n':
        raise PlannerError(
            _(
                "separator {mark!r} is not one plain character; use ',' or ';' or '\\t'"
            ).format(mark=mark)
        )
    findings.note(
        _("read as {encoding}, separator {separator}").format(
            encoding=encoding_name, separator=_SEPARATOR_NAMES.get(mark, repr(mark))
        )
    )
    header = _header(head, mark)
    table, odd = _records(body, mark, len(header))
    if table.num_columns != len(header):
        raise PlannerError(
            _("its header cannot be read; check the quotation marks in it")
        )
    rows = _row_numbers(table.num_rows, [number for number, _count, _text in odd])
    first = leading + 1
    if first > 1:
        findings.note(_("the header is in row {row}").format(row=first))
    _report_odd(odd, mark, leading, len(header), findings)
    _report_open_quote(body, table, rows + leading, findings)
    return header, table.slice(1), rows[1:] + leading


def _count_lines(blank: bytes) -> int:
    return blank.replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n")


def _header(head: str, mark: str) -> list[str]:
    try:
        header = next(csv.reader(io.StringIO(head, newline=""), delimiter=mark))
    except csv.Error as error:
        raise PlannerError(
            _("its header cannot be read ({error}); export it again").format(
                error=error
            )
        ) from error
    if len(header) > _MOST_COLUMNS:
        raise PlannerError(
            _(
                "it has {n:,} columns, more than any spreadsheet; state its separator "
                "in the scenario"
            ).format(n=len(header))
        )
    return header


def _records(
    body: bytes, mark: str, width: int
) -> tuple[pa.Table, list[tuple[int, int, str]]]:
    """Return all records, the header among them, and apart those of another width."""
    block = min(_BLOCK, len(body) + 1)
    while True:
        odd: list[tuple[int, int, str]] = []

        def set_aside(row: pv.InvalidRow, odd: list[tuple[int, int, str]] = odd) -> str:
            odd.append((row.number, row.actual_columns, row.text))
            return "skip"

        try:
            return _parse(body, mark, width, block, set_aside), odd
        except pa.ArrowInvalid as error:
            if block > len(body):
                raise PlannerError(
                    _(
                        "it is not regular delimited text ({error}); export it again"
                    ).format(error=str(error).split("\n")[0])
                ) from error
            block = len(body) + 1  # a record that does not fit into one block


def _parse(
    body: bytes, mark: str, width: int, block: int, set_aside: object
) -> pa.Table:
    names = [f"f{at}" for at in range(width)]
    return pv.read_csv(
        pa.py_buffer(body),
        # one thread: only then are the rows set aside numbered
        read_options=pv.ReadOptions(
            use_threads=False, autogenerate_column_names=True, block_size=block
        ),
        parse_options=pv.ParseOptions(
            delimiter=mark,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=set_aside,
        ),
        convert_options=pv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.large_string()),
            strings_can_be_null=False,
            null_values=[],
        ),
    )


def _row_numbers(kept: int, set_aside: list[int]) -> NDArray[np.int64]:
    """Number the kept records as they stand in the file, between those set aside."""
    numbers = np.arange(1, kept + len(set_aside) + 1)
    return np.delete(numbers, np.asarray(set_aside, dtype=int) - 1)


def _report_odd(
    odd: list[tuple[int, int, str]],
    mark: str,
    leading: int,
    width: int,
    findings: Findings,
) -> None:
    for number, count, text in odd:
        findings.unread.update(cell.strip(' "') for cell in text.split(mark))
        findings.unread.discard("")
        findings.fault(
            "",
            text[:200],
            _("the row has {count} cells, the header {width}").format(
                count=count, width=width
            ),
            _(
                "Add or remove cells; put quotes around a cell that holds the "
                "separator."
            ),
            row=number + leading,
        )


def _report_open_quote(
    body: bytes, table: pa.Table, rows: NDArray[np.int64], findings: Findings
) -> None:
    """A quote never closed swallows the rest of the file into one last cell."""
    if not table.num_rows or body.count(b'"') % 2 == 0:
        return
    last = str(table.column(table.num_columns - 1)[-1])
    if "\n" in last:
        findings.fault(
            "",
            last[:200],
            _("a quotation mark is opened and never closed"),
            _("Close it, or write it twice if it belongs to the text."),
            row=int(rows[-1]),
        )
