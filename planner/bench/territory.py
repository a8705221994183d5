"""The family `territory`: large generated cases, from tables to a verified plan."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from planner.bench.processes import run_job
from planner.bench.results import Run, check_output, with_gaps, write_results
from planner.bench.roads import PEERS, PLANNER
from planner.errors import PlannerError
from planner.words import _

STAGES = (
    "fill",
    "arcs",
    "generate_s",
    "read_s",
    "compile_s",
    "solve_s",
    "write_s",
    "verify_s",
    "seconds_to_1pct",
    "verified",
)
"""Columns beyond those of every results table; times in seconds."""

Tell = Callable[[list[float | str]], None]


@dataclass(frozen=True)
class TerritoryRun:
    """One run that is to be made."""

    number: int
    of: int
    instance: str
    solver: str

    def __str__(self) -> str:
        """Name the run for a reader."""
        return f"[{self.number}/{self.of}] {self.instance} {self.solver}"


def bench_territory(
    sizes: Sequence[tuple[int, int]],
    output: Path,
    *,
    time_limit: float = 60.0,
    fill: float = 0.9,
    seeds: Sequence[int] = (1,),
    threads: int = 2,
    peers: bool = False,
    tables: Path | None = None,
    keep_plan: bool = False,
    tell: Callable[[TerritoryRun], Tell] = lambda run: lambda moment: None,
    done: Callable[[Run], None] = lambda run: None,
) -> list[Run]:
    """
    Generate cases, solve each from its tables to a verified plan, write results.csv.

    Parameters
    ----------
    sizes
        Numbers of accounts and reps of each case.
    output
        Folder for results.csv, written anew after each run; with `keep_plan` also for
        a plan folder named after each case (without map and report).
    time_limit
        Seconds of each run, from reading the tables to the verified plan.
    fill, seeds
        See `planner.bench.generate.generate`; a seed also is the solver's.
    peers
        Also run HiGHS and CP-SAT where the whole model is small enough.
    tables
        Folder to keep accounts.csv, reps.csv and scenario.toml of the case in; for one
        case only.
    tell, done
        Hear what begins (and yield who hears its progress), and what came out.

    Raises
    ------
    PlannerError
        If a case is impossible, or several are to be written into one folder.
    """
    _check(sizes, seeds, tables)
    check_output(output)
    solvers = (PLANNER, *(PEERS if peers else ()))
    runs: list[Run] = []
    write_results(output, runs, STAGES)
    of = len(sizes) * len(seeds) * len(solvers)
    for (units, reps), seed in itertools.product(sizes, seeds):
        case: Run = {
            "instance": f"territory-{units}-{reps}-{fill:g}-{seed}",
            "units": units,
            "reps": reps,
            "fill": f"{fill:g}",
            "seed": seed,
            "threads": threads,
            "time_limit": time_limit,
        }
        with tempfile.TemporaryDirectory(prefix="planner-bench-") as spare:
            folder = tables or Path(spare) / "tables"
            made = _make_tables(case, fill, folder)
            for solver in solvers:
                listen = tell(TerritoryRun(len(runs) + 1, of, case["instance"], solver))
                plan = (output if keep_plan else Path(spare)) / case["instance"]
                run = _solve(case | made, solver, folder, plan, listen)
                runs.append(run)
                write_results(output, runs, STAGES)
                done(run)
    return runs


def _check(
    sizes: Sequence[tuple[int, int]], seeds: Sequence[int], tables: Path | None
) -> None:
    for units, reps in sizes:
        if units < 2 * reps:
            raise PlannerError(
                _(
                    "{units:,} accounts are too few for {reps:,} reps. Take at least "
                    "two accounts for each rep."
                ).format(units=units, reps=reps)
            )
    if tables is None:
        return
    if len(sizes) * len(seeds) > 1:
        raise PlannerError(
            _("Only one case can be written: give one --units, --reps and --seed.")
        )
    if tables.exists() and (not tables.is_dir() or any(tables.iterdir())):
        raise PlannerError(
            _("{folder} is not an empty folder. Name a new one with --write.").format(
                folder=tables
            )
        )


def _make_tables(case: Run, fill: float, folder: Path) -> Run:
    job = case | {
        "kind": "generate",
        "name": case["instance"],
        "fill": fill,
        "folder": str(folder),
    }
    answer = run_job(job, lambda moment: None, patience_s=3600)
    if "generate_s" not in answer:
        return {"failed": answer["status"]}
    return {"generate_s": answer["generate_s"]}


def _solve(case: Run, solver: str, folder: Path, plan: Path, tell: Tell) -> Run:
    if "failed" in case:
        return case | {"solver": solver, "status": case["failed"]}
    job = case | {
        "kind": "territory",
        "solver": solver,
        "scenario": str(folder / "scenario.toml"),
        "plan": str(plan),
    }
    patience = 3 * case["time_limit"] + 600
    return with_gaps(
        case | {"solver": solver} | run_job(job, tell, patience_s=patience)
    )
