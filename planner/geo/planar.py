"""Places on a plane, for shapes that are counted in squared kilometres."""

from __future__ import annotations

import numpy as np
import pyproj
from numpy.typing import ArrayLike, NDArray

from planner.geo.crs import local_crs


def planar_metres(longitudes: ArrayLike, latitudes: ArrayLike) -> NDArray[np.float64]:
    """
    Project places onto the local equal-area plane that suits all of them.

    Parameters
    ----------
    longitudes, latitudes
        Degrees, shape (n,); NaN where there is no place.

    Returns
    -------
    Metres, shape (n, 2); a place that is not known stands at the origin, (0, 0).

    Raises
    ------
    PlannerError
        No place has both coordinates.
    """
    lon, lat = np.asarray(longitudes, float), np.asarray(latitudes, float)
    crs = local_crs(lon, lat)
    project = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    found = np.stack(project.transform(lon, lat), axis=1)
    return np.where(np.isfinite(found), found, 0.0)
