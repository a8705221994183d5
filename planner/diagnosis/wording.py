"""Changes and conflicts in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from planner.diagnosis.rewrite import ends_of
from planner.ruled import BandRule, Rule, Ruled
from planner.solvers.ruled.arithmetic import few
from planner.solvers.ruled.bends import TOLERANCE_STEP, Bend, wider
from planner.tables import PREFIX
from planner.words import N_, _

RAISED_NAMED = 3
"""Ends of one rule that are told one by one."""


def says(ruled: Ruled, bend: Bend) -> str:
    """Say one change, so that a person knows what to do."""
    rule = ruled.rules[bend.rule]
    return _SAY[rule.kind](ruled, rule, bend)


def says_all(ruled: Ruled, bends: Sequence[Bend]) -> list[str]:
    """Say some changes; what is freed of one rule, or shared by many, together."""
    lines: list[str] = []
    together: dict[int, list[Bend]] = {}
    raised: dict[int, list[Bend]] = {}
    for bend in bends:
        kind = ruled.rules[bend.rule].kind
        if kind in ("pins", "forbid", "protect", "fit"):
            together.setdefault(bend.rule, []).append(bend)
        elif kind == "limits" and bend.side == "high":
            raised.setdefault(bend.rule, []).append(bend)
        else:
            lines.append(says(ruled, bend))
    for some in raised.values():
        if len(some) > RAISED_NAMED:
            lines.append(_all_raised(ruled, some))
        else:
            lines += [says(ruled, bend) for bend in some]
    for rule, some in together.items():
        rows = tuple(row for bend in some for row in bend.rows)
        lines.append(says(ruled, Bend(rule, some[0].instance, len(rows), rows=rows)))
    return lines


def names(ruled: Ruled, rows: Sequence[int]) -> list[str]:
    """Ids of rows, as people know them."""
    ids = ruled.pairs.accounts.index[np.array(rows, dtype=np.intp)]
    return [str(one).removeprefix(PREFIX) for one in ids]


def _limit(ruled: Ruled, rule: Rule, bend: Bend) -> str:
    assert isinstance(rule, BandRule)
    old, new = ends_of(ruled, bend)
    whom = rule.labels[bend.instance]
    text = _("raise {rule} ({measure}) for {whom} from {old:,.10g} to {new:,.10g}")
    if bend.side == "low":
        text = _("lower {rule} ({measure}) for {whom} from {old:,.10g} to {new:,.10g}")
    if not whom or whom == "all":
        text = _("raise {rule} ({measure}) from {old:,.10g} to {new:,.10g}")
        if bend.side == "low":
            text = _("lower {rule} ({measure}) from {old:,.10g} to {new:,.10g}")
    measure = ruled.pairs.measures[rule.bands[bend.instance].measure]
    return text.format(
        rule=rule.path,
        measure=_(measure),
        whom=whom.removeprefix("team:"),
        old=old,
        new=new,
    )


def _all_raised(ruled: Ruled, bends: Sequence[Bend]) -> str:
    rule = ruled.rules[bends[0].rule]
    assert isinstance(rule, BandRule)
    ends = [ends_of(ruled, bend) for bend in bends]
    text = _(
        "raise {rule} ({measure}) for {n:,} of {all:,}, each by at most {share:.3g} %, "
        "by {amount:,.10g} in all"
    )
    return text.format(
        rule=rule.path,
        measure=_(ruled.pairs.measures[rule.bands[0].measure]),
        n=len(bends),
        all=len(rule.labels),
        share=max(100 * (new - old) / max(old, 1e-9) for old, new in ends),
        amount=sum(bend.amount for bend in bends),
    )


def _tolerance(ruled: Ruled, rule: Rule, bend: Bend) -> str:
    assert isinstance(rule, BandRule)
    new = wider(rule.tolerance, round(bend.amount / 100 / TOLERANCE_STEP))
    return _("widen the tolerance of {rule} from {old:.4g} % to {new:.4g} %").format(
        rule=rule.path, old=100 * rule.tolerance, new=100 * new
    )


def _freeing(text: str) -> Callable[[Ruled, Rule, Bend], str]:
    def say(ruled: Ruled, rule: Rule, bend: Bend) -> str:
        rows = names(ruled, bend.rows)
        label = rule.labels[bend.instance] if bend.instance >= 0 else ""
        return _(text).format(names=few(rows), rule=rule.path, label=label)

    return say


def _skill(ruled: Ruled, rule: Rule, bend: Bend) -> str:
    return _("let {rep} cover {skill!r} ({n:,} account(s))").format(
        rep=ruled.pairs.reps.index[bend.rep],
        skill=rule.labels[bend.instance],
        n=len(set(bend.rows)),
    )


def _distance(ruled: Ruled, rule: Rule, bend: Bend) -> str:
    old = ruled.pairs.scenario.travel.max_km
    assert old is not None
    return _("raise travel.max_km from {old:,.10g} to {new:,.10g} km").format(
        old=old, new=round(old + bend.amount, 3)
    )


def _locked(ruled: Ruled, rule: Rule, bend: Bend) -> str:
    return _("take {rep} out of areas.locked_reps").format(
        rep=rule.labels[bend.instance]
    )


def _switch(ruled: Ruled, rule: Rule, bend: Bend) -> str:
    if rule.kind == "contiguous":
        return _("let territories lie in several pieces (areas.contiguous = false)")
    return _('estimate pairs without a distance (travel.missing_pairs = "estimate")')


_SAY: dict[str, Callable[[Ruled, Rule, Bend], str]] = {
    "limits": _limit,
    "budgets": _limit,
    "pools": _limit,
    "balance": _tolerance,
    "pins": _freeing(N_("free {names} of {rule}")),
    "forbid": _freeing(N_("free {names} of {rule}")),
    "protect": _freeing(N_("unlock {names} ({rule})")),
    "fit": _freeing(N_("let {names} be served in spite of {rule}")),
    "together": _freeing(N_("take {names} out of the group {label!r} of {rule}")),
    "apart": _freeing(
        N_("let {names} share a rep with the rest of {label!r} in spite of {rule}")
    ),
    "skills": _skill,
    "max_km": _distance,
    "missing_pairs": _switch,
    "contiguous": _switch,
    "locked_reps": _locked,
}
