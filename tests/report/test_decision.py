"""The first paragraph claims what was proved, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from report_case import report_data

from planner.report import Numbers, ReportData, decision, headline
from planner.report.binding import binding_rows, binding_words
from planner.report.kpis import kpis, tiles


@pytest.fixture
def data() -> ReportData:
    """Cost 1,000, bound 995.91; today 1,250 and three rules broken; nearest 1,100."""
    return report_data()


def test_the_paragraph_answers_the_four_questions(data: ReportData) -> None:
    """What changes; what it saves against today, and simple ways; how sure."""
    assert decision(data) == (
        "2 of 7 accounts change hands (12.5% of the value). "
        "One account that nobody serves today gets a rep. "
        "The plan costs €250 (20.0%) less a year than today's owners left as they are, "
        "who break 3 rules. "
        "It costs €100 (9.1%) less a year than the best simple way that keeps every "
        "rule (“Nearest rep, keeping the rules”). "
        "No plan within the rules can cost less than €996: at most €4 a year (0.41%) "
        "could still be saved, and that is proven."
    )


def test_gap_is_rounded_up_everywhere(data: ReportData) -> None:
    """0.4001 % is not "within 0.40 %"."""
    close = replace(data, bound=1000 - 4.001)
    assert headline(close).endswith("proven within 0.41% of the best possible")
    assert "(0.41%)" in decision(close)
    assert {tile.figure for tile in tiles(close)} >= {"0.41%"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bound": 1000.0}, "proven best"),
        ({"bound": None}, "no bound proven"),
        ({"breaches": ["x", "y"]}, "breaks 2 rules"),
        ({"breaches": ["x"]}, "breaks one rule"),
    ],
)
def test_headline_claims_only_what_holds(
    data: ReportData, change: dict, words: str
) -> None:
    """Each status has its own sentence."""
    assert words in headline(replace(data, **change))


def test_cheaper_today_is_said_and_so_are_its_breaches(data: ReportData) -> None:
    """A saving that is none is not claimed."""
    cheaper = data.baselines.assign(cost=[1100.0, 800.0])
    said = replace(data, baselines=cheaper)
    assert headline(said).startswith("Keeps every rule, where today breaks 3 rules")
    assert (
        "Today's owners left as they are would cost €200 (20.0%) less a year, but "
        "break 3 rules."
    ) in decision(said)


def test_without_today_the_best_simple_way_counts(data: ReportData) -> None:
    """A team that starts has no owners."""
    said = replace(data, baselines=data.baselines.iloc[:1])
    assert headline(said).startswith("Saves €100 a year against the best simple way")
    assert "today's owners" not in decision(said)


def test_what_the_bound_does_not_see_is_said(data: ReportData) -> None:
    """Nobody should take the gap for more than it is."""
    said = decision(replace(data, unseen=["contiguity"]))
    assert said.endswith("The proof does not see: contiguity; so less may be left.")


def test_regions_are_called_regions(data: ReportData) -> None:
    """By regions the accounts are not what changes hands."""
    loads = data.loads.drop(columns="accounts").assign(regions=[4, 5])
    figures = {"regions": 9.0, "regions_moved": 3.0, "value_moved_share": None}
    said = decision(replace(data, loads=loads, figures=figures))
    assert said.startswith("3 of 9 regions change hands.")


def test_numbers_follow_language_and_currency() -> None:
    """German readers take 1.234 for a thousand."""
    assert Numbers("de", "EUR").count(1234567) == "1.234.567"
    assert Numbers("en", "CNY").money(1234.5) in {"CN¥1,234", "CN¥1,235"}
    assert Numbers("zh", "CNY").money(1234.4) == "¥1,234"
    assert Numbers("en", "EUR").money(np.nan) == ""
    assert Numbers("en", "USD").short(3_813_810) == "3.81M"
    assert Numbers("zh", "USD").short(3_813_810) == "381.38万"


def test_ticks_say_exactly_where_they_stand() -> None:
    """4.75 must not be called 4.8."""
    assert Numbers("en", "EUR").axis([4.5e6, 4.75e6, 5e6]) == ["4.5M", "4.75M", "5M"]
    assert Numbers("en", "EUR").axis([0, 0.5, 1]) == ["0", "0.5", "1"]


def test_what_binds_is_said_for_enough_units_to_matter(data: ReportData) -> None:
    """A price of 0.0032 for one unit of value says nothing to anyone."""
    binding = pd.DataFrame(
        {
            "rule": ["Limit: hours", "Limit: hours", "Budget of value", "Band: value"],
            "who": ["R1", "R2", "all", "R1"],
            "load": [100.0, 100.0, 5000.0, 90.0],
            "limit": [100.0, 100.0, 5000.0, 90.0],
            "price": [12.4, 0.0, 0.0032, 0.5],
            "kind": ["cap", "cap", "budget", "floor"],
        }
    )
    said = replace(data, binding=binding)
    assert binding_words(said) == [
        "“Limit: hours” holds back R1 Ann: 1 more would save €12.40 a year.",
        "“Band: value” holds back R1 Ann: a floor lower by 1,000 would save €500.00 a "
        "year.",
        "“Budget of value” is used up: 1,000 more would save €3.20 a year.",
    ]
    rows = binding_rows(said)
    assert [row.worth for row in rows][-1] == "costs nothing"
    assert rows[0].who == "R1 Ann"


def test_spread_counts_who_lies_outside_the_band(data: ReportData) -> None:
    """R2 has 110 of 100 hours."""
    (kpi,) = kpis(data)
    assert (kpi.within, kpi.reps, kpi.against) == (1, 2, "capacity")
    assert kpi.highest == ("R2", 1.1)
