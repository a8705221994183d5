"""Skills with levels, as text: "imaging:1;robotics:2"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

_BETWEEN = re.compile(r"[;,|\u3001\uff1b\uff0c\n]")
_BEFORE_LEVEL = re.compile(r"[:\uff1a]")


def parse_skills(text: str) -> dict[str, int]:
    """
    Read the normalised text of skills.

    Examples
    --------
    >>> parse_skills("imaging:1;robotics:2")
    {'imaging': 1, 'robotics': 2}
    """
    pairs = (part.rpartition(":") for part in text.split(";") if part)
    return {name: int(level) for name, _colon, level in pairs}


def normalise_skills(text: str, levels: Sequence[str]) -> tuple[str, str | None]:
    """
    Bring the text of skills into the normalised form, sorted by name.

    Parameters
    ----------
    text
        As people write it: "robotics:expert, imaging". Without a level: 1. A skill
        named twice counts with its higher level.
    levels
        Names of the levels from 1 up.

    Returns
    -------
    The normalised text, and the first level that is none (else None).
    """
    found: dict[str, int] = {}
    names = {name.strip().casefold(): at for at, name in enumerate(levels, start=1)}
    for part in _BETWEEN.split(text):
        *head, tail = _BEFORE_LEVEL.split(part)
        name, level_text = (":".join(head), tail) if head else (tail, "1")
        name, level_text = name.strip(), level_text.strip()
        if not name and not head:
            continue
        level = names.get(level_text.casefold()) or _whole(level_text)
        if level is None or not name:
            return "", part.strip()
        found[name] = max(level, found.get(name, 0))
    return ";".join(f"{name}:{found[name]}" for name in sorted(found)), None


def with_also(
    held: pd.Series, ids: pd.Index, also: Mapping[str, str], levels: Sequence[str]
) -> pd.Series:
    """
    Add the skills that a scenario gives to reps besides those of their table.

    Parameters
    ----------
    held
        Normalised text of skills, one row per rep, shape (m,).
    ids
        The reps' ids, shape (m,).
    also
        rep_id -> more skills, as people write them; what is no list of skills, or
        names no rep, is passed over (`check_references` reports it).
    levels
        Names of the levels from 1 up.
    """
    found = held.copy()
    for at in ids.get_indexer(pd.Index(list(also), dtype=object)).tolist():
        if at < 0:
            continue
        text, wrong = normalise_skills(also[str(ids[at])], levels)
        if wrong is None:
            both = ";".join(filter(None, (held.iloc[at], text)))
            found.iloc[at] = normalise_skills(both, ())[0]
    return found


def _whole(text: str) -> int | None:
    """Return a whole number from 1 up, also where a spreadsheet made it "2.0"."""
    match = re.fullmatch(r"([0-9]{1,9})(\.0+)?", text, re.ASCII)
    return int(match[1]) or None if match else None
