"""`planner bench areas`: any scenario of regions, every plan counted alike."""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from running import run, table
from tiles import tiles

from planner.bench import areas, areas_peers
from planner.bench.areas_count import count_plan, with_reps
from planner.bench.areas_job import compile_case, read_case, solve_on_map
from planner.bench.areas_peers import PEERS, Peer, ask_peer, bare_map, missing
from planner.bench.results import COLUMNS
from planner.cli import main
from planner.embedded import data_folder
from planner.evaluate.verify import verify
from planner.solvers.areas.model import AreaModel, Band, Split
from planner.solvers.result import Watch

SCENARIO = """\
name = "Squares"
unit = "region"

[regions]
file = "squares.geojson"

[reps]
count = {reps}

[measures.people]
of = "people"

[[balance]]
measure = "people"
tolerance = {tolerance}
hard = true

[areas.compactness]
measure = "people"
price = 1.0
"""
LOWER_48 = """\
name = "Lower 48"
unit = "region"

[accounts]
file = "hospitals.csv"

[regions]
file = "counties.parquet"

[reps]
count = 60

[measures.population]
of = "population"

[measures.beds]
of = "beds"

[[balance]]
measure = "population"
tolerance = 0.40
hard = true

[[limits]]  # only to be counted
measure = "beds"
high = 10_000_000

[areas]
level = "county"
set_apart = true

[areas.compactness]
measure = "population"
price = 0.001
"""


def write_squares(
    folder: Path, *, tall: int = 2, wide: int = 4, reps: int = 2, tolerance: float = 0.0
) -> Path:
    """Squares of ten people each, and the scenario that divides them."""
    regions = tiles(tall, wide, people=[10] * (tall * wide))
    regions.to_file(folder / "squares.geojson", driver="GeoJSON")
    path = folder / "squares.toml"
    path.write_text(SCENARIO.format(reps=reps, tolerance=tolerance), "utf-8")
    return path


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs in this process."""

    def run_here(job: dict, tell: Any, *, patience_s: float) -> dict:
        work = compile_case if job["kind"] == "areas case" else solve_on_map
        return work(job, tell) | {"peak_mb": 1.0}

    monkeypatch.setattr(areas, "run_job", run_here)


@pytest.mark.usefixtures("here")
def test_a_scenario_becomes_a_verified_plan(tmp_path: Path) -> None:
    """Two by two squares are a territory; the folder is kept and judged."""
    path, out = write_squares(tmp_path), tmp_path / "out"
    result = run("areas", path, "-o", out, "--time-limit", 2, "--keep-plan")
    assert result.exit_code == 0, result.output
    (row,) = table(out)
    assert tuple(row) == (*COLUMNS, *areas.COLUMNS, "low_people", "high_people")
    same = {"instance": "squares", "units": "8", "reps": "2", "solver": "planner"}
    assert {key: row[key] for key in same} == same
    counted = {"territories": "2", "pieces": "2", "outside": "0", "cut_edges": "2"}
    assert {key: row[key] for key in counted} == counted
    assert (row["verified"], row["breaks"], row["value"]) == ("yes", "", "")
    assert float(row["low_people"]) == float(row["high_people"]) == 0
    people, price = 80, 1.0
    paid = float(row["spread_km2"]) * people * price
    assert float(row["cost"]) == pytest.approx(paid, rel=1e-3)
    assert verify(out / "squares-1").ok
    text = (out / "results.md").read_text("utf-8")
    assert "people +0.0 % .. +0.0 %" in text
    assert "from the compiled model, one for all solvers, to the plan" in text


@pytest.mark.usefixtures("here")
def test_peers_are_named_with_what_became_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One breaks rules, one fails, one is late, one is not installed."""

    def stripes(model: AreaModel, *_rest: Any) -> np.ndarray:
        return np.arange(model.n) % 2

    def fails(*_rest: Any) -> None:
        raise ValueError("no\nregions")

    def late(*_rest: Any) -> None:
        time.sleep(60)

    asked = {"stripes": stripes, "fails": fails, "late": late}
    peers = {name: Peer((), (), ask, ()) for name, ask in asked.items()}
    peers["absent"] = Peer(("no_such_package",), (), stripes, ())
    monkeypatch.setattr(areas_peers, "PEERS", peers)
    out = tmp_path / "out"
    path = write_squares(tmp_path)
    result = run("areas", path, "-o", out, "--time-limit", 1, "--peers")
    assert result.exit_code == 0, result.output
    _own, striped, failed, timed_out = table(out)
    assert striped["status"] == "breaks: 4 pieces for 2 territories"
    assert (striped["cost"], striped["pieces"]) == ("", "4")
    assert float(striped["value"]) > 0
    assert failed["status"] == "failed: ValueError: no regions"
    assert timed_out["status"] == "no plan within the time limit"
    text = (out / "results.md").read_text("utf-8")
    assert "absent was not asked: no_such_package is not installed" in text


@pytest.mark.parametrize("peer", PEERS)
def test_installed_peers_answer(peer: str, tmp_path: Path) -> None:
    """Connected ones yield connected groups, and gerrychain keeps its band."""
    if missing(peer):
        pytest.skip(f"{peer} is not installed")
    path = write_squares(tmp_path, tall=4, wide=4, reps=4, tolerance=0.3)
    model = read_case(path).model
    assert areas_peers.why_not(peer, model) == ""
    label = ask_peer(peer, model, Watch(4.0), seed=1, threads=1)
    if peer == "spopt max-p" and label is None:
        pytest.skip("max-p may take long")
    assert label is not None
    count = count_plan(model, label)
    if "k-means" not in peer or peer.startswith("spopt"):
        assert count.pieces == count.territories
    if peer.startswith("gerrychain"):
        assert count.breaks == ()


def test_what_is_no_scenario_of_regions_is_refused(tmp_path: Path) -> None:
    """Before anything is run."""
    CliRunner().invoke(main, ["init", str(tmp_path / "plan")])
    result = run("areas", tmp_path / "plan" / "plan.toml", "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert "plans single accounts" in result.output
    assert 'unit = "region"' in result.output


@pytest.mark.usefixtures("here")
def test_faults_of_tables_reach_the_user(tmp_path: Path) -> None:
    """As sentences, though another process has found them."""
    path = write_squares(tmp_path)
    (tmp_path / "squares.geojson").unlink()
    result = run("areas", path, "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert "cannot be compiled" in result.output
    assert "squares.geojson" in result.output
    assert "Traceback" not in result.output


@pytest.mark.usefixtures("here")
def test_one_rep_leaves_nothing_to_compare(tmp_path: Path) -> None:
    result = run("areas", write_squares(tmp_path, reps=1), "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert "leaves only one plan" in result.output


@pytest.mark.usefixtures("here")
def test_no_plan_is_a_row_with_its_reasons(tmp_path: Path) -> None:
    """Eight squares are not three times as many."""
    out = tmp_path / "out"
    result = run("areas", write_squares(tmp_path, reps=3), "-o", out, "--time-limit", 1)
    assert result.exit_code == 1
    (row,) = table(out)
    assert (row["status"], row["cost"], row["verified"]) == ("infeasible", "", "")
    assert row["reasons"]
    assert (out / "results.md").is_file()


def row_of_four(**more: Any) -> AreaModel:
    """Units 0-1-2-3 a kilometre apart, loads 1 2 3 4, two territories."""
    load = np.array([[1, 2, 3, 4]])
    place = np.array([[0.0, 0], [1000, 0], [2000, 0], [3000, 0]])
    return AreaModel(
        k=2,
        edges=np.array([[0, 1], [1, 2], [2, 3]]),
        load=np.broadcast_to(load[:, :, None], (1, 4, 2)),
        place=place,
        **more,
    )


def test_count_of_a_row() -> None:
    """Loads 3 and 7 of mean 5; spreads 1 x 2 / 3 and 3 x 4 / 7 km2."""
    each = np.eye(2, dtype=bool)
    bands = tuple(Band(0, member, 4, 6) for member in each)
    count = count_plan(row_of_four(bands=bands), np.array([0, 0, 1, 1]))
    assert (count.territories, count.pieces, count.cut_edges) == (2, 2, 1)
    assert (count.low[0], count.high[0]) == pytest.approx((-0.4, 0.4))
    assert count.outside == 2
    assert count.spread_km2 == pytest.approx((2 / 3 + 12 / 7) / 10)
    assert count.breaks == ("2 of 2 hard bands",)


def test_count_names_every_rule_that_is_broken() -> None:
    pair = np.zeros((4, 2))
    pair[0, 0] = np.inf
    fixed = np.array([-1, 1, -1, -1])
    model = row_of_four(pair=pair, fixed=fixed)
    count = count_plan(model, np.array([0, 0, 1, 0]))
    assert count.breaks == (
        "3 pieces for 2 territories",
        "2 units with a rep who may not have them",
    )
    alone = count_plan(row_of_four(), np.zeros(4, dtype=np.int64))
    assert alone.breaks == ("1 territories instead of 2",)
    many = count_plan(row_of_four(), np.arange(4))
    assert many.breaks == ("4 territories instead of 2",)
    assert many.outside == 2


def test_cost_has_every_term() -> None:
    """Pairs 1, borders 5, three steps off a priced band at 2, a split at 7."""
    model = row_of_four(
        pair=np.array([[1.0, 9], [0, 9], [9, 0], [9, 0]]),
        edge_price=np.array([3.0, 5, 3]),
        bands=(Band(0, np.array([True, False]), 6, -1, price=2.0),),
        splits=(Split(np.array([1, 2]), np.array([0, 1]), 7.0),),
    )
    assert count_plan(model, np.array([0, 0, 1, 1])).cost == 1 + 5 + 3 * 2 + 7


@given(st.lists(st.integers(0, 20), min_size=12, max_size=12))
def test_groups_get_the_reps_that_cost_least(prices: list[int]) -> None:
    """As trying every order of three reps says."""
    model = AreaModel(
        k=3,
        edges=np.array([[0, 1], [1, 2], [2, 3]]),
        load=np.ones((1, 4, 3), dtype=np.int64),
        pair=np.array(prices, dtype=float).reshape(4, 3),
    )
    group = np.array([5, 5, 2, 9])
    label = with_reps(model, np.arange(4), group)
    assert label[0] == label[1]
    assert len(set(label.tolist())) == 3
    orders = itertools.permutations(range(3))
    tried = [np.array([a, a, b, c]) for a, b, c in orders]
    least = min(count_plan(model, one).cost for one in tried)
    assert count_plan(model, label).cost == least


def test_a_bare_map_has_neither_reps_nor_what_is_off_it() -> None:
    """The main measure comes first, and its bands with it."""
    load = np.array([[1, 2, 3, 4], [5, 6, 7, 8]])
    model = AreaModel(
        k=2,
        edges=np.array([[0, 2], [2, 3]]),
        load=np.broadcast_to(load[:, :, None], (2, 4, 2)),
        bands=(Band(1, np.array([True, False]), 9, 20),),
        pair=np.ones((4, 2)),
        fixed=np.array([0, -1, -1, -1]),
        on_map=np.array([True, False, True, True]),
    )
    bare, units = bare_map(model, main=1)
    assert units.tolist() == [0, 2, 3]
    assert bare.edges.tolist() == [[0, 1], [1, 2]]
    assert bare.load[:, :, 0].tolist() == [[5, 7, 8], [1, 3, 4]]
    assert bare.bands[0].measure == 0
    assert (bare.pair, bare.fixed, bare.on_map) == (None, None, None)


def write_lower_48(folder: Path, reference: Path) -> Path:
    """Counties with people, hospitals with beds, and a scenario of 60 reps."""
    regions = gpd.read_parquet(data_folder() / "us" / "regions.parquet")
    code = regions.set_index("region_id")["abbreviation"]
    far = {"AK", "HI", "AS", "GU", "MP", "PR", "VI"}
    counties = regions[regions["level"] == "county"]
    counties = counties[~counties["parent"].map(code).isin(far)]
    people = pd.read_csv(
        reference / "data" / "us_county_population_2020.csv", dtype=str
    ).set_index("county_fips")["population_2020"]
    counties = counties.assign(population=counties["region_id"].map(people).astype(int))
    columns = ["region_id", "name", "level", "population", "geometry"]
    counties[columns].to_parquet(folder / "counties.parquet")
    hospitals = pd.read_csv(
        reference / "data" / "hifld_hospitals_2020.csv", dtype=str, encoding="utf-8-sig"
    )
    is_open = (hospitals["STATUS"] == "OPEN") & (hospitals["BEDS"].astype(int) > 0)
    hospitals = hospitals[is_open & ~hospitals["STATE"].isin(far | {"PW"})]
    names = {"ID": "account_id", "LATITUDE": "latitude", "LONGITUDE": "longitude"}
    hospitals = hospitals.rename(columns=names | {"BEDS": "beds"})
    kept = [*names.values(), "beds"]
    hospitals[kept].to_csv(folder / "hospitals.csv", index=False)
    path = folder / "us.toml"
    path.write_text(LOWER_48, "utf-8")
    return path


def test_counties_of_the_lower_48(tmp_path: Path, reference: Path) -> None:
    """3,108 counties, Los Angeles apart: a verified plan in a short time."""
    path, out = write_lower_48(tmp_path, reference), tmp_path / "out"
    result = run("areas", path, "-o", out, "--time-limit", 15, "--keep-plan")
    assert result.exit_code == 0, result.output
    (row,) = table(out)
    assert (row["units"], row["reps"], row["territories"]) == ("3107", "59", "59")
    assert (row["pieces"], row["outside"], row["verified"]) == ("59", "0", "yes")
    assert -0.4001 < float(row["low_population"]) < float(row["high_population"])
    assert float(row["high_population"]) < 0.4001
    assert float(row["spread_km2"]) < 25_000
    assert "low_beds" in row
    assert verify(out / "us-1").ok
