"""Regions: boundaries and points, and accounts placed by them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
from shapely import Polygon, box

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
    assert list(regions.columns) == ["name", "level", "parent", "geometry"]
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
