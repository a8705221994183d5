"""Plans of a map under rules, counted from the model's arrays alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from planner.bench.map_count import SMALLEST, pieces_of
from planner.solvers.areas.model import AreaModel, Band

KM2 = 1e-6
"""Square kilometres in a square metre."""
NEVER = 1e15
"""Price of a pair that is not allowed, and of a load off its hard band by the mean."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class AreaCount(NamedTuple):
    """
    What a plan comes to.

    Attributes
    ----------
    territories, pieces
        Territories with a unit on the map, and connected pieces of all of them.
    low, high
        Of each measure, the least and the greatest load of a territory as a fraction
        of the mean, less 1; shape (q,).
    outside
        Territories with a load outside a band of their own, hard or priced.
    spread_km2
        Mean squared distance to the territory's weighted mean, weighted by what the
        shape is priced by, else by the first measure; None without places.
    cut_edges
        Pairs of neighbours in different territories.
    cost
        As the model prices it, in cost steps.
    breaks
        Hard rules that do not hold, each in a few words; a status, so always English.
    """

    territories: int
    pieces: int
    low: Floats
    high: Floats
    outside: int
    spread_km2: float | None
    cut_edges: int
    cost: float
    breaks: tuple[str, ...]


def count_plan(model: AreaModel, label: Ints) -> AreaCount:
    """
    Count a plan.

    Parameters
    ----------
    label
        Territory of each unit, shape (n,); those from k on are beyond the number
        allowed.
    """
    here = _here(model)
    load = loads(model, label)
    mean = np.maximum(load.sum(axis=1) / model.k, SMALLEST)
    found = np.unique(label[here])
    off = load[:, found] / mean[:, None] - 1
    piece = pieces_of(model.edges, label)
    pieces = len(np.unique(piece[here]))
    parted = label[model.edges[:, 0]] != label[model.edges[:, 1]]
    outside = {
        int(np.flatnonzero(band.member)[0])
        for band in model.bands
        if band.member.sum() == 1 and beyond(band, load) > 0
    }
    spread = spread_of(model, label)
    return AreaCount(
        territories=len(found),
        pieces=pieces,
        low=off.min(axis=1),
        high=off.max(axis=1),
        outside=len(outside | set(found[found >= model.k].tolist())),
        spread_km2=spread,
        cut_edges=int(parted.sum()),
        cost=_cost(model, label, load, parted),
        breaks=tuple(_breaks(model, label, load, len(found), pieces)),
    )


def _here(model: AreaModel) -> NDArray[np.bool_]:
    return np.ones(model.n, dtype=bool) if model.on_map is None else model.on_map


def loads(model: AreaModel, label: Ints) -> Floats:
    """Return the load of each measure and territory, shape (q, k or more)."""
    size = max(model.k, int(label.max(initial=-1)) + 1)
    column = np.minimum(label, model.k - 1)
    taken = model.load[:, np.arange(model.n), column].astype(float)
    return np.array([np.bincount(label, each, minlength=size) for each in taken])


def beyond(band: Band, load: Floats) -> float:
    """Steps by which the loads of a band's territories leave it."""
    total = load[band.measure, : len(band.member)][band.member].sum()
    over = total - band.high if band.high >= 0 else 0.0
    return float(max(0.0, over, band.low - total))


def spread_of(model: AreaModel, label: Ints) -> float | None:
    """Return the weighted mean squared distance to the weighted means, in km^2."""
    if model.place is None:
        return None
    weight = model.load[0, :, 0].astype(float) if model.weight is None else model.weight
    total = float(weight.sum())
    if total <= 0:
        return None
    return _moment(model.place, weight, label) / total * KM2


def _moment(place: Floats, weight: Floats, label: Ints) -> float:
    """Sum of weight x squared distance to the weighted mean of the territory."""
    mass = np.maximum(np.bincount(label, weight), SMALLEST)
    mean = np.stack([np.bincount(label, weight * axis) / mass for axis in place.T], 1)
    return float((weight * ((place - mean[label]) ** 2).sum(axis=1)).sum())


def _cost(
    model: AreaModel, label: Ints, load: Floats, parted: NDArray[np.bool_]
) -> float:
    cost, column = 0.0, np.minimum(label, model.k - 1)
    if model.pair is not None:
        paid = model.pair[np.arange(model.n), column]
        cost += float(paid[np.isfinite(paid)].sum())
    if model.weight is not None:
        assert model.x is not None
        assert model.y is not None
        place = np.stack([model.x, model.y], axis=1)
        cost += _moment(place, model.weight, label)
    if model.edge_price is not None:
        cost += float(model.edge_price[parted].sum())
    for band in model.bands:
        if band.price is not None:
            cost += band.price * beyond(band, load)
    for split in model.splits:
        labels = np.unique(split.label_of_territory[column[split.units]])
        cost += split.price * (len(labels) - 1)
    return cost


def _breaks(
    model: AreaModel, label: Ints, load: Floats, found: int, pieces: int
) -> list[str]:
    said = []
    if found != model.k:
        said.append(f"{found} territories instead of {model.k}")
    off = [beyond(band, load) > 0 for band in model.bands if band.price is None]
    if any(off):
        said.append(f"{sum(off)} of {len(off)} hard bands")
    if pieces > found:
        said.append(f"{pieces} pieces for {found} territories")
    wrong = np.zeros(model.n, dtype=bool)
    if model.fixed is not None:
        wrong |= (model.fixed >= 0) & (model.fixed != label)
    if model.pair is not None:
        column = np.minimum(label, model.k - 1)
        wrong |= ~np.isfinite(model.pair[np.arange(model.n), column])
    if wrong.any():
        said.append(f"{wrong.sum()} units with a rep who may not have them")
    return said


def with_reps(model: AreaModel, units: NDArray[np.intp], group: Ints) -> Ints:
    """
    Give groups of units to territories, as well as their pairs and bands allow.

    What knows no reps yields groups alone; the best match of both is found exactly.
    Units that no group has go where they may, at least cost.

    Parameters
    ----------
    units, group
        Units that have a group, and the group of each, any numbers; shapes (g,).

    Returns
    -------
    Territory of each unit, shape (n,); groups too many get numbers from k on.
    """
    number = np.unique(group, return_inverse=True)[1].ravel()
    count, k = int(number.max(initial=-1)) + 1, model.k
    pair = np.zeros((model.n, k)) if model.pair is None else model.pair
    pair = np.where(np.isfinite(pair), pair, NEVER)
    price = np.zeros((count, k))
    np.add.at(price, number, pair[units])
    for measure, each in enumerate(model.load[:, units]):
        load = np.zeros((count, k))
        np.add.at(load, number, each)
        mean = max(load[:, 0].sum() / k, SMALLEST)
        for band in model.bands:
            if band.measure == measure and band.member.sum() == 1:
                (at,) = np.flatnonzero(band.member)
                over = load[:, at] - band.high if band.high >= 0 else 0.0
                out = np.maximum(0.0, np.maximum(over, band.low - load[:, at]))
                step = NEVER / mean if band.price is None else band.price
                price[:, at] += step * out
    territory = np.full(count, -1)
    rows, columns = linear_sum_assignment(price)
    territory[rows] = columns
    spare = territory < 0
    territory[spare] = k + np.arange(spare.sum())
    label = pair.argmin(axis=1)
    label[units] = territory[number]
    return label.astype(np.int64)
