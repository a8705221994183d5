"""Does the plan keep every rule of the scenario?"""

from __future__ import annotations

import math
import re

import numpy as np

from planner.evaluate.bound import ROOM
from planner.evaluate.case import UNREAD, Case, amount_text, moves_of, scale_of
from planner.evaluate.verdict import SHOWN, Check, checked
from planner.tables import safe_text
from planner.words import _


def plan_faults(case: Case) -> list[str]:
    """List the cells of plan.csv that are wrong, costs aside."""
    recount, plan, faults = case.recount, case.plan, []
    owners = recount.accounts["owner"].tolist()
    names = recount.accounts["name"].tolist()
    moved = moves_of(case)
    for at, line in enumerate(case.line_of.tolist()):
        if line < 0 or case.chosen[at] < 0:
            continue
        wanted = {
            "previous_rep_id": owners[at],
            "name": names[at],
            "moved": "yes" if moved[at] else "no",
        }
        for column, text in wanted.items():
            if plan[column][line] != safe_text(text):
                faults.append(
                    _("{id}: {column} is {found!r}, it should be {text!r}").format(
                        id=case.account(at),
                        column=column,
                        found=plan[column][line],
                        text=text,
                    )
                )
        if not _is_distance(plan["distance_km"][line], case, at):
            faults.append(
                _(
                    "{id}: distance_km is {found!r}, it should be {km:.3f} (empty "
                    "without a rep or places)"
                ).format(
                    id=case.account(at),
                    found=plan["distance_km"][line],
                    km=case.km[at],
                )
            )
    return faults


def _is_distance(text: str, case: Case, at: int) -> bool:
    nobody_goes = case.recount.pools.is_pool[case.chosen[at]]
    nobody_goes |= case.chosen[at] == case.recount.nobody
    if not case.recount.roads.exist or nobody_goes:
        return text == ""
    if not re.fullmatch(r"[0-9]{1,9}\.[0-9]{3}", text):
        return False
    return math.isclose(float(text), case.km[at], rel_tol=0, abs_tol=0.000501)


def eligible(case: Case) -> Check:
    """Check that every rep may serve the accounts given to them."""
    nobody, faults = case.recount.nobody, []
    served = (case.chosen >= 0) & (case.chosen < nobody)
    broken = np.flatnonzero(served & ~case.eligible).tolist()
    for at in broken[:SHOWN]:
        rep = int(case.chosen[at])
        faults.append(
            _("{id} may not go to {rep}: {why}").format(
                id=case.account(at),
                rep=case.recount.reps.index[rep],
                why=", ".join(case.recount.reasons(at, rep)),
            )
        )
    fine = _("{n:,} accounts have a rep who may serve them").format(n=served.sum())
    return checked("eligibility", faults, fine, len(broken))


def left_out(case: Case) -> Check:
    """Check that only accounts that may be left out are."""
    out = case.chosen == case.recount.nobody
    faults = [
        _("{id} has no rep: {why}").format(
            id=case.account(at), why=_why_not_out(case, at)
        )
        for at in np.flatnonzero(out & ~case.recount.may_leave).tolist()
    ]
    return checked("left out", faults, _("{n:,} accounts left out").format(n=out.sum()))


def _why_not_out(case: Case, at: int) -> str:
    if case.recount.scenario.leave_out is None:
        return _("the scenario has no leave_out, every account needs one")
    if case.recount.pinned[at]:
        return _("it is pinned")
    if case.recount.locked[at]:
        return _("it is protected and stays with its owner")
    return _("leave_out.where does not hold for it")


def rows_hold(case: Case, loads: dict[str, int], name: str) -> Check:
    """Check the hard rows of one part of the scenario."""
    faults, count = [], 0
    for row in case.recount.rows:
        if not row.family.startswith(f"{name}[") or row.price is not None:
            continue
        count += 1
        load, scale = loads[row.id], scale_of(case, row.quantity)
        for broken, side, limit in (
            (row.high is not None and load > row.high, _("above high"), row.high),
            (load < row.low, _("below low"), row.low),
        ):
            if broken:
                faults.append(
                    _("{row}: {what} {load} is {side} {limit}").format(
                        row=row.id,
                        what=_(row.quantity[1]),
                        load=amount_text(load, scale),
                        side=side,
                        limit=amount_text(limit or 0, scale),
                    )
                )
    return checked(name, faults, _("{n:,} hard rows hold").format(n=count))


def together(case: Case) -> Check:
    """Check that hard groups share a rep, or are left out as a whole."""
    unit, read = case.recount.unit, case.chosen >= 0
    least = np.full(int(unit.max(initial=0)) + 1, ROOM)
    most = np.full(len(least), UNREAD)
    np.minimum.at(least, unit[read], case.chosen[read])
    np.maximum.at(most, unit[read], case.chosen[read])
    faults = []
    for split in np.flatnonzero((most >= 0) & (least < most)).tolist():
        members = [case.account(at) for at in np.flatnonzero(unit == split)[:3]]
        faults.append(
            _("the group of {members} has more than one rep").format(
                members=", ".join(members)
            )
        )
    return checked("together", faults, _("every group has one rep"))


def apart(case: Case) -> Check:
    """Check that no rep serves two accounts of a set that is kept apart."""
    faults = []
    served = (case.chosen >= 0) & (case.chosen < case.recount.nobody)
    for index, entry in enumerate(case.recount.scenario.apart):
        labels = case.recount.labels(entry.column, entry.where)
        seen: dict[tuple[int, int], int] = {}
        for at in np.flatnonzero(served & (labels >= 0)).tolist():
            key = int(labels[at]), int(case.chosen[at])
            other = seen.setdefault(key, at)
            if other != at:
                faults.append(
                    _("apart[{index}]: {one} and {other} both go to {rep}").format(
                        index=index,
                        one=case.account(other),
                        other=case.account(at),
                        rep=case.recount.reps.index[key[1]],
                    )
                )
    return checked("apart", faults, _("no two of a set share a rep"))
