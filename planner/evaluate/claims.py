"""Is every number as the certificate states it?"""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

import numpy as np

from planner.evaluate.bases import opening_steps
from planner.evaluate.bound import total_of
from planner.evaluate.case import Case, amount_text, moves_of
from planner.evaluate.folder import Certificate
from planner.evaluate.territories import counted_shapes
from planner.evaluate.verdict import Check, checked
from planner.scenario.model import OPENING
from planner.tables import safe_text
from planner.words import _


def cells_as_counted(case: Case) -> Check:
    """Check every cost of plan.csv, account by account."""
    total = sum(case.costs.values(), np.zeros(len(case.chosen), dtype=np.int64))
    scale, faults = case.recount.cost_scale, []
    wanted = {f"cost_{term}": each for term, each in case.costs.items()}
    faults += [
        _("plan.csv has a column {name} of no term").format(name=name)
        for name in case.plan
        if name.startswith("cost_") and name not in {*wanted, "cost_total"}
    ]
    for column, each in {**wanted, "cost_total": total}.items():
        if column not in case.plan:
            faults.append(_("plan.csv lacks the column {name}").format(name=column))
            continue
        cells = case.plan[column]
        for at, (line, cost) in enumerate(
            zip(case.line_of.tolist(), each.tolist(), strict=True)
        ):
            if (
                line >= 0
                and case.chosen[at] >= 0
                and cells[line] != amount_text(cost, scale)
            ):
                faults.append(
                    _("{id}: {column} is {found}, counted {cost}").format(
                        id=case.account(at),
                        column=column,
                        found=cells[line],
                        cost=amount_text(cost, scale),
                    )
                )
    return checked("cost per account", faults, _("every cost is as counted"))


def counted_terms(case: Case, loads: dict[str, int]) -> dict[str, int]:
    """Count every term of the objective again, in cost units."""
    terms = {term: total_of(each) for term, each in case.costs.items()}
    for index, balance in enumerate(case.recount.scenario.balance):
        if not balance.hard:  # also where it has no row: nobody has a team
            terms[f"balance[{index}]"] = 0
    for row in case.recount.rows:
        if row.price is not None and row.high is not None:
            outside = max(0, loads[row.id] - row.high, row.low - loads[row.id])
            terms[row.family] = terms.get(row.family, 0) + row.price * outside
    served = (case.chosen >= 0) & (case.chosen < case.recount.nobody)
    team = case.recount.reps["team"].to_numpy(object)
    for index, entry in enumerate(case.recount.scenario.together):
        if entry.price is None:
            continue
        labels = case.recount.labels(entry.column, entry.where)
        reps: dict[int, set[Any]] = {}
        for at in np.flatnonzero(served & (labels >= 0)).tolist():
            rep = int(case.chosen[at])
            one = team[rep] if entry.label == "team" and team[rep] else rep
            reps.setdefault(int(labels[at]), set()).add(one)
        step = case.recount.steps(entry.price, case.recount.cost_scale, entry.column)
        terms[f"together[{index}]"] = int(step) * sum(len(x) - 1 for x in reps.values())
    if case.recount.scenario.unit == "region":
        terms |= counted_shapes(case)
    if case.recount.scenario.bases is not None:
        terms[OPENING] = opening_steps(case.recount)
    return terms


def costs_as_counted(case: Case, loads: dict[str, int]) -> list[Check]:
    """Check units, terms and total of the certificate."""
    claims, recount = case.claims, case.recount
    terms, faults = counted_terms(case, loads), []
    for name in sorted({*terms, *claims.terms}):
        claimed, counted = claims.terms.get(name), terms.get(name)
        if claimed != counted:
            faults.append(
                _("{name} is claimed as {claimed}, counted {counted}").format(
                    name=name, claimed=claimed, counted=counted
                )
            )
    total = sum(terms.values())
    wrong = _("the cost is claimed as {claimed}, counted {counted}").format(
        claimed=claims.cost, counted=total
    )
    told = (claims.cost_scale, claims.currency, claims.measures)
    true = (recount.cost_scale, recount.scenario.currency, recount.scales)
    units = _("cost_scale, currency, measures are claimed as {told}, they are {true}")
    spent = f"{amount_text(total, recount.cost_scale)} {recount.scenario.currency}"
    return [
        checked(
            "units",
            [] if told == true else [units.format(told=told, true=true)],
            _("scales and currency are as the scenario says"),
        ),
        checked("terms", faults, _("{n} terms as counted").format(n=len(terms))),
        checked("cost", [] if claims.cost == total else [wrong], spent),
    ]


def loads_as_counted(case: Case, loads: dict[str, int]) -> Check:
    """Check the rows that the certificate states."""
    faults, stated = [], {entry.row: entry for entry in case.claims.limits}
    if len(stated) < len(case.claims.limits):
        faults.append(_("a row is stated twice"))
    rows = {row.id: row for row in case.recount.rows}
    faults += [_("there is no row {r!r}").format(r=r) for r in stated if r not in rows]
    for name, row in rows.items():
        entry = stated.get(name)
        if entry is None:
            if row.high is not None or row.low > 0:
                faults.append(_("row {name} is not stated").format(name=name))
            continue
        told = (entry.load, entry.low or 0, entry.high, entry.price)
        true = (loads[name], row.low, row.high, row.price)
        if told != true:
            faults.append(
                _(
                    "{name}: load, low, high, price are stated as {told}, counted "
                    "{true}"
                ).format(name=name, told=told, true=true)
            )
    return checked("loads", faults, _("{n:,} rows as counted").format(n=len(rows)))


def reps_as_counted(case: Case, table: dict[str, list[str]]) -> Check:
    """Check accounts and loads per rep in reps.csv."""
    recount, faults = case.recount, []
    reps = recount.reps.index.tolist()
    if sorted(table["rep_id"]) != sorted(reps):
        return checked("reps", [_("reps.csv does not list every rep once")], "")
    line_of = {rep_id: line for line, rep_id in enumerate(table["rep_id"])}
    wanted = {name: recount.reps[name].tolist() for name in ("name", "team")}
    if recount.scenario.pools:
        pooled = recount.pools.is_pool[:-1]
        wanted["pool"] = np.where(pooled, "yes", "no").tolist()
    for column, texts in wanted.items():
        found = [table[column][line_of[rep_id]] for rep_id in reps]
        faults += [
            _("{rep}: {column} is {found!r}, it should be {text!r}").format(
                rep=rep_id, column=column, found=cell, text=text
            )
            for rep_id, cell, text in zip(reps, found, texts, strict=True)
            if cell not in (text, safe_text(text))
        ]
    each = {name: ("measure", name) for name in recount.scales if name != "accounts"}
    counted = (case.chosen >= 0) & ~recount.ground.is_region
    served = np.bincount(case.chosen[counted], minlength=recount.nobody + 1)
    for column, quantity in {"accounts": None, **each}.items():
        if column not in table:
            faults.append(_("reps.csv lacks the column {name}").format(name=column))
            continue
        loads, scale = served, 1
        if quantity is not None:
            scale, loads = recount.scales[column], case.loads[quantity]
        for at, rep_id in enumerate(reps):
            text = table[column][line_of[rep_id]]
            if not _is_amount(text, int(loads[at]), scale):
                faults.append(
                    _("{rep}: {column} is {found!r}, counted {load}").format(
                        rep=rep_id,
                        column=column,
                        found=text,
                        load=amount_text(int(loads[at]), scale),
                    )
                )
    return checked(
        "reps", faults, _("loads of {n:,} reps as counted").format(n=len(reps))
    )


def _is_amount(text: str, steps: int, scale: int) -> bool:
    try:
        return Decimal(text) * scale == steps
    except InvalidOperation:
        return False


def bound_as_proven(case: Case) -> Check:
    """Recompute the bound from its prices, and check that it is below the cost."""
    claims, dual = case.claims, case.dual
    faults = [
        *dual.faults,
        *(
            _("no rep may serve {id}: there is no plan").format(id=x)
            for x in dual.stuck
        ),
    ]
    if not faults and dual.value() != claims.dual.bound:
        faults.append(
            _("the prices prove {value}, the certificate says {told}").format(
                value=dual.value(), told=claims.dual.bound
            )
        )
    opening = opening_steps(case.recount)
    proven, least = claims.dual.bound + opening, opening
    if claims.bases is not None:
        proven, least = claims.bases.bound, 0
    rests = {
        "dual": claims.bound == proven,
        "solver": claims.bound >= proven,
        "trivial": claims.bound == least >= proven,
    }
    if not rests[claims.bound_by]:
        faults.append(
            _(
                "a bound of {bound} by {by} does not go with {dual} by the prices"
            ).format(bound=claims.bound, by=claims.bound_by, dual=claims.dual.bound)
        )
    if claims.bound > claims.cost:
        faults.append(
            _("the bound {bound} is above the cost {cost}").format(
                bound=claims.bound, cost=claims.cost
            )
        )
    return checked("bound", faults, _bound_in_words(case))


def _bound_in_words(case: Case) -> str:
    claims, scale = case.claims, case.recount.cost_scale
    if claims.bases is not None:
        return _bound_over_bases(case)
    if claims.bound_by == "trivial":
        return _("0: no cost is negative")
    if claims.bound_by == "solver":
        return _(
            "{bound} by the solver's search, not re-checked; the prices prove {dual}"
        ).format(
            bound=amount_text(claims.bound, scale),
            dual=amount_text(claims.dual.bound, scale),
        )
    return _("{bound}, recomputed from {n:,} prices").format(
        bound=amount_text(claims.bound, scale),
        n=len(claims.dual.prices) + len(claims.dual.units),
    )


def _bound_over_bases(case: Case) -> str:
    """Say what is proven whichever bases are open, and with those that are."""
    claims, scale = case.claims, case.recount.cost_scale
    assert claims.bases is not None
    words = _("{bound}, whichever bases are open; with these at least {dual}")
    if claims.bound_by == "solver":
        words = _(
            "{bound} by the solver's search, not re-checked, whichever bases are open; "
            "with these at least {dual}"
        )
    with_these = claims.dual.bound + opening_steps(case.recount)
    return words.format(
        bound=amount_text(claims.bound, scale), dual=amount_text(with_these, scale)
    )


def gap_as_stated(claims: Certificate) -> Check:
    """Check that the stated gap follows from cost and bound."""
    gap = Fraction(claims.cost - claims.bound, max(abs(claims.cost), 1))
    fault = _("the gap is stated as {told}, cost and bound give {gap:.9f}").format(
        told=claims.gap, gap=float(gap)
    )
    right = abs(Fraction(claims.gap) - gap) <= Fraction(1, 10**9)
    return checked("gap", [] if right else [fault], f"{float(gap):.4%}")


def status_as_stated(claims: Certificate) -> Check:
    """Check that "optimal" is claimed exactly where cost equals bound."""
    status = "optimal" if claims.cost == claims.bound else "feasible"
    fault = _("stated as {told}, cost and bound make it {status}").format(
        told=claims.status, status=status
    )
    return checked("status", [] if claims.status == status else [fault], _(status))


def moved_as_stated(case: Case) -> Check:
    """Check the disruption that the certificate states."""
    moves, told = moves_of(case), case.claims.moved
    is_region = case.recount.ground.is_region
    count, value = int(moves[~is_region].sum()), float(case.recount.value[moves].sum())
    fault = _(
        "stated as {told} accounts worth {told_value}, counted {count} worth {value}"
    ).format(told=told.accounts, told_value=told.value, count=count, value=value)
    regions = int(moves[is_region].sum())
    if told.regions != regions:
        fault = _("stated as {told} regions, counted {count}").format(
            told=told.regions, count=regions
        )
    right = (
        told.accounts == count
        and told.regions == regions
        and math.isclose(told.value, value, rel_tol=1e-9, abs_tol=1e-6)
    )
    return checked(
        "moved", [] if right else [fault], _("{n:,} accounts").format(n=count)
    )
