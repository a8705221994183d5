"""Sound plan folders pass; every corruption is caught, by hash and by count."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eight import frames, scenario

import planner
from planner.certificate import seal
from planner.solution import Solution


@pytest.fixture
def no_map(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the drawing: it takes most of the time, and the judge ignores it."""
    monkeypatch.setattr("planner.reporting.PlanView.layers", lambda view: None)


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


@pytest.fixture(scope="module")
def searched() -> Solution:
    """Return the question solved by the search, with prices on the accounts."""
    question = scenario().with_solve(method="search", iterations=200, threads=1)
    return planner.solve(question, **frames(), time_limit_s=30)


def _raise_a_unit(dual: dict[str, Any]) -> None:
    first = next(iter(dual["units"]))
    dual["units"][first] += 10**6 * dual["price_scale"]


def _unknown_unit(dual: dict[str, Any]) -> None:
    dual["units"]["nobody"] = 1


def _no_knapsacks(dual: dict[str, Any]) -> None:
    dual["knapsacks"] = []


def _by_rows_alone(dual: dict[str, Any]) -> None:
    dual["kind"] = "rows"


def _raise_the_bound(dual: dict[str, Any]) -> None:
    dual["bound"] += 1


@pytest.mark.parametrize(
    "change",
    [_raise_a_unit, _unknown_unit, _no_knapsacks, _by_rows_alone, _raise_the_bound],
)
def test_forged_prices_of_accounts_are_caught(
    change: Callable[[dict[str, Any]], None],
    searched: Solution,
    tmp_path: Path,
    no_map: None,
) -> None:
    """Hashed and sealed again, and still caught: the judge fills the knapsacks."""
    out = tmp_path / "out"
    searched.save(out)
    assert planner.verify(out).ok
    assert json.loads((out / "certificate.json").read_text())["dual"]["units"]
    edit_certificate(out, lambda told: change(told["dual"]))
    forge(out)
    assert not planner.verify(out).ok
