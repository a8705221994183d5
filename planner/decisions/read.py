"""Decisions read from a change list, every fault named at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from planner.decisions.check import check_decisions
from planner.decisions.table import COLUMNS, no_decisions
from planner.errors import TableError
from planner.plan import Plan
from planner.scenario import Table
from planner.scenario.rules import Decision
from planner.tables import unguarded
from planner.tables.crm_ids import SCIENTIFIC
from planner.tables.findings import Findings, find_column, hints, nearest
from planner.tables.raw import RawTable, raw_from_frame, read_raw
from planner.words import _

_WORDS: tuple[Decision, ...] = ("accept", "reject")


def read_decisions(
    source: str | Path | pd.DataFrame, plan: Plan, earlier: pd.DataFrame
) -> pd.DataFrame:
    """
    Read decisions on the changes of a plan, and add them to earlier ones.

    Parameters
    ----------
    source
        A change list with ``decision`` filled in: accept, reject, or empty. Needs the
        columns ``account_id`` and ``decision``; ``from_rep`` and ``to_rep`` default to
        today's owner and the plan's rep; ``comment`` is free text.
    plan
        Whose changes were decided on.
    earlier
        Decisions that it already keeps. A row of the source takes their place, also
        an empty one; those without a row stay.

    Returns
    -------
    Index ``account_id``; columns `COLUMNS`; rows with a decision or a comment.

    Raises
    ------
    TableError
        Naming every fault: unknown accounts and reps, other words, owners who may not
        serve the account (any more), accounts of one group decided differently.
    """
    raw = _raw(source)
    if isinstance(raw, Findings):
        raise TableError(raw.faults, more=_more())
    reading = _Reading(raw, plan, earlier)
    decisions = reading.run()
    if raw.findings.faults:
        faults = sorted(raw.findings.faults, key=lambda fault: fault.row)
        raise TableError(faults, more=_more())
    return decisions


def _more() -> str:
    return _("... and {n:,} more (--faults FILE lists all)")


def _raw(source: str | Path | pd.DataFrame) -> RawTable | Findings:
    if isinstance(source, pd.DataFrame):
        return raw_from_frame(source, "decisions")
    return read_raw(Table(file=str(source)), Path())


@dataclass
class _Reading:
    """One run over a table of decisions."""

    raw: RawTable
    plan: Plan
    earlier: pd.DataFrame

    def run(self) -> pd.DataFrame:
        findings, cells = self.raw.findings, self._cells()
        if findings.faults:
            return no_decisions()
        pairs = self.plan.compiled.pairs
        self._take_rows(cells, pairs.accounts.index)
        if findings.faults:
            return no_decisions()
        cleared = self.earlier[~self.earlier.index.isin(cells.index)]
        kept = cells[(cells["decision"] != "") | (cells["comment"] != "")]
        merged = pd.concat([cleared, kept[list(COLUMNS)]]).sort_index()
        rows = dict(zip(cells.index, cells["row"], strict=True))
        check_decisions(merged, self.plan, findings, rows)
        return merged

    def _cells(self) -> pd.DataFrame:
        """Return rows with an account: trimmed cells by column, and the file's row."""
        names, found = self.raw.cells.column_names, {}
        for name in ("account_id", *COLUMNS):
            column = find_column(names, name)
            if column is not None:
                text = self.raw.column(column).to_pandas().astype("str")
                found[name] = text.str.strip()
            elif name in ("account_id", "decision"):
                self.raw.findings.fault(
                    name,
                    "",
                    _("the table needs a column of this name"),
                    nearest(name, names, _("columns")),
                )
                return pd.DataFrame()
        cells = pd.DataFrame(found).assign(row=self.raw.rows)
        blank = cells["account_id"] == ""
        cells = cells[~(blank & (cells["decision"] == ""))].set_index("account_id")
        owner, pairs = self.plan.owner, self.plan.compiled.pairs
        today = pairs.accounts["owner"].astype("str")
        defaults = {"from_rep": today, "to_rep": owner}
        for name, known in defaults.items():
            if name not in cells:
                cells[name] = known.reindex(cells.index).fillna("").to_numpy()
            ids = set(pairs.reps.index)
            cells[name] = [x if x in ids else unguarded(x) for x in cells[name]]
        if "comment" not in cells:
            cells["comment"] = ""
        cells["comment"] = [unguarded(text) for text in cells["comment"]]
        cells["decision"] = cells["decision"].str.casefold()
        return cells

    def _take_rows(self, cells: pd.DataFrame, known: pd.Index) -> None:
        """Report unknown and repeated accounts, and words that are no decision."""
        findings, rows = self.raw.findings, cells["row"].tolist()
        unknown = ~cells.index.isin(known)
        names = cells.index[unknown].tolist()
        remedies = hints(names, known.tolist(), _("accounts")) if names else []
        cut = _(
            "A spreadsheet has cut off digits: open the list with this column as text, "
            "or use .xlsx."
        )
        for at, one, remedy in zip(
            np.flatnonzero(unknown).tolist(), names, remedies, strict=True
        ):
            cure = cut if SCIENTIFIC.fullmatch(one) else remedy
            rule = _("the plan has no such account")
            findings.fault("account_id", one, rule, cure, row=rows[at])
        for at in np.flatnonzero(cells.index.duplicated() & ~unknown).tolist():
            rule = _("the account occurs more than once; this is not its first row")
            cure = _("Remove one of the rows.")
            findings.fault("account_id", cells.index[at], rule, cure, row=rows[at])
        words = cells["decision"]
        for at in np.flatnonzero(~words.isin(["", *_WORDS])).tolist():
            rule = _("accept, reject or nothing is expected")
            cure = nearest(words.iloc[at], _WORDS, _("decisions"))
            findings.fault("decision", words.iloc[at], rule, cure, row=rows[at])
