"""Words of the report that a reader may meet for the first time."""

from __future__ import annotations

from planner.report.data import ReportData
from planner.words import _


def glossary(data: ReportData) -> list[tuple[str, str]]:
    """Return terms and what they mean, only those that the report uses."""
    found = [
        (
            _("Cost"),
            _(
                "What the plan costs a year in {currency}: the sum of the terms under "
                "“What the cost is made of”, each at the price set in the scenario."
            ).format(currency=data.currency),
        ),
        (
            _("Bound, proven gap"),
            _(
                "The bound is a cost that no plan within the rules can fall below. The "
                "gap is how far the plan lies above it: (cost - bound) / cost."
            ),
        ),
    ]
    if data.baselines is not None and len(data.baselines):
        found.append(
            (
                _("Simple way"),
                _(
                    "How accounts are often shared out without planning, such as each "
                    "to the nearest rep. “Keeping the rules” skips reps who are full "
                    "or may not serve."
                ),
            )
        )
    if data.measures["low"].notna().any() or data.measures["high"].notna().any():
        found.append(
            (
                _("Target and band"),
                _(
                    "The target is a rep's fair part of a measure; the band around it "
                    "is what the scenario allows, or allows without a price."
                ),
            )
        )
    if data.binding is not None and len(data.binding):
        found.append(
            (
                _("Binds; what one more would save"),
                _(
                    "A limit binds when it is used up. Its price comes from the proof "
                    "and holds for small changes."
                ),
            )
        )
    if "handover" in data.figures or data.figure("value_moved"):
        found.append(
            (
                _("Handover"),
                _(
                    "Value at risk when an account leaves the rep who knows it, by the "
                    "shares set in the scenario."
                ),
            )
        )
    if data.certificate:
        found.append(
            (
                _("Certificate"),
                _(
                    "The file that states all claims about a plan, with fingerprints "
                    "(sha256) of every file. “planner verify” checks it from the plan "
                    "folder alone."
                ),
            )
        )
    return found
