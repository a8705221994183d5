"""Regions out of points: each place has the land that is nearest to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import ArrayLike
from scipy.spatial import cKDTree

from planner.errors import PlannerError
from planner.geo.antimeridian import made_whole
from planner.geo.bridges import parts_of
from planner.geo.cells import all_to_degrees, cells_in_order, surroundings
from planner.geo.crs import local_crs
from planner.words import _

_SAME_M = 1.0
"""Places closer than this coincide."""

_CIRCLE_M = 100.0
"""Radius at most of the circle on which coinciding places are set apart."""

_DISC_M = 5_000.0
"""Radius of the land that a place outside the outline gets if no land is left."""

_STEPS = 200
"""Edges are divided in this many steps of the whole map's width before they are
brought to degrees: the same for neighbours, so that they still meet."""

_MOST_NAMED = 20


class Cells(NamedTuple):
    """
    Cells of points, and what was done to places that gave none.

    Attributes
    ----------
    shapes
        EPSG:4326, in the order of the ids, index named ``region_id``. A cell in
        several pieces is one MultiPolygon.
    notes
        Sentences for the user.
    """

    shapes: gpd.GeoSeries
    notes: list[str]


def cells_of_points(
    longitude: ArrayLike,
    latitude: ArrayLike,
    ids: Sequence[str],
    *,
    outline: shapely.Geometry | None = None,
) -> Cells:
    """
    Voronoi cells of points, clipped to an outline.

    Parameters
    ----------
    longitude, latitude
        Degrees, shape (n,).
    ids
        One id per point.
    outline
        Polygons in degrees to be divided; None: the surroundings of the points.

    Returns
    -------
    One cell per point, none empty. Places that coincide (within a metre) are set
    apart on a small circle in the order of their ids, so their common cell is divided
    like a cake; a place whose cell has nothing of the outline gets a disc of 5 km, or
    its cell where that is smaller. Both are noted.

    Raises
    ------
    PlannerError
        No point, a point without coordinates, an id twice, or an outline without area.
    """
    index = pd.Index(ids, name="region_id").astype("str")
    places = np.column_stack([longitude, latitude]).astype(float)
    _check(index, places, outline)
    plane = local_crs(*places.T)
    there = pyproj.Transformer.from_crs("EPSG:4326", plane, always_xy=True).transform
    points = np.column_stack(there(*places.T))
    points, notes = _set_apart(points, index)
    area = surroundings(points) if outline is None else _projected(outline, there)
    cells = cells_in_order(points, area)
    shapely.prepare(area)
    outside = ~shapely.contains_properly(area, cells)
    clipped = cells.copy()
    clipped[outside] = _areas(shapely.intersection(cells[outside], area))
    lost = np.flatnonzero(shapely.is_empty(clipped))
    if len(lost):
        discs = shapely.buffer(shapely.points(points[lost]), _DISC_M)
        clipped[lost] = shapely.intersection(cells[lost], discs)
        notes.append(
            _(
                "{n:,} places outside the outline get up to 5 km around them: {places}"
            ).format(n=len(lost), places=_some(index[lost].tolist()))
        )
    step = max(float(np.ptp(shapely.bounds(area).reshape(2, 2), axis=0).max()), 1.0)
    shapes = all_to_degrees(clipped, plane, step / _STEPS)
    return Cells(gpd.GeoSeries(shapes, index=index, crs=4326), notes)


def _check(
    index: pd.Index, places: np.ndarray, outline: shapely.Geometry | None
) -> None:
    if not len(index):
        raise PlannerError(_("There is no point to make a cell of. Add regions."))
    if index.has_duplicates:
        raise PlannerError(
            _("Regions occur twice: {regions}. Give each an id of its own.").format(
                regions=_some(index[index.duplicated()].unique().tolist())
            )
        )
    unknown = ~np.isfinite(places).all(axis=1)
    if unknown.any():
        raise PlannerError(
            _(
                "These regions have no place, so no cell: {regions}. Fill latitude and "
                "longitude."
            ).format(regions=_some(index[unknown].tolist()))
        )
    if outline is not None and shapely.area(outline) == 0:
        raise PlannerError(_("The outline has no area. Give polygons, not lines."))


def _some(names: list[str]) -> str:
    more = ", ..." if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _set_apart(points: np.ndarray, index: pd.Index) -> tuple[np.ndarray, list[str]]:
    """Move coinciding points onto a circle around them."""
    pairs = cKDTree(points).query_pairs(_SAME_M, output_type="ndarray")
    if not len(pairs):
        return points, []
    spot = parts_of(pairs, len(points))
    size = np.bincount(spot)
    shared = np.flatnonzero(size > 1)
    single = pd.DataFrame(points).groupby(spot).mean().to_numpy()
    room = np.full(len(single), 4 * _CIRCLE_M)
    if len(single) > 1:
        away = np.asarray(cKDTree(single).query(single, k=2)[0])
        room = np.minimum(room, away[:, 1])
    moved = points.copy()
    for one in shared:
        at = np.flatnonzero(spot == one)
        at = at[np.argsort(index[at].to_numpy(str), kind="stable")]
        angle = 2 * np.pi * np.arange(len(at)) / len(at)
        circle = np.column_stack([np.cos(angle), np.sin(angle)])
        moved[at] = single[one] + circle * room[one] / 4
    groups = [" = ".join(sorted(index[np.flatnonzero(spot == one)])) for one in shared]
    note = _("{n:,} places coincide with others; their cell is divided: {places}")
    return moved, [note.format(n=int(size[shared].sum()), places=_some(groups))]


def _projected(outline: shapely.Geometry, there: object) -> shapely.Geometry:
    """Outline in the plane of the points, without a seam at the antimeridian."""
    parts = made_whole(shapely.get_parts(shapely.get_parts(outline)))
    whole = shapely.segmentize(shapely.union_all(parts), 0.1)
    flat = shapely.transform(whole, there, interleaved=False)
    if not flat.is_valid:
        flat = shapely.make_valid(flat, method="structure", keep_collapsed=False)
    return flat


def _areas(shapes: np.ndarray) -> np.ndarray:
    """Drop points and lines where a cell only touches the outline."""
    mixed = shapely.get_type_id(shapes) == 7
    for at in np.flatnonzero(mixed | (shapely.get_dimensions(shapes) < 2)):
        parts = shapely.get_parts(shapes[at])
        shapes[at] = shapely.multipolygons(parts[shapely.get_dimensions(parts) == 2])
    return shapes
