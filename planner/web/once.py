"""One server for a workspace: two would not see each other's edits."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from planner.errors import PlannerError
from planner.words import _


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """
    Hold a folder while this process lives; the system lets go of it when it dies.

    Raises
    ------
    PlannerError
        If another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+b") as file:
        if not _locked(file):
            raise PlannerError(
                _(
                    "Another planner serve has {folder} open. Use its page, or end it "
                    "first."
                ).format(folder=folder.parent)
            )
        yield


def _locked(file: IO[bytes]) -> bool:
    """Lock a file for as long as it is open; False where somebody else has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
