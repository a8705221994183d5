"""The page of a scenario: its text, a form for common keys, its tables, its faults."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from nicegui import ui
from nicegui.events import UploadEventArguments

from planner.errors import Fault, PlannerError
from planner.library import LARGEST, OWN, TAKEN, Library
from planner.scenario import Scenario
from planner.toml_text import entry, list_names, with_value
from planner.web.home import start_solve
from planner.web.reading import Found, read_apart
from planner.web.shell import Visitor, frame, heading, heeding, the_desk
from planner.words import _, speaking

TABLES = ("accounts", "reps", "regions", "distances")
KEEP_AFTER_S = 0.5
"""A text that was not changed for so long is kept on the disk."""
_REACHABLE = """
(function reach(tries) {
  const content = document.querySelector('.text .cm-content');
  if (!content) { if (tries) setTimeout(() => reach(tries - 1), 100); return; }
  content.setAttribute('aria-label', %s);
  document.querySelector('.text .cm-scroller').tabIndex = 0;
})(100)
"""
"""Names the editor for those who do not see it, and lets keys scroll it."""


class ScenarioPage:
    """One scenario file."""

    def __init__(self, visitor: Visitor, scenario: str) -> None:
        self.visitor, self.scenario, self.desk = visitor, scenario, the_desk()
        self.library: Library = self.desk.library
        self.path = self.library.inside(scenario)
        if not self.path.is_file() or self.path.suffix != ".toml":
            raise PlannerError(
                _("{name!r} is not in this workspace.").format(name=scenario)
            )
        self.saved = self.library.text(scenario)
        self.reading = False

    # ---- drawing ---------------------------------------------------------------------

    def draw(self) -> None:
        """Build the page."""
        unsaved = self.library.unsaved(self.scenario, self.visitor.person)
        text = self.saved if unsaved is None else unsaved
        with frame(self.visitor, self.scenario):
            with ui.row().classes("w-full items-center justify-between gap-2"):
                heading(self.scenario)
                with ui.row().classes("gap-2"):
                    self._button(_("Save"), self._save, "save")
                    self._button(_("Check tables"), self._check, "check", "outline")
                    self._button(_("Solve"), self._solve, "solve", "outline")
            with ui.column().classes("w-full gap-0"):
                self.state = ui.label("").classes("quiet").mark("state")
                self.result = ui.html("", sanitize=False).classes("w-full")
                self.result.props("role=status aria-live=polite").mark("result")
                self.every = ui.button(
                    _("All faults as CSV"), on_click=self._on(self._download)
                )
                self.every.props("dense outline no-caps").classes("q-px-sm")
                self.every.mark("faults").set_visibility(False)
            with ui.element("div").classes("two"):
                with ui.column().classes("gap-4 no-wrap"):
                    with ui.column().classes("card gap-2"):
                        heading(_("Common keys"), 2)
                        self.form = ui.element("div").classes("keys")
                    with ui.column().classes("card gap-2"):
                        heading(_("Tables"), 2)
                        self._uploads()
                with ui.column().classes("card gap-2"):
                    heading(_("The file, in full"), 2)
                    self._text(text)
            self._read()
        ui.timer(KEEP_AFTER_S, self._on(self._keep))
        self.kept = text

    def _text(self, text: str) -> None:
        self.editor = ui.codemirror(
            text, language="TOML", theme="vscodeLight", line_wrapping=True
        )
        self.editor.classes("w-full text").mark("editor")
        self.editor.on_value_change(self._on(self._changed))
        label = _("Text of the scenario file")
        ui.run_javascript(_REACHABLE % json.dumps(label))

    def _on(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        return heeding(self.visitor, handler)

    def _button(
        self, text: str, handler: Callable[..., Any], mark: str, look: str = ""
    ) -> None:
        button = ui.button(text, on_click=self._on(handler))
        button.props(f"dense no-caps {look}").classes("q-px-md").mark(mark)

    # ---- the text and the form -------------------------------------------------------

    @property
    def text(self) -> str:
        """The text as it stands in the editor."""
        return str(self.editor.value)

    def _changed(self) -> None:
        self.every.set_visibility(False)
        self._read()

    def _read(self) -> None:
        """Show the form of the text as it is, or what is wrong with the text."""
        unsaved = self.text != self.saved
        self.state.set_text(_("Not saved yet; kept for you.") if unsaved else "")
        try:
            scenario = self._parsed()
        except PlannerError as error:
            self._say(str(error).splitlines(), "bad")
            return
        self._say([], "")
        self.form.clear()
        with self.form:
            for key, label, value in common_keys(scenario):
                field = ui.number(label, value=value, format="%.10g")
                field.props("dense outlined").mark(f"key {key}")
                field.on("change", self._on(self._setter(key, field)))

    def _setter(self, key: str, field: ui.number) -> Callable[[], None]:
        def put() -> None:
            if field.value is not None:
                text = with_value(self.text, key, float(field.value))
                self.library.scenario(self.scenario, text)
                self.editor.set_value(text)

        return put

    def _parsed(self) -> Scenario:
        return self.library.scenario(self.scenario, self.text)

    def _keep(self) -> None:
        """Keep what is typed: a reload, or a stop of the server, loses none of it."""
        text = self.text
        if text != self.kept:
            unsaved = None if text == self.saved else text
            self.library.keep_unsaved(self.scenario, self.visitor.person, unsaved)
            self.kept = text

    # ---- deeds -----------------------------------------------------------------------

    async def _save(self) -> bool:
        """Save the text, unless the file has changed meanwhile; say whether it is."""
        self._parsed()
        text = self.text
        try:
            self.library.write_text(self.scenario, text, before=self.saved)
        except PlannerError as error:
            if not await self._go_on(str(error)):
                return False
            self.library.write_text(self.scenario, text)
        self.library.keep_unsaved(self.scenario, self.visitor.person, None)
        self.saved = self.kept = text
        self._read()
        self._say([_("Saved.")], "good")
        return True

    async def _go_on(self, why: str) -> bool:
        """Say that somebody was first; overwrite, take theirs, or wait."""
        with ui.dialog() as dialog, ui.card().classes("dialog"):
            dialog.props["aria-label"] = why
            ui.label(why)
            with ui.row().classes("gap-2"):
                for answer, label in (
                    ("mine", _("Save mine over it")),
                    ("theirs", _("Show theirs, and drop mine")),
                    ("wait", _("Not now")),
                ):
                    button = ui.button(label, on_click=_submit(dialog, answer))
                    button.props("no-caps outline dense").classes("q-px-sm")
                    button.mark(answer)
        choice = await dialog
        if choice == "theirs":
            self.saved = self.library.text(self.scenario)
            self.editor.set_value(self.saved)
        return bool(choice == "mine")

    async def _check(self) -> Found | None:
        """Read all tables, and show what is found; None: reading could not begin."""
        if self.reading:
            raise PlannerError(_("The tables are being read already; wait a little."))
        self._parsed()
        self.reading = True
        self._say([_("Reading the tables ...")], "quiet")
        try:
            found = await asyncio.to_thread(self._apart, self.text)
        except PlannerError as error:
            self._say(str(error).splitlines(), "bad")
            return None
        finally:
            self.reading = False
        self._show(found)
        return found

    def _apart(self, text: str) -> Found:
        with speaking(self.visitor.language):
            return read_apart(self.path, text, self._file_of_faults())

    def _file_of_faults(self) -> Path:
        return self.library.root / OWN / "faults" / f"{self.path.stem[:60]}.csv"

    def _show(self, found: Found) -> None:
        text = lines([found.fit], "good") if found.fit else ""
        text += lines([found.stopped], "bad") if found.stopped else ""
        text += fault_table(_("{n:,} fault(s)"), found.faults, found.n_faults)
        text += fault_table(_("{n:,} warning(s)"), found.warnings, found.n_warnings)
        self.result.set_content(text)
        self.every.set_visibility(bool(found.n_faults or found.n_warnings))

    def _download(self) -> None:
        ui.download.content(
            self._file_of_faults().read_bytes(), "faults.csv", "text/csv"
        )

    async def _solve(self) -> None:
        if await self._save():
            await start_solve(self.desk, self.scenario, self.visitor.language)
            ui.navigate.to("/")

    # ---- tables ----------------------------------------------------------------------

    def _uploads(self) -> None:
        ui.label(
            _(
                "Send a table, and the scenario reads it in place of the old one. "
                "Kinds: {kinds}; at most {most} MB."
            ).format(kinds=", ".join(TAKEN), most=LARGEST >> 20)
        ).classes("quiet")
        self.table = ui.select(
            {name: _(name) for name in TABLES}, value="accounts", label=_("Table")
        )
        self.table.props("dense outlined").classes("w-full").mark("table")
        self.upload = ui.upload(
            auto_upload=True,
            max_file_size=LARGEST,
            on_begin_upload=self._on(lambda: self._say([_("Sending ...")], "quiet")),
            on_upload=self._on(self._received),
            on_rejected=self._on(self._refused),
        )
        # Its own controls are no good for keyboards and screen readers; ours use it.
        self.upload.props(f'accept="{",".join(TAKEN)}"').classes("hidden")
        self.upload.mark("upload").on("failed", self._on(self._refused))
        uploader = f"getElement({self.upload.id}).$refs.qRef"
        pick = f"() => {uploader}.pickFiles()"
        take = f"e => {uploader}.addFiles([...e.dataTransfer.files])"
        with ui.element("div").classes("drop w-full") as target:
            button = ui.button(_("Choose a file")).on("click", js_handler=pick)
            button.props("dense no-caps outline").classes("q-px-md")
            ui.label(_("or drop it here")).classes("quiet")
        target.on("dragover.prevent", js_handler="() => {}")
        target.on("drop.prevent", js_handler=take)

    def _refused(self) -> None:
        raise PlannerError(
            _(
                "This file is not taken: larger than {most} MB, or of none of these "
                "kinds: {kinds}."
            ).format(most=LARGEST >> 20, kinds=", ".join(TAKEN))
        )

    async def _received(self, event: UploadEventArguments) -> None:
        if event.file.size() > LARGEST:
            self._refused()
        self.upload.reset()
        content = await event.file.read()
        name = await asyncio.to_thread(self._receive, event.file.name, content)
        table = str(self.table.value)
        relative = Path(os.path.relpath(name, Path(self.scenario).parent)).as_posix()
        before, found = self.text, None
        try:
            self.editor.set_value(with_value(before, f"{table}.file", relative))
            found = await self._check()
        finally:
            if found is None or found.refuses(relative):
                self._take_back(event.file.name, name, before)
            self._keep()

    def _take_back(self, sent: str, name: str, before: str) -> None:
        """Leave nothing behind of a file that is no table, but why it is none."""
        why = self.result.content
        self.library.take_back(name)
        self.editor.set_value(before)
        text = _("{file} is not taken: the scenario reads what it read before.")
        self.result.set_content(lines([text.format(file=sent[:200])], "bad") + why)

    def _receive(self, name: str, content: bytes) -> str:
        with speaking(self.visitor.language):
            return self.library.receive(name, content)

    def _say(self, said: list[str], kind: str) -> None:
        self.result.set_content(lines(said, kind))


def _submit(dialog: ui.dialog, answer: str) -> Callable[[], None]:
    return lambda: dialog.submit(answer)


def lines(said: list[str], kind: str) -> str:
    """Return lines of text as HTML."""
    if not said:
        return ""
    return (
        f'<p class="card {kind}">{"<br>".join(escape(one) for one in said[:200])}</p>'
    )


def fault_table(head: str, found: list[Fault], n: int) -> str:
    """Return faults as a table: file, row, column, value, rule, remedy."""
    if not found:
        return ""
    title = escape(head.format(n=n))
    names = (_("File"), _("Row"), _("Column"), _("Value"), _("Rule"), _("Remedy"))
    top = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td>{escape(str(cell)[:200])}</td>"
            for cell in (
                one.file,
                one.row or "",
                one.column,
                one.value,
                one.rule,
                one.remedy,
            )
        )
        + "</tr>"
        for one in found
    )
    more = n - len(found)
    tail = escape(_("and {n:,} more").format(n=more)) if more > 0 else ""
    return (
        f'<div class="card"><h2>{title}</h2><div class="scroll" tabindex="0">'
        f'<table class="figures"><thead><tr>{top}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{tail}</div>"
    )


def common_keys(scenario: Scenario) -> list[tuple[str, str, float | None]]:
    """Return dotted key, label and value of what is changed most often."""
    travel, solve = scenario.travel, scenario.solve
    found: list[tuple[str, str, float | None]] = [
        ("solve.time_limit", _("Seconds for the solve"), solve.time_limit),
        ("solve.gap", _("Stop at this gap (a share)"), solve.gap),
        ("travel.cost_per_km", _("Travel: cost per km"), travel.cost_per_km),
        ("travel.cost_per_hour", _("Travel: cost per hour"), travel.cost_per_hour),
        ("travel.max_km", _("Travel: farthest, km"), travel.max_km),
        (
            "handover.value_share",
            _("Handover: share of value at risk"),
            scenario.handover.value_share,
        ),
    ]
    names = list_names("balance", scenario.balance)
    for at, balance in enumerate(scenario.balance):
        key = f"balance.{entry(at, names)}"
        label = _("Balance of {measure}: tolerance").format(measure=_(balance.measure))
        found.append((f"{key}.tolerance", label, balance.tolerance))
        if not balance.hard:
            label = _("Balance of {measure}: price").format(measure=_(balance.measure))
            found.append((f"{key}.price", label, balance.price))
    names = list_names("limits", scenario.limits)
    for at, limit in enumerate(scenario.limits):
        if isinstance(limit.high, int | float):
            label = _("Limit of {measure}: most").format(measure=_(limit.measure))
            found.append((f"limits.{entry(at, names)}.high", label, limit.high))
    names = list_names("budgets", scenario.budgets)
    for at, budget in enumerate(scenario.budgets):
        if budget.share is not None:
            label = _("Budget of {what}: share").format(
                what=_(budget.of).replace("_", " ")
            )
            found.append((f"budgets.{entry(at, names)}.share", label, budget.share))
    return found
