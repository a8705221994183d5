"""`planner solve` and `planner demo`: a plan folder from a scenario."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from planner.commands.options import (
    FILE,
    INTERRUPTED,
    JSON,
    NO,
    OUTPUT,
    SEED,
    START,
    TIME,
)
from planner.console import heeding_ctrl_c, progress, say, talk
from planner.embedded import DEMOS
from planner.errors import PlannerError
from planner.words import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from planner.diagnosis import Diagnosis
    from planner.scenario import Scenario
    from planner.solution import Solution
    from planner.solvers.result import Progress


@click.command()
@click.option(
    "--country",
    type=click.Choice(DEMOS),
    default=DEMOS[0],
    show_default=True,
    help="us: 7,555 places, 75 reps; cn: 400 cities as regions, 24 reps.",
)
@OUTPUT
@TIME
@SEED
@JSON
def demo(country: str, output: Path, **options: Any) -> None:
    """Solve an embedded demo: US places, or Chinese cities.

    \b
    Example:
        planner demo -o demo/
        planner --lang zh demo --country cn -o demo-cn/
    """
    from planner.embedded import demo_scenario

    _solve(demo_scenario(country), output, **options)


@click.command()
@click.argument("scenario", type=FILE)
@OUTPUT
@TIME
@SEED
@START
@click.option(
    "--least-violating",
    is_flag=True,
    help="Where there is no plan: change the rules as little as possible (planner "
    "diagnose), and write the plan of the changed scenario, marked as such.",
)
@JSON
def solve(
    scenario: Path,
    output: Path,
    time_limit: float | None,
    seed: int | None,
    start: Path | None,
    least_violating: bool,
    as_json: bool,
) -> None:
    """Give every account a rep and write the plan folder.

    \b
    Ctrl-C stops and writes the best plan so far (exit code 130).
    Exit code 1: there is no plan, or none was found; then it says why, which rules
    contradict each other, and which changes would help (see planner diagnose).
    Where the scenario asks for several numbers of reps (open = "48:53"), each is
    solved, with the whole time limit, into DIR/k48 ...; DIR/curve.csv sums up.
    Example:
        planner solve plan.toml --time-limit 60 -o out/
    """
    _solve(scenario, output, time_limit, seed, as_json, start, least_violating)


def _solve(
    scenario: Path,
    output: Path,
    time_limit: float | None,
    seed: int | None,
    as_json: bool,
    start: Path | None = None,
    least_violating: bool = False,
) -> None:
    from planner.folders import check_target
    from planner.scenario import read_scenario

    question = read_scenario(scenario)
    if len(question.counts) > 1:
        _solve_each(question, output, time_limit, seed, as_json, start)
        return
    check_target(output)  # before the work, not after it
    with heeding_ctrl_c() as interrupted, progress() as tell:
        from planner.solving import solve as solve_scenario

        solution = solve_scenario(
            question,
            time_limit_s=time_limit,
            seed=seed,
            warm_start=start,
            interrupted=interrupted,
            tell=tell,
        )
        told = None
        if solution.plan is None and not interrupted() and question.bases is None:
            told, solution = _why_not(
                solution, time_limit, least_violating, interrupted, tell
            )
        if solution.plan is not None:
            say(_("Writing the plan folder ..."))
            for message in solution.save(output):
                talk(message)
        if as_json:
            summary = _summary(solution, output)
            if told is not None:
                summary["diagnosis"] = told.to_dict()
            click.echo(json.dumps(summary, ensure_ascii=False))
        if told is not None:
            talk(str(told))
        if told is None or solution.plan is not None:
            talk(_sentences(solution, output))
        good = solution.plan is not None and _verified(output)
        stopped = interrupted()
    if stopped and (good or solution.plan is None):
        sys.exit(INTERRUPTED)
    if not good:
        sys.exit(NO)


def _why_not(
    solution: Solution,
    time_limit: float | None,
    least_violating: bool,
    interrupted: Callable[[], bool],
    tell: Callable[[Progress], None],
) -> tuple[Diagnosis, Solution]:
    """Diagnose, and solve again where that yields a plan or a change that is wanted."""
    from planner.diagnosis import diagnose_solution

    talk(
        _("No plan: {status}. Looking for the reasons ...").format(
            status=_(str(solution.status))
        )
    )
    return diagnose_solution(
        solution,
        time_limit_s=time_limit,
        least_violating=least_violating,
        interrupted=interrupted,
        tell=tell,
    )


def _solve_each(
    question: Scenario,
    output: Path,
    time_limit: float | None,
    seed: int | None,
    as_json: bool,
    start: Path | None,
) -> None:
    """Solve for each number of reps; a plan folder each, and the curve."""
    from planner.sizing import (
        CURVE,
        best_of_curve,
        check_range_target,
        curve_of,
        curve_row,
        folder_of,
        line_of,
        solve_each,
        write_curve,
    )

    if start is not None:
        raise PlannerError(_("--start is for one plan, not for several numbers."))
    counts = question.counts
    check_range_target(output, counts)
    rows, solutions, good = [], {}, True
    with heeding_ctrl_c() as interrupted, progress() as tell:
        for count, solution in solve_each(
            question,
            time_limit_s=time_limit,
            seed=seed,
            interrupted=interrupted,
            tell=tell,
        ):
            folder = folder_of(output, count)
            if solution.plan is not None:
                for message in solution.save(folder):
                    talk(message)
                good &= _verified(folder)
            rows.append(curve_row(count, solution))
            solutions[count] = solution
            talk(line_of(rows[-1]))
        curve = curve_of(rows)
        for message in write_curve(output, curve, solutions):
            talk(message)
        stopped = interrupted()
    if as_json:
        click.echo(curve.to_json(orient="records", force_ascii=False))
    talk(best_of_curve(curve))
    talk(_("wrote {path}").format(path=output / CURVE))
    if stopped and good:
        sys.exit(INTERRUPTED)
    if not good or curve["cost"].isna().all():
        sys.exit(NO)


def _verified(folder: Path) -> bool:
    """Judge what was just written; silent when all is well."""
    from planner.evaluate.verify import verify as judge

    verdict = judge(folder)
    if verdict.ok:
        talk(_("Verified: the folder is what its certificate says."))
    else:
        talk(str(verdict))
    return verdict.ok


def _summary(solution: Solution, output: Path) -> dict[str, Any]:
    result, plan = solution.result, solution.plan
    return {
        "status": str(result.status),
        "cost": int(result.cost) if plan is not None else None,
        "bound": int(result.bound),
        "gap": result.gap if plan is not None else None,
        "cost_scale": solution.compiled.problem.cost_scale,
        "currency": solution.scenario.currency,
        "seconds": round(result.seconds, 3),
        "stopped_by": result.stopped_by,
        "folder": str(output) if plan is not None else None,
        "reasons": list(solution.reasons),
    }


def _sentences(solution: Solution, output: Path) -> str:
    """Say what came out, in a few lines; ends with the next step."""
    from planner.telling import outcome_lines

    lines = outcome_lines(solution)
    if solution.plan is not None:
        lines.append(
            _(
                "Plan folder: {folder} (open report.html; check again with: planner "
                "verify {folder})"
            ).format(folder=output)
        )
    return "\n".join(lines)
