"""From tables to a judged folder: the same answer in other words, and in Chinese."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import tomli_w
from click.testing import CliRunner
from eight import RULES, frames, scenario
from instances import random_question

import planner
from planner.cli import main
from planner.scenario import Scenario
from planner.solvers.result import Status


def optimum(question: Scenario, **tables: pd.DataFrame) -> float:
    """Cost of the proven best plan, in currency."""
    found = planner.solve(question, **(frames() | tables), time_limit_s=30)
    assert found.status is Status.OPTIMAL
    return found.cost


@pytest.fixture
def no_map(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the drawing: it takes most of the time, and the judge ignores it."""
    monkeypatch.setattr("planner.reporting.PlanView.layers", lambda view: None)


# ---- the same question in other words ------------------------------------------------


def test_order_of_rows_does_not_matter() -> None:
    """Nor does it change the proven cost, which sums integers."""
    shuffled = {
        name: frame.sample(frac=1, random_state=3).reset_index(drop=True)
        for name, frame in frames().items()
    }
    assert optimum(scenario(), **shuffled) == optimum(scenario())


def test_names_of_columns_do_not_matter() -> None:
    """Chinese headers by mapping, and a stranger's column of a field's name."""
    names = {
        "account_id": "客户编号",
        "value": "销售额",
        "hours": "工时",
        "owner": "代表",
    }
    accounts = frames()["accounts"].rename(columns=names).assign(value="not this one")
    table = {"file": "accounts.csv", "fields": names}
    mapped = scenario(accounts=table)
    assert optimum(mapped, accounts=accounts) == optimum(scenario())


def test_ids_do_not_matter() -> None:
    """Other ids, the same cost, since nothing hangs on their order or length."""
    accounts, reps = frames().values()
    new = {"R0": "王", "R1": "0009", "R2": "12345678901234567890"}
    accounts = accounts.assign(
        account_id=[f"{i:020}" for i in range(8, 0, -1)],
        owner=accounts["owner"].replace(new),
    )
    reps = reps.assign(rep_id=reps["rep_id"].replace(new))
    assert optimum(scenario(), accounts=accounts, reps=reps) == optimum(scenario())


def test_prices_are_in_proportion() -> None:
    """All prices times ten: the same plan at ten times the cost."""
    dear = scenario(
        travel={"cost_per_km": 10, "cost_per_hour": 0, "circuity": 1},
        balance=[{"measure": "value", "tolerance": 0.1, "price": 5}],
        handover={"fixed": 30, "value_share": 0.1},
        together=[{"column": "site", "price": 70}],
    )
    base = optimum(scenario())
    # travel and handover are rounded to cents once per account and term
    assert optimum(dear) == pytest.approx(10 * base, abs=10 * 8 * 2 * 0.005)


def test_another_rep_never_costs_more() -> None:
    """With targets apart, whatever could be done before can be done still."""
    question = scenario(balance=[])
    accounts, reps = frames().values()
    more = pd.concat([reps, reps.tail(1).assign(rep_id="R3", longitude=8.2)])
    before = optimum(question, accounts=accounts, reps=reps)
    assert optimum(question, accounts=accounts, reps=more) < before


def test_a_tighter_rule_never_costs_less() -> None:
    """A budget on travel below what the free plan drives must be felt."""
    free = optimum(scenario(budgets=[]))
    costs = [
        optimum(scenario(budgets=[{"of": "moved_accounts", "amount": amount}]))
        for amount in (4, 2, 1)
    ]
    assert free <= costs[0] <= costs[1] <= costs[2]
    assert costs[2] > free


def test_idle_rules_change_nothing() -> None:
    """Limits far away and prices for what never happens leave the optimum alone."""
    idle = scenario(
        limits=[*RULES["limits"], {"measure": "accounts", "high": 8, "per": "all"}],
        leave_out={"price": 1e6},
        apart=[{"column": "name"}],
        skills={"missing_preferred": 99},
    )
    assert optimum(idle) == optimum(scenario())


def test_same_seed_same_plan(tmp_path: Path, no_map: None) -> None:
    """Solved twice, the plan files are the same to the byte."""
    for name in ("one", "two"):
        planner.solve(scenario(), **frames(), time_limit_s=30).save(tmp_path / name)
    one, two = ((tmp_path / name / "plan.csv").read_bytes() for name in ("one", "two"))
    assert one == two


# ---- random questions through files --------------------------------------------------


def write_question(seed: int, folder: Path) -> Path:
    """Write a random question as the files that a user would have."""
    question, tables = random_question(seed)
    values = question.model_dump(by_alias=True, exclude_unset=True, exclude_none=True)
    folder.mkdir()
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
        values[name] = {"file": f"{name}.csv"}
    path = folder / "plan.toml"
    path.write_text(tomli_w.dumps(values), "utf-8")
    return path


@pytest.mark.parametrize("block", range(5))
def test_random_questions_end_in_sound_folders(
    block: int, tmp_path: Path, no_map: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """25 plans under mixed rules, from files to the judge; none may fail."""
    monkeypatch.setattr("planner.report.write_report", lambda path, data: None)
    sound, seed = 0, 1000 * (block + 1)
    while sound < 5:
        path = write_question(seed, tmp_path / f"in{seed}")
        found = planner.solve(path, time_limit_s=20)
        assert found.status in (Status.OPTIMAL, Status.INFEASIBLE), seed
        if found.plan is not None:
            found.save(tmp_path / "out")
            verdict = planner.verify(tmp_path / "out")
            assert verdict.ok, f"seed {seed}: {verdict}"
            sound += 1
        seed += 1


# ---- the whole road, in Chinese ------------------------------------------------------


def test_chinese_tables_in_gb18030_end_to_end(tmp_path: Path) -> None:
    """A spreadsheet saved in China: headers, names, ids, encoding; all survive."""
    accounts = (
        "客户编号,客户名称,纬度,经度,现任代表,年拜访次数,服务工时,销售额\n"
        "华东001,上海浦东医院,31.22,121.54,张伟,4,8,120\n"
        "华东002,苏州科技有限公司,31.30,120.62,李娜,2,6,80\n"
        "华东003,南京大学,32.06,118.78,李娜,3,7,95\n"
        "华东004,杭州贸易行,30.27,120.15,,1,3,60\n"
    )
    reps = "编号,姓名,纬度,经度\n张伟,张伟,31.23,121.47\n李娜,李娜,32.04,118.76\n"
    (tmp_path / "客户.csv").write_bytes(accounts.encode("gb18030"))
    (tmp_path / "代表.csv").write_bytes(reps.encode("gb18030"))
    (tmp_path / "方案.toml").write_text(
        """
name = "华东区域方案"
currency = "CNY"
[accounts]
file = "客户.csv"
[accounts.fields]
account_id = "客户编号"
name = "客户名称"
latitude = "纬度"
longitude = "经度"
owner = "现任代表"
visits = "年拜访次数"
hours = "服务工时"
value = "销售额"
[reps]
file = "代表.csv"
[reps.fields]
rep_id = "编号"
name = "姓名"
latitude = "纬度"
longitude = "经度"
[[balance]]
measure = "value"
price = 1
[handover]
fixed = 5
""",
        "utf-8",
    )
    target = tmp_path / "结果"
    arguments = ["solve", str(tmp_path / "方案.toml"), "-o", str(target), "--json"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["folder"] == str(target)
    plan = pd.read_csv(target / "plan.csv", dtype=str, keep_default_na=False)
    assert plan["account_id"].tolist() == [f"华东00{i}" for i in range(1, 5)]
    assert set(plan["rep_id"]) == {"张伟", "李娜"}
    assert "苏州科技有限公司" in plan["name"].tolist()
    for name in ("report.html", "map.svg", "territories.geojson"):
        assert "张伟" in (target / name).read_text("utf-8"), name
    assert planner.verify(target).ok
    about = json.loads((target / "inputs" / "columns.json").read_text("utf-8"))
    assert any("gb18030" in note.lower() for note in about["notes"])
