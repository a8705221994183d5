"""One cell read as a number, with a decimal point and with a decimal comma."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_UNGROUPED = re.compile(r"([0-9]+(\.[0-9]+)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_GROUPED = re.compile(
    r"[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+|(?: [0-9]{3})+|(?:'[0-9]{3})+)(\.[0-9]+)?"
    r"|[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3}(\.[0-9]+)?"  # as in India
)
_FULL_WIDTH = range(0xFF01, 0xFF5F)
_SAME: dict[int, int | str] = {
    **{code: code - 0xFEE0 for code in _FULL_WIDTH},
    **dict.fromkeys(map(ord, "\u00a0\u2009\u202f\u3000"), " "),
    **dict.fromkeys(map(ord, "\u2019\u02bc"), "'"),
    ord("\u2212"): "-",
}
_SWAP = str.maketrans(".,", ",.")


class Reading(NamedTuple):
    """One cell, read with a decimal point and with a decimal comma (None: cannot)."""

    dot: float | None
    comma: float | None

    @property
    def ambiguous(self) -> bool:
        """Whether both readings are possible and differ."""
        return None not in self and self.dot != self.comma


def read_cell(cell: str, grouped: bool) -> Reading | None:
    """Read one cell both ways; None if neither is a number."""
    body = "".join(
        char if char.isascii() else str(unicodedata.decimal(char, char))
        for char in cell.translate(_SAME)
    ).strip()
    sign, body = _split_sign(body)
    body = _without_currency(body)
    if not sign:
        sign, body = _split_sign(body)
    dot, comma = _amount(body, grouped), _amount(body.translate(_SWAP), grouped)
    if dot is None and comma is None:
        return None
    factor = -1.0 if sign == "-" else 1.0
    return Reading(
        None if dot is None else factor * dot,
        None if comma is None else factor * comma,
    )


def _split_sign(body: str) -> tuple[str, str]:
    return (body[0], body[1:].lstrip()) if body[:1] in ("+", "-") else ("", body)


def _without_currency(body: str) -> str:
    if body and unicodedata.category(body[0]) == "Sc":
        return body[1:].lstrip()
    if body and unicodedata.category(body[-1]) == "Sc":
        return body[:-1].rstrip()
    return body


def _amount(body: str, grouped: bool) -> float | None:
    """Read digits with a decimal point, thousands grouped if at all by , ' or blank."""
    if _UNGROUPED.fullmatch(body):
        return float(body)
    if _GROUPED.fullmatch(body) and (grouped or "," not in body):
        return float(re.sub("[, ']", "", body))
    return None
