"""`planner report`: a plan folder's report, written again."""

from __future__ import annotations

from pathlib import Path

import click

from planner.commands.options import FILE, FOLDER
from planner.console import talk
from planner.words import _


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("-o", "--output", type=FILE, required=True, metavar="FILE.html")
def report(folder: Path, output: Path) -> None:
    """Write the report of a plan folder again, in the chosen language."""
    from planner.workspace import redraw_report

    redraw_report(folder, output)
    talk(_("wrote {path}").format(path=output))
