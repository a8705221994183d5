"""Runs each job of a benchmark in a child process and survives what happens to it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from planner.processes import Child

Job = dict[str, Any]


def run_job(
    job: Job, tell: Callable[[list[float | str]], None], *, patience_s: float
) -> Job:
    """
    Run a job in a fresh process.

    Parameters
    ----------
    job
        See `planner.bench.child`; `threads` also goes to the linear algebra library.
    tell
        Receives seconds, cost, bound and phase while the job runs.
    patience_s
        A job that takes longer is ended.

    Returns
    -------
    The job's answer; only a `status` that says why, where there is none. A status is
    data and always English.
    """
    child = Child("planner.bench.child", job, job.get("threads", 1))
    late = threading.Event()

    def end() -> None:
        late.set()
        child.kill()

    timer = threading.Timer(patience_s, end)
    timer.start()
    answer = None
    try:
        for message in child.messages():
            answer = message.get("answer", answer)
            if "progress" in message:
                tell(message["progress"])
        if answer is not None:
            return answer
        if late.is_set():
            return {"status": f"failed: no answer after {patience_s:.0f} s"}
        return {"status": f"failed: {child.why()}"}
    except BaseException:
        child.kill()
        raise
    finally:
        timer.cancel()
        child.close()
