"""The family `gap`: published generalised assignment instances."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from planner.bench.gap_file import (
    BestKnown,
    GapInstance,
    instance_name,
    read_best_known,
    read_instances,
)
from planner.bench.processes import run_job
from planner.bench.results import Run, check_output, with_gaps, write_results
from planner.bench.roads import PEERS, PLANNER

Tell = Callable[[list[float | str]], None]


@dataclass(frozen=True)
class GapRun:
    """One run that is to be made: its place in the row of runs, and of what."""

    number: int
    of: int
    instance: str
    solver: str
    seed: int

    def __str__(self) -> str:
        """Name the run for a reader."""
        return f"[{self.number}/{self.of}] {self.instance} {self.solver} {self.seed}"


def bench_gap(
    files: Sequence[Path],
    output: Path,
    *,
    time_limit: float = 60.0,
    seeds: Sequence[int] = (1,),
    threads: int = 2,
    peers: bool = False,
    tell: Callable[[GapRun], Tell] = lambda run: lambda moment: None,
    done: Callable[[Run], None] = lambda run: None,
) -> list[Run]:
    """
    Solve published instances and write results.csv and a solution file for each.

    Parameters
    ----------
    files
        Instances: ``m n``, m rows of n costs, m rows of n uses, m capacities.
    output
        Folder for results.csv, written anew after each run, and `<instance>.sol`: the
        best solution over the seeds, one agent (from 0) a line; a peer's
        `<instance>.<peer>.sol`.
    time_limit
        Seconds of each run, from reading the file to the solution written.
    peers
        Also run HiGHS and CP-SAT on the whole model, with the same time and threads.
    tell, done
        Hear what begins (and yield who hears its progress), and what came out.

    Raises
    ------
    PlannerError
        Naming every fault of the files, before anything is run.
    """
    check_output(output)
    instances = read_instances(files)
    known = [read_best_known(path) for path in files]
    solvers = (PLANNER, *(PEERS if peers else ()))
    runs: list[Run] = []
    write_results(output, runs, ())
    for name in map(instance_name, files):
        for solver in (PLANNER, *PEERS):  # those of an earlier run would mislead
            _solution_file(output, name, solver).unlink(missing_ok=True)
    plan = _plan(instances, known, files, solvers, seeds)
    of = len(files) * len(solvers) * len(seeds)
    for number, (instance, best, path, solver, seed) in enumerate(plan, start=1):
        solution = output / f".{instance.name}.{os.getpid()}.sol"
        job = {
            "kind": "gap",
            "file": str(path),
            "solver": solver,
            "seed": seed,
            "threads": threads,
            "time_limit": time_limit,
            "solution": str(solution),
        }
        listen = tell(GapRun(number, of, instance.name, solver, seed))
        try:
            answer = run_job(job, listen, patience_s=3 * time_limit + 120)
            run = _row(instance, best, job, answer)
            _keep_best(output, run, runs, solution)
        finally:
            solution.unlink(missing_ok=True)
        runs.append(run)
        write_results(output, runs, ())
        done(run)
    return runs


def _plan(
    instances: Sequence[GapInstance],
    known: Sequence[BestKnown],
    files: Sequence[Path],
    solvers: Sequence[str],
    seeds: Sequence[int],
) -> Iterator[tuple[GapInstance, BestKnown, Path, str, int]]:
    """Instance by instance, so that an interrupted benchmark has whole rows."""
    for instance, best, path in zip(instances, known, files, strict=True):
        for seed, solver in itertools.product(seeds, solvers):
            yield instance, best, path, solver, seed


def _solution_file(output: Path, name: str, solver: str) -> Path:
    return output / (f"{name}.sol" if solver == PLANNER else f"{name}.{solver}.sol")


def _row(instance: GapInstance, best: BestKnown, job: Run, answer: Run) -> Run:
    m, n = instance.cost.shape
    run = {
        "instance": instance.name,
        "units": n,
        "reps": m,
        "best_known": best.value,
        "best_bound": best.bound,
    }
    run |= {key: job[key] for key in ("solver", "seed", "threads", "time_limit")}
    run = with_gaps(run | answer)
    known = [x for x in (best.value, run.get("cost")) if x is not None]
    if run.get("bound") is not None and known and run["bound"] > min(known):
        cost = min(known)
        run["status"] = (
            f"wrong: a bound of {run['bound']:.0f} above a cost of {cost:.0f}"
        )
    return run


def _keep_best(output: Path, run: Run, before: Sequence[Run], solution: Path) -> None:
    """Keep the solution of the cheapest run of the same solver."""
    if run.get("cost") is None or not solution.is_file():
        return
    same = ("instance", "solver")
    others = [
        other["cost"]
        for other in before
        if other.get("cost") is not None and all(other[k] == run[k] for k in same)
    ]
    if not others or run["cost"] < min(others):
        os.replace(solution, _solution_file(output, run["instance"], run["solver"]))
