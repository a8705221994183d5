"""One run on one published instance; runs in a child process."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from planner.bench.child import Job, Tell
from planner.bench.gap_file import read_instances
from planner.bench.roads import prepare, solve_with
from planner.tables import write_atomic


def solve_gap(job: Job, tell: Tell) -> Job:
    """
    Read an instance, solve it, write the solution, and count it again.

    Parameters
    ----------
    job
        file, solver, seed, threads, time_limit (seconds from reading the file to the
        solution written), solution (file to write: an agent a line, from 0).

    Returns
    -------
    status, method, cost, bound, seconds; cost and bound None where there is none.
    """
    prepare(job["solver"])
    began = time.perf_counter()
    (instance,) = read_instances([Path(job["file"])])
    found = solve_with(
        job["solver"],
        instance.problem(),
        began=began,
        time_limit=job["time_limit"],
        seed=job["seed"],
        threads=job["threads"],
        tell=tell,
    )
    answer: Job = {"status": found.status, "method": found.method, "cost": None}
    answer["bound"] = float(found.bound) if found.bound > 0 else None
    if found.rep_of is not None:
        text = "".join(f"{agent}\n" for agent in found.rep_of.tolist())
        write_atomic(Path(job["solution"]), text.encode())
    answer["seconds"] = time.perf_counter() - began
    if found.rep_of is not None:
        cost, over = instance.recount(found.rep_of.astype(np.intp))
        answer["cost"] = cost
        if over or cost != found.cost:
            answer |= {"status": f"wrong: costs {cost}, {over} agents over capacity"}
            answer["cost"] = None
    return answer
