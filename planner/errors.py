"""Everything that can go wrong and that a user can fix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from planner.words import _


class PlannerError(Exception):
    """A fault with a remedy, told in one sentence; the CLI prints it and exits 2."""


class ScenarioError(PlannerError):
    """The scenario file is not valid; the message lists every fault in it."""


@dataclass(frozen=True)
class Fault:
    """
    One thing that is wrong in one table.

    Attributes
    ----------
    file
        The table's file as the user named it.
    row
        Row in that file as a spreadsheet counts: the header is row 1. 0 when
        the fault concerns the whole file or column.
    column
        Column as it is called in the file.
    value
        The offending cell, as text.
    rule
        What was expected.
    remedy
        What to do.
    """

    file: str
    row: int
    column: str
    value: str
    rule: str
    remedy: str

    def __str__(self) -> str:
        """Say it in one line."""
        place = self.file
        if self.row:
            place += _(", row {row}").format(row=self.row)
        if self.column:
            place += _(", column {column}").format(column=self.column)
        shown = self.value if len(self.value) <= 60 else self.value[:57] + "..."
        value = f" = {shown!r}" if self.row or self.value else ""
        return _("{place}: {rule}. {remedy}").format(
            place=place + value, rule=self.rule, remedy=self.remedy
        )


class TableError(PlannerError):
    """
    One or more tables hold faults.

    Attributes
    ----------
    faults
        Every fault found, in file and row order.
    """

    SHOWN = 20

    def __init__(self, faults: Sequence[Fault], more: str | None = None) -> None:
        self.faults = list(faults)
        lines = [str(fault) for fault in self.faults[: self.SHOWN]]
        if hidden := len(self.faults) - len(lines):
            if more is None:
                more = _("... and {n:,} more (planner check --faults FILE lists all)")
            lines.append(more.format(n=hidden))
        head = _("{n:,} fault(s) in the tables:").format(n=len(self.faults))
        super().__init__("\n".join([head, *lines]))
