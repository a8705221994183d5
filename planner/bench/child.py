"""
One run of a benchmark in a process of its own: fresh memory, and no run's crash ends
the others. The job comes as JSON on stdin; progress and answer go to stdout, one JSON
a line. The clock of a run starts after interpreter, imports and compilation.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from planner.processes import Served
from planner.solvers.result import Progress

Job = dict[str, Any]
Tell = Callable[[Progress], None]
PAUSE_S = 0.2


def main() -> None:
    """Do the job on stdin."""
    parent = Served()
    told = [-PAUSE_S]

    def tell(moment: Progress) -> None:
        now = time.perf_counter()
        if now - told[0] >= PAUSE_S:
            told[0] = now
            parent.send(progress=list(moment))

    memory = Memory()
    memory.start()
    answer = _work_of(parent.job["kind"])(parent.job, tell)
    parent.send(answer=answer | {"peak_mb": memory.peak_mb()})


def _work_of(kind: str) -> Callable[[Job, Tell], Job]:
    if kind in ("areas", "areas case"):
        from planner.bench import areas_job

        return {"areas": areas_job.solve_on_map, "areas case": areas_job.compile_case}[
            kind
        ]
    if kind not in ("generate", "territory"):
        from planner.bench.published_job import solve_published

        return solve_published
    from planner.bench import territory_job

    return {
        "generate": territory_job.generate_tables,
        "territory": territory_job.solve_territory,
    }[kind]


class Memory(threading.Thread):
    """
    Watches the resident memory of this process and of those that it starts.

    Linux tells the peak of each program. `getrusage`, which other systems have, also
    counts the parent's memory at the moment of the start, and is all there is there.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._helpers_kb = 0

    def run(self) -> None:
        """Look at the processes that this one has started, again and again."""
        while _PROCESSES.is_dir():
            found = _PROCESSES.glob("self/task/*/children")
            helpers = [int(pid) for path in found for pid in _text(path).split()]
            self._helpers_kb = max(self._helpers_kb, sum(map(_peak_kb, helpers)))
            time.sleep(PAUSE_S)

    def peak_mb(self) -> float | None:
        """Return own peak and the largest of the others together; None if unknown."""
        own = _peak_kb("self")
        if own:
            return (own + self._helpers_kb) / 1024
        try:
            import resource
        except ImportError:  # Windows
            return None
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (1024**2 if sys.platform == "darwin" else 1024)


_PROCESSES = Path("/proc")


def _peak_kb(process: int | str) -> int:
    """Peak of a process in kB, 0 where it is gone or nobody tells."""
    for line in _text(_PROCESSES / str(process) / "status").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""


if __name__ == "__main__":
    main()
