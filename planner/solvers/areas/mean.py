"""
A bound where each territory's shape is its spread around its own weighted mean.

The mean may be anywhere in the hull of the units, so squares cover the hull, small
where territories are. Around the middle c of the square that holds the mean z of a
territory T, its spread is larger by weight(T) |z - c|^2, that is by at most
weight(T) r_c^2 with r_c half the diagonal. So

    sum_T spread(T) >= least sum over squares of sum_u weight_u (|u - c|^2 - r_c^2),

a question of siting, with any number of territories in one square.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError, cKDTree

from planner.solvers.areas.model import FREE, AreaModel, Floats, Ints
from planner.solvers.result import Watch
from planner.solvers.siting.bound import first_prices
from planner.solvers.siting.climb import FIRST_THETA, Climb
from planner.solvers.siting.model import SitingModel
from planner.solvers.siting.question import Question

FINEST, COARSER = 0.2, 1.25
"""
Half a square's diagonal over the root mean square distance in a territory, about, and
by how much it grows while squares are too many. 400 random places in 24 territories,
two threads of a busy machine: 9.6 % below the plan after 6 s, 5.2 % after 12 s; with
0.15: 37 and 19 %, with 0.3: 11 and 8.5 %.
"""
MOST_PAIRS = 6_000_000
"""Units times squares, at most: some twenty steps of the prices a second."""


def mean_bound(
    model: AreaModel,
    label: Ints,
    watch: Watch,
    *,
    time_share: float = 0.2,
    threads: int = 2,
) -> float:
    """
    Lower limit on the spread of all territories; 0 where none can be given.

    Parameters
    ----------
    label
        A plan in hand, shape (n,): it says how large squares may be where.
    time_share
        Share of the time left that may be used.
    """
    assert model.weight is not None
    assert model.x is not None
    assert model.y is not None
    weight = model.weight
    place = np.column_stack([model.x, model.y])
    spread = _spreads(weight, place, label, model.k)
    total = np.bincount(label, weight, minlength=model.k)
    if weight.sum() <= 0 or spread.sum() <= 0:
        return 0.0
    usual = math.sqrt(spread.sum() / weight.sum())
    own = np.sqrt(spread / np.maximum(total, 1e-300))
    # So many squares lose least where r_c^4 goes with area over weight.
    scale = np.sqrt(np.maximum(own, 0.1 * usual) * usual)
    fineness, squares = FINEST, None
    while squares is None and fineness < 1.0:
        squares = _cover(place, fineness * scale[label])
        fineness *= COARSER
    if squares is None:
        return 0.0
    at, radius = squares
    far = ((place[:, None] - at) ** 2).sum(axis=2)
    # Costs must not be negative: each unit pays the largest radius once, come what may.
    most = float(radius.max() ** 2)
    cost = weight[:, None] * (far + (most - radius**2))
    constant = float(weight.sum()) * most
    low, high = widest_bands(model)
    site = SitingModel.of(
        cost,
        model.load.min(axis=2),
        high[:, None],
        min(model.k, len(at)),
        low=low[:, None],
    )
    ends = watch.seconds + watch.left * time_share
    with ThreadPoolExecutor(threads) as pool:
        question = Question(site, pool, threads)
        upper = float(spread.sum()) + constant
        climb = Climb(question, first_prices(site), upper, FIRST_THETA)
        while climb.goes_on and watch.seconds < ends and watch.left > 0:
            climb.step()
        question.ask(climb.best_prices, False)
    prices, cheapest = float(climb.best_prices.sum()), float(question.linear.min())
    if not math.isfinite(cheapest):
        return 0.0
    rounding = 1e-9 * (abs(prices) + constant + model.k * abs(cheapest))
    return max(0.0, prices + model.k * cheapest - constant - rounding)


def _spreads(weight: Floats, place: Floats, label: Ints, k: int) -> Floats:
    """Spread of each territory around its weighted mean."""
    total = np.maximum(np.bincount(label, weight, minlength=k), 1e-300)
    spread = np.zeros(k)
    for axis in place.T:
        mean = np.bincount(label, weight * axis, minlength=k) / total
        off = axis - mean[label]
        spread += np.bincount(label, weight * off**2, minlength=k)
    return spread


def _cover(place: Floats, size: Floats) -> tuple[Floats, Floats] | None:
    """
    Middles and half diagonals of squares that cover the hull of the units.

    A square is divided until its half diagonal is at most the size at the unit nearest
    to it, shape (n,). None: the units lie on a line, or squares would be too many.
    """
    try:
        sides = ConvexHull(place).equations
    except (QhullError, ValueError):
        return None
    tree, low = cKDTree(place), place.min(axis=0)
    half = float(np.ptp(place, axis=0).max()) / 2
    middle, done = (low + half)[None, :], []
    while len(middle):
        radius = half * math.sqrt(2.0)
        outside = (middle @ sides[:, :2].T + sides[:, 2]).max(axis=1) > radius
        middle = middle[~outside]
        fine = radius <= size[tree.query(middle)[1]]
        done.append((middle[fine], np.full(int(fine.sum()), radius)))
        half /= 2
        steps = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]]) * half
        middle = (middle[~fine][:, None] + steps).reshape(-1, 2)
        if len(middle) * len(place) > MOST_PAIRS:
            return None
    at = np.concatenate([m for m, _r in done])
    if len(at) * len(place) > MOST_PAIRS:
        return None
    return at, np.concatenate([r for _m, r in done])


def widest_bands(
    model: AreaModel, territories: NDArray[np.integer] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Low and high of each measure that hold for every territory, or for some."""
    q, k = len(model.load), model.k
    low, high = np.zeros((q, k), dtype=np.int64), np.full((q, k), -1, dtype=np.int64)
    same = (model.load == model.load[:, :, :1]).all(axis=(1, 2))
    for band in model.bands:
        if band.price is not None or band.member.sum() != 1:
            continue
        t = int(np.flatnonzero(band.member)[0])
        if same[band.measure]:
            low[band.measure, t] = max(low[band.measure, t], band.low)
        if band.high != FREE:
            known = high[band.measure, t]
            high[band.measure, t] = band.high if known < 0 else min(known, band.high)
    if territories is not None:
        low, high = low[:, territories], high[:, territories]
    return low.min(axis=1), np.where((high < 0).any(axis=1), -1, high.max(axis=1))
