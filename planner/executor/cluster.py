"""The same children on the workers of a Dask cluster (extra ``distributed``)."""

from __future__ import annotations

import tempfile
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from planner.errors import PlannerError
from planner.executor.jobs import planner_version, write_record
from planner.executor.parcel import content_of, packed, unpacked
from planner.executor.run import CHILD, failed, outcome_of
from planner.processes import Child
from planner.words import _

Payload = dict[str, Any]
ANSWER_S = 10.0
"""How long the scheduler may take to answer at first."""
_STOP_POLL_S = 0.5


class ClusterRunner:
    """
    Children on the workers of a cluster; inputs and plan folders travel as bytes.

    Dask begins a task anew on another worker when its worker dies. Every task runs its
    solve in a child process of the worker, for a running task cannot be cancelled but
    a child can be asked to stop.

    Parameters
    ----------
    address
        Of the scheduler.
    at_once
        Tasks at a time; None: one for each worker.
    """

    def __init__(self, address: str, at_once: int | None) -> None:
        try:
            from distributed import Client, Event
        except ImportError as error:
            raise PlannerError(
                _(
                    "A cluster needs the extra `distributed`: pip install "
                    "'territory-planner[distributed]'"
                )
            ) from error
        try:
            self._client = Client(address, timeout=ANSWER_S)
        except (OSError, ValueError) as error:
            raise PlannerError(
                _(
                    "No Dask scheduler answers at {address} ({error}). Start one with: "
                    "dask scheduler"
                ).format(address=address, error=error)
            ) from error
        workers = len(self._client.scheduler_info(n_workers=-1)["workers"])
        if not workers:
            raise PlannerError(
                _(
                    "The cluster at {address} has no workers. Start one with: dask "
                    "worker {address}"
                ).format(address=address)
            )
        self.at_once = at_once or workers
        self._topic = f"planner-{uuid.uuid4().hex}"
        self._stop = Event(self._topic, client=self._client)
        self._hear: dict[str, Callable[[Any], None]] = {}
        self._client.subscribe_topic(self._topic, self._pass_on)

    def _pass_on(self, event: Any) -> None:
        name, message = event[1]
        if (hear := self._hear.get(name)) is not None:
            hear(message)

    def run(
        self, payload: Payload, waiting: int, hear: Callable[[Any], None]
    ) -> dict[str, Any]:
        """Run one job on a worker and take its plan folder in."""
        self._hear[payload["name"]] = hear
        parcel = packed(payload) | {"topic": self._topic, "version": planner_version()}
        future = self._client.submit(solve_here, parcel, pure=False)
        try:
            answer, files = future.result()
        finally:
            self._hear.pop(payload["name"], None)
            future.release()
        if files:
            from planner.workspace import adopt_plan_folder

            folder = Path(payload["folder"])
            adopt_plan_folder(folder, files)
            answer["folder"] = str(folder)
        if answer.get("key"):  # nothing was wrong with it
            write_record(Path(payload["folder"]), outcome_of(answer))
        return answer

    def stop(self) -> None:
        """Ask all for their best plans."""
        self._stop.set()

    kill = stop

    def close(self) -> None:
        """Leave the cluster."""
        self._client.unsubscribe_topic(self._topic)
        self._client.close()


def solve_here(parcel: Payload) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Run a job's child on this worker; return its answer and the plan folder."""
    from distributed import Event, get_client, get_worker

    if parcel["version"] != planner_version():
        why = f"worker has planner {planner_version()}, not {parcel['version']}"
        return failed(parcel, why), {}
    worker, name = get_worker(), parcel["name"]
    topic = parcel["topic"]
    stop = Event(topic, client=get_client())  # asked from another thread
    with tempfile.TemporaryDirectory(prefix="planner-") as folder:
        told = unpacked(parcel, Path(folder))
        told["threads"] = min(told["threads"], worker.state.nthreads)
        child = Child(CHILD, told, told["threads"])
        over = threading.Event()
        watch = threading.Thread(target=_heed, args=(stop, child, over), daemon=True)
        watch.start()
        answer = None
        try:
            for message in child.messages():
                answer = message.get("answer", answer)
                if "answer" not in message:
                    worker.log_event(topic, (name, message))
            answer = answer or failed(parcel, child.why())
        except BaseException:
            child.kill()
            raise
        finally:
            over.set()
            watch.join()
            child.close()
        plan = answer.get("folder")
        return answer, content_of(Path(plan)) if plan else {}


def _heed(stop: Any, child: Child, over: threading.Event) -> None:
    """Pass the wish to stop on to the child."""
    while not over.wait(_STOP_POLL_S):
        if stop.is_set():
            child.stop()
            return
