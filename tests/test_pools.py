"""Pools: by hand, against the judge on random questions, and everywhere they show."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from instances import random_question
from small import ROOMY, compiled, question
from small_bases import LINE, accounts_at, least_cost, sites_at
from small_bases import asked as asked_bases
from test_corruption import edit_table, forge
from tiles import asked, one_each, tiles

import planner
from planner.compile import compile_problem
from planner.errors import PlannerError
from planner.evaluate.verify import verify
from planner.scenario import parse_scenario
from planner.solution import Solution
from planner.solvers.baselines import baselines
from planner.solvers.result import Status
from planner.solving import solve_compiled
from planner.workspace import read_plan_folder

DESK = """
[[pools]]
id = "desk"
name = "Digital team"
team = "inside"
skills = "imaging"
cost_per_account = 3
cost_per_visit = 1
cost_per_hour = 0.05
value_share = 0.01
"""


def solved(rules: str, reps: str = ROOMY) -> Solution:
    """Solve the question of `small` with more rules."""
    scenario, tables = question(rules, reps=reps)
    made = compiled(rules, reps=reps)
    return solve_compiled(scenario, tables, made)


def owners(solution: Solution) -> dict[str, str]:
    """Account -> rep."""
    assert solution.plan is not None
    return dict(solution.plan.owner)


def passes(solution: Solution, folder: Path) -> None:
    """Write the plan without drawings; the judge must agree."""
    solution.save(folder, drawings=False)
    verdict = verify(folder)
    assert verdict.ok, str(verdict)


def failed(folder: Path) -> set[str]:
    """Names of the checks that fail, after everything was sealed again."""
    forge(folder)
    return {check.name for check in verify(folder).checks if not check.ok}


def test_cost_to_serve_is_added_up() -> None:
    """
    a1: 3 + 1 visit + 10 h x 0.05 + 100 x 0.01 = 5.50; a2: one more hundred, 6.50;
    a3: 7.50. Nobody travels to them, and r1 and r2 have no such cost.
    """
    problem = compiled(DESK).problem
    assert problem.rep_ids == ("r1", "r2", "desk")
    assert problem.terms == ("travel", "pool")
    travel, pool = problem.cost[:, problem.rep == 2]
    assert travel.tolist() == [0, 0, 0]
    assert pool.tolist() == [550, 650, 750]
    assert not problem.cost[1, problem.rep < 2].any()


def test_a_pool_needs_skills_and_heeds_where() -> None:
    """Without imaging it may not have a1; and `where` leaves it a2 alone."""
    rules = DESK.replace('skills = "imaging"\n', "")
    rules += 'where = [{column = "value", at_most = 200}]\n'
    problem = compiled(rules, reps=ROOMY).problem
    assert problem.unit[problem.rep == 2].tolist() == [1]


def test_caps_of_a_pool_are_rows() -> None:
    """Twenty hours are two accounts of ten; two accounts are two."""
    rules = DESK + "capacity = 20.5\nmax_accounts = 2\n"
    problem = compiled(rules, reps=ROOMY).problem
    rows = {row.id: (row.reps.tolist(), row.low, row.high) for row in problem.rows}
    assert rows == {"pools[0]/hours": ([2], 0, 20), "pools[0]/accounts": ([2], 0, 2)}
    plan = solved(rules)
    assert list(owners(plan).values()).count("desk") <= 2


def test_capacity_is_of_the_measure_that_limits_hold_against_it() -> None:
    rules = (
        'measures = {work = {of = "hours", factor_by_grade = {novice = 2}}}\n'
        'limits = [{measure = "work", high = "capacity"}]\n' + DESK + "capacity = 10\n"
    )
    rows = {row.id: row.high for row in compiled(rules, reps=ROOMY).problem.rows}
    assert rows["pools[0]/work"] == 10 * 100
    assert "limits[0]/desk" not in rows


def test_limits_and_balance_concern_a_pool_only_by_name() -> None:
    """A low of one account for each rep is none for the pool, unless it is named."""
    rules = """
        limits = [
          {measure = "accounts", low = 1},
          {measure = "accounts", reps = ["desk"], high = 2},
          {measure = "hours", per = "team", teams = ["inside", "north"], high = 50},
          {measure = "hours", per = "all", high = 50},
        ]
        balance = [
          {measure = "value", price = 1, of_total = 0.5},
          {measure = "value", price = 1, per = "team"},
        ]
    """
    rows = {row.id: row for row in compiled(rules + DESK, reps=ROOMY).problem.rows}
    assert set(rows) == {
        "limits[0]/r1",
        "limits[0]/r2",
        "limits[1]/desk",
        "limits[2]/team:inside",
        "limits[2]/team:north",
        "limits[3]/all",
        "balance[0]/r1",
        "balance[0]/r2",
        "balance[1]/team:north",
        "balance[1]/team:south",
    }
    assert rows["limits[3]/all"].reps.tolist() == [0, 1]
    # The accounts are worth 600; half of it is shared by two: 150 +- 10 %.
    assert (rows["balance[0]/r1"].low, rows["balance[0]/r1"].high) == (135, 165)


def test_the_long_tail_goes_where_it_costs_least(tmp_path: Path) -> None:
    """
    By travel a1 costs 2.00 (r1), a2 4.00 (r1), a3 2.00 (r2). A desk at 3.00 an account
    takes a2 and no other.
    """
    rules = '[[pools]]\nid = "desk"\nskills = "imaging"\ncost_per_account = 3\n'
    solution = solved(rules)
    assert owners(solution) == {"a1": "r1", "a2": "desk", "a3": "r2"}
    assert solution.cost == 2 + 3 + 2
    assert solution.status is Status.OPTIMAL
    passes(solution, tmp_path / "plan")
    rows = list(csv.DictReader((tmp_path / "plan" / "plan.csv").open()))
    assert [row["distance_km"] for row in rows] == ["1.000", "", "1.000"]
    assert [row["cost_pool"] for row in rows] == ["0.00", "3.00", "0.00"]
    reps = pd.read_csv(tmp_path / "plan" / "reps.csv").set_index("rep_id")
    assert reps["pool"].to_dict() == {"r1": "no", "r2": "no", "desk": "yes"}
    again = planner.open_plan(tmp_path / "plan")
    assert owners(again) == owners(solution)


def test_figures_are_of_the_reps_alone() -> None:
    rules = '[[pools]]\nid = "desk"\nskills = "imaging"\ncost_per_account = 3\n'
    totals = solved(rules).metrics.totals
    assert totals["reps"] == 2
    assert totals["accounts"] == 3
    assert totals["accounts_in_pools"] == 1
    assert totals["value_in_pools_share"] == pytest.approx(200 / 600)
    assert totals["reps_without_accounts"] == 0
    # 100 and 300 of value: 50 % from their mean; the pool's 200 would be on it.
    assert totals["max_relative_imbalance_value"] == pytest.approx(0.5)


@pytest.mark.parametrize("seed", range(40))
def test_the_judge_agrees_on_random_questions(seed: int, tmp_path: Path) -> None:
    """Every number of a plan folder is counted again, without the solvers' road."""
    while True:
        scenario, frames = random_question(seed)
        if scenario.pools:
            break
        seed += 1000
    solution = planner.solve(scenario, **frames, time_limit_s=20)
    if solution.plan is None:
        assert solution.status is planner.Status.INFEASIBLE
    else:
        passes(solution, tmp_path / "plan")


def test_simple_ways_go_to_reps_first() -> None:
    """Nobody is nearest to a pool; the rule-keeping way gives it what has no room."""
    rules = (
        'limits = [{measure = "accounts", high = 1}]\n'
        '[[pools]]\nid = "desk"\nskills = "imaging"\ncost_per_account = 30\n'
    )
    made = compiled(rules, reps=ROOMY)
    ways = baselines(made, rules=None, performance="capacity", seed=1)
    for way in ways:
        pooled = int((way.rep_of == 2).sum())
        assert pooled == (1 if way.kind == "rule_keeping" else 0), way.name
        assert way.feasible == (way.kind == "rule_keeping")


def test_an_owner_may_be_a_pool(tmp_path: Path) -> None:
    """Today's accounts of a pool are not vacant: to leave it is a handover."""
    from small import ACCOUNTS

    scenario, tables = question(
        DESK + "[handover]\nfixed = 7\n",
        accounts=ACCOUNTS.replace("a1,Alpha,r1", "a1,Alpha,desk"),
    )
    assert not tables.warnings
    made = compile_problem(tables, scenario)
    solution = solve_compiled(scenario, tables, made)
    handover = made.problem.cost[made.problem.terms.index("handover")]
    assert handover[: made.problem.start[1]].tolist() == [700, 0]  # r1, desk
    passes(solution, tmp_path / "plan")


def test_pools_take_accounts_carved_out_of_regions(tmp_path: Path) -> None:
    """Regions and what lies in them go to reps; the two small accounts to the desk."""
    regions = tiles(2, 3)
    accounts = one_each(regions, value=[1, 9, 9, 9, 9, 1], visits=4)
    rules = (
        'areas = {carve = [{where = [{column = "value", at_most = 1}]}]}\n'
        '[[balance]]\nmeasure = "value"\ntolerance = 0.2\nhard = true\n'
        "of_total = 0.95\n"
        '[[pools]]\nid = "desk"\nname = "Digital team"\ncost_per_visit = 0.5\n'
    )
    solution = planner.solve(asked(rules, reps=2), accounts=accounts, regions=regions)
    assert solution.plan is not None
    assert "desk" not in set(solution.plan.regions)
    found = owners(solution)
    # Reps without bases travel nowhere, so the desk costs more, and has nothing.
    assert list(found.values()).count("desk") == 0
    pinned = rules.replace(
        "areas =", 'pins = [{accounts = ["a0", "a5"], reps = ["desk"]}]\nareas ='
    )
    solution = planner.solve(asked(pinned, reps=2), accounts=accounts, regions=regions)
    found = owners(solution)
    assert found["a0"] == found["a5"] == "desk"
    assert list(found.values()).count("desk") == 2
    solution.save(tmp_path / "plan")
    assert verify(tmp_path / "plan").ok
    view = read_plan_folder(tmp_path / "plan")
    assert view.subtitle().endswith("; Digital team: 2 accounts")
    assert "desk" not in view.loads.index


def test_a_region_never_goes_to_a_pool() -> None:
    """Named as owner of the only region left it is refused, by name."""
    rules = 'pins = [{regions = ["r00"], reps = ["desk"]}]\n[[pools]]\nid = "desk"\n'
    regions = tiles(1, 2)
    solution = planner.solve(
        asked(rules, reps=1), accounts=one_each(regions), regions=regions
    )
    assert solution.status is Status.INFEASIBLE
    assert any("r00" in reason for reason in solution.reasons)


@pytest.mark.parametrize("cap", ["", "max_accounts = 2\n", "capacity = 1\n"])
def test_bases_are_chosen_beside_a_pool(cap: str, tmp_path: Path) -> None:
    """The pool is open in any case and no base; the bound counts it, too."""
    pool = '[[pools]]\nid = "desk"\ncost_per_account = 9\n' + cap
    rules = 'balance = [{measure = "accounts", price = 2, of_total = 0.9}]\n' + pool
    scenario = asked_bases("open = 2, cost = 50", rules)
    frames = {
        "accounts": accounts_at(LINE, owner="desk"),
        "bases": sites_at([0.1, 5.1, 10.1]),
    }
    solution = planner.solve(scenario, **frames)
    assert solution.plan is not None
    assert solution.result.cost == least_cost(scenario, **frames)
    assert len(solution.tables.reps) == 3
    passes(solution, tmp_path / "plan")


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ('[[pools]]\nid = "r1"\n', r"pools\[0\]\.id = 'r1'.*has a row of this id"),
        ('[[pools]]\nid = "=x"\n', r"pools\[0\]\.id.*may not start with"),
        ('[[pools]]\nid = "d"\nskills = "x:top"\n', r"'x:top' has no known level"),
        (
            '[[pools]]\nid = "d"\nwhere = [{column = "nix", in = [1]}]\n',
            r"pools\[0\]\.where\[0\]\.column",
        ),
        ('[[pools]]\nid = "d"\n[[pools]]\nid = "d"\n', "two pools have the id 'd'"),
        ('[[pools]]\nname = "d"\n', r"pools\[0\]\.id"),
        ('[[pools]]\nid = "d"\ncost_per_acount = 1\n', "did you mean"),
    ],
)
def test_faults_name_the_key(rules: str, message: str) -> None:
    with pytest.raises(PlannerError, match=message):
        question(rules)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Plan folder with a pool that is full, for a test to damage."""
    rules = (
        '[[pools]]\nid = "desk"\nname = "Digital team"\nskills = "imaging"\n'
        "cost_per_account = 1\nmax_accounts = 2\n"
    )
    solution = solved(rules)
    assert list(owners(solution).values()).count("desk") == 2
    passes(solution, tmp_path / "plan")
    return tmp_path / "plan"


def _other_price(folder: Path) -> None:
    path = folder / "inputs" / "scenario.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("cost_per_account = 1", "cost_per_account = 2"))


def _smaller(folder: Path) -> None:
    path = folder / "inputs" / "scenario.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("max_accounts = 2", "max_accounts = 1"))


def _not_for_them(folder: Path) -> None:
    path = folder / "inputs" / "scenario.toml"
    where = 'where = [{column = "value", at_most = 50}]\n'
    path.write_text(
        path.read_text("utf-8").replace("max_accounts", f"{where}max_accounts")
    )


def _no_pool(folder: Path) -> None:
    path = folder / "inputs" / "scenario.toml"
    text = path.read_text("utf-8")
    head, _sep, tail = text.partition("[[pools]]")
    path.write_text(head + "[travel]" + tail.partition("[travel]")[2])


def _skilled(folder: Path) -> None:
    def change(rows: list[dict[str, str]]) -> None:
        rows[-1]["skills"] = "imaging:3"

    edit_table(folder / "inputs" / "reps.csv", change)


def _with_a_base(folder: Path) -> None:
    def change(rows: list[dict[str, str]]) -> None:
        rows[-1].update(latitude="1", longitude="1")

    edit_table(folder / "inputs" / "reps.csv", change)


def _called_a_rep(folder: Path) -> None:
    edit_table(folder / "reps.csv", lambda rows: rows[-1].update(pool="no"))


def _travelled(folder: Path) -> None:
    def change(rows: list[dict[str, str]]) -> None:
        row = next(row for row in rows if row["rep_id"] == "desk")
        row["distance_km"] = "1.000"

    edit_table(folder / "plan.csv", change)


@pytest.mark.parametrize(
    ("corrupt", "checks"),
    [
        (_other_price, {"terms", "cost", "cost per account"}),
        (_smaller, {"pools"}),
        (_not_for_them, {"eligibility"}),
        (_no_pool, {"terms", "reps"}),
        (_skilled, {"inputs"}),
        (_with_a_base, {"inputs"}),
        (_called_a_rep, {"reps"}),
        (_travelled, {"plan"}),
    ],
)
def test_forged_pools_are_caught(corrupt, checks: set[str], folder: Path) -> None:
    """Hashed and sealed again, and still caught."""
    corrupt(folder)
    assert checks & failed(folder), str(verify(folder))


def test_report_and_map_tell_pools_apart(tmp_path: Path) -> None:
    """The desk has a line of its own, no territory, no row among the reps."""
    accounts = pd.DataFrame(
        {
            "account_id": [f"A{i}" for i in range(6)],
            "latitude": 50.0 + 0.05 * np.arange(6),
            "longitude": 8.0 + 0.3 * np.arange(6),
            "value": [100, 1, 80, 1, 90, 1],
            "visits": 6,
        }
    )
    reps = pd.DataFrame(
        {"rep_id": ["R1", "R2"], "latitude": [50.0, 50.2], "longitude": [8.0, 9.2]}
    )
    scenario = parse_scenario(
        'accounts = {file = "accounts"}\nreps = {file = "reps"}\n'
        '[[balance]]\nmeasure = "value"\nprice = 0.01\n'
        '[[pools]]\nid = "desk"\nname = "Digital team"\ncost_per_visit = 5\n'
        'where = [{column = "value", at_most = 10}]\n'
    )
    solution = planner.solve(scenario, accounts=accounts, reps=reps)
    solution.save(tmp_path / "plan")
    assert verify(tmp_path / "plan").ok
    found = [account for account, rep in owners(solution).items() if rep == "desk"]
    assert set(found) <= {"A1", "A3", "A5"}
    assert found
    view = read_plan_folder(tmp_path / "plan")
    assert f"; Digital team: {len(found)} accounts" in view.subtitle()
    assert list(view.loads.index) == ["R1", "R2"]
    layers = view.layers()
    assert layers is not None
    assert set(layers["territories"].index) <= {"R1", "R2"}
    page = (tmp_path / "plan" / "report.html").read_text("utf-8")
    assert "Digital team" in page
    assert "Cost to serve of pools" in page
    from planner.telling import outcome_lines

    said = "\n".join(outcome_lines(solution))
    assert f"Digital team: {len(found)} accounts" in said


def test_a_pool_may_have_all_where_no_base_is_worth_opening(tmp_path: Path) -> None:
    """At most one base at 1000 a year: none is opened, and nobody is left out."""
    scenario = asked_bases(
        "open = 1, exactly = false, cost = 1000",
        'balance = [{measure = "value"}]\n'
        '[[pools]]\nid = "desk"\ncost_per_account = 1\n',
    )
    frames = {"accounts": accounts_at(LINE), "bases": sites_at([5.1])}
    solution = planner.solve(scenario, **frames)
    assert set(owners(solution).values()) == {"desk"}
    assert solution.cost == len(LINE)
    passes(solution, tmp_path / "plan")
