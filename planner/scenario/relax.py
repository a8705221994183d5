"""What it would cost to bend a rule, and which rules were bent already."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from planner.scenario.kinds import Price
from planner.scenario.tables import Model

Waiver = Price | Literal["never"]
"""Currency per unit by which a rule is bent, or "never"."""
ByMeasure = Waiver | dict[str, Waiver] | None
"""One price for all measures, or measure -> price; None: see `planner.prices`."""


class Relax(Model):
    """
    Prices of bending rules, for `planner diagnose`: by kind, in the rules' own units.

    They do not enter the cost of a plan. Set a kind to "never" and no option bends it.
    """

    limits: ByMeasure = Field(
        None,
        description="Currency per unit of the measure beyond a limit; or measure -> "
        "price. Without it: 50 an hour, 200 an account; of any other measure, 1 % of "
        "a mean load costs as much as a percentage point of tolerance.",
    )
    balance: Waiver = Field(
        500.0,
        description="Currency per percentage point added to a hard tolerance.",
    )
    budgets: ByMeasure = Field(
        None,
        description="Currency per unit above a budget; or `of` -> price. Without it: "
        "1 per unit of currency of a term, 200 per account that moves, 500 per "
        "region, 0.1 per unit of moved value; of a measure, as for limits.",
    )
    pins: Waiver = Field(500.0, description="Currency per account freed of a pin.")
    forbid: Waiver = Field(
        500.0, description="Currency per account freed of a forbid entry."
    )
    protect: Waiver = Field(
        1000.0, description="Currency per account (or region) protected no longer."
    )
    together: Waiver = Field(
        500.0, description="Currency per account that leaves its group."
    )
    apart: Waiver = Field(
        500.0, description="Currency per account that may share a rep with its rivals."
    )
    skills: Waiver = Field(
        2000.0, description="Currency per skill that a rep covers in addition."
    )
    fit: Waiver = Field(
        500.0, description='Currency per account served in spite of "never".'
    )
    max_km: Waiver = Field(
        20.0, description="Currency per km by which travel.max_km is raised."
    )
    missing_pairs: Waiver = Field(
        "never", description="Currency for estimating pairs that the table lacks."
    )
    contiguous: Waiver = Field(
        "never", description="Currency for territories that need not hang together."
    )
    locked_reps: Waiver = Field(
        5000.0, description="Currency per rep whose map is locked no longer."
    )


class Relaxed(Model):
    """A rule that was bent so that there is a plan, as `planner diagnose` writes it."""

    rule: str = Field(description="Where it stands, such as limits[0].")
    label: str = Field("", description="Of which rep, account, skill, ...")
    amount: float = Field(description="By how much, in `unit`.")
    unit: str
    says: str = Field(description="The change, in words.")
