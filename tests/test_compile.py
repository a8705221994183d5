"""
Tables + scenario -> Problem, with every number computed by hand.

Most tests use the question of `small`: travel costs 200 and 800 cents for a1 with r1
and r2, 400 and 600 for a2, 1000 and 200 for a3; each account takes 10 hours.
"""

from __future__ import annotations

import io

import pandas as pd
import pytest
from problems import UNSKILLED, compiled
from small import REPS, ROOMY

from planner.compile import Compiled, compile_problem
from planner.errors import PlannerError
from planner.scenario import parse_scenario
from planner.tables import load_tables

DEGREE = """\
account_id,country,latitude,longitude,visits,hours,grade
b1,X,0,11,4,2.5,A
b2,Y,0,12,1,1.5,B
"""
BASES = """\
rep_id,latitude,longitude,grade
s1,0,10,senior
s2,0,11,junior
"""


def on_the_equator(rules: str) -> Compiled:
    """Two accounts and two reps on the equator, one degree (111.19508 km) apart."""
    scenario = parse_scenario(
        'accounts = {file = "accounts"}\nreps = {file = "reps"}\n' + rules
    )
    frames = [
        pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
        for text in (DEGREE, BASES)
    ]
    tables = load_tables(scenario, scenario.base, accounts=frames[0], reps=frames[1])
    return compile_problem(tables, scenario)


def ends(made: Compiled) -> dict[str, tuple[int, int | None]]:
    """Row -> low and high in steps."""
    return {row.id: (row.low, row.high) for row in made.problem.rows}


def test_cost_by_the_distance_table() -> None:
    """A visit is a round trip: a1-r2 is 2 x 4 km x 1.00 = 8.00 = 800 cents."""
    problem = compiled().problem
    assert problem.unit_ids == ("a1", "a2", "a3")
    assert problem.terms == ("travel",)
    assert problem.cost.tolist() == [[200, 800, 400, 600, 1000, 200]]
    assert problem.start.tolist() == [0, 2, 4, 6]
    assert problem.rep.tolist() == [0, 1, 0, 1, 0, 1]
    assert problem.measures == ()
    assert problem.demand.shape == (0, 6)


def test_cost_by_great_circle() -> None:
    """
    One degree is 111.19508 km; a tour serves two visits.

    b1-s1: 111.19508 x 1.5 (country X) = 166.793 km: 40 km at 40 km/h = 1 h, 126.793
    at 80 = 1.5849125 h; 4 / 2 trips x 2 ways x (166.793 x 0.5 + 2.5849125 x 10)
    = 4 x (83.3965 + 25.849125) = 436.9825 -> 43698 (half-even of 43698.25).
    b1-s2: the same spot: 0.
    b2-s1: 2 degrees x 1.2 = 266.868 km; 1 + 226.868 / 80 = 3.83585 h; 1 / 2 x 2 x
    (133.434 + 38.3585) = 171.7925 -> 17179.25 -> 17179.
    b2-s2: 1 degree x 1.2 = 133.434 km; 1 + 93.434 / 80 = 2.167925 h; 66.717 +
    21.67925 = 88.39625 -> 8839.6 -> 8840.
    """
    made = on_the_equator(
        """
        [travel]
        circuity = 1.2
        circuity_by = {X = 1.5}
        visits_per_trip = 2
        cost_per_km = 0.5
        cost_per_hour = 10
        speeds = [[40, 40], [inf, 80]]
        """
    )
    assert made.problem.cost.tolist() == [[43698, 0, 17179, 8840]]


def test_hours_with_travel_factor_and_filter() -> None:
    """
    Only grade A counts; a junior takes 1.25 times the hours; driving is added.

    b1-s1: 2.5 + 4 visits x 2 ways x 1.11195 h (111.195 km at 100 km/h) = 2.5 + 8.8956
    = 11.3956 -> 1140 steps of 1/100 h. b1-s2: 2.5 x 1.25 + 0 = 3.125 -> 312 (half to
    even). b2 has grade B: 0.
    """
    made = on_the_equator(
        """
        [travel]
        circuity = 1
        speeds = [[inf, 100]]
        [measures.work]
        of = "hours"
        travel = true
        factor_by_grade = {junior = 1.25}
        where = [{column = "grade", in = ["A"]}]
        """
    )
    assert made.problem.measures == ("work",)
    assert made.problem.scales == (100,)
    assert made.problem.demand.tolist() == [[1140, 312, 0, 0]]


def test_scale_is_exact_for_the_table() -> None:
    """Hours of 2.5 and 1.5 need one decimal; accounts need none."""
    made = on_the_equator(
        'limits = [{measure = "hours", high = 9}, {measure = "accounts", high = 2}]'
    )
    assert made.problem.measures == ("accounts", "hours")
    assert made.problem.scales == (1, 10)
    assert made.problem.demand.tolist() == [[1, 1, 1, 1], [25, 25, 15, 15]]


@pytest.mark.parametrize(
    ("limit", "low", "high"),
    [
        ("low = 1.24, high = 2.99", 13, 29),
        ("low = 1.2, high = 2.9", 12, 29),
        ("high = 0.3", 0, 3),
        ("low = 0.1", 1, None),
    ],
)
def test_limits_are_rounded_inward(limit: str, low: int, high: int | None) -> None:
    """A load of 3.0 hours is above 2.99: the steps of 0.1 must not hide that."""
    made = on_the_equator(f'limits = [{{measure = "hours", {limit}}}]')
    assert ends(made)["limits[0]/s1"] == (low, high)


def test_limits_by_field_team_and_choice_of_reps() -> None:
    """Capacity 10 (r1, north) and 30 (r2, south)."""
    made = compiled(
        'limits = [{measure = "hours", high = "capacity"},'
        ' {measure = "hours", per = "all", low = "capacity"},'
        ' {measure = "hours", per = "team", teams = ["south"], high = 25},'
        ' {measure = "accounts", reps = ["r2"], low = 1}]'
    )
    assert ends(made) == {
        "limits[0]/r1": (0, 10),
        "limits[0]/r2": (0, 30),
        "limits[1]/all": (40, None),
        "limits[2]/team:south": (0, 25),
        "limits[3]/r2": (1, None),
    }
    assert [row.reps.tolist() for row in made.problem.rows] == [
        [0],
        [1],
        [0, 1],
        [1],
        [1],
    ]


def test_a_rep_outside_the_limit_needs_no_number() -> None:
    """An empty capacity is "not given", not 0."""
    reps = REPS.replace("imaging,10", "imaging,")
    made = compiled(
        'limits = [{measure = "hours", high = "capacity", reps = ["r2"]}]', reps=reps
    )
    assert ends(made) == {"limits[0]/r2": (0, 30)}


@pytest.mark.parametrize(
    ("target", "bands"),
    [
        ("equal", {"r1": (270, 330), "r2": (270, 330)}),
        ("capacity", {"r1": (135, 165), "r2": (405, 495)}),
        ("quota", {"r1": (360, 440), "r2": (180, 220)}),
        ("ramp", {"r1": (432, 528), "r2": (108, 132)}),
    ],
)
def test_balance_targets(target: str, bands: dict[str, tuple[int, int]]) -> None:
    """
    600 of value in all, 10 % tolerance.

    equal 300 each; capacity 10 : 30 gives 150 and 450; quota 4 : 2 gives 400 and 200;
    ramp 1 : 0.25 gives 480 and 120.
    """
    lines = ROOMY.replace("99", "10", 1).replace("99", "30").splitlines()
    more = ("quota,ramp", "4,1", "2,0.25")
    reps = "\n".join(f"{a},{b}" for a, b in zip(lines, more, strict=True)) + "\n"
    made = compiled(
        f'balance = [{{measure = "value", target = "{target}", price = 0.5}}]',
        reps=reps,
    )
    assert ends(made) == {f"balance[0]/{r}": band for r, band in bands.items()}
    assert {row.price for row in made.problem.rows} == {50}


def test_balance_per_team_and_hard() -> None:
    """
    Two reps of team north share a target of two thirds of the 3 accounts.

    Hard bands are rounded inward: 2 x 0.7 = 1.4 -> 2 and 2 x 1.3 = 2.6 -> 2. The rep
    without a team has no band, yet its weight counts.
    """
    reps = REPS + "r3,Cy,north,,,5\n"
    reps = reps.replace("south", "")
    made = compiled(
        'balance = [{measure = "accounts", per = "team", tolerance = 0.3, '
        "hard = true}]",
        reps=reps,
    )
    assert ends(made) == {"balance[0]/team:north": (2, 2)}
    assert made.problem.rows[0].reps.tolist() == [0, 2]
    assert made.problem.rows[0].price is None


def test_fine_prices_make_a_finer_cost_scale() -> None:
    """0.0005 a unit is a twentieth of a cent: costs are kept in 1/10,000."""
    made = compiled('balance = [{measure = "value", price = 0.0005}]')
    assert made.problem.cost_scale == 10_000
    assert made.problem.rows[0].price == 5
    assert made.problem.cost[0, 0] == 20_000


def test_no_target_without_weights() -> None:
    """Dividing by 0 would put NaN into a proof."""
    reps = REPS.replace(",10\n", ",0\n").replace(",30\n", ",0\n")
    with pytest.raises(PlannerError, match=r"'capacity' add up to 0.*Fill the column"):
        compiled('balance = [{measure = "value", target = "capacity"}]', reps=reps)


def test_budgets() -> None:
    """
    a1, a2 are with r1 and a3 with r2 today.

    40 % of 3 accounts is 1.2 -> 1; half of 600 is 300; travel at most 12.345 -> 1234
    cents; 25 hours. Nobody counts in a budget.
    """
    made = compiled(
        'budgets = [{of = "moved_accounts", share = 0.4}, {of = "moved_value", '
        'share = 0.5}, {of = "travel", amount = 12.345}, {of = "hours", amount = 25}]'
    )
    problem = made.problem
    assert [row.high for row in problem.rows] == [1, 300, 1234, 25]
    assert [row.reps.tolist() for row in problem.rows] == [[0, 1, 2]] * 4
    demand = dict(zip(problem.measures, problem.demand.tolist(), strict=True))
    assert demand["moved_accounts"] == [0, 1, 0, 1, 1, 0]
    assert demand["moved_value"] == [0, 100, 0, 200, 300, 0]
    assert demand["travel"] == [200, 800, 400, 600, 1000, 200]
    assert demand["hours"] == [10] * 6


def test_handover_by_hand() -> None:
    """
    Moving costs 2 + value x (0.1 + 0.2 x min(tenure, 4) / 4) + pipeline x 0.5.

    a1: 2 + 100 x (0.1 + 0.2 x 1) + 0 = 32; a2: 2 + 200 x (0.1 + 0.2 x 0.25) + 10 = 42;
    a3: 2 + 300 x 0.1 = 32.
    """
    lines = UNSKILLED.splitlines()
    more = ("tenure_years,pipeline", "9,0", "1,20", "0,0")
    accounts = "\n".join(f"{a},{b}" for a, b in zip(lines, more, strict=True)) + "\n"
    made = compiled(
        "handover = {fixed = 2, value_share = 0.1, tenure_share = 0.2, "
        "tenure_full_years = 4, pipeline_share = 0.5}",
        accounts=accounts,
    )
    at = made.problem.terms.index("handover")
    assert made.problem.cost[at].tolist() == [0, 3200, 0, 4200, 3200, 0]


def test_together_merges_units() -> None:
    """a2 and a3 become one unit named after the first; costs and hours add up."""
    made = compiled(
        'together = [{column = "site"}]\nlimits = [{measure = "hours", high = 20}]'
    )
    assert made.problem.unit_ids == ("a1", "a2")
    assert made.unit_of.tolist() == [0, 1, 1]
    assert made.problem.cost.tolist() == [[200, 800, 1400, 800]]
    assert made.problem.demand.tolist() == [[10, 10, 20, 20]]


def test_together_joins_over_two_columns() -> None:
    """a1-a2 by rival and a2-a3 by site make one unit of three."""
    made = compiled('together = [{column = "site"}, {column = "rival"}]')
    assert made.problem.unit_ids == ("a1",)
    assert made.problem.cost.tolist() == [[1600, 1600]]


def test_together_with_a_price_is_a_split() -> None:
    """Reps without a team are each their own label."""
    reps = REPS.replace("south", "") + "r3,Cy,north,,,5\n"
    made = compiled(
        'together = [{column = "site", price = 7.5, label = "team"}]', reps=reps
    )
    (split,) = made.problem.splits
    assert (split.term, split.price) == ("together[0]", 750)
    assert split.units.tolist() == [1, 2]
    north, alone, also_north = split.label_of_rep.tolist()
    assert north == also_north != alone


def test_apart_sets_hold_units() -> None:
    """a1 and a2 are rivals; with a2 in the unit of a3, units 0 and 1 are."""
    made = compiled('apart = [{column = "rival"}]\ntogether = [{column = "site"}]')
    assert [units.tolist() for units in made.problem.apart] == [[0, 1]]


def test_units_larger_than_every_cap_are_named() -> None:
    """a3 is worth 300; "size" is told from "rules" in the diagnosis."""
    made = compiled('limits = [{measure = "value", high = 250}]')
    assert made.impossible == {"a3": "size"}
