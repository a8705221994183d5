"""The table of accounts on the edit page: filter, sort, choose, 100,000 rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from nicegui import ui
from nicegui.elements.aggrid.aggrid import AgGrid
from numpy.typing import NDArray

from planner.draft import Draft
from planner.solution import Solution
from planner.web.shell import url
from planner.words import _

Positions = NDArray[np.intp]

FULL = 4000
"""So many changed rows are sent one by one; with more the grid fetches all anew."""
MARKS = ("", "🔒", "🛡")


def drawn_rows(solution: Solution) -> Positions:
    """Rows that map and grid show: regions by regions, else accounts."""
    pairs = solution.compiled.pairs
    if pairs.is_region.any():
        return np.flatnonzero(pairs.is_region)
    return np.arange(len(pairs.accounts))


def grid_rows(draft: Draft) -> list[dict[str, Any]]:
    """Return what the grid shows, one row for each account or region."""
    shown = drawn_rows(draft.solution)
    rows = draft.pairs.accounts.iloc[shown]
    frame = pd.DataFrame(
        {
            "i": np.arange(len(shown)),
            "id": rows.index.str.removeprefix("region:"),
            "name": rows["name"].astype(str).to_numpy() if "name" in rows else "",
            "value": rows["value"].to_numpy(float),
            "today": rows["owner"].to_numpy(object),
            **live_columns(draft, shown),
        }
    )
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]


def live_columns(draft: Draft, shown: Positions) -> dict[str, NDArray[np.object_]]:
    """Columns of the grid that edits change, as text."""
    unit = draft.unit_of[shown]
    ids = np.append(draft.pairs.reps.index.to_numpy(object), "")
    changed = draft.rep_of[unit] != draft.before[unit]
    return {
        "rep": ids[draft.rep_of[unit]],
        "mark": np.array(MARKS, dtype=object)[draft.marks[unit]],
        "changed": np.where(changed, "●", "").astype(object),
    }


class AccountGrid:
    """
    The grid of one tab; it fetches its rows when it is first looked at.

    Parameters
    ----------
    draft
        What is edited.
    plan
        Its id.
    on_select
        Receives base64 of the chosen rows.
    """

    def __init__(
        self, draft: Draft, plan: str, on_select: Callable[[str], None]
    ) -> None:
        self.draft, self.plan = draft, plan
        self.shown = drawn_rows(draft.solution)
        self._version = -1
        self._sent: dict[str, NDArray[np.object_]] = {}
        n, event = len(self.shown), f"rows_{id(self)}"
        self.element = AgGrid(
            {
                "columnDefs": _columns(),
                "defaultColDef": {
                    "sortable": True,
                    "filter": True,
                    "resizable": True,
                    "minWidth": 90,
                    "flex": 1,
                },
                "rowData": [],
                "rowHeight": 32,
                "headerHeight": 36,
                "rowSelection": {"mode": "multiRow", "enableClickSelection": True},
                ":getRowId": "p => String(p.data.i)",
                ":onSelectionChanged": (
                    f"e => emitEvent('{event}', "
                    f"plannerBits(e.api.getSelectedNodes().map(r => +r.id), {n}))"
                ),
            },
            auto_size_columns=False,
        )
        self.element.classes("w-full map-box").mark("grid")
        ui.on(event, lambda found: on_select(str(found.args)))

    def choose(self, rows: Positions) -> None:
        """Mark rows that were chosen elsewhere, once they are there."""
        self._run(
            "const mark = () => { api.deselectAll(); api.setNodesSelected({newValue: "
            f"true, nodes: {rows.tolist()}.map(i => api.getRowNode(String(i)))"
            ".filter(Boolean)}); }; "
            "if (api.getDisplayedRowCount()) mark(); else "
            "api.addEventListener('rowDataUpdated', function once() { "
            "api.removeEventListener('rowDataUpdated', once); mark(); })"
        )

    def _run(self, script: str) -> None:
        ui.run_javascript(f"const api = getElement({self.element.id}).api; {script}")

    def show(self) -> None:
        """Bring the rows up to date; nothing is sent that the browser has."""
        if self._version == self.draft.version:
            return
        now = live_columns(self.draft, self.shown)
        other = np.zeros(len(self.shown), dtype=bool)
        for name, values in now.items():
            other |= values != self._sent[name] if self._sent else True
        at = np.flatnonzero(other)
        if not self._sent or len(at) > FULL:
            self._fetch()
        elif len(at):
            self._update(at, now)
        self._sent, self._version = now, self.draft.version

    @property
    def is_shown(self) -> bool:
        """Whether it was looked at already."""
        return bool(self._sent)

    def _fetch(self) -> None:
        address = url("api", "rows", self.plan)
        self._run(
            f"fetch({json.dumps(address)}).then(r => r.json()).then(rows => "
            "api.setGridOption('rowData', rows))"
        )

    def _update(self, at: Positions, now: dict[str, NDArray[np.object_]]) -> None:
        rows = [{"i": int(i), **{k: str(v[i]) for k, v in now.items()}} for i in at]
        body = json.dumps(rows, ensure_ascii=False).replace("</", "<\\/")
        self._run(
            f"for (const r of {body}) {{ const node = api.getRowNode(String(r.i)); "
            "if (node) node.updateData({...node.data, ...r}); }"
        )


def _columns() -> list[dict[str, Any]]:
    return [
        {"field": "id", "headerName": _("Id")},
        {"field": "name", "headerName": _("Name"), "flex": 2},
        {
            "field": "value",
            "headerName": _("Value"),
            "type": "numericColumn",
            "filter": "agNumberColumnFilter",
            ":valueFormatter": "p => Math.round(p.value).toLocaleString()",
        },
        {"field": "today", "headerName": _("Today")},
        {"field": "rep", "headerName": _("Rep")},
        {"field": "changed", "headerName": _("Changed"), "minWidth": 124},
        {"field": "mark", "headerName": _("Kept")},
    ]
