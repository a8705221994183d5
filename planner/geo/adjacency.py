"""Which regions are neighbours: by common borders, bridges, links, cuts, barriers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.errors import PlannerError
from planner.geo.barriers import barred
from planner.geo.borders import Borders, Ints, Shapes, common_borders
from planner.geo.bridges import Bridge, bridge_parts, parts_of, separation_km
from planner.words import _

Pair = tuple[str, str]
Pairs = set[tuple[int, int]]

COLUMNS = ("region_id", "neighbour_id", "kind", "border_km", "distance_km")
_MOST_NAMED = 20


@dataclass(frozen=True, eq=False)
class Adjacency:
    """
    Neighbours on a map.

    Attributes
    ----------
    edges
        One row per pair of neighbours. ``region_id`` stands before ``neighbour_id``
        in the index of the regions, and rows are in that order. ``kind``: "border";
        "gap" (a border only after closing gaps and overlaps up to the tolerance);
        "bridge" (separate parts, joined where they are nearest); "link" (given).
        ``border_km``: common length, 0 for bridges and links. ``distance_km``:
        shortest way from one to the other, 0 for borders and gaps.
    notes
        What was repaired, bridged, cut, and what stays apart, in sentences.
    """

    edges: pd.DataFrame
    notes: list[str] = field(default_factory=list)


def neighbours(
    shapes: gpd.GeoSeries,
    *,
    tolerance_m: float = 50.0,
    barriers: shapely.Geometry | None = None,
    links: Sequence[Pair] = (),
    cuts: Sequence[Pair] = (),
    islands: Literal["nearest", "none"] = "nearest",
) -> Adjacency:
    """
    Find the pairs of regions that share a border (rook adjacency, not corners).

    Parameters
    ----------
    shapes
        Polygons, index ``region_id``; any CRS (none: degrees).
    tolerance_m
        Gaps and overlaps up to this width, in metres, are the same border. Such a
        border must be longer than four tolerances.
    barriers
        Lines or areas in degrees that nobody crosses. A border is none where at
        least nine tenths of it lie within the tolerance of a barrier, or where the
        straight line (in degrees) between representative points of the two regions
        meets a barrier.
    links
        Pairs to be neighbours whatever lies between, such as by a ferry.
    cuts
        Pairs not to be neighbours.
    islands
        "nearest": each part of the map without a border to the rest is joined to
        the nearest region of it. "none": it stays apart.

    Returns
    -------
    Neighbours, and notes. Bridges join what is apart by nature: parts that only cuts
    and barriers separate are left apart, and no bridge joins a pair of `cuts`.

    Raises
    ------
    PlannerError
        Ids occur twice, a region is no area, a link or cut names an unknown region,
        or the same pair is linked and cut.
    """
    plain = _checked(shapes)
    names = plain.index.astype(str)
    linked, cut = _positions(names, links, "links"), _positions(names, cuts, "cuts")
    if both := linked & cut:
        raise PlannerError(
            _(
                "These pairs of regions are in links and in cuts: {pairs}. Keep each "
                "in one."
            ).format(pairs=_named(names, both))
        )
    areas = np.asarray(plain.array, dtype=object)
    borders, coasts = common_borders(areas, tolerance_m)
    table = _border_table(borders)
    notes = _repairs(table, borders, tolerance_m)
    natural = np.vstack([table[["a", "b"]].to_numpy(int), _array(linked)])
    bridges: list[Bridge] = []
    if islands == "nearest":
        bridges = bridge_parts(areas, coasts, natural, cut)
        notes += _bridged(names, bridges)
    table = table[~_in(table, cut)]
    if barriers is not None and not barriers.is_empty:
        open_ = table.loc[~_in(table, linked), ["a", "b"]].to_numpy(int)
        stopped = barred(areas, open_, borders, barriers, tolerance_m)
        table = table[~_in(table, {(int(a), int(b)) for a, b in stopped})]
        notes += _barred_note(names, stopped)
    table = _joined(table, bridges, linked, areas)
    notes += _apart(names, table, natural, bridges)
    return Adjacency(_edges(plain.index, table), notes)


def _edges(index: pd.Index, table: pd.DataFrame) -> pd.DataFrame:
    columns = [
        index[table["a"]],
        index[table["b"]],
        table["kind"].to_numpy(),
        table["border_km"].to_numpy(float),
        table["distance_km"].to_numpy(float),
    ]
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def _checked(shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    """Shapes in degrees; every one must be an area with an id of its own."""
    if shapes.index.has_duplicates:
        twice = shapes.index[shapes.index.duplicated()].unique()
        raise PlannerError(
            _("Regions occur twice: {regions}. Give each an id of its own.").format(
                regions=", ".join(map(str, twice[:_MOST_NAMED]))
            )
        )
    flat = shapely.get_dimensions(np.asarray(shapes.array, dtype=object)) == 2
    flat &= ~np.asarray(shapes.is_empty | shapes.isna())
    if not flat.all():
        raise PlannerError(
            _(
                "These regions have no area, so no borders: {regions}. Give their "
                "boundaries, or plan by the cells of points."
            ).format(regions=", ".join(map(str, shapes.index[~flat][:_MOST_NAMED])))
        )
    if shapes.crs is None or shapes.crs.equals(4326):
        return shapes
    return shapes.to_crs(4326)


def _positions(names: pd.Index, pairs: Sequence[Pair], key: str) -> Pairs:
    """Pairs of ids as positions, first < second; every unknown id is named."""
    wanted = [str(name) for pair in pairs for name in pair]
    position = {name: at for at, name in enumerate(names)}
    if unknown := sorted(set(wanted) - set(position)):
        raise PlannerError(
            _(
                "{key} name regions that are not there: {regions}. Correct the ids."
            ).format(key=key, regions=", ".join(unknown))
        )
    found = {
        (min(ends), max(ends))
        for a, b in pairs
        if (ends := (position[str(a)], position[str(b)]))
    }
    if alone := sorted(names[a] for a, b in found if a == b):
        raise PlannerError(
            _("{key} name a region beside itself: {regions}. Name two.").format(
                key=key, regions=", ".join(alone)
            )
        )
    return found


def _border_table(borders: Borders) -> pd.DataFrame:
    """One row per pair: positions a, b, kind, border_km."""
    segments = pd.DataFrame(
        {
            "a": borders.pair[:, 0],
            "b": borders.pair[:, 1],
            "border_km": borders.km,
            "exact": borders.exact,
        }
    )
    table = segments.groupby(["a", "b"]).agg({"border_km": "sum", "exact": "any"})
    table = table.reset_index()
    table["kind"] = np.where(table.pop("exact"), "border", "gap")
    return table.assign(distance_km=0.0)


def _joined(
    table: pd.DataFrame, bridges: list[Bridge], linked: Pairs, areas: Shapes
) -> pd.DataFrame:
    """Add bridges and links (those that are no borders), in order."""
    known = {(int(a), int(b)) for a, b in table[["a", "b"]].to_numpy()}
    rows = [(a, b, "bridge", 0.0, km) for a, b, km in bridges]
    rows += [
        (a, b, "link", 0.0, separation_km(areas[a], areas[b]))
        for a, b in sorted(linked - known)
    ]
    if rows:
        names = ["a", "b", "kind", "border_km", "distance_km"]
        added = pd.DataFrame(rows, columns=names)
        table = added if table.empty else pd.concat([table, added])
    return table.sort_values(["a", "b"], ignore_index=True)


def _in(table: pd.DataFrame, pairs: Pairs) -> NDArray[np.bool_]:
    rows = table[["a", "b"]].itertuples(index=False, name=None)
    return np.array([row in pairs for row in rows], dtype=bool)


def _array(pairs: Pairs) -> Ints:
    return np.array(sorted(pairs), dtype=int).reshape(-1, 2)


def _named(names: pd.Index, pairs: Pairs | Ints) -> str:
    shown = sorted((int(a), int(b)) for a, b in pairs)
    text = ", ".join(f"{names[a]} - {names[b]}" for a, b in shown[:_MOST_NAMED])
    return text + (", ..." if len(shown) > _MOST_NAMED else "")


def _repairs(table: pd.DataFrame, borders: Borders, tolerance_m: float) -> list[str]:
    count = int((table["kind"] == "gap").sum())
    if not count:
        return []
    return [
        _(
            "{n:,} borders were drawn twice and taken for one within {tolerance:g} m: "
            "the widest gap is {gap:.0f} m wide on average, the largest overlap "
            "{overlap:.3g} km2"
        ).format(
            n=count,
            tolerance=tolerance_m,
            gap=borders.gap_m,
            overlap=borders.overlap_km2,
        )
    ]


def _bridged(names: pd.Index, bridges: list[Bridge]) -> list[str]:
    return [
        _("bridge from {first} to {second}, {km:,.1f} km: no common border").format(
            first=names[a], second=names[b], km=km
        )
        for a, b, km in bridges
    ]


def _barred_note(names: pd.Index, stopped: Ints) -> list[str]:
    if not len(stopped):
        return [_("no border lies along or across the barriers")]
    return [
        _("barriers cut {n:,} pairs of neighbours: {pairs}").format(
            n=len(stopped), pairs=_named(names, stopped)
        )
    ]


def _apart(
    names: pd.Index, table: pd.DataFrame, natural: Ints, bridges: list[Bridge]
) -> list[str]:
    """Say which parts of the map are apart, and why."""
    part = parts_of(table[["a", "b"]].to_numpy(int), len(names))
    count = int(part.max(initial=0)) + 1
    if count == 1:
        return []
    whole = np.vstack([natural, np.array([b[:2] for b in bridges]).reshape(-1, 2)])
    by_nature = int(parts_of(whole.astype(int), len(names)).max(initial=0)) + 1
    sizes = np.bincount(part)
    small = np.argsort(-sizes, kind="stable")[1:]
    shown = [
        names[np.flatnonzero(part == one)[0]]
        + (f" (+{sizes[one] - 1})" if sizes[one] > 1 else "")
        for one in small[:_MOST_NAMED]
    ]
    text = _(
        "the map is in {n:,} parts ({cut:,} more than by nature, through cuts and "
        "barriers); apart from the largest: {regions}. Links would join them"
    ).format(
        n=count,
        cut=count - by_nature,
        regions=", ".join(shown) + (", ..." if len(small) > _MOST_NAMED else ""),
    )
    return [text]
