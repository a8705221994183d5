"""Accounts explained, on questions that can be counted with a pencil."""

from __future__ import annotations

import math
from typing import Any

import pytest
from small import ACCOUNTS, REPS, ROOMY, question

import planner
from planner.errors import PlannerError
from planner.explanation import AccountExplanation
from planner.explanation.data import to_data
from planner.explanation.telling import account_lines

UNSKILLED = ACCOUNTS.replace("imaging", "")
CAP = '[[limits]]\nmeasure = "hours"\nhigh = "capacity"\n'


def solved(rules: str = "", **tables: Any) -> planner.Solution:
    """Solve a small question; arguments as for `small.question`."""
    tables = {"accounts": UNSKILLED, "reps": ROOMY} | tables
    scenario, clean = question(rules, **tables)
    frames = {name: getattr(clean, name).reset_index() for name in ("accounts", "reps")}
    solution = planner.solve(
        scenario, **frames, distances=clean.distances, time_limit_s=10
    )
    assert solution.plan is not None
    return solution


def told(solution: planner.Solution, account: str, **options: Any) -> Any:
    """Explain an account with little time."""
    found = planner.explain(solution, account, time_limit_s=5, **options)
    assert isinstance(found, AccountExplanation)
    return found


def text(found: AccountExplanation) -> str:
    """Return what a terminal shows."""
    return "\n".join(account_lines(found, "out", "USD"))


def test_costs_stand_side_by_side() -> None:
    """a2 costs 4.00 at r1, 2 km away, and 6.00 at r2."""
    found = told(solved(), "a2")
    own, other = found.options
    assert (own.rep, own.cost, own.km, own.terms) == ("r1", 4.0, 2.0, {"travel": 4.0})
    assert (other.rep, other.cost, other.alone.change) == ("r2", 6.0, 2.0)
    assert other.alone.terms == {"travel": 2.0}
    assert other.alone.breaks == ()
    assert found.plan_cost == found.bound == 8.0
    assert found.next_best.rep == "r2"
    assert (found.eligible, found.excluded) == (2, {})


def test_override_without_knock_on() -> None:
    """a2 to r2: 2 + 6 + 2 = 10.00, nobody else moves."""
    answer = told(solved(), "a2", to=["r2"]).overrides[0]
    assert (answer.lower, answer.upper, answer.change) == (10.0, 10.0, (2.0, 2.0))
    assert answer.moves == ()
    assert answer.terms == {"travel": 2.0}


def test_override_pushes_another_account_out() -> None:
    """r1 has room for one: a2 in means a1 out, 4 + 8 + 2 = 14.00 instead of 10.00."""
    found = told(solved(CAP, reps=REPS), "a2", to=["r1"])
    answer = found.overrides[0]
    assert found.plan_cost == 10.0
    assert (answer.lower, answer.upper) == (14.0, 14.0)
    move = answer.moves[0]
    assert (move.account, move.from_rep, move.to_rep) == ("a1", "r1", "r2")
    breach = found.options[1].alone.breaks[0]
    assert (breach.row, breach.measure, breach.by) == ("limits[0]/r1", "hours", 10.0)
    said = text(found)
    assert "Moved there alone, it would break limits[0]/r1 (hours) by 10" in said
    assert "a2 to r1: the best plan with it costs 14.00 USD, +4.00 USD against" in said
    assert "(planner explain out a2 --to r1)" in said
    assert "1 others move in the plan found: a1 r1 > r2." in said
    assert "r1: hours 10, at most 10 (limits[0]/r1)." in said


def test_skill_and_cap_leave_no_plan() -> None:
    """a1 needs imaging, which only r1 has, and r1 is full with it."""
    found = told(solved(CAP, reps=REPS, accounts=ACCOUNTS), "a2", to=["r1"])
    answer = found.overrides[0]
    assert (answer.lower, answer.upper, answer.status) == (
        math.inf,
        math.inf,
        "infeasible",
    )
    assert "a2 to r1: no plan keeps every rule with it." in text(found)
    assert told(solved(CAP, reps=REPS, accounts=ACCOUNTS), "a2").next_best.none
    body = to_data(found, "out", "USD")["overrides"][0]
    assert (body["exists"], body["lower"], body["width"]) == (False, None, 0.0)


@pytest.mark.parametrize(
    ("rules", "account", "rep", "rule", "by", "said"),
    [
        ("", "a1", "r2", "skills", 1.0, "r2 lacks imaging (needs 1, has 0)"),
        (
            '[fit.A]\nnovice = "never"',
            "a1",
            "r2",
            "fit",
            None,
            "r2 has grade novice, never for A",
        ),
        (
            '[[forbid]]\naccounts = ["a2"]\nreps = ["r2"]',
            "a2",
            "r2",
            "forbid[0]",
            None,
            "- forbid[0]: r2.",
        ),
        (
            '[[pins]]\naccounts = ["a2"]\nreps = ["r1"]',
            "a2",
            "r2",
            "pins[0]",
            None,
            "- pins[0]: r2.",
        ),
        (
            "[protect]\nwhere = [[{ column = 'value', at_least = 300 }]]",
            "a3",
            "r1",
            "protect",
            None,
            "r1 is not today's owner r2",
        ),
        (
            '[[limits]]\nmeasure = "value"\nhigh = 250\nreps = ["r1"]',
            "a3",
            "r1",
            "limits[0]/r1",
            50.0,
            "r1 could have 250 value, 50 too little",
        ),
    ],
)
def test_rules_that_bar_are_named(
    rules: str, account: str, rep: str, rule: str, by: float | None, said: str
) -> None:
    """By how much, too, where there is an amount; and an override is impossible."""
    found = told(solved(rules, accounts=ACCOUNTS), account, to=[rep])
    reasons = {one.rule: one for one in found.excluded[rep]}
    assert reasons[rule].by == by
    assert said in text(found)
    assert found.overrides[0].lower == math.inf
    assert "no plan allows it, whatever else moves" in text(found)


def test_distance_gives_way_to_a_pin() -> None:
    """a1 is 4 km from r2, 1 km too far; given to r2, the plan costs 8 + 4 + 2."""
    found = told(solved(travel="max_km = 3"), "a1", to=["r2"])
    assert found.excluded["r2"][0].by == pytest.approx(1.0)
    answer = found.overrides[0]
    assert (answer.lower, answer.upper) == (14.0, 14.0)
    assert "This sets aside a rule: r2 is 1.0 km beyond 3 km." in text(found)


def test_groups_go_along() -> None:
    """a2 and a3 must stay together: both go, 10.00 + 4.00 at r1 or 6.00 + 2.00."""
    found = told(solved('[[together]]\ncolumn = "site"'), "a2", to=["r1"])
    assert found.along == ("a3",)
    assert found.options[0].cost == 8.0
    answer = found.overrides[0]
    assert answer.along == ("a3",)
    assert (answer.lower, answer.upper) == (16.0, 16.0)
    assert answer.moves == ()
    assert "With it go 1 others: a3." in text(found)
    assert "With its group g (site): " in found.reason


def test_left_out_account() -> None:
    """Leaving out costs 1.00 each, less than any rep."""
    found = told(solved("[leave_out]\nprice = 1"), "a1", to=["r1"])
    assert found.rep == ""
    assert "a1 (Alpha) is left out." in text(found)
    assert "Left out: this costs 1.00 USD; the cheapest rep, r1, would cost 2.00" in (
        text(found)
    )
    assert found.overrides[0].change == (1.0, 1.0)


def test_tied_reps_are_not_told_apart() -> None:
    """Two reps at the same place: both may be next best."""
    reps = ROOMY + "r3,Cy,south,novice,,99\n"
    distances = "account_id,rep_id,km\n" + "".join(
        f"{account},{rep},{km}\n"
        for account in ("a1", "a2", "a3")
        for rep, km in (("r1", 1), ("r2", 5), ("r3", 5))
    )
    found = told(solved(reps=reps, distances=distances), "a1")
    assert set(found.next_best.tied) == {"r2", "r3"}
    assert "Next best: tied, none proven better than the others: r" in text(found)


def test_numbers_of_the_data_are_those_of_the_sentences() -> None:
    """JSON holds the same brackets, moves and sentences, and no infinity."""
    found = told(solved(CAP, reps=REPS), "a2", to=["r1"])
    body = to_data(found, "out", "USD")
    assert body["kind"] == "account"
    assert body["sentences"] == account_lines(found, "out", "USD")
    answer = body["overrides"][0]
    assert (answer["lower"], answer["change_upper"], answer["width"]) == (14.0, 4.0, 0)
    assert answer["command"] == "planner explain out a2 --to r1"
    assert answer["moves"] == [
        {"account": "a1", "name": "Alpha", "from_rep": "r1", "to_rep": "r2"}
    ]


def test_unknown_names_and_wrong_questions() -> None:
    """Each says what is known instead, or what to name."""
    solution = solved()
    with pytest.raises(PlannerError, match=r"no account 'a9'\. Ids are such as a1"):
        told(solution, "a9")
    with pytest.raises(PlannerError, match=r"no rep 'r9'\. Reps are such as r1, r2"):
        told(solution, "a1", to=["r9"])
    with pytest.raises(PlannerError, match="either an account or a rep"):
        planner.explain(solution)
    with pytest.raises(PlannerError, match="for an account, not for a rep"):
        planner.explain(solution, rep="r1", to=["r2"])
    with pytest.raises(PlannerError, match="time limit must be above 0"):
        planner.explain(solution, "a1", time_limit_s=0)
    with pytest.raises(PlannerError, match="time limit must be above 0"):
        planner.override(solution, "a1", "r2", time_limit_s=0)


def test_without_a_plan_there_is_nothing_to_explain() -> None:
    """The status is named."""
    failed = planner.resolve(
        solved('[[pins]]\naccounts = ["a1"]\nreps = ["r1"]'), pins={"a1": "r2"}
    )
    with pytest.raises(PlannerError, match="nothing to explain: infeasible"):
        planner.explain(failed, "a1")
    with pytest.raises(PlannerError, match="nothing to explain: infeasible"):
        failed.reasons_by_account()
