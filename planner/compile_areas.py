"""Tables + scenario -> the map under a Problem."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.areas import Areas, Centres, Inertia
from planner.errors import PlannerError
from planner.geo.distance import haversine_km
from planner.geo.planar import planar_metres
from planner.pairs import Pairs
from planner.rounding import to_integers
from planner.words import _

Positions = NDArray[np.intp]

MOST_CENTRES = 6_000
"""Units of which each may be the centre of each: their pairs take 8 bytes."""
PAIRS_AT_ONCE = 2_000_000


def areas_of(pairs: Pairs, unit_of: Positions, eligible: NDArray[np.bool_]) -> Areas:
    """
    Return the map of units.

    Parameters
    ----------
    unit_of
        Unit of each row, shape (rows,).
    eligible
        Whether each rep may have a unit on the map, shape (m,).
    """
    areas, n = pairs.scenario.areas, int(unit_of.max(initial=-1)) + 1
    on_map = np.zeros(n, dtype=bool)
    on_map[unit_of[pairs.is_region]] = True
    edges, cut = _edges(pairs, unit_of)
    metres = planar_metres(pairs.account_places[:, 1], pairs.account_places[:, 0])
    count = np.maximum(np.bincount(unit_of, minlength=n), 1)
    place = np.stack([np.bincount(unit_of, axis, n) / count for axis in metres.T], 1)
    return Areas(
        edges=edges,
        on_map=on_map,
        contiguous=areas.contiguous,
        needed=eligible,
        place=place,
        cut=cut if areas.cut_edges is not None else None,
        inertia=_inertia(pairs, metres, unit_of, n),
        centres=_centres(pairs, unit_of, on_map),
    )


def _edges(
    pairs: Pairs, unit_of: Positions
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Neighbouring units, and the price of parting them, in steps."""
    table, areas = pairs.tables.adjacency, pairs.scenario.areas
    assert table is not None
    ids = pd.Index(pairs.accounts["region_id"][pairs.is_region])
    unit_of_region = unit_of[pairs.is_region]
    ends = np.stack(
        [
            unit_of_region[ids.get_indexer(pd.Index(table[name]))]
            for name in ("region_id", "neighbour_id")
        ],
        axis=1,
    )
    price = np.zeros(len(table), dtype=np.int64)
    if areas.cut_edges is not None:
        length = np.ones(len(table))
        if areas.cut_edges.by == "km":
            length = table["border_km"].to_numpy(float)
        price = to_integers(areas.cut_edges.price * length, pairs.cost_scale)
    ends.sort(axis=1)
    apart = ends[:, 0] < ends[:, 1]
    edges, which = np.unique(ends[apart], axis=0, return_inverse=True)
    total = np.zeros(len(edges), dtype=np.int64)
    np.add.at(total, which.ravel(), price[apart])
    return edges.astype(np.int64).reshape(-1, 2), total


def _inertia(
    pairs: Pairs, metres: NDArray[np.float64], unit_of: Positions, n: int
) -> Inertia | None:
    compact = pairs.scenario.areas.compactness
    if compact is None or compact.to != "centre":
        return None
    scale = pairs.scale_of(compact.measure)
    weight = to_integers(pairs.own[compact.measure], scale)
    x, y = to_integers(metres).astype(object).T
    weights = weight.astype(object)

    def of_units(each: NDArray[np.object_]) -> NDArray[np.object_]:
        total = np.full(n, 0, dtype=object)
        np.add.at(total, unit_of, each)
        return total

    price = Fraction(str(compact.price)) * pairs.cost_scale / (scale * 10**6)
    return Inertia(
        weight=of_units(weights),
        x=of_units(weights * x),
        y=of_units(weights * y),
        squares=of_units(weights * (x * x + y * y)),
        price=price,
    )


def _centres(
    pairs: Pairs, unit_of: Positions, on_map: NDArray[np.bool_]
) -> Centres | None:
    """
    Price the way of each unit to the hub of each other one.

    The hub of a unit is the region in it to which all within have the least way.
    """
    compact = pairs.scenario.areas.compactness
    if compact is None or compact.to != "region":
        return None
    n, inside = len(on_map), on_map[unit_of]
    if n > MOST_CENTRES:
        raise PlannerError(
            _(
                "areas.compactness with to = 'region' compares each of {n:,} regions "
                "with each, and {most:,} are the most. Use to = 'centre', or larger "
                "regions."
            ).format(n=n, most=MOST_CENTRES)
        )
    hub = np.full(n, -1, dtype=np.intp)
    regions = np.flatnonzero(pairs.is_region)
    hub[unit_of[regions[::-1]]] = regions[::-1]
    shared = np.bincount(unit_of[regions], minlength=n) > 1
    for unit in np.flatnonzero(shared):
        rows = np.flatnonzero(unit_of == unit)
        own = rows[pairs.is_region[rows]]
        hub[unit] = own[int(_ways(pairs, rows, own).sum(axis=0).argmin())]
    cost = np.zeros((n, n), dtype=np.int64)
    rows, to = np.flatnonzero(inside), hub[on_map]
    for first in range(0, len(rows), max(1, PAIRS_AT_ONCE // max(1, len(to)))):
        some = rows[first : first + max(1, PAIRS_AT_ONCE // max(1, len(to)))]
        wide = np.zeros((len(some), n), dtype=np.int64)
        wide[:, on_map] = _ways(pairs, some, to)
        np.add.at(cost, unit_of[some], wide)
    return Centres(cost, on_map, hub)


def _ways(pairs: Pairs, rows: Positions, to: Positions) -> NDArray[np.int64]:
    """Cost steps of the straight way from rows to regions, shape (rows, to)."""
    compact = pairs.scenario.areas.compactness
    assert compact is not None
    start, end = pairs.account_places[rows], pairs.account_places[to]
    km = haversine_km(
        start[:, 0][:, None], start[:, 1][:, None], end[:, 0][None], end[:, 1][None]
    )
    amount = pairs.own[compact.measure][rows][:, None]
    each = amount * np.nan_to_num(km) ** compact.power * compact.price
    return to_integers(each, pairs.cost_scale)
