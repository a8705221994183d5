"""`planner explain`: why an account or a portfolio is as it is; what changes cost."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from planner.commands.options import FOLDER, INTERRUPTED, JSON, NO, SEED
from planner.console import heeding_ctrl_c, progress, say, talk
from planner.errors import PlannerError
from planner.words import _


@click.command()
@click.argument("folder", type=FOLDER, metavar="PLAN")
@click.argument("account", required=False)
@click.option("--rep", metavar="REP", help="Explain this rep's portfolio instead.")
@click.option(
    "--to",
    multiple=True,
    metavar="REP",
    help="Price giving the account to this rep, knock-on moves included; repeatable.",
)
@click.option(
    "--ask",
    type=click.IntRange(min=0),
    metavar="N",
    help="Solve again for at most N reps to find the next best; without --to 2, else "
    "0. With 0, prices and rules alone answer, at once.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=8.0,
    show_default=True,
    metavar="S",
    help="Seconds at most for each rep that is priced.",
)
@SEED
@click.option(
    "--write",
    type=FOLDER,
    metavar="DIR",
    help="Write the plan with the override (one --to) as a plan folder.",
)
@JSON
def explain(
    folder: Path,
    account: str | None,
    rep: str | None,
    to: tuple[str, ...],
    ask: int | None,
    time_limit: float,
    seed: int | None,
    write: Path | None,
    as_json: bool,
) -> None:
    """Say why an account has its rep, or a rep its portfolio; price changes.

    \b
    By regions ACCOUNT may be region:<id>; a region goes as a whole.
    The cost of an override is told as a bracket: the lower end is proven, the upper
    end is a plan. Exit code 1: no plan has the override asked for with --to.
    Example:
        planner explain out/ A0017
        planner explain out/ A0017 --to R07 --to R12
        planner explain out/ --rep R07
    """
    if write is not None and len(to) != 1:
        raise PlannerError(_("--write needs exactly one --to."))
    if write is not None:
        from planner.folders import check_target

        check_target(write)
    from planner.explanation import AccountExplanation
    from planner.explanation import explain as explain_plan
    from planner.explanation.data import to_data
    from planner.explanation.telling import account_lines
    from planner.explanation.telling_rep import rep_lines
    from planner.reopen import open_plan

    with heeding_ctrl_c() as interrupted, progress() as tell:
        solution = open_plan(folder)
        told = explain_plan(
            solution,
            account,
            rep=rep,
            to=to,
            ask=ask,
            time_limit_s=time_limit,
            seed=seed,
            interrupted=interrupted,
            tell=tell,
        )
        stopped = interrupted()
    currency = solution.scenario.currency
    if as_json:
        body: dict[str, Any] = to_data(told, str(folder), currency)
        click.echo(json.dumps(body, ensure_ascii=False, allow_nan=False))
    else:
        lines = (
            account_lines(told, str(folder), currency)
            if isinstance(told, AccountExplanation)
            else rep_lines(told, str(folder), currency)
        )
        click.echo("\n".join(lines))
    good = True
    if isinstance(told, AccountExplanation) and to:
        good = all(a.solution is not None for a in told.overrides if a.rep in to)
        if write is not None:
            good &= _written(told, to[0], write)
    if stopped:
        sys.exit(INTERRUPTED)
    if not good:
        sys.exit(NO)


def _written(told: Any, rep: str, folder: Path) -> bool:
    """Write the plan with the override; False where there is none."""
    answer = next(one for one in told.overrides if one.rep == rep)
    if answer.solution is None:
        return False
    say(_("Writing the plan folder ..."))
    for message in answer.solution.save(folder):
        talk(message)
    talk(_("wrote {path}").format(path=folder))
    return True
