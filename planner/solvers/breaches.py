"""What an assignment breaks, in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from planner.pairs import Pairs
from planner.problem import Problem, Row
from planner.words import _

Bools = NDArray[np.bool_]
Positions = NDArray[np.intp]


def row_in_words(problem: Problem, row: Row, load: int) -> str:
    """Say which hard row a load breaks, and by how much."""
    family, _slash, who = row.id.partition("/")
    if family.startswith("pools"):
        who = problem.rep_ids[int(row.reps[0])]
    kind = {
        "limits": _("limit on {measure}, {who}"),
        "balance": _("band on {measure}, {who}"),
        "budgets": _("budget on {measure}"),
        "pools": _("limit on {measure}, {who}"),
    }[family.split("[")[0]]
    scale = problem.scales[row.measure]
    limit = row.low if row.high is None or load <= row.high else row.high
    side = (
        _("{what}: {load} is {by} above {limit}")
        if load > limit
        else _("{what}: {load} is {by} below {limit}")
    )
    return side.format(
        what=kind.format(measure=_(problem.measures[row.measure]), who=who),
        load=_amount(load, scale),
        by=_amount(abs(load - limit), scale),
        limit=_amount(limit, scale),
    )


def _amount(steps: int, scale: int) -> str:
    """Exact decimal text of steps on a power-of-ten scale."""
    digits = len(str(scale)) - 1
    whole, rest = divmod(steps, scale)
    return f"{whole:,}" + (f".{rest:0{digits}d}" if digits else "")


def note(breaches: dict[str, int], words: str, count: int, **names: object) -> None:
    """Add a breach, if there is any: words with an {n} -> the count."""
    if count:
        breaches[words.format(n=count, **names)] = count


def not_allowed(pairs: Pairs, chosen: Positions, allowed: Bools) -> dict[str, int]:
    """Count the accounts that may not be where they are, by the rule in the way."""
    breaches: dict[str, int] = {}
    out = ~allowed & (chosen == pairs.m)
    note(breaches, _("unassigned: {n:,} accounts"), int(out.sum()))
    at = np.flatnonzero(~allowed & ~out)
    for words, broken in _reasons(pairs, at, chosen[at]):
        note(breaches, words, int(broken.sum()))
    return breaches


def _reasons(
    pairs: Pairs, at: Positions, rep: Positions
) -> Iterator[tuple[str, Bools]]:
    """Rule in words, and which of the pairs (accounts `at`, their reps) break it."""
    lacking = np.asarray(pairs.lacks_required(at, rep) > 0)
    yield _("required skill missing: {n:,} accounts"), lacking
    yield (
        _("grade of the rep does not fit: {n:,} accounts"),
        np.asarray(pairs.never(at, rep)),
    )
    yield (
        _("protected, but not with today's owner: {n:,} accounts"),
        pairs.protected[at] & (rep != pairs.owner[at]),
    )
    yield _("not for this pool: {n:,} accounts"), ~pairs.pools.may_take(at, rep)
    yield from _chosen_by_hand(pairs, at, rep)
    if pairs.is_region.any():
        words = _("not on today's map or not set apart as asked: {n:,} regions")
        yield words, ~pairs.keeps_to_map(at, rep)
    yield from _too_far(pairs, at, rep)


def _chosen_by_hand(
    pairs: Pairs, at: Positions, rep: Positions
) -> Iterator[tuple[str, Bools]]:
    """Pins and forbids: the masks that Pairs itself prepared."""
    pinned, forbidden = np.zeros(len(at), bool), np.zeros(len(at), bool)
    for covered, reps in pairs.pins:
        pinned |= covered[at] & ~reps[rep]
    for covered, reps in pairs.forbids:
        forbidden |= covered[at] & reps[rep]
    yield _("pinned to other reps: {n:,} accounts"), pinned
    yield _("forbidden: {n:,} accounts"), forbidden


def _too_far(
    pairs: Pairs, at: Positions, rep: Positions
) -> Iterator[tuple[str, Bools]]:
    km, _hours, usable = pairs.distances(at, rep)
    far = np.zeros(len(at), dtype=bool)
    if pairs.scenario.travel.max_km is not None:
        far = (km > pairs.scenario.travel.max_km) & ~pairs.pinned[at]
    yield _("farther than max_km: {n:,} accounts"), far
    yield _("no distance given for the pair: {n:,} accounts"), ~usable
