"""The table of decisions: what it holds, and how a plan folder keeps it."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pandas as pd

from planner.evaluate.folder import read_csv
from planner.scenario.rules import Decision
from planner.tables import safe_series, unguarded, write_csv

DECISIONS = "decisions.csv"
"""In a plan folder: what was decided."""
COLUMNS = ("from_rep", "to_rep", "decision", "comment")


def no_decisions() -> pd.DataFrame:
    """Return a table of decisions without any."""
    index = pd.Index([], dtype="str", name="account_id")
    return pd.DataFrame({name: pd.Series(dtype="str") for name in COLUMNS}, index)


def fixed(decisions: pd.DataFrame) -> dict[str, tuple[Decision, str]]:
    """Return account_id (or region:<id>) -> decision, and the rep it fixes."""
    return {
        str(one): (cast(Decision, word), to if word == "accept" else old)
        for one, old, to, word in zip(
            decisions.index,
            decisions["from_rep"],
            decisions["to_rep"],
            decisions["decision"],
            strict=True,
        )
        if word
    }


def write_decisions(path: Path, decisions: pd.DataFrame) -> None:
    """Write decisions into a plan folder; comments are guarded against formulas."""
    frame = decisions.assign(comment=safe_series(decisions["comment"].astype("str")))
    write_csv(path, frame.reset_index())


def kept_decisions(folder: Path) -> pd.DataFrame | None:
    """
    Read the decisions that a plan folder keeps; None where it keeps none.

    Raises
    ------
    PlannerError
        If the file is there and cannot be read.
    """
    path = folder / DECISIONS
    if not path.is_file():
        return None
    cells = read_csv(path, ("account_id", *COLUMNS))
    frame = pd.DataFrame(cells, dtype="str").set_index("account_id")[list(COLUMNS)]
    return frame.assign(comment=[unguarded(text) for text in frame["comment"]])
