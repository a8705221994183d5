"""Frontier and curve of headcounts: read back, drawn, and told in words."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest
from report_case import report_data

from planner.errors import PlannerError
from planner.report import Numbers, read_frontier, read_headcount, report_page
from planner.report.curves import HEIGHT, WIDTH, headcount_chart, ticks, trade_chart
from planner.report.trade import frontier_shown, headcount_shown

NUMBERS = Numbers("en", "EUR")


def frontier(folder: Path, n: int = 12) -> Path:
    """Write a frontier of n plans; the fourth is the knee."""
    rows = [
        f"p{at:02d},{100 * 2**at},{16 * 0.5**at},{1000 + at},990,0.009,"
        f"{'yes' if at == 3 else 'no'},{at * 1.5 or ''}"
        for at in range(n)
    ]
    head = "plan,travel,balance,cost,bound,gap,knee,price"
    (folder / "frontier.csv").write_text("\n".join([head, *rows]), "utf-8")
    return folder


def curve(folder: Path) -> Path:
    """Write five headcounts: the first has no plan, the fourth costs least."""
    (folder / "curve.csv").write_text(
        "k,status,cost,bound,gap,travel,imbalance,opening,other,marginal_value\n"
        "1,infeasible,,10,,,,,,\n"
        "2,feasible,1200,1150,0.041667,1200,0,0,0,\n"
        "3,feasible,1050,960,0.085714,1050,0,0,0,150\n"
        "4,feasible,1000,980,0.02,1000,0,0,0,50\n"
        "5,feasible,1100,1010,0.081818,1100,0,0,0,-100\n",
        "utf-8",
    )
    return folder


def test_frontier_is_read_and_told(tmp_path: Path) -> None:
    """Axes are the columns between plan and cost; the knee and the plan are marked."""
    table = read_frontier(frontier(tmp_path), tmp_path / "p05")
    assert table.attrs["axes"] == ["travel", "balance"]
    shown = frontier_shown(table, NUMBERS)
    assert [at for at, strong in enumerate(shown.strong) if strong] == [3, 5]
    assert shown.rows[3][0] == "p03 ★"
    assert shown.rows[5][0] == "p05 (this plan)"
    assert "12 plans" in shown.words[0]
    assert "proven to within 0.90%" in shown.words[0]
    assert shown.words[2] == (
        "From p00 to p03: “Outside the bands, % of all” goes from 16.00 to 2.00, for "
        "€3 a year more."
    )
    assert all(len(row) == len(shown.head) for row in shown.rows)


def test_cost_may_be_an_axis_itself(tmp_path: Path) -> None:
    """Then it has one column, and stands in the table once."""
    (tmp_path / "frontier.csv").write_text(
        "plan,disruption,cost,bound,gap,knee,price\np01,20,100,99,0.01,no,\n"
        "p02,10,120,119,0.008,no,2\n",
        "utf-8",
    )
    table = read_frontier(tmp_path)
    assert table.attrs["axes"] == ["disruption", "cost"]
    shown = frontier_shown(table, NUMBERS)
    assert shown.head.count("Cost a year") == 1
    assert shown.strong == [False, False]
    assert "from 20.0 to 10.0, for €20 a year more" in shown.words[-1]


def test_totals_of_a_sweep_are_what_is_compared(tmp_path: Path) -> None:
    """Cost of reps and of handover belongs to a headcount; the bound moves along."""
    (tmp_path / "curve.csv").write_text(
        "k,plan,cost,bound,gap,rep_cost,total,capacity_use,marginal_value\n"
        "4,k4,100,95,0.05,40,140,0.9,\n5,k5,95,94,0.0105,50,145,0.8,-5\n",
        "utf-8",
    )
    table = read_headcount(tmp_path)
    assert table["bound"].tolist() == [135, 144]
    shown = headcount_shown(table, 5, NUMBERS)
    assert shown.words == [
        "Least cost: €140 a year with 4 reps (★).",
        "Proven: every other number costs more.",
    ]
    assert shown.rows[0][-3:] == ["€40", "90%", ""]


def test_headcounts_are_told_apart_only_where_that_is_proven(tmp_path: Path) -> None:
    """3 reps might cost 960; 2 and 5 cost more than 1,000 for sure."""
    table = read_headcount(curve(tmp_path))
    shown = headcount_shown(table, 3, NUMBERS)
    assert shown.words[0] == "Least cost: €1,000 a year with 4 reps (★)."
    assert shown.words[1].startswith("Not proven to cost more: 3.")
    assert shown.rows[0][1] == "no plan"
    assert shown.strong == [False, False, True, True, False]
    assert all(len(row) == len(shown.head) for row in shown.rows)


def test_both_are_in_the_page(tmp_path: Path) -> None:
    """Charts have a text, tables have headers."""
    data = replace(
        report_data(),
        frontier=read_frontier(frontier(tmp_path)),
        headcount=read_headcount(curve(tmp_path)),
    )
    page = report_page(data)
    assert page.count('<svg class="chart"') == 2
    assert "What can be traded for what" in page
    assert "How many reps" in page


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("plan,cost,bound,gap,knee\na,1,1,0,no\n", "no two axes"),
        ("plan,x,y,cost,bound,knee\na,1,1,1,1,no\n", "column gap is missing"),
        ("plan,x,y,cost,bound,gap,knee\na,1,?,1,1,0,no\n", "column y holds no number"),
    ],
)
def test_files_of_another_form_are_refused(
    tmp_path: Path, text: str, words: str
) -> None:
    """One sentence that says what is wrong."""
    (tmp_path / "frontier.csv").write_text(text, "utf-8")
    with pytest.raises(PlannerError, match=words):
        read_frontier(tmp_path)


def test_missing_files_are_named(tmp_path: Path) -> None:
    """The folder may be the wrong one."""
    with pytest.raises(PlannerError, match=r"frontier\.csv cannot be read"):
        read_frontier(tmp_path)
    with pytest.raises(PlannerError, match=r"curve\.csv cannot be read"):
        read_headcount(tmp_path)


@pytest.mark.parametrize(
    ("low", "high"), [(0, 4.2), (3.9e6, 4.1e6), (5, 5), (0, 0), (-120, 3), (0.1, 0.11)]
)
def test_ticks_cover_the_range(low: float, high: float) -> None:
    """And are few."""
    found = ticks(low, high)
    assert found[0] <= low + 1e-9
    assert found[-1] >= high - 1e-9
    assert 2 <= len(found) <= 7


def test_no_label_of_a_chart_hides_another() -> None:
    """Crowded plans lose their labels, not their legibility."""
    points = pd.DataFrame({"x": [float(at) for at in range(60)]})
    points["y"] = 60.0 - points["x"]
    points["title"], points["strong"] = "t", points["x"].eq(30)
    points["label"] = [f"plan {at}" for at in range(60)]
    chart = trade_chart(points, ["x", "y"], NUMBERS)
    told = [spot for spot in chart.spots if spot.label]
    assert "plan 30" in {spot.label for spot in told}
    boxes = [
        (
            spot.label_x,
            spot.label_y - 12,
            spot.label_x + 7 * len(spot.label),
            spot.label_y,
        )
        for spot in told
        if spot.anchor == "start"
    ]
    for one, other in combinations(boxes, 2):
        apart = one[0] >= other[2] or other[0] >= one[2]
        assert apart or one[1] >= other[3] or other[1] >= one[3]


def test_charts_stay_on_their_sheet() -> None:
    """Also with one plan, equal costs, or a single headcount."""
    one = pd.DataFrame({"x": [1.0], "y": [0.0], "title": "t", "label": "1"})
    chart = trade_chart(one.assign(strong=True), ["x", "y"], NUMBERS)
    assert all(0 <= spot.x <= WIDTH and 0 <= spot.y <= HEIGHT for spot in chart.spots)
    single = pd.DataFrame({"k": [5], "cost": [9.0], "bound": [9.0]})
    chart = headcount_chart(
        single.assign(marginal_value=float("nan")), ["k", "c", "m"], NUMBERS
    )
    assert chart.bars == []
    assert 0 <= chart.spots[0].y <= HEIGHT
