"""What the first plan's question says of others: of today's ways, and of plans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from planner.comparison.names import KINDS, WAYS, Wanted, column_of
from planner.comparison.sides import Side
from planner.compile import Compiled
from planner.errors import PlannerError
from planner.greenfield import opening_cost
from planner.reporting import baseline_label
from planner.scenario.model import OPENING
from planner.solvers.baselines import Baseline, baselines, read_rules
from planner.solvers.price import price_all
from planner.words import _


def at_first_prices(sides: Sequence[Side], compiled: Compiled) -> pd.DataFrame | None:
    """
    Price every side by the question of the first.

    Parameters
    ----------
    sides
        The first and those to be priced like it.
    compiled
        The question of the first.

    Returns
    -------
    Index ``cost_at_first`` and ``broken_at_first`` (rules of the first), a column for
    each side. None where the sides have other accounts, regions or reps.
    """
    first, problem = sides[0], compiled.problem
    reps = first.tables.reps.index
    if any(
        not side.rows.index.equals(first.rows.index)
        or not side.tables.reps.index.equals(reps)
        for side in sides
    ):
        return None
    order = first.rows.index
    chosen = [reps.get_indexer(pd.Index(side.owner.loc[order])) for side in sides]
    priced = price_all(compiled, chosen)
    return pd.DataFrame(
        {
            side.name: {
                "cost_at_first": sum(terms.values()) / problem.cost_scale,
                "broken_at_first": float(len(breaches)),
            }
            for side, (terms, breaches) in zip(sides, priced, strict=True)
        }
    )


def todays_ways(
    plan: Side, wanted: Sequence[Wanted], compiled: Compiled, base: Path | None
) -> tuple[list[Side], list[str]]:
    """
    Assign the accounts of a plan in today's ways.

    Parameters
    ----------
    plan
        Whose question they answer.
    wanted
        Which, and how; see `planner.comparison.names.wanted_of`.
    compiled
        That question.
    base
        Folder that the file of rules is relative to; None: not known.

    Returns
    -------
    The sides, in the order wanted, and notes on those that there are not.
    """
    scenario, tables = plan.scenario, plan.tables
    notes, rules, performance = [], None, scenario.baselines.performance
    if scenario.baselines.rules is not None:
        try:
            rules = read_rules((base or plan.folder) / scenario.baselines.rules, tables)
        except PlannerError as error:
            if base is not None:
                raise
            text = _("Without today's rules, which a plan folder does not hold: {why}")
            notes.append(text.format(why=error))
    ways: dict[tuple[str, str], Baseline] = {
        (way.name, way.kind): way
        for way in baselines(
            compiled, rules=rules, performance=performance, seed=scenario.solve.seed
        )
    }
    scale = compiled.problem.cost_scale
    ids = np.append(tables.reps.index.to_numpy(dtype=object), "")
    opening = 0 if tables.bases is None else opening_cost(tables, scale)
    sides: list[Side] = []
    missing: list[Wanted] = []
    for one in wanted:
        way = ways.get((WAYS[one.way], KINDS[one.kind]))
        if way is None:
            missing += [one] if one.named else []
            continue
        terms = {name: cost / scale for name, cost in way.terms.items()}
        if tables.bases is not None:
            terms[OPENING] = opening / scale
        owner = pd.Series(ids[way.rep_of], index=plan.rows.index, dtype="str")
        sides.append(
            replace(
                plan,
                name=column_of(one.way, one.kind),
                owner=owner,
                cost=sum(terms.values()),
                bound=None,
                gap=None,
                terms=terms,
                kind=KINDS[one.kind],
                breaches=way.breaches,
            )
        )
    owned = bool((compiled.pairs.owner >= 0).any())
    notes += [_why_not(one, owned) for one in missing]
    return sides, notes


def _why_not(one: Wanted, owned: bool) -> str:
    """Say why a way that was asked for by name is not there."""
    way = baseline_label(WAYS[one.way], KINDS[one.kind])
    if one.way in ("rules", "performance"):
        return _(
            "There is no “{way}”: the scenario says nothing under baselines.{key}."
        ).format(way=way, key=one.way)
    if one.way == "today" and not owned:
        return _(
            "There is no “{way}”: no account has an owner among the reps (accounts."
            "fields: owner)."
        ).format(way=way)
    return _("There is no “{way}” for a question of this kind or size.").format(way=way)
