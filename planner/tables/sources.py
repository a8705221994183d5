"""Where a field's cells come from: a column, a constant, a lookup; and fills."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from planner.scenario import FieldSource, Fill, Table
from planner.tables.conditions import holds, trimmed
from planner.tables.findings import find_column, hints, nearest
from planner.tables.numbers import Decimal, parse_numbers
from planner.tables.raw import RawTable
from planner.words import _

Mask = NDArray[np.bool_]


@dataclass
class Cells:
    """
    One field's cells before they are parsed.

    Attributes
    ----------
    text
        Trimmed, shape (n,).
    exact
        As the file holds them, shape (n,).
    missing
        Blank, or a sign for 'not known', shape (n,).
    bad
        Already reported: no further rule is to judge them, shape (n,).
    column
        Name for messages: the file's column, else the field.
    decimal
        Decimal mark of numbers among them.
    signs
        The signs for 'not known'.
    fill
        What to put where a cell is missing.
    """

    text: pa.Array
    exact: pa.Array
    missing: Mask
    bad: Mask
    column: str
    decimal: Decimal | None
    signs: list[str]
    fill: Fill | None


def cells_of(
    raw: RawTable, table: Table, field: str, source: FieldSource
) -> Cells | None:
    """
    Return the cells of a field; None (and a fault) where the file lacks the column.

    A lookup reports each text that its table lacks.
    """
    signs = [sign.strip() for sign in (*table.missing, *source.missing)]
    if source.constant is not None:
        text = pa.repeat(pa.scalar(str(source.constant), pa.large_string()), len(raw))
        return _cells(text, field, ".", signs, source.fill)
    wanted = source.column if source.column is not None else source.lookup
    name = find_column(raw.cells.column_names, wanted or "")
    if name is None:
        raw.findings.fault(
            wanted or "",
            "",
            _("there is no such column, which the scenario names for {field}").format(
                field=field
            ),
            nearest(wanted or "", raw.cells.column_names, _("columns")),
        )
        return None
    if source.table is None:
        return _cells(raw.column(name), name, table.decimal, signs, source.fill)
    return _look_up(raw, source, name, signs)


def keep_rows(raw: RawTable, table: Table) -> RawTable:
    """
    Return only the rows that the table's `keep` asks for, and note how many.

    A number that `keep` tests and that cannot be read is a fault, and its row kept
    out; a missing one is not kept.
    """
    if not table.keep:
        return raw
    mask = np.ones(len(raw), dtype=bool)
    for condition in table.keep:
        cells = cells_of(raw, table, "keep", FieldSource(column=condition.column))
        if cells is None:
            continue
        amounts = None
        if condition.at_least is not None or condition.at_most is not None:
            numbers = parse_numbers(cells.text, cells.missing, cells.decimal)
            at = [position for position in numbers.bad if mask[position]]
            raw.findings.cell_faults(
                at,
                cells.column,
                (cells.text[one].as_py() for one in at),
                (numbers.bad[one][0] for one in at),
                (numbers.bad[one][1] for one in at),
            )
            amounts = numbers.values
        before = mask.sum()
        mask &= holds(condition, cells.text, amounts)
        raw.findings.note(
            _("`keep` by {column} leaves out {n:,} rows").format(
                column=cells.column, n=before - mask.sum()
            )
        )
    raw.findings.note(
        _("{kept:,} of {n:,} rows kept by `keep`").format(
            kept=int(mask.sum()), n=len(raw)
        )
    )
    return raw.keep(mask)


def _cells(
    exact: pa.Array,
    column: str,
    decimal: Decimal | None,
    signs: list[str],
    fill: Fill | None,
) -> Cells:
    text = trimmed(exact)
    known = pa.array(["", *signs], pa.large_string())
    missing = np.array(pc.is_in(text, value_set=known))
    bad = np.zeros(len(text), dtype=bool)
    return Cells(text, exact, missing, bad, column, decimal, signs, fill)


def _look_up(
    raw: RawTable, source: FieldSource, column: str, signs: list[str]
) -> Cells:
    """Translate each distinct text once."""
    coded = trimmed(raw.column(column)).dictionary_encode()
    texts: list[str] = coded.dictionary.to_pylist()
    table = {key.strip(): str(value) for key, value in (source.table or {}).items()}
    otherwise = None if source.otherwise is None else str(source.otherwise)
    found = [table.get(text, otherwise) for text in texts]
    unknown = [
        value is None and bool(text) and text not in signs
        for text, value in zip(texts, found, strict=True)
    ]
    values = pa.array([value or "" for value in found], pa.large_string())
    codes = coded.indices.to_numpy()
    cells = _cells(values.take(coded.indices), column, ".", [], source.fill)
    cells.signs = signs
    if any(unknown):
        cells.bad = np.array(unknown)[codes]
        at = np.flatnonzero(cells.bad)
        wrong = [texts[code] for code in codes[at]]
        raw.findings.cell_faults(
            at,
            column,
            wrong,
            _("the lookup table of the scenario does not have this text"),
            (
                _("Add it to the table, or give `otherwise`. {near}").format(near=near)
                for near in hints(wrong, table, _("texts"))
            ),
        )
    return cells


@dataclass
class Filled:
    """What filling did: a value, and its wording, per filled position."""

    values: list[str | float]
    rules: list[str]


def fill_numbers(
    raw: RawTable, fill: Fill, values: NDArray[np.float64], at: NDArray[np.int64]
) -> Filled | None:
    """
    Return what the missing numbers at positions `at` become; None where impossible.

    `values` are the parsed numbers, NaN where missing or bad, shape (n,).
    """
    if fill.method == "constant":
        constant = float(str(fill.value))
        rule = _("missing, filled with {value:g}").format(value=constant)
        return Filled([constant] * len(at), [rule] * len(at))
    if np.isnan(values).all():
        return None
    overall = float(np.nanmedian(values))
    rule = _("missing, filled with median {value:g} of all").format(value=overall)
    by = None if fill.by is None else find_column(raw.cells.column_names, fill.by)
    if by is None:
        return Filled([overall] * len(at), [rule] * len(at))
    groups = trimmed(raw.column(by)).to_pandas()
    medians = pd.Series(values).groupby(groups.to_numpy()).median()
    own = medians.reindex(groups.iloc[at]).to_numpy()
    wording = _("missing, filled with median {value:g} of {by}={group}")
    return Filled(
        np.where(np.isnan(own), overall, own).tolist(),
        [
            rule if np.isnan(one) else wording.format(value=one, by=by, group=group)
            for one, group in zip(own, groups.iloc[at], strict=True)
        ],
    )
