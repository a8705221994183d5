"""The first page: scenarios and plans of the workspace."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from importlib import import_module

from nicegui import ui

from planner.errors import PlannerError
from planner.library import PlanFolder, ScenarioFile
from planner.web.numbers import number, percent
from planner.web.shell import Desk, Visitor, frame, heading, heeding, the_desk, url
from planner.web.solves import Solve, progress_text
from planner.words import _, speaking

POLL_S = 1.0
LOOK_EVERY = 4
"""The folder is looked at anew each so many polls: the shell may change it, too."""
MOST_COMPARED = 6

Found = tuple[list[ScenarioFile], list[PlanFolder]]


class HomePage:
    """Lists of scenarios and plans, and what is solved right now."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor, self.desk = visitor, the_desk()
        self.shown: Found | None = None
        self.boxes: dict[str, ui.checkbox] = {}
        self.states: dict[str, ui.label] = {}
        self.running: tuple[tuple[str, str], ...] | None = None
        self.polls = 0

    async def draw(self) -> None:
        """Build the page."""
        with frame(self.visitor, _("Territory planner")):
            with ui.column().classes("gap-0"):
                heading(_("Workspace"))
                ui.label(str(self.desk.library.root)).classes("quiet")
            self.now = ui.column().classes("w-full gap-2")
            self.body = ui.column().classes("w-full gap-4")
            with self.body:
                ui.spinner(size="1.4em")
        self._show_running()
        await self._look()
        ui.timer(POLL_S, heeding(self.visitor, self._poll))

    # ---- looking ---------------------------------------------------------------------

    async def _poll(self) -> None:
        self.polls += 1
        if self._show_running() or self.polls % LOOK_EVERY == 0:
            await self._look()

    async def _look(self) -> None:
        """Show what is there now, if it is not what is shown."""
        found = await asyncio.to_thread(_found, self.desk, self.visitor.language)
        if found != self.shown:
            self.shown = found
            chosen = {plan for plan, box in self.boxes.items() if box.value}
            self.body.clear()
            with self.body:
                self._lists(*found, chosen)

    def _show_running(self) -> bool:
        """Show what is being solved; return whether a solve has begun or ended."""
        running = self.desk.solves.running
        now = tuple((key, _phase(solve)) for key, solve in running.items())
        changed = now != self.running
        if changed:
            self.running = now
            self.now.clear()
            self.states.clear()
            with self.now:
                self._interrupted()
                for key, solve in running.items():
                    self._solve_line(key, solve)
        for key, label in self.states.items():
            label.set_text(_state_of(running[key]))
        return changed

    def _interrupted(self) -> None:
        for scenario in self.desk.interrupted:
            with ui.row().classes("card items-center gap-3").props("role=status"):
                text = _("{scenario}: its solve ended when the server stopped.")
                ui.label(text.format(scenario=scenario)).classes("bad")
                ui.button(
                    _("Solve again"),
                    on_click=heeding(self.visitor, self._again(scenario)),
                ).props("dense outline no-caps").classes("q-px-sm")

    def _again(self, scenario: str) -> Callable[[], Awaitable[None]]:
        async def solve() -> None:
            self.desk.interrupted.remove(scenario)
            self.running = None
            await start_solve(self.desk, scenario, self.visitor.language)

        return solve

    def _solve_line(self, key: str, solve: Solve) -> None:
        phase = _phase(solve)
        if phase == "done":
            return
        with ui.row().classes("card items-center gap-3").props("role=status"):
            if phase == "running":
                ui.spinner(size="1.4em")
            ui.label(solve.title).classes("strong")
            label = ui.label(_state_of(solve)).classes("grow")
            label.classes("bad" if phase == "failed" else "")
            self.states[key] = label
            if phase == "running":
                ui.button(_("Stop"), on_click=heeding(self.visitor, solve.stop)).props(
                    "dense outline no-caps"
                ).classes("q-px-sm")

    # ---- lists -----------------------------------------------------------------------

    def _lists(
        self, scenarios: list[ScenarioFile], plans: list[PlanFolder], chosen: set[str]
    ) -> None:
        with ui.column().classes("card gap-2"):
            heading(_("Plans"), 2)
            if plans:
                self._plans(plans, chosen)
            else:
                ui.label(_("None yet: solve a scenario below.")).classes("quiet")
        with ui.column().classes("card gap-2"):
            heading(_("Scenarios"), 2)
            if not scenarios:
                ui.label(
                    _("None yet. Begin with a small example, and change it.")
                ).classes("quiet")
                ui.button(
                    _("Write an example"), on_click=heeding(self.visitor, self._example)
                ).props("dense no-caps").classes("q-px-md").mark("example")
            for one in scenarios:
                self._scenario(one, [p for p in plans if p.scenario == one.id])

    def _plans(self, plans: list[PlanFolder], chosen: set[str]) -> None:
        self.boxes = {}
        head = (
            ("", "tick"),
            (_("Plan"), ""),
            (_("Cost a year"), "n"),
            (_("Gap"), "n"),
            (_("Value moved"), "n"),
            (_("Status"), "status"),
            (_("Written (UTC)"), ""),
        )
        with (
            ui.element("div").classes("scroll"),
            ui.element("table").classes("figures plans"),
        ):
            with ui.element("thead"), ui.element("tr"):
                for text, kind in head:
                    _cell(text, kind, "th" if text else "td")
            with ui.element("tbody"):
                for plan in plans:
                    self._plan(plan, plan.id in chosen)
        ui.button(
            _("Compare the chosen"), on_click=heeding(self.visitor, self._compare)
        ).props("dense no-caps").classes("q-px-md").mark("compare")

    def _plan(self, plan: PlanFolder, chosen: bool) -> None:
        with ui.element("tr"):
            with ui.element("td").classes("tick"):
                if not plan.fault:
                    box = ui.checkbox(value=chosen).props("dense")
                    box.props["aria-label"] = _("Compare {plan}").format(plan=plan.id)
                    self.boxes[plan.id] = box
            with ui.element("th").props("scope=row"):
                if plan.fault:
                    ui.label(plan.id)
                else:
                    ui.link(plan.id, url("plan", plan.id))
                    ui.label(plan.name).classes("quiet")
            if plan.fault:
                why = _("not readable: {why}").format(why=plan.fault)
                _cell(why, "bad").props("colspan=5")
                return
            cost = _cell(f"{number(plan.cost)} {plan.currency}", "n")
            cost.props["data-of"] = _("Cost a year")
            _cell(percent(plan.gap, 2), "n").props["data-of"] = _("Gap")
            _cell(percent(plan.moved_share), "n").props["data-of"] = _("Value moved")
            _cell(_status(plan), "status bad" if plan.stale else "status")
            _cell(_when(plan.written), "when")

    def _scenario(self, one: ScenarioFile, plans: list[PlanFolder]) -> None:
        with ui.row().classes("w-full items-center justify-between gap-2 line"):
            with ui.column().classes("gap-0 grow"):
                ui.link(one.name, url("scenario", one.id))
                ui.label(one.id).classes("quiet")
                if one.fault:
                    ui.label(one.fault.splitlines()[0][:300]).classes("bad")
                else:
                    current = any(not plan.stale for plan in plans)
                    ui.label(_answered(plans)).classes("good" if current else "quiet")
            with ui.row().classes("gap-1 no-wrap"):
                if not one.fault:
                    self._deed(_("Solve"), one, self._solve, "outline", "solve")
                    self._deed(_("New from this"), one, self._new, "flat", "new")

    def _deed(
        self,
        text: str,
        one: ScenarioFile,
        deed: Callable[[ScenarioFile], Awaitable[None]],
        look: str,
        mark: str,
    ) -> None:
        """Draw a button of a scenario; who only hears the page hears of which."""

        async def act() -> None:
            await deed(one)

        button = ui.button(text, on_click=heeding(self.visitor, act))
        button.props(f"dense no-caps {look}").classes("q-px-sm")
        button.props["aria-label"] = f"{text}: {one.name}"
        button.mark(f"{mark} {one.id}")

    # ---- deeds -----------------------------------------------------------------------

    async def _solve(self, one: ScenarioFile) -> None:
        await start_solve(self.desk, one.id, self.visitor.language)
        self._show_running()

    async def _new(self, one: ScenarioFile) -> None:
        title = _("New scenario from {name}").format(name=one.name)
        with ui.dialog() as dialog, ui.card().classes("dialog"):
            dialog.props["aria-label"] = title
            ui.label(title).classes("strong")
            name = ui.input(_("Name of the new scenario"), value=f"{one.name} 2")
            name.classes("w-full").mark("new name")
            with ui.row().classes("gap-2"):
                ui.button(
                    _("Create"), on_click=lambda: dialog.submit(name.value)
                ).props("dense no-caps").classes("q-px-md").mark("create")
                ui.button(_("Not now"), on_click=dialog.close).props(
                    "dense flat no-caps"
                )
        wanted = str(await dialog or "").strip()
        if wanted:
            made = self.desk.library.new_scenario(one.id, wanted)
            ui.navigate.to(url("scenario", made))

    async def _example(self) -> None:
        from planner.embedded import write_example

        await asyncio.to_thread(write_example, self.desk.library.root)
        await self._look()

    def _compare(self) -> None:
        chosen = [plan for plan, box in self.boxes.items() if box.value]
        if not 2 <= len(chosen) <= MOST_COMPARED:
            raise PlannerError(
                _("Choose two to {most} plans to compare.").format(most=MOST_COMPARED)
            )
        ui.navigate.to(url("compare", plan=chosen))


async def start_solve(desk: Desk, scenario: str, language: str) -> Solve:
    """
    Solve a scenario of the workspace in the background; its plan goes to plans/.

    Raises
    ------
    PlannerError
        If it is not valid, or reads what is not in the workspace.
    """
    await asyncio.to_thread(import_module, "planner.executor")
    from planner.executor import Job

    library = desk.library
    library.scenario(scenario)
    known = desk.solves.running.get(scenario)
    if known is not None and known.running:
        return known
    path = library.inside(scenario)
    target = library.new_plan_id(path.stem)
    job = Job(path.stem, path, library.inside(target))
    library.begin_solve(scenario)
    return desk.solves.scenario(
        scenario, job, language, lambda _solve: library.end_solve(scenario)
    )


def _found(desk: Desk, language: str) -> Found:
    with speaking(language):
        return desk.library.scenarios(), desk.library.plans()


def _phase(solve: Solve) -> str:
    return "running" if solve.running else solve.state


def _state_of(solve: Solve) -> str:
    if solve.running:
        return progress_text(solve)
    return " ".join(solve.reasons)[:500] or _("failed")


def _status(plan: PlanFolder) -> str:
    if plan.stale:
        return _("out of date: {why}").format(why=plan.stale)
    return _(plan.status)


def _answered(plans: list[PlanFolder]) -> str:
    """Say whether a scenario has a plan that answers it, the newest first."""
    for plan in plans:
        if not plan.stale:
            return _("solved: {plan}, gap {gap}").format(
                plan=plan.id, gap=percent(plan.gap, 2)
            )
    if plans:
        return _("its plans are out of date: solve it again")
    return _("not solved yet")


def _cell(text: str, kind: str = "", tag: str = "td") -> ui.element:
    with ui.element(tag).classes(kind) as cell:
        if text:
            ui.label(text)
    return cell


def _when(moment: datetime | None) -> str:
    if moment is None:
        return ""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
