"""spopt: regions by its k-means of neighbours, sites by its capacitated p-median."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.bench.whole import Medians
from planner.solvers.result import Watch

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
    from libpysal.weights import W
    from spopt.region import RegionKMeansHeuristic

    neighbours: dict[int, list[int]] = {unit: [] for unit in range(len(place))}
    for u, v in edges.tolist():
        neighbours[u].append(v)
        neighbours[v].append(u)
    search = RegionKMeansHeuristic(place, k, W(neighbours), seed=seed)
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
