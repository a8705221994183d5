"""From tables to a judged folder: sound plans pass, every corruption is caught."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import tomli_w
from click.testing import CliRunner

import planner
from instances import random_question
from planner.cli import main
from planner.scenario import Scenario
from planner.solution import Solution
from planner.solvers.result import Status
from planner.workspace import seal

RULES: dict[str, Any] = {
    "currency": "EUR",
    "travel": {"cost_per_km": 1, "cost_per_hour": 0, "circuity": 1},
    "limits": [{"measure": "hours", "high": "capacity"}],
    "balance": [{"measure": "value", "tolerance": 0.1, "price": 0.5}],
    "handover": {"fixed": 3, "value_share": 0.01},
    "budgets": [{"of": "moved_value", "share": 0.6}],
    "together": [{"column": "site", "price": 7}],
}


def frames() -> dict[str, pd.DataFrame]:
    """Eight accounts, three reps, on a line; tight hours."""
    accounts = pd.DataFrame(
        {
            "account_id": [f"A{i}" for i in range(8)],
            "name": [f"Customer {i}" for i in range(8)],
            "latitude": [50.0] * 8,
            "longitude": [8 + 0.1 * i for i in range(8)],
            "owner": ["R0", "R1", "R1", "R0", "R2", "", "R2", "R0"],
            "visits": [1, 2, 1, 3, 1, 2, 1, 1],
            "hours": [4, 6, 2, 5, 3, 4, 6, 2],
            "value": [10, 40, 25, 30, 15, 20, 35, 5],
            "site": ["x", "", "", "x", "", "", "y", "y"],
        }
    )
    reps = pd.DataFrame(
        {
            "rep_id": ["R0", "R1", "R2"],
            "name": ["Ann", "Bob", "Cem"],
            "latitude": [50.0] * 3,
            "longitude": [8.0, 8.35, 8.7],
            "capacity": [12, 12, 11],
        }
    )
    return {"accounts": accounts, "reps": reps}


def scenario(**rules: Any) -> Scenario:
    """Return the scenario of this file with other rules."""
    tables = {"accounts": {"file": "accounts.csv"}, "reps": {"file": "reps.csv"}}
    return Scenario.model_validate(tables | RULES | rules)


def optimum(question: Scenario, **tables: pd.DataFrame) -> float:
    """Cost of the proven best plan, in currency."""
    found = planner.solve(question, **(frames() | tables), time_limit_s=30)
    assert found.status is Status.OPTIMAL
    return found.cost


@pytest.fixture
def no_map(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the drawing: it takes most of the time, and the judge ignores it."""
    monkeypatch.setattr("planner.reporting.PlanView.layers", lambda view: None)


# ---- corruption ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def solved() -> Solution:
    """Return the solved question; nobody changes it."""
    return planner.solve(scenario(), **frames(), time_limit_s=30)


@pytest.fixture
def folder(solved: Solution, tmp_path: Path, no_map: None) -> Path:
    """Plan folder that a test may damage."""
    solved.save(tmp_path / "out")
    return tmp_path / "out"


def edit_table(path: Path, change: Callable[[list[dict[str, str]]], None]) -> None:
    """Change a table as a person with an editor would."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    change(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def edit_certificate(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a claim."""
    path = folder / "certificate.json"
    told = json.loads(path.read_text("utf-8"))
    change(told)
    path.write_text(json.dumps(told, ensure_ascii=False), "utf-8")


def forge(folder: Path) -> None:
    """Hash and seal everything again, as a skilled forger would."""

    def again(told: dict[str, Any]) -> None:
        for name in told["files"]:
            data = (folder / name).read_bytes()
            told["files"][name] = hashlib.sha256(data).hexdigest()
        told["seal"] = seal(told)

    edit_certificate(folder, again)


def _move_account(folder: Path) -> None:
    def move(rows: list[dict[str, str]]) -> None:
        rows[0]["rep_id"] = next(r for r in ("R1", "R2") if r != rows[0]["rep_id"])

    edit_table(folder / "plan.csv", move)


def _swap_two(folder: Path) -> None:
    def swap(rows: list[dict[str, str]]) -> None:
        other = next(row for row in rows if row["rep_id"] != rows[0]["rep_id"])
        rows[0]["rep_id"], other["rep_id"] = other["rep_id"], rows[0]["rep_id"]

    edit_table(folder / "plan.csv", swap)


def _drop_account(folder: Path) -> None:
    edit_table(folder / "plan.csv", lambda rows: rows.pop())


def _leave_out(folder: Path) -> None:
    edit_table(folder / "plan.csv", lambda rows: rows[0].update(rep_id=""))


def _break_cap(folder: Path) -> None:
    def shrink(rows: list[dict[str, str]]) -> None:
        for row in rows:
            row["capacity"] = "1"

    edit_table(folder / "inputs" / "reps.csv", shrink)


def _edit_cost_of_account(folder: Path) -> None:
    edit_table(folder / "plan.csv", lambda rows: rows[0].update(cost_travel="0.01"))


def _edit_cost(folder: Path) -> None:
    edit_certificate(
        folder, lambda told: told.update(cost=told["cost"] - 1, bound=told["bound"] - 1)
    )


def _edit_term(folder: Path) -> None:
    edit_certificate(
        folder, lambda told: told["terms"].update(travel=told["terms"]["travel"] - 1)
    )


def _raise_bound(folder: Path) -> None:
    edit_certificate(folder, lambda told: told.update(bound=told["cost"] + 1))


def _lower_bound(folder: Path) -> None:
    edit_certificate(folder, lambda told: told.update(bound=told["bound"] - 1))


def _raise_dual_bound(folder: Path) -> None:
    edit_certificate(
        folder, lambda told: told["dual"].update(bound=told["dual"]["bound"] + 1)
    )


def _edit_price(folder: Path) -> None:
    def change(told: dict[str, Any]) -> None:
        told["dual"]["prices"]["limits[0]/R0"] = 10 * told["dual"]["price_scale"]

    edit_certificate(folder, change)


def _claim_gap(folder: Path) -> None:
    edit_certificate(folder, lambda told: told.update(gap=0.25))


def _claim_few_moves(folder: Path) -> None:
    edit_certificate(folder, lambda told: told["moved"].update(accounts=0))


def _swap_input_table(folder: Path) -> None:
    def nearer(rows: list[dict[str, str]]) -> None:
        for row in rows:
            row["longitude"] = str(float(row["longitude"]) + 0.05)

    edit_table(folder / "inputs" / "accounts.csv", nearer)


def _swap_owners(folder: Path) -> None:
    def swap(rows: list[dict[str, str]]) -> None:
        for row in rows:
            row["owner"] = {"R0": "R2", "R2": "R0"}.get(row["owner"], row["owner"])

    edit_table(folder / "inputs" / "accounts.csv", swap)


def _cheaper_scenario(folder: Path) -> None:
    path = folder / "inputs" / "scenario.toml"
    text = path.read_text("utf-8")
    assert "fixed = 3" in text
    path.write_text(text.replace("fixed = 3", "fixed = 2"), "utf-8")


def _edit_load(folder: Path) -> None:
    edit_table(folder / "reps.csv", lambda rows: rows[0].update(hours="0"))


CORRUPTIONS: dict[str, tuple[Callable[[Path], None], set[str]]] = {
    "moved account": (_move_account, {"cost per account"}),
    "swapped accounts": (_swap_two, {"cost per account"}),
    "dropped account": (_drop_account, {"plan"}),
    "account left out": (_leave_out, {"left out"}),
    "broken cap": (_break_cap, {"limits"}),
    "edited cost of an account": (_edit_cost_of_account, {"cost per account"}),
    "edited cost": (_edit_cost, {"cost"}),
    "edited term": (_edit_term, {"terms"}),
    "raised bound": (_raise_bound, {"bound", "gap"}),
    "lowered bound": (_lower_bound, {"gap", "status"}),
    "raised dual bound": (_raise_dual_bound, {"bound"}),
    "edited price": (_edit_price, {"bound"}),
    "claimed gap": (_claim_gap, {"gap"}),
    "claimed few moves": (_claim_few_moves, {"moved"}),
    "swapped input table": (_swap_input_table, {"terms", "cost"}),
    "swapped owners": (_swap_owners, {"moved"}),
    "cheaper scenario": (_cheaper_scenario, {"terms", "cost"}),
    "edited load": (_edit_load, {"reps"}),
}


def test_sound_folder_passes(folder: Path, solved: Solution) -> None:
    """Some accounts move and some caps bind, so that there is something to forge."""
    verdict = planner.verify(folder)
    assert verdict.ok, str(verdict)
    assert solved.plan is not None
    assert 0 < solved.plan.moved.sum() < 8
    forge(folder)
    assert planner.verify(folder).ok


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_corruption_is_caught_by_hash_and_by_count(name: str, folder: Path) -> None:
    """Careless edits break a hash or the seal; sealed again, the count finds them."""
    corrupt, checks = CORRUPTIONS[name]
    corrupt(folder)
    careless = planner.verify(folder)
    failed = {check.name for check in careless.checks if not check.ok}
    assert failed & {"complete", "seal"}
    forge(folder)
    skilled = planner.verify(folder)
    failed = {check.name for check in skilled.checks if not check.ok}
    assert not failed & {"complete", "seal"}
    assert checks <= failed, str(skilled)


def test_plan_of_another_folder_is_caught(folder: Path, tmp_path: Path) -> None:
    """A sound certificate does not make another question's tables sound."""
    other = planner.solve(
        scenario(handover={"fixed": 90}, balance=[]), **frames(), time_limit_s=30
    )
    other.save(tmp_path / "other")
    for name in ("plan.csv", "reps.csv"):
        shutil.copy(tmp_path / "other" / name, folder / name)
    forge(folder)
    assert not planner.verify(folder).ok


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
    names = {"account_id": "客户编号", "value": "销售额", "hours": "工时", "owner": "代表"}
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
