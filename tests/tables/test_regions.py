"""Regions: boundaries and points, and accounts placed by them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from geopandas.testing import assert_geodataframe_equal
from shapely import Point, Polygon, box

from planner.errors import PlannerError
from planner.scenario import Table
from planner.tables.clean import read_clean, write_clean
from planner.tables.findings import Findings
from planner.tables.raw import RawTable
from planner.tables.references import Use
from planner.tables.regions import RegionsRead, read_regions

Judge = Callable[..., tuple]
ACCOUNTS = "account_id,region_id\nA1,N\nA2,S\n"
BOW_TIE = Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])


def shapes(**columns: list) -> gpd.GeoDataFrame:
    frame = {
        "region_id": ["N", "S"],
        "parent": ["", "N"],
        "geometry": [box(9, 50, 11, 52), box(9, 48, 11, 50)],
    }
    return gpd.GeoDataFrame({**frame, **columns}, crs=4326)


@pytest.mark.parametrize("name", ["r.gpkg", "r.geojson", "r.parquet", "r.shp"])
def test_files_of_boundaries(judge: Judge, tmp_path: Path, name: str) -> None:
    """Any projection is brought to degrees; accounts lie inside their region."""
    frame = shapes().to_crs(25832) if name != "r.geojson" else shapes()
    if name == "r.parquet":
        frame.to_parquet(tmp_path / name)
    else:
        frame.to_file(tmp_path / name)
    tables, faults = judge(ACCOUNTS, toml=f'[regions]\nfile = "{name}"\n')
    assert faults == []
    regions = tables.regions
    assert regions.index.tolist() == ["N", "S"]
    assert regions.crs.to_epsg() == 4326
    assert list(regions.columns) == [
        "name", "level", "parent", "country", "owner", "locked", "visits", "hours",
        "value", "geometry",
    ]  # fmt: skip
    north = tables.accounts.loc["A1"]
    assert 9 < north["longitude"] < 11
    assert 50 < north["latitude"] < 52
    assert name in tables.sources


def test_table_of_points(judge: Judge) -> None:
    """A plain table with coordinates will do."""
    others = {"r.csv": "id,latitude,longitude\nN,51,10\nS,49,10\n"}
    toml = '[regions]\nfile = "r.csv"\n[regions.fields]\nregion_id = "id"\n'
    tables, faults = judge(ACCOUNTS, toml=toml, others=others)
    assert faults == []
    assert tables.accounts["latitude"].tolist() == [51, 49]


def test_region_faults(judge: Judge) -> None:
    """Ids twice, unknown parents, circles, no shape, an account's unknown region."""
    frame = (
        shapes()
        .iloc[[0, 0, 1, 1, 1]]
        .assign(
            region_id=["N", "N", "S", "T", "U"],
            parent=["", "", "T", "S", "X"],
            geometry=[box(9, 50, 11, 52)] * 4 + [None],
        )
    )
    _tables, faults = judge("account_id,region_id\nA1,Q\nA2,\n", regions=frame)
    found = [(f.file, f.row, f.column, f.value) for f in faults]
    assert sorted(found) == [
        ("accounts.csv", 2, "region_id", "Q"),
        ("accounts.csv", 3, "latitude", ""),
        ("regions", 3, "region_id", "N"),
        ("regions", 4, "parent", "T"),
        ("regions", 6, "parent", "X"),
        ("regions", 6, "region_id", "U"),
    ]


def test_invalid_shapes_are_repaired_with_a_note(judge: Judge) -> None:
    """Boundaries from the web are seldom valid."""
    frame = shapes(geometry=[BOW_TIE, box(9, 48, 11, 50)])
    tables, faults = judge(ACCOUNTS, regions=frame)
    assert faults == []
    assert tables.regions.geometry.is_valid.all()
    assert any("1 invalid shapes repaired" in note for note in tables.notes)


def test_unknown_projection(judge: Judge) -> None:
    """Metres without a CRS are a fault; what looks like degrees is noted."""
    metres = shapes().to_crs(25832).set_crs(None, allow_override=True)
    _tables, faults = judge(ACCOUNTS, regions=metres)
    assert "coordinate reference system" in faults[0].rule
    degrees = shapes().set_crs(None, allow_override=True)
    tables, faults = judge(ACCOUNTS, regions=degrees)
    assert faults == []
    assert any("look like degrees" in note for note in tables.notes)


def test_filtered_regions_keep_their_shapes(judge: Judge) -> None:
    """Rows and shapes must not come apart."""
    frame = shapes(level=["state", "city"])
    toml = '[regions]\nfile = "x"\nkeep = [{ column = "level", in = ["city"] }]\n'
    accounts = "account_id,region_id\nA2,S\n"
    tables, faults = judge(accounts, toml=toml, regions=frame.assign(parent=""))
    assert faults == []
    assert 48 < tables.accounts.loc["A2", "latitude"] < 50


def test_damaged_file(judge: Judge) -> None:
    """A sentence, no traceback."""
    toml = '[regions]\nfile = "r.gpkg"\n'
    _tables, faults = judge(ACCOUNTS, toml=toml, others={"r.gpkg": "nonsense"})
    assert "no file of boundaries" in faults[0].remedy


@pytest.mark.parametrize("name", ["gone.gpkg", "gone.parquet", "gone.csv"])
def test_missing_file(judge: Judge, name: str) -> None:
    """Whatever the type: it is the path that is wrong."""
    _tables, faults = judge(ACCOUNTS, toml=f'[regions]\nfile = "{name}"\n')
    assert faults[0].file == name
    assert "cannot be opened" in faults[0].remedy


def read(frame: pd.DataFrame, uses: dict[str, Use] | None = None) -> RegionsRead:
    return read_regions(Table(file="regions"), frame, Findings("scenario"), uses)


def faults_of(found: RegionsRead) -> list[tuple[int, str, str]]:
    assert isinstance(found.raw, RawTable)
    return [(f.row, f.column, f.value) for f in found.raw.findings.faults]


def test_demand_of_regions() -> None:
    """Hours from visits; what has no column is nothing, but an hour per visit."""
    frame = shapes(value=["1,000", ""], visits=["4", "2"], Owner=["R1", ""])
    found = read(frame)
    assert faults_of(found) == []
    assert found.regions is not None
    north = found.regions.loc["N"]
    assert (north["value"], north["visits"], north["hours"]) == (1000, 4, 4)
    assert (north["owner"], north["locked"]) == ("R1", False)
    assert found.regions["value"].tolist() == [1000, 0]
    assert found.parsed is not None
    assert found.parsed.defaults["regions.hours_per_visit"] == 1
    plain = read(shapes()).regions
    assert plain is not None
    assert plain[["visits", "hours", "value"]].to_numpy().tolist() == [[0, 0, 0]] * 2


def test_columns_that_the_scenario_names() -> None:
    """A measure needs a number of every region, and is no less than 0."""
    uses = {"population": Use("measures.population.of", numeric=True, complete=True)}
    found = read(shapes(population=["5", "7.5"]), uses)
    assert found.regions is not None
    assert found.regions["population"].tolist() == [5, 7.5]
    assert faults_of(read(shapes(population=["5", ""]), uses)) == [
        (3, "population", "")
    ]
    assert faults_of(read(shapes(population=["5", "-1"]), uses)) == [
        (3, "population", "-1")
    ]
    named = Findings("scenario")
    read_regions(Table(file="regions"), shapes(popul=["1", "2"]), named, uses)
    assert named.faults[0].column == "measures.population.of"
    assert "'popul'" in named.faults[0].remedy


def test_plain_table_of_points_with_demand() -> None:
    """Regions without boundaries may have demand, too."""
    frame = pd.DataFrame(
        {"region_id": ["N"], "latitude": [51.0], "longitude": [10.0], "value": [3.0]}
    )
    found = read(frame).regions
    assert found is not None
    assert found.loc["N", "value"] == 3
    assert found.geometry["N"].equals(Point(10, 51))


def test_lock_needs_an_owner() -> None:
    """Locked to nobody is a slip."""
    found = read(shapes(locked=["yes", "yes"], owner=["R1", ""]))
    assert faults_of(found) == [(3, "locked", "S")]
    assert isinstance(found.raw, RawTable)
    assert "no owner" in found.raw.findings.faults[0].rule


def test_clean_regions_are_read_back_the_same(judge: Judge, tmp_path: Path) -> None:
    """Numbers, missing numbers, yes and no, text and shapes: without loss."""
    frame = shapes(
        owner=["R1", ""], locked=["yes", ""], value=[0.1, 2], country=["中国", "DE"]
    )
    tables, faults = judge(ACCOUNTS, regions=frame)
    assert faults == []
    assert tables.regions is not None
    extra = tables.regions.copy()
    extra.insert(0, "population", [1.5, float("nan")])
    before = replace(tables, regions=extra)
    write_clean(before, tmp_path / "clean")
    after = read_clean(tmp_path / "clean").regions
    assert_geodataframe_equal(after, extra)
    path = tmp_path / "clean" / "regions.geojson"
    text = path.read_text("utf-8")
    path.write_text(text.replace('"locked": true', '"locked": 1'), "utf-8")
    with pytest.raises(PlannerError, match="column locked of the regions"):
        read_clean(tmp_path / "clean")
