"""Many solves, several at once, each in a child process of its own."""

from __future__ import annotations

import os
import queue
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner.errors import PlannerError
from planner.executor.jobs import (
    FAILED,
    NOT_RUN,
    Job,
    Outcome,
    glob_text,
    read_record,
)
from planner.processes import Child
from planner.words import _, language

if TYPE_CHECKING:
    from planner.solvers.result import Progress

CHILD = "planner.executor.child"
POLL_S = 0.1

Tell = Callable[[str, str, "Progress | None"], None]
"""
Receives a job's name, its state and, while it is solved, a moment of the solve.

States: waiting, solving, writing, then done, known (found, not solved), failed or
not run.
"""


def run_jobs(
    jobs: Iterable[Job],
    at_once: int | None = None,
    *,
    threads: int | None = None,
    again: bool = False,
    cluster: str | None = None,
    tell: Tell = lambda name, state, moment: None,
    interrupted: Callable[[], bool] = lambda: False,
) -> dict[str, Outcome]:
    """
    Solve what is not solved yet, each in a child process, several at once.

    A plan folder is written the moment its plan is there, and a record of its question
    in the folder ``solved`` beside it; a later run finds the answer by what was asked
    (see `Job.key`). A child that dies costs only its own job. One that was interrupted
    left its best plan, from which the next run goes on.

    Parameters
    ----------
    jobs
        With unique names and folders. The folder of an outcome may be another than
        that of the job: where a job with the same question wrote it.
    at_once
        Children at a time; None: one for each core, or for each worker of the cluster.
    threads
        Cores that they share; None: all of this machine. No solve gets more threads
        than its scenario asks for.
    again
        Solve also what is known.
    cluster
        Address of a Dask scheduler, ``tcp://...``: the children run on its workers.
    tell
        Called in this thread.
    interrupted
        Asked several times a second. True ends the running solves with their best
        plans so far, and none is begun any more.

    Returns
    -------
    Name -> outcome, in the order of the jobs; see `Outcome.complete`.

    Raises
    ------
    ScenarioError
        For a scenario that is not valid, before anything is solved.
    PlannerError
        For names or folders that occur twice, folders that must not be replaced, or a
        cluster that does not answer.
    """
    jobs = list(jobs)
    _check(jobs)
    outcomes: dict[str, Outcome | None] = dict.fromkeys(job.name for job in jobs)
    known = {job.name: read_record(job) for job in jobs}
    todo: list[Job] = []
    for job in jobs:
        found = known[job.name]
        if found is not None and found.complete and not again:
            outcomes[job.name] = found
            tell(job.name, "known", None)
        else:
            tell(job.name, "waiting", None)
            todo.append(job)
    payloads, twins = _payloads(todo, known, outcomes)
    if payloads:
        from planner.folders import check_target

        for payload in payloads:
            check_target(Path(payload["folder"]))
        runner = _runner(cluster, at_once, threads, len(payloads))
        try:
            for outcome in _run(payloads, runner, tell, interrupted):
                outcomes[outcome.name] = outcome
        finally:
            runner.close()
    for name, first in twins.items():
        outcomes[name] = replace(_of(outcomes, first), name=name, messages=())
        tell(name, _state(_of(outcomes, name)), None)
    return {job.name: _of(outcomes, job.name) for job in jobs}


def _of(outcomes: dict[str, Outcome | None], name: str) -> Outcome:
    return outcomes[name] or Outcome(name, NOT_RUN)


def _check(jobs: Sequence[Job]) -> None:
    """Refuse what cannot end well, before the work and not after it."""
    for what in ("name", "folder"):
        given = [str(getattr(job, what)) for job in jobs]
        if twice := sorted({one for one in given if given.count(one) > 1}):
            raise PlannerError(
                _("Two of the plans have the same {what}: {twice}. Rename one.").format(
                    what=_(what), twice=", ".join(twice)
                )
            )
    for job in jobs:
        if len(job.question.counts) > 1:
            raise PlannerError(
                _(
                    "{name} asks for several numbers of reps. Give one number in a "
                    "scenario of its own, or run planner solve."
                ).format(name=job.name)
            )


def _payloads(
    todo: list[Job], known: dict[str, Outcome | None], outcomes: dict[str, Any]
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return what the children are told, and which job waits for which other."""
    taken = {o.folder for o in outcomes.values() if o is not None}
    first: dict[str, str] = {}
    twins: dict[str, str] = {}
    payloads = []
    for job in todo:
        if job.key in first:
            twins[job.name] = first[job.key]
            continue
        first[job.key] = job.name
        folder, n = job.folder, 2
        while folder in taken:  # another question's answer, found by its record
            folder, n = job.folder.with_name(f"{job.folder.name}-{n}"), n + 1
        taken.add(folder)
        question, before = job.question, known[job.name]
        start = job.start
        if start is None and before is not None and question.bases is None:
            start = before.folder
        payloads.append(
            {
                "name": job.name,
                "key": job.key,
                "scenario": question.to_toml(),
                "base": str(question.base.resolve()),
                "folder": str(folder.resolve()),
                "shown": str(folder),
                "start": None if start is None else str(start.resolve()),
                "drawings": job.drawings,
                "threads": question.solve.threads,
                "language": language(),
            }
        )
    return payloads, twins


class LocalRunner:
    """
    Children on this machine.

    Parameters
    ----------
    at_once
        Children at a time.
    threads
        That those which run share.
    """

    def __init__(self, at_once: int, threads: int) -> None:
        self.at_once, self.threads = at_once, threads
        self._children: dict[str, Child] = {}

    def run(
        self, payload: dict[str, Any], waiting: int, hear: Callable[[Any], None]
    ) -> dict[str, Any]:
        """Run one job in this thread; `waiting` others are still to come."""
        beside = min(self.at_once, len(self._children) + 1 + waiting)
        share = max(1, self.threads // max(beside, 1))
        threads = min(payload["threads"], share)
        child = Child(CHILD, {**payload, "threads": threads}, threads)
        self._children[payload["name"]] = child
        answer = None
        try:
            for message in child.messages():
                answer = message.get("answer", answer)
                hear(message)
            return answer or failed(payload, child.why())
        finally:
            del self._children[payload["name"]]
            child.close()
            if answer is None:
                _tidy(Path(payload["folder"]))

    def stop(self) -> None:
        """Ask all for their best plans."""
        for child in list(self._children.values()):
            child.stop()

    def kill(self) -> None:
        """End all at once."""
        for child in list(self._children.values()):
            child.kill()

    def close(self) -> None:
        """Nothing is left open."""


def failed(payload: dict[str, Any], why: str) -> dict[str, Any]:
    """Return the answer of a child that gave none."""
    return {"name": payload["name"], "status": FAILED, "reasons": [why]}


def _tidy(folder: Path) -> None:
    """Remove what a killed child left half-written beside its folder."""
    for rest in folder.parent.glob(f".{glob_text(folder.name)}.*"):
        shutil.rmtree(rest, ignore_errors=True)


def _runner(
    cluster: str | None, at_once: int | None, threads: int | None, jobs: int
) -> Any:
    if cluster is not None:
        from planner.executor.cluster import ClusterRunner

        return ClusterRunner(cluster, at_once)
    cores = threads or _cores()
    return LocalRunner(max(1, min(at_once or cores, jobs)), cores)


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _run(
    payloads: list[dict[str, Any]],
    runner: Any,
    tell: Tell,
    interrupted: Callable[[], bool],
) -> Iterator[Outcome]:
    """Yield outcomes as they come; threads wait for the children, this one talks."""
    from planner.solvers.result import Progress

    waiting = list(reversed(payloads))
    said: queue.SimpleQueue[tuple[str, dict[str, Any]]] = queue.SimpleQueue()
    running: dict[str, threading.Thread] = {}
    shown = {payload["name"]: Path(payload["shown"]) for payload in payloads}
    stopped = False

    def work(payload: dict[str, Any], others: int) -> None:
        name = payload["name"]

        def hear(message: dict[str, Any]) -> None:
            said.put((name, message))

        try:
            answer = runner.run(payload, others, hear)
        except Exception as error:  # its thread must not die in silence
            answer = failed(payload, f"{type(error).__name__}: {error}")
        said.put((name, {"end": answer}))

    try:
        while running or (waiting and not stopped):
            while waiting and len(running) < runner.at_once and not stopped:
                payload = waiting.pop()
                name = payload["name"]
                tell(name, "solving", None)
                thread = threading.Thread(
                    target=work, args=(payload, len(waiting)), daemon=True
                )
                running[name] = thread
                thread.start()
            try:
                name, message = said.get(timeout=POLL_S)
            except queue.Empty:
                name, message = "", {}
            if "progress" in message:
                tell(name, "solving", Progress(*message["progress"]))
            elif "writing" in message:
                tell(name, "writing", None)
            elif "end" in message:
                running.pop(name).join()
                outcome = outcome_of(message["end"])
                if outcome.has_plan:  # as the user named it
                    outcome = replace(outcome, folder=shown[name])
                tell(name, _state(outcome), None)
                yield outcome
            if not stopped and interrupted():
                stopped = True
                runner.stop()
    except BaseException:
        runner.kill()
        raise
    for payload in waiting:
        tell(payload["name"], NOT_RUN, None)


def outcome_of(answer: dict[str, Any]) -> Outcome:
    """Return a child's answer as an outcome."""
    folder = answer.get("folder")
    lists = {key: tuple(answer.get(key, ())) for key in ("reasons", "messages")}
    return Outcome(**{**answer, **lists, "folder": Path(folder) if folder else None})


def _state(outcome: Outcome) -> str:
    return outcome.status if outcome.status in (FAILED, NOT_RUN) else "done"
