"""Decisions held against the rules that concern one rep and one account, or group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.barred import barred_by
from planner.decisions.table import fixed
from planner.pairs import Pairs
from planner.plan import Plan
from planner.tables.findings import Findings, nearest
from planner.words import _


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
        load = np.zeros((len(demand), len(units)), dtype=np.int64)
        for amounts, each in zip(load, demand, strict=True):
            np.add.at(amounts, np.searchsorted(units, unit), each)
        hard = [row for row in problem.rows if row.price is None]
        caps = np.full((len(demand), problem.m + 1), np.iinfo(np.int64).max)
        for row in hard:
            if row.high is not None:
                cap = np.minimum(caps[row.measure, row.reps], row.high)
                caps[row.measure, row.reps] = cap
        for measure, u in np.argwhere(load > caps[:, reps]).tolist():
            decided_at, rep = unit_rep[int(units[u])]
            row = next(
                row
                for row in hard
                if row.measure == measure
                and rep in row.reps
                and row.high == caps[measure, rep]
            )
            scale = problem.scales[measure]
            rule = _(
                "{row} allows {high:,.10g} {measure}, it takes {load:,.10g}"
            ).format(
                row=row.id,
                measure=_(problem.measures[measure]),
                high=caps[measure, rep] / scale,
                load=load[measure, u] / scale,
            )
            self._refuse(decided_at, rep, rule)

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
