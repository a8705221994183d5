"""Help of the commands in the reader's language: click fixes it when it is imported."""

from __future__ import annotations

import copy
import gettext
import inspect
import os
from collections.abc import Iterator
from typing import cast

import click

from planner.words import LOCALES, _, set_language, wanted_language

_AS_IT_STANDS = "\b"
"""Opens a paragraph whose lines click does not wrap."""


class Multilingual(click.Group):
    """A group whose help, and that of all commands below, is in the chosen language."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command with its help in the language chosen by now."""
        command = super().get_command(ctx, cmd_name)
        return None if command is None else in_language(command)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help of the program in the language chosen by now."""
        click.Group.format_help(cast(click.Group, in_language(self)), ctx, formatter)


def choose_language(
    _ctx: click.Context, _option: click.Parameter, code: str | None
) -> str:
    """Speak it from here on, so also in help and in complaints about options."""
    code = wanted_language(code)
    set_language(code)
    # Click's own words (Usage, Options, errors) go through gettext's defaults.
    os.environ["LANGUAGE"] = code.replace("-", "_")
    gettext.bindtextdomain("planner", str(LOCALES))
    gettext.textdomain("planner")
    return code


def in_language(command: click.Command) -> click.Command:
    """Return a copy of a command, and of all below it, with its help translated."""
    twin = copy.copy(command)
    twin.help = _translated(command.help)
    # Of Chinese, which has no spaces, click would show no whole word.
    twin.short_help = (twin.help or "").partition("\n\n")[0]
    twin._help_option = None  # the one in hand was worded before the language was known
    twin.params = [_with_help(option) for option in command.params]
    if isinstance(command, click.Group) and isinstance(twin, click.Group):
        below = command.commands.items()
        twin.commands = {name: in_language(part) for name, part in below}
    return twin


def messages(command: click.Command) -> Iterator[str]:
    """Every sentence of the help of a command and of all below it."""
    texts = [
        command.help,
        *(getattr(option, "help", None) for option in command.params),
    ]
    for text in texts:
        yield from (part for part, to_say in _parts(text or "") if part and to_say)
    if isinstance(command, click.Group):
        for part in command.commands.values():
            yield from messages(part)


def _with_help(option: click.Parameter) -> click.Parameter:
    twin = copy.copy(option)
    if isinstance(twin, click.Option):
        twin.help = _translated(twin.help)
    return twin


def _translated(text: str | None) -> str | None:
    """Translate a help text: ordinary paragraphs whole, the others line by line."""
    if text is None:
        return None
    parts = [_(part) if to_say else part for part, to_say in _parts(text)]
    return "".join(parts)


def _parts(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of a help text, and whether each is to be translated."""
    for at, paragraph in enumerate(inspect.cleandoc(text).split("\n\n")):
        if at:
            yield "\n\n", False
        if not paragraph.startswith(_AS_IT_STANDS):
            yield " ".join(paragraph.split()), True
            continue
        for number, line in enumerate(paragraph.split("\n")):
            if number:
                yield "\n", False
            yield line, not line.startswith((_AS_IT_STANDS, "  "))
