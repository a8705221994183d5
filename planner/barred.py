"""Why a rep may not serve an account, rule by rule, in words."""

from __future__ import annotations

import numpy as np

from planner.pairs import Pairs
from planner.tables import parse_skills
from planner.words import _


def barred_by(pairs: Pairs, at: int, rep: int) -> list[str]:
    """
    Name the rules of single pairs that keep an account from a rep.

    Parameters
    ----------
    pairs
        Of the scenario whose rules are meant.
    at
        Position among ``pairs.accounts``.
    rep
        Position among the reps; m: nobody.

    Returns
    -------
    One clause for each rule; empty where the pair is allowed.
    """
    if rep == pairs.m:
        return [] if pairs.may_stay_out[at] else [_("it may not be left out")]
    return [
        *_by_fitness(pairs, at, rep),
        *_by_hand(pairs, at, rep),
        *_by_distance(pairs, at, rep),
    ]


def _by_fitness(pairs: Pairs, at: int, rep: int) -> list[str]:
    """Skills and grades."""
    account, person = pairs.accounts.iloc[at], pairs.reps.iloc[rep]
    has, found = parse_skills(person["skills"]), []
    lacks = [
        f"{skill}:{level}" if level > 1 else skill
        for skill, level in parse_skills(account["skills"]).items()
        if has.get(skill, 0) < level
    ]
    if lacks:
        found.append(_("lacks the skill {skills}").format(skills=", ".join(lacks)))
    where = np.array([at]), np.array([rep])
    if bool(pairs.never(*where)[0]):
        found.append(
            _("fit says never for grade {grade} and {rep_grade}").format(
                grade=account["grade"], rep_grade=person["grade"]
            )
        )
    return found


def _by_hand(pairs: Pairs, at: int, rep: int) -> list[str]:
    """Pins, forbidden pairs, protection, and what is kept on the map."""
    found = [
        _("{rule} names other reps").format(rule=f"pins[{index}]")
        for index, (covered, reps) in enumerate(pairs.pins)
        if covered[at] and not reps[rep]
    ]
    found += [
        _("{rule} forbids the pair").format(rule=f"forbid[{index}]")
        for index, (covered, reps) in enumerate(pairs.forbids)
        if covered[at] and reps[rep]
    ]
    if pairs.protected[at] and pairs.owner[at] != rep:
        owner = str(pairs.reps.index[pairs.owner[at]])
        found.append(_("it is protected and stays with {rep}").format(rep=owner))
    if pairs.is_region[at]:
        keeps = pairs.keeps_to_map(np.array([at]), np.array([rep]))
        if not bool(keeps[0]):
            found.append(_("a region locked or set apart has a rep of its own"))
    return found


def _by_distance(pairs: Pairs, at: int, rep: int) -> list[str]:
    """Travel: too far, or no distance known."""
    km, _hours, usable = pairs.distances(np.array([at]), np.array([rep]))
    most, found = pairs.scenario.travel.max_km, []
    if not usable[0]:
        found.append(_("the table of distances lacks the pair"))
    if most is not None and km[0] > most and not pairs.pinned[at]:
        found.append(
            _("{km:,.0f} km away, travel.max_km is {most:,.0f}").format(
                km=km[0], most=most
            )
        )
    return found
