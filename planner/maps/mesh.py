"""Regions of one frame as a mesh: shapes without gaps, and the borders between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]
Mask = NDArray[np.bool_]
Shapes = NDArray[np.object_]

OUTSIDE = -1
"""In place of a region beyond the coast."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """
    A coverage and the straight pieces of its borders.

    Attributes
    ----------
    shapes
        Polygons, shape (n,); neighbours share every vertex of their border; empty
        where a region lies elsewhere.
    ends
        Both ends of each piece of a border, shape (s, 2, 2), each piece once.
    left, right
        Positions of the two regions that it separates, shapes (s,); `right` is
        `OUTSIDE` on a coast.
    """

    shapes: Shapes
    ends: Floats
    left: Ints
    right: Ints

    @property
    def inland(self) -> Mask:
        """Which pieces lie between two regions, shape (s,)."""
        return np.asarray(self.right != OUTSIDE)

    def differ(self, label: Ints) -> Mask:
        """
        Which pieces lie between two regions of different labels, shape (s,).

        Parameters
        ----------
        label
            Of each region, shape (n,).
        """
        return np.asarray(self.inland & (label[self.left] != label[self.right]))

    def pairs(self, label: Ints) -> Ints:
        """Pairs of labels, none negative, that share a border, shape (k, 2), sorted."""
        found = self.differ(label)
        both = np.sort(
            np.column_stack([label[self.left[found]], label[self.right[found]]]), axis=1
        )
        return np.unique(both[both[:, 0] >= 0], axis=0)

    def lines(self, chosen: Mask) -> shapely.Geometry:
        """Return the chosen pieces as few, long lines."""
        if not chosen.any():
            return shapely.MultiLineString()
        pieces = shapely.linestrings(self.ends[chosen])
        return shapely.line_merge(shapely.multilinestrings(pieces))

    def coast(self, shown: Mask) -> shapely.Geometry:
        """Return the lines with a region of `shown`, shape (n,), on one side only."""
        beyond = self.inland & shown[self.right]
        return self.lines(shown[self.left] != beyond)

    def union(self, label: Ints, count: int) -> Shapes:
        """Union of the regions with each label 0 .. count-1, shape (count,)."""
        return unions(self.shapes, label, count)


def unions(shapes: Shapes, label: Ints, count: int) -> Shapes:
    """
    Union of the shapes of a coverage by label.

    Parameters
    ----------
    shapes
        Polygons of a valid coverage, shape (n,).
    label
        Of each shape, shape (n,); those outside 0 .. count-1 are left out.

    Returns
    -------
    Geometries, shape (count,); empty where no shape has the label.
    """
    result = np.full(count, shapely.Polygon(), dtype=object)
    order = np.argsort(label, kind="stable")
    starts = np.searchsorted(label[order], np.arange(count + 1))
    for at in range(count):
        members = shapes[order[starts[at] : starts[at + 1]]]
        if len(members):
            result[at] = shapely.coverage_union_all(members)
    return result


def mesh(shapes: Shapes, hair: float, gap: float = 0.0) -> Mesh:
    """
    Simplify regions together, so that neighbours stay without gaps.

    Parameters
    ----------
    shapes
        Polygons in a projection, shape (n,). Where they overlap, the first one keeps
        the place, and slits narrower than `hair` or `gap` are closed.
    hair
        Detail that nobody sees, in the units of the shapes; 0: keep every vertex.
    gap
        Neighbours drawn apart by less than this are joined; 0: not looked for.
    """
    flat = np.array(shapes, dtype=object)
    some = np.flatnonzero(~shapely.is_empty(flat))
    if len(some):
        torn = _torn(flat[some], gap) if gap > 0 else np.zeros(len(some), bool)
        if torn.any() or not shapely.coverage_is_valid(flat[some]):
            flat[some] = _clean(flat[some], torn, max(hair, gap))
            some = np.flatnonzero(~shapely.is_empty(flat))
    if len(some) and hair > 0:
        flat[some] = shapely.coverage_simplify(flat[some], hair)
    return Mesh(flat, *_pieces(flat))


def _pieces(shapes: Shapes) -> tuple[Floats, Ints, Ints]:
    """Return the straight pieces of all borders, with the regions on both sides."""
    parts, source = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    region = source[part]
    points, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    one, other = points[:-1][same], points[1:][same]
    owner = region[ring[:-1][same]]
    swap = (one[:, 0] > other[:, 0]) | (
        (one[:, 0] == other[:, 0]) & (one[:, 1] > other[:, 1])
    )
    ends = np.hstack(
        [np.where(swap[:, None], other, one), np.where(swap[:, None], one, other)]
    )
    order = np.lexsort([owner, *ends.T])
    ends, owner = ends[order], owner[order]
    first = np.append(True, (np.diff(ends, axis=0) != 0).any(axis=1))[: len(ends)]
    starts = np.flatnonzero(first)
    size = np.diff(np.append(starts, len(ends)))
    right = np.where(
        size > 1, owner[np.minimum(starts + 1, len(owner) - 1)], OUTSIDE
    ).astype(int)
    return ends[starts].reshape(-1, 2, 2), owner[starts].astype(int), right


def _torn(shapes: Shapes, gap: float) -> Mask:
    """Which shapes have a neighbour so near that it should touch, shape (n,)."""
    torn = np.zeros(len(shapes), bool)
    near = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=gap).T
    near = near[near[:, 0] < near[:, 1]]
    joined = Mesh(shapes, *_pieces(shapes)).pairs(np.arange(len(shapes)))
    known = near[:, 0] * len(shapes) + near[:, 1]
    near = near[~np.isin(known, joined[:, 0] * len(shapes) + joined[:, 1])]
    one, other = shapes[near[:, 0]], shapes[near[:, 1]]
    along = shapely.intersection(
        shapely.boundary(one), shapely.buffer(other, gap, quad_segs=2)
    )
    # Regions that meet in a corner run along each other for a few gaps only.
    torn[near[shapely.length(along) > 8 * gap].ravel()] = True
    return torn


def _clean(shapes: Shapes, torn: Mask, gap: float) -> Shapes:
    """Turn shapes that overlap or nearly touch into a coverage."""
    plain = shapely.simplify(shapes[torn], gap / 4)
    grown = shapely.buffer(plain, 0.6 * gap, join_style="mitre")
    noded = shapely.union_all(shapely.boundary(np.concatenate([shapes, grown])))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    middle = shapely.point_on_surface(faces)
    whose = np.full(len(faces), OUTSIDE)
    tree = shapely.STRtree(shapes)
    # Backwards: where shapes overlap, the first one keeps the face.
    face, region = tree.query(middle, predicate="intersects")
    order = np.lexsort([-region, face])
    whose[face[order]] = region[order]
    slit = 2 * shapely.area(faces) < gap * shapely.length(faces)
    slit &= shapely.get_num_interior_rings(faces) == 0
    slit[np.unique(shapely.STRtree(grown).query(middle, predicate="intersects")[0])] = 1
    closed = np.flatnonzero((whose == OUTSIDE) & slit)
    at, region = tree.query_nearest(middle[closed], all_matches=False)
    whose[closed[at]] = region
    return unions(faces, whose, len(shapes))
