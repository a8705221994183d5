"""Published instances: solve each, count it again, write a row of results."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from planner.bench.families import FAMILIES, read_instances
from planner.bench.peers import TIMELESS, present
from planner.bench.processes import run_job
from planner.bench.question import Instance, above
from planner.bench.results import Run, check_output, figure, with_gaps, write_results
from planner.bench.roads import PLANNER

Tell = Callable[[list[float | str]], None]
EXTRA = ("objective", "value", "breaks")
"""
Columns of the families with more to break than capacities: what is minimised; the
objective of a plan that breaks rules, which is no cost; and what it breaks.
"""


@dataclass(frozen=True)
class PublishedRun:
    """One run that is to be made: its place in the row of runs, and of what."""

    number: int
    of: int
    instance: str
    solver: str
    seed: int

    def __str__(self) -> str:
        """Name the run for a reader."""
        return f"[{self.number}/{self.of}] {self.instance} {self.solver} {self.seed}"


def bench_published(
    family: str,
    files: Sequence[Path],
    output: Path,
    *,
    objective: str = "",
    time_limit: float = 60.0,
    seeds: Sequence[int] = (1,),
    threads: int = 2,
    peers: bool = False,
    tell: Callable[[PublishedRun], Tell] = lambda run: lambda moment: None,
    done: Callable[[Run], None] = lambda run: None,
) -> list[Run]:
    """
    Solve published instances and write results.csv and a solution file for each.

    Parameters
    ----------
    family
        "gap", "districting", "tdp" or "cpmp".
    files
        Instances in the format of the family.
    output
        Folder for results.csv, written anew after each run, and `<instance>.sol`: the
        best solution over the seeds, one label a line; a peer's
        `<instance>.<peer>.sol`. An instance with a choice of objectives is named
        `<objective>-<file>`.
    objective
        "": each that the table of best-known values has for the instance.
    time_limit
        Seconds of each run, from reading the file to the solution written.
    peers
        Also run the peers of the family that are installed: same time, same threads.
    tell, done
        Hear what begins (and yield who hears its progress), and what came out.

    Raises
    ------
    PlannerError
        Naming every fault of the files, before anything is run.
    """
    check_output(output)
    instances = read_instances(family, files, objective)
    of_family = FAMILIES[family].peers
    solvers = (PLANNER, *(present(of_family) if peers else ()))
    columns = () if family == "gap" else EXTRA
    runs: list[Run] = []
    write_results(output, runs, columns)
    for _path, instance in instances:
        for solver in (PLANNER, *of_family):  # those of an earlier run would mislead
            _solution_file(output, instance.name, solver).unlink(missing_ok=True)
    plan = list(itertools.product(instances, seeds, solvers))  # instance by instance
    for number, ((path, instance), seed, solver) in enumerate(plan, start=1):
        solution = output / f".{instance.name}.{os.getpid()}.sol"
        job = {
            "kind": family,
            "file": str(path),
            "objective": getattr(instance, "objective", ""),
            "solver": solver,
            "seed": seed,
            "threads": threads,
            "time_limit": time_limit,
            "solution": str(solution),
        }
        run_of = PublishedRun(number, len(plan), instance.name, solver, seed)
        patience = time_limit + 30 if solver in TIMELESS else 3 * time_limit + 300
        try:
            answer = run_job(job, tell(run_of), patience_s=patience)
            run = _row(instance, job, answer)
            _keep_best(output, run, runs, solution)
        finally:
            solution.unlink(missing_ok=True)
        runs.append(run)
        write_results(output, runs, columns)
        done(run)
    return runs


def _solution_file(output: Path, name: str, solver: str) -> Path:
    return output / (f"{name}.sol" if solver == PLANNER else f"{name}.{solver}.sol")


def _row(instance: Instance, job: Run, answer: Run) -> Run:
    best = instance.best
    run: Run = {
        "instance": instance.name,
        "kind": instance.kind,
        "units": instance.units,
        "reps": instance.reps,
        "best_known": best.value,
        "best_bound": best.bound,
        "slack": best.slack,
    }
    same = ("objective", "solver", "seed", "threads", "time_limit")
    run |= {key: job[key] for key in same}
    run = with_gaps(run | answer)
    published = None if best.value is None else best.value + best.slack
    known = [x for x in (published, run.get("cost")) if x is not None]
    is_wrong = run["status"].startswith("wrong")
    bounded = run.get("bound") is not None and known and not is_wrong
    if bounded and above(run["bound"], min(known)):
        bound, cost = figure(run["bound"]), figure(min(known))
        run["status"] = f"wrong: a bound of {bound} above a cost of {cost}"
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
