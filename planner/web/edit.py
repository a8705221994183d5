"""The page on which a plan is seen and changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from nicegui import ui
from nicegui.elements.aggrid.aggrid import AgGrid
from numpy.typing import NDArray

from planner.draft import Draft
from planner.errors import PlannerError
from planner.solution import Solution
from planner.web import panels
from planner.web.payload import chosen, owners, rep_colours
from planner.web.shell import (
    Desk,
    Visitor,
    frame,
    heeding,
    tell_error,
    the_desk,
    url,
)
from planner.web.solves import Solve
from planner.web.territory_map import TerritoryMap
from planner.words import _, speaking

Positions = NDArray[np.intp]

POLL_S = 0.4
SECONDS = 10.0
"""Of a solve around edits, unless another number is given."""
FULL = 4000
"""So many changed rows are sent one by one; more, and the grid fetches all anew."""

_open: dict[tuple[str, str], list[EditPage]] = {}
"""Pages that show the same draft: what is done on one is seen on all."""


def drawn_rows(solution: Solution) -> NDArray[np.intp]:
    """Rows that map and grid show: regions by regions, else accounts."""
    pairs = solution.compiled.pairs
    if pairs.is_region.any():
        return np.flatnonzero(pairs.is_region)
    return np.arange(len(pairs.accounts))


def grid_rows(draft: Draft) -> list[dict[str, Any]]:
    """Return what the grid shows, one row for each account or region."""
    pairs = draft.pairs
    shown = drawn_rows(draft.solution)
    rows = pairs.accounts.iloc[shown]
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
    return frame.to_dict("records")


def live_columns(draft: Draft, shown: Positions) -> dict[str, Any]:
    """Columns of the grid that edits change."""
    unit = draft.unit_of[shown]
    ids = np.append(draft.pairs.reps.index.to_numpy(object), "")
    marks = np.array(["", "🔒", "🛡"], dtype=object)
    return {
        "rep": ids[draft.rep_of[unit]],
        "mark": marks[draft.marks[unit]],
        "changed": np.where(draft.rep_of[unit] != draft.before[unit], "●", ""),
    }


class EditPage:
    """One browser tab on a draft."""

    def __init__(self, visitor: Visitor, plan: str) -> None:
        self.visitor, self.plan = visitor, plan
        self.desk: Desk = the_desk()
        self.draft = self.desk.library.draft(plan, visitor.person)
        self.solution = self.draft.solution
        self.shown = drawn_rows(self.solution)
        self.reps = self.solution.tables.reps
        self.selected: Positions = np.array([], dtype=np.intp)
        self.before = "today"
        self.as_planned = Draft(self.solution).figures()
        self.client = ui.context.client
        self.key = (plan, visitor.person)
        self.told_end: Solve | None = None

    # ---- drawing ---------------------------------------------------------------------

    def draw(self) -> None:
        """Build the page."""
        title = f"{self.solution.scenario.name} · {self.plan}"
        with frame(self.visitor, title, wide=True):
            with ui.row().classes(
                "w-full items-center justify-between q-px-md q-pt-sm"
            ):
                with ui.column().classes("gap-0"):
                    ui.html(
                        panels.escape(self.solution.scenario.name),
                        tag="h1",
                        sanitize=False,
                    )
                    ui.label(self.plan).classes("quiet")
                with ui.row().classes("items-center gap-2"):
                    self._saving()
            self.live = ui.html("", sanitize=False).classes("w-full q-px-md")
            self.live.props("role=status aria-live=polite").mark("kpis")
            with ui.element("div").classes("edit-body"):
                with ui.column().classes("edit-map no-wrap gap-1"):
                    self._tools()
                    self._map()
                with ui.column().classes("edit-side no-wrap gap-2"):
                    self._side()
        ui.add_css(_STYLE)
        self.refresh()
        self.desk.solves.get_ready(
            self.desk.library.inside(self.plan), self.visitor.language
        )
        ui.timer(POLL_S, heeding(self.visitor, self._poll))
        _open.setdefault(self.key, []).append(self)
        self.client.on_disconnect(self._left)

    def _left(self) -> None:
        pages = _open.get(self.key, [])
        if self in pages and self.client.id not in ui.context.client.instances:
            pages.remove(self)

    def _on(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        return heeding(self.visitor, handler)

    def _tools(self) -> None:
        with ui.row().classes("items-center gap-1 w-full"):
            modes = {"pan": _("Move map"), "lasso": _("Lasso"), "box": _("Box")}
            self.mode = (
                ui.toggle(
                    modes,
                    value="pan",
                    on_change=self._on(lambda e: self.map.call("setMode", e.value)),
                )
                .props(f'dense no-caps aria-label="{_("What dragging does")}"')
                .mark("mode")
            )
            self._icon("fit_screen", _("Whole map"), lambda: self.map.call("fit"))
            self.undo = self._icon("undo", _("Undo"), self._undo, "undo")
            self.redo = self._icon("redo", _("Redo"), self._redo, "redo")
            ui.toggle(
                {"today": _("Today"), "plan": _("Plan")},
                value="today",
                on_change=self._on(self._compare_with),
            ).props(f'dense no-caps aria-label="{_("Outlines show owners of")}"')
        with ui.row().classes("items-center gap-1 w-full"):
            self.count = ui.label("").classes("quiet").mark("count")
            options = {
                str(rep): f"{rep} · {name}" if name else str(rep)
                for rep, name in zip(self.reps.index, self.reps["name"], strict=True)
            }
            self.to = ui.select(options, label=_("Rep"), with_input=True)
            self.to.props("dense options-dense").classes("w-48").mark("to")
            self._button(_("Move"), self._move, "move")
            self._button(_("Lock"), lambda: self._mark("lock"), "lock")
            self._button(_("Protect"), lambda: self._mark("protect"), "protect")
            self._button(_("Free"), lambda: self._mark("free"), "free")
            self._button(_("Best receivers"), self._suggest, "suggest")
            self._button(_("Why?"), self._why, "why")

    def _button(self, text: str, handler: Callable[..., Any], mark: str) -> ui.button:
        button = ui.button(text, on_click=self._on(handler))
        return button.props("dense outline no-caps").classes("q-px-sm").mark(mark)

    def _icon(
        self, icon: str, text: str, handler: Callable[..., Any], mark: str = ""
    ) -> ui.button:
        button = ui.button(icon=icon, on_click=self._on(handler))
        button.props(f'flat dense round aria-label="{text}"').tooltip(text)
        return button.mark(mark or icon)

    def _map(self) -> None:
        with ui.element("div").classes("map-box"):
            self.map = TerritoryMap(
                url("api", "geometry", self.plan),
                _("Map of territories; arrow keys move it, + and - zoom"),
                on_ready=lambda: self._on(self._send_all)(),
                on_select=lambda args: self._on(self._selected)(args),
            ).classes("w-full h-full")
        if self.solution.compiled.pairs.is_region.any():
            text = _(
                "Fill: owner now. Stripes and a dark border: another owner before."
            )
        else:
            text = _(
                "Dot: owner now. Ring: another owner before. Square: locked. Triangle: "
                "a rep's base."
            )
        ui.label(text).classes("quiet")

    def _side(self) -> None:
        with ui.tabs().props("dense no-caps align=left").classes("w-full") as tabs:
            rules = ui.tab("rules", label=_("Rules"))
            grid = ui.tab("grid", label=_("Table"))
            changes = ui.tab("changes", label=_("Edits"))
        with ui.tab_panels(tabs, value=rules, keep_alive=True).classes("w-full"):
            with ui.tab_panel(rules).classes("q-pa-none"):
                ui.html(panels.escape(_("Broken rules")), tag="h2", sanitize=False)
                self.rules = ui.html("", sanitize=False).classes("w-full").mark("rules")
                ui.html(
                    panels.escape(_("Loads, in % of the average; shaded: the band")),
                    tag="h2",
                    sanitize=False,
                )
                self.loads = ui.html("", sanitize=False).classes("scroll").mark("loads")
            with ui.tab_panel(grid).classes("q-pa-none"):
                self._grid()
            with ui.tab_panel(changes).classes("q-pa-none"):
                self.edits = ui.html("", sanitize=False).classes("w-full").mark("edits")
        tabs.on_value_change(
            self._on(lambda e: self._show_grid() if e.value == "grid" else None)
        )
        self.answer = ui.html("", sanitize=False).classes("w-full").mark("answer")

    def _grid(self) -> None:
        columns = [
            {"field": "id", "headerName": _("Id"), "checkboxSelection": False},
            {"field": "name", "headerName": _("Name"), "flex": 2},
            {
                "field": "value",
                "headerName": _("Value"),
                "type": "numericColumn",
                "filter": "agNumberColumnFilter",
            },
            {"field": "today", "headerName": _("Today")},
            {"field": "rep", "headerName": _("Rep")},
            {"field": "changed", "headerName": _("Changed"), "width": 70},
            {"field": "mark", "headerName": _("Kept"), "width": 60},
        ]
        self.grid = (
            AgGrid(
                {
                    "columnDefs": columns,
                    "defaultColDef": {
                        "sortable": True,
                        "filter": True,
                        "resizable": True,
                        "minWidth": 60,
                        "flex": 1,
                    },
                    "rowData": [],
                    "rowSelection": {"mode": "multiRow", "enableClickSelection": True},
                    ":getRowId": "p => String(p.data.i)",
                    ":onSelectionChanged": (
                        f"e => {{ if (e.source === 'api') return; const n = {len(self.shown)};"
                        f" emitEvent('grid_{id(self)}', plannerBits(e.api.getSelectedNodes().map(r => +r.id), n)); }}"
                    ),
                },
                auto_size_columns=False,
            )
            .classes("w-full")
            .style("height:420px")
            .mark("grid")
        )
        ui.on(f"grid_{id(self)}", self._on(self._selected_in_grid))
        self.grid_version = -1

    def _saving(self) -> None:
        self.seconds = ui.number(
            _("Seconds"), value=SECONDS, min=1, max=3600, format="%.0f"
        )
        self.seconds.props("dense").classes("w-20")
        self.solve_button = ui.button(
            _("Solve around the edits"), on_click=self._on(self._solve)
        )
        self.solve_button.props("dense no-caps").classes("q-px-sm").mark("solve")
        self.cancel_button = ui.button(_("Stop"), on_click=self._on(self._stop))
        self.cancel_button.props("dense outline no-caps").classes("q-px-sm").mark(
            "stop"
        )
        self._button(_("Save as a new plan"), self._save, "save")
        self._button(_("Change list"), self._download_changes, "csv")
        self._button(_("Report"), self._download_report, "report")
        self.progress = ui.label("").classes("quiet").mark("progress")
        self.progress.props("role=status aria-live=polite")

    # ---- showing ---------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the draft as it is now; words are those of this tab."""
        now = self.draft.figures()
        currency = self.solution.scenario.currency
        self.live.set_content(panels.cards(now, self.as_planned, currency))
        self.rules.set_content(panels.breach_list(now))
        self.loads.set_content(
            panels.load_table(now, self.as_planned, list(self.reps["name"]))
        )
        self.edits.set_content(self._edit_list())
        self.undo.set_enabled(self.draft.can_undo)
        self.redo.set_enabled(self.draft.can_redo)
        self._count()
        self.map.call("setOwners", owners(self.draft, self.before))

    def _edit_list(self) -> str:
        words = {
            "move": _("moved to {rep}"),
            "lock": _("locked"),
            "protect": _("protected"),
            "free": _("freed"),
        }
        rows = []
        for action in reversed(self.draft.actions[-200:]):
            ids = ", ".join(one.removeprefix("region:") for one in action.ids[:4])
            if len(action.ids) > 4:
                ids += _(" and {n:,} more").format(n=len(action.ids) - 4)
            what = words[action.do].format(rep=action.rep or _("nobody"))
            rows.append((ids, what, action.by, action.at[11:16]))
        if not rows:
            return f'<p class="quiet">{panels.escape(_("No edits yet: choose accounts on the map, and move them."))}</p>'
        return panels.table((_("What"), _("Edit"), _("Who"), _("Time")), rows)

    def _send_all(self) -> None:
        names = [
            str(n) or str(r)
            for r, n in zip(self.reps.index, self.reps["name"], strict=True)
        ]
        self.map.call(
            "setReps", {"names": names, "colours": rep_colours(self.solution)}
        )
        self.map.call("setOwners", owners(self.draft, self.before))

    def _show_grid(self) -> None:
        """Bring the grid up to date; it fetches all rows the first time."""
        if self.grid_version < 0:
            address = url("api", "rows", self.plan)
            ui.run_javascript(
                f"fetch({address!r}).then(r => r.json()).then(rows => "
                f"getElement({self.grid.id}).api.setGridOption('rowData', rows))"
            )
            self.sent = live_columns(self.draft, self.shown)
        elif self.grid_version != self.draft.version:
            self._update_grid()
        self.grid_version = self.draft.version

    def _update_grid(self) -> None:
        now = live_columns(self.draft, self.shown)
        other = np.zeros(len(self.shown), dtype=bool)
        for name, values in now.items():
            other |= values != self.sent[name]
        self.sent = now
        at = np.flatnonzero(other)
        if len(at) > FULL:
            self.grid_version = -1
            self._show_grid()
            return
        nodes = [{"i": int(i), **{k: str(v[i]) for k, v in now.items()}} for i in at]
        ui.run_javascript(
            f"const api = getElement({self.grid.id}).api; for (const r of {_json(nodes)}) {{"
            " const node = api.getRowNode(String(r.i)); if (node) node.updateData({...node.data, ...r}); }"
        )

    def _count(self) -> None:
        n = len(self.selected)
        value = (
            self.draft.pairs.accounts["value"]
            .to_numpy(float)[self.shown[self.selected]]
            .sum()
        )
        self.count.set_text(
            _("{n:,} chosen, value {value:,.0f}").format(n=n, value=value)
            if n
            else _("Nothing chosen")
        )

    # ---- hands -----------------------------------------------------------------------

    def _selected(self, args: dict[str, Any]) -> None:
        bits = (
            args["regions"]
            if self.solution.compiled.pairs.is_region.any()
            else args["accounts"]
        )
        self.selected = chosen(bits, len(self.shown))
        self._count()

    def _selected_in_grid(self, event: Any) -> None:
        self.selected = chosen(str(event.args), len(self.shown))
        kind = "regions" if self.solution.compiled.pairs.is_region.any() else "accounts"
        self.map.call("setSelection", {kind: self.selected.tolist()})
        self._count()

    def _ids(self) -> list[str]:
        if not len(self.selected):
            raise PlannerError(
                _(
                    "Nothing is chosen. Click, lasso or box accounts on the map, or choose rows of the table."
                )
            )
        return [str(one) for one in self.draft.owner.index[self.shown[self.selected]]]

    def _move(self) -> None:
        if not self.to.value:
            raise PlannerError(_("Choose the rep who gets them, then Move."))
        went = self.draft.move(self._ids(), str(self.to.value), by=self.visitor.person)
        extra = went - len(self.selected)
        if extra > 0:
            ui.notify(_("{n:,} more went along: they stay together.").format(n=extra))
        self._changed()

    def _mark(self, do: Any) -> None:
        self.draft.mark(self._ids(), do, by=self.visitor.person)
        self._changed()

    def _undo(self) -> None:
        self.draft.undo(by=self.visitor.person)
        self._changed()

    def _redo(self) -> None:
        self.draft.redo(by=self.visitor.person)
        self._changed()

    def _changed(self) -> None:
        """Show an edit on every tab that shows this draft."""
        for page in list(_open.get(self.key, [])):
            try:
                with page.client, speaking(page.visitor.language):
                    page.refresh()
                    if page.grid_version >= 0:
                        page._show_grid()
            except Exception as error:  # a tab that is gone must not stop the others
                if page is self:
                    raise
                del error
                _open[self.key].remove(page)

    def _compare_with(self, event: Any) -> None:
        self.before = event.value
        self.map.call("setOwners", owners(self.draft, self.before))

    def _suggest(self) -> None:
        raise PlannerError(_("Not available for this plan."))

    def _why(self) -> None:
        raise PlannerError(_("Not available for this plan."))

    # ---- solving and saving ------------------------------------------------------------

    def _solve(self) -> None:
        library = self.desk.library
        target = library.new_plan_id(self.plan.split("/")[-1])
        job = {
            "pins": self.draft.pins,
            "time_limit": float(self.seconds.value or SECONDS),
            "folder": str(library.inside(target)),
            "language": self.visitor.language,
        }
        by, plan = self.visitor.person, self.plan

        def done(solve: Solve) -> None:
            if solve.folder is not None:
                library.record_saved(plan, target, by)

        self.told_end = None
        self.desk.solves.redo(_key(self.key), plan, library.inside(plan), job, done)
        self._poll()

    def _stop(self) -> None:
        solve = self.desk.solves.running.get(_key(self.key))
        if solve is not None:
            solve.stop()

    def _poll(self) -> None:
        solve = self.desk.solves.running.get(_key(self.key))
        running = solve is not None and solve.running
        self.solve_button.set_enabled(not running)
        self.cancel_button.set_visibility(running)
        if solve is None:
            self.progress.set_text("")
        elif running:
            self.progress.set_text(_progress(solve))
        elif solve is not self.told_end:
            self.told_end = solve
            self._end(solve)

    def _end(self, solve: Solve) -> None:
        if solve.folder is None or solve.state == "failed":
            why = " ".join(solve.reasons)[:500]
            self.progress.set_text(
                _("No plan around these edits: {why}").format(why=why)
            )
            return
        plan = solve.folder.relative_to(self.desk.library.root).as_posix()
        self.progress.set_text(
            _("Verified and saved as {plan} after {seconds:.0f} s.").format(
                plan=plan, seconds=solve.seconds
            )
        )
        self._show_saved(plan)

    def _show_saved(self, plan: str) -> None:
        link = f'<a href="{url("plan", plan)}">{panels.escape(_("Open {plan}").format(plan=plan))}</a>'
        both = f'<a href="/compare?plan={panels.escape(self.plan)}&plan={panels.escape(plan)}">{panels.escape(_("Compare both"))}</a>'
        self.answer.set_content(f'<p class="card">{link} · {both}</p>')

    async def _save(self) -> None:
        if rivals := self._rivals():
            if await self._ask_rebase(rivals[-1].plan, rivals[-1].by) == "stop":
                return
        library = self.desk.library
        target = library.new_plan_id(self.plan.split("/")[-1])
        solution, folder = self.draft.to_solution(), library.inside(target)
        await asyncio.to_thread(_write, solution, folder, self.visitor.language)
        library.record_saved(self.plan, target, self.visitor.person)
        ui.notify(_("Saved as {plan}.").format(plan=target), type="positive")
        self._show_saved(target)

    def _rivals(self) -> list[Any]:
        """Plans that others saved from this one since these edits began."""
        actions = self.draft.actions
        begun = actions[0].at if actions else ""
        return [
            one
            for one in self.desk.library.saved()
            if one.base == self.plan
            and one.by != self.visitor.person
            and one.at >= begun
        ]

    async def _ask_rebase(self, plan: str, by: str) -> str:
        with ui.dialog() as dialog, ui.card():
            ui.label(
                _("{who} saved {plan} from the same plan meanwhile.").format(
                    who=by or _("Somebody"), plan=plan
                )
            )
            with ui.row():
                ui.button(
                    _("Put my edits on {plan}").format(plan=plan),
                    on_click=lambda: dialog.submit("rebase"),
                ).mark("rebase")
                ui.button(
                    _("Save mine beside it"), on_click=lambda: dialog.submit("save")
                ).props("outline").mark("beside")
                ui.button(_("Not now"), on_click=lambda: dialog.submit("stop")).props(
                    "flat"
                )
        choice = await dialog or "stop"
        if choice != "rebase":
            return str(choice)
        clashes = rebase(self.desk, self.plan, plan, self.visitor.person)
        text = _("Your edits now stand on {plan}.").format(plan=plan)
        if clashes:
            text += " " + _(
                "{n:,} account(s) were also moved by the other: {ids}"
            ).format(n=len(clashes), ids=", ".join(clashes[:5]))
        ui.notify(text, timeout=8000)
        ui.navigate.to(url("plan", plan))
        return "stop"

    def _download_changes(self) -> None:
        ui.download.content(change_list(self.draft), "changes.csv", "text/csv")

    async def _download_report(self) -> None:
        folder = self.desk.library.inside(self.plan)
        text = await asyncio.to_thread(report_text, folder, self.visitor.language)
        ui.download.content(text, "report.html", "text/html")


def _key(key: tuple[str, str]) -> str:
    return "\n".join(key)


def _json(body: Any) -> str:
    import json

    return json.dumps(body, ensure_ascii=False).replace("</", "<\\/")


def _progress(solve: Solve) -> str:
    moment = solve.moment
    words = {
        "starting": _("starting"),
        "solving": _("solving"),
        "writing": _("writing and verifying"),
    }
    text = _("{seconds:.0f} s, {state}").format(
        seconds=solve.seconds, state=words[solve.state]
    )
    if moment is not None and np.isfinite(moment.cost):
        text += _(": best {cost:,.0f}, bound {bound:,.0f}, gap {gap:.2%}").format(
            cost=moment.cost, bound=moment.bound, gap=moment.gap
        )
    return text


def _write(solution: Solution, folder: Any, language: str) -> None:
    with speaking(language):
        solution.save(folder, drawings=False)


def report_text(folder: Any, language: str) -> str:
    """Return the report of a plan folder as HTML."""
    import tempfile
    from pathlib import Path

    from planner.workspace import redraw_report

    with tempfile.TemporaryDirectory() as scratch, speaking(language):
        path = Path(scratch) / "report.html"
        redraw_report(folder, path)
        return path.read_text("utf-8")


def change_list(draft: Draft) -> str:
    """Return what the draft changes against today as CSV, to be accepted or not."""
    from planner.tables import safe_series

    pairs = draft.pairs
    rows = pairs.accounts
    now = draft.owner.to_numpy(object)
    ids = np.append(pairs.reps.index.to_numpy(object), "")
    plan = ids[draft.before[draft.unit_of]]
    other = (now != plan) | (
        (pairs.owner >= 0) & (now != rows["owner"].to_numpy(object))
    )
    frame = pd.DataFrame(
        {
            "account_id": rows.index[other],
            "name": safe_series(rows["name"].astype(str)).to_numpy()[other],
            "from_rep": safe_series(rows["owner"].astype(str)).to_numpy()[other],
            "in_plan": plan[other],
            "to_rep": now[other],
            "value": rows["value"].to_numpy(float)[other],
            "decision": "",
            "comment": "",
        }
    )
    return frame.to_csv(index=False, lineterminator="\r\n")


def rebase(desk: Desk, old: str, new: str, person: str) -> list[str]:
    """
    Do a person's edits of one plan again on another.

    Returns
    -------
    Accounts that the other plan had moved elsewhere than these edits do.
    """
    mine, theirs = desk.library.draft(old, person), desk.library.draft(new, person)
    before, now, other = (
        mine.solution.plan.owner,  # type: ignore[union-attr]
        mine.owner,
        theirs.owner,
    )
    other = other.reindex(now.index)
    edited = now.index[now != before]
    clashes = [
        str(one)
        for one in edited
        if other[one] != before[one] and other[one] != now[one]
    ]
    known = set(theirs.owner.index)
    for action in mine.actions:
        ids = [one for one in action.ids if one in known]
        if not ids:
            continue
        if action.do == "move":
            theirs.move(ids, action.rep, by=person)
        elif action.do in ("lock", "protect", "free"):
            theirs.mark(ids, action.do, by=person)
    desk.library.discard(old, person)
    return clashes


_STYLE = """
.edit-body { display: grid; grid-template-columns: minmax(0, 3fr) minmax(340px, 2fr); gap: 12px; padding: 8px 16px 16px; width: 100%; }
.edit-map { min-width: 0; }
.map-box { width: 100%; height: calc(100vh - 330px); min-height: 360px; background: #fff; border: 1px solid #dde3e9; border-radius: 8px; overflow: hidden; }
.edit-side { min-width: 0; background: #fff; border: 1px solid #dde3e9; border-radius: 8px; padding: 8px 12px; overflow: hidden; }
.edit-side h2 { margin: 8px 0 4px; }
@media (max-width: 900px) { .edit-body { grid-template-columns: minmax(0, 1fr); padding: 8px; } .map-box { height: 60vh; } }
"""
