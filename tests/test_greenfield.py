"""Where to put reps: solved by hand, by enumeration, and judged from the folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from small_bases import LINE, accounts_at, asked, least_cost, opened, sites_at, solved
from test_corruption import edit_certificate, edit_table, forge
from tiles import one_each, tiles

import planner
from planner.cli import main
from planner.errors import PlannerError, TableError
from planner.evaluate.verify import verify
from planner.scenario import parse_scenario
from planner.solution import Solution
from planner.solvers.result import Status


@pytest.fixture(autouse=True)
def no_map(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the drawing: it takes most of the time, and the judge ignores it."""
    monkeypatch.setattr("planner.reporting.PlanView.layers", lambda view: None)


SITES = [0.1, 2.5, 5.1, 7.5, 10.1]
"""One in each of the three towns, and two between them."""


def test_a_base_in_each_town() -> None:
    """Three towns, three bases; those between them stay closed."""
    solution = solved(
        asked("open = 3"), accounts=accounts_at(LINE), bases=sites_at(SITES)
    )
    assert opened(solution) == ["S0", "S2", "S4"]
    assert solution.status is Status.OPTIMAL


def test_bases_of_reps_stay_open_and_count() -> None:
    """R1 is far from all and yet one of the two; the other town pays for it."""
    reps = sites_at([-3.0]).rename(columns={"id": "rep_id"}).assign(rep_id=["R1"])
    frames = {"accounts": accounts_at(LINE), "bases": sites_at(SITES), "reps": reps}
    kept = solved(asked("open = 2", reps=True), **frames)
    assert opened(kept)[0] == "R1"
    free = solved(asked("open = 2, keep = false", reps=True), **frames)
    assert "R1" not in opened(free)
    assert free.cost < kept.cost


def test_capacity_forces_two_bases_into_one_town() -> None:
    """A base takes four accounts; the large town of six needs two of them."""
    town = [0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 5.0, 5.1]
    frames = {
        "accounts": accounts_at(town),
        "bases": sites_at([0.1, 0.2, 5.1], capacity=[4, 4, 9]),
    }
    limit = 'limits = [{measure = "accounts", high = "capacity"}]'
    solution = solved(asked("open = 3", limit), **frames)
    assert solution.metrics.reps["accounts"].max() == 4
    assert solution.status is Status.OPTIMAL


def test_at_most_opens_fewer_where_a_base_costs_more_than_it_saves() -> None:
    """A third base would save less travel than it costs."""
    frames = {"accounts": accounts_at(LINE[:6]), "bases": sites_at(SITES[:3])}
    dear = solved(asked("open = 3, exactly = false, cost = 1000"), **frames)
    assert opened(dear) == ["S0", "S2"]
    assert dear.status is Status.OPTIMAL
    exact = solved(asked("open = 3, cost = 1000"), **frames)
    assert exact.cost == pytest.approx(dear.cost + 1000)


def test_a_column_of_costs_comes_before_the_scenarios() -> None:
    """S0 has a cost of its own, S1 the scenario's."""
    sites = sites_at([0.1, 5.1], cost=["70", ""])
    solution = solved(
        asked("open = 2, cost = 5"), accounts=accounts_at(LINE[:6]), bases=sites
    )
    assert solution.costs_by_term()["opening"] == 75


def test_accounts_as_candidates_take_fields_from_the_scenario() -> None:
    """Bases at accounts of enough value, with a capacity that all have."""
    accounts = accounts_at(LINE, hours=1).assign(value=[1, 9, 1] * 3)
    scenario = parse_scenario(
        'accounts = {file = "accounts"}\n[bases]\nopen = 3\ncandidates = "accounts"\n'
        'where = [{ column = "value", at_least = 5 }]\n'
        "[bases.fields]\ncapacity = { constant = 3 }\n"
        '[[limits]]\nmeasure = "accounts"\nhigh = "capacity"\n'
        "[solve]\ntime_limit = 1.5\n"
    )
    solution = planner.solve(scenario, accounts=accounts)
    assert opened(solution) == ["A1", "A4", "A7"]


def random_case(seed: int) -> tuple[object, dict[str, object]]:
    """Return scenario and tables of a small random question."""
    rng = np.random.default_rng(seed)
    n, m = 7, int(rng.integers(3, 6))
    k = int(rng.integers(1, min(3, m) + 1))
    frames = {
        "accounts": accounts_at(
            rng.uniform(0, 3, n).round(3).tolist(),
            hours=rng.integers(1, 5, n),
            visits=rng.integers(1, 4, n),
        ),
        "bases": sites_at(
            rng.uniform(0, 3, m).round(3).tolist(),
            cost=rng.integers(0, 200, m),
            capacity=rng.integers(6, 12, m),
        ),
    }
    rules, keys = [], [f"open = {k}"]
    if rng.random() < 0.6:
        rules.append('limits = [{measure = "hours", high = "capacity"}]')
    exactly = rng.random() < 0.6
    if not exactly:
        keys.append("exactly = false")
    elif rng.random() < 0.5:
        hard = "hard = true" if rng.random() < 0.3 else "price = 40"
        rules.append(f'balance = [{{measure = "hours", tolerance = 0.3, {hard}}}]')
    if rng.random() < 0.4:
        reps = sites_at([1.5], capacity=[9]).rename(columns={"id": "rep_id"})
        frames["reps"] = reps.assign(rep_id=["R1"])
        frames["accounts"]["owner"] = rng.choice(["R1", ""], n)
        rules.append("handover = {fixed = 30}")
    scenario = asked(", ".join(keys), "\n".join(rules), reps="reps" in frames)
    return scenario, frames


@pytest.mark.parametrize("seed", range(14))
def test_against_all_sets_of_bases(seed: int, tmp_path: Path) -> None:
    """Bound <= best <= cost, equal where optimal; the judge agrees with the folder."""
    scenario, frames = random_case(seed)
    best = least_cost(scenario, **frames)
    solution = solved(scenario, **frames)
    if solution.status is Status.INFEASIBLE:
        assert best == np.inf
        assert solution.reasons
        return
    assert solution.result.bound <= best <= solution.result.cost
    if solution.status is Status.OPTIMAL:
        assert solution.result.cost == best
    if solution.plan is not None:
        solution.save(tmp_path / "out")
        verdict = verify(tmp_path / "out")
        assert verdict.ok, str(verdict)


@pytest.fixture(scope="module")
def two_of_three() -> Solution:
    """Return a solved question with a kept base, costs and a priced band."""
    scenario = asked(
        "open = 2, cost = 10",
        'balance = [{measure = "value", tolerance = 0.2, price = 30}]\n'
        'limits = [{measure = "accounts", high = 7}]',
        reps=True,
    )
    reps = sites_at([2.5]).rename(columns={"id": "rep_id"}).assign(rep_id=["R1"])
    return solved(
        scenario, accounts=accounts_at(LINE), bases=sites_at(SITES), reps=reps
    )


def _close_kept(folder: Path) -> None:
    edit_table(folder / "bases.csv", lambda rows: rows[0].update(open="no"))


def _cheaper_base(folder: Path) -> None:
    def cut(rows: list[dict[str, str]]) -> None:
        for row in rows:
            row["cost"] = "0.0"

    edit_table(folder / "inputs" / "bases.csv", cut)


def _move_rep(folder: Path) -> None:
    edit_table(
        folder / "inputs" / "reps.csv", lambda rows: rows[-1].update(longitude="0.3")
    )


def _claim_more(folder: Path) -> None:
    def raise_bound(told: dict) -> None:  # type: ignore[type-arg]
        told["bases"]["bound"] += 100
        told["bound"] += 100

    edit_certificate(folder, raise_bound)


def _price_a_stranger(folder: Path) -> None:
    edit_certificate(folder, lambda told: told["bases"]["prices"].update(nobody=1))


def _drop_base(folder: Path) -> None:
    edit_table(folder / "bases.csv", lambda rows: rows.pop())


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        (_close_kept, "bases"),
        (_drop_base, "bases"),
        (_move_rep, "bases"),
        (_cheaper_base, "terms"),
        (_claim_more, "bound"),
        (_price_a_stranger, "bound over bases"),
    ],
)
def test_forged_choices_are_caught(
    damage: object, check: str, two_of_three: Solution, tmp_path: Path
) -> None:
    """Even with hashes and seal made anew."""
    two_of_three.save(tmp_path / "out")
    assert verify(tmp_path / "out").ok
    damage(tmp_path / "out")  # type: ignore[operator]
    forge(tmp_path / "out")
    failed = [one.name for one in verify(tmp_path / "out").checks if not one.ok]
    assert any(name.startswith(check) for name in failed), failed


def test_an_edited_plan_keeps_its_bases(two_of_three: Solution, tmp_path: Path) -> None:
    """`resolve` gives accounts to named reps; the bases and their cost stay."""
    edited = planner.resolve(two_of_three, pins={"A0": "R1"})
    edited.save(tmp_path / "out")
    verdict = verify(tmp_path / "out")
    assert verdict.ok, str(verdict)
    assert opened(edited) == opened(two_of_three)


def test_decisions_keep_the_bases(two_of_three: Solution, tmp_path: Path) -> None:
    """Accepting all that is proposed changes neither bases nor cost."""
    table = two_of_three.changes().assign(decision="accept")
    edited = planner.resolve(two_of_three, decisions=table)
    assert edited.cost == pytest.approx(two_of_three.cost)
    edited.save(tmp_path / "out", drawings=False)
    verdict = verify(tmp_path / "out")
    assert verdict.ok, str(verdict)
    assert opened(edited) == opened(two_of_three)


def test_messages_say_what_to_change() -> None:
    """Too many, too few, no room, no such range."""
    frames = {"accounts": accounts_at(LINE), "bases": sites_at(SITES)}
    with pytest.raises(TableError, match="only 5 bases can be open: 0 kept, 5 cand"):
        solved(asked("open = 6"), **frames)
    reps = sites_at([1.0, 2.0, 3.0]).rename(columns={"id": "rep_id"})
    reps = reps.assign(rep_id=["R1", "R2", "R3"])
    with pytest.raises(TableError, match="3 bases of the table of reps stay open"):
        solved(asked("open = 2", reps=True), reps=reps, **frames)
    same = reps.assign(rep_id=["S0", "R2", "R3"])
    with pytest.raises(TableError, match="a rep of the table of reps has this id"):
        solved(asked("open = 4", reps=True), reps=same, **frames)
    with pytest.raises(PlannerError, match="'low:high' with low below high"):
        asked('open = "53:48"')
    with pytest.raises(PlannerError, match="reps"):
        parse_scenario('accounts = {file = "accounts"}')
    with pytest.raises(PlannerError, match=r"bases\.open asks for one solve each"):
        solved(asked('open = "2:3"'), **frames)
    full = solved(
        asked("open = 2", "limits = [{measure = 'accounts', high = 4}]"), **frames
    )
    assert full.status is Status.INFEASIBLE
    assert (
        "2 open bases can take 8 accounts at most, and 9 are needed" in full.reasons[0]
    )


def test_an_account_that_no_base_may_serve_is_named() -> None:
    """A3 alone needs more hours than any base has."""
    accounts = accounts_at(LINE, hours=[1, 1, 1, 9, 1, 1, 1, 1, 1])
    solution = solved(
        asked("open = 4", "limits = [{measure = 'hours', high = 5}]"),
        accounts=accounts,
        bases=sites_at(SITES),
    )
    assert solution.status is Status.INFEASIBLE
    assert "No candidate base may serve A3 (1 in all)" in solution.reasons[0]


def test_a_limit_by_a_field_needs_it_of_every_candidate() -> None:
    """No capacity is a fault, not a base without a limit."""
    with pytest.raises(TableError, match=r"Map it under bases\.fields"):
        solved(
            asked("open = 2", 'limits = [{measure = "hours", high = "capacity"}]'),
            accounts=accounts_at(LINE),
            bases=sites_at(SITES),
        )


def test_distances_of_closed_bases_count_in_the_bound(tmp_path: Path) -> None:
    """A table of distances, by which the base between two towns is the near one."""
    accounts, sites = accounts_at(LINE[:6]), sites_at(SITES[:3])
    pairs = [(a, s) for a in accounts["account_id"] for s in sites["id"]]
    distances = pd.DataFrame(pairs, columns=["account_id", "rep_id"])
    distances["km"] = np.where(distances["rep_id"] == "S1", 1, 9)
    solution = planner.solve(
        asked("open = 1"), accounts=accounts, bases=sites, distances=distances
    )
    assert opened(solution) == ["S1"]
    assert solution.cost == 12.0
    assert solution.status is Status.OPTIMAL
    solution.save(tmp_path / "out")
    verdict = verify(tmp_path / "out")
    assert verdict.ok, str(verdict)


def test_regions_choose_bases_and_hang_together(tmp_path: Path) -> None:
    """Candidates are the regions; territories are connected all the same."""
    regions = tiles(3, 4)
    scenario = parse_scenario(
        'unit = "region"\naccounts = {file = "accounts"}\n'
        'regions = {file = "regions"}\n'
        'bases = {candidates = "regions", open = 2}\n'
        'balance = [{measure = "value", tolerance = 0.2, hard = true}]\n'
        "[areas.compactness]\nto = 'base'\nprice = 1\n[solve]\ntime_limit = 1.5\n"
    )
    accounts = one_each(regions, value=1)
    solution = planner.solve(scenario, accounts=accounts, regions=regions)
    assert solution.plan is not None
    assert len(opened(solution)) == 2
    assert set(opened(solution)) <= set(regions["region_id"])
    solution.save(tmp_path / "out")
    verdict = verify(tmp_path / "out")
    assert verdict.ok, str(verdict)


def write_line(folder: Path, bases: str) -> Path:
    """Write the three towns as files; returns the scenario's path."""
    accounts_at(LINE).to_csv(folder / "accounts.csv", index=False)
    sites_at(SITES).to_csv(folder / "sites.csv", index=False)
    text = (
        'accounts = {file = "accounts.csv"}\n'
        f'bases = {{candidates = "sites.csv", {bases}}}\n'
        "[travel]\ncost_per_km = 1\ncost_per_hour = 0\n[solve]\ntime_limit = 1\n"
    )
    (folder / "plan.toml").write_text(text, "utf-8")
    return folder / "plan.toml"


def test_a_range_writes_a_plan_for_each_and_the_curve(tmp_path: Path) -> None:
    """Opening costs make three bases best; the next one up costs its price."""
    path, out = write_line(tmp_path, 'open = "2:4", cost = 50'), tmp_path / "out"
    done = CliRunner().invoke(main, ["solve", str(path), "-o", str(out)])
    assert done.exit_code == 0, done.output
    curve = pd.read_csv(out / "curve.csv")
    assert curve["k"].tolist() == [2, 3, 4]
    assert curve["cost"].idxmin() == 1
    assert curve["marginal_value"].tolist()[1] > 0
    assert curve["marginal_value"].tolist()[2] == -50
    assert (out / "curve.png").is_file()
    assert (out / "curve.svg").is_file()
    assert all(verify(out / f"k{k}").ok for k in (2, 3, 4))
    assert "Least cost" in done.output
    again = CliRunner().invoke(main, ["solve", str(path), "-o", str(out)])
    assert again.exit_code == 0, again.output
    (out / "mine.txt").write_text("x", "utf-8")
    refused = CliRunner().invoke(main, ["solve", str(path), "-o", str(out)])
    assert refused.exit_code == 2
    assert "mine.txt" in refused.output


def test_a_range_that_partly_has_no_plan_still_has_a_curve(tmp_path: Path) -> None:
    """Two bases cannot take nine accounts, three can."""
    path = write_line(tmp_path, 'open = "2:3"')
    text = path.read_text("utf-8") + '[[limits]]\nmeasure = "accounts"\nhigh = 4\n'
    path.write_text(text, "utf-8")
    done = CliRunner().invoke(main, ["solve", str(path), "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "2 reps: no plan (infeasible)" in done.output
    curve = pd.read_csv(tmp_path / "out" / "curve.csv")
    assert curve["status"].tolist()[0] == "infeasible"
    assert np.isnan(curve["cost"].tolist()[0])


def test_the_number_of_territories_may_be_a_range_too(tmp_path: Path) -> None:
    """`reps.count` by regions: a plan for each, and maps side by side."""
    regions = tiles(2, 4)
    regions.to_file(tmp_path / "regions.gpkg")
    one_each(regions, value=1).to_csv(tmp_path / "accounts.csv", index=False)
    (tmp_path / "plan.toml").write_text(
        'unit = "region"\naccounts = {file = "accounts.csv"}\n'
        'regions = {file = "regions.gpkg"}\nreps = {count = "2:3"}\n'
        "[areas.compactness]\nprice = 1\n[solve]\ntime_limit = 1\n",
        "utf-8",
    )
    out = tmp_path / "out"
    done = CliRunner().invoke(
        main, ["solve", str(tmp_path / "plan.toml"), "-o", str(out)]
    )
    assert done.exit_code == 0, done.output
    assert pd.read_csv(out / "curve.csv")["cost"].is_monotonic_decreasing


def test_interruption_hands_over_what_is_there() -> None:
    """Ctrl-C at the first plan: that plan, with a bound over all choices."""
    plans: list[float] = []
    scenario = asked("open = 3", "limits = [{measure = 'accounts', high = 4}]")
    solution = planner.solve(
        scenario,
        accounts=accounts_at(LINE),
        bases=sites_at(SITES),
        time_limit_s=600,
        interrupted=lambda: bool(plans),
        tell=lambda moment: plans.append(moment.cost) if moment.cost < np.inf else None,
    )
    assert solution.plan is not None
    assert len(opened(solution)) == 3
    assert solution.result.bound <= solution.result.cost
