"""Numbers as people write them: "1234.5", "12,000", "12 000,5", "€ 1.200"."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from planner.tables.number_cells import Reading, read_cell
from planner.words import _

Decimal = Literal[".", ","]

_PLAIN = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_WHOLE = r"^[+-]?[0-9]+$"
_HEAD = r"^[+-]?[1-9][0-9]{0,2}"
_SPACED = _HEAD + r"(( [0-9]{3})+|('[0-9]{3})+)"
_ONE_GROUP = _HEAD + r",[0-9]{3}$"
_DOT_OR_GROUP = _HEAD + r"\.[0-9]{3}$"
_POINT_STYLES = (
    (_HEAD + r"(,[0-9]{3})+(\.[0-9]+)?$", ","),
    (_SPACED + r"(\.[0-9]+)?$", "[ ']"),
)
_COMMA_STYLES = (
    (r"^[+-]?[0-9]+,[0-9]+$", ""),
    (_HEAD + r"(\.[0-9]{3})+,[0-9]+$", r"\."),
    (_HEAD + r"(\.[0-9]{3}){2,}$", r"\."),
    (_SPACED + r",[0-9]+$", "[ ']"),
)
"""Pattern, and what in it separates thousands: read a whole column at once."""


@dataclass
class Numbers:
    """
    A column of text read as numbers.

    Attributes
    ----------
    values
        Shape (n,); NaN where missing or bad.
    bad
        Position -> (rule, remedy) of each cell that is no number.
    restyled
        How many cells were read through thousands separators, currency signs, a
        decimal comma or foreign digits.
    example
        One of them, and the number it became.
    """

    values: NDArray[np.float64]
    bad: dict[int, tuple[str, str]] = field(default_factory=dict)
    restyled: int = 0
    example: tuple[str, float] | None = None

    def restyle(self, cell: str, value: float, count: int = 1) -> None:
        """Count cells that were read through another style; keep the first."""
        self.restyled += count
        self.example = self.example or (cell, value)

    def doubt(self, at: NDArray[np.int64]) -> None:
        """Beside decimal commas, "12,000" and "1.234" may mean either."""
        self.bad.update((one, _ambiguous()) for one in at.tolist())
        self.values[at] = np.nan


def parse_numbers(
    text: pa.Array,
    missing: NDArray[np.bool_],
    decimal: Decimal | None = None,
    *,
    grouped: bool = True,
) -> Numbers:
    """
    Read trimmed cells as numbers.

    Parameters
    ----------
    text
        Trimmed cells, shape (n,).
    missing
        Cells to leave alone, shape (n,).
    decimal
        The decimal mark; None: each cell must be unambiguous. A single comma before
        three digits ("12,000") then separates thousands, unless another cell of
        the column proves a decimal comma.
    grouped
        False where thousands cannot occur (degrees): "48,857" is then 48.857.
    """
    numbers = Numbers(np.full(len(text), np.nan))
    plain = _matching(text, _WHOLE if decimal == "," else _PLAIN) & ~missing
    numbers.values[plain] = pc.cast(text.filter(pa.array(plain)), pa.float64())
    rest = np.flatnonzero(~plain & ~missing)
    if len(rest):
        proof = _Work(text, rest, decimal, grouped, numbers).run()
        if proof and grouped:
            numbers.doubt(np.flatnonzero(_matching(text, _DOT_OR_GROUP) & ~missing))
    for at in np.flatnonzero(np.isinf(numbers.values)).tolist():
        numbers.bad[at] = _too_large()
        numbers.values[at] = np.nan
    return numbers


def parse_number(text: str) -> float | None:
    """Read one plain number ("12", "-3.5", "1e3"); None if it is none or infinite."""
    numbers = parse_numbers(pa.array([text.strip()]), np.zeros(1, bool), ".")
    return None if numbers.bad else float(numbers.values[0])


class _Work:
    """The cells at `at` that are no plain numbers, settled style by style."""

    def __init__(
        self,
        text: pa.Array,
        at: NDArray[np.int64],
        decimal: Decimal | None,
        grouped: bool,
        numbers: Numbers,
    ) -> None:
        self.at, self.decimal, self.grouped = at, decimal, grouped
        self.cells = text.take(pa.array(at))
        self.tidy = _tidy(self.cells)
        self.todo = np.ones(len(at), dtype=bool)
        self.numbers = numbers

    def run(self) -> bool:
        """Settle all cells; return whether one proves a decimal comma."""
        self.bulk(_WHOLE if self.decimal == "," else _PLAIN, "", ".")
        alone = np.zeros_like(self.todo)
        if self.grouped and self.decimal is None:
            alone = _matching(self.tidy, _ONE_GROUP)
        proof = False
        if self.decimal != ".":
            for pattern, separator in _COMMA_STYLES[: None if self.grouped else 1]:
                proof |= self.bulk(pattern, separator, ",", but=alone)
        if self.decimal != "," and self.grouped:
            for pattern, separator in _POINT_STYLES:
                self.bulk(pattern, separator, ".", but=alone)
        proof |= self.one_by_one(but=alone)
        if proof and self.decimal is None:
            self.numbers.doubt(self.at[alone])
        else:
            self.bulk(_ONE_GROUP, ",", ".")
        return proof and self.decimal is None

    def bulk(
        self,
        pattern: str,
        thousands: str,
        mark: Decimal,
        but: NDArray[np.bool_] | None = None,
    ) -> bool:
        """Read all open cells of a style at once; return whether there were any."""
        if not self.todo.any():
            return False
        found = _matching(self.tidy, pattern) & self.todo
        if but is not None:
            found &= ~but
        if not found.any():
            return False
        digits = self.tidy.filter(pa.array(found))
        if thousands:
            digits = pc.replace_substring_regex(digits, thousands, "")
        if mark == ",":
            digits = pc.replace_substring(digits, ",", ".")
        values = np.asarray(pc.cast(digits, pa.float64()))
        self.numbers.values[self.at[found]] = values
        self.todo &= ~found
        first = self.cells[int(np.flatnonzero(found)[0])].as_py()
        self.numbers.restyle(first, float(values[0]), int(found.sum()))
        return True

    def one_by_one(self, but: NDArray[np.bool_]) -> bool:
        """Read the rare styles; return whether one proves a decimal comma."""
        positions = np.flatnonzero(self.todo & ~but)
        cells = self.cells.take(pa.array(positions)).to_pylist()
        readings = {cell: read_cell(cell, self.grouped) for cell in set(cells)}
        proof = self.decimal is None and any(map(_proves_comma, readings.values()))
        decides = None if proof else self.decimal or "."
        for at, cell in zip(self.at[positions].tolist(), cells, strict=True):
            _settle(self.numbers, at, cell, readings[cell], decides, self.decimal)
        return proof


def _matching(text: pa.Array, pattern: str) -> NDArray[np.bool_]:
    return np.array(pc.match_substring_regex(text, pattern))


def _tidy(cells: pa.Array) -> pa.Array:
    """Bring the usual blanks and apostrophes to one form; drop a currency sign."""
    for pattern, replacement in (
        (r"[\x{a0}\x{2009}\x{202f}]", " "),
        (r"\x{2019}", "'"),
        (r"^([+-]?[0-9].*?) ?\p{Sc}$", r"\1"),
        (r"^([+-]?) ?\p{Sc} ?", r"\1"),
    ):
        cells = pc.replace_substring_regex(cells, pattern, replacement)
    return cells


def _settle(
    numbers: Numbers,
    at: int,
    cell: str,
    reading: Reading | None,
    decides: Decimal | None,
    stated: Decimal | None,
) -> None:
    """Choose the reading of one unusual cell, or say why there is none."""
    if reading is None:
        numbers.bad[at] = _no_number(cell, stated)
        return
    if reading.ambiguous and decides is None:
        numbers.bad[at] = _ambiguous()
        return
    value = reading.comma if decides == "," else reading.dot
    if value is None and stated is None:
        value = reading.comma if reading.dot is None else reading.dot
    if value is None:
        numbers.bad[at] = _no_number(cell, stated)
        return
    numbers.values[at] = value
    numbers.restyle(cell, value)


def _proves_comma(reading: Reading | None) -> bool:
    return reading is not None and reading.dot is None and reading.comma is not None


def _no_number(cell: str, stated: Decimal | None) -> tuple[str, str]:
    if "%" in cell or "\uff05" in cell:
        return (
            _("a number is expected, without a percent sign"),
            _("Write a share as a decimal number, such as 0.15."),
        )
    if stated and any(char.isdigit() for char in cell):
        return (
            _("a number with decimal = {mark!r} is expected").format(mark=stated),
            _("Correct the cell, or change `decimal` of the table in the scenario."),
        )
    return (
        _("a number is expected"),
        _("Correct the cell, or list it under `missing` if it means 'not known'."),
    )


def _ambiguous() -> tuple[str, str]:
    return (
        _(
            "may be thousands or decimals: other cells of the column have a "
            "decimal comma"
        ),
        _('Set decimal = "," or decimal = "." for the table in the scenario.'),
    )


def _too_large() -> tuple[str, str]:
    return _("the number is too large"), _("Correct the cell.")
