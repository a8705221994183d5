"""What is wrong with a value of a scenario, in the chosen language."""

from __future__ import annotations

from typing import Any

from planner.words import N_, _

PATTERNS = {
    "bool_parsing": N_("Input should be a valid boolean, unable to interpret input"),
    "bool_type": N_("Input should be a valid boolean"),
    "dict_type": N_("Input should be a valid dictionary"),
    "finite_number": N_("Input should be a finite number"),
    "float_parsing": N_(
        "Input should be a valid number, unable to parse string as a number"
    ),
    "float_type": N_("Input should be a valid number"),
    "greater_than": N_("Input should be greater than {gt}"),
    "greater_than_equal": N_("Input should be greater than or equal to {ge}"),
    "int_from_float": N_(
        "Input should be a valid integer, got a number with a fractional part"
    ),
    "int_parsing": N_(
        "Input should be a valid integer, unable to parse string as an integer"
    ),
    "int_type": N_("Input should be a valid integer"),
    "less_than": N_("Input should be less than {lt}"),
    "less_than_equal": N_("Input should be less than or equal to {le}"),
    "list_type": N_("Input should be a valid list"),
    "literal_error": N_("Input should be {expected}"),
    "model_type": N_("Input should be a valid dictionary"),
    "string_type": N_("Input should be a valid string"),
    "tuple_type": N_("Input should be a valid tuple"),
}
"""Type of a pydantic error -> its words there, with the names of its context."""


def in_words(fault: Any) -> str:
    """
    Word one error of pydantic; what has no translation stays in English.

    Parameters
    ----------
    fault
        One of `ValidationError.errors()`. The messages of our own validators are
        looked up by their text.
    """
    english = fault["msg"].removeprefix("Value error, ")
    pattern = PATTERNS.get(fault["type"], english)
    said = _(pattern)
    if said == pattern:
        return str(english)
    context = {name: _plain(value) for name, value in fault.get("ctx", {}).items()}
    return said.format(**context) if pattern != english else said


def _plain(value: Any) -> str:
    """Write a limit without ".0", and a list of choices without an English "or"."""
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).replace(" or ", ", ")
