"""What a report says of a plan can be found in the plan folder."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from tiles import asked, one_each, tiles

import planner
from planner.briefing import briefing, moves
from planner.certificate import certificate_of
from planner.cli import main
from planner.embedded import write_example
from planner.errors import PlannerError
from planner.report.decision import decision
from planner.report.pdf import check_pdf
from planner.workspace import read_plan_folder, view_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Plan folder of the example of `planner init`; nobody changes it."""
    home = tmp_path_factory.mktemp("example")
    write_example(home)
    planner.solve(home / "plan.toml", time_limit_s=10).save(home / "out")
    return home / "out"


def amounts(text: str) -> set[int]:
    """Amounts of money in a text, without their signs."""
    return {int(found.replace(",", "")) for found in re.findall(r"€([\d,]+)", text)}


def test_every_amount_of_the_decision_is_in_the_certificate(folder: Path) -> None:
    """Cost, bound, or the difference of two costs, rounded to whole euros."""
    told = json.loads((folder / "certificate.json").read_text("utf-8"))
    scale = told["cost_scale"]
    costs = [told["cost"], told["bound"], *(way["cost"] for way in told["baselines"])]
    known = {round(abs(a - b) / scale) for a in costs for b in [0, *costs]}
    said = decision(briefing(read_plan_folder(folder), None, "en", folder=folder))
    assert amounts(said)
    assert amounts(said) <= known
    assert "3 of 10 accounts change hands" in said


def test_every_rep_of_the_report_is_as_in_reps_csv(folder: Path) -> None:
    """Accounts, hours and value of each, and the shares of capacity and target."""
    page = (folder / "report.html").read_text("utf-8")
    table = page[page.index('<table class="reps">') :].partition("</table>")[0]
    reps = pd.read_csv(folder / "reps.csv").set_index("rep_id")
    rows = re.findall(r"<tr>\s*<th scope=\"row\">.*?</tr>", table, re.DOTALL)
    assert len(rows) == len(reps)
    for rep, row in zip(reps.index, rows, strict=True):
        assert f"<b>{rep}</b>" in row
        cells = [
            re.sub(r"<[^>]*>|[,▲▼ ]", "", cell).strip()
            for cell in re.findall(r"<td.*?>(.*?)</td>", row, re.DOTALL)
        ]
        told = reps.loc[rep]
        expected = [told["accounts"], told["capacity_use"] * 1600, told["value"]]
        assert [int(cell) for cell in cells[:3]] == [round(x) for x in expected]
        assert cells[3] == f"{told['capacity_use']:.0%}"
        assert cells[4] == f"{told['pct_of_target_value'] / 100:.0%}"


def test_moves_are_those_of_plan_csv_with_their_reasons(folder: Path) -> None:
    """Largest value first; the fingerprint is that of the very plan."""
    plan = pd.read_csv(folder / "plan.csv").set_index("account_id")
    data = briefing(read_plan_folder(folder), None, "en", folder=folder)
    assert data.moves is not None
    moved = data.moves.set_index("account_id")
    assert set(moved.index) == set(plan.index[plan["moved"] == "yes"])
    assert moved["value"].is_monotonic_decreasing
    assert moved["to_rep"].equals(plan["rep_id"].reindex(moved.index).rename("to_rep"))
    if "reason" in plan:
        assert moved["reason"].tolist() == plan["reason"][moved.index].tolist()
    assert len(data.fingerprint) == 64


def test_by_regions_the_moves_are_regions() -> None:
    """Their value is that of the accounts in them, too."""
    regions = tiles(2, 2)
    accounts = one_each(regions, owner=["T01", "T02", "T01", "T01"], value=[1, 2, 3, 4])
    rules = '[[balance]]\nmeasure = "accounts"\ntolerance = 0.01\nhard = true\n'
    solution = planner.solve(asked(rules, reps=2), accounts=accounts, regions=regions)
    assert solution.plan is not None
    found = moves(view_of(solution, certificate_of(solution)))
    owner = dict(zip(regions["region_id"], accounts["owner"], strict=True))
    changed = {r: rep for r, rep in solution.plan.regions.items() if owner[r] != rep}
    assert dict(zip(found["account_id"], found["to_rep"], strict=True)) == changed
    value = dict(zip(regions["region_id"], accounts["value"], strict=True))
    assert found["value"].tolist() == [value[r] for r in found["account_id"]]


def test_command_writes_html_and_pdf_in_both_languages(
    folder: Path, tmp_path: Path
) -> None:
    """The plan folder stays as it is sealed."""
    result = CliRunner().invoke(
        main, ["--lang", "zh", "report", str(folder), "-o", str(tmp_path / "r.html")]
    )
    assert result.exit_code == 0, result.output
    assert '<html lang="zh">' in (tmp_path / "r.html").read_text("utf-8")
    try:
        check_pdf()
    except PlannerError as error:
        pytest.skip(str(error))
    result = CliRunner().invoke(
        main, ["report", str(folder), "-o", str(tmp_path / "r.pdf")]
    )
    assert result.exit_code == 0, result.output
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")


def test_a_folder_without_a_frontier_is_named(folder: Path, tmp_path: Path) -> None:
    """One sentence, exit code 2, nothing written."""
    out = tmp_path / "r.html"
    result = CliRunner().invoke(
        main, ["report", str(folder), "-o", str(out), "--frontier", str(tmp_path)]
    )
    assert result.exit_code == 2
    assert "frontier.csv cannot be read" in result.output
    assert not out.exists()
