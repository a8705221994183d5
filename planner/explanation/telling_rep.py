"""The explanation of a rep in plain sentences."""

from __future__ import annotations

from planner.explanation.rep import Change, RepExplanation, Transfer
from planner.explanation.telling import (
    few,
    limit_line,
    signed,
    terms_in_words,
    with_name,
)
from planner.reasons import money
from planner.words import _


def rep_lines(told: RepExplanation, plan: str, currency: str) -> list[str]:
    """Tell the explanation of a rep; `plan` is the folder that commands name."""
    name = with_name(told.rep, told.name)
    lines = [
        _("{rep} serves {n:,} accounts with a value of {value:,.10g}.").format(
            rep=name, n=told.accounts, value=told.value
        ),
        *(limit_line(told.rep, row, currency) for row in told.limits),
        *_costs(told, currency),
        *_against_today(told),
    ]
    if told.neighbours:
        lines.append(
            _("Next best reps for its accounts, by prices: {reps}.").format(
                reps=", ".join(f"{n.rep} ({n.accounts:,})" for n in told.neighbours)
            )
        )
    for head, moves in (
        (_("Cheapest to give away, by the prices of the limits:"), told.give),
        (_("Cheapest to take in, by the prices of the limits:"), told.take),
    ):
        if moves:
            lines += [head, *(_transfer(one, currency) for one in moves)]
    if told.give:
        first = told.give[0]
        lines.append(
            _("What such a move costs, knock-on moves included: {command}").format(
                command=f"planner explain {plan} {first.account} --to {first.to_rep}"
            )
        )
    return lines


def _costs(told: RepExplanation, currency: str) -> list[str]:
    terms = terms_in_words(told.terms)
    if not terms:
        return []
    line = _("Own cost of its accounts: {cost} ({terms}).").format(
        cost=money(sum(told.terms.values()), currency), terms=terms
    )
    if told.travel_share is None or told.usual_travel_share is None:
        return [line]
    share = _("Travel is {share:.0%} of it; over all reps {usual:.0%}.").format(
        share=told.travel_share, usual=told.usual_travel_share
    )
    return [f"{line} {share}"]


def _against_today(told: RepExplanation) -> list[str]:
    lines = [
        _("Of today's accounts it keeps {n:,} (value {value:,.10g}).").format(
            n=told.kept.accounts, value=told.kept.value
        )
    ]
    if told.gained:
        lines.append(
            _("It gains {what}.").format(what=_changes(told.gained, _("from")))
        )
    if told.lost:
        lines.append(_("It loses {what}.").format(what=_changes(told.lost, _("to"))))
    return lines


def _changes(changes: tuple[Change, ...], way: str) -> str:
    total = sum(one.accounts for one in changes)
    value = sum(one.value for one in changes)
    nobody = _("nobody")
    each = few([f"{one.rep or nobody} {one.accounts:,}" for one in changes])
    return _("{n:,} (value {value:,.10g}) {way} {each}").format(
        n=total, value=value, way=way, each=each
    )


def _transfer(one: Transfer, currency: str) -> str:
    """Say what a move would cost: by prices, and alone."""
    said = {
        "account": with_name(one.account, one.name),
        "from_rep": one.from_rep or _("nobody"),
        "to_rep": one.to_rep,
        "estimate": signed(one.estimate, currency),
        "alone": signed(one.alone, currency),
        "row": one.breaks,
        "by": one.by,
    }
    if one.breaks:
        return _(
            "- {account}, {from_rep} > {to_rep}: about {estimate}; alone it would "
            "break {row} by {by:,.10g}."
        ).format(**said)
    return _(
        "- {account}, {from_rep} > {to_rep}: about {estimate}; alone {alone}."
    ).format(**said)
