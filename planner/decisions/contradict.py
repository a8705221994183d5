"""Which limits decisions break by themselves, whatever else a plan does."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from planner.compile import Compiled
from planner.decisions.table import fixed
from planner.problem import Problem, Row
from planner.words import _


def contradictions(compiled: Compiled, decisions: pd.DataFrame) -> list[str]:
    """
    Name the rows (limits, bands, budgets) that decisions break by themselves.

    Every other account takes the least (or most) of the row that it can; where even
    so a hard row does not hold, no plan exists, and the sentence names the decided
    accounts that weigh most in it. Nothing is said of what only several rows together
    rule out.
    """
    problem, found = compiled.problem, []
    if (np.diff(problem.start) == 0).any():
        return []
    index = compiled.pairs.accounts.index
    decided = index.get_indexer(pd.Index(list(fixed(decisions))))
    units = np.unique(compiled.unit_of[decided[decided >= 0]])
    for row, least, most in _hopeless(problem, units):
        scale = problem.scales[row.measure]
        names = {"row": row.id, "measure": _(problem.measures[row.measure])}
        heavy = units[np.argsort(-least[units], kind="stable")]
        heavy = heavy[least[heavy] > 0]
        lost = units[most[units] == 0]
        if row.high is not None and least.sum() > row.high and len(heavy):
            found.append(
                _(
                    "{row}: with these decisions at least {least:,.10g} {measure}, and "
                    "{high:,.10g} are allowed. Decided into it: {accounts}. Clear some "
                    "of these decisions, or raise the limit."
                ).format(
                    **names,
                    least=least.sum() / scale,
                    high=row.high / scale,
                    accounts=_few(problem.unit_ids, heavy, least / scale),
                )
            )
        elif most.sum() < row.low and len(lost):
            found.append(
                _(
                    "{row}: with these decisions at most {most:,.10g} {measure}, and "
                    "{low:,.10g} are asked for. Decided away: {accounts}. Clear some "
                    "of these decisions, or lower the limit."
                ).format(
                    **names,
                    most=most.sum() / scale,
                    low=row.low / scale,
                    accounts=_few(problem.unit_ids, lost, None),
                )
            )
    return found


def _hopeless(
    problem: Problem, decided: np.ndarray
) -> Iterator[tuple[Row, np.ndarray, np.ndarray]]:
    """
    Yield hard rows that no plan keeps, and the least and most of each unit, (n,).

    Where not all arcs are held, only what decided units put on a rep counts.
    """
    begin, whole = problem.start[:-1], problem.source is None
    sure = np.zeros(problem.n, dtype=bool)
    sure[decided] = True
    sure = (np.diff(problem.start) == 1) & (sure | whole)
    only, size = begin[sure], problem.m + 1
    # a unit with a second arc may leave a single rep alone
    bottom = [np.bincount(problem.rep[only], x[only], size) for x in problem.demand]
    top = [np.bincount(problem.rep, x, size) for x in problem.demand]
    for row in problem.rows:
        if row.price is not None:
            continue
        demand = problem.demand[row.measure]
        if len(row.reps) == 1:
            rep, high = int(row.reps[0]), math.inf if row.high is None else row.high
            enough = not whole or top[row.measure][rep] >= row.low
            if bottom[row.measure][rep] <= high and enough:
                continue
        elif not whole:
            continue
        load = np.where(np.isin(problem.rep, row.reps), demand, 0)
        least = np.where(sure, load[begin], 0)
        if whole:
            least = np.minimum.reduceat(load, begin)
        most = np.maximum.reduceat(load, begin)
        if whole and most.sum() < row.low:
            yield row, least, most
        elif row.high is not None and least.sum() > row.high:
            yield row, least, np.maximum(most, 1)


def _few(names: tuple[str, ...], units: np.ndarray, amounts: np.ndarray | None) -> str:
    """Name the first five, with their amounts."""
    shown = [
        names[u] if amounts is None else f"{names[u]} ({amounts[u]:,.10g})"
        for u in units[:5].tolist()
    ]
    return ", ".join(shown) + (", ..." if len(units) > len(shown) else "")
