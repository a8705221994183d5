"""The table of loads that explains a map: colour, rep, and how full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from planner.maps.fonts import text_width
from planner.words import _

INK = "#22262b"
SOFT = "#5f646a"
OVER = "#a3282d"

_SIZES = ((15, 9.2), (40, 7.8), (10_000, 6.6))
"""(up to so many rows, font size in points)."""

# In units of the font size:
_ROW = 1.58  # from one row to the next
_GAP = 1.1  # between columns
_NAME = 13.5  # longer names are cut
_SWATCH = 2.0
_BLOCK_GAP = 2.2


@dataclass(frozen=True)
class Table:
    """
    Rows of text with their column widths.

    Attributes
    ----------
    head
        Column titles; the first two columns (id, name) are left-aligned.
    rows
        Cells as text, one row per rep.
    fills
        Swatch colour of each row; "" for a rep without a territory.
    over
        Cells (row, column) above 100 %, shown in red.
    widths
        Of the columns, in points.
    font
        Size in points; all distances follow from it.
    """

    head: list[str]
    rows: list[list[str]]
    fills: list[str]
    over: set[tuple[int, int]]
    widths: list[float]
    font: float

    @property
    def block(self) -> float:
        """Width of one block of columns, in points."""
        gaps = _SWATCH + _GAP * (len(self.widths) - 1)
        return sum(self.widths) + gaps * self.font

    def size(self, blocks: int) -> tuple[float, float]:
        """Width and height in points when set in so many blocks side by side."""
        deep = -(-len(self.rows) // blocks)
        return (
            blocks * self.block + (blocks - 1) * _BLOCK_GAP * self.font,
            (deep + 1.5) * _ROW * self.font,
        )


def load_table(
    loads: pd.DataFrame,
    fill: dict[str, str],
    names: pd.Series,
) -> Table:
    """
    Set up the table of a map.

    Parameters
    ----------
    loads
        Index ``rep_id``; any of the counts ``regions`` and ``accounts``, and of the
        shares: ``hours`` of ``capacity``, ``value`` of ``target``, and each other
        column ``X`` of ``X_target``.
    fill
        Colour by rep id.
    names
        Name by rep id.
    """
    known = load_shares(loads)
    counts = load_counts(loads)
    head = [_("rep"), "", *counts, *known]
    rows, over = [], set()
    for at, rep in enumerate(loads.index):
        name = str(names.get(rep, ""))
        row = [str(rep), "" if name == str(rep) else name]
        row += [f"{count.iloc[at]:,.0f}" for count in counts.values()]
        for column, (title, share) in enumerate(known.items(), start=len(row)):
            amount = share.iloc[at]
            row.append("" if pd.isna(amount) else f"{amount:.0%}")
            if title == _("hours") and amount > 1.0005:
                over.add((at, column))
        rows.append(row)
    font = next((size for most, size in _SIZES if len(rows) <= most), _SIZES[-1][1])
    rows = [[row[0], _cut(row[1], font), *row[2:]] for row in rows]
    widths = [
        max(text_width(text, font, "bold") for text in column)
        for column in zip(head, *rows, strict=True)
    ]
    fills = [fill.get(str(rep), "") for rep in loads.index]
    return Table(head, rows, fills, over, widths, font)


def load_counts(loads: pd.DataFrame) -> dict[str, pd.Series]:
    """Return what each rep has how many of, by title."""
    counts = {}
    if "regions" in loads:
        counts[_("regions")] = loads["regions"]
    # A plan by regions need not have accounts at all.
    if "accounts" in loads and ("regions" not in loads or loads["accounts"].any()):
        counts[_("accounts")] = loads["accounts"]
    return counts


def load_shares(loads: pd.DataFrame) -> dict[str, pd.Series]:
    """Return loads as shares of what they should or may be, by title; NaN if open."""
    pairs = {_("hours"): ("hours", "capacity"), _("value"): ("value", "target")}
    pairs |= {
        name: (name, f"{name}_target")
        for name in map(str, loads)
        if f"{name}_target" in loads
    }
    return {
        title: loads[amount] / loads[whole].where(loads[whole] > 0)
        for title, (amount, whole) in pairs.items()
        if {amount, whole} <= set(loads)
    }


def draw_table(
    figure: Figure, table: Table, left: float, top: float, blocks: int
) -> None:
    """
    Draw the table on a figure.

    Parameters
    ----------
    left, top
        Its upper left corner, in points from the figure's lower left.
    blocks
        Side by side.
    """
    deep = -(-len(table.rows) // blocks)
    row = _ROW * table.font
    for block in range(blocks):
        chosen = range(block * deep, min((block + 1) * deep, len(table.rows)))
        if not chosen:
            return
        x = left + block * (table.block + _BLOCK_GAP * table.font)
        _row(figure, table, table.head, x, top - 0.5 * row, SOFT, [])
        _rule(figure, x, top - 1.12 * row, table.block)
        for line, at in enumerate(chosen):
            y = top - (line + 1.75) * row
            red = [column for row_, column in table.over if row_ == at]
            _row(figure, table, table.rows[at], x, y, INK, red)
            _swatch(figure, x, y, table.fills[at], table.font)


def _row(
    figure: Figure,
    table: Table,
    cells: Sequence[str],
    x: float,
    y: float,
    colour: str,
    red: Sequence[int],
) -> None:
    wide, tall = 72 * figure.get_figwidth(), 72 * figure.get_figheight()
    x += _SWATCH * table.font
    for column, (cell, width) in enumerate(zip(cells, table.widths, strict=True)):
        right = column > 1
        figure.text(
            (x + (width if right else 0)) / wide,
            y / tall,
            cell,
            ha="right" if right else "left",
            va="center_baseline",
            fontsize=table.font,
            color=OVER if column in red else colour,
            fontweight="bold" if column == 0 and colour == INK else "normal",
        )
        x += width + _GAP * table.font


def _swatch(figure: Figure, x: float, y: float, fill: str, font: float) -> None:
    wide, tall = 72 * figure.get_figwidth(), 72 * figure.get_figheight()
    figure.add_artist(
        Rectangle(
            (x / wide, (y - 0.4 * font) / tall),
            1.2 * font / wide,
            0.9 * font / tall,
            linewidth=0.5,
            facecolor=fill or "#ffffff",
            edgecolor=INK,
            transform=figure.transFigure,
        )
    )


def _rule(figure: Figure, x: float, y: float, length: float) -> None:
    wide, tall = 72 * figure.get_figwidth(), 72 * figure.get_figheight()
    figure.add_artist(
        Rectangle(
            (x / wide, y / tall),
            length / wide,
            0.5 / tall,
            linewidth=0,
            facecolor="#b9bcc0",
            transform=figure.transFigure,
        )
    )


def _cut(name: str, font: float) -> str:
    """Shorten a name to the width of its column."""
    if text_width(name, font) <= _NAME * font:
        return name
    while name and text_width(name + "…", font) > _NAME * font:
        name = name[:-1]
    return name.rstrip() + "…"
