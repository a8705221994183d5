"""The rules and prices of a scenario, one class per key of the file."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from planner.scenario.kinds import End, Grouping, Kept, Price, Share
from planner.scenario.tables import Condition, Model


class Travel(Model):
    """
    Travel model.

    A trip is one round trip from the rep's base and serves `visits_per_trip` visits.
    Yearly travel of a pair = visits / visits_per_trip x 2 x one-way km (hours); cost =
    km x cost_per_km + hours x cost_per_hour.
    """

    circuity: float = Field(1.3, ge=1, description="Road over straight distance.")
    circuity_by: dict[str, Annotated[float, Field(ge=1)]] = Field(
        {}, description="Circuity by the account's `country`, instead of `circuity`."
    )
    visits_per_trip: float = Field(
        1.0, ge=1, description="Visits combined in one round trip (tours)."
    )
    cost_per_km: float = Field(0.35, ge=0, description="Currency per km on the road.")
    cost_per_hour: float = Field(30.0, ge=0, description="Currency per hour driven.")
    speeds: list[tuple[End, float]] = Field(
        [(30, 40), (150, 75), (math.inf, 95)],
        min_length=1,
        description="[up to km, km/h] bands: the first stretch of a trip is driven at "
        "the first speed, and so on; the last band has no end.",
    )
    max_km: float | None = Field(
        None,
        gt=0,
        description="Pairs farther apart than this (one way, road) are "
        "not allowed, unless the account is pinned to the rep.",
    )
    missing_pairs: Literal["estimate", "forbid"] = Field(
        "estimate",
        description="A pair that the distance table lacks: estimate it by great "
        "circle x circuity, or do not allow it.",
    )

    @field_validator("speeds")
    @classmethod
    def _rising(cls, bands: list[tuple[float, float]]) -> list[tuple[float, float]]:
        ends = [end for end, _ in bands]
        rising = all(a < b for a, b in pairwise(ends))
        if not rising or math.isnan(ends[0]) or any(s <= 0 for _, s in bands):
            raise ValueError("bands must rise in km and have speeds above 0")
        return bands


class Measure(Model):
    """
    An amount that an account takes of the rep who serves it.

    ``of = "accounts"`` counts 1; ``"hours"`` is visits x hours_per_visit; any other
    name is a numeric field or column of the accounts.
    """

    of: Kept = Field(description="'accounts', 'hours', or a numeric field or column.")
    travel: bool = Field(
        False,
        description="Add the hours on the road (round trips x 2 x one-way hours).",
    )
    factor_by_grade: dict[str, Price] = Field(
        {},
        description="Rep grade -> factor on the amount (not on travel): a novice "
        "may be slower. Grades not named: 1.",
    )
    where: list[Condition] = Field([], description="Only these accounts count.")

    @model_validator(mode="after")
    def _travel_is_hours(self) -> Measure:
        if self.travel and self.of != "hours":
            raise ValueError("travel = true is only for of = 'hours'")
        return self


class Limit(Model):
    """Hard low and high on a measure, per rep, per team, or over all reps."""

    measure: str
    per: Literal["rep", "team", "all"] = "rep"
    reps: list[str] | None = Field(None, description="Only these reps count.")
    teams: list[str] | None = Field(None, description="Only reps of these teams.")
    low: float | str | None = Field(
        None,
        description="A number, or a numeric field of the reps (summed over a team).",
    )
    high: float | str | None = Field(None, description="Likewise.")

    @model_validator(mode="after")
    def _has_a_side(self) -> Limit:
        if self.low is None and self.high is None:
            raise ValueError("needs low, high, or both")
        return self


class Balance(Model):
    """
    A band around a target load; outside it a price per unit, or not at all (hard).

    Target of a rep = the accounts' own total of the measure (without travel and
    without factors by grade) x `of_total` x its weight / the weights of all reps.
    Weights: 1 for "equal", else the reps' `quota`, `capacity`, `ramp`, or another
    numeric field. The target of a team is the sum of its members' targets.
    """

    measure: str
    per: Literal["rep", "team"] = "rep"
    target: str = Field(
        "equal",
        description="'equal', 'quota', 'capacity', 'ramp', or "
        "a numeric field of the reps.",
    )
    tolerance: float = Field(
        0.1, ge=0, description="Half width of the band, as a share of the target."
    )
    of_total: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Share of the total that the targets add up to: less than 1 where "
        "pools take the rest. Default: all of it.",
    )
    price: float = Field(1.0, gt=0, description="Currency per unit outside the band.")
    hard: bool = Field(False, description="True: no plan may leave the band.")

    @property
    def part(self) -> float:
        """Share of the total that the targets add up to."""
        return 1.0 if self.of_total is None else self.of_total


class Skills(Model):
    """Required skills decide who may serve; preferred ones cost when missing."""

    levels: list[str] = Field(
        [],
        description="Names of the levels from 1 up; a level may also be written "
        "as a number. 'imaging' alone means level 1.",
    )
    also: dict[str, str] = Field(
        {},
        description="rep_id -> skills that this rep covers besides those of the table, "
        "written as there.",
    )
    missing_preferred: float = Field(
        0.0, ge=0, description="Currency per preferred skill that the rep lacks."
    )


Decision = Literal["accept", "reject"]
"""What people say of a proposed change."""


class Pin(Model):
    """
    These accounts (or regions) may go only to these reps (or this team).

    With ``reps = []`` they stay without a rep, where `leave_out` allows it.
    """

    accounts: list[str] | None = None
    where: list[Condition] | None = None
    regions: list[str] | None = Field(None, description="For unit = 'region'.")
    reps: list[str] | None = None
    teams: list[str] | None = None
    decision: Decision | None = Field(
        None,
        description="Written by planner resolve: pins of decisions; its next run "
        "replaces them.",
    )

    @model_validator(mode="after")
    def _both_sides(self) -> Pin:
        given = [x is not None for x in (self.accounts, self.where, self.regions)]
        if sum(given) != 1:
            raise ValueError("needs either accounts or where (or regions)")
        if (self.reps is None) == (self.teams is None):
            raise ValueError("needs either reps or teams")
        return self


class Forbid(Pin):
    """These accounts may not go to these reps (or this team)."""

    @model_validator(mode="after")
    def _not_decided(self) -> Forbid:
        if self.decision is not None:
            raise ValueError("decision is only for pins")
        return self


class Protect(Model):
    """Protected accounts stay with today's owner; without a known owner, no effect."""

    field: bool = Field(True, description="Heed the accounts' yes/no `protected`.")
    where: list[list[Condition]] = Field(
        [], description="Also protect accounts for which one of these lists holds."
    )


class Together(Model):
    """Accounts with the same label in a column stay together."""

    column: Grouping = Field(
        description="Field or column of the accounts (with unit = 'region' also of the "
        "regions, or 'level:state' for the region of that level); blank: no group."
    )
    label: Literal["rep", "team"] = Field("rep", description="Same rep, or same team.")
    price: float | None = Field(
        None,
        gt=0,
        description="Currency for each rep (or team) beyond the first; "
        "without a price they must stay together.",
    )
    where: list[Condition] = Field([], description="Only these accounts count.")

    @model_validator(mode="after")
    def _hard_is_per_rep(self) -> Together:
        if self.price is None and self.label == "team":
            raise ValueError("label = 'team' needs a price; or pin the accounts")
        return self


class Apart(Model):
    """Accounts with the same label in a column go to different reps."""

    column: Grouping = Field(
        description="Field or column of the accounts; blank: no group."
    )
    where: list[Condition] = Field([], description="Only these accounts count.")


class Handover(Model):
    """
    Value at risk when an account leaves a known owner.

    fixed + value x (value_share + tenure_share x min(tenure_years, tenure_full_years)
    / tenure_full_years) + pipeline x pipeline_share.
    """

    fixed: float = Field(0.0, ge=0, description="Currency per account.")
    value_share: float = Field(0.0, ge=0, description="Currency per unit of `value`.")
    tenure_share: float = Field(
        0.0, ge=0, description="More per unit of `value` at full tenure."
    )
    tenure_full_years: float = Field(5.0, gt=0, description="Years to full tenure.")
    pipeline_share: float = Field(0.0, ge=0, description="Share of open `pipeline`.")


class Budget(Model):
    """
    A hard cap over the whole plan.

    ``of``: "moved_accounts", "moved_value" or "moved_regions" (what leaves a known
    owner),
    a term of the objective ("travel", "handover", ...; in currency), or a measure.
    """

    of: str
    share: Share | None = Field(
        None,
        ge=0,
        le=1,
        description="Of all accounts, of their total value, or of all regions; only "
        "for moved_accounts, moved_value and moved_regions.",
    )
    amount: float | None = Field(None, ge=0, description="In the unit of `of`.")

    @model_validator(mode="after")
    def _one_cap(self) -> Budget:
        if (self.share is None) == (self.amount is None):
            raise ValueError("needs either share or amount")
        if self.share is not None and not self.of.startswith("moved_"):
            raise ValueError(
                "share is only for moved_accounts and moved_value (or moved_regions)"
            )
        return self


class LeaveOut(Model):
    """An account may stay without a rep at a price; without this part, never."""

    price: float = Field(0.0, ge=0, description="Currency per account.")
    value_share: float = Field(0.0, ge=0, description="Currency per unit of `value`.")
    by_priority: dict[str, Price] = Field(
        {}, description="The accounts' `priority` -> price instead of `price`."
    )
    where: list[Condition] = Field([], description="Only these may be left out.")


class Priority(Model):
    """
    A term that goes before all later ones.

    The first term is minimised alone; then it may not exceed
    (1 + slack) x the value found + absolute while the next one is, and so on. Last, the
    whole cost is minimised within all these caps.
    """

    term: str = Field(
        description="A term of the objective as reports name it: travel, handover, "
        "'balance[0]', 'together[1]', ..."
    )
    slack: float = Field(0.0, ge=0, description="Share of the value found.")
    absolute: float = Field(0.0, ge=0, description="Currency on top of that.")

    def cap(self, value: float) -> float:
        """Return what the term may cost after its stage, in currency."""
        return (1 + self.slack) * value + self.absolute
