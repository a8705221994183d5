"""Figures of territories made of regions: how many, how compact, how connected."""

from __future__ import annotations

import numpy as np
import pandas as pd

from planner.evaluate.survey import Survey
from planner.geo.compactness import territory_metrics
from planner.tables import area_regions

COLUMNS = (
    "regions",
    "area_km2",
    "polsby_popper",
    "reock",
    "parts",
    "holes",
    "components",
    "cut_edges",
    "cut_border_km",
    "mean_squared_km",
)


def shape_weight(survey: Survey) -> str:
    """Measure that weighs places: of compactness, else the first that is balanced."""
    scenario = survey.scenario
    if scenario.areas.compactness is not None:
        return scenario.areas.compactness.measure
    return scenario.balance[0].measure if scenario.balance else "value"


def shape_figures(survey: Survey) -> tuple[pd.DataFrame, dict[str, float]]:
    """
    Measure the territories of a plan by regions.

    Returns
    -------
    `COLUMNS` of `planner.geo.compactness.territory_metrics` per rep (index
    ``rep_id``, NaN without a region), and totals over all territories.
    """
    tables, is_region = survey.tables, survey.pairs.is_region
    assert tables.regions is not None
    assert tables.adjacency is not None
    units = area_regions(tables.regions, survey.scenario.areas.level)
    reps = tables.reps.index
    ids = np.append(reps.to_numpy(object), "")
    label = pd.Series(ids[survey.chosen[is_region]], index=units.index)
    amount = pd.Series(survey.pairs.own[shape_weight(survey)])
    area = survey.rows["area"].to_numpy(object)
    weight = amount.groupby(area).sum().reindex(units.index).fillna(0.0)
    table = territory_metrics(
        units.geometry,
        label,
        tables.adjacency,
        weight,
        tolerance_m=survey.scenario.areas.tolerance_m,
    )
    total = float(table["weight"].sum())
    spread = float(table["inertia"].sum()) / total if total > 0 else np.nan
    moved = survey.moved[is_region].sum()
    return table[list(COLUMNS)].reindex(reps), {
        "regions": float(len(units)),
        "territories": float(len(table)),
        "regions_moved": float(moved),
        "polsby_popper": float(table["polsby_popper"].mean()),
        "polsby_popper_least": float(table["polsby_popper"].min()),
        "reock": float(table["reock"].mean()),
        "cut_edges": float(table["cut_edges"].sum()) / 2,
        "cut_border_km": float(table["cut_border_km"].sum()) / 2,
        "components": float(table["components"].sum()),
        "holes": float(table["holes"].sum()),
        "territory_mean_squared_km2": spread,
    }
