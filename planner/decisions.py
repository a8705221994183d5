"""Decisions on proposed changes: read from a table, checked, kept, explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from planner.barred import barred_by
from planner.compile import Compiled
from planner.errors import TableError
from planner.evaluate.folder import read_csv
from planner.pairs import Pairs
from planner.plan import Plan
from planner.scenario import Scenario, Table
from planner.scenario.rules import Decision
from planner.tables import safe_series, unguarded, write_csv
from planner.tables.crm_ids import SCIENTIFIC
from planner.tables.findings import Findings, find_column, hints, nearest
from planner.tables.raw import RawTable, raw_from_frame, read_raw
from planner.words import _

DECISIONS = "decisions.csv"
"""In a plan folder: what was decided."""
COLUMNS = ("from_rep", "to_rep", "decision", "comment")
_WORDS: tuple[Decision, ...] = ("accept", "reject")


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


def check_decisions(
    decisions: pd.DataFrame, plan: Plan, findings: Findings, rows: Mapping[str, int]
) -> None:
    """
    Report every decision that no plan can keep by itself.

    Parameters
    ----------
    decisions
        As `read_decisions` returns them.
    plan
        Its tables and rules are what counts.
    findings
        Takes the faults.
    rows
        Row of the file by account_id; others come from earlier decisions.
    """
    checking = _Checking(decisions, plan, findings, rows)
    wanted = checking.known_reps()
    wanted = checking.of_one_group(wanted)
    checking.kept_apart(wanted)
    checking.allowed(wanted)


@dataclass
class _Checking:
    """Decisions against the rules of single pairs."""

    decisions: pd.DataFrame
    plan: Plan
    findings: Findings
    rows: Mapping[str, int]

    def known_reps(self) -> dict[int, int]:
        """Report reps who are not there; return position of account -> of rep."""
        pairs, found = self.plan.compiled.pairs, {}
        remedy = _(
            "Leave the decision empty, or name another rep in to_rep and accept."
        )
        wanted = fixed(self.decisions)
        kept = {one: fix for one, fix in wanted.items() if one not in self.rows}
        wanted = {**kept, **wanted}  # earlier ones first: the new ones are at fault
        places = pairs.accounts.index.get_indexer(pd.Index(list(wanted)))
        rep_at = {str(rep): at for at, rep in enumerate(pairs.reps.index)}
        for at, (one, (word, rep)) in zip(places.tolist(), wanted.items(), strict=True):
            if rep in rep_at:
                found[at] = rep_at[rep]
            elif word == "accept" and rep == "":
                if pairs.scenario.leave_out is not None:
                    found[at] = pairs.m
                    continue
                self._fault(
                    one,
                    "to_rep",
                    "",
                    _("the scenario has no leave_out, so each account needs a rep"),
                    _("Name a rep in to_rep, or leave the decision empty."),
                )
            elif word == "accept":
                names = list(pairs.reps.index)
                rule = _("the plan has no such rep")
                near = nearest(rep, names, _("reps"))
                self._fault(one, "to_rep", rep, rule, near)
            elif rep == "":
                rule = _("it had no rep before, so there is none to give it back to")
                self._fault(one, "from_rep", "", rule, remedy)
            else:
                rule = _("{rep} is not among the reps (any more)").format(rep=rep)
                self._fault(one, "from_rep", rep, rule, remedy)
        return found

    def of_one_group(self, wanted: dict[int, int]) -> dict[int, int]:
        """Accounts that share a rep must be decided alike; returns those that are."""
        pairs, unit_of = self.plan.compiled.pairs, self.plan.compiled.unit_of
        first: dict[int, int] = {}
        torn: set[int] = set()
        for at, rep in wanted.items():
            unit = int(unit_of[at])
            other = first.setdefault(unit, at)
            if wanted[other] == rep:
                continue
            torn.add(unit)
            one, before = (str(pairs.accounts.index[x]) for x in (at, other))
            self._fault(
                one,
                "decision",
                str(self.decisions.loc[one, "decision"]),
                _("it shares a rep with {other}, which is decided for {rep}").format(
                    other=before, rep=_name(pairs, wanted[other])
                ),
                _("Decide on both alike, or leave one of them empty."),
            )
        return {at: r for at, r in wanted.items() if int(unit_of[at]) not in torn}

    def kept_apart(self, wanted: dict[int, int]) -> None:
        """No rep may get two accounts of a set that is kept apart."""
        compiled = self.plan.compiled
        rep_of = {int(compiled.unit_of[at]): (at, rep) for at, rep in wanted.items()}
        for units in compiled.problem.apart:
            first: dict[int, int] = {}
            for at, rep in (rep_of[u] for u in units.tolist() if u in rep_of):
                other = first.setdefault(rep, at)
                if other == at or rep == compiled.pairs.m:
                    continue
                rule = _("it is kept apart from {other}, decided for the same rep")
                name = str(compiled.pairs.accounts.index[other])
                self._refuse(at, rep, rule.format(other=name))

    def allowed(self, wanted: dict[int, int]) -> None:
        """The rules of pairs must allow them, for all that share the rep."""
        if not wanted:
            return
        before, unit_of = self.plan.compiled.pairs, self.plan.compiled.unit_of
        scenario = before.scenario.with_decisions(fixed(self.decisions))
        pairs = Pairs(before.tables, scenario)
        unit_rep = {int(unit_of[at]): (at, rep) for at, rep in wanted.items()}
        members = np.flatnonzero(np.isin(unit_of, list(unit_rep)))
        decided = [unit_rep[int(unit_of[at])] for at in members]
        reps = np.array([rep for _at, rep in decided], dtype=np.intp)
        block = pairs.price(members, reps)
        for i in np.flatnonzero(~block.eligible).tolist():
            at, (decided_at, rep) = int(members[i]), decided[i]
            why = "; ".join(barred_by(pairs, at, rep))
            rule = _("{rep} may not serve it: {why}")
            if decided_at != at:
                rule = _("{rep} may not serve {other}, which goes with it: {why}")
            other = str(pairs.accounts.index[at])
            name = _name(pairs, rep)
            self._refuse(decided_at, rep, rule.format(rep=name, other=other, why=why))
        self._small_enough(unit_rep, unit_of[members], block.demand)

    def _small_enough(
        self,
        unit_rep: dict[int, tuple[int, int]],
        unit: np.ndarray,
        demand: np.ndarray,
    ) -> None:
        """No unit alone may be more than a hard limit of its rep takes."""
        problem = self.plan.compiled.problem
        units = np.array(sorted(unit_rep))
        reps = np.array([unit_rep[u][1] for u in units.tolist()])
        at = np.searchsorted(units, unit)
        for row in problem.rows:
            if row.price is not None or row.high is None:
                continue
            load = np.zeros(len(units), dtype=np.int64)
            np.add.at(load, at, demand[row.measure])
            scale = problem.scales[row.measure]
            for u in np.flatnonzero(np.isin(reps, row.reps) & (load > row.high)):
                decided_at, rep = unit_rep[int(units[u])]
                rule = _("{row} allows {high:,.6g} {measure}, it takes {load:,.6g}")
                words = rule.format(
                    row=row.id,
                    measure=_(problem.measures[row.measure]),
                    high=row.high / scale,
                    load=load[u] / scale,
                )
                self._refuse(decided_at, rep, words)

    def _refuse(self, at: int, rep: int, rule: str) -> None:
        """Report a decision that the rep cannot keep."""
        pairs = self.plan.compiled.pairs
        one = str(pairs.accounts.index[at])
        accepted = self.decisions.loc[one, "decision"] == "accept"
        remedy = _(
            "Leave the decision empty, name another rep in to_rep and accept, or "
            "change the rule."
        )
        column = "to_rep" if accepted else "from_rep"
        self._fault(one, column, _name(pairs, rep), rule, remedy)

    def _fault(self, one: str, column: str, value: str, rule: str, remedy: str) -> None:
        row = int(self.rows.get(one, 0))
        if not row:
            rule = _("{id}, decided earlier: {rule}").format(id=one, rule=rule)
        self.findings.fault(column, value, rule, remedy, row=row)


def _name(pairs: Pairs, rep: int) -> str:
    return _("nobody") if rep == pairs.m else str(pairs.reps.index[rep])


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


def contradictions(
    compiled: Compiled, scenario: Scenario, decisions: pd.DataFrame
) -> list[str]:
    """
    Name the rows (limits, bands, budgets) that decisions break by themselves.

    Every other account takes the least (or most) of the row that it can; where even
    so a hard row does not hold, no plan exists, and the sentence names the decided
    accounts that weigh most in it. Nothing is said of what only several rows together
    rule out.
    """
    problem, found = compiled.problem, []
    if problem.source is not None or (np.diff(problem.start) == 0).any():
        return []
    index = compiled.pairs.accounts.index
    decided = index.get_indexer(pd.Index(list(fixed(decisions))))
    units = np.unique(compiled.unit_of[decided[decided >= 0]])
    begin = problem.start[:-1]
    for row in problem.rows:
        if row.price is not None:
            continue
        counts = np.isin(problem.rep, row.reps)
        load = np.where(counts, problem.demand[row.measure], 0)
        least = np.minimum.reduceat(load, begin)
        most = np.maximum.reduceat(load, begin)
        scale = problem.scales[row.measure]
        names = {"row": row.id, "measure": _(problem.measures[row.measure])}
        if row.high is not None and least.sum() > row.high:
            heavy = units[np.argsort(-least[units], kind="stable")]
            heavy = heavy[least[heavy] > 0]
            if not len(heavy):
                continue
            found.append(
                _(
                    "{row}: with these decisions at least {least:,.6g} {measure}, and "
                    "{high:,.6g} are allowed. Decided into it: {accounts}. Clear some "
                    "of these decisions, or raise the limit."
                ).format(
                    **names,
                    least=least.sum() / scale,
                    high=row.high / scale,
                    accounts=_few(problem.unit_ids, heavy, least / scale),
                )
            )
        elif most.sum() < row.low:
            lost = units[most[units] == 0]
            if not len(lost):
                continue
            found.append(
                _(
                    "{row}: with these decisions at most {most:,.6g} {measure}, and "
                    "{low:,.6g} are asked for. Decided away: {accounts}. Clear some of "
                    "these decisions, or lower the limit."
                ).format(
                    **names,
                    most=most.sum() / scale,
                    low=row.low / scale,
                    accounts=_few(problem.unit_ids, lost, None),
                )
            )
    return found


def _few(names: tuple[str, ...], units: np.ndarray, amounts: np.ndarray | None) -> str:
    """Name the first five, with their amounts."""
    shown = [
        names[u] if amounts is None else f"{names[u]} ({amounts[u]:,.6g})"
        for u in units[:5].tolist()
    ]
    return ", ".join(shown) + (", ..." if len(units) > len(shown) else "")
