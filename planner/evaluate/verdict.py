"""What the judge says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from planner.words import _

SHOWN = 20
"""Examples listed per check."""


@dataclass(frozen=True)
class Check:
    """One question that was asked of the folder, and the answer in a sentence."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True)
class Verdict:
    """All checks of a folder, in the order in which they were made."""

    ok: bool
    checks: tuple[Check, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {"ok": self.ok, "checks": [asdict(check) for check in self.checks]}

    def __str__(self) -> str:
        """One line per check, failures marked."""
        good, bad, line = _("ok  "), _("FAIL"), _("{mark}  {name}: {detail}")
        lines = [
            line.format(mark=good if c.ok else bad, name=_(c.name), detail=c.detail)
            for c in self.checks
        ]
        return "\n".join([*lines, self._end()])

    def _repr_html_(self) -> str:
        rows = "".join(
            '<tr><td style="text-align:left">{mark} {name}</td>'
            '<td style="text-align:left">{detail}</td></tr>'.format(
                mark="✓" if check.ok else "✗",
                name=escape(_(check.name)),
                detail=escape(check.detail),
            )
            for check in self.checks
        )
        return f"<p><b>{escape(self._end())}</b></p><table>{rows}</table>"

    def _end(self) -> str:
        """What all checks come to."""
        if self.ok:
            return _("The folder is what its certificate says.")
        return _(
            "{n} of {all} checks failed. Do not rely on this plan; solve "
            "again, or ask where the folder comes from."
        ).format(n=sum(not c.ok for c in self.checks), all=len(self.checks))


def checked(
    name: str, faults: Sequence[str], fine: str, count: int | None = None
) -> Check:
    """Sum up; `count` of faults if only those to be shown were put into words."""
    if not faults:
        return Check(name, True, fine)
    count = len(faults) if count is None else count
    detail = "; ".join(faults[:SHOWN])
    if count > SHOWN:
        detail += _("; ... and {n:,} more").format(n=count - SHOWN)
    return Check(name, False, _("{n:,} wrong: ").format(n=count) + detail)
