"""Deeds by hand as lines of a log: written, waited for, and read back."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

Deed = Literal["move", "lock", "protect", "free", "undo", "redo"]


@dataclass(frozen=True)
class Action:
    """
    One deed by hand, as a line of the draft's log.

    Attributes
    ----------
    do
        What was done; undo and redo have no ids.
    ids
        Accounts, or ``region:<id>``.
    rep
        To whom they moved; "" = nobody.
    by, at
        Who did it, and when (UTC, ISO 8601).
    """

    do: Deed
    ids: tuple[str, ...] = ()
    rep: str = ""
    by: str = ""
    at: str = ""

    def to_line(self) -> str:
        """Return one line of JSON."""
        return json.dumps(vars(self), ensure_ascii=False) + "\n"


def action_of(raw: dict[str, Any]) -> Action:
    """
    Read a line of the log.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it is none.
    """
    if raw["do"] not in get_args(Deed):
        raise ValueError(raw["do"])
    return Action(raw["do"], tuple(raw["ids"]), raw["rep"], raw["by"], raw["at"])


def now() -> str:
    """Return the time, UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def append(log: Path, line: str) -> None:
    """Add a line, and wait until it is on the disk."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stream:
        stream.write(line.encode("utf-8"))
        stream.flush()
        os.fsync(stream.fileno())
