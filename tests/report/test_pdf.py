"""The report on paper."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from report_case import report_data

from planner.errors import PlannerError
from planner.report.pdf import check_pdf, write_pdf


def titles(outline: list[Any]) -> list[str]:
    """Bookmarks of all levels."""
    return [
        title
        for entry in outline
        for title in (titles(entry) if isinstance(entry, list) else [entry.title])
    ]


@pytest.fixture
def _can_write() -> None:
    try:
        check_pdf()
    except PlannerError as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("_can_write")
def test_pdf_has_pages_text_and_bookmarks(tmp_path: Path) -> None:
    """Text is text, so that it can be searched and read aloud."""
    pypdf = pytest.importorskip("pypdf", reason="pypdf reads the PDF back")
    path = tmp_path / "report.pdf"
    assert write_pdf(path, report_data()) == []
    read = pypdf.PdfReader(path)
    text = "\n".join(page.extract_text() for page in read.pages)
    for words in ("Saves €250 a year against today", "Every rep", "1 / "):
        assert words in text
    assert read.pages[0].mediabox.width == pytest.approx(595, abs=1)  # A4
    assert "Territories" in titles(read.outline)
    assert read.trailer["/Root"]["/MarkInfo"]["/Marked"]


@pytest.mark.usefixtures("_can_write")
def test_pdf_asks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is fetched while it is laid out."""
    monkeypatch.setattr("socket.socket.connect", lambda *_a: pytest.fail("network"))
    write_pdf(tmp_path / "report.pdf", replace(report_data(), territories=None))
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


def test_missing_extra_has_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence, no traceback."""
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(PlannerError, match=r"pip install 'territory-planner\[pdf\]'"):
        check_pdf()
