"""Proofs by sums that no plan exists, in the words of the rules."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from planner.problem import Row
from planner.ruled import BandRule, Ruled, SetRule, View, view
from planner.solvers.ruled.feasible import extremes
from planner.solvers.ruled.hall import Shortage, shortages
from planner.solvers.ruled.rivals import crowded_sets
from planner.tables import PREFIX
from planner.words import _

SHOWN = 5
"""Names in one sentence."""


def sums_that_fail(ruled: Ruled, *, rows: bool = True) -> list[str]:
    """
    Say which sums prove that no plan exists; may be empty although none does.

    Accounts who need more than all reps open to them may have; groups above every cap;
    rows that are broken even by the choice that is best for them.

    Parameters
    ----------
    rows
        False leaves out what sums over all accounts say: it is told already.
    """
    seen = view(ruled, ruled.all())
    found = _large_groups(ruled, seen)
    found += [
        _short(ruled, seen, one)
        for one in shortages(ruled, seen)
        if rows or len(one.units) < seen.n
    ]
    found += _crowded(ruled, seen)
    told = {"limits", "balance"} if found or not rows else set()
    if not rows or not seen.allowed.any(axis=1).all():
        return found  # units without any rep are told of by name
    for rule in ruled.rules:
        if isinstance(rule, BandRule):
            for band, label in zip(rule.bands, rule.labels, strict=True):
                above = rule.kind not in told
                found += _beyond(ruled, seen, band, rule.path, label, above)
    return found


def _short(ruled: Ruled, seen: View, one: Shortage) -> str:
    pairs = ruled.pairs
    scale, name = pairs.scales[one.measure], pairs.measures[one.measure]
    rows = np.isin(seen.unit_of, one.units)
    if len(one.reps) == ruled.m and not one.why:
        text = _(
            "The accounts need at least {need:,.10g} {measure}, all limits together "
            "allow {have:,.10g}: {short:,.10g} short."
        )
    else:
        text = _(
            "{n:,} account(s) need {need:,.10g} {measure} and may only go to {reps} "
            "({why}), who may have {have:,.10g}: {short:,.10g} short."
        )
    return text.format(
        n=int(rows.sum()),
        need=one.need / scale,
        have=one.have / scale,
        short=(one.need - one.have) / scale,
        measure=_(name),
        reps=few([str(pairs.reps.index[rep]) for rep in one.reps]),
        why=", ".join(_named(ruled, *part) for part in one.why) or _("all reps"),
    )


def _crowded(ruled: Ruled, seen: View) -> list[str]:
    """Rivals who are more than the reps open to them."""
    sets = [
        (rule.path, label)
        for rule in ruled.rules
        if isinstance(rule, SetRule) and rule.kind == "apart"
        for label in rule.labels
    ]
    text = _(
        "{rule}: {n:,} account(s) with {label!r} need different reps and may only go "
        "to {m:,} ({reps})."
    )
    return [
        text.format(
            rule=sets[number][0],
            label=sets[number][1],
            n=len(units),
            m=len(reps),
            reps=few([str(ruled.pairs.reps.index[rep]) for rep in reps]),
        )
        for number, units, reps in crowded_sets(seen, seen.allowed)
        if len(reps)  # units without any rep are told of by name
    ]


def _named(ruled: Ruled, number: int, instances: Sequence[int]) -> str:
    """Name a rule; of skills, also which."""
    rule = ruled.rules[number]
    if rule.kind != "skills":
        return rule.path
    quoted = [f'"{rule.labels[i]}"' for i in instances]
    return f"{rule.path} {few(quoted)}"


def few(names: Sequence[str]) -> str:
    """First names of a list, and how many there are where more."""
    shown = ", ".join(name.removeprefix(PREFIX) for name in names[:SHOWN])
    if len(names) <= SHOWN:
        return shown
    return _("{names}, ... ({n:,} in all)").format(names=shown, n=len(names))


def _large_groups(ruled: Ruled, seen: View) -> list[str]:
    """Groups that stay together and that no rep with a cap can take."""
    found = []
    for rule in ruled.rules:
        if not (isinstance(rule, SetRule) and rule.kind == "together"):
            continue
        for rows, label in zip(rule.sets, rule.labels, strict=True):
            unit = int(seen.unit_of[rows[0]])
            if text := _too_large(ruled, seen, unit):
                found.append(
                    _("{rule}: the group {label!r} ({n:,} members) {what}.").format(
                        rule=rule.path, label=label, n=len(rows), what=text
                    )
                )
    return found


def _too_large(ruled: Ruled, seen: View, unit: int) -> str:
    """Say of which measure a unit takes more than any rep open to it may have."""
    reps = np.flatnonzero(seen.allowed[unit][:-1])
    if seen.allowed[unit][-1] or not len(reps):
        return ""
    for measure, name in enumerate(ruled.pairs.measures):
        bands = [
            band
            for band in seen.bands
            if band.measure == measure and band.high is not None
        ]
        highs = [
            [b.high for b in bands if rep in b.reps and b.high is not None]
            for rep in reps
        ]
        need = seen.demand[measure][unit, reps]
        if not all(highs):
            continue
        caps = np.array([min(high) for high in highs])
        if (need > caps).all():
            scale = ruled.pairs.scales[measure]
            return _(
                "needs {need:,.10g} {measure}, more than any one rep open to it may "
                "have ({have:,.10g})"
            ).format(
                need=int(need.min()) / scale,
                measure=_(name),
                have=int(caps.max()) / scale,
            )
    return ""


def _beyond(
    ruled: Ruled, seen: View, band: Row, path: str, label: str, above: bool
) -> list[str]:
    """Say where a row is broken even by the choice that is best for it."""
    least, most = extremes(seen, seen.allowed, band)
    scale, name = ruled.pairs.scales[band.measure], ruled.pairs.measures[band.measure]
    where = f"{path}/{label}" if label else path
    found = []
    if above and band.high is not None and least > band.high:
        found.append(
            _(
                "{row}: no plan has less than {least:,.10g} {measure} here, "
                "{high:,.10g} are allowed."
            ).format(
                row=where,
                least=least / scale,
                measure=_(name),
                high=band.high / scale,
            )
        )
    if most < band.low:
        found.append(
            _(
                "{row}: no plan has more than {most:,.10g} {measure} here, {low:,.10g} "
                "are asked for."
            ).format(
                row=where, most=most / scale, measure=_(name), low=band.low / scale
            )
        )
    return found
