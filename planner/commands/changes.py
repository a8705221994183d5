"""`planner changes`: what a plan changes, to be decided on."""

from __future__ import annotations

import json
from pathlib import Path

import click

from planner.commands.options import FILE, FOLDER, JSON
from planner.console import talk
from planner.errors import PlannerError
from planner.words import _


@click.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "-o",
    "--output",
    type=FILE,
    required=True,
    metavar="FILE",
    help="Change list to write: .csv, or .xlsx (needs openpyxl).",
)
@click.option(
    "--against",
    type=FOLDER,
    metavar="DIR",
    help="Plan folder to compare with, instead of today's owners.",
)
@JSON
def changes(folder: Path, output: Path, against: Path | None, as_json: bool) -> None:
    """Write the list of accounts that change hands, to accept or reject.

    \b
    One row each: from whom to whom, value, tenure, pipeline, reason, wave. Fill the
    column `decision` with accept or reject, and solve again around the decisions.
    Example:
        planner changes out/ -o changes.csv
        planner resolve out/ --decisions changes.csv -o out2/
    """
    from planner.changes import write_changes
    from planner.owners import changes_of, in_folder
    from planner.telling import wave_lines
    from planner.waves import sum_up_waves

    if in_folder(output, folder):
        raise PlannerError(
            _(
                "{folder} is sealed by its certificate. Name a file elsewhere with -o."
            ).format(folder=folder)
        )
    found, view = changes_of(folder, against)
    waves = sum_up_waves(found, view.scenario)
    write_changes(output, found)
    for note in found.attrs["notes"]:
        talk(note)
    for line in wave_lines(waves, view.scenario.currency, view.scenario.unit):
        talk(line)
    talk(_("wrote {path}").format(path=output))
    if as_json:
        body = {
            "changes": len(found),
            "waves": waves.reset_index().to_dict("records"),
            "file": str(output),
        }
        click.echo(json.dumps(body, ensure_ascii=False))
