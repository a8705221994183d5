"""Pages: one file each, no script, nothing loaded from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from planner.charts import WIDTH as STRIP_WIDTH
from planner.maps.areas import FORMER
from planner.maps.draw import territory_colours
from planner.maps.svg import DETAIL, Drawing, draw_svg
from planner.maps.svg import WIDTH as MAP_WIDTH
from planner.report import curves
from planner.report.binding import binding_rows, binding_words
from planner.report.data import ReportData
from planner.report.decision import decision, headline
from planner.report.glossary import glossary
from planner.report.kpis import kpis, shares_of, tiles
from planner.report.numbers import Numbers
from planner.report.trade import frontier_shown, headcount_shown
from planner.words import _

SMALL_DETAIL = 2.0
"""Detail of maps that take half the page, in units of `MAP_WIDTH`."""

SHOWN_MOVES, SHOWN_NOTES, SHOWN_BINDING = 20, 40, 8
"""Longest lists; what is left out is counted."""

_UNSAFE = re.compile(r"[^0-9A-Za-z\u00a0-\uffff]")


def render(template: str, **context: Any) -> str:
    """
    Fill a template of the package; all that is not markup is escaped.

    Parameters
    ----------
    template
        Name, such as ``report.html.j2``; pages extend ``page.html.j2``, which needs
        ``title``, ``language``, and ``print_head``, ``print_foot``: short texts on
        each printed page.
    context
        What the template names, besides `_` and `numbers_of`.
    """
    environment = Environment(
        loader=PackageLoader("planner"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"_": _, "map_width": MAP_WIDTH, "strip_width": STRIP_WIDTH}
    environment.globals |= {"chart_width": curves.WIDTH, "chart_lower": curves.LOWER}
    environment.filters["css_text"] = css_text
    return environment.get_template(template).render(context)


def chart_svg(chart: curves.Chart, label: str) -> str:
    """Return a chart as SVG for any page; `label` is for those who do not see it."""
    return render("chart.html.j2", chart=chart, label=label)


def css_text(text: str) -> Markup:
    """
    Quote a text for CSS: whatever it holds, it stays a text.

    Examples
    --------
    >>> css_text('a"</style>')
    Markup('"a\\\\22 \\\\3c \\\\2f style\\\\3e "')
    """
    safe = _UNSAFE.sub(lambda found: f"\\{ord(found[0]):x} ", text)
    return Markup(f'"{safe}"')  # only letters, digits and escapes are left


def write_report(path: Path, data: ReportData) -> None:
    """
    Write ``report.html``: one file, no script, nothing loaded from elsewhere.

    Parameters
    ----------
    path
        File to write; its folder exists.
    """
    path.write_text(report_page(data), encoding="utf-8")


def report_page(data: ReportData) -> str:
    """Return the report as HTML."""
    return render("report.html.j2", **_context(data))


def drawing_of(
    data: ReportData, detail: float = DETAIL, *, labelled: bool = True
) -> Drawing | None:
    """Return the map; None where nothing has a place."""
    if data.territories is None or not len(data.territories):
        return None
    return draw_svg(
        data.territories,
        data.accounts,
        data.outline,
        data.areas,
        detail=detail,
        labelled=labelled,
    )


def drawings_of_change(data: ReportData) -> list[Drawing]:
    """Return small maps of today and of the plan in the same colours, or none."""
    if data.before is None or data.territories is None or not len(data.before):
        return []
    fill = territory_colours(data.territories)
    tones = [fill.get(str(rep), FORMER) for rep in data.before.index]
    pair = (data.before.assign(fill=tones), data.territories)
    return [
        draw_svg(one, data.accounts, data.outline, detail=SMALL_DETAIL, labelled=False)
        for one in pair
    ]


def map_context(data: ReportData, drawing: Drawing | None) -> dict[str, Any]:
    """Return what the macro `map_svg` names."""
    return {
        "data": data,
        "numbers": Numbers(data.language, data.currency),
        "map": drawing,
        "fill": {} if drawing is None else territory_colours(data.territories),
        "shares": {
            str(name): shares_of(data, str(name)) for name in data.measures.index
        },
    }


def _context(data: ReportData) -> dict[str, Any]:
    """Return everything that the template names."""
    numbers, said = Numbers(data.language, data.currency), headline(data)
    frontier, headcount = None, None
    if data.frontier is not None:
        frontier = frontier_shown(data.frontier, numbers)
    if data.headcount is not None:
        headcount = headcount_shown(data.headcount, len(data.loads), numbers)
    moves = _rows(_largest(data.moves, "value"))
    return {
        **map_context(data, drawing_of(data)),
        "small_maps": drawings_of_change(data),
        "language": data.language,
        "title": f"{data.name}: {said}",
        "print_head": data.name,
        "print_foot": _fingerprint(data),
        "headline": said,
        "who": data.who,
        "decision": decision(data),
        "tiles": tiles(data),
        "kpis": kpis(data),
        "loads": _rows(data.loads),
        "pools": _rows(data.pools),
        "terms": sorted(data.terms.items(), key=lambda term: -term[1]),
        "baselines": _with_bars(_rows(data.baselines), data.cost),
        "binding": binding_rows(data),
        "binding_words": binding_words(data),
        "moves": moves,
        "moved": len(moves) if data.moved is None else data.moved,
        "frontier": frontier,
        "headcount": headcount,
        "glossary": glossary(data),
        "caps": (SHOWN_MOVES, SHOWN_NOTES, SHOWN_BINDING),
    }


def _fingerprint(data: ReportData) -> str:
    """Say which plan it is: the beginning of the sha256 of its plan.csv."""
    if not data.fingerprint:
        return ""
    return _("plan.csv, sha256 {digits}").format(digits=data.fingerprint[:16])


def _with_bars(ways: Sequence[dict[str, Any]], cost: float) -> list[dict[str, Any]]:
    """Add the length of each way's bar: twice the plan's cost fills the column."""
    full = max(2 * cost, 1e-9)
    return [
        row
        | {
            "bar": round(100 * min(row["cost"] / full, 1.0), 1),
            "cut": row["cost"] > full,
        }
        for row in ways
    ]


def _rows(table: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Return rows as dicts; the index is under ``id``."""
    if table is None:
        return []
    rows = table.rename_axis(index="id").reset_index().to_dict("records")
    return [{str(key): value for key, value in row.items()} for row in rows]


def _largest(table: pd.DataFrame | None, column: str) -> pd.DataFrame | None:
    """Return the rows in falling order of a column."""
    if table is None:
        return None
    return table.sort_values(column, ascending=False, kind="stable")
