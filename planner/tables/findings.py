"""What was found while reading one table: faults, warnings and notes."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from planner.errors import Fault
from planner.words import _


@dataclass
class Findings:
    """
    Faults, warnings and notes of one table.

    Attributes
    ----------
    file
        The table's file as the user named it.
    rows
        Row in the file of each record that is still in play, shape (n,).
    unread
        Cells of the rows that had to be left out as a whole, so that an id among
        them is not called unknown elsewhere.
    """

    file: str
    rows: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)

    def fault(
        self, column: str, value: str, rule: str, remedy: str, row: int = 0
    ) -> None:
        """Add one fault that concerns the whole table or column, or a known row."""
        self.faults.append(Fault(self.file, row, column, value, rule, remedy))

    def warn(
        self, column: str, value: str, rule: str, remedy: str, row: int = 0
    ) -> None:
        """Add one warning, likewise."""
        self.warnings.append(Fault(self.file, row, column, value, rule, remedy))

    def cell_faults(
        self,
        positions: Iterable[int],
        column: str,
        values: Iterable[object],
        rule: str | Iterable[str],
        remedy: str | Iterable[str],
    ) -> None:
        """Add a fault for each record at `positions` (counted among `rows`)."""
        self.faults += self._cells(positions, column, values, rule, remedy)

    def cell_warnings(
        self,
        positions: Iterable[int],
        column: str,
        values: Iterable[object],
        rule: str | Iterable[str],
        remedy: str | Iterable[str],
    ) -> None:
        """Add a warning for each record at `positions` (counted among `rows`)."""
        self.warnings += self._cells(positions, column, values, rule, remedy)

    def note(self, sentence: str) -> None:
        """Add a sentence about this table."""
        self.notes.append(
            _("{file}: {sentence}").format(file=self.file, sentence=sentence)
        )

    def _cells(
        self,
        positions: Iterable[int],
        column: str,
        values: Iterable[object],
        rule: str | Iterable[str],
        remedy: str | Iterable[str],
    ) -> list[Fault]:
        rules = repeat(rule) if isinstance(rule, str) else rule
        remedies = repeat(remedy) if isinstance(remedy, str) else remedy
        return [
            Fault(self.file, int(self.rows[at]), column, str(value), one, cure)
            for at, value, one, cure in zip(
                positions, values, rules, remedies, strict=False
            )
        ]


def find_column(names: Sequence[str], wanted: str) -> str | None:
    """Return the column called `wanted`: exactly, else but for case and blanks."""
    if wanted in names:
        return wanted
    plain = wanted.strip().casefold()
    same = [name for name in names if name.strip().casefold() == plain]
    return same[0] if len(same) == 1 else None


_MOST_COMPARED = 5_000
_MOST_HINTS = 100


def nearest(wanted: str, known: Collection[str], what: str) -> str:
    """Return a remedy that names what `wanted` may have meant among `known`."""
    folded = {name.casefold(): name for name in _plausible(wanted, known)}
    near = difflib.get_close_matches(wanted.casefold(), folded, n=3, cutoff=0.6)
    if near:
        return _("Did you mean {near}?").format(
            near=", ".join(repr(folded[name]) for name in near)
        )
    if not known:
        return _("There are no {what} at all.").format(what=what)
    if len(known) > _MOST_COMPARED:
        return _("There are {n:,} {what}; none is like it.").format(
            n=len(known), what=what
        )
    names = sorted(set(known))
    shown = ", ".join(repr(name) for name in names[:8])
    more = ", ..." if len(names) > 8 else ""
    return _("There are these {what}: {shown}.").format(what=what, shown=shown + more)


def hints(texts: Sequence[str], known: Collection[str], what: str) -> list[str]:
    """
    Return a remedy per text, with the nearest of the known names.

    Comparing is slow: only the first hundred distinct texts get names.
    """
    some = list(dict.fromkeys(texts))[:_MOST_HINTS]
    remedies = {text: nearest(text, known, what) for text in some}
    plain = _("Correct it; it must be one of the {what}.").format(what=what)
    return [remedies.get(text, plain) for text in texts]


def _plausible(wanted: str, known: Collection[str]) -> list[str]:
    """Return the names worth comparing; of very many only those that begin alike."""
    if len(known) <= _MOST_COMPARED:
        return sorted(set(known), reverse=True)
    start = wanted[:2].casefold()
    alike = [name for name in known if name[:2].casefold() == start]
    close = [name for name in alike if abs(len(name) - len(wanted)) <= 1]
    return sorted(set(close), key=lambda name: _shared(name, wanted))[-_MOST_COMPARED:]


def _shared(name: str, other: str) -> int:
    """Count the characters that two names have in common at their beginning."""
    pairs = enumerate(zip(name, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(name), len(other)))
