"""Eligible pairs of units and reps, and how a problem takes in more of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import PlannerError
from planner.pairs import Pairs
from planner.problem import Problem
from planner.words import _

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Arcs:
    """
    Eligible pairs in any order, priced in integers.

    Attributes
    ----------
    unit, rep
        Shape (arcs,).
    cost, demand
        Shapes (terms, arcs) and (measures, arcs), int32 where they fit.
    """

    unit: Ints
    rep: NDArray[np.int32]
    cost: NDArray
    demand: NDArray

    def taken(self, at: NDArray) -> Arcs:
        """Return the arcs at some positions, or where a mask is true."""
        return Arcs(self.unit[at], self.rep[at], self.cost[:, at], self.demand[:, at])

    @classmethod
    def joined(cls, parts: list[Arcs]) -> Arcs:
        """Join what several scans have found."""
        return cls(
            np.concatenate([p.unit for p in parts]),
            np.concatenate([p.rep for p in parts]),
            np.concatenate([p.cost for p in parts], axis=1),
            np.concatenate([p.demand for p in parts], axis=1),
        )


def narrow(values: NDArray) -> NDArray:
    """Return integers in 32 bits where all of them fit."""
    fits = not values.size or int(values.max()) < 2**31
    return values.astype(np.int32 if fits else np.int64)


def without(found: Arcs, problem: Problem) -> Arcs:
    """Leave out arcs that are held."""
    width = problem.m + 1
    units = np.unique(found.unit)
    counts = problem.start[units + 1] - problem.start[units]
    lines = np.repeat(problem.start[units] - (np.cumsum(counts) - counts), counts)
    at = lines + np.arange(counts.sum())
    held = np.repeat(units, counts) * width + problem.rep[at]
    return found.taken(~np.isin(found.unit * width + found.rep, held))


def in_rows(parts: list[Arcs], n: int) -> tuple[Ints, Arcs]:
    """
    Put parts that share no unit, each sorted by unit, in the order of units.

    Returns
    -------
    Where the arcs of each unit begin, shape (n + 1,), and the arcs.
    """
    size = np.zeros(n, dtype=np.int64)
    for part in parts:
        size += np.bincount(part.unit, minlength=n)
    start = np.concatenate([[0], np.cumsum(size)])
    filled = [part.unit for part in parts if len(part.unit)]
    if all(one[-1] < other[0] for one, other in pairwise(filled)):
        return start, Arcs.joined(parts)
    total = int(start[-1])
    unit = np.repeat(np.arange(n), size)
    rep = np.empty(total, dtype=np.int32)
    cost, demand = (
        np.empty(
            (len(getattr(parts[0], name)), total),
            dtype=np.result_type(*(getattr(part, name) for part in parts)),
        )
        for name in ("cost", "demand")
    )
    for part in parts:
        first = np.concatenate([[True], np.diff(part.unit) != 0])[: len(part.unit)]
        begin = np.flatnonzero(first)
        within = np.arange(len(part.unit)) - np.repeat(
            begin, np.diff(np.append(begin, len(part.unit)))
        )
        to = start[part.unit] + within
        rep[to], cost[:, to], demand[:, to] = part.rep, part.cost, part.demand
    return start, Arcs(unit, rep, cost, demand)


def with_arcs(problem: Problem, more: Arcs) -> Problem:
    """Return a problem that holds some more arcs, none of which it holds already."""
    if not len(more.rep):
        return problem
    more = more.taken(np.lexsort((more.rep, more.unit)))
    units, back = np.unique(more.unit, return_inverse=True)
    counts = problem.start[units + 1] - problem.start[units]
    begin = np.cumsum(counts) - counts
    lines = np.repeat(problem.start[units] - begin, counts) + np.arange(counts.sum())
    width = problem.m + 1
    held = np.repeat(np.arange(len(units)), counts) * width + problem.rep[lines]
    before = np.searchsorted(held, back * width + more.rep) - begin[back]
    to = problem.start[more.unit] + before + np.arange(len(more.rep))
    old = np.ones(len(problem.rep) + len(more.rep), dtype=bool)
    old[to] = False

    def merged(here: NDArray, there: NDArray) -> NDArray:
        shape = (*here.shape[:-1], len(old))
        values = np.empty(shape, dtype=np.result_type(here, there))
        values[..., old], values[..., to] = here, there
        return values

    size = np.diff(problem.start)
    size[units] += np.bincount(back)
    return replace(
        problem,
        start=np.concatenate([[0], np.cumsum(size)]),
        rep=merged(problem.rep, more.rep),
        cost=merged(problem.cost, more.cost),
        demand=merged(problem.demand, more.demand),
    )


def part_of(problem: Problem, units: Ints) -> Problem:
    """Return the problem of some of the units, without sets, and without source."""
    arcs = arcs_of(problem, units)
    size = np.diff(problem.start)[units]
    return replace(
        problem,
        unit_ids=tuple(problem.unit_ids[unit] for unit in units.tolist()),
        start=np.concatenate([[0], np.cumsum(size)]),
        rep=arcs.rep,
        cost=arcs.cost,
        demand=arcs.demand,
        splits=(),
        apart=(),
        source=None,
    )


def holding(problem: Problem, parts: list[Arcs], units: Ints) -> Problem:
    """Hold other arcs: parts that share no unit, named as in the whole problem."""
    place = np.zeros(int(units[-1]) + 1, dtype=np.int64)
    place[units] = np.arange(len(units))
    start, arcs = in_rows([replace(p, unit=place[p.unit]) for p in parts], len(units))
    return replace(
        problem, start=start, rep=arcs.rep, cost=arcs.cost, demand=arcs.demand
    )


def arcs_of(problem: Problem, units: Ints) -> Arcs:
    """Arcs that are held of some units, in their order."""
    size = np.diff(problem.start)[units]
    begin = np.cumsum(size) - size
    at = np.repeat(problem.start[units] - begin, size) + np.arange(size.sum())
    return Arcs(
        np.repeat(units, size),
        problem.rep[at],
        problem.cost[:, at],
        problem.demand[:, at],
    )


def arcs_of_plan(
    owner: pd.Series, pairs: Pairs, unit_of: NDArray[np.intp], caps: NDArray[np.int64]
) -> Arcs:
    """Price the pairs of one plan; return those that are eligible."""
    rep_of = reps_of_units(owner, pairs, unit_of)
    lines = np.argsort(unit_of, kind="stable")
    lines = lines[rep_of[unit_of[lines]] >= 0]
    units, edges = np.unique(unit_of[lines], return_index=True)
    rep = rep_of[units]
    block = pairs.price(lines, rep_of[unit_of[lines]])
    cost = np.add.reduceat(block.cost, edges, axis=1)
    demand = np.add.reduceat(block.demand, edges, axis=1)
    eligible = np.logical_and.reduceat(block.eligible, edges)
    eligible &= (demand <= caps[:, rep]).all(axis=0)
    return Arcs(units, rep.astype(np.int32), cost, demand).taken(eligible)


def reps_of_units(
    owner: pd.Series, pairs: Pairs, unit_of: NDArray[np.intp]
) -> NDArray[np.intp]:
    """
    Rep of each unit's first account that a plan knows, shape (n,).

    Parameters
    ----------
    owner
        ``rep_id`` by ``account_id`` (or ``region:<id>``), "" = left out.

    Returns
    -------
    Positions of reps; m = left out, -1 where the plan knows none of its accounts.

    Raises
    ------
    PlannerError
        If the plan has none of these accounts.
    """
    owner = owner[~owner.index.duplicated()]
    known = owner.reindex(pairs.accounts.index)
    if known.isna().all():
        raise PlannerError(
            _("The earlier plan has none of the accounts of these tables.")
        )
    rep = pairs.reps.index.get_indexer(pd.Index(known.fillna("")))
    rep = np.where(known.eq("").to_numpy(bool), pairs.m, rep)
    at = np.flatnonzero(rep >= 0)[::-1]  # the first account of a unit is written last
    rep_of = np.full(int(unit_of.max(initial=-1)) + 1, -1, dtype=np.intp)
    rep_of[unit_of[at]] = rep[at]
    return rep_of
