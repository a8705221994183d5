"""Crowded places of a map, to be shown again in a larger scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage

from planner.maps.layout import Box, Layout, Zoom, free_slot, widened

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]

_SMALL = 16.0
"""A territory of less than this squared (points of the page) is crowded: under 6 mm."""

_REACH = 75.0
"""Crowded territories at most this far apart, in points, share a zoom."""

_WIDEST = 120.0
"""Two that overlap become one up to this side, in points."""

_MOST = 4
"""More zooms than this are a second map."""

_CONTEXT = 24.0
"""A zoom shows at least this much of the main body, in points, to be found again."""

_WORTH = 1.9
"""Magnification below which a zoom does not help."""

_ROOMY = 36.0
"""A zoom is made so large that its median crowded territory has this squared, in
points, where there is room."""

_LARGEST, _LEAST = 0.085, 0.018
"""Shares of the view that a zoom may take."""


@dataclass(frozen=True)
class _Crowd:
    """A place to enlarge: its box, and positions of its crowded territories."""

    box: Box
    members: list[int]
    size: float  # side of the median one, in points


def with_zooms(plan: Layout, shapes: Shapes, width: float) -> Layout:
    """
    Find crowded places and free room to show each in a larger scale.

    Parameters
    ----------
    plan
        Main body and far parts laid out.
    shapes
        Territories in the main body's projection, shape (n,), some empty.
    width
        Of the view, in points of the page.

    Returns
    -------
    The layout with at most `_MOST` zooms, those with most crowded territories; its
    view is wider where that makes the room.
    """
    for crowd in _crowds(plan, shapes, width):
        for wider in _views(plan):
            zoom = _placed(wider, crowd)
            if zoom is not None:
                plan = replace(wider, zooms=[*plan.zooms, zoom])
                break
    return plan


def _views(plan: Layout) -> list[Layout]:
    """Return the layout as it is, and with more and more room around the map."""
    west, south, east, north = plan.view
    aspect = (east - west) / (north - south)
    margins = (0.02, 0.04)
    return [
        plan,
        *(replace(plan, view=widened(plan.view, aspect, each)) for each in margins),
    ]


def _crowds(plan: Layout, shapes: Shapes, width: float) -> list[_Crowd]:
    """Return places with two or more crowded territories, the most crowded first."""
    scale = width / (plan.view[2] - plan.view[0])
    side = np.sqrt(shapely.area(shapes)) * scale
    small = np.flatnonzero((side < _SMALL) & ~shapely.is_empty(shapes))
    if len(small) < 2:
        return []
    main = np.array([_largest(shape) for shape in shapes[small]], dtype=object)
    middle = shapely.get_coordinates(shapely.centroid(main))
    label = fcluster(linkage(middle, "complete"), _REACH / scale, "distance")
    crowds = []
    for cluster in np.unique(label):
        chosen = np.flatnonzero(label == cluster)
        if len(chosen) > 1:
            box = _box(main[chosen], _CONTEXT / scale)
            members = small[chosen].tolist()
            crowds.append(_Crowd(box, members, float(np.median(side[small[chosen]]))))
    crowds.sort(key=lambda crowd: (-len(crowd.members), crowd.size))
    return _apart(crowds, _WIDEST / scale)[:_MOST]


def _apart(crowds: Sequence[_Crowd], widest: float) -> list[_Crowd]:
    """Join crowds whose boxes overlap, or leave out the less crowded one."""
    kept: list[_Crowd] = []
    for crowd in crowds:
        for at, other in enumerate(kept):
            if shapely.box(*crowd.box).intersects(shapely.box(*other.box)):
                west, south = np.minimum(crowd.box[:2], other.box[:2]).tolist()
                east, north = np.maximum(crowd.box[2:], other.box[2:]).tolist()
                if max(east - west, north - south) <= widest:
                    members = [*other.members, *crowd.members]
                    size = min(other.size, crowd.size)
                    kept[at] = _Crowd((west, south, east, north), members, size)
                break
        else:
            kept.append(crowd)
    return kept


def _placed(plan: Layout, crowd: _Crowd) -> Zoom | None:
    """Return the zoom in the free room nearest to its place, as large as useful."""
    west, south, east, north = plan.view
    place = (crowd.box[0] + crowd.box[2]) / 2, (crowd.box[1] + crowd.box[3]) / 2
    wanted = (place[0] - west) / (east - west), (place[1] - south) / (north - south)
    wide, tall = crowd.box[2] - crowd.box[0], crowd.box[3] - crowd.box[1]
    whole = (east - west) * (north - south)
    most = float(np.sqrt(_LARGEST * whole / (wide * tall)))
    least = max(_WORTH, float(np.sqrt(_LEAST * whole / (wide * tall))))
    best = float(np.clip(_ROOMY / crowd.size, least, max(most, least)))
    taken = [*plan.boxes, *(zoom.box for zoom in plan.zooms)]
    taken += [zoom.view for zoom in plan.zooms] + [_grown(crowd.box, 0.4)]
    for larger in np.geomspace(best, least, 4):
        box = free_slot(
            plan.land, plan.view, taken, (larger * wide, larger * tall), wanted
        )
        if box is not None:
            return Zoom(box, crowd.box, crowd.members)
    return None


def _box(shapes: Shapes, least: float) -> Box:
    """Return bounds of shapes, of a handy aspect, with both sides at least so long."""
    west, south, east, north = shapely.total_bounds(shapes)
    aspect = float(np.clip((east - west) / max(north - south, 1.0), 0.7, 1.5))
    box = widened((west, south, east, north), aspect, 0.06)
    short = min(box[2] - box[0], box[3] - box[1])
    return box if short >= least else widened(box, aspect, (least / short - 1) / 2)


def _grown(box: Box, share: float) -> Box:
    """Return a box with a margin of a share of its longer side all around."""
    margin = share * max(box[2] - box[0], box[3] - box[1])
    return box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin


def _largest(shape: shapely.Geometry) -> shapely.Geometry:
    return max(shapely.get_parts(shape), key=shapely.area)
