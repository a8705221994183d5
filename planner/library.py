"""A workspace: one folder of scenarios, tables and plans that a person works in."""

from __future__ import annotations

import json
import os
import re
import tempfile
import unicodedata
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from planner.draft import Draft
from planner.errors import PlannerError
from planner.executor.jobs import digest_of, files_of
from planner.reopen import open_plan
from planner.scenario import Scenario, parse_scenario, read_scenario
from planner.solution import Solution
from planner.words import _

CERTIFICATE = "certificate.json"
OWN = ".planner"
"""What the planner keeps for itself in a workspace: drafts, saves, sessions."""
PLANS, TABLES = "plans", "tables"
"""Where new plans, and tables that were sent, go."""
DEPTH = 3
"""Folders are looked through so deep."""
OPEN_PLANS = 6
"""Plans that are kept in memory."""
LARGEST = 200 * 2**20
"""Bytes of the largest file that is taken in."""
TAKEN = (".csv", ".tsv", ".txt", ".xlsx", ".parquet", ".geojson", ".gpkg", ".toml")
"""Kinds of files that are taken in."""
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_NOT_THE_QUESTION = {"name", "solve", "baselines", "map"}


@dataclass(frozen=True)
class ScenarioFile:
    """A scenario of the workspace; with `fault` it cannot be read."""

    id: str
    name: str
    fault: str = ""


@dataclass(frozen=True)
class PlanFolder:
    """
    A plan of the workspace.

    Attributes
    ----------
    id
        Path of its folder, from the workspace.
    name
        Of its scenario.
    status
        How the solve ended.
    stale
        Why the plan no longer answers its scenario; "" = it does, or none is here.
    cost, gap, currency, accounts, reps, moved_share
        Key figures; None where there is none.
    written
        When, UTC.
    fault
        What is wrong with the folder; "" = it can be read.
    """

    id: str
    name: str
    status: str = ""
    stale: str = ""
    cost: float | None = None
    gap: float | None = None
    currency: str = ""
    accounts: int | None = None
    reps: int | None = None
    moved_share: float | None = None
    written: datetime | None = None
    fault: str = ""


@dataclass(frozen=True)
class Saved:
    """A plan that was saved from edits of another."""

    base: str
    plan: str
    by: str
    at: str


class Library:
    """
    Scenarios and plans of one folder, read from disk whenever they are asked for.

    Parameters
    ----------
    root
        The folder; it must exist.

    Raises
    ------
    PlannerError
        If it is no folder.
    """

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise PlannerError(
                _("{folder} is no folder. Name the folder of your scenarios.").format(
                    folder=root
                )
            )
        self.root = root.resolve()
        self._open: OrderedDict[str, tuple[str, Solution]] = OrderedDict()
        self._drafts: dict[tuple[str, str], tuple[str, Draft]] = {}
        self._lock = Lock()

    # ---- what is there ---------------------------------------------------------------

    def scenarios(self) -> list[ScenarioFile]:
        """Every scenario file, by name of the file."""
        found = []
        for path in self._walk(self.root, DEPTH):
            if path.suffix != ".toml" or (path.parent.parent / CERTIFICATE).is_file():
                continue
            try:
                name, fault = read_scenario(path).name, ""
            except PlannerError as error:
                name, fault = path.stem, str(error)
            found.append(ScenarioFile(self._id(path), name, fault))
        return sorted(found, key=lambda one: one.id)

    def plans(self) -> list[PlanFolder]:
        """Every plan folder, the newest first."""
        paths = (p for p in self._walk(self.root, DEPTH) if p.name == CERTIFICATE)
        questions = self._questions()
        found = [self._plan(path.parent, questions) for path in paths]
        oldest = datetime.min.replace(tzinfo=UTC)
        return sorted(found, key=lambda p: p.written or oldest, reverse=True)

    def _walk(self, folder: Path, depth: int) -> Iterator[Path]:
        for path in sorted(folder.iterdir()):
            if path.name.startswith(".") or path.is_symlink():
                continue
            if path.is_file():
                yield path
            elif depth > 1 and path.is_dir():
                yield from self._walk(path, depth - 1)

    def _id(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _questions(self) -> dict[str, list[Scenario]]:
        """Scenarios that can be read, by name."""
        found: dict[str, list[Scenario]] = {}
        for one in self.scenarios():
            if not one.fault:
                scenario = read_scenario(self.root / one.id)
                found.setdefault(scenario.name, []).append(scenario)
        return found

    def _plan(self, folder: Path, questions: dict[str, list[Scenario]]) -> PlanFolder:
        path, name = folder / CERTIFICATE, folder.name
        try:
            raw: dict[str, Any] = json.loads(path.read_text("utf-8"))
            kpis, scale = raw["kpis"], raw["cost_scale"]
            return PlanFolder(
                id=self._id(folder),
                name=str(raw["name"]),
                status=str(raw["status"]),
                stale=self._stale(folder, raw, questions.get(raw["name"], [])),
                cost=raw["cost"] / scale,
                gap=float(raw["gap"]),
                currency=str(raw["currency"]),
                accounts=int(kpis["accounts"]),
                reps=int(kpis["reps"]),
                moved_share=kpis.get("value_moved_share"),
                written=datetime.fromtimestamp(path.stat().st_mtime, UTC),
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            return PlanFolder(self._id(folder), name, fault=str(error))

    def _stale(
        self, folder: Path, raw: dict[str, Any], questions: list[Scenario]
    ) -> str:
        """Say what has changed since a plan was made; "" where nothing has."""
        if not questions:
            return ""
        text = (folder / "inputs" / "scenario.toml").read_text("utf-8")
        asked = parse_scenario(text).model_dump(exclude=_NOT_THE_QUESTION)
        same = [
            one
            for one in questions
            if one.model_dump(exclude=_NOT_THE_QUESTION) == asked
        ]
        if not same:
            return _("the scenario has changed")
        known = set(raw.get("sources", {}).values())
        for _part, _key, path in files_of(same[0]):
            if known and path.is_file() and not (known & {digest_of(path), _sha(path)}):
                return _("{file} has changed").format(file=path.name)
        return ""

    # ---- plans in hand ---------------------------------------------------------------

    def inside(self, name: str) -> Path:
        """
        Return a path of the workspace by its id.

        Raises
        ------
        PlannerError
            For a path that leads out of it, or into what is not for people.
        """
        path = (self.root / name).resolve()
        parts = Path(name).parts
        hidden = any(part.startswith(".") for part in parts)
        if hidden or "\0" in name or not path.is_relative_to(self.root):
            raise PlannerError(
                _("{name!r} is not in this workspace.").format(name=name)
            )
        return path

    def solution(self, plan: str) -> Solution:
        """
        Open a plan, once for as long as it does not change.

        Raises
        ------
        PlannerError
            If it is not there, or not whole.
        """
        folder = self.inside(plan)
        state = self._state(folder)
        with self._lock:
            if plan in self._open and self._open[plan][0] == state:
                self._open.move_to_end(plan)
                return self._open[plan][1]
            solution = open_plan(folder)
            self._open[plan] = state, solution
            while len(self._open) > OPEN_PLANS:
                self._open.popitem(last=False)
            return solution

    def _state(self, folder: Path) -> str:
        try:
            found = (folder / CERTIFICATE).stat()
        except OSError:
            return ""
        return f"{found.st_mtime_ns}-{found.st_ino}-{found.st_size}"

    def draft(self, plan: str, person: str) -> Draft:
        """Return a person's edits of a plan, as they stand on the disk."""
        solution = self.solution(plan)
        state = self._state(self.inside(plan))
        key = plan, person
        with self._lock:
            if key not in self._drafts or self._drafts[key][0] != state:
                log = self._log(plan, person, solution)
                self._drafts[key] = state, Draft(solution, log)
            return self._drafts[key][1]

    def discard(self, plan: str, person: str) -> None:
        """Put a person's edits of a plan aside: the next draft begins anew."""
        with self._lock:
            known = self._drafts.pop((plan, person), None)
        if known is not None and known[1].log is not None and known[1].log.exists():
            log = known[1].log
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
            log.replace(log.with_name(f"{log.stem}.{stamp}.done"))

    def _log(self, plan: str, person: str, solution: Solution) -> Path:
        """File of the edits: another plan in the same folder has another one."""
        owner = solution.plan.owner if solution.plan is not None else ()
        import hashlib

        digest = hashlib.sha256("\n".join(owner).encode()).hexdigest()[:12]
        name = f"{file_name(person)}-{digest}.jsonl"
        return self.root / OWN / "drafts" / plan.replace("/", "__") / name

    # ---- saving ----------------------------------------------------------------------

    def new_plan_id(self, wanted: str) -> str:
        """Return the id of a plan folder that does not exist yet."""
        name, n = file_name(wanted), 1
        while (self.root / PLANS / (name if n == 1 else f"{name}-{n}")).exists():
            n += 1
        return f"{PLANS}/{name if n == 1 else f'{name}-{n}'}"

    def saved(self) -> list[Saved]:
        """Return plans that were saved from edits, in order."""
        log = self.root / OWN / "saved.jsonl"
        if not log.is_file():
            return []
        found = []
        for line in log.read_text("utf-8").splitlines():
            try:
                found.append(Saved(**json.loads(line)))
            except (ValueError, TypeError):
                continue  # cut off: that save was never confirmed
        return found

    def record_saved(self, base: str, plan: str, by: str) -> None:
        """Keep that a plan was saved from edits of another."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        line = json.dumps(vars(Saved(base, plan, by, at)), ensure_ascii=False) + "\n"
        log = self.root / OWN / "saved.jsonl"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as stream:
            stream.write(line.encode("utf-8"))
            stream.flush()
            os.fsync(stream.fileno())

    # ---- taking in -------------------------------------------------------------------

    def write_text(self, name: str, text: str) -> Path:
        """Write a text file of the workspace: all of it, or nothing."""
        path = self.inside(name)
        return self._write(path, text.encode("utf-8"))

    def new_scenario(self, base: str, name: str) -> str:
        """
        Write a scenario that begins as a copy of another; returns its id.

        It stands beside the other, so that its tables are found.
        """
        source = self.inside(base)
        path = source.with_name(f"{file_name(name)}.toml")
        if path.exists():
            raise PlannerError(
                _("{name} is there already. Choose another name.").format(
                    name=path.name
                )
            )
        text = source.read_text("utf-8-sig")
        named = f"name = {json.dumps(name, ensure_ascii=False)}"
        text, found = re.subn(r"(?m)^name\s*=.*$", lambda _m: named, text, count=1)
        self._write(path, (text if found else f"{named}\n{text}").encode("utf-8"))
        return self._id(path)

    def receive(self, name: str, content: bytes) -> str:
        """
        Take in a file that somebody sends; returns its id.

        Raises
        ------
        PlannerError
            If it is too large, or of a kind that is not read.
        """
        if len(content) > LARGEST:
            raise PlannerError(
                _("{name} is larger than {most} MB. Send a smaller file.").format(
                    name=file_name(name), most=LARGEST >> 20
                )
            )
        clean = file_name(name)
        if Path(clean).suffix.lower() not in TAKEN:
            raise PlannerError(
                _(
                    "{name} is of no kind that is read here. Send one of: {kinds}."
                ).format(name=clean, kinds=", ".join(TAKEN))
            )
        folder = self.root / TABLES
        path, n = folder / clean, 1
        while path.exists():
            n += 1
            path = folder / f"{Path(clean).stem}-{n}{Path(clean).suffix}"
        return self._id(self._write(path, content))

    def _write(self, path: Path, content: bytes) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        number, fresh = tempfile.mkstemp(prefix=".", dir=path.parent)
        try:
            with os.fdopen(number, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(fresh, 0o644)
            Path(fresh).replace(path)
        except BaseException:
            Path(fresh).unlink(missing_ok=True)
            raise
        return path


def file_name(wanted: str) -> str:
    """
    Return a harmless file name that looks like what was wanted.

    Examples
    --------
    >>> file_name("../../etc/passwd"), file_name("华东 2027.xlsx"), file_name("CON")
    ('passwd', '华东 2027.xlsx', '_CON')
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", wanted))[-1]
    kept = "".join(
        c
        for c in last
        if c.isalnum() or c in " ._-()" or unicodedata.category(c) == "Mn"
    )
    kept = kept.strip(" .")[:80].strip(" .") or "file"
    return f"_{kept}" if _RESERVED.fullmatch(kept) else kept


def _sha(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
