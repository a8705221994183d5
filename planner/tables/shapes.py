"""Files of shapes, read without asking any other machine for anything."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pyogrio

from planner.errors import PlannerError
from planner.words import _

_MAY_LINK = re.compile(rb"href|\\u00[67][0-9a-f]", re.IGNORECASE)
"""GeoJSON that links to something says so, or spells its letters by their numbers."""
_LINKS = ("link", "url")
_BETWEEN = " \t\r\n\x1e"


def read_shapes(path: Path, **how: Any) -> pd.DataFrame:
    """
    Read a file with GDAL; arguments as for `pyogrio.read_dataframe`.

    GeoJSON may give the address of its coordinate reference system, and GDAL would
    fetch that: no file may make this machine call another.

    Raises
    ------
    PlannerError
        If the file says where its coordinate reference system is, not which it is.
    pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError
        As GDAL raises them.
    """
    if path.is_file() and _links(path.read_bytes()):
        raise PlannerError(
            _(
                "{path} has its coordinate reference system (CRS) at an address, and "
                "nothing is fetched from there; export it again in EPSG:4326 (WGS 84)"
            ).format(path=path)
        )
    return pyogrio.read_dataframe(path, **how)


class _Link(dict[str, Any]):
    """A JSON object that says of itself that it is a link."""


def _links(data: bytes) -> bool:
    """Whether GeoJSON has, or may have, a coordinate reference system by address."""
    text = data.removeprefix(b"\xef\xbb\xbf").lstrip(_BETWEEN.encode())
    if text[:1] not in (b"{", b"[") or not _MAY_LINK.search(text):
        return False
    found: list[bool] = []

    def look(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found.extend(True for k, v in pairs if k == "crs" and isinstance(v, _Link))
        link = any(k == "type" and str(v).lower() in _LINKS for k, v in pairs)
        return _Link() if link else dict(pairs)

    decoder = json.JSONDecoder(object_pairs_hook=look)
    said, at = text.decode(errors="replace").rstrip(_BETWEEN), 0
    try:
        while at < len(said) and not found:  # there may be an object a line
            _one, at = decoder.raw_decode(said, at)
            while at < len(said) and said[at] in _BETWEEN:
                at += 1
    except (ValueError, RecursionError):
        return True  # others may read more from it than this does
    return bool(found)
