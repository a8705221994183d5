"""A job with the content of its files, for a machine that does not have them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from planner.executor.jobs import parts_of
from planner.scenario.extend import PATHS, is_file, parse
from planner.scenario.read import text_of

Payload = dict[str, Any]
_START = ("plan.csv", "regions.csv", "certificate.json")
"""What a solve reads of a plan folder that it starts from."""


def packed(payload: Payload) -> Payload:
    """
    Return what a child is told, with all files as bytes under relative paths.

    Relative paths of the scenario stay as they are, so that messages, notes and the
    plan folder name files as the user does; absolute ones become relative.
    """
    base = Path(payload["base"])
    raw, named = _relative_paths(parse(payload["scenario"], payload["name"]))
    wanted = [Path(os.path.normpath(base / name)) for name in named]
    root = Path(os.path.commonpath([base, *wanted]))
    sources = dict(zip(wanted, named.values(), strict=True))
    files: dict[str, bytes] = {}
    for path, source in sources.items():
        at = Path(os.path.relpath(path, root))
        for part in parts_of(source or path):
            inner = os.path.relpath(part, (source or path).parent)
            name = at.parent / inner
            if part.is_file():  # one that is missing, the solve reports
                files[name.as_posix()] = part.read_bytes()
    start = None
    if payload["start"] is not None:
        given = Path(payload["start"])
        folder = given if given.is_dir() else given.parent
        for one in (*_START, given.name):
            if (folder / one).is_file():
                files[f".start/{one}"] = (folder / one).read_bytes()
        start = ".start" if given.is_dir() else f".start/{given.name}"
    return {
        **payload,
        "scenario": text_of(raw) if any(named.values()) else payload["scenario"],
        "base": Path(os.path.relpath(base, root)).as_posix(),
        "start": start,
        "files": files,
    }


def _relative_paths(raw: Payload) -> tuple[Payload, dict[str, Path | None]]:
    """Name files relative to the scenario; those that were not, by their old path."""
    named: dict[str, Path | None] = {}
    for part, key in PATHS:
        table = raw.get(part)
        name = table.get(key) if isinstance(table, dict) else None
        if not isinstance(name, str) or not is_file(part, name):
            continue
        if Path(name).is_absolute():
            new = f"{part}-{key}/{Path(name).name}"
            raw = raw | {part: raw[part] | {key: new}}
            named[new] = Path(name)
        else:
            named[name] = None
    return raw, named


def unpacked(parcel: Payload, folder: Path) -> Payload:
    """Write the files into a folder, and return what a child there is told."""
    root = folder / "inputs"
    for name, data in parcel["files"].items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    base = root / parcel["base"]
    base.mkdir(parents=True, exist_ok=True)
    told = {key: value for key, value in parcel.items() if key != "files"}
    start = parcel["start"] and str(root / parcel["start"])
    plan = str(folder / "plans" / "plan")
    return {**told, "base": str(base), "start": start, "folder": plan}


def content_of(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder: path within it -> bytes."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
