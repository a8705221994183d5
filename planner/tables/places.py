"""Where accounts and reps are: missing, impossible and swapped places."""

from __future__ import annotations

from collections.abc import Collection

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from planner.tables.fields import Parsed
from planner.tables.findings import hints
from planner.words import _

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]
_FAR_DEGREES = 20.0
_ORDINARY_SHARE = 0.9


def check_region_ids(parsed: Parsed, regions: gpd.GeoDataFrame | None) -> None:
    """Report each region_id that no region has."""
    if regions is None:
        return
    values = parsed.frame["region_id"]
    wrong = (values != "") & ~values.isin(regions.index)
    at = np.flatnonzero(wrong & ~parsed.is_bad("region_id"))
    texts = values.iloc[at].tolist()
    parsed.bad["region_id"] = parsed.is_bad("region_id") | wrong.to_numpy()
    parsed.findings.cell_faults(
        at,
        parsed.column("region_id"),
        texts,
        _("no region has this id"),
        hints(texts, list(regions.index), _("regions")),
    )


def place_by_region(parsed: Parsed, regions: gpd.GeoDataFrame | None) -> None:
    """Put records without coordinates at a representative point of their region."""
    if regions is None or not len(regions):
        return
    frame = parsed.frame
    regions = regions[~regions.index.duplicated()]  # the second one is a fault
    position = regions.index.get_indexer(frame["region_id"])
    without = (frame["latitude"].isna() & frame["longitude"].isna()).to_numpy()
    without = without & ~parsed.is_bad("latitude") & ~parsed.is_bad("longitude")
    at = np.flatnonzero(without & (position >= 0))
    if not len(at):
        return
    points = shapely.point_on_surface(np.asarray(regions.geometry.array, dtype=object))
    chosen = points[position[at]]
    for name, values in (("latitude", shapely.get_y), ("longitude", shapely.get_x)):
        column = frame[name].to_numpy(copy=True)
        column[at] = values(chosen)
        frame[name] = column
    parsed.findings.note(
        _("{n:,} rows without coordinates placed inside their region").format(n=len(at))
    )


def has_places(parsed: Parsed) -> bool:
    """Whether any record has a place, or would have but for a fault."""
    frame = parsed.frame
    known = frame["latitude"].notna() & frame["longitude"].notna()
    faulty = parsed.is_bad("latitude") | parsed.is_bad("longitude")
    return bool((known | faulty | parsed.is_bad("region_id")).any())


def check_places(parsed: Parsed, needed: bool, covered: Collection[str]) -> None:
    """
    Report half, missing and suspicious places.

    Parameters
    ----------
    parsed
        Accounts or reps, already placed by region.
    needed
        Whether distances are to be computed from places.
    covered
        Ids that the table of distances knows: they need no place.
    """
    latitude = parsed.frame["latitude"].to_numpy()
    longitude = parsed.frame["longitude"].to_numpy()
    bad = parsed.is_bad("latitude") | parsed.is_bad("longitude")
    blank = np.isnan(latitude), np.isnan(longitude)
    for name, one, other in (("latitude", *blank), ("longitude", *reversed(blank))):
        at = np.flatnonzero(one & ~other & ~bad)
        parsed.findings.cell_faults(
            at,
            parsed.column(name),
            [""] * len(at),
            _("half of the coordinates is missing"),
            _("Fill it in, or clear both."),
        )
    zero = np.flatnonzero((latitude == 0) & (longitude == 0) & ~bad)
    parsed.findings.cell_faults(
        zero,
        parsed.column("latitude"),
        ["0, 0"] * len(zero),
        _("missing place: 0, 0 lies in the sea and mostly means 'not known'"),
        _("Fill in the coordinates, or clear both and give a region_id."),
    )
    if needed:
        _report_missing(parsed, blank[0] & blank[1] & ~bad, covered)


def _report_missing(parsed: Parsed, without: Mask, covered: Collection[str]) -> None:
    ids = parsed.frame.iloc[:, 0]
    missing = without & ~parsed.is_bad("region_id")
    if covered:
        missing &= ~ids.isin(list(covered)).to_numpy()
    at = np.flatnonzero(missing)
    geocoded = "place_precision" in parsed.frame
    given = parsed.given & {"latitude", "longitude", "region_id"}
    if not given and not geocoded and len(at):
        parsed.findings.fault(
            "",
            "",
            _(
                "there is no place for any row: no column for latitude and longitude, "
                "nor for region_id"
            ),
            _("Name the columns in the scenario, or give a table of distances."),
        )
        return
    values = parsed.frame["region_id"].iloc[at]
    parsed.findings.cell_faults(
        at,
        parsed.column("latitude"),
        values,
        _("missing place: neither coordinates nor a known region_id"),
        _(
            "Fill in latitude and longitude, or a region_id of the table of regions, "
            "or its distances."
        ),
    )


def warn_swapped(tables: list[Parsed]) -> None:
    """
    Warn of rows whose latitude and longitude look exchanged.

    As given such a row lies far (20 degrees and more) beyond the nine tenths of all
    places that lie closest to their centre; with the two exchanged, among them.
    """
    places = [
        table.frame[["latitude", "longitude"]].to_numpy(float) for table in tables
    ]
    known = np.concatenate(places)
    known = known[np.isfinite(known).all(axis=1)]
    if len(known) < 5:
        return
    centre = np.array([np.median(known[:, 0]), _middle_longitude(known[:, 1])])
    ordinary = float(np.quantile(_away(known, centre), _ORDINARY_SHARE))
    for table, place in zip(tables, places, strict=True):
        valid = np.isfinite(place).all(axis=1) & (np.abs(place) <= 90).all(axis=1)
        valid &= ~table.is_bad("latitude") & ~table.is_bad("longitude")
        far = _away(place, centre) > ordinary + _FAR_DEGREES
        fits = _away(place[:, ::-1], centre) <= ordinary
        at = np.flatnonzero(valid & far & fits)
        table.findings.cell_warnings(
            at,
            table.column("latitude"),
            (f"{place[one, 0]:g}, {place[one, 1]:g}" for one in at),
            _("latitude and longitude look swapped: the row lies far from all others"),
            _("Exchange them if so."),
        )


def _middle_longitude(longitude: Floats) -> float:
    """Median around the circular mean, so that the date line does not matter."""
    radians = np.radians(longitude)
    mean = np.degrees(np.arctan2(np.sin(radians).mean(), np.cos(radians).mean()))
    return float(mean + np.median(_wrap(longitude - mean)))


def _away(place: Floats, centre: Floats) -> Floats:
    """Degrees from the centre, the larger of the two axes."""
    apart = np.abs(place - centre)
    apart[:, 1] = np.abs(_wrap(place[:, 1] - centre[1]))
    return np.asarray(apart.max(axis=1))


def _wrap(degrees: Floats) -> Floats:
    return (degrees + 180) % 360 - 180
