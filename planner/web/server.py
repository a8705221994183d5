"""The local server: pages, shapes for the map, the door."""

from __future__ import annotations

import getpass
import json
import socket
from collections.abc import Awaitable, Callable
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from nicegui import app, ui

from planner.errors import PlannerError
from planner.library import OWN, Library
from planner.web.auth import COOKIE, LIVES_S, Door, Guard
from planner.web.compare import ComparePage
from planner.web.edit import EditPage
from planner.web.grid import grid_rows
from planner.web.home import HomePage
from planner.web.payload import geometry
from planner.web.scenario import ScenarioPage
from planner.web.shell import (
    Desk,
    Visitor,
    frame,
    heading,
    set_desk,
    tell_error,
    the_desk,
    visitor_of,
)
from planner.web.solves import Solves
from planner.words import _, language, speaking

LOOPBACK = ("127.0.0.1", "localhost", "::1")
RECONNECT_S = 60
"""A gap in the network of up to so long is passed over."""


def serve(
    workspace: Path,
    *,
    port: int | None = None,
    host: str | None = None,
    password: str | None = None,
    ready: Callable[[str], None] = lambda address: None,
) -> None:
    """
    Serve a workspace until interrupted.

    Parameters
    ----------
    workspace
        Folder of scenarios and plans; made if there is none.
    port
        None: the first free one from 8400 on.
    host
        Address to listen on; None: this machine only.
    password
        Needed with `host`.
    ready
        Receives the address to open, once.

    Raises
    ------
    PlannerError
        If the port is taken, or `host` comes without a password.
    """
    if host is not None and not password:
        raise PlannerError(
            _("--host lets others in: name a password for them with --password.")
        )
    workspace.mkdir(parents=True, exist_ok=True)
    listen, number = host or LOOPBACK[0], port or _free_port(host or LOOPBACK[0])
    if port is not None and not _is_free(listen, port):
        raise PlannerError(
            _("Port {port} is taken. Name another with --port.").format(port=port)
        )
    door = Door(
        workspace / OWN / "sessions.json", password, LOOPBACK if host is None else None
    )
    set_desk(Desk(Library(workspace), door, Solves()))
    build(door)
    shown = listen if ":" not in listen else f"[{listen}]"
    address = f"http://{shown}:{number}/"
    if not door.asks_password:
        address += f"enter?ticket={door.ticket()}"
    app.on_startup(lambda: ready(address))
    app.on_shutdown(the_desk().solves.close)
    ui.run(
        host=listen,
        port=number,
        show=False,
        reload=False,
        language="en-US",
        reconnect_timeout=RECONNECT_S,
        show_welcome_message=False,
        favicon=_ICON,
        title="planner",
    )


def build(door: Door) -> None:
    """Register pages, and put the guard before all of them."""
    app.add_middleware(Guard, door=door)

    @ui.page("/")
    async def home(request: Request) -> None:
        await _page(request, lambda visitor: HomePage(visitor).draw())

    @ui.page("/plan/{plan:path}")
    async def edit(request: Request, plan: str) -> None:
        await _page(request, lambda visitor: EditPage(visitor, plan).draw())

    @ui.page("/scenario/{scenario:path}")
    async def scenario(request: Request, scenario: str) -> None:
        await _page(request, lambda visitor: ScenarioPage(visitor, scenario).draw())

    @ui.page("/compare")
    async def compare(request: Request) -> None:
        plans = request.query_params.getlist("plan")
        await _page(request, lambda visitor: ComparePage(visitor, plans).draw())

    app.get("/api/geometry/{plan:path}")(_geometry)
    app.get("/api/rows/{plan:path}")(_rows)
    app.get("/enter")(_enter)
    app.get("/login")(_login_form)
    app.post("/login")(_log_in)


async def _page(
    request: Request, draw: Callable[[Visitor], Awaitable[None] | None]
) -> None:
    """Draw a page in the visitor's language; what cannot be shown is a sentence."""
    visitor = visitor_of(request)
    with speaking(visitor.language):
        try:
            done = draw(visitor)
            if done is not None:
                await ui.context.client.connected()
                await done
        except PlannerError as error:
            with frame(visitor, _("Territory planner")):
                heading(_("This cannot be shown"))
                ui.label(str(error)).classes("bad").style("white-space:pre-line")
                ui.link(_("Back to the workspace"), "/")
        except Exception as error:
            with frame(visitor, _("Territory planner")):
                tell_error(error)
                ui.link(_("Back to the workspace"), "/")


def _geometry(request: Request, plan: str) -> Response:
    return _answer(request, lambda _v: geometry(the_desk().library.solution(plan)))


def _rows(request: Request, plan: str) -> Response:
    return _answer(
        request, lambda v: grid_rows(the_desk().library.draft(plan, v.person))
    )


def _answer(request: Request, body: Callable[[Visitor], Any]) -> Response:
    """Send JSON; an error as one sentence."""
    visitor = visitor_of(request)
    with speaking(visitor.language):
        try:
            text = json.dumps(body(visitor), ensure_ascii=False, separators=(",", ":"))
            return Response(text, media_type="application/json")
        except PlannerError as error:
            return Response(str(error), status_code=404, media_type="text/plain")


def _enter(request: Request, ticket: str = "") -> Response:
    visitor = visitor_of(request)
    secret = the_desk().door.use_ticket(ticket, getpass.getuser())
    if secret is None:
        with speaking(visitor.language):
            return _login_page(
                _(
                    "This link was used already. Choose “Link for another browser” "
                    "where you are in, or start planner serve again."
                )
            )
    return _let_in(secret)


def _let_in(secret: str) -> Response:
    answer = RedirectResponse("/", status_code=303)
    answer.set_cookie(COOKIE, secret, max_age=LIVES_S, httponly=True, samesite="lax")
    return answer


def _login_form(request: Request) -> Response:
    with speaking(visitor_of(request).language):
        if not the_desk().door.asks_password:
            return _login_page(
                _("Open the link that planner serve printed in the terminal.")
            )
        return _login_page("")


async def _log_in(request: Request) -> Response:
    from urllib.parse import parse_qs

    given = parse_qs((await request.body()).decode("utf-8", "replace"))
    person = (given.get("person", [""])[0]).strip()[:60]
    secret = the_desk().door.log_in(given.get("password", [""])[0], person)
    if secret is not None:
        return _let_in(secret)
    with speaking(visitor_of(request).language):
        return _login_page(
            _("Wrong password, or too many tries. Wait half a minute, try again.")
        )


def _login_page(message: str) -> Response:
    """Return a page without scripts: a form, or a sentence."""
    shown = {
        "language": language(),
        "title": _("Territory planner"),
        "message": message,
        "name": _("Your name"),
        "password": _("Password"),
        "enter": _("Come in"),
        "hidden": "" if the_desk().door.asks_password else "hidden",
    }
    page = Template((Path(__file__).parent / "login.html").read_text("utf-8"))
    body = page.substitute({key: escape(text) for key, text in shown.items()})
    return HTMLResponse(body, status_code=401 if message else 200)


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _free_port(host: str) -> int:
    for port in range(8400, 8500):
        if _is_free(host, port):
            return port
    raise PlannerError(_("No port from 8400 to 8499 is free. Name one with --port."))


_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<path fill="#84b0dc" d="M3 4h12v11H3z"/>'
    '<path fill="#70c2a9" d="M17 4h12v16H17z"/>'
    '<path fill="#eea086" d="M3 17h12v11H3z"/>'
    '<path fill="#cfd97c" d="M17 22h12v6H17z"/></svg>'
)
