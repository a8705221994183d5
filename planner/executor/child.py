"""The child's side of a job: solve, write the plan folder, judge it, answer."""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.errors import PlannerError
from planner.executor.jobs import FAILED, Outcome, seal_of, write_record
from planner.processes import Served
from planner.scenario import parse_scenario
from planner.words import _, set_language

if TYPE_CHECKING:
    from planner.solution import Solution

PAUSE_S = 0.2


def main() -> None:
    """Do the job that the parent sends."""
    parent = Served()
    job = parent.job
    set_language(job["language"])
    try:
        outcome = _solve(parent)
    except PlannerError as error:
        outcome = Outcome(job["name"], FAILED, reasons=tuple(str(error).splitlines()))
    body = asdict(outcome) | {"folder": outcome.folder and str(outcome.folder)}
    parent.send(answer=json.loads(json.dumps(body)))


def _solve(parent: Served) -> Outcome:
    from planner.solvers.result import Progress
    from planner.solving import solve

    job = parent.job
    scenario = parse_scenario(job["scenario"], job["name"])
    scenario._base = Path(job["base"])
    asked = scenario.with_solve(threads=min(scenario.solve.threads, job["threads"]))
    asked._text = scenario._text  # the plan folder keeps it word for word
    told = [-math.inf]

    def tell(moment: Progress) -> None:
        now = time.perf_counter()
        if now - told[0] >= PAUSE_S:
            told[0] = now
            parent.send(progress=list(moment))

    start = job["start"] and Path(job["start"])
    solution = solve(
        asked,
        warm_start=start or None,
        interrupted=parent.interrupted,
        tell=tell,
    )
    folder, messages = Path(job["folder"]), list[str]()
    faults: tuple[str, ...] = ()
    if solution.plan is not None:
        parent.send(writing=True)
        messages = _save(solution, folder, job["drawings"])
        faults = _faults(folder)
    result, has_plan = solution.result, solution.plan is not None
    outcome = Outcome(
        name=job["name"],
        status=FAILED if faults else str(result.status),
        folder=folder if has_plan else None,
        cost=solution.cost if has_plan else None,
        bound=_finite(solution.bound),
        gap=_finite(solution.gap) if has_plan else None,
        currency=scenario.currency,
        seconds=round(result.seconds, 3),
        stopped_by=str(result.stopped_by),
        reasons=faults or tuple(solution.reasons),
        messages=tuple(messages),
        key="" if faults else job["key"],
        seal=seal_of(folder) if has_plan else "",
    )
    if not faults:
        write_record(folder, outcome)
    return outcome


def _save(solution: Solution, folder: Path, drawings: bool) -> list[str]:
    """Write the plan folder; what cannot be drawn must not cost an hour's solve."""
    try:
        return solution.save(folder, drawings=drawings)
    except (PlannerError, OSError):
        raise
    except Exception as error:
        if not drawings:
            raise
        solution.save(folder, drawings=False)
        text = _("{folder}: map and report could not be drawn ({error}).")
        return [text.format(folder=folder, error=error)]


def _finite(number: Any) -> float | None:
    return float(number) if math.isfinite(number) else None


def _faults(folder: Path) -> tuple[str, ...]:
    """Say what the judge finds wrong with the folder; usually nothing."""
    from planner.evaluate.verify import verify

    verdict = verify(folder)
    return () if verdict.ok else tuple(str(verdict).splitlines())


if __name__ == "__main__":
    main()
