"""Two roads to every pair: what the solvers use, and what the judge recounts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from instances import random_question
from problems import UNSKILLED, compiled, compiled_question
from small import ACCOUNTS, question

from planner.compile import Compiled
from planner.evaluate.recount import Recount
from planner.pairs import Pairs


def arcs(made: Compiled) -> dict[str, str]:
    """Unit -> its eligible reps, "-" for nobody."""
    problem = made.problem
    names = np.array([*problem.rep_ids, "-"])
    return {
        unit: " ".join(names[problem.rep[begin:end]])
        for unit, begin, end in zip(
            problem.unit_ids, problem.start[:-1], problem.start[1:], strict=True
        )
    }


def _distances(seed: int) -> pd.DataFrame:
    """Road times for about half of the pairs, hours for half of these."""
    rng = np.random.default_rng(seed)
    _, frames = random_question(seed)
    pairs = [
        (account, rep, f"{rng.uniform(0, 300):.1f}", rng.choice(["", "1.25", "0"]))
        for account in frames["accounts"]["account_id"]
        for rep in frames["reps"]["rep_id"]
        if rng.random() < 0.5
    ]
    return pd.DataFrame(pairs, columns=["account_id", "rep_id", "km", "hours"])


def rows_of(made: Compiled) -> dict[str, tuple[str, int, int | None, int | None]]:
    """Row -> measure, ends in steps, price."""
    problem = made.problem
    return {
        row.id: (problem.measures[row.measure], row.low, row.high, row.price)
        for row in problem.rows
    }


@pytest.mark.parametrize("seed", range(100))
def test_every_pair_is_counted_alike(seed: int) -> None:
    """Costs by term, demands, moves, eligibility, rows; odd seeds have a road table."""
    table = _distances(seed) if seed % 2 else None
    scenario, tables, compiled = compiled_question(seed, table)
    everyone = np.arange(len(tables.accounts))
    block = compiled.pairs.block(everyone)
    judge = Recount(scenario, tables)
    pairs = judge.pairs(everyone)
    shape = block.eligible.shape
    assert rows_of(compiled) == {
        row.id: (row.quantity[1], row.low, row.high, row.price) for row in judge.rows
    }
    assert (block.eligible == pairs.eligible).all()
    assert list(compiled.pairs.terms) == judge.terms
    for values, term in zip(block.cost, compiled.pairs.terms, strict=True):
        assert (values == np.broadcast_to(pairs.costs[term], shape)).all(), term
    kinds = {name: kind for kind, name in pairs.amounts}
    for values, name in zip(block.demand, compiled.pairs.measures, strict=True):
        amounts = np.broadcast_to(pairs.amounts[kinds[name], name], shape)
        served = slice(None) if kinds[name] != "measure" else slice(shape[1] - 1)
        assert (values[:, served] == amounts[:, served]).all(), name


def test_blocks_do_not_depend_on_their_neighbours() -> None:
    """A million accounts are priced in parts; each part must be the same as alone."""
    _, tables, compiled = compiled_question(7, _distances(7))
    pairs = compiled.pairs
    whole = pairs.block(np.arange(len(tables.accounts)))
    order = np.random.default_rng(0).permutation(len(tables.accounts))
    part = pairs.block(order)
    assert (part.cost == whole.cost[:, order]).all()
    assert (part.demand == whole.demand[:, order]).all()
    assert (part.eligible == whole.eligible[order]).all()


def test_owner_who_left_is_no_owner() -> None:
    """Nothing is handed over by somebody who is gone."""
    accounts = """\
account_id,owner,hours,value,tenure_years
a1,zz,1,100,9
a2,r1,1,100,9
a3,,1,100,9
"""
    scenario, tables = question("handover = {fixed = 5}", accounts=accounts)
    pairs = Pairs(tables, scenario)
    assert pairs.owner.tolist() == [-1, 0, -1]
    handover = pairs.block(np.arange(3)).cost[pairs.terms.index("handover")]
    assert handover.tolist() == [[0, 0, 0], [0, 500, 500], [0, 0, 0]]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("", {"a1": "r1 r2", "a2": "r1 r2", "a3": "r1 r2"}),
        ('pins = [{accounts = ["a1"], reps = ["r2"]}]', {"a1": "r2"}),
        ('pins = [{accounts = ["a1"], teams = ["south"]}]', {"a1": "r2"}),
        (
            'pins = [{where = [{column = "grade", in = ["B"]}], reps = ["r1"]}]',
            {"a1": "r1 r2", "a2": "r1", "a3": "r1"},
        ),
        ('forbid = [{accounts = ["a1", "a3"], reps = ["r1"]}]', {"a1": "r2"}),
        ("fit = {A = {novice = 'never', senior = 3}}", {"a1": "r1", "a2": "r1 r2"}),
        (
            'leave_out = {where = [{column = "value", at_most = 150}]}',
            {"a1": "r1 r2 -", "a2": "r1 r2"},
        ),
        (
            'leave_out = {price = 1}\npins = [{accounts = ["a1"], reps = ["r2"]}]',
            {"a1": "r2", "a2": "r1 r2 -"},
        ),
        (
            'protect = {where = [[{column = "value", at_least = 300}]]}',
            {"a2": "r1 r2", "a3": "r2"},
        ),
        ('limits = [{measure = "value", high = 250}]', {"a2": "r1 r2", "a3": ""}),
    ],
)
def test_who_may_serve(rules: str, expected: dict[str, str]) -> None:
    """Who is pinned or protected is not left out either."""
    found = arcs(compiled(rules))
    assert {unit: found[unit] for unit in expected} == expected


def test_skills_decide_who_may_serve() -> None:
    """a1 needs imaging, which only r1 has; level 2 is more than r1 has."""
    assert arcs(compiled(accounts=ACCOUNTS))["a1"] == "r1"
    made = compiled(accounts=ACCOUNTS.replace("imaging", "imaging:2"))
    assert arcs(made)["a1"] == ""
    assert made.impossible == {"a1": "rules"}


def test_too_far() -> None:
    """a3 is 5 km from r1; a pin overrules the distance."""
    assert arcs(compiled(travel="max_km = 4.5"))["a3"] == "r2"
    pinned = 'pins = [{accounts = ["a3"], reps = ["r1"]}]'
    assert arcs(compiled(pinned, travel="max_km = 4.5"))["a3"] == "r1"


def test_pairs_that_the_distance_table_lacks() -> None:
    """Without coordinates a missing pair is 0 km away, or not allowed."""
    short = "account_id,rep_id,km\na1,r1,1\na2,r1,2\na2,r2,3\na3,r2,1\n"
    forbid = compiled(travel='missing_pairs = "forbid"', distances=short)
    assert arcs(forbid) == {"a1": "r1", "a2": "r1 r2", "a3": "r2"}


def test_leaving_out_costs_by_priority_and_value() -> None:
    """60 + 0.5 x value; priority "high": 400 + 0.5 x value."""
    lines = UNSKILLED.splitlines()
    more = ("priority", "high", "", "low")
    accounts = "\n".join(f"{a},{b}" for a, b in zip(lines, more, strict=True)) + "\n"
    made = compiled(
        "leave_out = {price = 60, value_share = 0.5, by_priority = {high = 400}}",
        accounts=accounts,
    )
    problem = made.problem
    nobody = problem.rep == problem.nobody
    at = problem.terms.index("leave_out")
    assert problem.cost[at, nobody].tolist() == [45_000, 16_000, 21_000]
    assert not problem.cost[at, ~nobody].any()


def test_skill_and_fit_costs() -> None:
    """r2 lacks the preferred imaging of a1 (12.50); A with a novice costs 3."""
    accounts = ACCOUNTS.replace("skills", "prefers")
    made = compiled(
        "skills = {missing_preferred = 12.5}\nfit = {A = {novice = 3}}",
        accounts=accounts,
    )
    cost = dict(zip(made.problem.terms, made.problem.cost.tolist(), strict=True))
    assert cost["skill"] == [0, 1250, 0, 0, 0, 0]
    assert cost["fit"] == [0, 300, 0, 0, 0, 0]
