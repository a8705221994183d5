"""Files that a spreadsheet can open safely, written all or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pv

from planner.errors import Fault
from planner.tables.schema import UNSAFE_STARTS

_GUARD = "'"
_NEEDS_GUARD = (_GUARD, *UNSAFE_STARTS)


def safe_text(text: str) -> str:
    """
    Return text that no spreadsheet takes for a formula: guarded by a leading '.

    Text that starts with ' is guarded as well, so that `unsafe_text` always finds
    the original.

    >>> safe_text("=1+1"), safe_text("O'Neill")
    ("'=1+1", "O'Neill")
    """
    return _GUARD + text if text.startswith(_NEEDS_GUARD) else text


def unsafe_text(text: str) -> str:
    """Return what `safe_text` was given."""
    return text[1:] if text.startswith(_GUARD) else text


def unguarded(text: str) -> str:
    """
    Return what people typed: without the guard, if it is one.

    Unlike `unsafe_text` for cells that may never have been guarded.

    >>> unguarded("'=1+1"), unguarded("'tis fine")
    ('=1+1', "'tis fine")
    """
    guards = text.startswith(_GUARD) and text[1:].startswith(_NEEDS_GUARD)
    return text[1:] if guards else text


def safe_series(text: pd.Series) -> pd.Series:
    """Apply `safe_text` to each cell of a column of text."""
    guard = text.str.startswith(_NEEDS_GUARD)
    return text.where(~guard, _GUARD + text) if guard.any() else text


def unsafe_series(text: pd.Series) -> pd.Series:
    """Apply `unsafe_text` to each cell of a column of text."""
    guarded = text.str.startswith(_GUARD)
    return text.where(~guarded, text.str.slice(1)) if guarded.any() else text


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that at any moment it is either the old or the new one."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)  # a temporary file is private
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def write_csv(path: Path, frame: pd.DataFrame) -> None:
    """
    Write columns as CSV (UTF-8), atomically; NaN as an empty cell.

    Numbers are written with the fewest digits that read back to the same number.
    Text is written in quotes as it is: guard it before.
    """
    sink = pa.BufferOutputStream()
    pv.write_csv(pa.Table.from_pandas(frame, preserve_index=False), sink)
    write_atomic(path, sink.getvalue().to_pybytes())


def write_faults(faults: Sequence[Fault], path: Path) -> None:
    """Write the full list of faults as CSV: file, row, column, value, rule, remedy."""
    names = [one.name for one in fields(Fault)]
    frame = pd.DataFrame([astuple(fault) for fault in faults], columns=names)
    for name in names:
        if name != "row":
            frame[name] = safe_series(frame[name].astype("str"))
    write_csv(Path(path), frame.astype({"row": "int64"}))
