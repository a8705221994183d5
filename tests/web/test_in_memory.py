"""What the server keeps: children that wait, plans, comparisons; each bounded."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

import planner.comparison
from planner.library import OPEN_WHOLE, Library
from planner.web import solves
from planner.web.compare import figures_of


class Waiting:
    """A child that only keeps what it was given."""

    made: list[Waiting]

    def __init__(self, _module: str, job: dict[str, Any], _threads: int) -> None:
        self.given, self.dead = [job], False
        self.process = SimpleNamespace(poll=lambda: 9 if self.dead else None)
        self.made.append(self)

    def give(self, job: dict[str, Any]) -> None:
        """Keep a job."""
        self.given.append(job)

    def kill(self) -> None:
        """Die."""
        self.dead = True


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[Waiting]:
    """Return the children that were started."""
    monkeypatch.setattr(Waiting, "made", [], raising=False)
    monkeypatch.setattr(solves, "Child", Waiting)
    return Waiting.made


def test_the_child_that_is_warm_takes_the_first_plan(children: list[Waiting]) -> None:
    """Two plans wait at most; the one that waited longest goes."""
    desk = solves.Solves()
    desk.warm()
    desk.warm()
    assert len(children) == 1
    for plan in "abbc":
        desk.get_ready(Path(plan), "en")
    assert [one.given[1]["plan"] for one in children] == ["a", "b", "c"]
    assert [one.dead for one in children] == [True, False, False]
    desk.close()
    assert all(one.dead for one in children)


def test_a_child_that_died_is_replaced(children: list[Waiting]) -> None:
    """Before a plan, and after."""
    desk = solves.Solves()
    desk.warm()
    children[0].kill()
    desk.get_ready(Path("a"), "en")
    assert len(children) == 2
    children[1].kill()
    desk.get_ready(Path("a"), "en")
    assert [one["plan"] for one in children[2].given[1:]] == ["a"]


def test_plans_are_opened_once(workspace: Path) -> None:
    """Seen, and whole when somebody asks; of whole ones few are kept."""
    library = Library(workspace)
    draft = library.draft("plans/first", "ann")
    assert draft.solution is library.view("plans/first")
    problem = draft.solution.compiled.problem
    assert len(problem.rep) == problem.n
    whole = draft.whole()
    assert len(whole.compiled.problem.rep) > problem.n
    assert library.solution("plans/first") is whole
    for turn in range(OPEN_WHOLE):
        (workspace / "plans" / f"link{turn}").symlink_to(workspace / "plans" / "first")
        library.solution(f"plans/link{turn}")
    assert library.solution("plans/first") is not whole


def test_a_comparison_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until a plan changes, or in another language."""
    counted = []

    def count(folders: Any) -> pd.DataFrame:
        counted.append(folders)
        return pd.DataFrame()

    monkeypatch.setattr(planner.comparison, "compare", count)
    monkeypatch.setattr(planner.comparison, "moved_between", lambda *_pair: None)
    folders = (Path("a"), Path("b"))
    for states, language in (((1, 1), "en"), ((1, 1), "en"), ((1, 2), "en")):
        figures_of(folders, states, language)
    figures_of(folders, (1, 2), "zh")
    assert len(counted) == 3
    figures_of.cache_clear()
