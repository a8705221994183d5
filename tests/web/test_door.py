"""The door: tickets, passwords, sessions, origins, limits; no browser, no server."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from planner.web import auth
from planner.web.auth import Door, Guard

HOST = "127.0.0.1:8400"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where sessions are kept."""
    return tmp_path / ".planner" / "sessions.json"


def _door(file: Path, password: str | None = None) -> Door:
    return Door(file, password, ("127.0.0.1", "localhost", "::1"))


async def _app(scope: Any, receive: Any, send: Any) -> None:
    """Read all, answer 200; of a socket, hear until it ends."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"in"})


def _ask(
    door: Door,
    path: str = "/",
    *,
    method: str = "GET",
    secret: str | None = None,
    kind: str = "http",
    heard: list[dict[str, Any]] | None = None,
    **headers: str,
) -> list[Any]:
    """Return what the guard sends."""
    given = {"host": HOST, **{k.replace("_", "-"): v for k, v in headers.items()}}
    if secret is not None:
        given["cookie"] = f"other=1; {door.cookie}={secret}"
    scope = {
        "type": kind,
        "method": method,
        "path": path,
        "headers": [(k.encode(), v.encode("latin-1")) for k, v in given.items()],
    }
    queue = heard or [{"type": "http.request", "body": b"", "more_body": False}]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return queue.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Guard(_app, door)(scope, receive, send))
    return sent


def _status(sent: list[Any]) -> int:
    return int(sent[0].get("status") or sent[0]["code"] - 4000)


def test_a_ticket_opens_once(file: Path) -> None:
    """The second to use it, and one who guesses, stay outside."""
    door = _door(file)
    ticket = door.ticket()
    assert door.use_ticket("guess", "me") is None
    secret = door.use_ticket(ticket, "me")
    assert secret is not None
    assert len(secret) >= 43  # 256 bits
    assert door.use_ticket(ticket, "me") is None
    assert _status(_ask(door, secret=secret)) == 200


def test_secrets_are_not_on_the_disk(file: Path) -> None:
    """Only their digests are, and nobody else may read the file."""
    door = _door(file)
    secret = door.use_ticket(door.ticket(), "me")
    assert secret is not None
    assert secret not in file.read_text("utf-8")
    assert file.stat().st_mode & 0o077 == 0


def test_a_session_outlives_the_server_until_it_is_left(file: Path) -> None:
    """A restart ends none; leaving ends it, before and after a restart."""
    door = _door(file)
    secret = door.use_ticket(door.ticket(), "me")
    assert secret is not None
    again = _door(file)
    assert (again.session(secret) or {})["person"] == "me"
    again.end(secret)
    assert _status(_ask(again, secret=secret)) == 303
    assert _door(file).session(secret) is None


def test_another_password_ends_all_sessions(file: Path) -> None:
    """Who knew only the old one is out; so is who came by a link before."""
    door = _door(file, "first")
    secret = door.log_in("first", "me")
    assert secret is not None
    assert _door(file, "first").session(secret) is not None
    assert _door(file, "second").session(secret) is None
    assert _door(file).session(secret) is None


def test_sessions_end_when_long_unused(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And are forgotten on the disk, too."""
    door = _door(file)
    old = door.use_ticket(door.ticket(), "old")
    now = auth.time.time()
    monkeypatch.setattr(auth.time, "time", lambda: now + auth.LIVES_S + 1)
    assert door.session(old) is None
    door.use_ticket(door.ticket(), "new")
    assert [one["person"] for one in json.loads(file.read_text("utf-8")).values()] == [
        "new"
    ]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1}', '{"a": {"used": "x"}}'])
def test_a_broken_file_of_sessions_lets_nobody_in(file: Path, text: str) -> None:
    """And does not keep the server from starting."""
    file.parent.mkdir()
    file.write_text(text, "utf-8")
    assert _door(file).session("a") is None


def test_wrong_passwords_are_slowed_down(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five from one address: then even the right one must wait; others come in."""
    door = _door(file, "right")
    assert door.log_in("", "me", "a") is None
    for _try in range(4):
        assert door.log_in("wrong", "me", "a") is None
    assert door.log_in("right", "me", "a") is None
    assert door.log_in("right", "me", "b") is not None
    for number in range(45):
        door.log_in("wrong", "me", f"host {number}")
    assert door.log_in("right", "me", "c") is None
    now = auth.time.monotonic()
    monkeypatch.setattr(auth.time, "monotonic", lambda: now + auth.PAUSE_S + 1)
    assert door.log_in("right", "me", "a") is not None


def test_nobody_is_served_without_a_session(file: Path) -> None:
    """Pages lead to the login, all else is refused; the login is open."""
    door = _door(file)
    assert _status(_ask(door)) == 303
    assert _status(_ask(door, "/api/rows/plans/a")) == 303
    assert _status(_ask(door, "/_nicegui/1/static/x.js")) == 401
    assert _status(_ask(door, secret="guess")) == 303
    assert _status(_ask(door, "/_nicegui_ws/socket.io/", kind="websocket")) == 401
    assert _status(_ask(door, "/login")) == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "[", "@"]
)
def test_other_names_for_this_machine_are_refused(file: Path, host: str) -> None:
    """A name that somebody points at this machine is no way in."""
    door = _door(file)
    secret = door.use_ticket(door.ticket(), "me")
    assert _status(_ask(door, secret=secret, host=host)) == 403
    assert _status(_ask(door, "/login", host=host)) == 403
    sent = _ask(door, "/_nicegui_ws/", kind="websocket", secret=secret, host=host)
    assert _status(sent) == 403


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://127.0.0.1:9999", "null", "http://[", ""]
)
def test_pages_of_others_are_refused(file: Path, kind: str, origin: str) -> None:
    """Also of another port of this machine, whose pages send our cookie along."""
    door = _door(file)
    secret = door.use_ticket(door.ticket(), "me")
    for method in ("GET", "POST"):
        sent = _ask(door, method=method, kind=kind, secret=secret, origin=origin)
        assert _status(sent) == 403
    own = _ask(door, method="POST", secret=secret, origin=f"http://{HOST}")
    assert _status(own) == 200


def test_a_socket_ends_with_its_session(file: Path) -> None:
    """What another tab still sends after leaving is not heard."""
    door = _door(file)
    secret = door.use_ticket(door.ticket(), "me")
    assert secret is not None
    heard = [{"type": "websocket.connect"}]
    heard += [{"type": "websocket.receive", "text": str(i)} for i in range(3)]
    heard += [{"type": "websocket.disconnect"}]

    class Leaving(list):  # type: ignore[type-arg]
        def pop(self, at: Any = 0) -> Any:
            if len(self) == 3:  # one was heard
                door.end(secret)
            return super().pop(at)

    sent = _ask(door, kind="websocket", secret=secret, heard=list(heard))
    assert [one.get("text") for one in sent[1:]] == ["0", "1", "2"]
    sent = _ask(door, kind="websocket", secret=secret, heard=Leaving(heard))
    assert [one.get("text") for one in sent[1:]] == ["0"]


def test_bodies_are_bounded(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what they say of their length, and by what comes; outside, far less."""
    door = _door(file, "right")
    secret = door.log_in("right", "me")
    parts = [{"type": "http.request", "body": b"x" * 6000, "more_body": True}] * 3
    sent = _ask(door, "/login", method="POST", heard=[*parts])
    assert _status(sent) == 413
    assert _status(_ask(door, "/login", method="POST", content_length="10001")) == 413
    assert _status(_ask(door, "/login", method="POST", content_length="-1")) == 413
    assert (
        _status(_ask(door, "/login", method="POST", content_length="9" * 5000)) == 413
    )
    last = {"type": "http.request", "body": b"x", "more_body": False}
    inside = _ask(door, method="POST", secret=secret, heard=[*parts, last])
    assert _status(inside) == 200
    monkeypatch.setattr(auth, "MOST_BYTES", 10_000)
    sent = _ask(door, method="POST", secret=secret, heard=[*parts, last])
    assert _status(sent) == 413


def test_every_answer_says_what_a_browser_may_do(file: Path) -> None:
    """Also refusals: no guessing of kinds, no frames, nothing from elsewhere."""
    door = _door(file)
    secret = door.use_ticket(door.ticket(), "me")
    for sent in (
        _ask(door, secret=secret),
        _ask(door),
        _ask(door, "/login"),
        _ask(door, host="evil.example"),
        _ask(door, "/_nicegui/x"),
    ):
        headers = dict(sent[0]["headers"])
        assert headers[b"x-content-type-options"] == b"nosniff"
        assert headers[b"x-frame-options"] == b"DENY"
        assert headers[b"referrer-policy"] == b"no-referrer"
        policy = headers[b"content-security-policy"].decode()
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "http" not in policy


def test_each_workspace_has_its_own_cookie(tmp_path: Path) -> None:
    """Ports of one machine share cookies: two servers must not log each other out."""
    one, two = (_door(tmp_path / name / "sessions.json") for name in ("a", "b"))
    assert one.cookie != two.cookie


def test_names_and_languages_are_kept_with_a_session(file: Path) -> None:
    """Over a restart; to a session that has ended nothing happens."""
    door = _door(file)
    secret = door.use_ticket(door.ticket(), "me")
    assert secret is not None
    door.change(secret, language="zh")
    assert (_door(file).session(secret) or {})["language"] == "zh"
    door.end(secret)
    door.change(secret, language="en")
    assert door.session(secret) is None
