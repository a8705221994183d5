"""The page on which a plan is seen and changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from nicegui import ui
from numpy.typing import NDArray

from planner.draft import Draft
from planner.errors import PlannerError
from planner.library import Saved
from planner.web import panels
from planner.web.files import change_list, rebase, report_text, write_plan
from planner.web.grid import AccountGrid, drawn_rows
from planner.web.payload import chosen, owners, rep_colours
from planner.web.shell import Desk, Visitor, frame, heading, heeding, the_desk, url
from planner.web.solves import Solve, progress_text
from planner.web.territory_map import TerritoryMap
from planner.words import _, speaking

Positions = NDArray[np.intp]

POLL_S = 0.4
SECONDS = 10.0
"""Of a solve around edits, unless another number is given."""
LISTED = 200
"""Edits that the page lists, the last first."""

_open: dict[tuple[str, str], list[EditPage]] = {}
"""Tabs that show the same draft: what is done on one is seen on all."""


class EditPage:
    """One browser tab on a draft."""

    def __init__(self, visitor: Visitor, plan: str) -> None:
        self.visitor, self.plan = visitor, plan
        self.desk: Desk = the_desk()
        self.draft = self.desk.library.draft(plan, visitor.person)
        self.solution = self.draft.solution
        self.by_region = bool(self.solution.compiled.pairs.is_region.any())
        self.shown = drawn_rows(self.solution)
        self.reps = self.solution.tables.reps
        names = zip(self.reps.index, self.reps["name"], strict=True)
        self.names = {str(rep): str(name) or str(rep) for rep, name in names}
        self.selected: Positions = np.array([], dtype=np.intp)
        self.before = "plan"
        self.as_planned = Draft(self.solution).figures()
        self.client = ui.context.client
        self.key = (plan, visitor.person)
        self.solve_key = "\n".join(self.key)
        self.told_end: Solve | None = None

    # ---- drawing ---------------------------------------------------------------------

    def draw(self) -> None:
        """Build the page."""
        name = self.solution.scenario.name
        with frame(self.visitor, f"{name} · {self.plan}", wide=True):
            with ui.row().classes("top items-center justify-between"):
                with ui.column().classes("gap-0"):
                    heading(name)
                    ui.label(self.plan).classes("quiet")
                with ui.row().classes("items-center gap-2"):
                    self._actions()
            with ui.element("div").classes("w-full q-px-md"):
                self.progress = ui.label("").classes("quiet").mark("progress")
                self.progress.props("role=status aria-live=polite")
                self.kpis = ui.html("", sanitize=False).classes("w-full").mark("kpis")
                self.kpis.props("role=status aria-live=polite")
            with ui.element("div").classes("edit"):
                with ui.column().classes("edit-main no-wrap gap-1"):
                    self._tools()
                    self._views()
                with ui.column().classes("edit-side no-wrap gap-1"):
                    self._side()
        self.refresh()
        plan = self.desk.library.inside(self.plan)
        self.desk.solves.get_ready(plan, self.visitor.language)
        ui.timer(POLL_S, self._on(self._poll))
        _open.setdefault(self.key, []).append(self)
        self.client.on_delete(self._left)

    def _left(self) -> None:
        pages = _open.get(self.key, [])
        if self in pages:
            pages.remove(self)

    def _on(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        return heeding(self.visitor, handler)

    def _actions(self) -> None:
        self.seconds = ui.number(_("Seconds"), value=SECONDS, min=1, max=3600)
        self.seconds.props("dense").classes("w-16")
        self.solve_button = self._button(
            _("Solve around the edits"), self._solve, "solve", outline=False
        )
        self.stop_button = self._button(_("Stop"), self._stop, "stop")
        self._button(_("Save as a new plan"), self._save, "save")
        self._button(_("Change list"), self._download_changes, "csv")
        self._button(_("Report"), self._download_report, "report")

    def _tools(self) -> None:
        with ui.row().classes("items-center gap-1 w-full"):
            modes = {"pan": _("Move map"), "lasso": _("Lasso"), "box": _("Box")}
            mode = ui.toggle(modes, value="pan", on_change=self._on(self._set_mode))
            mode.props(f'dense no-caps aria-label="{_("What dragging does")}"')
            mode.mark("mode")
            self._icon(
                "fit_screen", _("Whole map"), lambda: self.map.call("fit"), "fit"
            )
            self.undo = self._icon("undo", _("Undo"), self._undo, "undo")
            self.redo = self._icon("redo", _("Redo"), self._redo, "redo")
            ui.label(_("Changes against")).classes("quiet q-ml-sm")
            against = {"plan": _("this plan"), "today": _("today")}
            self.against = ui.toggle(
                against, value="plan", on_change=self._on(self._compare_with)
            )
            self.against.props(f'dense no-caps aria-label="{_("Changes against")}"')
            ui.space()
            self.count = ui.label("").classes("quiet").mark("count")
        with ui.row().classes("items-center gap-1 w-full"):
            options = {
                rep: rep if rep == name else f"{rep} · {name}"
                for rep, name in self.names.items()
            }
            self.to = ui.select(options, label=_("To rep"), with_input=True)
            self.to.props("dense options-dense").classes("w-44").mark("to")
            self._button(_("Move"), self._move, "move", outline=False)
            self._button(_("Lock"), lambda: self._mark("lock"), "lock")
            self._button(_("Protect"), lambda: self._mark("protect"), "protect")
            self._button(_("Free"), lambda: self._mark("free"), "free")
            ui.space()
            self._button(_("Best receivers"), self._suggest, "suggest")
            self._button(_("Why?"), self._why, "why")

    def _button(
        self, text: str, handler: Callable[..., Any], mark: str, outline: bool = True
    ) -> ui.button:
        button = ui.button(text, on_click=self._on(handler))
        button.props("dense no-caps" + " outline" * outline)
        return button.classes("q-px-sm").mark(mark)

    def _icon(
        self, icon: str, text: str, handler: Callable[..., Any], mark: str
    ) -> ui.button:
        button = ui.button(icon=icon, on_click=self._on(handler))
        button.props(f'flat dense round aria-label="{text}"').tooltip(text)
        return button.mark(mark)

    def _views(self) -> None:
        with ui.tabs().props("dense no-caps align=left").classes("w-full") as tabs:
            drawn = ui.tab("map", label=_("Map"))
            listed = ui.tab("table", label=_("Table"))
        with ui.tab_panels(tabs, value=drawn, animated=False).props(
            "keep-alive"
        ) as all_:
            all_.classes("w-full bg-transparent")
            with ui.tab_panel(drawn), ui.element("div").classes("map-box"):
                self.map = TerritoryMap(
                    url("api", "geometry", self.plan),
                    _("Map of territories: arrow keys move it, + and - zoom, 0 fits"),
                    on_ready=self._on(self._send_all),
                    on_select=self._on(self._selected),
                ).classes("w-full h-full")
            with ui.tab_panel(listed):
                self.grid = AccountGrid(
                    self.draft, self.plan, self._on(self._selected_in_grid)
                )
        tabs.on_value_change(self._on(self._view_changed))
        ui.label(self._legend()).classes("quiet")

    def _legend(self) -> str:
        if self.by_region:
            return _("Fill: owner. Stripes, dark border: changed. Triangle: base.")
        return _("Dot: owner. Ring: changed. Square: kept or chosen. Triangle: base.")

    def _side(self) -> None:
        self.answer = ui.html("", sanitize=False).classes("w-full").mark("answer")
        self.answer.props("role=status aria-live=polite")
        with ui.tabs().props("dense no-caps align=left").classes("w-full") as tabs:
            rules = ui.tab("rules", label=_("Rules and loads"))
            edits = ui.tab("edits", label=_("Edits"))
        with ui.tab_panels(tabs, value=rules, animated=False).classes("w-full"):
            with ui.tab_panel(rules):
                heading(_("Broken rules"), 2)
                self.rules = ui.html("", sanitize=False).classes("w-full").mark("rules")
                heading(_("Loads, in % of the average (line); shaded: band"), 2)
                self.loads = ui.html("", sanitize=False).classes("scroll").mark("loads")
            with ui.tab_panel(edits):
                self.edits = ui.html("", sanitize=False).classes("w-full").mark("edits")

    # ---- showing ---------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the draft as it is now."""
        now, before = self.draft.figures(), self.as_planned
        currency = self.solution.scenario.currency
        self.kpis.set_content(panels.cards(now, before, currency))
        self.rules.set_content(panels.breach_list(now))
        names = list(self.names.values())
        self.loads.set_content(panels.load_table(now, before, names))
        self.edits.set_content(panels.edit_list(self.draft.actions, LISTED))
        self.undo.set_enabled(self.draft.can_undo)
        self.redo.set_enabled(self.draft.can_redo)
        self._count()
        self.map.call("setOwners", owners(self.draft, self.before))
        if self.grid.is_shown:
            self.grid.show()

    def _send_all(self) -> None:
        shown = {
            "names": list(self.names.values()),
            "colours": rep_colours(self.solution),
        }
        self.map.call("setReps", shown)
        self.map.call("setOwners", owners(self.draft, self.before))

    def _count(self) -> None:
        value = self.draft.pairs.accounts["value"].to_numpy(float)
        total = value[self.shown[self.selected]].sum()
        text = _("{n:,} chosen, value {value:,.0f}")
        if not len(self.selected):
            text = _("Nothing chosen")
        self.count.set_text(text.format(n=len(self.selected), value=total))

    # ---- hands -----------------------------------------------------------------------

    def _fit(self) -> None:
        self.map.call("fit")

    def _set_mode(self, event: Any) -> None:
        self.map.call("setMode", event.value)

    def _view_changed(self, event: Any) -> None:
        if event.value == "table":
            self.grid.show()

    def _selected(self, event: Any) -> None:
        bits = event.args["regions" if self.by_region else "accounts"]
        self.selected = chosen(bits, len(self.shown))
        self._count()

    def _selected_in_grid(self, bits: str) -> None:
        self.selected = chosen(bits, len(self.shown))
        kind = "regions" if self.by_region else "accounts"
        self.map.call("setSelection", {kind: self.selected.tolist()})
        self._count()

    def _ids(self) -> list[str]:
        if not len(self.selected):
            raise PlannerError(
                _(
                    "Nothing is chosen. Click, lasso or box accounts on the map, or "
                    "choose rows of the table."
                )
            )
        return [str(one) for one in self.draft.owner.index[self.shown[self.selected]]]

    def _move(self) -> None:
        ids = self._ids()
        if not self.to.value:
            raise PlannerError(_("Choose the rep who gets them, then Move."))
        went = self.draft.move(ids, str(self.to.value), by=self.visitor.person)
        if went > len(ids) and not self.by_region:
            more = _("{n:,} more went along: they stay together.")
            ui.notify(more.format(n=went - len(ids)))
        self._changed()

    def _mark(self, do: Literal["lock", "protect", "free"]) -> None:
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
            with page.client, speaking(page.visitor.language):
                page.refresh()

    def _compare_with(self, event: Any) -> None:
        self.before = event.value
        self.map.call("setOwners", owners(self.draft, self.before))

    def _suggest(self) -> None:
        raise PlannerError(_("Not available for this plan."))

    def _why(self) -> None:
        raise PlannerError(_("Not available for this plan."))

    # ---- solving and saving ----------------------------------------------------------

    def _solve(self) -> None:
        barred = self.draft.barred
        if barred:
            raise PlannerError(
                _(
                    "{n:,} account(s) are with a rep who may not have them ({ids}). "
                    "Move them elsewhere first; Why? says what stands in the way."
                ).format(n=len(barred), ids=", ".join(barred[:5]))
            )
        library, plan, by = self.desk.library, self.plan, self.visitor.person
        target = library.new_plan_id(plan.split("/")[-1])
        job = {
            "pins": self.draft.pins,
            "time_limit": float(self.seconds.value or SECONDS),
            "folder": str(library.inside(target)),
            "language": self.visitor.language,
        }

        def done(solve: Solve) -> None:
            if solve.folder is not None:
                library.record_saved(plan, target, by)

        self.told_end = None
        self.desk.solves.redo(self.solve_key, plan, library.inside(plan), job, done)
        self._poll()

    def _stop(self) -> None:
        solve = self.desk.solves.running.get(self.solve_key)
        if solve is not None:
            solve.stop()

    def _poll(self) -> None:
        solve = self.desk.solves.running.get(self.solve_key)
        running = solve is not None and solve.running
        self.solve_button.set_enabled(not running)
        self.stop_button.set_visibility(running)
        if solve is None:
            return
        if running:
            self.progress.set_text(progress_text(solve))
        elif solve is not self.told_end:
            self.told_end = solve
            self._end(solve)

    def _end(self, solve: Solve) -> None:
        if solve.folder is None or solve.state == "failed":
            why = " ".join(solve.reasons)[:500]
            text = _("No plan around these edits: {why}").format(why=why)
            self.progress.set_text(text)
            return
        plan = solve.folder.relative_to(self.desk.library.root).as_posix()
        text = _("Verified and saved as {plan} after {seconds:.0f} s.")
        self.progress.set_text(text.format(plan=plan, seconds=solve.seconds))
        self._link_to(plan)

    def _link_to(self, plan: str) -> None:
        both = url("compare") + f"?plan={self.plan}&plan={plan}"
        links = [
            (_("Open {plan}").format(plan=plan), url("plan", plan)),
            (_("Compare both"), both),
        ]
        self.answer.set_content(panels.links(links))

    async def _save(self) -> None:
        if (rivals := self._rivals()) and not await self._go_on(rivals[-1]):
            return
        library = self.desk.library
        target = library.new_plan_id(self.plan.split("/")[-1])
        solution, folder = self.draft.to_solution(), library.inside(target)
        await asyncio.to_thread(write_plan, solution, folder, self.visitor.language)
        library.record_saved(self.plan, target, self.visitor.person)
        ui.notify(_("Saved as {plan}.").format(plan=target), type="positive")
        self._link_to(target)

    def _rivals(self) -> list[Saved]:
        """Plans that others saved from this one since these edits began."""
        actions = self.draft.actions
        begun = actions[0].at if actions else ""
        me, plan = self.visitor.person, self.plan
        saved = self.desk.library.saved()
        return [s for s in saved if s.base == plan and s.by != me and s.at >= begun]

    async def _go_on(self, other: Saved) -> bool:
        """Say that somebody was first; rebase, save beside it, or wait."""
        text = _("{who} saved {plan} from the same plan meanwhile.")
        with ui.dialog() as dialog, ui.card():
            ui.label(text.format(who=other.by or _("Somebody"), plan=other.plan))
            with ui.row():
                for answer, label in (
                    ("rebase", _("Put my edits on {plan}").format(plan=other.plan)),
                    ("save", _("Save mine beside it")),
                    ("wait", _("Not now")),
                ):
                    button = ui.button(label, on_click=self._submit(dialog, answer))
                    button.props("no-caps outline").mark(answer)
        choice = await dialog
        if choice == "rebase":
            library, person = self.desk.library, self.visitor.person
            clashes = rebase(library, self.plan, other.plan, person)
            if clashes:
                text = _("{n:,} account(s) were moved by both; yours holds: {ids}")
                ids = ", ".join(clashes[:5])
                ui.notify(text.format(n=len(clashes), ids=ids), timeout=0)
            ui.navigate.to(url("plan", other.plan))
        return bool(choice == "save")

    @staticmethod
    def _submit(dialog: ui.dialog, answer: str) -> Callable[[], None]:
        return lambda: dialog.submit(answer)

    def _download_changes(self) -> None:
        text = "\ufeff" + change_list(self.draft)  # Excel takes it for UTF-8
        ui.download.content(text, "changes.csv", "text/csv")

    async def _download_report(self) -> None:
        folder = self.desk.library.inside(self.plan)
        text = await asyncio.to_thread(report_text, folder, self.visitor.language)
        ui.download.content(text, "report.html", "text/html")
