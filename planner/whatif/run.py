"""What many solves of one question share: settings, words on the way, an end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner.errors import PlannerError
from planner.scenario import Scenario, read_scenario, with_solve
from planner.sizing import figures_row
from planner.solution import Solution
from planner.solvers.result import Progress
from planner.whatif.shelf import Kept, Shelf
from planner.words import _


@dataclass(frozen=True, eq=False)
class Run:
    """
    How a run of many solves speaks and ends.

    Attributes
    ----------
    interrupted
        True ends the solve that is running, and no other is begun.
    tell
        Receives progress of the solve that is running.
    told
        Receives sentences for the user, one by one.
    """

    interrupted: Callable[[], bool] = lambda: False
    tell: Callable[[Progress], None] = lambda progress: None
    told: Callable[[str], None] = lambda sentence: None

    def keep(
        self,
        shelf: Shelf,
        name: str,
        question: str,
        solution: Solution,
        row: dict[str, Any],
    ) -> Kept:
        """
        Put an answer on the shelf, and say what stands in the way of one without plan.

        Raises
        ------
        PlannerError
            If the folder written does not verify.
        """
        full = {**row, "plan": name, **figures_row(solution)}
        kept = shelf.put(
            name, question, solution, full, finished=not self.interrupted()
        )
        for reason in solution.reasons if solution.plan is None else ():
            self.told("  " + reason)
        if kept.verified is False:
            raise PlannerError(
                _("{folder} does not verify: planner verify {folder}").format(
                    folder=kept.folder
                )
            )
        return kept


def scenario_for_many(
    scenario: Scenario | str | Path,
    *,
    time_limit_s: float | None,
    gap: float | None,
    usual_gap: float,
    seed: int | None,
) -> Scenario:
    """
    Return a scenario with the solver settings of each of many solves.

    Parameters
    ----------
    usual_gap
        Where neither `gap` nor the scenario says any: to prove the last thousandth of
        each of a dozen plans takes longer than anyone waits.
    """
    if not isinstance(scenario, Scenario):
        scenario = read_scenario(scenario)
    if gap is None and not scenario.solve.gap:
        gap = usual_gap
    return with_solve(scenario, time_limit=time_limit_s, seed=seed, gap=gap)


def answer_line(head: str, kept: Kept) -> str:
    """Say what came out for one of many questions."""
    row = kept.row
    if row.get("cost") is None:
        return _("{head}: no plan ({status})").format(
            head=head, status=_(str(row["status"]))
        )
    text = _("{head}: cost {cost:,.2f}, bound {bound:,.2f}, gap {gap:.2%}").format(
        head=head, cost=row["cost"], bound=row["bound"], gap=row["gap"]
    )
    return text if kept.fresh else text + " " + _("(solved before)")
