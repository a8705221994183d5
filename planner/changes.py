"""The change list: what changes hands, from whom to whom, why, and when."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.barred import barred_by
from planner.errors import PlannerError
from planner.pairs import Pairs
from planner.scenario import Scenario
from planner.tables import (
    UNSAFE_STARTS,
    Tables,
    planning_rows,
    safe_series,
    write_atomic,
    write_csv,
)
from planner.waves import lay_into_waves
from planner.words import _

if TYPE_CHECKING:
    from planner.solution import Solution

COLUMNS = (
    "name",
    "from_rep",
    "from_name",
    "to_rep",
    "to_name",
    "value",
    "tenure_years",
    "pipeline",
    "reason",
    "wave",
    "wave_date",
    "decision",
    "comment",
)
"""Of the change list, behind ``account_id``."""
_AMOUNTS = ("value", "tenure_years", "pipeline")
_GUARDED = ("name", "from_name", "to_name", "reason", "comment")
"""Columns of foreign text; ids of accounts and reps stay byte for byte."""

Positions = NDArray[np.intp]


def change_list(
    scenario: Scenario,
    tables: Tables,
    owner: pd.Series,
    *,
    before: pd.Series | None = None,
    reasons: pd.Series | None = None,
    decisions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """
    List the accounts (and regions) that change hands.

    Parameters
    ----------
    scenario, tables
        Of the plan.
    owner
        ``rep_id`` by ``account_id``, "" where left out; by regions also by
        ``region:<id>``.
    before
        Likewise, whom they had before; default: today's owners. What is not in it is
        passed over.
    reasons
        A sentence by ``account_id``; where there is none, the costs speak.
    decisions
        Index ``account_id``, columns ``decision`` and ``comment``: filled in.

    Returns
    -------
    Index ``account_id``; columns `COLUMNS`: reps with their names, "" = nobody;
    ``value`` (currency per year), ``tenure_years``, ``pipeline`` (currency);
    ``reason``; ``wave`` (from 1 up) and ``wave_date`` (ISO, or ""); ``decision``
    (accept, reject or "") and ``comment``. By wave, then the largest value first.
    ``attrs["notes"]`` says what a reader must know.
    """
    rows, notes = planning_rows(tables, scenario), []
    there = rows["owner"] if before is None else before.reindex(rows.index)
    missing = int(there.isna().sum())
    if missing:
        notes.append(
            _("{n:,} accounts are not in the other plan, and not listed.").format(
                n=missing
            )
        )
    now = owner.reindex(rows.index).fillna("")
    moved = (there.notna() & (there.fillna("") != now)).to_numpy(bool)
    chosen, index = rows[moved], rows.index[moved]
    waves = lay_into_waves(scenario, chosen)
    if waves.left:
        notes.append(
            _("{n:,} accounts meet no wave's where, and go with the last wave.").format(
                n=waves.left
            )
        )
    frame = pd.DataFrame(
        {
            "name": chosen["name"].astype("str"),
            "from_rep": there[moved].astype("str"),
            "to_rep": now[moved].astype("str"),
            **{name: chosen[name].to_numpy(float) for name in _AMOUNTS},
            "wave": waves.number,
            "wave_date": np.array(["", *waves.dates], dtype=object)[waves.number],
        },
        index=pd.Index(index, name="account_id"),
    )
    names = tables.reps["name"].astype("str")
    frame["from_name"] = frame["from_rep"].map(names).fillna("")
    frame["to_name"] = frame["to_rep"].map(names).fillna("")
    frame["reason"] = _reasons(scenario, tables, frame, reasons)
    frame["decision"] = frame["comment"] = ""
    if decisions is not None:
        known = frame.index.intersection(decisions.index)
        for name in ("decision", "comment"):
            frame.loc[known, name] = decisions.loc[known, name]
    frame["wave_date"] = frame["wave_date"].astype("str")
    frame = frame.sort_index().sort_values("value", ascending=False, kind="stable")
    frame = frame.sort_values("wave", kind="stable")[list(COLUMNS)]
    frame.attrs["notes"] = notes
    return frame


def changes_between(solution: Solution, against: Solution | None) -> pd.DataFrame:
    """
    Return the `change_list` of a solution.

    Parameters
    ----------
    against
        Another plan whose owners are the earlier ones; None: today's.

    Raises
    ------
    PlannerError
        If one of them has no plan.
    """
    plan, before = solution.plan, None
    if against is not None and against.plan is not None:
        before = against.plan.owner
    if plan is None or (against is not None and before is None):
        raise PlannerError(_("There is no plan, so there are no changes."))
    explained = getattr(solution, "reasons_by_account", None)
    return change_list(
        solution.scenario,
        solution.tables,
        plan.owner,
        before=before,
        reasons=None if explained is None or against is not None else explained(),
        decisions=solution.decisions,
    )


def _reasons(
    scenario: Scenario,
    tables: Tables,
    frame: pd.DataFrame,
    given: pd.Series | None,
) -> pd.Series:
    """Take the sentences given; let the costs speak where there is none."""
    known = pd.Series("", frame.index, dtype="str")
    if given is not None:
        known = given.reindex(frame.index).fillna("").astype("str")
    without = frame[(known == "").to_numpy(bool)]
    if not len(without):
        return known
    pairs = Pairs(tables, scenario.with_decisions({}))  # a decision is no reason
    told = by_costs(pairs, without)
    own = pd.Series(told, without.index, dtype="str")
    return known.mask(known == "", own.reindex(known.index))


def by_costs(pairs: Pairs, moves: pd.DataFrame) -> list[str]:
    """
    Say in a sentence per move what both reps cost, or why the first one may not.

    Parameters
    ----------
    moves
        Index ``account_id``, columns ``from_rep`` and ``to_rep``.
    """
    at = pairs.accounts.index.get_indexer(moves.index)
    to, old = _positions(pairs, moves["to_rep"]), _positions(pairs, moves["from_rep"])
    known = old >= 0
    cost = pairs.price(at, to).cost.sum(axis=0) / pairs.cost_scale
    other = pairs.price(at, np.where(known, old, pairs.m))
    before = other.cost.sum(axis=0) / pairs.cost_scale
    sentences = []
    for i, (one, new) in enumerate(
        zip(moves["from_rep"], moves["to_rep"], strict=True)
    ):
        who = {
            "to": new or _("nobody"),
            "old": one or _("nobody"),
            "currency": pairs.scenario.currency,
            "cost": cost[i],
            "before": before[i],
            "change": abs(before[i] - cost[i]),
        }
        if one == "":
            words = _("No rep before; with {to} {cost:,.2f} {currency} a year.")
        elif not known[i]:
            words = _(
                "{old} is not among the reps; with {to} {cost:,.2f} {currency} a year."
            )
        elif not other.eligible[i]:
            who["why"] = "; ".join(barred_by(pairs, int(at[i]), int(old[i])))
            words = _("{old} may not serve it: {why}.")
        elif cost[i] < before[i]:
            words = _(
                "With {to} {cost:,.2f} {currency} a year, with {old} {before:,.2f}: "
                "saves {change:,.2f}."
            )
        elif cost[i] == before[i]:
            words = _(
                "{to} and {old} cost the same, {cost:,.2f} {currency} a year; limits, "
                "balance and other accounts decide."
            )
        else:
            words = _(
                "With {to} {cost:,.2f} {currency} a year, {change:,.2f} more than with "
                "{old}: limits, balance and other accounts decide."
            )
        sentences.append(words.format(**who))
    return sentences


def _positions(pairs: Pairs, reps: pd.Series) -> Positions:
    """Position of each rep, m for "" (nobody), -1 for one who is not there."""
    at = pairs.reps.index.get_indexer(pd.Index(reps))
    return np.where((reps == "").to_numpy(bool), pairs.m, at).astype(np.intp)


def write_changes(path: Path, changes: pd.DataFrame) -> None:
    """
    Write a change list for people to decide on: CSV, or Excel by the suffix.

    Text that a spreadsheet would take for a formula is guarded by a leading '; ids of
    accounts and reps are written as they are.

    Raises
    ------
    PlannerError
        If the file is of another type, no package can write Excel, or the file is
        there and holds decisions or comments.
    """
    _spare_decisions(path)
    frame = guarded(changes).reset_index()
    if path.suffix.lower() == ".csv":
        write_csv(path, frame)
    elif path.suffix.lower() == ".xlsx":
        write_atomic(path, _workbook(frame))
    else:
        raise PlannerError(
            _("{path}: change lists are .csv or .xlsx. Name such a file.").format(
                path=path
            )
        )


def guarded(changes: pd.DataFrame) -> pd.DataFrame:
    """Return a change list whose text no spreadsheet takes for a formula."""
    safe = changes.copy(deep=False)
    for name in _GUARDED:
        safe[name] = safe_series(changes[name].astype("str"))
    gone = changes["from_rep"].astype("str")  # may be no id of a rep, but anything
    unsafe = gone.str.startswith(tuple(UNSAFE_STARTS))
    safe["from_rep"] = gone.mask(unsafe, "'" + gone)
    return safe


def _workbook(frame: pd.DataFrame) -> bytes:
    if importlib.util.find_spec("openpyxl") is None:
        raise PlannerError(
            _(
                "Excel files need the package openpyxl: pip install openpyxl. Or name "
                "a .csv file."
            )
        )
    sink = io.BytesIO()
    with pd.ExcelWriter(sink, engine="openpyxl") as writer:
        frame.to_excel(writer, sheet_name="changes", index=False, freeze_panes=(1, 2))
    return sink.getvalue()


def _spare_decisions(path: Path) -> None:
    """Refuse to write over what people have typed, or over another table."""
    if not path.is_file():
        return
    if path.suffix.lower() == ".xlsx":
        old = pd.read_excel(path, dtype=str, keep_default_na=False, engine="calamine")
    else:
        try:
            old = pd.read_csv(path, dtype=str, keep_default_na=False)
        except (ValueError, UnicodeDecodeError):
            old = pd.DataFrame()
    typed = ["decision", "comment"]
    if not {"account_id", *typed} <= set(old) or (old[typed] != "").any(axis=None):
        raise PlannerError(
            _(
                "{path} holds decisions or comments, or is no change list; it is left "
                "alone. Name another file with -o."
            ).format(path=path)
        )
