"""What people send: taken in or refused, always in a sentence, never elsewhere."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from planner import intake
from planner.embedded import write_example
from planner.errors import PlannerError
from planner.intake import check_taken
from planner.library import OWN, TABLES, Library
from planner.toml_text import with_value
from planner.web.reading import _read, read_apart
from tests.web.hostile_files import FILES, Hostile

Visit = Callable[[], AbstractAsyncContextManager[Any]]
KILLS = {"far cell"}
"""What ends the process that reads it."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a workspace with the example, below a folder that must stay as it is."""
    write_example(tmp_path / "outer" / "workspace")
    return tmp_path / "outer" / "workspace"


def _said(library: Library, file: Hostile, read: Callable[..., Any]) -> str:
    """Send a file, let the scenario read it, and return what is said; "" = it fits."""
    try:
        name = library.receive(file.name, file.content)
        text = with_value(library.text("plan.toml"), f"{file.table}.file", name)
        library.scenario("plan.toml", text)
        every = library.root / OWN / "faults" / "plan.csv"
        found = read(library.root / "plan.toml", text, every)
    except PlannerError as error:
        return str(error)
    if isinstance(found, dict):
        return "; ".join(
            one["rule"] + one["value"] + one["remedy"] for one in found["faults"]
        )
    return found.stopped or "; ".join(str(one) for one in found.faults)


@pytest.mark.parametrize("key", FILES)
def test_hostile_files(folder: Path, key: str) -> None:
    """Each is refused in a sentence, or read as the plain text that it is."""
    read = read_apart if key in KILLS else _read
    file = FILES[key]
    said = _said(Library(folder), file, read)
    assert re.search(file.says, said) if file.says else said == ""
    assert "Traceback" not in said
    outside = [one for one in folder.parents[1].rglob("*") if one.is_file()]
    assert all(one.is_relative_to(folder) for one in outside)
    for one in (folder / TABLES).glob("*"):
        assert one.suffix in intake.TAKEN
        assert not set(one.name) & set("<>\\:\0")


def test_a_large_file_is_refused() -> None:
    """Before it is written anywhere."""
    with pytest.raises(PlannerError, match="larger than 200 MB"):
        check_taken("a.csv", intake.LARGEST + 1, b"a")


def test_reading_that_takes_too_long_is_ended(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server waits no longer than it says, and says so."""
    monkeypatch.setitem(read_apart.__globals__, "SECONDS", 0.01)
    text = (folder / "plan.toml").read_text("utf-8")
    found = read_apart(folder / "plan.toml", text, folder / OWN / "faults" / "a.csv")
    assert "could not be read within" in found.stopped
    assert found.fit == ""


def _visit(visit: Visit, course: Callable[[Any], Any]) -> None:
    async def visiting() -> None:
        async with visit() as user:
            await course(user)

    asyncio.run(visiting())


async def _send(user: Any, file: Hostile) -> None:
    from nicegui import ui

    upload_file = ui.upload.SmallFileUpload
    (upload,) = user.find(kind=ui.upload).elements
    await upload.handle_uploads([upload_file(file.name, "text/csv", file.content)])


@pytest.mark.parametrize(
    "key", ["traversal", "bomb", "script tags", "far cell", "gzip"]
)
def test_sent_by_the_page(visit: Visit, workspace: Path, key: str) -> None:
    """The page says what the importer found, escaped, and still answers."""
    file = FILES[key]

    async def course(user: Any) -> None:
        from nicegui import ui

        await user.open("/scenario/small.toml")
        await _send(user, file)
        (result,) = user.find(marker="result").elements
        for _turn in range(600):
            told = [*user.notify.messages, result.content]
            if any(told) and "Reading" not in result.content:
                break
            await asyncio.sleep(0.05)
        said = " ".join(told)
        assert re.search(file.says.replace("<", "&lt;") or "fit to solve|fault", said)
        assert "<svg" not in said
        (editor,) = user.find(kind=ui.codemirror).elements
        assert ('file = "tables/' in editor.value) == (key != "gzip")
        assert (workspace / "small.toml").read_text("utf-8") != editor.value or (
            key == "gzip"
        )

    _visit(visit, course)
