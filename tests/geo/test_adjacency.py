"""Neighbours on maps: squares that can be counted by hand, and real ones."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, box

from planner.embedded import data_folder
from planner.errors import PlannerError
from planner.geo.adjacency import Adjacency, neighbours
from planner.geo.borders import METRES_PER_DEGREE, length_km

KM = 1000 / METRES_PER_DEGREE
"""A kilometre in degrees, at the equator."""


def regions(**shapes: shapely.Geometry) -> gpd.GeoSeries:
    return gpd.GeoSeries(shapes, crs=4326)


def grid(columns: int, rows: int, size: float = 1.0, **at: float) -> gpd.GeoSeries:
    """Squares of `size` degrees; region "2.0" is the third from the left, lowest."""
    west, south = at.get("west", 0.0), at.get("south", 0.0)
    return gpd.GeoSeries(
        {
            f"{x}.{y}": box(
                west + x * size,
                south + y * size,
                west + (x + 1) * size,
                south + (y + 1) * size,
            )
            for x in range(columns)
            for y in range(rows)
        },
        crs=4326,
    )


def pairs(found: Adjacency, *kinds: str) -> set[str]:
    edges = found.edges
    if kinds:
        edges = edges[edges["kind"].isin(kinds)]
    return {
        f"{a} {b}"
        for a, b in zip(edges["region_id"], edges["neighbour_id"], strict=True)
    }


def rook(columns: int, rows: int) -> set[str]:
    beside = {f"{x}.{y} {x + 1}.{y}" for x in range(columns - 1) for y in range(rows)}
    return beside | {
        f"{x}.{y} {x}.{y + 1}" for x in range(columns) for y in range(rows - 1)
    }


def length_of(found: Adjacency, one: str, other: str) -> float:
    rows = found.edges.set_index(["region_id", "neighbour_id"])
    return float(rows.loc[(one, other), "border_km"])


def test_corners_are_no_borders() -> None:
    """Rook, not queen: at Four Corners nobody crosses."""
    found = neighbours(grid(2, 2))
    assert pairs(found) == rook(2, 2)
    assert found.notes == []
    assert set(found.edges["kind"]) == {"border"}
    assert (found.edges["distance_km"] == 0).all()


def test_lengths_are_those_of_the_ellipsoid() -> None:
    """A degree along the equator is 111.3 km, along the meridian 110.6 km."""
    found = neighbours(grid(2, 2))
    assert length_of(found, "0.0", "1.0") == pytest.approx(110.574, abs=0.01)
    assert length_of(found, "0.0", "0.1") == pytest.approx(111.303, abs=0.02)


def test_one_side_divided_more_than_the_other() -> None:
    """Two small squares beside a large one: its corner points are not theirs."""
    found = neighbours(
        regions(big=box(0, 0, 2, 2), low=box(2, 0, 3, 1), high=box(2, 1, 3, 2))
    )
    assert pairs(found, "border") == {"big low", "big high", "low high"}
    assert length_of(found, "big", "low") == pytest.approx(110.574, rel=1e-3)


@pytest.mark.parametrize("east", [0.04 * KM, -0.04 * KM, -0.3])
def test_gaps_slivers_and_overlaps(east: float) -> None:
    """Gaps within the tolerance, overlaps of any depth; both are told."""
    found = neighbours(regions(a=box(0, 0, 1, 1), b=box(1 + east, 0, 2, 1)))
    assert pairs(found, "gap") == {"a b"}
    assert length_of(found, "a", "b") == pytest.approx(110.6, rel=0.7)
    assert "1 borders were drawn twice and taken for one within 50 m" in found.notes[0]
    if east > 0:
        assert "the widest gap is 40 m wide on average" in found.notes[0]


def test_gap_beyond_the_tolerance_is_none() -> None:
    """A river of 100 m parts what no one joins."""
    shapes = regions(a=box(0, 0, 1, 1), b=box(1 + 0.1 * KM, 0, 2, 1))
    apart = neighbours(shapes, islands="none")
    assert pairs(apart) == set()
    assert "the map is in 2 parts" in apart.notes[0]
    assert pairs(neighbours(shapes, tolerance_m=110)) == {"a b"}


def test_city_drawn_over_its_county() -> None:
    """A county without a hole for the city that is a region of its own."""
    found = neighbours(regions(county=box(0, 0, 1, 1), city=box(0.4, 0.4, 0.6, 0.6)))
    assert pairs(found, "gap") == {"county city"}
    assert length_of(found, "county", "city") == pytest.approx(0.8 * 111, rel=0.01)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(0, 2**32),
    st.floats(0.05, 0.49),
    st.sampled_from([(0.0, 0.0), (-179.98, 60.0), (20.0, -75.0)]),
)
def test_grid_drawn_by_an_unsteady_hand(
    columns: int, rows: int, seed: int, share: float, corner: tuple[float, float]
) -> None:
    """Every vertex up to half a tolerance off: the edges of the grid, no others."""
    tolerance = 50.0
    clean = grid(columns, rows, 0.1, west=corner[0], south=corner[1])
    rng = np.random.default_rng(seed)
    places, which = shapely.get_coordinates(
        shapely.segmentize(clean.array, 0.03), return_index=True
    )
    angle, far = rng.uniform(0, 2 * np.pi, len(places)), rng.uniform(0, 1, len(places))
    step = far * share * tolerance / METRES_PER_DEGREE
    places[:, 0] += step * np.cos(angle) / np.cos(np.radians(places[:, 1]))
    places[:, 1] += step * np.sin(angle)
    rings = [places[which == at][:-1] for at in range(len(clean))]
    shaky = gpd.GeoSeries(
        [shapely.Polygon(ring) for ring in rings], index=clean.index, crs=4326
    )
    found = neighbours(shaky, tolerance_m=tolerance)
    assert pairs(found) == rook(columns, rows)
    usual = neighbours(clean).edges["border_km"]
    assert np.allclose(found.edges["border_km"], usual, atol=1.0)


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(9)))
def test_order_of_the_regions_does_not_matter(order: list[int]) -> None:
    """Symmetric: whoever comes first, the pairs and lengths are the same."""
    shapes = grid(3, 3)
    shapes["1.1"] = box(1.0002, 1.0003, 2, 2.0002)
    usual, other = neighbours(shapes), neighbours(shapes.iloc[order])
    unordered = [
        {
            (frozenset((a, b)), kind, round(km, 6))
            for a, b, kind, km, _far in found.edges.itertuples(index=False)
        }
        for found in (usual, other)
    ]
    assert unordered[0] == unordered[1]
    position = other.edges["region_id"].map(shapes.iloc[order].index.get_loc)
    assert (
        position < other.edges["neighbour_id"].map(shapes.iloc[order].index.get_loc)
    ).all()


def test_islands_are_bridged_to_the_nearest_and_named() -> None:
    """Each part of the map, not each region; farther parts through nearer ones."""
    shapes = regions(
        land=box(0, 0, 1, 1),
        coast=box(1, 0, 2, 1),
        isle=box(2.2, 0, 2.3, 1),
        outer=box(2.3, 0, 2.4, 1),
        rock=box(2.5, 0.4, 2.6, 0.6),
    )
    found = neighbours(shapes)
    assert pairs(found, "bridge") == {"coast isle", "outer rock"}
    away = found.edges.set_index("neighbour_id")["distance_km"]
    # The way is shortest where the parallels are: at the northern edge.
    assert away["isle"] == pytest.approx(0.2 * 111.32 * np.cos(np.radians(1)), rel=1e-3)
    assert "bridge from coast to isle, 22.3 km: no common border" in found.notes
    apart = neighbours(shapes, islands="none")
    assert "the map is in 3 parts" in apart.notes[0]
    assert "isle (+1), rock" in apart.notes[0]


def test_corner_is_a_bridge_of_no_length() -> None:
    """Touching at a point: not neighbours by nature, but nearest."""
    found = neighbours(regions(a=box(0, 0, 1, 1), b=box(1, 1, 2, 2)))
    assert pairs(found, "bridge") == {"a b"}
    assert found.edges["distance_km"].tolist() == pytest.approx([0], abs=1e-6)


def test_many_separate_regions_become_one_map() -> None:
    """A tree of bridges: one less than there are regions."""
    rng = np.random.default_rng(5)
    spots = rng.uniform([-180, -80], [179, 80], (150, 2))
    shapes = gpd.GeoSeries(
        [box(x, y, x + 0.2, y + 0.2) for x, y in spots],
        index=[f"i{n}" for n in range(150)],
        crs=4326,
    )
    found = neighbours(shapes)
    assert len(found.edges) == 149
    assert len(found.notes) == 149
    graph = {name: {name} for name in shapes.index}
    ends = found.edges["region_id"], found.edges["neighbour_id"]
    for a, b in zip(*ends, strict=True):
        both = graph[a] | graph[b]
        for name in both:
            graph[name] = both
    assert len(graph["i0"]) == 150


def test_links_and_cuts() -> None:
    """A ferry joins; a cut parts, and no bridge undoes it."""
    shapes = grid(3, 1)
    shapes["isle"] = box(3.1, 0, 3.2, 1)
    found = neighbours(
        shapes, links=[("isle", "0.0"), ("0.0", "1.0")], cuts=[("2.0", "1.0")]
    )
    assert pairs(found, "link") == {"0.0 isle"}
    assert pairs(found, "border") == {"0.0 1.0"}
    assert pairs(found, "bridge") == set()
    assert "the map is in 2 parts (1 more than by nature" in found.notes[-1]
    away = found.edges.set_index("kind").loc["link", "distance_km"]
    assert away == pytest.approx(2.1 * 111.32, rel=1e-3)
    second = neighbours(shapes, cuts=[("2.0", "isle")])
    assert pairs(second, "bridge") == {"1.0 isle"}


def test_wrong_links_and_cuts_are_all_named() -> None:
    """One run tells every wrong id."""
    with pytest.raises(PlannerError, match=r"links name regions .*: x, y\. Correct"):
        neighbours(grid(2, 1), links=[("x", "0.0"), ("y", "x")])
    with pytest.raises(PlannerError, match=r"in links and in cuts: 0\.0 - 1\.0"):
        neighbours(grid(2, 1), links=[("0.0", "1.0")], cuts=[("1.0", "0.0")])
    with pytest.raises(PlannerError, match=r"cuts name a region beside itself: 0\.0"):
        neighbours(grid(2, 1), cuts=[("0.0", "0.0")])


def test_points_and_doubles_are_refused() -> None:
    """Points have no borders; two regions of one id cannot be told apart."""
    points = gpd.GeoSeries({"p": shapely.Point(0, 0)}, crs=4326)
    with pytest.raises(PlannerError, match="no area, so no borders: p"):
        neighbours(points)
    with pytest.raises(PlannerError, match=r"occur twice: 0\.0"):
        neighbours(grid(1, 1).iloc[[0, 0]])


def test_barrier_along_a_border() -> None:
    """A river along the common border closes it; along half of it, it does not."""
    shapes = grid(2, 1, 0.1)
    along = LineString([(0.1 + 0.02 * KM, -0.01), (0.1 - 0.02 * KM, 0.11)])
    found = neighbours(shapes, barriers=along)
    assert pairs(found) == set()
    assert "barriers cut 1 pairs of neighbours: 0.0 - 1.0" in found.notes
    assert "(1 more than by nature, through cuts and barriers)" in found.notes[-1]
    half = LineString([(0.1, 0.055), (0.1, 0.2)])
    assert pairs(neighbours(shapes, barriers=half)) == {"0.0 1.0"}
    twice = shapely.MultiLineString([half, half.parallel_offset(0.001 * KM)])
    assert pairs(neighbours(shapes, barriers=twice)) == {"0.0 1.0"}


def test_barrier_across_the_way() -> None:
    """A ridge between the middles closes the border that it does not touch."""
    ridge = LineString([(1.2, -1), (1.2, 2)])
    shapes = grid(3, 2)
    found = neighbours(shapes, barriers=ridge, links=[("0.1", "1.1")])
    assert rook(3, 2) - pairs(found) == {"0.0 1.0"}
    far = LineString([(9, 9), (10, 10)])
    assert "no border lies along" in neighbours(shapes, barriers=far).notes[0]


def test_barrier_as_an_area_on_the_antimeridian() -> None:
    """A lagoon drawn at -179.9 also closes what lies at 180."""
    shapes = regions(w=box(178, 0, 180, 1), e=box(-180, 0, -178, 1))
    lagoon = box(-179.9, 0, -179.8, 1)
    assert pairs(neighbours(shapes, barriers=lagoon, islands="none")) == set()


def test_antimeridian() -> None:
    """Fiji: neighbours on both sides of 180, and a region that lies on both."""
    taveuni = MultiPolygon([box(179, -17, 180, -16), box(-180, -17, -179.5, -16)])
    shapes = regions(
        taveuni=taveuni,
        east=box(-179.5, -17, -179, -16),
        west=box(178, -17, 179, -16),
        north=box(-180, -16, -179, -15),
        across=box(179, -16, 180, -15),
        unequal=box(-180, -18, -179, -17),
        shifted=box(179, -17.5, 180, -17),
    )
    found = neighbours(shapes)
    assert pairs(found, "border") == {
        "taveuni east",
        "taveuni west",
        "taveuni north",
        "taveuni across",
        "taveuni unequal",
        "taveuni shifted",
        "east north",
        "east unequal",
        "north across",
        "unequal shifted",
    }
    assert length_of(found, "north", "across") == pytest.approx(110.65, abs=0.05)
    # No seam: the sides at 180 are inside the region.
    total = found.edges["border_km"][found.edges["region_id"] == "taveuni"].sum()
    edge = length_km(np.array([[0, -16, 1.5, -16.0], [0, -17, 1.5, -17]])).sum()
    assert total == pytest.approx(edge + 2 * 110.65, rel=1e-3)


def test_border_on_both_sides_of_the_antimeridian() -> None:
    """Two strips across 180, drawn with a gap of 40 m: both halves count."""
    south = MultiPolygon([box(178, 0, 180, 1), box(-180, 0, -179, 1)])
    low = 1 + 0.04 * KM
    north = MultiPolygon([box(178, low, 180, 2), box(-180, low, -179, 2)])
    found = neighbours(regions(south=south, north=north))
    assert found.edges["kind"].tolist() == ["gap"]
    assert length_of(found, "south", "north") == pytest.approx(3 * 111.3, rel=0.003)


def test_bridge_over_the_antimeridian() -> None:
    """Two atolls 22 km apart, 359.8 degrees in the file."""
    found = neighbours(regions(a=box(179, 0, 179.9, 1), b=box(-179.9, 0, -179, 1)))
    assert found.edges["kind"].tolist() == ["bridge"]
    assert found.edges["distance_km"].iloc[0] == pytest.approx(22.26, abs=0.02)


def test_round_the_pole() -> None:
    """Sectors of Antarctica meet along meridians, at 180 too, and not at the pole."""
    shapes = gpd.GeoSeries(
        {f"s{w}": box(w, -90, w + 90, -65) for w in (-180, -90, 0, 90)}, crs=4326
    )
    found = neighbours(shapes)
    assert pairs(found) == {"s-180 s-90", "s-90 s0", "s0 s90", "s-180 s90"}
    assert found.edges["border_km"].to_numpy() == pytest.approx(2791, abs=2)


def test_round_a_parallel() -> None:
    """A polar cap in its ring: the border goes all around, it is no way of length 0."""
    found = neighbours(regions(cap=box(-180, 85, 180, 90), band=box(-180, 80, 180, 85)))
    assert found.edges["border_km"].tolist() == pytest.approx([3505.4], abs=3)


def test_any_projection() -> None:
    """Borders of a map in metres."""
    shapes = grid(2, 2, west=10, south=50).to_crs(3035)
    found = neighbours(shapes)
    assert pairs(found) == rook(2, 2)


def test_counties_of_the_united_states() -> None:
    """All 8,972 borders of the demo's map; Hawaii, Alaska and the isles bridged."""
    everything = gpd.read_parquet(data_folder() / "us" / "regions.parquet")
    counties = everything.set_index("region_id").query("level == 'county'").geometry
    found = neighbours(counties)
    assert len(counties) == 3233
    assert found.edges["kind"].value_counts().to_dict() == {
        "border": 8972,
        "bridge": 24,
    }
    assert "bridge from 25001 to 25007, 0.7 km: no common border" in found.notes
    assert "bridge from 53055 to 53057, 2.8 km: no common border" in found.notes
    assert len(found.notes) == 24


def test_states_of_the_united_states() -> None:
    """The states are their counties dissolved: 107 borders."""
    everything = gpd.read_parquet(data_folder() / "us" / "regions.parquet")
    states = everything.set_index("region_id").query("level == 'state'").geometry
    found = neighbours(states, islands="none")
    assert found.edges["kind"].value_counts().to_dict() == {"border": 107}
