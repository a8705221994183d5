"""The certificate: what a plan claims, so that anyone can check it."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.folders import FORMAT
from planner.problem import evaluate
from planner.scenario.model import OPENING

if TYPE_CHECKING:
    from planner.solution import Solution

_PACKAGES = ("territory-planner", "ortools", "numpy", "pandas", "scipy", "numba")


def certificate_of(solution: Solution) -> dict[str, Any]:
    """Return the certificate, still without file hashes and seal."""
    result, problem, plan = solution.result, solution.compiled.problem, solution.plan
    assert plan is not None
    assert result.arcs is not None
    outcome = evaluate(problem, result.arcs)
    settings = solution.scenario.solve
    pairs = solution.compiled.pairs
    value = pairs.accounts["value"].to_numpy(float)
    terms = dict.fromkeys(solution.terms, 0) | outcome.terms
    if solution.tables.bases is not None:
        terms[OPENING] = solution.opening
    return {
        "format": FORMAT,
        "name": solution.scenario.name,
        "status": str(result.status),
        "cost": int(result.cost),
        "bound": int(result.bound),
        "gap": result.gap,
        "cost_scale": problem.cost_scale,
        "currency": solution.scenario.currency,
        "bound_by": result.bound_by,
        "terms": terms,
        "dual": _dual(solution),
        "bases": _bases(solution),
        "relaxed": [one.model_dump() for one in solution.scenario.relaxed],
        "priorities": [asdict(stage) for stage in solution.stages],
        "measures": {
            name: solution.compiled.pairs.scale_of(name)
            for name in solution.scenario.measures_used()
        },
        "value_scale": solution.compiled.pairs.scale_of("moved_value"),
        "limits": [
            {
                "row": row.id,
                "measure": problem.measures[row.measure],
                "load": outcome.loads[row.id],
                "low": row.low,
                "high": row.high,
                "price": row.price,
            }
            for row in problem.rows
        ],
        "moved": {
            "accounts": int(plan.moved[~pairs.is_region].sum()),
            "regions": int(plan.moved[pairs.is_region].sum()),
            "value": float(value[plan.moved].sum()),
        },
        "baselines": [
            {
                "name": baseline.name,
                "kind": baseline.kind,
                "cost": int(baseline.cost),
                "feasible": baseline.feasible,
                "breaches": baseline.breaches,
            }
            for baseline in solution.baselines
        ],
        "gap_of_what_is_at_stake": solution.stake(),
        "kpis": solution.metrics.totals,
        "method": result.method,
        "why": result.why,
        "seed": result.seed,
        "threads": settings.threads,
        "time_limit": settings.time_limit,
        "seconds": round(result.seconds, 3),
        "stopped_by": result.stopped_by,
        "iterations": result.iterations,
        "versions": versions(),
        "defaults": solution.defaults_used(),
        "sources": solution.tables.sources,
    }


def _dual(solution: Solution) -> dict[str, Any]:
    """
    Return the prices behind the bound; those of units at the first account of each.

    Where that bound has prices on units, those on the rows alone stand beside it, for
    readers and for a later solve to start from.
    """
    prices, on_rows = solution.result.prices, solution.result.row_prices
    told: dict[str, Any] = {
        "kind": "knapsacks" if prices.knapsacks else "rows",
        "bound": prices.bound,
        "price_scale": prices.scale,
        "prices": prices.numerators,
        "dropped": list(prices.dropped),
    }
    if prices.knapsacks:
        first = np.unique(solution.compiled.unit_of, return_index=True)[1]
        accounts = solution.compiled.pairs.accounts.index[first]
        told["knapsacks"] = list(prices.knapsacks)
        told["units"] = dict(zip(accounts, prices.units, strict=True))
        told["row_prices"] = on_rows.numerators
        told["row_price_scale"] = on_rows.scale
    return told


def _bases(solution: Solution) -> dict[str, Any] | None:
    """Return what is claimed of the choice of bases; unit prices by first account."""
    bases = solution.bases
    if bases is None:
        return None
    first = dict(zip(bases.unit_ids, bases.prices.units, strict=True))
    return {
        "bound": bases.prices.bound,
        "price_scale": bases.prices.scale,
        "units": first,
        "prices": bases.prices.rows,
        "dropped": list(bases.prices.dropped),
    }


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that shape a result."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed as a package"
    return found


def seal(certificate: dict[str, Any]) -> str:
    """Return the sha256 of a certificate's canonical JSON, its seal left aside."""
    body = {key: value for key, value in certificate.items() if key != "seal"}
    text = json.dumps(
        body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()
