"""The family `areas`: any scenario of regions, the planner beside its peers."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from planner.bench.areas_peers import present
from planner.bench.instance_file import distinct, refuse
from planner.bench.processes import run_job
from planner.bench.results import Run, check_output, with_gaps, write_results
from planner.bench.roads import PLANNER
from planner.errors import Fault, PlannerError
from planner.scenario import read_scenario
from planner.words import _

COLUMNS = (
    "edges",
    "territories",
    "pieces",
    "outside",
    "spread_km2",
    "cut_edges",
    "value",
    "breaks",
    "reasons",
    "compile_s",
    "write_s",
    "verify_s",
    "verified",
)
"""Columns beyond those of every table; low_ and high_ of each measure follow."""
PATIENCE_S = 60.0
"""A peer that ends neither by itself nor when its thread is left gets so much more."""
COMPILE_S = 3600.0

Tell = Callable[[list[float | str]], None]


@dataclass(frozen=True)
class AreasRun:
    """One run that is to be made."""

    number: int
    of: int
    instance: str
    solver: str
    seed: int

    def __str__(self) -> str:
        """Name the run for a reader."""
        return f"[{self.number}/{self.of}] {self.instance} {self.solver} {self.seed}"


def bench_areas(
    files: Sequence[Path],
    output: Path,
    *,
    time_limit: float = 60.0,
    seeds: Sequence[int] = (1,),
    threads: int = 2,
    peers: bool = False,
    keep_plan: bool = False,
    tell: Callable[[AreasRun], Tell] = lambda run: lambda moment: None,
    done: Callable[[Run], None] = lambda run: None,
) -> list[Run]:
    """
    Compile scenarios of regions, solve each by all solvers, write results.csv.

    Parameters
    ----------
    files
        Scenario files with ``unit = "region"``; a case has the name of its file.
    output
        Folder for results.csv, written anew after each run; with `keep_plan` also for
        the plan folders ``<scenario>-<seed>`` (without map and report).
    time_limit
        Seconds of each run, from the compiled model to the plan.
    peers
        Also ask the peers that are installed: same model, same time.
    tell, done
        Hear what begins (and yield who hears its progress), and what came out.

    Raises
    ------
    PlannerError
        If a file is no scenario of regions, or has faults.
    """
    check_output(output)
    paths = _scenarios(files)
    solvers = (PLANNER, *(present() if peers else ()))
    of = len(paths) * len(seeds) * len(solvers)
    runs: list[Run] = []
    columns = list(COLUMNS)
    for path in paths:
        with tempfile.TemporaryDirectory(prefix="planner-bench-") as spare:
            case = _compile(path, Path(spare) / "case")
            for name in case["measures"]:
                columns += [
                    x for x in (f"low_{name}", f"high_{name}") if x not in columns
                ]
            write_results(output, runs, columns)
            for seed, solver in itertools.product(seeds, solvers):
                job = case | {
                    "kind": "areas",
                    "instance": path.stem,
                    "solver": solver,
                    "seed": seed,
                    "threads": threads,
                    "time_limit": time_limit,
                    "plan": str(
                        (output if keep_plan else Path(spare)) / f"{path.stem}-{seed}"
                    ),
                }
                run = AreasRun(len(runs) + 1, of, path.stem, solver, seed)
                runs.append(_solve(job, tell(run)))
                write_results(output, runs, columns)
                done(runs[-1])
    return runs


def _scenarios(files: Sequence[Path]) -> list[Path]:
    """Return the files, each once; all are scenarios of regions."""
    faults: list[Fault] = []
    paths = list(distinct(files, faults))
    refuse(faults)
    for path in paths:
        if read_scenario(path).unit != "region":
            raise PlannerError(
                _(
                    "{path} plans single accounts. This benchmark is for scenarios "
                    'with unit = "region".'
                ).format(path=path)
            )
    return paths


def _compile(path: Path, case: Path) -> Run:
    job = {"kind": "areas case", "scenario": str(path), "case": str(case)}
    answer = run_job(job, lambda moment: None, patience_s=COMPILE_S)
    if answer["status"] != "compiled":
        raise PlannerError(
            _("{path} cannot be compiled: {why}").format(
                path=path, why=answer.get("error", answer["status"])
            )
        )
    kept = ("units", "reps", "edges", "measures", "compile_s")
    return {"case": str(case)} | {key: answer[key] for key in kept}


def _solve(job: Run, listen: Tell) -> Run:
    limit = job["time_limit"]
    patience = 3 * limit + 600 if job["solver"] == PLANNER else limit + PATIENCE_S
    answer = run_job(job, listen, patience_s=patience)
    kept = {key: value for key, value in job.items() if key not in ("case", "plan")}
    return with_gaps(kept | answer)
