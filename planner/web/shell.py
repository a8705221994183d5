"""What every page has: header, language, name, and one place where errors end."""

from __future__ import annotations

import inspect
import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Request
from nicegui import ui

from planner.errors import PlannerError
from planner.library import Library
from planner.web.auth import Door, headers_of, secret_of
from planner.web.solves import Solves
from planner.words import _, speaking

LOG = logging.getLogger("planner.web")
LANGUAGES = {"en": "English", "zh": "中文"}
PRIMARY = "#1f5fa8"
STYLE = (Path(__file__).parent / "style.css").read_text("utf-8")


@dataclass(frozen=True)
class Desk:
    """What the pages of one server share."""

    library: Library
    door: Door
    solves: Solves


@dataclass
class Visitor:
    """Who looks at a page, and in which language."""

    secret: str
    person: str
    language: str


_desk: list[Desk] = []


def set_desk(desk: Desk) -> None:
    """Serve the pages of this desk from now on."""
    _desk[:] = [desk]


def the_desk() -> Desk:
    """Return what the pages share."""
    return _desk[0]


def visitor_of(request: Request) -> Visitor:
    """Return who has sent a request; the guard let them in."""
    secret = secret_of(headers_of(request.scope)) or ""
    known = the_desk().door.session(secret) or {}
    wanted = request.headers.get("accept-language", "")
    guessed = "zh" if wanted.lower().startswith("zh") else "en"
    return Visitor(secret, known.get("person", ""), known.get("language", guessed))


def url(*parts: str) -> str:
    """Return a path of this server; ids keep their slashes."""
    return "/" + "/".join(quote(part, safe="/") for part in parts)


def heeding(visitor: Visitor, handler: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a handler: it speaks the visitor's language, and errors become sentences."""

    async def waited(*args: Any) -> None:
        with speaking(visitor.language):
            try:
                await handler(*args)
            except Exception as error:
                tell_error(error)

    def called(*args: Any) -> None:
        with speaking(visitor.language):
            try:
                handler(*args)
            except Exception as error:
                tell_error(error)

    safe = waited if inspect.iscoroutinefunction(handler) else called
    if not inspect.signature(handler).parameters:
        return safe
    return lambda event: safe(event)  # the page passes an event where one is named


def tell_error(error: Exception) -> None:
    """Show an error as one sentence with the next step; keep the rest for the log."""
    if isinstance(error, PlannerError):
        text = str(error).splitlines()[0][:600]
    elif isinstance(error, OSError):
        text = _("Error: {error}. Check path, rights and disk space.").format(
            error=error.strerror or error
        )
    else:
        code = secrets.token_hex(3)
        LOG.error("unexpected error %s", code, exc_info=error)
        text = _(
            "This did not work, and it is our fault ({code}). Your edits are saved; "
            "reload the page. The server's terminal says more."
        ).format(code=code)
    ui.notify(text, type="negative", multi_line=True, timeout=12000, close_button="✕")


@contextmanager
def frame(visitor: Visitor, title: str, *, wide: bool = False) -> Iterator[None]:
    """Draw header and body of a page."""
    ui.add_css(STYLE)
    ui.colors(primary=PRIMARY)
    ui.page_title(title)
    ui.run_javascript(f"document.documentElement.lang = {visitor.language!r}")
    header = ui.header(elevated=False).classes("bar bg-white no-wrap")
    with header.classes("items-center justify-between q-px-md q-py-none"):
        ui.link(_("Territory planner"), "/").classes("home")
        with ui.row().classes("items-center no-wrap gap-1"):
            _language_switch(visitor)
            _person_menu(visitor)
    body = "w-full" if wide else "page"
    with ui.element("main").classes(f"{body} column no-wrap"):
        yield


def heading(text: str, level: int = 1) -> None:
    """Write a heading; its text may come from tables."""
    ui.html(escape(text), tag=f"h{level}", sanitize=False)


def _language_switch(visitor: Visitor) -> None:
    other = next(code for code in LANGUAGES if code != visitor.language)

    def switch() -> None:
        the_desk().door.change(visitor.secret, language=other)
        ui.navigate.reload()

    button = ui.button(LANGUAGES[other], on_click=heeding(visitor, switch))
    button.props(f'flat dense lang="{other}"').mark("language")


def _person_menu(visitor: Visitor) -> None:
    def rename(name: str) -> None:
        if name.strip():
            the_desk().door.change(visitor.secret, person=name.strip()[:60])
            ui.navigate.reload()

    def leave() -> None:
        the_desk().door.end(visitor.secret)
        ui.navigate.to("/login")

    def link() -> None:
        ticket = the_desk().door.ticket()
        ui.clipboard.write(f"/enter?ticket={ticket}")
        shown.set_text(f"/enter?ticket={ticket}")

    with ui.button(icon="person").props("flat dense round") as button:
        button.props(f'aria-label="{_("You")}"').mark("person")
        with ui.menu(), ui.column().classes("q-pa-md gap-2"):
            name = ui.input(_("Your name"), value=visitor.person).props("dense")
            ui.button(
                _("Use this name"),
                on_click=heeding(visitor, lambda: rename(str(name.value))),
            ).props("flat dense")
            if not the_desk().door.asks_password:
                ui.button(
                    _("Link for another browser"), on_click=heeding(visitor, link)
                ).props("flat dense")
                shown = ui.label("").classes("quiet").style("overflow-wrap:anywhere")
            ui.button(_("Leave"), on_click=heeding(visitor, leave)).props("flat dense")
