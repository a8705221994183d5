"""
The judge, on a plan of 3 accounts and 2 reps that can be checked with a pencil.

One-way km x 2 x 1.00 a km gives the travel in cents; a2 leaves r1 for 1.00; values
100/500 miss the band 270..330 by 170 on both sides, at 1 cent each:

    travel  a1-r1 200  a1-r2 800   a2-r1 400  a2-r2 600   a3-r1 1000  a3-r2 200
    plan    a1-r1 200, a2-r2 600 + 100 for moving, a3-r2 200, balance 340 = 1440

The bound needs prices: 70 for an hour of r1, -1 for value of r1, 1 for value of r2.
a1: 200 + 700 - 100 = 800 (r2 lacks the skill). a2 with a3, one group: only r2 has the
hours; 700 + 200, 330 for value up to the band's end and 170 that is outside anyhow =
1400. Together 2200, less 70 x 10 + 1 x 330 - 1 x 270 = 760, is 1440.
"""

from __future__ import annotations

import csv
import hashlib
import itertools
import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from planner.evaluate import recount as recount_module
from planner.evaluate.verify import Verdict, verify
from planner.tables import Tables, write_clean

SCENARIO = """\
accounts = {file = "accounts.csv"}
reps = {file = "reps.csv"}
travel = {cost_per_km = 1, cost_per_hour = 0}
limits = [{measure = "hours", high = "capacity"}]
balance = [{measure = "value", price = 0.01, tolerance = 0.1}]
handover = {fixed = 1}
budgets = [{of = "moved_accounts", amount = 1}]
together = [{column = "site"}]
apart = [{column = "rival"}]
distances = {file = "distances.csv"}
"""
PLAN = """\
account_id,rep_id,previous_rep_id,name,moved,distance_km,cost_total,cost_travel,cost_handover
a1,r1,r1,Alpha,no,1.000,2.00,2.00,0.00
a2,r2,r1,Beta,yes,3.000,7.00,6.00,1.00
a3,r2,r2,Gamma,no,1.000,2.00,2.00,0.00
"""
REPS = """\
rep_id,name,team,accounts,hours,value
r1,Ann,north,1,10,100
r2,Bob,south,2,20,500
"""


def tables() -> Tables:
    """Return the clean tables of the example."""
    accounts = pd.DataFrame(
        {
            "name": ["Alpha", "Beta", "Gamma"],
            "latitude": np.nan,
            "longitude": np.nan,
            "region_id": "",
            "country": "",
            "owner": ["r1", "r1", "r2"],
            "grade": ["A", "B", "B"],
            "skills": ["imaging:2", "", ""],
            "prefers": ["", "robotics:1", ""],
            "priority": ["high", "", ""],
            "visits": 1.0,
            "hours": 10.0,
            "value": [100.0, 200.0, 300.0],
            "tenure_years": [5.0, 1.0, 0.0],
            "pipeline": 0.0,
            "protected": False,
            "site": ["", "g", "g"],
            "rival": ["x", "x", ""],
        },
        index=pd.Index(["a1", "a2", "a3"], name="account_id"),
    )
    reps = pd.DataFrame(
        {
            "name": ["Ann", "Bob"],
            "latitude": np.nan,
            "longitude": np.nan,
            "region_id": "",
            "skills": ["imaging:2", "imaging:1"],
            "grade": ["senior", "novice"],
            "team": ["north", "south"],
            "capacity": [10.0, 30.0],
            "quota": np.nan,
            "ramp": np.nan,
        },
        index=pd.Index(["r1", "r2"], name="rep_id"),
    )
    distances = pd.DataFrame(
        {
            "account_id": ["a1", "a1", "a2", "a2", "a3", "a3"],
            "rep_id": ["r1", "r2"] * 3,
            "km": [1.0, 4.0, 2.0, 3.0, 5.0, 1.0],
            "hours": np.nan,
        }
    )
    return Tables(accounts, reps, None, distances)


def certificate() -> dict[str, Any]:
    """Return the certificate of the example, computed by hand."""
    rows = [
        ("limits[0]/r1", 10, 0, 10, None),
        ("limits[0]/r2", 20, 0, 30, None),
        ("balance[0]/r1", 100, 270, 330, 1),
        ("balance[0]/r2", 500, 270, 330, 1),
        ("budgets[0]", 1, None, 1, None),
    ]
    keys = ("row", "load", "low", "high", "price")
    prices = {"limits[0]/r1": 70, "balance[0]/r1": -1, "balance[0]/r2": 1}
    return {
        "format": "planner-certificate/1",
        "status": "optimal",
        "cost": 1440,
        "bound": 1440,
        "gap": 0.0,
        "cost_scale": 100,
        "currency": "USD",
        "bound_by": "dual",
        "terms": {"travel": 1000, "handover": 100, "balance[0]": 340},
        "dual": {"bound": 1440, "price_scale": 1, "prices": prices, "dropped": []},
        "measures": {"hours": 1, "value": 1},
        "limits": [{**dict(zip(keys, row, strict=True)), "label": ""} for row in rows],
        "moved": {"accounts": 1, "value": 200.0},
        "seed": 1,
    }


def seal(folder: Path, told: dict[str, Any]) -> None:
    """Write the certificate over the folder as it is, seal and all."""
    files = [p for p in folder.rglob("*") if p.is_file() and p.suffix != ".json"]
    files += [p for p in (folder / "inputs").glob("*.json")]
    told["files"] = {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in files
    }
    told.pop("seal", None)
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    told["seal"] = hashlib.sha256(text.encode()).hexdigest()
    (folder / "certificate.json").write_text(json.dumps(told), encoding="utf-8")


Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write the example, with changes, and seal it: the seal is not what tells."""

    def build(
        *,
        told: dict[str, Any] | None = None,
        scenario: str = SCENARIO,
        edits: dict[str, tuple[str, str]] | None = None,
        clean: Tables | None = None,
    ) -> Path:
        (tmp_path / "inputs").mkdir()
        write_clean(clean or tables(), tmp_path / "inputs")
        texts = {"plan.csv": PLAN, "reps.csv": REPS, "inputs/scenario.toml": scenario}
        for name, text in texts.items():
            old, new = (edits or {}).get(name, ("", ""))
            assert old in text
            (tmp_path / name).write_bytes(text.replace(old, new).encode())
        seal(tmp_path, certificate() | (told or {}))
        return tmp_path

    return build


def failed(verdict: Verdict) -> dict[str, str]:
    """Return name -> sentence of the checks that failed."""
    assert verdict.ok == all(check.ok for check in verdict.checks)
    return {check.name: check.detail for check in verdict.checks if not check.ok}


def dual(**changes: Any) -> dict[str, Any]:
    """Return the dual part of the certificate with changes."""
    return {"dual": certificate()["dual"] | changes}


def test_sound_folder_passes_every_check(make: Make) -> None:
    """The pencil and the judge agree on every number."""
    verdict = verify(make())
    assert failed(verdict) == {}
    assert len(verdict.checks) == 21
    assert "is what its certificate says" in str(verdict)
    assert json.loads(json.dumps(verdict.to_dict()))["ok"] is True


@pytest.mark.parametrize("pairs", [1, 3])
def test_blocks_do_not_change_the_verdict(
    make: Make, monkeypatch: pytest.MonkeyPatch, pairs: int
) -> None:
    """One account a block, so that the group of two comes in parts."""
    monkeypatch.setattr(recount_module, "PAIRS_AT_ONCE", pairs)
    assert failed(verify(make())) == {}


def test_moved_account_breaks_everything_it_touches(make: Make) -> None:
    """One edited cell: cap, group, rivals, cost, loads all speak up, not just one."""
    faults = failed(verify(make(edits={"plan.csv": ("a2,r2", "a2,r1")})))
    assert "a2: moved is 'yes', it should be 'no'" in faults["plan"]
    assert "limits[0]/r1: hours 20 is above high 10" in faults["limits"]
    assert "the group of a2, a3 has more than one rep" in faults["together"]
    assert "apart[0]: a1 and a2 both go to r1" in faults["apart"]
    assert "a2: cost_travel is 6.00, counted 4.00" in faults["cost per account"]
    assert "travel is claimed as 1000, counted 800" in faults["terms"]
    assert "limits[0]/r1: load, low, high, price are stated" in faults["loads"]
    assert "r1: accounts is '1', counted 2" in faults["reps"]
    assert "counted 0" in faults["moved"]
    assert "bound" not in faults


def test_swapped_reps_break_the_skill(make: Make) -> None:
    """Level 1 does not do where level 2 is asked; the sentence names pair and rule."""
    faults = failed(verify(make(edits={"plan.csv": ("a1,r1", "a1,r2")})))
    assert "a1 may not go to r2: lacks a required skill" in faults["eligibility"]
    assert "budgets[0]: moved_accounts 2 is above high 1" in faults["budgets"]


@pytest.mark.parametrize(
    ("old", "new", "check", "sentence"),
    [
        ("2.00,0.00\na2", "2.01,0.00\na2", "cost per account", "2.01, counted 2.00"),
        ("7.00,6.00", "7.0,6.00", "cost per account", "cost_total is 7.0, counted"),
        ("a3,r2", "a3,r9", "plan", "a3 goes to 'r9', who is no rep"),
        ("a3,r2", "a2,r2", "plan", "a2 occurs more than once; a3 is missing"),
        ("a3,r2", "a4,r2", "plan", "a4 is no account; a3 is missing"),
        ("a1,r1", "a1,", "left out", "a1 has no rep: the scenario has no leave_out"),
        ("Gamma", "Gamm", "plan", "a3: name is 'Gamm', it should be 'Gamma'"),
        ("3.000", "3.001", "plan", "a2: distance_km is '3.001'"),
        ("r2,r1,Beta", "r2,r2,Beta", "plan", "previous_rep_id is 'r2'"),
        (
            "cost_handover",
            "cost_x",
            "cost per account",
            "lacks the column cost_handover",
        ),
        ("Gamma,no", "Gamma", "plan", "row 4: 8 cells, the header has 9"),
        ("moved", "name", "plan", "lacks the columns: moved"),
    ],
)
def test_edited_plan_cell_is_named(
    make: Make, old: str, new: str, check: str, sentence: str
) -> None:
    """Each sort of edit in plan.csv fails its own check, in words that name it."""
    assert sentence in failed(verify(make(edits={"plan.csv": (old, new)})))[check]


def test_unsorted_plan_is_told(make: Make) -> None:
    """The order is part of the format, so that plans compare line by line."""
    lines = PLAN.splitlines(keepends=True)
    swap = lines[1] + lines[2], lines[2] + lines[1]
    faults = failed(verify(make(edits={"plan.csv": swap})))
    assert faults == {"plan": "1 wrong: the rows are not sorted by account_id"}


@pytest.mark.parametrize(
    ("told", "check", "sentence"),
    [
        (dual(bound=1441) | {"bound": 1441}, "bound", "the prices prove 1440"),
        (dual(bound=1439) | {"bound": 1439}, "bound", "the prices prove 1440"),
        ({"bound": 1500}, "bound", "the bound 1500 is above the cost 1440"),
        ({"bound": 1400}, "bound", "1400 by dual does not go with 1440"),
        ({"bound": 1439, "bound_by": "solver"}, "bound", "by solver does not go with"),
        ({"bound": 0, "bound_by": "trivial"}, "bound", "by trivial does not go with"),
        (dual(prices={"x": 1}), "bound", "there is no row 'x' to price"),
        (dual(prices={"balance[0]/r1": -2}), "bound", "beyond what leaving its band"),
        (dual(price_scale=0), "bound", "price_scale = 0 is not 1 or more"),
        (dual(prices={"limits[0]/r1": 10**30}), "bound", "too large to be checked"),
        (dual(prices={"limits[0]/r1": 2**60}), "bound", "too large to be checked"),
        ({"gap": 0.01}, "gap", "stated as 0.01, cost and bound give 0.000000000"),
        ({"status": "feasible"}, "status", "cost and bound make it optimal"),
        ({"cost": 1340}, "cost", "claimed as 1340, counted 1440"),
        ({"moved": {"accounts": 0, "value": 0.0}}, "moved", "counted 1 worth 200"),
        ({"measures": {"hours": 10, "value": 1}}, "units", "'hours': 10"),
        ({"cost_scale": 1000}, "units", "are claimed as (1000, 'USD'"),
        ({"limits": []}, "loads", "row limits[0]/r1 is not stated"),
        ({"terms": {"travel": 1440}}, "terms", "handover is claimed as None"),
        ({"cost": True}, "certificate", "cost: Input should be a valid integer"),
        ({"gap": float("nan")}, "certificate", "NaN is no number of JSON"),
        ({"format": "planner-certificate/9"}, "certificate", "planner-certificate/1"),
    ],
)
def test_false_claim_is_named(
    make: Make, told: dict[str, Any], check: str, sentence: str
) -> None:
    """A certificate that says anything untrue fails, though sealed anew."""
    assert sentence in failed(verify(make(told=told)))[check]


def test_solver_bound_is_marked_as_not_rechecked(make: Make) -> None:
    """With no prices 200 + 900 + 170 is proven; the rest was the solver's search."""
    weak = dual(bound=1270, prices={}) | {"bound_by": "solver"}
    verdict = verify(make(told=weak))
    assert failed(verdict) == {}
    bound = next(check for check in verdict.checks if check.name == "bound")
    assert "14.40 by the solver's search, not re-checked; the prices prove 12.70" in (
        bound.detail
    )


def test_fractional_bound_is_rounded_up(make: Make) -> None:
    """Value of r1 at -0.99: a1 801, so 2201 - 700 - 330 + 267.3 = 1438.3."""
    prices = {"limits[0]/r1": 7000, "balance[0]/r1": -99, "balance[0]/r2": 100}
    proven = dual(prices=prices, price_scale=100, bound=1439)
    told = proven | {"bound": 1439, "gap": 1 / 1440, "status": "feasible"}
    assert failed(verify(make(told=told))) == {}


def cheapest_plan() -> float:
    """Try all plans of the example: a1 and the group, each at r1 or r2."""
    best = math.inf
    for one, group in itertools.product((0, 1), repeat=2):
        lacks_skill, hours_of_r1 = one == 1, 10 * (one == 0) + 20 * (group == 0)
        moved = (one == 1) + (group == 1) + (group == 0)
        if lacks_skill or hours_of_r1 > 10 or moved > 1:
            continue
        travel = (200, 800)[one] + (400 + 1000, 600 + 200)[group]
        values = [100 * (one == r) + 500 * (group == r) for r in (0, 1)]
        outside = sum(max(0, v - 330, 270 - v) for v in values)
        best = min(best, travel + 100 * moved + outside)
    return best


@pytest.mark.parametrize("seed", range(10))
def test_no_prices_prove_more_than_the_cheapest_plan(make: Make, seed: int) -> None:
    """A bound above the optimum, for whatever prices, would be a false proof."""
    rng = np.random.default_rng(seed)
    prices = {"limits[0]/r1": int(rng.integers(-900, 900)), "limits[0]/r2": 31 * seed}
    prices |= {f"balance[0]/{r}": int(rng.integers(-10, 11)) for r in ("r1", "r2")}
    prices["budgets[0]"] = int(rng.integers(-500, 500))
    told = dual(prices=prices, price_scale=10, bound=-(10**9))
    detail = failed(verify(make(told=told)))["bound"]
    found = re.search(r"the prices prove (-?[0-9]+),", detail)
    assert found is not None
    assert int(found[1]) <= cheapest_plan() == 1440


def test_swapped_input_table_is_caught_by_hash_and_by_count(make: Make) -> None:
    """A smaller capacity: the cap breaks, and the stated rows are not the table's."""
    clean = tables()
    folder = make()
    write_clean(
        replace(clean, reps=clean.reps.assign(capacity=[10.0, 15.0])), folder / "inputs"
    )
    assert "inputs/reps.csv was changed" in failed(verify(folder))["complete"]
    seal(folder, certificate())
    faults = failed(verify(folder))
    assert "limits[0]/r2: hours 20 is above high 15" in faults["limits"]
    assert (
        "limits[0]/r2: load, low, high, price are stated as (20, 0, 30, None)"
        in (faults["loads"])
    )
    assert "no rep may serve a2: there is no plan" in faults["bound"]


def test_edited_scenario_is_caught_by_count(make: Make) -> None:
    """Cheaper kilometres would make the plan look better than it is."""
    cheap = SCENARIO.replace("cost_per_km = 1", "cost_per_km = 0.5")
    faults = failed(verify(make(scenario=cheap)))
    assert "a1: cost_travel is 2.00, counted 1.00" in faults["cost per account"]
    assert "travel is claimed as 1000, counted 500" in faults["terms"]


def test_scenario_that_names_a_missing_column_is_told(make: Make) -> None:
    """A scenario of another plan does not end in a traceback."""
    other = SCENARIO.replace('"site"', '"region_code"')
    assert (
        "lack the column 'region_code'"
        in failed(verify(make(scenario=other)))["inputs"]
    )


def test_removed_file_and_added_file_are_told(make: Make) -> None:
    """A folder is judged whole: nothing taken out, nothing slipped in."""
    folder = make()
    (folder / "reps.csv").unlink()
    (folder / "map.svg").write_text("<svg/>")
    (folder / "inputs" / "regions.geojson").write_text("{}")
    faults = failed(verify(folder))
    assert "reps.csv is missing or unreadable" in faults["complete"]
    assert "map.svg is not listed" in faults["complete"]
    assert "inputs/regions.geojson is not listed" in faults["complete"]


def test_file_outside_the_folder_is_refused(make: Make) -> None:
    """A certificate must not make the judge read elsewhere."""
    folder = make()
    told = json.loads((folder / "certificate.json").read_text())
    told["files"]["../secret"] = "0" * 64
    (folder / "certificate.json").write_text(json.dumps(told))
    assert "'../secret' lies outside" in failed(verify(folder))["complete"]


def test_edit_without_new_seal_breaks_the_seal(make: Make) -> None:
    """The seal covers what no other check looks at, such as the seed."""
    folder = make()
    path = folder / "certificate.json"
    path.write_text(path.read_text().replace('"seed": 1', '"seed": 2'))
    assert list(failed(verify(folder))) == ["seal"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "holds no certificate.json"),
        ("{", "is not a certificate: Expecting property name"),
        ("[" * 100_000, "is not a certificate"),
        ("[]", "is not a certificate"),
        ('{"cost": 1, "cost": 2}', "a key occurs twice"),
        ("\x00\udcff", "is not a certificate"),
    ],
)
def test_unusable_certificate_is_a_failed_check(
    make: Make, text: str | None, sentence: str
) -> None:
    """Whatever stands in the file, the answer is a sentence, never a traceback."""
    path = make() / "certificate.json"
    path.unlink()
    if text is not None:
        path.write_bytes(text.encode(errors="surrogateescape"))
    assert sentence in failed(verify(path.parent))["certificate"]


def test_missing_folder_is_a_failed_check(tmp_path: Path) -> None:
    """A mistyped path is told like an unfinished plan."""
    assert "holds no certificate" in failed(verify(tmp_path / "x"))["certificate"]


def test_damaged_tables_are_a_failed_check(make: Make) -> None:
    """Binary rubbish in place of a table stops the judge with a sentence."""
    folder = make()
    (folder / "inputs" / "accounts.csv").write_bytes(b"\xff\xfe\x00rubbish")
    assert failed(verify(folder))["inputs"]


RULES = [
    ('forbid = [{accounts = ["a1"], reps = ["r1"]}]', "a forbid entry names the pair"),
    ('pins = [{accounts = ["a1"], teams = ["south"]}]', "does not name the rep"),
    ('fit = {A = {senior = "never"}}', "fit says never for these grades"),
]


@pytest.mark.parametrize(("rule", "sentence"), RULES)
def test_broken_rule_is_named_for_the_pair(
    make: Make, rule: str, sentence: str
) -> None:
    """Each rule of the scenario has its own words."""
    faults = failed(verify(make(scenario=f"{rule}\n{SCENARIO}")))
    assert "a1 may not go to r1" in faults["eligibility"]
    assert sentence in faults["eligibility"]


def test_protected_account_stays_with_its_owner(make: Make) -> None:
    """a2 is moved away from r1 though protected."""
    clean = tables()
    protected = clean.accounts.assign(protected=[False, True, False])
    faults = failed(verify(make(clean=replace(clean, accounts=protected))))
    assert "a2 may not go to r2: the account is protected" in faults["eligibility"]


def test_distance_rules_are_named(make: Make) -> None:
    """a2-r2 is 3 km and not in the table after the cut; a pin sets max_km aside."""
    near = SCENARIO.replace("cost_per_km", "max_km = 2.5, cost_per_km")
    folder = make(scenario=near)
    assert "farther than travel.max_km" in failed(verify(folder))["eligibility"]
    pin = 'pins = [{accounts = ["a2"], reps = ["r2"]}]\n'
    (folder / "inputs" / "scenario.toml").write_text(pin + near)
    assert "eligibility" not in failed(verify(folder))
    (folder / "inputs" / "scenario.toml").write_text(
        SCENARIO.replace("cost_per_km", 'missing_pairs = "forbid", cost_per_km')
    )
    clean = tables()
    assert clean.distances is not None
    write_clean(replace(clean, distances=clean.distances.drop(3)), folder / "inputs")
    assert "the distance table lacks the pair" in failed(verify(folder))["eligibility"]


LEAVE_OUT = (
    SCENARIO.replace("amount = 1", "amount = 2")
    + "leave_out = {price = 1, value_share = 0.02, by_priority = {high = 4}}\n"
)


def leave_a1_out(scenario: str, make: Make) -> Path:
    """a1 without a rep: 4.00 for priority + 2 % of 100, and 1.00 for leaving r1."""
    prices = certificate()["dual"]["prices"] | {"budgets[0]": 5}
    rows = {row["row"]: row for row in certificate()["limits"]}
    rows["limits[0]/r1"]["load"] = rows["balance[0]/r1"]["load"] = 0
    rows["budgets[0]"] |= {"load": 2, "high": 2}
    terms = {"travel": 800, "handover": 200, "leave_out": 600, "balance[0]": 440}
    plan = PLAN.replace("handover\n", "handover,cost_leave_out\n")
    plan = plan.replace("0.00\n", "0.00,0.00\n").replace("1.00\n", "1.00,0.00\n")
    line = plan.splitlines()[1]
    plan = plan.replace(line, "a1,,r1,Alpha,yes,,7.00,0.00,1.00,6.00")
    told = {
        "cost": 2040,
        "bound": 1340,
        "status": "feasible",
        "gap": 700 / 2040,
        "terms": terms,
        "limits": list(rows.values()),
        "moved": {"accounts": 2, "value": 300.0},
    } | dual(bound=1340, prices=prices)
    reps = REPS.replace("north,1,10,100", "north,0,0,0")
    edits = {"plan.csv": (PLAN, plan), "reps.csv": (REPS, reps)}
    return make(told=told, scenario=scenario, edits=edits)


def test_left_out_account_pays_and_counts_as_moved(make: Make) -> None:
    """
    Nobody is a1's cheapest: 600 + 100 + 5 for the budget = 705, against 800 at r1.

    The group: 605 + 805 without a rep against 905 + 500 = 1405 at r2;
    705 + 1405 - 760 - 2 x 5 = 1340.
    """
    assert failed(verify(leave_a1_out(LEAVE_OUT, make))) == {}


def test_leaving_out_needs_its_condition(make: Make) -> None:
    """Only grade B may be left out, a1 is A."""
    only = 'leave_out = {where = [{column = "grade", in = ["B"]}], '
    scenario = LEAVE_OUT.replace("leave_out = {", only)
    faults = failed(verify(leave_a1_out(scenario, make)))
    assert "a1 has no rep: leave_out.where does not hold" in faults["left out"]


def test_soft_together_and_skill_prices_are_counted(make: Make) -> None:
    """a1 and a2 share the label x at two reps: one beyond the first, 2.50."""
    scenario = SCENARIO.replace(
        "together = [", 'together = [{column = "rival", label = "team", price = 2.5}, '
    )
    scenario += "skills = {missing_preferred = 0.5}\n"
    faults = failed(verify(make(scenario=scenario)))
    assert "together[0] is claimed as None, counted 250" in faults["terms"]
    assert "skill is claimed as None, counted 50" in faults["terms"]
    assert "claimed as 1440, counted 1740" in faults["cost"]


def test_formula_safe_text_is_the_same_text(make: Make) -> None:
    """A name or an owner who left may look like a formula; plan.csv guards it."""
    clean = tables()
    names, owners = ["=Alpha", "Beta", "Gamma"], ["r1", "r1", "-gone"]
    changed = replace(clean, accounts=clean.accounts.assign(name=names, owner=owners))
    plan = PLAN.replace("Alpha", "'=Alpha").replace("r2,r2,Gamma", "r2,'-gone,Gamma")
    assert failed(verify(make(clean=changed, edits={"plan.csv": (PLAN, plan)}))) == {}


def test_hard_balance_and_team_rows_are_held(make: Make) -> None:
    """The band of a team is told in the measure's own unit."""
    hard = (
        'price = 0.01, tolerance = 0.1}, {measure = "value", per = "team", hard = true}'
    )
    faults = failed(
        verify(make(scenario=SCENARIO.replace("price = 0.01, tolerance = 0.1}", hard)))
    )
    assert "balance[1]/team:north: value 100 is below low 270" in faults["balance"]
    assert "balance[1]/team:south: value 500 is above high 330" in faults["balance"]


def test_examples_are_capped_and_counted(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan that is wrong in every row does not drown the reader."""
    monkeypatch.setattr("planner.evaluate.verdict.SHOWN", 2)
    detail = failed(verify(make(edits={"plan.csv": (".00,", ".09,")})))
    assert "; ... and " in detail["cost per account"]
    assert (
        detail["cost per account"].count("a1") + detail["cost per account"].count("a2")
        == 2
    )


def test_rows_of_the_example_are_all_in_the_plan_file() -> None:
    """The example itself: every row has as many cells as the header."""
    rows = list(csv.reader(PLAN.splitlines()))
    assert {len(row) for row in rows} == {9}
