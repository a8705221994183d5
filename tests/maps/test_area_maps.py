"""Maps of plans by regions: new and old owners, zooms, small multiples."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import geopandas as gpd
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import shapely
from area_grids import grid, squares, striped_plan
from matplotlib.figure import Figure
from matplotlib.text import Text

from planner.embedded import data_folder
from planner.errors import PlannerError
from planner.geo.colours import PALETTE, deep, difference
from planner.maps import (
    AreaLayer,
    area_territories,
    plot_multiples,
    plot_territories,
    write_map,
    write_multiples,
)
from planner.maps.areas import area_colours
from planner.maps.layout import Layout
from planner.maps.lettering import HALO
from planner.maps.scene import ZOOM
from planner.maps.zoom import with_zooms

mpl.use("Agg")


def named(layer: AreaLayer) -> pd.DataFrame:
    """Reps without bases."""
    ids = pd.Index(layer.reps)
    frame = pd.DataFrame({"name": "Rep " + ids}, index=ids)
    return frame.assign(longitude=np.nan, latitude=np.nan)


def test_changes_are_where_owners_differ() -> None:
    """One column of four regions goes from B to A."""
    layer = striped_plan()
    assert layer.regions.index[layer.changed()].tolist() == ["2-0", "2-1", "2-2", "2-3"]
    drawn = area_territories(layer, pd.Series({"A": "Ann"}))
    assert drawn["name"].tolist() == ["Ann", "B"]
    assert drawn["regions"].tolist() == [12, 12]
    assert shapely.area(drawn.geometry.to_numpy()) == pytest.approx([12, 12])


def test_unknown_owners_are_no_change() -> None:
    """A region that was nobody's, or is not in today's table, did not change hands."""
    regions = grid(2, 1)
    now = pd.Series({"0-0": "A", "1-0": "A"})
    for before in (pd.Series({"0-0": ""}), pd.Series({"0-0": None}, dtype=object)):
        assert not AreaLayer(regions, now, before).changed().any()


def test_owners_who_leave_are_not_drawn_but_remembered() -> None:
    """Their regions are striped in a colour that is nobody's."""
    regions = grid(2, 1)
    layer = AreaLayer(
        regions,
        pd.Series({"0-0": "A", "1-0": "A"}),
        pd.Series({"0-0": "A", "1-0": "Z"}),
    )
    drawn = area_territories(layer)
    assert drawn.index.tolist() == ["A"]
    ax = plot_territories(drawn, areas=layer)
    colours = {patch.get_edgecolor()[:3] for patch in ax.patches}
    assert mpl.colors.to_rgb(deep("#8d9196")) in colours
    plt.close("all")


def test_regions_in_any_projection() -> None:
    """Boundary files come in metres as well."""
    layer = striped_plan()
    metres = AreaLayer(layer.regions.to_crs(3035), layer.rep_of_region)
    assert area_territories(metres).total_bounds == pytest.approx([0, 40, 6, 44])


@pytest.mark.parametrize(
    ("owner", "message"),
    [
        ({"9-9": "A"}, "regions that are not on the map: 9-9"),
        ({"0-0": ""}, "No region has an owner"),
    ],
)
def test_plans_that_cannot_be_drawn(owner: dict[str, str], message: str) -> None:
    """The message names what to look for."""
    with pytest.raises(PlannerError, match=message):
        AreaLayer(grid(2, 1), pd.Series(owner))


def test_regions_must_be_areas_and_occur_once() -> None:
    """Points have no borders; a region twice would have two owners."""
    points = gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)], index=["a"])
    with pytest.raises(PlannerError, match="1 regions have no area to draw, such as a"):
        AreaLayer(points, pd.Series({"a": "R"}))
    twice = grid(2, 1).set_axis(["a", "a"])
    with pytest.raises(PlannerError, match="'a' occurs more than once"):
        AreaLayer(twice, pd.Series({"a": "R"}))


def test_neighbours_and_old_and_new_owner_can_be_told_apart() -> None:
    """Sixty territories; some regions come from reps at the other end of the map."""
    rng = np.random.default_rng(3)
    regions = grid(30, 24)
    at = np.arange(len(regions))
    now = np.array([f"R{c:02}" for c in (at % 30) // 3 + 10 * (at // 30 // 4)])
    before = now.copy()
    before[rng.choice(len(at), 20, replace=False)] = "R07"
    layer = AreaLayer(
        regions, pd.Series(now, regions.index), pd.Series(before, regions.index)
    )
    fill = area_colours([layer])
    apart = difference(fill)
    pairs = layer.net.pairs(layer.owner())
    assert apart[pairs[:, 0], pairs[:, 1]].min() > 5
    moved = layer.changed()
    assert apart[layer.owner()[moved], layer.owner_before()[moved]].min() > 3


def test_stripes_show_on_every_fill_without_colour() -> None:
    """Contrast as printed in black and white."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    channels = np.array(
        [mpl.colors.to_rgb(tone) for tone in (*PALETTE, *map(deep, PALETTE))]
    )
    light = np.where(
        channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
    )
    fills, lines = np.split(light @ weights, 2)
    assert (fills.min() + 0.05) / (lines.max() + 0.05) > 2.5


def test_files_explain_all_signs(tmp_path: Path) -> None:
    """Fill, stripes, dashes; the table has the counts of regions and the shares."""
    layer = striped_plan()
    loads = pd.DataFrame(
        {"regions": [12, 12], "beds": [90.0, 110.0], "beds_target": 100.0},
        index=["A", "B"],
    )
    drawn = area_territories(layer, named(layer)["name"])
    messages = write_map(
        tmp_path, drawn, None, None, named(layer), loads=loads, areas=layer
    )
    assert messages == []
    svg = (tmp_path / "map.svg").read_text("utf-8")
    for text in ("owner in this plan", "changes hands", "former border", "white lines"):
        assert text in svg
    for text in (">regions<", ">beds<", ">110%<", ">Rep A<"):
        assert text in svg
    assert "stroke-dasharray" in svg
    assert "base of a rep" not in svg


def test_same_plan_gives_the_same_file(tmp_path: Path) -> None:
    """Maps in Git should differ only where plans do."""
    layer = striped_plan()
    drawn = area_territories(layer)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_map(tmp_path / name, drawn, None, None, named(layer), areas=layer)
    one, two = (tmp_path / name / "map.svg" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


def test_without_changes_there_are_no_stripes(tmp_path: Path) -> None:
    """A legend of signs that the map does not use misleads."""
    plan = striped_plan()
    layer = AreaLayer(plan.regions, plan.rep_of_region)
    drawn = area_territories(layer)
    write_map(tmp_path, drawn, None, None, named(layer), areas=layer)
    svg = (tmp_path / "map.svg").read_text("utf-8")
    assert "changes hands" not in svg
    assert "stroke-dasharray" not in svg


def crowded_layout() -> tuple[Layout, np.ndarray]:
    """A map 1000 points wide; five territories of 4 points in its middle."""
    small = shapely.transform(squares(5, 1), lambda xy: xy * 4 + 300)
    large = shapely.difference(shapely.box(0, 0, 600, 600), shapely.union_all(small))
    land = shapely.box(0, 0, 600, 600)
    return Layout((0, 0, 1000, 600), [], [], land), np.array([large, *small])


def test_crowded_territories_are_enlarged_beside_the_land() -> None:
    """Two millimetres wide on paper: nobody could read them."""
    plan, shapes = crowded_layout()
    (zoom,) = with_zooms(plan, shapes, 1000.0).zooms
    assert zoom.members == [1, 2, 3, 4, 5]
    assert zoom.box[0] >= 600
    wide = (zoom.box[2] - zoom.box[0]) / (zoom.view[2] - zoom.view[0])
    assert wide > 1.9
    assert shapely.covers(shapely.box(*zoom.view), shapely.union_all(shapes[1:]))


def test_nothing_is_enlarged_without_need_or_room() -> None:
    """Large territories, and a page that is full."""
    plan, shapes = crowded_layout()
    assert with_zooms(plan, shapes[:1], 1000.0).zooms == []
    assert with_zooms(plan, shapes[:2], 1000.0).zooms == []
    full = Layout(plan.view, [], [], shapely.box(-500, -500, 1500, 1500))
    assert with_zooms(full, shapes, 1000.0).zooms == []


def far_plan() -> AreaLayer:
    """84 territories, 36 of them in one square of the grid, and an island far away."""
    regions = grid(8, 6)
    tiny = shapely.transform(squares(6, 6), lambda xy: xy / 6 + np.array([0, 40]))
    far = shapely.box(40, 20, 40.5, 20.5)
    shapes = [*tiny, *regions.geometry.iloc[1:], far]
    ids = [f"r{at:02}" for at in range(len(shapes))]
    every = gpd.GeoDataFrame(geometry=shapes, index=ids, crs="EPSG:4326")
    return AreaLayer(every, pd.Series([f"T{at:02}" for at in range(len(ids))], ids))


def test_far_parts_and_crowded_places_have_frames_of_their_own() -> None:
    """An island in an inset, a metropolis enlarged, no name lost or over another."""
    layer = far_plan()
    loads = pd.DataFrame({"regions": 1}, index=layer.reps)
    ax = plot_territories(area_territories(layer), loads=loads, areas=layer)
    zooms = [inset for inset in ax.child_axes if inset.get_label() == ZOOM]
    assert len(ax.child_axes) - len(zooms) == 1
    assert zooms
    figure = ax.get_figure()
    assert isinstance(figure, Figure)
    figure.canvas.draw()
    texts = [text for text in figure.findobj(Text) if text.get_gid() == HALO]
    assert {text.get_text() for text in texts} >= set(layer.reps)
    boxes = [text.get_window_extent().shrunk(0.85, 0.7) for text in texts]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    plt.close("all")


def test_zooms_can_be_left_out() -> None:
    """A figure of the caller may have its own."""
    layer = far_plan()
    ax = plot_territories(area_territories(layer), areas=layer, zooms=False)
    assert len(ax.child_axes) == 1
    plt.close("all")


def test_small_multiples_share_frame_and_colours() -> None:
    """Only plans differ from panel to panel."""
    plan = striped_plan()
    now = plan.rep_of_region.where(plan.rep_of_region == "A", "C")
    other = AreaLayer(plan.regions, now)
    axes = plot_multiples([plan, other, plan], ["one", "two", "three"], notes=["x"] * 3)
    assert len({(ax.get_xlim(), ax.get_ylim()) for ax in axes}) == 1
    sizes = [ax.get_position().size for ax in axes]
    assert np.ptp(sizes, axis=0) == pytest.approx([0, 0], abs=1e-9)
    fills = [
        {patch.get_facecolor() for patch in ax.patches if patch.get_fill()}
        for ax in axes
    ]
    assert fills[0] == fills[2]
    assert len(fills[0] & fills[1]) == 1


def test_multiples_as_files(tmp_path: Path) -> None:
    """Titles, notes, and the colours of few reps by name."""
    plan = striped_plan()
    names = pd.Series({"A": "王伟", "B": "Bob"})
    write_multiples(
        tmp_path, [plan, plan], ["k = 2", "k = 3"], notes=["1 %", "2 %"], names=names
    )
    assert plt.imread(tmp_path / "maps.png").shape[:2] == (2000, 3200)
    svg = (tmp_path / "maps.svg").read_text("utf-8")
    for text in ("k = 2", "k = 3", "2 %", "A 王伟", "B Bob", "changes hands"):
        assert text in svg


def test_multiples_that_cannot_be_compared() -> None:
    """Each message says what is wrong."""
    plan = striped_plan()
    other = AreaLayer(grid(2, 1), pd.Series({"0-0": "A"}))
    with pytest.raises(PlannerError, match="no plan to draw"):
        plot_multiples([], [])
    with pytest.raises(PlannerError, match="2 plans need 2 titles and notes, not 1"):
        plot_multiples([plan, plan], ["one"])
    with pytest.raises(PlannerError, match="same regions in the same order"):
        plot_multiples([plan, other], ["one", "two"])


def test_3_108_counties_make_a_small_file(tmp_path: Path) -> None:
    """Detail that nobody sees is left out: level of detail by size."""
    table = gpd.read_parquet(data_folder() / "us" / "regions.parquet")
    table = table.set_index("region_id")
    counties = table[table["level"] == "county"]
    counties = counties[~counties["parent"].isin(["02", "15", "72"])]
    layer = AreaLayer(counties, counties["parent"])
    drawn = area_territories(layer)
    write_map(tmp_path, drawn, None, None, named(layer), areas=layer)
    svg = tmp_path / "map.svg"
    assert svg.stat().st_size < 1_500_000
    widths = set(
        re.findall(r"stroke: #ffffff; stroke-width: ([\d.]+)", svg.read_text())
    )
    assert {"0.16", "0.38"} <= widths
