"""A CRM's assignment rules, read from a table and never executed."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import TableError
from planner.scenario import Condition, Table
from planner.scenario.tables import Cell
from planner.tables import Tables
from planner.tables.conditions import NO, YES
from planner.tables.findings import Findings, find_column, nearest
from planner.tables.numbers import parse_number
from planner.tables.raw import RawTable, read_raw
from planner.words import _

_TEST = re.compile(
    r"""\s*(?P<column>"[^"]+"|[^"=!<>]+?)
        \s*(?P<operator>!=|>=|<=|=|>|<|(?<=\s)in(?=[\s"]))
        \s*(?P<value>[^=!<>\s].*?)\s*""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_PART = re.compile(r'(?:"[^"]*"|[^&"])+')
_VALUE = re.compile(r'\s*(?:"([^"]*)"|([^",]*?))\s*(?:,|$)')


@dataclass(frozen=True, eq=False)
class Rule:
    """
    One line of a rulebook.

    Attributes
    ----------
    row
        Row in the file; the header is row 1.
    conditions
        All must hold; none: the rule always matches.
    reps
        Indices of the reps who are dealt its accounts in turn, shape (k,), k >= 1.
    """

    row: int
    conditions: tuple[Condition, ...]
    reps: NDArray[np.intp]


def read_rules(path: Path, tables: Tables) -> list[Rule]:
    """
    Read a rulebook: columns priority, condition, and rep or team (or both).

    A condition is made of tests joined by ``&``, such as ``state = CA & grade in A,B
    & population >= 1000``; operators are ``= != > >= < <= in``, an empty condition
    always holds. Values (and columns) with ``&`` or ``,`` in them go into "quotation
    marks". The rule of the smallest priority comes first, equal ones in file order.

    Parameters
    ----------
    path
        CSV, TSV, Excel or Parquet; encoding and separator are detected.
    tables
        Its accounts hold the columns of the conditions, its reps the reps and teams.

    Returns
    -------
    The rules, the first to be tried first.

    Raises
    ------
    TableError
        Naming every fault of the file: row, column, cell, what is wrong, remedy.
    """
    raw = read_raw(Table.model_validate({"file": path.name}), path.parent)
    if isinstance(raw, Findings):
        raise TableError(raw.faults)
    reading = _Reading(raw, tables)
    numbered = reading.rules()
    if raw.findings.faults:
        raise TableError(sorted(raw.findings.faults, key=lambda fault: fault.row))
    return [rule for _priority, rule in sorted(numbered, key=lambda pair: pair[0])]


class _Reading:
    """One pass over a rulebook; faults go into the findings of the table."""

    def __init__(self, raw: RawTable, tables: Tables) -> None:
        self.raw, self.tables = raw, tables
        self.fault = raw.findings.fault

    def rules(self) -> list[tuple[float, Rule]]:
        columns = {name: self._column(name) for name in ("priority", "condition")}
        columns |= {name: self._column(name, False) for name in ("rep", "team")}
        if columns["rep"] is None and columns["team"] is None:
            self._missing("rep")
        if not len(self.raw):
            self.fault("", "", _("there is no rule"), _("Add a row for each rule."))
        if self.raw.findings.faults:
            return []
        cells = {
            name: [str(x).strip() for x in self.raw.column(column).to_pylist()]
            for name, column in columns.items()
            if column is not None
        }
        numbered = []
        for at, row in enumerate(self.raw.rows.tolist()):
            line = {name: values[at] for name, values in cells.items()}
            conditions = self._conditions(row, line["condition"])
            rule = Rule(row, conditions, self._reps(row, line))
            numbered.append((self._priority(row, line["priority"]), rule))
        return numbered

    def _column(self, name: str, needed: bool = True) -> str | None:
        found = find_column(self.raw.cells.column_names, name)
        if found is None and needed:
            self._missing(name)
        return found

    def _missing(self, name: str) -> None:
        names = ", ".join(repr(x) for x in self.raw.cells.column_names)
        self.fault(
            name,
            "",
            _("the column is missing; there are {names}").format(names=names),
            _("A rulebook has the columns priority, condition, and rep or team."),
        )

    def _priority(self, row: int, text: str) -> float:
        number = parse_number(text) if text else None
        if number is None:
            rule = _("a number is expected")
            remedy = _("Number the rules; the smallest is tried first.")
            self.fault("priority", text, rule, remedy, row)
            return 0.0
        return number

    def _reps(self, row: int, line: dict[str, str]) -> NDArray[np.intp]:
        named = [name for name in ("rep", "team") if line.get(name)]
        if len(named) != 1:
            rule = (
                _("the rule names both a rep and a team")
                if named
                else _("the rule names neither a rep nor a team")
            )
            self.fault(
                "rep", line.get("rep", ""), rule, _("Fill in exactly one of them."), row
            )
            return np.empty(0, dtype=np.intp)
        name, text, reps = named[0], line[named[0]], self.tables.reps
        at = np.flatnonzero((reps.index if name == "rep" else reps["team"]) == text)
        if not len(at):
            known = set(reps.index if name == "rep" else reps["team"]) - {""}
            rule = _("no rep has this id") if name == "rep" else _("no rep is in it")
            what = _("reps") if name == "rep" else _("teams")
            self.fault(name, text, rule, nearest(text, known, what), row)
        return at

    def _conditions(self, row: int, text: str) -> tuple[Condition, ...]:
        if not text:
            return ()
        if text.count('"') % 2:
            rule = _("a quotation mark is opened and never closed")
            self.fault("condition", text, rule, _("Close it."), row)
            return ()
        parts = _PART.findall(text)
        if len(parts) != 1 + re.sub('"[^"]*"', "", text).count("&"):
            parts.append("")
        tests = [self._test(row, part) for part in parts]
        return tuple(test for test in tests if test is not None)

    def _test(self, row: int, text: str) -> Condition | None:
        match = _TEST.fullmatch(text)
        if match is None:
            self.fault(
                "condition",
                text.strip(),
                _("a test is a column, one of = != > >= < <= in, and a value"),
                _("Write for example: state = CA & grade in A,B"),
                row,
            )
            return None
        wanted = match["column"].strip('"').strip()
        frame = self.tables.accounts
        column = find_column([str(x) for x in frame], wanted)
        if column is None and wanted != frame.index.name:
            rule = _("accounts have no column {name!r}").format(name=wanted)
            remedy = nearest(wanted, [str(x) for x in frame], _("columns"))
            self.fault("condition", text.strip(), rule, remedy, row)
            return None
        cells = frame[column] if column is not None else frame.index.to_series()
        operator, value = match["operator"].lower(), match["value"]
        values = _values(value) if operator == "in" else [value.strip('"')]
        return self._condition(
            row, text.strip(), column or wanted, cells, operator, values
        )

    def _condition(
        self,
        row: int,
        text: str,
        column: str,
        cells: pd.Series,
        operator: str,
        values: Sequence[str],
    ) -> Condition | None:
        if operator in (">", ">=", "<", "<="):
            number = parse_number(values[0])
            if number is None:
                rule = _("{operator} compares numbers, and {value!r} is none").format(
                    operator=operator, value=values[0]
                )
                remedy = _("Write a number, or use = or in.")
                self.fault("condition", text, rule, remedy, row)
                return None
            return _range(column, operator, number)
        typed = [_typed(cells, value) for value in values]
        bad = [v for v, cell in zip(values, typed, strict=True) if cell is None]
        if bad:
            kind = _("yes and no") if cells.dtype == bool else _("numbers")
            rule = _("{column} holds {kind}, and {value!r} is none").format(
                column=column, kind=kind, value=bad[0]
            )
            remedy = _("Write a value of the kind that the column holds.")
            self.fault("condition", text, rule, remedy, row)
            return None
        test = "not_in" if operator == "!=" else "in"
        return Condition.model_validate({"column": column, test: typed})


def _values(text: str) -> list[str]:
    """Split at commas outside of quotation marks."""
    found = [quoted or plain for quoted, plain in _VALUE.findall(text)]
    return [value for value in found if value] or [text]


def _range(column: str, operator: str, number: float) -> Condition:
    """Strictly above x is at least the next number that a double can hold."""
    end = {">": math.inf, "<": -math.inf}.get(operator)
    edge = number if end is None else math.nextafter(number, end)
    test = "at_least" if operator in (">", ">=") else "at_most"
    return Condition.model_validate({"column": column, test: edge})


def _typed(cells: pd.Series, value: str) -> Cell | None:
    """Return the value as the column holds it; None where that is impossible."""
    if pd.api.types.is_bool_dtype(cells.dtype):
        word = value.casefold()
        return True if word in YES else (False if word in NO else None)
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return parse_number(value)
    return value
