"""Generalised assignment instances in the format of OR-Library and Yagiura."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from planner.errors import Fault, PlannerError
from planner.problem import Problem, Row
from planner.words import _

BEST_KNOWN = "best_known.csv"
"""Beside the instances: columns instance, best_known_value, best_known_bound."""
_SUFFIXES = {".txt", ".dat", ".gap"}
_LARGEST = 2**53
_SHOWN = 20

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
    """

    name: str
    cost: Ints
    use: Ints
    capacity: Ints

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

    def recount(self, agent_of: NDArray[np.intp]) -> tuple[int, int]:
        """
        Count a solution again, from the file's numbers alone.

        Parameters
        ----------
        agent_of
            Agent of each job, shape (n,).

        Returns
        -------
        Cost, and the number of agents over their capacity.
        """
        jobs = np.arange(self.cost.shape[1])
        load = np.zeros(len(self.capacity), dtype=np.int64)
        np.add.at(load, agent_of, self.use[agent_of, jobs])
        over = int((load > self.capacity).sum())
        return int(self.cost[agent_of, jobs].sum()), over


@dataclass(frozen=True)
class BestKnown:
    """Published value and bound of an instance; None where there is none."""

    value: float | None = None
    bound: float | None = None


def instance_name(path: Path) -> str:
    """Return a file's name without the usual endings of instance files."""
    return path.stem if path.suffix.lower() in _SUFFIXES else path.name


def read_instances(paths: Sequence[Path]) -> list[GapInstance]:
    """
    Read instance files.

    Raises
    ------
    PlannerError
        Naming every fault of every file with its line.
    """
    faults: list[Fault] = []
    found: list[GapInstance] = []
    seen: dict[str, Path] = {}
    for path in paths:
        name = instance_name(path)
        if name in seen:
            faults.append(
                Fault(
                    str(path),
                    0,
                    "",
                    name,
                    _("{other} has the same name").format(other=seen[name]),
                    _("Name each instance once: the name is that of its results."),
                )
            )
            continue
        seen[name] = path
        one = _read(path, name, faults)
        if one is not None:
            found.append(one)
    if faults:
        raise _error(faults)
    return found


def read_best_known(path: Path) -> BestKnown:
    """
    Return the published value and bound of an instance, from beside its file.

    Raises
    ------
    PlannerError
        If there is a table that cannot be read as such.
    """
    table = path.parent / BEST_KNOWN
    if not table.is_file():
        return BestKnown()
    try:
        with table.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream):
                if row["instance"] == instance_name(path):
                    value, bound = row["best_known_value"], row["best_known_bound"]
                    return BestKnown(_number(value), _number(bound))
    except (OSError, csv.Error, KeyError, ValueError) as error:
        raise PlannerError(
            _(
                "{file} is no table of best-known values ({error}). It needs the "
                "columns instance, best_known_value and best_known_bound."
            ).format(file=table, error=error)
        ) from error
    return BestKnown()


def _number(text: str | None) -> float | None:
    if text is None or not text.strip():
        return None
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is not a number")
    return number


def _read(path: Path, name: str, faults: list[Fault]) -> GapInstance | None:
    """Read one file; None where there are faults."""
    try:
        text = path.read_bytes().decode("utf-8-sig", "replace")
    except OSError as error:
        why = _("it cannot be opened ({reason})").format(reason=error.strerror)
        faults.append(Fault(str(path), 0, "", "", why, _("Correct the path.")))
        return None
    before = len(faults)
    numbers = _numbers(str(path), text, faults)
    if len(faults) > before:
        return None
    m, n = (int(x) for x in numbers[:2]) if len(numbers) >= 2 else (0, 0)
    if m < 1 or n < 1:
        why = _("the first line gives the numbers of agents and jobs")
        remedy = _("Begin the file with two whole numbers above 0.")
        faults.append(Fault(str(path), 1, "", "", why, remedy))
        return None
    wanted = 2 + 2 * m * n + m
    if len(numbers) != wanted:
        last = len(text.splitlines())
        why = _(
            "{agents} agents and {jobs} jobs take {wanted:,} numbers, there are "
            "{found:,}"
        ).format(agents=m, jobs=n, wanted=wanted, found=len(numbers))
        remedy = _("Give m n, m rows of n costs, m rows of n uses, m capacities.")
        faults.append(Fault(str(path), last, "", "", why, remedy))
        return None
    cost, use = numbers[2 : 2 + 2 * m * n].reshape(2, m, n)
    return GapInstance(name, cost, use, numbers[2 + 2 * m * n :])


def _numbers(file: str, text: str, faults: list[Fault]) -> Ints:
    """Return all whole numbers of a file; a fault for each other word."""
    try:
        numbers = np.array(text.split(), dtype=float)
        if _good(numbers).all():
            return numbers.astype(np.int64)
    except ValueError:
        pass
    rule = _("a whole number from 0 to 2^53 is expected")
    remedy = _("Correct it; scale all costs, or all uses and capacities, to whole.")
    for line, words in enumerate(text.splitlines(), start=1):
        for word in words.split():
            if not _is_good(word):
                faults.append(Fault(file, line, "", word, rule, remedy))
    return np.empty(0, dtype=np.int64)


def _good(numbers: NDArray[np.float64]) -> NDArray[np.bool_]:
    whole = (numbers >= 0) & (numbers <= _LARGEST)
    return whole & (
        np.where(whole, numbers, 0) == np.floor(np.where(whole, numbers, 0))
    )


def _is_good(word: str) -> bool:
    try:
        return bool(_good(np.array([float(word)]))[0])
    except ValueError:
        return False


def _error(faults: list[Fault]) -> PlannerError:
    lines = [_("{n:,} fault(s) in the instances:").format(n=len(faults))]
    lines += [str(fault) for fault in faults[:_SHOWN]]
    hidden = len(faults) - _SHOWN
    if hidden > 0:
        lines.append(_("... and {n:,} more").format(n=hidden))
    return PlannerError("\n".join(lines))
