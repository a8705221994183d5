"""Maps: nothing overlaps, nothing falls off the page, text stays text."""

from __future__ import annotations

import re
import warnings
import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path

import geopandas as gpd
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import shapely
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text

from planner.geo.shapes import territories
from planner.maps import fonts, plot_territories, write_map
from planner.maps.frames import frames
from planner.maps.labels import Page, Wording, place
from planner.maps.layout import free_slot, round_length
from planner.maps.lettering import HALO

mpl.use("Agg")
SVG = "{http://www.w3.org/2000/svg}"


def plan(
    n: int, m: int, seed: int = 1
) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame, pd.DataFrame]:
    """n accounts around France, each with the nearest of m reps, and the loads."""
    rng = np.random.default_rng(seed)
    places = rng.uniform([-1, 43], [7, 49], (n, 2))
    accounts = pd.DataFrame(
        {
            "longitude": places[:, 0],
            "latitude": places[:, 1],
            "region_id": "",
            "value": 1.0,
        },
        index=[f"a{i}" for i in range(n)],
    )
    ids = [f"R{i:02}" for i in range(m)]
    base = places[rng.choice(n, m, replace=False)]
    reps = pd.DataFrame(
        {
            "name": [f"Rep number {i}" for i in range(m)],
            "longitude": base[:, 0],
            "latitude": base[:, 1],
        },
        index=ids,
    )
    nearest = np.linalg.norm(places[:, None] - base[None], axis=2).argmin(axis=1)
    owner = pd.Series(np.array(ids)[nearest], index=accounts.index)
    count = owner.value_counts().reindex(ids, fill_value=0).astype(float)
    loads = pd.DataFrame(
        {"accounts": count, "hours": count * 10, "capacity": 12.0 * n / m}
    )
    return accounts, owner, reps, loads


def label_boxes(ax: plt.Axes) -> list:
    figure = ax.get_figure()
    assert isinstance(figure, Figure)
    figure.canvas.draw()
    texts = [text for text in figure.findobj(Text) if text.get_gid() == HALO]
    return [text.get_window_extent() for text in texts]


@pytest.mark.parametrize("m", [1, 12, 60])
def test_labels_neither_overlap_nor_leave_the_figure(m: int) -> None:
    """The reason to place labels at all."""
    accounts, owner, reps, loads = plan(300, m)
    drawn = territories(accounts, owner, reps)
    ax = plot_territories(drawn, accounts, owner, reps, loads=loads)
    boxes = label_boxes(ax)
    assert len(boxes) >= len(drawn)
    page = ax.figure.bbox
    for box in boxes:
        assert page.x0 <= box.x0 < box.x1 <= page.x1
        assert page.y0 <= box.y0 < box.y1 <= page.y1
    for one, other in combinations(boxes, 2):
        assert not one.shrunk(0.85, 0.7).overlaps(other.shrunk(0.85, 0.7))
    plt.close("all")


def test_axes_are_taken_and_returned() -> None:
    """GeoPandas' manner: maps compose in figures of the caller."""
    accounts, owner, reps, _loads = plan(50, 3)
    _figure, (left, right) = plt.subplots(1, 2)
    drawn = territories(accounts, owner, reps)
    assert plot_territories(drawn, accounts, ax=right, title="France") is right
    assert right.get_title(loc="left") == "France"
    assert not left.patches
    plt.close("all")


def test_far_parts_get_insets() -> None:
    """Réunion would shrink France to a tenth of the page."""
    accounts, owner, reps, _loads = plan(200, 4)
    far = accounts.iloc[:8].assign(
        longitude=np.linspace(55.2, 55.8, 8), latitude=np.linspace(-21.3, -20.9, 8)
    )
    far.index = pd.Index([f"far{i}" for i in range(8)])
    accounts = pd.concat([accounts, far])
    owner = pd.concat([owner, pd.Series("R00", index=far.index)])
    drawn = territories(accounts, owner, reps)
    ax = plot_territories(drawn, accounts, owner, reps)
    assert len(ax.child_axes) == 1
    plt.close("all")


@pytest.mark.parametrize(
    ("lon", "lat", "expected"),
    [
        (np.linspace(177, 183, 40) % 360, np.linspace(-20, -12, 40), 1),
        (np.full(5, 8.0), np.full(5, 50.0), 1),
        (np.r_[np.linspace(0, 8, 90), 55.0], np.r_[np.linspace(43, 49, 90), -21.0], 2),
        (np.r_[np.zeros(50), np.full(50, 100.0)], np.full(100, 40.0), 1),
    ],
    ids=["antimeridian", "one place", "far island", "two equal halves"],
)
def test_frames(lon: np.ndarray, lat: np.ndarray, expected: int) -> None:
    """An inset is for a small far part, never for half of the accounts."""
    lon = (lon + 180) % 360 - 180
    shapes = shapely.buffer(shapely.points(lon, lat), 0.3)
    made = frames(lon, lat, shapes)
    assert len(made) == expected
    assert made[0].width < 180 or expected == 1
    drawn = made[0].shapes(shapes, made[1:])
    assert not shapely.is_empty(drawn[:30]).any()


def test_crowded_labels_go_outside_with_a_leader() -> None:
    """Shapes smaller than their label keep their label, off the land if possible."""
    shapes = [shapely.box(50 + 3 * i, 50, 53 + 3 * i, 60) for i in range(5)]
    wording = [[Wording((f"R{i}",), 12, 8)] for i in range(5)]
    page = Page(bounds=(0, 0, 120, 110), land=shapely.union_all(shapes))
    labels = place(shapes, wording, page)
    assert sorted(label.at for label in labels) == list(range(5))
    boxes = [shapely.box(*label.box) for label in labels]
    for one, other in combinations(boxes, 2):
        assert one.intersection(other).area == 0
    assert all(label.anchor is not None for label in labels)
    assert all(not box.intersects(page.land) for box in boxes)


def test_fullest_wording_that_fits_is_used() -> None:
    """Room for the load is room to be used."""
    shapes = [shapely.box(0, 0, 50, 50), shapely.box(50, 0, 80, 12)]
    forms = [Wording(("R1", "98%"), 24, 18), Wording(("R1",), 14, 9)]
    labels = place(shapes, [forms, forms], Page((0, 0, 80, 50)))
    assert {label.at: len(label.wording.lines) for label in labels} == {0: 2, 1: 1}


def test_slots_avoid_the_land() -> None:
    """An inset on top of a territory would hide it."""
    box = free_slot(shapely.box(0, 0, 6, 10), (0, 0, 10, 10), [], (2, 2), (0.0, 0.0))
    assert box is not None
    assert box[0] >= 6
    assert (
        free_slot(shapely.box(0, 0, 9, 10), (0, 0, 10, 10), [], (2, 2), (0, 0)) is None
    )


def test_scale_bar_lengths_are_round() -> None:
    """Nobody measures with a bar of 437 km."""
    assert round_length(437_000) == (200_000, "200 km")
    assert round_length(999) == (500, "500 m")


def test_files_hold_table_and_text(tmp_path: Path) -> None:
    """The SVG must stay searchable, editable and small."""
    accounts, owner, reps, loads = plan(200, 12)
    reps.loc["R03", "name"] = "Ann <b> & Bob"
    drawn = territories(accounts, owner, reps)
    specialist = pd.Series(True, index=accounts.index[:20])
    messages = write_map(
        tmp_path,
        drawn,
        accounts,
        owner,
        reps,
        loads=loads,
        title="Plan",
        subtitle="x",
        specialist=specialist,
    )
    assert messages == []
    image = plt.imread(tmp_path / "map.png")
    assert image.shape[:2] == (2000, 3200)
    root = ET.parse(tmp_path / "map.svg").getroot()
    texts = ["".join(node.itertext()) for node in root.iter(f"{SVG}text")]
    assert "Ann <b> & Bob" in texts
    assert {"Plan", "R07", "accounts", "hours"} <= set(texts)
    ids = re.findall(r' id="([^"]*)"', (tmp_path / "map.svg").read_text("utf-8"))
    assert len(ids) == len(set(ids))


def test_legend_colours_match_the_map(tmp_path: Path) -> None:
    """A legend with other colours than the map is worse than none."""
    accounts, owner, reps, loads = plan(100, 5)
    drawn = territories(accounts, owner, reps)
    write_map(tmp_path, drawn, accounts, owner, reps, loads=loads)
    svg = (tmp_path / "map.svg").read_text("utf-8")
    swatches = re.findall(r"fill: (#\w{6}); stroke: #22262b; stroke-width: 0\.5", svg)
    fills = re.findall(r"fill: (#\w{6}); stroke: #\w{6}; stroke-width: 0\.2", svg)
    assert sorted(swatches) == sorted(fills)
    assert len(swatches) == 5


def test_same_plan_gives_the_same_svg(tmp_path: Path) -> None:
    """Maps in Git should differ only where plans do."""
    accounts, owner, reps, loads = plan(60, 3)
    drawn = territories(accounts, owner, reps)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_map(tmp_path / name, drawn, accounts, owner, reps, loads=loads)
    assert (tmp_path / "one/map.svg").read_bytes() == (
        tmp_path / "two/map.svg"
    ).read_bytes()


def test_missing_glyphs_give_one_message_and_no_warnings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Boxes on a map need a remedy, not a warning per character."""
    only = [
        face for face in font_manager.fontManager.ttflist if face.name == fonts.BASE
    ]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", only)
    monkeypatch.setattr(fonts, "_add_new_fonts", lambda: None)
    accounts, owner, reps, loads = plan(60, 2)
    reps["name"] = ["王小明", "李娜"]
    drawn = territories(accounts, owner, reps)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        messages = write_map(tmp_path, drawn, accounts, owner, reps, loads=loads)
    assert len(messages) == 1
    assert "apt install fonts-wqy-microhei" in messages[0]
    assert "王小明" in (tmp_path / "map.svg").read_text("utf-8")


def test_installed_font_with_the_glyphs_is_found() -> None:
    """Latin needs nothing but matplotlib's own font."""
    assert fonts.families_for(["Łukasz Wiśniewski", "Nguyễn"]) == ([fonts.BASE], None)


def test_boxes_are_no_glyphs() -> None:
    """matplotlib brings a font that has a box for every character there is."""
    assert not any(name.startswith("Last Resort") for name in fonts._candidates())


def test_fonts_installed_after_matplotlib_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A user who installs a font as told must not get boxes again."""
    path = font_manager.findfont("DejaVu Sans")
    monkeypatch.setattr(font_manager.fontManager, "ttflist", [])
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [path, __file__])
    fonts._add_new_fonts.__wrapped__()
    assert [face.name for face in font_manager.fontManager.ttflist] == [fonts.BASE]


def test_far_parts_are_told_apart_at_every_scale() -> None:
    """Against an island at the other end of the world Alaska seems near."""
    rng = np.random.default_rng(1)
    parts = (
        (300, -120, 30, -70, 48),
        (20, -160, 58, -140, 66),
        (5, 144, 13, 145, 14),
        (5, -171, -14, -170, -13),
    )
    places = [rng.uniform([w, s], [e, n], (k, 2)) for k, w, s, e, n in parts]
    lon, lat = np.vstack(places).T
    shapes = np.array([shapely.box(w, s, e, n) for _k, w, s, e, n in parts])
    made = frames(lon, lat, shapes)
    assert len(made) == 4
    assert made[0].width < 60


def test_borders_of_two_levels_are_drawn() -> None:
    """Counties thin, states stronger."""
    accounts, owner, reps, _loads = plan(60, 3)
    cells = [
        shapely.box(x, y, x + 1, y + 1) for x in range(-1, 7) for y in range(43, 49)
    ]
    fine = gpd.GeoDataFrame(geometry=cells, crs="EPSG:4326")
    halves = [shapely.box(-1, 43, 3, 49), shapely.box(3, 43, 7, 49)]
    coarse = gpd.GeoDataFrame(geometry=halves, crs="EPSG:4326")
    drawn = territories(accounts, owner, reps)
    ax = plot_territories(drawn, accounts, borders=fine, outline=coarse)
    widths = {patch.get_linewidth() for patch in ax.patches}
    assert {0.38, 0.9} <= widths
    plt.close("all")
