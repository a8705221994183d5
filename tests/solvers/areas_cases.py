"""Random maps for the solvers of connected territories; enumeration of plans."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import strategies as st

from planner.solvers.areas.graph import pieces
from planner.solvers.areas.model import FREE, AreaModel, Band, Split


def random_model(seed: int) -> AreaModel:
    """
    Return a map of 5 to 9 units, with any mix of what a model can have.

    Ends of bands are loads that some division has, so that limits are met exactly.
    """
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(5, 10)), int(rng.integers(2, 4))
    place = rng.random((n, 2)) * 10
    edges = {(int(rng.integers(u)), u) for u in range(1, n)}
    for _extra in range(int(rng.integers(0, n))):
        u, v = sorted(rng.choice(n, 2, replace=False).tolist())
        edges.add((u, v))
    q = int(rng.integers(1, 3))
    load = np.repeat(rng.integers(0, 9, (q, n, 1)), k, axis=2)
    if rng.random() < 0.3:
        load = rng.integers(0, 9, (q, n, k))
    kind = rng.choice(["none", "centre", "mean"])
    ends = np.array(sorted(edges))
    shape: dict = {}
    if kind == "centre":
        shape["centre"] = np.hypot(*(place[:, None] - place).transpose(2, 0, 1))
    elif kind == "mean":
        weight = rng.integers(0, 5, n).astype(float)
        shape |= {"weight": weight, "x": place[:, 0], "y": place[:, 1]}
    if kind == "none" or rng.random() < 0.5:
        pair = rng.integers(0, 20, (n, k)).astype(float)
        pair[rng.random((n, k)) < 0.1] = np.inf
        shape["pair"] = pair
    if rng.random() < 0.5:
        shape["edge_price"] = rng.integers(0, 4, len(ends)).astype(float)
    if rng.random() < 0.3:
        fixed = np.full(n, FREE)
        fixed[rng.integers(n)] = rng.integers(k)
        shape["fixed"] = fixed
    some = rng.integers(0, k, n)
    bands = []
    for measure, t in itertools.product(range(q), range(k)):
        if rng.random() < 0.6:
            total = int(load[measure, some == t, t].sum())
            low, high = (
                max(0, total - int(rng.integers(6))),
                total + int(rng.integers(6)),
            )
            price = None if rng.random() < 0.6 else float(rng.integers(1, 5))
            bands.append(Band(measure, np.arange(k) == t, low, high, price))
    if rng.random() < 0.3:
        top = int(load[0].max(axis=1).sum())
        bands.append(Band(0, np.ones(k, dtype=bool), 0, top - 1))
    splits = ()
    if rng.random() < 0.4:
        units = rng.choice(n, 3, replace=False)
        labels = np.arange(k) if rng.random() < 0.5 else np.arange(k) // 2
        splits = (Split(units, labels, float(rng.integers(1, 9))),)
    return AreaModel(
        k=k,
        edges=ends,
        load=load,
        bands=tuple(bands),
        splits=splits,
        place=place,
        **shape,
    )


def cost_of(model: AreaModel, label: np.ndarray) -> float:
    """Cost of a plan from the definition; inf where a hard rule is broken."""
    start, near, _edge = model.adjacency
    n, units, total = model.n, np.arange(model.n), 0.0
    if model.pair is not None:
        total += model.pair[units, label].sum()
    for t in range(model.k):
        own = np.flatnonzero(label == t)
        if not len(own) or len(pieces(start, near, own)) > 1:
            return np.inf
        if model.centre is not None:
            total += model.centre[np.ix_(own, own)].sum(axis=0).min()
        if model.weight is not None and model.weight[own].sum() > 0:
            w, x, y = model.weight[own], model.x[own], model.y[own]
            mx, my = np.average(x, weights=w), np.average(y, weights=w)
            total += (w * ((x - mx) ** 2 + (y - my) ** 2)).sum()
    if model.edge_price is not None:
        a, b = model.edges.T
        total += model.edge_price[label[a] != label[b]].sum()
    if (
        model.fixed is not None
        and ((model.fixed != FREE) & (model.fixed != label)).any()
    ):
        return np.inf
    for band in model.bands:
        load = sum(
            int(model.load[band.measure, u, label[u]])
            for u in range(n)
            if band.member[label[u]]
        )
        out = max(0, band.low - load)
        out += max(0, load - band.high) if band.high != FREE else 0
        if out and band.price is None:
            return np.inf
        total += out * (band.price or 0.0)
    for split in model.splits:
        used = len(set(split.label_of_territory[label[split.units]]))
        total += split.price * (used - 1)
    return float(total)


def least_cost(model: AreaModel) -> float:
    """Cost of the best plan by looking at all; inf where there is none."""
    plans = itertools.product(range(model.k), repeat=model.n)
    return min(cost_of(model, np.array(plan)) for plan in plans)


seeds = st.integers(0, 2**32 - 1)
