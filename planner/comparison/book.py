"""The comparison as an Excel workbook."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from planner.comparison.content import Content
from planner.comparison.figures import ABOUT, TIED
from planner.tables.schema import UNSAFE_STARTS
from planner.words import _

MOST_ROWS = 1_048_576 - 1
"""Of a sheet, below its header."""

_FORMATS = {
    "share": "0.00%",
    "currency": "#,##0.00",
    "km": "#,##0.0",
    "km2": "#,##0.0",
    "h": "#,##0.0",
}


class _Sheet:
    """A sheet that is filled row by row; a text is never a formula or a link."""

    def __init__(self, book: xlsxwriter.Workbook, name: str, head: list[str]) -> None:
        self.book, self.sheet = book, book.add_worksheet(name)
        self.bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        self.quoted = book.add_format({"quote_prefix": True})
        self.formats: dict[tuple[str, bool], Any] = {}
        self.row = 0
        self.add(head, style=self.bold)
        self.sheet.freeze_panes(1, 1)

    def add(self, cells: Sequence[object], *, style: Any = None) -> None:
        """Write one row of texts and plain numbers."""
        for column, cell in enumerate(cells):
            self.put(column, cell, style)
        self.row += 1

    def put(self, column: int, cell: object, style: Any = None) -> None:
        """Write one cell of the row in hand; None and NaN leave it empty."""
        if isinstance(cell, (int, float)):
            if math.isfinite(cell):
                self.sheet.write_number(self.row, column, cell, style)
        elif cell is not None and str(cell):
            text = str(cell)
            if style is None and text.startswith(UNSAFE_STARTS):
                style = self.quoted
            self.sheet.write_string(self.row, column, text[:32_767], style)

    def number(self, unit: str, *, best: bool = False) -> Any:
        """Return the format of a figure by its unit."""
        if (unit, best) not in self.formats:
            style: dict[str, Any] = {"num_format": _FORMATS.get(unit, "#,##0.####")}
            if best:
                style |= {"bold": True, "bg_color": "#DCEBDD"}
            self.formats[unit, best] = self.book.add_format(style)
        return self.formats[unit, best]


def write_book(path: Path, content: Content) -> None:
    """
    Write ``compare.xlsx``: figures, deltas, plans, flows and moves, a sheet each.

    Parameters
    ----------
    path
        File to write.
    content
        The comparison.
    """
    fresh = path.with_name(f".{path.name}")
    settings = {"constant_memory": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(fresh), settings) as book:
        _figures(book, content)
        _deltas(book, content)
        _plans(book, content)
        _flows(book, content)
        _moves(book, content)
        _notes(book, content)
    fresh.replace(path)


def _figures(book: xlsxwriter.Workbook, content: Content) -> None:
    table, names = content.table, [side.name for side in content.sides]
    head = [_("Figure"), _("Unit"), _("Better"), _("Best"), *names]
    sheet = _Sheet(book, _("Figures"), head)
    for _key, row in table.iterrows():
        best = row["best"]
        told = _(TIED) if best == TIED else best
        for column, cell in enumerate((row["label"], _(row["unit"]), _(row["better"]))):
            sheet.put(column, cell)
        sheet.put(3, told)
        for column, name in enumerate(names, len(ABOUT)):
            style = sheet.number(row["unit"], best=best == name)
            sheet.put(column, row[name], style)
        sheet.row += 1
    sheet.sheet.set_column(0, 0, 44)
    sheet.sheet.set_column(1, len(head) - 1, 15)


def _deltas(book: xlsxwriter.Workbook, content: Content) -> None:
    first, *others = [side.name for side in content.sides]
    head = [_("Figure"), _("Unit"), *others]
    sheet = _Sheet(book, _("Deltas"), head)
    for _key, row in content.table.iterrows():
        sheet.put(0, row["label"])
        sheet.put(1, _(row["unit"]))
        for column, name in enumerate(others, 2):
            sheet.put(column, row[f"delta {name}"], sheet.number(row["unit"]))
        sheet.row += 1
    sheet.add([])
    sheet.add([_("Each plan less “{first}”.").format(first=first)])
    sheet.sheet.set_column(0, 0, 44)
    sheet.sheet.set_column(1, len(head) - 1, 15)


def _plans(book: xlsxwriter.Workbook, content: Content) -> None:
    head = [_("Plan"), _("Cost a year"), _("Proven lower bound"), _("Proven gap")]
    head += [_("Currency"), _("Rules broken"), _("Folder")]
    sheet = _Sheet(book, _("Plans"), head)
    for side in content.sides:
        sheet.put(0, side.name)
        sheet.put(1, side.cost, sheet.number("currency"))
        sheet.put(2, side.bound, sheet.number("currency"))
        sheet.put(3, side.gap, sheet.number("share"))
        sheet.put(4, side.currency)
        sheet.put(5, "; ".join(side.breaches or ()))
        sheet.put(6, side.folder if side.is_plan else "")
        sheet.row += 1
    for name, why in content.missing.items():
        sheet.add([name, None, None, None, None, why])
    sheet.sheet.set_column(0, 4, 18)
    sheet.sheet.set_column(5, 6, 40)


def _flows(book: xlsxwriter.Workbook, content: Content) -> None:
    regions = any("regions" in flows for flows in content.flows.values())
    head = [_("Plan A"), _("Plan B"), _("From"), _("Rep's name"), _("To")]
    head += [_("Rep's name"), *([_("Regions")] if regions else [])]
    head += [_("Accounts"), _("Value")]
    sheet = _Sheet(book, _("Who gives to whom"), head)
    names = rep_names(content)
    for (a, b), flows in content.flows.items():
        for row in flows.to_dict("records"):
            whom = (str(row["from_rep"]), str(row["to_rep"]))
            cells: list[object] = [a, b]
            for rep in whom:
                cells += [rep or _("nobody"), names.get(rep, "")]
            cells += [int(row["regions"])] if regions else []
            sheet.add([*cells, int(row["accounts"]), float(row["value"])])
    sheet.sheet.autofilter(0, 0, max(sheet.row - 1, 0), len(head) - 1)
    sheet.sheet.set_column(0, len(head) - 1, 16)


def _moves(book: xlsxwriter.Workbook, content: Content) -> None:
    head = [_("Plan A"), _("Plan B"), _("Account"), _("Name"), _("Value")]
    head += [_("From"), _("To")]
    sheet = _Sheet(book, _("Moves"), head)
    hidden = 0
    for (a, b), moved in content.moves.items():
        room = max(MOST_ROWS - 1 - sheet.row, 0)
        hidden += max(len(moved) - room, 0)
        for row in moved.head(room).itertuples():
            name, value, before, after = row[1:5]
            none = _("nobody")
            sheet.add([a, b, row[0], name, float(value), before or none, after or none])
    if hidden:
        text = _("{n:,} more moves are in moves.csv: a sheet holds no more rows.")
        sheet.add([text.format(n=hidden)])
    sheet.sheet.autofilter(0, 0, max(sheet.row - 1, 0), len(head) - 1)
    sheet.sheet.set_column(0, len(head) - 1, 18)


def _notes(book: xlsxwriter.Workbook, content: Content) -> None:
    sheet = _Sheet(book, _("Notes"), [_("Notes")])
    sheet.add(
        [
            _(
                "A plan costs least only where its cost lies below what the bounds of "
                "the others allow; else they are tied. What breaks rules wins nothing."
            )
        ]
    )
    for note in content.all_notes:
        sheet.add([note])
    sheet.sheet.set_column(0, 0, 120)


def rep_names(content: Content) -> dict[str, str]:
    """Return the name of each rep of any side by id, where it is not the id."""
    names: dict[str, str] = {}
    for side in reversed(content.sides):
        named: pd.Series = side.tables.reps["name"].astype(str)
        names |= {str(rep): name for rep, name in named.items() if name != str(rep)}
    return names
