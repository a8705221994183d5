"""
Keep the catalogues of translations up to date: ``python tests/catalogue.py``.

Takes new messages from the sources into every ``planner.po``, puts those that are gone
aside in it, writes the ``planner.mo`` beside it, and lists what has no translation yet.
"""

from __future__ import annotations

import ast
import gettext
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from planner import helptexts
from planner.cli import main as commands
from planner.words import LOCALES

PACKAGE = LOCALES.parent
METHODS = [("**.py", "python"), ("**.j2", "jinja2.ext:babel_extract")]
OPTIONS = {"**.j2": {"trim_blocks": "true", "lstrip_blocks": "true"}}
KEYWORDS = {**DEFAULT_KEYWORDS, "N_": None}

CLICK = (
    "Usage:",
    "Options",
    "Commands",
    "Show this message and exit.",
    "Show the version and exit.",
    "default: {default}",
    "Aborted!",
    "Error: {message}",
    "Try '{command} {option}' for help.",
    "Invalid value: {message}",
    "Invalid value for {param_hint}: {message}",
    "Missing argument",
    "Missing option",
    "Missing parameter",
    "Missing command.",
    "No such option {name!r}.",
    "No such command {name!r}.",
    "Option {name!r} does not take a value.",
    "{value!r} is not a valid {number_type}.",
    "{value} is not in the range {range}.",
    "{name} {filename!r} does not exist.",
    "{name} {filename!r} is a file.",
    "{name} {filename!r} is a directory.",
    ("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"),
    (
        "Option {name!r} requires an argument.",
        "Option {name!r} requires {nargs} arguments.",
    ),
    (
        "Got unexpected extra argument ({args})",
        "Got unexpected extra arguments ({args})",
    ),
    ("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
    "file",
    "directory",
    "path",
)
"""Sentences of click itself that its users can meet here; it asks by their text."""

PLACEHOLDER = re.compile(r"\{[^{}]*\}")


def template() -> Catalog:
    """All messages of the sources, of the help of the commands, and of click."""
    found = Catalog(project="planner", charset="utf-8")
    for file, _line, text, _comments, _context in extract_from_dir(
        PACKAGE, METHODS, OPTIONS, KEYWORDS
    ):
        found.add(text, locations=[(f"planner/{file}", 1)])
    for text in said_by_validators():
        found.add(text, locations=[("planner/scenario", 1)])
    for text in helptexts.messages(commands):
        found.add(text, locations=[("planner/cli.py", 1)])
    for text in CLICK:
        found.add(text, locations=[("click", 1)])
    return found


def said_by_validators() -> Iterator[str]:
    """Yield what validators of the scenario say; it is looked up by its text."""
    for path in sorted((PACKAGE / "scenario").glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) == "ValueError":
                text = call.args[0]
                if isinstance(text, ast.Constant):
                    yield str(text.value)


def catalogue(language: str) -> Path:
    """Path of the source of a catalogue; the compiled one has the suffix .mo."""
    return LOCALES / language / "LC_MESSAGES" / "planner.po"


def languages() -> list[str]:
    """Codes that have a catalogue."""
    return sorted(path.name for path in LOCALES.iterdir() if path.is_dir())


def read(language: str) -> Catalog:
    """The catalogue of a language as it stands in its .po."""
    with catalogue(language).open("rb") as file:
        return read_po(file, locale=language)


def faults(language: str) -> list[str]:
    """Say which messages lack a translation, or have one with other placeholders."""
    known, wrong = read(language), []
    for message in template():
        if not message.id:
            continue
        there = known.get(message.id)
        said = "" if there is None or there.fuzzy else _texts(there.string)[0]
        if not said:
            wrong.append(f"no translation: {message.id!r}")
        elif _places(_texts(message.id)[-1]) != _places(said):
            wrong.append(f"other placeholders: {message.id!r} -> {said!r}")
    return wrong


def compiled(language: str) -> dict[object, str]:
    """Messages of the .mo as gettext reads them, without the header."""
    with catalogue(language).with_suffix(".mo").open("rb") as file:
        texts = gettext.GNUTranslations(file)._catalog
    return {key: text for key, text in texts.items() if key}


def from_source(language: str) -> dict[object, str]:
    """What `compiled` has to be."""
    texts: dict[object, str] = {}
    for message in read(language):
        if not message.id or message.fuzzy or not _texts(message.string)[0]:
            continue
        if message.pluralizable:
            many = enumerate(_texts(message.string))
            texts |= {(message.id[0], number): text for number, text in many}
        else:
            texts[message.id] = str(message.string)
    return texts


def update(language: str) -> None:
    """Bring the .po up to the sources, and compile it."""
    known, fresh = read(language), template()
    # No date of ours: a second run without new messages writes the same bytes.
    fresh.creation_date = known.creation_date
    for message in known.obsolete.values():  # it may be back, say from a branch
        known[message.id] = message
    known.obsolete.clear()
    known.update(fresh, no_fuzzy_matching=True)
    kept = {key: one for key, one in known.obsolete.items() if _texts(one.string)[0]}
    known.obsolete.clear()
    known.obsolete.update(kept)
    known.fuzzy = False
    path = catalogue(language)
    with path.open("wb") as file:
        write_po(file, known, width=88, sort_output=True, include_lineno=False)
    with path.with_suffix(".mo").open("wb") as file:
        write_mo(file, known)


def _texts(message: Message | str | tuple[str, ...] | list[str]) -> list[str]:
    return [message] if isinstance(message, str) else list(message)


def _places(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


if __name__ == "__main__":
    missing = []
    for code in languages():
        update(code)
        missing += [f"{code}: {fault}" for fault in faults(code)]
    sys.exit("\n".join(missing) or None)
