"""What it would cost to bend a rule, and which rules were bent already."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from planner.scenario.kinds import Price
from planner.scenario.tables import Model

Waiver = Price | Literal["never"]
"""Currency per unit by which a rule is bent, or "never"."""
ByMeasure = Waiver | dict[str, Waiver] | None
"""One price for all measures, or measure -> price; None: see `planner.prices`."""


def _per(what: str, default: float | str | None = None) -> Any:
    """Return the field of a price."""
    return Field(default, description=f"Currency per {what}.")


class Relax(Model):
    """
    Prices of bending rules, for `planner diagnose`: by kind, in the rules' own units.

    They do not enter the cost of a plan. Set a kind to "never" and no option bends it.
    """

    limits: ByMeasure = _per(
        "unit of the measure beyond a limit; or measure -> price. Without it: 50 an "
        "hour, 200 an account; of any other measure, 1 % of a mean load costs as much "
        "as a percentage point of tolerance"
    )
    pools: ByMeasure = _per(
        "unit beyond a pool's capacity or max_accounts; or measure -> price. Without "
        "it: as for limits"
    )
    balance: Waiver = _per("percentage point added to a hard tolerance", 500.0)
    budgets: ByMeasure = _per(
        "unit above a budget; or `of` -> price. Without it: 1 per unit of currency of "
        "a term, 200 per account that moves, 500 per region, 0.1 per unit of moved "
        "value; of a measure, as for limits"
    )
    pins: Waiver = _per("account freed of a pin", 500.0)
    forbid: Waiver = _per("account freed of a forbid entry", 500.0)
    protect: Waiver = _per("account (or region) protected no longer", 1000.0)
    together: Waiver = _per("account that leaves its group", 500.0)
    apart: Waiver = _per("account that may share a rep with its rivals", 500.0)
    skills: Waiver = _per("skill that a rep covers in addition", 2000.0)
    fit: Waiver = _per('account served in spite of "never"', 500.0)
    max_km: Waiver = _per("km by which travel.max_km is raised", 20.0)
    missing_pairs: Waiver = _per("scenario that estimates missing pairs", "never")
    contiguous: Waiver = _per("scenario whose territories may fall apart", "never")
    locked_reps: Waiver = _per("rep whose map is locked no longer", 5000.0)


class Relaxed(Model):
    """A rule that was bent so that there is a plan, as `planner diagnose` writes it."""

    rule: str = Field(description="Where it stands, such as limits[0].")
    label: str = Field("", description="Of which rep, account, skill, ...")
    amount: float = Field(description="By how much, in `unit`.")
    unit: str
    says: str = Field(description="The change, in words.")
