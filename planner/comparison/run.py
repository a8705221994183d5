"""Scenarios and plan folders in, a comparison out; what is known is not done again."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner.comparison.names import Wanted, unique_names
from planner.errors import PlannerError
from planner.executor import FAILED, Job, Outcome, Tell, run_jobs
from planner.executor.jobs import planner_version, seal_of
from planner.folders import CERTIFICATE, refuse_sealed
from planner.scenario import Scenario
from planner.words import _, language

PLANS = "plans"
"""Folder of the plan folders, within that of the comparison."""

JSON, HTML, EXCEL, MOVES = "compare.json", "compare.html", "compare.xlsx", "moves.csv"
FILES = (JSON, HTML, EXCEL, MOVES)


@dataclass(frozen=True, eq=False)
class Entry:
    """
    One thing to compare.

    Attributes
    ----------
    name
        Of its column.
    folder
        Its plan folder.
    job
        How to make that; None where it is there.
    """

    name: str
    folder: Path
    job: Job | None = None


@dataclass(frozen=True, eq=False)
class Compared:
    """
    What came of a comparison.

    Attributes
    ----------
    data
        As in ``compare.json``; None where fewer than two sides have a plan.
    outcomes
        Of the scenarios, by name.
    fresh
        Whether anything was written.
    """

    data: dict[str, Any] | None
    outcomes: dict[str, Outcome]
    fresh: bool

    @property
    def complete(self) -> bool:
        """Whether every scenario was answered with a plan."""
        return all(one.complete and one.has_plan for one in self.outcomes.values())


def entries_of(
    given: Sequence[str | Path | Scenario],
    output: Path,
    *,
    time_limit: float | None = None,
    seed: int | None = None,
    folders: bool = True,
) -> list[Entry]:
    """
    Tell plan folders from scenarios, and name them.

    Parameters
    ----------
    given
        Plan folders, paths of scenario files, or scenarios.
    output
        Plans of scenarios go to its folder ``plans``.
    time_limit, seed
        Instead of those in the scenarios.
    folders
        Whether plan folders may be among them.

    Raises
    ------
    PlannerError
        For a folder that may not be among them.
    """
    names = unique_names([_name_of(one) for one in given])
    entries = []
    for name, one in zip(names, given, strict=True):
        if not isinstance(one, Scenario):
            one = Path(one)
            if one.is_dir():
                if not folders:
                    raise PlannerError(
                        _("{path} is a folder. Name scenario files.").format(path=one)
                    )
                entries.append(Entry(name, one))
                continue
        folder = output / PLANS / _file_name(name)
        job = Job(name, one, folder, time_limit=time_limit, seed=seed)
        entries.append(Entry(name, folder, job))
    return entries


def _name_of(one: str | Path | Scenario) -> str:
    if isinstance(one, Scenario):
        return one.name
    path = Path(one)
    return path.resolve().name if path.is_dir() else path.stem


def _file_name(name: str) -> str:
    """Return a name as that of a folder, in any script."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "plan"


def run_comparison(
    entries: Sequence[Entry],
    output: Path | None,
    *,
    ways: Sequence[Wanted] = (),
    at_once: int | None = None,
    again: bool = False,
    cluster: str | None = None,
    tell: Tell = lambda name, state, moment: None,
    interrupted: Callable[[], bool] = lambda: False,
    say: Callable[[str], None] = lambda text: None,
) -> Compared:
    """
    Solve what is not solved, and compare.

    Parameters
    ----------
    entries
        See `entries_of`.
    output
        Folder for the comparison's files; None: none is written.
    ways
        Today's ways to stand beside the first plan.
    at_once, again, cluster, tell, interrupted
        See `planner.executor.run_jobs`.
    say
        Receives what is going on after the solves.

    Raises
    ------
    PlannerError
        As `run_jobs`; for fewer than two things to compare; for a folder that is no
        whole plan folder.
    """
    if len(entries) + len(ways) < 2:
        raise PlannerError(
            _("Name two or more: plan folders, scenarios, or today's ways.")
        )
    if output is not None:
        check_output(output)
    jobs = [entry.job for entry in entries if entry.job is not None]
    outcomes = run_jobs(
        jobs, at_once, again=again, cluster=cluster, tell=tell, interrupted=interrupted
    )
    plans, missing = [], {}
    for entry in entries:
        outcome = outcomes.get(entry.name)
        if outcome is None:
            plans.append((entry.name, entry.folder))
        elif outcome.folder is not None and outcome.status != FAILED:
            plans.append((entry.name, outcome.folder))
        else:
            missing[entry.name] = why_missing(outcome)
    if len(plans) + (len(ways) if plans else 0) < 2:
        return Compared(None, outcomes, fresh=False)
    key = _key(plans, missing, ways)
    if output is not None and (known := _known(output, key)) is not None:
        return Compared(known, outcomes, fresh=False)
    say(_("Comparing ..."))
    from planner.comparison.content import build

    first = next(e for e in entries if e.name == plans[0][0])
    base = None if first.job is None else first.job.question.base
    content = build(plans, missing, ways, base)
    data = content.to_dict() | {"key": key}
    if output is not None:
        from planner.comparison.files import write_files

        write_files(output, content, data)
    return Compared(data, outcomes, fresh=True)


def why_missing(outcome: Outcome) -> str:
    """Say why a scenario has no plan."""
    return "; ".join([_(outcome.status), *outcome.reasons])


def check_output(output: Path) -> None:
    """
    Refuse a folder for a comparison that is, or lies in, a plan folder.

    Raises
    ------
    PlannerError
        With the way out.
    """
    if output.is_file():
        raise PlannerError(
            _("{folder} is a file. Name a folder with -o.").format(folder=output)
        )
    for folder in (output.resolve(), *output.resolve().parents):
        if (folder / CERTIFICATE).is_file():
            refuse_sealed(output, folder)


def _key(
    plans: Sequence[tuple[str, Path]],
    missing: dict[str, str],
    ways: Sequence[Wanted],
) -> str:
    """Return the sha256 of all that the comparison's files depend on."""
    body = [
        planner_version(),
        language(),
        [(name, seal_of(folder), str(folder.resolve())) for name, folder in plans],
        missing,
        ways,
    ]
    return hashlib.sha256(json.dumps(body).encode()).hexdigest()


def _known(output: Path, key: str) -> dict[str, Any] | None:
    """Return what an earlier run has written, if it is the same comparison."""
    try:
        data = json.loads((output / JSON).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    whole = all((output / name).is_file() for name in FILES)
    same = isinstance(data, dict) and data.get("key") == key
    return data if whole and same else None
