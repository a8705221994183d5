"""The page that puts two to six plans side by side."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pandas as pd
from nicegui import ui

from planner.draft import Draft
from planner.errors import PlannerError
from planner.library import Library
from planner.web import panels
from planner.web.payload import owners, rep_colours
from planner.web.shell import Visitor, frame, heading, heeding, the_desk, url
from planner.web.territory_map import TerritoryMap
from planner.words import _, speaking

MOST = 6
SHOWN = 40
"""Moves that the page lists."""


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
            self.library.solution(plan)

    async def draw(self) -> None:
        """Build the page."""
        with (
            frame(self.visitor, _("Compare plans"), wide=True),
            ui.column().classes("w-full q-pa-md gap-3"),
        ):
            with ui.row().classes("w-full items-center justify-between"):
                heading(_("Compare plans"))
                ui.button(
                    _("Report of the first"),
                    on_click=heeding(self.visitor, self._report),
                ).props("dense outline no-caps").classes("q-px-sm")
            with ui.element("div").classes("maps"):
                for plan in self.plans:
                    self._map(plan)
            table, moved = await asyncio.to_thread(self._figures)
            with ui.column().classes("card gap-2"):
                heading(_("Key figures"), 2)
                ui.html(figure_table(table, self.plans), sanitize=False).classes(
                    "scroll"
                ).mark("figures")
                for note in table.attrs["notes"]:
                    ui.label(note).classes("quiet")
            with ui.column().classes("card gap-2"):
                heading(_("Loads by rep, in % of the average"), 2)
                ui.html(self._loads(), sanitize=False).classes("scroll").mark("loads")
            with ui.column().classes("card gap-2"):
                heading(_("What moves between the first and the last"), 2)
                ui.html(moved_table(moved), sanitize=False).classes("scroll").mark(
                    "moved"
                )

    def _map(self, plan: str) -> None:
        solution = self.library.solution(plan)
        with ui.element("div").classes("one"):
            ui.link(plan, url("plan", plan))
            with ui.element("div").classes("box"):
                shown = TerritoryMap(
                    url("api", "geometry", plan),
                    _("Map of {plan}").format(plan=plan),
                    on_ready=lambda: heeding(self.visitor, send)(),
                ).classes("w-full h-full")

        def send() -> None:
            reps = solution.tables.reps
            names = [
                str(n) or str(r) for r, n in zip(reps.index, reps["name"], strict=True)
            ]
            shown.call("setReps", {"names": names, "colours": self._colours(plan)})
            shown.call("setOwners", owners(Draft(solution)))
            shown.link()

    def _colours(self, plan: str) -> list[str]:
        """Colours of the first plan for all, where a rep is in it."""
        first = self.library.solution(self.plans[0])
        known = dict(zip(first.tables.reps.index, rep_colours(first), strict=True))
        own = self.library.solution(plan)
        return [
            known.get(rep, colour)
            for rep, colour in zip(own.tables.reps.index, rep_colours(own), strict=True)
        ]

    def _figures(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        from planner.comparison import compare, moved_between

        with speaking(self.visitor.language):
            folders = [self.library.inside(plan) for plan in self.plans]
            return compare(folders), moved_between(folders[0], folders[-1])

    def _loads(self) -> str:
        frames = []
        for plan in self.plans:
            loads = Draft(self.library.solution(plan)).figures().loads
            measure = (panels.banded(loads) or ["accounts"])[0]
            frames.append(loads[measure] / max(loads[measure].mean(), 1e-9))
        both = pd.concat(frames, axis=1, keys=range(len(frames)))
        far = (both - 1).abs().max(axis=1)
        both = both.loc[far.sort_values(ascending=False, kind="stable").index[:SHOWN]]
        rows = [
            (str(rep), *(panels.percent(float(v), 0) for v in row))
            for rep, row in zip(both.index, both.to_numpy(), strict=True)
        ]
        return panels.table((_("Rep"), *self.plans), rows)

    async def _report(self) -> None:
        from planner.web.files import report_text

        folder = self.library.inside(self.plans[0])
        text = await asyncio.to_thread(report_text, folder, self.visitor.language)
        ui.download.content(text.encode("utf-8"), "report.html", "text/html")


def figure_table(table: pd.DataFrame, plans: list[str]) -> str:
    """Return key figures with their differences to the first plan."""
    columns = [c for c in table if c not in ("label", "unit", "better")]
    names = [c for c in columns if not str(c).startswith("delta ")]
    rows = []
    for _key, row in table.iterrows():
        digits = (
            3 if row["unit"] in ("", "share") and abs(_first(row, names)) < 10 else 0
        )
        cells: list[Any] = [
            f"{row['label']}" + (f" ({_(row['unit'])})" if row["unit"] else "")
        ]
        for at, name in enumerate(names):
            text = panels.number(row[name], digits)
            change = row.get(f"delta {name}", np.nan)
            if at and np.isfinite(change) and change:
                text += f" ({change:+,.{digits}f})"
            cells.append(text)
        rows.append(cells)
    return panels.table((_("Figure"), *plans), rows)


def _first(row: pd.Series, names: list[str]) -> float:
    value = row[names[0]]
    return float(value) if pd.notna(value) else 0.0


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
    head = (_("Account"), _("Name"), _("From and to"), _("Value"))
    return f"<p>{panels.escape(total)}</p>" + panels.table(head, rows)
