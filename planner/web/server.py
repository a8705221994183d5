"""The local server: pages, shapes for the map, the door."""

from __future__ import annotations

import asyncio
import getpass
import json
import socket
import sys
from collections.abc import Awaitable, Callable
from html import escape
from importlib import import_module
from pathlib import Path
from string import Template
from threading import Lock
from typing import Any
from urllib.parse import parse_qs

from fastapi import Request
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from nicegui import app, background_tasks, ui
from nicegui.elements.aggrid.aggrid import AgGrid

from planner.errors import PlannerError
from planner.library import OWN, Library
from planner.listing import CERTIFICATE
from planner.web.auth import LIVES_S, Door, Guard
from planner.web.home import HomePage
from planner.web.log import LOG, LOG_FILE, keep_log
from planner.web.once import only_one
from planner.web.scenario import ScenarioPage
from planner.web.shell import (
    Desk,
    Visitor,
    frame,
    heading,
    set_desk,
    speak_to,
    tell_error,
    the_desk,
    visitor_of,
)
from planner.web.solves import Solves
from planner.web.territory_map import TerritoryMap
from planner.words import _, language, speaking

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERYWHERE = ("0.0.0.0", "::")
RECONNECT_S = 60
"""A gap in the network of up to so long is passed over."""
CONNECT_S = 120
"""A browser may take so long to show a page."""
AT_ONCE = (AgGrid, TerritoryMap)
"""A browser must hear of these modules with its first page: they are imported here."""
LATER = ("planner.web.edit", "planner.web.compare", "planner.executor")
"""What is loaded once the server answers: the first page does without."""


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
        Needed with `host`; without it, asked for all the same.
    ready
        Receives the address to open, once somebody can.

    Raises
    ------
    PlannerError
        If the port is taken, `host` comes without a password, or another server has
        the workspace.
    """
    if host is not None and not password:
        raise PlannerError(
            _(
                "--host lets others in: give a password for them in the variable "
                "PLANNER_PASSWORD, or with --password."
            )
        )
    workspace.mkdir(parents=True, exist_ok=True)
    listen, number = host or LOOPBACK[0], port or _free_port(host or LOOPBACK[0])
    if port is not None and not _is_free(listen, port):
        raise PlannerError(
            _("Port {port} is taken. Name another with --port.").format(port=port)
        )
    library = Library(workspace)
    with only_one(library.root / OWN):
        door = Door(
            library.root / OWN / "sessions.json",
            password or None,
            LOOPBACK if host is None else None,
        )
        set_desk(Desk(library, door, Solves(), library.interrupted()))
        build(door)
        address = f"http://{_shown(listen)}:{number}/"
        if not door.asks_password:
            address += f"enter?ticket={door.ticket()}"
        keep_log(library.root / OWN)
        app.on_startup(lambda: _begin(listen, number, lambda: ready(address)))
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
            timeout_graceful_shutdown=3,
            gzip_middleware_factory=lambda app: GZipMiddleware(app, compresslevel=1),
            log_config=None,  # what goes wrong is in the file alone
        )


def _begin(listen: str, number: int, ready: Callable[[], None]) -> None:
    """Say that the server is ready once it is, and load what later pages need."""

    async def begin() -> None:
        here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listen, listen)
        while True:
            try:
                _reader, writer = await asyncio.open_connection(here, number)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                break
        writer.close()
        ready()
        await asyncio.sleep(0.5)
        await asyncio.to_thread(_load)
        the_desk().solves.warm()

    background_tasks.create(begin(), name="begin")


def _load() -> None:
    for name in LATER:
        import_module(name)


def build(door: Door) -> None:
    """Register pages, and put the guard before all of them."""
    app.add_middleware(Guard, door=door)

    @ui.page("/")
    async def home(request: Request) -> None:
        await _page(request, lambda visitor: HomePage(visitor).draw())

    @ui.page("/plan/{plan:path}")
    async def edit(request: Request, plan: str) -> None:
        await _page(request, lambda visitor: _edit(visitor, plan))

    @ui.page("/scenario/{scenario:path}")
    async def scenario(request: Request, scenario: str) -> None:
        draw = lambda visitor: ScenarioPage(visitor, scenario).draw()  # noqa: E731
        await _page(request, draw, at_once=True)

    @ui.page("/compare")
    async def compare(request: Request) -> None:
        plans = request.query_params.getlist("plan")
        await _page(request, lambda visitor: _compare(visitor, plans))

    app.get("/api/geometry/{plan:path}")(_geometry)
    app.get("/api/rows/{plan:path}")(_rows)
    app.get("/enter")(_enter)
    app.get("/login")(_login_form)
    app.post("/login")(_log_in)


async def _edit(visitor: Visitor, plan: str) -> None:
    """Open the plan beside the event loop: a large one takes seconds."""
    client = ui.context.client
    with ui.row().classes("page items-center gap-3") as waiting:
        waiting.props("role=status").mark("opening")
        ui.spinner(size="1.4em")
        ui.label(_("Opening {plan} ...").format(plan=plan))
    desk = the_desk()
    try:
        folder = desk.library.inside(plan)
        if (folder / CERTIFICATE).is_file():
            desk.solves.get_ready(folder, visitor.language)
        await asyncio.to_thread(_load)
        await asyncio.to_thread(desk.library.draft, plan, visitor.person)
    finally:
        waiting.delete()
    from planner.web.edit import EditPage

    if not client.is_deleted:
        ahead = asyncio.to_thread(_shapes, plan)  # the browser is about to ask for them
        background_tasks.create(ahead, name="shapes")
        EditPage(visitor, plan).draw()


async def _compare(visitor: Visitor, plans: list[str]) -> None:
    await asyncio.to_thread(_load)
    from planner.web.compare import MOST, ComparePage

    client = ui.context.client
    for plan in plans[:MOST]:
        await asyncio.to_thread(the_desk().library.view, plan)
    if not client.is_deleted:
        await ComparePage(visitor, plans).draw()


async def _page(
    request: Request,
    draw: Callable[[Visitor], Awaitable[None] | None],
    *,
    at_once: bool = False,
) -> None:
    """Draw a page in the visitor's language; what cannot be shown is a sentence."""
    visitor, client = visitor_of(request), ui.context.client
    with speaking(visitor.language):
        speak_to(visitor)
        try:
            if not at_once:
                await client.connected(timeout=CONNECT_S)
            if client.is_deleted:  # whoever asked has left
                return
            if (done := draw(visitor)) is not None:
                await done
        except Exception as error:
            if not client.is_deleted:
                _instead(visitor, error)


def _instead(visitor: Visitor, error: Exception) -> None:
    """Show why there is no page, and the way back."""
    client = ui.context.client
    for drawn in list(client.layout.default_slot.children):
        if isinstance(drawn, ui.header):
            drawn.delete()
    client.content.clear()
    with client.content, frame(visitor, _("Territory planner")):
        heading(_("This cannot be shown"))
        if isinstance(error, PlannerError):
            ui.label(str(error)).classes("bad").style("white-space:pre-line")
        else:
            tell_error(error)
        ui.link(_("Back to the workspace"), "/")


def _geometry(request: Request, plan: str) -> Response:
    return _answer(request, lambda _v: _shapes(plan))


_drawing = Lock()


def _shapes(plan: str) -> dict[str, Any]:
    """Return what the map is sent; who asks meanwhile waits for the first answer."""
    from planner.web.payload import geometry

    view = the_desk().library.view(plan)
    with _drawing:
        return geometry(view)


def _rows(request: Request, plan: str) -> Response:
    from planner.web.grid import grid_rows

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
        except Exception as error:
            LOG.error("no answer to %s", request.url.path, exc_info=error)
            text = _("This did not work. The server's log says more ({file}).")
            text = text.format(file=f"{OWN}/{LOG_FILE}")
            return Response(text, status_code=500, media_type="text/plain")


def _enter(request: Request, ticket: str = "") -> Response:
    visitor = visitor_of(request)
    secret = the_desk().door.use_ticket(ticket, _user())
    if secret is not None:
        return _let_in(request, secret)
    if visitor.secret and the_desk().door.session(visitor.secret) is not None:
        return RedirectResponse("/", status_code=303)  # the link of this very browser
    with speaking(visitor.language):
        return _login_page(
            _(
                "This link was used already. Choose “Link for another browser” "
                "where you are in, or start planner serve again."
            )
        )


def _user() -> str:
    """Name of who started the server."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "me"


def _let_in(request: Request, secret: str) -> Response:
    answer = RedirectResponse("/", status_code=303)
    answer.set_cookie(
        the_desk().door.cookie,
        secret,
        max_age=LIVES_S,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return answer


def _login_form(request: Request) -> Response:
    with speaking(visitor_of(request).language):
        if not the_desk().door.asks_password:
            return _login_page(
                _("Open the link that planner serve printed in the terminal.")
            )
        return _login_page("")


async def _log_in(request: Request) -> Response:
    given = parse_qs((await request.body()).decode("utf-8", "replace"))
    person = (given.get("person", [""])[0]).strip()[:60]
    address = request.client.host if request.client else ""
    door = the_desk().door
    secret = door.log_in(given.get("password", [""])[0], person, address)
    if secret is not None:
        return _let_in(request, secret)
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


def _shown(listen: str) -> str:
    """Return the name by which a browser reaches an address."""
    if listen in EVERYWHERE:
        return socket.gethostname()
    return f"[{listen}]" if ":" in listen else listen


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":  # there it would share a port that is taken
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
