"""A workspace: one folder of scenarios, tables and plans that a person works in."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock, RLock
from typing import TYPE_CHECKING, Any

from planner.errors import PlannerError
from planner.intake import LARGEST, TAKEN, check_taken, file_name, read_inside
from planner.listing import (
    CERTIFICATE,
    Listing,
    PlanFolder,
    ScenarioFile,
    state_of,
)
from planner.words import _

if TYPE_CHECKING:
    from planner.draft import Draft
    from planner.scenario import Scenario
    from planner.solution import Solution

__all__ = ["LARGEST", "OWN", "TAKEN", "Library", "PlanFolder", "Saved", "ScenarioFile"]

OWN = ".planner"
"""What the planner keeps for itself in a workspace: drafts, saves, sessions."""
PLANS, TABLES = "plans", "tables"
"""Where new plans, and tables that were sent, go."""
OPEN_PLANS, OPEN_WHOLE = 6, 2
"""Plans that are kept in memory: to be seen, and with all that may be chosen."""

Opened = OrderedDict[str, tuple[Any, "Solution"]]
"""State of the certificate, and the plan, by id; last used last."""


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
        self._listing = Listing(self.root)
        self._views: Opened = OrderedDict()
        self._whole: Opened = OrderedDict()
        self._drafts: dict[tuple[str, str], tuple[Any, Draft]] = {}
        self._promised: set[str] = set()
        self._lock, self._opening, self._opening_whole = Lock(), RLock(), Lock()

    # ---- what is there ---------------------------------------------------------------

    def scenarios(self) -> list[ScenarioFile]:
        """Every scenario file, by name of the file."""
        return self._listing.scenarios()

    def plans(self) -> list[PlanFolder]:
        """Every plan folder, the newest first."""
        return self._listing.plans({one.plan for one in self.saved()})

    def inside(self, name: str) -> Path:
        """
        Return a path of the workspace by its id.

        Raises
        ------
        PlannerError
            For a path that leads out of it, or into what is not for people.
        """
        parts = Path(name).parts
        usable = "\0" not in name and not any(part.startswith(".") for part in parts)
        with suppress(OSError, ValueError):
            path = (self.root / name).resolve() if usable else self.root.parent
            os.fsencode(path)
            path.exists()
            if path.is_relative_to(self.root):
                return path
        raise PlannerError(
            _("{name!r} is not in this workspace.").format(name=name[:200])
        )

    def scenario(self, name: str, text: str | None = None) -> Scenario:
        """
        Read a scenario, or what is to stand in its file.

        Raises
        ------
        PlannerError
            If it is not there, is not valid, or names files outside the workspace.
        """
        return read_inside(self.root, self.inside(name), text)

    # ---- plans in hand ---------------------------------------------------------------

    def solution(self, plan: str) -> Solution:
        """
        Open a plan, once for as long as it does not change.

        Raises
        ------
        PlannerError
            If it is not there, or not whole.
        """
        from planner.reopen import open_plan

        with self._opening_whole:
            return self._opened(self._whole, plan, open_plan, OPEN_WHOLE)

    def view(self, plan: str) -> Solution:
        """
        Do as `solution`, for one who only counts and draws; see `view_plan`.

        Raises
        ------
        PlannerError
            If it is not there, or not whole.
        """
        from planner.reopen import view_plan

        with self._opening:
            return self._opened(self._views, plan, view_plan, OPEN_PLANS)

    def _opened(
        self,
        known: Opened,
        plan: str,
        open_: Callable[[Path], Solution],
        most: int,
    ) -> Solution:
        folder = self.inside(plan)
        state = state_of(folder / CERTIFICATE)
        if plan not in known or known[plan][0] != state:
            known[plan] = state, open_(folder)
        known.move_to_end(plan)
        while len(known) > most:
            known.popitem(last=False)
        return known[plan][1]

    def draft(self, plan: str, person: str) -> Draft:
        """Return a person's edits of a plan, as they stand on the disk."""
        from planner.draft import Draft

        with self._opening:
            solution = self.view(plan)
            state = state_of(self.inside(plan) / CERTIFICATE)
            key = plan, person
            if key not in self._drafts or self._drafts[key][0] != state:
                log = self._log(plan, person, solution)
                draft = Draft(solution, log, lambda: self.solution(plan))
                self._drafts[key] = state, draft
            return self._drafts[key][1]

    def discard(self, plan: str, person: str) -> None:
        """Put a person's edits of a plan aside: the next draft begins anew."""
        with self._opening:
            known = self._drafts.pop((plan, person), None)
        if known is not None and known[1].log is not None and known[1].log.exists():
            log = known[1].log
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
            log.replace(log.with_name(f"{log.stem}.{stamp}.done"))

    def _log(self, plan: str, person: str, solution: Solution) -> Path:
        """File of the edits: another plan in the same folder has another one."""
        owner = solution.plan.owner if solution.plan is not None else ()
        return self._own("drafts", plan, person, *owner, suffix=".jsonl")

    def _own(self, kind: str, name: str, person: str, *more: str, suffix: str) -> Path:
        """File that is kept for a person; names that look alike have their own."""
        digest = hashlib.sha256("\n".join((name, person, *more)).encode()).hexdigest()
        shown = file_name(f"{name.replace('/', '__')} {person}.")[:80]
        return self.root / OWN / kind / f"{shown}-{digest[:16]}{suffix}"

    # ---- saving ----------------------------------------------------------------------

    def new_plan_id(self, wanted: str) -> str:
        """Return the id of a plan folder that is not there, and not promised yet."""
        name, n = file_name(wanted), 1
        with self._lock:
            while True:
                found = f"{PLANS}/{name if n == 1 else f'{name}-{n}'}"
                if found not in self._promised and not (self.root / found).exists():
                    self._promised.add(found)
                    return found
                n += 1

    def saved(self) -> list[Saved]:
        """Return plans that were saved from edits, in order."""
        log = self.root / OWN / "saved.jsonl"
        if not log.is_file():
            return []
        found = []
        for line in log.read_text("utf-8", "replace").splitlines():
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
        with self._lock, log.open("a+b") as stream:
            if stream.seek(0, os.SEEK_END):
                stream.seek(-1, os.SEEK_END)
                if stream.read(1) != b"\n":  # a line that was cut off stands alone
                    stream.write(b"\n")
            stream.write(line.encode("utf-8"))
            stream.flush()
            os.fsync(stream.fileno())

    # ---- solves that are under way ---------------------------------------------------

    def begin_solve(self, scenario: str) -> None:
        """Keep that a scenario is being solved, until `end_solve`."""
        body = {"scenario": scenario}
        self._write(self._running(scenario), json.dumps(body).encode())

    def end_solve(self, scenario: str) -> None:
        """Forget that a scenario is being solved."""
        self._running(scenario).unlink(missing_ok=True)

    def interrupted(self) -> list[str]:
        """Return, once, the scenarios whose solve a stop of the server has ended."""
        found = []
        for path in sorted((self.root / OWN / "running").glob("*.json")):
            with suppress(OSError, ValueError, KeyError, TypeError):
                found.append(str(json.loads(path.read_text("utf-8"))["scenario"]))
            path.unlink(missing_ok=True)
        return found

    def _running(self, scenario: str) -> Path:
        return self._own("running", scenario, "", suffix=".json")

    # ---- texts -----------------------------------------------------------------------

    def text(self, name: str) -> str:
        """
        Return the text of a scenario file.

        Raises
        ------
        PlannerError
            If it is not there, or no text.
        """
        try:
            return self.inside(name).read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise PlannerError(
                _("{name!r} is not in this workspace.").format(name=name[:200])
            ) from error

    def write_text(self, name: str, text: str, before: str | None = None) -> Path:
        """
        Write a text file of the workspace: all of it, or nothing.

        Parameters
        ----------
        before
            What the file must still say; None: whatever it says.

        Raises
        ------
        PlannerError
            If somebody has changed it meanwhile.
        """
        path = self.inside(name)
        with self._lock:
            if before is not None and path.is_file() and self.text(name) != before:
                raise PlannerError(
                    _(
                        "{name} has changed meanwhile, on another page or in the shell."
                    ).format(name=name)
                )
            return self._write(path, text.encode("utf-8"))

    def keep_unsaved(self, name: str, person: str, text: str | None) -> None:
        """Keep a person's text of a scenario that is not saved yet; None: forget it."""
        path = self._own("texts", name, person, suffix=".toml")
        if text is None:
            path.unlink(missing_ok=True)
        else:
            self._write(path, text.encode("utf-8", "replace"))

    def unsaved(self, name: str, person: str) -> str | None:
        """Return a person's text of a scenario that was not saved; None: all is."""
        path = self._own("texts", name, person, suffix=".toml")
        try:
            return path.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def new_scenario(self, base: str, name: str) -> str:
        """
        Write a scenario that begins as a copy of another; returns its id.

        It stands beside the other, so that its tables are found.

        Raises
        ------
        PlannerError
            If a file of that name is there already, or the other is not TOML.
        """
        from planner.toml_text import with_value

        source = self.inside(base)
        path = source.with_name(f"{file_name(f'{name}.toml')}")
        text = with_value(self.text(base), "name", name)
        with self._lock:
            if path.exists():
                raise PlannerError(
                    _("{name} is there already. Choose another name.").format(
                        name=path.name
                    )
                )
            self._write(path, text.encode("utf-8"))
        return self._listing.id_of(path)

    # ---- taking in -------------------------------------------------------------------

    def receive(self, name: str, content: bytes) -> str:
        """
        Take in a file that somebody sends; returns its id.

        Raises
        ------
        PlannerError
            If it is too large, empty, or of a kind that is not read.
        """
        clean = check_taken(name, len(content), content[:4096])
        folder = self.root / TABLES
        if folder.is_symlink():
            raise PlannerError(
                _("{name!r} is not in this workspace.").format(name=TABLES)
            )
        path, n = folder / clean, 1
        with self._lock:
            while path.exists():
                n += 1
                path = folder / f"{Path(clean).stem}-{n}{Path(clean).suffix}"
            return self._listing.id_of(self._write(path, content))

    def take_back(self, name: str) -> None:
        """Remove a file that was received, and turned out to be no table."""
        path = self.inside(name)
        if path.parent == self.root / TABLES:
            path.unlink(missing_ok=True)
            with suppress(OSError):  # others are in it
                path.parent.rmdir()

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
