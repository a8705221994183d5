"""What the figures of a plan are called, in which unit, and which way is better."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from planner.words import _

Better = Literal["lower", "higher"] | None


@dataclass(frozen=True)
class Label:
    """
    How a figure is shown.

    Attributes
    ----------
    words
        Gives its name in the language chosen at that moment.
    unit
        "", "share" (a fraction of 1), "currency", "km", "km2", "h", "accounts",
        "regions", "pairs", "reps" or "value" (units of the accounts' value).
    better
        Whether less or more of it is better; None: neither.
    """

    words: Callable[[], str]
    unit: str
    better: Better

    @property
    def label(self) -> str:
        """Its name in the reader's language."""
        return self.words()


LABELS = {
    "cost": Label(lambda: _("Cost a year"), "currency", "lower"),
    "bound": Label(lambda: _("Proven lower bound"), "currency", None),
    "gap": Label(lambda: _("Proven gap"), "share", "lower"),
    "cost_at_first": Label(
        lambda: _("Cost a year at the first plan's prices"), "currency", "lower"
    ),
    "broken_at_first": Label(
        lambda: _("Rules of the first plan that it breaks"), "", "lower"
    ),
    "rules_broken": Label(lambda: _("Rules broken"), "", "lower"),
    "accounts": Label(lambda: _("Accounts"), "accounts", None),
    "accounts_left_out": Label(lambda: _("Accounts left out"), "accounts", "lower"),
    "value_left_out": Label(lambda: _("Value left out"), "value", "lower"),
    "reps": Label(lambda: _("Reps"), "reps", None),
    "reps_without_accounts": Label(lambda: _("Reps without accounts"), "reps", "lower"),
    "accounts_in_pools": Label(lambda: _("Accounts in pools"), "accounts", None),
    "value_in_pools": Label(lambda: _("Value in pools"), "value", None),
    "value_in_pools_share": Label(lambda: _("Share of value in pools"), "share", None),
    "travel_km": Label(lambda: _("Travel a year"), "km", "lower"),
    "travel_hours": Label(lambda: _("Hours on the road a year"), "h", "lower"),
    "mean_km": Label(lambda: _("Mean distance, one way"), "km", "lower"),
    "p95_km": Label(lambda: _("95 % of accounts within"), "km", "lower"),
    "mean_squared_km2": Label(
        lambda: _("Mean squared distance by visits"), "km2", "lower"
    ),
    "capacity_use": Label(lambda: _("Capacity used"), "share", None),
    "skill_match": Label(lambda: _("Skills asked for and met"), "share", "higher"),
    "accounts_vacant": Label(
        lambda: _("Accounts without an owner today"), "accounts", None
    ),
    "accounts_moved": Label(
        lambda: _("Accounts that change hands"), "accounts", "lower"
    ),
    "value_moved": Label(lambda: _("Value that changes hands"), "value", "lower"),
    "value_moved_share": Label(
        lambda: _("Share of value that changes hands"), "share", "lower"
    ),
    "handover_value_at_risk": Label(
        lambda: _("Value at risk by handover"), "currency", "lower"
    ),
    "regions": Label(lambda: _("Regions"), "regions", None),
    "territories": Label(lambda: _("Territories"), "", None),
    "regions_moved": Label(lambda: _("Regions that change hands"), "regions", "lower"),
    "polsby_popper": Label(lambda: _("Polsby-Popper, mean"), "", "higher"),
    "polsby_popper_least": Label(lambda: _("Polsby-Popper, least"), "", "higher"),
    "reock": Label(lambda: _("Reock, mean"), "", "higher"),
    "cut_edges": Label(lambda: _("Neighbours parted by a border"), "pairs", "lower"),
    "cut_border_km": Label(lambda: _("Borders between territories"), "km", "lower"),
    "components": Label(lambda: _("Connected pieces of territories"), "", "lower"),
    "holes": Label(lambda: _("Holes in territories"), "", "lower"),
    "territory_mean_squared_km2": Label(
        lambda: _("Mean squared distance to the territory's mean"), "km2", "lower"
    ),
    "accounts_changed": Label(
        lambda: _("Accounts with another rep than in the first plan"), "accounts", None
    ),
    "regions_changed": Label(
        lambda: _("Regions with another rep than in the first plan"), "regions", None
    ),
    "value_changed": Label(
        lambda: _("Value with another rep than in the first plan"), "value", None
    ),
}
"""Key of a figure -> label; `label_of` also knows those of measures and terms."""

_OF_MEASURE: dict[str, tuple[Callable[[], str], str]] = {
    "max_relative_imbalance_": (
        lambda: _("Largest imbalance of {name}"),
        "share",
    ),
    "cv_": (lambda: _("Variation of {name} (CV)"), ""),
    "gini_": (lambda: _("Gini coefficient of {name}"), ""),
    "term_": (lambda: _("Cost a year: {name}"), "currency"),
}


def label_of(key: str) -> Label:
    """
    Return the label of a key of `Metrics.totals`, or of a row of `compare`.

    Examples
    --------
    >>> label_of("gini_hours").label
    'Gini coefficient of hours'

    Raises
    ------
    KeyError
        If there is no such figure.
    """
    if key in LABELS:
        return LABELS[key]
    prefix = next((prefix for prefix in _OF_MEASURE if key.startswith(prefix)), None)
    if prefix is None:
        raise KeyError(key)
    words, unit = _OF_MEASURE[prefix]
    name = key.removeprefix(prefix)
    return Label(lambda: words().format(name=_(name)), unit, "lower")


def not_compared(baselines: Sequence[Mapping[str, Any]], unit: str) -> list[str]:
    """Say which simple ways a large question, or a map, is not compared with."""
    if not baselines or any(way["kind"] == "rule_keeping" for way in baselines):
        return []
    if unit == "region":
        return [
            _(
                "Simple ways are compared as they come: for territories on a map there "
                "are none that mind the rules."
            )
        ]
    return [
        _(
            "Not compared with the nearest rep, nor with simple ways that keep every "
            "rule: these need every pair of account and rep, too many here."
        )
    ]
