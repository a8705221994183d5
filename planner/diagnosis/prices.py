"""What bending each rule costs: the scenario's ``[relax]``, else defaults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from planner.ruled import BandRule, Rule, Ruled
from planner.scenario.model import MOVED, TERMS
from planner.solvers.ruled.bends import Bend
from planner.words import N_

PER_HOUR, PER_ACCOUNT = 50.0, 200.0
PER_REGION, PER_MOVED_VALUE, PER_CURRENCY = 500.0, 0.1, 1.0
"""Defaults where ``[relax]`` gives no price for a limit or a budget."""
NEVER = ("set_apart", "needed")
"""Kinds that are never bent: take the key out of the scenario instead."""


@dataclass(frozen=True)
class BendPrice:
    """
    Price of bending a rule by one unit.

    Attributes
    ----------
    key
        Key of ``[relax]`` that sets it, such as ``relax.limits.hours``.
    price
        In the scenario's currency; None: never.
    unit
        What a unit is, in English: a code of the catalogue.
    default
        Whether the scenario leaves it to us.
    """

    key: str
    price: float | None
    unit: str
    default: bool


def prices_of(ruled: Ruled) -> tuple[BendPrice, ...]:
    """Return the price of each rule."""
    return tuple(_price(ruled, rule) for rule in ruled.rules)


UNITS = {
    "balance": N_("percentage points"),
    "pins": "accounts",
    "forbid": "accounts",
    "protect": "accounts",
    "together": "accounts",
    "apart": "accounts",
    "skills": "skills",
    "fit": "accounts",
    "max_km": "km",
    "missing_pairs": N_("rules"),
    "contiguous": "rules",
    "locked_reps": "reps",
}


def _price(ruled: Ruled, rule: Rule) -> BendPrice:
    relax = ruled.pairs.scenario.relax
    if rule.kind in NEVER:
        return BendPrice("", None, "regions", False)
    if isinstance(rule, BandRule) and rule.kind != "balance":
        return _of_measure(ruled, rule)
    asked = getattr(relax, rule.kind)
    return BendPrice(
        f"relax.{rule.kind}",
        None if asked == "never" else float(asked),
        UNITS[rule.kind],
        rule.kind not in relax.model_fields_set,
    )


def _of_measure(ruled: Ruled, rule: BandRule) -> BendPrice:
    """Price of a limit or a budget: by measure, for all measures, or the default."""
    scenario = ruled.pairs.scenario
    measure = ruled.pairs.measures[rule.bands[0].measure]
    unit = scenario.currency if measure in TERMS else measure
    asked = getattr(scenario.relax, rule.kind)
    key = f"relax.{rule.kind}"
    if isinstance(asked, dict):
        key = f"{key}.{measure}"
        asked = asked.get(measure)
    if asked is None:
        return BendPrice(key, _default(ruled, measure), unit, True)
    return BendPrice(key, None if asked == "never" else float(asked), unit, False)


def _default(ruled: Ruled, measure: str) -> float:
    scenario = ruled.pairs.scenario
    if measure in TERMS:
        return PER_CURRENCY
    if measure in MOVED:
        named = (PER_ACCOUNT, PER_MOVED_VALUE, PER_REGION)
        return dict(zip(MOVED, named, strict=True))[measure]
    of = scenario.measure(measure).of
    if of in ("hours", "accounts"):
        return PER_HOUR if of == "hours" else PER_ACCOUNT
    mean = ruled.pairs.own_total[measure] / max(1, ruled.m)
    point = type(scenario.relax).model_fields["balance"].default
    return float(f"{point / (0.01 * mean):.2g}") if mean > 0 else PER_CURRENCY


def cost_of(bends: Sequence[Bend], prices: Sequence[BendPrice]) -> float:
    """Price of some changes, in the scenario's currency."""
    total = 0.0
    for bend in bends:
        price = prices[bend.rule].price
        total += float("inf") if price is None else price * bend.amount
    return round(total, 6)
