"""`planner resolve`: solve again around decisions on proposed changes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from planner.commands.options import (
    BAD_INPUT,
    FAULTS,
    FILE,
    FOLDER,
    INTERRUPTED,
    JSON,
    NO,
    OUTPUT,
    SEED,
    TIME,
)
from planner.console import heeding_ctrl_c, progress, say, talk
from planner.words import _


@click.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--decisions",
    type=FILE,
    required=True,
    metavar="FILE",
    help="Change list (planner changes) with accept or reject in its column decision.",
)
@OUTPUT
@TIME
@SEED
@FAULTS
@JSON
def resolve(
    folder: Path,
    decisions: Path,
    output: Path,
    time_limit: float | None,
    seed: int | None,
    faults: Path | None,
    as_json: bool,
) -> None:
    """Solve a plan again with accepted and rejected changes fixed.

    \b
    Accepted changes stay with the new rep, rejected ones go back to the old. All
    others are free, but move only where that pays. Decisions and comments are kept in
    the new plan folder; verify checks that each of them holds. Decisions of earlier
    runs hold on; a row with an empty decision lifts one.
    Exit code 1: no plan keeps all decisions. Exit code 2: faults in the list.
    Example:
        planner resolve out/ --decisions changes.csv -o out2/
    """
    from planner.edits import resolve as solve_again
    from planner.errors import TableError
    from planner.evaluate.verify import verify
    from planner.folders import check_target
    from planner.reopen import open_plan
    from planner.tables import write_faults
    from planner.telling import decision_lines, outcome_lines

    check_target(output)
    before = open_plan(folder)
    with heeding_ctrl_c() as interrupted, progress() as tell:
        try:
            after = solve_again(
                before,
                decisions=decisions,
                time_limit_s=time_limit or before.scenario.solve.time_limit,
                seed=seed,
                interrupted=interrupted,
                tell=tell,
            )
        except TableError as error:
            if faults is not None:
                write_faults(error.faults, faults)
            talk(_("Error: {error}").format(error=error))
            sys.exit(BAD_INPUT)
        if after.plan is not None:
            say(_("Writing the plan folder ..."))
            for message in after.save(output):
                talk(message)
        talk("\n".join([*decision_lines(before, after), *outcome_lines(after)]))
        good = after.plan is not None
        if good:
            verdict = verify(output)
            good = verdict.ok
            fine = _("Verified: the folder is what its certificate says.")
            talk(fine if good else str(verdict))
        stopped = interrupted()
    if as_json:
        body = {
            "status": str(after.status),
            "cost": after.cost if after.plan is not None else None,
            "gap": after.gap if after.plan is not None else None,
            "folder": str(output) if after.plan is not None else None,
            "reasons": list(after.reasons),
        }
        click.echo(json.dumps(body, ensure_ascii=False))
    if stopped and (good or after.plan is None):
        sys.exit(INTERRUPTED)
    if not good:
        sys.exit(NO)
