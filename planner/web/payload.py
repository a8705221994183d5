"""What the map in the browser is sent: shapes once, owners whenever they change."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from planner.draft import FREE, Draft
from planner.geo.colours import colours, darker
from planner.geo.crs import local_crs
from planner.solution import Solution
from planner.tables import area_regions

Bools = NDArray[np.bool_]

DETAIL = 1 / 2500
"""Shapes are drawn to this share of the whole extent."""
DARK = 0.22
"""Share of near-black in the colour of a dot: a fill alone is too pale for one."""
CORE, BEYOND = 0.96, 0.25
"""Share of places in the middle that is shown at first, and how much around it."""
NEAR = 6
"""Accounts so near to one make their reps neighbours."""


def encoded(numbers: NDArray[Any], kind: str) -> str:
    """Return numbers as base64 of a little-endian array."""
    return base64.b64encode(np.asarray(numbers).astype(f"<{kind}").tobytes()).decode()


def chosen(bits: str, n: int) -> NDArray[np.intp]:
    """
    Return the positions below n that are set in base64 of one bit each.

    Raises
    ------
    ValueError
        For what is no base64.
    """
    flags = np.frombuffer(base64.b64decode(bits, validate=True), dtype=np.uint8)
    return np.flatnonzero(np.unpackbits(flags, bitorder="little")[:n])


@lru_cache(maxsize=6)
def geometry(solution: Solution) -> dict[str, Any]:
    """
    Return places and shapes of a plan in projected metres.

    Returns
    -------
    ``accounts`` (x, y, names; absent by regions), ``regions`` (xy, ends and of: each
    ring's end and region; x, y: a point inside; names; owned: whether regions are what
    is planned), ``bases`` (x, y, rep), ``extent`` (west, south, east, north), ``main``
    (the same of the part where nearly all is).
    """
    plane = plane_of(solution)
    pairs = solution.compiled.pairs
    found: dict[str, Any] = {}
    rows = pairs.accounts[~pairs.is_region]
    by_region = bool(pairs.is_region.any())
    x, y = project(plane, rows["longitude"], rows["latitude"])
    boxes = np.column_stack([x, y, x, y])
    if not by_region:
        found["accounts"] = {
            "x": encoded(x, "f4"),
            "y": encoded(y, "f4"),
            "names": _names(rows),
        }
    shapes = background(solution)
    if shapes is not None and len(shapes):
        projected = shapes.geometry.to_crs(plane)
        found["regions"] = _rings(projected, _names(shapes), by_region)
        if by_region:
            boxes = projected.bounds.to_numpy()
    reps = solution.tables.reps
    bx, by = project(plane, reps["longitude"], reps["latitude"])
    found["bases"] = [
        {"x": float(a), "y": float(b), "rep": i}
        for i, (a, b) in enumerate(zip(bx, by, strict=True))
        if np.isfinite(a)
    ]
    boxes = boxes[np.isfinite(boxes).all(axis=1)]
    found["extent"] = _around(boxes)
    found["main"] = _around(boxes[_is_near(boxes)])
    return found


def _around(boxes: NDArray[np.float64]) -> list[float]:
    """Box around boxes (west, south, east, north), shape (n, 4)."""
    ends = (*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0))
    return [float(end) for end in ends]


def _is_near(boxes: NDArray[np.float64]) -> Bools:
    """
    Whether each box lies where nearly all are, shape (n,).

    In each direction that is the middle `CORE` of them, and a quarter as far again on
    both sides: so a far island is left out, and the fringe of the main part is not.
    """
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    low, high = np.quantile(middle, [(1 - CORE) / 2, (1 + CORE) / 2], axis=0)
    reach = (high - low) * BEYOND + 1e-6
    return ((middle >= low - reach) & (middle <= high + reach)).all(axis=1)


def plane_of(solution: Solution) -> pyproj.CRS:
    """Projection that suits the places of a plan."""
    rows = solution.compiled.pairs.accounts
    return local_crs(rows["longitude"], rows["latitude"])


def project(
    plane: pyproj.CRS, longitudes: pd.Series, latitudes: pd.Series
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return places in metres; NaN where there is none."""
    forward = pyproj.Transformer.from_crs("EPSG:4326", plane, always_xy=True)
    x, y = forward.transform(longitudes.to_numpy(float), latitudes.to_numpy(float))
    fine = np.isfinite(x) & np.isfinite(y)
    return np.where(fine, x, np.nan), np.where(fine, y, np.nan)


def background(solution: Solution) -> gpd.GeoDataFrame | None:
    """Regions that are planned, or those behind the accounts."""
    from planner.reporting import _levels as levels

    regions = solution.tables.regions
    if regions is None:
        return None
    if solution.scenario.unit == "region":
        return area_regions(regions, solution.scenario.areas.level)
    return levels(regions, solution.scenario.map.level)[0]


def _rings(shapes: gpd.GeoSeries, names: list[str], owned: bool) -> dict[str, Any]:
    """Return rings as flat arrays."""
    geometry = np.asarray(shapes.array, dtype=object)
    west, south, east, north = shapely.total_bounds(geometry)
    detail = max(east - west, north - south) * DETAIL
    inner = shapely.point_on_surface(geometry)
    # Borders of the coverage are thinned once for both sides, so no gap opens.
    polygons = np.isin(shapely.get_type_id(geometry), (3, 6))
    if polygons.all() and shapely.coverage_is_valid(geometry):
        thin = shapely.coverage_simplify(geometry, detail)
    else:
        thin = shapely.simplify(geometry, detail)
    parts, of = shapely.get_parts(thin, return_index=True)
    surfaces = shapely.get_type_id(parts) == 3
    parts, of = parts[surfaces], of[surfaces]
    rings, index = shapely.get_rings(parts, return_index=True)
    xy, at = shapely.get_coordinates(rings, return_index=True)
    ends = np.cumsum(np.bincount(at, minlength=len(rings))) * 2
    return {
        "xy": encoded(xy.ravel(), "f4"),
        "ends": encoded(ends, "i4"),
        "of": encoded(of[index], "i4"),
        "x": encoded(shapely.get_x(inner), "f4"),
        "y": encoded(shapely.get_y(inner), "f4"),
        "names": names,
        "owned": owned,
    }


def _names(rows: pd.DataFrame) -> list[str]:
    """Name of each row, its id where it has none."""
    if "name" not in rows:
        return [str(one) for one in rows.index]
    pairs = zip(rows["name"].astype(str), rows.index.astype(str), strict=True)
    return [name or one for name, one in pairs]


@lru_cache(maxsize=6)
def rep_colours(solution: Solution) -> list[str]:
    """Return a colour for each rep: neighbours in the plan differ."""
    pairs, plan = solution.compiled.pairs, solution.plan
    assert plan is not None
    problem = solution.compiled.problem
    if problem.areas is not None:
        rep = problem.rep[solution.result.arcs].astype(np.intp)
        edges = rep[problem.areas.edges]
    else:
        rows = pairs.accounts
        x, y = project(plane_of(solution), rows["longitude"], rows["latitude"])
        placed = np.isfinite(x) & (plan.rep_of < pairs.m)
        at, rep = np.column_stack([x, y])[placed], plan.rep_of[placed]
        near = cKDTree(at).query(at, k=min(NEAR, len(at)))[1].reshape(len(at), -1)
        edges = np.column_stack([np.repeat(rep, near.shape[1]), rep[near.ravel()]])
        edges = _frequent(edges)
    edges = edges[(edges[:, 0] != edges[:, 1]) & (edges < pairs.m).all(axis=1)]
    fills = colours(np.unique(np.sort(edges, axis=1), axis=0), pairs.m)
    return (
        fills if problem.areas is not None else [darker(fill, DARK) for fill in fills]
    )


def _frequent(edges: NDArray[np.intp]) -> NDArray[np.intp]:
    """Keep the pairs of reps that meet most often: with all, no colouring helps."""
    edges = np.sort(edges[edges[:, 0] != edges[:, 1]], axis=1)
    pairs, count = np.unique(edges, axis=0, return_counts=True)
    return pairs[np.argsort(-count, kind="stable")][: 3 * (edges.max(initial=0) + 1)]


def owners(draft: Draft, before: str | pd.Series = "today") -> dict[str, Any]:
    """
    Return owners now, owners before, and what is locked.

    Parameters
    ----------
    before
        "today": as the tables say; "plan": as the plan says; or ``rep_id`` by
        ``account_id`` (and ``region:<id>``): whoever has no other rep there is no
        change.
    """
    pairs, unit_of = draft.pairs, draft.unit_of
    now = _index(draft.rep_of[unit_of], pairs.m)
    if isinstance(before, pd.Series):
        there = before.reindex(pairs.accounts.index).fillna("")
        old = pairs.reps.index.get_indexer(pd.Index(there))
        old = np.where(old < 0, now, old)
    elif before == "today":
        old = np.where(pairs.owner < 0, now, pairs.owner)  # vacant is no change
    else:
        old = _index(draft.before[unit_of], pairs.m)
    kept = draft.marks[unit_of] != FREE
    kinds = {"regions": pairs.is_region}
    if not pairs.is_region.any():
        kinds = {"accounts": ~pairs.is_region}
    state: dict[str, Any] = {}
    for kind, mask in kinds.items():
        state[kind] = encoded(now[mask], "i2")
        state[f"{kind}_before"] = encoded(old[mask], "i2")
        state[f"{kind}_locked"] = np.flatnonzero(kept[mask]).tolist()
    return state


def _index(rep: NDArray[np.intp], m: int) -> NDArray[np.intp]:
    return np.where(rep < m, rep, -1)
