"""Compile the search of areas before the clock starts, once per machine."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from planner.solvers.areas.model import AreaModel, Band
from planner.solvers.result import Watch


@cache
def warm_up_areas() -> None:
    """
    Search a strip of six units for two territories, so that all is compiled.

    The machine code is kept beside the package (or in the user's cache folder), so
    later runs only load it.
    """
    from planner.solvers.areas.solve import solve_areas

    n, k = 6, 2
    along = np.arange(float(n))
    model = AreaModel(
        k=k,
        edges=np.stack([np.arange(n - 1), np.arange(1, n)], axis=1),
        load=np.broadcast_to(np.ones((1, n, 1), dtype=np.int64), (1, n, k)),
        bands=tuple(
            Band(0, np.arange(k) == t, 2, 4, price)
            for t in range(k)
            for price in (None, 1.0)
        ),
        pair=np.zeros((n, k)),
        weight=np.ones(n),
        x=along,
        y=np.zeros(n),
        edge_price=np.ones(n - 1),
        place=np.stack([along, np.zeros(n)], axis=1),
    )
    for one in (model, replace(model, pair=None, edge_price=None)):
        solve_areas(one, Watch(60.0), threads=1, iterations=2_000)
