"""TOML text -> Scenario, with every fault named at once."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import BaseModel, ValidationError

from planner.errors import ScenarioError
from planner.scenario.extend import DROP, EXTENDS, file_of, merged, parse, read_layers
from planner.scenario.model import Scenario
from planner.scenario.wording import in_words
from planner.words import _

__all__ = ["merged", "parse_scenario", "read_scenario", "text_of", "with_solve"]


def read_scenario(path: str | Path, text: str | None = None) -> Scenario:
    """
    Read and validate a scenario file, and the files that it extends.

    Parameters
    ----------
    path
        Of the file; names in it are relative to its folder.
    text
        Stands in for what the file says, as where it is being edited.

    Raises
    ------
    ScenarioError
        Naming every fault: the file, the key, what was found, what was expected, and
        for an unknown key the nearest known one.
    """
    source = Path(path)
    raw, layers, text = read_layers(source, text)
    own = (
        len(layers) == 1 and layers[0].raw == raw
    )  # word for word what it says, comments included
    scenario = _validated(
        raw, lambda location: str(file_of(layers, location)), text if own else None
    )
    scenario._base = source.parent
    return scenario


def parse_scenario(text: str, name: str = "scenario") -> Scenario:
    """
    Validate the text of a scenario file; `name` stands in the messages.

    It must be whole: only a file can extend another.
    """
    raw = parse(text, name)
    if EXTENDS in raw:
        raise ScenarioError(
            _("{name}: extends is only for a scenario that is read from a file").format(
                name=name
            )
        )
    return _validated(raw, lambda location: name, text)


def text_of(raw: dict[str, Any]) -> str:
    """Return the tables of a scenario as a file."""
    return tomli_w.dumps(raw)


def _validated(
    raw: dict[str, Any], name_of: Callable[[tuple[Any, ...]], str], text: str | None
) -> Scenario:
    """Return the scenario; `name_of` a location stands before what is wrong there."""
    try:
        scenario = Scenario.model_validate(raw)
    except ValidationError as error:
        raise ScenarioError(fault_lines(error, name_of)) from error
    scenario._text = text_of(raw) if text is None else text
    return scenario


def with_solve(
    scenario: Scenario,
    *,
    time_limit: float | None,
    seed: int | None,
    gap: float | None = None,
) -> Scenario:
    """
    Return a copy with another time limit (seconds), seed or gap; None leaves it as is.

    Raises
    ------
    ScenarioError
        If a value is not allowed in a scenario either.
    """
    try:
        return scenario.with_solve(time_limit=time_limit, seed=seed, gap=gap)
    except ValidationError as error:
        raise ScenarioError(fault_lines(error, lambda location: "solve")) from error


def fault_lines(
    error: ValidationError, name_of: Callable[[tuple[Any, ...]], str]
) -> str:
    """Every fault on a line of its own; what no branch of a union takes is one."""
    told: dict[tuple[str, str], list[str]] = {}
    for fault in error.errors():
        location = tuple(x for x in fault["loc"] if not _is_union_branch(x))
        line = _one_line(fault, location)
        subject = f"{_dotted(location)} = {fault['input']!r}"
        told.setdefault((name_of(location), subject), []).append(line)
    return "\n".join(f"{name}: {_either(x)}" for (name, _subject), x in told.items())


def _either(lines: list[str]) -> str:
    first, *others = lines
    tails = [line.partition(": ")[2] for line in others]
    return _("; or: ").join([first, *tails])


def _one_line(fault: Any, location: tuple[Any, ...]) -> str:
    """Turn one pydantic error into key, rule, value, remedy."""
    key = _dotted(location)
    if fault["type"] == "extra_forbidden":
        known = _known_keys(location[:-1])
        near = difflib.get_close_matches(str(location[-1]), known, n=1)
        hint = (
            _("did you mean {near!r}?").format(near=near[0])
            if near
            else _("known keys: {known}").format(known=", ".join(known))
        )
        return _("unknown key {key!r}; {hint}").format(key=key, hint=hint)
    if fault["type"] == "missing":
        return _("key {key!r} is required").format(key=key)
    message = in_words(fault)
    if not key:
        return message
    if isinstance(fault["input"], (str, int, float, bool)):
        return f"{key} = {fault['input']!r}: {message}"
    return f"{key}: {message}"


def _is_union_branch(part: Any) -> bool:
    return isinstance(part, str) and (part in _BRANCHES or part.startswith("literal["))


_BRANCHES = {"float", "str", "int", "bool", "constrained-float"}


def _dotted(location: tuple[Any, ...]) -> str:
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else str(part)
    return text


def _known_keys(location: tuple[Any, ...]) -> list[str]:
    """Keys of the scenario part at a location, following lists and tables."""
    model: Any = Scenario
    for part in location:
        if isinstance(part, int):
            continue
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return []
        field = next(
            (f for n, f in model.model_fields.items() if part in (n, f.alias)), None
        )
        if field is None:
            continue  # the name of an entry in a table of parts
        model = _part_of(field.annotation)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    of_files = [] if location else [EXTENDS, DROP]
    return [f.alias or name for name, f in model.model_fields.items()] + of_files


def _part_of(annotation: Any) -> Any:
    """Return the model inside list[...], dict[...] or ... | None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _part_of(inner)
        if found is not None:
            return found
    return None
