"""The first page: scenarios and plans of the workspace."""

from __future__ import annotations

from datetime import UTC, datetime

from nicegui import ui

from planner.executor import Job
from planner.library import PlanFolder, ScenarioFile
from planner.web import panels
from planner.web.shell import Desk, Visitor, frame, heading, heeding, the_desk, url
from planner.web.solves import Solve, progress_text
from planner.words import _

POLL_S = 1.0


class HomePage:
    """Lists of scenarios and plans, and what is solved right now."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor, self.desk = visitor, the_desk()
        self.seen: tuple[object, ...] = ()

    def draw(self) -> None:
        """Build the page."""
        with frame(self.visitor, _("Territory planner")):
            heading(_("Workspace"))
            ui.label(str(self.desk.library.root)).classes("quiet")
            self.body = ui.column().classes("w-full gap-4")
            self.refresh()
        ui.timer(POLL_S, heeding(self.visitor, self._poll))

    def _poll(self) -> None:
        running = self.desk.solves.running
        state = tuple(
            (key, s.state, int(s.seconds) if s.running else 0)
            for key, s in running.items()
        )
        if state != self.seen:
            self.seen = state
            self.refresh()

    def refresh(self) -> None:
        """Show what is there now."""
        library = self.desk.library
        scenarios, plans = library.scenarios(), library.plans()
        self.body.clear()
        with self.body:
            self._running()
            with ui.column().classes("card gap-2"):
                heading(_("Plans"), 2)
                if not plans:
                    ui.label(_("None yet: solve a scenario below.")).classes("quiet")
                else:
                    self._plans(plans)
            with ui.column().classes("card gap-2"):
                heading(_("Scenarios"), 2)
                if not scenarios:
                    ui.label(
                        _("None yet. In a terminal: planner init {folder}").format(
                            folder=library.root
                        )
                    ).classes("quiet")
                for one in scenarios:
                    self._scenario(one)

    def _running(self) -> None:
        for solve in self.desk.solves.running.values():
            if not solve.running and solve.state != "failed":
                continue
            with ui.row().classes("card items-center gap-3").props("role=status"):
                if solve.running:
                    ui.spinner(size="1.4em")
                    ui.label(f"{solve.title}: {progress_text(solve)}")
                    ui.button(
                        _("Stop"), on_click=heeding(self.visitor, solve.stop)
                    ).props("dense outline no-caps")
                else:
                    ui.label(f"{solve.title}: {' '.join(solve.reasons)[:500]}").classes(
                        "bad"
                    )

    def _plans(self, plans: list[PlanFolder]) -> None:
        self.marked: dict[str, ui.checkbox] = {}
        head = (
            _("Compare"),
            _("Plan"),
            _("Scenario"),
            _("Cost a year"),
            _("Gap"),
            _("Value moved"),
            _("Status"),
            _("Written"),
        )
        with (
            ui.element("div").classes("scroll"),
            ui.element("table").classes("figures"),
        ):
            with ui.element("thead"), ui.element("tr"):
                for at, text in enumerate(head):
                    with ui.element("th").classes("n" if 3 <= at <= 5 else ""):
                        ui.html(panels.escape(text), sanitize=False)
            with ui.element("tbody"):
                for plan in plans:
                    self._plan(plan)
        ui.button(
            _("Compare the chosen"), on_click=heeding(self.visitor, self._compare)
        ).props("dense no-caps").classes("q-px-sm").mark("compare")

    def _plan(self, plan: PlanFolder) -> None:
        with ui.element("tr"):
            with ui.element("td"):
                label = panels.escape(_("Compare {plan}").format(plan=plan.id))
                box = ui.checkbox().props(f'dense aria-label="{label}"')
                self.marked[plan.id] = box
            with ui.element("td"):
                if plan.fault:
                    ui.label(plan.id)
                else:
                    ui.link(plan.id, url("plan", plan.id))
            for text, kind in (
                (plan.name, ""),
                (f"{panels.number(plan.cost)} {plan.currency}", "n"),
                (panels.percent(plan.gap, 2), "n"),
                (panels.percent(plan.moved_share), "n"),
            ):
                with ui.element("td").classes(kind):
                    ui.html(panels.escape(text), sanitize=False)
            with ui.element("td").classes("bad" if plan.fault or plan.stale else ""):
                ui.html(panels.escape(self._status(plan)), sanitize=False)
            with ui.element("td"):
                ui.html(panels.escape(_when(plan.written)), sanitize=False)

    def _status(self, plan: PlanFolder) -> str:
        if plan.fault:
            return _("not readable: {why}").format(why=plan.fault)
        if plan.stale:
            return _("out of date: {why}").format(why=plan.stale)
        return _(plan.status)

    def _scenario(self, one: ScenarioFile) -> None:
        with ui.row().classes("w-full items-center justify-between gap-2"):
            with ui.column().classes("gap-0"):
                ui.link(one.name, url("scenario", one.id))
                ui.label(one.id).classes("quiet")
                if one.fault:
                    ui.label(one.fault.splitlines()[0]).classes("bad")
            with ui.row().classes("gap-1"):
                if not one.fault:
                    ui.button(
                        _("Solve"),
                        on_click=heeding(self.visitor, lambda: self._solve(one)),
                    ).props("dense outline no-caps").classes("q-px-sm")
                ui.button(
                    _("New from this"),
                    on_click=heeding(self.visitor, lambda: self._new(one)),
                ).props("dense flat no-caps")

    def _solve(self, one: ScenarioFile) -> None:
        start_solve(self.desk, one.id, self.visitor.language)
        self.refresh()

    async def _new(self, one: ScenarioFile) -> None:
        with ui.dialog() as dialog, ui.card():
            name = ui.input(_("Name of the new scenario"), value=f"{one.name} 2")
            ui.button(_("Create"), on_click=lambda: dialog.submit(name.value))
        if wanted := await dialog:
            made = self.desk.library.new_scenario(one.id, str(wanted))
            ui.navigate.to(url("scenario", made))

    def _compare(self) -> None:
        chosen = [plan for plan, box in self.marked.items() if box.value]
        ui.navigate.to(
            "/compare?" + "&".join(f"plan={panels.escape(one)}" for one in chosen)
        )


def start_solve(desk: Desk, scenario: str, language: str) -> Solve:
    """Solve a scenario of the workspace in the background; its plan goes to plans/."""
    path = desk.library.inside(scenario)
    target = desk.library.inside(desk.library.new_plan_id(path.stem))
    job = Job(path.stem, path, target)
    return desk.solves.scenario(scenario, job, language, lambda solve: None)


def _when(moment: datetime | None) -> str:
    if moment is None:
        return ""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
