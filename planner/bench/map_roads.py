"""Solvers of territories on a map: the planner's, and its peers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from planner.bench.peers import ask_for_regions
from planner.bench.question import Answer, settled
from planner.bench.roads import PEERS as WHOLE
from planner.bench.roads import PLANNER
from planner.solvers.areas.model import AreaModel, Band
from planner.solvers.result import Status, Watch

WARM_S = 2.0

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@cache
def warm_up() -> None:
    """Divide sixteen squares by either objective, so that all is compiled."""
    unit = np.arange(16).reshape(4, 4)
    pairs = [(unit[:, :-1], unit[:, 1:]), (unit[:-1], unit[1:])]
    edges = np.concatenate([np.stack([u.ravel(), v.ravel()], 1) for u, v in pairs])
    place = np.stack(np.divmod(np.arange(16.0), 4), axis=1)
    distance = np.hypot(*(place[:, None] - place).transpose(2, 0, 1))
    shapes = {"centre": distance}, {"edge_price": np.ones(len(edges))}
    for shape in shapes:
        ones = np.ones((1, 16), dtype=np.int64)
        model = area_model(3, edges, ones, [4], [7], place, **shape)
        ask_about_map(PLANNER, model, Watch(WARM_S), seed=1, threads=1)


def area_model(
    k: int,
    edges: Ints,
    load: Ints,
    low: Sequence[int],
    high: Sequence[int],
    place: Floats,
    *,
    centre: Floats | None = None,
    edge_price: Floats | None = None,
) -> AreaModel:
    """
    Return the question of k like territories.

    Parameters
    ----------
    edges
        Pairs of neighbours, shape (edges, 2).
    load
        Of each unit in each measure, shape (q, n).
    low, high
        Hard ends of a territory's load in each measure.
    place, centre, edge_price
        As in `AreaModel`.
    """
    each = np.eye(k, dtype=bool)
    bands = tuple(
        Band(measure, member, int(least), int(most))
        for measure, (least, most) in enumerate(zip(low, high, strict=True))
        for member in each
    )
    return AreaModel(
        k=k,
        edges=edges,
        load=np.broadcast_to(load[:, :, None], (*load.shape, k)),
        bands=bands,
        centre=centre,
        edge_price=edge_price,
        place=place,
    )


def ask_about_map(
    solver: str,
    model: AreaModel,
    watch: Watch,
    *,
    seed: int,
    threads: int,
    whole: bool = False,
) -> Answer:
    """
    Solve a question of like territories by the planner or a peer.

    Parameters
    ----------
    whole
        Every cost is a whole number.

    Returns
    -------
    Labels are territories from 0. The cost is nan where a solver claims none.
    """
    if solver in WHOLE:
        from planner.bench.whole import solve_map_whole

        return solve_map_whole(
            model, solver, watch, seed=seed, threads=threads, whole=whole
        )
    if solver != PLANNER:
        label = ask_for_regions(solver, model, watch, seed=seed, threads=threads)
        status = Status.NO_PLAN_FOUND if label is None else Status.FEASIBLE
        return Answer(str(status), solver, label, math.nan, 0.0)
    from planner.solvers.areas.solve import solve_areas

    found = solve_areas(model, watch, seed=seed, threads=threads)
    return settled(
        "areas",
        found.label,
        found.cost,
        found.bound,
        infeasible=found.infeasible,
        whole=whole,
    )
