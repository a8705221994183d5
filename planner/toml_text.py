"""One value of a TOML text changed, and all the rest of it kept: comments, order."""

from __future__ import annotations

from typing import Any

from planner.errors import PlannerError
from planner.scenario.extend import NAMED_BY
from planner.words import _


def with_value(text: str, key: str, value: float | str) -> str:
    """
    Return a TOML text with one value changed, its comments and order kept.

    Parameters
    ----------
    key
        Dotted; an entry of a list by its position, and by its name where the list
        stands in another file, see `NAMED_BY`: ``balance.0:value.price``.

    Raises
    ------
    PlannerError
        If the text is not TOML, or something else stands where the key leads.

    Examples
    --------
    >>> print(with_value("name = 'a' # ours", "name", "b"))
    name = "b" # ours
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise PlannerError(
            _("{name}: is not valid TOML: {error}").format(
                name=_("The text"), error=error
            )
        ) from error
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    try:
        if "." not in key and key not in document:
            return tomlkit.dumps({key: value}) + text
        _put(document, key.split("."), value)
        return tomlkit.dumps(document)
    except (KeyError, IndexError, TypeError, ValueError, TOMLKitError) as error:
        raise PlannerError(
            _("{key} cannot be changed by the form. Change it in the text.").format(
                key=key
            )
        ) from error


def entry(at: int, names: list[str]) -> str:
    """Return the part of a dotted key for an entry of a list, by place and name."""
    name = names[at]
    usable = names.count(name) == 1 and name and not set(name) & set(".:")
    return f"{at}:{name}" if usable else str(at)


def _put(document: Any, parts: list[str], value: float | str) -> None:
    import tomlkit

    at, last = document, parts[-1]
    for part in parts[:-1]:
        place, _colon, name = part.partition(":")
        if isinstance(at, list):
            at = at[int(place)]
            continue
        inner = name or place
        if place.isdecimal() and name and name not in at and place in at:
            inner = place
        if inner not in at:
            at[inner] = tomlkit.table()
        at = at[inner]
    at[last] = value


def list_names(kind: str, entries: list[Any]) -> list[str]:
    """Return what the entries of a list of the scenario are called in a text."""
    return [str(getattr(one, NAMED_BY.get(kind, ""), "")) for one in entries]
