"""Each sentence about a missing plan, on the question of `small`."""

from __future__ import annotations

from problems import compiled
from small import question

from planner.solvers.presolve import reasons_why_not


def reasons(rules: str, **tables: str) -> tuple[str, ...]:
    """Sentences for a question of three accounts with 10 hours each."""
    scenario, _ = question(rules, **tables)
    return reasons_why_not(compiled(rules, **tables), scenario)


def test_nothing_to_say_about_a_good_question() -> None:
    """A reason where a plan exists would send people to repair what is not broken."""
    assert reasons('limits = [{measure = "hours", high = 20}]') == ()


def test_accounts_that_no_rep_may_serve() -> None:
    """a1 and a3 may go to neither r1 nor r2."""
    (why,) = reasons('forbid = [{accounts = ["a1", "a3"], reps = ["r1", "r2"]}]')
    assert why.startswith("2 account(s) may go to no rep at all")
    assert "a1, a3. Widen one of these rules" in why


def test_accounts_larger_than_every_cap() -> None:
    """a3 is worth 300; all three 600, and two caps allow 500."""
    why, short = reasons('limits = [{measure = "value", high = 250}]')
    assert "need at least 600 value, all limits together allow 500: 100 short" in short
    assert why.startswith("1 account(s) (or groups) are larger than every cap")
    assert "a3. Raise a cap, or split them" in why


def test_long_lists_are_cut() -> None:
    """Seven ids, five named."""
    accounts = "account_id,hours\n" + "".join(f"c{i},1\n" for i in range(7))
    forbid = 'forbid = [{where = [], reps = ["r1", "r2"]}]'
    (why,) = reasons(forbid, accounts=accounts, distances=EMPTY)
    assert "7 account(s)" in why
    assert "c0, c1, c2, c3, c4, ..." in why


def test_band_without_a_whole_number() -> None:
    """3 accounts, 2 reps: 1.5 each within 10 % is 1.35 to 1.65."""
    why = reasons('balance = [{measure = "accounts", tolerance = 0.1, hard = true}]')
    assert why[0] == (
        "balance[0]/r1: no whole number of steps lies between its low and its high "
        "end. Widen the tolerance."
    )
    assert any("balance[0]/r2" in sentence for sentence in why)


def test_caps_that_are_too_small_in_all() -> None:
    """30 hours, caps of 10 and 12."""
    (why,) = reasons(
        'limits = [{measure = "hours", high = "capacity"}]', reps=TWENTY_TWO
    )
    assert "limits[0]: the accounts need at least 30 hours" in why
    assert "allow 22: 8 short. Raise the limits, or add reps." in why


def test_lower_limits_that_are_too_large_in_all() -> None:
    """3 accounts, 2 each."""
    (why,) = reasons('limits = [{measure = "accounts", low = 2}]')
    assert "lower limits add up to 4 accounts" in why
    assert "at most 3. Lower the limits." in why


def test_caps_of_some_reps_say_nothing_in_all() -> None:
    """r2 has no cap, so the sum of caps proves nothing."""
    rules = 'limits = [{measure = "hours", high = 5, reps = ["r1"]}]'
    assert reasons(rules) == ()


def test_who_may_be_left_out_needs_nothing() -> None:
    """The least need counts what can be left out as 0."""
    rules = 'limits = [{measure = "hours", high = "capacity"}]\nleave_out = {price = 1}'
    assert reasons(rules, reps=TWENTY_TWO) == ()


EMPTY = "account_id,rep_id,km\n"
TWENTY_TWO = "rep_id,capacity\nr1,10\nr2,12\n"
