"""The server itself, over HTTP: links, passwords, restarts, kills, hostile requests."""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from planner.embedded import write_example
from planner.web.log import LOG_FILE, keep_log

httpx = pytest.importorskip("httpx")


class Server:
    """A server in a process of its own."""

    def __init__(self, workspace: Path, *options: str, **settings: str) -> None:
        known = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
        root = str(Path(__file__).parents[2])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "planner.cli", "serve", str(workspace), *options],
            stderr=subprocess.PIPE,
            text=True,
            env=known | {"PYTHONPATH": root} | settings,
        )
        assert self.process.stderr is not None
        self.said = ""
        for line in self.process.stderr:
            self.said += line
            if found := re.search(r"http://\S+", line):
                self.link = found.group()
                break
        else:
            self.process.wait()
            raise RuntimeError(self.said)
        self.base = self.link.partition("/enter")[0].rstrip("/")

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()


@contextmanager
def serving(workspace: Path, *options: str, **settings: str) -> Iterator[Server]:
    """Serve a workspace."""
    server = Server(workspace, *options, **settings)
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a workspace with the example."""
    write_example(tmp_path / "workspace")
    return tmp_path / "workspace"


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def _cookie(answer: Any) -> str:
    return str(answer.headers["set-cookie"])


def test_link_session_restart_and_leaving(folder: Path) -> None:
    """The link works once; the session outlives a kill; a stranger gets nothing."""
    port = _free_port()
    with serving(folder, "--port", port) as server, httpx.Client() as browser:
        assert server.base == f"http://127.0.0.1:{port}"
        assert httpx.get(f"{server.base}/").headers["location"] == "/login"
        answer = browser.get(server.link)
        assert answer.status_code == 303
        assert "HttpOnly" in _cookie(answer)
        assert "SameSite=lax" in _cookie(answer)
        page = browser.get(f"{server.base}/")
        assert page.status_code == 200
        assert page.headers["x-frame-options"] == "DENY"
        assert "default-src 'self'" in page.headers["content-security-policy"]
        again = httpx.get(server.link)
        assert again.status_code == 401
        assert "used already" in again.text
        assert browser.get(server.link).status_code == 303  # who is in stays in
        _hostile_requests(server, browser)
        server.kill()
        with serving(folder, "--port", port) as second:
            assert browser.get(f"{second.base}/").status_code == 200
            assert httpx.get(server.link).status_code == 401


def _hostile_requests(server: Server, browser: Any) -> None:
    """Whatever is asked, the server goes on, and shows no traceback."""
    host = server.base.removeprefix("http://")
    evil = {"origin": "http://evil.example"}
    assert browser.post(f"{server.base}/login", headers=evil).status_code == 403
    assert browser.get(f"{server.base}/", headers=evil).status_code == 403
    named = {"host": "evil.example"}
    assert browser.get(f"{server.base}/", headers=named).status_code == 403
    assert browser.get(f"{server.base}/api/rows/..%2f..%2fetc").status_code == 404
    assert browser.get(f"{server.base}/api/geometry/%00").status_code == 404
    assert browser.get(f"{server.base}/api/rows/{'a' * 5000}").status_code == 404
    assert browser.get(f"{server.base}/nowhere").status_code == 404
    for text in (
        f"GET / HTTP/1.1\r\nHost: {host}\r\nX: {'a' * 2**20}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: {host}\r\nCookie: {'=;' * 3000}\r\n\r\n",
        f"POST /login HTTP/1.1\r\nHost: {host}\r\nContent-Length: 99999999\r\n\r\n",
        "GET \0 HTTP/9\r\n\r\n",
        "\x16\x03\x01" * 100,
    ):
        answer = _raw(server, text)
        assert not answer.startswith("HTTP/1.1 2") or "Cookie" in text
        assert "Traceback" not in answer
    assert browser.get(f"{server.base}/").status_code == 200


def _raw(server: Server, text: str) -> str:
    host, _colon, port = server.base.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as line:
        try:
            line.sendall(text.encode("latin-1"))
            return line.recv(4096).decode("latin-1")
        except OSError:
            return ""


def test_password_from_the_environment(folder: Path) -> None:
    """Asked for, not told: neither printed nor in the list of processes."""
    with serving(folder, PLANNER_PASSWORD="long and secret") as server:
        assert "ticket" not in server.link
        assert "secret" not in server.said
        with httpx.Client(base_url=server.base) as browser:
            form = browser.get("/login").text
            assert 'type="password"' in form
            wrong = {"person": "Ann", "password": "guess"}
            assert browser.post("/login", data=wrong).status_code == 401
            right = {"person": "<b>Ann</b>", "password": "long and secret"}
            assert browser.post("/login", data=right).status_code == 303
            page = browser.get("/")
            assert page.status_code == 200
            assert "<b>Ann</b>" not in page.text
            assert browser.get("/enter?ticket=guess").status_code == 303
        with httpx.Client(base_url=server.base) as stranger:
            for _try in range(5):
                stranger.post("/login", data=wrong)
            assert stranger.post("/login", data=right).status_code == 401


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--host", "0.0.0.0"], "PLANNER_PASSWORD"),
        (["--port", "{taken}"], "is taken"),
    ],
)
def test_what_does_not_serve_says_why(
    folder: Path, options: list[str], says: str
) -> None:
    """In one sentence, with exit code 2 or 1, and no traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        options = [one.format(taken=port) for one in options]
        with pytest.raises(RuntimeError, match=says) as told:
            Server(folder, *options)
    assert "Traceback" not in str(told.value)


def test_one_server_for_a_workspace(folder: Path) -> None:
    """Two would not see each other's edits; after a kill the next may begin."""
    second = pytest.raises(RuntimeError, match="Another planner serve has")
    with serving(folder), second:
        Server(folder)
    with serving(folder):
        pass


def test_browsers_that_leave_are_no_news(folder: Path) -> None:
    """Requests given up at any moment: the terminal says nothing, a file does."""
    with serving(folder) as server, httpx.Client() as browser:
        browser.get(server.link)
        host = server.base.removeprefix("http://")
        name, _colon, port = host.partition(":")
        cookie = "; ".join(f"{k}={v}" for k, v in browser.cookies.items())
        for turn in range(40):
            path = ("/", "/plan/none", "/api/rows/none", "/login")[turn % 4]
            with socket.create_connection((name, int(port)), timeout=5) as line:
                head = f"Host: {host}\r\nCookie: {cookie}\r\n\r\n"
                line.sendall(f"GET {path} HTTP/1.1\r\n{head}".encode())
                time.sleep(0.003 * (turn % 10))
                gone = struct.pack("ii", 1, 0)  # closed without a word
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, gone)
        time.sleep(1)
        assert browser.get(f"{server.base}/").status_code == 200
        server.kill()
        assert server.process.stderr is not None
        assert server.process.stderr.read() == ""


def test_what_goes_wrong_is_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Traceback and all; the terminal stays as it was."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(logging, "raiseExceptions", True)
    keep_log(tmp_path)
    try:
        raise RuntimeError("No response returned.")
    except RuntimeError:
        logging.getLogger("uvicorn.error").exception("in an application")
    finally:
        logging.captureWarnings(False)
        root.handlers[0].close()
    found = (tmp_path / LOG_FILE).read_text("utf-8")
    assert "Traceback" in found
    assert "RuntimeError: No response returned." in found
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal there")
def test_ctrl_c_ends_it_in_silence(folder: Path) -> None:
    """No traceback, no child left behind."""
    with serving(folder) as server:
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(10) in (0, 130)
        assert server.process.stderr is not None
        assert "Traceback" not in server.process.stderr.read()
