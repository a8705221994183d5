"""Sweeps and frontiers of plans by regions; prices of one scenario on another's map."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import box

import planner
from planner.errors import ScenarioError

TEXT = """\
name = "Grid"
currency = "EUR"
unit = "region"
[regions]
file = "regions.gpkg"
[reps]
file = "reps.csv"
[areas]
contiguous = true
[areas.compactness]
to = "base"
measure = "value"
power = 1
price = 0.1
[[balance]]
measure = "value"
tolerance = 0.05
price = 1.0
[solve]
time_limit = 3
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return 6 x 3 squares and 3 reps in a row."""
    wide, tall = 6, 3
    at = range(wide * tall)
    rng = np.random.default_rng(0)
    gpd.GeoDataFrame(
        {
            "region_id": [f"c{i}" for i in at],
            "value": rng.integers(1, 9, len(at)) * 10,
            "visits": 4,
            "owner": [f"R{i % wide // 2}" for i in at],
        },
        geometry=[
            box(8 + i % wide / 10, 48 + i // wide / 10, 8.1 + i % wide / 10,
                48.1 + i // wide / 10)
            for i in at
        ],
        crs=4326,
    ).to_file(tmp_path / "regions.gpkg")  # fmt: skip
    pd.DataFrame(
        {"rep_id": ["R0", "R1", "R2"], "latitude": 48.15, "longitude": [8.1, 8.3, 8.5]}
    ).to_csv(tmp_path / "reps.csv", index=False)
    scenario = tmp_path / "plan.toml"
    scenario.write_text(TEXT, "utf-8")
    return scenario


def test_headcounts_and_trade_offs(path: Path, tmp_path: Path) -> None:
    """Each plan verified (else it would say so); balance is bought with cost."""
    curve = planner.sweep(path, tmp_path / "sizes", reps="2:4")
    assert curve["cost"].notna().all()
    assert (curve["bound"] <= curve["cost"]).all()
    table = planner.frontier(path, ["cost", "deviation"], tmp_path / "trade", points=4)
    found = table.table
    assert len(found) > 1
    assert found["cost"].is_monotonic_increasing
    assert found["deviation"].is_monotonic_decreasing


def test_another_scenarios_plan_at_the_first_ones_prices(
    path: Path, tmp_path: Path
) -> None:
    """A plan of wider bands costs, at the prices of the narrow ones, no less."""
    wide = tmp_path / "wide.toml"
    wide.write_text(TEXT.replace("tolerance = 0.05", "tolerance = 0.9"), "utf-8")
    for name in ("plan", "wide"):
        planner.solve(tmp_path / f"{name}.toml").save(tmp_path / f"{name}-plan")
    table = planner.compare([tmp_path / "plan-plan", tmp_path / "wide-plan"])
    own, other = table.loc["cost_at_first", ["plan-plan", "wide-plan"]]
    assert own == pytest.approx(table.loc["cost", "plan-plan"])
    assert other > table.loc["cost", "wide-plan"]
    assert table.loc["broken_at_first", "wide-plan"] == 0


def test_priorities_are_refused(path: Path) -> None:
    """In a sentence."""
    path.write_text(TEXT + '[[priorities]]\nterm = "balance[0]"\n', "utf-8")
    with pytest.raises(ScenarioError, match="accounts and reps who are known"):
        planner.read_scenario(path)
