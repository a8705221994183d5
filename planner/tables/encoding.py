"""From the bytes of a text file to UTF-8, and what separates its cells."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter

from planner.errors import PlannerError
from planner.words import _

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16 LE, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NAMES = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "utf-32-le": "UTF-32 LE",
    "utf-32-be": "UTF-32 BE",
    "gb18030": "GB18030",
    "cp1252": "Windows-1252",
}
_SEPARATORS = (",", ";", "\t", "|")
_SAMPLE_CHARACTERS = 200_000
_SAMPLE_RECORDS = 100
_COMMON_HANZI_SHARE = 0.6
_ZEROS_SAMPLE = 4_000
_MANY_ZEROS, _FEW_ZEROS = 0.4, 0.05


def to_utf8(data: bytes, encoding: str | None) -> tuple[bytes, str]:
    """
    Return the text as UTF-8 bytes without byte-order mark, and its encoding's name.

    Parameters
    ----------
    data
        The file's bytes.
    encoding
        As stated by the scenario; None to detect it.

    Raises
    ------
    PlannerError
        If the encoding is unknown or the bytes are not of it.
    """
    if encoding is not None:
        return _stated(data, encoding)
    for mark, name in _MARKS:
        if data.startswith(mark):
            body = data[len(mark) :]
            name = _by_zeros(body, 4) or name  # some tools mark UTF-32 as UTF-16
            return _recode(body, name), _NAMES[name]
    if name := _by_zeros(data, 4) or _by_zeros(data, 2):
        return _recode(data, name), _NAMES[name]
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        name = "gb18030" if _is_chinese(data) else "cp1252"
        return _recode(data, name), _NAMES[name]
    return data, _NAMES["utf-8"]


def detect_separator(text: str) -> str:
    """Return the separator that splits the first records most evenly; else a comma."""
    best, best_score = ",", (0.0, 0)
    for separator in _SEPARATORS:
        lengths = _record_lengths(text, separator)
        width, count = Counter(lengths).most_common(1)[0] if lengths else (1, 0)
        score = (count / max(len(lengths), 1), width)
        if width > 1 and score > best_score:
            best, best_score = separator, score
    return best


def _record_lengths(text: str, separator: str) -> list[int]:
    sample = text[:_SAMPLE_CHARACTERS]
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=separator)
    lengths: list[int] = []
    try:
        for cells in reader:
            if cells:
                lengths.append(len(cells))
            if len(lengths) == _SAMPLE_RECORDS:
                return lengths
    except csv.Error:  # a cell beyond the field limit: no sign of a good separator
        return lengths
    if len(text) > len(sample) and len(lengths) > 1:
        lengths.pop()  # the sample ends within this record
    return lengths


def _stated(data: bytes, encoding: str) -> tuple[bytes, str]:
    try:
        name = codecs.lookup(encoding).name
    except LookupError as error:
        raise PlannerError(
            _(
                "no encoding is called {name!r}; use one such as 'utf-8', 'gb18030' "
                "or 'cp1252', or leave it out to have it detected"
            ).format(name=encoding)
        ) from error
    return _recode(data, name), encoding


def _recode(data: bytes, name: str) -> bytes:
    try:
        text = data.decode(name)
    except UnicodeDecodeError as error:
        raise PlannerError(
            _(
                "byte {n} cannot be read as {name}; save the file as UTF-8, or state "
                "its encoding in the scenario"
            ).format(n=error.start, name=_NAMES.get(name, name))
        ) from error
    if name == "utf-8":
        return data.removeprefix(codecs.BOM_UTF8)
    return text.removeprefix("\ufeff").encode("utf-8")


def _by_zeros(data: bytes, width: int) -> str:
    """
    Return the UTF of `width` bytes a character that shows in the zero bytes; or "".

    Separators, digits and line ends, at least, have zeros in all bytes but one.
    """
    head = data[:_ZEROS_SAMPLE]
    units = len(head) // width
    if units < 2 or len(data) % width or b"\0" not in head:
        return ""
    zeros = [head[at::width].count(0) / units for at in range(width)]
    if min(zeros[1:]) >= _MANY_ZEROS and zeros[0] <= _FEW_ZEROS:
        return f"utf-{8 * width}-le"
    if min(zeros[:-1]) >= _MANY_ZEROS and zeros[-1] <= _FEW_ZEROS:
        return f"utf-{8 * width}-be"
    return ""


def _is_chinese(data: bytes) -> bool:
    """
    Whether the bytes are GB18030 text rather than Windows-1252.

    Western text, too, often decodes as GB18030, but then into rare characters: only
    Chinese text consists mostly of the 3,755 common ones (level 1 of GB 2312).
    """
    try:
        text = data.decode("gb18030")
    except UnicodeDecodeError:
        return False
    foreign = Counter(re.sub("[\0-\x7f]+", "", text)[:_SAMPLE_CHARACTERS])
    common = sum(n for char, n in foreign.items() if _is_common_hanzi(char))
    marks = sum(n for char, n in foreign.items() if "\u3000" <= char <= "\u303f")
    marks += sum(n for char, n in foreign.items() if "\uff00" <= char <= "\uffef")
    total = foreign.total() - marks
    return common > 0 and common >= _COMMON_HANZI_SHARE * total


def _is_common_hanzi(char: str) -> bool:
    code = char.encode("gb2312", "ignore")
    return len(code) == 2 and 0xB0 <= code[0] <= 0xD7
