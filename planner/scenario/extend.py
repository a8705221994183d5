"""One scenario file that extends another: only what differs is written."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner.errors import ScenarioError
from planner.scenario.bases import PLACES
from planner.words import _

Raw = dict[str, Any]
EXTENDS, DROP = "extends", "drop"
DEEPEST = 20
"""Files in a chain; more is a mistake rather than a wish."""

PATHS = (
    ("accounts", "file"),
    ("reps", "file"),
    ("regions", "file"),
    ("distances", "file"),
    ("bases", "candidates"),
    ("areas", "outline"),
    ("areas", "barriers"),
    ("baselines", "rules"),
)
"""Keys that name files, relative to the scenario that they stand in."""

NAMED_BY = {
    "limits": "measure",
    "balance": "measure",
    "budgets": "of",
    "together": "column",
    "apart": "column",
}
"""Lists whose entries have a name: [balance.value] changes the entry of `value`."""


@dataclass(frozen=True)
class Layer:
    """What one file of a chain says itself; paths as they stand in it."""

    path: Path
    raw: Raw


def merged(base: Raw, change: Raw) -> Raw:
    """
    Return the tables of a scenario with changes.

    Tables are merged key by key; any other value, and a list, takes the place of the
    old one. Where the base has a list and the change a table, each key of that names
    one entry: by the entry's measure, ``of`` or column (see `NAMED_BY`), or by its
    position as messages give it, from 0.

    Parameters
    ----------
    base, change
        As `tomllib` reads them; neither is changed.

    Raises
    ------
    ScenarioError
        If no entry, or more than one, has that name.
    """
    return _merged(base, change, ())


def _merged(base: Raw, change: Raw, at: tuple[str, ...]) -> Raw:
    result = dict(base)
    for key, new in change.items():
        old, here = base.get(key), (*at, key)
        if isinstance(old, dict) and isinstance(new, dict):
            result[key] = _merged(old, new, here)
        elif isinstance(old, list) and isinstance(new, dict):
            result[key] = _with_entries(old, new, here)
        else:
            result[key] = new
    return result


def _with_entries(entries: list[Any], change: Raw, at: tuple[str, ...]) -> list[Any]:
    """Return a list with changes to some of its entries, by name or position."""
    result = list(entries)
    for name, part in change.items():
        one = position_of(entries, name, at)
        old = result[one]
        both = isinstance(old, dict) and isinstance(part, dict)
        result[one] = _merged(old, part, (*at, name)) if both else part
    return result


def position_of(entries: list[Any], name: str, at: tuple[str, ...]) -> int:
    """Return where the entry of a name stands in a list."""
    by = NAMED_BY.get(at[-1], "")
    names = [str(e.get(by, "")) if isinstance(e, dict) else "" for e in entries]
    found = [position for position, one in enumerate(names) if one == name]
    if not found and name.isdecimal() and int(name) < len(entries):
        found = [int(name)]
    if len(found) == 1:
        return found[0]
    where = ".".join(at)
    if found:
        places = ", ".join(f"{where}.{position}" for position in found)
        raise ScenarioError(
            _(
                "{key}: {n} entries have this name. Name one by its position: {places}"
            ).format(key=f"{where}.{name}", n=len(found), places=places)
        )
    known = [n for n in names if n] or [str(n) for n in range(len(entries))]
    raise ScenarioError(
        _("{key}: there is no such entry to change; there are: {known}").format(
            key=f"{where}.{name}", known=", ".join(known) or _("none")
        )
    )


def without(raw: Raw, key: str) -> Raw:
    """
    Return the tables without a dotted key, such as ``leave_out`` or ``balance.value``.

    Raises
    ------
    ScenarioError
        If there is no such key.
    """
    return _without(raw, key.split("."), ())


def _without(raw: Raw, parts: list[str], at: tuple[str, ...]) -> Raw:
    first, *rest = parts
    if first not in raw:
        raise ScenarioError(
            _("{drop} = {key!r}: there is no such key to leave out").format(
                drop=DROP, key=".".join((*at, *parts))
            )
        )
    result, old = dict(raw), raw[first]
    if not rest:
        del result[first]
    elif isinstance(old, dict):
        result[first] = _without(old, rest, (*at, first))
    elif isinstance(old, list):
        entries = list(old)
        one = position_of(entries, rest[0], (*at, first))
        if rest[1:]:
            entries[one] = _without(entries[one], rest[1:], (*at, first, rest[0]))
        else:
            del entries[one]
        result[first] = entries
    else:
        return _without({}, rest, (*at, first))
    return result


def read_layers(path: Path, text: str | None = None) -> tuple[Raw, list[Layer], str]:
    """
    Read a scenario file and those that it extends.

    Parameters
    ----------
    text
        Stands in for what the file says, as where it is being edited.

    Returns
    -------
    The whole, with paths relative to the folder of `path`; each file's own part, from
    `path` down to the last base; and the text of `path`.

    Raises
    ------
    ScenarioError
        For a file that cannot be read, or a chain that ends nowhere.
    """
    layers: list[Layer] = []
    file, first = path, ""
    while True:
        _no_circle(file, layers)
        said = text if text is not None and not layers else None
        if said is None:
            said = read_text(file, layers[-1].path if layers else None)
        first = said if not layers else first
        raw = parse(said, str(file))
        base = raw.pop(EXTENDS, None)
        layers.append(Layer(file, raw))
        if base is None:
            break
        if not isinstance(base, str) or not base:
            raise ScenarioError(
                _(
                    "{name}: extends = {value!r}: expected the path of a scenario file"
                ).format(name=file, value=base)
            )
        file = file.parent / base
    whole: Raw = {}
    for layer in reversed(layers):
        whole = _on_top(whole, layer, path.parent)
    return whole, layers, first


def _on_top(whole: Raw, layer: Layer, folder: Path) -> Raw:
    """Put a file's own part on those below; faults name the file."""
    raw = dict(layer.raw)
    drop = raw.pop(DROP, [])
    if not isinstance(drop, list) or not all(isinstance(key, str) for key in drop):
        raise ScenarioError(
            _("{name}: drop: expected a list of keys, such as [{example}]").format(
                name=layer.path, example='"leave_out", "travel.max_km"'
            )
        )
    try:
        for key in drop:
            whole = without(whole, key)
        return merged(whole, _seen_from(raw, layer.path.parent, folder))
    except ScenarioError as error:
        raise ScenarioError(f"{layer.path}: {error}") from error


def _no_circle(file: Path, layers: list[Layer]) -> None:
    chain = " > ".join(str(layer.path) for layer in layers)
    if any(file.resolve() == layer.path.resolve() for layer in layers):
        raise ScenarioError(
            _(
                "{name}: extends itself in a circle: {chain}. Let one of them stand "
                "alone."
            ).format(name=layers[0].path, chain=f"{chain} > {file}")
        )
    if len(layers) == DEEPEST:
        raise ScenarioError(
            _(
                "{name}: extends more than {n} files one after another. Extend one of "
                "the files further down."
            ).format(name=layers[0].path, n=DEEPEST)
        )


def _seen_from(raw: Raw, own: Path, folder: Path) -> Raw:
    """Return a file's tables with its paths as they are from another folder."""
    if own.resolve() == folder.resolve():
        return raw
    result = dict(raw)
    for part, key in PATHS:
        table = result.get(part)
        name = table.get(key) if isinstance(table, dict) else None
        if not isinstance(name, str) or not is_file(part, name):
            continue
        result[part] = {**result[part], key: _relative(own / name, folder)}
    return result


def is_file(part: str, name: str) -> bool:
    """Whether a value of one of the `PATHS` names a file."""
    return bool(name) and not (part == "bases" and name in PLACES)


def _relative(path: Path, folder: Path) -> str:
    """Path from a folder; absolute where it is, or where there is no way."""
    try:
        return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
    except ValueError:  # another drive
        return path.resolve().as_posix()


def read_text(path: Path, wanted_by: Path | None = None) -> str:
    """Return the text of a scenario file."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        if wanted_by is not None:
            raise ScenarioError(
                _(
                    "{name}: extends {path}, which cannot be read ({reason}). The path "
                    "starts from the folder of {name}."
                ).format(name=wanted_by, path=path, reason=error.strerror)
            ) from error
        raise ScenarioError(
            _(
                "{path}: cannot be read ({reason}). Check the path, or write a new "
                "scenario with: planner init"
            ).format(path=path, reason=error.strerror)
        ) from error
    except UnicodeDecodeError as error:
        raise ScenarioError(
            _(
                "{path}: is not UTF-8 text (byte {n}). Save the scenario as UTF-8."
            ).format(path=path, n=error.start)
        ) from error


def parse(text: str, name: str) -> Raw:
    """Return the tables of a TOML text."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(
            _("{name}: is not valid TOML: {error}").format(name=name, error=error)
        ) from error


def file_of(layers: list[Layer], location: tuple[Any, ...]) -> Path:
    """Return the file of a chain that says what stands at a location."""
    for layer in layers:
        if _says(layer.raw, location):
            return layer.path
    return layers[0].path


def _says(raw: Any, location: tuple[Any, ...]) -> bool:
    """Whether tables hold a key; an entry changed by name is any of its list."""
    for at, part in enumerate(location):
        if isinstance(raw, dict) and isinstance(part, int):
            return any(_says(one, location[at + 1 :]) for one in raw.values())
        try:
            raw = raw[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True
