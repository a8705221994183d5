"""A plan by regions as path data: stripes, former borders, borders of regions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from planner.geo.colours import deep
from planner.maps.area_paint import AreaCodes
from planner.maps.areas import FORMER, NOBODY, AreaLayer
from planner.maps.mesh import Mesh, mesh
from planner.maps.stripes import stripes
from planner.maps.svg_paths import area_path, line_path

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]

_STRIPE_STEP = 6.0
"""Distance between two stripes, in units of the drawing."""

_LEAST_SIDE = 9.0
"""Borders of regions are drawn where a typical region is this wide, in units."""


@dataclass(frozen=True)
class AreaSigns:
    """
    What one frame of a plan by regions shows besides its territories, as path data.

    Attributes
    ----------
    fills
        Shape of each territory, aligned with the regions and borders below.
    blank, regions, parents, former
        Regions that nobody has; borders between regions of one rep; between regions
        of different parents; and where a border was that is none any more.
    stripes
        Colour and path data over what changes hands, by owner before.
    """

    fills: Shapes
    blank: str
    regions: str
    parents: str
    former: str
    stripes: list[tuple[str, str]]


def area_signs(
    flat: Shapes, layer: AreaLayer, fill: dict[str, str], detail: float
) -> AreaSigns:
    """
    Turn the regions of one frame into path data.

    Parameters
    ----------
    flat
        Regions of the layer on the page, y downwards, some empty, shape (n,).
    fill
        Colour by rep, in the order of the territories.
    detail
        Detail finer than this, in units of the page, is left out.
    """
    seen = np.flatnonzero(~shapely.is_empty(flat))
    net = mesh(flat[seen], detail)
    reps = [*fill, *(rep for rep in layer.reps if rep not in fill)]
    tones = [fill.get(rep, FORMER) for rep in reps]
    codes = AreaCodes.of(layer, reps, tones).part(seen)
    owned = codes.now != NOBODY
    now = net.differ(codes.now)
    parents = net.differ(codes.parent)
    was = net.differ(codes.before) & ~now
    was &= (codes.before[net.left] >= 0) & (codes.before[net.right] >= 0)
    roomy = net.inland & ~now & ~parents if _roomy(net) else np.zeros(len(now), bool)
    return AreaSigns(
        fills=net.union(codes.now, len(fill)),
        blank=area_path(net.union(np.where(owned, NOBODY, 0), 1)[0]),
        regions=line_path(net.lines(roomy)),
        parents=line_path(net.lines(parents)),
        former=line_path(net.lines(was)),
        stripes=_stripes(net, codes),
    )


def _roomy(net: Mesh) -> bool:
    """Whether a typical region is wide enough for a border of its own."""
    area = shapely.area(net.shapes)
    return bool(len(area)) and float(np.sqrt(np.median(area))) >= _LEAST_SIDE


def _stripes(net: Mesh, codes: AreaCodes) -> list[tuple[str, str]]:
    """Stripe what changed hands in the colour of who had it."""
    found = []
    for rep in np.unique(codes.before[codes.changed]):
        mine = codes.changed & (codes.before == rep)
        one = net.union(np.where(mine, 0, NOBODY), 1)[0]
        # Drawn upside down, so that stripes rise to the right on the page.
        lines = stripes(shapely.transform(one, _mirrored), _STRIPE_STEP)
        path = line_path(shapely.transform(lines, _mirrored))
        found.append((deep(codes.fill[rep]), path))
    return found


def _mirrored(xy: Floats) -> Floats:
    return np.asarray(xy * np.array([1.0, -1.0]))
