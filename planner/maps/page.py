"""The map as a page: title, map, table of loads; saved as PNG and SVG."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import matplotlib as mpl
import pandas as pd
import shapely
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from planner.maps.areas import AreaLayer
from planner.maps.draw import map_frames, plot_territories, territory_colours
from planner.maps.fonts import families_for, quiet_fonts
from planner.maps.layout import Box
from planner.maps.legend import Shown, account_signs, area_signs, draw_legend
from planner.maps.lettering import HALO
from planner.maps.scene import ZOOM
from planner.maps.table import Table, draw_table, load_table
from planner.words import _

WIDTH, HEIGHT = 16.0, 10.0
"""Size of the page in inches."""

PNG_DPI = 200
_MARGIN, _TITLE, _FOOT = 28.0, 46.0, 26.0
"""Points around the page, for the title, for the foot."""
_NOTE = 240
"""Points kept free at the right of a legend for a line about the table."""

STYLE: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "planner"}
_PATHS = re.compile(r' d="[^"]*"')
_DECIMALS = re.compile(r"(\.\d\d)\d+")
_SVG_HALO = (
    f'[id^="{HALO}-"] text {{paint-order: stroke; stroke: #fff; '
    "stroke-width: 1.8px; stroke-linejoin: round}"
)


def write_map(
    folder: Path,
    territories: gpd.GeoDataFrame,
    accounts: pd.DataFrame | None,
    owner: pd.Series | None,
    reps: pd.DataFrame,
    *,
    loads: pd.DataFrame | None = None,
    borders: gpd.GeoDataFrame | None = None,
    outline: gpd.GeoDataFrame | None = None,
    specialist: pd.Series | None = None,
    areas: AreaLayer | None = None,
    zooms: bool = True,
    title: str | None = None,
    subtitle: str | None = None,
) -> list[str]:
    """
    Write ``map.png`` (16 x 10 in, 200 dpi) and ``map.svg``, with text as text.

    Parameters
    ----------
    folder
        An existing folder.
    subtitle
        A second, lighter line under the title.
    territories, accounts, owner, reps, loads, borders, outline, specialist, areas, \
zooms, title
        See `plot_territories`; `loads` also fills the table (`table.load_table`).

    Returns
    -------
    Messages for the user, such as a font to install; usually none.
    """
    texts = [title or "", subtitle or "", *reps["name"].astype(str)]
    families, message = families_for([*texts, *reps.index.astype(str)])
    with mpl.rc_context({**STYLE, "font.family": families}), quiet_fonts():
        # Not by pyplot: a web server draws in threads, and no window may open.
        figure = Figure(figsize=(WIDTH, HEIGHT))
        FigureCanvasAgg(figure)
        table = None
        if loads is not None:
            table = load_table(loads, territory_colours(territories), reps["name"])
        box = _arrange(figure, table, _map_aspect(territories, accounts, areas))
        ax = figure.add_axes(box)
        plot_territories(
            territories,
            accounts,
            owner,
            reps,
            loads=loads,
            borders=borders,
            outline=outline,
            specialist=specialist,
            areas=areas,
            zooms=zooms,
            legend=False,
            ax=ax,
        )
        heading(figure, title, subtitle)
        shown = Shown(
            bases=bool(reps[["latitude", "longitude"]].notna().all(axis=1).any()),
            dots=specialist is not None,
            zooms=any(axes.get_label() == ZOOM for axes in ax.child_axes),
            shared=borders is not None and areas is None,
        )
        if areas is None:
            parts = account_signs(shown)
        else:
            parts = []
            signs = area_signs(areas, shown)
            room = 72 * WIDTH - 2 * _MARGIN - _NOTE
            draw_legend(figure, signs, _MARGIN, 9, room)
        if table is not None and set(table.head) & {_("hours"), _("value")}:
            parts.append(_("hours: share of capacity, value: share of target"))
        _foot(figure, parts, beside=areas is not None)
        save(figure, folder, "map")
    return [message] if message else []


def _map_aspect(
    territories: gpd.GeoDataFrame,
    accounts: pd.DataFrame | None,
    areas: AreaLayer | None,
) -> float:
    """Width over height of the main body."""
    windows = map_frames(territories, accounts, areas)
    flat = windows[0].shapes(territories.geometry.to_numpy(), windows[1:])
    west, south, east, north = shapely.total_bounds(flat)
    return float(max(east - west, 1.0) / max(north - south, 1.0))


def _arrange(figure: Figure, table: Table | None, aspect: float) -> Box:
    """Draw the table where it leaves the map largest; return the map's axes box."""
    wide, tall = 72 * WIDTH, 72 * HEIGHT
    room = wide - 2 * _MARGIN, tall - _MARGIN - _TITLE - _FOOT
    best, choice = 0.0, (room[0], room[1], 0, False)
    for blocks in range(1, 9) if table is not None else ():
        assert table is not None
        width, height = table.size(blocks)
        for below in (True, False):
            map_w = room[0] - (0 if below else width + 20)
            map_h = room[1] - (height + 12 if below else 0)
            fits = width <= room[0] and height <= room[1]
            scale = min(map_w / aspect, map_h) if fits else 0.0
            # Beside the body of a wide map there is room for insets and labels.
            scale *= 1.08 if below else 1.0
            if scale > best + 1e-6:
                best, choice = scale, (map_w, map_h, blocks, below)
    map_w, map_h, blocks, below = choice
    top = tall - _TITLE
    if table is not None and blocks:
        width, height = table.size(blocks)
        left = (wide - width) / 2 if below else wide - _MARGIN - width
        first = _FOOT + height if below else top - max(0.0, room[1] - height) / 2
        draw_table(figure, table, left, first, blocks)
    return _MARGIN / wide, (top - map_h) / tall, map_w / wide, map_h / tall


def heading(figure: Figure, title: str | None, subtitle: str | None) -> None:
    """Write the title of a page and the line under it."""
    wide, tall = 72 * WIDTH, 72 * HEIGHT
    left = _MARGIN / wide
    if title:
        figure.text(
            left,
            (tall - 30) / tall,
            title,
            fontsize=16,
            fontweight="bold",
            color="#22262b",
            va="baseline",
        )
    if subtitle:
        figure.text(
            left,
            (tall - 46) / tall,
            subtitle,
            fontsize=9,
            color="#5f646a",
            va="baseline",
        )


def _foot(figure: Figure, parts: Sequence[str], *, beside: bool) -> None:
    """Write explanations under the map; beside a legend at the right edge."""
    left, right = _MARGIN / (72 * WIDTH), 1 - _MARGIN / (72 * WIDTH)
    figure.text(
        right if beside else left,
        11 / (72 * HEIGHT),
        "   ·   ".join(parts),
        ha="right" if beside else "left",
        fontsize=6.8,
        color="#5f646a",
        va="baseline",
    )


def save(figure: Figure, folder: Path, stem: str) -> None:
    """
    Save as PNG and SVG.

    In SVG halos are a style: those of matplotlib would turn text into outlines.
    """
    figure.savefig(folder / f"{stem}.png", dpi=PNG_DPI)
    path = folder / f"{stem}.svg"
    labels = [text for text in figure.findobj(Text) if text.get_gid() == HALO]
    for number, text in enumerate(labels):
        text.set_path_effects([])
        text.set_gid(f"{HALO}-{number}")
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    svg = path.read_text(encoding="utf-8")
    svg = svg.replace("</style>", _SVG_HALO + "</style>", 1)
    # A hundredth of a point is finer than any printer.
    svg = _PATHS.sub(lambda path: _DECIMALS.sub(r"\1", path.group()), svg)
    path.write_text(svg, encoding="utf-8")
