"""Text cells -> typed columns, kind by kind; every cell that fails is reported."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from planner.scenario import Fill
from planner.tables.conditions import NO, YES
from planner.tables.findings import Findings, find_column, nearest
from planner.tables.numbers import parse_number, parse_numbers
from planner.tables.raw import RawTable
from planner.tables.schema import UNSAFE_STARTS
from planner.tables.skills import normalise_skills
from planner.tables.sources import Cells, Filled, Mask, fill_numbers
from planner.words import _


@dataclass
class Report:
    """Reports cells of one field; a constant only once, for the whole column."""

    findings: Findings
    cells: Cells
    constant: bool

    def __call__(
        self,
        at: Iterable[int],
        rule: str | Iterable[str],
        remedy: str | Iterable[str],
    ) -> None:
        positions = np.asarray(list(at), dtype=int)
        if not len(positions):
            return
        self.cells.bad[positions] = True
        texts = self.cells.text.take(pa.array(positions)).to_pylist()
        if self.constant:
            one = rule if isinstance(rule, str) else next(iter(rule))
            cure = remedy if isinstance(remedy, str) else next(iter(remedy))
            self.findings.fault(self.cells.column, texts[0], one, cure)
        else:
            self.findings.cell_faults(positions, self.cells.column, texts, rule, remedy)


def _read_ids(
    raw: RawTable, cells: Cells, report: Report, metadata: dict[str, Any]
) -> pd.Series:
    report(
        np.flatnonzero(cells.missing),
        _("an id is missing"),
        _("Give the row an id, or remove it."),
    )
    # blanks are trimmed, but not a TAB or line break that the contract refuses
    unsafe = pc.starts_with(cells.exact, "\t")
    for start in UNSAFE_STARTS:
        unsafe = pc.or_(unsafe, pc.starts_with(cells.exact, start))
    return _series(pc.if_else(unsafe, cells.exact, cells.text))


def _read_text(
    raw: RawTable, cells: Cells, report: Report, metadata: dict[str, Any]
) -> pd.Series:
    exact = metadata.get("exact", False)
    text = cells.exact if exact else cells.text
    text = pc.if_else(pa.array(cells.missing), "", text)
    fill = cells.fill
    if fill is None or not cells.missing.any():
        return _series(text)
    if fill.method == "median":
        raw.findings.fault(
            cells.column,
            "",
            _("there is no median of text"),
            _("Use fill = {{with = 'constant', value = ...}}.").format(),
        )
        return _series(text)
    value = str(fill.value)
    at = np.flatnonzero(cells.missing)
    _warn_filled(raw, cells, at, Filled([], [_filled_with(value)] * len(at)))
    return _series(pc.if_else(pa.array(cells.missing), value, text))


def _read_numbers(
    raw: RawTable, cells: Cells, report: Report, metadata: dict[str, Any]
) -> np.ndarray:
    degrees = metadata["kind"] == "degrees"
    skip = cells.missing | cells.bad
    numbers = parse_numbers(cells.text, skip, cells.decimal, grouped=not degrees)
    values = numbers.values
    report(
        numbers.bad,
        (rule for rule, _remedy in numbers.bad.values()),
        (remedy for _rule, remedy in numbers.bad.values()),
    )
    amounts = [x for x in map(parse_number, filter(None, cells.signs)) if x is not None]
    sentinel = np.isin(values, amounts)
    values[sentinel] = np.nan
    missing = (cells.missing | sentinel) & ~cells.bad
    if numbers.restyled and numbers.example:
        raw.findings.note(
            _(
                "column {column}: {n:,} numbers written in another style were "
                "understood, such as {cell!r} as {value:g}"
            ).format(
                column=cells.column,
                n=numbers.restyled,
                cell=numbers.example[0],
                value=numbers.example[1],
            )
        )
    _complete(raw, cells, report, metadata, values, missing)
    return values


def _complete(
    raw: RawTable,
    cells: Cells,
    report: Report,
    metadata: dict[str, Any],
    values: np.ndarray,
    missing: Mask,
) -> None:
    """Deal with missing numbers: fill, else what a blank means, else faults."""
    at = np.flatnonzero(missing)
    if not len(at):
        return
    blank = metadata.get("blank")
    if cells.fill is not None:
        filled = _try_fill(raw, cells, cells.fill, values, at)
        if filled is not None:
            values[at] = filled.values
            _warn_filled(raw, cells, at, filled)
    elif isinstance(blank, float):
        values[at] = blank
    elif blank is None:
        report(
            at,
            _("a number is missing"),
            _(
                'Fill it in, or add fill = {{with = "median"}} or {{with = '
                '"constant", value = ...}} to the field in the scenario.'
            ).format(),
        )


def _try_fill(
    raw: RawTable, cells: Cells, fill: Fill, values: np.ndarray, at: np.ndarray
) -> Filled | None:
    """Return the fill; None (and one fault for the column) where it is impossible."""
    rule = ""
    if fill.by is not None and not find_column(raw.cells.column_names, fill.by):
        rule = _("fill.by = {by!r} is no column of the file").format(by=fill.by)
        remedy = nearest(fill.by, raw.cells.column_names, _("columns"))
    elif fill.method == "constant" and parse_number(str(fill.value)) is None:
        rule = _("the fill value {value!r} is no number").format(value=fill.value)
        remedy = _("Give a number in the scenario.")
    else:
        filled = fill_numbers(raw, fill, values, at)
        if filled is not None:
            return filled
        rule = _("no cell of the column holds a number to take the median of")
        remedy = _("Fill with a constant.")
    cells.bad[at] = True
    raw.findings.fault(cells.column, "", rule, remedy)
    return None


def _read_yes_no(
    raw: RawTable, cells: Cells, report: Report, metadata: dict[str, Any]
) -> np.ndarray:
    text = pc.utf8_lower(cells.text)
    if cells.fill is not None and cells.fill.value is not None:
        at = np.flatnonzero(cells.missing)
        value = str(cells.fill.value)
        text = pc.if_else(pa.array(cells.missing), value.lower(), text)
        cells.missing = np.zeros(len(text), dtype=bool)
        _warn_filled(raw, cells, at, Filled([], [_filled_with(value)] * len(at)))
    yes = np.array(pc.is_in(text, value_set=pa.array(YES, pa.large_string())))
    no = np.array(pc.is_in(text, value_set=pa.array(NO, pa.large_string())))
    report(
        np.flatnonzero(~yes & ~no & ~cells.missing & ~cells.bad),
        _("yes or no is expected"),
        _("Write yes or no (or true/false, 1/0)."),
    )
    return yes


def _read_skills(
    raw: RawTable, cells: Cells, report: Report, metadata: dict[str, Any]
) -> pd.Series:
    levels: list[str] = metadata["levels"]
    text = _read_text(raw, cells, report, {})
    coded = pa.array(text).dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    both = [normalise_skills(one, levels) for one in coded.dictionary.to_pylist()]
    codes = coded.indices.to_numpy()
    wrong = np.array([part is not None for _text, part in both], dtype=bool)
    if wrong.any():
        at = np.flatnonzero(wrong[codes] & ~cells.bad)
        known = ", ".join(levels) or _("none named in skills.levels")
        report(
            at,
            (
                _("{part!r} has no known level").format(part=both[codes[x]][1])
                for x in at
            ),
            _(
                "Write the level as a whole number from 1 up, or by name ({known})."
            ).format(known=known),
        )
    normal = pa.array([one for one, _part in both], pa.large_string())
    return _series(normal.take(coded.indices))


PARSERS: dict[str, Callable[[RawTable, Cells, Report, dict[str, Any]], Any]] = {
    "id": _read_ids,
    "text": _read_text,
    "number": _read_numbers,
    "degrees": _read_numbers,
    "yes/no": _read_yes_no,
    "skills": _read_skills,
}


def _series(text: pa.Array) -> pd.Series:
    return pd.Series(text.to_pandas(), dtype="str")


def _filled_with(value: str) -> str:
    return _("missing, filled with {value!r}").format(value=value)


def _warn_filled(
    raw: RawTable, cells: Cells, at: NDArray[np.int64], filled: Filled
) -> None:
    if not len(at):
        return
    raw.findings.cell_warnings(
        at,
        cells.column,
        cells.text.take(pa.array(at)).to_pylist(),
        filled.rules,
        _("Nothing to do, unless you know the value."),
    )
    raw.findings.note(
        _("column {column}: {n:,} missing cells filled, as the scenario asks").format(
            column=cells.column, n=len(at)
        )
    )
