"""Runs each job of a benchmark in a child process and survives what happens to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

Job = dict[str, Any]
_BLAS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_ROOT = str(Path(__file__).parents[2])
"""So that a child finds this very package, wherever it starts."""


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
    threads = str(job.get("threads", 1))
    path = os.pathsep.join(filter(None, [_ROOT, os.environ.get("PYTHONPATH")]))
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "planner.bench.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            encoding="utf-8",
            env=dict.fromkeys(_BLAS, threads) | os.environ | {"PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C is for the parent, which ends the child
        )
        late = threading.Event()

        def end() -> None:
            late.set()
            _kill(process)

        timer = threading.Timer(patience_s, end)
        timer.start()
        try:
            answer = _listen(process, job, tell)
        except BaseException:
            _kill(process)
            raise
        finally:
            timer.cancel()
            process.wait()
        if answer is not None:
            return answer
        if late.is_set():
            return {"status": f"failed: no answer after {patience_s:.0f} s"}
        return {"status": _why(process.returncode, said)}


def _kill(process: subprocess.Popen[str]) -> None:
    """End a child and whatever it has started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def _listen(
    process: subprocess.Popen[str], job: Job, tell: Callable[[list[float | str]], None]
) -> Job | None:
    assert process.stdin is not None
    assert process.stdout is not None
    answer = None
    try:
        with process.stdin as pipe:
            json.dump(job, pipe)
    except BrokenPipeError:
        return None  # it died at once; its last words say why
    with process.stdout as lines:
        for line in lines:
            message = json.loads(line)
            answer = message.get("answer", answer)
            if "progress" in message:
                tell(message["progress"])
    return answer


def _why(code: int, said: IO[str]) -> str:
    """Say in one line why a process died."""
    if code < 0:
        name = signal.Signals(-code).name
        hint = " (out of memory?)" if name == "SIGKILL" else ""
        return f"failed: killed by {name}{hint}"
    said.seek(0)
    lines = said.read().strip().splitlines()
    return f"failed: {lines[-1][:200] if lines else f'exit code {code}'}"
