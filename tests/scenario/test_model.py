"""What a scenario may say, which defaults it relies on, and that it survives a file."""

from __future__ import annotations

import math
import tomllib

import pytest

from planner.errors import ScenarioError
from planner.scenario import Scenario, parse_scenario

TABLES = 'accounts = {file = "a.csv"}\nreps = {file = "r.csv"}\n'
MINIMAL = {"accounts": {"file": "a.csv"}, "reps": {"file": "r.csv"}}

WRONG = [
    ("[travel]\nspeeds = []", r"travel\.speeds: .*at least 1"),
    ("[travel]\nspeeds = [[30, 40], [20, 50]]", r"travel\.speeds: bands must rise"),
    ("[travel]\nspeeds = [[30, 40], [30, 50]]", r"travel\.speeds: bands must rise"),
    ("[travel]\nspeeds = [[30, 0]]", r"travel\.speeds: .*speeds above 0"),
    ("[travel]\nspeeds = [[nan, 40]]", r"travel\.speeds: bands must rise"),
    ("[travel]\nspeeds = [[30, 40], [nan, 50]]", r"travel\.speeds: bands must rise"),
    ("[travel]\nvisits_per_trip = 0", r"visits_per_trip = 0: .*equal to 1"),
    ("[travel]\nmax_km = 0", r"travel\.max_km = 0: .*greater than 0"),
    ("[travel]\ncircuity_by = {CN = 0.9}", r"circuity_by\.CN = 0\.9: .*equal to 1"),
    ('[travel]\nmissing_pairs = "x"', r"'x': .*'estimate' or 'forbid'"),
    (
        '[measures.w]\nof = "value"\ntravel = true',
        r"measures\.w: travel = true is only for of = 'hours'",
    ),
    (
        '[measures.w]\nof = "hours"\nfactor_by_grade = {A = -1}',
        r"measures\.w\.factor_by_grade\.A = -1: .*equal to 0",
    ),
    ('[measures.travel]\nof = "value"', r"'travel' has the name of a term; rename it"),
    ('[[limits]]\nmeasure = "hours"', r"limits\[0\]: needs low, high, or both"),
    (
        '[[limits]]\nmeasure = "ours"\nhigh = 1',
        r"no measure 'ours'; there are: accounts, hours, value$",
    ),
    ('[[balance]]\nmeasure = "sales"', r"no measure 'sales'; there are: accounts"),
    ('[[balance]]\nmeasure = "value"\nprice = 0', r"balance\[0\]\.price = 0: .*than 0"),
    ('[[balance]]\nmeasure = "value"\nper = "all"', r"per = 'all': .*'rep' or 'team'"),
    ('[[pins]]\nreps = ["r"]', r"pins\[0\]: needs either accounts or where"),
    (
        '[[pins]]\naccounts = ["a"]\nreps = ["r"]\nteams = ["t"]',
        r"pins\[0\]: needs either reps or teams",
    ),
    ('[[forbid]]\naccounts = ["a"]', r"forbid\[0\]: needs either reps or teams"),
    (
        '[[together]]\ncolumn = "c"\nlabel = "team"',
        r"together\[0\]: label = 'team' needs a price; or pin the accounts",
    ),
    (
        '[[together]]\ncolumn = "account_id"',
        r"together\[0\]\.column = 'account_id': each account has an id of its own",
    ),
    (
        '[measures.w]\nof = "hours_per_visit"',
        r"measures\.w\.of = 'hours_per_visit': is used up in 'hours' and not kept",
    ),
    (
        '[[together]]\ncolumn = "hours_per_visit"',
        r"together\[0\]\.column = .*: is used up in 'hours' and not kept; name ano",
    ),
    ('[[apart]]\ncolumn = "account_id"', r"apart\[0\]\.column .* name a shared column"),
    ('[[budgets]]\nof = "travel"', r"budgets\[0\]: needs either share or amount"),
    (
        '[[budgets]]\nof = "travel"\nshare = 0.2',
        r"share is only for moved_accounts and moved_value",
    ),
    ('[[budgets]]\nof = "moved_value"\nshare = 1.5', r"share = 1\.5: .*equal to 1"),
    (
        '[[budgets]]\nof = "moved_valu"\namount = 1',
        r"no budget of 'moved_valu'; there are: accounts, fit, handover",
    ),
    ("[leave_out]\nby_priority = {high = -5}", r"by_priority\.high = -5: .*equal to 0"),
    ("fit = {A = {junior = -3}}", r"fit\.A\.junior = -3: .*equal to 0"),
    (
        '[[pins]]\nreps = ["r"]\nwhere = [{column = "c"}]',
        r"where\[0\]: needs one of: in, not_in, at_least, at_most",
    ),
    ('[solve]\nmethod = "magic"', r"'magic': .*'search', 'exact', 'cp-sat' or 'highs'"),
    ("[solve]\nseed = 2147483648", r"seed = 2147483648: .*equal to 2147483647"),
    ("[solve]\niterations = 0", r"iterations = 0: .*equal to 1"),
]


@pytest.mark.parametrize(("rules", "message"), WRONG)
def test_wrong_rule_is_named(rules: str, message: str) -> None:
    """Each validator says the key and what it wants."""
    with pytest.raises(ScenarioError, match=message):
        parse_scenario(TABLES + rules)


FIELDS = [
    ("{}", "needs exactly one of: column, constant, lookup"),
    ('{column = "a", constant = 1}', "needs exactly one of: column, constant, lookup"),
    ('{lookup = "a"}', "lookup and table belong together"),
    ('{column = "a", table = {A = 1}}', "lookup and table belong together"),
    (
        '{column = "a", fill = {with = "constant"}}',
        "with = 'constant' needs a value, 'median' takes none",
    ),
    (
        '{column = "a", fill = {with = "median", value = 1}}',
        "with = 'constant' needs a value, 'median' takes none",
    ),
    ('{column = "a", fill = {with = "mean"}}', "'mean': .*'constant' or 'median'"),
]


@pytest.mark.parametrize(("source", "message"), FIELDS)
def test_wrong_field_source_is_named(source: str, message: str) -> None:
    """A field has one source, and a fill that can be carried out."""
    text = f'[accounts]\nfile = "a"\nfields = {{visits = {source}}}\n[reps]\nfile = "r"'
    with pytest.raises(ScenarioError, match=rf"accounts\.fields\.visits.*{message}"):
        parse_scenario(text)


def test_plain_string_is_a_column() -> None:
    """The common case is short."""
    text = '[accounts]\nfile = "a"\nfields = {value = "Umsatz"}\n[reps]\nfile = "r"'
    assert parse_scenario(text).accounts.fields["value"].column == "Umsatz"


def test_defaults_used_names_what_matters_and_nothing_else() -> None:
    """Parts that were not asked for have no defaults that count; given ones do."""
    text = TABLES + '[[balance]]\nmeasure = "value"\nprice = 2\n[travel]\ncircuity = 1'
    defaults = parse_scenario(text).defaults_used()
    assert defaults["travel.cost_per_km"] == 0.35
    assert defaults["balance[0].tolerance"] == 0.1
    assert defaults["balance[0].hard"] is False
    assert defaults["currency"] == "USD"
    assert {"travel.circuity", "balance[0].price"}.isdisjoint(defaults)
    assert not any(key.startswith(("leave_out", "map", "limits")) for key in defaults)
    assert not any(key.startswith(("accounts", "reps")) for key in defaults)


def test_all_given_means_no_default() -> None:
    """A default that was written down is a choice."""
    given = parse_scenario(TABLES + "[solve]\ntime_limit = 60").defaults_used()
    assert "solve.time_limit" not in given
    assert given["solve.seed"] == 1


def test_file_is_kept_word_for_word() -> None:
    """Comments of the user are part of the plan folder."""
    text = TABLES + "# why: the works council\n[travel]\ncircuity = 1.10\n"
    assert parse_scenario(text).to_toml() == text


def test_scenario_from_values_survives_a_file() -> None:
    """Written from its values, infinities, aliases and all, it reads back the same."""
    values = MINIMAL | {
        "travel": {"speeds": [[30, 40], [math.inf, 70]]},
        "pins": [
            {"where": [{"column": "a", "in": ["x", 1, True]}], "teams": ["Nord"]},
        ],
        "fit": {"A": {"junior": "never", "": 4.5}},
        "leave_out": {},
        "regions": {"file": "x", "fields": {"name": {"column": "n", "fill": None}}},
    }
    scenario = Scenario.model_validate(values)
    text = scenario.to_toml()
    assert "inf" in text
    assert tomllib.loads(text)["pins"][0]["where"] == [
        {"column": "a", "in": ["x", 1, True]}
    ]
    again = parse_scenario(text)
    assert again.model_dump() == scenario.model_dump()
    assert again.leave_out is not None
    assert again.defaults_used() == scenario.defaults_used()


def test_other_settings_are_written_and_the_rest_stays() -> None:
    """The copy in the plan folder shows the limits that were used."""
    text = '# mine\nname = "x"\n' + TABLES + "[solve]\nseed = 7\ntime_limit = 5\n"
    scenario = parse_scenario(text)
    changed = scenario.with_solve(time_limit=9, seed=None)
    assert scenario.to_toml() == text
    assert scenario.solve.time_limit == 5
    again = parse_scenario(changed.to_toml())
    assert (again.solve.time_limit, again.solve.seed, again.name) == (9, 7, "x")
    assert changed.base == scenario.base
    assert scenario.with_solve(time_limit=None) is scenario


def test_defaults_stay_defaults_after_other_settings() -> None:
    """Setting a time limit must not turn the seed's default into a choice."""
    changed = parse_scenario(TABLES).with_solve(time_limit=9)
    assert changed.defaults_used()["solve.seed"] == 1
    assert "solve.time_limit" not in changed.defaults_used()
    again = parse_scenario(changed.to_toml())
    assert again.defaults_used() == changed.defaults_used()


def test_measures_used_are_declared_or_referred_to() -> None:
    """Terms and moves are no measures."""
    text = (
        TABLES
        + '[measures.work]\nof = "hours"\n[[limits]]\nmeasure = "accounts"\nhigh = 1\n'
        '[[budgets]]\nof = "travel"\namount = 1\n[[budgets]]\nof = "hours"\namount = 1'
    )
    scenario = parse_scenario(text)
    assert scenario.measures_used() == ["accounts", "hours", "work"]
    assert scenario.measure("value").of == "value"
    assert scenario.measure("work").of == "hours"


def test_values_are_frozen() -> None:
    """A scenario that changes after the solve would belie the certificate."""
    scenario = parse_scenario(TABLES)
    with pytest.raises(ValueError, match="frozen"):
        scenario.name = "other"
