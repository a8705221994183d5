"""Explanations of accounts in plain sentences; what they say was computed before."""

from __future__ import annotations

import math
from collections.abc import Sequence

from planner.explanation.account import AccountExplanation, Option
from planner.explanation.effects import Standing
from planner.explanation.override import Override
from planner.explanation.rules import WAIVED_BY_PIN, Exclusion
from planner.reasons import money
from planner.words import _

NAMED = 8
"""Names listed in one sentence."""


def account_lines(told: AccountExplanation, plan: str, currency: str) -> list[str]:
    """
    Tell an explanation of an account.

    Parameters
    ----------
    plan
        The plan folder, as the commands in the sentences name it.
    currency
        Of all amounts.
    """
    lines = [_headline(told), told.reason]
    lines += [_option(one, told.rep, currency) for one in told.options]
    lines += limit_lines(told.limits, currency)
    lines += excluded_lines(told)
    for answer in told.overrides:
        lines += override_lines(answer, told.rep, plan, currency)
    if told.next_best is not None:
        lines.append(_next_best(told))
    lines.append(
        _(
            "The plan costs {cost}; no plan can cost less than {bound} (planner verify "
            "{plan})."
        ).format(
            cost=exact(told.plan_cost, currency),
            bound=exact(told.bound, currency),
            plan=plan,
        )
    )
    return [line for line in lines if line]


def _headline(told: AccountExplanation) -> str:
    name = with_name(told.account, told.name)
    if told.rep == "":
        head = _("{account} is left out.").format(account=name)
    elif told.rep == told.today:
        head = _("{account} stays with {rep}.").format(account=name, rep=told.rep)
    elif told.today:
        head = _("{account} goes from {today} to {rep}.").format(
            account=name, rep=told.rep, today=told.today
        )
    else:
        head = _("{account} goes to {rep}; it has no owner today.").format(
            account=name, rep=told.rep
        )
    if not told.along:
        return head
    along = _("With it go {n:,} others: {names}.").format(
        n=len(told.along), names=few(told.along)
    )
    return f"{head} {along}"


def with_name(key: str, name: str) -> str:
    """Lay out an id with its name, where that says more."""
    return f"{key} ({name})" if name and name != key else key


def few(names: Sequence[str]) -> str:
    """List some names, and dots where there are more."""
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")


def signed(amount: float, currency: str) -> str:
    """Lay out a change of cost: +1,234 EUR."""
    text = money(abs(amount), currency)
    return ("+" if amount > 0 else "-" if amount < 0 else "") + text


def exact(amount: float, currency: str, sign: str = "") -> str:
    """Lay out an end of a bracket, which must not be rounded: 1,234.50 EUR."""
    return f"{round(amount, 6):{sign},.2f} {currency}"


def _option(one: Option, own: str, currency: str) -> str:
    """Say what an account costs at a rep, and what moving it there alone does."""
    terms = terms_in_words(one.terms)
    said = {
        "rep": one.rep,
        "cost": money(one.cost, currency),
        "terms": terms or _("nothing"),
        "km": one.km,
    }
    if one.rep == "":
        head = _("Left out: {cost} ({terms}).").format(**said)
    elif one.km is None:
        head = _("{rep}: own cost {cost} ({terms}).").format(**said)
    else:
        head = _("{rep}: own cost {cost} ({terms}), {km:,.1f} km away.").format(**said)
    if one.rep == own:
        return head
    return f"{head} {_moved_alone(one, currency)}"


def terms_in_words(terms: dict[str, float]) -> str:
    """List the terms that cost anything; "" where none does."""
    each = [(_(name), money(cost, "")) for name, cost in terms.items() if cost]
    return ", ".join(f"{name} {cost}" for name, cost in each)


def _moved_alone(one: Option, currency: str) -> str:
    if one.alone is None:
        return ""
    if not one.alone.breaks:
        return _("Moved there alone, the plan would change by {change}.").format(
            change=signed(one.alone.change, currency)
        )
    broken = "; ".join(
        _("{row} ({measure}) by {by:,.10g}").format(
            row=breach.row, measure=_(breach.measure), by=breach.by
        )
        if breach.measure
        else breach.row
        for breach in one.alone.breaks
    )
    return _("Moved there alone, it would break {rules}.").format(rules=broken)


def limit_lines(limits: dict[str, tuple[Standing, ...]], currency: str) -> list[str]:
    """Say which limits bind, and what they are worth."""
    lines = []
    for rep, rows in limits.items():
        for row in rows:
            if row.binds:
                lines.append(limit_line(rep, row, currency))
    return lines


def limit_line(rep: str, row: Standing, currency: str) -> str:
    """Say how a limit stands: load, ends, price."""
    low = "" if row.low is None else f"{row.low:,.10g}"
    high = "" if row.high is None else f"{row.high:,.10g}"
    if row.low is not None and row.high is not None:
        ends = _("between {low} and {high}").format(low=low, high=high)
    elif row.high is not None:
        ends = _("at most {high}").format(high=high)
    else:
        ends = _("at least {low}").format(low=low)
    head = _("{rep}: {measure} {load:,.10g}, {ends} ({row}).").format(
        rep=rep, measure=_(row.measure), load=row.load, ends=ends, row=row.row
    )
    if row.worth > 0:
        worth = _("It binds: room for one unit more would save about {worth} a year.")
    elif row.worth < 0:
        worth = _("It binds: one unit more of load would save about {worth} a year.")
    else:
        return head
    return f"{head} " + worth.format(worth=_small(abs(row.worth), currency))


def _small(amount: float, currency: str) -> str:
    """Lay out a price, which may be less than a cent."""
    return f"{amount:,.2f} {currency}" if amount >= 1 else f"{amount:.3g} {currency}"


def excluded_lines(told: AccountExplanation) -> list[str]:
    """Say which rules keep out other reps, rule by rule, the nearest miss first."""
    by_rule: dict[str, list[Exclusion]] = {}
    for reasons in told.excluded.values():
        for one in reasons:
            by_rule.setdefault(one.rule.partition("/")[0], []).append(one)
    head = _("{n:,} other rep(s) may serve it; rules keep out {out:,}.").format(
        n=told.eligible - (1 if told.rep else 0), out=len(told.excluded)
    )
    lines = [head]
    for rule, each in by_rule.items():
        each.sort(key=lambda one: (one.by or 0.0, one.rep))
        reps = "; ".join(exclusion_words(one, told.account) for one in each[:NAMED])
        more = _(" and {n:,} more").format(n=len(each) - NAMED)
        lines.append(
            _("- {rule}: {reps}{more}.").format(
                rule=rule, reps=reps, more=more if len(each) > NAMED else ""
            )
        )
    return lines


def exclusion_words(one: Exclusion, asked: str = "") -> str:
    """Say what keeps a unit from a rep, and by how much."""
    facts = one.facts
    if one.rule == "skills":
        missing = ", ".join(
            _("{skill} (needs {needs}, has {has})").format(skill=skill, **levels)
            for skill, levels in facts["missing"].items()
        )
        words = _("{rep} lacks {missing}").format(rep=one.rep, missing=missing)
    elif one.rule == "fit":
        words = _("{rep} has grade {rep_grade}, never for {grade}").format(
            rep=one.rep,
            rep_grade=facts["rep_grade"] or "-",
            grade=facts["grade"] or "-",
        )
    elif one.rule == "max_km":
        words = _("{rep} is {by:,.1f} km beyond {max_km:,.10g} km").format(
            rep=one.rep, by=one.by, max_km=facts["max_km"]
        )
    elif one.rule == "protect":
        words = _("{rep} is not today's owner {owner}").format(
            rep=one.rep, owner=facts["owner"]
        )
    elif "needs" in facts:
        words = _(
            "{rep} could have {high:,.10g} {measure}, {by:,.10g} too little"
        ).format(
            rep=one.rep,
            high=facts["high"],
            measure=_(facts["measure"]),
            by=one.by,
        )
    else:
        words = one.rep
    if one.account != asked and asked:
        words += " " + _("(because of {account})").format(account=one.account)
    return words


def override_lines(answer: Override, own: str, plan: str, currency: str) -> list[str]:
    """Tell what an override costs, which others move, and how to count it again."""
    command = f"planner explain {plan} {answer.account} --to {answer.rep}"
    if answer.lower == math.inf:
        return [_impossible(answer), *answer.reasons]
    low, high = answer.change
    said = {
        "account": answer.account,
        "rep": answer.rep,
        "lower": exact(answer.lower, currency),
        "upper": exact(answer.upper, currency),
        "low": exact(low, currency, "+"),
        "high": exact(high, currency, "+"),
        "command": command,
    }
    if answer.upper == math.inf:
        return [
            _(
                "{account} to {rep}: no plan was found in the time given, and none is "
                "ruled out. With it every plan costs at least {lower} ({low}). Give "
                "it more time: {command} --time-limit 60"
            ).format(**said)
        ]
    if answer.lower == answer.upper:
        line = _(
            "{account} to {rep}: the best plan with it costs {upper}, {high} against "
            "this plan, knock-on moves included ({command})."
        )
    else:
        line = _(
            "{account} to {rep}: the best plan with it costs between {lower} and "
            "{upper}, {low} to {high} against this plan, knock-on moves included "
            "({command})."
        )
    lines = [line.format(**said), _knock_on(answer, own)]
    waived = [one for one in answer.excluded if one.rule in WAIVED_BY_PIN]
    lines += [
        _("This sets aside a rule: {rule}.").format(rule=exclusion_words(one))
        for one in waived
    ]
    if high < 0:
        lines.append(
            _(
                "That is less than this plan costs: the plan is not the best. Go on "
                "from the new one with --write DIR."
            )
        )
    return lines


def _impossible(answer: Override) -> str:
    barred = [one for one in answer.excluded if one.rule not in WAIVED_BY_PIN]
    if barred:
        return _(
            "{account} to {rep}: no plan allows it, whatever else moves: {why}."
        ).format(
            account=answer.account,
            rep=answer.rep,
            why="; ".join(
                f"{exclusion_words(one, answer.account)} [{one.rule}]" for one in barred
            ),
        )
    return _("{account} to {rep}: no plan keeps every rule with it.").format(
        account=answer.account, rep=answer.rep
    )


def _knock_on(answer: Override, own: str) -> str:
    if not answer.moves:
        return _("Nobody else moves in the plan found.")
    moves = [
        f"{one.account} {one.from_rep or '-'} > {one.to_rep or '-'}"
        for one in answer.moves
    ]
    return _("{n:,} others move in the plan found: {moves}.").format(
        n=len(moves), moves=few(moves)
    )


def _next_best(told: AccountExplanation) -> str:
    verdict = told.next_best
    assert verdict is not None
    if verdict.none:
        return _("Next best: no other rep can serve it within the rules.")
    if verdict.rep:
        return _("Next best: {rep}, proven.").format(rep=verdict.rep)
    return _("Next best: tied, none proven better than the others: {reps}.").format(
        reps=few(verdict.tied)
    )
