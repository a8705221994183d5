"""`planner report`: a plan folder's report, written again."""

from __future__ import annotations

from pathlib import Path

import click

from planner.commands.options import FOLDER, output_file
from planner.console import talk
from planner.words import _


@click.command()
@click.argument("folder", type=FOLDER)
@output_file("FILE.html, or FILE.pdf (needs the extra pdf).")
@click.option(
    "--frontier",
    type=FOLDER,
    metavar="DIR",
    help="Show the trade-offs that planner frontier wrote there.",
)
@click.option(
    "--headcount",
    type=FOLDER,
    metavar="DIR",
    help="Show the curve of several numbers of reps that was written there.",
)
def report(
    folder: Path, output: Path, frontier: Path | None, headcount: Path | None
) -> None:
    """Write the report of a plan folder again, in the chosen language.

    \b
    Example:
        planner report out/ -o report.pdf --headcount sizes/
        planner --lang zh report out/ -o report.html
    """
    from planner.redraw import redraw_report

    for message in redraw_report(
        folder, output, frontier=frontier, headcount=headcount
    ):
        talk(message)
    talk(_("wrote {path}").format(path=output))
