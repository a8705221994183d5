"""The sentence of each account says what is true."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small import ACCOUNTS, REPS, ROOMY

import planner
from planner.words import set_language
from tests.explanation.test_account import CAP, UNSKILLED, solved
from tests.test_edits import _solved

HANDOVER = "[handover]\nfixed = 9\n"


@pytest.mark.parametrize(
    ("rules", "tables", "account", "sentence"),
    [
        ("", {}, "a1", "Today's owner, and the nearest rep."),
        ("", {"accounts": ACCOUNTS.replace("r1,1", ",1")}, "a2", "Nearest rep that"),
        ("", {"accounts": ACCOUNTS}, "a1", "Only rep with imaging."),
        (
            "",
            {
                "accounts": ACCOUNTS,
                "reps": ROOMY.replace("novice,,", "novice,imaging,"),
            },
            "a1",
            "Nearest rep with imaging.",
        ),
        (
            HANDOVER,
            {"accounts": UNSKILLED.replace("a3,Gamma,r2", "a3,Gamma,r1")},
            "a3",
            "Stays with today's owner: a handover would cost 9.00 USD, r2 would save "
            "8.00 USD.",
        ),
        (CAP, {"reps": REPS}, "a2", "r1 would be 2.00 USD cheaper, but is full (hours"),
        (
            '[[pins]]\naccounts = ["a2"]\nreps = ["r2"]',
            {},
            "a2",
            "Pinned to r2 by pins[0].",
        ),
        (
            "[protect]\nwhere = [[{ column = 'value', at_least = 300 }]]",
            {},
            "a3",
            "Protected: stays with today's owner.",
        ),
        (
            '[[forbid]]\naccounts = ["a2"]\nreps = ["r1"]',
            {},
            "a2",
            "Only rep that may serve it.",
        ),
        (
            '[[together]]\ncolumn = "site"',
            {},
            "a2",
            "With its group g (site): Nearest rep that may serve it.",
        ),
        (
            "[leave_out]\nprice = 3",
            {},
            "a2",
            "Left out: this costs 3.00 USD; the cheapest rep, r1, would cost 4.00 USD.",
        ),
        (
            '[[limits]]\nmeasure = "accounts"\nlow = 2\nreps = ["r2"]',
            {},
            "a2",
            "r1 would be 2.00 USD cheaper, but r2 would have 1 too little accounts.",
        ),
        (
            '[[balance]]\nmeasure = "value"\ntolerance = 0.2\nprice = 5',
            {"accounts": UNSKILLED.replace("300", "500")},
            "a2",
            "Today's owner, and the nearest rep.",
        ),
        (
            '[[apart]]\ncolumn = "rival"',
            {},
            "a2",
            "r1 would be 2.00 USD cheaper, but rules on groups or rivals speak",
        ),
    ],
)
def test_each_kind_of_reason(
    rules: str, tables: dict[str, str], account: str, sentence: str
) -> None:
    """Counted with a pencil, see `small`."""
    assert solved(rules, **tables).reasons_by_account()[account].startswith(sentence)


def test_priced_balance_is_a_reason() -> None:
    """400, 200, 100 of 700: at r1, a2 would make 600 and 100 of 400 and 300."""
    rules = '[[balance]]\nmeasure = "value"\ntolerance = 0\nprice = 0.5\n'
    accounts = UNSKILLED.replace("10,300", "10,100").replace("10,100", "10,400", 1)
    found = solved(rules, accounts=accounts).reasons_by_account()
    assert found["a2"] == (
        "r1 would be 2.00 USD cheaper, but value would be less balanced, at 200 USD "
        "more."
    )


def test_folder_has_a_reason_for_each_account(tmp_path: Path) -> None:
    """The last column of plan.csv, in the language at that moment; verify holds."""
    solution = solved(CAP, reps=REPS)
    set_language("zh")
    solution.save(tmp_path / "plan", drawings=False)
    set_language("en")
    with (tmp_path / "plan" / "plan.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["account_id"]: row for row in csv.DictReader(file)}
    assert list(rows["a2"])[-1] == "reason"
    assert rows["a2"]["reason"] == "r1 可便宜 2.00 USD，但已满（工时：超出 10）。"
    assert rows["a1"]["reason"] == "现任负责人，也是最近的销售代表。"
    verdict = planner.verify(tmp_path / "plan")
    assert verdict.ok, str(verdict)
    again = planner.open_plan(tmp_path / "plan")
    assert again.reasons_by_account()["a1"] == "Today's owner, and the nearest rep."


@pytest.fixture(scope="module")
def large() -> planner.Solution:
    """Return a plan of 200 accounts, 8 reps, hours at 95 %, priced value band."""
    return _solved()


def test_numbers_in_reasons_are_counted_again(large: planner.Solution) -> None:
    """What is said to be cheaper is, by as much; what is full has no room."""
    found = large.reasons_by_account()
    pairs = large.compiled.pairs
    assert large.plan is not None
    own = large.plan.integer_costs.sum(axis=0) / pairs.cost_scale
    hours = large.tables.accounts["hours"].groupby(large.plan.owner).sum()
    pattern = r"(r\d) would be ([\d,.]+) USD cheaper, but is full \(hours: (\d+) too"
    cheaper = 0
    for at, (account, sentence) in enumerate(found.items()):
        if (match := re.match(pattern, sentence)) is None:
            continue
        cheaper += 1
        rep = pairs.reps.index.get_loc(match[1])
        there = pairs.price(np.array([at]), np.array([rep])).cost.sum()
        saved = own[at] - there / pairs.cost_scale
        assert saved == pytest.approx(float(match[2].replace(",", "")), abs=0.5)
        load = hours[match[1]] + large.tables.accounts["hours"][account]
        assert load - large.tables.reps["capacity"][match[1]] == int(match[3])
    assert cheaper > 5
    nearest = found[found.str.startswith("Nearest")].index
    rows = large.tables.accounts.index.get_indexer(nearest)
    km = pairs.distances(rows[:, None], np.arange(8)[None])[0]
    chosen = large.plan.rep_of[rows]
    assert (km[np.arange(len(rows)), chosen] == km.min(axis=1)).all()


def test_few_arcs_held_tell_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only promising pairs are held, all others are looked up."""
    monkeypatch.setattr("planner.compile.SPARSE_PAIRS", 100)
    monkeypatch.setattr("planner.compile.HELD", 2)
    monkeypatch.setattr("planner.solvers.dual.HELD_ARCS", 2)
    few = _solved()
    monkeypatch.undo()
    assert few.compiled.problem.source is not None
    few_said = few.reasons_by_account()
    assert few.plan is not None
    whole = planner.solve(
        few.scenario.with_solve(time_limit=0.6),
        accounts=few.tables.accounts.reset_index(),
        reps=few.tables.reps.reset_index(),
        warm_start=few.plan.owner,
    )
    if whole.plan is not None and (whole.plan.owner == few.plan.owner).all():
        pd.testing.assert_series_equal(whole.reasons_by_account(), few_said)
