"""What a diagnosis says."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from planner.diagnosis.prices import BendPrice
from planner.ruled import Positions
from planner.scenario import Scenario
from planner.scenario.relax import Relaxed
from planner.solvers.ruled.arithmetic import few
from planner.solvers.ruled.bends import Bend
from planner.words import _


@dataclass(frozen=True)
class Member:
    """
    A rule of a conflict.

    Attributes
    ----------
    rule
        Where it stands in the scenario file.
    kind
        Its key of ``[relax]``.
    says
        What it says.
    instances
        Whom or what of it the conflict is about: reps, accounts, skills; empty where
        the rule has no parts, or where that was not looked into.
    """

    rule: str
    kind: str
    says: str
    instances: tuple[str, ...]

    def __str__(self) -> str:
        """Rule, words, instances in one line."""
        text = f'{self.rule} "{self.says}"'
        parts = [one.removeprefix("team:") for one in self.instances if one]
        return f"{text}: {few(parts)}" if parts else text


@dataclass(frozen=True)
class Conflict:
    """
    Rules that no plan keeps together.

    Attributes
    ----------
    members
        Infeasible by themselves, whatever the other rules say.
    minimal
        Proven: without any one member there is a plan that keeps the rest.
    instances_minimal
        The same of the instances named.
    """

    members: tuple[Member, ...]
    minimal: bool
    instances_minimal: bool


@dataclass(frozen=True, eq=False)
class Option:
    """
    A change of rules that is enough by itself.

    Attributes
    ----------
    changes
        In words.
    price
        By ``[relax]``, in the scenario's currency.
    least, bound
        Proven: no cheaper change of rules of these kinds is enough; none costs less
        than the bound.
    kinds
        Kinds of rules that this option was allowed to change; empty: all.
    scenario
        The scenario with these changes; it says so in `relaxed`.
    owner
        A plan that keeps all of its rules: ``rep_id`` by ``account_id``.
    cost, gap
        Yearly cost of that plan in the scenario's currency, and its proven gap; None
        where there was no time to look for a better one.
    """

    changes: tuple[str, ...]
    price: float
    least: bool
    kinds: tuple[str, ...]
    scenario: Scenario
    owner: pd.Series
    bends: tuple[Bend, ...] = ()
    rep_of: Positions | None = None
    cost: float | None = None
    gap: float | None = None
    bound: float = 0.0

    @property
    def relaxed(self) -> list[Relaxed]:
        """Return the changes, as the scenario records them."""
        whole = self.scenario.relaxed
        return whole[len(whole) - len(self.bends) :]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "price": self.price,
            "least": self.least,
            "bound": self.bound,
            "kinds": list(self.kinds),
            "changes": list(self.changes),
            "relaxed": [one.model_dump() for one in self.relaxed],
            "cost": self.cost,
            "gap": self.gap,
        }


Status = Literal["feasible", "infeasible", "unknown"]


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """
    Why a scenario has no plan, and what would help.

    Attributes
    ----------
    status
        "infeasible": proven; "feasible": there is a plan, so nothing is wrong;
        "unknown": neither was proven in time.
    arithmetic
        Sums that prove it, in sentences.
    conflict
        A minimal conflicting set of rules; None where none is proven.
    conflicts
        That one and others, which share no rule with it.
    options
        Changes of rules, the cheapest first, each enough by itself and verified.
    prices
        What a unit of change of each rule costs.
    notes
        What was not proven, and why.
    owner
        A plan, where there is one after all.
    seconds
        How long it took.
    """

    scenario: Scenario
    status: Status
    arithmetic: tuple[str, ...]
    conflicts: tuple[Conflict, ...]
    options: tuple[Option, ...]
    prices: dict[str, BendPrice] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    owner: pd.Series | None = None
    seconds: float = 0.0

    @property
    def conflict(self) -> Conflict | None:
        """The first conflict, or None."""
        return self.conflicts[0] if self.conflicts else None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "status": self.status,
            "arithmetic": list(self.arithmetic),
            "conflicts": [
                {
                    "members": [
                        {
                            "rule": member.rule,
                            "kind": member.kind,
                            "says": member.says,
                            "instances": list(member.instances),
                        }
                        for member in conflict.members
                    ],
                    "minimal": conflict.minimal,
                    "instances_minimal": conflict.instances_minimal,
                }
                for conflict in self.conflicts
            ],
            "options": [option.to_dict() for option in self.options],
            "prices": {
                rule: {
                    "key": price.key,
                    "price": price.price,
                    "unit": price.unit,
                    "default": price.default,
                }
                for rule, price in self.prices.items()
            },
            "currency": self.scenario.currency,
            "notes": list(self.notes),
            "seconds": round(self.seconds, 3),
        }

    def __str__(self) -> str:
        """All of it in lines for a terminal."""
        return "\n".join(
            [
                *self._head(),
                *_listed(self.arithmetic),
                *self._about_conflicts(),
                *self._about_options(),
                *self.notes,
            ]
        )

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"

    def _head(self) -> list[str]:
        said = {
            "feasible": _("There is a plan that keeps every rule."),
            "infeasible": _("No plan keeps every rule."),
            "unknown": _("No plan was found, and nothing proves that there is none."),
        }
        return [said[self.status]]

    def _about_conflicts(self) -> list[str]:
        lines = []
        for number, conflict in enumerate(self.conflicts):
            head = _("These rules contradict each other:")
            if len(conflict.members) == 1:
                head = _("This rule cannot be kept:")
            if number:
                head = _("And, whatever becomes of those:")
            lines.append(head)
            lines += _listed(list(map(str, conflict.members)))
            lines.append(_how_minimal(conflict))
        return lines

    def _about_options(self) -> list[str]:
        if not self.options:
            return []
        lines = [
            _(
                "Each of these is enough by itself; prices by [relax], in {currency}, "
                "cheapest first:"
            ).format(currency=self.scenario.currency)
        ]
        for number, option in enumerate(self.options, start=1):
            lines.append(f"  {number}. {self._option(option)}")
        used = self._prices_used()
        lines.append(_("Prices used: {prices}").format(prices=used or _("none")))
        return lines

    def _option(self, option: Option) -> str:
        changes = "; ".join(option.changes[:6])
        if len(option.changes) > 6:
            changes += _("; ... ({n:,} changes)").format(n=len(option.changes))
        text = _("{changes} (price {price:,.2f})").format(
            changes=changes, price=option.price
        )
        if option.cost is not None:
            text += _(": a plan for {cost:,.2f} a year").format(cost=option.cost)
        if not option.least:
            text += " " + _("[the least costs {bound:,.2f} or more]").format(
                bound=option.bound
            )
        return text

    def _prices_used(self) -> str:
        said = {}
        for price in self.prices.values():
            amount = _("never") if price.price is None else f"{price.price:,.10g}"
            text = _("{key} = {price} per unit ({unit})").format(
                key=price.key, price=amount, unit=_(price.unit)
            )
            if price.key:
                said[price.key] = text + (_(" (default)") if price.default else "")
        return "; ".join(said.values())

    def write(self, folder: str | Path) -> list[Path]:
        """
        Write each option as a scenario, and beside it the plan that proves it.

        Returns
        -------
        The files ``option-1.toml``, ``option-1.csv``, ...
        """
        from planner.diagnosis.files import write_options

        return write_options(self, Path(folder))

    def command(self, number: int, folder: str | Path) -> str:
        """Return the command that solves an option that was written to a folder."""
        path = Path(folder) / f"option-{number}"
        words = ["planner", "solve", f"{path}.toml", "--start", f"{path}.csv"]
        return shlex.join([*words, "-o", str(path)])


def _how_minimal(conflict: Conflict) -> str:
    if conflict.minimal and len(conflict.members) > 1:
        return _("Without any one of them there is a plan that keeps the others.")
    if conflict.minimal:
        return _("No plan keeps it, whatever the other rules say.")
    return _("That each of them is needed was not proven in time.")


def _listed(lines: Sequence[str]) -> list[str]:
    return [f"  - {line}" for line in lines]
