"""Frontiers and headcount curves that the folders of a workspace hold."""

from __future__ import annotations

import base64
import csv
import io
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from planner.errors import PlannerError
from planner.library import Library
from planner.report import Numbers, read_frontier, read_headcount
from planner.report.page import chart_svg
from planner.report.trade import Shown, frontier_shown, headcount_shown
from planner.web import panels
from planner.words import _, language

TABLES = ("frontier", "curve")
"""Names of the files: a table as .csv, and its drawing as .svg."""
MOST_ROWS = 60
LARGEST = 4 * 2**20
"""Bytes of the largest file that is shown."""


@dataclass(frozen=True)
class Curve:
    """A table of plans along a line, and its drawing, if there is one."""

    kind: str
    folder: str
    table: Path
    drawing: Path | None


def curves_near(library: Library, plans: Iterable[str]) -> list[Curve]:
    """
    Return what lies in the folders of these plans, and in those above them.

    Parameters
    ----------
    plans
        Ids of plans.
    """
    found: dict[Path, Curve] = {}
    for plan in plans:
        folder = library.inside(plan)
        for above in (folder, *folder.parents):
            if not above.is_relative_to(library.root):
                break
            for curve in _curves_in(library, above):
                found.setdefault(curve.table, curve)
    return list(found.values())


def _curves_in(library: Library, folder: Path) -> Iterator[Curve]:
    for kind in TABLES:
        table, drawing = folder / f"{kind}.csv", folder / f"{kind}.svg"
        if _may_be_shown(table):
            name = folder.relative_to(library.root).as_posix()
            shown = drawing if _may_be_shown(drawing) else None
            yield Curve(kind, name, table, shown)


def _may_be_shown(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.stat().st_size < LARGEST


def heading_of(curve: Curve) -> str:
    """Say what a curve is of."""
    words = {
        "frontier": _("Frontier in {folder}"),
        "curve": _("Headcount curve in {folder}"),
    }
    where = "." if curve.folder == "." else curve.folder
    return words[curve.kind].format(folder=where)


def curve_html(curve: Curve, plan: Path, currency: str) -> str:
    """
    Return words, drawing and table in the reader's language; all text is escaped.

    Parameters
    ----------
    plan
        Folder of the plan that is marked, where it is one of the curve.
    currency
        Of the costs.
    """
    shown = _shown(curve, plan, currency)
    if shown is None:
        return _as_it_is(curve)
    words = panels.sentences(shown.words)
    drawing = chart_svg(shown.chart, heading_of(curve))
    return f'{words}<div class="curve">{drawing}</div>' + panels.table(
        shown.head, shown.rows
    )


def _shown(curve: Curve, plan: Path, currency: str) -> Shown | None:
    """Lay a curve out as the report does; None for a table of another form."""
    numbers, folder = Numbers(language(), currency), curve.table.parent
    try:
        if curve.kind == "frontier":
            return frontier_shown(read_frontier(folder, plan), numbers)
        table = read_headcount(folder)
    except PlannerError:
        return None
    here = table["plan"] == plan.name if "plan" in table else [False] * len(table)
    own = table["k"][here]
    inside = plan.parent == folder and len(own) > 0
    return headcount_shown(table, int(max(own)) if inside else -1, numbers)


def _as_it_is(curve: Curve) -> str:
    """Return the drawing and the table of a file; columns that say nothing left out."""
    shown = ""
    if curve.drawing is not None:
        # As an image it can run nothing, whatever the file says.
        body = base64.b64encode(curve.drawing.read_bytes()).decode()
        shown = (
            f'<img class="curve" alt="{escape(heading_of(curve))}" '
            f'src="data:image/svg+xml;base64,{body}">'
        )
    text = curve.table.read_text("utf-8-sig", errors="replace")
    head, *rows = [row for row in csv.reader(io.StringIO(text)) if row] or [[]]
    rows = [
        [_short(cell) for cell in [*row, *[""] * len(head)][: len(head)]]
        for row in rows[:MOST_ROWS]
    ]
    told = [at for at in range(len(head)) if any(r[at] not in ("", "0") for r in rows)]
    cells = [[row[at] for at in told] for row in rows]
    return shown + panels.table([head[at] for at in told], cells)


def _short(cell: str) -> str:
    """Round what is a number; leave what is not."""
    try:
        value = float(cell)
    except ValueError:
        return cell
    if not math.isfinite(value):
        return cell
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:,.4g}"
