"""The last step: from parsed fields to the frames handed out."""

from __future__ import annotations

import pandas as pd

from planner.tables.fields import Parsed
from planner.words import _


def clean_frame(parsed: Parsed) -> pd.DataFrame:
    """Return accounts or reps as a clean frame, indexed by id; hours derived."""
    frame = parsed.frame
    if "hours_per_visit" in frame:
        if "hours" not in parsed.given:
            hours = frame["visits"] * frame["hours_per_visit"]
            frame = frame.assign(hours=hours)
        frame = frame.drop(columns="hours_per_visit")
    return frame.set_index(frame.columns[0])


def note_defaults(*tables: Parsed) -> None:
    """Note each field that had no source, and what stands in for it."""
    for parsed in tables:
        empty = []
        for name, value in parsed.defaults.items():
            short = name.partition(".")[2]
            if isinstance(value, str):
                empty.append(short)
            else:
                parsed.findings.note(
                    _("{field}: {value:g} for every row, no column given").format(
                        field=short, value=value
                    )
                )
        if empty:
            parsed.findings.note(
                _("no column given for {fields}").format(fields=", ".join(empty))
            )
