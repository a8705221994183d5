"""Frontiers: against all plans of tiny questions, tried one by one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from report_case import Tags
from tiny_files import all_plans, pareto, write_question

import planner
from planner.cli import main
from planner.errors import PlannerError
from planner.evaluate.verify import verify
from planner.whatif.axes import trade_of
from planner.whatif.frontier import Frontier
from planner.whatif.points import Point, knee_of, not_dominated
from planner.whatif.run import Run

HANDOVER = '[[balance]]\nmeasure = "value"\ntolerance = 0.0\n[handover]\nfixed = 100\n'


def found(path: Path, out: Path, *axes: str, points: int = 20) -> Frontier:
    """Return the frontier of a question."""
    return planner.frontier(path, axes, out, points=points, gap=0.0)


@pytest.mark.parametrize("seed", range(3))
def test_deviation_finds_every_plan_that_is_not_dominated(
    seed: int, tmp_path: Path
) -> None:
    """Hard bands: exactly the true non-dominated set, all optimal."""
    path = write_question(tmp_path / "in", seed)
    answer = found(path, tmp_path / "out", "cost", "deviation")
    plans = all_plans(planner.read_scenario(path))
    true = pareto([(p["travel"], p["deviation"]) for p in plans])
    got = [(round(p.cost, 4), round(p.values[0], 4)) for p in answer.points]
    assert got == true
    assert (answer.table["gap"] == 0).all()
    for name in answer.table["plan"]:
        assert verify(tmp_path / "out" / name).ok


@pytest.mark.parametrize("seed", range(3))
def test_disruption_finds_every_plan_that_is_not_dominated(
    seed: int, tmp_path: Path
) -> None:
    """Budgets; the handover's own price is out of what is minimised."""
    path = write_question(tmp_path / "in", seed, rules=HANDOVER)
    answer = found(path, tmp_path / "out", "cost", "disruption")
    plans = all_plans(planner.read_scenario(path))
    true = pareto([(p["total"] - p["handover"], p["moved"]) for p in plans])
    got = [(round(p.cost, 4), round(p.values[0], 4)) for p in answer.points]
    assert got == true
    assert "Handover" not in answer.minimised


@pytest.mark.parametrize("seed", range(4))
def test_balance_finds_what_some_price_makes_best(seed: int, tmp_path: Path) -> None:
    """A price on what lies outside the bands: the convex part of the true set."""
    path = write_question(tmp_path / "in", seed)
    answer = found(path, tmp_path / "out", "cost", "balance")
    plans = all_plans(planner.read_scenario(path))
    true = pareto([(p["travel"], p["outside"]) for p in plans])
    got = [(p.cost, p.values[0]) for p in answer.points]
    for cost, outside in got:
        assert any(
            cost == pytest.approx(x, abs=0.05) and outside == pytest.approx(y, abs=1e-3)
            for x, y in true
        )
    convex = _lower_hull(true)
    assert len(got) >= len(convex)
    for row in answer.table.itertuples():  # no plan lies below the bound
        below = [x for x, y in true if y <= row.balance + 1e-3]
        assert row.bound <= min(below) + 0.05


def _lower_hull(points: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """Points of a convex curve, between its ends."""
    hull: list[tuple[float, ...]] = []
    for x, y in points:
        while len(hull) > 1:
            (a, b), (c, d) = hull[-2:]
            if (d - b) * (x - a) < (y - b) * (c - a):
                break
            hull.pop()
        hull.append((x, y))
    return hull


def test_three_axes(tmp_path: Path) -> None:
    """A grid, of which nothing that is dominated stays."""
    path = write_question(tmp_path / "in", 1, rules=HANDOVER)
    out = tmp_path / "out"
    answer = found(path, out, "travel", "deviation", "disruption", points=9)
    assert list(answer.table.columns[:4]) == [
        "plan",
        "travel",
        "deviation",
        "disruption",
    ]
    rows = answer.table[["travel", "deviation", "disruption"]].to_numpy().tolist()
    for one in rows:
        assert not any(
            other != one and all(a <= b for a, b in zip(other, one, strict=True))
            for other in rows
        )
    plans = all_plans(planner.read_scenario(path))
    true = pareto([(p["travel"], p["deviation"], p["moved"]) for p in plans])
    for point in answer.points:
        mine = (round(point.cost, 4), *(round(x, 4) for x in point.values))
        assert mine in true
    assert (out / "frontier.png").is_file()


def test_a_second_run_solves_nothing(tmp_path: Path) -> None:
    """All points are there, under the same names."""
    path = write_question(tmp_path / "in", 2)
    out = tmp_path / "out"
    first = found(path, out, "cost", "deviation")
    told: list[str] = []
    again = planner.frontier(
        path,
        ["cost", "deviation"],
        out,
        points=20,
        gap=0.0,
        run=Run(told=told.append),
    )
    pd.testing.assert_frame_equal(first.table, again.table)
    lines = [line for line in told if "gap" in line]
    assert lines
    assert all("solved before" in line for line in lines)


def test_a_hard_rule_is_traded_by_its_band(tmp_path: Path) -> None:
    """Nothing lies outside a hard band, so the axis is the deviation, and told."""
    rules = '[[balance]]\nmeasure = "value"\ntolerance = 0.5\nhard = true\n'
    path = write_question(tmp_path / "in", 0, rules=rules)
    told: list[str] = []
    planner.frontier(
        path, ["cost", "balance"], tmp_path / "out", points=4, run=Run(told=told.append)
    )
    assert any("balance[0] is hard" in line for line in told)


def test_dominated_points_and_knee() -> None:
    """Solved by hand: of equal points one stays, and the knee is the corner."""

    def point(cost: float, value: float) -> Point:
        return Point((1.0,), cost, (value,), cost, (0.0,), 0.0)

    corner = point(11.0, 1.0)
    rest = [point(10.0, 10.0), point(20.0, 0.0)]
    others = [point(12.0, 1.0), point(11.0, 2.0), point(11.0, 1.0)]
    best = not_dominated([corner, *rest, *others])
    assert [(p.cost, p.values[0]) for p in best] == [(10, 10), (11, 1), (20, 0)]
    assert knee_of(best) is corner
    assert knee_of(best[:2]) is None


def test_command(tmp_path: Path) -> None:
    """Table on stdout; what was minimised, knee and prices in words."""
    path = write_question(tmp_path / "in", 1)
    out = tmp_path / "out"
    args = ["frontier", path, "travel", "deviation", "-o", out, "--json"]
    done = CliRunner().invoke(main, [str(arg) for arg in args])
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)
    assert rows[0]["plan"] == "p01"
    assert {"travel", "deviation", "cost", "bound", "gap", "knee"} <= set(rows[0])
    assert "Minimised at each: Travel" in done.stderr
    assert "points of balance cost" in done.stderr
    assert (out / "p01" / "certificate.json").is_file()
    assert not [p for p in out.iterdir() if p.name.startswith("x")]


@pytest.mark.parametrize(
    ("axes", "said"),
    [
        (["travel"], "A frontier needs travel or cost"),
        (["balance", "disruption"], "A frontier needs travel or cost"),
        (["travel", "colour"], "No axis 'colour'"),
        (["travel", "balance.hours"], "there are: balance.value"),
        (["travel", "balance", "deviation"], "the same rule"),
    ],
)
def test_wrong_axes(tmp_path: Path, axes: list[str], said: str) -> None:
    """Each with the way out."""
    scenario = planner.read_scenario(write_question(tmp_path, 0))
    with pytest.raises(PlannerError, match=said):
        trade_of(scenario, axes)


def test_several_rules_of_balance_need_a_name(tmp_path: Path) -> None:
    """And the names are listed."""
    rules = '[[balance]]\nmeasure = "value"\n[[balance]]\nmeasure = "hours"\n'
    scenario = planner.read_scenario(write_question(tmp_path, 0, rules=rules))
    with pytest.raises(PlannerError, match=r"balance\.value, balance\.hours"):
        trade_of(scenario, ["travel", "balance"])
    assert trade_of(scenario, ["travel", "balance.hours"]).held[0].rule == 1


def test_a_notebook_shows_it(tmp_path: Path) -> None:
    """Chart, table and the knee; well-formed, and on its own style."""
    path = write_question(tmp_path / "in", 1)
    text = path.read_text("utf-8").replace('"Tiny"', '"Tiny <b>"')
    path.write_text(text, "utf-8")
    answer = found(path, tmp_path / "out", "travel", "deviation")
    shown = answer._repr_html_()
    tags = Tags(shown)
    assert tags.faults == []
    assert tags.open == []
    assert "Tiny &lt;b&gt;" in shown
    assert '<svg class="chart"' in shown
    for name in answer.table["plan"]:
        assert f">{name}" in shown
    assert not re.search(r"<style|<script", shown)
    assert repr(answer) == f"Frontier({len(answer.points)} plans: travel, deviation)"
