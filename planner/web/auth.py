"""Who may come in: a one-time link on this machine, a password from elsewhere."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from threading import RLock
from typing import Any
from urllib.parse import urlsplit

from planner.intake import LARGEST

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "planner_session"
"""Begin of the cookie's name; each workspace has its own, since ports share cookies."""
OPEN = ("/enter", "/login", "/favicon.ico")
"""What is served without a session."""
LIVES_S = 30 * 24 * 3600
"""A session that was not used for so long has ended."""
FAILURES, PAUSE_S = 5, 30.0
"""After so many wrong passwords an address is not let in for so many seconds."""
FAILURES_OF_ALL = 50
"""The same, for all addresses together."""
MOST_BYTES, MOST_BYTES_OUTSIDE = LARGEST + 2**20, 10_000
"""Of the body of a request; of one without a session."""
POLICY = "; ".join(
    (
        "default-src 'self'",
        # The page's framework builds its views from text, in the page itself.
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self' {socket}",
        "worker-src 'self' blob:",
        "frame-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""Nothing is fetched from, or sent to, another place than this server."""


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


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
        self.cookie = f"{COOKIE}_{_digest(str(file.resolve()))[:8]}"
        self._password = None if password is None else _digest(password)
        self._tickets: set[str] = set()
        self._failed: list[tuple[float, str]] = []
        self._lock = RLock()
        self._sessions = _read_sessions(file, self._password or "")

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
        with self._lock:
            digest = _digest(secret)
            if digest not in self._tickets:
                return None
            self._tickets.discard(digest)
            return self._begin(person)

    def log_in(self, password: str, person: str, address: str = "") -> str | None:
        """Return a new session's secret; None for a wrong password, or too many."""
        with self._lock:
            now = time.monotonic()
            self._failed = [one for one in self._failed if now - one[0] < PAUSE_S]
            here = sum(1 for _at, whose in self._failed if whose == address)
            too_many = here >= FAILURES or len(self._failed) >= FAILURES_OF_ALL
            if self._password is None or too_many:
                return None
            if not hmac.compare_digest(_digest(password), self._password):
                self._failed.append((now, address))
                return None
            return self._begin(person)

    def _begin(self, person: str) -> str:
        secret, now = secrets.token_urlsafe(32), time.time()
        self._sessions[_digest(secret)] = {
            "person": person,
            "used": now,
            "by": _digest(self._password or ""),
        }
        self._keep()
        return secret

    def session(self, secret: str | None) -> dict[str, Any] | None:
        """Return what is known of a session; None where there is none any more."""
        with self._lock:
            found = self._sessions.get(_digest(secret)) if secret else None
            if found is None or time.time() - found["used"] > LIVES_S:
                return None
            if time.time() - found["used"] > 3600:
                found["used"] = time.time()
                self._keep()
            return found

    def change(self, secret: str, **what: str) -> None:
        """Keep something with a session, such as a name or a language."""
        with self._lock:
            known = self._sessions.get(_digest(secret))
            if known is not None:
                known.update(what)
                self._keep()

    def end(self, secret: str) -> None:
        """End a session."""
        with self._lock:
            if self._sessions.pop(_digest(secret), None) is not None:
                self._keep()

    def _keep(self) -> None:
        now = time.time()
        for digest, one in list(self._sessions.items()):
            if now - one["used"] > LIVES_S:
                del self._sessions[digest]
        self.file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.file.with_name(f".{self.file.name}.{os.getpid()}")
        number = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(number, "w", encoding="utf-8") as stream:
            json.dump(self._sessions, stream)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self.file)


def _read_sessions(file: Path, password: str) -> dict[str, dict[str, Any]]:
    """Return the sessions that still hold: those of another password have ended."""
    found: dict[str, dict[str, Any]] = {}
    with suppress(OSError, ValueError, AttributeError):
        for digest, one in json.loads(file.read_text("utf-8")).items():
            with suppress(KeyError, TypeError, ValueError):
                if one["by"] == _digest(password):
                    found[digest] = {**one, "used": float(one["used"])}
    return found


def secret_of(headers: dict[str, str], name: str) -> str | None:
    """Return the session's secret that a request brings in a cookie."""
    try:
        cookie = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return None
    return cookie[name].value if name in cookie else None


def headers_of(scope: Scope) -> dict[str, str]:
    """Return the headers of a request, names in lower case."""
    return {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}


class Guard:
    """
    Let nobody through without a session, and no page of another site at all.

    Wraps the whole application, sockets included: an address that answers any origin,
    or any name that somebody points at this machine, would be a way in. A socket ends
    with its session.
    """

    def __init__(self, app: App, door: Door) -> None:
        self.app, self.door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = headers_of(scope)
        safe = self._safe(send, headers.get("host", ""))
        secret = secret_of(headers, self.door.cookie)
        inside = self.door.session(secret) is not None
        if not self._ours(headers):
            await _refuse(scope, safe, 403)
        elif scope["path"] in OPEN or inside:
            if scope["type"] == "websocket":
                await self.app(scope, self._while_in(receive, secret), safe)
            else:
                most = MOST_BYTES if inside else MOST_BYTES_OUTSIDE
                await _bounded(self.app, scope, receive, safe, most)
        elif scope["type"] == "websocket" or scope["path"].startswith("/_nicegui"):
            await _refuse(scope, safe, 401)
        else:
            await _answer(safe, 303, (b"location", b"/login"))

    def _ours(self, headers: dict[str, str]) -> bool:
        """Whether a request is for this server, and from its own pages."""
        host = headers.get("host", "")
        try:
            name = urlsplit(f"//{host}").hostname or ""
            origin = headers.get("origin")
            from_here = origin is None or urlsplit(origin).netloc == host
        except ValueError:
            return False
        return from_here and (self.door.hosts is None or name in self.door.hosts)

    def _while_in(self, receive: Receive, secret: str | None) -> Receive:
        """Let a socket hear nothing more once its session has ended."""

        async def heard() -> Message:
            message = await receive()
            if (
                message["type"] == "websocket.receive"
                and self.door.session(secret) is None
            ):
                return {"type": "websocket.disconnect", "code": 4401}
            return message

        return heard

    @staticmethod
    def _safe(send: Send, host: str) -> Send:
        socket = f"ws://{host} wss://{host}"
        if not set(host) <= _OF_A_HOST:
            socket = ""
        policy = POLICY.format(socket=socket).encode("latin-1")

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = [*message.get("headers", [])]
                known = {name.lower() for name, _value in given}
                for name, value in (
                    (b"x-content-type-options", b"nosniff"),
                    (b"x-frame-options", b"DENY"),
                    (b"referrer-policy", b"no-referrer"),
                    (b"cross-origin-opener-policy", b"same-origin"),
                    (b"cross-origin-resource-policy", b"same-origin"),
                    (b"content-security-policy", policy),
                    (b"cache-control", b"no-store"),
                ):
                    if name not in known:
                        given.append((name, value))
                message["headers"] = given
            await send(message)

        return with_headers


_OF_A_HOST = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-[]_")


class _TooLong(Exception):
    """A body that is longer than it may be."""


async def _bounded(
    app: App, scope: Scope, receive: Receive, send: Send, most: int
) -> None:
    """Serve a request whose body is read only up to so many bytes."""
    length = headers_of(scope).get("content-length", "0")
    if not length.isdecimal() or int(length[:15]) > most:
        await _refuse(scope, send, 413)
        return
    read, begun = 0, False

    async def counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > most:
            raise _TooLong
        return message

    async def noted(message: Message) -> None:
        nonlocal begun
        begun = begun or message["type"] == "http.response.start"
        await send(message)

    try:
        await app(scope, counted, noted)
    except _TooLong:
        if not begun:
            await _refuse(scope, send, 413)


async def _refuse(scope: Scope, send: Send, status: int) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4000 + status})
    else:
        await _answer(send, status)


async def _answer(send: Send, status: int, *headers: tuple[bytes, bytes]) -> None:
    """Send a status, and no text."""
    head = [(b"content-length", b"0"), *headers]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": b""})
