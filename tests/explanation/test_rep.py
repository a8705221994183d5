"""Portfolios explained, and who could take or give what."""

from __future__ import annotations

import numpy as np
import pytest
from small import ACCOUNTS

import planner
from planner.explanation import RepExplanation
from planner.explanation.effects import alone
from planner.explanation.known import Known
from planner.explanation.rep import explain_rep
from planner.explanation.telling_rep import rep_lines
from tests.explanation.test_account import CAP, REPS, solved
from tests.test_edits import _solved


@pytest.fixture(scope="module")
def large() -> planner.Solution:
    """Return a plan of 200 accounts, 8 reps, hours at 95 %, priced value band."""
    return _solved()


def test_portfolio_is_counted() -> None:
    """r2 has 30 h: it keeps a3, gains a2 from r1, and costs 6 + 2."""
    found = planner.explain(solved(CAP, reps=REPS), rep="r2")
    assert isinstance(found, RepExplanation)
    assert (found.accounts, found.value, found.loads) == (2, 500.0, {"hours": 20.0})
    assert found.terms == {"travel": 8.0}
    assert found.travel_share == found.usual_travel_share == 1.0
    assert (found.kept.accounts, found.kept.value) == (1, 300.0)
    assert [(c.rep, c.accounts, c.value) for c in found.gained] == [("r1", 1, 200.0)]
    assert found.lost == ()
    assert [(n.rep, n.accounts) for n in found.neighbours] == [("r1", 2)]
    said = "\n".join(rep_lines(found, "out", "USD"))
    assert "r2 (Bob) serves 2 accounts with a value of 500." in said
    assert "r2: hours 20, at most 30 (limits[0]/r2)." in said
    assert "It gains 1 (value 200) from r1 1." in said
    assert "Own cost of its accounts: 8.00 USD (travel 8.00)." in said
    assert "- a2 (Beta), r2 > r1: about" in said
    assert "alone it would break limits[0]/r1 by 10." in said
    assert "planner explain out a2 --to r1" in said
    lost = planner.explain(solved(CAP, reps=REPS), rep="r1")
    assert "It loses 1 (value 200) to r2 1." in "\n".join(rep_lines(lost, "out", "USD"))


def test_receivers_and_givers_mirror_each_other() -> None:
    """a1 and a2 could go to r2 for 6.00 and 2.00, a3 to r1 for 8.00."""
    solution = solved()
    found = planner.best_receivers(solution, ["a1", "a2", "a3"])
    assert found[["account", "to_rep", "alone", "breaks"]].to_numpy().tolist() == [
        ["a1", "r2", 6.0, ""],
        ["a2", "r2", 2.0, ""],
        ["a3", "r1", 8.0, ""],
    ]
    taken = planner.best_accounts_for(solution, "r2")
    assert taken["account"].tolist() == ["a2", "a1"]
    assert taken["estimate"].tolist() == [2.0, 6.0]


def test_who_has_no_receiver_has_no_row() -> None:
    """Only r1 has the skill that a1 needs."""
    found = planner.best_receivers(solved(accounts=ACCOUNTS), ["a1", "a2"])
    assert found["account"].tolist() == ["a2"]


def test_effects_alone_are_those_of_the_whole_plan(large: planner.Solution) -> None:
    """What is counted row by row for many moves is what the whole plan says."""
    known = Known(large)
    accounts = list(large.tables.accounts.index[::7])
    found = planner.best_receivers(large, accounts, each=4)
    assert len(found) == 4 * len(accounts)
    for one in found.itertuples():
        whole = alone(known, known.unit(one.account), known.rep(one.to_rep))
        assert whole is not None
        assert whole.change == pytest.approx(one.alone)
        assert bool(whole.breaks) == bool(one.breaks)
        if one.breaks:
            assert max(b.by for b in whole.breaks) == pytest.approx(one.by)
    order = found.groupby("account", sort=False)["estimate"]
    assert all(np.all(np.diff(each) >= 0) for _account, each in order)


def test_estimates_agree_in_both_directions(large: planner.Solution) -> None:
    """The best account for a rep has the estimate that it has among receivers."""
    taken = planner.best_accounts_for(large, "r3", most=5)
    assert (taken["to_rep"] == "r3").all()
    back = planner.best_receivers(large, taken["account"], each=8)
    for one in taken.itertuples():
        same = back[(back["account"] == one.account) & (back["to_rep"] == "r3")]
        assert same["estimate"].item() == pytest.approx(one.estimate)


def test_every_rep_is_told(large: planner.Solution) -> None:
    """Loads add up to the whole, and nothing is said of what is not there."""
    known = Known(large)
    found = [explain_rep(known, rep) for rep in large.tables.reps.index]
    assert sum(one.accounts for one in found) == 200
    hours = sum(one.loads["hours"] for one in found)
    assert hours == large.tables.accounts["hours"].sum()
    for one in found:
        assert one.lost == ()  # nobody owns anything today
        assert sum(n.accounts for n in one.neighbours) <= one.accounts
        assert rep_lines(one, "out", "EUR")
