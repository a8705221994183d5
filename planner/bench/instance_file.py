"""What readers of published instances share: names, numbers, faults, known values."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from planner.errors import Fault, PlannerError
from planner.words import _

BEST_KNOWN = "best_known.csv"
"""
Beside the instances: the columns instance and best_known_value; where there is more,
best_known_bound or known_bound, proved_optimal (yes), and what a family asks for.
"""
BOUND_COLUMNS = ("best_known_bound", "known_bound")
_SUFFIXES = {".txt", ".dat", ".gap"}
LARGEST = 2.0**53
_SHOWN = 20

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Row = dict[str, str]


@dataclass(frozen=True)
class BestKnown:
    """
    Published value and bound of an instance; None where there is none.

    Attributes
    ----------
    slack
        By how much rounding may have lowered the value: half its last decimal.
    """

    value: float | None = None
    bound: float | None = None
    slack: float = 0.0


UNKNOWN = BestKnown()


@dataclass(frozen=True)
class Check:
    """What a number of a file must be: as a test of an array, and in words."""

    good: Callable[[Floats], NDArray[np.bool_]]
    rule: str
    remedy: str

    def of(self, word: str) -> bool:
        """Whether one word is such a number."""
        try:
            return bool(self.good(np.array([float(word)]))[0])
        except ValueError:
            return False


def instance_name(path: Path) -> str:
    """Return a file's name without the usual endings of instance files."""
    return path.stem if path.suffix.lower() in _SUFFIXES else path.name


def distinct(paths: Sequence[Path], faults: list[Fault]) -> Iterator[Path]:
    """Yield the files whose name is new; a fault for each other one."""
    seen: dict[str, Path] = {}
    for path in paths:
        name = instance_name(path)
        if name not in seen:
            seen[name] = path
            yield path
            continue
        why = _("{other} has the same name").format(other=seen[name])
        remedy = _("Name each instance once: the name is that of its results.")
        faults.append(Fault(str(path), 0, "", name, why, remedy))


def read_text(path: Path, faults: list[Fault]) -> str | None:
    """Return a file's text; None with a fault where it cannot be opened."""
    try:
        return path.read_bytes().decode("utf-8-sig", "replace")
    except OSError as error:
        why = _("it cannot be opened ({reason})").format(reason=error.strerror)
        faults.append(Fault(str(path), 0, "", "", why, _("Correct the path.")))
        return None


def read_numbers(file: str, text: str, check: Check, faults: list[Fault]) -> Floats:
    """Return all numbers of a file; a fault for each word that is none."""
    try:
        numbers = np.array(text.split(), dtype=float)
        if check.good(numbers).all():
            return numbers
    except ValueError:
        pass
    for line, words in enumerate(text.splitlines(), start=1):
        for word in words.split():
            if not check.of(word):
                fault = Fault(file, line, "", word, check.rule, check.remedy)
                faults.append(fault)
    return np.empty(0)


def filled_lines(text: str) -> list[tuple[int, list[str]]]:
    """Return number and words of each line that has any."""
    numbered = enumerate(text.splitlines(), start=1)
    return [(number, words) for number, line in numbered if (words := line.split())]


def read_columns(
    file: str,
    lines: Sequence[tuple[int, list[str]]],
    columns: Mapping[str, Check | None],
    faults: list[Fault],
) -> list[list[str]]:
    """
    Return the words of lines, column by column; a fault for each that is wrong.

    Parameters
    ----------
    lines
        Number and words of each line.
    columns
        Name and check of each column; None: any word.
    """
    for number, words in lines:
        if len(words) != len(columns):
            wanted = " ".join(columns)
            why = _("{n} word(s) are expected: {columns}").format(
                n=len(columns), columns=wanted
            )
            remedy = _("Give exactly these on the line.")
            faults.append(Fault(file, number, "", " ".join(words), why, remedy))
            continue
        for word, (name, check) in zip(words, columns.items(), strict=True):
            if check is not None and not check.of(word):
                fault = Fault(file, number, name, word, check.rule, check.remedy)
                faults.append(fault)
    whole_lines = [words for _n, words in lines if len(words) == len(columns)]
    return [[words[c] for words in whole_lines] for c in range(len(columns))]


@dataclass(frozen=True, eq=False)
class MapFile:
    """
    Numbers of a file of units and neighbours.

    Attributes
    ----------
    head
        Words of the first line.
    columns
        Words of the units' lines, column by column.
    edges
        Pairs of neighbours, shape (edges, 2).
    """

    head: list[str]
    columns: list[list[str]]
    edges: Ints


def read_map_file(
    path: Path,
    head: Mapping[str, Check | None],
    columns: Mapping[str, Check | None],
    faults: list[Fault],
) -> MapFile | None:
    """
    Read a line of ``n m ...``, n lines of units, m lines of neighbours ``u v``.

    Parameters
    ----------
    head, columns
        Name and check of each word of the first line, and of a unit's line; None: any.

    Returns
    -------
    None with faults where something is wrong.
    """
    text = read_text(path, faults)
    if text is None:
        return None
    file, before = str(path), len(faults)
    lines = filled_lines(text)
    first = lines[0] if lines else (1, [])
    words = [
        column[0] for column in read_columns(file, [first], head, faults) if column
    ]
    if len(faults) > before:
        return None
    n, m = int(float(words[0])), int(float(words[1]))
    if len(lines) != 1 + n + m:
        why = _(
            "{n:,} units and {m:,} pairs take {wanted:,} lines, there are {found:,}"
        ).format(n=n, m=m, wanted=1 + n + m, found=len(lines))
        remedy = _("Give the first line, a line a unit, a line a pair of neighbours.")
        faults.append(Fault(file, lines[-1][0], "", "", why, remedy))
        return None
    units = read_columns(file, lines[1 : n + 1], columns, faults)
    edges = read_edges(file, lines[n + 1 :], n, faults)
    return MapFile(words, units, edges) if len(faults) == before else None


def read_edges(
    file: str, lines: Sequence[tuple[int, list[str]]], units: int, faults: list[Fault]
) -> Ints:
    """Return pairs of neighbours, shape (edges, 2), each pair once."""
    check = Check(
        lambda x: whole(x) & (x < units),
        _("a unit from 0 to {last} is expected").format(last=units - 1),
        _("Count the units from 0 in the order of the file."),
    )
    before = len(faults)
    read_columns(file, lines, {"u": check, "v": check}, faults)
    if len(faults) > before:
        return np.empty((0, 2), dtype=np.int64)
    ends = np.array([words for _n, words in lines], dtype=float).astype(np.int64)
    ends = ends.reshape(-1, 2)
    seen: dict[tuple[int, int], int] = {}
    for (number, words), (u, v) in zip(lines, np.sort(ends).tolist(), strict=True):
        first = seen.setdefault((u, v), number)
        if u != v and first == number:
            continue
        why = _("a unit is no neighbour of itself")
        if u != v:
            why = _("row {first} has the same pair").format(first=first)
        remedy = _("Give each pair of neighbours once.")
        faults.append(Fault(file, number, "", " ".join(words), why, remedy))
    return ends


def whole(x: Floats) -> NDArray[np.bool_]:
    """Whole numbers from 0 to 2^53."""
    return not_negative(x) & (x == np.floor(x))


def not_negative(x: Floats) -> NDArray[np.bool_]:
    """Numbers from 0 to 2^53."""
    return (x >= 0) & (x <= LARGEST)


def number_up_to(most: float = LARGEST) -> Check:
    """Return the check of a coordinate: a number from -most to most."""
    rule = _("a number is expected")
    if most < LARGEST:
        rule = _("a number from -{most:g} to {most:g} is expected").format(most=most)
    return Check(lambda x: np.abs(x) <= most, rule, _("Correct it."))


def whole_number(least: int = 0) -> Check:
    """Return the check of a count."""
    rule = _("a whole number from {least} to 2^53 is expected").format(least=least)
    return Check(lambda x: whole(x) & (x >= least), rule, _("Correct it."))


def amount() -> Check:
    """Return the check of a size, demand or capacity."""
    rule = _("a number from 0 to 2^53 is expected")
    return Check(not_negative, rule, _("Correct it."))


def wrong_head(file: str, rule: str, remedy: str) -> Fault:
    """Return the fault of a first line."""
    return Fault(file, 1, "", "", rule, remedy)


def refuse(faults: Sequence[Fault]) -> None:
    """
    Do nothing where there are no faults.

    Raises
    ------
    PlannerError
        Naming every fault with its file and line.
    """
    if not faults:
        return
    lines = [_("{n:,} fault(s) in the instances:").format(n=len(faults))]
    lines += [str(fault) for fault in faults[:_SHOWN]]
    hidden = len(faults) - _SHOWN
    if hidden > 0:
        lines.append(_("... and {n:,} more").format(n=hidden))
    raise PlannerError("\n".join(lines))


def known_rows(path: Path) -> list[Row]:
    """
    Return an instance's rows in the table of best-known values beside its file.

    Raises
    ------
    PlannerError
        If there is a table that cannot be read as such.
    """
    table = path.parent / BEST_KNOWN
    if not table.is_file():
        return []
    try:
        with table.open(encoding="utf-8-sig", newline="") as stream:
            rows = [
                {name or "": str(cell or "") for name, cell in row.items()}
                for row in csv.DictReader(stream)
                if row["instance"] == instance_name(path)
            ]
        for row in rows:
            best_known(row)
    except (OSError, csv.Error, KeyError, ValueError) as error:
        raise PlannerError(
            _(
                "{file} is no table of best-known values ({error}). It needs the "
                "columns instance and best_known_value."
            ).format(file=table, error=error)
        ) from error
    return rows


def best_known(row: Row | None) -> BestKnown:
    """Return the published value and bound of a row; blank ones are None."""
    if row is None:
        return UNKNOWN
    text = row["best_known_value"]
    value = _number(text)
    bounds = [_number(row.get(column)) for column in BOUND_COLUMNS]
    bound = next((one for one in bounds if one is not None), None)
    if bound is None and row.get("proved_optimal", "").strip().lower() == "yes":
        bound = value
    decimals = len(text.strip().partition(".")[2])
    return BestKnown(value, bound, 0.5 * 10.0**-decimals if decimals else 0.0)


def only_row(path: Path) -> Row | None:
    """Return the instance's one row in the table of best-known values, if any."""
    return next(iter(known_rows(path)), None)


def _number(text: str | None) -> float | None:
    if text is None or not text.strip():
        return None
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is not a number")
    return number
