"""Commands of `planner bench`; heavy imports only when run."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from planner.commands.options import FOLDER, INTERRUPTED, NO, output_folder
from planner.console import live_line, talk
from planner.words import _

_OUTPUT = output_folder("Folder for results.csv, results.md and solutions.")
_SEEDS = click.option(
    "--seed",
    "seeds",
    type=click.IntRange(0, 2**31 - 1),
    multiple=True,
    default=(1,),
    show_default=True,
    help="Seed of a run; may be given several times.",
)
_THREADS = click.option(
    "--threads",
    type=click.IntRange(1, 256),
    default=2,
    show_default=True,
    help="Threads of every solver.",
)
_PEERS = click.option(
    "--peers",
    is_flag=True,
    help="Also run other solvers that are installed: same time, same threads.",
)


def _limit(seconds: float, what: str) -> Callable:
    return click.option(
        "--time-limit",
        type=click.FloatRange(min=0, min_open=True),
        default=seconds,
        show_default=True,
        metavar="S",
        help=what,
    )


@click.group()
def bench() -> None:
    """Measure the engine: published instances, large generated cases.

    Each run is a process of its own. results.csv has a row for each run and is written
    after every run; results.md adds a summary and the protocol.
    """


_FILES = click.argument(
    "files", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="FILE..."
)


def _published(command: Callable) -> Callable:
    """Give a command what all families of published instances take."""
    limit = _limit(60.0, "Seconds of each run, from reading the file to the solution.")
    for option in (_PEERS, _THREADS, _SEEDS, limit, _OUTPUT, _FILES):
        command = option(command)
    return command


@bench.command()
@_published
def gap(**options: Any) -> None:
    """Solve generalised assignment instances (OR-Library, Yagiura).

    Best-known values come from best_known.csv beside the instances, where there is
    one. Exit code 1 when a run of the planner has no solution.

    \b
    Example:
        planner bench gap bench/gap/e801600 --time-limit 60 -o results/
    """
    _measure_published("gap", **options)


@bench.command()
@_published
@click.option(
    "--objective",
    type=click.Choice(["inertia", "cut_edges", "both"]),
    default="both",
    show_default=True,
    help="What to minimise; both: each that best_known.csv has for the instance.",
)
def districting(objective: str, **options: Any) -> None:
    """Divide counties or tracts into connected districts of like population.

    The number of districts and the ends of their population come from best_known.csv
    beside the instances. Solutions are DIR/<objective>-<instance>.sol, the number of
    the district a line. Exit code 1 when a run of the planner has no solution.

    \b
    Example:
        planner bench districting bench/districting/county-*.txt -o results/
    """
    objective = "" if objective == "both" else objective
    _measure_published("districting", objective=objective, **options)


@bench.command()
@_published
def tdp(**options: Any) -> None:
    """Design connected territories, three activities each close to the mean.

    Solutions hold the centre unit of each unit's territory. Exit code 1 when a run of
    the planner has no solution.

    \b
    Example:
        planner bench tdp bench/tdp/2DU60-05-1.dat --time-limit 30 -o results/
    """
    _measure_published("tdp", **options)


@bench.command()
@_published
def cpmp(**options: Any) -> None:
    """Choose medians and whom they serve (capacitated p-median).

    Solutions hold the median of each point. Exit code 1 when a run of the planner has
    no solution.

    \b
    Example:
        planner bench cpmp bench/cpmp/SJC1.txt --time-limit 60 -o results/
    """
    _measure_published("cpmp", **options)


def _measure_published(
    family: str, *, files: tuple[Path, ...], output: Path, peers: bool, **options: Any
) -> None:
    from planner.bench.peers import notes
    from planner.bench.published import bench_published

    said = notes(family) if peers else []
    with _measuring(family, output, said) as (tell, done):
        bench_published(
            family, files, output, peers=peers, tell=tell, done=done, **options
        )


@bench.command()
@click.option(
    "--units",
    type=click.IntRange(2),
    multiple=True,
    required=True,
    metavar="N",
    help="Number of accounts; may be given several times, each with its --reps.",
)
@click.option(
    "--reps",
    type=click.IntRange(1),
    multiple=True,
    required=True,
    metavar="M",
    help="Number of reps.",
)
@_OUTPUT
@_limit(120.0, "Seconds of each run, from reading the tables to the verified plan.")
@click.option(
    "--fill",
    type=click.FloatRange(0.1, 1.0),
    default=0.9,
    show_default=True,
    help="Hours of all accounts over the capacity of all reps.",
)
@_SEEDS
@_THREADS
@_PEERS
@click.option(
    "--write",
    "tables",
    type=FOLDER,
    metavar="DIR",
    help="New folder to keep accounts, reps and scenario.toml in, for planner solve.",
)
@click.option(
    "--keep-plan",
    is_flag=True,
    help="Keep each plan folder in the output folder (without map and report).",
)
def territory(
    units: tuple[int, ...],
    reps: tuple[int, ...],
    output: Path,
    time_limit: float,
    fill: float,
    seeds: tuple[int, ...],
    threads: int,
    peers: bool,
    tables: Path | None,
    keep_plan: bool,
) -> None:
    """Generate a large case and go from its tables to a verified plan.

    Accounts lie around real cities; hours are capped, skills required, value has a
    band of 10 % with a price. A plan that keeps caps and skills is planted. Exit code
    1 when a run of the planner has no verified plan.

    \b
    Example:
        planner bench territory --units 10000 --reps 100 --time-limit 20 -o results/
    """
    if len(units) != len(reps):
        raise click.UsageError(_("Give as many --reps as --units."))
    from planner.bench.territory import bench_territory

    with _measuring("territory", output) as (tell, done):
        bench_territory(
            list(zip(units, reps, strict=True)),
            output,
            time_limit=time_limit,
            fill=fill,
            seeds=seeds,
            threads=threads,
            peers=peers,
            tables=tables,
            keep_plan=keep_plan,
            tell=tell,
            done=done,
        )


@bench.command()
@click.argument(
    "files",
    type=click.Path(path_type=Path),
    nargs=-1,
    required=True,
    metavar="SCENARIO...",
)
@_OUTPUT
@_limit(60.0, "Seconds of each run, from the compiled model to the plan.")
@_SEEDS
@_THREADS
@_PEERS
@click.option(
    "--keep-plan",
    is_flag=True,
    help="Keep each plan folder in the output folder (without map and report).",
)
def areas(files: tuple[Path, ...], output: Path, peers: bool, **options: Any) -> None:
    """Divide the regions of any scenario, beside other free packages.

    A scenario with unit = "region" is compiled once; all solvers get the same model,
    and all plans are counted alike: territories, pieces, loads, shapes, cut edges,
    cost. The planner's plans are judged by planner verify too. Exit code 1 when a run
    of the planner has no plan.

    \b
    Example:
        planner bench areas counties.toml --time-limit 100 --peers -o results/
    """
    from planner.bench.areas import bench_areas
    from planner.bench.areas_peers import notes

    said = notes() if peers else []
    with _measuring("areas", output, said) as (tell, done):
        bench_areas(files, output, peers=peers, tell=tell, done=done, **options)


@bench.command()
@click.argument("folders", type=FOLDER, nargs=-1, required=True, metavar="DIR...")
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("README.md"),
    show_default=True,
    help="File with the marks <!-- benchmarks --> and <!-- end of benchmarks -->.",
)
def readme(folders: tuple[Path, ...], file: Path) -> None:
    """Put the summaries of results folders into the README, between its marks."""
    from planner.bench.summary import write_readme

    write_readme(file, folders)
    talk(_("wrote {path}").format(path=file))


@contextmanager
def _measuring(
    family: str, output: Path, notes: Sequence[str] = ()
) -> Iterator[tuple[Callable, Callable]]:
    """
    Show the runs, summarise those that are done, and end with the right exit code.

    Ctrl-C or SIGTERM ends the run in hand; the results of the others stay.
    """
    from planner.bench.summary import run_line, write_summary

    def stop(number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    runs: list[dict[str, Any]] = []

    def done(run: dict[str, Any]) -> None:
        runs.append(run)
        talk(run_line(run))

    before = signal.signal(signal.SIGTERM, stop)
    try:
        with live_line() as tell:
            yield tell, done
    except KeyboardInterrupt:
        talk(
            _("Interrupted; {n} finished run(s) are in {path}.").format(
                n=len(runs), path=output / "results.csv"
            )
        )
        sys.exit(INTERRUPTED)
    finally:
        signal.signal(signal.SIGTERM, before)
        if runs:
            write_summary(output, family, runs, notes)
    talk(_("wrote {path}").format(path=output / "results.csv"))
    talk(_("wrote {path}").format(path=output / "results.md"))
    own = [run for run in runs if run["solver"] == "planner"]
    if any(run.get("cost") is None for run in own):
        sys.exit(NO)
