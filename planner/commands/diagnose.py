"""`planner diagnose`: why there is no plan, and what the least change is."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from planner.commands.options import FILE, FOLDER, INTERRUPTED, JSON, NO, SEED, TIME
from planner.console import heeding_ctrl_c, progress, talk
from planner.words import _


@click.command()
@click.argument("scenario", type=FILE)
@click.option(
    "--write",
    "folder",
    type=FOLDER,
    metavar="DIR",
    help="Write each option as option-1.toml, ..., with a plan for it as option-1.csv.",
)
@TIME
@SEED
@JSON
def diagnose(
    scenario: Path,
    folder: Path | None,
    time_limit: float | None,
    seed: int | None,
    as_json: bool,
) -> None:
    """Say why a scenario has no plan, and what the least change is that gives it one.

    \b
    First sums that prove it, then a minimal set of rules that contradict each other,
    then changes of rules, each enough by itself, at the prices of [relax].
    Exit code 1: there is no plan, or none was found; 0: there is one.
    Example:
        planner diagnose plan.toml --write options/
        planner solve options/option-1.toml --start options/option-1.csv -o out/
    """
    with heeding_ctrl_c() as interrupted, progress() as tell:
        from planner.diagnosis import diagnose as find_out

        told = find_out(
            scenario,
            time_limit_s=time_limit,
            seed=seed,
            interrupted=interrupted,
            tell=tell,
        )
        stopped = interrupted()
    commands: list[str] = []
    body = told.to_dict()
    if folder is not None:
        told.write(folder)
        for number, option in enumerate(body["options"], start=1):
            option["scenario"] = str(folder / f"option-{number}.toml")
            option["command"] = told.command(number, folder)
            commands.append(option["command"])
    click.echo(json.dumps(body, ensure_ascii=False) if as_json else str(told))
    for number, command in enumerate(commands, start=1):
        talk(_("Option {n}: {command}").format(n=number, command=command))
    if folder is None and told.options:
        talk(
            _(
                "As scenario files, each with a plan that proves it: planner diagnose "
                "{scenario} --write DIR"
            ).format(scenario=scenario)
        )
    if stopped:
        sys.exit(INTERRUPTED)
    if told.status != "feasible":
        sys.exit(NO)
