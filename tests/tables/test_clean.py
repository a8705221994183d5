"""Clean tables on disk: exact, safe to open, and hard to tamper with."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, box

from planner.errors import Fault, PlannerError
from planner.tables import (
    Tables,
    read_clean,
    safe_series,
    safe_text,
    write_clean,
    write_faults,
)
from planner.tables.safety import unsafe_series, unsafe_text

Judge = Callable[..., tuple]
DANGEROUS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
ANY_TEXT = st.one_of(
    TEXT, st.tuples(st.sampled_from(["'", *DANGEROUS]), TEXT).map("".join)
)


@pytest.fixture
def tables(judge: Judge) -> Tables:
    """Tables with everything in them: extras, regions, distances, warnings."""
    regions = gpd.GeoDataFrame(
        {"region_id": ["N", "S"], "name": ["=N", "Süd"]},
        geometry=[
            MultiPolygon([box(0.1 + 0.2, 0, 1, 1), box(2, 2, 3, 1 / 3 + 3)]),
            Point(1e-7, 2 / 3),
        ],
        crs=4326,
    )
    toml = '[measures.beds]\nof = "beds"\n[[apart]]\ncolumn = "chain"\n'
    found, faults = judge(
        "account_id,name,latitude,longitude,region_id,owner,beds,chain,protected\n"
        "'A1,=cmd|x,50.1,10.30000000000001,N,Bo,0.1,'x,yes\n"
        'A2," a\r\nb",51,10,,R1,1e22,-5,no\n',
        toml=toml,
        regions=regions,
        distances=pd.DataFrame({"account_id": ["A2"], "rep_id": ["R1"], "km": [1 / 3]}),
    )
    assert faults == []
    return found


def assert_same(one: Tables, other: Tables) -> None:
    for name in ("accounts", "reps", "distances"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
    pd.testing.assert_frame_equal(one.regions, other.regions)
    assert one.regions.geometry.geom_equals_identical(other.regions.geometry).all()
    for name in ("notes", "warnings", "sources", "defaults"):
        assert getattr(one, name) == getattr(other, name)


def test_round_trip(tables: Tables, tmp_path: Path) -> None:
    """What `verify` reads must be what `compile` saw, to the last bit."""
    write_clean(tables, tmp_path / "inputs")
    assert_same(read_clean(tmp_path / "inputs"), tables)
    first = {p.name: p.read_bytes() for p in (tmp_path / "inputs").iterdir()}
    write_clean(tables, tmp_path / "again")
    assert first == {p.name: p.read_bytes() for p in (tmp_path / "again").iterdir()}


def test_no_cell_of_the_files_is_a_formula(tables: Tables, tmp_path: Path) -> None:
    """Opened in a spreadsheet, text stays text; ids and numbers are untouched."""
    write_clean(tables, tmp_path)
    with (tmp_path / "accounts.csv").open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    assert records[0]["account_id"] == "'A1"
    assert records[0]["name"] == "'=cmd|x"
    assert records[0]["chain"] == "''x"
    assert records[1]["chain"] == "'-5"
    assert records[1]["beds"] == "1e+22"
    for record in records:
        assert not any(cell.startswith(DANGEROUS) for cell in record.values())


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(ANY_TEXT, st.floats(0, allow_infinity=False), st.booleans()),
        min_size=1,
        max_size=5,
    )
)
@example([("\x00'=\r\r\n\"", 5e-324, True), (" ", 0.1 + 0.2, False)])
def test_any_text_and_number_round_trips(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[str, float, bool]]
) -> None:
    """A property test over what a CRM may hold in its cells."""
    folder = tmp_path_factory.mktemp("clean")
    index = pd.Index(
        [f"A{at}" for at in range(len(cells))], dtype="str", name="account_id"
    )
    text = pd.Series([cell[0] for cell in cells], index, dtype="str")
    number = pd.Series([cell[1] for cell in cells], index)
    place = {"latitude": number * np.nan, "longitude": number * np.nan}
    accounts = pd.DataFrame({"name": text, **place} | {
        name: text for name in ["region_id", "country", "owner", "grade"]
    } | {"skills": "", "prefers": "", "priority": text} | {
        name: number
        for name in ["visits", "hours", "value", "tenure_years", "pipeline"]
    } | {"protected": [cell[2] for cell in cells], "extra": text})  # fmt: skip
    for name in ("skills", "prefers"):
        accounts[name] = accounts[name].astype("str")
    reps = accounts[["name", "latitude", "longitude", "region_id", "skills", "grade"]]
    reps = reps.assign(team=text, capacity=number, quota=np.nan, ramp=number)
    tables = Tables(accounts, reps.rename_axis("rep_id"))
    write_clean(tables, folder)
    back = read_clean(folder)
    pd.testing.assert_frame_equal(back.accounts, tables.accounts, check_exact=True)
    pd.testing.assert_frame_equal(back.reps, tables.reps, check_exact=True)
    shutil.rmtree(folder)


@given(ANY_TEXT)
def test_safe_text_is_a_bijection(text: str) -> None:
    """Guarded text is harmless, and the guard comes off without a trace."""
    safe = safe_text(text)
    assert not safe.startswith(DANGEROUS)
    assert unsafe_text(safe) == text
    series = pd.Series([text], dtype="str")
    assert safe_series(series).tolist() == [safe]
    assert unsafe_series(safe_series(series)).tolist() == [text]


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("accounts.csv", "50.1", "fifty", "row 2, column latitude = 'fifty'"),
        ("accounts.csv", "50.1", "95", "degrees from -90 to 90"),
        ("accounts.csv", "A2", "'A1", "field_uniqueness|more than once"),
        ("accounts.csv", "true", "perhaps", "true or false"),
        ("accounts.csv", "longitude", "lon", "columns are not those"),
        ("accounts.csv", "protected", "protected,x", "columns are not those"),
        ("reps.csv", "100", "-100", "0 or more"),
        ("columns.json", "{", "", "damaged"),
        ("columns.json", '"warnings"', '"w"', "no warnings"),
        ("columns.json", '"visits": "number"', '"visits": "text"', "columns of acc"),
        ("regions.geojson", "features", "f", "damaged"),
        ("regions.geojson", '"coordinates"', '"c"', "damaged"),
    ],
)  # fmt: skip
def test_tampering_is_named(
    tables: Tables, tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    """A folder that was edited by hand gives a sentence, never a traceback."""
    write_clean(tables, tmp_path)
    path = tmp_path / file
    content = path.read_bytes()
    assert old.encode() in content
    path.write_bytes(content.replace(old.encode(), new.encode(), 1))
    with pytest.raises(PlannerError, match=said):
        read_clean(tmp_path)


@pytest.mark.parametrize(
    "file", ["accounts.csv", "distances.csv", "columns.json", "regions.geojson"]
)
def test_missing_files_are_named(tables: Tables, tmp_path: Path, file: str) -> None:
    """Each file is needed."""
    write_clean(tables, tmp_path)
    (tmp_path / file).unlink()
    with pytest.raises(PlannerError, match=file):
        read_clean(tmp_path)


def test_columns_file_is_readable(tables: Tables, tmp_path: Path) -> None:
    """People may look at it: plain JSON with the types of the extra columns."""
    write_clean(tables, tmp_path)
    write_clean(replace(tables, regions=None), tmp_path)
    about = json.loads((tmp_path / "columns.json").read_text(encoding="utf-8"))
    assert about["columns"]["accounts"]["beds"] == "number"
    assert about["columns"]["accounts"]["chain"] == "text"
    assert not (tmp_path / "regions.geojson").exists()


def test_list_of_faults(tmp_path: Path) -> None:
    """The full list opens in a spreadsheet, and leaves no half-written file."""
    faults = [
        Fault("a.csv", 2, "x", "=1+1", "rule, quoted", "do"),
        Fault("a", 0, "", "", "r", "m"),
    ]
    write_faults(faults, tmp_path / "faults.csv")
    with (tmp_path / "faults.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["file", "row", "column", "value", "rule", "remedy"]
    assert rows[1] == ["a.csv", "2", "x", "'=1+1", "rule, quoted", "do"]
    write_faults([], tmp_path / "faults.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["faults.csv"]
    assert len((tmp_path / "faults.csv").read_text(encoding="utf-8").splitlines()) == 1
