"""The child that solves around edits: gets ready beforehand, so progress comes soon."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.processes import Served
from planner.words import set_language

if TYPE_CHECKING:
    from planner.solution import Solution
    from planner.solvers.result import Progress

PAUSE_S = 0.2


def main() -> None:
    """Get ready, open the plan, say so, wait for the edits, solve, judge, answer."""
    parent = Served(listening=False)
    from planner.edits import resolve  # noqa: F401 - takes seconds the first time
    from planner.errors import PlannerError
    from planner.evaluate.verify import verify  # noqa: F401
    from planner.locks import unlocked
    from planner.reopen import open_plan
    from planner.solvers.warm import warm_up

    warm_up()
    job = parent.next_job()
    if not job:  # nobody wants it any more
        return
    set_language(job["language"])
    try:
        # The edits say anew what is kept, earlier locks that were not freed included.
        plan = open_plan(job["plan"])
        solution = unlocked(plan)
        if solution.compiled.problem.areas is not None:
            from planner.solvers.areas.warm import warm_up_areas

            warm_up_areas()
        parent.send(ready=True)
        if not (job := parent.next_job()):
            return
        parent.listen()
        set_language(job["language"])
        if "ask" in job:
            parent.send(answer=_answer(parent, plan, job))
        else:
            parent.send(answer=_solve(parent, solution, job))
    except PlannerError as error:
        parent.send(answer={"reasons": str(error).splitlines()})


def _answer(parent: Served, plan: Solution, job: dict[str, Any]) -> dict[str, Any]:
    """Say what it costs to give an account to a rep, knock-on moves included."""
    from planner.explanation import override
    from planner.explanation.telling import override_lines

    assert plan.plan is not None
    answer = override(
        plan,
        job["ask"],
        job["to"],
        time_limit_s=job["time_limit"],
        interrupted=parent.interrupted,
        tell=_teller(parent),
    )
    own, currency = str(plan.plan.owner[job["ask"]]), plan.scenario.currency
    return {
        "lines": override_lines(answer, own, job["plan"], currency),
        "reasons": [],
    }


def _solve(parent: Served, solution: Solution, job: dict[str, Any]) -> dict[str, Any]:
    """Solve around edits, write the plan, and let the judge look at it."""
    from planner.edits import resolve
    from planner.evaluate.verify import verify

    found = resolve(
        solution,
        pins=job["pins"],
        time_limit_s=job["time_limit"],
        interrupted=parent.interrupted,
        tell=_teller(parent),
    )
    if found.plan is None:
        return {"reasons": list(found.reasons) or [str(found.status)]}
    folder = Path(job["folder"])
    parent.send(writing=True)
    found.save(folder, drawings=False)
    verdict = verify(folder)
    return {
        "folder": str(folder),
        "cost": found.cost,
        "gap": found.gap,
        "verified": verdict.ok,
        "reasons": [] if verdict.ok else str(verdict).splitlines(),
    }


def _teller(parent: Served) -> Callable[[Progress], None]:
    """Return what passes progress on, not more often than people can read."""
    told = [-math.inf]

    def tell(moment: Progress) -> None:
        now = time.perf_counter()
        if now - told[0] >= PAUSE_S:
            told[0] = now
            parent.send(progress=list(moment))

    return tell


if __name__ == "__main__":
    main()
