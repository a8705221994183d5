"""`planner sweep`: a question over headcounts, or over values of its keys."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from planner.commands.options import (
    FILE,
    INTERRUPTED,
    JSON,
    NO,
    SEED,
    TIME,
    output_folder,
)
from planner.console import heeding_ctrl_c, progress, talk
from planner.errors import PlannerError
from planner.words import _

DIRECTORY = output_folder(
    "Folder for the plan folders, the table and the chart. What it holds for the same "
    "inputs is not solved again."
)
GAP = click.option(
    "--gap",
    type=click.FloatRange(min=0),
    help="Solve each plan until it is proven to this, e.g. 0.005; default: the "
    "scenario's, or where it has none 0.005 (sweep) or 0.0005 (frontier).",
)


@click.command()
@click.argument("scenario", type=FILE)
@click.option("--reps", metavar="LOW:HIGH", help="Numbers of reps, or one number.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE,...",
    help="A key of the scenario and values to try; entries of lists by measure, "
    "column, of, or number. Several make a grid.",
)
@click.option(
    "--rep-cost",
    type=click.FloatRange(min=0),
    help="Currency a year of each rep, for the totals of the curve.",
)
@click.option(
    "--new-rep",
    multiple=True,
    metavar="FIELD=VALUE",
    help="What a new rep is like; else as is usual among the reps.",
)
@DIRECTORY
@TIME
@GAP
@SEED
@JSON
def sweep(
    scenario: Path,
    reps: str | None,
    settings: tuple[str, ...],
    rep_cost: float | None,
    new_rep: tuple[str, ...],
    output: Path,
    time_limit: float | None,
    gap: float | None,
    seed: int | None,
    as_json: bool,
) -> None:
    """Solve over headcounts, or values of keys: a plan for each, and a curve.

    \b
    Below the reps of the table the least useful are taken away, above it new ones are
    put where they help most, one by one by the prices of the plan; each number is
    solved and verified. Exit code 1: nothing has a plan.
    Examples:
        planner sweep plan.toml --reps 50:70 -o headcount/
        planner sweep plan.toml --set balance.value.tolerance=0.05,0.1,0.2 -o out/
    """
    with heeding_ctrl_c() as interrupted, progress() as tell:
        from planner.whatif.run import Run
        from planner.whatif.sweep import curve_in_words
        from planner.whatif.sweep import sweep as sweep_over

        curve = sweep_over(
            scenario,
            output,
            reps=_counts(reps),
            settings=settings,
            rep_cost=rep_cost,
            new_rep=dict(_pair(text) for text in new_rep),
            time_limit_s=time_limit,
            gap=gap,
            seed=seed,
            run=Run(interrupted, tell, talk),
        )
        stopped = interrupted()
    show(curve, as_json)
    if reps:
        for line in curve_in_words(curve):
            talk(line)
    talk(_("wrote {path}").format(path=output / "curve.csv"))
    if stopped:
        sys.exit(INTERRUPTED)
    if curve["cost"].isna().all():
        sys.exit(NO)


def show(table: Any, as_json: bool) -> None:
    """Put a table on stdout, as CSV or as JSON."""
    if as_json:
        click.echo(table.to_json(orient="records", force_ascii=False))
    else:
        click.echo(table.to_csv(index=False, lineterminator="\n"), nl=False)


def _counts(text: str | None) -> str | None:
    from planner.scenario.kinds import checked_counts

    if text is None:
        return None
    try:
        return str(checked_counts(int(text) if text.isdecimal() else text))
    except ValueError as error:
        raise PlannerError(
            _("--reps {text}: expects a number, or low:high, such as 50:70.").format(
                text=text
            )
        ) from error


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise PlannerError(
            _("--new-rep {text}: write field=value, such as capacity=1600.").format(
                text=text
            )
        )
    return name.strip(), value.strip()
