"""What a frontier trades: the axis that is minimised, and those that are held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from planner.compile import Compiled, balance_targets
from planner.errors import PlannerError
from planner.evaluate.metrics import Metrics
from planner.reporting import term_label
from planner.scenario import Scenario
from planner.scenario.rules import Budget, Handover
from planner.scenario.settings import entry_number
from planner.words import _

MINIMISED = ("travel", "cost")
HELD = ("balance", "deviation", "disruption")
FREE_PRICE = 0.01
"""Share of a rule's own price at the loose end: so little that it only breaks ties."""
NO_BAND = 1e6
"""Tolerance of a band that holds nothing."""


@dataclass(frozen=True)
class Axis:
    """
    An axis that is held at one level after the other.

    Attributes
    ----------
    name
        As the user named it; the column of the table.
    kind
        balance: the share of a measure that lies outside the bands of its rule, held by
        the rule's price. deviation: how far the worst rep is off target, held by a hard
        band. disruption: the share of value that changes hands, held by a budget.
    rule
        Number of the rule of balance; 0 where there is none.
    """

    name: str
    kind: Literal["balance", "deviation", "disruption"]
    rule: int = 0

    @property
    def key(self) -> str:
        """The rule of balance, as rows and terms name it."""
        return f"balance[{self.rule}]"

    @property
    def by_price(self) -> bool:
        """Whether the level is a price, so that higher is tighter."""
        return self.kind == "balance"

    def free(self, scenario: Scenario) -> float:
        """Return the level that holds nothing."""
        if self.by_price:
            return _short(scenario.balance[self.rule].price * FREE_PRICE)
        return NO_BAND if self.kind == "deviation" else 1.0

    def at(self, scenario: Scenario, level: float) -> Scenario:
        """Return the scenario with the axis held there, and its own price taken out."""
        if self.kind == "disruption":
            budgets = list(scenario.budgets)
            if level < 1.0:
                budgets.append(Budget(of="moved_value", share=level))
            return scenario.with_parts(handover=Handover(), budgets=budgets)
        part: dict[str, Any] = {"price": level, "hard": False}
        if self.kind == "deviation":
            part = {"tolerance": level, "hard": True}
        rules = list(scenario.balance)
        rules[self.rule] = rules[self.rule].model_copy(update=part)
        return scenario.with_parts(balance=rules)

    @property
    def own_terms(self) -> tuple[str, ...]:
        """Terms of the objective that only hold the axis, and are not of the cost."""
        return (self.key,) if self.by_price else ()

    def value(self, scenario: Scenario, compiled: Compiled, figures: Metrics) -> float:
        """Return where a plan stands on the axis, in percent."""
        if self.kind == "disruption":
            return 100 * (figures.totals["value_moved_share"] or 0.0)
        rule = scenario.balance[self.rule]
        load = figures.reps[f"load_{rule.measure}"].to_numpy(float)
        outside, total, worst = 0.0, 0.0, 0.0
        for _label, reps, target in balance_targets(compiled.pairs, rule, self.key):
            off = abs(load[reps].sum() - target)
            outside += max(0.0, off - rule.tolerance * target)
            total += target
            worst = max(worst, off / target if target > 0 else 0.0)
        if self.kind == "deviation":
            return 100 * worst
        return 100 * outside / total if total > 0 else 0.0

    def label(self, scenario: Scenario) -> str:
        """Name the axis in words, with its unit."""
        if self.kind == "disruption":
            return _("Value that changes hands, % of all value")
        rule = scenario.balance[self.rule]
        if self.kind == "deviation":
            return _("Largest deviation from target ({measure}), %").format(
                measure=rule.measure
            )
        return _("{measure} outside the bands of ±{tolerance:g} %, % of all").format(
            measure=_(rule.measure).capitalize(), tolerance=100 * rule.tolerance
        )

    def short(self) -> str:
        """Name the axis in a sentence: a point of what."""
        return {
            "balance": _("balance"),
            "deviation": _("balance"),
            "disruption": _("disruption"),
        }[self.kind]


@dataclass(frozen=True)
class Trade:
    """
    The question behind a frontier.

    Attributes
    ----------
    first
        "travel" or "cost": what is shown of the cost that is minimised.
    held
        The other axes, one or two.
    names
        All axes in the order in which they were asked for.
    notes
        What was decided, in sentences.
    """

    first: str
    held: tuple[Axis, ...]
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def at(self, scenario: Scenario, levels: Sequence[float]) -> Scenario:
        """Return the scenario with all axes held at these levels."""
        for axis, level in zip(self.held, levels, strict=True):
            scenario = axis.at(scenario, level)
        return scenario

    def minimised(self, terms: Sequence[str], scenario: Scenario) -> str:
        """Say what is minimised at each point."""
        own = {name for axis in self.held for name in axis.own_terms}
        return " + ".join(term_label(t, scenario) for t in terms if t not in own)


def trade_of(scenario: Scenario, names: Sequence[str]) -> Trade:
    """
    Read the names of axes.

    Parameters
    ----------
    names
        ``travel`` or ``cost``, and one or two of ``balance``, ``deviation`` (with
        several rules of balance: ``balance.hours``) and ``disruption``.

    Raises
    ------
    PlannerError
        Where a name is not known, or the axes do not go together.
    """
    first = [name for name in names if name in MINIMISED]
    others = [name for name in names if name not in MINIMISED]
    known = ", ".join((*MINIMISED, *HELD))
    for name in others:
        if name.partition(".")[0] not in HELD:
            raise PlannerError(
                _("No axis {name!r}; there are: {known}.").format(
                    name=name, known=known
                )
            )
    if len(first) != 1 or len(others) not in (1, 2) or len(set(names)) < len(names):
        raise PlannerError(
            _(
                "A frontier needs travel or cost, which is minimised, and one or two "
                "of {held}, which are held: planner frontier SCENARIO travel balance"
            ).format(held=", ".join(HELD))
        )
    if scenario.bases is not None or len(scenario.counts) > 1:
        raise PlannerError(
            _(
                "A frontier is for reps who are known. Solve first, and take the reps "
                "of the plan as the table of reps."
            )
        )
    notes: list[str] = []
    held = tuple(_axis(scenario, name, notes) for name in others)
    if len({(axis.kind == "disruption", axis.rule) for axis in held}) < len(held):
        raise PlannerError(
            _("{names} hold the same rule of balance; name one of them.").format(
                names=", ".join(others)
            )
        )
    return Trade(first[0], held, tuple(names), tuple(notes))


def _axis(scenario: Scenario, name: str, notes: list[str]) -> Axis:
    kind, _dot, which = name.partition(".")
    if kind == "disruption":
        return Axis(name, "disruption")
    if not scenario.balance:
        raise PlannerError(
            _(
                "The scenario has no rule of balance, so {name} has no target. Add "
                "[[balance]], with a measure."
            ).format(name=name)
        )
    if not which and len(scenario.balance) > 1:
        known = [f"{kind}.{rule.measure}" for rule in scenario.balance]
        raise PlannerError(
            _("There are several rules of balance. Say which: {known}").format(
                known=", ".join(known)
            )
        )
    rule = entry_number(scenario, "balance", which) if which else 0
    if kind == "balance" and scenario.balance[rule].hard:
        notes.append(
            _(
                "balance[{rule}] is hard, so nothing lies outside its bands: the axis "
                "is the largest deviation from target."
            ).format(rule=rule)
        )
        return Axis(name, "deviation", rule)
    return Axis(name, "balance" if kind == "balance" else "deviation", rule)


def _short(price: float) -> float:
    """Round a price to two digits: the scale of costs has to hold it exactly."""
    return float(f"{price:.1e}")


def between(axis: Axis, looser: float, tighter: float) -> float:
    """Return a level between two: of prices the geometric mean."""
    if axis.by_price:
        return _short((looser * tighter) ** 0.5)
    return float(f"{(looser + tighter) / 2:.4g}")
