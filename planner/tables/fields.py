"""From a raw table to typed fields: parse every cell, report every one that fails."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from planner.scenario import FieldSource, Table
from planner.tables.findings import Findings, find_column, nearest
from planner.tables.parsers import PARSERS, Report
from planner.tables.raw import RawTable
from planner.tables.references import Use
from planner.tables.schema import contract
from planner.tables.sources import Mask, cells_of
from planner.words import _


@dataclass
class Parsed:
    """
    The fields of one table after parsing.

    Attributes
    ----------
    frame
        One row per record in play, numbered from 0; columns are fields.
    bad
        Field -> cells that were reported already, shape (n,).
    columns
        Field -> column of the file, for messages.
    given
        Fields that had a source (others hold their default).
    extras
        Names beyond the contract, as the scenario names them.
    constants
        Fields that the scenario gives one value for all rows.
    defaults
        "table.field" -> value, of fields without a source.
    """

    raw: RawTable
    frame: pd.DataFrame
    bad: dict[str, Mask] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    extras: dict[str, Use] = field(default_factory=dict)
    constants: set[str] = field(default_factory=set)
    defaults: dict[str, str | float] = field(default_factory=dict)

    @property
    def findings(self) -> Findings:
        """Return what was found in this table."""
        return self.raw.findings

    def is_bad(self, name: str) -> Mask:
        """Return the cells of a field that were reported already, shape (n,)."""
        return self.bad.get(name, np.zeros(len(self.frame), dtype=bool))

    def column(self, name: str) -> str:
        """Return how the file calls a field."""
        return self.columns.get(name, name)


def read_fields(
    raw: RawTable,
    table: Table,
    kind: str,
    uses: Mapping[str, Use],
    scenario: Findings,
    levels: Sequence[str] = (),
) -> Parsed:
    """
    Parse every field of the contract, and the columns that the scenario names.

    Parameters
    ----------
    raw
        Only rows in play.
    table
        How to read it.
    kind
        Which contract.
    uses
        What the scenario names beyond the contract.
    scenario
        Receives faults of the scenario itself.
    levels
        Names of the levels of skills, from 1 up.
    """
    parsed = Parsed(raw, pd.DataFrame(index=range(len(raw))))
    reader = _Reader(raw, table, kind, levels, parsed)
    declared = contract(kind).columns
    for name, column in declared.items():
        source = reader.source(name)
        if source is not None:
            reader.read(name, source, dict(column.metadata or {}))
        elif column.required:
            _no_column(raw, name)
            parsed.bad[name] = np.ones(len(raw), dtype=bool)
            parsed.frame[name] = _nothing(column.metadata["kind"], parsed.frame.index)
        else:
            reader.use_default(name, column.metadata or {})
    for name in {**uses, **table.fields}:
        use = uses.get(name, Use(f"{kind}.fields.{name}"))
        if name in declared:
            _check_kind(declared[name].metadata or {}, name, use, scenario)
        elif name not in uses and _is_misspelt(name, declared, parsed.given):
            scenario.fault(
                use.key,
                name,
                _("the contract has no such field"),
                nearest(name, list(declared), _("fields")),
            )
        else:
            _read_extra(reader, name, use, scenario, list(declared))
    return parsed


@dataclass
class _Reader:
    """Reads fields of one table into `parsed`."""

    raw: RawTable
    table: Table
    kind: str
    levels: Sequence[str]
    parsed: Parsed

    def source(self, name: str) -> FieldSource | None:
        """Return where a field comes from: as mapped, else the column of its name."""
        if name in self.table.fields:
            return self.table.fields[name]
        column = find_column(self.raw.cells.column_names, name)
        return None if column is None else FieldSource(column=column)

    def use_default(self, name: str, metadata: Mapping[str, Any]) -> None:
        """Fill a field that has no source, and remember so."""
        frame = self.parsed.frame
        default: Any = metadata.get("default")
        given = isinstance(default, str) or default == default
        self.parsed.defaults[f"{self.kind}.{name}"] = default if given else ""
        if name == "name":
            frame[name] = frame[self.kind_id()]
        elif metadata["kind"] == "yes/no":
            frame[name] = np.zeros(len(frame), dtype=bool)
        elif isinstance(default, float):
            frame[name] = np.full(len(frame), default)
        elif name in _DERIVED_NUMBERS:
            frame[name] = np.full(len(frame), np.nan)
        else:
            frame[name] = pd.Series("", frame.index, dtype="str")

    def kind_id(self) -> str:
        """Return the name of the first field of the contract, the id."""
        return str(self.parsed.frame.columns[0])

    def read(self, name: str, source: FieldSource, metadata: dict[str, Any]) -> None:
        """Parse one field from its source."""
        parsed = self.parsed
        cells = cells_of(self.raw, self.table, name, source)
        parsed.given.add(name)
        if source.constant is not None:
            parsed.constants.add(name)
        if cells is None:
            parsed.bad[name] = np.ones(len(self.raw), dtype=bool)
            parsed.frame[name] = _nothing(metadata["kind"], parsed.frame.index)
            return
        report = Report(self.raw.findings, cells, source.constant is not None)
        parse = PARSERS[metadata["kind"]]
        values = parse(self.raw, cells, report, {**metadata, "levels": self.levels})
        parsed.bad[name] = cells.bad
        parsed.columns[name] = cells.column
        parsed.frame[name] = values
        if name not in self.table.fields and name != cells.column:
            parsed.findings.note(
                _("column {column} taken for {field}").format(
                    column=cells.column, field=name
                )
            )
        if name == "name":
            unnamed = parsed.frame[name] == ""
            parsed.frame[name] = values.where(~unnamed, parsed.frame[self.kind_id()])


_DERIVED_NUMBERS = ("latitude", "longitude", "hours")


def _nothing(kind: str, index: pd.Index) -> pd.Series:
    """Stand in for a field whose column is not there, so that the rest is judged."""
    if kind in ("number", "degrees"):
        return pd.Series(np.nan, index)
    if kind == "yes/no":
        return pd.Series(False, index)
    return pd.Series("", index, dtype="str")


def _no_column(raw: RawTable, name: str) -> None:
    raw.findings.fault(
        name,
        "",
        _("the table needs a column for this field"),
        _('Name it in the scenario: fields = {{{name} = "..."}}. {near}').format(
            name=name, near=nearest(name, raw.cells.column_names, _("columns"))
        ),
    )


def _is_misspelt(name: str, declared: Collection[str], given: set[str]) -> bool:
    """Whether a mapped name that nothing uses is meant for one of the contract."""
    open_fields = [field for field in declared if field not in given]
    return bool(difflib.get_close_matches(name, open_fields, n=1, cutoff=0.75))


def _check_kind(
    metadata: Mapping[str, Any], name: str, use: Use, scenario: Findings
) -> None:
    if use.numeric and metadata["kind"] not in ("number", "degrees"):
        scenario.fault(
            use.key,
            name,
            _("a field that holds numbers is expected"),
            _("Name a field or column of numbers."),
        )


def _read_extra(
    reader: _Reader,
    name: str,
    use: Use,
    scenario: Findings,
    declared: Sequence[str],
) -> None:
    """Read a column that only the scenario names, under the name it uses."""
    parsed = reader.parsed
    source = reader.source(name)
    if source is None:
        same = find_column(declared, name)
        if same is not None and same in parsed.frame:
            parsed.frame[name] = parsed.frame[same]
        elif use.key != "baselines.rules" and not use.optional:
            known = {*declared, *reader.raw.cells.column_names}
            scenario.fault(
                use.key,
                name,
                _("{file} has no such field or column").format(
                    file=parsed.findings.file
                ),
                nearest(name, known, _("fields and columns")),
            )
        return
    if use.numeric:
        metadata = {"kind": "number", "blank": None if use.complete else np.nan}
    else:
        metadata = {"kind": "text", "exact": True}
    reader.read(name, source, metadata)
    parsed.extras[name] = use
