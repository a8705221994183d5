"""What the edit page writes and sends: plans, change lists, reports."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from planner.draft import Draft
from planner.library import Library
from planner.solution import Solution
from planner.tables import safe_series
from planner.words import speaking


def write_plan(solution: Solution, folder: Path, language: str) -> None:
    """Write a plan folder without its drawings: these take long, and can wait."""
    with speaking(language):
        solution.save(folder, drawings=False)


def report_text(folder: Path, language: str) -> str:
    """Return the report of a plan folder as HTML."""
    from planner.redraw import redraw_report

    with tempfile.TemporaryDirectory() as scratch, speaking(language):
        path = Path(scratch) / "report.html"
        redraw_report(folder, path)
        return path.read_text("utf-8")


def change_list(draft: Draft) -> str:
    """Return as CSV what the draft changes against today and against its plan."""
    pairs = draft.pairs
    rows, now = pairs.accounts, draft.owner.to_numpy(object)
    ids = np.append(pairs.reps.index.to_numpy(object), "")
    plan = ids[draft.before[draft.unit_of]]
    today = rows["owner"].to_numpy(object)
    other = (now != plan) | ((pairs.owner >= 0) & (now != today))
    frame = pd.DataFrame(
        {
            "account_id": rows.index[other],
            "name": safe_series(rows["name"].astype(str)).to_numpy()[other],
            "from_rep": safe_series(rows["owner"].astype(str)).to_numpy()[other],
            "in_plan": plan[other],
            "to_rep": now[other],
            "value": rows["value"].to_numpy(float)[other],
            "decision": "",
            "comment": "",
        }
    )
    return frame.to_csv(index=False, lineterminator="\r\n")


def rebase(library: Library, old: str, new: str, person: str) -> list[str]:
    """
    Do a person's edits of one plan again on another.

    Returns
    -------
    Accounts that the other plan had moved elsewhere than these edits do.
    """
    mine, theirs = library.draft(old, person), library.draft(new, person)
    ids = np.append(mine.pairs.reps.index.to_numpy(object), "")
    now = mine.owner
    before = pd.Series(ids[mine.before[mine.unit_of]], index=now.index)
    other = theirs.owner.reindex(now.index)
    clash = (now != before) & (other != before) & (other != now) & other.notna()
    known = set(theirs.owner.index)
    for action in mine.actions:
        still = [one for one in action.ids if one in known]
        if still and action.do == "move":
            theirs.move(still, action.rep, by=person)
        elif still and action.do in ("lock", "protect", "free"):
            theirs.mark(still, action.do, by=person)
    library.discard(old, person)
    return [str(one) for one in now.index[clash]]
