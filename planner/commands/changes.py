"""`planner changes`: what a plan changes, to be decided on."""

from __future__ import annotations

import json
from pathlib import Path

import click

from planner.commands.options import FOLDER, JSON, output_file
from planner.console import talk
from planner.words import _


@click.command()
@click.argument("folder", type=FOLDER)
@output_file("Change list to write: .csv, or .xlsx (needs openpyxl).")
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
    from planner.folders import refuse_sealed
    from planner.owners import changes_of
    from planner.telling import wave_lines
    from planner.waves import sum_up_waves

    refuse_sealed(output, folder)
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
