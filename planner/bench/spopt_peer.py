"""spopt: regions by its k-means of neighbours, sites by its capacitated p-median."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from planner.bench.whole import Medians
from planner.solvers.areas.model import AreaModel
from planner.solvers.result import Watch

if TYPE_CHECKING:
    from libpysal.weights import W

AMOUNT = "amount"

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def regions(place: Floats, edges: Ints, k: int, *, seed: int) -> Ints:
    """
    Return connected regions with near members; no limits on what they hold.

    Parameters
    ----------
    place
        Projected places, shape (n, 2).
    edges
        Pairs of neighbours, shape (edges, 2).
    """
    from spopt.region import RegionKMeansHeuristic

    search = RegionKMeansHeuristic(place, k, _weights(len(place), edges), seed=seed)
    search.solve()
    return np.asarray(search.labels_, dtype=np.int64)


def _weights(n: int, edges: Ints) -> W:
    from libpysal.weights import W

    neighbours: dict[int, list[int]] = {unit: [] for unit in range(n)}
    for u, v in edges.tolist():
        neighbours[u].append(v)
        neighbours[v].append(u)
    return W(neighbours)


def regions_by(kind: str, model: AreaModel, *, seed: int) -> Ints:
    """
    Return the regions of spopt's other heuristics, alike in their places.

    Parameters
    ----------
    kind
        "ward", "azp", "skater", or "maxp": as many regions as hold the low end of the
        first measure.
    model
        Units without those off the map; `place` is known.
    """
    import pandas as pd
    from spopt.region import AZP, MaxPHeuristic, Skater, WardSpatial

    assert model.place is not None
    names, k = ["x", "y"], model.k
    frame = pd.DataFrame(model.place / 1000, columns=names)
    frame[AMOUNT] = model.load[0, :, 0]
    weights = _weights(model.n, model.edges)
    if kind == "ward":
        search = WardSpatial(frame, weights, names, n_clusters=k)
    elif kind == "azp":
        search = AZP(frame, weights, names, n_clusters=k, random_state=seed)
    elif kind == "skater":
        search = Skater(frame, weights, names, n_clusters=k)
    else:
        low = max(band.low for band in model.bands if band.measure == 0)
        np.random.seed(seed)  # noqa: NPY002 - it draws from the global generator
        search = MaxPHeuristic(frame, weights, names, AMOUNT, low, top_n=2)
    search.solve()
    return np.asarray(search.labels_, dtype=np.int64)


def medians(question: Medians, watch: Watch, *, threads: int) -> Ints | None:
    """
    Return the median of each point, by spopt's model in CBC.

    spopt multiplies distances by demands, so they are given divided by them.
    """
    import pulp
    from spopt.locate import PMedian

    cost, weight = question.distance, np.maximum(question.demand, 1e-6)
    model = PMedian.from_cost_matrix(
        cost / weight[:, None],
        weight,
        p_facilities=question.p,
        facility_capacities=question.capacity,
    )
    limit = max(watch.left, 0.01)
    cbc = pulp.PULP_CBC_CMD(msg=False, timeLimit=limit, threads=threads)
    model.problem.solve(cbc)
    found = pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible
    if model.problem.sol_status not in found:
        return None
    value = np.vectorize(lambda variable: variable.value(), otypes=[float])
    return value(model.cli_assgn_vars).argmax(axis=1)
