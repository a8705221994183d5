"""Decisions on proposed changes: read, solved around, kept, judged."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from eight import frames, scenario
from tiles import asked, one_each, tiles

import planner
from planner.certificate import seal
from planner.changes import write_changes
from planner.decisions import kept_decisions
from planner.errors import PlannerError, TableError
from planner.evaluate.folder import read_csv
from planner.problem import evaluate
from planner.solution import Solution
from planner.workspace import _sha256


def solved(**rules: Any) -> Solution:
    """The plan of eight accounts and three reps, proven best."""
    extra = {
        name: rules.pop(name) for name in list(rules) if name in ("accounts", "reps")
    }
    tables = frames()
    for name, columns in extra.items():
        tables[name] = tables[name].assign(**columns)
    return planner.solve(scenario(solve={"time_limit": 5}, **rules), **tables)


@pytest.fixture(scope="module")
def plan() -> Solution:
    return solved()


def decided(solution: Solution, **words: str) -> pd.DataFrame:
    """The change list with decisions on some accounts; others get a row, too."""
    found = solution.changes().reset_index()
    found["decision"] = found["account_id"].map(words).fillna("")
    return found


def owner(solution: Solution) -> dict[str, str]:
    assert solution.plan is not None
    return {str(one): rep for one, rep in solution.plan.owner.items()}


def faults(solution: Solution, table: pd.DataFrame | Path) -> list[str]:
    with pytest.raises(TableError, match="fault") as raised:
        planner.resolve(solution, decisions=table)
    return [str(fault) for fault in raised.value.faults]


def passes(solution: Solution, folder: Path) -> bool:
    solution.save(folder, drawings=False)
    verdict = planner.verify(folder)
    assert verdict.ok, str(verdict)
    return True


# ---- what holds ----------------------------------------------------------------------


def test_rejected_go_back_and_accepted_stay(plan: Solution, tmp_path: Path) -> None:
    changes = plan.changes()
    back, stay = changes.index[0], changes.index[1]
    table = decided(plan, **{back: "reject", stay: "accept"})
    table.loc[table["account_id"] == back, "comment"] = "=never, he is her uncle"
    after = planner.resolve(plan, decisions=table)
    now = owner(after)
    assert now[back] == changes.loc[back, "from_rep"]
    assert now[stay] == changes.loc[stay, "to_rep"]
    assert after.cost >= plan.cost
    assert passes(after, tmp_path / "new")
    kept = kept_decisions(tmp_path / "new")
    assert kept is not None
    assert kept.loc[back, "decision"] == "reject"
    assert kept.loc[back, "comment"] == "=never, he is her uncle"
    cells = read_csv(tmp_path / "new" / "decisions.csv", ())
    assert "'=never, he is her uncle" in cells["comment"]


def test_the_same_decisions_again_change_nothing(
    plan: Solution, tmp_path: Path
) -> None:
    """Plan, scenario and certificate stay; from the folder as from the solution."""
    changes = plan.changes()
    table = decided(plan, **{changes.index[0]: "reject", changes.index[1]: "accept"})
    after = planner.resolve(plan, decisions=table)
    again = planner.resolve(after, decisions=table)
    assert owner(again) == owner(after)
    assert again.scenario is after.scenario
    after.save(tmp_path / "one", drawings=False)
    reopened = planner.resolve(planner.open_plan(tmp_path / "one"), decisions=table)
    reopened.save(tmp_path / "two", drawings=False)
    for name in (
        "plan.csv",
        "decisions.csv",
        "inputs/scenario.toml",
        "certificate.json",
    ):
        one, two = tmp_path / "one" / name, tmp_path / "two" / name
        assert one.read_bytes() == two.read_bytes(), name


def test_accepting_what_is_proposed_changes_nothing(tmp_path: Path) -> None:
    """Even where a better plan is to be had: the others were not asked."""
    first = solved()
    poor = planner.resolve(first, pins={"A1": "R2"}, time_limit_s=2)
    free = planner.resolve(first, pins={}, time_limit_s=2)
    assert poor.plan is not None
    assert poor.cost > free.cost
    as_it_is = Solution(  # the poorer plan, offered for the question without the pin
        first.scenario,
        first.tables,
        first.compiled,
        _with_owner(first, poor),
        type(poor.plan)(first.compiled, poor.plan.rep_of),
    )
    changes = as_it_is.changes()
    assert "A1" in changes.index
    other = next(one for one in changes.index if one != "A1")
    table = decided(as_it_is, **{other: "accept"})
    after = planner.resolve(as_it_is, decisions=table)
    assert owner(after) == owner(as_it_is)
    assert after.cost == pytest.approx(as_it_is.cost)
    assert after.bound <= after.cost
    assert passes(after, tmp_path / "new")


def _with_owner(solution: Solution, other: Solution) -> Any:
    from dataclasses import replace

    problem = solution.compiled.problem
    rep_of = other.compiled.problem.rep[other.result.arcs].astype(np.intp)
    arcs = problem.arcs_of(rep_of)
    cost = evaluate(problem, arcs).cost
    status = planner.Status.FEASIBLE
    return replace(solution.result, arcs=arcs, cost=cost, status=status)


def test_decisions_of_earlier_runs_hold_on_until_lifted(plan: Solution) -> None:
    changes = plan.changes()
    back, other = changes.index[0], changes.index[1]
    once = planner.resolve(plan, decisions=decided(plan, **{back: "reject"}))
    row = {"account_id": [other], "decision": ["accept"]}
    twice = planner.resolve(once, decisions=pd.DataFrame(row))
    assert twice.decisions is not None
    assert owner(twice)[back] == changes.loc[back, "from_rep"]
    assert set(twice.decisions.index) == {back, other}
    lifted = planner.resolve(
        twice, decisions=pd.DataFrame({"account_id": [back], "decision": [""]})
    )
    assert lifted.decisions is not None
    assert set(lifted.decisions.index) == {other}
    alone = planner.resolve(plan, decisions=twice.decisions.loc[[other]])
    assert lifted.cost == pytest.approx(alone.cost)
    pins = [pin for pin in lifted.scenario.pins if pin.decision]
    assert [pin.accounts for pin in pins] == [[other]]


def test_accepting_another_rep_gives_it_to_that_one(plan: Solution) -> None:
    """to_rep may be changed by hand."""
    table = pd.DataFrame(
        {"account_id": ["A2"], "to_rep": ["R2"], "decision": ["Accept "]}
    )
    assert owner(planner.resolve(plan, decisions=table))["A2"] == "R2"


def test_every_single_decision_against_brute_force() -> None:
    """The plan around a decision is as good as the best of all 3^8 plans with it."""
    first = solved()
    problem = first.compiled.problem
    options = [range(problem.start[u], problem.start[u + 1]) for u in range(problem.n)]
    best: dict[tuple[int, int], float] = {}
    for arcs in itertools.product(*options):
        outcome = evaluate(problem, np.array(arcs))
        if outcome.feasible:
            for unit, arc in enumerate(arcs):
                key = (unit, int(problem.rep[arc]))
                best[key] = min(best.get(key, np.inf), outcome.cost)
    assert len(best) > 12
    for unit, one in enumerate(problem.unit_ids):
        for rep, name in enumerate(problem.rep_ids):
            row = {"account_id": [one], "to_rep": [name], "decision": ["accept"]}
            after = planner.resolve(first, decisions=pd.DataFrame(row), time_limit_s=5)
            known = best.get((unit, rep))
            if known is None:
                assert after.status is planner.Status.INFEASIBLE, (one, name)
            else:
                assert after.result.cost == known, (one, name)


def test_left_out_can_be_accepted(tmp_path: Path) -> None:
    """Where leaving out is allowed, nobody is a decision like any other."""
    first = solved(leave_out={"price": 1}, budgets=[])
    assert "" in owner(first).values()
    changes = first.changes()
    out = changes.index[(changes["to_rep"] == "").to_numpy()][0]
    after = planner.resolve(first, decisions=decided(first, **{out: "accept"}))
    assert owner(after)[out] == ""
    assert passes(after, tmp_path / "new")
    pins = planner.open_plan(tmp_path / "new").scenario.pins
    assert pins == after.scenario.pins
    assert pins[0].reps == []
    served = planner.resolve(first, decisions=decided(first, **{out: "reject"}))
    assert owner(served)[out] == changes.loc[out, "from_rep"]


def test_a_pinned_account_may_be_farther_than_allowed() -> None:
    """As with any pin, the owner of a rejected change may live beyond max_km."""
    rules = {"travel": {"max_km": 30, "cost_per_km": 1, "circuity": 1}, "limits": []}
    first = solved(**rules, budgets=[], accounts={"owner": "R2"})
    changes = first.changes()
    assert changes.loc["A0", "from_rep"] == "R2"
    assert changes.loc["A0", "reason"] == "Nearest rep that may serve it."
    after = planner.resolve(first, decisions=decided(first, A0="reject"))
    assert owner(after)["A0"] == "R2"


def test_regions_are_decided_like_accounts(tmp_path: Path) -> None:
    regions = tiles(2, 2, owner=["T02", "T02", "T01", "T01"])
    rules = '[[pins]]\nregions = ["r00"]\nreps = ["T01"]\n'
    first = planner.solve(
        asked(rules + "[areas]\ncontiguous = false\n", reps=2, seconds=0.5),
        accounts=one_each(regions),
        regions=regions,
    )
    row = {"account_id": ["region:r11"], "to_rep": ["T02"], "decision": ["accept"]}
    after = planner.resolve(first, decisions=pd.DataFrame(row))
    assert after.plan is not None
    assert after.plan.owner_of_region("r11") == "T02"
    assert after.plan.owner["a3"] == "T02"
    assert passes(after, tmp_path / "new")
    said = faults(
        after,
        pd.DataFrame(
            {
                "account_id": ["a3"],
                "to_rep": ["T01"],
                "decision": ["accept"],
            }
        ),
    )
    assert said == [
        "decisions, row 2, column decision = 'accept': it shares a rep with "
        "region:r11, which is decided for T02. Decide on both alike, or leave one of "
        "them empty."
    ]


def test_on_a_map_nothing_moves_in_vain(tmp_path: Path) -> None:
    """No single other region can go back without higher cost or a broken rule."""
    regions = tiles(4, 4)
    rules = (
        '[[balance]]\nmeasure = "accounts"\ntolerance = 0.4\nhard = true\n'
        '[areas.compactness]\nmeasure = "accounts"\nprice = 1.0\n'
    )
    first = planner.solve(
        asked(rules, seconds=0.5), accounts=one_each(regions), regions=regions
    )
    assert first.plan is not None
    rep = next(r for r in ("T01", "T02") if r != first.plan.regions["r11"])
    row = {"account_id": ["region:r11"], "to_rep": [rep], "decision": ["accept"]}
    after = planner.resolve(first, decisions=pd.DataFrame(row), time_limit_s=0.5)
    assert passes(after, tmp_path / "new")
    problem, arcs = after.compiled.problem, after.result.arcs
    assert arcs is not None
    before = first.compiled.problem.rep[first.result.arcs]
    for unit in np.flatnonzero(problem.rep[arcs] != before).tolist():
        if problem.unit_ids[unit] == "region:r11":
            continue
        trial = problem.rep[arcs].astype(np.intp)
        trial[unit] = before[unit]
        outcome = evaluate(problem, problem.arcs_of(trial))
        assert not outcome.feasible or outcome.cost > after.result.cost


@pytest.mark.parametrize("seed", range(12))
def test_random_decisions_again_change_nothing(seed: int, tmp_path: Path) -> None:
    """Whatever is decided: it holds, the judge agrees, and again nothing changes."""
    rng = np.random.default_rng(seed)
    first = solved(budgets=[], leave_out={"price": 40})
    found = first.changes()
    words = rng.choice(["accept", "reject", ""], len(found))
    table = decided(first, **dict(zip(found.index, words, strict=True)))
    table.loc[
        (table["from_rep"] == "") & (table["decision"] == "reject"), "decision"
    ] = ""
    after = planner.resolve(first, decisions=table, time_limit_s=3)
    if after.plan is None:
        assert after.reasons
        return
    for row in table.itertuples():
        fixed = {"accept": row.to_rep, "reject": row.from_rep}.get(row.decision)
        assert fixed is None or owner(after)[row.account_id] == fixed
    assert passes(after, tmp_path / "one")
    again = planner.resolve(planner.open_plan(tmp_path / "one"), decisions=table)
    assert owner(again) == owner(after)
    assert passes(again, tmp_path / "two")


# ---- faults --------------------------------------------------------------------------


def test_every_fault_is_named_at_once(plan: Solution, tmp_path: Path) -> None:
    """Row, column, value, rule, remedy; a list as people hand it back."""
    path = tmp_path / "back.csv"
    path.write_text(
        "account_id;from_rep;to_rep;decision;comment\n"
        "A0;R0;R1;acept;\n"
        "A0;R0;R1;accept;\n"
        "A99;R0;R1;accept;\n"
        "1,2E+18;;;;kept\n"
        "A2;R1;R9;accept;\n"
        "A3;gone;R1;reject;\n"
        "A5;;R1;reject;\n"
        "A7;R0;;accept;\n",
        "utf-8",
    )
    file = str(path)
    assert faults(plan, path) == [
        f"{file}, row 2, column decision = 'acept': accept, reject or nothing is "
        "expected. Did you mean 'accept'?",
        f"{file}, row 3, column account_id = 'A0': the account occurs more than once; "
        "this is not its first row. Remove one of the rows.",
        f"{file}, row 4, column account_id = 'A99': the plan has no such account. "
        "There are these accounts: 'A0', 'A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A7'.",
        f"{file}, row 5, column account_id = '1,2E+18': the plan has no such account. "
        "A spreadsheet has cut off digits: open the list with this column as text, or "
        "use .xlsx.",
    ]
    text = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([text[0], *text[5:]]) + "\n", "utf-8")
    assert faults(plan, path) == [
        f"{file}, row 2, column to_rep = 'R9': the plan has no such rep. There are "
        "these reps: 'R0', 'R1', 'R2'.",
        f"{file}, row 3, column from_rep = 'gone': gone is not among the reps (any "
        "more). Leave the decision empty, or name another rep in to_rep and accept.",
        f"{file}, row 4, column from_rep = '': it had no rep before, so there is none "
        "to give it back to. Leave the decision empty, or name another rep in to_rep "
        "and accept.",
        f"{file}, row 5, column to_rep = '': the scenario has no leave_out, so each "
        "account needs a rep. Name a rep in to_rep, or leave the decision empty.",
    ]


def test_a_table_without_its_columns(plan: Solution, tmp_path: Path) -> None:
    path = tmp_path / "back.csv"
    path.write_text("account,Decision\nA0,accept\n", "utf-8")
    assert faults(plan, path) == [
        f"{path}, column account_id: the table needs a column of this name. Did you "
        "mean 'account'?"
    ]
    (said,) = faults(plan, tmp_path / "none.csv")
    assert "the table cannot be read" in said


@pytest.mark.parametrize(
    ("rules", "table", "said"),
    [
        (
            {
                "accounts": {"skills": ["imaging:2", *[""] * 7]},
                "reps": {"skills": ["imaging:2", "imaging:2", ""]},
            },
            {"A0": "R2"},
            "R2 may not serve it: lacks the skill imaging:2",
        ),
        (
            {"pins": [{"accounts": ["A0"], "reps": ["R0", "R1"]}]},
            {"A0": "R2"},
            r"R2 may not serve it: pins\[0\] names other reps",
        ),
        (
            {"forbid": [{"accounts": ["A0"], "reps": ["R2"]}]},
            {"A0": "R2"},
            r"R2 may not serve it: forbid\[0\] forbids the pair",
        ),
        (
            {"accounts": {"protected": ["yes", *["no"] * 7]}},
            {"A0": "R2"},
            "R2 may not serve it: it is protected and stays with R0",
        ),
        (
            {
                "accounts": {"grade": "A"},
                "reps": {"grade": ["s", "s", "j"]},
                "fit": {"A": {"j": "never"}},
                "limits": [],
            },
            {"A0": "R2"},
            "fit says never for grade A and j",
        ),
        (
            {
                "together": [{"column": "site"}],
                "accounts": {"skills": ["", "", "", "cold", *[""] * 4]},
                "reps": {"skills": ["cold", "cold", ""]},
            },
            {"A0": "R2"},
            "R2 may not serve A3, which goes with it: lacks the skill cold",
        ),
        (
            {"together": [{"column": "site"}]},
            {"A0": "R0", "A3": "R1"},
            "it shares a rep with A0, which is decided for R0. Decide on both alike",
        ),
        (
            {"apart": [{"column": "site"}], "together": []},
            {"A0": "R0", "A3": "R0"},
            "it is kept apart from A0, decided for the same rep",
        ),
        (
            {"limits": [{"measure": "hours", "high": 5, "reps": ["R2"]}]},
            {"A1": "R2"},
            r"limits\[0\]/R2 allows 5 hours, it takes 6",
        ),
    ],
)
def test_decisions_that_no_plan_can_keep_alone(
    rules: dict[str, Any], table: dict[str, str], said: str
) -> None:
    """Each with the rule that stands in the way, and a remedy."""
    first = solved(**{"budgets": [], **rules})
    assert first.plan is not None
    frame = pd.DataFrame(
        {
            "account_id": list(table),
            "to_rep": list(table.values()),
            "decision": "accept",
        }
    )
    with pytest.raises(TableError, match=said):
        planner.resolve(first, decisions=frame)


def test_an_earlier_decision_can_be_at_fault(plan: Solution) -> None:
    """Its row is not in this file, so it is named by its id."""
    first = solved(apart=[{"column": "site"}], together=[], budgets=[])
    one = pd.DataFrame({"account_id": ["A3"], "to_rep": ["R0"], "decision": ["accept"]})
    after = planner.resolve(first, decisions=one)
    two = pd.DataFrame({"account_id": ["A0"], "to_rep": ["R0"], "decision": ["accept"]})
    (said,) = faults(after, two)
    assert "kept apart from" in said


def test_decisions_that_contradict_together(plan: Solution) -> None:
    """Twelve hours of R0 cannot take A0, A1 and A6; the sentence names them."""
    frame = pd.DataFrame(
        {"account_id": ["A0", "A1", "A6"], "to_rep": "R0", "decision": "accept"}
    )
    after = planner.resolve(plan, decisions=frame)
    assert after.status is planner.Status.INFEASIBLE
    assert after.decisions is not None
    assert after.reasons[0] == (
        "limits[0]/R0: with these decisions at least 16 hours, and 12 are allowed. "
        "Decided into it: A1 (6), A6 (6), A0 (4). Clear some of these decisions, or "
        "raise the limit."
    )


def test_decisions_that_starve_a_rep() -> None:
    limits = [{"measure": "accounts", "low": 2, "reps": ["R2"]}]
    first = solved(limits=limits, budgets=[])
    frame = pd.DataFrame(
        {
            "account_id": [f"A{i}" for i in range(7)],
            "to_rep": "R0",
            "decision": "accept",
        }
    )
    after = planner.resolve(first, decisions=frame)
    assert after.reasons[0].startswith(
        "limits[0]/R2: with these decisions at most 1 accounts, and 2 are asked for. "
        "Decided away: A0, A1, A2, A3, A4, ..."
    )


def test_nothing_to_edit(plan: Solution) -> None:
    with pytest.raises(PlannerError, match="Nothing to edit: give pins or decisions"):
        planner.resolve(plan)


def test_excel_lists_come_back(plan: Solution, tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    path = tmp_path / "c.xlsx"
    found = plan.changes()
    back = found.index[0]
    write_changes(path, found)
    table = pd.read_excel(path, dtype=str, keep_default_na=False, engine="openpyxl")
    table["decision"] = ["reject", *[""] * (len(table) - 1)]
    table.to_excel(path, index=False)
    after = planner.resolve(plan, decisions=path)
    assert owner(after)[back] == found.loc[back, "from_rep"]


# ---- the judge -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(plan: Solution, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan folder with a rejected and an accepted change."""
    changes = plan.changes()
    table = decided(plan, **{changes.index[0]: "reject", changes.index[1]: "accept"})
    path = tmp_path_factory.mktemp("decided") / "plan"
    planner.resolve(plan, decisions=table).save(path, drawings=False)
    return path


def tampered(folder: Path, copy: Path, edit: Any) -> str:
    """Change decisions.csv, seal the folder anew, and return what the judge says."""
    import shutil

    shutil.copytree(folder, copy)
    path = copy / "decisions.csv"
    text = edit(path.read_text("utf-8"))
    raw = json.loads((copy / "certificate.json").read_text("utf-8"))
    if text is None:
        path.unlink()
        del raw["files"]["decisions.csv"]
    else:
        path.write_text(text, "utf-8")
        raw["files"]["decisions.csv"] = _sha256(path)
    raw["seal"] = seal(raw)
    (copy / "certificate.json").write_text(json.dumps(raw), "utf-8")
    verdict = planner.verify(copy)
    assert not verdict.ok
    return next(c.detail for c in verdict.checks if c.name == "decisions")


def test_the_judge_holds_each_decision(folder: Path, tmp_path: Path) -> None:
    verdict = planner.verify(folder)
    assert [c.detail for c in verdict.checks if c.name == "decisions"] == [
        "2 decisions hold"
    ]

    def swapped(text: str) -> str:
        return text.replace('"reject"', '"maybe"').replace('"accept"', '"reject"')

    said = tampered(folder, tmp_path / "swapped", swapped)
    assert "'maybe' is no decision" in said
    assert "reject fixes" in said
    said = tampered(folder, tmp_path / "none", lambda text: None)
    assert "decisions.csv" in said
    said = tampered(
        folder, tmp_path / "short", lambda text: text.splitlines()[0] + "\n"
    )
    assert "pinned as decided, but no decision is kept" in said
    said = tampered(
        folder,
        tmp_path / "more",
        lambda text: (
            text + '"A99","R0","R1","accept",""\n"A99","R0","R1","accept",""\n'
        ),
    )
    assert "A99 is no account" in said
    assert "A99 occurs more than once" in said
    assert "A99: decided, but not pinned in the scenario" in said


def test_an_unlisted_file_of_decisions_is_seen(plan: Solution, tmp_path: Path) -> None:
    plan.save(tmp_path / "plan", drawings=False)
    path = tmp_path / "plan" / "decisions.csv"
    path.write_text("account_id,from_rep,to_rep,decision,comment\n", "utf-8")
    verdict = planner.verify(tmp_path / "plan")
    said = next(c.detail for c in verdict.checks if c.name == "complete")
    assert "decisions.csv is not listed in the certificate" in said
