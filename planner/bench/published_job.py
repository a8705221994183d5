"""One run on one published instance; runs in a child process."""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np

from planner.bench.child import Job, Tell
from planner.bench.families import FAMILIES, read_instances
from planner.bench.question import ROUNDING, Answer, Instance
from planner.bench.roads import PLANNER
from planner.solvers.result import Watch
from planner.tables import write_atomic


def solve_published(job: Job, tell: Tell) -> Job:
    """
    Read an instance, solve it, write the solution, and count it again.

    Parameters
    ----------
    job
        kind (family), file, objective, solver, seed, threads, time_limit (seconds from
        reading the file to the solution written), solution (file to write: a label a
        line).

    Returns
    -------
    status, method, cost, bound, seconds; cost and bound None where there is none.
    Where a plan breaks rules: its value, and what it breaks.
    """
    FAMILIES[job["kind"]].prepare(job["solver"])
    began = time.perf_counter()
    path, objective = Path(job["file"]), job.get("objective", "")
    ((_path, instance),) = read_instances(job["kind"], [path], objective)
    watch = Watch(job["time_limit"], tell=tell, began=began)
    seed, threads = job["seed"], job["threads"]
    found = instance.ask(job["solver"], watch, seed=seed, threads=threads)
    answer: Job = {"status": found.status, "method": found.method, "cost": None}
    answer["bound"] = float(found.bound) if found.bound > 0 else None
    if found.label is not None:
        text = "".join(f"{label}\n" for label in found.label.tolist())
        write_atomic(Path(job["solution"]), text.encode())
    answer["seconds"] = time.perf_counter() - began
    return answer | _counted(instance, found, job["solver"])


def _counted(instance: Instance, found: Answer, solver: str) -> Job:
    """What the count of a solution adds to the answer, or takes from it."""
    if found.label is None:
        return {}
    value, breaks = instance.recount(found.label.astype(np.intp))
    if breaks:
        said = ", ".join(breaks)
        claim = "wrong" if solver == PLANNER else "breaks"  # peers claim less
        return {"status": f"{claim}: {said}", "value": value, "breaks": said}
    if math.isnan(found.cost):
        return {"cost": value}
    allowed = 0.0 if instance.whole else ROUNDING * max(1.0, abs(value))
    if abs(value - found.cost) > allowed:
        why = f"wrong: costs {value}, not {found.cost}"
        return {"status": why, "value": value}
    if 0 < found.bound - value <= allowed:
        return {"cost": value, "bound": value}
    return {"cost": value}
