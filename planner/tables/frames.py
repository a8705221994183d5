"""The clean frames that the rest of the planner works on."""

from __future__ import annotations

from dataclasses import dataclass, field

import geopandas as gpd
import pandas as pd
import shapely

from planner.errors import Fault


@dataclass(frozen=True, eq=False)
class Tables:
    """
    Clean tables of one scenario: checked, in stated units, ids as text.

    Attributes
    ----------
    accounts
        Index ``account_id``; the fields of the contract, then the columns that the
        scenario names. Places in degrees (NaN: no place), amounts per year.
    reps
        Index ``rep_id``; likewise. `capacity`, `quota`, `ramp` are NaN where not given.
    regions
        Index ``region_id``; likewise, with demand of their own; EPSG:4326. Or None.
    distances
        Columns ``account_id``, ``rep_id``, ``km`` (one way), ``hours`` (NaN: to be
        derived from km); or None.
    adjacency
        With unit = "region": neighbouring regions, each pair once. Columns
        ``region_id``, ``neighbour_id``, ``kind`` (border, gap, bridge or link),
        ``border_km`` and ``distance_km``; else None.
    barriers
        Shapes in degrees that part neighbours, where the scenario names them; or None.
    bases
        With `bases` in the scenario: every candidate and every base kept. Index
        ``base_id``; the columns of the reps, then ``cost`` (currency per year) and
        ``kept`` (it stays open). As read, `reps` has all of them; after a solve, those
        that are open. Else None.
    notes
        What was understood and decided while reading, in sentences.
    warnings
        What looks odd but blocks nothing, cell by cell.
    sources
        File name -> sha256 of the file as it was read.
    defaults
        ``"table.field"`` -> value, for each field of the contract without a source.
    """

    accounts: pd.DataFrame
    reps: pd.DataFrame
    regions: gpd.GeoDataFrame | None = None
    distances: pd.DataFrame | None = None
    adjacency: pd.DataFrame | None = None
    barriers: shapely.Geometry | None = None
    bases: pd.DataFrame | None = None
    notes: list[str] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, str | float] = field(default_factory=dict)
