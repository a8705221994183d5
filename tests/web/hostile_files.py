"""Files that somebody with bad intentions, or bad luck, might send."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

ACCOUNTS = (
    "account_id,name,latitude,longitude,grade,owner,value\n"
    "a1,One,52.5,13.4,A,r1,1000\na2,Two,48.1,11.6,B,r2,900\na3,Three,50.9,7,B,r3,800\n"
)
VRT = (
    b"<OGRVRTDataSource><OGRVRTLayer name='passwd'><SrcDataSource>/etc/passwd"
    b"</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
)
_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships"><Relationship Id="rId1" Type="{kind}" Target="{target}"/>'
    "</Relationships>"
)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


@dataclass(frozen=True)
class Hostile:
    """
    One file, and what must be said of it.

    Attributes
    ----------
    name, content
        As it is sent.
    says
        Part of the sentence that refuses it, when it is sent or when it is read; "" =
        it is read, as the plain text that it is.
    table
        For which table it is sent.
    """

    name: str
    content: bytes
    says: str = ""
    table: str = "accounts"


def workbook(sheet: str | bytes, **more: bytes) -> bytes:
    """Return an .xlsx with one sheet of this XML, and further parts."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr(
            "_rels/.rels",
            _RELATIONS.format(
                kind=f"{_OFFICE}/officeDocument", target="xl/workbook.xml"
            ),
        )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
            '<sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            _RELATIONS.format(kind=f"{_OFFICE}/worksheet", target="worksheets/s.xml"),
        )
        archive.writestr("xl/worksheets/s.xml", sheet)
        for name, content in more.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _sheet(rows: str) -> str:
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def _zip(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "evil")
    return stream.getvalue()


def _repeating() -> bytes:
    """Return an .ods of few bytes with 10^15 cells."""
    row = '<table:table-row table:number-rows-repeated="1000000000">'
    cell = '<table:table-cell office:value-type="string" table:number-columns-repeated='
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    content = (
        f'<office:document-content {spaces} office:version="1.2"><office:body>'
        '<office:spreadsheet><table:table table:name="S">'
        f'{row}{cell}"1000000"><text:p>x</text:p></table:table-cell></table:table-row>'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        kind = "application/vnd.oasis.opendocument.spreadsheet"
        archive.writestr("mimetype", kind, zipfile.ZIP_STORED)
        archive.writestr("content.xml", content)
    return stream.getvalue()


def _text_cell(at: str, text: str) -> str:
    return f'<c r="{at}" t="inlineStr"><is><t>{text}</t></is></c>'


_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]>"
    + _sheet(f'<row r="1">{_text_cell("A1", "&j;")}</row>')
)
_FAR = _sheet(
    f'<row r="1">{_text_cell("A1", "account_id")}</row>'
    f'<row r="1048576">{_text_cell("XFD1048576", "x")}</row>'
)
_FORMULAS = ACCOUNTS + (
    "a4,\"=cmd|' /C calc'!A0\",50,8,B,r1,700\na5,@SUM(1+1),50,9,B,r1,700\n"
    'a6,"=HYPERLINK(""http://evil.example"")",50,9,B,r1,700\n'
)
_SCRIPTS = ACCOUNTS + (
    'a4,<script>alert(1)</script>,50,8,B,r1,700\na5,"<img src=x onerror=alert(1)>",'
    "50,9,B,r1,<svg onload=alert(1)>\n"
)
_SHAPES = {"type": "FeatureCollection", "features": []}
_OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY j SYSTEM "file:///etc/passwd">]>'
    + _sheet(f'<row r="1">{_text_cell("A1", "&j;")}</row>')
)
_TRIANGLE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}


def linking(address: str) -> bytes:
    """Return GeoJSON whose coordinate reference system is at an address."""
    link = {"type": "link", "properties": {"href": address, "type": "proj4"}}
    one = {"type": "Feature", "properties": {"region_id": "a"}, "geometry": _TRIANGLE}
    return json.dumps({**_SHAPES, "crs": link, "features": [one]}).encode()


def package(*statements: str) -> bytes:
    """Return a GeoPackage with one layer, ``v``, made by SQL of somebody's own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "r.gpkg"
        database = sqlite3.connect(path)
        for statement in (_PACKAGE, *statements):
            database.executescript(statement)
        database.close()
        return path.read_bytes()


_PACKAGE = """
PRAGMA application_id = 0x47504B47;
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT, srs_id INTEGER PRIMARY KEY,
  organization TEXT, organization_coordsys_id INTEGER, definition TEXT,
  description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT,
  identifier TEXT, description TEXT, last_change TEXT, min_x, min_y, max_x, max_y,
  srs_id);
CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT,
  geometry_type_name TEXT, srs_id INTEGER, z INT, m INT);
INSERT INTO gpkg_contents
  VALUES ('v', 'features', 'v', '', '2020-01-01T00:00:00Z', 0, 0, 1, 1, 4326);
INSERT INTO gpkg_geometry_columns VALUES ('v', 'geom', 'POLYGON', 4326, 0, 0);
"""
_OTHER_FILE = """
PRAGMA writable_schema = 1;
INSERT INTO sqlite_master VALUES
  ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING VirtualOGR(''/etc/passwd'')');
"""
_PROGRAM = """
CREATE VIEW v AS
  SELECT 1 AS fid, X'00' AS geom, load_extension('/tmp/evil.so') AS region_id;
"""
KIND, CONTENT = "is of no kind", "by its content"

FILES = {
    "bomb": Hostile(
        "a.xlsx",
        workbook(b"<worksheet>" + b" " * (220 * 2**20)),
        "the workbook unpacks to",
    ),
    "many parts": Hostile(
        "a.xlsx",
        workbook(_sheet(""), **{f"xl/p{i}.xml": b"x" for i in range(1100)}),
        "the workbook unpacks to",
    ),
    "entities": Hostile(
        "a.xlsx", workbook(_LAUGHS), "there is no column|cannot be read"
    ),
    "far cell": Hostile("a.xlsx", workbook(_FAR), "could not be read|cannot be read"),
    "ods of nothing": Hostile("a.ods", _zip("content.xml"), "cannot be read"),
    "text as workbook": Hostile("a.xlsx", ACCOUNTS.encode(), CONTENT),
    "workbook as text": Hostile("a.csv", workbook(_sheet("")), CONTENT),
    "old workbook of noise": Hostile(
        "a.xls", b"\xd0\xcf\x11\xe0" + b"\x07" * 4000, "cannot be read"
    ),
    "zip slip": Hostile("a.zip", _zip("../../evil.csv"), KIND),
    "zip slip as workbook": Hostile(
        "a.xlsx", _zip("../../evil.csv", "/tmp/evil"), "cannot be read"
    ),
    "shapefile in a zip": Hostile("a.shp.zip", _zip("a.shp"), KIND, "regions"),
    "gzip": Hostile("a.csv.gz", gzip.compress(ACCOUNTS.encode()), KIND),
    "gzip as text": Hostile("a.csv", gzip.compress(b"," * 2**20), CONTENT),
    "traversal": Hostile("../../../evil.csv", ACCOUNTS.encode()),
    "absolute": Hostile("/etc/cron.d/evil.csv", ACCOUNTS.encode()),
    "of Windows": Hostile("C:\\Windows\\..\\evil.csv", ACCOUNTS.encode()),
    "null in the name": Hostile("evil.csv\0.toml", ACCOUNTS.encode(), KIND),
    "device": Hostile("CON.csv", ACCOUNTS.encode()),
    "long name": Hostile("e" * 5000 + ".csv", ACCOUNTS.encode()),
    "script as name": Hostile("<script>alert(1)</script>.csv", ACCOUNTS.encode()),
    "no name": Hostile("", ACCOUNTS.encode(), KIND),
    "hidden": Hostile(".htaccess", b"Allow from all", KIND),
    "scenario": Hostile("evil.toml", b'[accounts]\nfile = "/etc/passwd"\n', KIND),
    "page": Hostile("a.html", b"<script>alert(1)</script>", KIND),
    "program": Hostile("a.csv", b"\x7fELF" + b"\0" * 100, CONTENT),
    "pdf": Hostile("a.csv", b"%PDF-1.7\n", CONTENT),
    "empty": Hostile("a.csv", b"", "is empty"),
    "blank": Hostile("a.csv", b"\r\n" * 1000, "it is empty"),
    "formulas": Hostile("a.csv", _FORMULAS.encode()),
    "script tags": Hostile("a.csv", _SCRIPTS.encode(), "svg onload"),
    "cell of 10 MB": Hostile(
        "a.csv", ACCOUNTS.encode() + b"a4," + b"x" * 10 * 2**20 + b",50,8,B,r1,7\n"
    ),
    "header of 2 MB": Hostile(
        "a.csv", b"x" * 2**21 + b"\n1\n", "header cannot be read"
    ),
    "columns without end": Hostile("a.csv", b"a," * 40_000 + b"\n", "40,00"),
    "same header twice": Hostile(
        "a.csv", b"account_id,account_id\na1,a2\n", "2 columns have this name"
    ),
    "open quote": Hostile(
        "a.csv", ACCOUNTS.encode() + b'a4,"' + b"x,\n" * 10**6, "quotation mark|cells"
    ),
    "noise": Hostile("a.csv", bytes(range(256)) * 400, "cannot be read|account_id"),
    "nulls": Hostile("a.csv", b"\0" * 10**6, "cannot be read|account_id"),
    "UTF-16 cut off": Hostile(
        "a.csv", ACCOUNTS.encode("utf-16")[:-1], "cannot be read|read as"
    ),
    "virtual table as shapes": Hostile("r.geojson", VRT, CONTENT, "regions"),
    "virtual table as package": Hostile("r.gpkg", VRT, CONTENT, "regions"),
    "virtual table as text": Hostile("r.csv", VRT, "cannot be read", "regions"),
    "nested JSON": Hostile(
        "r.geojson",
        b'{"a":' + b"[" * 10**6,
        "cannot be read|could not be read",
        "regions",
    ),
    "JSON of others": Hostile("r.geojson", b'{"a": 1}', "cannot be read", "regions"),
    "no shapes": Hostile(
        "r.geojson", json.dumps(_SHAPES).encode(), "cannot be read|region_id", "regions"
    ),
    "UTF-16": Hostile("a.csv", ACCOUNTS.encode("utf-16")),
    "entity of a file": Hostile("a.xlsx", workbook(_OUTSIDE), "cannot be read"),
    "cells without end": Hostile("a.ods", _repeating(), "cannot be read"),
    "package of another file": Hostile(
        "r.gpkg", package(_OTHER_FILE), "cannot be read", "regions"
    ),
    "package with a program": Hostile(
        "r.gpkg", package(_PROGRAM), "cannot be read", "regions"
    ),
    "link to elsewhere": Hostile(
        "r.geojson", linking("http://192.0.2.1/crs"), "at an address", "regions"
    ),
    "hidden link": Hostile(
        "r.geojson",
        linking("http://192.0.2.1/").replace(b'"href"', b'"\\u0068re\\u0066"'),
        "at an address",
        "regions",
    ),
    "Parquet of noise": Hostile("a.parquet", b"PAR1" + b"\x07" * 99, "cannot be read"),
    "package of noise": Hostile(
        "r.gpkg", b"SQLite format 3\0" + b"\x07" * 9999, "cannot be read", "regions"
    ),
}
"""Each sent to a scenario that reads it at once."""
