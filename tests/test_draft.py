"""Edits by hand: counted like a plan, taken back to the letter, safe on the disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import planner
from planner.draft import FREE, LOCKED, Draft
from planner.errors import PlannerError
from planner.problem import evaluate
from tests.test_edits import _solved, another_rep


@pytest.fixture(scope="module")
def solved() -> planner.Solution:
    """Two hundred accounts, eight reps, hard hours, a priced band, a group of six."""
    return _solved()


def _counts_right(draft: Draft) -> None:
    """Figures are those of the problem itself, wherever all pairs are eligible."""
    arcs = draft.problem.arcs_of_or_none(draft.rep_of)
    assert arcs is not None
    counted, figures = evaluate(draft.problem, arcs), draft.figures()
    assert figures.cost == pytest.approx(counted.cost / draft.problem.cost_scale)
    assert len(figures.breaches) == len(counted.breaches)


def test_an_untouched_draft_is_the_plan(solved: planner.Solution) -> None:
    """Same cost, nothing changed, nothing broken."""
    figures = Draft(solved).figures()
    assert figures.cost == pytest.approx(solved.cost)
    assert (figures.changed, figures.breaches) == (0, ())
    assert figures.travel_km == pytest.approx(solved.metrics.totals["travel_km"])
    assert figures.loads["hours"].to_list() == pytest.approx(
        solved.metrics.reps["load_hours"].to_list()
    )


def test_a_group_moves_together(solved: planner.Solution) -> None:
    """Six accounts stay together: one is moved, six go."""
    draft = Draft(solved)
    assert draft.move(["a0"], another_rep(solved, "a0")) == 6
    assert draft.owner[[f"a{i}" for i in range(6)]].nunique() == 1
    assert draft.figures().changed == 6
    _counts_right(draft)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("move"), st.integers(0, 199), st.integers(0, 7)),
            st.tuples(st.just("lock"), st.integers(0, 199), st.just(0)),
            st.tuples(st.sampled_from(["undo", "redo"]), st.just(0), st.just(0)),
        ),
        max_size=25,
    )
)
def test_any_course_of_edits(
    solved: planner.Solution, tmp_path_factory: pytest.TempPathFactory, deeds: list
) -> None:
    """Counted right at the end; done again from the log; taken back to the plan."""
    log = tmp_path_factory.mktemp("draft") / "log.jsonl"
    draft = Draft(solved, log)
    for deed, account, rep in deeds:
        if deed == "move":
            draft.move([f"a{account}"], f"r{rep}", by="me")
        elif deed == "lock":
            draft.mark([f"a{account}"], "lock")
        else:
            getattr(draft, deed)()
    _counts_right(draft)
    again = Draft(solved, log)
    assert (again.rep_of == draft.rep_of).all()
    assert (again.marks == draft.marks).all()
    assert again.actions == draft.actions
    while again.can_undo:
        again.undo()
    assert (again.rep_of == again.before).all()
    assert (again.marks == FREE).all()


def test_breaches_have_their_size(solved: planner.Solution) -> None:
    """All accounts to one rep: hours over the cap by what is too much."""
    draft = Draft(solved)
    draft.move(list(draft.owner.index), "r0")
    hours = solved.tables.accounts["hours"].sum()
    capacity = solved.tables.reps.loc["r0", "capacity"]
    (breach,) = draft.figures().breaches
    assert (breach.who, breach.amount) == ("r0", pytest.approx(hours - capacity))
    assert draft.figures().loads.loc["r0", "high hours"] == capacity


def test_pins_are_what_was_decided(solved: planner.Solution) -> None:
    """Moved and locked accounts hold; each unit by its first account."""
    draft = Draft(solved)
    assert solved.plan is not None
    other = another_rep(solved, "a20")
    draft.move(["a20"], other)
    draft.mark(["a30", "a3"], "lock")
    owner = solved.plan.owner
    assert draft.pins == {"a20": other, "a30": owner["a30"], "a0": owner["a0"]}
    assert draft.marks[draft.unit_of[30]] == LOCKED
    draft.mark(["a30"], "free")
    assert "a30" not in draft.pins


def test_a_line_that_was_cut_off_never_happened(
    solved: planner.Solution, tmp_path: Path
) -> None:
    """Killed in mid-writing: what was confirmed stays, and editing goes on."""
    log = tmp_path / "log.jsonl"
    draft = Draft(solved, log)
    draft.move(["a20"], another_rep(solved, "a20"))
    whole = log.read_bytes()
    for cut in range(1, len(whole)):
        log.write_bytes(whole + whole[:cut])
        again = Draft(solved, log)
        assert (again.rep_of == draft.rep_of).all()
        assert log.read_bytes() == whole
    again.undo()
    assert not Draft(solved, log).can_undo


@pytest.mark.parametrize(
    "line", ["{}", "[]", '{"do": "move", "ids": ["zz"], "rep": "", "by": "", "at": ""}']
)
def test_a_strange_log_is_named(
    solved: planner.Solution, tmp_path: Path, line: str
) -> None:
    """File and line; nothing is thrown away."""
    log = tmp_path / "log.jsonl"
    log.write_text(line + "\n", "utf-8")
    with pytest.raises(PlannerError, match=r"log\.jsonl, line 1: is no edit"):
        Draft(solved, log)
    assert log.read_text("utf-8") == line + "\n"


def test_who_is_not_there_is_named(solved: planner.Solution) -> None:
    """Unknown accounts and reps are refused before anything is written."""
    draft = Draft(solved)
    with pytest.raises(PlannerError, match="no account zz"):
        draft.move(["zz"], "r0")
    with pytest.raises(PlannerError, match="no rep r99"):
        draft.move(["a0"], "r99")
    assert draft.version == 0
    assert np.array_equal(draft.rep_of, draft.before)
