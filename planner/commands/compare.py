"""`planner compare`: plans side by side."""

from __future__ import annotations

from pathlib import Path

import click

from planner.commands.options import FOLDER, JSON
from planner.console import talk
from planner.errors import PlannerError
from planner.words import _


@click.command()
@click.argument("folders", type=FOLDER, nargs=-1, required=True)
@JSON
def compare(folders: tuple[Path, ...], as_json: bool) -> None:
    """Put the key figures of two or more plan folders side by side."""
    if len(folders) < 2:
        raise PlannerError(_("Name two or more plan folders."))
    from planner.compare import compare as compare_folders
    from planner.telling import table_text

    table = compare_folders(list(folders))
    for note in table.attrs["notes"]:
        talk(note)
    if as_json:
        click.echo(table.to_json(orient="index", force_ascii=False))
    else:
        click.echo(table_text(table))
