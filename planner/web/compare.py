"""The page that puts two to six plans side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from nicegui import ui

from planner.draft import Draft
from planner.errors import PlannerError
from planner.library import Library
from planner.listing import CERTIFICATE, state_of
from planner.web import panels
from planner.web.curves import curve_html, curves_near, heading_of
from planner.web.payload import owners, rep_colours
from planner.web.shell import Visitor, frame, heading, heeding, the_desk, url
from planner.web.territory_map import TerritoryMap
from planner.words import _

MOST, KEPT = 6, 20
"""Plans of one comparison, and comparisons that are kept in memory."""
SHOWN = 40
"""Moves that the page lists."""
REPS = 20
"""Reps whose loads are drawn: those farthest from the average."""
WIDE = 72
"""Pixels of the bar of a load: twice the average."""


class ComparePage:
    """Plans side by side: figures, linked maps, loads, what moved."""

    def __init__(self, visitor: Visitor, plans: list[str]) -> None:
        if not 2 <= len(plans) <= MOST:
            raise PlannerError(
                _("Choose two to {most} plans to compare.").format(most=MOST)
            )
        self.visitor, self.plans, self.desk = visitor, plans, the_desk()
        self.library: Library = self.desk.library
        for plan in plans:
            self.library.view(plan)

    async def draw(self) -> None:
        """Build the page."""
        with (
            frame(self.visitor, _("Compare plans"), wide=True),
            ui.element("div").classes("sheet"),
        ):
            with ui.element("div").classes("sheet-top"):
                heading(_("Compare plans"))
                self.report = ui.button(
                    _("Report of the first"),
                    on_click=heeding(self.visitor, self._report),
                )
                self.report.props("dense outline no-caps").classes("q-px-sm")
            with ui.element("div").classes("maps"):
                for plan in self.plans:
                    self._map(plan)
            marked = _(
                "Ringed or striped: another rep than in the first plan, in the colour "
                "of that one."
            )
            ui.label(marked).classes("quiet")
            waiting = ui.label(_("Counting ...")).classes("quiet").props("role=status")
            table, moved = await asyncio.to_thread(self._figures)
            loads = await asyncio.to_thread(self._loads)
            waiting.delete()
            currency = self.library.view(self.plans[0]).scenario.currency
            with self._part(_("Key figures"), "figures") as show:
                show(figure_table(table, self.plans, currency))
                for note in table.attrs["notes"]:
                    ui.label(note).classes("quiet")
            with self._part(_("Loads by rep, in % of the average"), "loads") as show:
                names: dict[str, str] = {}
                for plan in reversed(self.plans):
                    names |= self._names(plan)
                show(load_chart(loads, self.plans, names))
            title = _("What moves between the first and the last")
            with self._part(title, "moved") as show:
                show(moved_table(moved))
            first = self.library.inside(self.plans[0])
            for curve in curves_near(self.library, self.plans):
                with self._part(heading_of(curve), "curve") as show:
                    show(curve_html(curve, first, currency))

    @staticmethod
    @contextmanager
    def _part(title: str, mark: str) -> Iterator[Callable[[str], None]]:
        """Draw a part of the page; yields what shows HTML in it."""

        def show(content: str) -> None:
            shown = ui.html(content, sanitize=False).classes("scroll").mark(mark)
            # What scrolls must be within reach of the keyboard.
            shown.props("tabindex=0 role=group")
            shown.props["aria-label"] = title

        with ui.element("section").classes("card part"):
            heading(title, 2)
            yield show

    def _map(self, plan: str) -> None:
        solution = self.library.view(plan)
        first = self.library.view(self.plans[0])
        with ui.element("div").classes("one"):
            ui.link(plan, url("plan", plan))
            with ui.element("div").classes("box"):
                shown = TerritoryMap(
                    url("api", "geometry", plan),
                    _("Map of {plan}").format(plan=plan),
                    on_ready=lambda: heeding(self.visitor, send)(),
                ).classes("w-full h-full")

        def send() -> None:
            names = list(self._names(plan).values())
            shown.call("setReps", {"names": names, "colours": self._colours(plan)})
            assert first.plan is not None
            shown.call("setOwners", owners(Draft(solution), first.plan.owner))
            shown.link()

    def _names(self, plan: str) -> dict[str, str]:
        """Name of each rep, the id where it has none."""
        reps = self.library.view(plan).tables.reps
        named = zip(reps.index, reps["name"], strict=True)
        return {str(rep): str(name) or str(rep) for rep, name in named}

    def _colours(self, plan: str) -> list[str]:
        """Colours of the first plan for all, where a rep is in it."""
        first = self.library.view(self.plans[0])
        known = dict(zip(first.tables.reps.index, rep_colours(first), strict=True))
        own = self.library.view(plan)
        return [
            known.get(rep, colour)
            for rep, colour in zip(own.tables.reps.index, rep_colours(own), strict=True)
        ]

    def _figures(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        folders = tuple(self.library.inside(plan) for plan in self.plans)
        states = tuple(state_of(folder / CERTIFICATE) for folder in folders)
        return figures_of(folders, states, self.visitor.language)

    def _loads(self) -> list[tuple[str, pd.DataFrame]]:
        """Name of each measure that a rule holds, and shares of the average by plan."""
        loads = [Draft(self.library.view(p)).figures().loads for p in self.plans]
        found = []
        for measure in panels.banded(loads[0]) or [panels.counted(loads[0])]:
            shares = [
                one[measure] / max(float(one[measure].mean()), panels.TINY)
                for one in loads
                if measure in one
            ]
            found.append((measure, pd.concat(shares, axis=1, keys=range(len(shares)))))
        return found

    async def _report(self) -> None:
        from planner.web.files import report_text

        folder = self.library.inside(self.plans[0])
        self.report.disable()
        try:
            text = await asyncio.to_thread(report_text, folder, self.visitor.language)
        finally:
            self.report.enable()
        ui.download.content(text.encode("utf-8"), "report.html", "text/html")


@lru_cache(maxsize=KEPT)
def figures_of(
    folders: tuple[Path, ...], _states: tuple[Any, ...], _language: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare plans, and the first with the last; once for as long as none changes."""
    from planner.comparison import compare, moved_between

    return compare(folders), moved_between(folders[0], folders[-1])


def figure_table(table: pd.DataFrame, plans: list[str], currency: str) -> str:
    """Return key figures, the best marked, with their differences to the first plan."""
    from planner.comparison.figures import ABOUT, TIED
    from planner.comparison.text import number, signed

    names = [
        str(c) for c in table if c not in ABOUT and not str(c).startswith("delta ")
    ]
    rows, tied = [], _("tied")
    for key, row in table.iterrows():
        if row[names].isna().all():  # does not arise in any of these plans
            continue
        unit = str(row["unit"])
        cells = []
        for at, name in enumerate(names):
            text = escape(number(_known(row[name]), unit)) or "–"
            if row["best"] == name:
                text = f"<b>{text}</b> ✓"
            change = signed(_known(row.get(f"delta {name}")), unit) if at else ""
            if change and change != "=":
                text += f' <span class="quiet">{escape(change)}</span>'
            cells.append(f'<td class="n">{text}</td>')
        shown = currency if unit == "currency" else _(unit)
        label = f"{row['label']}" + ("" if unit in _PLAIN else f" [{shown}]")
        if key == "cost" and row["best"] == TIED:
            label = f"{label} ({tied})"
        rows.append(f'<tr><th scope="row">{escape(label)}</th>{"".join(cells)}</tr>')
    head = "".join(f'<th scope="col" class="n">{escape(plan)}</th>' for plan in plans)
    first = escape(_("Figure"))
    return (
        f'<table class="figures"><thead><tr><th scope="col">{first}</th>'
        f"{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


_PLAIN = ("", "share", "accounts", "regions", "reps", "pairs", "value")
"""Units that go without saying."""


def _known(value: Any) -> float | None:
    return float(value) if value is not None and np.isfinite(value) else None


def load_chart(
    loads: list[tuple[str, pd.DataFrame]], plans: list[str], names: dict[str, str]
) -> str:
    """Return bars of the loads of each rep, the farthest from the average first."""
    found = []
    for measure, shares in loads:
        far = (shares - 1).abs().max(axis=1)
        order = far.sort_values(ascending=False, kind="stable").index[:REPS]
        head = "".join(f'<th scope="col">{escape(plan)}</th>' for plan in plans)
        rows = "".join(
            f'<tr><th scope="row">{escape(names.get(str(rep), str(rep)))}</th>'
            + "".join(f"<td>{_bar(float(share))}</td>" for share in shares.loc[rep])
            + "</tr>"
            for rep in order
        )
        name = escape(_(measure))
        found.append(
            f'<table class="figures bars"><thead><tr><th scope="col">{name}'
            f"</th>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )
    return f'<div class="side-by-side">{"".join(found)}</div>'


def _bar(share: float) -> str:
    """Draw a share of the average up to twice of it, and write it beside."""
    if not np.isfinite(share):
        return "–"
    wide = min(max(share, 0) * WIDE / 2, WIDE)
    return (
        f'<svg width="{WIDE}" height="12" aria-hidden="true">'
        f'<rect y="2" width="{wide:.1f}" height="8" fill="#1f5fa8"/>'
        f'<line x1="{WIDE / 2}" x2="{WIDE / 2}" y2="12" stroke="#1c2733"/></svg>'
        f" {share:.0%}"
    )


def moved_table(moved: pd.DataFrame) -> str:
    """Return the moves with most value, and how many there are."""
    rows = [
        (
            str(one),
            str(row["name"]),
            f"{row['from_rep'] or '–'} → {row['to_rep'] or '–'}",
            panels.number(row["value"]),
        )
        for one, row in moved.head(SHOWN).iterrows()
    ]
    total = _("{n:,} moves, value {value:,.0f}").format(
        n=len(moved), value=float(moved["value"].sum())
    )
    if not rows:
        return f"<p>{escape(total)}</p>"
    head = (_("Account"), _("Name"), _("From and to"), _("Value"))
    return f"<p>{escape(total)}</p>" + panels.table(head, rows)
