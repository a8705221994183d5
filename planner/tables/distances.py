"""The table of distances between accounts and reps."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from planner.scenario import Table
from planner.tables.fields import Parsed, read_fields
from planner.tables.findings import Findings, hints
from planner.tables.raw import RawTable
from planner.tables.rules import check_rules
from planner.tables.sources import keep_rows
from planner.words import _


def read_distances(
    raw: RawTable,
    table: Table,
    known: Mapping[str, Collection[str]],
    filtered: Mapping[str, Collection[str]],
    scenario: Findings,
) -> Parsed:
    """
    Parse and check the distances.

    Parameters
    ----------
    raw, table
        The raw table, and how to read it.
    known
        "account_id" and "rep_id" -> ids in play.
    filtered
        Likewise, ids that `keep` left out: their distances are dropped.
    scenario
        Receives faults of the scenario itself.
    """
    raw = keep_rows(raw, table)
    parsed = read_fields(raw, table, "distances", {}, scenario)
    check_rules(parsed, "distances")
    dropped = np.zeros(len(parsed.frame), dtype=bool)
    for name, ids in filtered.items():
        dropped |= parsed.frame[name].isin(list(ids)).to_numpy()
    for name, ids in known.items():
        _check_ids(parsed, name, ids, dropped)
    pair = parsed.frame[["account_id", "rep_id"]]
    named = (pair != "").all(axis=1).to_numpy()
    at = np.flatnonzero(pair.duplicated().to_numpy() & named)
    parsed.findings.cell_faults(
        at,
        parsed.column("rep_id"),
        (" / ".join(pair.iloc[one]) for one in at),
        _("this pair of account and rep occurs more than once"),
        _("Remove the row."),
    )
    if dropped.any():
        parsed.frame = parsed.frame[~dropped].reset_index(drop=True)
        raw.findings.note(
            _("{n:,} distances of rows that `keep` left out dropped").format(
                n=int(dropped.sum())
            )
        )
    return parsed


def _check_ids(
    parsed: Parsed, name: str, ids: Collection[str], dropped: np.ndarray
) -> None:
    if name not in parsed.given:
        return
    values = parsed.frame[name]
    wrong = ~values.isin(list(ids)).to_numpy() & ~dropped & ~parsed.is_bad(name)
    at = np.flatnonzero(wrong)
    what = _("accounts") if name == "account_id" else _("reps")
    texts = values.iloc[at].tolist()
    parsed.findings.cell_faults(
        at,
        parsed.column(name),
        texts,
        _("the table of {what} has no such id").format(what=what),
        hints(texts, ids, what),
    )


def clean_distances(parsed: Parsed) -> pd.DataFrame:
    """Return the clean frame: account_id, rep_id, km, hours."""
    return parsed.frame[["account_id", "rep_id", "km", "hours"]].reset_index(drop=True)
