"""Draw territories on matplotlib axes."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from planner.geo.colours import colours, darker
from planner.geo.shapes import neighbours
from planner.maps.fonts import families_for, quiet_fonts
from planner.maps.frames import Frame, frames
from planner.maps.layout import Box, lay_out
from planner.maps.lettering import draw_labels
from planner.maps.paint import INK, PAPER, Layers, draw_scale_bar, paint

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]


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
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """
    Draw who works where.

    Parameters
    ----------
    territories
        From `planner.geo.shapes.territories`.
    accounts
        Clean accounts; they decide what is the main body and what a far part that
        gets an inset, and give the dots their places.
    owner
        ``rep_id`` per ``account_id``: colours of the dots.
    reps
        Clean reps: their bases are marked.
    loads
        Index ``rep_id``; ``hours`` and ``capacity``, or ``accounts``, give the
        second line of the labels.
    borders
        Regions whose borders are drawn as thin lines (counties).
    outline
        Regions of a coarser level, stronger lines (states).
    specialist
        True for the accounts (index ``account_id``) to show as dots.
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
            ax.set_title(title, loc="left", fontweight="bold", color=INK)
        _draw(
            ax, territories, accounts, owner, reps, loads, borders, outline, specialist
        )
    return ax


def territory_colours(territories: gpd.GeoDataFrame) -> dict[str, str]:
    """Return the fill of each territory by rep id, the same on map and report."""
    chosen = colours(neighbours(territories), len(territories))
    return dict(zip(territories.index.astype(str), chosen, strict=True))


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
) -> None:
    shapes = territories.geometry.to_numpy()
    windows = map_frames(territories, accounts)
    fill = territory_colours(territories)
    dots = _dots(accounts, owner, specialist, fill)
    layers = []
    for window in windows:
        others = [other for other in windows if other is not window]
        layers.append(
            Layers(
                fills=window.shapes(shapes, others),
                fine=_projected(window, borders, others),
                coarse=_projected(window, outline, others),
                dots=_points(window, dots),
                dot_colours=[] if dots is None else list(dots["colour"]),
                bases=_points(window, reps),
            )
        )
    axes = _arranged(ax, windows, layers)
    for each, layer in zip(axes, layers, strict=True):
        paint(each, layer, list(fill.values()))
    with quiet_fonts():
        draw_labels(
            axes,
            [layer.fills for layer in layers],
            [layer.bases for layer in layers],
            territories,
            loads,
            list(fill.values()),
        )


def map_frames(
    territories: gpd.GeoDataFrame, accounts: pd.DataFrame | None
) -> list[Frame]:
    """Return the frames of a map: the main body, then the far parts."""
    shapes = territories.geometry.to_numpy()
    if accounts is None:
        spots = shapely.point_on_surface(shapely.get_parts(shapes))
        lon, lat = shapely.get_x(spots), shapely.get_y(spots)
    else:
        places = accounts[["longitude", "latitude"]].dropna().to_numpy(float)
        lon, lat = places.T
    return frames(lon, lat, shapes)


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


def _arranged(
    ax: Axes, windows: Sequence[Frame], layers: Sequence[Layers]
) -> list[Axes]:
    """Set the main view and make the inset axes in its free corners."""
    figure = ax.get_figure()
    assert isinstance(figure, Figure)
    if figure.get_layout_engine() is not None:
        with quiet_fonts():
            figure.draw_without_rendering()
        figure.set_layout_engine("none")
    corners = ax.get_window_extent()
    plan = lay_out(
        windows,
        [layer.fills for layer in layers],
        [np.vstack([layer.dots, layer.bases]) for layer in layers],
        corners.width / corners.height,
        [layers[0].coarse],
    )
    _set_view(ax, plan.view)
    insets = [
        _inset(ax, box, plan.view, view)
        for box, view in zip(plan.boxes, plan.inset_views, strict=True)
    ]
    draw_scale_bar(ax, plan)
    return [ax, *insets]


def _set_view(ax: Axes, view: Box) -> None:
    ax.set_xlim(view[0], view[2])
    ax.set_ylim(view[1], view[3])
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_axis_off()


def _inset(ax: Axes, box: Box, view: Box, shown: Box) -> Axes:
    """Make inset axes at a box of the main view."""
    wide, tall = view[2] - view[0], view[3] - view[1]
    inset = ax.inset_axes(
        (
            (box[0] - view[0]) / wide,
            (box[1] - view[1]) / tall,
            (box[2] - box[0]) / wide,
            (box[3] - box[1]) / tall,
        )
    )
    _set_view(inset, shown)
    inset.set_axis_on()
    inset.set(xticks=[], yticks=[], xlabel="", ylabel="", facecolor=PAPER)
    for spine in inset.spines.values():
        spine.set(color="#b9bcc0", linewidth=0.6)
    return inset
