"""GerryChain: recombination of two districts by random spanning trees (ReCom)."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from planner.bench.map_count import best_centres
from planner.solvers.areas.model import AreaModel
from planner.solvers.result import Watch

if TYPE_CHECKING:
    from gerrychain import Partition

LOAD, PAUSE_S = "population", 0.2

Ints = NDArray[np.int64]


def recombined(
    model: AreaModel,
    watch: Watch,
    *,
    seed: int,
    score: Callable[[Ints], tuple[float, ...]] | None = None,
) -> Ints | None:
    """
    Return the best plan of a chain that refuses what is worse, when time is up.

    Only the first measure has limits: GerryChain balances one. Neither its start nor
    its steps heed a clock, so they are left behind in a thread.

    Parameters
    ----------
    score
        Of labels, the less the better, the first number first; None: the model's
        cost by centre units or cut edges.
    """
    if score is None:

        def score(label: Ints) -> tuple[float, ...]:
            return (_cost(model, label),)

    best: list[tuple[tuple[float, ...], Ints]] = []
    walk = (model, watch, seed, best, score)
    chain = threading.Thread(target=_walk, args=walk, daemon=True)
    chain.start()
    while chain.is_alive() and watch.left > 0:
        chain.join(min(PAUSE_S, watch.left))
        if best:
            watch.report("ReCom", best[-1][0][-1])
    return best[-1][1] if best else None


def split_by_trees(model: AreaModel, *, seed: int) -> Ints:
    """Return districts cut off one by one from random spanning trees."""
    _graph, start, _target = _start(model, random.Random(seed))
    return np.array([start[u] for u in range(model.n)], dtype=np.int64)


def tolerance(model: AreaModel) -> float | None:
    """Return what the load of the first measure may be off its mean; None: no band."""
    mean = model.load[0, :, 0].sum() / model.k
    bands = [b for b in model.bands if b.measure == 0 and b.member.sum() == 1]
    if not bands or mean <= 0:
        return None
    ends = [(mean - b.low, b.high - mean if b.high >= 0 else mean) for b in bands]
    return max(0.0, float(np.min(ends)) / mean)


def _start(model: AreaModel, rng: random.Random) -> tuple[Any, Any, dict[str, Any]]:
    """Return the graph, districts to begin with, and what their load must be."""
    import networkx
    from gerrychain import Graph
    from gerrychain.partition import recursive_tree_part

    load, within = model.load[0, :, 0], tolerance(model)
    drawn = networkx.Graph()
    drawn.add_nodes_from((u, {LOAD: int(load[u])}) for u in range(model.n))
    drawn.add_edges_from(model.edges.tolist())
    graph = Graph.from_networkx(drawn)
    target = {"pop_col": LOAD, "pop_target": load.sum() / model.k, "epsilon": within}
    return graph, recursive_tree_part(graph, range(model.k), **target, rng=rng), target


def _walk(
    model: AreaModel,
    watch: Watch,
    seed: int,
    best: list[tuple[tuple[float, ...], Ints]],
    score: Callable[[Ints], tuple[float, ...]],
) -> None:
    from gerrychain import Partition
    from gerrychain.proposals import recom
    from gerrychain.updaters import Tally

    rng = random.Random(seed)
    graph, start, target = _start(model, rng)
    now = Partition(graph, start, {LOAD: Tally(LOAD, alias=LOAD)})
    step: Any = partial(recom, **target, rng=rng)
    label = _label(now, model.n)
    cost = score(label)
    best.append((cost, label))
    while watch.left > 0:
        next_ = step(now)
        label = _label(next_, model.n)
        if (new := score(label)) <= cost:
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
