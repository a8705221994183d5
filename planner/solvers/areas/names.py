"""Names stay: a territory keeps the rep with whom it shares most of today's map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from planner.compile import Compiled
from planner.problem import Problem, evaluate

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]

_MOVED_TERMS = ("handover",)
_MOVED_MEASURES = ("moved_accounts", "moved_value", "moved_regions", "handover")


def named_by_today(compiled: Compiled, arcs: NDArray[np.int64]) -> NDArray[np.int64]:
    """
    Exchange the reps of whole territories, where that costs nothing and breaks nothing.

    Largest shared value first, then accounts, then regions (an assignment problem): all
    reps at once if they may, else among those who are alike but for today's owners.

    Parameters
    ----------
    arcs
        Of a plan that keeps every rule, shape (n,).

    Returns
    -------
    Arcs of the same territories, never dearer.
    """
    problem, shared = compiled.problem, _shared(compiled, arcs)
    if not shared.any():
        return arcs
    best, cost = arcs, evaluate(problem, arcs).cost
    everyone = [np.flatnonzero(~compiled.pairs.is_pool[:-1])]
    for groups in (everyone, _alike(problem)):
        renamed = np.arange(problem.m + 1)
        for group in groups:
            rows, columns = linear_sum_assignment(
                shared[np.ix_(group, group)], maximize=True
            )
            renamed[group[rows]] = group[columns]
        found = problem.arcs_of_or_none(renamed[problem.rep[arcs]])
        if found is None:
            continue
        outcome = evaluate(problem, found)
        if outcome.feasible and outcome.cost <= cost:
            return found
    return best


def _shared(compiled: Compiled, arcs: NDArray[np.int64]) -> Floats:
    """What each territory shares with each rep's today, shape (m, m)."""
    problem, pairs = compiled.problem, compiled.pairs
    now = problem.rep[arcs].astype(np.intp)[compiled.unit_of]
    known = (pairs.owner >= 0) & (now < problem.m)
    total = np.zeros((problem.m, problem.m))
    amounts = (
        pairs.accounts["value"].to_numpy(float),
        (~pairs.is_region).astype(float),
        pairs.is_region.astype(float),
    )
    for rank, amount in enumerate(amounts):
        each = np.zeros_like(total)
        np.add.at(each, (now[known], pairs.owner[known]), amount[known])
        if each.sum() > 0:
            total += each / each.sum() * 1e-4**rank
    return total


def _alike(problem: Problem) -> list[Positions]:
    """Reps whose arcs and rows are the same, but for what leaves today's owner."""
    terms = [i for i, t in enumerate(problem.terms) if t not in _MOVED_TERMS]
    measures = [i for i, q in enumerate(problem.measures) if q not in _MOVED_MEASURES]
    rows: list[list[tuple[str, int, int | None, int | None]]] = [
        [] for _rep in range(problem.m + 1)
    ]
    for row in problem.rows:
        if problem.measures[row.measure] in _MOVED_MEASURES:
            continue
        kind = f"{row.id.split('/')[0]}/{len(row.reps) > 1 and row.id}"
        for rep in row.reps.tolist():
            rows[rep].append((kind, row.low, row.high, row.price))
    order = np.argsort(problem.rep, kind="stable")
    ends = np.searchsorted(problem.rep[order], np.arange(problem.m + 1))
    groups: dict[tuple[bytes, ...], list[int]] = {}
    for rep in range(problem.m):
        at = order[ends[rep] : ends[rep + 1]]
        key = (
            problem.unit[at].tobytes(),
            problem.cost[terms][:, at].tobytes(),
            problem.demand[measures][:, at].tobytes(),
            repr(sorted(rows[rep], key=repr)).encode(),
        )
        groups.setdefault(key, []).append(rep)
    return [np.array(group) for group in groups.values()]
