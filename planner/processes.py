"""A child process for one job: fresh memory, and no job's crash ends the others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

Message = dict[str, Any]
_BLAS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_ROOT = str(Path(__file__).parents[1])
"""So that a child finds this very package, wherever it starts."""


class Child:
    """
    A module of this package, run with a job; it answers in JSON, one message a line.

    Parameters
    ----------
    module
        Run as ``python -m module``; see `serve` for its side of the talk.
    job
        Plain data, its first line of input.
    threads
        For the linear algebra library.
    """

    def __init__(self, module: str, job: Message, threads: int = 1) -> None:
        path = os.pathsep.join(filter(None, [_ROOT, os.environ.get("PYTHONPATH")]))
        settings = dict.fromkeys(_BLAS, str(threads)) | os.environ
        self._said = tempfile.TemporaryFile(  # noqa: SIM115 - close() does
            "w+", encoding="utf-8", errors="replace"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            encoding="utf-8",
            env=settings | {"PYTHONPATH": path},
            start_new_session=True,  # Ctrl-C is for the parent, which ends the child
        )
        with suppress(BrokenPipeError):  # it died at once; its last words say why
            self._write(json.dumps(job))

    def messages(self) -> Iterator[Message]:
        """Yield what the child says, until it ends."""
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                with suppress(ValueError):  # cut off where it was killed
                    yield json.loads(line)
        self.process.wait()

    def stop(self) -> None:
        """Ask for the best there is so far; a child that has ended does not mind."""
        with suppress(OSError, ValueError):
            self._write("stop")

    def kill(self) -> None:
        """End the child and whatever it has started."""
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()

    def close(self) -> None:
        """Wait for the end and let go of the pipes."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self._said.close()

    def why(self) -> str:
        """Say in a few words, always English, why it ended without an answer."""
        code = self.process.wait()
        if code < 0:
            name = signal.Signals(-code).name
            return f"killed by {name}" + " (out of memory?)" * (name == "SIGKILL")
        self._said.seek(0)
        lines = self._said.read().strip().splitlines()
        return lines[-1][:200] if lines else f"exit code {code}"

    def give(self, job: Message) -> None:
        """Hand over one more job, see `Served.next_job`."""
        self._write(json.dumps(job))

    def _write(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()


class Served:
    """
    The child's side: its job, a way to speak, and whether it has been asked to stop.

    A parent that is gone asks to stop, too: nobody is left to wait for the rest.

    Parameters
    ----------
    listening
        Whether to heed a wish to stop from the start; else from `listen` on.

    Attributes
    ----------
    job
        What to do.
    """

    def __init__(self, *, listening: bool = True) -> None:
        self._pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)  # what a solver prints is not for the parent
        # Unbuffered: a thread that waits in a buffered read blocks the end of Python.
        with open(0, "rb", buffering=0, closefd=False) as raw:
            self.job: Message = json.loads(raw.readline())
        self._asked = threading.Event()
        if listening:
            self.listen()

    def listen(self) -> None:
        """From now on a line of input asks to stop, and so does its end."""
        threading.Thread(target=self._listen, daemon=True).start()

    def next_job(self) -> Message:
        """Wait for one more job, where the first was only to get ready."""
        with open(0, "rb", buffering=0, closefd=False) as raw:
            line = raw.readline()
        return json.loads(line) if line.strip() else {}

    def send(self, **message: object) -> None:
        """Say something to the parent, if there still is one."""
        with suppress(BrokenPipeError):
            print(json.dumps(message), file=self._pipe, flush=True)

    def interrupted(self) -> bool:
        """Whether the best so far is wanted now."""
        return self._asked.is_set()

    def _listen(self) -> None:
        os.read(0, 1)
        self._asked.set()
