"""Plans by regions that one can solve by hand: squares of one degree."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.maps import AreaLayer


def squares(wide: int, tall: int) -> np.ndarray:
    """Unit squares, row by row from the south-west."""
    return np.array(
        [shapely.box(x, y, x + 1, y + 1) for y in range(tall) for x in range(wide)]
    )


def grid(wide: int, tall: int) -> gpd.GeoDataFrame:
    """Regions ``x-y`` of one degree north of (0, 40), with the column as parent."""
    shapes = shapely.transform(squares(wide, tall), lambda xy: xy + np.array([0, 40]))
    ids = [f"{x}-{y}" for y in range(tall) for x in range(wide)]
    parent = [f"p{at % wide}" for at in range(len(ids))]
    return gpd.GeoDataFrame(
        {"parent": parent}, geometry=shapes, index=ids, crs="EPSG:4326"
    )


def striped_plan(wide: int = 6, tall: int = 4) -> AreaLayer:
    """Columns 0-2 are A's, the rest B's; today B has one column more."""
    regions = grid(wide, tall)
    column = np.arange(len(regions)) % wide
    now = pd.Series(np.where(column < 3, "A", "B"), index=regions.index)
    before = pd.Series(np.where(column < 2, "A", "B"), index=regions.index)
    return AreaLayer(regions, now, before)
