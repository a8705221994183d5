"""The main body of a map, and far parts that deserve a frame of their own."""

from __future__ import annotations

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from planner.geo.crs import local_crs
from planner.geo.shapes import nearest, unit_sphere

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]
Mask = NDArray[np.bool_]

_MOST_SPOTS = 1_500
"""Accounts are gathered on a grid with at most about this many points."""

_GAP = 0.07
"""A gap of this share of the whole extent may separate a far part."""

_SHRINK = 0.85
"""A part that would shrink the main body below this scale gets its own frame."""

_SMALL = 0.25
"""A part with more than this share of the accounts stays in the main frame."""

_TOGETHER, _ISLET = 4.0, 0.016
"""Far parts up to so many times their extent apart share a frame; an islet counts as
100 km (in Earth radii)."""

_MOST_PARTS = 5
"""With more far parts than this, one frame shows everything."""


def divide(longitude: Floats, latitude: Floats, shapes: Shapes) -> list[Floats]:
    """
    Divide places into the main body (first) and far parts.

    A cluster of places across a wide gap, with few of the places and on land of its
    own, is a far part when showing it in place would shrink the main body clearly.

    Parameters
    ----------
    longitude, latitude
        Degrees, no NaN, shape (n,), n >= 1.
    shapes
        What will be filled, in degrees.

    Returns
    -------
    For each part longitudes and latitudes of its places, thinned out, shape (k, 2).
    """
    spots, weight = _gathered(longitude, latitude)
    land = shapely.get_parts(shapely.union_all(shapes))
    main, far = _split(spots, weight, land)
    # What is far depends on the extent; without the farthest parts others may be.
    while far and not main.all():
        inner, more = _split(spots[main], weight[main], land)
        if not more:
            break
        where = np.flatnonzero(main)
        main = np.isin(np.arange(len(spots)), where[inner])
        far += [np.isin(np.arange(len(spots)), where[member]) for member in more]
    merged = _merged(spots, main, far, _TOGETHER)
    if len(merged) > _MOST_PARTS:
        merged = _merged(spots, main, far, np.inf)
    if len(merged) > _MOST_PARTS:
        return [spots]
    return [spots[member] for member in (main, *merged)]


def _split(spots: Floats, weight: Floats, land: Shapes) -> tuple[Mask, list[Mask]]:
    """Tell the main body from far parts, at the scale of all these spots."""
    label = _clusters(spots, land)
    sums = np.bincount(label, weight)
    main = label == int(np.argmax(sums))
    far: list[Mask] = []
    away = [
        _distance(spots, main, label == k) if sums[k] else 0.0 for k in range(len(sums))
    ]
    for cluster in np.argsort(away):
        member = label == cluster
        if main[member].all():
            continue  # the main body itself, or a number that no spot has
        if sums[cluster] > _SMALL * sums.sum() or _scale(spots, main, member) > _SHRINK:
            main = main | member
        else:
            far.append(member)
    return main, far


def _merged(spots: Floats, main: Mask, far: list[Mask], together: float) -> list[Mask]:
    """
    Join far parts that are nearer to each other than to the main body.

    Those more than `together` times their own extent apart stay on their own: a frame
    around both would show little but sea.
    """
    merged: list[Mask] = []
    for member in far:
        own = _distance(spots, main, member)
        for at, other in enumerate(merged):
            extent = max(_extent(spots[member]), _extent(spots[other]), _ISLET)
            reach = min(own, _distance(spots, main, other), together * extent)
            if _distance(spots, other, member) < reach:
                merged[at] = other | member
                break
        else:
            merged.append(member)
    return merged


def _extent(spots: Floats) -> float:
    """Extent of spots, in Earth radii."""
    ball = unit_sphere(spots[:, 0], spots[:, 1])
    return float(np.linalg.norm(np.ptp(ball, axis=0)))


def _gathered(longitude: Floats, latitude: Floats) -> tuple[Floats, Floats]:
    """Return points of a grid (lon, lat) that hold places, and how many each."""
    places = np.column_stack([longitude, latitude])
    count: Floats = np.ones(len(places))
    spots, step = places, 0.05
    while True:
        cells = np.floor(spots / step).astype(np.int64)
        keys = cells[:, 0] * 1_000_000 + cells[:, 1]
        _keys, first, which = np.unique(keys, return_index=True, return_inverse=True)
        spots, count = spots[first], np.bincount(which, count).astype(float)
        if len(spots) <= _MOST_SPOTS:
            return _with_extremes(places, spots, count)
        step *= 1.5


def _with_extremes(
    places: Floats, spots: Floats, count: Floats
) -> tuple[Floats, Floats]:
    """Keep the outermost places, so that no frame cuts one off."""
    ends = np.concatenate([places.argmin(axis=0), places.argmax(axis=0)])
    return np.vstack([spots, places[ends]]), np.append(count, np.zeros(len(ends)))


def _clusters(spots: Floats, land: Shapes) -> NDArray[np.int_]:
    """Label the groups of spots that wide gaps and no filled land lie between."""
    ball = unit_sphere(spots[:, 0], spots[:, 1])
    extent = _extent(spots)
    if len(spots) < 3 or extent == 0:
        return np.zeros(len(spots), int)
    label = fcluster(linkage(ball, "single"), _GAP * extent, "distance") - 1
    _spot, part = shapely.STRtree(land).query_nearest(
        shapely.points(spots), all_matches=False
    )
    count = int(label.max()) + 1
    links = coo_array(
        (np.ones(len(spots)), (label, count + part)), shape=(count + len(land),) * 2
    )
    return np.asarray(connected_components(links, directed=False)[1][label])


def _distance(spots: Floats, one: Mask, other: Mask) -> float:
    """Shortest distance between two sets of spots, in Earth radii."""
    ball = unit_sphere(spots[:, 0], spots[:, 1])
    return float(nearest(ball[one], ball[other])[0].min())


def _scale(spots: Floats, main: Mask, member: Mask) -> float:
    """Scale of the main body after adding the cluster, relative to before."""
    crs = local_crs(*spots[main].T)
    forward = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    flat = np.column_stack(forward.transform(*spots.T))
    sizes = []
    for chosen in (main, main | member):
        width, height = np.ptp(flat[chosen], axis=0)
        sizes.append(max(width / 1.6, height, 1.0))
    return sizes[0] / sizes[1]
