"""
The demo tables in ``data/cn`` hold what ``data/README.md`` promises.

Only the written files are read: the packages that ``data/build_cn.py`` needs are not.
"""

import re
import tomllib
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from planner.embedded import demo_scenario
from planner.scenario import read_scenario
from planner.tables import check_tables

CN = Path(__file__).parents[1] / "data" / "cn"
HAN = re.compile(r"[\u4e00-\u9fff]+")


def read(name: str) -> pd.DataFrame:
    """Read ids and names as text, blank owners as "", numbers as numbers."""
    text = dict.fromkeys(["region_id", "owner"], str)
    return pd.read_csv(CN / name, dtype=text, keep_default_na=False)


@pytest.fixture(scope="module")
def cities() -> pd.DataFrame:
    """All cities."""
    return read("cities.csv")


@pytest.fixture(scope="module")
def reps() -> pd.DataFrame:
    """All reps."""
    return read("reps.csv")


@pytest.fixture(scope="module")
def outline() -> gpd.GeoDataFrame:
    """The outline."""
    return gpd.read_file(CN / "outline.geojson")


def test_there_are_400_cities_with_simplified_names(cities: pd.DataFrame) -> None:
    """GB 2312 is the set of simplified letters; Latin ones have no place in it."""
    assert len(cities) == 400
    assert cities["region_id"].is_unique
    assert cities["region_id"].is_monotonic_increasing
    for column in ("name", "province"):
        assert cities[column].map(lambda name: HAN.fullmatch(name) is not None).all()
        assert cities[column].map(lambda name: bool(name.encode("gb2312"))).all()
    assert not cities["name"].str.endswith("市").any()
    assert not cities.duplicated(["province", "name"]).any()
    assert not cities.duplicated(["latitude", "longitude"]).any()
    assert cities["province"].nunique() == 31


@pytest.mark.parametrize(
    ("latin", "name", "province"),
    [
        ("Shanghai", "上海", "上海"),
        ("Ürümqi", "乌鲁木齐", "新疆"),
        ("Chengdu", "成都", "四川"),
        ("Guankou", "浏阳", "湖南"),
        ("Jianshui", "建水", "云南"),
        ("Chongming", "崇明", "上海"),
    ],
)
def test_names_are_those_in_common_use(
    cities: pd.DataFrame, latin: str, name: str, province: str
) -> None:
    """The official one where a quarter stands beside it; errors mended."""
    row = cities[cities["name_en"] == latin].iloc[0]
    assert (row["name"], row["province"]) == (name, province)


def test_populations_are_as_told(cities: pd.DataFrame) -> None:
    """The README gives the sum."""
    assert cities["population"].min() > 190_000
    assert round(cities["population"].sum() / 1e6) == 626


def test_reps_live_in_cities_of_the_table(
    cities: pd.DataFrame, reps: pd.DataFrame
) -> None:
    """24 of them, from west to east, every base another one."""
    assert reps["rep_id"].tolist() == [f"C{i:02d}" for i in range(1, 25)]
    assert reps["name"].is_unique
    assert reps["longitude"].is_monotonic_increasing
    keys = ["name", "province", "latitude", "longitude"]
    bases = reps.drop(columns="name").rename(columns={"city": "name"})
    assert len(bases[keys].merge(cities[keys])) == 24


def test_owners_are_reps_or_nobody(cities: pd.DataFrame, reps: pd.DataFrame) -> None:
    """Every rep has the city of the base; a few cities are vacant."""
    vacant = cities["owner"] == ""
    assert 4 <= vacant.sum() <= 20
    assert set(cities.loc[~vacant, "owner"]) == set(reps["rep_id"])
    at_home = reps.merge(
        cities, left_on=["city", "province"], right_on=["name", "province"]
    )
    assert (at_home["rep_id"] == at_home["owner"]).all()


def test_outline_is_one_valid_shape_around_the_cities(
    cities: pd.DataFrame, outline: gpd.GeoDataFrame
) -> None:
    """Coasts are simplified: two cities lie just outside, by a kilometre."""
    assert outline.crs == "EPSG:4326"
    shape = outline.geometry.iloc[0]
    assert len(outline) == 1
    assert shape.is_valid
    points = gpd.points_from_xy(cities["longitude"], cities["latitude"])
    away = shapely.distance(shape, points)
    assert (away > 0).sum() <= 2
    assert away.max() < 0.02


def test_scenario_names_the_files(cities: pd.DataFrame) -> None:
    """And columns that are there."""
    scenario = tomllib.loads((CN / "demo.toml").read_text(encoding="utf-8"))
    files = (scenario["regions"]["file"], scenario["areas"]["outline"])
    assert all((CN / name).is_file() for name in files)
    assert set(scenario["regions"]["fields"].values()) <= set(cities)


def test_scenario_is_fit_to_solve() -> None:
    """All cells are neighbours of others, and nothing needs a word of warning."""
    scenario = read_scenario(demo_scenario("cn"))
    tables, faults, warnings, _notes = check_tables(scenario, scenario.base)
    assert faults == warnings == []
    assert len(tables.regions) == 400
    pairs = tables.adjacency[["region_id", "neighbour_id"]].to_numpy().ravel()
    assert set(pairs) == set(tables.regions.index)
