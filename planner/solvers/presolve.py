"""What can be said without a solver when there is no plan."""

from __future__ import annotations

from planner.compile import Compiled
from planner.oversize import oversize_regions
from planner.problem import Problem
from planner.ruling import MOST_PAIRS, ruled_of
from planner.scenario import Scenario
from planner.solvers.areas.diagnose import reasons_on_the_map
from planner.solvers.ruled.arithmetic import sums_that_fail
from planner.solvers.sums import shortfalls
from planner.tables import PREFIX
from planner.words import _

SHOWN = 5
"""Accounts named in one sentence."""


def reasons_why_not(compiled: Compiled, scenario: Scenario) -> tuple[str, ...]:
    """
    Arithmetic reasons why no plan exists; may be empty although none does.

    Accounts that no rep may serve, and hard limits that even the most favourable
    choice for every account breaks when taken one by one.
    """
    large = oversize_regions(compiled.pairs)
    told = {PREFIX + one.region_id for one in large}
    short = _short(compiled.problem)
    found = (
        *(one.why_not() for one in large),
        *_impossible(compiled, told),
        *_contradictory_rows(compiled.problem),
        *short,
    )
    return (*found, *_by_rules(compiled, bool(short)), *_on_the_map(compiled))


def _by_rules(compiled: Compiled, told: bool) -> list[str]:
    """Sums by the rules that keep accounts to some reps, where these can be told."""
    pairs = compiled.pairs
    if len(pairs.accounts) * pairs.m > MOST_PAIRS or compiled.problem.opening:
        return []
    return sums_that_fail(ruled_of(pairs), rows=not told)


def _on_the_map(compiled: Compiled) -> list[str]:
    return [] if compiled.impossible else reasons_on_the_map(compiled.problem)


def _impossible(compiled: Compiled, told: set[str]) -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for unit, reason in compiled.impossible.items():
        if reason != "size" or unit not in told:
            by_reason.setdefault(reason, []).append(unit)
    sentences = {
        "rules": _(
            "{n:,} account(s) may go to no rep at all by skills, pins, "
            "protection, distance or fit: {names}. Widen one of these rules, "
            "or allow leaving out."
        ),
        "size": _(
            "{n:,} account(s) (or groups) are larger than every cap they fall "
            "under: {names}. Raise a cap, or split them."
        ),
    }
    if compiled.problem.areas is not None:
        sentences = {
            "rules": _(
                "{n:,} region(s) with the accounts in them may go to no rep at all by "
                "skills, pins, protection, distance or fit: {names}. Widen one of "
                "these rules, or carve accounts out: [areas] carve = [...]."
            ),
            "size": _(
                "{n:,} region(s) (or groups) are larger than every cap they fall "
                "under: {names}. Raise a cap, or take smaller regions."
            ),
        }
    return [
        sentences[reason].format(
            n=len(units), names=_few([unit.removeprefix(PREFIX) for unit in units])
        )
        for reason, units in by_reason.items()
    ]


def _few(names: list[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")


def _contradictory_rows(problem: Problem) -> list[str]:
    return [
        _(
            "{row}: no whole number of steps lies between its low and its high end. "
            "Widen the tolerance."
        ).format(row=row.id)
        for row in problem.rows
        if row.price is None and row.high is not None and row.low > row.high
    ]


def _short(problem: Problem) -> list[str]:
    """Sums over all reps: least need above all caps, most load below all lows."""
    short = _(
        "{row}: the accounts need at least {need:,.10g} {measure}, the limits allow "
        "{have:,.10g}: {short:,.10g} short. Raise the limits, or add reps."
    )
    spare = _(
        "{row}: the lower limits add up to {low:,.10g} {measure}, all accounts "
        "together have at most {most:,.10g}. Lower the limits."
    )
    found = []
    for rule, measure, ends, load, high in shortfalls(problem):
        scale, name = problem.scales[measure], problem.measures[measure]
        text = spare.format(
            row=rule, measure=_(name), low=ends / scale, most=load / scale
        )
        if high:
            text = short.format(
                row=rule,
                measure=_(name),
                need=load / scale,
                have=ends / scale,
                short=(load - ends) / scale,
            )
        found.append(text)
    return found
