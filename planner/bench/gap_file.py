"""Generalised assignment instances in the format of OR-Library and Yagiura."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from planner.bench.instance_file import (
    UNKNOWN,
    BestKnown,
    Check,
    best_known,
    instance_name,
    only_row,
    read_numbers,
    read_text,
    whole,
    wrong_head,
)
from planner.bench.question import Answer, Count
from planner.errors import Fault
from planner.problem import Problem, Row
from planner.solvers.result import Watch
from planner.words import _

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class GapInstance:
    """
    Which of m agents does which of n jobs: each job once, no agent over capacity.

    Attributes
    ----------
    name
        Name of the file, as in the table of best-known values.
    cost, use
        Cost, and resource taken, of a job with an agent, shapes (m, n).
    capacity
        Resource of each agent, shape (m,).
    best
        Published value and bound.
    """

    name: str
    cost: Ints
    use: Ints
    capacity: Ints
    best: BestKnown = UNKNOWN
    whole: bool = True

    @property
    def kind(self) -> str:
        """Return the letters that the name begins with."""
        return letters(self.name)

    @property
    def units(self) -> int:
        """Number of jobs."""
        return self.cost.shape[1]

    @property
    def reps(self) -> int:
        """Number of agents."""
        return self.cost.shape[0]

    def problem(self) -> Problem:
        """Return the canonical problem; pairs beyond a capacity are no arcs."""
        m, n = self.cost.shape
        job, agent = np.nonzero((self.use <= self.capacity[:, None]).T)
        start = np.concatenate([[0], np.cumsum(np.bincount(job, minlength=n))])
        rows = tuple(
            Row(f"limits[0]/{j}", 0, np.array([j]), 0, int(cap), None)
            for j, cap in enumerate(self.capacity)
        )
        return Problem(
            unit_ids=tuple(map(str, range(n))),
            rep_ids=tuple(map(str, range(m))),
            start=start.astype(np.int64),
            rep=agent.astype(np.int32),
            terms=("cost",),
            cost=self.cost[agent, job][None],
            measures=("load",),
            scales=(1,),
            demand=self.use[agent, job][None],
            rows=rows,
            cost_scale=1,
        )

    def ask(self, solver: str, watch: Watch, *, seed: int, threads: int) -> Answer:
        """Return what a solver says: the agent of each job."""
        from planner.bench.roads import solve_with

        return solve_with(solver, self.problem(), watch, seed=seed, threads=threads)

    def recount(self, label: NDArray[np.intp]) -> Count:
        """
        Count a solution again, from the file's numbers alone.

        Parameters
        ----------
        label
            Agent of each job, shape (n,).
        """
        jobs = np.arange(self.units)
        load = np.zeros(self.reps, dtype=np.int64)
        np.add.at(load, label, self.use[label, jobs])
        over = int((load > self.capacity).sum())
        breaks = (f"{over} agents over capacity",) if over else ()
        return Count(int(self.cost[label, jobs].sum()), breaks)


def letters(name: str) -> str:
    """Return the letters that a name begins with; the name where there are none."""
    return re.split(r"[^A-Za-z]", name, maxsplit=1)[0] or name


def read_gap(path: Path, _objective: str, faults: list[Fault]) -> list[GapInstance]:
    """Read one file: m n, m rows of n costs, m rows of n uses, m capacities."""
    text = read_text(path, faults)
    if text is None:
        return []
    before = len(faults)
    check = Check(
        whole,
        _("a whole number from 0 to 2^53 is expected"),
        _("Correct it; scale all costs, or all uses and capacities, to whole."),
    )
    numbers = read_numbers(str(path), text, check, faults).astype(np.int64)
    if len(faults) > before:
        return []
    m, n = (int(x) for x in numbers[:2]) if len(numbers) >= 2 else (0, 0)
    if m < 1 or n < 1:
        why = _("the first line gives the numbers of agents and jobs")
        remedy = _("Begin the file with two whole numbers above 0.")
        faults.append(wrong_head(str(path), why, remedy))
        return []
    wanted = 2 + 2 * m * n + m
    if len(numbers) != wanted:
        last = len(text.splitlines())
        why = _(
            "{agents} agents and {jobs} jobs take {wanted:,} numbers, there are "
            "{found:,}"
        ).format(agents=m, jobs=n, wanted=wanted, found=len(numbers))
        remedy = _("Give m n, m rows of n costs, m rows of n uses, m capacities.")
        faults.append(Fault(str(path), last, "", "", why, remedy))
        return []
    cost, use = numbers[2 : 2 + 2 * m * n].reshape(2, m, n)
    capacity, best = numbers[2 + 2 * m * n :], best_known(only_row(path))
    return [GapInstance(instance_name(path), cost, use, capacity, best)]
