"""A plan by regions, as a layer of a map: who owns which region, and who owned it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.errors import PlannerError
from planner.geo.colours import colours
from planner.geo.shapes import neighbours
from planner.maps.mesh import mesh, unions
from planner.words import _

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]
Mask = NDArray[np.bool_]

NOBODY = -1
"""In place of the owner of a region that has none."""

FORMER = "#8d9196"
"""Stands for an owner who has no region any more."""


@dataclass(frozen=True, eq=False)
class AreaLayer:
    """
    Who owns which region.

    Attributes
    ----------
    regions
        Polygons of one level in degrees (EPSG:4326), index ``region_id``. Where they
        have a column ``parent``, borders between different parents are drawn
        stronger (states, provinces).
    rep_of_region
        ``rep_id`` by ``region_id``; missing or empty: nobody's, shown blank.
    previous
        Owners before, in the same form; None: no changes are shown. A region
        without an entry is not called changed.

    Raises
    ------
    PlannerError
        A region occurs twice or has no area, or the plan names one that is not there.
    """

    regions: gpd.GeoDataFrame
    rep_of_region: pd.Series
    previous: pd.Series | None = None
    reps: list[str] = field(init=False)
    """Owners of today, then those who own nothing any more; each part sorted."""

    def __post_init__(self) -> None:
        _check(self.regions, self.rep_of_region, self.previous)
        now = _known(self.rep_of_region)
        before = set() if self.previous is None else set(_known(self.previous))
        object.__setattr__(
            self, "reps", [*sorted(set(now)), *sorted(before - set(now))]
        )

    def owner(self, reps: Sequence[str] | None = None) -> Ints:
        """Position of the owner of each region in `reps`, or `NOBODY`, shape (n,)."""
        return self._codes(self.rep_of_region, reps)

    def owner_before(self, reps: Sequence[str] | None = None) -> Ints:
        """Position of each region's owner before in `reps`; `NOBODY` if not known."""
        if self.previous is None:
            return np.full(len(self.regions), NOBODY)
        return self._codes(self.previous, reps)

    def parent(self) -> Ints:
        """Return a number for each region's parent; all alike without parents."""
        if "parent" not in self.regions:
            return np.zeros(len(self.regions), int)
        return np.asarray(pd.factorize(self.regions["parent"].fillna(""))[0])

    def changed(self) -> Mask:
        """Which regions have another owner than before, shape (n,)."""
        now, before = self.owner(), self.owner_before()
        return np.asarray((now != before) & (now != NOBODY) & (before != NOBODY))

    def _codes(self, owner: pd.Series, reps: Sequence[str] | None) -> Ints:
        who = owner.reindex(self.regions.index)
        every = self.reps if reps is None else list(reps)
        return pd.Index(every).get_indexer(pd.Index(who)).astype(int)


def area_territories(
    layer: AreaLayer, names: pd.Series | None = None
) -> gpd.GeoDataFrame:
    """
    Union of the regions of each rep, with the colour that the map gives it.

    Parameters
    ----------
    layer
        The plan.
    names
        Name by ``rep_id``; None or missing: the id.

    Returns
    -------
    GeoDataFrame in EPSG:4326, index ``rep_id``, columns ``name``, ``regions``
    (count), ``fill`` (``#rrggbb``) and ``geometry``: what `plot_territories`,
    `write_map` and `draw_svg` take. Reps without a region are not in it.
    """
    who = layer.owner()
    count = int(who.max(initial=NOBODY)) + 1
    ids = pd.Index(layer.reps[:count], name="rep_id")
    shown = pd.Series(ids, index=ids)
    if names is not None:
        shown = names.reindex(ids).where(lambda name: name.fillna("") != "", shown)
    shapes = layer.regions.geometry.to_numpy()
    return gpd.GeoDataFrame(
        {
            "name": shown.to_numpy(),
            "regions": np.bincount(who[who >= 0], minlength=count),
            "fill": area_colours([layer])[:count],
        },
        geometry=_united(shapes, who, count),
        index=ids,
        crs="EPSG:4326",
    )


def area_colours(
    layers: Sequence[AreaLayer], reps: Sequence[str] | None = None
) -> list[str]:
    """
    Colours that suit all of several plans for the same regions.

    Reps who are neighbours in one of the plans, and the two owners of a changed
    region, get colours that are easy to tell apart.

    Parameters
    ----------
    layers
        Plans for the same regions.
    reps
        Whom to colour; None: the reps of the first layer.

    Returns
    -------
    One ``#rrggbb`` per rep.
    """
    every = layers[0].reps if reps is None else list(reps)
    shapes = layers[0].regions.geometry.to_numpy()
    exact = bool(shapely.coverage_is_valid(shapes))
    near = mesh(shapes, 0.0) if exact else None
    pairs = [np.empty((0, 2), int)]
    for layer in layers:
        now, before = layer.owner(every), layer.owner_before(every)
        if near is not None:
            pairs.append(near.pairs(now))
        else:
            drawn = gpd.GeoDataFrame(geometry=_united(shapes, now, len(every)))
            pairs.append(neighbours(drawn))
        changed = (now != before) & (now >= 0) & (before >= 0)
        pairs.append(np.unique(np.column_stack([now, before])[changed], axis=0))
    return colours(np.vstack(pairs), len(every))


def _united(
    shapes: NDArray[np.object_], label: Ints, count: int
) -> NDArray[np.object_]:
    """Union by label, by the fast road where the shapes are a clean coverage."""
    if shapely.coverage_is_valid(shapes):
        return unions(shapes, label, count)
    return np.array(
        [shapely.union_all(shapes[label == at]) for at in range(count)], dtype=object
    )


def _known(owner: pd.Series) -> list[str]:
    return [str(rep) for rep in owner.dropna() if rep != ""]


def _check(
    regions: gpd.GeoDataFrame, owner: pd.Series, previous: pd.Series | None
) -> None:
    """Refuse what cannot be drawn."""
    if not regions.index.is_unique:
        raise PlannerError(
            _("Region {region!r} occurs more than once. Keep one row of it.").format(
                region=str(regions.index[regions.index.duplicated()][0])
            )
        )
    flat = shapely.get_dimensions(regions.geometry.to_numpy()) != 2
    if flat.any():
        raise PlannerError(
            _(
                "{n} regions have no area to draw, such as {regions}. Take polygons, "
                "or Voronoi cells of points."
            ).format(
                n=int(flat.sum()), regions=", ".join(map(str, regions.index[flat][:3]))
            )
        )
    for given in (owner, previous):
        if given is not None and len(strange := given.index.difference(regions.index)):
            raise PlannerError(
                _("The plan names regions that are not on the map: {regions}.").format(
                    regions=", ".join(map(str, strange[:5]))
                )
            )
    if not _known(owner):
        raise PlannerError(
            _("No region has an owner, so there is no map. Give regions owners.")
        )
