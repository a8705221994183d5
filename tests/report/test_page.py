"""The report says what was proved, to everyone, from one file."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from report_case import EVIL, Tags, report_data

from planner.report import ReportData, report_page, write_report
from planner.report.page import css_text
from planner.words import set_language


@pytest.fixture(scope="module")
def data() -> ReportData:
    """Two reps, two squares, changes of owner, a broken baseline."""
    return report_data()


@pytest.fixture(scope="module")
def page(data: ReportData) -> str:
    """The whole report; nobody changes it."""
    return report_page(data)


def test_decision_comes_first(page: str) -> None:
    """A reader of one line must get the answer."""
    order = [
        "<h1>Saves €250 a year against today, proven within 0.41% of the best possible",
        'class="lead">2 of 7 accounts change hands (12.5% of the value). ',
        "Cost a year",
        "Compared with today",
        ">Territories<",
        "How evenly",
        "What changes hands",
        "What binds",
        "What the cost is made of",
        "Every rep",
        "How sure is this",
        "What was assumed",
        "Notes about the data",
        "Words used here",
    ]
    places = [page.index(part) for part in order]
    assert places == sorted(places)


def test_page_is_well_formed(page: str) -> None:
    """Every element is closed where it should be; each SVG is XML."""
    tags = Tags(page)
    assert tags.faults == []
    assert tags.open == []
    for drawing in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(drawing)


def test_names_cannot_become_markup(page: str) -> None:
    """Account names come from strangers."""
    tags = Tags(page)
    assert {tag for tag, _ in tags.seen} & {"img", "script", "iframe"} == set()
    assert not any(name.startswith("on") for _, at in tags.seen for name in at)
    assert page.count("&lt;img src=x onerror=alert(1)&gt;") >= 5


def test_name_of_the_plan_cannot_leave_the_style_sheet(data: ReportData) -> None:
    """It is printed on each page by CSS, where HTML's escapes do not count."""
    evil = '"} </style><script>alert(1)</script> 方案'
    page = report_page(replace(data, name=evil))
    assert Tags(page).named("script") == []
    assert page.count("</style>") == 1
    style = page.partition("</style>")[0]
    assert f"content: {css_text(evil)};" in style
    assert "方案" in css_text(evil)
    assert not set(css_text(evil)[1:-1]) & set("<>\"'{};/")


def test_nothing_is_loaded_from_elsewhere(page: str) -> None:
    """The file must open on a plane, and tell nobody that it was opened."""
    bare = page.replace("src=x onerror", "")
    assert not re.search(r"(src|href)=|url\(|@import|https?://", bare)


def test_every_picture_and_table_can_be_read_aloud(page: str) -> None:
    """Charts have a text, cells have headers, headings leave out no level."""
    tags = Tags(page)
    for attrs in tags.named("svg"):
        assert attrs.get("aria-hidden") or (attrs["role"], bool(attrs["aria-label"]))
    assert all(attrs.get("scope") in ("row", "col") for attrs in tags.named("th"))
    levels = [tag for tag, _ in tags.seen if re.fullmatch(r"h\d", tag)]
    assert levels[0] == "h1"
    assert set(levels[1:]) == {"h2"}
    assert tags.named("html")[0]["lang"] == "en"
    for attrs in tags.named("div"):
        if attrs.get("tabindex"):
            assert attrs["role"] == "region"
            assert attrs["aria-label"]


def test_map_has_a_title_per_territory(page: str) -> None:
    """Tooltips need no script."""
    assert page.count('class="area"') == 2
    assert "<title>R1 Ann: 3 accounts, Hours 90%</title>" in page


def test_moves_are_the_biggest_first_and_counted(data: ReportData) -> None:
    """4,000 moves would bury the rest; those left out are counted."""
    many = pd.concat([data.moves] * 30, ignore_index=True)
    page = report_page(replace(data, moves=many, moved=4000))
    assert "20 of 4,000, the largest value first." in page
    assert "… and 3,980 more." in page
    assert "small <small>" not in page


def test_reasons_have_a_line_where_there_are_some(data: ReportData) -> None:
    """A change list without reasons convinces nobody."""
    assert 'colspan="4"' not in report_page(data)
    said = data.moves.assign(reason=["nearer", EVIL])
    page = report_page(replace(data, moves=said))
    assert '<tr class="note"><td colspan="4">nearer</td></tr>' in page


def test_report_without_map_bound_or_baselines(data: ReportData) -> None:
    """Data without coordinates still deserves a report."""
    bare = replace(
        data,
        territories=None,
        bound=None,
        baselines=None,
        moves=None,
        binding=None,
        figures={},
        defaults={},
        certificate={},
        notes=(),
        warnings=(),
    )
    page = report_page(bare)
    assert '<svg class="territories"' not in page
    assert "Compared with" not in page
    assert "Every rep" in page
    assert "<h1>No bound proven" in page


def test_broken_rules_come_before_all_else(data: ReportData) -> None:
    """A plan that breaks rules must not look like one that may be adopted."""
    page = report_page(replace(data, breaches=["R1 over capacity", "A left out"]))
    assert "<h1>This plan breaks 2 rules.</h1>" in page
    assert page.index("<li>R1 over capacity</li>") < page.index("Compared with")


def test_changed_rules_come_before_all_else(data: ReportData) -> None:
    """A plan that keeps other rules than those asked for says so first."""
    page = report_page(replace(data, relaxed=["R1: capacity 120 instead of 100"]))
    assert "<h1>Possible only with one rule changed, proven within 0.41%" in page
    place = page.index("<li>R1: capacity 120 instead of 100</li>")
    assert place < page.index("Compared with")


def test_each_section_names_its_source(page: str) -> None:
    """Every number can be traced to a file of the plan folder."""
    tags = [line for line in page.splitlines() if 'class="source"' in line]
    files = " ".join(re.findall(r"Source: (.*?)</p>", " ".join(tags)))
    for name in ("certificate.json", "plan.csv", "reps.csv", "territories.geojson"):
        assert name in files
    assert "planner verify" in page
    assert str(css_text("plan.csv, sha256 0123456789abcdef")) in page


def test_chinese_report_has_no_english_sentence(data: ReportData) -> None:
    """All that is said goes through the catalogue; numbers follow the language."""
    set_language("zh")
    page = report_page(replace(data, language="zh"))
    assert Tags(page).named("html")[0]["lang"] == "zh"
    shown = re.sub(
        r"<style>.*?</style>|<title>.*?</title>|<[^>]*>", " ", page, flags=re.S
    )
    for known in (
        "&lt;img src=x onerror=alert(1)&gt;",
        "Nearest rep, keeping the rules",
    ):
        shown = shown.replace(known, "")
    for known in ("Today&#39;s owners", "limit on hours, R1: 120 is 20 above 100"):
        shown = shown.replace(known, "")
    english = re.findall(r"[A-Za-z]{3,} [a-z]{2,} [a-z]{2,}", shown)
    assert english == []


def test_report_is_written_as_utf8(data: ReportData, tmp_path: Path) -> None:
    """Whatever the encoding of the machine."""
    write_report(tmp_path / "report.html", replace(data, name="方案"))
    assert "方案" in (tmp_path / "report.html").read_text("utf-8")
