"""Labels that do not overlap: where to write whose name on a map."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_TRIES = 18
"""Positions tried along the longer side of a territory."""
_MOST_OUTSIDE = 200
"""Labels with leader lines; nobody can follow more, and each takes a search."""


@dataclass(frozen=True)
class Wording:
    """
    One way to label a territory, with the size of its text.

    Attributes
    ----------
    lines
        Of the text, from the top.
    width, height
        Of the whole text, in the units of the shapes (points of a page).
    bold
        So many lines from the top are bold.
    """

    lines: tuple[str, ...]
    width: float
    height: float
    bold: int = 1


@dataclass(frozen=True)
class Label:
    """A label's centre; `anchor` is where its leader line ends, if it has one."""

    at: int
    wording: Wording
    x: float
    y: float
    anchor: tuple[float, float] | None = None

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Return west, south, east, north."""
        width, height = self.wording.width / 2, self.wording.height / 2
        return self.x - width, self.y - height, self.x + width, self.y + height


@dataclass
class Page:
    """
    What labels must not touch, in the units of the page.

    Attributes
    ----------
    bounds
        West, south, east, north within which everything must stay.
    taken
        Boxes already used (insets, labels).
    marks
        Points that should stay visible, shape (k, 2).
    land
        Filled area: labels with leader lines rather stand outside it.
    """

    bounds: tuple[float, float, float, float]
    taken: list[tuple[float, float, float, float]] = field(default_factory=list)
    marks: Floats = field(default_factory=lambda: np.empty((0, 2)))
    land: shapely.Geometry = field(default_factory=shapely.Polygon)

    def free(self, boxes: Floats) -> NDArray[np.bool_]:
        """Which boxes (k, 4) lie within the page and touch nothing taken."""
        west, south, east, north = self.bounds
        inside = (boxes[:, 0] >= west) & (boxes[:, 1] >= south)
        inside &= (boxes[:, 2] <= east) & (boxes[:, 3] <= north)
        taken = np.array(self.taken).reshape(-1, 4)
        clash = (
            (boxes[:, None, 0] < taken[None, :, 2])
            & (boxes[:, None, 2] > taken[None, :, 0])
            & (boxes[:, None, 1] < taken[None, :, 3])
            & (boxes[:, None, 3] > taken[None, :, 1])
        )
        return np.asarray(inside & ~clash.any(axis=1))

    def covered(self, boxes: Floats) -> Floats:
        """Number of marks under each box (k, 4)."""
        if not len(self.marks):
            return np.zeros(len(boxes))
        x, y = self.marks[:, 0], self.marks[:, 1]
        under = (x > boxes[:, None, 0]) & (x < boxes[:, None, 2])
        under &= (y > boxes[:, None, 1]) & (y < boxes[:, None, 3])
        return np.asarray(under.sum(axis=1), float)


def place(
    shapes: Sequence[shapely.Geometry],
    wordings: Sequence[Sequence[Wording]],
    page: Page,
    outside: Collection[int] | None = None,
) -> list[Label]:
    """
    Place one label per shape, without overlaps.

    The fullest wording that fits inside the shape is used. A shape too small for
    its shortest wording gets that one outside, with a leader line; it is left out
    only where the page has no free place at all, or `_MOST_OUTSIDE` larger ones do so.

    Parameters
    ----------
    shapes
        Polygons on the page, shape (n,); empty ones get no label.
    wordings
        For each shape its wordings, the fullest first.
    page
        What is taken; the boxes of the labels are added to it.
    outside
        Positions of the shapes whose label may stand outside; None: all.
    """
    placed, crowded = [], []
    order = sorted(range(len(shapes)), key=lambda i: -shapes[i].area)
    for at in order:
        if shapes[at].is_empty:
            continue
        label = _inside(at, shapes[at], wordings[at], page)
        if label is None:
            if outside is None or at in outside:
                crowded.append(at)
        else:
            placed.append(label)
            page.taken.append(label.box)
    shapely.prepare(page.land)
    lines: list[shapely.Geometry] = []
    crowded = crowded[:_MOST_OUTSIDE]
    anchors = {at: _middle(shapes[at]) for at in crowded}
    for at in sorted(crowded, key=lambda at: _openness(anchors[at], page)):
        label = _outside(at, anchors[at], wordings[at][-1], page, lines)
        if label is not None:
            placed.append(label)
            page.taken.append(label.box)
            lines.append(shapely.LineString([(label.x, label.y), anchors[at]]))
    return placed


def _inside(
    at: int, shape: shapely.Geometry, wordings: Sequence[Wording], page: Page
) -> Label | None:
    """Return the fullest label that fits, at the roomiest place for it."""
    part = max(shapely.get_parts(shape), key=shapely.area)
    shapely.prepare(part)
    centres = _grid(part)
    if not len(centres):
        return None
    ideal = np.array(part.centroid.coords[0])
    rim = shapely.distance(shapely.points(centres), part.exterior)
    for wording in wordings:
        half = np.array([wording.width, wording.height]) / 2
        roomy = rim >= half.min()
        tried = centres[roomy]
        boxes = np.hstack([tried - half, tried + half])
        fits = page.free(boxes)
        fits[fits] = shapely.covers(part, shapely.box(*boxes[fits].T))
        if not fits.any():
            continue
        away = np.linalg.norm(tried - ideal, axis=1)
        cost = away - 0.8 * rim[roomy] + 25 * page.covered(boxes)
        best = tried[np.argmin(np.where(fits, cost, np.inf))]
        return Label(at, wording, float(best[0]), float(best[1]))
    return None


def _grid(part: shapely.Geometry) -> Floats:
    """Return points inside a polygon to centre a label on, shape (k, 2)."""
    west, south, east, north = part.bounds
    step = max(east - west, north - south) / _TRIES
    x, y = np.meshgrid(
        np.arange(west + step / 2, east, step), np.arange(south + step / 2, north, step)
    )
    points = np.vstack([np.column_stack([x.ravel(), y.ravel()]), _middle(part)])
    return np.asarray(points[shapely.contains_xy(part, points)])


def _middle(shape: shapely.Geometry) -> tuple[float, float]:
    """Return the centre of the largest circle inside a shape."""
    part = max(shapely.get_parts(shape), key=shapely.area)
    west, south, east, north = part.bounds
    tolerance = max(east - west, north - south) / 50
    circle = shapely.maximum_inscribed_circle(part, tolerance or 1e-9)
    return (
        tuple(circle.coords[0])
        if not circle.is_empty
        else tuple(part.centroid.coords[0])
    )


def _openness(anchor: tuple[float, float], page: Page) -> float:
    """Distance to the edge of the land: outer territories choose first."""
    return float(shapely.distance(shapely.Point(anchor), shapely.boundary(page.land)))


def _outside(
    at: int,
    anchor: tuple[float, float],
    wording: Wording,
    page: Page,
    lines: Sequence[shapely.Geometry],
) -> Label | None:
    """Return the nearest free place around the anchor, rather off the land."""
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    reach = np.geomspace(0.9 * wording.height, 28 * wording.height, 34)
    turn, radius = (grid.ravel() for grid in np.meshgrid(angles, reach))
    half = np.array([wording.width, wording.height]) / 2
    centres = anchor + radius[:, None] * np.column_stack([np.cos(turn), np.sin(turn)])
    boxes = np.hstack([centres - half, centres + half])
    free = page.free(boxes)
    centres, boxes = centres[free], boxes[free]
    if not len(centres):
        return None
    leaders = shapely.linestrings(
        np.stack([np.broadcast_to(anchor, centres.shape), centres], axis=1)
    )
    cost = np.linalg.norm(centres - anchor, axis=1)
    cost += 4 * wording.height * shapely.intersects(page.land, shapely.box(*boxes.T))
    cost += 3 * wording.height * page.covered(boxes)
    met = shapely.STRtree(lines).query(leaders, predicate="intersects")[0]
    cost += 40 * wording.height * np.bincount(met, minlength=len(leaders))
    taken = shapely.box(*np.array(page.taken).reshape(-1, 4).T)
    crossed = shapely.STRtree(taken).query(leaders, predicate="intersects")[0]
    cost += 12 * wording.height * np.bincount(crossed, minlength=len(leaders))
    best = centres[int(np.argmin(cost))]
    return Label(at, wording, float(best[0]), float(best[1]), anchor)
