"""The child that solves around edits: gets ready beforehand, so progress comes soon."""

from __future__ import annotations

import math
import time
from pathlib import Path

from planner.processes import Served
from planner.words import set_language

PAUSE_S = 0.2


def main() -> None:
    """Open the plan, say so, wait for the edits, solve, write, judge, answer."""
    parent = Served(listening=False)
    set_language(parent.job["language"])
    from planner.errors import PlannerError

    try:
        from planner.locks import unlocked
        from planner.reopen import open_plan
        from planner.solvers.warm import warm_up

        # The edits say anew what is kept, earlier locks that were not freed included.
        solution = unlocked(open_plan(parent.job["plan"]))
        warm_up()
        if solution.compiled.problem.areas is not None:
            from planner.solvers.areas.warm import warm_up_areas

            warm_up_areas()
        parent.send(ready=True)
        job = parent.next_job()
        if not job:  # nobody wants it any more
            return
        parent.listen()
        set_language(job["language"])
        parent.send(answer=_solve(parent, solution, job))
    except PlannerError as error:
        parent.send(answer={"reasons": str(error).splitlines()})


def _solve(parent: Served, solution: object, job: dict) -> dict:
    from planner.edits import resolve
    from planner.evaluate.verify import verify
    from planner.solution import Solution
    from planner.solvers.result import Progress

    assert isinstance(solution, Solution)
    told = [-math.inf]

    def tell(moment: Progress) -> None:
        now = time.perf_counter()
        if now - told[0] >= PAUSE_S:
            told[0] = now
            parent.send(progress=list(moment))

    found = resolve(
        solution,
        pins=job["pins"],
        time_limit_s=job["time_limit"],
        interrupted=parent.interrupted,
        tell=tell,
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


if __name__ == "__main__":
    main()
