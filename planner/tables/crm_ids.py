"""Ids as the CRMs write them: what they look like, and Salesforce's two lengths."""

from __future__ import annotations

import re

ACCOUNT_ID = {
    "salesforce": re.compile(r"001[0-9A-Za-z]{12}([0-9A-Za-z]{3})?"),
    "hubspot": re.compile(r"[1-9][0-9]{0,18}"),
    "zoho": re.compile(r"(zcrm_)?[1-9][0-9]{14,19}"),
    "fxiaoke": re.compile(r"[0-9a-f]{24}|[0-9a-f]{32}"),
    "dynamics": re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"),
}
"""What an account's key looks like, as a whole."""

EMAIL = re.compile(
    r"[0-9A-Za-z][0-9A-Za-z._%+'-]*@[0-9A-Za-z][0-9A-Za-z-]*(\.[0-9A-Za-z-]+)+"
)
OWNER_KEY = {
    "salesforce": re.compile(r"005[0-9A-Za-z]{12}([0-9A-Za-z]{3})?"),
    "hubspot": EMAIL,
    "zoho": EMAIL,
    "fxiaoke": re.compile(r"[1-9][0-9]{0,11}"),
}
"""What the system takes for an owner in a file of changes, as a whole."""

SCIENTIFIC = re.compile(r"[0-9][.,]?[0-9]*[eE]\+?[0-9]+")
"""What a spreadsheet makes of a long number: the last digits are lost."""

_SHORT = re.compile(r"[0-9A-Za-z]{15}")
_CHECKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def salesforce_18(text: str) -> str:
    """
    Return a Salesforce id of 15 characters in its form of 18; other text as it is.

    The three more characters say which of the 15 are capitals, so that the id is
    unique even where case is ignored.

    >>> salesforce_18("001x0000002xLCV")
    '001x0000002xLCVAA2'
    """
    if not _SHORT.fullmatch(text):
        return text
    checks = ""
    for begin in (0, 5, 10):
        capitals = sum(text[begin + at].isupper() << at for at in range(5))
        checks += _CHECKS[capitals]
    return text + checks


def is_damaged(text: str) -> bool:
    """Whether the last three of 18 characters contradict the first 15."""
    return len(text) == 18 and salesforce_18(text[:15]) not in (text, text[:15])


def is_account_id(crm: str, text: str) -> bool:
    """Whether a text is an account's key in a CRM."""
    whole = ACCOUNT_ID[crm].fullmatch(text) is not None
    return whole and not (crm == "salesforce" and is_damaged(text))


def is_owner_key(crm: str, text: str) -> bool:
    """Whether a CRM takes a text for an owner."""
    whole = OWNER_KEY[crm].fullmatch(text) is not None
    return whole and not (crm == "salesforce" and is_damaged(text))
