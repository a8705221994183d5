"""What a notebook shows of a plan: key figures as cards, and a small map."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import pandas as pd

from planner.maps.svg import Drawing
from planner.report.data import ReportData
from planner.report.decision import headline
from planner.report.kpis import tiles
from planner.report.numbers import Numbers
from planner.report.page import drawing_of, map_context, render
from planner.report.trade import frontier_shown
from planner.words import _

MOST_PATHS = 120_000
"""Letters of path data in a small map; the rest of a card is some 30,000."""

_DETAIL = 1.5
_MOST_LABELS = 40


def card(data: ReportData) -> str:
    """Return a plan as an HTML fragment of less than 200 kB, on its own style."""
    return render(
        "card.html.j2",
        headline=headline(data),
        tiles=tiles(data),
        reasons=[*data.breaches, *data.relaxed],
        trade=None,
        **map_context(data, _small_map(data)),
    )


def card_of_trade(name: str, table: pd.DataFrame, currency: str, locale: str) -> str:
    """
    Return a frontier as an HTML fragment: what it says, its chart, its table.

    Parameters
    ----------
    table
        See `planner.report.trade.as_frontier`.
    locale
        Language of numbers.
    """
    shown = frontier_shown(table, Numbers(locale, currency))
    return render(
        "card.html.j2",
        data=SimpleNamespace(name=name),
        headline=_("Trade-offs between plans"),
        tiles=[],
        reasons=[],
        map=None,
        trade=shown,
    )


def card_without_plan(name: str, status: str, reasons: Sequence[str]) -> str:
    """Return the card of a question without a plan: how it ended, and why."""
    return render(
        "card.html.j2",
        data=SimpleNamespace(name=name),
        headline=status,
        tiles=[],
        reasons=list(reasons),
        map=None,
        trade=None,
    )


def _small_map(data: ReportData) -> Drawing | None:
    """Return the map in as much detail as there is room for."""
    labelled = len(data.loads) <= _MOST_LABELS
    detail = _DETAIL
    drawing = drawing_of(data, detail, labelled=labelled)
    while drawing is not None and drawing.size > MOST_PATHS and detail < 100:
        detail *= 2
        drawing = drawing_of(data, detail, labelled=labelled)
    return drawing
