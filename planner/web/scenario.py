"""The page of a scenario: its text, a form for common keys, its tables, its faults."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nicegui import ui
from nicegui.events import UploadEventArguments

from planner.errors import PlannerError
from planner.library import LARGEST, TAKEN, Library
from planner.scenario import Scenario, read_scenario
from planner.web import panels
from planner.web.home import start_solve
from planner.web.shell import Visitor, frame, heading, heeding, the_desk
from planner.words import _, speaking

TABLES = ("accounts", "reps", "regions", "distances")
SHOWN = 200
"""Faults that the page lists."""


class ScenarioPage:
    """One scenario file."""

    def __init__(self, visitor: Visitor, scenario: str) -> None:
        self.visitor, self.scenario, self.desk = visitor, scenario, the_desk()
        self.library: Library = self.desk.library
        self.path = self.library.inside(scenario)
        if not self.path.is_file():
            raise PlannerError(
                _("{name!r} is not in this workspace.").format(name=scenario)
            )

    def draw(self) -> None:
        """Build the page."""
        text = self.path.read_text("utf-8-sig")
        with frame(self.visitor, self.scenario):
            heading(self.scenario)
            with ui.row().classes("gap-2"):
                self._button(_("Save"), self._save, "save")
                self._button(_("Check tables"), self._check, "check")
                self._button(_("Solve"), self._solve, "solve")
            self.result = ui.html("", sanitize=False).classes("w-full").mark("result")
            self.result.props("role=status aria-live=polite")
            with ui.column().classes("card gap-2"):
                heading(_("Common keys"), 2)
                self.form = ui.row().classes("w-full gap-3")
            with ui.column().classes("card gap-2"):
                heading(_("The file, in full"), 2)
                self.editor = ui.codemirror(text, language="TOML", line_wrapping=True)
                self.editor.classes("w-full").style("height:460px").mark("editor")
                self.editor.on_value_change(self._on(lambda _event: self._read()))
            with ui.column().classes("card gap-2"):
                heading(_("Tables"), 2)
                self._uploads()
            self._read()

    def _on(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        return heeding(self.visitor, handler)

    def _button(self, text: str, handler: Callable[..., Any], mark: str) -> None:
        button = ui.button(text, on_click=self._on(handler))
        button.props("dense no-caps").classes("q-px-md").mark(mark)

    # ---- the form ------------------------------------------------------------------

    def _read(self) -> None:
        """Show the form of the text as it is, or what is wrong with the text."""
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
                field.props("dense outlined").classes("w-56").mark(f"key {key}")
                field.on("change", self._on(self._setter(key, field)))

    def _setter(self, key: str, field: ui.number) -> Callable[[], None]:
        def put() -> None:
            if field.value is not None:
                text = with_value(str(self.editor.value), key, float(field.value))
                read_scenario(self.path, text)
                self.editor.set_value(text)

        return put

    def _parsed(self) -> Scenario:
        return read_scenario(self.path, str(self.editor.value))

    # ---- deeds ---------------------------------------------------------------------

    def _save(self) -> None:
        self._parsed()
        self.library.write_text(self.scenario, str(self.editor.value))
        self._say([_("Saved.")], "good")

    async def _check(self) -> None:
        scenario = self._parsed()
        self._say([_("Reading the tables ...")], "quiet")
        found, warnings, fit = await asyncio.to_thread(
            checked, scenario, self.visitor.language
        )
        lines = [fit] if fit else []
        self.result.set_content(
            _lines(lines, "good")
            + fault_table(_("{n:,} fault(s)"), found)
            + fault_table(_("{n:,} warning(s)"), warnings)
        )

    def _solve(self) -> None:
        self._save()
        start_solve(self.desk, self.scenario, self.visitor.language)
        ui.navigate.to("/")

    def _uploads(self) -> None:
        ui.label(
            _(
                "Send a table, and the scenario reads it in place of the old one. "
                "Kinds: {kinds}."
            ).format(kinds=", ".join(TAKEN[:-1]))
        ).classes("quiet")
        self.table = ui.select(
            {name: _(name) for name in TABLES}, value="accounts", label=_("Table")
        )
        self.table.props("dense").classes("w-48").mark("table")
        upload = ui.upload(
            label=_("Choose or drop a file"),
            auto_upload=True,
            max_file_size=LARGEST,
            on_upload=self._on(self._received),
            on_rejected=self._on(lambda _event: self._refused()),
        )
        upload.classes("w-full").mark("upload")

    def _refused(self) -> None:
        raise PlannerError(
            _("The file is larger than {most} MB. Send a smaller file.").format(
                most=LARGEST >> 20
            )
        )

    async def _received(self, event: UploadEventArguments) -> None:
        content = await event.file.read()
        name = self.library.receive(event.file.name, content)
        table = str(self.table.value)
        relative = Path(os.path.relpath(name, Path(self.scenario).parent)).as_posix()
        text = with_value(str(self.editor.value), f"{table}.file", relative)
        read_scenario(self.path, text)
        self.editor.set_value(text)
        await self._check()

    def _say(self, lines: list[str], kind: str) -> None:
        self.result.set_content(_lines(lines, kind))


def _lines(lines: list[str], kind: str) -> str:
    if not lines:
        return ""
    body = "<br>".join(panels.escape(line) for line in lines[:SHOWN])
    return f'<p class="card {kind}">{body}</p>'


def checked(scenario: Scenario, language: str) -> tuple[list[Any], list[Any], str]:
    """Return faults, warnings, and a sentence where the tables fit."""
    from planner.tables import check_tables

    with speaking(language):
        tables, found, warnings, _notes = check_tables(scenario, scenario.base)
        fit = ""
        if tables is not None and not found:
            fit = _("{accounts:,} accounts, {reps:,} reps: fit to solve.").format(
                accounts=len(tables.accounts), reps=len(tables.reps)
            )
        return found, warnings, fit


def fault_table(head: str, found: list[Any]) -> str:
    """Return faults as a table: file, row, column, value, rule, remedy."""
    if not found:
        return ""
    title = panels.escape(head.format(n=len(found)))
    names = (_("File"), _("Row"), _("Column"), _("Value"), _("Rule"), _("Remedy"))
    top = "".join(f"<th>{panels.escape(name)}</th>" for name in names)
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td>{panels.escape(str(cell)[:200])}</td>"
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
        for one in found[:SHOWN]
    )
    more = len(found) - SHOWN
    tail = panels.escape(_("and {n:,} more").format(n=more)) if more > 0 else ""
    return (
        f'<div class="card"><h2>{title}</h2><div class="scroll"><table class="figures">'
        f"<thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table></div>{tail}</div>"
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
    for at, balance in enumerate(scenario.balance):
        label = _("Balance of {measure}: tolerance").format(measure=_(balance.measure))
        found.append((f"balance.{at}.tolerance", label, balance.tolerance))
        if not balance.hard:
            label = _("Balance of {measure}: price").format(measure=_(balance.measure))
            found.append((f"balance.{at}.price", label, balance.price))
    for at, limit in enumerate(scenario.limits):
        if isinstance(limit.high, int | float):
            label = _("Limit of {measure}: most").format(measure=_(limit.measure))
            found.append((f"limits.{at}.high", label, limit.high))
    for at, budget in enumerate(scenario.budgets):
        if budget.share is not None:
            label = _("Budget of {what}: share").format(what=_(budget.of))
            found.append((f"budgets.{at}.share", label, budget.share))
    return found


def with_value(text: str, key: str, value: float | str) -> str:
    """
    Return a TOML text with one value changed, its comments and order kept.

    Raises
    ------
    PlannerError
        If the text is not TOML.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise PlannerError(
            _("{name}: is not valid TOML: {error}").format(
                name=_("The text"), error=error
            )
        ) from error
    *parents, last = key.split(".")
    at: Any = document
    for part in parents:
        if part.isdigit():
            at = at[int(part)]
        else:
            if part not in at:
                at[part] = tomlkit.table()
            at = at[part]
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    at[last] = value
    return tomlkit.dumps(document)
