"""What is done with a draft: solved around, saved, sent as a list or a report."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from nicegui import ui

from planner.errors import PlannerError
from planner.library import Saved
from planner.web import panels
from planner.web.files import change_list, rebase, report_text, write_plan
from planner.web.shell import url
from planner.web.solves import Solve, progress_text
from planner.words import _

if TYPE_CHECKING:
    from planner.web.edit import EditPage

SECONDS = 10.0
"""Of a solve around edits, unless another number is given."""


class SolveBar:
    """
    Buttons of one tab that turn its draft into plans and files.

    Parameters
    ----------
    page
        Whose draft it is.
    """

    def __init__(self, page: EditPage) -> None:
        self.page, self.desk = page, page.desk
        self._told_end: Solve | None = None
        self.seconds = ui.number(_("Seconds"), value=SECONDS, min=1, max=3600)
        self.seconds.props("dense").classes("seconds")
        self.solve_button = page.button(
            _("Solve around the edits"), self._solve, "solve", outline=False
        )
        self.stop_button = page.button(_("Stop"), self._stop, "stop")
        page.button(_("Save as a new plan"), self._save, "save")
        page.button(_("Change list"), self._download_changes, "csv")
        page.button(_("Report"), self._download_report, "report")

    def draw_progress(self) -> None:
        """Place what is told of a solve, and the links to what has come of it."""
        self.progress = ui.label("").classes("quiet").mark("progress")
        self.progress.props("role=status aria-live=polite")
        self.links = ui.html("", sanitize=False).mark("answer")

    # ---- solving ---------------------------------------------------------------------

    def _solve(self) -> None:
        page, draft = self.page, self.page.draft
        if barred := draft.barred:
            raise PlannerError(
                _(
                    "{n:,} account(s) are with a rep who may not have them ({ids}). "
                    "Move them elsewhere first; Why? says what stands in the way."
                ).format(n=len(barred), ids=", ".join(barred[:5]))
            )
        library, plan, by = self.desk.library, page.plan, page.visitor.person
        target = library.new_plan_id(plan.split("/")[-1])
        job = {
            "pins": draft.pins,
            "time_limit": float(self.seconds.value or SECONDS),
            "folder": str(library.inside(target)),
            "language": page.visitor.language,
        }

        def done(solve: Solve) -> None:
            if solve.folder is not None:
                library.record_saved(plan, target, by)

        self._told_end = None
        self.links.set_content("")
        self.desk.solves.redo(page.solve_key, plan, library.inside(plan), job, done)
        self.poll()

    def _stop(self) -> None:
        solve = self.desk.solves.running.get(self.page.solve_key)
        if solve is not None:
            solve.stop()

    def poll(self) -> None:
        """Show how far a solve of this draft is, whoever began it."""
        solve = self.desk.solves.running.get(self.page.solve_key)
        running = solve is not None and solve.running
        self.solve_button.set_enabled(not running)
        self.stop_button.set_visibility(running)
        if solve is None:
            return
        if running:
            self.progress.set_text(progress_text(solve))
        elif solve is not self._told_end:
            self._told_end = solve
            self._end(solve)

    def _end(self, solve: Solve) -> None:
        if solve.folder is None or solve.state == "failed":
            why = " ".join(solve.reasons)[:500]
            text = _("No plan around these edits: {why}").format(why=why)
            self.progress.set_text(text)
            return
        plan = solve.folder.relative_to(self.desk.library.root).as_posix()
        text = _("Verified and saved as {plan} after {seconds:.0f} s.")
        seconds = solve.ended if solve.ended is not None else solve.seconds
        self.progress.set_text(text.format(plan=plan, seconds=seconds))
        self._link_to(plan)

    def _link_to(self, plan: str) -> None:
        both = url("compare", plan=[self.page.plan, plan])
        links = [
            (_("Open {plan}").format(plan=plan), url("plan", plan)),
            (_("Compare both"), both),
        ]
        self.links.set_content(panels.links(links))

    # ---- saving ----------------------------------------------------------------------

    async def _save(self) -> None:
        page, library = self.page, self.desk.library
        if (rivals := self._rivals()) and not await self._go_on(rivals[-1]):
            return
        target = library.new_plan_id(page.plan.split("/")[-1])
        self.progress.set_text(_("Saving ..."))
        try:
            solution = await asyncio.to_thread(page.draft.to_solution)
            folder, spoken = library.inside(target), page.visitor.language
            await asyncio.to_thread(write_plan, solution, folder, spoken)
        finally:
            self.progress.set_text("")
        library.record_saved(page.plan, target, page.visitor.person)
        self.progress.set_text(_("Saved as {plan}.").format(plan=target))
        self._link_to(target)

    def _rivals(self) -> list[Saved]:
        """Plans that others saved from this one since these edits began."""
        actions = self.page.draft.actions
        begun = actions[0].at if actions else ""
        me, plan = self.page.visitor.person, self.page.plan
        saved = self.desk.library.saved()
        return [s for s in saved if s.base == plan and s.by != me and s.at >= begun]

    async def _go_on(self, other: Saved) -> bool:
        """Say that somebody was first; rebase, save beside it, or wait."""
        text = _("{who} saved {plan} from the same plan meanwhile.").format(
            who=other.by or _("Somebody"), plan=other.plan
        )
        with ui.dialog() as dialog, ui.card().classes("dialog"):
            dialog.props["aria-label"] = text
            ui.label(text)
            with ui.row().classes("gap-2"):
                for answer, label in (
                    ("rebase", _("Put my edits on {plan}").format(plan=other.plan)),
                    ("save", _("Save mine beside it")),
                    ("wait", _("Not now")),
                ):
                    button = ui.button(label, on_click=self._submit(dialog, answer))
                    button.props("no-caps outline dense").classes("q-px-sm")
                    button.mark(answer)
        choice = await dialog
        if choice == "rebase":
            library, person = self.desk.library, self.page.visitor.person
            clashes = rebase(library, self.page.plan, other.plan, person)
            if clashes:
                text = _("{n:,} account(s) were moved by both; yours holds: {ids}")
                ids = ", ".join(clashes[:5])
                ui.notify(text.format(n=len(clashes), ids=ids), timeout=0)
            ui.navigate.to(url("plan", other.plan))
        return bool(choice == "save")

    @staticmethod
    def _submit(dialog: ui.dialog, answer: str) -> Callable[[], None]:
        return lambda: dialog.submit(answer)

    # ---- files -----------------------------------------------------------------------

    def _download_changes(self) -> None:
        # With the mark in front, Excel takes it for UTF-8.
        text = change_list(self.page.draft).encode("utf-8-sig")
        ui.download.content(text, "changes.csv", "text/csv")

    async def _download_report(self) -> None:
        folder = self.desk.library.inside(self.page.plan)
        spoken = self.page.visitor.language
        self.progress.set_text(_("Drawing the report ..."))
        try:
            text = await asyncio.to_thread(report_text, folder, spoken)
        finally:
            self.progress.set_text("")
        ui.download.content(text.encode("utf-8"), "report.html", "text/html")
