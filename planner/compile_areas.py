"""Tables + scenario -> the map under a Problem."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.areas import Areas, Inertia
from planner.geo.planar import planar_metres
from planner.pairs import Pairs
from planner.rounding import to_integers

Positions = NDArray[np.intp]


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
