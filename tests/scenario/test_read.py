"""A scenario file that is wrong must say where, what, and what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from planner.errors import PlannerError, ScenarioError
from planner.scenario import parse_scenario, read_scenario, with_solve

TABLES = 'accounts = {file = "a.csv"}\nreps = {file = "r.csv"}\n'


def fault(text: str) -> str:
    """Return the message for a faulty scenario."""
    with pytest.raises(ScenarioError, match=r"^plan\.toml: ") as caught:
        parse_scenario(text, "plan.toml")
    return str(caught.value)


TYPOS = [
    ("balanse = []", "balanse", "balance"),
    ("[travel]\ncircuty = 1.2", "travel.circuty", "circuity"),
    ('[regions]\nfile = "x"\nshet = "y"', "regions.shet", "sheet"),
    ('[measures.work]\nof = "hours"\ntravl = true', "measures.work.travl", "travel"),
    ('[[limits]]\nmeasure = "hours"\nhih = 3', "limits[0].hih", "high"),
    ('[[pins]]\nacounts = ["x"]\nreps = ["r"]', "pins[0].acounts", "accounts"),
    (
        '[[pins]]\nreps = ["r"]\nwhere = [{column = "x", inn = ["y"]}]',
        "pins[0].where[0].inn",
        "in",
    ),
    (
        '[protect]\nwhere = [[{column = "x", at_lest = 1}]]',
        "protect.where[0][0].at_lest",
        "at_least",
    ),
    (
        '[regions]\nfile = "x"\n[regions.fields]\nname = {colum = "n"}',
        "regions.fields.name.colum",
        "column",
    ),
    (
        '[regions]\nfile = "x"\n'
        '[regions.fields]\nname = {column = "n", fill = {wth = "median"}}',
        "regions.fields.name.fill.wth",
        "with",
    ),
    ('[leave_out]\nwhere = [{colum = "x", in = ["y"]}]', "where[0].colum", "column"),
    ('[solve]\nmetod = "exact"', "solve.metod", "method"),
    ('[baselines]\nrule = "x.csv"', "baselines.rule", "rules"),
    ('[map]\ntitel = "x"', "map.titel", "title"),
]


@pytest.mark.parametrize(("rules", "key", "near"), TYPOS)
def test_typo_names_key_and_nearest(rules: str, key: str, near: str) -> None:
    """A mistyped key would otherwise be a rule that silently does not hold."""
    message = fault(TABLES + rules)
    assert f"{key}'; did you mean '{near}'?" in message


def test_unknown_key_without_a_near_one_lists_all() -> None:
    """Where nothing is near, the reader needs the choice."""
    message = fault(TABLES + "[travel]\nzzz = 1")
    assert "unknown key 'travel.zzz'; known keys: circuity, circuity_by" in message


def test_all_faults_are_named_at_once() -> None:
    """Nobody wants to learn of five faults in five runs."""
    message = fault(
        TABLES
        + '[solve]\nseed = -1\ngap = "x"\n[travel]\ncircuity = 0.5\nfoo = 1\n[[pins]]'
    )
    lines = message.splitlines()
    assert len(lines) == 5
    assert all(line.startswith("plan.toml: ") for line in lines)
    for part in (
        "solve.seed = -1: Input should be greater than or equal to 0",
        "solve.gap = 'x': Input should be a valid number",
        "travel.circuity = 0.5: Input should be greater than or equal to 1",
        "unknown key 'travel.foo'",
        "pins[0]: needs either accounts or where",
    ):
        assert part in message


def test_required_tables_are_asked_for() -> None:
    """An empty file tells what a scenario must have."""
    assert fault("").splitlines() == [
        "plan.toml: key 'accounts' is required",
        "plan.toml: key 'reps' is required",
    ]


def test_value_that_fits_no_branch_is_one_fault() -> None:
    """'number or never' is one mistake of the reader, so one line."""
    message = fault(TABLES + 'fit = {A = {junior = "nevr"}}')
    assert len(message.splitlines()) == 1
    assert message.startswith("plan.toml: fit.A.junior = 'nevr': ")
    assert "valid number" in message
    assert "; or: Input should be 'never'" in message


def test_same_fault_in_two_places_is_two_lines() -> None:
    """Merging lines of one value must not swallow another value."""
    message = fault(TABLES + 'fit = {A = {x = "nevr", y = "nevr"}}')
    assert [line.partition(" = ")[0] for line in message.splitlines()] == [
        "plan.toml: fit.A.x",
        "plan.toml: fit.A.y",
    ]


@pytest.mark.parametrize(
    "rules",
    [
        '[[limits]]\nmeasure = "hours"\nhigh = {x}',
        '[[budgets]]\nof = "hours"\namount = {x}',
        "[travel]\ncost_per_km = {x}",
        "[travel]\ncircuity_by = {{CN = {x}}}",
        "[travel]\nspeeds = [[30, {x}]]",
        "[solve]\ntime_limit = {x}",
        "[leave_out]\nby_priority = {{high = {x}}}",
        "fit = {{A = {{junior = {x}}}}}",
        '[measures.w]\nof = "hours"\nfactor_by_grade = {{A = {x}}}',
        '[[balance]]\nmeasure = "value"\nprice = {x}',
    ],
)
@pytest.mark.parametrize("number", ["nan", "inf"])
def test_numbers_must_be_finite(rules: str, number: str) -> None:
    """TOML knows nan and inf; no integer of a plan can stand for them."""
    message = fault(TABLES + rules.format(x=number))
    assert f"= {number}: Input should be a finite number" in message


def test_not_toml_names_the_line() -> None:
    """The parser's place is handed on."""
    message = fault('name = "x\n')
    assert "is not valid TOML" in message
    assert "line 1" in message


def test_missing_file_names_the_next_step(tmp_path: Path) -> None:
    """Whoever has no scenario yet is told how to get one."""
    with pytest.raises(ScenarioError, match=r"cannot be read \(No such.*planner init"):
        read_scenario(tmp_path / "no.toml")


def test_folder_is_not_a_scenario(tmp_path: Path) -> None:
    """A folder instead of a file is a fault like any other."""
    with pytest.raises(ScenarioError, match=r"cannot be read \(Is a directory\)"):
        read_scenario(tmp_path)


def test_other_encoding_is_named_with_its_place(tmp_path: Path) -> None:
    """A scenario saved as GB18030 must not become mojibake."""
    path = tmp_path / "plan.toml"
    path.write_bytes('name = "华东"\n'.encode("gb18030"))
    with pytest.raises(
        ScenarioError, match=r"is not UTF-8 text \(byte 8\)\. Save .* as UTF-8"
    ):
        read_scenario(path)


def test_byte_order_mark_and_chinese_are_read(tmp_path: Path) -> None:
    """Editors on Windows write a byte order mark."""
    path = tmp_path / "plan.toml"
    path.write_bytes(b"\xef\xbb\xbf" + f'name = "华东区"\n{TABLES}'.encode())
    scenario = read_scenario(path)
    assert scenario.name == "华东区"
    assert scenario.base == tmp_path


def test_settings_of_a_call_are_checked_like_those_of_a_file() -> None:
    """A wrong time limit from outside is an error of the user, not a crash."""
    scenario = parse_scenario(TABLES)
    assert with_solve(scenario, time_limit=None, seed=None) is scenario
    assert with_solve(scenario, time_limit=3, seed=None).solve.time_limit == 3
    with pytest.raises(PlannerError, match=r"time_limit = nan: .* finite number"):
        with_solve(scenario, time_limit=float("nan"), seed=None)
    with pytest.raises(PlannerError, match=r"seed = -1: .* greater than or equal"):
        with_solve(scenario, time_limit=None, seed=-1)
