"""What a workspace takes in and reads: names, kinds and places of files."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from planner.errors import PlannerError
from planner.scenario import Scenario, read_scenario
from planner.scenario.extend import EXTENDS, PATHS, is_file, parse, read_text
from planner.words import _

LARGEST = 200 * 2**20
"""Bytes of the largest file that is taken in."""
TAKEN = (
    ".csv",
    ".tsv",
    ".txt",
    ".xlsx",
    ".xls",
    ".ods",
    ".parquet",
    ".geojson",
    ".gpkg",
)
"""Kinds of files that are taken in."""
LONGEST_TEXT = 2**20
"""Characters of the longest scenario."""
_TABLES = (*TAKEN[:7], ".tab", ".psv", ".xlsm", ".pq")
_SHAPES = (*TAKEN[7:], ".json", ".fgb", ".shp", ".gdb")
_OF_SHAPES = ("regions", "areas")
"""Parts of a scenario whose files may hold boundaries."""

_HEAD = 4096
_MAGIC = (
    (b"PK\x03\x04", "Zip"),
    (b"\xd0\xcf\x11\xe0", "Excel 97"),
    (b"PAR1", "Parquet"),
    (b"SQLite format 3\0", "SQLite"),
    (b"\0\0\x27\x0a", "Shapefile"),
    (b"fgb\x03", "FlatGeobuf"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"Rar!", "RAR"),
    (b"%PDF-", "PDF"),
    (b"\x7fELF", "ELF"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
)
"""How files begin, whatever their name says."""
_BEGINS = {
    ".xlsx": "Zip",
    ".xlsm": "Zip",
    ".ods": "Zip",
    ".xls": "Excel 97",
    ".parquet": "Parquet",
    ".pq": "Parquet",
    ".gpkg": "SQLite",
    ".shp": "Shapefile",
    ".fgb": "FlatGeobuf",
    ".geojson": "JSON",
    ".json": "JSON",
}
"""What a file of a kind must be; text that is not listed may be any."""
_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[\d¹²³]|lpt[\d¹²³])(\..*)?", re.IGNORECASE
)
_MOST_CHARACTERS = 80


def file_name(wanted: str) -> str:
    """
    Return a harmless file name that looks like what was wanted.

    Examples
    --------
    >>> file_name("../../etc/passwd"), file_name("华东 2027.xlsx"), file_name("CON")
    ('passwd', '华东 2027.xlsx', '_CON')
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", wanted))[-1]
    kept = "".join(
        c
        for c in last
        if c.isalnum() or c in " ._-()" or unicodedata.category(c)[0] == "M"
    )
    kept = kept.strip(" .")
    stem, dot, suffix = kept.rpartition(".")
    if not dot or not stem or len(suffix) > 10:
        stem, dot, suffix = kept, "", ""
    stem = stem[: _MOST_CHARACTERS - len(dot + suffix)].strip(" .")
    kept = f"{stem}{dot}{suffix}" if stem else "file"
    return f"_{kept}" if _RESERVED.fullmatch(kept) else kept


def check_taken(name: str, size: int, head: bytes) -> str:
    """
    Return the name under which a file that somebody sends is kept.

    Parameters
    ----------
    name
        As the sender calls it.
    size
        In bytes.
    head
        Its first bytes.

    Raises
    ------
    PlannerError
        If it is too large, empty, or of a kind that is not read.
    """
    clean = file_name(name)
    if size > LARGEST:
        raise PlannerError(
            _("{name} is larger than {most} MB. Send a smaller file.").format(
                name=clean, most=LARGEST >> 20
            )
        )
    if Path(clean).suffix.lower() not in TAKEN:
        raise PlannerError(
            _("{name} is of no kind that is read here. Send one of: {kinds}.").format(
                name=clean, kinds=", ".join(TAKEN)
            )
        )
    if size == 0:
        raise PlannerError(
            _("{name} is empty. Export it again, and send that.").format(name=clean)
        )
    check_head(clean, head)
    return clean


def check_head(name: str, head: bytes) -> None:
    """
    Refuse a file that is by its first bytes of another kind than its name says.

    A reader that looks at contents would take it for what it is: a virtual table that
    names other files, an archive that unpacks to more than fits.

    Raises
    ------
    PlannerError
        Naming the kind that it is.
    """
    wanted = _BEGINS.get(Path(name).suffix.lower(), "")
    found = next((kind for magic, kind in _MAGIC if head.startswith(magic)), "")
    if not found and head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        found = "JSON"
    if wanted == found or (not wanted and found in ("", "JSON")):
        return
    raise PlannerError(
        _(
            "{name} is no {suffix} file by its content, but {found}. Save it again in "
            "the kind that its name says."
        ).format(
            name=name, suffix=Path(name).suffix, found=found or _("something else")
        )
    )


def read_inside(root: Path, path: Path, text: str | None = None) -> Scenario:
    """
    Read a scenario all of whose files lie in one folder.

    Who may use a page may not thereby read other files of the machine it runs on.

    Parameters
    ----------
    root
        The folder.
    path
        Of the scenario; it lies in the folder.
    text
        Stands in for what the file says.

    Raises
    ------
    ScenarioError
        Naming every fault of the text.
    PlannerError
        If it, or a file that it names, is elsewhere, or of a kind that is not read.
    """
    for _file in chain_of(root, path, text):
        pass
    scenario = read_scenario(path, text)
    for part, key in PATHS:
        name = getattr(getattr(scenario, part), key, None)
        if isinstance(name, str) and is_file(part, name):
            _check_named(root, path.parent, part, f"{part}.{key}", name)
    return scenario


def chain_of(root: Path, path: Path, text: str | None = None) -> Iterator[Path]:
    """
    Yield a scenario file and those that it extends, each before it is read.

    Raises
    ------
    PlannerError
        If one of them is outside the folder, or longer than a scenario can be.
    """
    seen: set[Path] = set()
    while path.resolve() not in seen:
        seen.add(path.resolve())
        yield path
        if text is None:
            if path.is_file() and path.stat().st_size > LONGEST_TEXT:
                _too_long(path.name)
            text = read_text(path)
        if len(text) > LONGEST_TEXT:
            _too_long(path.name)
        base, text = parse(text, path.name).get(EXTENDS), None
        if not isinstance(base, str) or not base:
            return
        _check_place(root, path.parent, EXTENDS, base)
        path = path.parent / base


def _too_long(name: str) -> None:
    raise PlannerError(
        _("{name} is longer than a scenario can be ({most} MB).").format(
            name=name, most=LONGEST_TEXT >> 20
        )
    )


def _check_named(root: Path, base: Path, part: str, key: str, name: str) -> None:
    path = _check_place(root, base, key, name)
    kinds = (*_TABLES, *(_SHAPES if part in _OF_SHAPES else ()))
    if path.suffix.lower() not in kinds:
        raise PlannerError(
            _(
                "{key} = {name!r} is of no kind that is read here. Use one of: {kinds}."
            ).format(key=key, name=name, kinds=", ".join(kinds))
        )
    if path.is_file():
        with path.open("rb") as file:
            check_head(path.name, file.read(_HEAD))


def _check_place(root: Path, base: Path, key: str, name: str) -> Path:
    """Return where a named file is: in the folder, and in no part that is hidden."""
    remote = "://" in name or name.startswith("/vsi") or "\0" in name
    try:
        path = base if remote else (base / name).resolve()
        if not remote and path.is_relative_to(root):
            inner = path.relative_to(root).parts
            if not any(one.startswith(".") for one in inner):
                return path
    except (OSError, ValueError):
        pass
    raise PlannerError(
        _(
            "{key} = {name!r} is not a file in this workspace, and the page reads no "
            "others. Put it there, or serve the folder that holds both."
        ).format(key=key, name=name)
    )
