"""Write labels on axes: measure the text, place it, draw it with a halo."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from planner.maps.fonts import text_width
from planner.maps.labels import Label, Page, Wording, place
from planner.maps.layout import Box
from planner.maps.scene import Panel
from planner.maps.table import load_counts, load_shares
from planner.words import _

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]

INK = "#22262b"
HALO = "label"
"""Group id of the texts with a halo, by which the SVG file gives them one."""

_SIZES = ((15, 10.5), (40, 8.4), (1000, 6.6))
"""(up to so many territories, font size in points)."""

_SMALLEST = 4.6
"""Text of a map side by side with others may shrink to this size."""

_LEADING = 1.22
MANY, _SHORT = 24, 6
"""With more territories than this, labels are rep ids instead of names, unless all
names take up no more than so many half-width characters."""


_MOSTLY = 0.6
"""A zoom shows a territory when this share of its area is in view."""

_LETTER, _EDGE = 13.0, 2.0
"""Side of the room for the letter of a zoom, and the edge of insets, in points."""


def key_loads(loads: pd.DataFrame | None) -> pd.Series:
    """Return the one load that a label shows, as text by rep id."""
    if loads is None:
        return pd.Series(dtype=str)
    shares, counts = load_shares(loads), load_counts(loads)
    if _("hours") in shares or ("accounts" not in loads and shares):
        share = next(iter(shares.values()))
        return share.map("{:.0%}".format).where(share.notna(), "")
    for count in reversed(counts.values()):
        return count.map("{:,.0f}".format)
    return pd.Series(dtype=str)


def draw_labels(
    panels: Sequence[Panel],
    shapes: Sequence[Shapes],
    bases: Sequence[Floats],
    territories: gpd.GeoDataFrame,
    loads: pd.DataFrame | None,
    fill: Sequence[str],
    *,
    clear: bool = False,
    inside: bool = False,
    shrunk: float = 1.0,
) -> None:
    """
    Label the territories on the main axes and on each inset.

    A territory that a zoom shows has its name there; on the main body too where it
    fits inside.

    Parameters
    ----------
    panels
        Main body first.
    shapes
        For each frame, the territories in its projection (aligned, some empty).
    bases
        For each frame, the marks to keep visible, shape (k, 2).
    territories
        Index ``rep_id``, column ``name``.
    loads
        See `key_loads`.
    fill
        Colour of each territory, repeated in labels that stand outside it.
    clear
        Clear the ground of stripes and lines under the labels.
    inside
        Only labels that fit inside their territories; none with a leader line.
    shrunk
        Factor on the size of the text.
    """
    figure = panels[0].ax.get_figure()
    assert isinstance(figure, Figure)
    count = len(territories)
    size = next((size for most, size in _SIZES if count <= most), _SIZES[-1][1])
    size = max(_SMALLEST, size * shrunk)
    # Without a table, only the map itself can say whose an id is.
    named = loads is None or by_name(territories)
    wordings = _wordings(territories, key_loads(loads), size, named)
    to_points = 72 / figure.dpi
    boxes = [_extent(panel.ax, to_points) for panel in panels]
    enlarged = set[int]()
    for panel in panels:
        if panel.members is not None:
            enlarged |= _mostly_within(panel, shapes[panel.frame])
    for at, panel in enumerate(panels):
        flat = [
            _on_page(panel.ax, shape, to_points)
            for shape in panel.cropped(shapes[panel.frame])
        ]
        page = Page(
            bounds=_within(boxes[at], _EDGE if at else 0.0),
            taken=_taken(panels, boxes, at),
            marks=_marks_on_page(panel.ax, bases[panel.frame], to_points),
            land=shapely.union_all(flat),
        )
        outside = None
        if panel.members is not None:
            flat = [
                shapely.intersection(each, shapely.box(*boxes[at])) for each in flat
            ]
            outside = _mostly_within(panel, shapes[panel.frame])
        elif at == 0:
            outside = set(range(count)) - enlarged
        if inside:
            outside = set()
        for label in place(flat, wordings, page, outside):
            _write(panel.ax, label, size, to_points, fill[label.at], clear)


def _within(box: Box, edge: float) -> Box:
    return box[0] + edge, box[1] + edge, box[2] - edge, box[3] - edge


def _mostly_within(panel: Panel, shapes: Shapes) -> set[int]:
    """Territories that a zoom shows, all or most of them."""
    seen = shapely.area(shapely.intersection(shapes, shapely.box(*panel.view)))
    return set(np.flatnonzero(seen > _MOSTLY * shapely.area(shapes)).tolist())


def _marks_on_page(ax: Axes, places: Floats, to_points: float) -> Floats:
    marks = ax.transData.transform(places) * to_points
    return np.asarray(marks[np.isfinite(marks).all(axis=1)])


def _taken(panels: Sequence[Panel], boxes: Sequence[Box], at: int) -> list[Box]:
    """Return what labels of a panel must not touch: other panels, letters, scales."""
    panel = panels[at]
    if at:
        taken = [] if panel.note is None else [_on_paper(panel, panel.note)]
        if panel.members is not None:
            west, _south, _east, north = boxes[at]
            taken.append((west, north - _LETTER, west + _LETTER, north))
        return taken
    taken = list(boxes[1:])
    for each in panels:
        if each.members is not None:
            west, south, east, north = _on_paper(panel, each.view)
            taken.append((west, south, east, north))
            taken.append((west - _LETTER, north, west, north + _LETTER))
    return taken


def _on_paper(panel: Panel, box: Box) -> Box:
    """Bring a box from the view of a panel to points of the page."""
    figure = panel.ax.get_figure()
    assert isinstance(figure, Figure)
    corners = panel.ax.transData.transform(np.array(box).reshape(2, 2))
    west, south, east, north = (corners * 72 / figure.dpi).ravel()
    return float(west), float(south), float(east), float(north)


def by_name(territories: gpd.GeoDataFrame) -> bool:
    """Whether labels are names: where there are few, or all are short (Chinese)."""
    if len(territories) <= MANY:
        return True
    return max(_columns(str(name)) for name in territories["name"]) <= _SHORT


def _columns(text: str) -> int:
    """Width of a text in half-width characters."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _wordings(
    territories: gpd.GeoDataFrame, load: pd.Series, size: float, named: bool
) -> list[list[Wording]]:
    """Ways to label each territory, the fullest first."""
    short = by_name(territories)
    wordings = []
    for rep, name in territories["name"].items():
        head = (str(name) or str(rep)) if named else str(rep)
        amount = (load[rep],) if load.get(rep) else ()
        forms = [((head,), amount), (_halves(head), amount), (_halves(head), ())]
        forms += [((str(rep),), amount), ((str(rep),), ())]
        # The last form stands outside a territory too small for the others.
        forms = [*dict.fromkeys(forms), ((head if short else str(rep),), ())]
        wordings.append([_measured(*form, size) for form in forms])
    return wordings


def _halves(name: str) -> tuple[str, ...]:
    """Break a name in two at the space nearest to its middle, if it has one."""
    spaces = [at for at, letter in enumerate(name) if letter == " "]
    if not spaces:
        return (name,)
    cut = min(spaces, key=lambda at: abs(2 * at - len(name)))
    return name[:cut], name[cut + 1 :]


def _measured(heads: tuple[str, ...], rest: tuple[str, ...], size: float) -> Wording:
    """Measure bold lines and the lighter ones under them, in points."""
    widths = [text_width(line, size, "bold") for line in heads]
    widths += [text_width(line, size) for line in rest]
    text = (*heads, *rest)
    high = (_LEADING * len(text) + 0.15) * size
    return Wording(text, max(widths) + 0.5 * size, high, len(heads))


def _extent(ax: Axes, to_points: float) -> tuple[float, float, float, float]:
    box = ax.get_window_extent()
    return (
        box.x0 * to_points,
        box.y0 * to_points,
        box.x1 * to_points,
        box.y1 * to_points,
    )


def _on_page(ax: Axes, shape: shapely.Geometry, to_points: float) -> shapely.Geometry:
    """Bring a shape from data to points of the page."""
    flat = shapely.transform(shape, lambda xy: ax.transData.transform(xy) * to_points)
    plain = shapely.make_valid(
        shapely.simplify(flat, 0.3), method="structure", keep_collapsed=False
    )
    if plain.is_empty and not flat.is_empty:
        # Smaller than a dot of the page, yet somebody's territory.
        return shapely.buffer(flat.representative_point(), 0.2)
    return plain


def _write(
    ax: Axes, label: Label, size: float, to_points: float, fill: str, clear: bool
) -> None:
    """Draw one label, and its leader line if it stands outside."""
    back = ax.transData.inverted()
    if label.anchor is not None:
        ends = back.transform(np.array([label.anchor, (label.x, label.y)]) / to_points)
        ax.plot(*ends.T, color=INK, linewidth=0.5, zorder=9, clip_on=False)
        ax.plot(*ends[:1].T, "o", color=INK, markersize=1.8, zorder=9)
    step = _LEADING * size
    top = label.y + step * (len(label.wording.lines) - 1) / 2
    halo = [patheffects.withStroke(linewidth=1.8, foreground="#ffffff")]
    for at, line in enumerate(label.wording.lines):
        x, y = back.transform(np.array([label.x, top - at * step]) / to_points)
        text = ax.text(
            x,
            y,
            line,
            ha="center",
            va="center_baseline",
            color=INK,
            zorder=10,
            fontsize=size,
            fontweight="bold" if at < label.wording.bold else "normal",
            gid=HALO,
            path_effects=halo,
        )
        if label.anchor is not None:
            text.set_bbox(
                {"boxstyle": "round,pad=0.15", "fc": fill, "ec": INK, "lw": 0.5}
            )
        elif clear:
            text.set_bbox(
                {"boxstyle": "round,pad=0.12", "fc": fill, "lw": 0, "alpha": 0.88}
            )
