"""Solves in the background: each a child process, watched by a thread."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.processes import Child
from planner.words import _, speaking

if TYPE_CHECKING:
    from planner.executor import Job
    from planner.solvers.result import Progress

REDO = "planner.web.redo"
STANDBYS = 2
"""Children that wait with a plan in memory."""


@dataclass
class Solve:
    """
    One solve and how far it is.

    Attributes
    ----------
    title
        What is solved, for people.
    state
        "starting", "solving", "writing", "done" or "failed".
    moment
        The last that was told, in currency.
    folder
        The plan folder that was written; None: no plan (yet).
    lines
        What was asked, answered in sentences.
    reasons
        Why there is none.
    first_word, ended
        Seconds until the first progress, and until the end; None: not yet.
    """

    title: str
    state: str = "starting"
    moment: Progress | None = None
    folder: Path | None = None
    lines: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    first_word: float | None = None
    ended: float | None = None
    stop: Callable[[], None] = lambda: None

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.state not in ("done", "failed")

    @property
    def seconds(self) -> float:
        """Since it was asked for."""
        return time.monotonic() - self.began


class Solves:
    """All solves of a server."""

    def __init__(self) -> None:
        self._spare: Child | None = None
        self._standby: dict[str, Child] = {}
        self._lock = threading.Lock()
        self.running: dict[str, Solve] = {}

    def warm(self) -> None:
        """Let a child load what every solve needs, unless one has a plan already."""
        with self._lock:
            if self._spare is None and not self._standby:
                self._spare = Child(REDO, {}, 2)

    def get_ready(self, plan: Path, language: str) -> None:
        """Let a child open a plan, so that a solve of its edits begins at once."""
        key = str(plan)
        with self._lock:
            if key in self._standby and _lives(self._standby[key]):
                return
            while len(self._standby) >= STANDBYS:
                self._standby.pop(next(iter(self._standby))).kill()
            child, self._spare = self._spare, None
            if child is None or not _lives(child):
                child = Child(REDO, {}, 2)
            with suppress(OSError):  # it died at once; its last words say why
                child.give({"plan": key, "language": language})
            self._standby[key] = child

    def redo(
        self,
        key: str,
        title: str,
        plan: Path,
        job: dict[str, Any],
        done: Callable[[Solve], None],
    ) -> Solve:
        """
        Solve a plan around edits, or price what somebody asks.

        Parameters
        ----------
        key
            Of the draft: one solve of it at a time.
        plan
            Folder of the plan that was edited.
        job
            ``time_limit``, ``language``; ``pins`` and ``folder``, or ``ask`` (an
            account), ``to`` (a rep) and ``plan`` (its id).
        done
            Called at the end, in another thread.
        """
        if key in self.running and self.running[key].running:
            return self.running[key]
        self.get_ready(plan, job["language"])
        with self._lock:
            child = self._standby.pop(str(plan))
        solve = self.running[key] = Solve(title, stop=child.stop)

        def watch() -> None:
            answer: dict[str, Any] | None = None
            try:
                child.give(job)
                for message in child.messages():
                    answer = message.get("answer", answer)
                    self._hear(solve, message)
                if answer is None:
                    answer = {"reasons": [child.why()]}
            except Exception as error:  # the thread must not die in silence
                answer = {"reasons": [f"{type(error).__name__}: {error}"]}
            finally:
                child.close()
            solve.reasons = list(answer["reasons"])
            solve.lines = list(answer.get("lines", []))
            folder = answer.get("folder")
            solve.folder = Path(folder) if folder else None
            good = (folder or solve.lines) and not solve.reasons
            solve.ended = solve.seconds
            solve.state = "done" if good else "failed"
            done(solve)
            self.get_ready(plan, job["language"])

        threading.Thread(target=watch, daemon=True).start()
        return solve

    def scenario(
        self, key: str, job: Job, language: str, done: Callable[[Solve], None]
    ) -> Solve:
        """Solve a scenario; arguments as for `redo`."""
        if key in self.running and self.running[key].running:
            return self.running[key]
        asked = threading.Event()
        solve = self.running[key] = Solve(job.name, stop=asked.set)

        def tell(_name: str, state: str, moment: Progress | None) -> None:
            if moment is not None:
                self._hear(solve, {"progress": list(moment)})
            elif state == "writing":
                self._hear(solve, {"writing": True})

        def work() -> None:
            from planner.executor import run_jobs

            try:
                with speaking(language):
                    found = run_jobs([job], 1, tell=tell, interrupted=asked.is_set)
                outcome = found[job.name]
                solve.reasons = list(outcome.reasons)
                solve.folder = outcome.folder
                solve.state = "done" if outcome.has_plan else "failed"
            except Exception as error:  # the thread must not die in silence
                solve.reasons, solve.state = str(error).splitlines(), "failed"
            done(solve)

        threading.Thread(target=work, daemon=True).start()
        return solve

    @staticmethod
    def _hear(solve: Solve, message: dict[str, Any]) -> None:
        from planner.solvers.result import Progress

        if "progress" in message:
            solve.moment, solve.state = Progress(*message["progress"]), "solving"
            if solve.first_word is None:
                solve.first_word = solve.seconds
        elif "writing" in message:
            solve.state = "writing"
        elif solve.state == "starting" and message.get("ready"):
            solve.state = "solving"

    def close(self) -> None:
        """End the children that wait."""
        with self._lock:
            if self._spare is not None:
                self._spare.kill()
            for child in self._standby.values():
                child.kill()
            self._spare = None
            self._standby.clear()


def _lives(child: Child) -> bool:
    return child.process.poll() is None


def progress_text(solve: Solve) -> str:
    """Say how far a solve is."""
    words = {
        "starting": _("starting"),
        "solving": _("solving"),
        "writing": _("writing and verifying"),
    }
    text = _("{seconds:.0f} s, {state}").format(
        seconds=solve.seconds, state=words.get(solve.state, solve.state)
    )
    moment = solve.moment
    if moment is not None and math.isfinite(moment.cost):
        text += _(": best {cost:,.0f}, bound {bound:,.0f}, gap {gap:.2%}").format(
            cost=moment.cost, bound=moment.bound, gap=moment.gap
        )
    return text
