"""Tables read in a process of their own: no file that is sent can stop the server."""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from planner.errors import Fault, PlannerError
from planner.processes import Child, Served
from planner.words import _, language, set_language

SECONDS, CPU_SECONDS = 180, 120
"""That reading may take: on the clock, and of computing."""
MEMORY = 8 * 2**30
"""Bytes of addresses that the reading process may have."""
SENT = 200
"""Faults that are sent as such; a file has them all."""


@dataclass
class Found:
    """
    What reading the tables of a scenario has found.

    Attributes
    ----------
    faults, warnings
        The first of each.
    n_faults, n_warnings
        How many there are.
    notes
        What was assumed.
    unreadable
        Files that are no tables.
    fit
        How much there is to plan; "" = not fit to solve.
    stopped
        Why reading did not come to an end; "" = it did.
    """

    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    n_faults: int = 0
    n_warnings: int = 0
    notes: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    fit: str = ""
    stopped: str = ""

    def refuses(self, file: str) -> bool:
        """Whether a file is no table at all, or could not be read to its end."""
        names = [one.partition(" [")[0] for one in self.unreadable]  # without a sheet
        return bool(self.stopped) or file in names


def read_apart(scenario: Path, text: str, every: Path) -> Found:
    """
    Read all tables of a scenario in a child process, within limits.

    Parameters
    ----------
    scenario
        Its file.
    text
        What stands in it, or is to.
    every
        File for the full list of faults and warnings (CSV).
    """
    job = {
        "scenario": str(scenario),
        "text": text,
        "every": str(every),
        "language": language(),
    }
    child = Child(__name__, job)
    late = threading.Timer(SECONDS, child.kill)
    late.daemon = True
    late.start()
    answer: dict[str, Any] | None = None
    try:
        for message in child.messages():
            answer = message.get("answer", answer)
        if answer is None:
            return Found(stopped=_stopped(child.why()))
    finally:
        late.cancel()
        with suppress(OSError):
            child.close()
    if "error" in answer:
        raise PlannerError(answer["error"])
    for name in ("faults", "warnings"):
        answer[name] = [Fault(**one) for one in answer[name]]
    return Found(**answer)


def _stopped(why: str) -> str:
    return _(
        "The tables could not be read within {seconds} s and {memory} GB ({why}). Send "
        "smaller tables, or read them in a terminal with planner check."
    ).format(seconds=SECONDS, memory=MEMORY >> 30, why=why)


def _limit() -> None:
    """Keep a file that explodes from taking the machine along."""
    if sys.platform == "win32":
        return
    import resource

    for which, most in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):
            _soft, hard = resource.getrlimit(which)
            least = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(which, (least, hard))


def main() -> None:
    """Read, and answer; the child's side of `read_apart`."""
    parent = Served()
    _limit()
    job = parent.job
    set_language(job["language"])
    try:
        parent.send(
            answer=_read(Path(job["scenario"]), job["text"], Path(job["every"]))
        )
    except PlannerError as error:
        parent.send(answer={"error": str(error)})


def _read(path: Path, text: str, every: Path) -> dict[str, Any]:
    from planner.scenario import read_scenario
    from planner.tables import check_tables, write_faults

    scenario = read_scenario(path, text)
    tables, faults, warnings, notes = check_tables(scenario, scenario.base)
    fit, no_table = "", _("the table cannot be read")
    if tables is not None and not faults:
        fit = _("{accounts:,} accounts, {reps:,} reps: fit to solve.").format(
            accounts=len(tables.accounts), reps=len(tables.reps)
        )
    if faults or warnings:
        every.parent.mkdir(parents=True, exist_ok=True)
        write_faults([*faults, *warnings], every)
    return {
        "faults": _sent(faults),
        "warnings": _sent(warnings),
        "n_faults": len(faults),
        "n_warnings": len(warnings),
        "notes": [str(note)[:500] for note in notes[:SENT]],
        "unreadable": sorted({one.file for one in faults if one.rule == no_table}),
        "fit": fit,
    }


def _sent(found: list[Fault]) -> list[dict[str, Any]]:
    shown = [asdict(one) for one in found[:SENT]]
    return [
        {name: int(v) if name == "row" else str(v)[:300] for name, v in one.items()}
        for one in shown
    ]


if __name__ == "__main__":
    main()
