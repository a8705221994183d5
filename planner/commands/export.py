"""`planner export`: a file of changed owners that a CRM takes in."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planner.commands.options import BAD_INPUT, FAULTS, FILE, FOLDER, JSON, output_file
from planner.console import talk
from planner.errors import PlannerError
from planner.words import _

if TYPE_CHECKING:
    from planner.owners import Crm

SYSTEMS = ("salesforce", "hubspot", "zoho", "fxiaoke")


@click.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--crm",
    type=click.Choice(SYSTEMS),
    required=True,
    help="The system that is to read the file; decides columns, keys and line ends.",
)
@output_file("CSV to write: ids of accounts, keys of owners.")
@click.option(
    "--wave",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only the accounts of this wave; default: all.",
)
@click.option(
    "--owner",
    metavar="FIELD",
    help="Field of the reps with the owner's key in the CRM; default: rep_id, for "
    "hubspot and zoho email.",
)
@click.option(
    "--owners",
    type=FILE,
    metavar="FILE",
    help="CSV with rep_id,owner instead of a field of the reps.",
)
@click.option(
    "--left-out-to",
    metavar="KEY",
    help="Owner whom accounts without a rep get; default: they are not in the file.",
)
@FAULTS
@JSON
def export(
    folder: Path,
    crm: Crm,
    output: Path,
    wave: int | None,
    owner: str | None,
    owners: Path | None,
    left_out_to: str | None,
    faults: Path | None,
    as_json: bool,
) -> None:
    """Write the file by which a CRM takes over the owners of a plan.

    \b
    Only accounts whose owner changes, ids byte for byte. Columns: salesforce
    Id,OwnerId; hubspot Record ID,Company owner; zoho Record Id,Account Owner; fxiaoke
    objectDataId,ownerId (the keys of its call changeOwner).
    Example:
        planner export out/ --crm salesforce --wave 1 -o wave1.csv
    """
    from planner.errors import TableError
    from planner.folders import refuse_sealed
    from planner.owners import export_owners, read_owner_keys
    from planner.tables import write_faults

    refuse_sealed(output, folder)
    if owner is not None and owners is not None:
        raise PlannerError(_("Give either --owner or --owners."))
    try:
        file = export_owners(
            folder,
            crm,
            wave=wave,
            owner_column=owner,
            owner_keys=None if owners is None else read_owner_keys(owners),
            left_out_to=left_out_to,
        )
    except TableError as error:
        if faults is not None:
            write_faults(error.faults, faults)
        talk(_("Error: {error}").format(error=error))
        sys.exit(BAD_INPUT)
    file.save(output)
    for line in file.sentences():
        talk(line)
    talk(_("wrote {path}").format(path=output))
    if as_json:
        body = {
            "accounts": len(file.frame),
            "unchanged": file.unchanged,
            "left_out": file.left_out,
            "other_waves": file.other_waves,
            "file": str(output),
        }
        click.echo(json.dumps(body, ensure_ascii=False))
