"""Does the plan keep what was decided on earlier proposals?"""

from __future__ import annotations

from collections import Counter

from planner.evaluate.case import UNREAD, Case
from planner.evaluate.verdict import Check, checked
from planner.tables import PREFIX
from planner.words import _

DECISIONS = "decisions.csv"
DECISION_COLUMNS = ("account_id", "from_rep", "to_rep", "decision", "comment")

Fixed = set[tuple[str, str, str]]
"""account_id (or region:<id>), decision, and the rep that it fixes ("": left out)."""


def decisions_kept(case: Case, table: dict[str, list[str]]) -> Check:
    """Check that each decision holds in the plan, and is a pin of the scenario."""
    recount, faults = case.recount, []
    reps, wanted = [*recount.reps.index, ""], _fixed(table)
    place = {str(one): at for at, one in enumerate(recount.accounts.index)}
    faults += [
        _("{id} occurs more than once").format(id=one)
        for one, count in Counter(table["account_id"]).items()
        if count > 1
    ]
    for one, word, rep in sorted(wanted):
        if word not in ("accept", "reject"):
            faults.append(_("{id}: {word!r} is no decision").format(id=one, word=word))
            continue
        if one not in place:
            faults.append(_("{id} is no account").format(id=one))
            continue
        at = place[one]
        has = "?" if case.chosen[at] == UNREAD else reps[int(case.chosen[at])]
        if has != rep:
            faults.append(
                _("{id}: {word} fixes {rep!r}, the plan has {has!r}").format(
                    id=one, word=_(word), rep=rep, has=has
                )
            )
    pinned = _pinned(case)
    faults += [
        _("{id}: decided, but not pinned in the scenario").format(id=one)
        for one, _word, _rep in sorted(wanted - pinned)
    ]
    faults += [
        _("{id}: pinned as decided, but no decision is kept").format(id=one)
        for one, _word, _rep in sorted(pinned - wanted)
    ]
    return checked("decisions", faults, _("{n:,} decisions hold").format(n=len(wanted)))


def _fixed(table: dict[str, list[str]]) -> Fixed:
    columns = (table[name] for name in DECISION_COLUMNS[:-1])
    return {
        (one, word, to if word == "accept" else old)
        for one, old, to, word in zip(*columns, strict=True)
        if word
    }


def _pinned(case: Case) -> Fixed:
    """What the scenario's pins by decisions say."""
    found: Fixed = set()
    for pin in case.recount.scenario.pins:
        if pin.decision is not None:
            rep = "".join(pin.reps or [])
            ids = pin.accounts or [PREFIX + one for one in pin.regions or []]
            found |= {(one, pin.decision, rep) for one in ids}
    return found
