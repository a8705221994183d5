"""What is to be solved, what came of it, and how an answer is found again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache, cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.errors import PlannerError
from planner.scenario import Scenario, read_scenario, with_solve
from planner.scenario.extend import PATHS, is_file
from planner.words import _

if TYPE_CHECKING:
    from planner.solution import Solution

RECORDS = "solved"
"""Folder beside the plan folders: a small file for each question that was answered."""

FAILED, NOT_RUN = "failed", "not run"
"""Statuses beside those of a solve: its process died, or it was never begun."""

_WITH_PARTS = (".shp", ".tab", ".mif")
"""Formats of shapes in several files of one stem."""


@dataclass(frozen=True, eq=False)
class Job:
    """
    One solve, and where its plan goes.

    Attributes
    ----------
    name
        Unique among the jobs of a run; stands in progress and outcomes.
    scenario
        A scenario, or the path of its file.
    folder
        Plan folder to write. Jobs with one parent folder share its records, so that
        none of them is solved twice.
    time_limit, seed
        Instead of those in the scenario; seconds.
    start
        A plan folder or CSV file to start from.
    drawings
        False leaves out map, territories and report.
    """

    name: str
    scenario: Scenario | Path
    folder: Path
    time_limit: float | None = None
    seed: int | None = None
    start: Path | None = None
    drawings: bool = True

    @cached_property
    def question(self) -> Scenario:
        """The scenario as it is to be solved; reads its file."""
        scenario = self.scenario
        if not isinstance(scenario, Scenario):
            scenario = read_scenario(scenario)
        return with_solve(scenario, time_limit=self.time_limit, seed=self.seed)

    @cached_property
    def key(self) -> str:
        """
        Sha256 of everything that the answer depends on.

        The bytes of all files, the rules, the settings of the solve, and the planner's
        version; neither names of files and folders nor how the scenario is written.
        """
        asked = self.question.model_dump(mode="json", by_alias=True)
        for part, name, path in files_of(self.question):
            asked[part][name] = [path.suffix.lower(), digest_of(path)]
        body = {
            "planner": planner_version(),
            "scenario": asked,
            "start": None if self.start is None else _digest_of_start(self.start),
            "drawings": self.drawings,
        }
        text = json.dumps(body, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Outcome:
    """
    What came of a job.

    Attributes
    ----------
    name
        Of the job.
    status
        How the solve ended (see `planner.Status`), or "failed", or "not run".
    folder
        Its plan folder; None without a plan.
    cost, bound
        In the scenario's currency; None where there is none.
    gap
        Proven gap, a fraction; None without a plan.
    seconds
        That the solve took, without reading, drawing and writing.
    stopped_by
        What ended the solve.
    reasons
        Without a plan: what stands in the way. Failed: why.
    messages
        For the user, such as a font to install.
    key
        Of the question, see `Job.key`.
    seal
        Of the plan folder's certificate.
    known
        Whether it was found, not solved.
    """

    name: str
    status: str
    folder: Path | None = None
    cost: float | None = None
    bound: float | None = None
    gap: float | None = None
    currency: str = ""
    seconds: float = 0.0
    stopped_by: str = ""
    reasons: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    key: str = ""
    seal: str = ""
    known: bool = False

    @property
    def complete(self) -> bool:
        """Whether the question was answered, be it that there is no plan."""
        missing = (FAILED, NOT_RUN)
        return self.status not in missing and self.stopped_by != "interruption"

    @property
    def has_plan(self) -> bool:
        """Whether there is a plan folder."""
        return self.folder is not None

    def solution(self) -> Solution:
        """
        Open the plan folder as a solution.

        Raises
        ------
        PlannerError
            Without a plan.
        """
        from planner.reopen import open_plan

        if self.folder is None:
            raise PlannerError(
                _("{name}: there is no plan: {status}.").format(
                    name=self.name, status=_(self.status)
                )
            )
        return open_plan(self.folder)


@cache
def planner_version() -> str:
    """Version of this package."""
    try:
        return version("territory-planner")
    except PackageNotFoundError:
        return "not installed as a package"


def files_of(scenario: Scenario) -> Iterator[tuple[str, str, Path]]:
    """Yield part, key and path of every file that a scenario reads."""
    for part, key in PATHS:
        name = getattr(getattr(scenario, part), key, None)
        if isinstance(name, str) and is_file(part, name):
            yield part, key, scenario.base / name


def parts_of(path: Path) -> list[Path]:
    """Files that belong to one: those of a folder, or all of a shapefile's stem."""
    if path.is_dir():
        return sorted(one for one in path.rglob("*") if one.is_file())
    if path.suffix.lower() in _WITH_PARTS:
        siblings = sorted(path.parent.glob(f"{glob_text(path.stem)}.*"))
        return [one for one in siblings if one.is_file()]
    return [path]


def glob_text(text: str) -> str:
    """Return a text that stands for itself in a pattern of file names."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in text)


def digest_of(path: Path) -> str | None:
    """Sha256 of a file and its parts; None where it cannot be read: solving says so."""
    digest = hashlib.sha256()
    try:
        for part in parts_of(path):
            name = part.name if part != path else ""
            with part.open("rb") as file:
                inner = hashlib.file_digest(file, "sha256").digest()
            digest.update(name.encode() + b"\0" + inner)
    except OSError:
        return None
    return digest.hexdigest()


def _digest_of_start(start: Path) -> str | None:
    return digest_of(start / "certificate.json" if start.is_dir() else start)


def seal_of(folder: Path) -> str:
    """Seal of a plan folder's certificate; "" where there is none."""
    try:
        body = json.loads((folder / "certificate.json").read_text("utf-8"))
        return str(body["seal"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def write_record(folder: Path, outcome: Outcome) -> None:
    """Keep an outcome beside its plan folder; `folder` is that of the job."""
    records = folder.parent / RECORDS
    records.mkdir(parents=True, exist_ok=True)
    body = asdict(outcome) | {"folder": outcome.folder and outcome.folder.name}
    fresh = records / f".{outcome.key}.{os.getpid()}"
    fresh.write_text(json.dumps(body, ensure_ascii=False, indent=1) + "\n", "utf-8")
    fresh.replace(records / f"{outcome.key}.json")


def read_record(job: Job) -> Outcome | None:
    """
    Return what is known of a job's question: whole, interrupted, or nothing.

    A plan folder that is gone, or no longer the one of the record, is not known.
    """
    path = job.folder.parent / RECORDS / f"{job.key}.json"
    try:
        body: dict[str, Any] = json.loads(path.read_text("utf-8"))
        folder = body["folder"] and job.folder.parent / body["folder"]
        lists = {key: tuple(body[key]) for key in ("reasons", "messages")}
        outcome = Outcome(**{**body, **lists, "folder": folder, "known": True})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if folder and (not outcome.seal or seal_of(folder) != outcome.seal):
        return None
    return replace(outcome, name=job.name, messages=())
