"""What a benchmark came to, as Markdown: protocol, summary by type, every run."""

from __future__ import annotations

import math
import os
import platform
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean

from planner.bench.areas_table import areas_table, spans
from planner.bench.markdown import Column, amount, number, percent, table, values
from planner.bench.question import above
from planner.bench.results import Run
from planner.bench.roads import PLANNER
from planner.certificate import versions
from planner.errors import PlannerError
from planner.solvers.result import Status
from planner.tables import write_atomic
from planner.words import _

SUMMARY = "results.md"
BEGIN, END = "<!-- summary -->", "<!-- end of summary -->"
"""Between these marks stands what `planner bench readme` copies."""

README_BEGIN, README_END = "<!-- benchmarks -->", "<!-- end of benchmarks -->"


def write_summary(
    folder: Path, family: str, runs: Sequence[Run], notes: Sequence[str] = ()
) -> None:
    """
    Write results.md: protocol and summary of a family of runs, then every run.

    Parameters
    ----------
    notes
        Sentences on the peers, after the protocol.
    """
    summarised = {"territory": _territory_summary, "areas": _areas_summary}
    summary = summarised.get(family, _published_summary)(runs)
    lines = [
        f"# planner bench {family}",
        "",
        BEGIN,
        *summary,
        "",
        " ".join([protocol(family, runs), *notes]),
        END,
        "",
        "## " + _("Runs"),
        "",
        *table(_run_columns(runs), [[run] for run in runs]),
    ]
    write_atomic(folder / SUMMARY, ("\n".join(lines) + "\n").encode("utf-8"))


def write_readme(file: Path, folders: Sequence[Path]) -> None:
    """
    Replace what stands between the README's marks by the summaries of results folders.

    Raises
    ------
    PlannerError
        If a file is missing or has no marks.
    """
    text = _read(file)
    begin, end = text.find(README_BEGIN), text.find(README_END)
    if begin < 0 or end < begin:
        raise PlannerError(
            _("{file} has no {begin} and {end}; add both, each on a line.").format(
                file=file, begin=README_BEGIN, end=README_END
            )
        )
    parts = [_summary_of(folder / SUMMARY) for folder in folders]
    body = "\n\n".join([README_BEGIN, *parts, text[end:]])
    write_atomic(file, (text[:begin] + body).encode("utf-8"))


def _summary_of(path: Path) -> str:
    text = _read(path)
    begin, end = text.find(BEGIN), text.find(END)
    if begin < 0 or end < begin:
        raise PlannerError(
            _("{path} is no summary of a benchmark. Run planner bench again.").format(
                path=path
            )
        )
    return text[begin + len(BEGIN) : end].strip()


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlannerError(
            _("{path} cannot be read ({error}). Correct the path.").format(
                path=path, error=error
            )
        ) from error


def run_line(run: Run) -> str:
    """Say in one line what a run came to."""
    parts = [str(run["instance"]), str(run["solver"]), _("seed {seed}").format(**run)]
    cost, bound = run.get("cost"), run.get("bound")
    parts.append(str(run["status"]))
    if cost is not None:
        parts.append(_("cost {cost}").format(cost=amount(run, "cost")))
    if run.get("value") is not None:
        parts.append(_("value {value}").format(value=amount(run, "value")))
    if bound is not None:
        parts.append(_("bound {bound}").format(bound=amount(run, "bound")))
    for name, key in ((_("gap"), "gap"), (_("to best"), "gap_to_best")):
        if run.get(key) is not None:
            parts.append(f"{name} {run[key]:z.3%}")
    if (loads := spans(run)) != "-":
        parts.append(loads)
    if run.get("seconds") is not None:
        parts.append(_("{seconds:.1f} s").format(seconds=run["seconds"]))
    return "  ".join(parts)


def protocol(family: str, runs: Sequence[Run]) -> str:
    """State how the figures came about: limits, clock, machine, versions."""
    limits = sorted({run["time_limit"] for run in runs})
    text = _(
        "Protocol: {limits} s of wall clock and {threads} thread(s) per run, seed(s) "
        "{seeds}; seconds count {clock}, after interpreter, imports and compilation; "
        "memory is the peak of the run's own process and its helpers. {counted}"
    ).format(
        limits=_listed(f"{limit:g}" for limit in limits),
        threads=_listed(sorted({str(run["threads"]) for run in runs})),
        seeds=_listed(map(str, sorted({run["seed"] for run in runs}))),
        clock=_clock(family),
        counted=_counted(family),
    )
    if any(run["solver"] != PLANNER for run in runs) and family != "areas":
        text += " " + _(
            "HiGHS and CP-SAT solve the whole model in the same benchmark with the "
            "same time and threads, without hint or bound."
        )
    return f"{text} {_machine()}"


def _clock(family: str) -> str:
    if family == "territory":
        return _("from reading the tables to the verified plan")
    if family == "areas":
        return _("from the compiled model, one for all solvers, to the plan")
    return _("from reading the file to the solution written")


def _counted(family: str) -> str:
    if family == "territory":
        return _("The planner's plans are judged by planner verify.")
    if family == "areas":
        return _(
            "Every plan is counted again from the model's arrays; the planner's plans "
            "are also judged by planner verify. Loads are those of the territory "
            "farthest below and above the mean; the mean squared distance "
            "is that to the territory's mean place, both weighted."
        )
    return _("Every solution is counted again from the instance.")


def _listed(parts: Iterable[str]) -> str:
    return ", ".join(parts)


def _machine() -> str:
    known = versions()
    has_affinity = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count()
    return _(
        "{cores} core(s), {cpu}; {system}; python {python}, ortools {ortools}, planner "
        "{planner}; {date} UTC."
    ).format(
        cores=cores,
        cpu=_cpu(),
        system=platform.system(),
        python=known["python"],
        ortools=known["ortools"],
        planner=known["territory-planner"],
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
    )


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        found = re.search(r"^model name\s*:\s*(.+)$", info.read_text("utf-8"), re.M)
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine()


def _published_summary(runs: Sequence[Run]) -> list[str]:
    """One line a kind of instance and solver, and one of all kinds."""
    groups = _grouped(runs, lambda run: (run["kind"], run["solver"]))
    if len({kind for kind, _solver in groups}) > 1:
        whole = _grouped(runs, lambda run: (_("all"), run["solver"]))
        groups |= whole
    columns: list[Column] = [
        (_("type"), lambda some: _type_of(some, groups)),
        (_("solver"), lambda some: str(some[0]["solver"])),
        (_("instances"), lambda some: str(len({run["instance"] for run in some}))),
        (_("runs"), lambda some: str(len(some))),
        (_("solved"), lambda some: str(len(values(some, "cost")))),
        (_("gap to best, mean"), lambda some: percent(some, "gap_to_best", fmean)),
        (_("worst"), lambda some: percent(some, "gap_to_best", max)),
        (_("best reached"), lambda some: str(sum(map(_reached, some)))),
        (_("proven gap, mean"), lambda some: percent(some, "gap", fmean)),
        (_("worst"), lambda some: percent(some, "gap", max)),
        (_("proven optimal"), lambda some: str(sum(map(_proven, some)))),
        (_("bound short, mean"), lambda some: percent(some, "bound_short", fmean)),
        (_("worst"), lambda some: percent(some, "bound_short", max)),
        (_("seconds, mean"), lambda some: number(some, "seconds", fmean)),
        (_("MB, most"), lambda some: number(some, "peak_mb", max)),
    ]
    if any(run.get("breaks") for run in runs):
        broken: Column = (_("break rules"), lambda some: str(sum(map(_breaks, some))))
        columns.insert(5, broken)
    lines = table(columns, list(groups.values()))
    return [*lines, "", *_bounds_against_costs(runs)]


def _breaks(run: Run) -> bool:
    return bool(run.get("breaks"))


def _reached(run: Run) -> bool:
    """Whether the published value was reached, but for the decimals it is given in."""
    return run.get("gap_to_best") is not None and not above(
        run["cost"], run["best_known"] + run["slack"]
    )


def _proven(run: Run) -> bool:
    return run["status"] == str(Status.OPTIMAL)


def _type_of(some: Sequence[Run], groups: dict) -> str:
    return next(str(key[0]) for key, runs in groups.items() if runs is some)


def _grouped(runs: Iterable[Run], key: Callable[[Run], tuple]) -> dict[tuple, list]:
    groups: dict[tuple, list[Run]] = {}
    for run in runs:
        groups.setdefault(key(run), []).append(run)
    return groups


def _bounds_against_costs(runs: Sequence[Run]) -> list[str]:
    """Hold every bound against every cost of the same instance."""
    refuted = []
    for (name,), some in _grouped(runs, lambda run: (run["instance"],)).items():
        costs, bounds = values(some, "cost"), values(some, "bound")
        if costs and bounds and above(max(bounds), min(costs)):
            refuted.append(str(name))
    if refuted:
        return [_("REFUTED bounds: {names}.").format(names=", ".join(refuted))]
    return [_("No bound lies above any cost found for its instance.")]


def _territory_summary(runs: Sequence[Run]) -> list[str]:
    columns: list[Column] = [
        (_("accounts"), lambda some: f"{some[0]['units']:,}"),
        (_("reps"), lambda some: f"{some[0]['reps']:,}"),
        (_("fill"), lambda some: str(some[0]["fill"])),
        (_("seed"), lambda some: str(some[0]["seed"])),
        (_("solver"), lambda some: str(some[0]["solver"])),
        (_("status"), lambda some: str(some[0]["status"])),
        (_("proven gap"), lambda some: percent(some, "gap", max)),
        (_("seconds in all"), lambda some: number(some, "seconds", max)),
        (_("read"), lambda some: number(some, "read_s", max)),
        (_("compile"), lambda some: number(some, "compile_s", max)),
        (_("solve"), lambda some: number(some, "solve_s", max)),
        (_("write"), lambda some: number(some, "write_s", max)),
        (_("verify"), lambda some: number(some, "verify_s", max)),
        (_("seconds to 1 %"), lambda some: number(some, "seconds_to_1pct", max)),
        (_("MB"), lambda some: number(some, "peak_mb", max)),
    ]
    lines = table(columns, [[run] for run in runs])
    growth = _growth([run for run in runs if run.get("seconds_to_1pct")])
    return [*lines, "", *growth, *_bounds_against_costs(runs)]


def _areas_summary(runs: Sequence[Run]) -> list[str]:
    return [*areas_table(runs), "", *_bounds_against_costs(runs)]


def _growth(runs: Sequence[Run]) -> list[str]:
    """Exponent of the time to a proven 1 % from the smallest case to each larger."""
    own = sorted((r for r in runs if r["solver"] == PLANNER), key=lambda r: r["units"])
    lines = []
    for run in own[1:]:
        if run["units"] > own[0]["units"]:
            times = run["seconds_to_1pct"] / own[0]["seconds_to_1pct"]
            exponent = math.log(times) / math.log(run["units"] / own[0]["units"])
            lines += [
                _(
                    "Time to a proven 1 % from {few:,} to {many:,} accounts: exponent "
                    "{exponent:.2f}."
                ).format(few=own[0]["units"], many=run["units"], exponent=exponent),
                "",
            ]
    return lines


def _run_columns(runs: Sequence[Run]) -> list[Column]:
    columns: list[Column] = [
        (_("instance"), lambda some: str(some[0]["instance"])),
        (_("solver"), lambda some: str(some[0]["solver"])),
        (_("seed"), lambda some: str(some[0]["seed"])),
        (_("status"), lambda some: str(some[0]["status"])),
        (_("cost"), lambda some: amount(some[0], "cost")),
        (_("bound"), lambda some: amount(some[0], "bound")),
        (_("best known"), lambda some: amount(some[0], "best_known")),
        (_("gap"), lambda some: percent(some, "gap", max)),
        (_("to best"), lambda some: percent(some, "gap_to_best", max)),
        (_("bound short"), lambda some: percent(some, "bound_short", max)),
        (_("seconds"), lambda some: number(some, "seconds", max)),
        (_("MB"), lambda some: number(some, "peak_mb", max)),
    ]
    if any(run.get("value") is not None for run in runs):
        broken: Column = (_("value, broken"), lambda some: amount(some[0], "value"))
        columns.insert(5, broken)
    return columns
