"""Compile the search for sites before the clock starts: once per machine."""

from __future__ import annotations

from functools import cache

import numpy as np

from planner.solvers.result import Watch
from planner.solvers.siting.model import SitingModel
from planner.solvers.siting.solve import solve_siting


@cache
def warm_up_siting() -> None:
    """Choose two sites for eight units, of four and of theirs, through all phases."""
    spots = np.arange(8.0)
    cost = (spots[:, None] - np.array([0.5, 2.5, 4.5, 6.5])) ** 2
    model = SitingModel.of(cost, np.ones(8, dtype=np.int64), 5, 2)
    solve_siting(model, Watch(1.0), threads=2)
    cost = np.abs(spots[:, None] - spots)
    ones = np.ones(8, dtype=np.int64)
    model = SitingModel.of(cost, ones, 5, 2, own=np.arange(8))
    solve_siting(model, Watch(1.0), threads=2)
