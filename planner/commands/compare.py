"""`planner compare`: scenarios, plans and today's ways side by side."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from planner.commands.options import FOLDER, INTERRUPTED, JSON, NO, SEED, TIME
from planner.console import heeding_ctrl_c, progress_table, say, talk
from planner.words import _

if TYPE_CHECKING:
    from planner.comparison.run import Compared


@click.command()
@click.argument("plans", nargs=-1, required=True, metavar="PLAN|SCENARIO|WAY ...")
@click.option(
    "-o",
    "--output",
    type=FOLDER,
    metavar="DIR",
    help="Folder for compare.html, compare.xlsx, moves.csv, compare.json and, under "
    "plans/, the plan folders of scenarios. Default: comparison where a scenario is "
    "named, else nothing is written.",
)
@click.option(
    "--baselines",
    is_flag=True,
    help="All of today's ways beside the first plan, as they come and keeping rules.",
)
@click.option(
    "--at-once",
    type=click.IntRange(min=1),
    metavar="N",
    help="Solves at a time; they share the cores. Default: one a core.",
)
@click.option(
    "--again", is_flag=True, help="Solve also what an earlier run has solved."
)
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Solve on a Dask cluster, such as tcp://host:8786 (extra: distributed).",
)
@TIME
@SEED
@JSON
def compare(
    plans: tuple[str, ...],
    output: Path | None,
    baselines: bool,
    at_once: int | None,
    again: bool,
    cluster: str | None,
    time_limit: float | None,
    seed: int | None,
    as_json: bool,
) -> None:
    """Put plans side by side; solve the scenarios among them first.

    \b
    Each argument is a plan folder, a scenario file, or one of today's ways beside
    the first plan: today nearest rotation performance rules random (both kinds),
    or nearest:raw, nearest:kept (keeping the rules) and so on.
    Scenarios are solved several at once, each in a process of its own; what was
    solved before, from the same tables and rules, is not solved again. Ctrl-C ends
    the solves with their best plans; the next run goes on from there.
    Exit code 1: a scenario has no plan, or its process died; run again for those.
    Example:
        planner compare base.toml tighter.toml today nearest:kept -o comparison/
    """
    from planner.comparison import DEFAULT_OUTPUT
    from planner.comparison.names import is_way, wanted_ways
    from planner.comparison.run import entries_of, run_comparison

    ways = wanted_ways([w for w in plans if is_way(w)], every=baselines)
    entries = entries_of(
        [word for word in plans if not is_way(word)],
        output or DEFAULT_OUTPUT,
        time_limit=time_limit,
        seed=seed,
    )
    jobs = [entry.job for entry in entries if entry.job is not None]
    if output is None and jobs:
        output = DEFAULT_OUTPUT
    with heeding_ctrl_c() as interrupted, progress_table() as tell:
        compared = run_comparison(
            entries,
            output,
            ways=ways,
            at_once=at_once,
            again=again,
            cluster=cluster,
            tell=tell,
            interrupted=interrupted,
            say=say,
        )
        stopped = interrupted()
    _tell(compared, output, as_json)
    if stopped and not compared.complete:
        sys.exit(INTERRUPTED)
    if not compared.complete or compared.data is None:
        sys.exit(NO)


def _tell(compared: Compared, output: Path | None, as_json: bool) -> None:
    """Say what came out: data on stdout, the rest on stderr."""
    from planner.comparison.run import HTML, why_missing
    from planner.comparison.text import text_of

    outcomes = compared.outcomes
    for message in dict.fromkeys(m for o in outcomes.values() for m in o.messages):
        talk(message)
    for name, outcome in outcomes.items():
        if not outcome.has_plan:
            talk(
                _("{name}: no plan: {why}").format(name=name, why=why_missing(outcome))
            )
        elif not outcome.complete:
            talk(
                _("{name}: interrupted, gap {gap:.2%}; run again to go on.").format(
                    name=name, gap=outcome.gap
                )
            )
    if compared.data is None:
        talk(_("Fewer than two plans, so there is nothing to compare yet."))
        if as_json:
            click.echo(json.dumps({"plans": [], "missing": _missing(compared)}))
        return
    for note in compared.data["notes"]:
        talk(note)
    if as_json:
        told = {key: value for key, value in compared.data.items() if key != "key"}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        click.echo(text_of(compared.data))
    if known := sum(outcome.known for outcome in outcomes.values()):
        talk(
            _("{n} of {all} solved before; --again solves them anew.").format(
                n=known, all=len(outcomes)
            )
        )
    if output is not None:
        talk(_("Page, workbook, data: {path}").format(path=output / HTML))


def _missing(compared: Compared) -> dict[str, str]:
    from planner.comparison.run import why_missing

    return {n: why_missing(o) for n, o in compared.outcomes.items() if not o.has_plan}
