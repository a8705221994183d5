"""Tiny random problems of the whole algebra, and their optimum by trying every plan."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from problems import NO, problem_of

from planner.problem import Problem, Row, Split


def random_problem(seed: int) -> Problem:
    """
    Return a problem of 2 to 5 units and 2 to 3 reps with all kinds of rows and sets.

    Rows are drawn from the loads of a random plan, exactly or one step off, so that
    about half of the problems have a plan and its loads touch the limits.
    """
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(2, 6)), int(rng.integers(2, 4))
    cost = rng.integers(0, 40, (n, m + 1)).astype(float)
    cost[rng.random((n, m + 1)) < 0.15] = NO
    if rng.random() < 0.6:
        cost[:, m] = NO
    cost[np.isnan(cost).all(axis=1), 0] = 5
    owner = rng.integers(0, m, n)
    moved = (np.arange(m) != owner[:, None]) * rng.integers(1, 9, n)[:, None]
    demand = {
        "hours": rng.integers(0, 12, (n, m)) if rng.random() < 0.5 else _own(rng, n),
        "value": _own(rng, n),
        "moved": moved,
    }
    problem = problem_of(cost, m, demand=demand)
    plan = _random_plan(rng, problem)
    rows = tuple(_rows(rng, problem, plan))
    return problem_of(
        cost,
        m,
        demand=demand,
        rows=rows,
        splits=tuple(_splits(rng, n, m)),
        apart=tuple(_sets(rng, n, 0.25)),
    )


def _own(rng: np.random.Generator, n: int) -> NDArray[np.int64]:
    return np.asarray(rng.integers(0, 15, n))


def _random_plan(rng: np.random.Generator, problem: Problem) -> NDArray[np.int64]:
    return np.asarray(rng.integers(problem.start[:-1], problem.start[1:]))


def _rows(rng: np.random.Generator, problem: Problem, plan: NDArray) -> list[Row]:
    m, rows = problem.m, []
    sets = [[r] for r in range(m)] + [list(range(m)), [0, m - 1], [0, m]]
    for measure in range(3):
        for kind in range(int(rng.integers(0, 3))):
            for number, reps in enumerate(sets):
                if rng.random() < 0.6:
                    continue
                here = np.isin(problem.rep[plan], reps)
                load = int(problem.demand[measure][plan][here].sum())
                low = max(0, load - int(rng.choice([0, 1, 4, 9])))
                low = low if rng.random() < 0.4 else 0
                high = max(low, load + int(rng.choice([-1, 0, 0, 1, 3])))
                soft = rng.random() < 0.4
                rows.append(
                    Row(
                        f"{'balance' if soft else 'limits'}[{measure}{kind}]/{number}",
                        measure,
                        np.array(reps),
                        low,
                        None if low and rng.random() < 0.3 else high,
                        int(rng.integers(1, 9)) if soft else None,
                    )
                )
    return rows


def _sets(rng: np.random.Generator, n: int, chance: float) -> list[NDArray[np.intp]]:
    if rng.random() > chance:
        return []
    size = int(rng.integers(2, n + 1))
    return [np.sort(rng.choice(n, size, replace=False))]


def _splits(rng: np.random.Generator, n: int, m: int) -> list[Split]:
    teams = np.arange(m) if rng.random() < 0.6 else rng.integers(0, 2, m)
    return [
        Split(f"together[{i}]", units, teams, int(rng.integers(1, 30)))
        for i in range(2)
        for units in _sets(rng, n, 0.3)
    ]


def best_cost(problem: Problem) -> int | None:
    """Cost of the best plan by trying every plan; None if no plan keeps the rules."""
    choices = [range(a, b) for a, b in itertools.pairwise(problem.start)]
    plans = np.array(list(itertools.product(*choices)), dtype=np.int64)
    rep = problem.rep[plans]
    cost = problem.cost.sum(axis=0)[plans].sum(axis=1)
    good = np.ones(len(plans), dtype=bool)
    for row in problem.rows:
        load = (problem.demand[row.measure][plans] * np.isin(rep, row.reps)).sum(axis=1)
        over = 0 if row.high is None else np.maximum(0, load - row.high)
        outside = over + np.maximum(0, row.low - load)
        if row.price is None:
            good &= outside == 0
        else:
            cost = cost + row.price * outside
    for split in problem.splits:
        labels = np.append(split.label_of_rep, -1)[rep[:, split.units]]
        used = [(labels == label).any(axis=1) for label in set(split.label_of_rep)]
        cost = cost + split.price * np.maximum(0, np.sum(used, axis=0) - 1)
    for units in problem.apart:
        for r in range(problem.m):
            good &= (rep[:, units] == r).sum(axis=1) <= 1
    return int(cost[good].min()) if good.any() else None
