"""Numbers for people."""

from __future__ import annotations

import math


def number(value: float | None, digits: int = 0) -> str:
    """Return a number for people; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:,.{digits}f}"


def percent(value: float | None, digits: int = 1) -> str:
    """Return a share for people."""
    return "–" if value is None or not math.isfinite(value) else f"{value:.{digits}%}"
