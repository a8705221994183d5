"""The family `tdp`: territories with three activities, each close to its mean."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from planner.bench.instance_file import (
    UNKNOWN,
    BestKnown,
    Check,
    amount,
    best_known,
    instance_name,
    number_up_to,
    only_row,
    read_map_file,
    whole_number,
)
from planner.bench.map_count import best_centres, what_breaks
from planner.bench.map_roads import area_model, ask_about_map
from planner.bench.question import Answer, Count
from planner.errors import Fault
from planner.rounding import decimals_scale, highest, lowest, to_integers
from planner.solvers.areas.model import AreaModel
from planner.solvers.result import Watch
from planner.words import _

SLACK, MODEL_SLACK = 1e-6, 5e-7
"""
Published plans may miss the tolerance by `SLACK`, a share of the mean, as it is given
in decimals; plans are made with half of it.
"""
ACTIVITIES = 3

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tdp:
    """
    Connected territories of least distance to a centre unit, after Ríos-Mercado and
    Fernández (2009, https://doi.org/10.1016/j.cor.2007.10.024).

    Attributes
    ----------
    place
        Of each unit, shape (n, 2).
    activity
        Of each unit, shape (3, n).
    edges
        Pairs of neighbours, shape (edges, 2).
    p
        Number of territories.
    tolerance
        By how much each activity of a territory may differ from total / p: a share.
    best
        Published value and bound.
    """

    name: str
    place: Floats
    activity: Floats
    edges: Ints
    p: int
    tolerance: float
    best: BestKnown = UNKNOWN
    whole: bool = False

    @property
    def kind(self) -> str:
        """Return the name as far as it tells the size."""
        return re.split("[-_]", self.name, maxsplit=1)[0]

    @property
    def units(self) -> int:
        """Number of units."""
        return len(self.place)

    @property
    def reps(self) -> int:
        """Number of territories."""
        return self.p

    @cached_property
    def distance(self) -> Floats:
        """Distance from unit to unit, shape (n, n)."""
        east, north = self.place.T
        return np.hypot(east[:, None] - east, north[:, None] - north)

    def model(self) -> AreaModel:
        """Return the question of like territories; ends rounded inwards to steps."""
        measured = [each for each in self.activity if each.sum() > 0]
        scales = [decimals_scale(each) for each in measured]
        low, high = zip(*(self._ends(each) for each in measured), strict=True)
        return area_model(
            self.p,
            self.edges,
            np.array(
                [to_integers(a, s) for a, s in zip(measured, scales, strict=True)]
            ),
            [lowest(end, scale) for end, scale in zip(low, scales, strict=True)],
            [highest(end, scale) for end, scale in zip(high, scales, strict=True)],
            self.place,
            centre=self.distance,
        )

    def _ends(
        self, activity: Floats, slack: float = MODEL_SLACK
    ) -> tuple[float, float]:
        mean, width = activity.sum() / self.p, self.tolerance + slack
        return mean * (1 - width), mean * (1 + width)

    def ask(self, solver: str, watch: Watch, *, seed: int, threads: int) -> Answer:
        """Return what a solver says: the centre of each unit's territory."""
        found = ask_about_map(solver, self.model(), watch, seed=seed, threads=threads)
        if found.label is None:
            return found
        return replace(found, label=best_centres(self.distance, found.label))

    def recount(self, label: NDArray[np.intp]) -> Count:
        """Count a solution again, from the file's numbers alone."""
        ends = np.array([self._ends(each, SLACK) for each in self.activity])
        low, high = ends.T
        breaks = what_breaks(self.edges, label, self.p, self.activity, low, high)
        astray = int((label[label] != label).sum())
        if astray:
            breaks += (f"{astray} units with a centre of another territory",)
        return Count(float(self.distance[np.arange(self.units), label].sum()), breaks)


def read_tdp(path: Path, _objective: str, faults: list[Fault]) -> list[Tdp]:
    """Read one file: n m p tolerance, n lines of x y and 3 activities, m of u v."""
    share = Check(
        lambda x: (x >= 0) & (x <= 1),
        _("a share from 0 to 1 is expected"),
        _("Correct it."),
    )
    head = {
        "n": whole_number(1),
        "m": whole_number(),
        "p": whole_number(1),
        "tau": share,
    }
    columns = {"x": number_up_to(), "y": number_up_to()}
    columns |= {f"a{each}": amount() for each in range(1, 1 + ACTIVITIES)}
    found = read_map_file(path, head, columns, faults)
    if found is None:
        return []
    numbers = np.array(found.columns, dtype=float)
    return [
        Tdp(
            name=instance_name(path),
            place=numbers[:2].T.copy(),
            activity=numbers[2:],
            edges=found.edges,
            p=int(float(found.head[2])),
            tolerance=float(found.head[3]),
            best=best_known(only_row(path)),
        )
    ]
