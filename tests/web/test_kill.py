"""The server killed in mid-edit, and networks that are gone for a while."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from planner.library import OWN
from planner.web.payload import encoded
from tests.web.test_browser import browser
from tests.web.test_server import Server, _free_port
from tests.web_case import ACCOUNTS

__all__ = ["browser"]

KILLS = int(os.environ.get("PLANNER_KILLS", "2"))
"""How often the server is killed; 50 before a release."""
GAP_S = float(os.environ.get("PLANNER_GAP", "12"))
PAGE = "/plan/plans/first"
EDITING = """
(bits) => {
  const id = Number(document.querySelector('.territory-map').id.slice(1));
  const button = [...document.querySelectorAll('button')]
    .find(b => b.innerText.trim() === 'Move');
  const latest = () =>
    document.querySelector('.planner-edits tbody tr th')?.innerText ?? '';
  window.confirmed = [];
  const next = () => new Promise(done => requestAnimationFrame(done));
  (async () => {
    for (const [account, chosen] of bits) {
      getElement(id).$emit('select', {accounts: chosen, regions: '', count: 1});
      button.click();
      while (latest() !== account) await next();
      window.confirmed.push(account);
    }
  })();
}
"""


def _bits(account: int) -> str:
    flags = np.zeros(ACCOUNTS, dtype=bool)
    flags[account] = True
    return encoded(np.packbits(flags, bitorder="little"), "u1")


@pytest.fixture
def tab(browser: Any) -> Iterator[Any]:
    """Return a tab of its own."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


def _open(tab: Any, base: str) -> None:
    tab.goto(base + PAGE)
    tab.wait_for_function("document.querySelector('.territory-map')?.map?.frames > 0")
    tab.get_by_role("tab", name="Edits").click()


def _logged(workspace: Path) -> list[str]:
    """Lines of the one log of edits, the torn last one left aside."""
    logs = list((workspace / OWN / "drafts").glob("*.jsonl"))
    return logs[0].read_text("utf-8").split("\n")[:-1] if logs else []


def _shows(tab: Any, edits: int) -> None:
    """The page lists so many edits, or as many as it lists at most."""
    tab.wait_for_function(
        "n => document.querySelectorAll('.planner-edits tbody tr').length === n",
        arg=min(edits, 200),
    )


def test_kill_in_mid_edit(made: Path, tmp_path: Path, tab: Any) -> None:
    """After a restart everything up to the last confirmed action is on the page."""
    workspace = shutil.copytree(made, tmp_path / "workspace")
    port, rng = _free_port(), random.Random(7)
    server = Server(workspace, "--port", port)
    tab.goto(server.link)
    before = 0
    try:
        for attempt in range(KILLS):
            _open(tab, server.base)
            _shows(tab, before)
            _choose_rep(tab, f"r{1 + attempt % 7}")
            ids = [6 + (before + i) % (ACCOUNTS - 6) for i in range(150)]
            tab.evaluate(EDITING, [[f"a{i}", _bits(i)] for i in ids])
            tab.wait_for_function("window.confirmed.length > 0")
            tab.wait_for_timeout(rng.uniform(0, 700))
            server.kill()
            confirmed = tab.evaluate("window.confirmed.length")
            server = Server(workspace, "--port", port)
            _open(tab, server.base)
            lines = _logged(workspace)
            assert before + confirmed <= len(lines) <= before + confirmed + 1
            _shows(tab, len(lines))
            print(f"kill {attempt + 1}: {confirmed} confirmed, {len(lines)} kept")
            before = len(lines)
    finally:
        server.kill()


class Line:
    """A line to the server that can be cut, and comes back."""

    def __init__(self, port: int) -> None:
        self.to, self.cut = port, False
        self.open: set[asyncio.StreamWriter] = set()
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        threading.Thread(target=self._run, args=(ready,), daemon=True).start()
        ready.wait(10)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self.loop)

        async def begin() -> None:
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
            self.port = server.sockets[0].getsockname()[1]
            ready.set()

        self.loop.run_until_complete(begin())
        self.loop.run_forever()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if self.cut:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to)
        self.open |= {writer, far_writer}
        await asyncio.gather(
            self._pass(reader, far_writer), self._pass(far_reader, writer)
        )

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    def switch(self, cut: bool) -> None:
        """Cut the line, or mend it."""

        def now() -> None:
            self.cut = cut
            for writer in self.open if cut else ():
                writer.transport.abort()
            self.open.clear()

        self.loop.call_soon_threadsafe(now)


def test_a_gap_in_the_network(made: Path, tmp_path: Path, tab: Any) -> None:
    """Twelve seconds without a line: the page goes on, with all that was done."""
    workspace = shutil.copytree(made, tmp_path / "workspace")
    server = Server(workspace)
    try:
        line = Line(int(server.base.rpartition(":")[2]))
        base = f"http://127.0.0.1:{line.port}"
        tab.goto(base + "/enter?" + server.link.partition("?")[2])
        _open(tab, base)
        tab.evaluate("window.sameAsBefore = true")
        _edit(tab, "r1", 6)
        line.switch(cut=True)
        tab.wait_for_timeout(GAP_S * 1000)
        line.switch(cut=False)
        tab.wait_for_function(
            "getComputedStyle(document.querySelector('#popup')).opacity === '0' "
            "|| document.querySelector('#popup').getAttribute('aria-hidden') === 'true'"
        )
        _edit(tab, "r2", 7)
        assert tab.evaluate("window.sameAsBefore") is True  # it was not loaded anew
        assert len(_logged(workspace)) == 2
        tab.reload()
        tab.get_by_role("tab", name="Edits").click()
        _shows(tab, 2)
    finally:
        server.kill()


def _edit(tab: Any, rep: str, account: int) -> None:
    _choose_rep(tab, rep)
    tab.evaluate(EDITING, [[f"a{account}", _bits(account)]])
    tab.wait_for_function("window.confirmed.length === 1")


def _choose_rep(tab: Any, rep: str) -> None:
    tab.locator(".to-rep input").fill(rep)
    tab.locator(".q-menu .q-item").filter(has_text=rep).first.click()
