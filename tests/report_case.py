"""A report about two reps, small enough to be read whole."""

from __future__ import annotations

from html.parser import HTMLParser

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.report import ReportData

VOID = {"meta", "br", "hr", "img", "input", "link"}

EVIL = "<img src=x onerror=alert(1)>"


def report_data() -> ReportData:
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
            {
                "cost": [1100.0, 1250.0],
                "breaches": [0, 3],
                "note": ["", "limit on hours, R1: 120 is 20 above 100; " + EVIL],
                "today": [False, True],
            },
            index=["Nearest rep, keeping the rules", "Today's owners"],
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
        moved=7,
        figures={
            "accounts": 7.0,
            "accounts_moved": 2.0,
            "accounts_vacant": 1.0,
            "accounts_left_out": 0.0,
            "value_moved_share": 0.125,
            "travel_km": 2000.0,
            "mean_km": 12.0,
            "capacity_use": 1.0,
        },
        fingerprint="0123456789abcdef" * 4,
        proof="dual",
        defaults={"travel.circuity": 1.3},
        certificate={"Seed": 1},
        notes=["read as UTF-8"],
        warnings=[EVIL],
        territories=gpd.GeoDataFrame(
            {"name": ["Ann", EVIL]}, index=["R1", "R2"], geometry=squares, crs=4326
        ),
    )


class Tags(HTMLParser):
    """Reads a page as a browser does; notes faults of nesting."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.faults: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of all elements of this name."""
        return [attrs for name, attrs in self.seen if name == tag]
