"""The family `cpmp`: the capacitated p-median problem, each point at one median."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from planner.bench.instance_file import (
    UNKNOWN,
    BestKnown,
    amount,
    best_known,
    instance_name,
    number_up_to,
    only_row,
    read_numbers,
    read_text,
    whole,
    wrong_head,
)
from planner.bench.question import Answer, Count
from planner.bench.site_roads import ask_about_medians
from planner.bench.whole import Medians
from planner.errors import Fault
from planner.rounding import decimals_scale, to_integers
from planner.solvers.result import Watch
from planner.words import _

ROUNDED_DOWN = "cpmp"
"""Instances whose name begins so have distances rounded down to whole ones."""
MATRICES = {"spain": "spain.grd"}
"""Instances whose name begins so have their distances in a file beside them."""
NOISE = 1e-9

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Cpmp:
    """
    Exactly p of n points serve all, within their capacities, over least distance.

    Attributes
    ----------
    place
        Of each point, shape (n, 2).
    capacity, demand
        Of each point, shapes (n,).
    p
        Number of medians.
    matrix
        ``matrix[point, median]``, shape (n, n); None: straight lines.
    best
        Published value and bound.
    """

    name: str
    place: Floats
    capacity: Floats
    demand: Floats
    p: int
    matrix: Floats | None = None
    best: BestKnown = UNKNOWN

    @property
    def kind(self) -> str:
        """Return the name as far as it tells the origin."""
        return re.split(r"_|(?<=SJC)|(?<=cpmp)", self.name, maxsplit=1)[0]

    @property
    def units(self) -> int:
        """Number of points."""
        return len(self.place)

    @property
    def reps(self) -> int:
        """Number of medians."""
        return self.p

    @property
    def whole(self) -> bool:
        """Whether every distance is a whole number."""
        if self.matrix is not None:
            return bool((self.matrix == np.floor(self.matrix)).all())
        return self.name.startswith(ROUNDED_DOWN)

    def distance(self, point: Ints, median: Ints) -> Floats:
        """Return distances of pairs of points, broadcast together."""
        if self.matrix is not None:
            return self.matrix[point, median]
        across = self.place[point] - self.place[median]
        straight = np.hypot(across[..., 0], across[..., 1])
        if self.name.startswith(ROUNDED_DOWN):
            return np.floor(straight + NOISE)
        return straight

    def ask(self, solver: str, watch: Watch, *, seed: int, threads: int) -> Answer:
        """Return what a solver says: the median of each point."""
        question, whole = self.question(), self.whole
        return ask_about_medians(
            solver, question, watch, seed=seed, threads=threads, whole=whole
        )

    def question(self) -> Medians:
        """Return the question in whole steps of demand and capacity."""
        points = np.arange(self.units)
        scale = decimals_scale(np.append(self.demand, self.capacity))
        return Medians(
            distance=self.distance(points[:, None], points),
            demand=to_integers(self.demand, scale),
            capacity=to_integers(self.capacity, scale),
            p=self.p,
            place=self.place,
        )

    def recount(self, label: NDArray[np.intp]) -> Count:
        """Count a solution again, from the file's numbers alone."""
        medians, points = np.unique(label), np.arange(self.units)
        said = []
        if len(medians) != self.p:
            said.append(f"{len(medians)} medians instead of {self.p}")
        away = int((label[medians] != medians).sum())
        if away:
            said.append(f"{away} medians served by another")
        load = np.bincount(label, self.demand, minlength=self.units)
        over = load > self.capacity + NOISE
        if over.any():
            worst = (load[over] / np.maximum(self.capacity[over], NOISE) - 1).max()
            said.append(
                f"{int(over.sum())} medians over capacity, by {100 * worst:.3g} %"
            )
        return Count(float(self.distance(points, label).sum()), tuple(said))


def read_cpmp(path: Path, _objective: str, faults: list[Fault]) -> list[Cpmp]:
    """Read one file: n p, n lines of x y capacity demand."""
    text = read_text(path, faults)
    if text is None:
        return []
    file, before = str(path), len(faults)
    numbers = read_numbers(file, text, number_up_to(), faults)
    if len(faults) > before:
        return []
    n, p = numbers[:2] if len(numbers) >= 2 else (0, 0)
    if not (whole(np.array([n, p])).all() and 1 <= p <= n):
        why = _("the first line gives the numbers of points and medians")
        remedy = _("Begin the file with two whole numbers above 0, medians not above.")
        faults.append(wrong_head(file, why, remedy))
        return []
    points = int(n)
    if len(numbers) != 2 + 4 * points:
        why = _("{n:,} points take {wanted:,} numbers, there are {found:,}").format(
            n=points, wanted=2 + 4 * points, found=len(numbers)
        )
        remedy = _("Give n p, then n lines of x y capacity demand.")
        last = len(text.splitlines())
        faults.append(Fault(file, last, "", "", why, remedy))
        return []
    x, y, capacity, demand = numbers[2:].reshape(points, 4).T
    _refuse_negative(file, {"capacity": capacity, "demand": demand}, faults)
    name = instance_name(path)
    matrix = _matrix(path, name, points, faults)
    if len(faults) > before:
        return []
    place, best = np.stack([x, y], axis=1), best_known(only_row(path))
    return [Cpmp(name, place, capacity, demand, int(p), matrix, best)]


def _refuse_negative(
    file: str, columns: dict[str, Floats], faults: list[Fault]
) -> None:
    check = amount()
    for column, values in columns.items():
        for at in np.flatnonzero(~check.good(values)):
            where = _("point {at}: {value:g}").format(at=at, value=values[at])
            faults.append(Fault(file, 0, column, where, check.rule, check.remedy))


def _matrix(path: Path, name: str, n: int, faults: list[Fault]) -> Floats | None:
    """Return the distances that lie beside an instance, where its name says so."""
    known = [file for start, file in MATRICES.items() if name.startswith(start)]
    if not known:
        return None
    beside = path.with_name(known[0])
    text = read_text(beside, faults)
    if text is None:
        return None
    numbers = read_numbers(str(beside), text, amount(), faults)
    if len(numbers) == n * n:
        return numbers.reshape(n, n)
    if len(numbers):
        why = _("{n:,} points take {wanted:,} distances, there are {found:,}").format(
            n=n, wanted=n * n, found=len(numbers)
        )
        remedy = _("Give the distances of a point to all points, point by point.")
        faults.append(Fault(str(beside), 0, "", "", why, remedy))
    return None
