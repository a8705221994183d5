"""A plan folder as a solution again: to explain it, change it, or go on from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from planner.arcs import reps_of_units
from planner.compile import Compiled, compile_plan, compile_problem
from planner.decisions import kept_decisions
from planner.earlier import read_owner
from planner.errors import PlannerError
from planner.evaluate.folder import BasesClaim, Certificate, DualClaim, read_certificate
from planner.greenfield import OpenBases
from planner.plan import Plan
from planner.priorities import Stage
from planner.problem import Problem, evaluate
from planner.scenario import Scenario, read_scenario
from planner.solution import Solution
from planner.solvers.result import Prices, Result, Status
from planner.solvers.siting.prices import SitePrices
from planner.tables import Tables, read_clean
from planner.words import _


def open_plan(folder: str | Path) -> Solution:
    """
    Read a plan folder back as the solution that it was written from.

    Bound and prices are those of the certificate; costs are counted again.

    Parameters
    ----------
    folder
        A plan folder, as `Solution.save` writes it.

    Returns
    -------
    The solution, without baselines and trace.

    Raises
    ------
    PlannerError
        If the folder is not complete, or its plan is not the one that its certificate
        speaks of. Whether all its claims hold, `verify` says.
    """
    return _opened(
        Path(folder), lambda tables, scenario, _: compile_problem(tables, scenario)
    )


def view_plan(folder: str | Path) -> Solution:
    """
    Do as `open_plan`, in less time and memory, for one who counts and draws the plan.

    The problem holds the plan's own pairs alone (see `compile_plan`): it cannot be
    solved again.
    """
    return _opened(Path(folder), compile_plan)


def _opened(
    folder: Path, compile_: Callable[[Tables, Scenario, pd.Series], Compiled]
) -> Solution:
    raw, claims = read_certificate(folder)
    scenario = read_scenario(folder / "inputs" / "scenario.toml")
    tables = read_clean(folder / "inputs")
    owner = read_owner(folder)
    compiled = compile_(tables, scenario, owner)
    problem = compiled.problem
    rep_of = reps_of_units(owner, compiled.pairs, compiled.unit_of)
    if problem.source is not None:
        problem = problem.source.with_plan(problem, rep_of)
    arcs = problem.arcs_of_or_none(rep_of)
    cost = None if arcs is None else evaluate(problem, arcs).cost
    opening = claims.terms.get("opening", 0)
    if arcs is None or cost is None or cost + opening != claims.cost:
        raise PlannerError(
            _(
                "{folder}: the plan is not the one of its certificate; planner verify "
                "{folder} says where they differ."
            ).format(folder=folder)
        )
    compiled = replace(compiled, problem=problem)
    result = _result(problem, arcs, claims, raw, _prices(claims.dual, compiled))
    bases = None if claims.bases is None else _bases(claims, claims.bases, tables)
    plan = Plan.of_arcs(compiled, arcs)
    decisions = kept_decisions(folder)
    stages = tuple(Stage(**stage.model_dump()) for stage in claims.priorities)
    return Solution(
        scenario,
        tables,
        compiled,
        result,
        plan,
        bases=bases,
        decisions=decisions,
        stages=stages,
    )


def _prices(claim: DualClaim, compiled: Compiled) -> Prices:
    """Prices behind the bound; those of units stand at the first account of each."""
    units: tuple[int, ...] = ()
    if claim.kind == "knapsacks":
        first = np.unique(compiled.unit_of, return_index=True)[1]
        accounts = compiled.pairs.accounts.index[first]
        units = tuple(claim.units.get(str(account), 0) for account in accounts)
    return Prices(
        numerators=claim.prices,
        scale=max(claim.price_scale, 1),
        bound=claim.bound,
        knapsacks=tuple(claim.knapsacks),
        units=units,
    )


def _result(
    problem: Problem,
    arcs: np.ndarray,
    claims: Certificate,
    raw: dict[str, Any],
    prices: Prices,
) -> Result:
    on_rows = replace(prices, knapsacks=(), units=())
    if prices.knapsacks:
        on_rows = Prices(claims.dual.row_prices, max(claims.dual.row_price_scale, 1), 0)
    return Result(
        status=Status(claims.status),
        problem=problem,
        arcs=arcs,
        cost=claims.cost,
        bound=claims.bound,
        bound_by=claims.bound_by,
        prices=replace(prices, dropped=tuple(raw["dual"].get("dropped", ()))),
        row_prices=on_rows,
        method=str(raw.get("method", "")),
        why=str(raw.get("why", "")),
        seed=int(raw.get("seed", 0)),
        seconds=float(raw.get("seconds", 0.0)),
        stopped_by=str(raw.get("stopped_by", "")),
        iterations=int(raw.get("iterations", 0)),
    )


def _bases(claims: Certificate, claim: BasesClaim, tables: Tables) -> OpenBases:
    assert tables.bases is not None
    prices = SitePrices(
        units=tuple(claim.units.values()),
        rows=claim.prices,
        scale=claim.price_scale,
        bound=claim.bound,
        dropped=tuple(claim.dropped),
    )
    return OpenBases(
        opened=tables.bases.index.isin(tables.reps.index),
        unit_ids=tuple(claim.units),
        prices=prices,
        bound=claims.bound,
        bound_by=claims.bound_by,
    )
