"""Shapes whose measures are known, and territories in every part of the world."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from planner.embedded import data_folder
from planner.errors import PlannerError
from planner.geo.adjacency import neighbours
from planner.geo.compactness import territory_metrics
from planner.geo.dissolve import dissolve
from planner.geo.graph import components, cut_edges, pieces

NO_EDGES = pd.DataFrame(
    columns=["region_id", "neighbour_id", "kind", "border_km", "distance_km"]
)


def strip(*sizes: float, west: float = 0.0, south: float = 0.0) -> gpd.GeoSeries:
    """Boxes of these widths from west to east, 0.1 degrees high: r0, r1, ..."""
    ends = west + np.cumsum([0, *sizes])
    return gpd.GeoSeries(
        {
            f"r{at}": box(ends[at], south, ends[at + 1], south + 0.1)
            for at in range(len(sizes))
        },
        crs=4326,
    )


def measured(shapes: gpd.GeoSeries, labels: list[str], **more: object) -> pd.DataFrame:
    label = pd.Series(labels, index=shapes.index)
    return territory_metrics(shapes, label, neighbours(shapes).edges, **more)


def test_square() -> None:
    """Polsby-Popper pi / 4, Reock 2 / pi: of a square of any size."""
    found = measured(strip(0.1), ["A"]).loc["A"]
    assert found["polsby_popper"] == pytest.approx(np.pi / 4, rel=1e-4)
    assert found["reock"] == pytest.approx(2 / np.pi, rel=0.01)
    assert found["area_km2"] == pytest.approx(11.132 * 11.057, rel=1e-3)
    assert found["perimeter_km"] == pytest.approx(2 * (11.132 + 11.057), rel=1e-3)
    assert (found["parts"], found["holes"], found["components"]) == (1, 0, 1)
    assert found["cut_edges"] == 0


def test_moment_of_inertia() -> None:
    """Weights 1 and 3 at 11.13 km: 1 x 3 / 4 x 11.13 squared; a missing weight is 0."""
    shapes = strip(0.1, 0.1, 0.1)
    weight = pd.Series({"r0": 1.0, "r1": 3.0})
    found = measured(shapes, ["A", "A", "A"], weight=weight).loc["A"]
    assert found["weight"] == 4
    assert found["inertia"] == pytest.approx(0.75 * 11.132**2, rel=1e-3)
    assert found["mean_squared_km"] == pytest.approx(found["inertia"] / 4)
    nothing = measured(shapes, ["A", "A", "A"], weight=0 * weight).loc["A"]
    assert nothing["inertia"] == 0
    assert np.isnan(nothing["mean_squared_km"])


def test_cuts_count_for_both_sides() -> None:
    """A next to B twice, and to a region of nobody."""
    shapes = strip(0.1, 0.1, 0.1, 0.1)
    found = measured(shapes, ["A", "B", "A", ""])
    assert found["regions"].tolist() == [2, 1]
    assert found["cut_edges"].tolist() == [3, 2]
    assert found["cut_border_km"].tolist() == pytest.approx([33.17, 22.11], abs=0.01)
    assert found["components"].tolist() == [2, 1]
    assert found["parts"].tolist() == [2, 1]


def test_holes() -> None:
    """A ring of eight squares around another's square."""
    cells = {f"{x}{y}": box(x, y, x + 1, y + 1) for x in range(3) for y in range(3)}
    shapes = gpd.GeoSeries(cells, crs=4326)
    found = measured(shapes, ["B" if name == "11" else "A" for name in cells])
    assert found["holes"].tolist() == [1, 0]
    assert found["parts"].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("west", "south"), [(0, 0), (179.9, -17), (-180, 70), (10, -89), (100, 89.9)]
)
def test_anywhere_in_the_world(west: float, south: float) -> None:
    """The same measures by area and circle on both sides of 180, and by a pole."""
    shapes = strip(0.1, 0.1, west=west, south=south)
    turned = shapely.transform(
        shapes.array,
        lambda at: np.column_stack([(at[:, 0] + 180) % 360 - 180, at[:, 1]]),
    )
    if west == 179.9:  # r1 lies at -180
        shapes["r1"] = box(-180, south, -179.9, south + 0.1)
    else:
        assert np.allclose(shapely.area(turned), shapely.area(shapes.array))
    found = measured(shapes, ["A", "A"]).loc["A"]
    middle = np.radians(south + 0.05)
    width, height = 0.2 * 111.3 * np.cos(middle), 11.13
    assert found["area_km2"] == pytest.approx(width * height, rel=0.02)
    assert (found["parts"], found["components"]) == (1, 1)
    round_trip = dissolve(shapes, pd.Series("A", index=shapes.index))
    assert round_trip.total_bounds[0] >= -180
    assert round_trip.total_bounds[2] <= 180
    assert shapely.area(round_trip.array).sum() == pytest.approx(0.02, rel=1e-6)


def test_polar_cap() -> None:
    """A disc around the pole, given as a rectangle in degrees: no seam at 180."""
    shapes = gpd.GeoSeries(
        {"cap": box(-180, 85, 180, 90), "band": box(-180, 80, 180, 85)}, crs=4326
    )
    apart = measured(shapes, ["A", "B"])
    assert apart.loc["A", "polsby_popper"] == pytest.approx(1, abs=1e-3)
    assert apart["holes"].tolist() == [0, 1]
    whole = measured(shapes, ["A", "A"]).loc["A"]
    assert whole["polsby_popper"] == pytest.approx(1, abs=1e-3)
    assert whole["area_km2"] == pytest.approx(apart["area_km2"].sum())


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.floats(0, 0.45))
def test_no_slivers_inside(seed: int, share: float) -> None:
    """Two columns of squares, each drawn by itself: whole, without holes."""
    tolerance = 50.0
    rng = np.random.default_rng(seed)
    cells = {}
    for at in [(x, y) for x in range(2) for y in range(3)]:
        corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) + at
        shake = rng.uniform(-1, 1, (4, 2)) / np.sqrt(2) * share * tolerance / 111_195
        cells[f"{at}"] = shapely.Polygon(corners * 0.1 + shake)
    shapes = gpd.GeoSeries(cells, crs=4326)
    label = pd.Series("A", index=shapes.index)
    whole = dissolve(shapes, label, tolerance_m=tolerance)["A"]
    assert whole.geom_type == "Polygon"
    assert len(whole.interiors) == 0
    assert whole.area == pytest.approx(0.06, rel=0.01)


def test_exact_borders_stay_as_they_are() -> None:
    """Where nothing is to be repaired, no vertex moves."""
    shapes = strip(0.1, 0.1)
    whole = dissolve(shapes, pd.Series("A", index=shapes.index))["A"]
    assert shapely.equals(whole, box(0, 0, 0.2, 0.1))


def test_labels_without_a_shape_are_named() -> None:
    """A plan of another map must not be drawn as if it fitted."""
    with pytest.raises(PlannerError, match=r"no shape: x, y\. Add"):
        dissolve(strip(0.1), pd.Series({"r0": "A", "y": "A", "x": "B", "z": ""}))


def test_pieces_are_numbered_by_size() -> None:
    """The largest piece of each territory is 0, the stray ones follow."""
    edges = pd.DataFrame(
        [("a", "b"), ("c", "d"), ("d", "e"), ("b", "c")],
        columns=["region_id", "neighbour_id"],
    )
    label = pd.Series({"a": "A", "b": "B", "c": "A", "d": "A", "e": "B", "f": ""})
    assert pieces(edges, label).to_dict() == {"a": 1, "b": 0, "c": 0, "d": 0, "e": 1}
    assert components(edges, label).to_dict() == {"A": 2, "B": 2}
    cut = cut_edges(edges, label)
    assert cut["neighbour_label"].tolist() == ["B", "B", "A"]
    assert components(NO_EDGES, label).to_dict() == {"A": 3, "B": 2}


def test_states_from_their_counties() -> None:
    """Areas of land and water as the Census Bureau gives them, within 1 %."""
    everything = gpd.read_parquet(data_folder() / "us" / "regions.parquet")
    counties = everything.set_index("region_id").query("level == 'county'")
    edges = neighbours(counties.geometry, islands="none").edges
    found = territory_metrics(counties.geometry, counties["parent"], edges)
    assert found.loc["17", "area_km2"] == pytest.approx(149_995, rel=0.03)  # Illinois
    assert found.loc["08", "area_km2"] == pytest.approx(269_601, rel=0.01)  # Colorado
    assert found.loc["56", "area_km2"] == pytest.approx(253_335, rel=0.01)  # Wyoming
    assert found.loc["15", "components"] == 4  # Hawaii
    assert found.loc["08", ["parts", "holes", "components"]].tolist() == [1, 0, 1]
    assert found["cut_edges"].sum() % 2 == 0
    states = everything.set_index("region_id").query("level == 'state'").geometry
    merged = dissolve(counties.geometry, counties["parent"])
    apart = shapely.area(shapely.symmetric_difference(merged, states.loc[merged.index]))
    assert apart.max() < 1e-6
