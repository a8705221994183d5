"""Who may come in: a one-time link on this machine, a password from elsewhere."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "planner_session"
OPEN = ("/enter", "/login")
"""What is served without a session."""
LIVES_S = 30 * 24 * 3600
"""A session that was not used for so long has ended."""
FAILURES, PAUSE_S = 5, 30.0
"""After so many wrong passwords nobody is let in for so many seconds."""


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Door:
    """
    Sessions, kept on disk by the digest of their secret: a restart ends none.

    Parameters
    ----------
    file
        Where sessions are kept.
    password
        Asked for at the login; None: a one-time link opens the door.
    hosts
        Names by which this server may be called; None: any.
    """

    def __init__(
        self, file: Path, password: str | None, hosts: tuple[str, ...] | None
    ) -> None:
        self.file, self.hosts = file, hosts
        self._password = None if password is None else _digest(password)
        self._tickets: set[str] = set()
        self._failed: list[float] = []
        self._sessions: dict[str, dict[str, Any]] = {}
        try:
            known = json.loads(file.read_text("utf-8"))
            if isinstance(known, dict):
                self._sessions = known
        except (OSError, ValueError):
            pass

    @property
    def asks_password(self) -> bool:
        """Whether people log in."""
        return self._password is not None

    def ticket(self) -> str:
        """Return the secret of a link that opens the door once."""
        secret = secrets.token_urlsafe(32)
        self._tickets.add(_digest(secret))
        return secret

    def use_ticket(self, secret: str, person: str) -> str | None:
        """Return a new session's secret; None for a ticket that is used or unknown."""
        digest = _digest(secret)
        if digest not in self._tickets:
            return None
        self._tickets.discard(digest)
        return self._begin(person)

    def log_in(self, password: str, person: str) -> str | None:
        """Return a new session's secret; None for a wrong password."""
        now = time.monotonic()
        self._failed = [at for at in self._failed if now - at < PAUSE_S]
        if self._password is None or len(self._failed) >= FAILURES:
            return None
        if not hmac.compare_digest(_digest(password), self._password):
            self._failed.append(now)
            return None
        return self._begin(person)

    def _begin(self, person: str) -> str:
        secret = secrets.token_urlsafe(32)
        self._sessions[_digest(secret)] = {"person": person, "used": time.time()}
        self._keep()
        return secret

    def session(self, secret: str | None) -> dict[str, Any] | None:
        """Return what is known of a session; None where there is none any more."""
        found = self._sessions.get(_digest(secret)) if secret else None
        if found is None or time.time() - found["used"] > LIVES_S:
            return None
        if time.time() - found["used"] > 3600:
            found["used"] = time.time()
            self._keep()
        return found

    def change(self, secret: str, **what: str) -> None:
        """Keep something with a session, such as a name or a language."""
        self._sessions[_digest(secret)].update(what)
        self._keep()

    def end(self, secret: str) -> None:
        """End a session."""
        if self._sessions.pop(_digest(secret), None) is not None:
            self._keep()

    def _keep(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.file.with_name(f".{self.file.name}.{os.getpid()}")
        number = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(number, "w", encoding="utf-8") as stream:
            json.dump(self._sessions, stream)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self.file)


def secret_of(headers: dict[str, str]) -> str | None:
    """Return the session's secret that a request brings."""
    try:
        cookie = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return None
    return cookie[COOKIE].value if COOKIE in cookie else None


def headers_of(scope: Scope) -> dict[str, str]:
    """Return the headers of a request, names in lower case."""
    return {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}


class Guard:
    """
    Let nobody through without a session, and no page of another site at all.

    Wraps the whole application, sockets included: an address that answers any origin,
    or any name that somebody points at this machine, would be a way in.
    """

    def __init__(self, app: App, door: Door) -> None:
        self.app, self.door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = headers_of(scope)
        if not self._ours(scope, headers):
            await self._refuse(scope, send, 403)
        elif scope["path"] in OPEN or self.door.session(secret_of(headers)):
            await self.app(scope, receive, self._safe(send))
        elif scope["type"] == "websocket" or scope["path"].startswith("/_nicegui"):
            await self._refuse(scope, send, 401)
        else:
            await self._to_login(send)

    def _ours(self, scope: Scope, headers: dict[str, str]) -> bool:
        """Whether a request is for this server, and from its own pages."""
        host = headers.get("host", "")
        name = urlsplit(f"//{host}").hostname or ""
        if self.door.hosts is not None and name not in self.door.hosts:
            return False
        origin = headers.get("origin")
        changes = scope["type"] == "websocket" or scope.get("method") not in (
            "GET",
            "HEAD",
        )
        return not (changes and origin) or urlsplit(origin or "").netloc == host

    @staticmethod
    def _safe(send: Send) -> Send:
        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", []),
                    (b"x-content-type-options", b"nosniff"),
                    (b"x-frame-options", b"DENY"),
                    (b"referrer-policy", b"no-referrer"),
                ]
            await send(message)

        return with_headers

    @staticmethod
    async def _refuse(scope: Scope, send: Send, status: int) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 4000 + status})
            return
        head = {"type": "http.response.start", "status": status, "headers": []}
        await send(head)
        await send({"type": "http.response.body", "body": b""})

    @staticmethod
    async def _to_login(send: Send) -> None:
        head = [(b"location", b"/login"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 303, "headers": head})
        await send({"type": "http.response.body", "body": b""})
