"""Regions within regions: country, province, city, district."""

from __future__ import annotations

import pandas as pd

from planner.errors import PlannerError
from planner.words import _


def ancestors(regions: pd.DataFrame, level: str) -> pd.Series:
    """
    Find the region of a level that each region lies in.

    Parameters
    ----------
    regions
        Index ``region_id``; columns ``level`` and ``parent`` (``region_id`` of the
        region that it lies in; "": none).
    level
        A level of the regions.

    Returns
    -------
    ``region_id`` of the ancestor per ``region_id``; itself for regions of that level;
    "" where there is none, as for the levels above.

    Raises
    ------
    PlannerError
        No region has that level, or parents go in a circle.
    """
    levels = list(dict.fromkeys(regions["level"]))
    if level not in levels:
        raise PlannerError(
            _("No region has level {level!r}; levels: {levels}.").format(
                level=level, levels=", ".join(map(str, levels)) or "-"
            )
        )
    own = (regions["level"] == level).to_numpy()
    found = pd.Series(regions.index.where(own, ""), index=regions.index, dtype="str")
    above = regions["parent"].astype("str")
    parent_of = dict(zip(regions.index, above, strict=True))
    for _step in range(len(regions)):
        open_ = (found == "") & (above != "")
        if not open_.any():
            return found
        reached = above[open_]
        found[open_] = reached.where(reached.map(regions["level"]) == level, "")
        above[open_] = reached.map(parent_of).fillna("")
    circle = ", ".join(map(str, found.index[(found == "") & (above != "")][:5]))
    raise PlannerError(
        _(
            "These regions lie within themselves: {regions}. Correct the parents."
        ).format(regions=circle)
    )
