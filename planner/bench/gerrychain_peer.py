"""GerryChain: recombination of two districts by random spanning trees (ReCom)."""

from __future__ import annotations

import random
import threading
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from planner.bench.map_count import best_centres
from planner.solvers.areas.model import AreaModel
from planner.solvers.result import Watch

if TYPE_CHECKING:
    from gerrychain import Partition

LOAD, PAUSE_S = "population", 0.2

Ints = NDArray[np.int64]


def recombined(model: AreaModel, watch: Watch, *, seed: int) -> Ints | None:
    """
    Return the best plan of a chain that refuses what is worse, when time is up.

    Only the first measure has limits: GerryChain balances one. Neither its start nor
    its steps heed a clock, so they are left behind in a thread.
    """
    best: list[tuple[float, Ints]] = []
    chain = threading.Thread(target=_walk, args=(model, watch, seed, best), daemon=True)
    chain.start()
    while chain.is_alive() and watch.left > 0:
        chain.join(min(PAUSE_S, watch.left))
        if best:
            watch.report("ReCom", best[-1][0])
    return best[-1][1] if best else None


def _walk(
    model: AreaModel, watch: Watch, seed: int, best: list[tuple[float, Ints]]
) -> None:
    import networkx
    from gerrychain import Graph, Partition
    from gerrychain.partition import recursive_tree_part
    from gerrychain.proposals import recom
    from gerrychain.updaters import Tally

    load = model.load[0, :, 0]
    mean = load.sum() / model.k
    band = next(band for band in model.bands if band.measure == 0)
    within = max(0.0, min(mean - band.low, band.high - mean) / mean)
    drawn = networkx.Graph()
    drawn.add_nodes_from((u, {LOAD: int(load[u])}) for u in range(model.n))
    drawn.add_edges_from(model.edges.tolist())
    graph, rng = Graph.from_networkx(drawn), random.Random(seed)
    start = recursive_tree_part(graph, range(model.k), mean, LOAD, within, rng=rng)
    now = Partition(graph, start, {LOAD: Tally(LOAD, alias=LOAD)})
    step = partial(recom, pop_col=LOAD, pop_target=mean, epsilon=within, rng=rng)
    label = _label(now, model.n)
    cost = _cost(model, label)
    best.append((cost, label))
    while watch.left > 0:
        next_ = step(now)
        label = _label(next_, model.n)
        if (new := _cost(model, label)) <= cost:
            now, cost = next_, new
            best.append((cost, label))


def _label(plan: Partition, n: int) -> Ints:
    return np.array([plan.assignment[u] for u in range(n)], dtype=np.int64)


def _cost(model: AreaModel, label: Ints) -> float:
    if model.centre is None:
        u, v = model.edges.T
        return float((label[u] != label[v]).sum())
    centre = best_centres(model.centre, label)
    return float(model.centre[np.arange(model.n), centre].sum())
