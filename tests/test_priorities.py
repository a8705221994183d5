"""Priorities: against trying every plan, and from the command to the judge."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_corruption import edit_certificate, forge
from tiny_files import all_plans, write_question

import planner
from planner.cli import main
from planner.errors import ScenarioError
from planner.evaluate.verify import verify

RULES = """\
[[balance]]
measure = "value"
tolerance = 0.1
price = 0.7
[handover]
fixed = 40
value_share = 0.2
"""


def ordered(*terms: str, slack: float = 0.0, absolute: float = 0.0) -> str:
    """Rules with an order of priorities."""
    return RULES + "".join(
        f'[[priorities]]\nterm = "{term}"\nslack = {slack}\nabsolute = {absolute}\n'
        for term in terms
    )


def truth(
    path: Path, terms: tuple[str, ...], slack: float, absolute: float
) -> tuple[list[float], float]:
    """Least value of each term in its turn, and the least cost in the end."""
    scenario = planner.read_scenario(path).with_parts(priorities=[])
    plans, values = all_plans(scenario), []
    for term in terms:
        values.append(min(plan[term] for plan in plans))
        cap = (1 + slack) * values[-1] + absolute + 1e-9
        plans = [plan for plan in plans if plan[term] <= cap]
    return values, min(plan["total"] for plan in plans)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("terms", "slack", "absolute"),
    [
        (("travel",), 0.1, 0.0),
        (("handover", "travel"), 0.0, 100.0),
        (("handover", "travel"), 0.0, 0.0),
    ],
)
def test_pairwise_terms_are_exact(
    seed: int, terms: tuple[str, ...], slack: float, absolute: float, tmp_path: Path
) -> None:
    """Stage by stage the least value, and the least cost within all caps."""
    rules = ordered(*terms, slack=slack, absolute=absolute)
    path = write_question(tmp_path / "in", seed, rules=rules)
    solution = planner.solve(path)
    values, total = truth(path, terms, slack, absolute)
    assert [stage.value for stage in solution.stages] == pytest.approx(values)
    assert [stage.bound for stage in solution.stages] == pytest.approx(values)
    assert solution.cost == pytest.approx(total)
    solution.save(tmp_path / "out", drawings=False)
    assert verify(tmp_path / "out").ok


@pytest.mark.parametrize("seed", range(4))
def test_balance_first(seed: int, tmp_path: Path) -> None:
    """Held by weight: the cap holds, the next bound is one, plans differ by the gap."""
    rules = ordered("balance[0]", "travel", slack=0.2)
    path = write_question(tmp_path / "in", seed, rules=rules)
    solution = planner.solve(path)
    values, total = truth(path, ("balance[0]", "travel"), 0.2, 0.0)
    first, second = solution.stages
    assert first.value == pytest.approx(values[0])
    costs = solution.costs_by_term()
    assert costs["balance[0]"] / first.weight <= first.cap + 1e-6
    assert second.bound <= values[1] + 0.05
    assert second.value >= values[1] - 0.05
    assert costs["travel"] <= second.cap + 0.05
    own = sum(costs.values()) - costs["balance[0]"] * (1 - 1 / first.weight)
    if second.value == pytest.approx(values[1], abs=0.05):
        assert own >= total - 0.05
    out = tmp_path / "out"
    solution.save(out, drawings=False)
    assert verify(out).ok
    again = planner.open_plan(out)
    assert again.stages == solution.stages


def test_the_command_tells_and_the_judge_counts(tmp_path: Path) -> None:
    """Each stage in a sentence; a forged cap or value is found."""
    path = write_question(tmp_path / "in", 1, rules=ordered("handover", slack=0.5))
    out = tmp_path / "out"
    done = CliRunner().invoke(main, ["solve", str(path), "-o", str(out)])
    assert done.exit_code == 0, done.output
    assert "Priority 1, Handover: at least" in done.stderr
    assert "ok" in str(verify(out))
    stages = json.loads((out / "certificate.json").read_text())["priorities"]
    for change in ({"cap": 1e9}, {"value": 1e9, "cap": 1.5e9, "bound": 1e9}):
        edit_certificate(
            out, lambda told, x=change: told.update(priorities=[{**stages[0], **x}])
        )
        forge(out)
        verdict = verify(out)
        faulty = [check.name for check in verdict.checks if not check.ok]
        assert faulty == ["priorities"]
    edit_certificate(out, lambda told: told.update(priorities=[]))
    forge(out)
    assert not verify(out).ok


@pytest.mark.parametrize(
    ("term", "said"),
    [("balance[1]", "no priority of"), ("travle", "there are: travel")],
)
def test_wrong_terms(term: str, said: str, tmp_path: Path) -> None:
    """The terms that there are, are named."""
    path = write_question(tmp_path, 0, rules=ordered(term))
    with pytest.raises(ScenarioError, match=said):
        planner.read_scenario(path)


def test_balance_first_where_a_search_is_needed(tmp_path: Path) -> None:
    """
    400 accounts, 30 reps: the stage has a plan, at least as even as without.

    By balance alone all reps are alike to an account, so which few of them a search
    looks at would be left to chance.
    """
    rules = RULES + '[[limits]]\nmeasure = "hours"\nhigh = "capacity"\n'
    size = {"accounts": 400, "reps": 30, "capacity": 250}
    plain = planner.solve(
        write_question(tmp_path / "plain", 1, rules=rules, **size), time_limit_s=3
    )
    rules += '[[priorities]]\nterm = "balance[0]"\nslack = 0.1\n'
    path = write_question(tmp_path / "in", 1, rules=rules, **size)
    solution = planner.solve(path, time_limit_s=8)
    assert solution.plan is not None
    (stage,) = solution.stages
    assert 0 <= stage.bound <= stage.value
    assert stage.value <= plain.costs_by_term()["balance[0]"]
    found = solution.costs_by_term()["balance[0]"] / stage.weight
    assert found <= stage.cap + 1e-6
