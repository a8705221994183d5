"""Any assignment has a price and a list of what it breaks."""

from __future__ import annotations

import numpy as np
import pytest
from instances import random_question
from small import ACCOUNTS, DISTANCES, REPS, ROOMY, compiled

from planner.compile import compile_problem
from planner.errors import PlannerError
from planner.problem import evaluate
from planner.solvers.price import price
from planner.tables import load_tables

RULES = """\
limits = [{measure = "hours", high = "capacity"}]
balance = [{measure = "value", price = 0.01, tolerance = 0.1}]
handover = {fixed = 1}
budgets = [{of = "moved_accounts", amount = 0}]
together = [{column = "site"}]
apart = [{column = "rival"}]
"""


def test_hand_computed_plan_has_every_term() -> None:
    """a2 moves to r2: 200 + 600 + 200 of travel, 100, and 170 outside on both sides."""
    terms, breaches = price(compiled(RULES), np.array([0, 1, 1]))
    assert terms == {"travel": 1000, "handover": 100, "balance[0]": 340}
    assert breaches == {"budget on moved_accounts: 1 is 1 above 0": 1}


def test_todays_owners_break_three_rules_that_are_told_in_words() -> None:
    """A raw plan may break anything; each breach has its words and its size."""
    terms, breaches = price(compiled(RULES), np.array([0, 0, 1]))
    assert terms["travel"] == 800
    assert breaches == {
        "limit on hours, r1: 20 is 10 above 10": 10,
        "together[0] (site): 1 groups have several reps": 1,
        "apart[0] (rival): 1 accounts share a rep with a rival": 1,
    }


def test_nobody_is_priced_as_left_out_where_that_is_allowed() -> None:
    """-1 costs leave_out and handover and is no breach where the scenario allows it."""
    rules = "handover = {fixed = 1}\nleave_out = {price = 7}"
    terms, breaches = price(compiled(rules), np.array([-1, 0, 1]))
    assert terms == {"travel": 600, "handover": 100, "leave_out": 700}
    assert breaches == {}


@pytest.mark.parametrize(
    ("rules", "travel", "rep_of", "words"),
    [
        ("", "", [1, 0, 1], "required skill missing: 1 accounts"),
        (
            'fit = {B = {novice = "never"}}',
            "",
            [0, 0, 1],
            "grade of the rep does not fit: 1 accounts",
        ),
        (
            'protect = {where = [[{column = "grade", in = ["B"]}]]}',
            "",
            [0, 1, 0],
            "protected, but not with today's owner: 2 accounts",
        ),
        (
            'pins = [{accounts = ["a3"], reps = ["r2"]}]',
            "",
            [0, 0, 0],
            "pinned to other reps: 1 accounts",
        ),
        (
            'forbid = [{where = [{column = "grade", in = ["B"]}], teams = ["north"]}]',
            "",
            [0, 0, 1],
            "forbidden: 1 accounts",
        ),
        ("", "max_km = 4", [0, 0, 0], "farther than max_km: 1 accounts"),
        ("", "", [0, 0, -1], "unassigned: 1 accounts"),
        (
            'limits = [{measure = "accounts", per = "all", low = 4}]',
            "",
            [0, 0, 1],
            "limit on accounts, all: 3 is 1 below 4",
        ),
        (
            'balance = [{measure = "value", hard = true, tolerance = 0}]',
            "",
            [0, 0, 0],
            "band on value, r1: 600 is 300 above 300",
        ),
    ],
)
def test_each_rule_names_itself(
    rules: str, travel: str, rep_of: list[int], words: str
) -> None:
    """A planner must see which rule today's way of assigning breaks, and how often."""
    _terms, breaches = price(
        compiled(rules, travel=travel, reps=ROOMY), np.array(rep_of)
    )
    assert words in breaches
    assert all("{" not in text for text in breaches)


def test_a_pair_without_a_distance_may_be_forbidden() -> None:
    """missing_pairs = "forbid" is a rule of its own."""
    short = DISTANCES.replace("a3,r1,5\n", "")
    places = ACCOUNTS.replace("visits,", "visits,latitude,longitude,")
    places = places.replace(",1,10,", ",1,50,10,10,")
    reps = ROOMY.replace("skills,", "skills,latitude,longitude,")
    reps = reps.replace("imaging,99", "imaging,50,10,99").replace(",,99", ",,51,11,99")
    case = compiled(
        travel='missing_pairs = "forbid"', accounts=places, reps=reps, distances=short
    )
    _terms, breaches = price(case, np.array([0, 0, 0]))
    assert breaches == {"no distance given for the pair: 1 accounts": 1}


def test_decimals_of_a_load_are_exact() -> None:
    """12.3 of 10 is 2.3 above, not 2.3000000000000007."""
    accounts = ACCOUNTS.replace("a1,Alpha,r1,1,10,", "a1,Alpha,r1,1,12.3,")
    rules = 'limits = [{measure = "hours", high = "capacity"}]'
    _terms, breaches = price(compiled(rules, accounts=accounts), np.array([0, 1, 1]))
    assert breaches == {"limit on hours, r1: 12.3 is 2.3 above 10.0": 23}


@pytest.mark.parametrize("label", ["rep", "team"])
def test_priced_groups_cost_for_each_label_beyond_the_first(label: str) -> None:
    """One team of two reps: apart by rep, together by team; left out counts nowhere."""
    rules = (
        f'together = [{{column = "site", price = 5, label = "{label}"}}]\n'
        "leave_out = {price = 1}"
    )
    case = compiled(rules, reps=REPS.replace("south", "north"))
    assert price(case, np.array([0, 0, 1]))[0]["together[0]"] == (
        500 if label == "rep" else 0
    )
    assert price(case, np.array([0, -1, 1]))[0]["together[0]"] == 0


@pytest.mark.parametrize("seed", range(25))
def test_price_and_problem_agree(seed: int) -> None:
    """
    Two roads to one number: accounts with reps here, units with arcs in the Problem.

    Every random choice of eligible arcs must cost the same by both, and break a rule
    by both or by neither.
    """
    scenario, frames = random_question(seed)
    tables = load_tables(scenario, scenario.base, **frames)
    case = compile_problem(tables, scenario)
    problem, rng = case.problem, np.random.default_rng(seed)
    if case.impossible:
        return
    for _try in range(20):
        width = np.diff(problem.start)
        arcs = problem.start[:-1] + (rng.random(problem.n) * width).astype(np.int64)
        rep = problem.rep[arcs][case.unit_of]
        terms, breaches = price(case, np.where(rep == problem.nobody, -1, rep))
        outcome = evaluate(problem, arcs)
        assert {k: v for k, v in terms.items() if v} == {
            k: v for k, v in outcome.terms.items() if v
        }
        assert bool(breaches) == (not outcome.feasible)


def test_a_plan_of_another_length_is_refused() -> None:
    """Else numpy would broadcast, and every figure would be of another plan."""
    with pytest.raises(PlannerError, match=r"shape \(3,\), not \(2,\)"):
        price(compiled(), np.array([0, 1]))


def test_an_unknown_rep_is_refused() -> None:
    """Index 2 would silently mean nobody."""
    with pytest.raises(PlannerError, match=r"a2: there is no rep of index 2; .* to 1"):
        price(compiled(), np.array([0, 2, 1]))
