"""What people keep with a rep: in the next plan, too, until they set it free."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from planner.draft import FREE, LOCKED, Draft
from planner.errors import PlannerError
from planner.evaluate.verify import verify
from planner.locks import locks_of, unlocked
from planner.reopen import open_plan
from planner.solving import solve_tables
from tests.test_edits import _solved


@pytest.fixture(scope="module")
def solved() -> planner.Solution:
    """Two hundred accounts, eight reps; a0 to a5 stay together."""
    return _solved()


def _saved(solution: planner.Solution, folder: Path) -> planner.Solution:
    """Save, let the judge look, and open again."""
    solution.save(folder, drawings=False)
    verdict = verify(folder)
    assert verdict.ok, str(verdict)
    return open_plan(folder)


def _small_move(draft: Draft) -> tuple[str, str]:
    """Move some account to another rep so that every rule still holds."""
    for account in draft.owner.index[6:]:
        for rep in draft.pairs.reps.index:
            if rep != draft.owner[account]:
                draft.move([account], rep)
                if not draft.figures().breaches:
                    return str(account), str(rep)
                draft.undo()
    raise AssertionError("no move keeps all rules")


def test_locks_are_in_the_plan_saved_by_hand(
    solved: planner.Solution, tmp_path: Path
) -> None:
    """Two locks, one of a group: pins of the new scenario, marks of the new draft."""
    draft = Draft(solved)
    account, rep = _small_move(draft)
    draft.mark([account, "a3"], "lock")
    first = _saved(draft.to_solution(), tmp_path / "first")
    assert locks_of(first.scenario) == {account: rep, "a0": draft.owner["a0"]}
    assert first.result.method.endswith(", by hand")

    again = Draft(first)
    marked = again.marks[again.unit_of]
    assert (marked[:6] == LOCKED).all()
    assert (marked == LOCKED).sum() == 7
    assert again.pins == locks_of(first.scenario)
    assert again.figures().cost == pytest.approx(first.cost)

    # Unchanged locks cost no new compile, and change nothing.
    kept = again.to_solution()
    assert kept.scenario is first.scenario
    assert kept.result.cost == first.result.cost


def test_a_lock_is_lifted(solved: planner.Solution, tmp_path: Path) -> None:
    """The freed account may go elsewhere; the bound is of the question as it is now."""
    draft = Draft(solved)
    draft.mark(list(draft.owner.index), "lock")
    tight = _saved(draft.to_solution(), tmp_path / "tight")
    assert len(locks_of(tight.scenario)) == tight.compiled.problem.n

    again = Draft(tight)
    again.mark(list(again.owner.index[:190]), "free")
    account, _rep = _small_move(again)
    assert account not in again.barred
    freed = _saved(again.to_solution(), tmp_path / "freed")
    assert freed.bound <= solved.cost + 1e-6
    left = Draft(freed)
    assert (left.marks == FREE).sum() > 150
    assert set(left.pins) == set(locks_of(freed.scenario))


def test_moving_a_locked_account_keeps_it_where_it_goes(
    solved: planner.Solution, tmp_path: Path
) -> None:
    """A lock holds against the solver, not against the hand that set it."""
    draft = Draft(solved)
    account, rep = _small_move(draft)
    draft.undo()
    draft.mark([account], "lock")
    locked = _saved(draft.to_solution(), tmp_path / "locked")
    again = Draft(locked)
    again.move([account], rep)
    assert again.barred == []
    moved = _saved(again.to_solution(), tmp_path / "moved")
    assert locks_of(moved.scenario) == {account: rep}


def test_solved_again_around_locks(solved: planner.Solution, tmp_path: Path) -> None:
    """Pins of the new question are those of the draft, and no others."""
    draft = Draft(solved)
    draft.mark(["a20", "a30"], "lock")
    first = draft.to_solution()
    again = Draft(first)
    again.mark(["a20"], "free")
    found = planner.resolve(unlocked(first), pins=again.pins, time_limit_s=1.5)
    assert locks_of(found.scenario) == {"a30": again.owner["a30"]}
    assert found.plan is not None
    assert found.plan.owner["a30"] == again.owner["a30"]
    _saved(found, tmp_path / "found")


def test_too_far_for_the_rules_but_not_for_people(solved: planner.Solution) -> None:
    """A move beyond the reach is possible, and a pin keeps it in the saved plan."""
    km = Draft(solved)._km.max() * 1.01
    travel = solved.scenario.travel.model_copy(update={"max_km": float(km)})
    scenario = solved.scenario.with_parts(travel=travel)
    near = solve_tables(scenario, solved.tables)
    draft = Draft(near)
    far = None
    pairs = [(a, r) for a in draft.owner.index[6:] for r in draft.pairs.reps.index]
    for account, rep in pairs:
        draft.move([account], rep)
        beyond = draft._km[draft._ids.get_loc(account)] > km
        if beyond and not draft.figures().breaches:
            far = account, rep
            break
        draft.undo()
    assert far is not None
    assert locks_of(draft.to_solution().scenario) == dict([far])


def test_what_breaks_a_rule_is_not_saved(solved: planner.Solution) -> None:
    """Locks or not."""
    draft = Draft(solved)
    draft.move(list(draft.owner.index), "r0")
    draft.mark(["a1"], "lock")
    with pytest.raises(PlannerError, match="breaks 1 rule"):
        draft.to_solution()
