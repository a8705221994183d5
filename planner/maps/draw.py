"""Draw territories on matplotlib axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import geopandas as gpd
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from numpy.typing import NDArray

from planner.geo.colours import colours, darker
from planner.geo.shapes import neighbours
from planner.maps.area_paint import HAIR, AreaCodes, paint_areas, region_meshes
from planner.maps.areas import FORMER, NOBODY, AreaLayer
from planner.maps.fonts import families_for, quiet_fonts
from planner.maps.frames import Frame, frames
from planner.maps.legend import Shown, Sign, area_signs, draw_legend
from planner.maps.lettering import draw_labels
from planner.maps.mesh import mesh
from planner.maps.paint import INK, Layers, draw_parents, paint, paint_marks
from planner.maps.scene import ZOOM, Panel, arrange, settled

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]

_LEGEND = 26.0
"""Height of a legend under axes, in points."""


def plot_territories(
    territories: gpd.GeoDataFrame,
    accounts: pd.DataFrame | None = None,
    owner: pd.Series | None = None,
    reps: pd.DataFrame | None = None,
    *,
    loads: pd.DataFrame | None = None,
    borders: gpd.GeoDataFrame | None = None,
    outline: gpd.GeoDataFrame | None = None,
    specialist: pd.Series | None = None,
    areas: AreaLayer | None = None,
    zooms: bool = True,
    legend: bool = True,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """
    Draw who works where.

    With `areas` the map shows a plan by regions: fills are the owners, stripes in
    the colour of the owner before mark what changed hands, dashed lines are former
    borders, and borders of regions show where there is room for them.

    Parameters
    ----------
    territories
        From `planner.geo.shapes.territories`, or from `area_territories`.
    accounts
        Clean accounts; they decide what is the main body and what a far part that
        gets an inset, and give the dots their places.
    owner
        ``rep_id`` per ``account_id``: colours of the dots.
    reps
        Clean reps: their bases are marked.
    loads
        Index ``rep_id``; its first share or amount gives the second line of the
        labels (see `planner.maps.table.load_table`).
    borders
        Regions whose borders are drawn as thin lines (counties); with `areas` its
        own regions are.
    outline
        Regions of a coarser level, stronger lines (states); with `areas` only where
        its regions have no parents.
    specialist
        True for the accounts (index ``account_id``) to show as dots.
    areas
        The plan by regions that `territories` was made from.
    zooms
        Show crowded places again, enlarged, where there is free room.
    legend
        With `areas`: explain its signs under the map.
    title
        Written above the axes.
    ax
        Axes to draw on, used in full; None: a new figure.

    Returns
    -------
    The axes, in metres of the main body's own equal-area projection. Insets are its
    ``child_axes``.
    """
    if ax is None:
        _figure, ax = plt.subplots(figsize=(12, 7.5), layout="constrained")
    names = territories["name"].astype(str)
    texts = [*names, *territories.index, title or ""]
    with plt.rc_context({"font.family": families_for(texts)[0]}):
        if title:
            ax.set_title(title, loc="left", fontweight="bold", color=INK, y=1.0)
        explained = areas is not None and legend
        if explained:
            _make_room(ax)
        _draw(
            ax,
            territories,
            accounts,
            owner,
            reps,
            loads,
            borders,
            outline,
            specialist,
            areas,
            zooms,
        )
        if areas is not None and explained:
            shown = Shown(
                bases=reps is not None,
                dots=specialist is not None,
                zooms=any(inset.get_label() == ZOOM for inset in ax.child_axes),
                shared=False,
            )
            _explain(ax, area_signs(areas, shown))
    return ax


def territory_colours(territories: gpd.GeoDataFrame) -> dict[str, str]:
    """Return the fill of each territory by rep id, the same on map and report."""
    if "fill" in territories:
        return dict(
            zip(territories.index.astype(str), territories["fill"], strict=True)
        )
    chosen = colours(neighbours(territories), len(territories))
    return dict(zip(territories.index.astype(str), chosen, strict=True))


def _make_room(ax: Axes) -> None:
    """Lift axes so that a legend of two rows fits under them."""
    figure = settled(ax)
    west, south, wide, tall = ax.get_position().bounds
    lift = min(_LEGEND / (72 * figure.get_figheight()), tall / 2)
    ax.set_position((west, south + lift, wide, tall - lift))


def _explain(ax: Axes, signs: Sequence[Sign]) -> None:
    """Draw a legend under axes."""
    figure = settled(ax)
    points = 72 / figure.dpi
    box = ax.get_window_extent()
    base = box.y0 * points - _LEGEND
    draw_legend(figure, signs, box.x0 * points, base, box.width * points)


def _draw(
    ax: Axes,
    territories: gpd.GeoDataFrame,
    accounts: pd.DataFrame | None,
    owner: pd.Series | None,
    reps: pd.DataFrame | None,
    loads: pd.DataFrame | None,
    borders: gpd.GeoDataFrame | None,
    outline: gpd.GeoDataFrame | None,
    specialist: pd.Series | None,
    areas: AreaLayer | None,
    zooms: bool,
) -> None:
    windows = map_frames(territories, accounts, areas)
    fill = territory_colours(territories)
    dots = _dots(accounts, owner, specialist, fill)
    layers = []
    for window in windows:
        others = [other for other in windows if other is not window]
        layers.append(
            Layers(
                fills=window.shapes(territories.geometry.to_numpy(), others),
                fine=_projected(window, borders, others),
                coarse=_projected(window, outline, others),
                dots=_points(window, dots),
                dot_colours=[] if dots is None else list(dots["colour"]),
                bases=_points(window, reps),
            )
        )
    panels = arrange(
        ax,
        windows,
        [layer.fills for layer in layers],
        [np.vstack([layer.dots, layer.bases]) for layer in layers],
        layers[0].coarse,
        zooms=zooms,
    )
    if areas is None:
        for panel in panels:
            seen = _cropped(layers[panel.frame], panel)
            paint(panel.ax, seen, list(fill.values()))
    else:
        reps_ = [*fill, *(rep for rep in areas.reps if rep not in fill)]
        tones = [fill.get(rep, FORMER) for rep in reps_]
        codes = AreaCodes.of(areas, reps_, tones)
        for panel, part in zip(
            panels, region_meshes(windows, panels, areas), strict=True
        ):
            paint_areas(panel.ax, part.net, codes.part(part.chosen), panel.scale)
        if "parent" not in areas.regions:
            for panel in panels:
                coarse = panel.cut(layers[panel.frame].coarse)
                draw_parents(panel.ax, mesh(coarse, HAIR / panel.scale))
    for panel in panels:
        paint_marks(panel.ax, layers[panel.frame])
    with quiet_fonts():
        draw_labels(
            panels,
            [layer.fills for layer in layers],
            [layer.bases for layer in layers],
            territories,
            loads,
            list(fill.values()),
            clear=areas is not None,
        )


def _cropped(layer: Layers, panel: Panel) -> Layers:
    """Return what a panel shows; a zoom only what lies in its view."""
    if panel.members is None:
        return layer
    return replace(
        layer,
        fills=panel.cut(layer.fills),
        fine=panel.cut(layer.fine),
        coarse=panel.cut(layer.coarse),
    )


def map_frames(
    territories: gpd.GeoDataFrame,
    accounts: pd.DataFrame | None,
    areas: AreaLayer | None = None,
) -> list[Frame]:
    """Return the frames of a map: the main body, then the far parts."""
    shapes = territories.geometry.to_numpy()
    if areas is not None:
        owned = areas.regions.geometry.to_numpy()[areas.owner() != NOBODY]
        spots = shapely.point_on_surface(owned)
    elif accounts is None:
        spots = shapely.point_on_surface(shapely.get_parts(shapes))
    else:
        spots = shapely.points(accounts[["longitude", "latitude"]].dropna())
    return frames(shapely.get_x(spots), shapely.get_y(spots), shapes)


def _projected(
    window: Frame, regions: gpd.GeoDataFrame | None, others: Sequence[Frame]
) -> Shapes:
    if regions is None:
        return np.empty(0, dtype=object)
    return window.shapes(regions.geometry.to_numpy(), others)


def _points(window: Frame, table: pd.DataFrame | None) -> Floats:
    """Project places, in the order of the table."""
    if table is None:
        return np.empty((0, 2))
    return window.points(
        table["longitude"].to_numpy(float), table["latitude"].to_numpy(float)
    )


def _dots(
    accounts: pd.DataFrame | None,
    owner: pd.Series | None,
    specialist: pd.Series | None,
    fill: dict[str, str],
) -> pd.DataFrame | None:
    """Places and colours of the accounts to show."""
    if accounts is None or specialist is None:
        return None
    shown = accounts[specialist.reindex(accounts.index, fill_value=False).astype(bool)]
    shown = shown[["longitude", "latitude"]].dropna()
    who = pd.Series("", index=shown.index) if owner is None else owner
    tone = {rep: darker(colour) for rep, colour in fill.items()}
    colour = [tone.get(rep, "#555555") for rep in who.reindex(shown.index)]
    return shown.assign(colour=colour)
