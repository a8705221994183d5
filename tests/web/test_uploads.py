"""What people send: taken in or refused, always in a sentence, never elsewhere."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from planner import intake
from planner.embedded import write_example
from planner.errors import Fault, PlannerError
from planner.intake import check_taken
from planner.library import OWN, TABLES, Library
from planner.tables.shapes import read_shapes
from planner.toml_text import with_value
from planner.web.reading import Found, _read, read_apart
from tests.web.hostile_files import FILES, Hostile, linking

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
        faults = [Fault(**one) for one in found.pop("faults")]
        found = Found(**{**found, "faults": faults, "warnings": []})
    if found.refuses(name):
        library.take_back(name)
        assert not (library.root / TABLES).exists()
    return found.stopped or "; ".join(
        one.rule + one.value + one.remedy for one in found.faults
    )


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


def test_what_is_no_table_leaves_nothing(folder: Path) -> None:
    """Others that were sent stay; a table with faults stays, to be looked at."""
    library = Library(folder)
    assert _said(library, FILES["noise"], _read) != ""
    assert not (folder / TABLES).exists()
    assert _said(library, FILES["script tags"], _read) != ""
    (kept,) = (folder / TABLES).iterdir()
    assert kept.name == "a.csv"


@pytest.mark.parametrize("at", [TABLES, "a.csv"])
def test_links_of_the_workspace_lead_nowhere(folder: Path, at: str) -> None:
    """Neither is a table written through a link, nor read through one."""
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.csv").write_text("account_id\n1\n")
    (folder / at).symlink_to(elsewhere if at == TABLES else elsewhere / "a.csv")
    library = Library(folder)
    if at == TABLES:
        with pytest.raises(PlannerError, match="is not in this workspace"):
            library.receive("b.csv", b"account_id\n1\n")
    text = with_value(
        library.text("plan.toml"),
        "accounts.file",
        "tables/a.csv" if at == TABLES else at,
    )
    with pytest.raises(PlannerError, match="is not a file in this workspace"):
        library.scenario("plan.toml", text)
    assert [one.name for one in elsewhere.iterdir()] == ["a.csv"]


def test_shapes_call_no_other_machine(tmp_path: Path) -> None:
    """An address in a file of shapes is not asked; one in its columns is a text."""
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        path = tmp_path / "r.geojson"
        path.write_bytes(linking(f"http://127.0.0.1:{server.server_port}/crs"))
        with pytest.raises(PlannerError, match="at an address"):
            read_shapes(path)
        server.shutdown()
    assert asked == []
    plain = linking("").replace(b'"crs": {"type": "link"', b'"href": {"type": "link"')
    path.write_bytes(plain.replace(b'"a"', b'"\\u0061"'))
    assert list(read_shapes(path)["region_id"]) == ["a"]
    path.write_bytes(b'{"href": 1, "type"')
    with pytest.raises(PlannerError, match="at an address"):
        read_shapes(path)


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
    "key", ["traversal", "bomb", "script tags", "far cell", "gzip", "noise"]
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
            if any(told) and not re.search("Reading|Sending", result.content):
                break
            await asyncio.sleep(0.05)
        said = " ".join(told)
        assert re.search(file.says.replace("<", "&lt;") or "fit to solve|fault", said)
        assert "<svg" not in said
        (editor,) = user.find(kind=ui.codemirror).elements
        kept = key in ("traversal", "script tags")
        assert ('file = "tables/' in editor.value) == kept
        assert (workspace / TABLES).exists() == kept
        saved = (workspace / "small.toml").read_text("utf-8")
        assert (saved != editor.value) == kept
        if not kept and key != "gzip":
            assert "is not taken" in said

    _visit(visit, course)
