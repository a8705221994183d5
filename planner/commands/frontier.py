"""`planner frontier`: plans that trade one axis for another."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from planner.commands.options import FILE, INTERRUPTED, JSON, SEED, TIME
from planner.commands.sweep import DIRECTORY, GAP, show
from planner.console import heeding_ctrl_c, progress, talk
from planner.words import _


@click.command()
@click.argument("scenario", type=FILE)
@click.argument("axes", nargs=-1, required=True, metavar="AXIS AXIS [AXIS]")
@DIRECTORY
@click.option(
    "--points",
    type=click.IntRange(min=2),
    default=12,
    show_default=True,
    help="Plans to look for.",
)
@TIME
@GAP
@SEED
@JSON
def frontier(
    scenario: Path,
    axes: tuple[str, ...],
    output: Path,
    points: int,
    time_limit: float | None,
    gap: float | None,
    seed: int | None,
    as_json: bool,
) -> None:
    """Find plans of which none beats another, and say what a trade costs.

    \b
    Axes: travel or cost, which is minimised; and one or two of these, held at one
    level after the other:
      balance     share of a measure outside the bands of its rule
      deviation   how far the worst rep is off target
      disruption  share of value that changes hands
    With several rules of balance: balance.hours, or by number.
    Examples:
        planner frontier plan.toml travel balance -o trade/
        planner frontier plan.toml travel balance disruption --points 16 -o trade/
    """
    with heeding_ctrl_c() as interrupted, progress() as tell:
        from planner.whatif.frontier import frontier as find_frontier
        from planner.whatif.run import Run
        from planner.whatif.wording import in_words

        found = find_frontier(
            scenario,
            axes,
            output,
            points=points,
            time_limit_s=time_limit,
            gap=gap,
            seed=seed,
            run=Run(interrupted, tell, talk),
        )
        stopped = interrupted()
    show(found.table, as_json)
    for line in in_words(found):
        talk(line)
    talk(_("wrote {path}").format(path=output / "frontier.csv"))
    if stopped:
        sys.exit(INTERRUPTED)
