"""Checks across tables, and of the scenario's references into them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from planner.scenario import Scenario
from planner.scenario.rules import Limit, Pin
from planner.tables.conditions import matches
from planner.tables.fields import Parsed
from planner.tables.findings import Findings, hints, nearest
from planner.tables.pools import parsed_with_pools
from planner.tables.skills import normalise_skills, parse_skills
from planner.words import _


def check_references(
    scenario: Scenario, accounts: Parsed, reps: Parsed, findings: Findings
) -> None:
    """
    Report what the scenario names and the tables do not have.

    Parameters
    ----------
    scenario
        The scenario.
    accounts, reps
        The parsed tables.
    findings
        Of the scenario: its name stands for the file, the key for the column.
    """
    names = _Names(findings)
    ids, unread = accounts.frame["account_id"], accounts.findings.unread
    everyone = parsed_with_pools(reps, scenario)
    for part in ("pins", "forbid"):
        for index, pin in enumerate(getattr(scenario, part)):
            key = f"{part}[{index}]"
            names.check(f"{key}.accounts", pin.accounts, ids, _("accounts"), unread)
            _check_scope(names, key, pin, everyone)
    for index, limit in enumerate(scenario.limits):
        _check_scope(names, f"limits[{index}]", limit, everyone)
    also = scenario.skills.also
    unread = reps.findings.unread
    names.check("skills.also", list(also), reps.frame["rep_id"], _("reps"), unread)
    for rep, text in also.items():
        wrong = normalise_skills(text, scenario.skills.levels)[1]
        if wrong is not None:
            findings.fault(
                f"skills.also.{rep}",
                wrong,
                _("this is no skill with a level"),
                _("Write for example: imaging; robotics:2"),
            )
    if len(reps.frame):
        check_rep_numbers(scenario, reps, findings)
    _warn_unused(scenario, accounts, everyone, findings)


class _Names:
    """Reports names that are not among the cells of a column."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings

    def check(
        self,
        key: str,
        wanted: Sequence[str] | None,
        column: pd.Series,
        what: str,
        unread: Collection[str] = (),
    ) -> None:
        present = set(column[column.isin(list(wanted or ()))].unique())
        absent = [
            name for name in wanted or () if name not in present and name not in unread
        ]
        if not absent:
            return
        known = set(column.unique().tolist()) - {""}
        rule = _("the tables have no such name among the {what}").format(what=what)
        for name, remedy in zip(absent, hints(absent, known, what), strict=True):
            self.findings.fault(key, name, rule, remedy)


def _check_scope(names: _Names, key: str, part: Pin | Limit, reps: Parsed) -> None:
    unread = reps.findings.unread
    names.check(f"{key}.reps", part.reps, reps.frame["rep_id"], _("reps"), unread)
    names.check(f"{key}.teams", part.teams, reps.frame["team"], _("teams"), unread)


def in_scope(limit: Limit, reps: pd.DataFrame) -> np.ndarray:
    """Return which reps a limit counts, shape (m,); `reps` has rep_id and team."""
    scope = np.ones(len(reps), dtype=bool)
    if limit.reps is not None:
        scope &= reps.iloc[:, 0].isin(limit.reps).to_numpy()
    if limit.teams is not None:
        scope &= reps["team"].isin(limit.teams).to_numpy()
    return scope


def check_rep_numbers(scenario: Scenario, reps: Parsed, findings: Findings) -> None:
    """A limit, target or weight needs a number from each rep that it counts."""
    everyone = np.ones(len(reps.frame), dtype=bool)
    needs: dict[str, tuple[str, np.ndarray]] = {}

    def need(key: str, name: str, scope: np.ndarray) -> None:
        first, old = needs.get(name, (key, np.zeros_like(scope)))
        needs[name] = first, old | scope

    for index, limit in enumerate(scenario.limits):
        for side in ("low", "high"):
            value = getattr(limit, side)
            if isinstance(value, str):
                need(f"limits[{index}].{side}", value, in_scope(limit, reps.frame))
    for index, balance in enumerate(scenario.balance):
        if balance.target != "equal":
            need(f"balance[{index}].target", balance.target, everyone)
    if scenario.baselines.performance:
        need("baselines.performance", scenario.baselines.performance, everyone)
    for name, (key, scope) in needs.items():
        _report_rep_numbers(reps, findings, key, name, scope)


def _report_rep_numbers(
    reps: Parsed, findings: Findings, key: str, name: str, scope: np.ndarray
) -> None:
    if name not in reps.frame:
        return  # reported when the columns were read
    if name not in reps.given:
        findings.fault(
            key,
            name,
            _("{file} has no column for this field").format(file=reps.findings.file),
            _("Map it under {table}.fields. {near}").format(
                table="bases" if "base_id" in reps.frame else "reps",
                near=nearest(name, reps.raw.cells.column_names, _("columns")),
            ),
        )
        return
    values = pd.to_numeric(reps.frame[name], errors="coerce")
    at = np.flatnonzero(values.isna().to_numpy() & scope & ~reps.is_bad(name))
    reps.findings.cell_faults(
        at,
        reps.column(name),
        [""] * len(at),
        _("a number is missing, which {key} of the scenario needs").format(key=key),
        _("Fill it in, or leave the rep out of {key}.").format(key=key),
    )


def _warn_unused(
    scenario: Scenario, accounts: Parsed, reps: Parsed, findings: Findings
) -> None:
    """Names that only choose a factor or a price do no harm, but may be misspelt."""
    factors: dict[str, tuple[Sequence[str], str, Parsed]] = {
        "travel.circuity_by": (list(scenario.travel.circuity_by), "country", accounts)
    }
    for name, measure in scenario.measures.items():
        key = f"measures.{name}.factor_by_grade"
        factors[key] = list(measure.factor_by_grade), "grade", reps
    if scenario.leave_out:
        priorities = list(scenario.leave_out.by_priority)
        factors["leave_out.by_priority"] = priorities, "priority", accounts
    factors["fit"] = list(scenario.fit), "grade", accounts
    for grade, row in scenario.fit.items():
        factors[f"fit.{grade}"] = list(row), "grade", reps
    for key, (names, field, table) in factors.items():
        known = set(table.frame[field].unique().tolist()) - {""}
        for name in names:
            if name not in known:
                findings.warn(
                    key,
                    name,
                    _("no row has this {field}").format(field=field),
                    nearest(name, known, _("names")),
                )


def warn_owners(accounts: Parsed, reps: Parsed) -> None:
    """Warn once of each owner whom the table of reps does not have: vacant."""
    owners, known = accounts.frame["owner"], reps.frame["rep_id"].tolist()
    unknown = (owners != "") & ~owners.isin(known) & ~accounts.is_bad("owner")
    rows = owners[unknown]
    counts = rows.value_counts(sort=False)
    first = rows.drop_duplicates()
    names = first.tolist()
    rule = _("the table of reps has no such rep; {n:,} account(s) count as vacant")
    accounts.findings.cell_warnings(
        first.index,
        accounts.column("owner"),
        names,
        (rule.format(n=counts[name]) for name in names),
        hints(names, known, _("reps")),
    )


def warn_skills(accounts: Parsed, reps: Parsed) -> None:
    """Warn once of each skill, at its level, that accounts require and no rep has."""
    best: dict[str, int] = {}
    for text in reps.frame["skills"].unique():
        for skill, level in parse_skills(text).items():
            best[skill] = max(level, best.get(skill, 0))
    required = accounts.frame["skills"]
    seen: set[tuple[str, int]] = set()
    for text in required.unique():
        for skill, level in parse_skills(text).items():
            if best.get(skill, 0) >= level or (skill, level) in seen:
                continue
            seen.add((skill, level))
            first = int(np.flatnonzero((required == text).to_numpy())[0])
            accounts.findings.cell_warnings(
                [first],
                accounts.column("skills"),
                [f"{skill}:{level}"],
                _("no rep has this skill at this level"),
                nearest(skill, best, _("skills of reps")),
            )


def warn_demand(
    scenario: Scenario,
    accounts: pd.DataFrame,
    reps: pd.DataFrame,
    findings: Findings,
) -> None:
    """Warn where a limit over all reps cannot take what the accounts need."""
    for index, limit in enumerate(scenario.limits):
        if limit.high is None or limit.reps is not None or limit.teams is not None:
            continue
        measure = scenario.measure(limit.measure)
        amounts = (
            np.ones(len(accounts))
            if measure.of == "accounts"
            else accounts[measure.of].to_numpy(float)
        )
        grades = reps["grade"].map(measure.factor_by_grade).fillna(1.0)
        factor = float(grades.min()) if len(grades) else 1.0
        need = float(amounts[matches(accounts, measure.where)].sum()) * factor
        have = _capacity(limit, reps)
        if need > have:
            findings.warn(
                f"limits[{index}].high",
                str(limit.high),
                _(
                    "the accounts need {need:,.0f} {measure}, the reps can take "
                    "{have:,.0f}"
                ).format(need=need, have=have, measure=limit.measure),
                _("Raise the limit, add reps, or allow accounts to be left out."),
            )


def _capacity(limit: Limit, reps: pd.DataFrame) -> float:
    if isinstance(limit.high, str):
        return float(reps[limit.high].sum())
    assert limit.high is not None
    shares = {"rep": len(reps), "team": reps["team"].nunique(), "all": 1}
    return limit.high * shares[limit.per]
