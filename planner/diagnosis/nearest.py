"""How near a search came where hard bands yielded no plan by areas."""

from __future__ import annotations

from collections.abc import Sequence

from planner.diagnosis.result import Option
from planner.ruled import BandRule, Ruled
from planner.solvers.ruled.broken import load_of
from planner.words import _

SHOWN = 5
"""Territories named."""


def nearest_plan(ruled: Ruled, options: Sequence[Option]) -> list[str]:
    """
    Say which territories of the nearest plan are outside their bands, by how much.

    The nearest plan is that of the cheapest option which changes a band.
    """
    for option in options:
        bands = [b for b in option.bends if isinstance(ruled.rules[b.rule], BandRule)]
        if bands and option.rep_of is not None:
            lines = [
                line
                for number in dict.fromkeys(bend.rule for bend in bands)
                for line in _outside(ruled, number, option)
            ]
            return [_("The nearest plan found is outside its bands in:"), *lines]
    return []


def _outside(ruled: Ruled, number: int, option: Option) -> list[str]:
    rule = ruled.rules[number]
    assert isinstance(rule, BandRule)
    assert option.rep_of is not None
    found = []
    for band, label in zip(rule.bands, rule.labels, strict=True):
        load = load_of(ruled, band, option.rep_of)
        if steps := band.outside(load):
            scale = ruled.pairs.scales[band.measure]
            text = _("{label}: {load:,.10g} {measure}, {over:,.10g} above {end:,.10g}")
            end = band.high if band.high is not None and load > band.high else band.low
            if load < band.low:
                text = _(
                    "{label}: {load:,.10g} {measure}, {over:,.10g} below {end:,.10g}"
                )
            line = text.format(
                label=label.removeprefix("team:") or rule.path,
                load=load / scale,
                measure=_(ruled.pairs.measures[band.measure]),
                over=steps / scale,
                end=end / scale,
            )
            found.append((steps, f"  - {line}"))
    found.sort(reverse=True)
    lines = [line for _steps, line in found[:SHOWN]]
    if len(found) > SHOWN:
        lines.append("  - " + _("... and {n:,} more").format(n=len(found) - SHOWN))
    return lines
