"""Solvers of the capacitated p-median: the planner's, and its peers."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from planner.bench.map_count import best_centres
from planner.bench.peers import MOST_PAIRS
from planner.bench.question import Answer, settled
from planner.bench.roads import PEERS as WHOLE
from planner.bench.roads import PLANNER
from planner.bench.whole import TOO_LARGE, Medians, solve_medians_whole
from planner.solvers.result import Status, Watch

WARM_S = 2.0

Ints = NDArray[np.int64]


@cache
def warm_up() -> None:
    """Choose three of twelve points, so that all is compiled."""
    place = np.stack(np.divmod(np.arange(12.0), 4), axis=1)
    distance = np.hypot(*(place[:, None] - place).transpose(2, 0, 1))
    ones = np.ones(12, dtype=np.int64)
    question = Medians(distance, ones, 5 * ones, 3, place)
    ask_about_medians(PLANNER, question, Watch(WARM_S), seed=1, threads=1)


def ask_about_medians(
    solver: str,
    question: Medians,
    watch: Watch,
    *,
    seed: int,
    threads: int,
    whole: bool = False,
) -> Answer:
    """
    Choose medians by the planner or a peer.

    Parameters
    ----------
    whole
        Every distance is a whole number.

    Returns
    -------
    Labels are the points' medians. The cost is nan where a solver claims none.
    """
    if solver in WHOLE:
        return solve_medians_whole(
            question, solver, watch, seed=seed, threads=threads, whole=whole
        )
    if solver != PLANNER:
        status, label = _ask_peer(solver, question, watch, seed, threads)
        return Answer(status, solver, label, math.nan, 0.0)
    from planner.solvers.siting.model import SitingModel
    from planner.solvers.siting.solve import solve_siting

    model = SitingModel.of(
        question.distance,
        question.demand,
        question.capacity,
        question.p,
        own=np.arange(len(question.demand)),
    )
    found = solve_siting(model, watch, seed=seed, threads=threads)
    return settled(
        "siting",
        found.site,
        found.cost,
        found.bound,
        infeasible=found.infeasible,
        whole=whole,
    )


def _ask_peer(
    solver: str, question: Medians, watch: Watch, seed: int, threads: int
) -> tuple[str, Ints | None]:
    """Return a status, and the median of each point."""
    if solver == "k-means-constrained":
        from planner.bench.kmeans_peer import even_clusters

        cluster = even_clusters(question.place, question.p, seed=seed, threads=threads)
        return str(Status.FEASIBLE), best_centres(question.distance, cluster)
    if question.distance.size > MOST_PAIRS:
        return TOO_LARGE, None
    from planner.bench.spopt_peer import medians

    label = medians(question, watch, threads=threads)
    status = Status.NO_PLAN_FOUND if label is None else Status.FEASIBLE
    return str(status), label
