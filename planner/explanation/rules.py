"""Which rules keep an account from a rep, and by how much."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from planner.explanation.known import Known
from planner.tables import parse_skills

WAIVED_BY_PIN = ("max_km",)
"""Rules that a pin of the account overrides."""


@dataclass(frozen=True)
class Exclusion:
    """
    A rule that keeps a unit from a rep.

    Attributes
    ----------
    rep
        The rep.
    rule
        "skills", "fit", "pins[0]", "forbid[0]", "protect", "max_km", "distances"
        (no distance given), "map" (locked or set apart), or the id of a hard row that
        the unit alone breaks.
    account
        The account that it is about; one of several that go together.
    by
        How much is missing: levels of skills, km, or units of the row's measure; None
        where the rule knows no amount.
    facts
        What a sentence needs besides, by name.
    """

    rep: str
    rule: str
    account: str
    by: float | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def exclusions(known: Known, unit: int) -> dict[int, list[Exclusion]]:
    """
    Every rule that keeps a unit from each rep; reps without any are left out.

    Of accounts that go together, the first that a rule bars is named.
    """
    found: dict[int, list[Exclusion]] = {}
    for one in (*_by_pair(known, unit), *_by_size(known, unit)):
        found.setdefault(known.rep(one.rep), []).append(one)
    return found


def _by_pair(known: Known, unit: int) -> Iterator[Exclusion]:
    """Rules on pairs, each with the first member that it bars from each rep."""
    pairs, members = known.pairs, known.members(unit)
    at, rep = members[:, None], np.arange(known.m)[None]
    lacking = pairs.lacks_required(at, rep) > 0
    yield from _each(known, members, lacking, _skills)
    yield from _each(known, members, pairs.never(at, rep), _grades)
    for key, rules, barred in (
        ("pins", pairs.pins, lambda covered, reps: covered[at] & ~reps[rep]),
        ("forbid", pairs.forbids, lambda covered, reps: covered[at] & reps[rep]),
    ):
        for index, (covered, reps) in enumerate(rules):
            name = f"{key}[{index}]"
            yield from _each(
                known,
                members,
                barred(covered, reps),
                lambda _known, row, to, rule=name: (rule, None, {}),
            )
    protected = pairs.protected[at] & (rep != pairs.owner[at])
    yield from _each(known, members, protected, _protected)
    if pairs.is_region.any():
        kept = ~pairs.keeps_to_map(at, rep)
        yield from _each(known, members, kept, lambda *_pair: ("map", None, {}))
    yield from _by_distance(known, members)


def _by_distance(known: Known, members: np.ndarray) -> Iterator[Exclusion]:
    pairs, most = known.pairs, known.pairs.scenario.travel.max_km
    at, rep = members[:, None], np.arange(known.m)[None]
    km, _hours, usable = pairs.distances(at, rep)
    yield from _each(known, members, ~usable, lambda *_pair: ("distances", None, {}))
    if most is None:
        return
    far = (km > most) & ~pairs.pinned[at]
    place = {int(row): line for line, row in enumerate(members)}

    def distance(_known: Known, row: int, to: int) -> tuple[str, float, dict]:
        there = float(km[place[row], to])
        return "max_km", there - most, {"km": there, "max_km": most}

    yield from _each(known, members, far, distance)


def _each(known: Known, members: np.ndarray, barred: np.ndarray, say) -> Iterator:  # type: ignore[no-untyped-def]
    """Yield an exclusion for each rep that a rule bars from any of the members."""
    barred = np.broadcast_to(barred, (len(members), known.m))
    for rep in np.flatnonzero(barred.any(axis=0)).tolist():
        row = int(members[int(barred[:, rep].argmax())])
        rule, by, facts = say(known, row, rep)
        account = str(known.pairs.accounts.index[row])
        yield Exclusion(known.rep_id(rep), rule, account, by, facts)


def _skills(known: Known, row: int, rep: int) -> tuple[str, float, dict[str, Any]]:
    wanted = parse_skills(str(known.pairs.accounts["skills"].iat[row]))
    held = parse_skills(str(known.pairs.reps["skills"].iat[rep]))
    missing = {
        skill: {"needs": level, "has": held.get(skill, 0)}
        for skill, level in wanted.items()
        if held.get(skill, 0) < level
    }
    short = sum(one["needs"] - one["has"] for one in missing.values())
    return "skills", float(short), {"missing": missing}


def _grades(known: Known, row: int, rep: int) -> tuple[str, None, dict[str, Any]]:
    facts = {
        "grade": str(known.pairs.accounts["grade"].iat[row]),
        "rep_grade": str(known.pairs.reps["grade"].iat[rep]),
    }
    return "fit", None, facts


def _protected(known: Known, row: int, _rep: int) -> tuple[str, None, dict[str, Any]]:
    return "protect", None, {"owner": known.rep_id(int(known.pairs.owner[row]))}


def _by_size(known: Known, unit: int) -> Iterator[Exclusion]:
    """Hard rows that the unit alone, at the rep, is too large for."""
    demand = known.line(unit).demand
    account = known.problem.unit_ids[unit]
    for row in known.problem.rows:
        if row.price is not None or row.high is None:
            continue
        scale = known.problem.scales[row.measure]
        for rep in row.reps[row.reps < known.m].tolist():
            needs = int(demand[row.measure, rep])
            if needs > row.high:
                yield Exclusion(
                    known.rep_id(rep),
                    row.id,
                    account,
                    (needs - row.high) / scale,
                    {
                        "measure": known.problem.measures[row.measure],
                        "needs": needs / scale,
                        "high": row.high / scale,
                    },
                )
