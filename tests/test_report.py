"""The report says what was proved, to everyone, from one file."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.charts import strip
from planner.report import Numbers, ReportData, headline, write_report

EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture
def data() -> ReportData:
    """Two reps, two squares, one change of owner, one broken baseline."""
    loads = pd.DataFrame(
        {
            "name": ["Ann", EVIL],
            "accounts": [3, 4],
            "hours": [90.0, 110.0],
            "capacity": [100.0, 100.0],
            "travel_km": [1200.0, 800.0],
            "moved_in": [1, 0],
            "moved_out": [0, 1],
        },
        index=["R1", "R2"],
    )
    measures = pd.DataFrame(
        {"label": ["Hours"], "reference": ["capacity"], "low": [np.nan], "high": [1.0]},
        index=["hours"],
    )
    squares = [shapely.box(0, 40, 4, 44), shapely.box(4, 40, 8, 44)]
    return ReportData(
        name="Demo",
        currency="EUR",
        cost=1000.0,
        bound=995.91,
        terms={"travel": 900.0, "handover": 100.0},
        loads=loads,
        measures=measures,
        baselines=pd.DataFrame(
            {"cost": [1250.0], "breaches": [3]}, index=["Today's owners"]
        ),
        moves=pd.DataFrame(
            {
                "account_id": ["a1", "a2"],
                "name": ["small", EVIL],
                "from_rep": ["R2", "R2"],
                "to_rep": ["R1", "R1"],
                "value": [1.0, 50.0],
            }
        ),
        binding=pd.DataFrame(
            {
                "rule": ["hours"],
                "who": ["R2"],
                "load": [110.0],
                "limit": [110.0],
                "price": [12.4],
            }
        ),
        defaults={"travel.circuity": 1.3},
        certificate={"seed": 1},
        notes=["read as UTF-8"],
        warnings=[EVIL],
        territories=gpd.GeoDataFrame(
            {"name": ["Ann", EVIL]}, index=["R1", "R2"], geometry=squares, crs=4326
        ),
    )


def written(data: ReportData, folder: Path) -> str:
    write_report(folder / "report.html", data)
    return (folder / "report.html").read_text("utf-8")


class Tags(HTMLParser):
    """Collects tags, to see what a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_decision_comes_first(data: ReportData, tmp_path: Path) -> None:
    """A reader of one line must get the answer."""
    page = written(data, tmp_path)
    sentence = "Within 0.41% of the best possible; every rule holds."
    assert sentence in page
    order = [
        "<h1>",
        "Compared with",
        "How evenly",
        "Territories",
        "Every rep",
        "What the cost is made of",
        "What binds",
        "Biggest changes",
        "What was assumed",
        "How it was proved",
        "Notes about the data",
    ]
    places = [page.index(part) for part in order]
    assert places == sorted(places)
    assert "€250 a year (20.0%) less than" in page
    assert "which breaks 3 rule(s)" in page


def test_gap_is_rounded_up(data: ReportData) -> None:
    """0.4001 % is not "within 0.40 %"."""
    close = replace(data, bound=1000 - 4.001)
    assert headline(close).startswith("Within 0.41%")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bound": 1000.0}, "Proven best"),
        ({"bound": None}, "No bound was proven"),
        ({"breaches": ["x", "y"]}, "2 rule(s) broken"),
    ],
)
def test_headline_claims_only_what_holds(
    data: ReportData, change: dict, words: str
) -> None:
    """Each status has its own sentence."""
    assert words in headline(replace(data, **change))


def test_names_cannot_become_markup(data: ReportData, tmp_path: Path) -> None:
    """Account names come from strangers."""
    page = written(data, tmp_path)
    parser = Tags()
    parser.feed(page)
    assert {tag for tag, _ in parser.seen} & {"img", "script", "iframe"} == set()
    assert not any(name.startswith("on") for _, at in parser.seen for name in at)
    assert page.count("&lt;img src=x onerror=alert(1)&gt;") >= 4


def test_nothing_is_loaded_from_elsewhere(data: ReportData, tmp_path: Path) -> None:
    """The file must open on a plane, and tell nobody that it was opened."""
    page = written(data, tmp_path)
    assert not re.search(
        r"(src|href)=|url\(|@import|https?://", page.replace("src=x onerror", "")
    )


def test_map_has_a_title_per_territory(data: ReportData, tmp_path: Path) -> None:
    """Tooltips need no script, and a screen reader reads them."""
    page = written(data, tmp_path)
    assert 'role="img"' in page
    assert page.count('class="area"') == 2
    assert "<title>R1 Ann: 3 accounts, Hours 90%</title>" in page


def test_moves_are_the_biggest_first_and_capped(
    data: ReportData, tmp_path: Path
) -> None:
    """4,000 moves would bury the rest."""
    many = pd.concat([data.moves] * 30, ignore_index=True)
    page = written(replace(data, moves=many), tmp_path)
    assert "… and 40 more." in page
    assert "small <small>" not in page


def test_report_without_map_bound_or_baselines(
    data: ReportData, tmp_path: Path
) -> None:
    """Data without coordinates still deserves a report."""
    bare = replace(
        data,
        territories=None,
        bound=None,
        baselines=None,
        moves=None,
        binding=None,
        defaults={},
        certificate={},
        notes=(),
        warnings=(),
    )
    page = written(bare, tmp_path)
    assert '<svg class="territories"' not in page
    assert "Compared with" not in page
    assert "Every rep" in page


def test_numbers_follow_language_and_currency() -> None:
    """German readers take 1.234 for a thousand."""
    assert Numbers("de", "EUR").count(1234567) == "1.234.567"
    assert Numbers("en", "CNY").money(1234.5) in {"CN¥1,234", "CN¥1,235"}
    assert Numbers("zh", "CNY").money(1234.4) == "¥1,234"


def test_no_dot_of_a_strip_hides_another() -> None:
    """Equal shares are common; each rep must be seen."""
    shares = pd.Series([1.0] * 12 + [1.2], index=[f"R{i}" for i in range(13)])
    chart = strip(shares, 0.9, 1.1)
    dots = chart.dots
    spots = np.array([(dot.x, dot.y) for dot in dots])
    apart = np.linalg.norm(spots[:, None] - spots[None], axis=2)
    assert apart[np.triu_indices(13, 1)].min() > 1.8 * chart.radius
    assert spots[:, 1].min() > 0
    assert spots[:, 1].max() < 2 * chart.middle
    assert [dot.rep for dot in dots if dot.outside] == ["R12"]


def test_strip_of_one_rep_has_an_axis() -> None:
    """One rep at exactly 100 % leaves no extent to divide by."""
    chart = strip(pd.Series([1.0], index=["R1"]), None, None)
    assert len(chart.ticks) >= 2
    assert chart.band is None
