"""Maps of square regions, some with accounts in them, and what is asked of them."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.scenario import Scenario, parse_scenario

SIDE = 0.1
"""Degrees of a square."""


def tiles(height: int, width: int, **columns: Any) -> gpd.GeoDataFrame:
    """Regions r00, r01, ... of a grid, row by row from the north; more columns."""
    ids, shapes = [], []
    for i in range(height):
        for j in range(width):
            ids.append(f"r{i}{j}")
            west, south = 10 + j * SIDE, 50 - i * SIDE
            shapes.append(shapely.box(west, south, west + SIDE, south + SIDE))
    return gpd.GeoDataFrame(
        {"region_id": ids, **columns}, geometry=shapes, crs="EPSG:4326"
    )


def one_each(regions: gpd.GeoDataFrame, **columns: Any) -> pd.DataFrame:
    """One account a0, a1, ... in each region; more columns."""
    ids = [f"a{i}" for i in range(len(regions))]
    return pd.DataFrame(
        {"account_id": ids, "region_id": regions["region_id"].to_numpy(), **columns}
    )


def asked(rules: str = "", *, reps: int = 3, seconds: float = 1.0) -> Scenario:
    """
    Return a scenario by regions, solved for so many seconds.

    `rules` begin with keys of the top, and may go on with tables.
    """
    return parse_scenario(
        f'unit = "region"\naccounts = {{file = "accounts"}}\n'
        f"reps = {{count = {reps}}}\nsolve = {{time_limit = {seconds}}}\n{rules}\n"
    )


def random_map(rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Some of the squares of a small grid, so that there are holes and islands."""
    height, width = int(rng.integers(2, 5)), int(rng.integers(2, 5))
    regions = tiles(height, width)
    kept = rng.random(len(regions)) < 0.85
    kept[:2] = True
    return regions[kept].reset_index(drop=True)
