"""
The independent judge: is a plan folder what its certificate says?

Everything is counted again from the folder alone: rules, costs, loads, and the bound
from its prices. Whoever receives a folder needs nothing but it and this command.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from planner.errors import PlannerError
from planner.evaluate.bases import (
    BASE_COLUMNS,
    bases_as_chosen,
    bases_bound_as_proven,
)
from planner.evaluate.case import place, survey
from planner.evaluate.centres import centres_as_counted
from planner.evaluate.claims import (
    bound_as_proven,
    cells_as_counted,
    costs_as_counted,
    gap_as_stated,
    loads_as_counted,
    moved_as_stated,
    reps_as_counted,
    status_as_stated,
)
from planner.evaluate.decisions import DECISION_COLUMNS, DECISIONS, decisions_kept
from planner.evaluate.folder import (
    complete,
    read_certificate,
    read_csv,
    read_inputs,
    sealed,
)
from planner.evaluate.order import priorities_kept
from planner.evaluate.rules import (
    apart,
    eligible,
    left_out,
    plan_faults,
    rows_hold,
    together,
)
from planner.evaluate.territories import (
    REGION_COLUMNS,
    accounts_in_regions,
    adjacency_as_drawn,
    connected,
    place_regions,
)
from planner.evaluate.verdict import Check, Verdict, checked
from planner.scenario import Scenario
from planner.words import _

PLAN_COLUMNS = (
    "account_id",
    "rep_id",
    "previous_rep_id",
    "name",
    "moved",
    "distance_km",
    "cost_total",
)

T = TypeVar("T")


def verify(folder: Path) -> Verdict:
    """
    Judge a plan folder from the folder alone.

    Parameters
    ----------
    folder
        As written after a solve: plan.csv, reps.csv, certificate.json, inputs/.

    Returns
    -------
    Every check with what was found; a folder that cannot be read fails the check of
    the step where that shows, and no later check is made.
    """
    checks: list[Check] = []
    try:
        _judge(Path(folder), checks)
    except _Stop as stop:
        checks.append(Check(stop.step, False, str(stop)))
    return Verdict(all(check.ok for check in checks), tuple(checks))


class _Stop(PlannerError):
    """Nothing beyond this step can be judged."""

    def __init__(self, step: str, why: object) -> None:
        self.step = step
        super().__init__(str(why))


def _judge(folder: Path, checks: list[Check]) -> None:
    raw, claims = _attempt("certificate", lambda: read_certificate(folder))
    checks.append(complete(folder, claims.files))
    checks.append(_attempt("seal", lambda: sealed(raw)))
    recount = _attempt("inputs", lambda: read_inputs(folder))
    checks.append(Check("inputs", True, _inputs(recount.scenario)))
    plan = _attempt("plan", lambda: read_csv(folder / "plan.csv", PLAN_COLUMNS))
    line_of, chosen, faults = place(plan, recount)
    by_region = recount.scenario.unit == "region"
    if by_region:
        regions = _attempt(
            "regions", lambda: read_csv(folder / "regions.csv", REGION_COLUMNS)
        )
        lost = place_regions(regions, recount, chosen)
        fine = _("{n:,} regions, each once").format(n=recount.ground.is_region.sum())
        checks.append(checked("regions", lost, fine))
    if recount.scenario.bases is not None:
        bases = _attempt("bases", lambda: read_csv(folder / "bases.csv", BASE_COLUMNS))
        checks.append(_attempt("bases", lambda: bases_as_chosen(recount, bases)))
    case = _attempt("recount", lambda: survey(claims, recount, plan, line_of, chosen))
    fine = _("{n:,} accounts, each once").format(n=len(plan["account_id"]))
    checks.append(checked("plan", [*faults, *plan_faults(case)], fine))
    decided = folder / DECISIONS
    if decided.exists() or any(pin.decision for pin in recount.scenario.pins):
        table = _attempt("decisions", lambda: read_csv(decided, DECISION_COLUMNS))
        checks.append(decisions_kept(case, table))
    loads = {row.id: case.load(row) for row in recount.rows}
    checks += [eligible(case), left_out(case)]
    checks += [
        rows_hold(case, loads, name) for name in ("limits", "balance", "budgets")
    ]
    if recount.scenario.pools:
        checks.append(rows_hold(case, loads, "pools"))
    if by_region:
        checks += [
            _attempt("adjacency", lambda: adjacency_as_drawn(recount)),
            accounts_in_regions(case),
            connected(case),
        ]
    checks += [
        together(case),
        apart(case),
        cells_as_counted(case),
        *costs_as_counted(case, loads),
    ]
    columns = ["rep_id", "name", "team"]
    columns += ["pool"] if recount.scenario.pools else []
    compact = recount.scenario.areas.compactness
    centred = compact is not None and compact.to == "region"
    columns += ["centre"] if centred else []
    reps = _attempt("reps", lambda: read_csv(folder / "reps.csv", columns))
    if centred:
        checks.append(centres_as_counted(case, reps))
    checks += [
        loads_as_counted(case, loads),
        _attempt("reps", lambda: reps_as_counted(case, reps)),
    ]
    if claims.priorities or recount.scenario.priorities:
        checks.append(priorities_kept(case, loads))
    over_bases = claims.bases
    if over_bases is not None:
        checks.append(
            _attempt("bound", lambda: bases_bound_as_proven(recount, over_bases))
        )
    checks += [
        bound_as_proven(case),
        gap_as_stated(claims),
        status_as_stated(claims),
        moved_as_stated(case),
    ]


def _inputs(scenario: Scenario) -> str:
    """Say that they can be read, and whether the rules are those first asked for."""
    fine = _("scenario and tables can be read")
    if not scenario.relaxed:
        return fine
    rests = _("the plan rests on {n:,} changed rule(s): {changes}").format(
        n=len(scenario.relaxed), changes="; ".join(x.says for x in scenario.relaxed)
    )
    return f"{fine}; {rests}"


def _attempt(step: str, work: Callable[[], T]) -> T:
    """Do one step on a folder that may hold anything."""
    try:
        return work()
    except (PlannerError, OSError, csv.Error, ValueError, OverflowError) as error:
        raise _Stop(step, error) from error
    except RecursionError as error:
        raise _Stop(step, _("a file is nested too deeply")) from error
