"""Which map projection suits some places, anywhere in the world."""

from __future__ import annotations

import numpy as np
import pyproj
from numpy.typing import ArrayLike, NDArray

from planner.errors import PlannerError
from planner.words import _

_WORLD_WIDE_DEG = 130.0
"""An extent wider than this is shown as a world map."""

_POLAR_DEG = 70.0
"""Beyond this latitude the cone of an Albers projection is nearly flat."""


def local_crs(longitudes: ArrayLike, latitudes: ArrayLike) -> pyproj.CRS:
    """
    Equal-area projection, in metres, centred on the given places.

    Parameters
    ----------
    longitudes, latitudes
        Degrees, shape (n,), n >= 1; places with a NaN are left out.

    Returns
    -------
    Equal Earth where the places span the world; azimuthal (Lambert) near a pole,
    across the equator and where the extent is taller than wide; Albers with
    standard parallels at a sixth and five sixths of the latitudes otherwise. The
    cut of each lies in the widest gap between longitudes, so that places on both
    sides of the antimeridian stay together.

    Raises
    ------
    PlannerError
        No place has both coordinates.

    Examples
    --------
    >>> local_crs([178.4, -179.9], [-18.1, -16.8]).to_dict()["lon_0"]
    179.25
    """
    lon, lat = np.asarray(longitudes, float), np.asarray(latitudes, float)
    known = np.isfinite(lon) & np.isfinite(lat)
    if not known.any():
        raise PlannerError(
            _("No place has coordinates to draw. Fill latitude and longitude.")
        )
    west, width = longitude_span(lon[known])
    south, north = float(lat[known].min()), float(lat[known].max())
    centre = round((west + width / 2 + 180) % 360 - 180, 6)
    return pyproj.CRS.from_proj4(
        f"{_projection(width, south, north)} +lon_0={centre} "
        "+datum=WGS84 +units=m +no_defs"
    )


def longitude_span(longitudes: ArrayLike) -> tuple[float, float]:
    """
    Western end (-180 to 180) and width (0 to 360) of the smallest arc with them all.

    Examples
    --------
    >>> longitude_span([170.0, -170.0])
    (170.0, 20.0)
    """
    east: NDArray[np.float64] = np.unique(np.asarray(longitudes, float) % 360)
    gaps = np.diff(east, append=east[0] + 360)
    widest = int(np.argmax(gaps))
    west = float(east[(widest + 1) % len(east)])
    return (west + 180) % 360 - 180, float(360 - gaps[widest])


def _projection(width: float, south: float, north: float) -> str:
    """Return the proj part that depends on the shape of the extent."""
    middle = (south + north) / 2
    polar = min(abs(south), abs(north)) > 50 and south * north > 0
    if polar and (width > 120 or abs(middle) > _POLAR_DEG):
        pole = 90 if middle > 0 else -90
        return f"+proj=laea +lat_0={pole if width > 120 else middle:.6f}"
    if width > _WORLD_WIDE_DEG or north - south > _WORLD_WIDE_DEG:
        return "+proj=eqearth"
    wide = width * np.cos(np.radians(middle)) > north - south
    if wide and min(abs(south), abs(north)) > 10 and south * north > 0:
        sixth = (north - south) / 6
        return (
            f"+proj=aea +lat_0={middle:.6f} "
            f"+lat_1={south + sixth:.6f} +lat_2={north - sixth:.6f}"
        )
    return f"+proj=laea +lat_0={middle:.6f}"
