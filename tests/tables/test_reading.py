"""Files of all kinds: encodings, separators, ragged rows, workbooks."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from planner.scenario import Table
from planner.tables.findings import Findings
from planner.tables.raw import RawTable, raw_from_frame, read_raw

CHINESE = "客户编号,名称\nA1,北京协和医院\nA2,上海第一人民医院\n"


def read(tmp_path: Path, data: bytes, name: str = "t.csv", **keys: object) -> RawTable:
    (tmp_path / name).write_bytes(data)
    raw = read_raw(Table(file=name, **keys), tmp_path)
    assert isinstance(raw, RawTable), raw.faults
    return raw


def refusal(tmp_path: Path, data: bytes, name: str = "t.csv", **keys: object) -> str:
    (tmp_path / name).write_bytes(data)
    findings = read_raw(Table(file=name, **keys), tmp_path)
    assert isinstance(findings, Findings)
    (fault,) = findings.faults
    return str(fault)


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "UTF-8"),
        ("utf-16", "UTF-16 LE"),
        ("utf-32", "UTF-32 LE"),
        ("gb18030", "GB18030"),
    ],
)
def test_chinese_encodings(tmp_path: Path, encoding: str, name: str) -> None:
    """Each encoding that Chinese spreadsheets write is found, and stated."""
    raw = read(tmp_path, CHINESE.encode(encoding))
    assert raw.cells.column_names == ["客户编号", "名称"]
    assert raw.column("名称").to_pylist()[0] == "北京协和医院"
    assert name in raw.findings.notes[0]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "cp1252"])
def test_western_encodings_without_mark(tmp_path: Path, encoding: str) -> None:
    """Western bytes often decode as GB18030, too; they must not become Chinese."""
    text = "id,name\n1,Café Über\n2,Señor Núñez & Fils\n3,Åse Øst\n"
    raw = read(tmp_path, text.encode(encoding))
    assert raw.column("name").to_pylist() == [
        "Café Über",
        "Señor Núñez & Fils",
        "Åse Øst",
    ]


def test_undecodable_bytes_name_the_remedy(tmp_path: Path) -> None:
    """0x81 is nothing in Windows-1252: the sentence says where and what to do."""
    assert "save the file as UTF-8" in refusal(tmp_path, b"id,name\n1,\x81\x20x\n")


@pytest.mark.parametrize("keys", [{"encoding": "nonsense"}, {"separator": ";;"}])
def test_wrong_settings_are_named(tmp_path: Path, keys: dict[str, str]) -> None:
    """A wrong encoding or separator in the scenario is quoted back."""
    assert next(iter(keys.values())) in refusal(tmp_path, b"a,b\n1,2\n", **keys)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separator_is_detected(tmp_path: Path, separator: str) -> None:
    """Decimal commas and quoted separators must not mislead the detection."""
    rows = [["id", "amount", "name"], ["1", '"1,5"', '"a;b|c"'], ["2", '"2,5"', "x"]]
    text = "\n".join(separator.join(row) for row in rows)
    raw = read(tmp_path, text.encode())
    assert raw.cells.column_names == ["id", "amount", "name"]
    assert raw.column("name").to_pylist() == ["a;b|c", "x"]


def test_row_numbers_survive_blanks_breaks_and_ragged_rows(tmp_path: Path) -> None:
    """A spreadsheet shows a cell with a line break as one row, a blank line as one."""
    text = 'id,name\n1,a\n\n2,"b\nb"\n3,c,d\n4,e\n5\n , \n6,f\n'
    raw = read(tmp_path, text.encode())
    assert raw.column("id").to_pylist() == ["1", "2", "4", "6"]
    assert raw.rows.tolist() == [2, 4, 6, 9]
    assert [(f.row, f.value) for f in raw.findings.faults] == [(5, "3,c,d"), (7, "5")]
    assert any("2 blank rows" in note for note in raw.findings.notes)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_line_ends_and_quotes(tmp_path: Path, newline: str) -> None:
    """Cells come byte by byte, whatever system wrote the file."""
    text = newline.join(
        ["id,name", '007,"The ""Best"", Ltd"', '1e5,5" pipe', "NA,NULL"]
    )
    raw = read(tmp_path, text.encode())
    assert raw.column("id").to_pylist() == ["007", "1e5", "NA"]
    assert raw.column("name").to_pylist() == ['The "Best", Ltd', '5" pipe', "NULL"]


def test_open_quote_is_a_fault(tmp_path: Path) -> None:
    """Otherwise it would swallow the rest of the table without a word."""
    raw = read(tmp_path, b'id,name\n1,a\n2,"b\n3,c\n4,d\n')
    assert [f.row for f in raw.findings.faults] == [3]
    assert "never closed" in raw.findings.faults[0].rule


def test_cell_longer_than_a_block(tmp_path: Path) -> None:
    """A record beyond the reader's block is read all the same."""
    long = "x" * (20 << 20)
    raw = read(tmp_path, f"id,name\n1,{long}\n2,b\n".encode())
    assert len(raw.column("name")[0].as_py()) == len(long)


def test_columns_that_share_a_name(tmp_path: Path) -> None:
    """Which of the two is meant cannot be known."""
    raw = read(tmp_path, b"id,name,id\n1,a,2\n")
    assert [(f.row, f.column) for f in raw.findings.faults] == [(1, "id")]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_empty_file(tmp_path: Path, data: bytes) -> None:
    """An empty export is named as such."""
    assert "empty" in refusal(tmp_path, data)


def test_missing_file_and_unknown_type(tmp_path: Path) -> None:
    """Both are faults like any other, so that all tables can be judged at once."""
    findings = read_raw(Table(file="nowhere.csv"), tmp_path)
    assert "cannot be opened" in str(findings.faults[0])
    assert ".pdf" in refusal(tmp_path, b"x", "t.pdf")


def workbook(rows: list[list[object]], sheet: str = "S") -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    page.title = sheet
    for row in rows:
        page.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_workbook_cells_are_text(tmp_path: Path) -> None:
    """Ids stored as numbers come without ".0"; blank rows do not shift the others."""
    rows = [["id", "n", "on"], [1234567, 1.5, True], [], ["007", 12.0, False]]
    raw = read(tmp_path, workbook(rows), "t.xlsx")
    assert raw.column("id").to_pylist() == ["1234567", "007"]
    assert raw.column("n").to_pylist() == ["1.5", "12"]
    assert raw.column("on").to_pylist() == ["true", "false"]
    assert raw.rows.tolist() == [2, 4]


def test_workbook_faults(tmp_path: Path) -> None:
    """No such sheet, no workbook at all, long numbers, cells beyond the header."""
    data = workbook([["id"], [1234567890123456789, "stray"]], "Accounts")
    assert "'Accounts'" in refusal(tmp_path, data, "t.xlsx", sheet="Acounts")
    assert "not a workbook" in refusal(tmp_path, b"id\n1\n", "t.xlsx")
    assert "damaged" in refusal(tmp_path, b"PK\3\4 torn", "t.xlsx")
    raw = read(tmp_path, data, "t.xlsx")
    assert [f.value for f in raw.findings.faults] == ["stray"]
    assert "15 digits" in raw.findings.warnings[0].rule


def test_workbook_bombs_are_refused(tmp_path: Path) -> None:
    """A small archive that unpacks to much is refused before it is unpacked."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(30 << 20))
    assert "refused" in refusal(tmp_path, out.getvalue(), "t.xlsx")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for part in range(1_001):
            archive.writestr(f"{part}", b"")
    assert "refused" in refusal(tmp_path, out.getvalue(), "t.xlsx")


def test_parquet_and_frames_give_the_same_text(tmp_path: Path) -> None:
    """A frame stands in for a file: whole floats lose ".0", missing is blank."""
    frame = pd.DataFrame(
        {
            "id": [1, 2],
            "x": [1.0, np.nan],
            "c": pd.Categorical(["a", None]),
            "o": [None, 2.5],
        }
    ).astype({"o": object})
    frame.to_parquet(tmp_path / "t.parquet")
    from_file = read_raw(Table(file="t.parquet"), tmp_path)
    from_frame = raw_from_frame(frame, "accounts")
    for raw in (from_file, from_frame):
        assert isinstance(raw, RawTable)
        assert raw.cells.to_pydict() == {
            "id": ["1", "2"],
            "x": ["1", ""],
            "c": ["a", ""],
            "o": ["", "2.5"],
        }
        assert raw.rows.tolist() == [2, 3]
    assert "not a Parquet file" in refusal(tmp_path, b"id", "bad.parquet")


def test_real_crm_files(tmp_path: Path, reference: Path) -> None:
    """Files as a CRM's own tools write them: each is read, with its encoding."""
    folder = reference / "crm" / "salesforce_dataloader"
    read_as = {}
    for path in sorted(folder.glob("*.csv")):
        raw = read_raw(Table(file=path.name), folder)
        assert isinstance(raw, RawTable), path
        assert not raw.findings.faults, path
        read_as[path.name] = raw.findings.notes[0].split("read as ")[1], len(raw)
    assert read_as["accountData.csv"] == ("Windows-1252, separator ','", 423)
    assert read_as["csvtext_BOM_UTF16LE.csv"] == ("UTF-16 LE, separator ','", 2)
    # these two carry the mark of UTF-16 before a body of UTF-32
    assert read_as["csvtext_BOM_UTF32BE.csv"] == ("UTF-32 BE, separator ','", 2)
    assert read_as["csvtext_BOM_UTF32LE.csv"] == ("UTF-32 LE, separator ','", 2)
