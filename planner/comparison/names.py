"""What words of a comparison mean, and what its columns are called."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from planner.errors import PlannerError
from planner.words import _

WAYS = {
    "today": "today",
    "nearest": "nearest",
    "rotation": "round_robin",
    "performance": "performance",
    "rules": "rules",
    "random": "random",
}
"""Word -> name of the baseline."""

KINDS = {"raw": "raw", "kept": "rule_keeping"}
"""Word after a colon -> kind: as it comes, or passing over reps who are full."""


class Wanted(NamedTuple):
    """One of today's ways; `named`: by the user, and not as one of all."""

    way: str
    kind: str
    named: bool


def column_of(way: str, kind: str) -> str:
    """Column of one of today's ways, such as ``nearest:kept``."""
    return f"{way}:{kind}"


def checked_ways(words: Sequence[str], *, every: bool) -> list[Wanted]:
    """
    Return the ways that words ask for, or refuse one that means none.

    Raises
    ------
    PlannerError
        Naming the words that there are.
    """
    for word in words:
        if not _is_known(word):
            known = ", ".join(WAYS)
            raise PlannerError(
                _(
                    "{word!r} is none of today's ways: {known}; each also as "
                    "nearest:raw or nearest:kept."
                ).format(word=word, known=known)
            )
    return wanted_ways(words, every=every)


def _is_known(word: str) -> bool:
    way, _colon, kind = word.partition(":")
    return way in WAYS and (kind in KINDS or word == way)


def is_way(word: str) -> bool:
    """Whether a word means one of today's ways; a file of that name comes first."""
    return _is_known(word) and not Path(word).exists()


def wanted_ways(words: Sequence[str], *, every: bool) -> list[Wanted]:
    """
    Return the ways that words ask for, each once.

    Parameters
    ----------
    words
        ``nearest`` for both kinds, ``nearest:raw`` or ``nearest:kept`` for one.
    every
        Also all that there are.
    """
    found: dict[tuple[str, str], Wanted] = {}
    for word in words:
        way, _colon, kind = word.partition(":")
        for one in [kind] if kind else KINDS:
            found.setdefault((way, one), Wanted(way, one, True))
    if every:
        for way in WAYS:
            for kind in KINDS:
                found.setdefault((way, kind), Wanted(way, kind, False))
    return list(found.values())


def unique_names(names: Sequence[str]) -> list[str]:
    """Number the names that occur again: stay, stay (2), ..."""
    found: list[str] = []
    for name in names:
        one, n = name, 2
        while one in found:
            one, n = f"{name} ({n})", n + 1
        found.append(one)
    return found
