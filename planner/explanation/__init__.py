"""Why a plan is as it is, and what changes to it would cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from planner.errors import PlannerError
from planner.explanation.account import AccountExplanation, explain_account
from planner.explanation.known import Known
from planner.explanation.override import SECONDS, Override, override
from planner.explanation.rep import (
    RepExplanation,
    best_accounts_for,
    best_receivers,
    explain_rep,
)
from planner.reopen import open_plan
from planner.solution import Solution
from planner.solvers.result import Progress
from planner.words import _

__all__ = [
    "AccountExplanation",
    "Override",
    "RepExplanation",
    "best_accounts_for",
    "best_receivers",
    "explain",
    "override",
]


def explain(
    plan: Solution | str | Path,
    account: str | None = None,
    *,
    rep: str | None = None,
    to: Sequence[str] = (),
    ask: int | None = None,
    time_limit_s: float = SECONDS,
    seed: int | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> AccountExplanation | RepExplanation:
    """
    Explain an account, or the portfolio of a rep.

    Parameters
    ----------
    plan
        A solution, or a plan folder.
    account, rep
        One of the two: ``account_id`` (by regions also ``region:<id>``), or ``rep_id``.
    to
        With an account: reps to whom giving it is priced, knock-on moves included.
    ask
        With an account: for how many reps the plan is solved again at most to find
        the next best. None: 2, or 0 where `to` names reps.
    time_limit_s
        Seconds at most for each rep that is priced.

    Raises
    ------
    PlannerError
        If there is no plan, no such account or rep, or neither or both are named.
    """
    if (account is None) == (rep is None):
        raise PlannerError(_("Name either an account or a rep to explain."))
    if not time_limit_s > 0:
        raise PlannerError(_("The time limit must be above 0 seconds."))
    known = Known(plan if isinstance(plan, Solution) else open_plan(plan))
    if rep is not None:
        if to:
            raise PlannerError(_("--to is for an account, not for a rep."))
        return explain_rep(known, rep)
    assert account is not None
    return explain_account(
        known,
        account,
        to=to,
        ask=ask,
        time_limit_s=time_limit_s,
        seed=seed,
        interrupted=interrupted,
        tell=tell,
    )
