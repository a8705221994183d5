"""A plan by regions, as a layer of a map: who owns which region, and who owned it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.errors import PlannerError
from planner.geo.colours import colours
from planner.maps.mesh import Mesh, mesh
from planner.words import _

Floats = NDArray[np.float64]
Ints = NDArray[np.int_]
Mask = NDArray[np.bool_]

NOBODY = -1
"""In place of the owner of a region that has none."""

_GAP = 0.004
"""Gaps narrower than this share of a typical region's side are mistakes of drawing."""

FORMER = "#8d9196"
"""Stands for an owner who has no region any more."""


@dataclass(frozen=True, eq=False)
class AreaLayer:
    """
    Who owns which region.

    Attributes
    ----------
    regions
        Polygons of one level, index ``region_id``; without a CRS they are taken to be
        degrees, others are turned into them (EPSG:4326). Where they have a column
        ``parent``, borders between different parents are drawn stronger (states,
        provinces).
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
    centred: bool = field(default=False, kw_only=True)
    """Whether the places of reps are the best regions of their territories."""
    reps: list[str] = field(init=False)
    """Owners of today, then those who own nothing any more; each part sorted."""

    def __post_init__(self) -> None:
        _check(self.regions, self.rep_of_region, self.previous)
        if self.regions.crs is not None and not self.regions.crs.equals("EPSG:4326"):
            object.__setattr__(self, "regions", self.regions.to_crs("EPSG:4326"))
        now = _known(self.rep_of_region)
        before = set() if self.previous is None else set(_known(self.previous))
        object.__setattr__(
            self, "reps", [*sorted(set(now)), *sorted(before - set(now))]
        )

    @cached_property
    def net(self) -> Mesh:
        """The regions in degrees, without overlaps and gaps that nobody sees."""
        shapes = self.regions.geometry.to_numpy()
        side = float(np.sqrt(np.median(shapely.area(shapes))))
        return mesh(shapes, 0.0, _GAP * side)

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
    return gpd.GeoDataFrame(
        {
            "name": shown.to_numpy(),
            "regions": np.bincount(who[who >= 0], minlength=count),
            "fill": area_colours([layer])[:count],
        },
        geometry=layer.net.union(who, count),
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
    pairs = [np.empty((0, 2), int)]
    for layer in layers:
        now, before = layer.owner(every), layer.owner_before(every)
        pairs.append(layers[0].net.pairs(now))
        changed = (now != before) & (now >= 0) & (before >= 0)
        pairs.append(np.unique(np.column_stack([now, before])[changed], axis=0))
    return colours(np.vstack(pairs), len(every))


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
