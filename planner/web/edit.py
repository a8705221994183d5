"""The page on which a plan is seen and changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from nicegui import background_tasks, ui
from numpy.typing import NDArray

from planner.draft import Draft
from planner.errors import PlannerError
from planner.web import panels
from planner.web.ask import AskPanel
from planner.web.grid import AccountGrid, drawn_rows
from planner.web.payload import chosen, owners, rep_colours
from planner.web.shell import Desk, Visitor, frame, heading, heeding, the_desk, url
from planner.web.solving import SolveBar
from planner.web.territory_map import TerritoryMap
from planner.words import _, speaking

Positions = NDArray[np.intp]

POLL_S = 0.4
REST_S = 0.03
"""Head start of the key figures over the rest of the page."""
LISTED = 200
"""Edits that the page lists, the last first."""
SHOWN = "e => { const rep = e.target.closest('[data-rep]'); rep && emit(rep.dataset) }"
"""Of a click on the loads: the rep whose name was clicked."""

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
        self.rep_options = {
            rep: rep if rep == name else f"{rep} · {name}"
            for rep, name in self.names.items()
        }
        self.selected: Positions = np.array([], dtype=np.intp)
        self.before = "plan"
        self.as_planned = Draft(self.solution).figures()
        self.client = ui.context.client
        self.key = (plan, visitor.person)
        self.solve_key = "\n".join(self.key)
        self._figures, self._waiting = self.as_planned, False

    # ---- drawing ---------------------------------------------------------------------

    def draw(self) -> None:
        """Build the page."""
        name = self.solution.scenario.name
        with frame(self.visitor, f"{name} · {self.plan}", wide=True):
            with ui.element("div").classes("top"):
                with ui.element("div").classes("title"):
                    heading(name)
                    ui.label(self.plan).classes("quiet")
                with ui.element("div").classes("actions"):
                    self.bar = SolveBar(self)
            with ui.element("div").classes("told-row"):
                self.bar.draw_progress()
            self.kpis = ui.html("", sanitize=False).classes("kpi-row").mark("kpis")
            self.kpis.props("role=status aria-live=polite")
            with ui.element("div").classes("edit"):
                with ui.element("div").classes("edit-main"):
                    self._tools()
                    self._views()
                    self._below()
                with ui.element("div").classes("edit-side"):
                    self._side()
        self.refresh()
        self.bar.poll()
        ui.timer(POLL_S, self._on(self._poll))
        _open.setdefault(self.key, []).append(self)
        self.client.on_delete(self._left)

    def _left(self) -> None:
        pages = _open.get(self.key, [])
        if self in pages:
            pages.remove(self)

    def _poll(self) -> None:
        self.bar.poll()
        self.ask.poll()

    def _on(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        return heeding(self.visitor, handler)

    def button(
        self, text: str, handler: Callable[..., Any], mark: str, outline: bool = True
    ) -> ui.button:
        """Place a button; errors of its handler become sentences."""
        button = ui.button(text, on_click=self._on(handler))
        button.props("dense no-caps unelevated" + " outline" * outline)
        return button.classes("q-px-sm").mark(mark)

    def _icon(
        self, icon: str, text: str, handler: Callable[..., Any], mark: str
    ) -> ui.button:
        button = ui.button(icon=icon, on_click=self._on(handler))
        button.props(f'flat dense round aria-label="{text}"').tooltip(text)
        return button.mark(mark)

    def _toggle(
        self,
        options: dict[str, str],
        label: str,
        handler: Callable[..., Any] | None = None,
    ) -> ui.toggle:
        toggle = ui.toggle(options, value=next(iter(options)))
        if handler is not None:
            toggle.on_value_change(self._on(handler))
        toggle.props(f'dense no-caps unelevated role=group aria-label="{label}"')
        return toggle.classes("toggle")

    def _tools(self) -> None:
        with ui.element("div").classes("tools"):
            views = {"map": _("Map"), "table": _("Table")}
            self._toggle(views, _("What is shown"), self._show_view).mark("view")
            modes = {"pan": _("Pan"), "lasso": _("Lasso"), "box": _("Box")}
            label = _("What dragging on the map does")
            self.mode = self._toggle(modes, label).mark("mode")
            with ui.element("div").classes("icons"):
                whole = _("Main part, whole map")
                fit = self._icon("fit_screen", whole, self._fit, "fit")
                self.of_map: list[ui.element] = [self.mode, fit]
                self.undo = self._icon("undo", _("Undo"), self._undo, "undo")
                self.redo = self._icon("redo", _("Redo"), self._redo, "redo")
            with ui.element("div").classes("deeds"):
                self.to = ui.select(
                    self.rep_options, label=_("To rep"), with_input=True
                )
                self.to.props("dense options-dense").classes("to-rep").mark("to")
                self.button(_("Move"), self._move, "move", outline=False)
                self.button(_("Lock"), lambda: self._mark("lock"), "lock")
                self.button(_("Protect"), lambda: self._mark("protect"), "protect")
                self.button(_("Free"), lambda: self._mark("free"), "free")

    def _views(self) -> None:
        panels_ = ui.tab_panels(value="map", animated=False, keep_alive=True)
        self.views = panels_.classes("w-full bg-transparent views")
        with self.views:
            with ui.tab_panel("map"), ui.element("div").classes("map-box"):
                self.map = TerritoryMap(
                    url("api", "geometry", self.plan),
                    _(
                        "Map of territories: arrow keys move it, + and - zoom, 0 fits, "
                        "Enter chooses what is in the middle, with Shift as well"
                    ),
                    on_ready=self._on(self._send_all),
                    on_select=self._on(self._selected),
                ).classes("w-full h-full")
                # In the browser: whoever presses and draws at once must not wait.
                self.mode.on(
                    "update:model-value",
                    js_handler=f"(place) => getElement({self.map.id}).call("
                    f"'setMode', {list(self.mode.options)}[place])",
                )
            with ui.tab_panel("table"):
                self.grid = AccountGrid(
                    self.draft, self.plan, self._on(self._selected_in_grid)
                )

    def _below(self) -> None:
        """Legend, what changes are counted against, and what is chosen."""
        with ui.element("div").classes("below"):
            missing = bool((self.draft.before >= self.draft.pairs.m).any())
            signs = panels.legend(self.by_region, missing)
            self.of_map.append(ui.html(signs, sanitize=False).classes("legend"))
            with ui.element("div").classes("against") as against_:
                self.of_map.append(against_)
                ui.label(_("Changes against")).classes("quiet")
                against = {"plan": _("this plan"), "today": _("today")}
                label = _("Changes against")
                self._toggle(against, label, self._compare_with).mark("against")
            self.count = ui.label("").classes("count").mark("count")
            self.count.props("role=status aria-live=polite")

    def _side(self) -> None:
        tabs = ui.tabs().props("dense no-caps align=justify").classes("w-full")
        with tabs:
            loads = ui.tab("loads", label=_("Loads"))
            ask = ui.tab("ask", label=_("Ask"))
            edits = ui.tab("edits", label=_("Edits"))
        self.tabs = tabs
        all_ = ui.tab_panels(tabs, value=loads, animated=False)
        with all_.classes("w-full side-panels"):
            with ui.tab_panel(loads):
                heading(_("Broken rules"), 2)
                self.rules = ui.html("", sanitize=False).classes("w-full").mark("rules")
                heading(_("Loads, in % of the average"), 2)
                self.loads = ui.html("", sanitize=False).classes("scroll").mark("loads")
                self.loads.on("click", self._on(self._ask_about), js_handler=SHOWN)
            with ui.tab_panel(ask):
                self.ask = AskPanel(self)
            with ui.tab_panel(edits):
                self.edits = ui.html("", sanitize=False).classes("planner-edits w-full")
                self.edits.mark("edits")

    # ---- showing ---------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the draft as it is now: key figures at once, the rest right after."""
        now, before = self.draft.figures(), self.as_planned
        currency = self.solution.scenario.currency
        self.kpis.set_content(panels.cards(now, before, currency))
        self.undo.set_enabled(self.draft.can_undo)
        self.redo.set_enabled(self.draft.can_redo)
        self._count()
        self._figures = now
        if not self._waiting:
            self._waiting = True
            background_tasks.create(self._rest(), name="rest of the page")

    async def _rest(self) -> None:
        await asyncio.sleep(REST_S)
        self._waiting = False
        with self.client, speaking(self.visitor.language):
            now, before = self._figures, self.as_planned
            self.map.call("setOwners", owners(self.draft, self.before))
            self.rules.set_content(panels.breach_list(now))
            names = list(self.names.values())
            self.loads.set_content(panels.load_table(now, before, names))
            self.edits.set_content(panels.edit_list(self.draft.actions, LISTED))
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

    def _show_view(self, event: Any) -> None:
        self.views.set_value(event.value)
        for element in self.of_map:
            element.set_visibility(event.value == "map")
        if event.value == "table":
            self.grid.show()
            self.grid.choose(self.selected)

    def _selected(self, event: Any) -> None:
        bits = event.args["regions" if self.by_region else "accounts"]
        self.selected = chosen(bits, len(self.shown))
        self._count()

    def _selected_in_grid(self, bits: str) -> None:
        self.selected = chosen(bits, len(self.shown))
        kind = "regions" if self.by_region else "accounts"
        self.map.call("setSelection", {kind: self.selected.tolist()})
        self._count()

    def ids(self) -> list[str]:
        """Return what is chosen: accounts, or ``region:<id>``."""
        if not len(self.selected):
            raise PlannerError(
                _(
                    "Nothing is chosen. Click, lasso or box accounts on the map, or "
                    "choose rows of the table."
                )
            )
        return [str(one) for one in self.draft.owner.index[self.shown[self.selected]]]

    def _move(self) -> None:
        ids = self.ids()
        if not self.to.value:
            raise PlannerError(_("Choose the rep who gets them, then Move."))
        self.give(ids, str(self.to.value))

    def give(self, ids: list[str], rep: str) -> None:
        """Move accounts, or regions, to a rep."""
        went = self.draft.move(ids, rep, by=self.visitor.person)
        if went > len(ids) and not self.by_region:
            more = _("{n:,} more went along: they stay together.")
            ui.notify(more.format(n=went - len(ids)))
        self._changed()

    def _mark(self, do: Literal["lock", "protect", "free"]) -> None:
        self.draft.mark(self.ids(), do, by=self.visitor.person)
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

    def _ask_about(self, event: Any) -> None:
        """Turn to the questions about a rep whose name was clicked."""
        self.ask.rep.set_value(event.args["rep"])
        self.tabs.set_value("ask")
