"""Solutions and verdicts as a notebook shows them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import small
from report_case import EVIL, Tags, report_data

import planner
from planner.embedded import DEMOS
from planner.evaluate.verdict import Check, Verdict
from planner.report import card
from planner.report.card import MOST_PATHS, _small_map
from planner.reporting import PlanView
from planner.solution import Solution
from planner.tables import load_tables, planning_rows
from planner.words import set_language


def solved(rules: str) -> Solution:
    """Solve the question of three accounts under some rules."""
    scenario, _tables = small.question(rules)
    frames = {"accounts": small.ACCOUNTS, "reps": small.REPS}
    given = {name: small._frame(text) for name, text in frames.items()}
    distances = small._frame(small.DISTANCES)
    return planner.solve(scenario, **given, distances=distances, time_limit_s=5)


def test_card_has_figures_and_map_and_is_well_formed() -> None:
    """It must not break the notebook around it."""
    text = card(report_data())
    tags = Tags(text)
    assert tags.faults == []
    assert tags.open == []
    assert "Saves €250 a year against today" in text
    assert '<svg class="territories"' in text
    assert "<img" not in text
    assert EVIL.replace("<", "&lt;").replace(">", "&gt;") in text
    assert not re.search(r"<style|<script|class=\"tiles|url\(", text)


def test_card_follows_the_language() -> None:
    """As everything else does."""
    set_language("zh")
    assert "与现状相比每年节省" in card(replace(report_data(), language="zh"))


def test_solution_shows_itself() -> None:
    """Without places there is no map, but there are figures."""
    solution = solved("")
    assert repr(solution) == (
        "Solution(status='optimal', cost=8.00, bound=8.00, gap=0.0000%)"
    )
    text = solution._repr_html_()
    assert "Cost a year" in text
    assert "Proven best" in text
    assert len(text) < 200_000


def test_no_plan_shows_its_reasons() -> None:
    """A status is an answer, too."""
    text = solved('[[limits]]\nmeasure = "accounts"\nhigh = 1')._repr_html_()
    assert "No plan: infeasible." in text
    assert "<li>" in text


@pytest.mark.parametrize("country", DEMOS)
def test_maps_of_the_demos_stay_small(country: str) -> None:
    """Notebooks are kept with their outputs."""
    scenario = planner.read_scenario(planner.demo_scenario(country))
    tables = load_tables(scenario, scenario.base)
    rows = planning_rows(tables, scenario)
    owner = rows["owner"].where(
        rows["owner"].isin(tables.reps.index), tables.reps.index[0]
    )
    view = PlanView(scenario, tables, owner, {"gap": 0.1, "cost": 1, "cost_scale": 1})
    layers = view.layers()
    assert layers is not None
    data = replace(
        report_data(),
        loads=view.loads,
        measures=report_data().measures.iloc[:0],
        territories=layers["territories"],
        accounts=layers["accounts"],
        outline=layers["outline"],
        areas=layers.get("areas"),
    )
    drawing = _small_map(data)
    assert drawing is not None
    assert 0 < drawing.size <= MOST_PATHS
    assert len(card(data)) < 200_000


def test_verdict_shows_itself() -> None:
    """Marks, names and details; what a stranger wrote is text."""
    verdict = Verdict(False, (Check("seal", True, "fine"), Check("plan", False, EVIL)))
    text = verdict._repr_html_()
    assert "✓ seal" in text
    assert "✗ plan" in text
    assert "1 of 2 checks failed" in text
    assert "<img" not in text
