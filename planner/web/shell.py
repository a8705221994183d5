"""What every page has: header, language, name, and one place where errors end."""

from __future__ import annotations

import copy
import inspect
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from fastapi import Request
from nicegui import ui

from planner.errors import PlannerError
from planner.library import OWN, Library
from planner.web.auth import Door, headers_of, secret_of
from planner.web.log import LOG, LOG_FILE
from planner.words import _, language, speaking

if TYPE_CHECKING:
    from planner.web.solves import Solves

LANGUAGES = {"en": "English", "zh": "中文"}
PACKS = {"en": "en-US", "zh": "zh-CN"}
"""What the page's framework calls them."""
PRIMARY = "#1f5fa8"
STYLE = "".join(
    (Path(__file__).parent / name).read_text("utf-8")
    for name in ("style.css", "home.css")
)

MODAL = """
const app = document.getElementById('app');
let last = null;
app.addEventListener('focusin', event => last = event.target);
new MutationObserver(() => {
  const open = document.documentElement.classList.contains('nicegui-dialog-open');
  if (open === app.inert) return;
  app.inert = open;
  if (!open) last?.focus();
}).observe(document.documentElement, {attributes: true, attributeFilter: ['class']})
"""
"""While a dialog is open, neither keys nor screen readers reach what lies behind it;
afterwards they are where they were."""


@dataclass(frozen=True)
class Desk:
    """What the pages of one server share."""

    library: Library
    door: Door
    solves: Solves
    interrupted: list[str] = field(default_factory=list)
    """Scenarios whose solve ended with the server that was here before."""


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
    door = the_desk().door
    secret = secret_of(headers_of(request.scope), door.cookie) or ""
    known = door.session(secret) or {}
    wanted = request.headers.get("accept-language", "")
    chinese = wanted.lower().startswith("zh") or language().startswith("zh")
    guessed = "zh" if chinese else "en"
    spoken = str(known.get("language", guessed))
    spoken = spoken if spoken in LANGUAGES else guessed
    return Visitor(secret, str(known.get("person", "")), spoken)


def url(*parts: str, **query: str | list[str]) -> str:
    """Return a path of this server; ids keep their slashes."""
    path = "/" + "/".join(quote(part, safe="/") for part in parts)
    return f"{path}?{urlencode(query, doseq=True, safe='/')}" if query else path


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
            "reload the page. The server's log says more ({file})."
        ).format(code=code, file=f"{OWN}/{LOG_FILE}")
    close = {"icon": "close", "color": "white", "aria-label": _("Close")}
    ui.notify(text, type="negative", timeout=12000, actions=[close])


@contextmanager
def frame(visitor: Visitor, title: str, *, wide: bool = False) -> Iterator[None]:
    """Draw header and body of a page."""
    ui.add_css(STYLE)
    ui.run_javascript(MODAL)
    ui.colors(primary=PRIMARY)
    ui.page_title(title)
    header = ui.header(elevated=False).classes("bar bg-white no-wrap")
    with header.classes("items-center justify-between q-px-md q-py-none"):
        ui.link(_("Territory planner"), "/").classes("home")
        with ui.row().classes("items-center no-wrap gap-1"):
            _language_switch(visitor)
            _person_menu(visitor)
    body = "w-full" if wide else "page"
    with ui.element("div").classes(f"{body} column no-wrap"):
        yield


def speak_to(visitor: Visitor) -> None:
    """Let the framework's own words be in the visitor's language, too."""
    client = ui.context.client
    client.page = copy.copy(client.page)
    client.page.language = PACKS[visitor.language]  # type: ignore[assignment]


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
    door = the_desk().door

    def rename() -> None:
        wanted = str(name.value or "").strip()[:60]
        if wanted:
            door.change(visitor.secret, person=wanted)
            ui.navigate.reload()

    def leave() -> None:
        door.end(visitor.secret)
        ui.navigate.to("/login")

    async def link() -> None:
        path = f"/enter?ticket={door.ticket()}"
        try:
            here = await ui.run_javascript("location.origin")
        except TimeoutError:
            here = ""
        fresh.set_text(f"{here or ''}{path}")

    with ui.button(icon="person").props("flat dense round") as button:
        button.props["aria-label"] = _("You")
        button.mark("person")
        with ui.menu() as menu, ui.column().classes("q-pa-md gap-2 menu"):
            # It holds more than items of a menu, so it is called what it is.
            menu.props["role"], menu.props["aria-label"] = "dialog", _("You")
            name = ui.input(_("Your name"), value=visitor.person).props("dense")
            ui.label(
                _("Edits are kept by name: with another name you see other edits.")
            ).classes("quiet")
            ui.button(_("Use this name"), on_click=heeding(visitor, rename)).props(
                "flat dense"
            ).mark("rename")
            if not door.asks_password:
                ui.button(
                    _("Link for another browser"), on_click=heeding(visitor, link)
                ).props("flat dense").mark("link")
                fresh = ui.label("").classes("quiet link")
                fresh.props("role=status aria-live=polite")
            ui.button(_("Leave"), on_click=heeding(visitor, leave)).props(
                "flat dense"
            ).mark("leave")
