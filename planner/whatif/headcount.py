"""A question for each number of reps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from planner.earlier import read_start
from planner.errors import PlannerError
from planner.scenario import Scenario
from planner.scenario.model import Baselines
from planner.sizing import folder_of
from planner.solution import Solution
from planner.solvers.presolve import reasons_why_not
from planner.solvers.result import Result, Status
from planner.solvers.start import WarmStart
from planner.solving import solve, solve_compiled
from planner.tables import Tables, load_tables
from planner.whatif.places import usual_rep
from planner.whatif.shelf import Kept, fingerprint
from planner.whatif.team import Team, one_fewer, one_more, team_of
from planner.whatif.turns import Question, Turns
from planner.words import _


def over_counts(
    scenario: Scenario,
    counts: list[int],
    turns: Turns,
    new_rep: Mapping[str, str] | None,
) -> Iterator[Kept]:
    """
    Solve for each number of reps; in no particular order.

    With ``[bases]`` or ``reps.count`` each number is asked for as such. Else reps are
    taken away from the table, or added to it, one by one by the prices.
    """
    if scenario.bases is None and scenario.reps.count is None:
        yield from _by_prices(scenario, counts, turns, new_rep)
        return
    if new_rep:
        raise PlannerError(
            _(
                "Reps of this scenario come from [bases] or reps.count, which say what "
                "they are like; leave out --new-rep."
            )
        )
    asks = _Counts(scenario, turns)
    for count in counts:
        yield asks.answer(count)
        if turns.run.interrupted():
            return


class _Counts:
    """Numbers of reps that the scenario itself asks for."""

    def __init__(self, scenario: Scenario, turns: Turns) -> None:
        self.scenario, self.turns, self.run = scenario, turns, turns.run
        self.near: list[str] = []

    def answer(self, count: int) -> Kept:
        """Return the answer for a number of reps."""
        asked = self.scenario.with_count(count)
        name = folder_of(self.turns.shelf.output, count).name
        question = fingerprint(asked, load_tables(asked, asked.base))
        kept = self.turns.shelf.find(name, question)
        if kept is not None:
            return kept

        def solved(seconds: float, start: Path | None) -> Solution:
            solution = solve(
                asked.with_solve(time_limit=seconds),
                near_bases=self.near,
                warm_start=None if asked.bases else start,
                interrupted=self.run.interrupted,
                tell=self.run.tell,
            )
            if solution.bases is not None:
                self.near = list(solution.tables.reps.index)
            return solution

        limit, row = asked.solve.time_limit, {"k": count}
        return self.turns.ask(
            Question(name, question, limit, solved, lambda _solution: row), None
        )


def _by_prices(
    scenario: Scenario,
    counts: list[int],
    turns: Turns,
    new_rep: Mapping[str, str] | None,
) -> Iterator[Kept]:
    """Go down from the reps of the table, then up; solve where a number is asked."""
    scenario = scenario.with_parts(baselines=Baselines())  # they may name a rep
    chain = _Chain(scenario, load_tables(scenario, scenario.base), turns, new_rep)
    down = sorted((k for k in counts if k <= chain.base), reverse=True)
    at_base: Path | None = None
    for order in (down, sorted(k for k in counts if k > chain.base)):
        before = at_base
        for count in order:
            if turns.run.interrupted():
                return
            kept = chain.answer(count, before, top=count == max(counts))
            if kept is None:
                break
            yield kept
            before = kept.folder or before
            at_base = before if count == chain.base else at_base


class _Chain:
    """Teams around the one in the table, made as far as they are needed."""

    def __init__(
        self,
        scenario: Scenario,
        tables: Tables,
        turns: Turns,
        new_rep: Mapping[str, str] | None,
    ) -> None:
        self.scenario, self.tables = scenario, tables
        self.turns, self.run = turns, turns.run
        self.base = len(tables.reps)
        self.like = usual_rep(tables.reps, new_rep)
        self.given = sorted((new_rep or {}).items())
        self.known: dict[int, Team] = {}

    def answer(self, count: int, before: Path | None, *, top: bool) -> Kept | None:
        """Return the answer for a number of reps; None after an interruption."""
        name = folder_of(self.turns.shelf.output, count).name
        more = ("reps", count, *(self.given if count > self.base else ()))
        question = fingerprint(self.scenario, self.tables, *more)
        kept = self.turns.shelf.find(name, question)
        if kept is not None:
            return kept
        team = self.team(count)
        if team is None:
            return None
        row: dict[str, Any] = {
            "k": count,
            "changed": self._changes(count),
            "handover_at_risk": round(team.at_risk, 2),
            "bound_by_prices": round(team.worth, 2),
        }

        def row_of(solution: Solution) -> dict[str, Any]:
            if top and solution.plan is not None:
                return {**row, "one_more_by_prices": self._one_more(count)}
            return row

        limit, solved = team.scenario.solve.time_limit, partial(self._solved, team)
        return self.turns.ask(Question(name, question, limit, solved, row_of), before)

    def team(self, count: int) -> Team | None:
        """Return the team of a size; None after an interruption."""
        if self.base not in self.known:
            self.known[self.base] = team_of(self.scenario, self.tables)
        if count > self.base and self.base + 1 not in self.known:
            self.run.told(self.like.in_words())
        step = 1 if count > self.base else -1
        for size in range(self.base, count, step):
            if self.run.interrupted():
                return None
            if size + step in self.known:
                continue
            self.known[size + step] = changed = self._next(self.known[size], step)
            self.run.told(changed.why)
        return self.known[count]

    def _next(self, team: Team, step: int) -> Team:
        if step < 0:
            return one_fewer(team)
        return one_more(team, self.like, set(self.tables.reps.index))

    def _one_more(self, count: int) -> float | None:
        """What the prices say one rep more than this would save."""
        try:
            larger = self.known.get(count + 1) or self._next(self.known[count], 1)
        except PlannerError:
            return None
        return round(self.known[count].worth - larger.worth, 2)

    def _changes(self, count: int) -> str:
        """All that differs from the table of reps: ``-R07 -R12``."""
        sizes = range(self.base - 1, count - 1, -1)
        if count > self.base:
            sizes = range(self.base + 1, count + 1)
        return " ".join(self.known[size].changed for size in sizes)

    def _solved(self, team: Team, seconds: float, start: Path | None) -> Solution:
        """Solve for one team, from a plan, or nothing, and its own prices."""
        reasons = reasons_why_not(team.compiled, team.scenario)
        if reasons:
            return _impossible(team, reasons)
        rep_of = np.full(team.compiled.problem.n, -1, dtype=np.intp)
        if start is not None:
            rep_of = read_start(start, team.compiled).rep_of
        return solve_compiled(
            team.scenario.with_solve(time_limit=seconds),
            team.tables,
            team.compiled,
            start=WarmStart(rep_of, team.prices),
            interrupted=self.run.interrupted,
            tell=self.run.tell,
        )


def _impossible(team: Team, reasons: tuple[str, ...]) -> Solution:
    """Return the answer that arithmetic alone gives: there is no plan."""
    result = Result(
        status=Status.INFEASIBLE,
        problem=team.compiled.problem,
        arcs=None,
        cost=float("inf"),
        bound=float("inf"),
        bound_by="trivial",
        prices=team.prices,
        row_prices=team.prices,
        method="arithmetic",
        why="",
        seed=team.scenario.solve.seed,
        seconds=0.0,
        stopped_by="proof",
    )
    return Solution(
        team.scenario, team.tables, team.compiled, result, None, (), reasons
    )
