"""Territories as drawn: every placed rep has a shape, and shapes are honest."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.errors import PlannerError
from planner.geo.shapes import neighbours, territories


def accounts_at(places: list[tuple[float, float]], value: float = 1.0) -> pd.DataFrame:
    lon, lat = np.array(places, float).T
    ids = pd.Index([f"a{i}" for i in range(len(places))], name="account_id")
    return pd.DataFrame(
        {"latitude": lat, "longitude": lon, "region_id": "", "value": value}, index=ids
    )


def reps_named(*ids: str) -> pd.DataFrame:
    return pd.DataFrame({"name": [f"Rep {i}" for i in ids]}, index=pd.Index(ids))


def grid(n: int, level: str = "county") -> gpd.GeoDataFrame:
    """n x n unit squares from (0, 0); region "r23" has its corner at (2, 3)."""
    cells = [(x, y) for x in range(n) for y in range(n)]
    return gpd.GeoDataFrame(
        {"level": level},
        index=pd.Index([f"r{x}{y}" for x, y in cells]),
        geometry=[shapely.box(x, y, x + 1, y + 1) for x, y in cells],
        crs="EPSG:4326",
    )


def owner_of(accounts: pd.DataFrame, reps: list[str]) -> pd.Series:
    return pd.Series(reps, index=accounts.index)


def areas(drawn: gpd.GeoDataFrame) -> np.ndarray:
    """Areas in square degrees: fine near the equator, and the squares are known."""
    return shapely.area(drawn.geometry.to_numpy())


def test_region_goes_to_the_most_value_not_the_most_accounts() -> None:
    """Two small accounts must not colour the county of a large one."""
    accounts = accounts_at([(0.2, 0.2), (0.4, 0.4), (0.6, 0.6), (1.5, 0.5)])
    accounts["value"] = [1.0, 1.0, 10.0, 1.0]
    owner = owner_of(accounts, ["A", "A", "B", "A"])
    drawn = territories(accounts, owner, reps_named("A", "B"), grid(2))
    assert drawn.geometry["B"].contains(shapely.Point(0.3, 0.3))
    assert drawn.geometry["A"].contains(shapely.Point(1.5, 0.5))


def test_empty_regions_go_to_the_nearest_account() -> None:
    """Holes in the map would look like vacant land."""
    accounts = accounts_at([(0.5, 0.5), (1.9, 1.9)])
    owner = owner_of(accounts, ["A", "B"])
    drawn = territories(accounts, owner, reps_named("A", "B"), grid(2))
    assert areas(drawn).sum() == pytest.approx(4)
    assert drawn.geometry["A"].contains(shapely.Point(1.5, 0.5))


def test_regions_far_from_every_account_stay_blank() -> None:
    """Hawaii's rep must not be shown to own Guam."""
    accounts = accounts_at([(0.5, 0.5), (0.6, 0.5)])
    owner = owner_of(accounts, ["A", "A"])
    drawn = territories(accounts, owner, reps_named("A"), grid(9))
    assert 3 <= areas(drawn).sum() < 9


def test_rep_without_a_region_of_his_own_shares_one() -> None:
    """A city rep inside another's county must still be on the map."""
    accounts = accounts_at([(0.2, 0.5), (0.3, 0.5), (0.8, 0.5), (1.5, 0.5)])
    owner = owner_of(accounts, ["A", "A", "B", "A"])
    drawn = territories(accounts, owner, reps_named("A", "B"), grid(2))
    assert drawn.geometry["B"].contains(shapely.Point(0.8, 0.5))
    assert drawn.geometry["A"].contains(shapely.Point(0.2, 0.5))
    assert drawn.geometry["A"].intersection(drawn.geometry["B"]).area < 1e-9


def test_region_id_places_an_account_without_coordinates() -> None:
    """Many tables know only the county."""
    accounts = accounts_at([(np.nan, np.nan), (0.5, 0.5)])
    accounts["region_id"] = ["r11", ""]
    drawn = territories(
        accounts, owner_of(accounts, ["B", "A"]), reps_named("A", "B"), grid(2)
    )
    assert drawn.geometry["B"].contains(shapely.Point(1.5, 1.5))


def test_finest_level_is_filled_unless_one_is_named() -> None:
    """Filling states and counties at once would draw everything twice."""
    state = gpd.GeoDataFrame(
        {"level": "state"}, index=["s"], geometry=[shapely.box(0, 0, 2, 2)], crs=4326
    )
    regions = pd.concat([state, grid(2)])
    accounts = accounts_at([(0.5, 0.5), (1.5, 1.5)])
    owner, reps = owner_of(accounts, ["A", "B"]), reps_named("A", "B")
    drawn = territories(accounts, owner, reps, regions)
    assert areas(drawn).tolist() == [2, 2]
    with pytest.raises(PlannerError, match="levels: county, state"):
        territories(accounts, owner, reps, regions, level="province")


def test_cells_divide_the_surroundings_without_overlap() -> None:
    """Without regions each account lies in its own rep's shape."""
    rng = np.random.default_rng(1)
    accounts = accounts_at([tuple(at) for at in rng.uniform([5, 45], [9, 49], (60, 2))])
    owner = owner_of(accounts, ["A" if x < 7 else "B" for x in accounts["longitude"]])
    drawn = territories(accounts, owner, reps_named("A", "B"))
    for rep, places in accounts.groupby(owner):
        inside = shapely.contains_xy(
            drawn.geometry[rep], places["longitude"], places["latitude"]
        )
        assert inside.all()
    overlap = drawn.geometry["A"].intersection(drawn.geometry["B"]).area
    assert overlap < 1e-3 * areas(drawn).min()


def test_cells_across_the_antimeridian_are_cut_there() -> None:
    """A polygon from 179 to -179 would span the world in any other program."""
    accounts = accounts_at([(178.4, -18.1), (-179.9, -16.8), (-178.8, -18.2)])
    drawn = territories(accounts, owner_of(accounts, list("AAB")), reps_named("A", "B"))
    west, _south, east, _north = drawn.total_bounds
    assert west >= -180
    assert east <= 180
    parts = shapely.get_parts(drawn.geometry.to_numpy())
    assert np.ptp(shapely.bounds(parts)[:, [0, 2]], axis=1).max() < 10


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_or_coincident_places_still_give_a_shape(count: int) -> None:
    """Voronoi diagrams of one point, or of equal ones, are empty."""
    accounts = accounts_at([(8.0, 50.0)] * count)
    drawn = territories(accounts, owner_of(accounts, ["A"] * count), reps_named("A"))
    assert drawn.loc["A", "accounts"] == count
    assert drawn.geometry["A"].contains(shapely.Point(8, 50))


def test_places_on_a_line_give_shapes() -> None:
    """Collinear points have no triangulation."""
    accounts = accounts_at([(x, 0.0) for x in range(4)])
    drawn = territories(
        accounts, owner_of(accounts, list("AABB")), reps_named("A", "B")
    )
    assert list(drawn.index) == ["A", "B"]
    assert neighbours(drawn).tolist() == [[0, 1]]


def test_vacant_accounts_and_idle_reps_are_not_drawn() -> None:
    """A territory needs both a rep and an account."""
    accounts = accounts_at([(0.0, 50.0), (1.0, 50.0)])
    drawn = territories(accounts, owner_of(accounts, ["A", ""]), reps_named("A", "B"))
    assert list(drawn.index) == ["A"]
    assert drawn.loc["A", "accounts"] == 1


def test_unknown_rep_is_named() -> None:
    """A plan of another rep table must not be drawn as if it fitted."""
    accounts = accounts_at([(0.0, 50.0)])
    with pytest.raises(PlannerError, match=r"not in the table: Z\."):
        territories(accounts, owner_of(accounts, ["Z"]), reps_named("A"))


def test_neighbours_share_a_border_not_a_corner() -> None:
    """At Four Corners, Utah and New Mexico may have the same colour."""
    assert neighbours(grid(2)).tolist() == [[0, 1], [0, 2], [1, 3], [2, 3]]
