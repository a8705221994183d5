"""Home and scenario pages without a browser."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from planner.library import Library
from tests.web_case import HOSTILE

Visit = Callable[[], AbstractAsyncContextManager[Any]]
MARKUP = "<img src=x onerror="


def _run(visit: Visit, course: Callable[[Any], Any]) -> None:
    async def visiting() -> None:
        async with visit() as user:
            await course(user)

    asyncio.run(visiting())


async def _until(holds: Callable[[], bool], seconds: float = 30) -> None:
    for _turn in range(int(seconds / 0.05)):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("did not happen in time")


def _one(user: Any, kind: Any = None, marker: str | None = None) -> Any:
    (element,) = user.find(kind=kind, marker=marker).elements
    return element


def _said(user: Any) -> str:
    return str(_one(user, marker="result").content)


def test_home_says_what_is_there(visit: Visit) -> None:
    """Names as they are, figures, and which scenario has a plan that answers it."""

    async def course(user: Any) -> None:
        await user.open("/")
        await user.should_see("plans/first")
        await user.should_see("Small & <b>bold</b>")
        await user.should_see("solved: plans/first, gap ")
        await user.should_see("optimal" if await _sees(user, "optimal") else "feasible")

    _run(visit, course)


async def _sees(user: Any, text: str) -> bool:
    try:
        await user.should_see(text, retries=1)
    except AssertionError:
        return False
    return True


def test_home_follows_the_shell(visit: Visit, workspace: Path) -> None:
    """A table that changes makes the plan out of date, with no reload; ticks stay."""

    async def course(user: Any) -> None:
        from nicegui import ui

        await user.open("/")
        await user.should_see("solved: ", retries=200)
        shutil.copytree(workspace / "plans" / "first", workspace / "plans" / "other")
        _one(user, kind=ui.checkbox).value = True
        table = workspace / "accounts.csv"
        table.write_text(table.read_text("utf-8") + "\n", "utf-8")
        await user.should_see("out of date: accounts.csv has changed", retries=100)
        await user.should_see("its plans are out of date")
        boxes = user.find(kind=ui.checkbox).elements
        assert sorted(box.value for box in boxes) == [False, True]

    _run(visit, course)


def test_a_solve_runs_and_its_plan_appears(visit: Visit, workspace: Path) -> None:
    """From the list, beside the server; the page tells of it, then shows the plan."""

    async def course(user: Any) -> None:
        await user.open("/")
        await user.should_see("solved: ", retries=200)
        text = (workspace / "small.toml").read_text("utf-8")
        text = text.replace("tolerance = 0.1", "tolerance = 0.2")
        (workspace / "small.toml").write_text(text, "utf-8")
        user.find(marker="solve small.toml").click()
        await user.should_see("Stop", retries=300)
        running = list((workspace / ".planner" / "running").glob("*.json"))
        assert len(running) == 1
        await user.should_see("plans/small", retries=1200)
        await user.should_see("solved: plans/small", retries=40)
        kept = workspace / ".planner" / "running"
        await _until(lambda: list(kept.glob("*.json")) == [])

    _run(visit, course)


def test_a_solve_that_a_stop_ended_is_told(visit: Visit, workspace: Path) -> None:
    """With the way to begin it again."""
    Library(workspace).begin_solve("small.toml")

    async def course(user: Any) -> None:
        from planner.web.shell import the_desk

        the_desk().interrupted.extend(the_desk().library.interrupted())
        await user.open("/")
        await user.should_see("small.toml: its solve ended when the server stopped.")
        await user.should_see("Solve again")

    _run(visit, course)


def test_compare_wants_two_to_six(visit: Visit) -> None:
    """In a sentence."""

    async def course(user: Any) -> None:
        await user.open("/")
        await user.should_see("solved: ", retries=200)
        user.find(marker="compare").click()
        await _until(lambda: bool(user.notify.messages))
        assert user.notify.messages == ["Choose two to 6 plans to compare."]

    _run(visit, course)


def test_a_new_scenario_from_another(visit: Visit, workspace: Path) -> None:
    """Its name may be markup: it is text, and its file has a harmless name."""

    async def course(user: Any) -> None:
        await user.open("/")
        await user.should_see("solved: ", retries=200)
        user.find(marker="new small.toml").click()
        await user.should_see("Name of the new scenario")
        _one(user, marker="new name").set_value(HOSTILE)
        user.find(marker="create").click()
        await _until(lambda: len(list(workspace.glob("*.toml"))) == 2)

    _run(visit, course)
    (made,) = set(workspace.glob("*.toml")) - {workspace / "small.toml"}
    assert not set(made.name) & set('<>"=')
    assert Library(workspace).scenario(made.name).name == HOSTILE


def test_an_empty_workspace_begins_with_an_example(
    visit: Visit, workspace: Path
) -> None:
    """One button writes what `planner init` writes."""
    for path in workspace.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    async def course(user: Any) -> None:
        await user.open("/")
        await user.should_see("None yet. Begin with a small example")
        user.find(marker="example").click()
        await user.should_see("plan.toml", retries=100)
        assert (workspace / "accounts.csv").is_file()

    _run(visit, course)


def test_faults_of_files_are_told_as_text(visit: Visit, workspace: Path) -> None:
    """A scenario and a plan that cannot be read hide nothing, and are escaped."""
    (workspace / "bad.toml").write_text(f"[accounts]\nfile = 1\n'{MARKUP}' = 2\n")
    broken = workspace / "plans" / "broken"
    broken.mkdir()
    (broken / "certificate.json").write_text(f'{{"name": "{MARKUP}"}}')

    async def course(user: Any) -> None:
        await user.open("/")
        await user.should_see("not readable: its certificate or inputs are damaged")
        await user.should_see("plans/first")

    _run(visit, course)


def test_the_form_changes_the_text_and_keeps_its_comments(
    visit: Visit, workspace: Path
) -> None:
    """Both are checked by one model; only Save writes the file."""
    path = workspace / "small.toml"
    before = path.read_text("utf-8") + "# ours\n"
    path.write_text(before, "utf-8")

    async def course(user: Any) -> None:
        from nicegui import ui

        await user.open("/scenario/small.toml")
        user.find(marker="key balance.0:value.tolerance").trigger("change")
        field = _one(user, marker="key balance.0:value.tolerance")
        field.set_value(0.25)
        user.find(marker="key balance.0:value.tolerance").trigger("change")
        editor = _one(user, kind=ui.codemirror)
        await _until(lambda: "tolerance = 0.25" in editor.value)
        assert "# ours" in editor.value
        assert path.read_text("utf-8") == before
        user.find(marker="save").click()
        await _until(lambda: "Saved." in _said(user))
        assert "tolerance = 0.25" in path.read_text("utf-8")
        field = _one(user, marker="key balance.0:value.tolerance")
        field.set_value(-3)
        user.find(marker="key balance.0:value.tolerance").trigger("change")
        await _until(lambda: bool(user.notify.messages))
        assert "tolerance" in user.notify.messages[0]
        assert "-3" not in editor.value

    _run(visit, course)


def test_faults_of_the_text_are_told_at_once(visit: Visit, workspace: Path) -> None:
    """Escaped, and nothing is saved or read meanwhile."""
    before = (workspace / "small.toml").read_text("utf-8")

    async def course(user: Any) -> None:
        from nicegui import ui

        await user.open("/scenario/small.toml")
        editor = _one(user, kind=ui.codemirror)
        for text, says in (
            ("accounts = [", "is not valid TOML"),
            (before + "\n'<img src=x>' = 1\n", "unknown key"),
            (before.replace("accounts.csv", "/etc/passwd"), "is not a file in this"),
            (before.replace("accounts.csv", "http://x/a.csv"), "is not a file in this"),
            (before.replace("accounts.csv", "a.vrt"), "is of no kind"),
        ):
            editor.set_value(text)
            await _until(lambda says=says: says in _said(user))
            assert "<img" not in _said(user)
            user.find(marker="save").click()
            await asyncio.sleep(0.1)
        assert (workspace / "small.toml").read_text("utf-8") == before

    _run(visit, course)


def test_what_is_typed_outlives_reload_and_restart(
    visit: Visit, workspace: Path
) -> None:
    """It is kept beside the file until it is saved."""
    before = (workspace / "small.toml").read_text("utf-8")

    async def types(user: Any) -> None:
        from nicegui import ui

        await user.open("/scenario/small.toml")
        _one(user, kind=ui.codemirror).set_value(before + "# unsaved\n")
        await user.should_see("Not saved yet; kept for you.")
        await asyncio.sleep(1.2)

    async def comes_back(user: Any) -> None:
        from nicegui import ui

        await user.open("/scenario/small.toml")
        assert _one(user, kind=ui.codemirror).value.endswith("# unsaved\n")
        await user.should_see("Not saved yet; kept for you.")
        user.find(marker="save").click()
        await _until(lambda: "Saved." in _said(user))

    _run(visit, types)
    assert (workspace / "small.toml").read_text("utf-8") == before
    _run(visit, comes_back)
    assert (workspace / "small.toml").read_text("utf-8").endswith("# unsaved\n")


@pytest.mark.parametrize("answer", ["mine", "theirs", "wait"])
def test_the_second_to_save_is_told(visit: Visit, workspace: Path, answer: str) -> None:
    """And chooses: over it, theirs, or not now."""
    path = workspace / "small.toml"
    before = path.read_text("utf-8")

    async def course(user: Any) -> None:
        from nicegui import ui

        await user.open("/scenario/small.toml")
        editor = _one(user, kind=ui.codemirror)
        editor.set_value(before + "# mine\n")
        path.write_text(before + "# theirs\n", "utf-8")
        user.find(marker="save").click()
        await user.should_see("small.toml has changed meanwhile")
        user.find(marker=answer).click()
        await asyncio.sleep(0.3)
        wanted = {"mine": ("mine", "mine"), "theirs": ("theirs", "theirs")}
        on_disk, shown = wanted.get(answer, ("theirs", "mine"))
        assert path.read_text("utf-8").endswith(f"# {on_disk}\n")
        assert editor.value.endswith(f"# {shown}\n")

    _run(visit, course)


def test_tables_are_checked_with_every_fault(visit: Visit, workspace: Path) -> None:
    """File, row, column, value, rule, remedy; all of them as CSV; markup as text."""
    table = workspace / "accounts.csv"
    lines = table.read_text("utf-8").splitlines()
    lines += [f'x{i},"{MARKUP}",91,7,6,5,"{MARKUP}{i}",' for i in range(300)]
    table.write_text("\n".join(lines) + "\n", "utf-8")

    async def course(user: Any) -> None:
        await user.open("/scenario/small.toml")
        user.find(marker="check").click()
        await _until(lambda: "fault(s)" in _said(user))
        assert "600 fault(s)" in _said(user)
        assert "and 400 more" in _said(user)
        assert "<td>202</td><td>latitude</td>" in _said(user)
        assert "<img" not in _said(user)
        user.find(marker="faults").click()
        answer = await user.download.next(timeout=5)
        assert answer.content.count(b"\n") == 601

    _run(visit, course)


@pytest.mark.parametrize(
    "path",
    [
        "/scenario/none.toml",
        "/scenario/accounts.csv",
        "/scenario/..%2f..%2fetc%2fpasswd",
        "/scenario/.planner/sessions.json",
        "/plan/none",
        "/plan/..%2f..%2fetc",
        "/plan/%00",
        "/plan/%3Cimg%20src=x%20onerror=alert(1)%3E",
        "/compare?plan=plans/first",
        "/compare?plan=plans/first&plan=../../etc",
    ],
)
def test_what_cannot_be_shown_is_a_sentence(visit: Visit, path: str) -> None:
    """With the way back, one header, and no traceback."""

    async def course(user: Any) -> None:
        from nicegui import ui

        await user.open(path)
        await user.should_see("This cannot be shown", retries=100)
        await user.should_see("Back to the workspace")
        assert len(user.find(kind=ui.header).elements) == 1
        await user.should_not_see("Traceback")

    _run(visit, course)


def test_the_pages_speak_chinese_and_remember_it(visit: Visit) -> None:
    """By the button; the framework's own words, too."""

    async def course(user: Any) -> None:
        await user.open("/")
        user.find(marker="language").click()
        await asyncio.sleep(0.2)
        await user.open("/")
        await user.should_see("工作区")
        answer = await user.http_client.get("/scenario/small.toml")
        assert 'lang="zh-CN"' in answer.text

    _run(visit, course)


def test_leaving_ends_the_session(visit: Visit) -> None:
    """The same cookie opens nothing any more."""

    async def course(user: Any) -> None:
        await user.open("/")
        user.find(marker="leave").click()
        await asyncio.sleep(0.2)
        answer = await user.http_client.get("/scenario/small.toml")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/login"

    _run(visit, course)
