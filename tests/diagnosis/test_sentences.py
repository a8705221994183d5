"""What a person reads, on questions that can be worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from small import ACCOUNTS, REPS, question

import planner
from planner.diagnosis import Diagnosis, diagnose_tables
from planner.diagnosis.files import moved
from planner.errors import PlannerError
from planner.evaluate.verify import verify
from planner.scenario import parse_scenario, read_scenario
from planner.solving import solve_tables

SMALL_CAPS = 'limits = [{measure = "hours", high = "capacity"}]\n'
TWELVE = REPS.replace(",30\n", ",12\n")


def told(rules: str, **tables: str) -> Diagnosis:
    """Diagnose a question of `small`: three of 10 hours; r1 has 10, r2 has 12."""
    scenario, clean = question(rules, **({"reps": TWELVE} | tables))
    return diagnose_tables(scenario, clean, time_limit_s=20)


def test_short_capacity_is_said_in_hours_and_mended_by_the_least() -> None:
    found = told(SMALL_CAPS)
    assert found.status == "infeasible"
    assert "need at least 30 hours, the limits allow 22: 8 short" in found.arithmetic[0]
    assert found.conflict is not None
    (member,) = found.conflict.members
    assert (member.rule, member.instances) == ("limits[0]", ("r1", "r2"))
    first = found.options[0]
    assert first.changes == ("raise limits[0] (hours) for r2 from 12 to 20",)
    assert (first.price, first.least) == (400.0, True)
    assert "This rule cannot be kept:" in str(found)


def test_each_option_stands_in_the_scenario_as_a_limit_of_its_own() -> None:
    """r2 gets an entry of its own; r1 keeps the field of the reps."""
    limits = told(SMALL_CAPS).options[0].scenario.limits
    assert [(one.reps, one.high) for one in limits] == [
        (["r1"], "capacity"),
        (["r2"], 20.0),
    ]


def test_a_pin_against_a_skill() -> None:
    """a1 needs imaging, which r2 has not."""
    found = told('pins = [{accounts = ["a1"], reps = ["r2"]}]')
    assert found.conflict is not None
    assert {m.rule for m in found.conflict.members} == {"skills", "pins[0]"}
    assert [m.instances for m in found.conflict.members] == [("imaging",), ("a1",)]
    assert [option.changes for option in found.options] == [
        ("free a1 of pins[0]",),
        ("let r2 cover 'imaging' (1 account(s))",),
    ]
    assert found.options[1].scenario.skills.also == {"r2": "imaging"}


def test_a_group_that_no_rep_can_take() -> None:
    rules = 'together = [{column = "site"}]\nlimits = [{measure = "value", high = 450}]'
    found = told(rules)
    said = " ".join(found.arithmetic)
    assert "together[0]: the group 'g' (2 members) needs 500 value" in said
    (change,) = found.options[0].changes
    assert change.endswith("out of the group 'g' of together[0]")


def test_whom_few_may_serve_is_said_with_the_rule() -> None:
    """a1 to a3 need imaging: only r1, with 10 hours."""
    accounts = "account_id,hours,skills\n" + "".join(
        f"c{i},5,imaging\n" for i in range(3)
    )
    found = told(SMALL_CAPS, accounts=accounts, distances="account_id,rep_id,km\n")
    assert (
        '3 account(s) need 15 hours and may only go to r1 (skills "imaging"), who may '
        "have 10: 5 short." in found.arithmetic
    )


def test_prices_of_the_scenario_decide_and_are_printed() -> None:
    rules = 'pins = [{accounts = ["a1"], reps = ["r2"]}]\nrelax = {skills = 7}'
    found = told(rules)
    assert found.options[0].changes == ("let r2 cover 'imaging' (1 account(s))",)
    assert "relax.skills = 7 per unit (skills);" in str(found)
    assert "relax.pins = 500 per unit (accounts) (default)" in str(found)


def test_never_means_never() -> None:
    rules = 'pins = [{accounts = ["a1"], reps = ["r2"]}]\n'
    found = told(rules + 'relax = {skills = "never", pins = "never"}')
    assert found.options == ()
    assert 'see [relax], where "never" stands' in found.notes[-1]


def test_two_conflicts_are_both_named_and_mended_at_once() -> None:
    rules = 'pins = [{accounts = ["a1"], reps = ["r2"]}]\n' + SMALL_CAPS
    found = told(rules)
    named = [{m.rule for m in c.members} for c in found.conflicts]
    assert sorted(named, key=len) == [{"limits[0]"}, {"skills", "pins[0]"}]
    assert len(found.options[0].changes) == 2


def test_where_there_is_a_plan_nothing_is_wrong() -> None:
    found = told('limits = [{measure = "hours", high = 20}]')
    assert (found.status, found.conflict, found.options) == ("feasible", None, ())
    assert found.owner is not None
    assert str(found) == "There is a plan that keeps every rule."


def test_machine_readable() -> None:
    body = told(SMALL_CAPS).to_dict()
    assert body["conflicts"][0]["members"][0]["kind"] == "limits"
    (change,) = body["options"][0]["relaxed"]
    assert change["rule"] == "limits[0]"
    assert (change["label"], change["amount"], change["unit"]) == ("r2", 8.0, "hours")
    assert body["prices"]["limits[0]"] == {
        "key": "relax.limits",
        "price": 50.0,
        "unit": "hours",
        "default": True,
    }


def test_several_numbers_of_reps_are_refused_with_the_way_out() -> None:
    scenario = parse_scenario(
        'accounts = {file = "a"}\nbases = {open = "2:3", candidates = "accounts"}'
    )
    with pytest.raises(PlannerError, match=r"give bases\.open one number"):
        planner.diagnose(scenario)


# ---- from files ----------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A scenario whose caps are short, with its tables."""
    (tmp_path / "data").mkdir()
    frames = {
        "accounts": pd.DataFrame(
            {"account_id": ["a", "b", "c"], "hours": [10, 10, 10]}
        ),
        "reps": pd.DataFrame({"rep_id": ["r1", "r2"], "capacity": [10, 12]}),
    }
    for name, frame in frames.items():
        frame.to_csv(tmp_path / "data" / f"{name}.csv", index=False)
    (tmp_path / "plan.toml").write_text(
        'accounts = {file = "data/accounts.csv"}\nreps = {file = "data/reps.csv"}\n'
        + SMALL_CAPS
    )
    return tmp_path


def test_options_are_written_where_they_find_their_tables(folder: Path) -> None:
    found = planner.diagnose(folder / "plan.toml", time_limit_s=20)
    written = found.write(folder / "deep" / "options")
    assert written[0].name == "option-1.toml"
    text = written[0].read_text("utf-8")
    assert "# raise limits[0] (hours) for r2 from 12 to 20" in text
    assert 'file = "../../data/accounts.csv"' in text
    again = planner.solve(written[0], warm_start=written[1], time_limit_s=1)
    assert again.plan is not None
    assert read_scenario(written[0]).relaxed[0].label == "r2"
    assert "option-1.toml --start" in found.command(1, folder / "deep" / "options")


def test_files_of_an_absolute_path_stay_where_they_are(tmp_path: Path) -> None:
    scenario = parse_scenario(
        'accounts = {file = "/data/a.csv"}\nreps = {count = 2}\n'
        'baselines = {rules = "rules.csv"}'
    )
    scenario._base = tmp_path
    there = moved(scenario, tmp_path / "out")
    assert there.accounts is not None
    assert there.accounts.file == "/data/a.csv"
    assert there.baselines.rules == "../rules.csv"


def test_more_rivals_than_reps_are_counted_not_tried() -> None:
    """a1 to a3 are rivals, and there are r1 and r2; no search is needed."""
    rivals = ACCOUNTS.replace(",g,\n", ",g,x\n")
    found = told('apart = [{column = "rival"}]', accounts=rivals)
    assert found.arithmetic == (
        "apart[0]: 3 account(s) with 'x' need different reps and may only go to 2 "
        "(r1, r2).",
    )
    assert [option.price for option in found.options] == [500.0]


def test_a_pool_with_more_room_is_one_in_the_tables_too(tmp_path: Path) -> None:
    """What verify holds a plan against: tables and changed scenario agree."""
    scenario, tables = question(
        SMALL_CAPS
        + "relax = {pools = 5, limits = 1000}\n"
        + '[[pools]]\nid = "D"\ncapacity = 4\nskills = "imaging"\n',
        reps=TWELVE,
    )
    bent = planner.solve_least_violating(solve_tables(scenario, tables))
    assert bent.scenario.pools[0].capacity == 10.0
    bent.save(tmp_path / "out", drawings=False)
    verdict = verify(tmp_path / "out")
    assert verdict.ok, str(verdict)


def test_least_violating_plan_is_a_plan_of_the_changed_scenario(folder: Path) -> None:
    solution = planner.solve(folder / "plan.toml", time_limit_s=2)
    assert solution.plan is None
    bent = planner.solve_least_violating(solution, time_limit_s=20)
    assert [one.rule for one in bent.scenario.relaxed] == ["limits[0]"]
    bent.save(folder / "out", drawings=False)
    verdict = verify(folder / "out")
    assert verdict.ok, str(verdict)
    assert "the plan rests on 1 changed rule(s): raise limits[0]" in str(verdict)
    assert planner.open_plan(folder / "out").scenario.relaxed


def test_a_cap_of_a_pool_is_a_rule_like_any_other() -> None:
    """Three accounts of 10 hours, reps with room for two, a pool that may have none."""
    rules = (
        SMALL_CAPS
        + "relax = {pools = 5, limits = 1000}\n"
        + '[[pools]]\nid = "D"\nmax_accounts = 0\n'
    )
    found = told(rules)
    assert found.conflict is not None
    assert {one.rule for one in found.conflict.members} == {
        "limits[0]",
        "pools[0].max_accounts",
    }
    best = found.options[0]
    change = "raise pools[0].max_accounts (accounts) for D from 0 to 1"
    assert (best.changes, best.price) == ((change,), 5)
    assert best.scenario.pools[0].max_accounts == 1


def test_a_pool_that_may_not_take_an_account() -> None:
    """What a pool may take is never bent; it is named among the rules."""
    rules = (
        SMALL_CAPS + '[[pools]]\nid = "D"\nwhere = [{column = "value", at_most = 50}]\n'
    )
    found = told(rules)
    assert found.conflict is not None
    assert {one.rule for one in found.conflict.members} == {
        "limits[0]",
        "pools[0].where",
    }
    assert all("pools" not in change for o in found.options for change in o.changes)


def capped(accounts: pd.DataFrame, reps: pd.DataFrame) -> Diagnosis:
    """Diagnose hours against capacities, and nothing else."""
    return planner.diagnose(
        parse_scenario(
            'accounts = {file = "a"}\nreps = {file = "r"}\n'
            'limits = [{measure = "hours", high = "capacity"}]\n'
        ),
        accounts=accounts,
        reps=reps,
        time_limit_s=20,
    )


def test_a_load_for_all_is_not_left_to_one() -> None:
    """40 hours, four caps of 8: 16 for one rep is as cheap as 10 for each of four."""
    accounts = pd.DataFrame({"account_id": [f"a{i}" for i in range(40)], "hours": 1.0})
    reps = pd.DataFrame({"rep_id": ["r1", "r2", "r3", "r4"], "capacity": 8.0})
    found = capped(accounts, reps)
    one, shared = found.options[0], found.options[1]
    assert one.price == shared.price == 400.0
    assert [bend.amount for bend in one.bends] == [8.0]
    assert max(bend.amount for bend in shared.bends) <= 3.0
    assert sum(bend.amount for bend in shared.bends) == 8.0


def test_many_raised_ends_are_told_together() -> None:
    """Five caps of 1 with two accounts of an hour each pinned to them."""
    n = 5
    accounts = pd.DataFrame(
        {
            "account_id": [f"a{i}" for i in range(2 * n)],
            "hours": 1.0,
            "skills": [f"s{i % n}" for i in range(2 * n)],
        }
    )
    reps = pd.DataFrame(
        {
            "rep_id": [f"r{i}" for i in range(n)],
            "capacity": 1.0,
            "skills": [f"s{i}" for i in range(n)],
        }
    )
    found = capped(accounts, reps)
    assert found.options[0].changes == (
        "raise limits[0] (hours) for 5 of 5, each by at most 100 %, by 5 in all",
    )
