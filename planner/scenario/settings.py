"""One key of a scenario by its dotted name, to try other values for it."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from typing import Any, NamedTuple, get_args, get_origin

from pydantic import BaseModel, ValidationError

from planner.errors import ScenarioError
from planner.scenario.model import Scenario
from planner.scenario.read import fault_lines
from planner.words import _

LABELS = ("measure", "column", "of", "term")
"""Keys by whose value an entry of a list of rules is found."""

_PARTS = re.compile(r'"([^"]*)"|\[(\d+)\]|([^.\[\]"]+)')


class Setting(NamedTuple):
    """
    A key and the values to try.

    Attributes
    ----------
    key
        In full, entries of lists by number: ``balance[0].tolerance``.
    values
        As TOML reads them.
    """

    key: str
    values: tuple[Any, ...]


def read_setting(scenario: Scenario, text: str) -> Setting:
    """
    Read ``key=value,value,...``.

    An entry of a list of rules is found by its number, or by its measure, column, `of`
    or term: ``balance.value.tolerance=0.05,0.1``. Values are TOML; what is not, is
    text. Each value is tried on the scenario.

    Raises
    ------
    ScenarioError
        If there is no such key (with the nearest right one), or a value is not
        allowed.
    """
    name, equals, values = text.partition("=")
    if not equals or not values.strip():
        raise ScenarioError(
            _(
                "{text!r} gives no value. Write key=value,value, such as "
                "balance.value.tolerance=0.05,0.1"
            ).format(text=text)
        )
    key = _dotted(_found(scenario, name.strip()))
    setting = Setting(key, tuple(_value(one) for one in _split(values)))
    for value in setting.values:
        with_settings(scenario, {key: value})
    return setting


def with_settings(scenario: Scenario, settings: Mapping[str, Any]) -> Scenario:
    """
    Return a copy with other values for some dotted keys.

    Raises
    ------
    ScenarioError
        If there is no such key, or the scenario does not allow a value.
    """
    raw = scenario.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)
    for name, value in settings.items():
        *path, last = _found(scenario, name)
        node: Any = raw
        for part in path:
            node = node[part] if isinstance(part, int) else node.setdefault(part, {})
        node[last] = value
    try:
        changed = Scenario.model_validate(raw)
    except ValidationError as error:
        raise ScenarioError(fault_lines(error, lambda location: "scenario")) from error
    return changed.beside(scenario)


def entry_number(scenario: Scenario, rules: str, part: str) -> int:
    """
    Return the number of an entry of a list of rules, by number or label.

    Raises
    ------
    ScenarioError
        If there is none, or there are several.
    """
    step = _found(scenario, f"{rules}.{part}")[1]
    assert isinstance(step, int)
    return step


def _found(scenario: Scenario, name: str) -> list[str | int]:
    """Resolve a dotted name: keys as they are, entries of lists by number."""
    parts = [quoted or index or plain for quoted, index, plain in _PARTS.findall(name)]
    if not parts:
        raise ScenarioError(_("{name!r} is no key of a scenario.").format(name=name))
    raw: Any = scenario.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)
    path: list[str | int] = []
    kind: Any = Scenario
    for at, part in enumerate(parts):
        is_last = at + 1 == len(parts)
        step, kind = _step(raw, kind, part, path, is_last=is_last)
        path.append(step)
        if not is_last:
            raw = raw[step] if isinstance(step, int) else raw.get(step, {})
    return path


def _step(
    raw: Any, kind: Any, part: str, path: list[str | int], *, is_last: bool
) -> tuple[str | int, Any]:
    """Take one part of a name: the key or number it means, and what is there."""
    if isinstance(raw, list):
        return _entry(raw, part, path), _inner(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        fields = kind.model_fields.items()
        known = {f.alias or name: _kind(f.annotation) for name, f in fields}
        if part not in known:
            raise _unknown(part, path, list(known))
        inner = known[part]
        if (
            not is_last
            and not isinstance(raw.get(part), list)
            and get_origin(inner) is list
        ):
            raise ScenarioError(
                _("{key} has no entry in this scenario.").format(
                    key=_dotted([*path, part])
                )
            )
        return part, inner
    if isinstance(raw, dict):
        if part not in raw:
            raise _unknown(part, path, list(raw))
        return part, _inner(kind)
    raise ScenarioError(
        _("{key} is a value and has no part {part!r}.").format(
            key=_dotted(path), part=part
        )
    )


def _entry(entries: list[Any], part: str, path: list[str | int]) -> int:
    """Return the number of the entry that a part of a name means."""
    labels = [_label(entry) for entry in entries]
    if part.isdecimal() and int(part) < len(entries):
        return int(part)
    at = [number for number, label in enumerate(labels) if label == part]
    if len(at) == 1:
        return at[0]
    key = _dotted(path)
    known = ", ".join(
        f"{key}.{n}" if label is None or labels.count(label) > 1 else f"{key}.{label}"
        for n, label in enumerate(labels)
    )
    near = difflib.get_close_matches(part, [x for x in labels if x], n=1)
    if at:
        words = _("{key} has several entries {part!r}. Say which: {known}")
    elif near:
        words = _("{key} has no entry {part!r}; did you mean {near!r}?")
    else:
        words = _("{key} has no entry {part!r}; there are: {known}")
    raise ScenarioError(
        words.format(key=key, part=part, known=known, near=near[0] if near else "")
    )


def _label(entry: Any) -> str | None:
    if not isinstance(entry, dict):
        return None
    return next((str(entry[name]) for name in LABELS if name in entry), None)


def _unknown(part: str, path: list[str | int], known: list[str]) -> ScenarioError:
    key, near = _dotted([*path, part]), difflib.get_close_matches(part, known, n=1)
    if near:
        hint = _("did you mean {near!r}?").format(near=_dotted([*path, near[0]]))
    else:
        hint = _("known keys: {known}").format(known=", ".join(known))
    return ScenarioError(_("unknown key {key!r}; {hint}").format(key=key, hint=hint))


def _kind(annotation: Any) -> Any:
    """Return a model, list[...] or dict[..., ...] out of ``... | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (list, dict):
        return annotation
    kinds = [_kind(one) for one in get_args(annotation) if one is not type(None)]
    return next((kind for kind in kinds if kind is not None), None)


def _inner(kind: Any) -> Any:
    """Return what the entries of list[...] or dict[..., ...] are."""
    arguments = get_args(kind)
    return _kind(arguments[-1]) if arguments else None


def _dotted(path: list[str | int]) -> str:
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        shown = f'"{part}"' if re.search(r'[.\[\]"]', part) else part
        text += f".{shown}" if text else shown
    return text


def _split(text: str) -> list[str]:
    """Cut at commas that are not inside brackets or quotes."""
    found, depth, quote, start = [], 0, "", 0
    for at, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign in "[{":
            depth += 1
        elif sign in "]}":
            depth -= 1
        elif sign == "," and not depth:
            found.append(text[start:at].strip())
            start = at + 1
    return [*found, text[start:].strip()]


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        pass
    try:
        return float(text)  # ".5" is no TOML, and yet no text
    except ValueError:
        return text
