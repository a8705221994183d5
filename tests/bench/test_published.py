"""`planner bench districting, tdp, cpmp`: from files to results, all plans tried."""

from __future__ import annotations

import math
import os
import re
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from running import run, table
from toys import (
    LINE_INERTIA,
    PAIRS,
    SIX,
    cost_of,
    plans,
    try_all,
    try_all_sites,
    trying_all,
    write,
    write_line,
)

from planner.bench import peers, published
from planner.bench.families import FAMILIES
from planner.bench.map_roads import area_model, ask_about_map
from planner.bench.published_job import solve_published
from planner.bench.site_roads import ask_about_medians
from planner.bench.whole import Medians
from planner.solvers.areas.model import AreaModel, AreaOutcome
from planner.solvers.result import Watch
from planner.solvers.siting.model import SitingModel

Stubs = dict[str, ModuleType]
__all__ = ["trying_all"]


@pytest.fixture(autouse=True)
def here(trying_all: Stubs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs in this process, so that they meet the solvers that try all."""

    def run_here(job: dict, tell: Any, *, patience_s: float) -> dict:
        return solve_published(job, tell) | {"peak_mb": 1.0}

    monkeypatch.setattr(published, "run_job", run_here)


def test_districting_solves_both_objectives(tmp_path: Path) -> None:
    """A row, a solution and a line of the summary for each."""
    out = tmp_path / "out"
    result = run("districting", write_line(tmp_path), "-o", out)
    assert result.exit_code == 0, result.output
    solutions = ["cut_edges-line.sol", "inertia-line.sol"]
    assert sorted(os.listdir(out)) == [*solutions, "results.csv", "results.md"]
    assert (out / "cut_edges-line.sol").read_text("utf-8") == "0\n0\n1\n1\n"
    inertia, cut = table(out)
    same = {"units": "4", "reps": "2", "status": "optimal", "solver": "planner"}
    assert {key: inertia[key] for key in same} == same
    assert (inertia["instance"], inertia["objective"]) == ("inertia-line", "inertia")
    assert float(inertia["cost"]) == pytest.approx(LINE_INERTIA, abs=1e-6)
    assert (cut["cost"], cut["bound"], cut["best_known"]) == ("1", "1", "1")
    text = (out / "results.md").read_text("utf-8")
    assert "# planner bench districting" in text
    assert "| inertia | planner | 1 | 1 | 1 |" in text
    assert "best reached" in text
    assert "from reading the file to the solution written" in text
    assert "No bound lies above any cost" in text


def test_one_objective_alone(tmp_path: Path) -> None:
    """The other one is not run."""
    path, out = write_line(tmp_path), tmp_path / "out"
    assert (
        run("districting", path, "-o", out, "--objective", "cut_edges").exit_code == 0
    )
    assert [row["instance"] for row in table(out)] == ["cut_edges-line"]


def test_tdp_and_cpmp_write_centres_and_medians(tmp_path: Path) -> None:
    """What a solution holds is what the scorers of these families read."""
    six, out = write(tmp_path, "six.dat", SIX), tmp_path / "out"
    assert run("tdp", six, "-o", out).exit_code == 0
    assert (out / "six.sol").read_text("utf-8") == "1\n1\n1\n4\n4\n4\n"
    assert [(row["cost"], row["bound"]) for row in table(out)] == [("4", "4")]
    cpmp1 = write(tmp_path, "cpmp1.txt", PAIRS)
    assert run("cpmp", cpmp1, "-o", out).exit_code == 0
    assert (out / "cpmp1.sol").read_text("utf-8") == "0\n0\n2\n2\n"
    assert [(row["cost"], row["bound"]) for row in table(out)] == [("2", "2")]


def test_claim_that_the_count_refutes_is_wrong(
    tmp_path: Path, trying_all: Stubs
) -> None:
    """Neither a plan in pieces nor a cost that is too low goes through."""

    def in_pieces(model: AreaModel, *_watch: Any, **_settings: Any) -> AreaOutcome:
        return AreaOutcome(np.array([0, 1, 0, 1]), 3.0, 3.0)

    def too_low(model: AreaModel, *_watch: Any, **_settings: Any) -> AreaOutcome:
        return try_all(model)._replace(cost=0.5)

    path, out = write_line(tmp_path), tmp_path / "out"
    command = ("districting", path, "-o", out, "--objective", "cut_edges")
    trying_all["areas"].solve_areas = in_pieces
    assert run(*command).exit_code == 1
    (row,) = table(out)
    assert row["status"] == "wrong: 4 pieces for 2 territories"
    assert (row["cost"], row["value"]) == ("", "3")
    assert not list(out.glob("*.sol"))
    trying_all["areas"].solve_areas = too_low
    assert run(*command).exit_code == 1
    assert table(out)[0]["status"] == "wrong: costs 1.0, not 0.5"


def test_bound_of_whole_costs_is_rounded_up(tmp_path: Path, trying_all: Stubs) -> None:
    """No plan cuts 0.1 edges, so one is proven."""

    def low(model: AreaModel, *_watch: Any, **_settings: Any) -> AreaOutcome:
        return try_all(model)._replace(bound=0.1)

    trying_all["areas"].solve_areas = low
    out = tmp_path / "out"
    run("districting", write_line(tmp_path), "-o", out)
    inertia, cut = table(out)
    assert (inertia["status"], inertia["bound"]) == ("feasible", "0.1")
    assert (cut["status"], cut["bound"]) == ("optimal", "1")


def test_no_plan_is_a_row(tmp_path: Path) -> None:
    """A question without an answer is said to be one."""
    text = SIX.replace("6 5 2 0.0", "6 5 4 0.1")
    out = tmp_path / "out"
    assert run("tdp", write(tmp_path, "six", text), "-o", out).exit_code == 1
    assert table(out)[0]["status"] == "infeasible"


# ---- peers ---------------------------------------------------------------------------


def test_peers_are_counted_and_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they break stands beside their value; a missing package is named."""
    monkeypatch.setitem(peers.NEEDS, "spopt", ("no_such_package",))
    monkeypatch.setitem(peers.NEEDS, "gerrychain", ("no_such_package",))
    monkeypatch.setitem(peers.NEEDS, "k-means-constrained", ())
    clusters = np.array([0, 1, 1, 1])
    monkeypatch.setattr("planner.bench.families.import_peer", lambda peer: None)
    monkeypatch.setattr(
        "planner.bench.map_roads.ask_for_regions", lambda *a, **k: clusters
    )
    path, out = write_line(tmp_path), tmp_path / "out"
    arguments = ("--objective", "cut_edges", "--peers", "--threads", 1)
    result = run("districting", path, "-o", out, *arguments)
    assert result.exit_code == 0, result.output
    rows = {row["solver"]: row for row in table(out)}
    assert list(rows) == ["planner", "highs", "cp-sat", "k-means-constrained"]
    assert [rows[peer]["cost"] for peer in ("highs", "cp-sat")] == ["1", "1"]
    broken = rows["k-means-constrained"]
    assert (broken["status"], broken["cost"]) == ("breaks: off by 50 %", "")
    assert (broken["value"], broken["breaks"]) == ("1", "off by 50 %")
    text = (out / "results.md").read_text("utf-8")
    assert "spopt was not asked: no_such_package is not installed (pip" in text
    assert "k-means-constrained is asked for clusters with a number of units" in text


def test_peers_that_do_not_apply_are_named() -> None:
    """Never dropped without a word."""
    gap, cpmp = peers.notes("gap"), peers.notes("cpmp")
    assert len(gap) == len(cpmp) - 1 == len(peers.NEEDS)
    assert cpmp[0].startswith("Above 300,000 pairs of unit and centre or label")
    assert "gerrychain does not apply: there is no map of neighbours." in cpmp
    assert all("does not apply: it assigns nothing" in sentence for sentence in gap)
    assert set(FAMILIES["cpmp"].peers) - {"highs", "cp-sat"} == {
        "spopt",
        "k-means-constrained",
    }


def small_map(seed: int, *, inertia: bool) -> AreaModel:
    """Return six or seven units on a random tree with a few more edges."""
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(6, 8)), int(rng.integers(2, 4))
    tree = {(int(rng.integers(v)), v) for v in range(1, n)}
    more = {tuple(sorted(map(int, rng.choice(n, 2, replace=False)))) for _ in range(2)}
    edges = np.array(sorted(tree | more))
    load = rng.integers(1, 5, (2, n))
    low, high = load.sum(axis=1) // k - 4, load.sum(axis=1) // k + 3
    place = rng.random((n, 2))
    centre = np.hypot(*(place[:, None] - place).transpose(2, 0, 1))
    shape = {"centre": centre} if inertia else {"edge_price": np.ones(len(edges))}
    return area_model(k, edges, load, low, high, place, **shape)


@pytest.mark.parametrize("solver", ["highs", "cp-sat"])
@pytest.mark.parametrize("inertia", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_whole_models_of_maps_agree_with_trying_all(
    solver: str, inertia: bool, seed: int
) -> None:
    """Same cost, same proof, and the plan is one of those that are allowed."""
    model = small_map(seed, inertia=inertia)
    best = try_all(model)
    found = ask_about_map(
        solver, model, Watch(20.0), seed=1, threads=1, whole=not inertia
    )
    if best.infeasible:
        assert found.status == "infeasible"
        return
    assert found.label is not None
    assert found.status == "optimal"
    assert found.cost == pytest.approx(best.cost, rel=1e-6)
    assert found.bound == pytest.approx(best.cost, rel=1e-6)
    assert cost_of(model, found.label) == pytest.approx(best.cost, rel=1e-6)
    as_sets = {tuple(label) for label in plans(model)}
    renamed = np.unique(found.label, return_inverse=True)[1]
    assert tuple(renamed) in as_sets


def small_sites(seed: int) -> Medians:
    """Return five points of which two are to serve all."""
    rng = np.random.default_rng(seed)
    place = rng.random((5, 2))
    distance = np.hypot(*(place[:, None] - place).transpose(2, 0, 1))
    demand = rng.integers(1, 5, 5)
    capacity = demand + rng.integers(0, 3, 5) + demand.sum() // 3
    return Medians(distance, demand, capacity, 2, place)


@pytest.mark.parametrize("solver", ["highs", "cp-sat", "planner"])
@pytest.mark.parametrize("seed", range(4))
def test_whole_models_of_sites_agree_with_trying_all(solver: str, seed: int) -> None:
    """Same cost and same proof."""
    question = small_sites(seed)
    model = SitingModel.of(
        question.distance, question.demand, question.capacity, question.p
    )
    best = try_all_sites(model)
    found = ask_about_medians(solver, question, Watch(20.0), seed=1, threads=1)
    assert found.status == "optimal"
    assert found.cost == pytest.approx(best.cost, rel=1e-6)


@pytest.mark.parametrize("peer", ["spopt", "gerrychain", "k-means-constrained"])
def test_peers_answer_a_map(peer: str, tmp_path: Path) -> None:
    """A grid of thirty-six squares: as many territories as asked for."""
    if not peers.present([peer]):
        pytest.skip(f"{peer} is not installed")
    side = 6
    at = [(i, j) for i in range(side) for j in range(side)]
    units = "".join(f"{i} {j} 1 1 1\n" for i, j in at)
    pairs = [(i * side + j, i * side + j + 1) for i, j in at if j + 1 < side]
    pairs += [(i * side + j, (i + 1) * side + j) for i, j in at if i + 1 < side]
    edges = "".join(f"{u} {v}\n" for u, v in pairs)
    text = f"36 {len(pairs)} 3 0.25\n{units}{edges}"
    job = {"kind": "tdp", "file": str(write(tmp_path, "grid", text)), "solver": peer}
    job |= {"seed": 1, "threads": 1, "time_limit": 3.0}
    answer = solve_published(
        job | {"solution": str(tmp_path / "a.sol")}, lambda moment: None
    )
    assert re.fullmatch("feasible|breaks: off by .* %", answer["status"])
    centres = (tmp_path / "a.sol").read_text("utf-8").split()
    assert len(set(centres)) == 3
    assert peer != "gerrychain" or answer["status"] == "feasible"


def test_spopt_answers_a_p_median() -> None:
    """In the units of the question, though it multiplies by demand."""
    if find_spec("spopt") is None:
        pytest.skip("spopt is not installed")
    question = small_sites(1)
    found = ask_about_medians("spopt", question, Watch(20.0), seed=1, threads=1)
    assert found.label is not None
    assert math.isnan(found.cost)
    cost = question.distance[np.arange(5), found.label].sum()
    exact = ask_about_medians("highs", question, Watch(20.0), seed=1, threads=1)
    assert cost <= exact.cost + 1e-9  # its medians need not serve themselves


def test_large_whole_models_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that fills the memory helps nobody."""
    monkeypatch.setattr("planner.bench.whole.MOST_PAIRS", 10)
    model = small_map(1, inertia=True)
    found = ask_about_map("highs", model, Watch(5.0), seed=1, threads=1)
    assert (found.status, found.label) == ("too large", None)
    answer = ask_about_medians("cp-sat", small_sites(1), Watch(5.0), seed=1, threads=1)
    assert answer.status == "too large"
