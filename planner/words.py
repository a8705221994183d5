"""User-facing words: every sentence that a person reads goes through `_`."""

from __future__ import annotations

import gettext
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

LOCALES = Path(__file__).parent / "locale"
"""Catalogues: ``<language>/LC_MESSAGES/planner.mo``."""

_catalogue: gettext.NullTranslations = gettext.NullTranslations()
_language = "en"
_spoken: ContextVar[str] = ContextVar("spoken", default="")
"""Language of one reader among several at the same time; "" = the chosen one."""


def set_language(language: str | None = None) -> None:
    """
    Choose the language of all messages.

    Parameters
    ----------
    language
        A code such as ``"en"``, ``"zh"`` or ``"zh-CN"``; None takes ``PLANNER_LANG``,
        else English. A language without a catalogue falls back to English.
    """
    global _catalogue, _language
    code = wanted_language(language)
    _catalogue, _language = _catalogue_of(code), code


@lru_cache(maxsize=8)
def _catalogue_of(code: str) -> gettext.NullTranslations:
    return gettext.translation("planner", LOCALES, codes(code), fallback=True)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Use another language within this task or thread alone."""
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


def wanted_language(language: str | None = None) -> str:
    """Return the code that is asked for, or ``PLANNER_LANG``, or English."""
    return language or os.environ.get("PLANNER_LANG") or "en"


def language() -> str:
    """Code of the language that is spoken here."""
    return _spoken.get() or _language


def codes(code: str) -> list[str]:
    """Return the codes to look for, the exact one first: zh-Hans-CN is zh, too."""
    parts = code.replace("-", "_").split("_")
    return ["_".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _(message: str) -> str:
    """
    Return the message in the chosen language.

    Also for a code that is shown to people, such as a status or the name of a check:
    those of `CODES` have a translation, any other comes back as it is.
    """
    spoken = _spoken.get()
    catalogue = _catalogue_of(spoken) if spoken else _catalogue
    # The empty message stands for the header of a catalogue.
    return catalogue.gettext(message) if message else ""


def N_(message: str) -> str:
    """Mark a message for the catalogue; it is translated where it is shown."""
    return message


CODES = (
    # How a solve ended, what stopped it, what proved the bound, what it is doing.
    *(N_("optimal"), N_("feasible"), N_("infeasible"), N_("no plan found")),
    *(N_("proof"), N_("interruption"), N_("gap"), N_("iterations"), N_("time limit")),
    *(N_("dual"), N_("solver"), N_("trivial")),
    *(N_("search"), N_("bound"), N_("parts"), N_("done")),
    # What the certificate says of it.
    *(N_("status"), N_("bound_by"), N_("method"), N_("why"), N_("stopped_by")),
    *(N_("seconds"), N_("seed"), N_("not_in_bound")),
    # What the judge asks.
    *(N_("certificate"), N_("complete"), N_("seal"), N_("inputs"), N_("plan")),
    *(N_("recount"), N_("eligibility"), N_("left out"), N_("limits"), N_("balance")),
    *(N_("budgets"), N_("pools"), N_("together"), N_("apart"), N_("cost per account")),
    *(N_("units"), N_("terms"), N_("cost"), N_("loads"), N_("reps"), N_("moved")),
    *(N_("regions"), N_("adjacency"), N_("contiguity"), N_("accounts in regions")),
    *(N_("bases"), N_("bound over bases"), N_("opening"), N_("centres")),
    # Figures side by side, and what a child process is doing.
    *(N_("lower"), N_("higher"), N_("tied"), N_("waiting"), N_("solving")),
    *(N_("writing"), N_("known"), N_("failed"), N_("not run"), N_("name")),
    *(N_("folder"),),
    *(N_("decisions"), N_("accept"), N_("reject")),
    *(N_("bases"), N_("bound over bases"), N_("opening"), N_("priorities")),
    # Measures, terms of the cost, and budgets.
    *(N_("accounts"), N_("hours"), N_("value"), N_("moved_accounts")),
    *(N_("moved_value"), N_("travel"), N_("skill"), N_("fit"), N_("handover")),
    *(N_("leave_out"), N_("moved_regions"), N_("compactness"), N_("cut_edges")),
    N_("pool"),
    # Kinds and units of figures.
    *(N_("id"), N_("text"), N_("number"), N_("degrees"), N_("yes/no"), N_("skills")),
    *(N_("share"), N_("currency"), N_("capacity"), N_("target")),
    # How precisely an address was placed.
    *(N_("postal code"), N_("district"), N_("city"), N_("province")),
)
"""Codes of files and of the terminal that people also read as words."""
