"""How many reps? One solve for each number, and the curve of what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import isfinite
from pathlib import Path

import pandas as pd

from planner.compile import balance_targets
from planner.errors import PlannerError
from planner.problem import evaluate
from planner.report.trade import PARTS
from planner.scenario import Scenario, read_scenario
from planner.solution import Solution
from planner.solvers.result import Progress
from planner.solving import solve
from planner.words import _

CURVE = "curve.csv"
FILES = (CURVE, "curve.png", "curve.svg", "maps.png", "maps.svg")
"""What a folder of several plans holds beside the plan folders."""


def folder_of(output: Path, count: int) -> Path:
    """Plan folder of one number of reps."""
    return output / f"k{count}"


def check_range_target(output: Path, counts: list[int]) -> None:
    """
    Refuse a folder that holds anything but an earlier run of the same kind.

    Raises
    ------
    PlannerError
        With the way out.
    """
    from planner.folders import check_target

    for count in counts:
        check_target(folder_of(output, count))
    if not output.is_dir():
        return
    known = {*FILES, *(folder_of(output, count).name for count in counts)}
    others = sorted(path.name for path in output.iterdir() if path.name not in known)
    if others:
        raise PlannerError(
            _(
                "{folder} holds other files ({files}), so it is left alone. Name a new "
                "folder with -o."
            ).format(folder=output, files=", ".join(others[:5]))
        )


def solve_each(
    scenario: Scenario | str | Path,
    *,
    time_limit_s: float | None = None,
    seed: int | None = None,
    interrupted: Callable[[], bool] = lambda: False,
    tell: Callable[[Progress], None] = lambda progress: None,
) -> Iterator[tuple[int, Solution]]:
    """
    Solve a scenario for each number of reps that it asks for.

    Parameters
    ----------
    scenario
        With ``open = "48:53"`` in ``[bases]``, or ``count = "48:53"`` in ``[reps]``; or
        the path of such a file.
    time_limit_s
        Seconds for each of the solves.
    interrupted
        True ends the solve that is running, and no other is begun.

    Yields
    ------
    The number, and its solution, in rising order.

    Raises
    ------
    ScenarioError, TableError, PlannerError
        As `solve`; also where the scenario asks for no number.
    """
    if not isinstance(scenario, Scenario):
        scenario = read_scenario(scenario)
    if not scenario.counts:
        raise PlannerError(
            _(
                "The scenario asks for no number of reps. Give bases.open or "
                'reps.count, such as "48:53".'
            )
        )
    near: list[str] = []
    for count in scenario.counts:
        solution = solve(
            scenario.with_count(count),
            time_limit_s=time_limit_s,
            seed=seed,
            near_bases=near,
            interrupted=interrupted,
            tell=tell,
        )
        yield count, solution
        if solution.bases is not None:
            near = list(solution.tables.reps.index)
        if interrupted():
            return


_PART_OF = {"balance": "imbalance", "together": "splits"}
FIGURES = (
    "travel_km",
    "travel_hours",
    "capacity_use",
    "moved_share",
    "largest_deviation",
)
"""Figures of a plan in a curve: km and hours a year; shares; percent of target."""


def figures_row(solution: Solution) -> dict[str, object]:
    """Key figures of one solution; amounts in currency, None without a plan."""
    row: dict[str, object] = {
        "status": str(solution.status),
        "cost": None,
        "bound": round(solution.bound, 2) if isfinite(solution.bound) else None,
        "gap": None,
    }
    if solution.plan is None:
        return row
    row |= {"cost": round(solution.cost, 2), "gap": round(solution.gap, 6)}
    parts = dict.fromkeys(PARTS, 0.0)
    for name, cost in solution.costs_by_term().items():
        kind = name.split("[")[0]
        part = _PART_OF.get(kind, kind)
        parts[part if part in parts else "other"] += cost
    row |= {name: round(cost, 2) + 0.0 for name, cost in parts.items()}
    totals = solution.metrics.totals
    deviations = [100 * x for x in largest_deviations(solution).values()]
    figures = {
        "travel_km": totals["travel_km"],
        "travel_hours": totals["travel_hours"],
        "capacity_use": totals["capacity_use"],
        "moved_share": totals["value_moved_share"],
        "largest_deviation": max(deviations, default=None),
    }
    return row | {k: None if x is None else round(x, 6) for k, x in figures.items()}


def largest_deviations(solution: Solution) -> dict[str, float]:
    """
    Return how far the worst rep (or team) is off target: a share, by rule of balance.

    |load / target - 1|; reps whose target is 0 are left aside. Needs a plan.
    """
    assert solution.result.arcs is not None
    compiled, worst = solution.compiled, {}
    loads = evaluate(compiled.problem, solution.result.arcs).loads
    for index, rule in enumerate(solution.scenario.balance):
        key, scale = f"balance[{index}]", compiled.pairs.scale_of(rule.measure)
        off = [
            abs(loads[f"{key}/{label}"] / scale / target - 1)
            for label, _reps, target in balance_targets(compiled.pairs, rule, key)
            if target > 0
        ]
        worst[key] = max(off, default=0.0)
    return worst


def curve_row(count: int, solution: Solution) -> dict[str, object]:
    """Key figures of the solution with a number of reps."""
    return {"k": count, **figures_row(solution)}


def curve_of(rows: list[dict[str, object]]) -> pd.DataFrame:
    """
    Return the curve: cost, its parts and key figures by number of reps.

    Returns
    -------
    Columns k, status, cost, bound, gap and `PARTS`, all in currency a year but for the
    gap (a fraction); `FIGURES`; further columns of the rows; and marginal_value: what
    the plan saves for each rep more than in the row above that has a plan, negative
    where it costs more.
    """
    columns = ["k", "status", "cost", "bound", "gap", *PARTS, *FIGURES]
    more = [name for row in rows for name in row if name not in columns]
    curve = pd.DataFrame(rows, columns=[*columns, *dict.fromkeys(more)])
    with_plan = curve[curve["cost"].notna()]
    total = "total" if "total" in curve else "cost"
    cost = pd.to_numeric(with_plan[total])
    saved = -cost.diff() / pd.to_numeric(with_plan["k"]).diff()
    curve["marginal_value"] = saved.round(2).reindex(curve.index)
    return curve


def write_curve(
    output: Path, curve: pd.DataFrame, solutions: dict[int, Solution]
) -> list[str]:
    """
    Write curve.csv, its chart, and by regions the maps side by side.

    Returns
    -------
    Messages for the user, such as a font to install; usually none.
    """
    from planner.maps.curve import write_curve_chart

    output.mkdir(parents=True, exist_ok=True)
    path = output / CURVE
    curve.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
    with_plan = {k: s for k, s in solutions.items() if s.plan is not None}
    if not with_plan:
        return []
    first = next(iter(with_plan.values()))
    name, currency = first.scenario.name, first.scenario.currency
    messages = write_curve_chart(output, curve, title=name, currency=currency)
    if first.scenario.unit == "region":
        messages += _write_maps(output, with_plan, name)
    return messages


def _write_maps(output: Path, solutions: dict[int, Solution], name: str) -> list[str]:
    from planner.maps import write_multiples

    layers = [solution.area_layer() for solution in solutions.values()]
    notes = [
        _("{cost:,.0f} {currency}, gap {gap:.2%}").format(
            cost=solution.cost, currency=solution.scenario.currency, gap=solution.gap
        )
        for solution in solutions.values()
    ]
    titles = [_("{k} territories").format(k=count) for count in solutions]
    return write_multiples(output, layers, titles, notes=notes, title=name)


def line_of(row: dict[str, object]) -> str:
    """Say what came out for one number of reps."""
    if row["cost"] is None:
        return _("{k} reps: no plan ({status})").format(
            k=row["k"], status=_(str(row["status"]))
        )
    return _("{k} reps: cost {cost:,.2f}, bound {bound:,.2f}, gap {gap:.2%}").format(
        **row
    )


def best_of_curve(curve: pd.DataFrame) -> str:
    """Say which number costs least, and what the next one up would save."""
    found = curve[curve["cost"].notna()]
    if found.empty:
        return _("No number of reps has a plan.")
    total = "total" if "total" in found else "cost"
    best = found.iloc[int(pd.to_numeric(found[total]).argmin())]
    text = _("Least cost: {cost:,.0f} with {k} reps").format(
        cost=best[total], k=best["k"]
    )
    if best["k"] == found["k"].max():
        return text + _("; more reps than that were not asked for.")
    return text + "."
