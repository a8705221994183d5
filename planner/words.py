"""User-facing words: every sentence that a person reads goes through `_`."""

from __future__ import annotations

import gettext
import os
from pathlib import Path

_LOCALES = Path(__file__).parent / "locales"
_catalogue: gettext.NullTranslations = gettext.NullTranslations()
_language = "en"


def set_language(language: str | None = None) -> None:
    """
    Choose the language of all messages.

    Parameters
    ----------
    language
        A code such as ``"en"`` or ``"zh"``; None takes ``PLANNER_LANG``, else
        English. A language without a catalogue falls back to English.
    """
    global _catalogue, _language
    code = wanted_language(language)
    _catalogue = gettext.translation("planner", _LOCALES, [code], fallback=True)
    _language = code


def wanted_language(language: str | None = None) -> str:
    """Return the code that is asked for, or ``PLANNER_LANG``, or English."""
    return language or os.environ.get("PLANNER_LANG") or "en"


def language() -> str:
    """Code of the chosen language."""
    return _language


def _(message: str) -> str:
    """Return the message in the chosen language."""
    return _catalogue.gettext(message)
