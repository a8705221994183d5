"""The edit page without a browser: moves, locks, questions, lists, both languages."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planner.draft import LOCKED, PROTECTED
from planner.web.payload import encoded
from tests.web_case import ACCOUNTS, HOSTILE

PAGE = "/plan/plans/first"
Visit = Callable[[], AbstractAsyncContextManager[Any]]


def _bits(*chosen: int) -> str:
    """What the map sends of a choice."""
    flags = np.zeros(ACCOUNTS, dtype=bool)
    flags[list(chosen)] = True
    return encoded(np.packbits(flags, bitorder="little"), "u1")


def _choose(user: Any, *chosen: int) -> None:
    from planner.web.territory_map import TerritoryMap

    args = {"accounts": _bits(*chosen), "regions": "", "count": len(chosen)}
    user.find(kind=TerritoryMap).trigger("select", args)


def _page() -> Any:
    """Return the page that is open."""
    from planner.web import edit

    ((page, *_more),) = [pages for pages in edit._open.values() if pages]
    return page


def _text(user: Any, marker: str) -> str:
    (element,) = user.find(marker=marker).elements
    return str(getattr(element, "text", None) or element.content)


async def _until(holds: Callable[[], bool], seconds: float = 20) -> None:
    for _turn in range(int(seconds / 0.05)):
        if holds():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("did not happen in time")


def _run(visit: Visit, course: Callable[[Any], Any]) -> None:
    async def visiting() -> None:
        async with visit() as user:
            await _open(user)
            await course(user)

    asyncio.run(visiting())


async def _open(user: Any) -> None:
    """Open one more tab, and wait until it is drawn."""
    before = len(_open_pages())
    await user.open(PAGE)
    await _until(lambda: len(_open_pages()) == before + 1)


def test_moves_locks_and_undo(visit: Visit, workspace: Path) -> None:
    """Chosen, moved, counted, taken back; each deed is on the disk."""

    async def course(user: Any) -> None:
        page = _page()
        before = page.draft.figures()
        user.find(marker="move").click()
        await user.should_see("Nothing is chosen")
        _choose(user, 20, 30)
        await user.should_see("2 chosen")
        user.find(marker="move").click()
        await user.should_see("Choose the rep who gets them")
        page.to.set_value("r3")
        user.find(marker="move").click()
        await _until(lambda: page.draft.version == 1)
        assert list(page.draft.owner[["a20", "a30"]]) == ["r3", "r3"]
        assert page.draft.figures().cost != before.cost
        await _until(lambda: "moved to r3" in _text(user, "edits"))
        _choose(user, 40)
        user.find(marker="lock").click()
        _choose(user, 41)
        user.find(marker="protect").click()
        await _until(lambda: page.draft.version == 3)
        assert list(page.draft.marks[page.draft.unit_of[[40, 41]]]) == [
            LOCKED,
            PROTECTED,
        ]
        for turn in range(3):
            user.find(marker="undo").click()
            await _until(lambda turn=turn: page.draft.version == 4 + turn)
        assert page.draft.figures().cost == pytest.approx(before.cost)
        (log,) = (workspace / ".planner" / "drafts").rglob("*.jsonl")
        deeds = [json.loads(line)["do"] for line in log.read_text().splitlines()]
        assert deeds == ["move", "lock", "protect", "undo", "undo", "undo"]

    _run(visit, course)


def test_a_group_goes_along_and_a_second_tab_sees_it(visit: Visit) -> None:
    """Six accounts stay together; the page says so, on both tabs."""

    async def course(user: Any) -> None:
        first = _page()
        await _open(user)
        second = next(p for p in _open_pages() if p is not first)
        _choose(user, 0)
        owner = str(first.draft.owner["a0"])
        other = next(r for r in first.rep_options if r != owner)
        second.to.set_value(other)
        user.find(marker="move").click()
        await user.should_see("5 more went along")
        assert first.draft is second.draft
        await _until(lambda: other in first.edits.content)
        assert first.kpis.content == second.kpis.content

    _run(visit, course)


def _open_pages() -> list[Any]:
    from planner.web import edit

    return [page for pages in edit._open.values() for page in pages]


def test_questions_have_answers(visit: Visit) -> None:
    """Why here, who could take it, what could a rep take; one click does it."""

    async def course(user: Any) -> None:
        page = _page()
        user.find(marker="why").click()
        await user.should_see("Nothing is chosen")
        _choose(user, 20, 30)
        user.find(marker="why").click()
        await user.should_see("2 are chosen. Choose one")
        user.find(marker="suggest").click()
        await _until(lambda: "All to one rep" in _labels(page.ask.body))
        text = next(t for t in _labels(page.ask.body).splitlines() if "stands" in t)
        receiver = text.partition(" ")[0]
        then = page.draft.tried(["a20", "a30"], receiver)
        change = then.cost - page.draft.figures().cost
        assert f"{change:+,.0f} EUR as it stands" in text
        assert ("once repaired" in text) == bool(then.breaches)
        assert page.draft.version == 0
        _choose(user, 20)
        user.find(marker="suggest").click()
        await _until(lambda: "a20" in _labels(page.ask.body))
        owner = page.draft.owner["a20"]
        user.find(marker="one-move").click()
        await _until(lambda: page.draft.version > 0)
        assert page.draft.owner["a20"] != owner
        user.find(marker="why").click()
        await _until(lambda: "You moved it to" in _labels(page.ask.body))
        assert "limits[" not in _labels(page.ask.body)
        assert HOSTILE not in _labels(page.ask.body)
        user.find(marker="takers").click()
        await user.should_see("Choose the rep first")
        page._ask_about(_Event({"rep": "r2"}))
        user.find(marker="takers").click()
        await _until(lambda: "could take in" in _labels(page.ask.body))
        user.find(marker="about").click()
        await _until(lambda: "serves" in _labels(page.ask.body))

    _run(visit, course)


def test_what_giving_an_account_costs(visit: Visit) -> None:
    """A child solves with it, and says it with all that moves along."""

    async def course(user: Any) -> None:
        page = _page()
        _choose(user, 20)
        user.find(marker="why").click()
        await user.should_see(marker="price", retries=100)
        user.find(marker="price").click()
        await user.should_see("Choose the rep first")
        owner = page.draft.owner["a20"]
        other = next(rep for rep in page.rep_options if rep != owner)
        (to,) = user.find(marker="price-to").elements
        to.set_value(other)
        user.find(marker="price").click()
        told = f"a20 to {other}: the best plan with it costs"
        await _until(lambda: told in _text(user, "priced"), 90)
        assert "knock-on moves included" in _text(user, "priced")
        assert page.draft.version == 0

    _run(visit, course)


def test_who_saves_second_can_rebase(visit: Visit, workspace: Path) -> None:
    """They are told who was first, and their edits stand on the other's plan."""

    async def course(user: Any) -> None:
        from planner.web.shell import the_desk

        page, library = _page(), the_desk().library
        mine, both = "a20", "a30"
        reps = list(page.rep_options)
        to = {
            one: next(r for r in reps if r != page.draft.owner[one])
            for one in (mine, both)
        }
        theirs = library.draft("plans/first", "ann")
        third = next(r for r in reps if r not in (page.draft.owner[both], to[both]))
        page.give([mine], to[mine])
        page.give([both], to[both])
        theirs.move([both], third, by="ann")
        shutil.copytree(workspace / "plans" / "first", workspace / "plans" / "second")
        library.record_saved("plans/first", "plans/second", "ann")
        user.find(marker="save").click()
        await user.should_see("ann saved plans/second from the same plan meanwhile")
        user.find(marker="rebase").click()
        await _until(lambda: user.back_history[-1:] == ["/plan/plans/second"])
        moved = library.draft("plans/second", page.visitor.person)
        assert moved.owner[[mine, both]].to_dict() == to
        anew = library.draft("plans/first", page.visitor.person)
        assert anew.actions == ()

    _run(visit, course)


class _Event:
    def __init__(self, args: Any) -> None:
        self.args = args


def _labels(body: Any) -> str:
    """All text in a part of the page; markup as it is sent."""
    found = []
    for child in body.descendants():
        found += [str(getattr(child, "text", "") or getattr(child, "content", ""))]
    return "\n".join(found)


def test_names_are_text_everywhere(visit: Visit) -> None:
    """No markup of a table's making in anything that the page takes for markup."""

    async def course(user: Any) -> None:
        from nicegui import ui

        page = _page()
        _choose(user, 20)
        page.give(["a20"], "r0")
        page.give([f"a{i}" for i in range(60)], "r0")
        await _until(lambda: "r0" in page.rules.content)
        for element in page.client.elements.values():
            if isinstance(element, ui.html):
                assert "<img" not in element.content
        await _until(lambda: "&lt;img" in page.loads.content)

    _run(visit, course)


def test_rows_and_shapes_are_sent(visit: Visit) -> None:
    """The grid's rows, the map's shapes; a plan that is not there is a sentence."""

    async def course(user: Any) -> None:
        rows = (await user.http_client.get("/api/rows/plans/first")).json()
        assert (len(rows), rows[3]["id"]) == (ACCOUNTS, "a3")
        shapes = (await user.http_client.get("/api/geometry/plans/first")).json()
        assert len(shapes["accounts"]["names"]) == ACCOUNTS
        west, south, east, north = shapes["main"]
        assert shapes["extent"][0] <= west < east <= shapes["extent"][2]
        assert south < north
        away = await user.http_client.get("/api/rows/plans/none")
        assert away.status_code == 404
        assert "Traceback" not in away.text

    _run(visit, course)


def test_files_of_a_draft(visit: Visit) -> None:
    """The change list holds what was moved; a spreadsheet takes it for UTF-8."""

    async def course(user: Any) -> None:
        page = _page()
        other = next(r for r in page.rep_options if r != page.draft.owner["a20"])
        page.give(["a20"], other)
        user.find(marker="csv").click()
        answer = await user.download.next(timeout=5)
        text = answer.content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text)))
        assert rows[1][:2] == ["a20", f"{HOSTILE} 20"]
        assert (rows[1][4], len(rows)) == (other, 2)

    _run(visit, course)


def test_the_page_speaks_chinese(visit: Visit) -> None:
    """Words of the page, and of errors that come later."""

    async def course(user: Any) -> None:
        headers = {"accept-language": "zh-CN"}
        user.http_client.headers.update(headers)
        await _open(user)
        await user.should_see("另存为新方案")
        user.find(marker="move").click()
        await user.should_see("尚未选择")

    _run(visit, course)
