"""Several plans for the same regions side by side, in one frame and on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from planner.errors import PlannerError
from planner.maps.area_paint import AreaCodes, paint_areas, region_meshes
from planner.maps.areas import NOBODY, AreaLayer, area_colours, area_territories
from planner.maps.fonts import families_for, quiet_fonts
from planner.maps.frames import Frame, frames
from planner.maps.legend import Shown, area_signs, draw_legend
from planner.maps.lettering import MANY, draw_labels
from planner.maps.page import HEIGHT, STYLE, WIDTH, heading, save
from planner.maps.paint import INK
from planner.maps.scene import Panel, arrange
from planner.words import _

_GAP, _HEAD, _MARGIN = 14.0, 26.0, 28.0
"""Between panels, over each for its title, around all; points."""

_TOP = 60.0
"""For the title of the page, in points."""

_FULL = 800.0
"""Width in points from which on a panel is drawn with full lines."""

_SMALLER = 0.8
"""Factor on the text of labels, against a map that has the page to itself."""

_SOFT = "#5f646a"
_LANDSCAPE = 1.05
"""Room for insets beside the main body, as a factor on its width."""


def plot_multiples(
    layers: Sequence[AreaLayer],
    titles: Sequence[str],
    *,
    notes: Sequence[str] | None = None,
    names: pd.Series | None = None,
    columns: int | None = None,
    top: float = 0.0,
    figure: Figure | None = None,
) -> list[Axes]:
    """
    Draw plans for the same regions side by side.

    All panels show the same frame on the same scale, and a rep has one colour in all
    of them. Stripes and dashes tell what differs from the `previous` of each layer:
    today's owners, or those of a plan to compare with.

    Parameters
    ----------
    layers
        Plans for the same regions.
    titles
        Over the panels, one per plan.
    notes
        A second, lighter line per plan, such as its cost and gap.
    names
        Name by ``rep_id``: with few reps the legend names their colours.
    columns
        Panels side by side; None: as many as make them largest.
    top
        Points to leave free at the top of the figure.
    figure
        Used in full; None: a new one of 16 x 10 in.

    Returns
    -------
    The main axes of each plan, in the order given.

    Raises
    ------
    PlannerError
        There is no plan, titles or notes are not one per plan, or the plans are for
        different regions.
    """
    _check(layers, titles, notes)
    if figure is None:
        figure = Figure(figsize=(WIDTH, HEIGHT))
        FigureCanvasAgg(figure)
    reps = list(dict.fromkeys(rep for layer in layers for rep in layer.reps))
    shown = [str(rep) if names is None else str(names.get(rep, rep)) for rep in reps]
    families = families_for([*titles, *(notes or ()), *shown, *map(str, reps)])[0]
    with mpl.rc_context({"font.family": families}), quiet_fonts():
        fill = area_colours(layers, reps)
        foot = _legends(figure, layers, reps, shown, fill)
        axes = _grid(figure, layers, columns, top, foot)
        _heads(figure, axes, titles, notes)
        _paint(axes, layers, reps, fill)
    return axes


def write_multiples(
    folder: Path,
    layers: Sequence[AreaLayer],
    titles: Sequence[str],
    *,
    notes: Sequence[str] | None = None,
    names: pd.Series | None = None,
    columns: int | None = None,
    title: str | None = None,
    subtitle: str | None = None,
) -> list[str]:
    """
    Write ``maps.png`` (16 x 10 in, 200 dpi) and ``maps.svg``.

    Parameters
    ----------
    folder
        An existing folder.
    layers, titles, notes, names, columns
        See `plot_multiples`.
    title, subtitle
        Of the whole page.

    Returns
    -------
    Messages for the user, such as a font to install; usually none.
    """
    known = [] if names is None else [str(name) for name in names]
    families, message = families_for(
        [title or "", subtitle or "", *titles, *(notes or ()), *known]
    )
    with mpl.rc_context({**STYLE, "font.family": families}), quiet_fonts():
        figure = Figure(figsize=(WIDTH, HEIGHT))
        FigureCanvasAgg(figure)
        heading(figure, title, subtitle)
        plot_multiples(
            layers,
            titles,
            notes=notes,
            names=names,
            columns=columns,
            top=_TOP if title or subtitle else 0.0,
            figure=figure,
        )
        save(figure, folder, "maps")
    return [message] if message else []


def _check(
    layers: Sequence[AreaLayer], titles: Sequence[str], notes: Sequence[str] | None
) -> None:
    if not layers:
        raise PlannerError(_("There is no plan to draw. Give at least one."))
    for given in (titles, notes):
        if given is not None and len(given) != len(layers):
            raise PlannerError(
                _("{n} plans need {n} titles and notes, not {given}.").format(
                    n=len(layers), given=len(given)
                )
            )
    regions = layers[0].regions.index
    if any(not layer.regions.index.equals(regions) for layer in layers):
        raise PlannerError(
            _("Plans side by side need the same regions in the same order.")
        )


def _legends(
    figure: Figure,
    layers: Sequence[AreaLayer],
    reps: Sequence[str],
    names: Sequence[str],
    fill: Sequence[str],
) -> float:
    """Draw the signs, over them the colours of few reps; return points used."""
    most = max(layers, key=lambda layer: int(layer.changed().sum()))
    plain = Shown(bases=False, dots=False, zooms=False, shared=False)
    blocks = [area_signs(most, plain)]
    if len(reps) <= MANY:
        texts = [
            name if name == str(rep) else f"{rep} {name}"
            for rep, name in zip(reps, names, strict=True)
        ]
        swatches = [Patch(fc=tone, ec=INK, lw=0.5) for tone in fill]
        blocks.append(list(zip(swatches, texts, strict=True)))
    base, width = 10.0, 72 * figure.get_figwidth() - 2 * _MARGIN
    for signs in blocks:
        legend = draw_legend(figure, signs, _MARGIN, base, width)
        base += legend.get_window_extent().height * 72 / figure.dpi + 6
    return base + 8


def _land(layers: Sequence[AreaLayer]) -> np.ndarray:
    """Return the shapes of regions that have an owner in one of the plans."""
    owned = np.any([layer.owner() != NOBODY for layer in layers], axis=0)
    return np.asarray(layers[0].regions.geometry.to_numpy()[owned])


def _windows(layers: Sequence[AreaLayer]) -> list[Frame]:
    shapes = _land(layers)
    spots = shapely.point_on_surface(shapes)
    return frames(shapely.get_x(spots), shapely.get_y(spots), shapes)


def _grid(
    figure: Figure,
    layers: Sequence[AreaLayer],
    columns: int | None,
    top: float,
    foot: float,
) -> list[Axes]:
    """Make the axes of all panels, each as large as the page allows."""
    wide, tall = 72 * figure.get_figwidth(), 72 * figure.get_figheight()
    windows = _windows(layers)
    west, south, east, north = shapely.total_bounds(
        windows[0].shapes(_land(layers), windows[1:])
    )
    aspect = _LANDSCAPE * max(east - west, 1.0) / max(north - south, 1.0)

    def size(across: int) -> tuple[float, float]:
        down = -(-len(layers) // across)
        width = (wide - 2 * _MARGIN - (across - 1) * _GAP) / across
        height = (tall - top - foot - down * _HEAD - (down - 1) * _GAP) / down
        return width, height

    choices = range(1, len(layers) + 1) if columns is None else [columns]
    across = max(choices, key=lambda n: min(size(n)[0] / aspect, size(n)[1]))
    width, height = size(across)
    # No higher than the map needs, so that titles stand over it.
    pitch, height = height + _HEAD + _GAP, min(height, 1.08 * width / aspect)
    axes = []
    for at in range(len(layers)):
        row, column = divmod(at, across)
        left = _MARGIN + column * (width + _GAP)
        base = tall - top - row * pitch - _HEAD - height
        axes.append(
            figure.add_axes((left / wide, base / tall, width / wide, height / tall))
        )
    return axes


def _heads(
    figure: Figure,
    axes: Sequence[Axes],
    titles: Sequence[str],
    notes: Sequence[str] | None,
) -> None:
    """Write titles and notes over the panels."""
    tall = 72 * figure.get_figheight()
    for at, ax in enumerate(axes):
        box = ax.get_position()
        lines = [(titles[at], 15.0, 9.5, "bold", INK)]
        if notes is not None:
            lines.append((notes[at], 4.5, 7.2, "normal", _SOFT))
        for text, rise, font, weight, colour in lines:
            figure.text(
                box.x0,
                box.y1 + rise / tall,
                text,
                fontsize=font,
                fontweight=weight,
                color=colour,
                va="baseline",
            )


def _paint(
    axes: Sequence[Axes],
    layers: Sequence[AreaLayer],
    reps: Sequence[str],
    fill: Sequence[str],
) -> None:
    """Paint every plan; shapes are simplified once, for all panels are alike."""
    windows = _windows(layers)
    land = _land(layers)
    fills = [
        window.shapes(land, [other for other in windows if other is not window])
        for window in windows
    ]
    none = [np.empty((0, 2))] * len(windows)
    parts = None
    for ax, layer in zip(axes, layers, strict=True):
        panels: list[Panel] = arrange(
            ax, windows, fills, none, np.empty(0, object), zooms=False, scales=False
        )
        width = panels[0].scale * (panels[0].view[2] - panels[0].view[0])
        pen = float(np.clip(np.sqrt(width / _FULL), 0.5, 1.0))
        if parts is None:
            parts = region_meshes(windows, panels, layer, pen)
        codes = AreaCodes.of(layer, reps, fill)
        for panel, part in zip(panels, parts, strict=True):
            shown = codes.part(part.chosen)
            paint_areas(panel.ax, part.net, shown, panel.scale, pen)
        _letter(panels, windows, layer, dict(zip(reps, fill, strict=True)), pen)


def _letter(
    panels: Sequence[Panel],
    windows: Sequence[Frame],
    layer: AreaLayer,
    fill: dict[str, str],
    pen: float,
) -> None:
    """Write the ids of reps where they fit inside their territories."""
    territories = area_territories(layer)
    shapes = [
        window.shapes(
            territories.geometry.to_numpy(),
            [other for other in windows if other is not window],
        )
        for window in windows
    ]
    draw_labels(
        panels,
        shapes,
        [np.empty((0, 2))] * len(windows),
        territories,
        None,
        [fill[rep] for rep in territories.index],
        clear=True,
        inside=True,
        shrunk=_SMALLER * pen,
    )
