"""First plans: territories grown from seeds, or from what is left of another plan."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from planner.compiled import compiled
from planner.solvers.areas.graph import pieces
from planner.solvers.areas.model import FREE, AreaModel, Floats, Ints
from planner.solvers.areas.state import NONE, Map

POWER_ROUNDS, STEP = 300, 0.5
"""
Rounds of prices and centres of a power diagram; first step of a price, over the mean
square distance in its territory.
"""


def first_plan(
    model: AreaModel, m: Map, rng: np.random.Generator, start: Ints | None = None
) -> Ints | None:
    """
    Return labels of k connected territories; None where they cannot be made so.

    Parameters
    ----------
    start
        Labels to keep where they are connected, `FREE` where unknown; None: territories
        are grown from seeds.
    """
    n, k = model.n, model.k
    label = np.full(n, FREE, dtype=np.int64)
    if model.fixed is not None:
        label[:] = model.fixed
    if start is not None:
        label = np.where((label == FREE) & (start >= 0), start, label)
        label = np.where(m.pair[np.arange(n), _columns(m, label)] < NONE, label, FREE)
    allowed = _allowed(m, k)
    weight = _weights(model)
    if (
        start is None
        and model.fixed is None
        and m.pair.shape[1] == 1
        and m.on_map.all()
    ):
        power = power_labels(m, k, weight, rng)
        label = label if power is None else power
    whole = _main_pieces(model, m, label, weight)
    if whole is None:
        return None
    label = whole
    _plant(model, m, label, weight, rng)
    drift = rng.random(k) * weight.sum() / k * 0.1
    _grow(m, label, allowed, weight, m.point[:, 1:3], drift)
    for u in np.flatnonzero(~m.on_map & (label == FREE)):
        label[u] = np.argmin(np.where(allowed[u], m.pair[u] + np.zeros(k), np.inf))
    if (label == FREE).any() or (np.bincount(label, minlength=k) == 0).any():
        return None
    if (m.pair[np.arange(n), _columns(m, label)] >= NONE).any():
        return None
    return label


def _columns(m: Map, label: Ints) -> Ints:
    return np.maximum(label, 0) if m.pair.shape[1] > 1 else np.zeros_like(label)


def _allowed(m: Map, k: int) -> NDArray[np.bool_]:
    return np.broadcast_to(m.pair < NONE, (len(m.fixed), k)).copy()


def _weights(model: AreaModel) -> Floats:
    """Mean over the measures that hard bands speak of, in shares of their totals."""
    measures = sorted({b.measure for b in model.bands if b.price is None})
    measures = measures or sorted({b.measure for b in model.bands})
    loads = [model.load[q].min(axis=1).astype(float) for q in measures]
    shares = [load / load.sum() for load in loads if load.sum() > 0]
    if not shares:
        return np.full(model.n, 1.0 / model.n)
    return np.asarray(np.mean(shares, axis=0) + 1e-6 / model.n)


def _main_pieces(model: AreaModel, m: Map, label: Ints, weight: Floats) -> Ints | None:
    """Free all but the main piece of each territory; join what is fixed by paths."""
    label = label.copy()
    for t in range(model.k):
        units = np.flatnonzero((label == t) & m.on_map)
        parts = pieces(m.start, m.near, units)
        if len(parts) < 2:
            continue
        held = [bool(m.fixed[p].any()) for p in parts]
        if sum(held) > 1 and not _join(m, label, t):
            return None
        if sum(held) <= 1:
            main = max(
                range(len(parts)), key=lambda i: (held[i], weight[parts[i]].sum())
            )
            for i, piece in enumerate(parts):
                if i != main:
                    label[piece] = FREE
    return label


def _join(m: Map, label: Ints, t: int) -> bool:
    """Join the pieces of a territory along shortest ways over units not fixed."""
    while True:
        parts = pieces(m.start, m.near, np.flatnonzero((label == t) & m.on_map))
        if len(parts) < 2:
            return True
        origin = {int(u): -1 for u in parts[0]}
        wave, found = list(origin), -1
        while wave and found < 0:
            later: list[int] = []
            for u in wave:
                for v in m.near[m.start[u] : m.start[u + 1]].tolist():
                    if v in origin or (m.fixed[v] and label[v] != t):
                        continue
                    origin[v] = u
                    later.append(v)
                    if label[v] == t:
                        found = v
                        break
                if found >= 0:
                    break
            wave = later
        if found < 0:
            return False
        while found >= 0:
            label[found] = t
            found = origin[found]


def _plant(
    model: AreaModel, m: Map, label: Ints, weight: Floats, rng: np.random.Generator
) -> None:
    """Give each empty territory a first unit, far from the others."""
    n, k = model.n, model.k
    place = m.point[:, 1:3]
    planted = list(np.flatnonzero(label != FREE))
    near = np.full(n, np.inf)
    for u in planted:
        near = np.minimum(near, ((place - place[u]) ** 2).sum(axis=1))
    piece_of = _component(m)
    for t in rng.permutation(k):
        if ((label == t) & m.on_map).any():
            continue
        free = np.flatnonzero((label == FREE) & m.on_map)
        if m.pair.shape[1] > 1:
            free = free[m.pair[free, t] < NONE]
        if not len(free):
            spare = _spare(m, label, weight, t)
            if spare >= 0:
                label[spare] = t
            continue
        lacking = ~np.isin(piece_of, piece_of[label != FREE])
        if lacking[free].any():  # a part of the map without any territory
            free = free[lacking[free]]
        if m.pair.shape[1] > 1 and np.ptp(m.pair[free, t]) > 0:
            u = free[np.argmin(m.pair[free, t])]
        else:
            share = weight[free] * np.where(np.isfinite(near[free]), near[free], 1.0)
            share = share + 1e-12
            u = rng.choice(free, p=share / share.sum())
        label[u] = t
        near = np.minimum(near, ((place - place[u]) ** 2).sum(axis=1))


def _spare(m: Map, label: Ints, weight: Floats, t: int) -> int:
    """Unit that the heaviest territory able to can spare for t; -1: there is none."""
    loads = np.bincount(label[label != FREE], weight[label != FREE])
    for donor in np.argsort(-loads, kind="stable"):
        own = np.flatnonzero((label == donor) & m.on_map)
        for u in own[~m.fixed[own]]:
            if m.pair[u, t if m.pair.shape[1] > 1 else 0] >= NONE:
                continue
            if len(pieces(m.start, m.near, own[own != u])) == 1:
                return int(u)
    return -1


def _component(m: Map) -> Ints:
    """Number of the part of the map that each unit lies in."""
    number = np.full(len(m.fixed), -1, dtype=np.int64)
    for i, piece in enumerate(pieces(m.start, m.near, np.arange(len(m.fixed)))):
        number[piece] = i
    return number


def power_labels(
    m: Map, k: int, weight: Floats, rng: np.random.Generator
) -> Ints | None:
    """
    Balanced centroidal power diagram: each unit to the centre of least d^2 - price.

    Prices rise where a territory is heavy, centres move to the weighted means. Its
    cells are convex, so that few units lie off their territory's main piece.

    Source: Aurenhammer, Hoffmann and Aronov 1998, doi:10.1007/PL00009187.
    """
    place = m.point[:, 1:3]
    if k < 2 or np.ptp(place, axis=0).max() <= 0:
        return None
    chosen = [rng.choice(len(weight), p=weight / weight.sum())]
    near = ((place - place[chosen[0]]) ** 2).sum(axis=1)
    for _seed in range(k - 1):
        share = weight * near
        chosen.append(rng.choice(len(weight), p=share / share.sum()))
        near = np.minimum(near, ((place - place[chosen[-1]]) ** 2).sum(axis=1))
    label = np.zeros(len(weight), dtype=np.int64)
    _power(place, weight, place[chosen].copy(), label, POWER_ROUNDS)
    return label


@compiled
def _power(
    place: np.ndarray,
    weight: np.ndarray,
    centre: np.ndarray,
    label: np.ndarray,
    rounds: int,
) -> None:
    """Alternate prices and centres; the step of the prices shrinks with the rounds."""
    n, k = len(place), len(centre)
    price, load, mean, spread = np.zeros(k), np.zeros(k), np.zeros((k, 2)), np.zeros(k)
    target = weight.sum() / k
    for turn in range(rounds):
        load[:], mean[:], spread[:] = 0.0, 0.0, 0.0
        for u in range(n):
            best, least, far_best = 0, np.inf, 0.0
            for c in range(k):
                far = (place[u, 0] - centre[c, 0]) ** 2
                far += (place[u, 1] - centre[c, 1]) ** 2
                if far - price[c] < least:
                    best, least, far_best = c, far - price[c], far
            label[u] = best
            load[best] += weight[u]
            mean[best] += weight[u] * place[u]
            spread[best] += weight[u] * far_best
        step = STEP * (1.0 - turn / rounds)
        usual = spread.sum() / weight.sum()
        heaviest = np.argmax(load)
        for c in range(k):
            if load[c] < 0.05 * target and turn < 0.7 * rounds:
                # An empty cell begins anew inside the heaviest territory.
                u = (turn * 7919 + c * 104729) % n
                while label[u] != heaviest:
                    u = (u + 1) % n
                centre[c], price[c] = place[u], price[heaviest]
                continue
            own = max(spread[c] / max(load[c], 1e-12), 0.02 * usual)
            price[c] -= step * own * max(-1.0, min(1.0, load[c] / target - 1.0))
            if load[c] > 0.0 and turn % 3 == 0:
                centre[c] = mean[c] / load[c]


@compiled
def _grow(
    m: Map,
    label: np.ndarray,
    allowed: np.ndarray,
    weight: np.ndarray,
    place: np.ndarray,
    drift: np.ndarray,
) -> None:
    """
    Let the lightest territory take its nearest free neighbour, until none is free.

    Where pair costs differ they decide instead of the distance to the territory's mean.
    """
    n, k = len(label), len(drift)
    load, mean, count = drift.copy(), np.zeros((k, 2)), np.zeros(k)
    for u in range(n):
        t = label[u]
        if t >= 0:
            load[t] += weight[u]
            mean[t] += place[u]
            count[t] += 1
    stuck = np.zeros(k, np.bool_)
    while True:
        t, least = -1, NONE
        for r in range(k):
            if not stuck[r] and load[r] < least:
                t, least = r, load[r]
        if t < 0:
            return
        best, nearest = -1, NONE
        for u in range(n):
            if label[u] >= 0 or not m.on_map[u] or not allowed[u, t]:
                continue
            touching = False
            for at in range(m.start[u], m.start[u + 1]):
                if label[m.near[at]] == t:
                    touching = True
                    break
            if touching:
                c = max(1.0, count[t])
                far = (place[u, 0] - mean[t, 0] / c) ** 2
                far += (place[u, 1] - mean[t, 1] / c) ** 2
                if m.pair.shape[1] > 1:
                    far = m.pair[u, t]
                if far < nearest:
                    best, nearest = u, far
        if best < 0:
            stuck[t] = True
            continue
        label[best] = t
        load[t] += weight[best]
        mean[t] += place[best]
        count[t] += 1
